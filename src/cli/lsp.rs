use std::io;
use std::io::BufReader;
use std::path::Path;

use super::arguments::Common;
use super::check::For;
use super::failure::Ending;
use super::failure::Failure;
use crate::catalog::Setting;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::lsp;
use crate::lsp::Ended;
use crate::lsp::Options;
use crate::words::Day;

/// `midflow lsp`: policies and scripts in an editor.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Lsp {
    /// Check for this environment, as `midflow check` does
    #[arg(long, value_enum, default_value_t = For::Test)]
    environment: For,

    /// Speak over standard input and output; there is no other way, and editors that say so are understood
    #[arg(long, hide = true)]
    stdio: bool,
}

impl Lsp {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let environment = self.environment.into();
        let options = Options {
            dir: (common.dir != Path::new(".")).then(|| common.dir.clone()),
            setting: Box::new(move || Setting {
                environment: Some(environment),
                today: Some(Day::in_kuwait(SystemClock.now())),
            }),
        };
        let ended =
            lsp::serve(options, BufReader::new(io::stdin()), io::stdout().lock()).map_err(|error| {
                Failure::new(format!("the conversation with the editor broke off: {error}"))
                    .remedy("an editor starts this command itself; docs/editors.md says how")
            })?;
        Ok(match ended {
            Ended::Properly => Ending::Good,
            Ended::Abruptly => Ending::Problems,
        })
    }
}

const AFTER_HELP: &str = "\
An editor starts this command and speaks the Language Server Protocol with it over standard input and output. It tells \
every mistake as you type, over files that are not saved yet; completes keys, values and names in YAML and Rhai; explains \
keys, requirements and functions; leads from a service to its script and back; and offers the fixes that `midflow check \
--fix` makes. It writes no file itself.

The folder is the one of --dir, or else the one that the editor has opened. docs/editors.md has the settings for VS Code, \
Neovim and Helix.";
