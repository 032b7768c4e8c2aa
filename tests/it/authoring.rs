//! The commands that write policy files, as somebody who begins would use them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::node::served_policies;
use crate::support::policy_folder::copy;

fn midflow(arguments: &[&str], dir: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_midflow"))
        .args(arguments)
        .arg("--dir")
        .arg(dir)
        .output()
        .unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code(), text)
}

fn good(arguments: &[&str], dir: &Path) -> String {
    let (code, text) = midflow(arguments, dir);
    assert_eq!(code, Some(0), "{arguments:?}: {text}");
    text
}

#[test]
fn a_new_folder_passes_every_check() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("agency");
    let path = dir.display().to_string();
    let told = good(
        &[
            "init",
            &path,
            "--name-en",
            "Example Agency",
            "--name-ar",
            "هيئة تجريبية",
            "--service",
            "library-card",
        ],
        parent.path(),
    );
    for file in [
        "organization.yaml",
        "library-card.yaml",
        "library-card.test.yaml",
        "library-card.rhai",
        ".gitignore",
    ] {
        assert!(told.contains(file), "{told}");
    }
    let checked = good(&["check", "--strict"], &dir);
    assert!(checked.contains("good: 1 service,"), "{checked}");
    assert!(good(&["fmt", "--check"], &dir).contains("0 of"));
    let organization = fs::read_to_string(dir.join("policies/organization.yaml")).unwrap();
    assert!(organization.contains("هيئة تجريبية") && organization.contains("Example Agency"));
    // A second time it touches nothing.
    let (code, told) = midflow(&["init", &path], parent.path());
    assert_eq!(code, Some(2), "{told}");
}

#[test]
fn a_new_service_of_every_capability_passes_every_check() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("agency");
    good(&["init", &dir.display().to_string()], parent.path());
    for capability in ["verify_qr", "auth_qr", "auth_push", "sign", "notify"] {
        let name = capability.replace('_', "-");
        let told = good(
            &[
                "new",
                "service",
                &name,
                "--capability",
                capability,
                "--channel",
                "web",
                "--channel",
                "kiosk",
            ],
            &dir,
        );
        assert!(told.contains(&format!("policies/services/{name}.yaml")), "{told}");
    }
    good(
        &[
            "new",
            "service",
            "both",
            "--capability",
            "auth_push",
            "--capability",
            "sign",
        ],
        &dir,
    );
    let checked = good(&["check", "--strict"], &dir);
    assert!(checked.contains("good: 7 services"), "{checked}");
    assert!(good(&["fmt", "--check"], &dir).contains("0 of"));

    let (code, told) = midflow(&["new", "service", "both"], &dir);
    assert!(code == Some(2) && told.contains("is there already"), "{told}");
    let (code, told) = midflow(&["new", "service", "x", "--capability", "fly"], &dir);
    assert!(code == Some(2) && told.contains("auth_push"), "{told}");
    let (code, told) = midflow(&["new", "service", "Not A Name"], &dir);
    assert!(code == Some(2) && told.contains("lowercase"), "{told}");
}

// R000-010 to R000-043, R000-019: the form of the policies, imported elsewhere and exported again, is the same.
#[test]
fn the_form_goes_out_and_comes_back() {
    let own = tempfile::tempdir().unwrap();
    copy(&served_policies().join("policies"), &own.path().join("policies"));
    copy(&served_policies().join("scripts"), &own.path().join("scripts"));
    // The services of this repository leave one cell open, and it is named.
    let (code, told) = midflow(&["form", "export"], own.path());
    let open = told.contains("not filled: services.");
    assert_eq!(code, Some(i32::from(open)), "{told}");
    for entry in fs::read_dir(own.path().join("policies/services")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        if text.contains("\ndescription:") || path.to_string_lossy().ends_with(".test.yaml") {
            continue;
        }
        let text = text.replacen(
            "\npurpose:",
            "\ndescription: { ar: وصف الخدمة للنموذج, en: What the form says of it }\npurpose:",
            1,
        );
        fs::write(&path, text).unwrap();
    }
    for (ending, format) in [("yaml", "text"), ("json", "json")] {
        let file = own.path().join(format!("form.{ending}"));
        let file = file.display().to_string();
        good(&["form", "export", "-o", &file, "--format", format], own.path());
        let other = tempfile::tempdir().unwrap();
        good(&["form", "import", &file], other.path());
        fs::copy(
            own.path().join("policies/logo.svg"),
            other.path().join("policies/logo.svg"),
        )
        .unwrap();
        good(&["check"], other.path());
        good(&["fmt", "--check"], other.path());
        let again = good(&["form", "export", "--format", format], other.path());
        assert_eq!(again.trim_end(), fs::read_to_string(&file).unwrap().trim_end());
        let (code, told) = midflow(&["form", "import", &file], other.path());
        assert!(code == Some(2) && told.contains("nothing was written"), "{told}");
    }
    let page = good(&["form", "export", "--html"], own.path());
    assert!(page.starts_with("<!doctype html>") && page.contains("licence-renewal"));
}

#[test]
fn a_form_with_an_empty_cell_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let form = include_str!("../../src/policy/read/fixtures/form.yaml").replace(", size: 40000", "");
    let file = dir.path().join("form.yaml");
    fs::write(&file, form).unwrap();
    let (code, told) = midflow(&["form", "import", &file.display().to_string()], dir.path());
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("`audience` has no `size`") && told.contains("R000-015"),
        "{told}"
    );
    assert!(!dir.path().join("policies").exists());
}

#[test]
fn formatting_changes_files_in_place_and_keeps_comments() {
    let dir = tempfile::tempdir().unwrap();
    copy(&served_policies().join("policies"), &dir.path().join("policies"));
    let file = dir.path().join("policies/services/licence-renewal.yaml");
    let tidy = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        tidy.replace("{ evidence: 10y, ", "{evidence: 10y,")
            .replace('\n', "  \n"),
    )
    .unwrap();
    let (code, told) = midflow(&["fmt", "--check"], dir.path());
    assert!(code == Some(1) && told.contains("licence-renewal.yaml"), "{told}");
    good(&["fmt"], dir.path());
    assert_eq!(fs::read_to_string(&file).unwrap(), tidy);
}

#[test]
fn schemas_and_definitions_are_printed() {
    let here = served_policies();
    let here = Path::new(&here);
    assert_eq!(good(&["schema"], here).lines().count(), 5);
    for name in good(&["schema"], here).lines() {
        let schema = good(&["schema", name], here);
        let parsed: serde_json::Value = serde_json::from_str(&schema).unwrap();
        assert_eq!(parsed["additionalProperties"], serde_json::Value::Bool(false));
    }
    let (code, told) = midflow(&["schema", "servise"], here);
    assert!(
        code == Some(2) && told.contains("organization, defaults, service"),
        "{told}"
    );
    assert!(good(&["definitions"], here).contains("fn tighten(settings: map) -> answer;"));
}
