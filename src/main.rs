//! The `midflow` command: arguments in, exit code out.

use std::process::ExitCode;

/// A node is many small texts made on one thread and let go on another; the system's allocator takes a fifth of
/// its time for that, this one an eighth.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    midflow::cli::run()
}
