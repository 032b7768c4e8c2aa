//! Each capability against a whole node: the real connector over mutual TLS, the callback listener, engine and store, and
//! the sandbox as the authority with the person at the other end.

use bytes::Bytes;
use midflow::connector::DriftKind;
use midflow::engine::Confirmation;
use midflow::engine::NewDocument;
use midflow::engine::ProblemCode;
use midflow::engine::StartFlow;
use midflow::sandbox::Face;
use midflow::sandbox::Scenario;
use midflow::sandbox::StampAlgorithm;
use midflow::words::Capability;
use midflow::words::Channel;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::FlowId;
use midflow::words::Locale;
use midflow::words::Outcome;
use midflow::words::Purpose;

use crate::support::full_node::FullNode;
use crate::support::full_node::count;
use crate::support::node::CLIENT;

pub fn ask(service: &str, capability: Capability, person: Option<&CivilNo>) -> StartFlow {
    let anybody = CivilNo::parse("399123100017").unwrap();
    StartFlow {
        capability,
        civil_no: person.cloned(),
        ..StartFlow::push(CLIENT, service, anybody)
    }
}

pub fn code() -> StartFlow {
    ask("commercial-register", Capability::AuthQr, None)
}

async fn node() -> (FullNode, Vec<CivilNo>) {
    let node = FullNode::start(6, StampAlgorithm::default()).await;
    let people = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    (node, people)
}

fn digits(number: &CivilNo) -> &str {
    number.expose(Purpose::Compare)
}

// R000-074, R000-141, law 4: whoever scans the code is learnt from the verified answer.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_scans_a_code_signs_in() {
    let (node, people) = node().await;
    let begun = node.engine.start_flow(code()).await.unwrap();
    let qr = begun.view.qr.clone().unwrap();
    node.authority.scan(qr.text(), &people[0]).unwrap();
    let ended = node.ended(begun.view.flow).await;
    assert_eq!(ended.outcome, Some(Outcome::Approved));
    assert!(ended.qr.is_none(), "a code is shown after the end");
    let number = ended.person.unwrap();
    let number = number.field("civil_no").unwrap().expose(Purpose::Compare).clone();
    assert!(number == midflow::words::FieldValue::Text(digits(&people[0]).to_owned()));
    // The same code is worth nothing any more.
    assert!(node.authority.scan(qr.text(), &people[1]).is_err());
    node.shutdown().await;
}

// Law 3: a late approval of a superseded flow is recorded and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_code_takes_the_place_of_the_one_before() {
    let (node, people) = node().await;
    let first = node.engine.start_flow(code()).await.unwrap().view;
    let second = node.engine.renew(CLIENT, first.flow, None).await.unwrap().view;
    assert_ne!(first.qr, second.qr);
    let old = node.view(first.flow).await;
    assert_eq!(old.outcome, Some(Outcome::Superseded));
    assert_eq!(old.superseded_by, Some(second.flow));
    node.authority.scan(first.qr.unwrap().text(), &people[0]).unwrap();
    node.until(first.flow, |timeline| count(timeline, "verdict") == 1)
        .await;
    assert_eq!(node.view(first.flow).await.outcome, Some(Outcome::Superseded));
    assert!(node.view(first.flow).await.person.is_none());
    node.authority
        .scan(second.qr.unwrap().text(), &people[1])
        .unwrap();
    assert_eq!(node.ended(second.flow).await.outcome, Some(Outcome::Approved));
    let again = node.engine.renew(CLIENT, second.flow, None).await.err().unwrap();
    assert_eq!(again.code, ProblemCode::FlowEnded);
    // A push is never renewed: a second prompt teaches people to approve.
    let push = node.ask(&people[2]).await.view.flow;
    let refused = node.engine.renew(CLIENT, push, None).await.err().unwrap();
    assert_eq!(refused.code, ProblemCode::RenewalNotAllowed);
    node.shutdown().await;
}

