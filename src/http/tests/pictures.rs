//! Pages with made-up flows, to look at: `PICTURES=4600 cargo test http::tests::pictures` serves the demo on
//! that port, the console on the next and the API on the one after, until it is stopped.

use std::sync::Arc;

use super::ask::api;
use crate::audit::CallbackRecord;
use crate::audit::CheckRecord;
use crate::audit::DeliveryRecord;
use crate::audit::EndingRecord;
use crate::audit::Event;
use crate::audit::ReplyRecord;
use crate::audit::RequestRecord;
use crate::audit::VerdictRecord;
use crate::http::ConsoleSettings;
use crate::http::DemoSettings;
use crate::http::PageClock;
use crate::http::fake::Fake;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::Channel;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::ExchangeId;
use crate::words::Field;
use crate::words::FlowId;
use crate::words::Locale;
use crate::words::Outcome;
use crate::words::RequestId;
use crate::words::Text;

/// One flow with everything that can be told of it, and a few others.
pub(super) fn told(fake: &Arc<Fake>) -> FlowId {
    let view = fake.begin(1, "licence-renewal");
    let exchange = |number| ExchangeId::from_parts(Fake::now(), [number; 10]);
    fake.record(0, Event::Request(Box::new(request(view.catalog, exchange(1)))));
    fake.record(
        38,
        Event::Reply(ReplyRecord {
            qr: None,
            attempt: 1,
            meaning: "accepted".to_owned(),
            request_id: Some(RequestId::new("b7a0f7c2-44d1-4f0e-9a15-6d2b1c0f7e11")),
            authority_code: None,
            detail: String::new(),
            exchange: Some(exchange(2)),
            digest: Some(Digest::of(b"reply")),
        }),
    );
    fake.record(
        8_204,
        Event::Callback(CallbackRecord {
            exchange: Some(exchange(3)),
            digest: Digest::of(b"forged"),
            size: 912,
            source: "203.0.113.99:40112".to_owned(),
            placed: "flow".to_owned(),
            arrived_at: None,
            spooled: None,
        }),
    );
    fake.record(8_206, Event::Verdict(Box::new(verdict(exchange(3), false))));
    fake.record(
        11_730,
        Event::Callback(CallbackRecord {
            exchange: Some(exchange(4)),
            digest: Digest::of(b"callback"),
            size: 18_422,
            source: "203.0.113.7:51544".to_owned(),
            placed: "flow".to_owned(),
            arrived_at: None,
            spooled: None,
        }),
    );
    fake.record(11_733, Event::Verdict(Box::new(verdict(exchange(4), true))));
    fake.record(
        11_735,
        Event::Ending(Box::new(EndingRecord {
            asked: None,
            outcome: Outcome::Approved,
            decision: serde_json::json!({ "then": "continue" }),
            rule: Some("policies/services/licence-renewal.yaml:64:3".to_owned()),
            exchange: Some(exchange(4)),
            script_fault: None,
            next: None,
            flow: None,
        })),
    );
    fake.record(
        11_790,
        Event::Delivery(DeliveryRecord {
            webhook_id: "msg_1".to_owned(),
            attempt: 1,
            status: Some(204),
            result: "delivered".to_owned(),
        }),
    );
    fake.end(view.flow, Outcome::Approved);
    view.flow
}

fn request(catalog: Digest, exchange: ExchangeId) -> RequestRecord {
    RequestRecord {
        notification_approval: None,
        renews: None,
        service: crate::words::ServiceName::parse("licence-renewal").unwrap(),
        catalog,
        environment: Environment::Development,
        capability: Capability::AuthPush,
        channel: Channel::Web,
        locale: Locale::Ar,
        reason: Text::new("الدخول لتجديد الرخصة 123456", "Sign in to renew licence 123456"),
        description: Text::new("تجديد رخصة القيادة", "Driving licence renewal"),
        additional_data: String::new(),
        challenge: Challenge::from_random(8_352u64.to_be_bytes()),
        assurance: Assurance::Medium,
        data_digest: None,
        preview_digest: None,
        notification: None,
        wants_person: true,
        callback_base_url: "https://id.example.test/cb/v1".to_owned(),
        callback_token: Digest::of(b"token"),
        attempt: 1,
        connector: "kuwait/bridge".to_owned(),
        operation: "InitiateAuthRequestPNWithAssuranceLevel".to_owned(),
        exchange,
        digest: Digest::of(b"request"),
        expires_at: Fake::now().plus(std::time::Duration::from_secs(300)),
    }
}

