use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use super::disk::Disk;

/// One run of a process over a disk that forgets.
pub struct Run {
    folder: tempfile::TempDir,
}

impl Run {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("disk")).unwrap();
        Self { folder }
    }

    /// Where the process finds its disk.
    pub fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// Runs a test of this binary as that process, told by `variables` what to do, until it ends by itself.
    pub fn through(&self, test: &str, variables: &[(&str, &Path)]) -> Disk {
        let library = self.folder.path().join("forgetful.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/power/forgetful.c");
        let made = Command::new("cc")
            .args(["-O2", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .status()
            .expect("cc is there, as for the build itself");
        assert!(made.success());
        let journal = self.folder.path().join("journal");
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", test, "--nocapture"])
            .env("LD_PRELOAD", &library)
            .env("FORGETFUL_FOLDER", self.disk())
            .env("FORGETFUL_JOURNAL", &journal)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        for (name, value) in variables {
            command.env(name, value);
        }
        let ended = command.status().unwrap();
        assert!(ended.success(), "the process over the forgetful disk failed");
        Disk::read(&fs::read(journal).unwrap(), &self.disk().canonicalize().unwrap())
    }
}
