//! The engine with a real store, real policies and an authority that does as told.

use std::time::Duration;

use midflow::connector::ReplyMeaning;
use midflow::engine::CallbackReceipt;
use midflow::engine::ProblemCode;
use midflow::policy::Then;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::FieldValue;
use midflow::words::Outcome;
use midflow::words::Purpose;
use midflow::words::RequestId;

use crate::support::node::CLIENT;
use crate::support::node::PERSON;
use crate::support::node::TestNode;
use crate::support::node::licence_renewal;

// R000-081, R000-110, R000-111: the whole journey, each step on record, in the order of the laws.
#[tokio::test]
async fn an_approved_flow_is_recorded_step_by_step() {
    let node = TestNode::start().await;
    let started = node.ask().await;
    let sent = node.authority.has_been_sent(1).await.remove(0);
    assert_eq!((sent.civil_no.as_str(), sent.assurance), (PERSON, 20));
    assert_eq!(sent.challenge, started.view.challenge.as_str());
    assert_eq!(
        node.callback(&sent.token, "approved").await,
        CallbackReceipt::Recorded
    );
    let view = node.ended(started.view.flow).await;
    assert_eq!(view.outcome, Some(Outcome::Approved));
    assert_eq!(view.decision.unwrap().then, Then::Continue);
    let kinds = node.kinds(started.view.flow).await;
    assert_eq!(kinds.first().map(String::as_str), Some("request"));
    assert_eq!(kinds.last().map(String::as_str), Some("ending"));
    for kind in ["reply", "callback", "verdict"] {
        assert!(kinds.iter().any(|found| found == kind), "{kinds:?}");
    }
}

// Law 7: exactly the declared fields come out, whatever the authority sends.
#[tokio::test]
async fn only_declared_fields_are_released_and_only_after_approval() {
    let node = TestNode::start().await;
    let started = node.ask().await;
    assert!(
        node.engine
            .view(CLIENT, started.view.flow)
            .await
            .unwrap()
            .person
            .is_none()
    );
    let sent = node.authority.has_been_sent(1).await.remove(0);
    node.callback(&sent.token, "approved").await;
    let person = node.ended(started.view.flow).await.person.unwrap();
    let names: Vec<&str> = person.fields().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["age_over_18", "civil_no", "name_ar"]);
    let number = person.field("civil_no").unwrap().expose(Purpose::Compare);
    assert!(*number == FieldValue::Text(PERSON.to_owned()));
}

// R000-082, R000-084, R000-085: every other answer ends the flow in its own leaf, without personal data.
#[tokio::test]
async fn every_other_answer_ends_in_its_leaf() {
    let node = TestNode::start().await;
    for (number, outcome) in [
        Outcome::DeclinedByUser,
        Outcome::CertificateRevoked,
        Outcome::CertificateExpired,
        Outcome::VerificationFailed,
        Outcome::AssuranceInsufficient,
        Outcome::WrongPerson,
        Outcome::InconsistentAnswer,
        Outcome::UnknownCode,
    ]
    .into_iter()
    .enumerate()
    {
        node.clock.forward(Duration::from_secs(3_600));
        let started = node.ask().await;
        let sent = node.authority.has_been_sent(number + 1).await.remove(number);
        node.callback(&sent.token, outcome.code()).await;
        let view = node.ended(started.view.flow).await;
        assert_eq!(view.outcome, Some(outcome));
        assert!(view.person.is_none());
        let decision = view.decision.unwrap();
        assert_ne!(decision.then, Then::Continue, "{outcome}");
        assert!(!decision.say.ar.is_empty() && !decision.say.en.is_empty());
    }
}

// R000-083, R000-113: our own clock ends the flow; what comes later is recorded and changes nothing (law 3).
#[tokio::test]
async fn silence_times_out_and_a_late_answer_changes_nothing() {
    let node = TestNode::start().await;
    let started = node.ask().await;
    let sent = node.authority.has_been_sent(1).await.remove(0);
    node.clock.forward(Duration::from_secs(301));
    let view = node.ended(started.view.flow).await;
    assert_eq!(view.outcome, Some(Outcome::TimeoutNoAnswer));
    assert_eq!(
        node.callback(&sent.token, "approved").await,
        CallbackReceipt::Recorded
    );
    settle(&node, started.view.flow, "verdict").await;
    let after = node.engine.view(CLIENT, started.view.flow).await.unwrap();
    assert_eq!(after.outcome, Some(Outcome::TimeoutNoAnswer));
    assert!(after.person.is_none());
}

