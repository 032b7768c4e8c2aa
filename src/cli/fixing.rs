use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use super::failure::Failure;
use crate::cases::TestProblems;
use crate::catalog::Catalog;
use crate::catalog::Sources;
use crate::diagnostics::Done;
use crate::diagnostics::apply_certain;
use crate::diagnostics::unified_diff;

/// Policies after every certain fix, and what was done to them. Nothing is written yet.
#[derive(Debug)]
pub(crate) struct Fixed {
    /// The texts after the fixes.
    pub(crate) sources: Sources,
    /// What was done, in order.
    pub(crate) done: Vec<Done>,
    /// The files that changed: their texts before and after.
    changed: BTreeMap<String, (String, String)>,
}

impl Fixed {
    /// Applies what is certain, loads again, and goes on until nothing certain is left: one fix can uncover another
    /// mistake.
    pub(crate) fn from(before: &Sources) -> Self {
        let mut sources = before.clone();
        let mut done = Vec::new();
        let mut tests = TestProblems::default();
        for _ in 0..MOST_ROUNDS {
            let (catalog, mut found) = Catalog::load(&sources, None);
            found.extend(tests.find(&sources, catalog.as_ref()));
            let applied = apply_certain(&found, &|file| sources.text(file).map(|text| &**text));
            if applied.done.is_empty() {
                break;
            }
            done.extend(applied.done);
            sources = sources.with_texts(applied.texts);
        }
        let changed = sources
            .iter()
            .chain(sources.tests())
            .filter_map(|(file, after)| {
                let before = before.text(file).filter(|before| *before != after)?;
                Some((file.to_owned(), (before.to_string(), after.to_string())))
            })
            .collect();
        Self {
            sources,
            done,
            changed,
        }
    }

    /// The changes as a diff that `patch` and `git apply` take.
    pub(crate) fn diff(&self) -> String {
        self.changed
            .iter()
            .map(|(file, (before, after))| unified_diff(file, before, after))
            .collect()
    }

    /// What was done, one line each.
    pub(crate) fn told(&self) -> String {
        self.done
            .iter()
            .map(|done| {
                let (line, column) = (done.at.line, done.at.column);
                format!(
                    "fixed {}:{line}:{column} {}: {}\n",
                    done.file, done.code, done.title
                )
            })
            .collect()
    }

    /// Writes the changed files. Each is replaced as a whole, and none before all are ready; a file that is no longer
    /// what was read is left alone, and so are all others.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Failure> {
        let mut ready = Vec::new();
        for (file, (before, after)) in &self.changed {
            match prepare(dir, file, before, after) {
                Ok(replacement) => ready.push(replacement),
                Err(failure) => {
                    discard(&ready);
                    return Err(failure);
                }
            }
        }
        for (index, replacement) in ready.iter().enumerate() {
            if let Err(cause) = fs::rename(&replacement.new, &replacement.old) {
                discard(ready.get(index..).unwrap_or_default());
                let message = format!("{} can't be replaced ({cause})", replacement.old.display());
                return Err(Failure::new(message)
                    .remedy("run `midflow check` to see which files were fixed before this one"));
            }
        }
        Ok(())
    }
}

/// A new file beside the old one, complete and on disk.
struct Replacement {
    old: PathBuf,
    new: PathBuf,
}

fn prepare(dir: &Path, file: &str, before: &str, after: &str) -> Result<Replacement, Failure> {
    let shown = dir.join(file);
    let unwritable = |cause: std::io::Error| {
        Failure::new(format!("{} can't be written ({cause})", shown.display()))
            .remedy("check that this user may write the file and its folder")
    };
    // A link stays a link: what it leads to is replaced. Reading made sure that it leads to the folder.
    let old = fs::canonicalize(&shown).map_err(unwritable)?;
    let root = fs::canonicalize(dir).map_err(unwritable)?;
    let now = fs::read(&old).map_err(unwritable)?;
    if now != before.as_bytes() || !old.starts_with(&root) {
        return Err(Failure::new(format!(
            "{} was changed while it was being fixed",
            shown.display()
        ))
        .remedy("nothing was written; run the command again"));
    }
    let name = old.file_name().unwrap_or_default().to_string_lossy();
    let new = old.with_file_name(format!(".{name}.fixed-{}", std::process::id()));
    let written = fs::metadata(&old).and_then(|metadata| write_new(&new, after, metadata.permissions()));
    if let Err(cause) = written {
        let _ = fs::remove_file(&new);
        return Err(unwritable(cause));
    }
    Ok(Replacement { old, new })
}

fn write_new(path: &Path, text: &str, permissions: fs::Permissions) -> std::io::Result<()> {
    let mut file = fs::File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(permissions)?;
    file.sync_all()
}

fn discard(replacements: &[Replacement]) {
    for replacement in replacements {
        let _ = fs::remove_file(&replacement.new);
    }
}

/// More rounds than mistakes can hide behind each other in a file that a person wrote.
const MOST_ROUNDS: usize = 20;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    const FILE: &str = "policies/services/a.yaml";

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("policies/services")).unwrap();
        fs::write(dir.path().join(FILE), "old").unwrap();
        dir
    }

    fn fixed() -> Fixed {
        Fixed {
            sources: Sources::default(),
            done: Vec::new(),
            changed: [(FILE.to_owned(), ("old".to_owned(), "new".to_owned()))].into(),
        }
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir.join("policies/services")).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn a_file_is_replaced_and_keeps_its_permissions() {
        let dir = folder();
        let path = dir.path().join(FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        fixed().write(dir.path()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(names(dir.path()), ["a.yaml"]);
    }

    #[test]
    fn a_link_stays_a_link() {
        let dir = folder();
        let path = dir.path().join(FILE);
        fs::rename(&path, dir.path().join("policies/real.yaml")).unwrap();
        symlink("../real.yaml", &path).unwrap();
        fixed().write(dir.path()).unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn a_file_that_somebody_saved_meanwhile_is_left_alone() {
        let dir = folder();
        fs::write(dir.path().join(FILE), "newer").unwrap();
        let failure = fixed().write(dir.path()).unwrap_err();
        assert!(failure.message.contains("was changed"), "{failure:?}");
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), "newer");
        assert_eq!(names(dir.path()), ["a.yaml"]);
    }

    // All files or none: the second can't be prepared, so the first stays as it was.
    #[test]
    fn nothing_is_written_if_one_file_can_not_be() {
        let dir = folder();
        let mut fixed = fixed();
        let gone = "policies/services/gone.yaml".to_owned();
        fixed.changed.insert(gone, ("old".to_owned(), "new".to_owned()));
        assert!(fixed.write(dir.path()).is_err());
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), "old");
        assert_eq!(names(dir.path()), ["a.yaml"]);
    }
}
