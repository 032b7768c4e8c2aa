//! What the engine writes into the audit log, made from what it knows at that moment.

use crate::audit::CallbackRecord;
use crate::audit::CheckRecord;
use crate::audit::EndingRecord;
use crate::audit::Event;
use crate::audit::FlowRow;
use crate::audit::Record;
use crate::audit::ReplyRecord;
use crate::audit::RequestRecord;
use crate::audit::VerdictRecord;
use crate::catalog::Decided;
use crate::connector::Claims;
use crate::connector::Conclusion;
use crate::connector::Outbound;
use crate::connector::ReplyMeaning;
use crate::connector::Request;
use crate::connector::Verdict;
use crate::flow::Note;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::ExchangeId;
use crate::words::Outcome;
use crate::words::Timestamp;

use super::detail::Detail;

/// What the records of one flow have in common.
#[derive(Clone, Copy)]
pub(crate) struct Scribe<'a> {
    pub(crate) row: &'a FlowRow,
    pub(crate) at: Timestamp,
}

impl Scribe<'_> {
    fn record(&self, event: Event) -> Record {
        Record {
            at: self.at,
            flow: Some(self.row.id),
            subject: self.row.subject.clone().into(),
            event,
        }
    }

    /// R000-127 to R000-139: everything about a request before it leaves.
    pub(crate) fn request(
        &self,
        detail: &Detail,
        request: &Request,
        outbound: &Outbound,
        exchange: ExchangeId,
        node: &NodeNames<'_>,
    ) -> Record {
        self.record(Event::Request(Box::new(RequestRecord {
            service: self.row.service.clone(),
            catalog: self.row.catalog,
            environment: node.environment,
            capability: self.row.capability,
            channel: detail.channel,
            locale: detail.locale,
            reason: request.reason.clone(),
            description: request.description.clone(),
            additional_data: request.additional_data.clone(),
            challenge: request.challenge.clone(),
            assurance: request.assurance,
            data_digest: None,
            preview_digest: None,
            notification: None,
            wants_person: request.wants_person,
            callback_base_url: node.callback_base_url.to_owned(),
            callback_token: self.row.token,
            attempt: outbound.attempt,
            connector: node.connector.to_owned(),
            operation: outbound.operation.to_owned(),
            exchange,
            digest: Digest::of(&outbound.body),
            expires_at: self.row.expires_at,
        })))
    }

    pub(crate) fn reply(
        &self,
        attempt: u8,
        meaning: &ReplyMeaning,
        exchange: Option<(ExchangeId, Digest)>,
        note: Option<Note>,
    ) -> Record {
        let (name, request_id, authority_code, detail) = match meaning {
            ReplyMeaning::Accepted { request_id } => ("accepted", request_id.clone(), None, ""),
            ReplyMeaning::Refused { code, detail, .. } => ("refused", None, *code, detail.as_str()),
            ReplyMeaning::NotSent { detail } => ("not_sent", None, None, detail.as_str()),
            ReplyMeaning::Unknown { detail } => ("unknown", None, None, detail.as_str()),
        };
        let stray = if note == Some(Note::StrayReply) {
            " (changes nothing)"
        } else {
            ""
        };
        self.record(Event::Reply(ReplyRecord {
            attempt,
            meaning: name.to_owned(),
            request_id,
            authority_code,
            detail: format!("{detail}{stray}"),
            exchange: exchange.map(|(id, _)| id),
            digest: exchange.map(|(_, digest)| digest),
        }))
    }

    pub(crate) fn callback(&self, callback: CallbackRecord) -> Record {
        self.record(Event::Callback(callback))
    }

    /// R000-140 to R000-148: what a callback claims and what was found.
    pub(crate) fn verdict(&self, exchange: ExchangeId, verdict: &Verdict, late: bool) -> Record {
        let (conclusion, outcome) = match &verdict.conclusion {
            Conclusion::Approved(_) => ("approved", Some(Outcome::Approved)),
            Conclusion::Ended(outcome) => ("ended", Some(*outcome)),
            Conclusion::Rejected => ("rejected", None),
        };
        // What nobody has stamped is anybody's text: the bytes are kept, and nothing of them is repeated here.
        let stamped = verdict
            .checks
            .iter()
            .any(|check| check.name == "stamp" && check.passed);
        let unstamped = Claims::default();
        let claims = if stamped { &verdict.claims } else { &unstamped };
        let checks = verdict.checks.iter().map(|check| CheckRecord {
            name: check.name.to_owned(),
            passed: check.passed,
            detail: check.detail.clone(),
        });
        self.record(Event::Verdict(Box::new(VerdictRecord {
            exchange,
            conclusion: conclusion.to_owned(),
            outcome,
            checks: checks.collect(),
            request_id: claims.request_id.clone(),
            result_code: claims.result_code.clone(),
            user_action: claims.user_action.clone(),
            user_signature: claims.user_signature,
            user_certificate: claims.user_certificate,
            kept_fields: claims.kept_fields.clone(),
            dropped_fields: claims.dropped_fields.clone(),
            stamp: claims.stamp,
            stamp_signer: claims.stamp_signer,
            claimed_at: claims.claimed_at,
            late,
        })))
    }

    /// R000-149: how the flow ended, and which rule decided what follows.
    pub(crate) fn ending(&self, asked: Outcome, decided: &Decided, exchange: Option<ExchangeId>) -> Record {
        self.record(Event::Ending(Box::new(EndingRecord {
            outcome: decided.outcome,
            asked: (asked != decided.outcome).then_some(asked),
            decision: serde_json::to_value(&decided.decision).unwrap_or_default(),
            rule: Some(decided.decision.rule.to_string()),
            exchange,
            script_fault: decided.fault.as_ref().map(ToString::to_string),
        })))
    }
}

/// Names of this node that requests are recorded with.
#[derive(Clone, Copy)]
pub(crate) struct NodeNames<'a> {
    pub(crate) environment: Environment,
    pub(crate) connector: &'a str,
    pub(crate) callback_base_url: &'a str,
}
