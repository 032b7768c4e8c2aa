use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::arguments::Format;
use super::evidence::write_new;
use super::failure::Failure;
use super::output;
use crate::audit::Act;
use crate::audit::ActNote;
use crate::engine::DualControl;
use crate::engine::TwoPersons;

/// The two persons that something takes.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Two {
    /// Who does it: twice, two different persons; recorded. Where the configuration names administrators, give --act
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present = "act",
        conflicts_with = "act"
    )]
    by: Vec<String>,

    /// The act that two administrators sign. Written if the file is not there yet, and carried out once both have signed
    #[arg(long, value_name = "FILE")]
    act: Option<PathBuf>,
}

impl Two {
    /// The two, as they are given with what they want; the act is empty until it is written.
    pub(super) fn persons(&self) -> Result<TwoPersons, Failure> {
        match &self.act {
            Some(_) if self.unwritten().is_some() => Ok(TwoPersons::Act(String::new())),
            Some(path) => Ok(TwoPersons::Act(read(path)?.to_string())),
            None => <[String; 2]>::try_from(self.by.clone())
                .map(TwoPersons::Names)
                .map_err(|_| Failure::new("this takes two persons").remedy("give `--by NAME` twice")),
        }
    }

    /// Where the act goes that is still to be written.
    pub(super) fn unwritten(&self) -> Option<&Path> {
        self.act.as_deref().filter(|path| !path.exists())
    }
}

/// Writes an act that nobody has signed yet, and says what to do with it.
pub(super) fn write(path: &Path, act: &Act, control: &DualControl, format: Format) -> Result<(), Failure> {
    if !matches!(control, DualControl::Signed(_)) {
        return Err(Failure::new("nobody's signature counts here")
            .remedy("name two people at least under `administrators` of midflow.yaml; `midflow act key NAME` makes their keys"));
    }
    write_new(path, act.text().as_bytes())?;
    output::print(&match format {
        Format::Json => json!({ "act": act.text(), "wrote": path }).to_string(),
        Format::Text => format!(
            "wrote {0}:\n\n{1}\nTwo administrators sign it: midflow act sign {0} --key FILE\nThen run this command again.",
            path.display(),
            act.text()
        ),
    });
    Ok(())
}

/// The act in a file.
pub(super) fn read(path: &Path) -> Result<ActNote, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("can't read {}: {error}", path.display())))?;
    ActNote::read(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
