//! Rows for the tests.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;

use crate::audit::AdminRecord;
use crate::audit::ApplicationKind;
use crate::audit::ApplicationRecord;
use crate::audit::ApplicationStep;
use crate::audit::BrowserRecord;
use crate::audit::CallbackRecord;
use crate::audit::CheckRecord;
use crate::audit::CorrectionRecord;
use crate::audit::DeliveryRecord;
use crate::audit::DeliveryRow;
use crate::audit::EndingRecord;
use crate::audit::Event;
use crate::audit::ExchangeDirection;
use crate::audit::ExchangeRow;
use crate::audit::FlowChange;
use crate::audit::FlowRow;
use crate::audit::NotMeRecord;
use crate::audit::NoticeRecord;
use crate::audit::Record;
use crate::audit::RefusalRecord;
use crate::audit::ReplyRecord;
use crate::audit::RequestRecord;
use crate::audit::RequiredCheck;
use crate::audit::StepRecord;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::audit::VerdictRecord;
use crate::flow::State;
use crate::store::StoredRecord;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::Channel;
use crate::words::Day;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::ExchangeId;
use crate::words::Field;
use crate::words::FlowId;
use crate::words::Locale;
use crate::words::Outcome;
use crate::words::RequestId;
use crate::words::ServiceName;
use crate::words::Text;
use crate::words::Timestamp;

/// A flow that differs from the others by its number, and is younger than those of lower numbers.
pub(crate) fn flow(number: u8) -> FlowRow {
    flow_number(u32::from(number))
}

pub(crate) fn flow_number(number: u32) -> FlowRow {
    let at = Timestamp::from_micros(1_770_000_000_000_000 + i64::from(number) * 1_000_000);
    let mut random = [0; 10];
    random[..4].copy_from_slice(&number.to_be_bytes());
    FlowRow {
        id: FlowId::from_parts(at, random),
        version: 1,
        service: ServiceName::parse("licence-renewal").unwrap(),
        capability: Capability::AuthPush,
        catalog: Digest::of(b"catalog"),
        token: Digest::of(&number.to_be_bytes()),
        person_key: None,
        subject: None,
        state: State::new(at, 2),
        request_id: None,
        created_at: at,
        expires_at: at,
        outcome: None,
        idempotency: None,
        detail: Bytes::new(),
    }
}

pub(crate) fn insert(row: &FlowRow) -> Unit {
    Unit {
        flow: Some(FlowChange::Insert(Arc::new(row.clone()))),
        ..Unit::default()
    }
}

pub(crate) fn update(row: &FlowRow) -> Unit {
    Unit {
        flow: Some(FlowChange::Update(Arc::new(row.clone()))),
        ..Unit::default()
    }
}

pub(crate) fn note(act: &str, flow: Option<FlowId>) -> Record {
    Record {
        at: Timestamp::from_micros(5),
        flow,
        subject: Subject::Nobody,
        event: Event::Admin(AdminRecord {
            act: act.to_owned(),
            actor: "test".to_owned(),
            catalog: None,
            detail: String::new(),
            signed: None,
        }),
    }
}

/// What the notes say, in order.
pub(crate) fn acts(records: &[StoredRecord]) -> Vec<String> {
    let act = |record: &StoredRecord| match &record.event {
        Event::Admin(admin) => admin.act.clone(),
        other => other.kind().to_owned(),
    };
    records.iter().map(act).collect()
}

pub(crate) fn exchange(number: u8, bytes: &[u8]) -> ExchangeRow {
    ExchangeRow {
        id: exchange_id(number),
        flow: None,
        direction: ExchangeDirection::Callback,
        at: Timestamp::from_micros(i64::from(number)),
        bytes: bytes::Bytes::copy_from_slice(bytes),
    }
}

pub(crate) fn delivery(flow: &FlowRow) -> DeliveryRow {
    DeliveryRow {
        webhook_id: format!("{}.1", flow.id),
        flow: flow.id,
        url: "https://service.example/notices".to_owned(),
        body: bytes::Bytes::from_static(b"{\"a\":1}"),
        attempts: 0,
        next_at: Some(Timestamp::from_micros(1)),
        delivered_at: None,
    }
}

