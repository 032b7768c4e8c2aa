use std::fs;
use std::path::PathBuf;

use super::file;
use crate::cli::arguments::Format;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::sandbox::CassetteTransport;
use crate::sandbox::SandboxOptions;
use crate::sandbox::drift;

/// `midflow cassette drift`: what differs between a recording and the sandbox.
#[derive(Debug, clap::Args)]
pub(super) struct Drift {
    /// A file that `midflow cassette record` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Drift {
    pub(super) fn run(&self, format: Format) -> Result<Ending, Failure> {
        let cassette = file::read(&self.file)?;
        let file = self.file.display();
        if !matches!(cassette.transport, None | Some(CassetteTransport::Bridge)) {
            return Err(Failure::new(format!(
                "{file}: it was recorded over a wrapper, and the sandbox is compared as it speaks over the bridge"
            ))
            .remedy("see what your node makes of it with `midflow cassette replay`"));
        }
        let keys = KeyFolder::make();
        let found = drift(&cassette, SandboxOptions::new(&keys.0)).map_err(Failure::new)?;
        match format {
            Format::Json => output::print(&serde_json::to_string_pretty(&found).unwrap_or_default()),
            Format::Text if found.is_empty() => {
                let count = output::counted(cassette.messages.len(), "message");
                output::print(&format!(
                    "{file}: {count}, as the sandbox would have written them"
                ));
            }
            Format::Text => {
                let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
                output::print(&format!(
                    "{}\n{file}: {}",
                    lines.join("\n"),
                    output::counted(found.len(), "difference")
                ));
            }
        }
        Ok(if found.is_empty() {
            Ending::Good
        } else {
            Ending::Problems
        })
    }
}

/// The keys of a sandbox that lives for one comparison.
struct KeyFolder(PathBuf);

impl KeyFolder {
    fn make() -> Self {
        let name = format!("midflow-drift-{}", uuid::Uuid::new_v4().simple());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for KeyFolder {
    fn drop(&mut self) {
        // What can't be removed are made-up keys that nobody trusts.
        let _ = fs::remove_dir_all(&self.0);
    }
}