// Threat B-04: duplicates and contradictions are recorded and change nothing.
#[tokio::test]
async fn duplicates_and_contradictions_change_nothing() {
    let node = TestNode::start().await;
    let started = node.ask().await;
    let sent = node.authority.has_been_sent(1).await.remove(0);
    node.callback(&sent.token, "declined.by_user").await;
    node.ended(started.view.flow).await;
    for body in ["declined.by_user", "approved", "approved", "approved 2"] {
        assert_eq!(node.callback(&sent.token, body).await, CallbackReceipt::Recorded);
    }
    settle(&node, started.view.flow, "verdict").await;
    let view = node.engine.view(CLIENT, started.view.flow).await.unwrap();
    assert_eq!(view.outcome, Some(Outcome::DeclinedByUser));
    let callbacks = node
        .kinds(started.view.flow)
        .await
        .into_iter()
        .filter(|kind| kind == "callback");
    assert_eq!(callbacks.count(), 5);
}

// A callback that is not believed must not be able to end a flow.
#[tokio::test]
async fn a_forged_answer_leaves_the_flow_waiting() {
    let node = TestNode::start().await;
    let started = node.ask().await;
    let sent = node.authority.has_been_sent(1).await.remove(0);
    for number in 0..20 {
        let body = format!("forged {number}");
        assert_eq!(node.callback(&sent.token, &body).await, CallbackReceipt::Recorded);
    }
    assert!(!node.engine.view(CLIENT, started.view.flow).await.unwrap().ended);
    node.callback(&sent.token, "approved").await;
    assert_eq!(
        node.ended(started.view.flow).await.outcome,
        Some(Outcome::Approved)
    );
}

// R000-112: a token that no flow has is recorded in bounded form and leads nowhere.
#[tokio::test]
async fn a_stranger_leads_nowhere() {
    let node = TestNode::start().await;
    for token in [
        "",
        "nonsense",
        "00000000000000000000000000000000",
        "../../etc/passwd",
    ] {
        assert_eq!(
            node.callback(token, "approved").await,
            CallbackReceipt::UnknownToken
        );
    }
}

// Protocol notes 9: the callback can be faster than the reply.
#[tokio::test]
async fn an_early_answer_counts_before_the_reply() {
    let node = TestNode::start().await;
    node.authority.never_replies();
    let started = node.ask().await;
    let sent = node.authority.has_been_sent(1).await.remove(0);
    node.callback(&sent.token, "approved").await;
    assert_eq!(
        node.ended(started.view.flow).await.outcome,
        Some(Outcome::Approved)
    );
}

// A send that may have arrived is never repeated; one of which no byte left may be.
#[tokio::test]
async fn only_what_never_left_is_sent_again() {
    let node = TestNode::start().await;
    let not_sent = || ReplyMeaning::NotSent {
        detail: "connection refused".to_owned(),
    };
    node.authority.will_reply([not_sent(), not_sent()]);
    let started = node.ask().await;
    let view = node.ended(started.view.flow).await;
    assert_eq!(view.outcome, Some(Outcome::ErrorNetwork));
    assert_eq!(node.authority.sent().len(), 2);

    let unknown = ReplyMeaning::Unknown {
        detail: "reset".to_owned(),
    };
    node.authority.will_reply([unknown]);
    let started = node.ask().await;
    node.authority.has_been_sent(3).await;
    node.clock.forward(Duration::from_secs(301));
    assert_eq!(
        node.ended(started.view.flow).await.outcome,
        Some(Outcome::TimeoutNoAnswer)
    );
    assert_eq!(node.authority.sent().len(), 3);
}

#[tokio::test]
async fn a_refusal_of_the_authority_ends_in_its_leaf() {
    let node = TestNode::start().await;
    node.authority.will_reply([ReplyMeaning::Refused {
        outcome: Outcome::NotEnrolled,
        code: Some(1001),
        detail: "no Mobile ID".to_owned(),
    }]);
    let started = node.ask().await;
    assert_eq!(
        node.ended(started.view.flow).await.outcome,
        Some(Outcome::NotEnrolled)
    );
}

