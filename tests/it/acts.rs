//! What takes two persons, done by two people who sign (R003-75): each with a key of their own, on the command line.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use midflow::audit::Act;
use midflow::audit::ActNote;
use midflow::audit::ActStamp;
use midflow::audit::Administrators;
use midflow::audit::Event;
use midflow::audit::Opening;
use midflow::audit::log::Note;
use midflow::audit::log::VerifierKey;
use midflow::engine::Engine;
use midflow::engine::EngineOptions;
use midflow::engine::EngineParts;
use midflow::engine::Secrets;
use midflow::engine::SystemClock;
use midflow::engine::TwoPersons;
use midflow::http;
use midflow::sandbox::StampAlgorithm;
use midflow::store::Sealed;
use midflow::store::Sqlite;
use midflow::store::Store as _;
use midflow::words::Digest;
use midflow::words::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::support::authority::ToldAuthority;
use crate::support::command::json;
use crate::support::command::run;
use crate::support::command::said;
use crate::support::config;
use crate::support::full_node::FullNode;
use crate::support::full_node::digits;
use crate::support::node::served_policies;
use crate::support::store::sealed_store;

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
    named_at_a_start(folder, &[&aisha, &bader]).await;
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
        named.contains("names are not enough: write the act with --write-act FILE"),
        "{named}"
    );
    let (code, absent) = erase("order 5", &["--act", "erase.act"]);
    assert_eq!(code, Some(2), "a name that is mistyped does nothing: {absent}");

    let (code, wrote) = erase("order 5", &["--write-act", "erase.act"]);
    assert_eq!(code, Some(0), "{wrote}");
    let text = std::fs::read_to_string(folder.join("erase.act")).unwrap();
    assert!(text.starts_with("midflow act erase\nlog "), "{text}");
    assert!(
        text.contains("\nreference order 5\n") && !text.contains(digits(&person)),
        "{text}"
    );
    let (code, again) = erase("order 5", &["--write-act", "erase.act"]);
    assert_eq!(code, Some(2), "{again}");
    let act = ["--act", "erase.act"];
    let (code, missing) = erase("order 5", &act);
    assert_eq!(code, Some(2), "{missing}");
    assert!(
        missing.contains("nobody has signed the act; two of aisha.salem, bader.nasser"),
        "{missing}"
    );
    for _ in 0..2 {
        sign(folder, "erase.act", "aisha.salem");
        let (_, missing) = erase("order 5", &act);
        let expected = "signed by aisha.salem; one of bader.nasser has to, too";
        assert!(missing.contains(expected), "{missing}");
    }
    let shown = sign(folder, "erase.act", "bader.nasser");
    assert!(
        shown.contains("names under it: aisha.salem, bader.nasser"),
        "{shown}"
    );
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

    let (_, again) = erase("order 5", &act);
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(
        (&again["erased"], &again["kept"]),
        (&json!([]), &kept),
        "an act does nothing twice"
    );

    let store = Sqlite::open(folder.join("midflow.db")).await.unwrap();
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
    let digest = Digest::of(note.text().as_bytes());
    let erased = admin("erased");
    assert_eq!(erased.actor, "aisha.salem, bader.nasser");
    assert_eq!(erased.signed, Some(digest));
    store.close().await;

    // The control: people whom no start of a node has named. A hold that is younger than the act is not the one that was meant.
    let noura = key(folder, "noura.ali");
    configure(folder, &[&aisha, &noura]);
    let subject = |arguments: &[&str]| run(folder, &[&["subject"], arguments].concat());
    let hold = |reference| {
        let later = later.to_string();
        let held = [
            "hold",
            "--flow",
            &later,
            "--by",
            "Aisha",
            "--reference",
            reference,
        ];
        assert!(subject(&held).status.success());
    };
    hold("case 1");
    let write = |number: &str| {
        let act = format!("release{number}.act");
        assert!(
            subject(&["release", number, "--write-act", &act])
                .status
                .success()
        );
        for name in ["aisha.salem", "noura.ali"] {
            sign(folder, &act, name);
        }
    };
    write("1");
    write("2");
    hold("case 2");
    let younger = subject(&["release", "2", "--act", "release2.act"]);
    assert!(
        said(&younger).contains("was placed after the act was written"),
        "{}",
        said(&younger)
    );
    let other = subject(&["release", "2", "--act", "release1.act"]);
    assert!(said(&other).contains("the act says `hold 1`"), "{}", said(&other));
    assert!(
        subject(&["release", "1", "--act", "release1.act"])
            .status
            .success()
    );
    let verified = json(folder, &["audit", "verify"]);
    let found: Vec<&str> = verified["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["what"].as_str())
        .collect();
    let expected = [
        "the act was not signed by two administrators whom a start of a node has named before",
        "this takes two administrators, and it names no act that they have signed",
    ];
    assert_eq!(found, expected, "{verified}");
}

