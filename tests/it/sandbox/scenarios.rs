use std::time::Duration;

use midflow::connector::Conclusion;
use midflow::connector::Connector as _;
use midflow::connector::Expected;
use midflow::connector::Request;
use midflow::connector::kuwait::Kuwait;
use midflow::connector::kuwait::WhenUnknown;
use midflow::sandbox::Face;
use midflow::sandbox::Scenario;
use midflow::words::Assurance;
use midflow::words::Capability;
use midflow::words::Challenge;
use midflow::words::Field;
use midflow::words::FlowId;
use midflow::words::Outcome;
use midflow::words::RequestId;
use midflow::words::Text;
use midflow::words::Timestamp;

use super::provider::APPROVES;
use super::provider::World;
use super::provider::number;
use crate::scenarios::Fate;
use crate::scenarios::fate;

/// What the production connector makes of each scenario's callbacks.
enum Seen {
    Approved,
    Ended(Outcome),
    Rejected,
}

// R000-110 to R000-116: the connector of production believes exactly what it should.
#[tokio::test]
async fn the_connector_believes_the_honest_scenarios_and_no_other() {
    let world = World::with(|options| options.pace.late = Duration::ZERO).await;
    let now = midflow::sandbox::SandboxClock::now(&midflow::sandbox::SystemClock);
    let connector = world.connector(now);
    for scenario in Scenario::ALL {
        let name = scenario.as_str();
        let seen = run(&world, &connector, scenario, now).await;
        match fate(scenario) {
            Fate::Approved { .. } | Fate::ApprovedAfter(_) | Fate::RefusedByPolicy => {
                assert!(seen.iter().any(|seen| matches!(seen, Seen::Approved)), "{name}");
            }
            Fate::Ended(outcome, _) => {
                let ended = matches!(seen.as_slice(), [Seen::Ended(found)] if *found == outcome);
                assert!(ended, "{name}");
            }
            Fate::Disbelieved(_) => {
                assert!(matches!(seen.as_slice(), [Seen::Rejected]), "{name}");
            }
            Fate::Refused(_) => assert!(seen.is_empty(), "{name}"),
            // Here nobody's deadline has passed, so the late answer is a good one.
            Fate::Silence if scenario == Scenario::Late => {
                assert!(matches!(seen.as_slice(), [Seen::Approved]), "{name}");
            }
            Fate::Silence => assert!(seen.is_empty(), "{name}"),
        }
        // What may end as approved does in one of its answers, and nothing else ever does.
        let approved = seen.iter().any(|seen| matches!(seen, Seen::Approved));
        let may_approve = scenario.may_approve() || matches!(scenario, Scenario::Late | Scenario::NoReply);
        assert_eq!(approved, may_approve, "{name}");
    }
}