#[tokio::test]
async fn the_e_service_can_give_up() {
    let node = TestNode::start().await;
    let started = node.ask().await;
    let view = node.engine.cancel(CLIENT, started.view.flow).await.unwrap();
    assert_eq!(view.outcome, Some(Outcome::Cancelled));
    let again = node.engine.cancel(CLIENT, started.view.flow).await;
    assert_eq!(
        again.err().map(|problem| problem.code),
        Some(ProblemCode::FlowEnded)
    );
}

// Threat B-02: a flow of another client does not exist.
#[tokio::test]
async fn another_clients_flow_does_not_exist() {
    let node = TestNode::start().await;
    let started = node.ask().await;
    for result in [
        node.engine.view("mallory", started.view.flow).await,
        node.engine.cancel("mallory", started.view.flow).await,
    ] {
        assert_eq!(
            result.err().map(|problem| problem.code),
            Some(ProblemCode::UnknownFlow)
        );
    }
    assert!(!node.engine.view(CLIENT, started.view.flow).await.unwrap().ended);
}

// Two prompts for one wish train people to approve: the same key is the same flow, even at the same moment.
#[tokio::test]
async fn the_same_idempotency_key_is_the_same_flow() {
    let node = TestNode::start().await;
    let ask = || {
        let mut ask = licence_renewal();
        ask.idempotency_key = Some("key-1".to_owned());
        ask
    };
    let (first, second) = tokio::join!(node.try_ask(ask()), node.try_ask(ask()));
    let third = node.try_ask(ask()).await.unwrap();
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.view.flow, second.view.flow);
    assert_eq!(first.view.flow, third.view.flow);
    assert!(third.repeated);
    assert_eq!(node.authority.has_been_sent(1).await.len(), 1);
    let mut other = ask();
    other.request_digest = Digest::of(b"another request");
    let refused = node.try_ask(other).await.err().map(|problem| problem.code);
    assert_eq!(refused, Some(ProblemCode::IdempotencyConflict));
}

// Threat B-16: a person is asked as often as the service allows, and a restart does not forget.
#[tokio::test]
async fn a_person_is_not_asked_too_often() {
    let mut node = TestNode::start().await;
    let mut begun = 0;
    let refused = loop {
        match node.try_ask(licence_renewal()).await {
            Ok(_) => begun += 1,
            Err(problem) => break problem,
        }
        assert!(begun < 50, "no limit");
    };
    assert_eq!(refused.code, ProblemCode::TooManyRequests);
    assert!(refused.retry_after.is_some());
    node.restart().await;
    let again = node
        .try_ask(licence_renewal())
        .await
        .err()
        .map(|problem| problem.code);
    assert_eq!(again, Some(ProblemCode::TooManyRequests));
    node.clock.forward(Duration::from_secs(24 * 3_600));
    assert!(node.try_ask(licence_renewal()).await.is_ok());
}

// Recovery one flow after another cost one sync of the disk each: with many waiting flows a node was away for
// long after a crash.
#[tokio::test]
async fn flows_are_picked_up_together_after_a_restart() {
    let mut node = TestNode::start().await;
    let people = (1_000..)
        .flat_map(|serial| (1..=9).find_map(|check| CivilNo::parse(&format!("3991231{serial}{check}")).ok()));
    for person in people.take(60) {
        let mut ask = licence_renewal();
        ask.civil_no = Some(person);
        node.try_ask(ask).await.unwrap();
    }
    node.authority.has_been_sent(60).await;
    node.restart().await;
    let stats = node.engine.recorder_stats();
    assert!(stats.units >= 61, "{stats:?}");
    assert!(stats.average_batch() > 4.0, "{stats:?}");
}

