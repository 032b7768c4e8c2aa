//! What takes two persons, done by two people who sign (R003-75): each with a key of their own, on the command line.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use midflow::audit::Event;
use midflow::audit::log::Note;
use midflow::audit::log::VerifierKey;
use midflow::engine::TwoPersons;
use midflow::sandbox::StampAlgorithm;
use midflow::store::Store as _;
use serde_json::Value;
use serde_json::json;

use crate::support::command::json;
use crate::support::command::run;
use crate::support::command::said;
use crate::support::config;
use crate::support::full_node::FullNode;
use crate::support::full_node::digits;

// R003-75, R003-76, law 13: nobody is erased by one person who types two names; who signed, and what, stays in the log and
// can be verified by anybody; the act names nobody, and reaches nothing that came after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_sign_an_erasure() {
    let node = FullNode::start(1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    let meant = node.ask(&person).await.view.flow;
    node.ended(meant).await;
    node.clock.forward(Duration::from_secs(7_200));
    let later = node.ask(&person).await.view.flow;
    node.ended(later).await;
    node.engine.shutdown().await;
    node.store.close().await;

    let folder = node.state();
    let aisha = key(folder, "aisha.salem");
    let bader = key(folder, "bader.nasser");
    configure(folder, &[&aisha, &bader]);
    let erase = |reference: &str, two: &[&str]| {
        let number = digits(&person);
        let rest = ["--basis", "court-order", "--reference", reference];
        let all = [&["subject", "erase", "--civil-no", number][..], &rest, two].concat();
        let output = run(folder, &all);
        (output.status.code(), said(&output))
    };
    let (code, named) = erase("order 5", &["--by", "Aisha", "--by", "Bader"]);
    assert_eq!(code, Some(2), "{named}");
    assert!(
        named.contains("names are not enough: write the act with --act FILE"),
        "{named}"
    );

    let act = ["--act", "erase.act"];
    let (code, wrote) = erase("order 5", &act);
    assert_eq!(code, Some(0), "{wrote}");
    let text = std::fs::read_to_string(folder.join("erase.act")).unwrap();
    assert!(
        text.starts_with("midflow act erase\nlog ") && text.contains("\nreference order 5\n"),
        "{text}"
    );
    assert!(!text.contains(digits(&person)), "{text}");
    let (code, missing) = erase("order 5", &act);
    assert_eq!(code, Some(2), "{missing}");
    assert!(
        missing.contains("nobody has signed the act; two of aisha.salem, bader.nasser"),
        "{missing}"
    );
    for _ in 0..2 {
        sign(folder, "erase.act", "aisha.salem");
        let (_, missing) = erase("order 5", &act);
        assert!(
            missing.contains("signed by aisha.salem; one of bader.nasser has to, too"),
            "{missing}"
        );
    }
    let shown = sign(folder, "erase.act", "bader.nasser");
    assert!(shown.contains("signed by aisha.salem, bader.nasser"), "{shown}");
    let (code, differs) = erase("order 6", &act);
    assert_eq!(code, Some(2), "{differs}");
    assert!(
        differs.contains("the act says `reference order 5`, and what is asked is `reference order 6`"),
        "{differs}"
    );

    let (code, done) = erase("order 5", &act);
    assert_eq!(code, Some(1), "what came later is kept: {done}");
    let done: Value = serde_json::from_str(&done).unwrap();
    assert_eq!(done["erased"], json!([meant]), "{done}");
    let kept = json!([{ "flow": later, "why": "it began after the act was written" }]);
    assert_eq!(done["kept"], kept, "{done}");
    let verified = json(folder, &["audit", "verify"]);
    assert_eq!(verified["problems"], 0, "{verified}");

    let store = midflow::store::Sqlite::open(&folder.join("midflow.db"))
        .await
        .unwrap();
    let records = store.records_after(0, 1_000).await.unwrap();
    let admin = |act: &str| {
        let found = records.iter().find_map(|record| match &record.event {
            Event::Admin(admin) if admin.act == act => Some(admin),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("no {act}"))
    };
    let note = Note::parse(&admin("act_signed").detail).unwrap();
    for public in [&aisha, &bader] {
        assert_eq!(note.verify(&VerifierKey::parse(public).unwrap()), Ok(()));
    }
    let digest = midflow::words::Digest::of(note.text().as_bytes()).to_string();
    let erased = admin("erased");
    assert_eq!(erased.actor, "aisha.salem, bader.nasser");
    assert!(
        erased.detail.ends_with(&format!("; act {digest}")),
        "{}",
        erased.detail
    );
    store.close().await;
}

// R003-75: where nobody has a key people are believed by name, and one key is not two people.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_sign_is_settled_in_the_configuration() {
    let node = FullNode::start(1, StampAlgorithm::EcdsaP256).await;
    node.engine.shutdown().await;
    node.store.close().await;
    let folder = node.state();
    let aisha = key(folder, "aisha.salem");
    let release = |two: &[&str]| said(&run(folder, &[&["subject", "release", "3"], two].concat()));
    let by_name = ["--by", "Aisha", "--by", "Bader"];

    configure(folder, &[]);
    let believed = release(&by_name);
    assert!(believed.contains("there is no hold 3"), "{believed}");
    let unsigned = release(&["--act", "release.act"]);
    assert!(unsigned.contains("nobody's signature counts here"), "{unsigned}");
    configure(folder, &[&aisha]);
    let alone = release(&by_name);
    assert!(
        alone.contains("`administrators`: an act takes two persons"),
        "{alone}"
    );
    assert!(!folder.join("release.act").exists());
}

