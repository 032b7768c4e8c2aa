//! Evidence: exported from real flows, verified by the program and by the Python verifier, altered in every way.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Output;

use midflow::audit::evidence::Member;
use midflow::audit::evidence::VERIFY_PY;
use midflow::audit::evidence::pack;
use midflow::audit::evidence::seal;
use midflow::audit::evidence::unpack;
use midflow::audit::evidence::verify;
use midflow::audit::log::Checkpoint;
use midflow::audit::log::LogKey;
use midflow::engine::Secrets;
use midflow::engine::export_evidence;
use midflow::sandbox::Scenario;
use midflow::sandbox::StampAlgorithm;
use midflow::store::Store;
use midflow::words::FlowId;

use crate::scenarios::fate;
use crate::scenarios::play;
use crate::support::dice::Dice;
use crate::support::full_node::FullNode;
use crate::support::full_node::digits;
use crate::support::store::sealed_to_read;

// R000-122 to R000-149, law 12: what is exported is good for both verifiers; what is altered is good for neither, also
// where it was sealed again with the stolen key of the log, or with another key.
#[tokio::test(flavor = "multi_thread")]
async fn two_verifiers_agree_on_good_and_on_altered_evidence() {
    let scenarios = [
        Scenario::Approved,
        Scenario::WrongPerson,
        Scenario::Forged,
        Scenario::ErrorReply,
    ];
    let node = FullNode::start(scenarios.len(), StampAlgorithm::Rsa2048).await;
    let people: Vec<_> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    let mut flows = Vec::new();
    for (scenario, person) in scenarios.into_iter().zip(&people) {
        node.authority.arm(scenario, Some(person), None).unwrap();
        let flow = node.ask(person).await.view.flow;
        play(&node, flow, fate(scenario)).await;
        flows.push(flow);
    }
    // The last checkpoint is made when the engine stops.
    node.engine.shutdown().await;
    let secrets = Secrets::open(&node.state().join("secrets")).unwrap();
    let key = secrets.named_log_key().unwrap().unwrap();
    let store = sealed_to_read(node.state()).await;

    let mut cases = Vec::new();
    let mut good = Vec::new();
    for (flow, person) in flows.iter().zip(&people) {
        let archive = export_evidence(&store, *flow, &key).await.unwrap();
        assert_eq!(
            export_evidence(&store, *flow, &key).await.unwrap(),
            archive,
            "the same bytes"
        );
        check_content(&archive, digits(person));
        good.push((*flow, archive));
    }
    store.close().await;
    let mut dice = Dice::new(Dice::seed());
    for number in 0..rounds() {
        let (flow, archive) = &good[number % good.len()];
        cases.push((
            true,
            "as exported, with another report",
            with_report(*flow, archive, number, &key),
        ));
        let (how, altered) = altered(&mut dice, *flow, archive, &key);
        cases.push((false, how, altered));
    }
    cases.extend(
        good.iter()
            .map(|(_, archive)| (true, "as exported", archive.clone())),
    );

    let folder = tempfile::tempdir().unwrap();
    for (number, (_, _, archive)) in cases.iter().enumerate() {
        fs::write(folder.path().join(format!("{number:05}.tar")), archive).unwrap();
    }
    let told = by_python(folder.path(), &key.verifier().to_string());
    assert_eq!(told.len(), cases.len());
    for ((expected, how, archive), python) in cases.iter().zip(&told) {
        let verdict = verify(archive, Some(key.verifier()));
        assert_eq!(verdict.is_good(), *expected, "{how}: {:?}", verdict.problems);
        assert_eq!(python.starts_with("good"), *expected, "{how}: {python}");
    }
    println!("{} cases, each with one verdict", cases.len());
    commands(&node, &flows);
    node.shutdown().await;
}

/// How many good and altered ones are tried: a thousand of each with `MIDFLOW_SOAK=1`.
fn rounds() -> usize {
    if std::env::var_os("MIDFLOW_SOAK").is_some() {
        1_000
    } else {
        60
    }
}

fn check_content(archive: &[u8], civil_no: &str) {
    let members = unpack(archive).unwrap();
    let text = |name: &str| {
        let member = members.iter().find(|member| member.name == name);
        String::from_utf8(member.unwrap_or_else(|| panic!("{name}")).bytes.clone()).unwrap()
    };
    let report = text("report.html");
    for part in [
        "lang=\"ar\" dir=\"rtl\"",
        "تقرير إثبات",
        "Evidence report",
        "Driving licence renewal",
        civil_no,
    ] {
        assert!(report.contains(part), "{part}");
    }
    assert!(
        !report.contains("<script") && !report.contains("http"),
        "it needs nothing but itself"
    );
    assert_eq!(text("verify.py"), VERIFY_PY);
    assert!(text("catalog/manifest.txt").contains("scripts/licence-renewal.rhai"));
    for member in members.iter().filter(|member| member.name.starts_with("log/")) {
        let held = String::from_utf8_lossy(&member.bytes);
        assert!(!held.contains(civil_no), "law 13: {}", member.name);
    }
    assert!(members.iter().any(|member| member.name.starts_with("exchanges/")));
}

