//! `midflow why`: flows of every class, explained from the store of a node that runs.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use midflow::engine::Again;
use midflow::engine::ChangeKind;
use midflow::engine::StartFlow;
use midflow::engine::Why;
use midflow::engine::why;
use midflow::sandbox::Scenario;
use midflow::sandbox::StampAlgorithm;
use midflow::store::Sealed;
use midflow::store::Sqlite;
use midflow::words::CivilNo;
use midflow::words::FlowId;
use midflow::words::Outcome;

use crate::scenarios::fate;
use crate::scenarios::play;
use crate::support::full_node::FullNode;
use crate::support::full_node::digits;
use crate::support::node::CLIENT;
use crate::support::node::PERSON;
use crate::support::node::TestNode;
use crate::support::policy_folder;
use crate::support::store::sealed_to_read;

// F18, law 9: each outcome class is explained, replays as it was recorded, and tells what would have led elsewhere.
// Law 13: and nobody's data is in what is told.
#[tokio::test(flavor = "multi_thread")]
async fn flows_of_every_class_are_explained_without_personal_data() {
    let scenarios = [
        (Scenario::Approved, Outcome::Approved),
        (Scenario::Declined, Outcome::DeclinedByUser),
        (Scenario::Timeout, Outcome::TimeoutNoAnswer),
        (Scenario::ErrorReply, Outcome::ErrorAuthority),
        (Scenario::WrongPerson, Outcome::WrongPerson),
        (Scenario::LowAssurance, Outcome::AssuranceInsufficient),
        (Scenario::Forged, Outcome::TimeoutNoAnswer),
        (Scenario::NullDates, Outcome::Refused),
    ];
    let node = FullNode::start(scenarios.len(), StampAlgorithm::Rsa2048).await;
    link(&node.folder, node.state());
    let citizens: Vec<_> = node.crowd().cloned().collect();
    let mut secrets = vec!["1234567".to_owned()];
    for citizen in &citizens {
        secrets.push(digits(&citizen.civil_no).to_owned());
        secrets.push(citizen.name.ar.clone());
        secrets.push(citizen.name.en.clone());
    }
    for ((scenario, outcome), citizen) in scenarios.into_iter().zip(&citizens) {
        let name = scenario.as_str();
        node.authority
            .arm(scenario, Some(&citizen.civil_no), None)
            .unwrap();
        let flow = node.ask(&citizen.civil_no).await.view.flow;
        play(&node, flow, fate(scenario)).await;
        let explained = explained(&node.store, flow).await;
        assert_eq!(explained.outcome, Some(outcome), "{name}");
        let replayed = matches!(explained.again, Again::Same | Again::Partly(_));
        assert!(replayed, "{name}: {:?}", explained.again);
        assert!(!explained.nearest.is_empty(), "{name}");
        let messages = explained.steps.iter().filter_map(|step| step.message.as_ref());
        assert!(
            messages.clone().all(|message| message.intact == Some(true)),
            "{name}"
        );
        assert!(messages.count() >= 1, "{name}");
        let checks = explained
            .steps
            .iter()
            .map(|step| step.checks.len())
            .sum::<usize>();
        assert_eq!(checks == 0, ["timeout", "error-reply"].contains(&name), "{name}");

        let told = [
            text(&node.folder, flow, &[]),
            text(&node.folder, flow, &["--lang", "ar"]),
            text(&node.folder, flow, &["--format", "json"]),
            format!("{explained:?}"),
        ];
        for secret in &secrets {
            assert!(
                !told.iter().any(|told| told.contains(secret.as_str())),
                "{name}: {secret}"
            );
        }
        insta::assert_snapshot!(format!("why-{name}"), settled(&told[0]));
        if scenario == Scenario::WrongPerson {
            insta::assert_snapshot!("why-wrong-person-ar", settled(&told[1]));
        }
    }
    node.shutdown().await;
}

/// A folder whose licence renewal throws for one licence.
fn with_a_fault() -> tempfile::TempDir {
    let folder = policy_folder::with_wide_limits();
    let script = folder.path().join("scripts/licence-renewal.rhai");
    let written = fs::read_to_string(&script).unwrap();
    let broken = written.replace(
        "fn approved(flow) {",
        "fn approved(flow) {\n    let fines = flow.inputs.amount;\n    if fines > 900 { throw \"no such fine\"; }",
    );
    fs::write(&script, broken).unwrap();
    folder
}

