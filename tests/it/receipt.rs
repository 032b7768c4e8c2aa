//! The receipt that comes with an outcome: verified by whoever got it, with the evidence and without, by both verifiers.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use midflow::audit::Promised;
use midflow::audit::Receipt;
use midflow::audit::evidence::VERIFY_PY;
use midflow::audit::evidence::unpack;
use midflow::audit::log::Checkpoint;
use midflow::audit::log::LogKey;
use midflow::engine::Secrets;
use midflow::engine::export_evidence;
use midflow::sandbox::Scenario;
use midflow::sandbox::StampAlgorithm;
use midflow::store::Store as _;
use midflow::words::Digest;
use midflow::words::Outcome;

use crate::scenarios::fate;
use crate::scenarios::play;
use crate::support::full_node::FullNode;
use crate::support::store::sealed_to_read;

// R000-149, R003-31: what an e-service was promised is shown to be in the log, or is contradicted; a forged promise, a
// changed one, and one of another flow are told, with the reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_is_held_against_the_log() {
    let node = FullNode::start(2, StampAlgorithm::EcdsaP256).await;
    let people: Vec<_> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    let mut flows = Vec::new();
    for (scenario, person) in [Scenario::Approved, Scenario::Declined].into_iter().zip(&people) {
        node.authority.arm(scenario, Some(person), None).unwrap();
        let flow = node.ask(person).await.view.flow;
        play(&node, flow, fate(scenario)).await;
        flows.push(flow);
    }
    let receipt = node.view(flows[0]).await.receipt.unwrap();
    let answer = serde_json::json!({ "flow": flows[0], "receipt": receipt }).to_string();
    node.engine.shutdown().await;
    let secrets = Secrets::open(&node.state().join("secrets")).unwrap();
    let key = secrets.named_log_key().unwrap().unwrap();
    let store = sealed_to_read(node.state()).await;
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for (name, flow) in [("own.tar", flows[0]), ("other.tar", flows[1])] {
        fs::write(
            folder.join(name),
            export_evidence(&store, flow, &key).await.unwrap(),
        )
        .unwrap();
    }
    store.close().await;
    anchors(folder, &key);
    let lie = Promised {
        outcome: Outcome::DeclinedByUser,
        ..promised(&receipt)
    };
    let stolen = Receipt::sign(&lie, &key);
    let forger = other_key(key.verifier().name());
    let forged = Promised {
        log: forger.verifier().to_string(),
        ..promised(&receipt)
    };
    let files = [
        ("receipt", receipt.clone()),
        ("answer", answer),
        ("changed", changed(&receipt)),
        ("stolen-key", stolen.clone()),
        ("forged", Receipt::sign(&forged, &forger)),
        ("nonsense", "yes, it was approved".to_owned()),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    let vkey = key.verifier().to_string();
    for (arguments, code, says) in [
        (&["receipt"][..], 0, "ended as approved"),
        (&["answer", "--key", &vkey], 0, "not looked at"),
        (
            &["receipt", "--key", &vkey, "--evidence", "own.tar"],
            0,
            "no anchor was named",
        ),
        (
            &["receipt", "--evidence", "own.tar", "--anchor", "same"],
            0,
            "1 checkpoints outside agree",
        ),
        (
            &["receipt", "--evidence", "own.tar", "--anchor", "older"],
            1,
            "none says anything",
        ),
        (
            &["receipt", "--evidence", "own.tar", "--anchor", "rewritten"],
            1,
            "knows another log",
        ),
        (&["receipt", "--evidence", "other.tar"], 1, "of another flow"),
        (&["changed"], 1, "not good: the signature"),
        (
            &["stolen-key", "--evidence", "own.tar"],
            1,
            "the receipt promised `declined.by_user`",
        ),
        (
            &["forged", "--key", &vkey],
            1,
            "not signed with the key that is trusted",
        ),
        (&["nonsense"], 2, "this is no receipt"),
    ] {
        let (found, said) = run(folder, arguments);
        assert!(
            found == code && said.contains(says),
            "{arguments:?}: {found}: {said}"
        );
    }
    by_python(folder, &vkey, &receipt, &stolen);
    node.shutdown().await;
}

/// Folders of checkpoints as anchors keep them: one of the evidence's size, an older one, and one of a log that was
/// rewritten with the stolen key.
fn anchors(folder: &Path, key: &LogKey) {
    let members = unpack(&fs::read(folder.join("own.tar")).unwrap()).unwrap();
    let head = members
        .iter()
        .find(|member| member.name == "log/checkpoint")
        .unwrap();
    let head = String::from_utf8(head.bytes.clone()).unwrap();
    let (head, _) = Checkpoint::open(&head, key.verifier()).unwrap();
    let older = Checkpoint {
        size: head.size - 1,
        ..head.clone()
    };
    let rewritten = Checkpoint {
        root: Digest::of(b"another"),
        ..head.clone()
    };
    for (name, checkpoint) in [("same", head), ("older", older), ("rewritten", rewritten)] {
        fs::create_dir(folder.join(name)).unwrap();
        let note = checkpoint.sign(key).to_string();
        fs::write(folder.join(name).join("1.checkpoint"), note).unwrap();
    }
}

/// The same signature under another outcome.
fn changed(receipt: &str) -> String {
    let (statement, signature) = receipt.split_once('.').unwrap();
    let statement = String::from_utf8(URL_SAFE_NO_PAD.decode(statement).unwrap()).unwrap();
    let statement = statement.replace("\"approved\"", "\"declined.by_user\"");
    format!("{}.{signature}", URL_SAFE_NO_PAD.encode(statement))
}

fn promised(receipt: &str) -> Promised {
    Receipt::parse(receipt).unwrap().promise
}

/// Another key under the name of the log, as somebody has who forges from nothing.
fn other_key(name: &str) -> LogKey {
    let head = hex::decode("302e020100300506032b657004220420").unwrap();
    LogKey::of_log(name, &[head, vec![9; 32]].concat()).unwrap()
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_midflow"))
        .current_dir(folder)
        .args(["receipt", "verify"])
        .args(arguments)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

/// The independent verifier, which is in the evidence.
fn by_python(folder: &Path, key: &str, good: &str, bad: &str) {
    fs::write(folder.join("verify.py"), VERIFY_PY).unwrap();
    for (receipt, evidence, expected) in [
        (good, "own.tar", "good: flow"),
        (bad, "own.tar", "not good: the receipt promised another ending"),
        (good, "other.tar", "not good: the receipt is of another flow"),
        (&changed(good), "own.tar", "not good: the receipt is not signed"),
        ("a.b.c", "own.tar", "not good: this is no receipt"),
    ] {
        let output = Command::new("python3")
            .current_dir(folder)
            .args(["verify.py", evidence, "--key", key, "--receipt", receipt])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.starts_with(expected), "{evidence}: {said}");
    }
}