// R003-75: a correction that two people have signed names their act, and the act brings no older value back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_sign_a_correction() {
    let node = FullNode::start(1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    let flow = node.ask(&person).await.view.flow;
    node.ended(flow).await;
    node.engine.shutdown().await;
    node.store.close().await;
    let folder = node.state();
    let (aisha, bader) = (key(folder, "aisha.salem"), key(folder, "bader.nasser"));
    configure(folder, &[&aisha, &bader]);
    named_at_a_start(folder, &[&aisha, &bader]).await;
    let flow = flow.to_string();
    let rectify = |value: &str, two: [&str; 2]| {
        let what = [
            "subject", "rectify", "--flow", &flow, "--field", "name_ar", "--value", value,
        ];
        let why = ["--basis", "wrong-or-outdated", "--reference", "application 18"];
        let output = run(folder, &[&what[..], &why, &two].concat());
        (output.status.code(), said(&output))
    };
    for (value, act) in [("سالم", "first.act"), ("سالم ناصر", "second.act")] {
        let (code, wrote) = rectify(value, ["--write-act", act]);
        assert_eq!(code, Some(0), "{wrote}");
        assert!(
            !std::fs::read_to_string(folder.join(act))
                .unwrap()
                .contains("سالم")
        );
        sign(folder, act, "bader.nasser");
        sign(folder, act, "aisha.salem");
    }
    let (_, other) = rectify("سالم ناصر", ["--act", "first.act"]);
    assert!(other.contains("the act says `value "), "{other}");
    for (value, act) in [("سالم", "first.act"), ("سالم ناصر", "second.act")] {
        let (code, done) = rectify(value, ["--act", act]);
        assert_eq!(code, Some(if act == "first.act" { 0 } else { 1 }), "{done}");
    }
    let verified = json(folder, &["audit", "verify"]);
    assert_eq!(verified["problems"], 0, "{verified}");
    let store = Sqlite::open(folder.join("midflow.db")).await.unwrap();
    let records = store.records_after(0, 1_000).await.unwrap();
    let corrections: Vec<_> = records
        .iter()
        .filter_map(|record| match &record.event {
            Event::Correction(correction) => Some(correction),
            _ => None,
        })
        .collect();
    let [correction] = corrections.as_slice() else {
        panic!("{corrections:?}");
    };
    assert_eq!(
        (correction.by.as_str(), correction.approved_by.as_str()),
        ("bader.nasser", "aisha.salem")
    );
    assert!(correction.act.is_some());
    store.close().await;
    assert!(run(folder, &["audit", "checkpoint", "--now"]).status.success());
    let evidence = [
        "evidence",
        "export",
        &flow,
        "-o",
        "evidence.tar",
        "--by",
        "noura",
        "--reason",
        "case 7",
    ];
    let exported = run(folder, &evidence);
    assert!(exported.status.success(), "{}", said(&exported));
    let proved = run(
        folder,
        &["evidence", "verify", "evidence.tar", "--key", "secrets/log.vkey"],
    );
    assert!(proved.status.success(), "{}", said(&proved));
    let archive = std::fs::read(folder.join("evidence.tar")).unwrap();
    let public = std::fs::read_to_string(folder.join("secrets/log.vkey")).unwrap();
    crate::evidence::is_good_for_python(&archive, public.trim());
}