async fn run(world: &World, connector: &Kuwait, scenario: Scenario, now: Timestamp) -> Vec<Seen> {
    let civil_no = number(APPROVES);
    let challenge = Challenge::from_random(8352_u64.to_be_bytes());
    let flow = FlowId::from_parts(now, [7; 10]);
    let before = world.received();
    world
        .sandbox
        .handle()
        .arm(scenario, Some(&civil_no), None)
        .unwrap();
    let request = Request {
        matter: midflow::connector::Matter::Nothing,
        flow,
        attempt: 1,
        capability: Capability::AuthPush,
        assurance: Assurance::Medium,
        civil_no: Some(civil_no.clone()),
        description: Text::new("تجديد الرخصة", "Licence renewal"),
        reason: Text::new("الدخول", "Sign in"),
        wants_person: true,
        callback_url: format!("{}/token", world.callback_base),
        additional_data: format!("flow of {}", scenario.as_str()),
        challenge: challenge.clone(),
    };
    let outbound = connector.prepare(&request).unwrap();
    let reply = world.post(outbound.operation, outbound.body).await;
    let id = reply
        .as_ref()
        .ok()
        .filter(|reply| reply["Error"].is_null())
        .and_then(|reply| reply["Data"].as_str().map(RequestId::new));
    let asked = !matches!(fate(scenario), Fate::Refused(_) | Fate::Silence)
        || matches!(scenario, Scenario::Timeout | Scenario::Late);
    match scenario {
        Scenario::ErrorReply => assert_eq!(reply.unwrap()["Error"]["Code"], 1099),
        Scenario::ServerError => assert_eq!(reply.unwrap_err().status().unwrap().as_u16(), 500),
        Scenario::NoReply => assert!(reply.unwrap_err().status().is_none()),
        Scenario::Early => assert_eq!(world.received(), before + 1),
        _ => assert_eq!(id.is_some(), asked, "{}", scenario.as_str()),
    }
    let expected_callbacks = match fate(scenario) {
        Fate::Approved { callbacks } => callbacks,
        Fate::ApprovedAfter(_) => 2,
        Fate::Refused(_) => 0,
        Fate::Silence => usize::from(scenario == Scenario::Late),
        Fate::Ended(..) | Fate::Disbelieved(_) | Fate::RefusedByPolicy => 1,
    };
    let bodies = world
        .callbacks(before + expected_callbacks)
        .await
        .split_off(before);
    assert_eq!(bodies.len(), expected_callbacks, "{}", scenario.as_str());
    if scenario == Scenario::Duplicate {
        assert_eq!(bodies[0], bodies[1]);
    }
    let fields = [
        Field::parse("civil_no").unwrap(),
        Field::parse("name_ar").unwrap(),
    ];
    let received_at = midflow::sandbox::SandboxClock::now(&midflow::sandbox::SystemClock);
    let expected = Expected {
        capability: Capability::AuthPush,
        signing: None,
        flow,
        request_id: id.as_ref(),
        civil_no: Some(&civil_no),
        assurance: Assurance::Medium,
        challenge: &challenge,
        additional_data: &request.additional_data,
        requested_at: now,
        expires_at: now.plus(Duration::from_secs(300)),
        received_at,
        fields: &fields,
    };
    for body in &bodies {
        connector.look_up(body, received_at).await;
    }
    let verdicts = bodies.iter().map(|body| connector.examine(body, &expected));
    verdicts
        .map(|verdict| match verdict.conclusion {
            Conclusion::Approved(_) => Seen::Approved,
            Conclusion::Ended(outcome) => Seen::Ended(outcome),
            Conclusion::Rejected => Seen::Rejected,
        })
        .collect()
}

// F49, R000-147: while the authority changes its key, both signers are believed by whoever pins both; who pins the old one
// alone believes what it stamps, and nothing else.
#[tokio::test]
async fn a_change_of_keys_is_survived_by_whoever_pins_both() {
    let world = World::with(|_| {}).await;
    let now = midflow::sandbox::SandboxClock::now(&midflow::sandbox::SystemClock);
    let both = world.settings.connector(now).unwrap();
    let old = world.connector(now);
    for connector in [&both, &old] {
        let seen = run(&world, connector, Scenario::Approved, now).await;
        assert!(matches!(seen.as_slice(), [Seen::Approved]));
    }
    world.sandbox.handle().change_stamp_key();
    let seen = run(&world, &both, Scenario::Approved, now).await;
    assert!(matches!(seen.as_slice(), [Seen::Approved]));
    let seen = run(&world, &old, Scenario::Approved, now).await;
    assert!(matches!(seen.as_slice(), [Seen::Rejected]));
    for connector in [&both, &old] {
        let seen = run(&world, connector, Scenario::FormerSigner, now).await;
        assert!(matches!(seen.as_slice(), [Seen::Approved]));
    }
}

