use serde_json::json;

use super::*;
use crate::audit::ApplicationKind;
use crate::audit::RequiredCheck;
use crate::words::Day;
use crate::words::Field;

// A field in another place would give the same bytes, and each event would have to be sorted again; so a new field is told
// where it belongs.
#[test]
fn the_fields_of_records_are_declared_in_the_order_of_canonical_json() {
    for event in every_event_in_full() {
        let declared = serde_json::to_string(&event).unwrap();
        let canonical = String::from_utf8(event.to_canonical_json().unwrap()).unwrap();
        assert_eq!(declared, canonical, "{}", event.kind());
        assert!(
            !declared.contains("null"),
            "everything is in it: {}",
            event.kind()
        );
    }
}

/// Each kind of event, with nothing left out.
fn every_event_in_full() -> Vec<Event> {
    let steps = [
        ApplicationStep::Opened {
            day: day(),
            digest: digest(),
            kind: ApplicationKind::Representative,
            proof: Some("power of attorney 5 of 2026".to_owned()),
        },
        ApplicationStep::Checked {
            check: RequiredCheck::Nature,
            finding: "a name alone".to_owned(),
            passed: true,
        },
        ApplicationStep::Decided {
            day: day(),
            granted: true,
            reason: "their own data".to_owned(),
        },
        ApplicationStep::Complained { day: day() },
        ApplicationStep::Lapsed { finally: true },
    ];
    let applications = steps.map(|step| {
        Event::Application(Box::new(ApplicationRecord {
            application: exchange(),
            by: "Aisha".to_owned(),
            step,
        }))
    });
    let mut events = of_the_flow();
    events.extend(around_the_flow());
    events.extend(applications);
    events
}

fn of_the_flow() -> Vec<Event> {
    vec![
        Event::Request(Box::new(request())),
        Event::Reply(ReplyRecord {
            attempt: 1,
            authority_code: Some(7),
            detail: "refused".to_owned(),
            digest: Some(digest()),
            exchange: Some(exchange()),
            meaning: "refused".to_owned(),
            qr: Some(digest()),
            request_id: Some(RequestId::new("r-1")),
        }),
        Event::Callback(CallbackRecord {
            arrived_at: Some(moment()),
            digest: digest(),
            exchange: Some(exchange()),
            placed: "flow".to_owned(),
            size: 5_000,
            source: "203.0.113.7".to_owned(),
            spooled: Some(exchange()),
        }),
        Event::Verdict(Box::new(verdict())),
        Event::Ending(Box::new(EndingRecord {
            asked: Some(Outcome::Approved),
            decision: json!({ "rule": "a.yaml:1", "say": { "ar": "نعم", "en": "yes" }, "then": "continue" }),
            exchange: Some(exchange()),
            flow: Some(digest()),
            next: Some(flow()),
            outcome: Outcome::Approved,
            rule: Some("a.yaml:1".to_owned()),
            script_fault: Some("it stopped".to_owned()),
        })),
    ]
}

fn around_the_flow() -> Vec<Event> {
    vec![
        Event::Document(DocumentRecord {
            client: "portal".to_owned(),
            digest: digest(),
            exchange: exchange(),
            media_type: "application/pdf".to_owned(),
            name: digest(),
            size: 5_000,
        }),
        Event::Consent(Box::new(ConsentRecord {
            document: Some(digest()),
            items: vec![ConsentItem {
                given: true,
                name: "reviewed_entire".to_owned(),
                text: digest(),
            }],
            locale: Locale::Ar,
        })),
        Event::Browser(BrowserRecord { browser: digest() }),
        Event::NotMe(NotMeRecord {
            by: "e_service".to_owned(),
            stops_until: Some(moment()),
        }),
        Event::Step(StepRecord {
            after: Some(flow()),
            journey: flow(),
            number: 4,
            step: "contract".to_owned(),
        }),
        Event::Refusal(RefusalRecord {
            code: "too_many_requests".to_owned(),
            detail: "3/10m".to_owned(),
            service: "licence-renewal".to_owned(),
        }),
        Event::Notice(NoticeRecord {
            body: digest(),
            url: digest(),
            webhook_id: "w.1".to_owned(),
        }),
        Event::Delivery(DeliveryRecord {
            attempt: 3,
            result: "will_retry".to_owned(),
            status: Some(503),
            webhook_id: "w.1".to_owned(),
        }),
        Event::Correction(Box::new(CorrectionRecord {
            act: Some(Digest::of(b"an act")),
            approved_by: "Bader".to_owned(),
            basis: "wrong_or_outdated".to_owned(),
            by: "Aisha".to_owned(),
            corrects: 7,
            digest: digest(),
            exchange: exchange(),
            fields: vec![Field::parse("name_ar").unwrap().name()],
            reference: "application 18".to_owned(),
        })),
        Event::Admin(AdminRecord {
            act: "catalog_activated".to_owned(),
            actor: "file_watch".to_owned(),
            catalog: Some(digest()),
            detail: "more".to_owned(),
            signed: Some(Digest::of(b"an act")),
        }),
    ]
}

fn request() -> RequestRecord {
    RequestRecord {
        additional_data: "{}".to_owned(),
        assurance: Assurance::High,
        attempt: 1,
        callback_base_url: "https://callback.example/".to_owned(),
        callback_token: digest(),
        capability: Capability::AuthPush,
        catalog: digest(),
        challenge: Challenge::from_random([7; 8]),
        channel: Channel::Web,
        connector: "kuwait".to_owned(),
        data_digest: Some(digest()),
        description: Text::new("تجديد", "Renewal"),
        digest: digest(),
        environment: Environment::Production,
        exchange: exchange(),
        expires_at: moment(),
        locale: Locale::Ar,
        notification: Some(Text::new("تم", "Done")),
        notification_approval: Some("Aisha, 2026-11-01".to_owned()),
        operation: "InitiateAuthRequestPN".to_owned(),
        preview_digest: Some(digest()),
        reason: Text::new("الدخول", "Sign in"),
        renews: Some(flow()),
        service: ServiceName::parse("licence-renewal").unwrap(),
        wants_person: true,
    }
}

fn verdict() -> VerdictRecord {
    VerdictRecord {
        checks: vec![CheckRecord {
            detail: "raw-members".into(),
            name: "stamp".into(),
            passed: true,
        }],
        claimed_at: Some(moment()),
        conclusion: "approved".to_owned(),
        dropped_fields: vec!["Photo".to_owned()],
        exchange: exchange(),
        kept_fields: vec![Field::parse("civil_no").unwrap().name()],
        late: false,
        outcome: Some(Outcome::Approved),
        request_id: Some(RequestId::new("r-1")),
        result_code: Some("1".to_owned()),
        stamp: Some(digest()),
        stamp_signer: Some(digest()),
        user_action: Some("1".to_owned()),
        user_certificate: Some(digest()),
        user_signature: Some(digest()),
    }
}

fn digest() -> Digest {
    Digest::of(b"d")
}

fn moment() -> Timestamp {
    Timestamp::from_micros(1_770_113_742_117_000)
}

fn day() -> Day {
    Day::parse("2026-11-01").unwrap()
}

fn exchange() -> ExchangeId {
    ExchangeId::from_parts(moment(), [3; 10])
}

fn flow() -> FlowId {
    FlowId::from_parts(moment(), [7; 10])
}