// R003-75: the same beside a node that runs: the act travels to it, and it is the node that holds it against what is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_node_is_given_the_act() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (aisha, bader) = (key(folder, "aisha.salem"), key(folder, "bader.nasser"));
    let (engine, store) = start(folder, &[&aisha, &bader]).await;
    let socket = http::bind("console", "127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let secrets = Secrets::open(&folder.join("secrets")).unwrap();
    let settings = http::ConsoleSettings {
        public_base: None,
        admins: http::ApiKeys::new([http::ApiKey {
            client: "cli".to_owned(),
            digest: Digest::of(secrets.admin_key().as_bytes()),
        }]),
    };
    let console = http::console(Arc::new(engine.clone()), settings);
    let handle = http::Handle::new();
    tokio::spawn(http::serve(socket, console, None, handle.clone()));
    configure_with(folder, &[&aisha, &bader], Some(address));

    // The command is a process of its own, and the console that it asks runs here.
    let subject = async |arguments: &[&str]| {
        let arguments: Vec<String> = [&["subject"], arguments]
            .concat()
            .iter()
            .map(ToString::to_string)
            .collect();
        let folder = folder.to_path_buf();
        let run = move || run(&folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap()
    };
    let service = [
        "--service",
        "licence-renewal",
        "--by",
        "Aisha",
        "--reference",
        "case 1",
    ];
    let held = subject(&[&["hold"], &service[..]].concat()).await;
    assert!(held.status.success(), "{}", said(&held));
    let wrote = subject(&["release", "1", "--write-act", "release.act"]).await;
    assert!(wrote.status.success(), "{}", said(&wrote));
    sign(folder, "release.act", "aisha.salem");
    let missing = subject(&["release", "1", "--act", "release.act"]).await;
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        said(&missing).contains("one of bader.nasser has to, too"),
        "{}",
        said(&missing)
    );
    let by_name = subject(&["release", "1", "--by", "Aisha", "--by", "Bader"]).await;
    assert!(
        said(&by_name).contains("names are not enough"),
        "{}",
        said(&by_name)
    );
    sign(folder, "release.act", "bader.nasser");
    let released = subject(&["release", "1", "--act", "release.act"]).await;
    assert!(released.status.success(), "{}", said(&released));
    handle.shutdown();
    engine.shutdown().await;
    store.close().await;
    let verified = json(folder, &["audit", "verify"]);
    assert_eq!(verified["problems"], 0, "{verified}");
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
    let unsigned = release(&["--write-act", "release.act"]);
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
    let sign = |act: &str, key: &str| refused(&["act", "sign", act, "--yes", "--key", key]);
    let absent = sign("none.act", "aisha.salem.key");
    assert!(absent.contains("can't read none.act"), "{absent}");
    std::fs::write(folder.join("note.act"), "midflow act release\nhold 3\n").unwrap();
    let form = sign("note.act", "aisha.salem.key");
    assert!(form.contains("note.act: this is no act"), "{form}");
    let stamp = ActStamp::new(Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    let over = ActNote::new(&Act::new("release", "a", &stamp), Opening::new([7; 32])).unwrap();
    std::fs::write(folder.join("over.act"), over.to_string()).unwrap();
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

// Whoever signs after another changes nothing but the signatures: not where the file lies, nor who may read it.
#[test]
fn signing_keeps_the_file_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    key(folder, "aisha.salem");
    let stamp = ActStamp::new(midflow::engine::Clock::now(&SystemClock));
    let act = ActNote::new(&Act::new("release", "a", &stamp), Opening::new([7; 32])).unwrap();
    let real = folder.join("real.act");
    std::fs::write(&real, act.to_string()).unwrap();
    std::fs::set_permissions(&real, Permissions::from_mode(0o664)).unwrap();
    std::fs::write(folder.join("real.new"), "somebody's").unwrap();
    std::os::unix::fs::symlink("real.act", folder.join("link.act")).unwrap();
    sign(folder, "link.act", "aisha.salem");
    assert!(
        std::fs::symlink_metadata(folder.join("link.act"))
            .unwrap()
            .is_symlink()
    );
    let signed = ActNote::read(&std::fs::read_to_string(&real).unwrap()).unwrap();
    assert_eq!(signed.names().collect::<Vec<_>>(), ["aisha.salem"]);
    assert_eq!((signed.text(), signed.opening()), (act.text(), act.opening()));
    let mode = std::fs::metadata(&real).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o664);
    assert_eq!(
        std::fs::read_to_string(folder.join("real.new")).unwrap(),
        "somebody's"
    );
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 4, "nothing is left");
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
    let signed = run(
        folder,
        &["act", "sign", act, "--yes", "--key", &format!("{name}.key")],
    );
    assert!(signed.status.success(), "{}", said(&signed));
    said(&signed)
}

/// A node starts with these administrators, and stops again.
async fn named_at_a_start(folder: &Path, administrators: &[&String]) {
    let (engine, store) = start(folder, administrators).await;
    engine.shutdown().await;
    store.close().await;
}

/// Starts a node with these administrators.
async fn start(folder: &Path, administrators: &[&String]) -> (Engine, Arc<Sealed<Sqlite>>) {
    let keys: Vec<String> = administrators.iter().map(|key| (*key).clone()).collect();
    let store = Arc::new(sealed_store(folder).await);
    let started = Engine::start(EngineParts {
        folder: served_policies(),
        store: store.clone(),
        connector: Arc::new(ToldAuthority::new()),
        secrets: Arc::new(Secrets::open(&folder.join("secrets")).unwrap()),
        clock: Arc::new(SystemClock),
        options: EngineOptions {
            callback_base_url: "https://callback.example/".to_owned(),
            administrators: Some(Administrators::read(&keys).unwrap()),
            ..EngineOptions::default()
        },
        notify_roots: Vec::new(),
        gates: Vec::new(),
        settings: None,
        anchors: Vec::new(),
    });
    (started.await.unwrap(), store)
}

fn configure(folder: &Path, administrators: &[&String]) {
    configure_with(folder, administrators, None);
}

fn configure_with(folder: &Path, administrators: &[&String], console: Option<SocketAddr>) {
    let (store, keys) = (
        json!({ "sqlite": "midflow.db" }),
        json!({ "file": "midflow.key" }),
    );
    let mut config = config::of_node_at_rest(&store, &keys);
    config["administrators"] = json!(administrators);
    if let Some(address) = console {
        config["listeners"]["console"] = json!({ "address": address });
    }
    config::write(folder, "midflow.yaml", &config);
}
