//! Bad input: each a clear error that names the thing and the remedy, with the exit code of the contract.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::support::node::served_policies;

/// What a command that could not run says, and its exit code.
struct Said {
    code: Option<i32>,
    text: String,
}

fn midflow(arguments: &[&str], folder: &Path) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_midflow"))
        .args(arguments)
        .arg("--dir")
        .arg(folder)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    Said {
        code: output.status.code(),
        text: String::from_utf8(text).unwrap(),
    }
}

/// A copy of the served policies that a test may spoil.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["policies", "scripts"] {
        copy(&served_policies().join(name), &folder.path().join(name));
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn says(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, Some(code), "{}", said.text);
    for word in words {
        assert!(said.text.contains(word), "`{word}` is missing:\n{}", said.text);
    }
    assert!(
        !said.text.contains("panicked") && !said.text.contains("a fault inside"),
        "{}",
        said.text
    );
}

#[test]
fn a_missing_policies_folder_is_named() {
    let empty = tempfile::tempdir().unwrap();
    for command in [&["check"][..], &["dev", "--port", "0"]] {
        says(
            &midflow(command, empty.path()),
            2,
            &["there is no folder", "policies", "--dir"],
        );
    }
}

#[test]
fn a_file_that_is_no_text_is_named() {
    let folder = folder();
    fs::write(
        folder.path().join("policies/services/lab-results.yaml"),
        [0xff, 0xfe, 0x00],
    )
    .unwrap();
    says(
        &midflow(&["check"], folder.path()),
        2,
        &["lab-results.yaml", "UTF-8"],
    );
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = midflow(&["dev", "--port", &port], folder().path());
    says(&said, 2, &["the console", &port, "in use", "--port"]);
}

#[test]
fn a_broken_database_is_named_and_left_alone() {
    let folder = folder();
    let state = folder.path().join("var/dev");
    fs::create_dir_all(&state).unwrap();
    let database = state.join("midflow.db");
    fs::write(
        &database,
        "no database at all, only words, and more of them than a header has",
    )
    .unwrap();
    let said = midflow(&["dev", "--port", "0"], folder.path());
    says(&said, 2, &["midflow.db", "no database", "backup"]);
    assert!(fs::read_to_string(&database).unwrap().starts_with("no database"));
}

#[test]
fn mistakes_in_policies_are_shown_at_their_place() {
    let folder = folder();
    let path = folder.path().join("policies/services/licence-renewal.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let spoiled = text
        .replace("\nchannels:", "\nchanels:")
        .replace("assurance: medium", "assurance: hihg");
    fs::write(&path, spoiled).unwrap();
    let words = [
        "licence-renewal.yaml:",
        "did you mean `channels`",
        "did you mean `high`",
        "2 errors",
    ];
    says(&midflow(&["check"], folder.path()), 1, &words);
    says(&midflow(&["dev", "--port", "0"], folder.path()), 2, &words[..3]);
}

#[test]
fn a_misspelt_constructor_is_found_before_it_runs() {
    let folder = folder();
    let path = folder.path().join("scripts/licence-renewal.rhai");
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("return tighten(", "return tigten(");
    fs::write(&path, text).unwrap();
    says(
        &midflow(&["check"], folder.path()),
        1,
        &["licence-renewal.rhai:", "tigten", "tighten"],
    );
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    let said = midflow(&["serve", "--config", "nowhere.yaml"], folder().path());
    says(&said, 2, &["nowhere.yaml", "--config", "docs/configuration.md"]);
}

#[test]
fn good_policies_are_good() {
    says(
        &midflow(&["check"], folder().path()),
        0,
        &["good: 10 services", "sha256:"],
    );
}
