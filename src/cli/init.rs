use std::io;
use std::io::BufRead as _;
use std::io::IsTerminal as _;
use std::path::Path;
use std::path::PathBuf;

use super::arguments::Common;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::scaffold;
use super::scaffold::Answers;

/// `midflow init`: a new folder that passes `check` and `test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// The folder; made if it is not there
    folder: PathBuf,
    /// The organization's name in Arabic, as registered
    #[arg(long, value_name = "TEXT")]
    name_ar: Option<String>,
    /// The organization's name in English, as registered
    #[arg(long, value_name = "TEXT")]
    name_en: Option<String>,
    /// government or private
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The first service, by its name in the API
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
}

impl Init {
    pub(crate) fn run(&self, _: &Common) -> Result<Ending, Failure> {
        if self.folder.join("policies").exists() {
            return Err(
                Failure::new(format!("{} holds policies already", self.folder.display()))
                    .remedy("name a new folder, or add a service with `midflow new service NAME`"),
            );
        }
        let asks = io::stdin().is_terminal() && io::stdout().is_terminal();
        let answers = Answers {
            name_ar: answer(
                self.name_ar.as_deref(),
                asks,
                "The organization's name in Arabic",
                "جهتي الحكومية",
            ),
            name_en: answer(
                self.name_en.as_deref(),
                asks,
                "Its name in English",
                "My Organization",
            ),
            kind: answer(self.kind.as_deref(), asks, "government or private", "government"),
            service: answer(
                self.service.as_deref(),
                asks,
                "The first service, as its name in the API",
                "my-first-service",
            ),
        };
        let files = scaffold::folder(&answers).map_err(Failure::new)?;
        for (path, text) in &files {
            scaffold::write_new(&self.folder.join(path), text)?;
        }
        output::print(&told(&self.folder, &files));
        Ok(Ending::Good)
    }
}

fn told(folder: &Path, files: &[(String, String)]) -> String {
    let shown = files.iter().filter(|(path, _)| !path.contains("/."));
    let list: Vec<String> = shown.map(|(path, _)| format!("  {path}")).collect();
    format!(
        "wrote to {}:\n{}\n\nnext:\n  cd {}\n  midflow check\n  midflow",
        folder.display(),
        list.join("\n"),
        folder.display()
    )
}

/// What an option says, or else the person at the terminal, or else the default.
fn answer(given: Option<&str>, asks: bool, question: &str, default: &str) -> String {
    if let Some(given) = given {
        return given.to_owned();
    }
    if asks {
        output::print(&format!("{question} [{default}]:"));
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).is_ok() && !line.trim().is_empty() {
            return line.trim().to_owned();
        }
    }
    default.to_owned()
}
