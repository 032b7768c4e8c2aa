//! Record and replay: what a node has exchanged with an authority is taken out of its store, and another node gets the same
//! outcomes from the recording.

use std::fs;

use midflow::audit::Event;
use midflow::engine::StartFlow;
use midflow::sandbox::Cassette;
use midflow::sandbox::Face;
use midflow::sandbox::Scenario;
use midflow::sandbox::StampAlgorithm;
use midflow::words::Capability;
use midflow::words::Channel;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::FlowId;
use midflow::words::Outcome;
use serde_json::json;

use crate::capabilities;
use crate::scenarios::Fate;
use crate::scenarios::check_ending;
use crate::scenarios::check_fate;
use crate::scenarios::play;
use crate::support::command::Serving;
use crate::support::command::json;
use crate::support::command::run;
use crate::support::command::said;
use crate::support::full_node::FullNode;
use crate::support::full_node::count;
use crate::support::node::CLIENT;
use crate::transports::Cell;
use crate::transports::ask_until_it_comes;
use crate::transports::asks_for_an_answer;
use crate::transports::cell;
use crate::transports::is_polled;

// F88: each fault that was recorded is there again in the replay: the same outcome, by the same check, for another person, at
// another time, with other ids.
#[tokio::test(flavor = "multi_thread")]
async fn every_fault_that_was_recorded_comes_again() {
    comes_again(Face::Bridge, &Scenario::ALL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_over_soap_comes_again() {
    comes_again(Face::Soap, &SOME).await;
    comes_again(Face::SoapText, &SOME).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_over_the_gateway_comes_again() {
    comes_again(Face::Gateway, &SOME).await;
    comes_again(Face::GatewayUnstamped, &SOME).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_over_a_template_comes_again() {
    comes_again(Face::Template, &SOME).await;
}

async fn comes_again(face: Face, scenarios: &[Scenario]) {
    let node = FullNode::through(face, scenarios.len(), StampAlgorithm::EcdsaP256).await;
    let mut people: Vec<CivilNo> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    let mut played = Vec::new();
    for (scenario, person) in scenarios.iter().copied().zip(&people) {
        let Cell::Ends(fate) = cell(face, scenario) else {
            continue;
        };
        node.authority.arm(scenario, Some(person), None).unwrap();
        let flow = once(&node, face, (scenario, fate), person).await;
        played.push((scenario, fate, flow));
    }
    let flows: Vec<FlowId> = played.iter().map(|(.., flow)| *flow).collect();
    let cassette = recorded(&node, face, &flows);
    node.shutdown().await;

    let again = FullNode::replaying(cassette, face, scenarios.len()).await;
    // Somebody else each time.
    people.rotate_left(1);
    for ((scenario, fate, _), person) in played.into_iter().zip(&people) {
        once(&again, face, (scenario, fate), person).await;
    }
    assert_eq!(again.authority.left_of_cassette(), Vec::<String>::new());
    again.shutdown().await;
}

/// Asks a person and checks what becomes of it.
async fn once(node: &FullNode, face: Face, (scenario, fate): (Scenario, Fate), person: &CivilNo) -> FlowId {
    let name = format!("{} over {}", scenario.as_str(), face.as_str());
    println!("{name}");
    let flow = node.ask(person).await.view.flow;
    if is_polled(face) && asks_for_an_answer(fate, scenario) {
        ask_until_it_comes(node, flow).await;
    }
    let (view, timeline) = play(node, flow, fate).await;
    check_ending(&name, &view, &timeline);
    check_fate(&name, fate, &view, &timeline);
    // What comes late comes now, and not in the middle of the next scenario.
    while node.clock.to_next_sleeper() {
        tokio::task::yield_now().await;
    }
    flow
}

/// What `midflow cassette record` takes out of the store of a node that runs.
fn recorded(node: &FullNode, face: Face, flows: &[FlowId]) -> Cassette {
    let state = node.state();
    let kuwait = node.authority.sp_settings().lay_out(face, state).unwrap();
    let config = json!({
        "midflow": 1,
        "environment": "development",
        "store": { "sqlite": "midflow.db" },
        "secrets": "secrets",
        "keys": { "file": "midflow.key" },
        "listeners": {
            "api": { "address": "127.0.0.1:1" },
            "callback": {
                "address": "127.0.0.1:2",
                "tls": { "certificate": "callback.pem", "key": "callback.key" },
            },
        },
        "connector": { "kuwait": kuwait },
        "clients": [{ "name": CLIENT, "key": Digest::of(b"a key").to_string() }],
    });
    fs::write(state.join("midflow.yaml"), config.to_string()).unwrap();
    let names: Vec<String> = flows.iter().map(ToString::to_string).collect();
    let mut arguments = vec!["cassette", "record", "-o", "cassette.json"];
    arguments.extend(names.iter().map(String::as_str));
    let output = run(state, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = fs::read_to_string(state.join("cassette.json")).unwrap();
    // Law 13: everybody in the crowd has this name.
    assert!(!text.contains("Synthetic Citizen") && !text.contains("مواطن"));
    Cassette::parse(&text).unwrap()
}

// F88: all capabilities, two flows at once, and in another order than they were recorded in.
#[tokio::test(flavor = "multi_thread")]
async fn every_capability_comes_again_in_any_order() {
    let node = FullNode::start(6, StampAlgorithm::EcdsaP256).await;
    let people: Vec<CivilNo> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    let mut flows = Vec::new();
    let push = node.ask(&people[0]).await.view.flow;
    assert_eq!(node.ended(push).await.outcome, Some(Outcome::Approved));
    flows.push(push);
    let shown = node.engine.start_flow(capabilities::code()).await.unwrap().view;
    node.authority.scan(shown.qr.unwrap().text(), &people[1]).unwrap();
    assert_eq!(node.ended(shown.flow).await.outcome, Some(Outcome::Approved));
    flows.push(shown.flow);
    let card = node.authority.card(&people[2]).unwrap().text().to_owned();
    let verified = node.engine.start_flow(scanned(card)).await.unwrap().view;
    assert_eq!(verified.outcome, Some(Outcome::Approved));
    flows.push(verified.flow);
    let told = node.engine.start_flow(reminder(&people[0])).await.unwrap().view;
    assert_eq!(told.outcome, Some(Outcome::Approved));
    flows.push(told.flow);
    for (scenario, outcome) in SIGNING {
        node.authority.arm(scenario, Some(&people[3]), None).unwrap();
        let flow = signed(&node, &people[3]).await;
        assert_eq!(node.ended(flow).await.outcome, Some(outcome));
        flows.push(flow);
    }
    let cassette = recorded(&node, Face::Bridge, &flows);
    node.shutdown().await;

    let again = FullNode::replaying(cassette, Face::Bridge, 6).await;
    for (_, outcome) in SIGNING {
        let flow = signed(&again, &people[5]).await;
        let ended = again.ended(flow).await;
        assert_eq!(ended.outcome, Some(outcome), "{:?}", again.timeline(flow).await);
        assert_eq!(ended.signature.is_some(), outcome == Outcome::Approved);
    }
    let told = again.engine.start_flow(reminder(&people[4])).await.unwrap().view;
    assert_eq!(told.outcome, Some(Outcome::Approved));
    // Two at once: who scans the code is nobody's business here, the recorded one has done it.
    let (shown, push) = tokio::join!(
        again.engine.start_flow(capabilities::code()),
        again.ask(&people[4])
    );
    let shown = shown.unwrap().view.flow;
    assert_eq!(again.ended(push.view.flow).await.outcome, Some(Outcome::Approved));
    assert_eq!(again.ended(shown).await.outcome, Some(Outcome::Approved));
    let any = "any code".to_owned();
    let verified = again.engine.start_flow(scanned(any)).await.unwrap().view;
    assert_eq!(
        verified.outcome,
        Some(Outcome::Approved),
        "{:?}",
        again.timeline(verified.flow).await
    );
    assert_eq!(again.authority.left_of_cassette(), Vec::<String>::new());
    again.shutdown().await;
}

fn scanned(text: String) -> StartFlow {
    let ask = capabilities::ask("clinic-check-in", Capability::VerifyQr, None);
    StartFlow {
        channel: Channel::Counter,
        qr_data: Some(text),
        ..ask.input("appointment", "1234567")
    }
}

fn reminder(person: &CivilNo) -> StartFlow {
    let ask = capabilities::ask("appointment-reminders", Capability::Notify, Some(person));
    StartFlow {
        template: Some("reminder".to_owned()),
        ..ask.input("appointment", "1234567").input("hour", "09:30")
    }
}

async fn signed(node: &FullNode, person: &CivilNo) -> FlowId {
    let flow = capabilities::held(node, person).await;
    let confirmation = capabilities::confirmation(true, true);
    node.engine.confirm(CLIENT, flow, confirmation).await.unwrap();
    flow
}

// What a recording does not hold is made up by nobody.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_recorded_is_refused() {
    let node = FullNode::start(1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    let flow = node.ask(&person).await.view.flow;
    node.ended(flow).await;
    let cassette = recorded(&node, Face::Bridge, &[flow]);
    node.shutdown().await;

    let again = FullNode::replaying(cassette, Face::Bridge, 1).await;
    let other = again
        .engine
        .start_flow(capabilities::code())
        .await
        .unwrap()
        .view
        .flow;
    refused(&again, other).await;
    let first = again.ask(&person).await.view.flow;
    assert_eq!(again.ended(first).await.outcome, Some(Outcome::Approved));
    let second = again.ask(&person).await.view.flow;
    refused(&again, second).await;
    let ledger = again.authority.ledger();
    let replies: Vec<_> = ledger
        .received
        .iter()
        .map(|entry| entry.reply.as_deref())
        .collect();
    let none = Some("not in the cassette");
    assert_eq!(replies, [none, Some("http 200"), none]);
    again.shutdown().await;
}

async fn refused(node: &FullNode, flow: FlowId) {
    assert_eq!(node.ended(flow).await.outcome, Some(Outcome::ErrorAuthority));
    let timeline = node.timeline(flow).await;
    let said = timeline.iter().find_map(|entry| match &entry.event {
        Event::Reply(reply) => Some(reply.detail.clone()),
        _ => None,
    });
    assert!(said.unwrap().starts_with("status 409"));
    assert_eq!(count(&timeline, "callback"), 0);
}

#[test]
fn a_file_that_is_none_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    for (text, why) in [
        ("", "it is no cassette: line 1, column 0"),
        (r#"{"midflow":2,"messages":[{}]}"#, "it is no cassette: line 1"),
        (r#"{"midflow":9,"messages":[]}"#, "it is of version 9"),
        (r#"{"midflow":1,"messages":[]}"#, "record the flows again"),
        (
            r#"{"midflow":2,"transport":"bridge","messages":[]}"#,
            "it holds no request",
        ),
    ] {
        fs::write(folder.path().join("cassette.json"), text).unwrap();
        let output = run(
            folder.path(),
            &["cassette", "replay", "cassette.json", "--port", "0"],
        );
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(why), "{why}: {}", said(&output));
    }
    let missing = run(folder.path(), &["cassette", "replay", "nowhere.json"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        said(&missing).contains("can't read nowhere.json"),
        "{}",
        said(&missing)
    );
}

// The whole way of an integrator: sign in, record, and sign in again with the recorded authority, by commands alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_made_and_played_by_commands() {
    let policies = crate::support::policy_folder::with_wide_limits();
    let folder = policies.path();
    let dev = Serving::start(folder, &["dev", "--port", "0"]);
    let flow = sign_in(&dev).await;
    assert_eq!(flow["outcome"]["code"], "approved", "{flow}");
    dev.stop();
    let id = flow["flow"].as_str().unwrap();
    let made = json(folder, &["cassette", "record", id, "-o", "cassette.json"]);
    assert_eq!(made["messages"], 3);

    let dev = Serving::start(folder, &["dev", "--port", "0", "--cassette", "cassette.json"]);
    for _ in 0..2 {
        let again = sign_in(&dev).await;
        assert_eq!(again["outcome"]["code"], "approved", "{again}");
        assert_ne!(again["flow"], flow["flow"]);
    }
    dev.stop();

    let replay = Serving::start(folder, &["cassette", "replay", "cassette.json", "--port", "0"]);
    assert_eq!(
        (&replay.ready["flows"], &replay.ready["transport"]),
        (&json!(1), &json!("bridge"))
    );
    let settings = fs::read_to_string(folder.join("var/replay/connector.yaml")).unwrap();
    let settings: serde_json::Value = serde_json::from_str(&settings).unwrap();
    let base = settings["kuwait"]["base_url"].as_str().unwrap();
    assert!(
        replay.ready["authority"]
            .as_str()
            .unwrap()
            .starts_with(base.trim_end_matches('/'))
    );
    let kuwait: midflow::connector::kuwait::KuwaitSettings =
        serde_json::from_value(settings["kuwait"].clone()).unwrap();
    assert!(kuwait.server_ca.read().is_ok());
    // Regression: it died of a signal that came right after its ready line.
    replay.stop();
}

/// Signs somebody in who approves at once; answers the flow once it has ended.
async fn sign_in(dev: &Serving) -> serde_json::Value {
    let (api, key) = (
        dev.ready["api"].as_str().unwrap(),
        dev.ready["key"].as_str().unwrap(),
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = json!({
        "service": "licence-renewal", "capability": "auth_push", "channel": "web", "locale": "ar",
        "person": { "civil_no": "399123100017" }, "inputs": { "licence": "1234567" },
    });
    let begun = client
        .post(format!("{api}/v1/flows"))
        .bearer_auth(key)
        .json(&ask)
        .send();
    let begun: serde_json::Value = begun.await.unwrap().json().await.unwrap();
    let flow = begun["flow"].as_str().unwrap_or_else(|| panic!("{begun}"));
    let ended = client
        .get(format!("{api}/v1/flows/{flow}?wait=30"))
        .bearer_auth(key)
        .send();
    ended.await.unwrap().json().await.unwrap()
}

/// One of each kind, for transports over which not all can be told apart.
const SOME: [Scenario; 20] = [
    Scenario::Approved,
    Scenario::Declined,
    Scenario::Early,
    Scenario::Duplicate,
    Scenario::LowAssurance,
    Scenario::Revoked,
    Scenario::EndedCertificate,
    Scenario::BrokenCertificate,
    Scenario::CertificateOfAnother,
    Scenario::WrongPerson,
    Scenario::UnknownCode,
    Scenario::Forged,
    Scenario::WrongData,
    Scenario::OldAnswer,
    Scenario::Spaced,
    Scenario::Escaped,
    Scenario::NotEnrolled,
    Scenario::ErrorReply,
    Scenario::ServerError,
    Scenario::Timeout,
];

/// What becomes of a document.
const SIGNING: [(Scenario, Outcome); 4] = [
    (Scenario::Approved, Outcome::Approved),
    (Scenario::OtherDocument, Outcome::WrongDocument),
    (Scenario::SignatureForged, Outcome::SignatureInvalid),
    (Scenario::Declined, Outcome::DeclinedByUser),
];