// R000-075: no code on the phone that would have to scan it; the link that opens the app stands in its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_gets_a_link_and_no_code() {
    let (node, people) = node().await;
    let ask = StartFlow {
        channel: Channel::MobileWeb,
        ..code()
    };
    let begun = node.engine.start_flow(ask).await.unwrap().view;
    assert!(begun.qr.is_none());
    let link = begun.app_link.unwrap().returning_to("https://service.example/");
    let text = link.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let text = text.replace("%3A", ":");
    node.authority.scan(&text, &people[0]).unwrap();
    assert_eq!(node.ended(begun.flow).await.outcome, Some(Outcome::Approved));
    node.shutdown().await;
}

// The e-service may expect somebody: then nobody else gets in.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_scanned_by_another_than_expected_approves_nobody() {
    let (node, people) = node().await;
    let ask = StartFlow {
        civil_no: Some(people[0].clone()),
        ..code()
    };
    let begun = node.engine.start_flow(ask).await.unwrap().view;
    node.authority.scan(begun.qr.unwrap().text(), &people[1]).unwrap();
    let ended = node.ended(begun.flow).await;
    assert_eq!(ended.outcome, Some(Outcome::WrongPerson));
    assert!(ended.person.is_none());
    node.shutdown().await;
}

// R000-114, R000-115, F24: an officer scans a card; the answer is verified, fresh, and used once.
#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_verified_once() {
    let (node, people) = node().await;
    let scan = |text: String| StartFlow {
        channel: Channel::Counter,
        qr_data: Some(text),
        ..ask("clinic-check-in", Capability::VerifyQr, None).input("appointment", "1234567")
    };
    let text = node.authority.card(&people[0]).unwrap().text().to_owned();
    let view = node.engine.start_flow(scan(text.clone())).await.unwrap().view;
    assert!(view.ended);
    assert_eq!(
        view.outcome,
        Some(Outcome::Approved),
        "{:?}",
        node.timeline(view.flow).await
    );
    assert_eq!(view.person.unwrap().fields().count(), 3);
    let again = node.engine.start_flow(scan(text)).await.unwrap().view;
    assert_eq!(again.outcome, Some(Outcome::ReplayedQr));
    let nonsense = node
        .engine
        .start_flow(scan("nonsense".to_owned()))
        .await
        .unwrap()
        .view;
    assert_eq!(nonsense.outcome, Some(Outcome::UnreadableQr));
    for (scenario, outcome) in [
        (Scenario::Forged, Outcome::StampInvalid),
        (Scenario::ForgedSigner, Outcome::StampInvalid),
        (Scenario::Unstamped, Outcome::StampInvalid),
        (Scenario::TamperedPerson, Outcome::StampInvalid),
        (Scenario::Replay, Outcome::StaleQr),
        (Scenario::ErrorReply, Outcome::ErrorAuthority),
    ] {
        // Another code each time: a card shows a new one after a minute.
        node.clock.forward(std::time::Duration::from_secs(61));
        node.authority.arm(scenario, Some(&people[1]), None).unwrap();
        let text = node.authority.card(&people[1]).unwrap().text().to_owned();
        let view = node.engine.start_flow(scan(text)).await.unwrap().view;
        assert_eq!(view.outcome, Some(outcome), "{}", scenario.as_str());
        assert!(view.person.is_none());
    }
    node.shutdown().await;
}

// R000-136, R000-195: only a template of the service is sent, and the flow ends with the authority's reply.
#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_is_sent_from_its_template() {
    let (node, people) = node().await;
    let remind = |template: &str| StartFlow {
        template: Some(template.to_owned()),
        ..ask("appointment-reminders", Capability::Notify, Some(&people[0]))
            .input("appointment", "1234567")
            .input("hour", "09:30")
    };
    let view = node.engine.start_flow(remind("reminder")).await.unwrap().view;
    assert_eq!(view.outcome, Some(Outcome::Approved));
    let timeline = node.timeline(view.flow).await;
    let told = timeline.iter().find_map(|entry| match &entry.event {
        midflow::audit::Event::Request(request) => request.notification.clone(),
        _ => None,
    });
    assert!(told.unwrap().en.contains("appointment 1234567 tomorrow at 09:30"));
    let refused = node.engine.start_flow(remind("anything")).await.err().unwrap();
    assert_eq!(refused.code, ProblemCode::UnknownTemplate);
    node.shutdown().await;
}