// Law 1 across a crash: what may have been sent is not sent again, and its answer still counts.
#[tokio::test]
async fn a_restart_picks_up_where_it_stopped() {
    let mut node = TestNode::start().await;
    let waiting = node.ask().await;
    let sent = node.authority.has_been_sent(1).await.remove(0);
    settle(&node, waiting.view.flow, "reply").await;
    node.restart().await;
    assert!(!node.engine.view(CLIENT, waiting.view.flow).await.unwrap().ended);
    assert_eq!(node.authority.sent().len(), 0, "sent again after a restart");
    node.callback(&sent.token, "approved").await;
    assert_eq!(
        node.ended(waiting.view.flow).await.outcome,
        Some(Outcome::Approved)
    );

    let silent = node.ask().await;
    node.authority.has_been_sent(1).await;
    node.restart().await;
    node.clock.forward(Duration::from_secs(301));
    assert_eq!(
        node.ended(silent.view.flow).await.outcome,
        Some(Outcome::TimeoutNoAnswer)
    );
}

#[tokio::test]
async fn what_was_asked_wrongly_is_refused_and_nothing_is_sent() {
    let node = TestNode::start().await;
    type Change = fn(&mut midflow::engine::StartFlow);
    let wrong: [(ProblemCode, Change); 7] = [
        (ProblemCode::UnknownService, |ask| {
            ask.service = "nonsense".to_owned()
        }),
        (ProblemCode::CapabilityNotDeclared, |ask| {
            ask.capability = midflow::words::Capability::Sign;
        }),
        (ProblemCode::ChannelNotDeclared, |ask| {
            ask.channel = midflow::words::Channel::Kiosk
        }),
        (ProblemCode::InvalidCivilNo, |ask| ask.civil_no = None),
        (ProblemCode::InvalidInput, |ask| ask.inputs.clear()),
        (ProblemCode::InvalidInput, |ask| {
            ask.inputs.insert("licence".to_owned(), "12\u{202e}34567".into());
        }),
        (ProblemCode::InvalidRequest, |ask| {
            ask.notify_url = Some("https://169.254.169.254/".to_owned());
        }),
    ];
    for (code, change) in wrong {
        let mut ask = licence_renewal();
        change(&mut ask);
        let refused = node.try_ask(ask).await.err();
        assert_eq!(refused.as_ref().map(|problem| problem.code), Some(code));
        assert!(!refused.unwrap().detail.contains(PERSON));
    }
    assert!(node.authority.sent().is_empty());
}

// R000-038: the script raises the assurance above the YAML's, and the authority is asked for that.
#[tokio::test]
async fn a_script_raises_the_assurance() {
    let node = TestNode::start().await;
    let mut ask = licence_renewal();
    ask.inputs.insert("amount".to_owned(), 900.into());
    node.try_ask(ask).await.unwrap();
    assert_eq!(node.authority.has_been_sent(1).await[0].assurance, 30);
}

// A retry counts, and only the person and service of the first flow may use it.
#[tokio::test]
async fn a_retry_is_counted() {
    let node = TestNode::start().await;
    let first = node.ask().await;
    node.clock.forward(Duration::from_secs(301));
    let view = node.ended(first.view.flow).await;
    assert!(matches!(view.decision.unwrap().then, Then::Retry { attempts: 2 }));
    let again = |of| {
        let mut ask = licence_renewal();
        ask.retry_of = Some(of);
        ask
    };
    let second = node.try_ask(again(first.view.flow)).await.unwrap();
    node.clock.forward(Duration::from_secs(301));
    node.ended(second.view.flow).await;
    let third = node
        .try_ask(again(second.view.flow))
        .await
        .err()
        .map(|problem| problem.code);
    assert_eq!(third, Some(ProblemCode::RetryNotAllowed));
}

#[tokio::test]
async fn a_contradicting_reply_changes_nothing() {
    let node = TestNode::start().await;
    node.authority.will_reply([ReplyMeaning::Accepted {
        request_id: Some(RequestId::new("x")),
    }]);
    let started = node.ask().await;
    settle(&node, started.view.flow, "reply").await;
    assert!(!node.engine.view(CLIENT, started.view.flow).await.unwrap().ended);
}

/// Waits until the last record of a flow is of this kind.
async fn settle(node: &TestNode, flow: midflow::words::FlowId, kind: &str) {
    let mut events = node.engine.subscribe();
    while node.kinds(flow).await.last().is_none_or(|last| last != kind) {
        let next = tokio::time::timeout(Duration::from_secs(20), events.recv()).await;
        assert!(
            next.is_ok(),
            "no `{kind}` came last: {:?}",
            node.kinds(flow).await
        );
    }
}
