//! `midflow catalog` and `midflow replay`, beside a node that runs and over the store of one that does not.

use std::fs;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use crate::support::command::Serving;
use crate::support::command::json;
use crate::support::command::run;
use crate::support::command::said;
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

    let (node, first) = dev(folder);
    edit(folder, "assurance: medium ", "assurance: high ");
    let second = until_active(folder, |digest| digest != first);
    assert_eq!(text(folder, &["catalog", "diff", "active"]), "no differences\n");
    let diff = text(
        folder,
        &["catalog", "diff", old.path().to_str().unwrap(), "active"],
    );
    assert_eq!(diff, "licence-renewal: assurance medium to high\n");
    let compared = json(folder, &["catalog", "diff", &first[..14], &second]);
    assert_eq!(
        compared["parts"][0]["changes"][0]["path"],
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
    let (node, begun_with) = dev(folder);
    assert_eq!(begun_with, first);
    let list = text(folder, &["catalog", "list"]);
    assert!(list.lines().next().unwrap().contains("set aside"), "{list}");
    node.stop();
}

/// `midflow dev` for a folder, and the catalog that it has begun with.
fn dev(folder: &Path) -> (Serving, String) {
    let node = Serving::start(folder, &["dev", "--port", "0"]);
    let catalog = node.ready["catalog"].as_str().unwrap().to_owned();
    (node, catalog)
}

fn text(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
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
