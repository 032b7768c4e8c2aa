//! One contract for every transport: the same scenarios against a whole node, over each face of the sandbox, with the same
//! expectations. What a transport can't do is named with its rule.

use std::time::Duration;

use midflow::audit::Event;
use midflow::connector::Connector as _;
use midflow::connector::Matter;
use midflow::connector::Notification;
use midflow::connector::PrepareError;
use midflow::connector::Preview;
use midflow::connector::Request;
use midflow::connector::Signing;
use midflow::sandbox::Face;
use midflow::sandbox::Scenario;
use midflow::sandbox::StampAlgorithm;
use midflow::words::Assurance;
use midflow::words::Capability;
use midflow::words::Challenge;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::FlowId;
use midflow::words::Outcome;
use midflow::words::Text;
use midflow::words::Timestamp;

use crate::sandbox::provider::World;
use crate::scenarios::Fate;
use crate::scenarios::WAIT;
use crate::scenarios::check_ending;
use crate::scenarios::check_fate;
use crate::scenarios::fate;
use crate::scenarios::play;
use crate::support::full_node::FullNode;
use crate::support::full_node::count;

/// What a scenario comes to over a transport.
pub enum Cell {
    /// It ends so.
    Ends(Fate),
    /// It can't happen, by this rule.
    Forbidden(&'static str),
}

pub fn cell(face: Face, scenario: Scenario) -> Cell {
    match face {
        Face::Bridge | Face::Soap | Face::SoapText | Face::Template => Cell::Ends(fate(scenario)),
        Face::Gateway => polled(scenario),
        Face::GatewayUnstamped => unstamped(scenario),
    }
}

/// The gateway is asked for the answer; the stamped callback that it hands on is judged as ever.
fn polled(scenario: Scenario) -> Cell {
    match scenario {
        Scenario::Duplicate => {
            Cell::Forbidden("the same answer is taken in once, however often it is asked for")
        }
        Scenario::Conflicting => Cell::Forbidden("a later answer takes the place of an earlier one"),
        Scenario::ForgedFirst => Cell::Forbidden("a later answer takes the place of an earlier one"),
        Scenario::ChallengeAsObject | Scenario::NoChallenge => {
            Cell::Forbidden("the gateway takes no challenge that could be echoed")
        }
        Scenario::EmptyBody => Cell::Forbidden("an empty answer says that there is none yet"),
        Scenario::SlowBody => Cell::Forbidden("nothing is sent to us whose body could trickle"),
        // Without the reply nobody knows the id to ask about.
        Scenario::NoReply => Cell::Ends(Fate::Silence),
        _ => Cell::Ends(fate(scenario)),
    }
}

/// Answers without a stamp carry a status, and nothing that could be forged apart from it.
fn unstamped(scenario: Scenario) -> Cell {
    match scenario {
        // Nothing but the number is known of the person, and this service asks for an age.
        Scenario::Approved | Scenario::Early => Cell::Ends(Fate::RefusedByPolicy),
        Scenario::Declined => Cell::Ends(Fate::Ended(Outcome::DeclinedByUser, "code")),
        // The status has one word for all three.
        Scenario::Revoked | Scenario::Expired | Scenario::VerificationFailed => {
            Cell::Ends(Fate::Ended(Outcome::VerificationFailed, "code"))
        }
        Scenario::Timeout | Scenario::Late | Scenario::ServerError | Scenario::NoReply => {
            Cell::Ends(Fate::Silence)
        }
        Scenario::ErrorReply => Cell::Ends(Fate::Refused(Outcome::ErrorAuthority)),
        _ => Cell::Forbidden("an answer without a stamp has nothing of what this changes"),
    }
}

// R000-081 to R000-085, R000-110 to R000-116, laws 2 to 4, over every transport.
#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_ends_the_same_over_soap() {
    suite(Face::Soap).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_ends_the_same_over_soap_without_mtom() {
    suite(Face::SoapText).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_ends_the_same_over_the_gateway() {
    suite(Face::Gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_ends_as_told_over_a_gateway_without_stamps() {
    suite(Face::GatewayUnstamped).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_ends_the_same_over_a_template() {
    suite(Face::Template).await;
}

async fn suite(face: Face) {
    let node = FullNode::through(face, Scenario::ALL.len(), StampAlgorithm::EcdsaP256).await;
    let people: Vec<CivilNo> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    for (scenario, person) in Scenario::ALL.into_iter().zip(&people) {
        let name = format!("{} over {}", scenario.as_str(), face.as_str());
        let fate = match cell(face, scenario) {
            Cell::Ends(fate) => fate,
            Cell::Forbidden(rule) => {
                println!("{name}: forbidden, {rule}");
                continue;
            }
        };
        node.authority.arm(scenario, Some(person), None).unwrap();
        let flow = node.ask(person).await.view.flow;
        if is_polled(face) && asks_for_an_answer(fate, scenario) {
            ask_until_it_comes(&node, flow).await;
        }
        let (view, timeline) = play(&node, flow, fate).await;
        println!("{name}: {}", view.outcome.unwrap().code());
        check_ending(&name, &view, &timeline);
        check_fate(&name, fate, &view, &timeline);
        if is_polled(face) {
            let from_elsewhere = timeline.iter().any(|entry| match &entry.event {
                Event::Callback(callback) => callback.source != "poll",
                _ => false,
            });
            assert!(!from_elsewhere, "{name}");
        }
    }
    node.shutdown().await;
}

pub const fn is_polled(face: Face) -> bool {
    matches!(face, Face::Gateway | Face::GatewayUnstamped)
}

/// Whether there is an answer that polls will bring.
pub fn asks_for_an_answer(fate: Fate, scenario: Scenario) -> bool {
    !matches!(fate, Fate::Refused(_) | Fate::Silence) && scenario != Scenario::NoReply
}

/// Turns the clock from one poll to the next until an answer has been recorded.
pub async fn ask_until_it_comes(node: &FullNode, flow: FlowId) {
    node.until(flow, |timeline| count(timeline, "reply") == 1).await;
    let mut polls = node.connector.polls();
    let asking = async {
        while count(&node.timeline(flow).await, "callback") == 0 {
            polls.mark_unchanged();
            node.clock.forward(BETWEEN_POLLS);
            // The call is under way: the clock waits for it, or the deadline would come first.
            let _ = tokio::time::timeout(Duration::from_millis(500), polls.changed()).await;
        }
    };
    let done = tokio::time::timeout(Duration::from_secs(60), asking).await;
    assert!(done.is_ok(), "{:?}", node.timeline(flow).await);
}

// A gateway that was started anew knows no token; the next call brings another, and no flow is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_gateway_has_forgotten_is_replaced() {
    let node = FullNode::through(Face::Gateway, 1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    let flow = node.ask(&person).await.view.flow;
    node.until(flow, |timeline| count(timeline, "reply") == 1).await;
    node.authority.forget_gateway_tokens();
    ask_until_it_comes(&node, flow).await;
    assert_eq!(node.ended(flow).await.outcome, Some(Outcome::Approved));
    node.shutdown().await;
}

// Laws 2 and 4: who finds the callback listener can't answer in the gateway's place, whatever the settings let its own
// answers do.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateways_answer_counts_only_if_we_asked_for_it() {
    let node = FullNode::through(Face::GatewayUnstamped, 1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    node.authority
        .arm(Scenario::Timeout, Some(&person), None)
        .unwrap();
    let flow = node.ask(&person).await.view.flow;
    node.until(flow, |timeline| count(timeline, "reply") == 1).await;
    let token = node.connector.replied(flow).await.token().to_owned();
    let forged = r#"{"statusCode":900,"requestStatus":"Approved","isUsed":false}"#;
    node.callback(&token, forged).await;
    node.until(flow, |timeline| count(timeline, "verdict") == 1).await;
    assert!(!node.view(flow).await.ended);
    node.clock.forward(WAIT);
    assert_eq!(node.ended(flow).await.outcome, Some(Outcome::TimeoutNoAnswer));
    node.shutdown().await;
}

/// Why a transport does not carry a capability; `None` if it does.
pub const fn forbidden(face: Face, capability: Capability) -> Option<&'static str> {
    match (face, capability) {
        (Face::Bridge, _) | (_, Capability::AuthPush) => None,
        (Face::Gateway | Face::GatewayUnstamped, _) => {
            Some("the gateway has one call, which asks one person")
        }
        (_, Capability::VerifyQr) => {
            Some("the stamp covers the authority's own bytes, which a wrapper writes anew")
        }
        (_, Capability::Sign) => {
            Some("no public contract of a wrapper has it, and these settings name no path for it")
        }
        (_, Capability::AuthQr | Capability::Notify) => None,
    }
}

// R000-017: no cell is empty but those that a rule forbids.
#[tokio::test]
async fn every_capability_is_carried_or_refused_by_a_rule() {
    let world = World::new().await;
    let now = midflow::sandbox::SandboxClock::now(&midflow::sandbox::SystemClock);
    for face in Face::ALL {
        let connector = world.settings.connector_over(face, now).unwrap();
        for capability in Capability::ALL {
            let prepared = connector.prepare(&request(capability, now));
            let rule = forbidden(face, capability);
            println!("{} {capability}: {}", face.as_str(), rule.unwrap_or("carried"));
            match (prepared, rule) {
                (Ok(outbound), None) => assert!(!outbound.body.is_empty()),
                (Err(PrepareError::Unsupported { .. }), Some(_)) => {}
                (prepared, _) => panic!("{} {capability}: {prepared:?}", face.as_str()),
            }
        }
    }
}

// R000-080: whatever the form, the digits to compare stand in both reasons.
#[tokio::test]
async fn every_transport_sends_the_digits_in_both_languages() {
    let world = World::new().await;
    let now = midflow::sandbox::SandboxClock::now(&midflow::sandbox::SystemClock);
    for face in Face::ALL {
        let connector = world.settings.connector_over(face, now).unwrap();
        let outbound = connector.prepare(&request(Capability::AuthPush, now)).unwrap();
        let body = String::from_utf8(outbound.body.to_vec()).unwrap();
        for part in ["83 52", "83\u{a0}52", "399123100017", "Sign in", "الدخول"] {
            assert!(body.contains(part), "{}: {part}", face.as_str());
        }
    }
}

pub fn request(capability: Capability, now: Timestamp) -> Request {
    let text = |en: &str| Text::new("الدخول", en);
    Request {
        flow: FlowId::from_parts(now, [7; 10]),
        attempt: 1,
        capability,
        assurance: Assurance::High,
        civil_no: CivilNo::parse("399123100017").ok(),
        description: text("Licence renewal"),
        reason: text("Sign in"),
        wants_person: true,
        callback_url: "https://127.0.0.1:1/cb/token".to_owned(),
        additional_data: "ours".to_owned(),
        challenge: Challenge::from_random(8352_u64.to_be_bytes()),
        matter: match capability {
            Capability::VerifyQr => Matter::IdentityQr("code".to_owned()),
            Capability::Sign => Matter::Signing(Box::new(Signing {
                digest: Digest::of(b"document"),
                file_name: "document.pdf".to_owned(),
                preview: Preview::Document(b"document".to_vec()),
            })),
            Capability::Notify => Matter::Notification(Notification {
                template: "ready".to_owned(),
                title: text("Ready"),
                text: text("It is ready."),
            }),
            Capability::AuthPush | Capability::AuthQr => Matter::Nothing,
        },
    }
}

/// Longer than the pause with its jitter.
const BETWEEN_POLLS: Duration = Duration::from_secs(7);
