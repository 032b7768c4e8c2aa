//! `midflow catalog` and `midflow replay`, beside a node that runs and over the store of one that does not.

use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use crate::support::policy_folder;

const SERVICE: &str = "policies/services/licence-renewal.yaml";

#[test]
fn catalogs_are_listed_compared_rolled_back_and_replayed() {
    let policies = policy_folder::with_wide_limits();
    let folder = policies.path();
    let old = tempfile::tempdir().unwrap();
    policy_folder::copy(folder, old.path());
    let none = run(folder, &["catalog", "list"]);
    assert_eq!(none.status.code(), Some(2), "{}", said(&none));

    let node = Node::start(folder);
    let first = node.catalog();
    edit(folder, "assurance: medium ", "assurance: high ");
    let second = until_active(folder, |digest| digest != first);
    assert_eq!(text(folder, &["catalog", "diff", "active"]), "no differences\n");
    let diff = text(
        folder,
        &["catalog", "diff", old.path().to_str().unwrap(), "active"],
    );
    assert_eq!(diff, "licence-renewal: assurance medium to high\n");
    let json = json(folder, &["catalog", "diff", &first[..14], &second]);
    assert_eq!(
        json["parts"][0]["changes"][0]["path"],
        "capabilities.auth_push.assurance"
    );

    // By the running node: the files that lie there are set aside.
    let back = text(folder, &["catalog", "rollback"]);
    assert!(
        back.starts_with("active: ") && back.contains("taken up again"),
        "{back}"
    );
    assert_eq!(until_active(folder, |_| true), first);
    let forward = text(folder, &["catalog", "activate", &second[..20]]);
    assert!(forward.starts_with("active: "), "{forward}");
    assert_eq!(until_active(folder, |_| true), second);
    let unknown = run(folder, &["catalog", "activate", "0123456789"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(said(&unknown).contains("keeps no catalog"), "{}", said(&unknown));
    let replayed = run(folder, &["replay", "--catalog", folder.to_str().unwrap()]);
    assert_eq!(replayed.status.code(), Some(0), "{}", said(&replayed));
    assert!(said(&replayed).contains("0 decided again"), "{}", said(&replayed));
    node.stop();

    // In the store of a node at rest: the next start begins with it.
    let rest = text(folder, &["catalog", "rollback"]);
    assert!(rest.contains("the next start begins with it"), "{rest}");
    let node = Node::start(folder);
    assert_eq!(node.catalog(), first);
    let list = text(folder, &["catalog", "list"]);
    assert!(list.lines().next().unwrap().contains("set aside"), "{list}");
    node.stop();
}

/// `midflow dev` for a folder.
struct Node {
    child: Child,
    ready: Value,
}

impl Node {
    fn start(folder: &Path) -> Self {
        let mut child = command(folder, &["dev", "--port", "0", "--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { child, ready }
    }

    fn catalog(&self) -> String {
        self.ready["catalog"].as_str().unwrap().to_owned()
    }

    fn stop(mut self) {
        let kill = Command::new("kill")
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        assert!(kill.success());
        assert!(self.child.wait().unwrap().success());
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_midflow"));
    command.args(arguments).arg("--dir").arg(folder);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap()
}

fn text(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = text(folder, &[arguments, &["--format", "json"]].concat());
    serde_json::from_str(&output).unwrap()
}

/// The active catalog, once it is as wanted.
fn until_active(folder: &Path, wanted: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let list = json(folder, &["catalog", "list"]);
        let active = list[0]["catalog"].as_str().unwrap().to_owned();
        if wanted(&active) {
            return active;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the edit is not active"
        );
    }
}

fn edit(folder: &Path, from: &str, to: &str) {
    let path = folder.join(SERVICE);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from));
    let temporary = path.with_file_name(".new");
    fs::write(&temporary, text.replacen(from, to, 1)).unwrap();
    fs::rename(temporary, path).unwrap();
}
