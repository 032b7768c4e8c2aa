//! The journey of `loan-agreement`, for tests that go through its steps.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use midflow::audit::Event;
use midflow::audit::Unit;
use midflow::engine::Confirmation;
use midflow::engine::Engine;
use midflow::engine::JourneyView;
use midflow::engine::NewDocument;
use midflow::engine::Problem;
use midflow::engine::StartJourney;
use midflow::words::Channel;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::FlowId;
use midflow::words::Locale;
use serde_json::json;

use super::node::CLIENT;
use super::node::PERSON;

/// What the e-service asks for somebody; from 5,000 dinars on there is a step-up.
pub fn asked(person: &CivilNo, amount: u32, document: Option<String>) -> StartJourney {
    let inputs = json!({ "application": "2026001", "amount": amount });
    StartJourney {
        client: CLIENT.to_owned(),
        idempotency_key: None,
        request_digest: Digest::of(b""),
        service: "loan-agreement".to_owned(),
        channel: Channel::Web,
        locale: Locale::Ar,
        civil_no: Some(person.clone()),
        inputs: inputs.as_object().unwrap().clone(),
        return_url: None,
        notify_url: None,
        document,
    }
}

/// Hands an agreement in; answers with its token.
pub async fn agreement(engine: &Engine) -> Result<String, Problem> {
    let document = NewDocument {
        client: CLIENT.to_owned(),
        name: "agreement.txt".to_owned(),
        media_type: "text/plain; charset=utf-8".to_owned(),
        bytes: Bytes::from_static(AGREEMENT),
    };
    Ok(engine.keep_document(document).await?.token)
}

/// Hands the agreement in and begins.
pub async fn try_begin(engine: &Engine, amount: u32) -> Result<FlowId, Problem> {
    let person = CivilNo::parse(PERSON).unwrap();
    let ask = asked(&person, amount, Some(agreement(engine).await?));
    Ok(engine.start_journey(ask).await?.view.flow)
}

pub async fn begin(engine: &Engine, amount: u32) -> FlowId {
    try_begin(engine, amount).await.unwrap()
}

/// What the person ticks and presses before the agreement is sent to be signed.
pub fn confirmation() -> Confirmation {
    Confirmation {
        locale: Locale::Ar,
        document: Some(Digest::of(AGREEMENT)),
        reviewed_entire: (true, "read".to_owned()),
        accepts_to_sign: (true, "agree".to_owned()),
        copy_before: (false, "copy".to_owned()),
        agreed: BTreeSet::from(["credit-check".to_owned()]),
    }
}

/// The journey once it waits on the page for what has to be agreed to.
pub async fn held(engine: &Engine, journey: FlowId) -> JourneyView {
    let mut events = engine.subscribe();
    loop {
        let view = engine.journey(CLIENT, journey).await.unwrap();
        if view.flow.held {
            return view;
        }
        assert!(!view.ended, "it ended as {:?}", view.outcome());
        let next = tokio::time::timeout(PATIENCE, events.recv()).await;
        assert!(next.is_ok(), "it never waits: {:?}", view.steps);
    }
}

/// Whether a unit begins the step of this number; consents count.
pub fn begins_step(unit: &Unit, number: u8) -> bool {
    let mut records = unit.records.iter();
    records.any(|record| matches!(&record.event, Event::Step(step) if step.number == number))
}

pub const AGREEMENT: &[u8] = "اتفاقية تمويل رقم 2026001\nLoan agreement 2026001\n".as_bytes();
/// Far more than a loaded machine needs.
pub const PATIENCE: Duration = Duration::from_secs(60);