// R000-169, F86: what is revoked on demand is refused once the list is fetched, the person by leaf code, the signer by
// disbelief.
#[tokio::test]
async fn revocation_on_demand_reaches_the_connector() {
    let world = World::with(|_| {}).await;
    let now = midflow::sandbox::SandboxClock::now(&midflow::sandbox::SystemClock);
    let connector = world
        .settings
        .connector_with_lists(WhenUnknown::Refuse, now)
        .unwrap();
    let seen = run(&world, &connector, Scenario::Approved, now).await;
    assert!(
        matches!(seen.as_slice(), [Seen::Rejected]),
        "nothing is known yet"
    );
    connector.refresh_lists(now).await;
    let seen = run(&world, &connector, Scenario::Approved, now).await;
    assert!(matches!(seen.as_slice(), [Seen::Approved]));

    let handle = world.sandbox.handle();
    handle.revoke(&number(APPROVES)).unwrap();
    connector.refresh_lists(now).await;
    let seen = run(&world, &connector, Scenario::Approved, now).await;
    assert!(matches!(
        seen.as_slice(),
        [Seen::Ended(Outcome::CertificateRevoked)]
    ));

    handle.revoke_stamp_key();
    connector.refresh_lists(now).await;
    let seen = run(&world, &connector, Scenario::Approved, now).await;
    assert!(matches!(seen.as_slice(), [Seen::Rejected]));
}

// R000-169: the same by asking the responder (OCSP), about the person when the answer comes. Without an answer that counts
// nothing is believed.
#[tokio::test]
async fn the_responder_is_asked_about_whoever_answers() {
    let world = World::with(|_| {}).await;
    let handle = world.sandbox.handle();
    let now = midflow::sandbox::SandboxClock::now(&midflow::sandbox::SystemClock);
    let open = || {
        let settings = &world.settings;
        settings.connector_with_responder(Face::Bridge, WhenUnknown::Refuse, now)
    };
    let connector = open().unwrap();
    for _ in 0..2 {
        let seen = run(&world, &connector, Scenario::Approved, now).await;
        assert!(matches!(seen.as_slice(), [Seen::Approved]));
    }
    // A stamp that does not verify makes nobody ask, and is not believed either.
    let seen = run(&world, &connector, Scenario::Forged, now).await;
    assert!(matches!(seen.as_slice(), [Seen::Rejected]));

    handle.revoke(&number(APPROVES)).unwrap();
    let seen = run(&world, &open().unwrap(), Scenario::Approved, now).await;
    assert!(matches!(
        seen.as_slice(),
        [Seen::Ended(Outcome::CertificateRevoked)]
    ));

    handle.serve_responder(false);
    let seen = run(&world, &open().unwrap(), Scenario::Approved, now).await;
    assert!(matches!(seen.as_slice(), [Seen::Rejected]));
    handle.serve_responder(true);
    handle.revoke_stamp_key();
    let seen = run(&world, &open().unwrap(), Scenario::Approved, now).await;
    assert!(matches!(seen.as_slice(), [Seen::Rejected]));
}

// R000-169: asked both, as `midflow dev` does, a list is enough while the responder is away, and the responder knows of what was
// revoked before the next list does.
#[tokio::test]
async fn the_list_and_the_responder_stand_in_for_each_other() {
    let world = World::with(|_| {}).await;
    let handle = world.sandbox.handle();
    let now = midflow::sandbox::SandboxClock::now(&midflow::sandbox::SystemClock);
    let open = async || {
        let settings = &world.settings;
        let connector = settings.connector_with_lists_and_responder(Face::Bridge, WhenUnknown::Refuse, now);
        let connector = connector.unwrap();
        connector.refresh_lists(now).await;
        connector
    };
    handle.serve_responder(false);
    let seen = run(&world, &open().await, Scenario::Approved, now).await;
    assert!(matches!(seen.as_slice(), [Seen::Approved]));
    handle.serve_responder(true);
    let connector = open().await;
    handle.revoke(&number(APPROVES)).unwrap();
    let seen = run(&world, &connector, Scenario::Approved, now).await;
    assert!(matches!(
        seen.as_slice(),
        [Seen::Ended(Outcome::CertificateRevoked)]
    ));
}