const CONTRACT: &[u8] = "عقد إيجار رقم 2026001\nRental contract 2026001\n".as_bytes();

pub async fn held(node: &FullNode, person: &CivilNo) -> FlowId {
    let kept = node
        .engine
        .keep_document(NewDocument {
            client: CLIENT.to_owned(),
            name: "contract.txt".to_owned(),
            media_type: "text/plain; charset=utf-8".to_owned(),
            bytes: Bytes::from_static(CONTRACT),
        })
        .await
        .unwrap();
    assert_eq!(kept.digest, Digest::of(CONTRACT));
    let begun = node
        .engine
        .start_flow(StartFlow {
            document: Some(kept.token),
            ..ask("rental-contract", Capability::Sign, Some(person))
                .input("contract", "2026001")
                .input("rent", 350.5)
        })
        .await
        .unwrap();
    assert!(begun.view.held && !begun.view.ended);
    begun.view.flow
}

pub fn confirmation(reviewed: bool, accepts: bool) -> Confirmation {
    Confirmation {
        locale: Locale::Ar,
        document: Some(Digest::of(CONTRACT)),
        reviewed_entire: (reviewed, "read".to_owned()),
        accepts_to_sign: (accepts, "agree".to_owned()),
        copy_before: (false, "copy".to_owned()),
        agreed: std::collections::BTreeSet::new(),
    }
}

// Laws 1, 4 and 11, R000-086 to R000-089: nothing is sent before both confirmations, and what is signed is what was shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_signed_after_both_confirmations() {
    let (node, people) = node().await;
    let flow = held(&node, &people[0]).await;
    let shown = node.engine.document(CLIENT, flow).await.unwrap();
    assert_eq!(&shown.bytes[..], CONTRACT);
    for (reviewed, accepts) in [(false, false), (true, false), (false, true)] {
        let refused = node
            .engine
            .confirm(CLIENT, flow, confirmation(reviewed, accepts))
            .await;
        assert_eq!(refused.err().unwrap().code, ProblemCode::NotConfirmed);
    }
    // Law 11: a confirmation of another document is none of this one.
    let other = Confirmation {
        document: Some(Digest::of(b"another")),
        ..confirmation(true, true)
    };
    let refused = node.engine.confirm(CLIENT, flow, other).await;
    assert_eq!(refused.err().unwrap().code, ProblemCode::InvalidDocument);
    assert!(node.authority.ledger().received.is_empty(), "something was sent");
    node.engine
        .confirm(CLIENT, flow, confirmation(true, true))
        .await
        .unwrap();
    let ended = node.ended(flow).await;
    assert_eq!(
        ended.outcome,
        Some(Outcome::Approved),
        "{:?}",
        node.timeline(flow).await
    );
    let made = ended.signature.unwrap();
    assert_eq!(
        (made.format.as_str(), made.digest),
        ("PKCS#1", Digest::of(CONTRACT))
    );
    let kinds: Vec<_> = node
        .timeline(flow)
        .await
        .iter()
        .map(|entry| entry.kind.clone())
        .collect();
    assert_eq!(kinds[..2], ["consent", "request"], "law 1: {kinds:?}");
    let again = node.engine.confirm(CLIENT, flow, confirmation(true, true)).await;
    assert_eq!(again.err().unwrap().code, ProblemCode::NothingToConfirm);
    node.shutdown().await;
}