/// One event of each kind, with everything in it.
pub(crate) fn every_event() -> Vec<Event> {
    let digest = Digest::of(b"d");
    vec![
        Event::Request(Box::new(request())),
        Event::Reply(ReplyRecord {
            qr: None,
            attempt: 1,
            meaning: "accepted".to_owned(),
            request_id: Some(RequestId::new("r-1")),
            authority_code: Some(i64::MIN + 1),
            detail: "with \"quotes\", a tab \t, a NUL \0 and العربية".to_owned(),
            exchange: Some(exchange_id(2)),
            digest: Some(digest),
        }),
        Event::Callback(CallbackRecord {
            exchange: Some(exchange_id(3)),
            digest,
            size: 5_000_000,
            source: "203.0.113.7".to_owned(),
            placed: "flow".to_owned(),
            arrived_at: None,
            spooled: None,
        }),
        Event::Verdict(Box::new(verdict())),
        Event::Ending(Box::new(EndingRecord {
            asked: None,
            outcome: Outcome::Approved,
            decision: json!({ "then": "continue", "z": [1, 2.5, null], "a": { "ar": "نعم" } }),
            rule: Some("policies/services/licence-renewal.yaml:30".to_owned()),
            exchange: Some(exchange_id(3)),
            script_fault: None,
            next: None,
            flow: None,
        })),
        Event::Browser(BrowserRecord {
            browser: Digest::of(b"browser"),
        }),
        Event::NotMe(NotMeRecord {
            by: "e_service".to_owned(),
            stops_until: Some(Timestamp::from_micros(77)),
        }),
        Event::Step(StepRecord {
            journey: FlowId::from_parts(Timestamp::from_micros(77), [7; 10]),
            step: "contract".to_owned(),
            number: 4,
            after: Some(FlowId::from_parts(Timestamp::from_micros(78), [8; 10])),
        }),
        Event::Refusal(RefusalRecord {
            service: "licence-renewal".to_owned(),
            code: "too_many_requests".to_owned(),
            detail: "3/10m".to_owned(),
        }),
        Event::Notice(NoticeRecord {
            webhook_id: "w.1".to_owned(),
            url: digest,
            body: digest,
        }),
        Event::Delivery(DeliveryRecord {
            webhook_id: "w.1".to_owned(),
            attempt: 3,
            status: Some(503),
            result: "will_retry".to_owned(),
        }),
        Event::Correction(Box::new(CorrectionRecord {
            act: None,
            corrects: 7,
            fields: vec![Field::parse("name_ar").unwrap().name()],
            exchange: exchange_id(4),
            digest,
            basis: "wrong_or_outdated".to_owned(),
            reference: "application 18".to_owned(),
            by: "Aisha".to_owned(),
            approved_by: "Bader".to_owned(),
        })),
        application(ApplicationStep::Opened {
            kind: ApplicationKind::Representative,
            day: Day::parse("2026-11-01").unwrap(),
            digest,
            proof: Some("power of attorney 5 of 2026".to_owned()),
        }),
        application(ApplicationStep::Checked {
            check: RequiredCheck::Nature,
            passed: true,
            finding: "a name alone".to_owned(),
        }),
        application(ApplicationStep::Lapsed { finally: false }),
        Event::Admin(AdminRecord {
            act: "catalog_activated".to_owned(),
            actor: "file_watch".to_owned(),
            catalog: Some(digest),
            detail: String::new(),
            signed: None,
        }),
    ]
}

pub(crate) fn application(step: ApplicationStep) -> Event {
    Event::Application(Box::new(ApplicationRecord {
        application: exchange_id(5),
        step,
        by: "Aisha".to_owned(),
    }))
}

fn request() -> RequestRecord {
    let digest = Digest::of(b"d");
    RequestRecord {
        notification_approval: None,
        renews: None,
        service: ServiceName::parse("licence-renewal").unwrap(),
        catalog: digest,
        environment: Environment::Production,
        capability: Capability::AuthPush,
        channel: Channel::Web,
        locale: Locale::Ar,
        reason: Text::new("الدخول", "Sign in"),
        description: Text::new("تجديد", "Renewal"),
        additional_data: "{}".to_owned(),
        challenge: Challenge::from_random([7; 8]),
        assurance: Assurance::High,
        data_digest: Some(digest),
        preview_digest: None,
        notification: None,
        wants_person: true,
        callback_base_url: "https://callback.example/".to_owned(),
        callback_token: digest,
        attempt: 1,
        connector: "kuwait".to_owned(),
        operation: "InitiateAuthRequestPN".to_owned(),
        exchange: exchange_id(1),
        digest,
        expires_at: Timestamp::from_micros(1_770_113_742_117_000),
    }
}

fn verdict() -> VerdictRecord {
    let digest = Digest::of(b"d");
    VerdictRecord {
        exchange: exchange_id(3),
        conclusion: "approved".to_owned(),
        outcome: Some(Outcome::Approved),
        checks: vec![CheckRecord {
            name: "stamp".into(),
            passed: true,
            detail: "raw-members".into(),
        }],
        request_id: None,
        result_code: Some("0".to_owned()),
        user_action: Some("1".to_owned()),
        user_signature: Some(digest),
        user_certificate: Some(digest),
        kept_fields: vec![Field::parse("civil_no").unwrap().name()],
        dropped_fields: vec!["Photo".to_owned()],
        stamp: Some(digest),
        stamp_signer: Some(digest),
        claimed_at: Some(Timestamp::EPOCH),
        late: false,
    }
}

fn exchange_id(number: u8) -> ExchangeId {
    ExchangeId::from_parts(Timestamp::from_micros(i64::from(number) * 1_000), [number; 10])
}
