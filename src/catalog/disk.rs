use std::path::Path;
use std::path::PathBuf;

use super::Folder;
use super::Look;
use super::Sources;
use super::walk::MAX_DEPTH;
use super::walk::MAX_FILE;
use super::walk::MAX_FILES;
use super::walk::MAX_TOTAL;

/// Why the policy folders can't be read.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// There is no folder where policies should be.
    #[error("there is no folder {}; create it, or name the folder that holds policies/ with --dir", .0.display())]
    MissingFolder(PathBuf),
    /// A file or folder can't be read.
    #[error("{} can't be read ({cause}); check that it exists and that this user may read it", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A file is not UTF-8.
    #[error("{} is not UTF-8 text; save it as UTF-8", .0.display())]
    NotUtf8(PathBuf),
    /// A name that can't stand in a catalog.
    #[error("the name of {} has characters that are not allowed; use letters, digits, `-`, `_` and `.`", .0.display())]
    BadName(PathBuf),
    /// A link that leads out of the folder.
    #[error("{} is a link that leads out of {}; put the file itself there", path.display(), dir.display())]
    Outside {
        /// The link.
        path: PathBuf,
        /// The folder it has to stay in.
        dir: PathBuf,
    },
    /// Neither a file nor a folder, such as a device or a pipe.
    #[error("{} is neither a file nor a folder; remove it", .0.display())]
    NotAFile(PathBuf),
    /// A file is too large.
    #[error("{} is larger than {MAX_FILE} bytes; split it or make it smaller", .0.display())]
    TooLarge(PathBuf),
    /// There are too many files, or folders in folders.
    #[error("{} holds more than {MAX_FILES} files, {MAX_TOTAL} bytes or {MAX_DEPTH} levels of folders; is it the right folder?", .0.display())]
    TooMany(PathBuf),
    /// The files kept changing while they were read.
    #[error("the files in {} keep changing; wait until they have been written and try again", .0.display())]
    Moving(PathBuf),
}

impl Sources {
    /// Reads every policy and script below `dir`, and looks again until nothing has moved: so a half-written or half
    /// copied tree is never taken for a whole one. Hidden files and files of other kinds are left out; a
    /// PNG image is kept as base64.
    ///
    /// # Errors
    /// Names the folder or file, and what to do about it.
    pub fn read(dir: &Path) -> Result<Self, SourcesError> {
        Folder::new(dir).sources(&Look::Everything)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("policies/services")).unwrap();
        fs::create_dir_all(dir.path().join("scripts/lib")).unwrap();
        for file in [
            "policies/organization.yaml",
            "policies/services/a.yaml",
            "policies/services/.a.yaml.swp",
            "policies/services/a.yaml~",
            "policies/README.md",
            "scripts/a.rhai",
            "scripts/lib/b.rhai",
            "midflow.yaml",
        ] {
            fs::write(dir.path().join(file), file).unwrap();
        }
        dir
    }

    fn paths(dir: &Path) -> Vec<String> {
        let sources = Sources::read(dir).unwrap();
        sources.iter().map(|(path, _)| path.to_owned()).collect()
    }

    const FOUND: [&str; 5] = [
        "policies/organization.yaml",
        "policies/rulebooks/paci-onboarding-1.3.yaml",
        "policies/services/a.yaml",
        "scripts/a.rhai",
        "scripts/lib/b.rhai",
    ];

    #[test]
    fn policies_and_scripts_are_read_and_nothing_else() {
        assert_eq!(paths(folder().path()), FOUND);
    }

    #[test]
    fn a_folder_without_scripts_will_do() {
        let dir = folder();
        fs::remove_dir_all(dir.path().join("scripts")).unwrap();
        assert_eq!(paths(dir.path()), FOUND[..3]);
    }

    #[test]
    fn missing_folders_are_named() {
        let dir = folder();
        fs::remove_dir_all(dir.path().join("policies")).unwrap();
        let error = Sources::read(dir.path()).unwrap_err();
        assert!(
            matches!(&error, SourcesError::MissingFolder(path) if path.ends_with("policies")),
            "{error}"
        );
        let error = Sources::read(&dir.path().join("nothing")).unwrap_err();
        assert!(error.to_string().contains("--dir"), "{error}");
    }

    // The way configuration is mounted in containers: links through a hidden folder, swapped as a whole.
    #[test]
    fn links_inside_the_folder_are_followed() {
        let dir = folder();
        let (real, data) = (
            dir.path().join("policies/..2026"),
            dir.path().join("policies/..data"),
        );
        fs::create_dir(&real).unwrap();
        fs::write(real.join("organization.yaml"), "swapped").unwrap();
        symlink("..2026", &data).unwrap();
        fs::remove_file(dir.path().join("policies/organization.yaml")).unwrap();
        symlink(
            "..data/organization.yaml",
            dir.path().join("policies/organization.yaml"),
        )
        .unwrap();
        assert_eq!(paths(dir.path()), FOUND);
        let sources = Sources::read(dir.path()).unwrap();
        assert_eq!(&**sources.text("policies/organization.yaml").unwrap(), "swapped");
    }

    // B-10: no link leads out of the folder.
    #[test]
    fn links_out_of_the_folder_are_refused() {
        for (name, target) in [
            ("scripts/x.rhai", "/etc/passwd"),
            ("scripts/etc", "/etc"),
            ("policies/up", "../.."),
        ] {
            let dir = folder();
            symlink(target, dir.path().join(name)).unwrap();
            let error = Sources::read(dir.path()).unwrap_err();
            assert!(matches!(error, SourcesError::Outside { .. }), "{name} {error}");
        }
    }

    #[test]
    fn links_in_a_circle_end() {
        let dir = folder();
        symlink(".", dir.path().join("policies/again")).unwrap();
        let error = Sources::read(dir.path()).unwrap_err();
        assert!(matches!(error, SourcesError::TooMany(_)), "{error}");
        let dir = folder();
        symlink("self.yaml", dir.path().join("policies/self.yaml")).unwrap();
        assert!(Sources::read(dir.path()).is_err());
    }

    #[test]
    fn what_is_no_text_file_is_named() {
        let dir = folder();
        fs::write(dir.path().join("scripts/bad.rhai"), [0xff, 0xfe]).unwrap();
        let error = Sources::read(dir.path()).unwrap_err();
        assert!(
            matches!(&error, SourcesError::NotUtf8(path) if path.ends_with("scripts/bad.rhai")),
            "{error}"
        );

        let dir = folder();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("scripts/s.rhai")).unwrap();
        let error = Sources::read(dir.path()).unwrap_err();
        assert!(matches!(error, SourcesError::NotAFile(_)), "{error}");

        let dir = folder();
        fs::write(dir.path().join("scripts/big.rhai"), "x".repeat(1024 * 1024 + 1)).unwrap();
        let error = Sources::read(dir.path()).unwrap_err();
        assert!(matches!(error, SourcesError::TooLarge(_)), "{error}");

        let dir = folder();
        fs::write(dir.path().join("scripts/a\nb.rhai"), "").unwrap();
        let error = Sources::read(dir.path()).unwrap_err();
        assert!(matches!(error, SourcesError::BadName(_)), "{error}");
    }
}