fn with_report(flow: FlowId, archive: &[u8], number: usize, key: &LogKey) -> Vec<u8> {
    let mut members = own(archive);
    find(&mut members, "report.html").bytes = vec![b'x'; number];
    seal(flow, members, key).unwrap()
}

/// The members without the manifest and its note.
fn own(archive: &[u8]) -> Vec<Member> {
    unpack(archive).unwrap().split_off(2)
}

fn find<'a>(members: &'a mut [Member], name: &str) -> &'a mut Member {
    members
        .iter_mut()
        .find(|member| member.name.contains(name))
        .unwrap()
}

fn altered(dice: &mut Dice, flow: FlowId, archive: &[u8], key: &LogKey) -> (&'static str, Vec<u8>) {
    let mut all = unpack(archive).unwrap();
    let mut members = own(archive);
    let flip = |dice: &mut Dice, bytes: &mut Vec<u8>| {
        let at = dice.below(bytes.len());
        bytes[at] ^= 1 << dice.below(8);
    };
    let resealed = |members: Vec<Member>| seal(flow, members, key).unwrap();
    match dice.below(14) {
        0 | 1 => {
            let mut bytes = archive.to_vec();
            flip(dice, &mut bytes);
            ("a bit", bytes)
        }
        2 => {
            let length = dice.below(archive.len());
            ("cut off", archive[..length].to_vec())
        }
        3 => {
            all.remove(dice.below(all.len()));
            ("a member left out", pack(&all).unwrap())
        }
        4 => {
            let (one, other) = (dice.below(all.len()), dice.below(all.len()));
            let moved = (one + 1 + other % (all.len() - 1)) % all.len();
            let bytes = all[one].bytes.clone();
            all[one].bytes = std::mem::replace(&mut all[moved].bytes, bytes);
            ("two members exchanged", pack(&all).unwrap())
        }
        5 => {
            let at = dice.below(all.len());
            let twice = all[at].clone();
            all.insert(at, twice);
            ("a member twice", pack(&all).unwrap())
        }
        6 => {
            let kind = dice.pick(&[".json", ".entry", ".proof"]);
            let records: Vec<usize> = members
                .iter()
                .enumerate()
                .filter(|(_, member)| member.name.starts_with("log/0") && member.name.ends_with(kind))
                .map(|(at, _)| at)
                .collect();
            let at = records[dice.below(records.len())];
            flip(dice, &mut members[at].bytes);
            ("a record, sealed again with the stolen key", resealed(members))
        }
        7 => {
            let at = find(&mut members, "exchanges/");
            flip(dice, &mut at.bytes);
            ("a message, sealed again", resealed(members))
        }
        8 => {
            let at = find(&mut members, "catalog/files/");
            at.bytes.push(b'\n');
            ("a policy, sealed again", resealed(members))
        }
        9 => {
            members.push(Member {
                name: "log/extra.txt".to_owned(),
                bytes: b"nothing speaks of me".to_vec(),
            });
            ("something more, sealed again", resealed(members))
        }
        10 => {
            let stem = members
                .iter()
                .find(|member| member.name.ends_with(".json") && member.bytes.starts_with(b"{\"ending\""))
                .map(|member| member.name.replace(".json", ""))
                .unwrap();
            members.retain(|member| !member.name.starts_with(&stem));
            ("without its ending, sealed again", resealed(members))
        }
        11 => {
            members.retain(|member| !member.name.starts_with("exchanges/"));
            ("without its messages, sealed again", resealed(members))
        }
        12 => {
            let head = find(&mut members, "log/checkpoint");
            let (mut checkpoint, _) =
                Checkpoint::open(&String::from_utf8(head.bytes.clone()).unwrap(), key.verifier()).unwrap();
            checkpoint.root = midflow::words::Digest::of(checkpoint.root.as_bytes());
            let forged = checkpoint.sign(key).to_string();
            let shown =
                String::from_utf8(std::mem::replace(&mut head.bytes, forged.clone().into_bytes())).unwrap();
            for member in members
                .iter_mut()
                .filter(|member| member.name.ends_with(".proof"))
            {
                let proof = String::from_utf8(member.bytes.clone()).unwrap();
                member.bytes = proof.replace(&shown, &forged).into_bytes();
            }
            ("another head, signed with the stolen key", resealed(members))
        }
        _ => {
            let seed = dice.byte();
            let prefix = hex::decode("302e020100300506032b657004220420").unwrap();
            let other = LogKey::of_log(key.verifier().name(), &[prefix, vec![seed; 32]].concat()).unwrap();
            let head = find(&mut members, "log/checkpoint");
            let shown = String::from_utf8(head.bytes.clone()).unwrap();
            let (checkpoint, _) = Checkpoint::open(&shown, key.verifier()).unwrap();
            let forged = checkpoint.sign(&other).to_string();
            head.bytes = forged.clone().into_bytes();
            for member in members
                .iter_mut()
                .filter(|member| member.name.ends_with(".proof"))
            {
                let proof = String::from_utf8(member.bytes.clone()).unwrap();
                member.bytes = proof.replace(&shown, &forged).into_bytes();
            }
            find(&mut members, "log/key.vkey").bytes = format!("{}\n", other.verifier()).into_bytes();
            let archive = seal(flow, members, &other).unwrap();
            assert!(
                verify(&archive, None).is_good(),
                "the parts agree; only the key tells"
            );
            ("all of it under another key", archive)
        }
    }
}

