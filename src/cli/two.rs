use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::arguments::Format;
use super::evidence::write_new;
use super::failure::Failure;
use super::output;
use crate::audit::ActNote;
use crate::engine::DualControl;
use crate::engine::TwoPersons;

/// The two persons that something takes.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true)]
pub(super) struct Two {
    /// The act that two administrators have signed; carries it out
    #[arg(long, value_name = "FILE")]
    act: Option<PathBuf>,

    /// Write the act that two administrators sign, and do nothing else; the file must not be there yet
    #[arg(long, value_name = "FILE", conflicts_with = "act")]
    write_act: Option<PathBuf>,

    /// Where the configuration names no administrators: who does it, twice, two different persons; recorded
    #[arg(long, value_name = "NAME", conflicts_with_all = ["act", "write_act"])]
    by: Vec<String>,
}

impl Two {
    /// The two, as they are given with what they want.
    pub(super) fn persons(&self) -> Result<TwoPersons, Failure> {
        match (&self.act, &self.write_act) {
            (Some(path), _) => Ok(TwoPersons::Act(read(path)?.to_string())),
            // Nobody has signed yet, and nobody is asked whether.
            (None, Some(_)) => Ok(TwoPersons::Act(String::new())),
            (None, None) => <[String; 2]>::try_from(self.by.clone())
                .map(TwoPersons::Names)
                .map_err(|_| Failure::new("this takes two persons").remedy("give `--by NAME` twice")),
        }
    }

    /// Where the act goes, if it is only to be written.
    pub(super) fn unwritten(&self) -> Option<&Path> {
        self.write_act.as_deref()
    }
}

/// Writes an act that nobody has signed yet, and says what to do with it.
pub(super) fn write(
    path: &Path,
    act: &ActNote,
    control: &DualControl,
    format: Format,
) -> Result<(), Failure> {
    if !matches!(control, DualControl::Signed(_)) {
        let remedy = "name two people at least under `administrators` of midflow.yaml; `midflow act key NAME -o FILE` makes \
                      their keys";
        return Err(Failure::new("nobody's signature counts here").remedy(remedy));
    }
    write_new(path, act.to_string().as_bytes())?;
    output::print(&match format {
        Format::Json => json!({ "act": act.text(), "wrote": path }).to_string(),
        Format::Text => format!(
            "{1}\nwrote {0}; two administrators sign it, one after the other: midflow act sign {0} --key FILE\n\
             then this command with --act {0} carries it out",
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
