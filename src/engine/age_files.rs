use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

/// Files sealed for an age recipient and opened with an identity, by the program `age` itself (age-encryption.org/v1), which
/// streams: a file may be larger than the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgeFiles {
    program: PathBuf,
}

/// A file can't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum AgeFilesError {
    /// The program can't be used.
    #[error("can't run {}: {why}; install age, or name where it is", .program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// The cause.
        why: String,
    },
    /// A file can't be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The program ended with a fault.
    #[error("{} can't be {what}: age says: {why}", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// `sealed` or `opened`.
        what: &'static str,
        /// What the program said.
        why: String,
    },
}

impl AgeFiles {
    /// By this program: an absolute path, or another could be put in its place.
    ///
    /// # Errors
    /// When the path is not absolute.
    pub fn by(program: PathBuf) -> Result<Self, AgeFilesError> {
        if program.is_absolute() {
            Ok(Self { program })
        } else {
            let why = "its path has to be absolute".to_owned();
            Err(AgeFilesError::Program { program, why })
        }
    }

    /// Seals a file for a recipient (`age1…`) into a new private file, and syncs it.
    ///
    /// # Errors
    /// When a file can't be used, or age refuses; then nothing is left.
    pub fn seal(&self, recipient: &str, from: &Path, to: &Path) -> Result<(), AgeFilesError> {
        let arguments = ["--encrypt", "--recipient", recipient].map(OsStr::new);
        self.run(&arguments, from, to, "sealed")
    }

    /// Opens a sealed file with an identity file into a new private file.
    ///
    /// # Errors
    /// When a file can't be used, the identity is another recipient's, or the sealed file was changed; then nothing is left.
    pub fn open(&self, identity: &Path, from: &Path, to: &Path) -> Result<(), AgeFilesError> {
        let arguments = [
            OsStr::new("--decrypt"),
            OsStr::new("--identity"),
            identity.as_os_str(),
        ];
        self.run(&arguments, from, to, "opened")
    }

    fn run(
        &self,
        arguments: &[&OsStr],
        from: &Path,
        to: &Path,
        what: &'static str,
    ) -> Result<(), AgeFilesError> {
        let of = |path: &Path| {
            let path = path.to_path_buf();
            move |source| AgeFilesError::File { path, source }
        };
        let input = fs::File::open(from).map_err(of(from))?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let output = options.open(to).map_err(of(to))?;
        let done = self.stream(arguments, input, &output);
        let synced = match done {
            Ok(Ok(())) => output.sync_all().map_err(of(to)),
            Ok(Err(why)) => Err(AgeFilesError::Refused {
                path: from.to_path_buf(),
                what,
                why,
            }),
            Err(error) => Err(AgeFilesError::Program {
                program: self.program.clone(),
                why: error.to_string(),
            }),
        };
        if synced.is_err() {
            // A part of a file would be taken for the whole.
            let _ = fs::remove_file(to);
        }
        synced
    }

    /// What the program says where it ends with a fault.
    fn stream(
        &self,
        arguments: &[&OsStr],
        input: fs::File,
        output: &fs::File,
    ) -> io::Result<Result<(), String>> {
        let ended = Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::from(input))
            .stdout(Stdio::from(output.try_clone()?))
            .stderr(Stdio::piped())
            .spawn()?
            .wait_with_output()?;
        if ended.status.success() {
            return Ok(Ok(()));
        }
        let said = String::from_utf8_lossy(&ended.stderr);
        let first = said.lines().next().unwrap_or("it ended without a word");
        let first = first.trim_start_matches("age: ").trim_start_matches("error: ");
        Ok(Err(first.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // R003-75: whatever age does not do wholly leaves nothing behind, and its reason is told.
    #[test]
    fn what_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::write(&from, "text").unwrap();
        for (program, expected) in [
            ("/bin/false", "can't be sealed"),
            ("/nowhere/age", "can't run /nowhere/age"),
        ] {
            let age = AgeFiles::by(program.into()).unwrap();
            let error = age.seal("age1nobody", &from, &to).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(!to.exists(), "{program}");
        }
        assert!(
            AgeFiles::by("age".into()).is_err(),
            "a path that others could fill"
        );
        let age = AgeFiles::by("/bin/cat".into()).unwrap();
        assert!(age.seal("age1nobody", &folder.path().join("none"), &to).is_err());
        fs::write(&to, "there").unwrap();
        assert!(
            age.open(&from, &from, &to).is_err(),
            "what is there is not written over"
        );
        assert_eq!(fs::read(&to).unwrap(), b"there");
    }
}