fn verdict(exchange: ExchangeId, good: bool) -> VerdictRecord {
    let names = [
        "known",
        "unexpired",
        "stamp",
        "person",
        "assurance",
        "code",
        "action",
    ];
    let check = |name: &&str| CheckRecord {
        name: (*name).to_owned().into(),
        passed: good || *name != "stamp",
        detail: if good {
            "".into()
        } else {
            "the signature does not match the pinned signer".into()
        },
    };
    VerdictRecord {
        exchange,
        conclusion: if good { "approved" } else { "rejected" }.to_owned(),
        outcome: good.then_some(Outcome::Approved),
        checks: names.iter().take(if good { 7 } else { 3 }).map(check).collect(),
        request_id: None,
        result_code: Some("1".to_owned()),
        user_action: Some("accept".to_owned()),
        user_signature: None,
        user_certificate: None,
        kept_fields: ["civil_no", "name_ar"]
            .map(|name| Field::parse(name).unwrap().name())
            .to_vec(),
        dropped_fields: if good {
            vec!["photo".to_owned(), "address".to_owned()]
        } else {
            Vec::new()
        },
        stamp: None,
        stamp_signer: None,
        claimed_at: None,
        late: false,
    }
}

#[tokio::test]
async fn pages_can_be_looked_at() {
    let Some(port) = std::env::var("PICTURES")
        .ok()
        .and_then(|port| port.parse::<u16>().ok())
    else {
        return;
    };
    let fake = Fake::new();
    told(&fake);
    for (number, service, outcome) in [
        (2, "bank-account-opening", Some(Outcome::DeclinedByUser)),
        (3, "lab-results", Some(Outcome::TimeoutNoAnswer)),
        (4, "sim-replacement", Some(Outcome::NotEnrolled)),
        (5, "university-transcript", Some(Outcome::ErrorNetwork)),
        (6, "licence-renewal", None),
    ] {
        let view = fake.begin(number, service);
        if let Some(outcome) = outcome {
            fake.end(view.flow, outcome);
        }
    }
    if std::env::var_os("REFUSED").is_some() {
        fake.inner.lock().unwrap().failure = Some(
            "error[E0412]: the outcome `timeout` has no Arabic text\n  --> policies/services/licence-renewal.yaml:71:30\n   |\n71 |   timeout: { then: retry, attempts: 2, say: { en: No answer yet. } }\n   |                                             ^^^^^^^^^^^^^^^^^^^^^^ needs both `ar` and `en`".to_owned(),
        );
    }
    let settings = DemoSettings {
        api_base: format!("http://127.0.0.1:{}", port + 2),
        key: "portal-key".to_owned().into(),
        public_base: format!("http://localhost:{port}"),
        phone_url: Some("http://localhost:8081".to_owned()),
        console_url: Some(format!("http://localhost:{}", port + 1)),
        example_civil_no: Some("399123100017".to_owned()),
        clock: PageClock::new(|| Fake::now().plus(std::time::Duration::from_secs(47))),
    };
    let demo = crate::http::demo(fake.clone(), settings).unwrap();
    let console = ConsoleSettings {
        public_base: Some(format!("http://localhost:{}", port + 1)),
        admins: Default::default(),
    };
    let console = crate::http::console(fake.clone(), console);
    let mut serving = tokio::task::JoinSet::new();
    for (port, router) in [(port, demo), (port + 1, console), (port + 2, api(&fake))] {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        serving.spawn(async move { axum::serve(listener, router).await });
    }
    serving.join_next().await;
}
