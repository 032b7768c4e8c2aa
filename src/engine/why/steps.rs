//! The records of a flow as steps.

use std::collections::HashMap;

use super::model::Fact;
use super::model::Message;
use super::model::Step;
use super::phrases;
use crate::audit::Event;
use crate::audit::ExchangeRow;
use crate::store::StoredRecord;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::Text;
use crate::words::Timestamp;

/// Every record as a step, with the exact bytes that it names.
pub(super) fn steps(records: &[StoredRecord], exchanges: &[ExchangeRow]) -> Vec<Step> {
    let start = records.first().map_or(Timestamp::EPOCH, |record| record.at);
    let kept: HashMap<ExchangeId, &ExchangeRow> = exchanges.iter().map(|row| (row.id, row)).collect();
    records.iter().map(|record| step(record, start, &kept)).collect()
}

fn step(record: &StoredRecord, start: Timestamp, kept: &HashMap<ExchangeId, &ExchangeRow>) -> Step {
    let message = |exchange: Option<ExchangeId>, digest: Option<Digest>| {
        let row = exchange.and_then(|id| kept.get(&id));
        digest.map(|digest| Message {
            digest,
            size: row.map(|row| row.bytes.len() as u64),
            intact: row.map(|row| Digest::of(&row.bytes) == digest),
        })
    };
    let mut checks = Vec::new();
    let (says, facts, message) = match &record.event {
        Event::Request(request) => (
            phrases::REQUEST.text(),
            vec![
                some("connector", &request.connector),
                some("operation", &request.operation),
                some("assurance", request.assurance),
                some("attempt", request.attempt),
                some("expires_at", request.expires_at),
            ],
            message(Some(request.exchange), Some(request.digest)),
        ),
        Event::Reply(reply) => (
            phrases::reply(&reply.meaning),
            vec![
                reply.request_id.as_ref().and_then(|id| some("request_id", id)),
                reply.authority_code.and_then(|code| some("authority_code", code)),
                not_empty("detail", &reply.detail),
            ],
            message(reply.exchange, reply.digest),
        ),
        Event::Callback(callback) => {
            let mut message = message(callback.exchange, Some(callback.digest));
            if let Some(message) = &mut message {
                // The record knows the size of what was too much to be kept.
                message.size = message.size.or(Some(callback.size));
            }
            (
                phrases::callback(&callback.placed),
                vec![some("source", &callback.source)],
                message,
            )
        }
        Event::Verdict(verdict) => {
            checks.clone_from(&verdict.checks);
            let names = |names: Vec<String>| names.join(", ");
            (
                phrases::verdict(&verdict.conclusion, verdict.outcome, verdict.late),
                vec![
                    verdict
                        .result_code
                        .as_ref()
                        .and_then(|code| some("result_code", code)),
                    verdict
                        .user_action
                        .as_ref()
                        .and_then(|action| some("user_action", action)),
                    not_empty(
                        "kept_fields",
                        &names(verdict.kept_fields.iter().map(ToString::to_string).collect()),
                    ),
                    not_empty("dropped_fields", &names(verdict.dropped_fields.clone())),
                    verdict.claimed_at.and_then(|at| some("claimed_at", at)),
                ],
                None,
            )
        }
        Event::Document(document) => (
            phrases::DOCUMENT.text(),
            vec![some("media_type", &document.media_type)],
            message(Some(document.exchange), Some(document.digest)),
        ),
        Event::Consent(consent) => (
            phrases::CONSENT.text(),
            consent
                .items
                .iter()
                .filter(|item| item.given)
                .map(|item| some("confirmed", &item.name))
                .chain([consent.document.and_then(|document| some("document", document))])
                .collect(),
            None,
        ),
        Event::Browser(browser) => (
            phrases::BROWSER.text(),
            vec![some("browser", browser.browser)],
            None,
        ),
        Event::Step(step) => (
            phrases::STEP.text(),
            vec![
                some("step", &step.step),
                some("journey", step.journey),
                step.after.and_then(|after| some("after", after)),
            ],
            None,
        ),
        Event::NotMe(report) => (
            phrases::NOT_ME.text(),
            vec![
                some("by", &report.by),
                report.stops_until.and_then(|until| some("stops_until", until)),
            ],
            None,
        ),
        Event::Ending(ending) => (
            phrases::ended(ending.outcome),
            vec![
                ending.asked.and_then(|asked| some("asked", asked)),
                ending.rule.as_ref().and_then(|rule| some("rule", rule)),
                ending
                    .script_fault
                    .as_ref()
                    .and_then(|fault| some("script_fault", fault)),
            ],
            None,
        ),
        Event::Refusal(refusal) => (
            phrases::REFUSAL.text(),
            vec![some("code", &refusal.code), not_empty("detail", &refusal.detail)],
            None,
        ),
        Event::Notice(notice) => (
            phrases::NOTICE.text(),
            vec![some("webhook_id", &notice.webhook_id)],
            message(None, Some(notice.body)),
        ),
        Event::Delivery(delivery) => (
            phrases::delivery(&delivery.result),
            vec![
                some("attempt", delivery.attempt),
                delivery.status.and_then(|status| some("status", status)),
            ],
            None,
        ),
        Event::Correction(correction) => (
            phrases::CORRECTION.text(),
            vec![
                some("corrects", correction.corrects),
                not_empty(
                    "fields",
                    &correction
                        .fields
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(", "),
                ),
                some("basis", &correction.basis),
                some("reference", &correction.reference),
                some("by", &correction.by),
                some("approved_by", &correction.approved_by),
            ],
            message(Some(correction.exchange), Some(correction.digest)),
        ),
        Event::Application(application) => (
            phrases::APPLICATION.text(),
            vec![
                some("step", application.step.as_str()),
                some("by", &application.by),
            ],
            None,
        ),
        Event::Admin(admin) => (
            Text::new(admin.act.clone(), admin.act.clone()),
            vec![some("actor", &admin.actor), not_empty("detail", &admin.detail)],
            None,
        ),
    };
    Step {
        seq: record.seq,
        at: record.at,
        after_ms: u64::try_from(record.at.since(start).as_millis()).unwrap_or(u64::MAX),
        kind: record.event.kind(),
        says,
        facts: facts.into_iter().flatten().collect(),
        message,
        checks,
    }
}

fn some(name: &'static str, value: impl std::fmt::Display) -> Option<Fact> {
    Some(Fact {
        name,
        value: value.to_string(),
    })
}

fn not_empty(name: &'static str, value: &str) -> Option<Fact> {
    (!value.is_empty()).then(|| Fact {
        name,
        value: value.to_owned(),
    })
}
