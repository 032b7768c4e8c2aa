use std::fs::File;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Seek as _;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use serde_json::Value;

/// Runs the command in a folder, to its end.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// Runs it, and reads what it prints as JSON.
pub fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = command(folder, arguments)
        .args(["--format", "json"])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)))
}

/// A command that serves until it is stopped.
pub struct Serving {
    child: Child,
    errors: File,
    /// Its first line.
    pub ready: Value,
}

impl Serving {
    /// Starts it in a folder; it is ready then.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let (child, errors, ready) = serve(folder, arguments);
        Self { child, errors, ready }
    }

    /// Stops it as an operator does.
    pub fn stop(mut self) {
        let kill = Command::new("kill")
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        assert!(kill.success());
        let ended = self.child.wait().unwrap();
        let mut said = String::new();
        self.errors.rewind().unwrap();
        self.errors.read_to_string(&mut said).unwrap();
        assert!(ended.success(), "{ended}: {said}");
    }
}

fn serve(folder: &Path, arguments: &[&str]) -> (Child, File, Value) {
    let errors = tempfile::tempfile().unwrap();
    let mut child = command(folder, arguments)
        .args(["--format", "json"])
        .stdout(Stdio::piped())
        .stderr(errors.try_clone().unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready = serde_json::from_str(&line).unwrap();
    (child, errors, ready)
}

/// Everything that a command has said.
pub fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_midflow"));
    command.current_dir(folder).args(arguments);
    command
}