// Law 11, R000-102, R000-120: a signature over anything else ends the flow, and nothing has been signed.
#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_is_not_over_the_document_is_none() {
    let (node, people) = node().await;
    for (person, scenario, outcome) in [
        (&people[0], Scenario::OtherDocument, Outcome::WrongDocument),
        (&people[1], Scenario::SignatureForged, Outcome::SignatureInvalid),
        (&people[2], Scenario::Declined, Outcome::DeclinedByUser),
        (&people[3], Scenario::LowAssurance, Outcome::AssuranceInsufficient),
    ] {
        node.authority.arm(scenario, Some(person), None).unwrap();
        let flow = held(&node, person).await;
        node.engine
            .confirm(CLIENT, flow, confirmation(true, true))
            .await
            .unwrap();
        let ended = node.ended(flow).await;
        assert_eq!(ended.outcome, Some(outcome), "{}", scenario.as_str());
        assert!(ended.signature.is_none() && ended.person.is_none());
        // R000-106: the policy says so.
        let said = ended.decision.unwrap().say;
        assert!(said.ar.contains("لم يتم أي توقيع") && said.en.contains("No signature has been made"));
    }
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_want_to_sign_says_so_on_the_page() {
    let (node, people) = node().await;
    let flow = held(&node, &people[0]).await;
    let ended = node.engine.withdraw(CLIENT, flow).await.unwrap();
    assert_eq!(ended.outcome, Some(Outcome::DeclinedOnPage));
    assert!(node.authority.ledger().received.is_empty());
    node.shutdown().await;
}

// Nobody has confirmed: nothing was asked of the phone, and the page says so in its own words.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_nobody_confirms_in_time_is_asked_of_nobody() {
    let (node, people) = node().await;
    let flow = held(&node, &people[0]).await;
    node.clock.forward(std::time::Duration::from_secs(31 * 60));
    let ended = node.ended(flow).await;
    assert_eq!(ended.outcome, Some(Outcome::TimeoutNotConfirmed));
    assert!(node.authority.ledger().received.is_empty());
    node.shutdown().await;
}

// What the way to the authority can't carry is told at once, and not by the clock.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_transport_does_not_carry_ends_as_unsupported() {
    let node = FullNode::through(Face::Gateway, 1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    let remind = StartFlow {
        template: Some("reminder".to_owned()),
        ..ask("appointment-reminders", Capability::Notify, Some(&person))
            .input("appointment", "1234567")
            .input("hour", "09:30")
    };
    for start in [remind, code()] {
        let flow = node.engine.start_flow(start).await.unwrap().view.flow;
        let ended = node.ended(flow).await;
        assert_eq!(ended.outcome, Some(Outcome::ErrorUnsupported));
        assert_eq!(count(&node.timeline(flow).await, "request"), 0, "nothing leaves");
    }
    node.shutdown().await;
}

// The drift alarm: what no list knows is counted, told once with its shape, and never with anything of the person.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_authority_has_never_sent_raises_the_alarm() {
    let (node, people) = node().await;
    for (scenario, person) in [
        (Scenario::NewMembers, &people[0]),
        (Scenario::NewMembers, &people[1]),
        (Scenario::UnknownCode, &people[2]),
        (Scenario::NewErrorCode, &people[3]),
        // What nobody has stamped raises nothing.
        (Scenario::Unstamped, &people[4]),
    ] {
        node.authority.arm(scenario, Some(person), None).unwrap();
        let flow = node.ask(person).await.view.flow;
        if scenario == Scenario::Unstamped {
            node.until(flow, |timeline| count(timeline, "verdict") == 1).await;
        } else {
            node.ended(flow).await;
        }
    }
    let seen = node.engine.drift();
    let code = |name: &str| {
        let found = seen.iter().find(|one| one.drift.name == name);
        found.map(|one| one.drift.sample.clone())
    };
    assert_eq!(code("ResultCode").as_deref(), Some("99"));
    assert_eq!(code("Error.Code").as_deref(), Some("4711"));
    let members: Vec<_> = seen
        .iter()
        .filter(|one| one.drift.kind == DriftKind::Member)
        .collect();
    assert!(
        !members.is_empty() && members.iter().all(|one| one.count == 2),
        "{seen:?}"
    );
    let told = format!("{seen:?}");
    for person in &people {
        assert!(!told.contains(digits(person)));
    }
    let metrics = node.engine.metrics_text();
    assert!(
        metrics.contains(r#"midflow_drift_total{kind="code"} 2"#),
        "{metrics}"
    );
    node.shutdown().await;
}
