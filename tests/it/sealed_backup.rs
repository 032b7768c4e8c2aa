//! Backups that are sealed for an age recipient: made beside a running node, tried, restored, and opened by nobody else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use midflow::sandbox::StampAlgorithm;

use crate::support::full_node::FullNode;
use crate::support::full_node::digits;

// R003-19, R003-75: the drill. What leaves the machine opens with the identity alone; what was changed is not restored; no
// open copy is left anywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealed_backup_gives_everything_back_to_its_recipient_alone() {
    let node = FullNode::start(2, StampAlgorithm::EcdsaP256).await;
    let people: Vec<_> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    for person in &people {
        let flow = node.ask(person).await.view.flow;
        node.ended(flow).await;
    }
    let place = node.folder.join("var/dev");
    fs::create_dir_all(&place).unwrap();
    for name in ["midflow.db", "secrets"] {
        symlink(node.state().join(name), place.join(name)).unwrap();
    }
    fs::copy(
        node.state().join("midflow.key"),
        node.state().join("secrets/midflow.key"),
    )
    .unwrap();
    let away = tempfile::tempdir().unwrap();
    let [mine, other] = ["mine.txt", "other.txt"].map(|name| identity(&away.path().join(name)));
    let (mine_file, other_file) = (away.path().join("mine.txt"), away.path().join("other.txt"));
    let backups = away.path().join("backups");
    let dir = node.folder.to_str().unwrap();
    let to = backups.to_str().unwrap();
    let run = |arguments: &[&str]| run(&[arguments, &["--dir", dir]].concat());
    let (mine_path, other_path) = (mine_file.to_str().unwrap(), other_file.to_str().unwrap());

    let (code, said) = run(&["backup", to, "--recipient", &mine, "--identity", other_path]);
    assert!(code == 2 && said.contains("can't be opened"), "{said}");
    assert!(names(&backups).is_empty(), "{:?}", names(&backups));
    // A second file that is not sealed leaves no first one behind.
    let half = away.path().join("half");
    let (program, count) = (half.to_str().unwrap(), away.path().join("count"));
    let count = count.display();
    fs::write(
        &half,
        format!(
            "#!/bin/sh\necho >> {count}\n[ $(wc -l < {count}) = 2 ] && exit 1\nexec /usr/bin/age \"$@\"\n"
        ),
    )
    .unwrap();
    fs::set_permissions(&half, fs::Permissions::from_mode(0o700)).unwrap();
    let (code, said) = run(&["backup", to, "--recipient", &mine, "--age", program]);
    assert!(code == 2 && said.contains("keys can't be sealed"), "{said}");
    assert!(names(&backups).is_empty(), "{:?}", names(&backups));
    // What a killed run has left beside the store and the backups.
    let left = [&place, &backups].map(|folder| folder.join(".midflow-work-4000000-0"));
    for folder in &left {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("midflow.db"), "open").unwrap();
    }
    let (code, said) = run(&["backup", to, "--recipient", &mine, "--identity", mine_path]);
    assert!(left.iter().all(|folder| !folder.exists()));
    assert!(
        code == 0 && said.contains(&format!("sealed for {mine}")),
        "{said}"
    );
    let mut names = names(&backups);
    names.sort();
    assert_eq!(names.len(), 3, "{names:?}");
    for (name, ending) in names.iter().zip([".db.age", ".json", ".keys.age"]) {
        assert!(name.ends_with(ending), "{name}");
        let bytes = fs::read(backups.join(name)).unwrap();
        for secret in [&b"SQLite format"[..], digits(&people[0]).as_bytes()] {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret),
                "{name}"
            );
        }
    }

    let verify = |identity: &[&str]| run(&[&["restore", to, "--verify"][..], identity].concat());
    let (code, said) = verify(&["--identity", mine_path]);
    assert!(code == 0 && said.contains("2 of 2 flows are opened"), "{said}");
    for (identity, expected) in [
        (&[][..], "the backup is sealed"),
        (&["--identity", other_path], "can't be opened"),
    ] {
        let (code, said) = verify(identity);
        assert!(code == 2 && said.contains(expected), "{said}");
    }
    let sealed = backups.join(&names[0]);
    let good = fs::read(&sealed).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    fs::write(&sealed, bad).unwrap();
    let (code, said) = verify(&["--identity", mine_path]);
    assert!(
        code == 2 && said.contains("not what the backup has written"),
        "{said}"
    );
    fs::write(&sealed, good).unwrap();
    let restored = away.path().join("restored/midflow.db");
    let (code, said) = run(&[
        "restore",
        to,
        "--to",
        restored.to_str().unwrap(),
        "--identity",
        mine_path,
    ]);
    assert!(code == 0 && restored.exists(), "{said}");
    // A second backup without the identity at hand, as a node does it every day.
    let (code, said) = run(&["backup", to, "--recipient", &other]);
    assert_eq!(code, 0, "{said}");
    for folder in [node.state(), place.as_path(), backups.as_path(), away.path()] {
        let left = self::names(folder);
        assert!(
            !left.iter().any(|name| name.starts_with(".midflow-work")),
            "{left:?}"
        );
    }
    node.shutdown().await;
}

/// Makes an age identity; gives its public key.
fn identity(path: &Path) -> String {
    let made = Command::new("age-keygen").arg("-o").arg(path).output();
    let made = made.expect("age-keygen is there: `make system` installs age");
    assert!(made.status.success());
    let text = fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("# public key: "));
    line.unwrap().to_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn run(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_midflow"))
        .args(arguments)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}
