//! `midflow check` and `midflow explain` as people and builds call them.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::node::served_policies;
use crate::support::policy_folder::copy_of_the_policies;

struct Said {
    code: Option<i32>,
    out: String,
    errors: String,
}

fn midflow(folder: &Path, arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_midflow"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The served policies in a folder `agency`, with mistakes in one of them.
fn spoiled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["policies", "policies/services", "scripts", "scripts/lib"] {
        let target = folder.path().join("agency").join(name);
        fs::create_dir_all(&target).unwrap();
        for entry in fs::read_dir(served_policies().join(name)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, target.join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    let spoil = |file: &str, from: &str, to: &str| {
        let path = folder.path().join("agency").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    };
    spoil(SERVICE, "\nchannels:", "\nchanels:");
    spoil(SERVICE, "expires_in: 5m", "expires_in: 5 minutes");
    spoil(
        "scripts/licence-renewal.rhai",
        "return tighten(",
        "return tigten(",
    );
    folder
}

const SERVICE: &str = "policies/services/licence-renewal.yaml";

#[test]
fn fixes_are_shown_and_then_made() {
    let folder = spoiled();
    let path = folder.path().join("agency").join(SERVICE);
    let before = fs::read_to_string(&path).unwrap();

    let shown = midflow(folder.path(), &["check", "--dir", "agency", "--fix", "--dry-run"]);
    assert_eq!(shown.code, Some(1), "{}", shown.out);
    for words in [
        "--- a/policies/services/licence-renewal.yaml",
        "-chanels: [web",
        "+channels: [web",
        "+    expires_in: 5m",
        "+        return tighten(",
        "good: 10 services",
    ] {
        assert!(shown.out.contains(words), "`{words}` is missing:\n{}", shown.out);
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        before,
        "a dry run changes nothing"
    );

    let fixed = midflow(folder.path(), &["check", "--dir", "agency", "--fix"]);
    assert_eq!(fixed.code, Some(0), "{}{}", fixed.out, fixed.errors);
    assert_eq!(
        fixed
            .out
            .lines()
            .filter(|line| line.starts_with("fixed "))
            .count(),
        3
    );
    assert!(fixed.out.contains("good: 10 services"), "{}", fixed.out);
    let served = fs::read_to_string(served_policies().join(SERVICE)).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        served,
        "comments and formatting stay"
    );

    let again = midflow(
        folder.path(),
        &["check", "--dir", "agency", "--fix", "--format", "json"],
    );
    let report: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((again.code, &report["fixed"]), (Some(0), &serde_json::json!([])));
}

// Test files were read by `test` alone, so that `check` called a folder good whose tests could not be read.
#[test]
fn mistakes_in_test_files_are_told_and_mended_too() {
    let folder = copy_of_the_policies();
    let path = folder.path().join("policies/services/lab-results.test.yaml");
    let good = fs::read_to_string(&path).unwrap();
    let bad = good
        .replacen("answers: approved", "answers: aproved", 1)
        .replacen("outcome: approved", "outcom: approved", 1);
    assert_ne!(bad, good);
    fs::write(&path, &bad).unwrap();

    let said = midflow(folder.path(), &["check"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    for words in [
        "E6002",
        "E0009",
        "lab-results.test.yaml",
        "their tests can't be read",
    ] {
        assert!(said.out.contains(words), "`{words}` is missing:\n{}", said.out);
    }
    let fixed = midflow(folder.path(), &["check", "--fix"]);
    assert_eq!(fixed.code, Some(0), "{}{}", fixed.out, fixed.errors);
    assert_eq!(fs::read_to_string(&path).unwrap(), good);
}

#[test]
fn builds_get_their_formats() {
    let folder = spoiled();
    let check = |format: &str| midflow(folder.path(), &["check", "--dir", "agency", "--format", format]);

    let sarif = check("sarif");
    let log: Value = serde_json::from_str(&sarif.out).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!((sarif.code, results.len()), (Some(1), 3), "{}", sarif.out);
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(
            folder.path().join(uri).is_file(),
            "{uri} leads from where the command was started"
        );
        assert!(
            result["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"]["startLine"]
                .is_u64()
        );
    }

    let github = check("github");
    assert_eq!(github.code, Some(1));
    let lines: Vec<&str> = github.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", github.out);
    assert!(lines[0].starts_with("::error file=agency/policies/services/licence-renewal.yaml,line="));

    let json: Value = serde_json::from_str(&check("json").out).unwrap();
    let edit = &json["diagnostics"][0]["fixes"][0]["edits"][0];
    let text = fs::read_to_string(folder.path().join("agency").join(SERVICE)).unwrap();
    let byte = |end: &str| usize::try_from(edit["bytes"][end].as_u64().unwrap()).unwrap();
    assert_eq!(&text[byte("start")..byte("end")], "chanels");

    let elsewhere = midflow(folder.path(), &["explain", "E0009", "--format", "sarif"]);
    assert_eq!(elsewhere.code, Some(2));
    assert!(
        elsewhere.errors.contains("for `midflow check`"),
        "{}",
        elsewhere.errors
    );
}

#[test]
fn a_file_that_is_no_text_is_shown_in_each_format() {
    let folder = spoiled();
    fs::write(
        folder.path().join("agency").join(SERVICE),
        b"midflow: 1\nname: \xe3\n",
    )
    .unwrap();
    for (format, words) in [
        ("text", "sample"),
        ("github", "line=2"),
        ("json", "\"line\": 2"),
        ("sarif", "E0008"),
    ] {
        let said = midflow(folder.path(), &["check", "--dir", "agency", "--format", format]);
        assert_eq!(said.code, Some(2), "{}", said.out);
        let words = if format == "text" {
            "licence-renewal.yaml:2:7"
        } else {
            words
        };
        assert!(said.out.contains(words), "{format}: {}", said.out);
    }
}

#[test]
fn codes_are_explained() {
    let here = Path::new(".");
    let page = midflow(here, &["explain", "e3016"]);
    assert_eq!(page.code, Some(0));
    assert!(
        page.out.starts_with("E3016: an answer is made and thrown away"),
        "{}",
        page.out
    );
    let arabic = midflow(here, &["explain", "E3016", "--lang", "ar"]);
    assert!(arabic.out.contains("جواب يصنع ثم يضيع"), "{}", arabic.out);
    let json: Value =
        serde_json::from_str(&midflow(here, &["explain", "E3016", "--format", "json"]).out).unwrap();
    assert_eq!(json["code"], "E3016");
    let unknown = midflow(here, &["explain", "E3O16"]);
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.errors.contains("midflow explain E3016"),
        "{}",
        unknown.errors
    );
    assert!(midflow(here, &["explain"]).out.lines().count() > 80);
}
