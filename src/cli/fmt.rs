use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::arguments::Common;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use crate::policy::format_yaml;

/// `midflow fmt`: puts policy files into the usual form. Comments, order and meaning stay.
#[derive(Debug, clap::Args)]
pub(crate) struct Fmt {
    /// Files; without any, every YAML file below `policies/`
    files: Vec<PathBuf>,
    /// Change nothing, and end with 1 if a file is not in the usual form
    #[arg(long)]
    check: bool,
}

impl Fmt {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let files = if self.files.is_empty() {
            let mut found = Vec::new();
            collect(&common.dir.join("policies"), 0, &mut found)?;
            found.sort();
            found
        } else {
            self.files.clone()
        };
        let mut changed = Vec::new();
        for file in &files {
            let text = fs::read_to_string(file).map_err(|error| fault(file, "read", &error))?;
            let formatted = format_yaml(&text);
            if formatted == text {
                continue;
            }
            if !self.check {
                write_whole(file, &formatted)?;
            }
            changed.push(file.display().to_string());
        }
        let what = if self.check {
            "not in the usual form"
        } else {
            "changed"
        };
        for file in &changed {
            output::print(&format!("{what}: {file}"));
        }
        output::print(&format!("{} of {} files {what}", changed.len(), files.len()));
        let bad = self.check && !changed.is_empty();
        Ok(if bad { Ending::Problems } else { Ending::Good })
    }
}

/// Writes beside the file and renames, so that a reload never reads half a file.
pub(super) fn write_whole(file: &Path, text: &str) -> Result<(), Failure> {
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(".new");
    let beside = file.with_file_name(name);
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, file))
        .map_err(|error| fault(file, "write", &error))
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if depth > DEEPEST {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(|error| fault(folder, "read", &error))? {
        let entry = entry.map_err(|error| fault(folder, "read", &error))?;
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let kind = entry.file_type().map_err(|error| fault(&path, "read", &error))?;
        if hidden {
            continue;
        }
        if kind.is_dir() {
            collect(&path, depth + 1, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
    Ok(())
}

fn fault(path: &Path, what: &str, error: &std::io::Error) -> Failure {
    Failure::new(format!("can't {what} {}: {error}", path.display())).remedy(
        "check that it exists and that this user may change it; --dir names the folder that holds policies/",
    )
}

const DEEPEST: usize = 8;
