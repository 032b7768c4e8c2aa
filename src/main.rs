//! The `midflow` command: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    midflow::cli::run()
}