// What the people who sign can get wrong, each told with what to do.
#[test]
fn a_key_or_an_act_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let refused = |arguments: &[&str]| {
        let output = run(folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        said(&output)
    };
    key(folder, "aisha.salem");
    let again = refused(&["act", "key", "aisha.salem", "-o", "aisha.salem.key"]);
    assert!(again.contains("aisha.salem.key"), "{again}");
    let name = refused(&["act", "key", "Aisha Salem", "-o", "other.key"]);
    assert!(
        name.contains("`Aisha Salem` can't be the name of a key"),
        "{name}"
    );
    let sign = |act: &str, key: &str| refused(&["act", "sign", act, "--key", key]);
    let absent = sign("none.act", "aisha.salem.key");
    assert!(absent.contains("can't read none.act"), "{absent}");
    std::fs::write(folder.join("note.act"), "midflow act release\nhold 3\n").unwrap();
    let form = sign("note.act", "aisha.salem.key");
    assert!(form.contains("note.act: this is no act"), "{form}");
    let over = "midflow act release\nlog a\nwritten 2026-01-01T00:00:00Z\nuntil 2026-01-08T00:00:00Z\nnonce \
                07070707070707070707070707070707\nhold 3\n";
    std::fs::write(folder.join("over.act"), over).unwrap();
    let over = sign("over.act", "aisha.salem.key");
    assert!(over.contains("could be carried out until 2026-01-08"), "{over}");
    std::fs::write(folder.join("open.key"), "PRIVATE+KEY+a+b+c").unwrap();
    let open = sign("over.act", "open.key");
    assert!(
        open.contains("can be read by others") && open.contains("chmod 600"),
        "{open}"
    );
    std::fs::set_permissions(folder.join("open.key"), Permissions::from_mode(0o600)).unwrap();
    let strange = sign("over.act", "open.key");
    assert!(strange.contains("open.key: this is no private key"), "{strange}");
    assert!(!strange.contains("PRIVATE"), "{strange}");
}

// What a running node is told by the command line.
#[test]
fn two_persons_travel_as_they_are() {
    let names = TwoPersons::from(["Aisha".to_owned(), "Bader".to_owned()]);
    assert_eq!(
        serde_json::to_value(names).unwrap(),
        json!({ "names": ["Aisha", "Bader"] })
    );
    let act = TwoPersons::Act("midflow act release\n".to_owned());
    assert_eq!(
        serde_json::to_value(act).unwrap(),
        json!({ "act": "midflow act release\n" })
    );
}

/// Makes a key; gives its public half.
fn key(folder: &Path, name: &str) -> String {
    let made = json(folder, &["act", "key", name, "-o", &format!("{name}.key")]);
    let mode = std::fs::metadata(folder.join(format!("{name}.key")))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    made["key"].as_str().unwrap().to_owned()
}

fn sign(folder: &Path, act: &str, name: &str) -> String {
    let signed = run(folder, &["act", "sign", act, "--key", &format!("{name}.key")]);
    assert!(signed.status.success(), "{}", said(&signed));
    said(&signed)
}

fn configure(folder: &Path, administrators: &[&String]) {
    let (store, keys) = (
        json!({ "sqlite": "midflow.db" }),
        json!({ "file": "midflow.key" }),
    );
    let mut config = config::of_node_at_rest(&store, &keys);
    config["administrators"] = json!(administrators);
    config::write(folder, "midflow.yaml", &config);
}