/// What the Python verifier says of every file of a folder, in one process.
/// The independent verifier finds it good.
pub fn is_good_for_python(archive: &[u8], key: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("evidence.tar"), archive).unwrap();
    let told = by_python(folder.path(), key);
    assert!(
        matches!(told.as_slice(), [one] if one.starts_with("good")),
        "{told:?}"
    );
}

fn by_python(folder: &Path, key: &str) -> Vec<String> {
    let script = folder.join("verify.py");
    fs::write(&script, VERIFY_PY).unwrap();
    let driver = "import glob, os, sys\nsys.path.insert(0, sys.argv[1])\nimport verify\n\
                  for path in sorted(glob.glob(os.path.join(sys.argv[1], '*.tar'))):\n    \
                  sys.argv = ['verify.py', path, '--key', sys.argv[-1]]\n    verify.main()\n";
    let output = Command::new("python3")
        .args(["-c", driver])
        .arg(folder)
        .arg(key)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said.lines()
        .filter(|line| line.starts_with("good") || line.starts_with("not good"))
        .map(str::to_owned)
        .collect()
}

/// The commands: a file is written once and for its owner alone, and is verified with nothing but itself.
fn commands(node: &FullNode, flows: &[FlowId]) {
    let place = node.folder.join("var/dev");
    fs::create_dir_all(&place).unwrap();
    for name in ["midflow.db", "secrets"] {
        std::os::unix::fs::symlink(node.state().join(name), place.join(name)).unwrap();
    }
    fs::copy(
        node.state().join("midflow.key"),
        node.state().join("secrets/midflow.key"),
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flow.tar");
    let run = |arguments: &[&str]| -> Output {
        Command::new(env!("CARGO_BIN_EXE_midflow"))
            .arg("evidence")
            .args(arguments)
            .output()
            .unwrap()
    };
    let (path, dir) = (file.to_str().unwrap(), node.folder.to_str().unwrap());
    let flow = flows[0].to_string();
    let unfit = run(&[
        "export",
        &flow,
        "-o",
        path,
        "--dir",
        dir,
        "--reason",
        "of 399123100017",
    ]);
    assert_eq!(unfit.status.code(), Some(2));
    assert!(!file.exists(), "nobody has it before the log says so");
    let export = run(&[
        "export", &flow, "-o", path, "--dir", dir, "--by", "noura", "--reason", "case 17",
    ]);
    assert!(
        export.status.success(),
        "{}",
        String::from_utf8_lossy(&export.stderr)
    );
    // R000-151: that it was taken is recorded, with the digest of what was taken.
    let told = admin_acts(&node.state().join("midflow.db"), "evidence_exported");
    let digest = midflow::words::Digest::of(&fs::read(&file).unwrap()).to_string();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains(&flow)
            && told[0].contains(&digest)
            && told[0].contains("case 17")
            && told[0].contains("noura"),
        "{told:?}"
    );
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        run(&["export", &flow, "-o", path, "--dir", dir]).status.code(),
        Some(2)
    );
    let key = node.state().join("secrets/log.vkey");
    for arguments in [
        vec!["verify", path],
        vec!["verify", path, "--key", key.to_str().unwrap()],
    ] {
        let good = run(&arguments);
        assert_eq!(
            good.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&good.stdout)
        );
        assert!(String::from_utf8_lossy(&good.stdout).starts_with(&format!("good: flow {flow}")));
    }
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let spoiled = folder.path().join("spoiled.tar");
    fs::write(&spoiled, bytes).unwrap();
    let bad = run(&["verify", spoiled.to_str().unwrap(), "--format", "json"]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&bad.stdout).contains("\"good\":false"));
}

/// What the log says of acts of a kind.
fn admin_acts(store: &Path, act: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(store).unwrap();
    let mut rows = connection
        .prepare(
            "SELECT event FROM records WHERE kind = 'admin' AND event ->> '$.admin.act' = ?1 ORDER BY seq",
        )
        .unwrap();
    rows.query_map([act], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}