// The plan, the deciding line with what it saw, and the bound to the dinar.
#[tokio::test]
async fn what_the_script_saw_and_where_it_turns_are_told() {
    let folder = with_a_fault();
    let node = TestNode::with_policies(folder.path()).await;
    link(folder.path(), &node.state);
    let store = sealed_to_read(&node.state).await;

    // 600 dinars: high assurance, and declined.
    let flow = ended(&node, licence(600), 1, "declined.by_user").await;
    let told = explained(&store, flow).await;
    let assurance = told
        .plan
        .values
        .iter()
        .find(|value| value.what == "assurance")
        .unwrap();
    assert_eq!(
        (assurance.value.as_str(), assurance.before.as_deref()),
        ("high", Some("medium"))
    );
    let amount = told
        .nearest
        .iter()
        .find(|change| change.what == "inputs.amount")
        .unwrap();
    assert!(
        amount
            .says
            .en
            .starts_with("`inputs.amount` 600: with 500 or less, medium assurance would have been asked"),
        "{}",
        amount.says.en
    );
    insta::assert_snapshot!("why-tightened", settled(&text(folder.path(), flow, &[])));

    // A script that throws: the line, and why.
    let flow = ended(&node, licence(950), 2, "approved").await;
    let told = explained(&store, flow).await;
    assert_eq!(told.outcome, Some(Outcome::ErrorPolicy));
    let fault = told.decision.as_ref().unwrap().fault.as_deref().unwrap();
    assert!(fault.contains("the script threw \"no such fine\""), "{fault}");
    insta::assert_snapshot!("why-script-fault", settled(&text(folder.path(), flow, &[])));

    // Refused by the hour, before anything was sent: the next opening is told.
    node.clock.forward(Duration::from_secs(11 * 3_600));
    let person = CivilNo::parse(PERSON).unwrap();
    let ask = StartFlow::push(CLIENT, "university-transcript", person)
        .input("student", "20211234")
        .input("language", "english");
    let flow = node.try_ask(ask).await.unwrap().view.flow;
    let told = explained(&store, flow).await;
    assert_eq!(
        (told.outcome, told.again.clone()),
        (Some(Outcome::Refused), Again::Same)
    );
    let first = told.nearest.first().unwrap();
    assert_eq!(first.kind, ChangeKind::Time, "{:?}", told.nearest);
    assert!(
        first.says.en.contains("Mon 2026-03-02 19:59"),
        "{}",
        first.says.en
    );
    insta::assert_snapshot!("why-closed", settled(&text(folder.path(), flow, &[])));
    store_closed(store).await;
}

#[test]
fn an_unknown_flow_is_told_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = run(folder.path(), "0193b5a0-0000-7000-8000-000000000000", &[]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("help: "));
}

fn licence(amount: i64) -> StartFlow {
    let person = CivilNo::parse(PERSON).unwrap();
    StartFlow::push(CLIENT, "licence-renewal", person)
        .input("licence", "1234567")
        .input("amount", amount)
}

/// A flow that the authority has answered with a leaf code; `number` counts the requests so far.
async fn ended(node: &TestNode, ask: StartFlow, number: usize, answer: &str) -> FlowId {
    let flow = node.try_ask(ask).await.unwrap().view.flow;
    let sent = node.authority.has_been_sent(number).await.remove(number - 1);
    node.callback(&sent.token, answer).await;
    node.ended(flow).await;
    flow
}

async fn explained(store: &Sealed<Sqlite>, flow: FlowId) -> Why {
    why(store, flow).await.unwrap()
}

async fn store_closed(store: Sealed<Sqlite>) {
    midflow::store::Store::close(&store).await;
}

/// Puts a node's store where `midflow dev` for this folder would keep it.
fn link(folder: &Path, state: &Path) {
    let place = folder.join("var/dev");
    fs::create_dir_all(&place).unwrap();
    std::os::unix::fs::symlink(state.join("midflow.db"), place.join("midflow.db")).unwrap();
    fs::create_dir_all(place.join("secrets")).unwrap();
    std::os::unix::fs::symlink(state.join("midflow.key"), place.join("secrets/midflow.key")).unwrap();
}

fn run(folder: &Path, flow: impl std::fmt::Display, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_midflow"))
        .arg("why")
        .arg(flow.to_string())
        .args(arguments)
        .arg("--dir")
        .arg(folder)
        .output()
        .unwrap()
}

fn text(folder: &Path, flow: FlowId, arguments: &[&str]) -> String {
    let output = run(folder, flow, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// What changes from run to run, written as what it is.
fn settled(text: &str) -> String {
    let mut text = text.to_owned();
    // The answer can be faster than the reply to the request.
    let groups = regex::Regex::new(r"(?m)^  \u{2066}?#(?:.*\n)(?: {33}.*\n)*").unwrap();
    let mut steps: Vec<&str> = groups.find_iter(&text).map(|group| group.as_str()).collect();
    let all = steps.concat();
    steps.sort_by_key(|step| {
        let kinds = ["was recorded, then sent", "سُجّل", "took the request", "قبلت"];
        kinds
            .iter()
            .position(|kind| step.contains(kind))
            .unwrap_or(kinds.len())
    });
    text = text.replace(&all, &steps.concat());
    for (pattern, word) in [
        (r"; detail +\(changes nothing\)", ""),
        (
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "UUID",
        ),
        (r"sha256:[0-9a-f]{64}", "DIGEST"),
        (r"\b[0-9a-f]{12}\b", "SHORT"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "MOMENT"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", "DAY TIME"),
        (r"\d\d:\d\d:\d\d\.\d{3}", "TIME"),
        (r"\.yaml:\d+(:\d+)?", ".yaml:LINE"),
        (r"#\d+ +", "#SEQ "),
        (r" +\+\d+ ms", " +MS"),
        (r"\d+ bytes", "SIZE bytes"),
        (r"\d+ بايت", "SIZE بايت"),
    ] {
        text = regex::Regex::new(pattern)
            .unwrap()
            .replace_all(&text, word)
            .into_owned();
    }
    text
}
