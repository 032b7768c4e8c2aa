//! What the engine writes into the audit log, made from what it knows at that moment.

use std::borrow::Cow;

use crate::audit::BrowserRecord;
use crate::audit::CallbackRecord;
use crate::audit::CheckRecord;
use crate::audit::ConsentRecord;
use crate::audit::DeliveryRow;
use crate::audit::EndingRecord;
use crate::audit::Event;
use crate::audit::FlowRow;
use crate::audit::NotMeRecord;
use crate::audit::NoticeRecord;
use crate::audit::Record;
use crate::audit::ReplyRecord;
use crate::audit::RequestRecord;
use crate::audit::StepRecord;
use crate::audit::VerdictRecord;
use crate::catalog::Decided;
use crate::connector::Claims;
use crate::connector::Conclusion;
use crate::connector::Matter;
use crate::connector::Outbound;
use crate::connector::Preview;
use crate::connector::ReplyMeaning;
use crate::connector::Request;
use crate::connector::Verdict;
use crate::flow::Note;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::ExchangeId;
use crate::words::Outcome;
use crate::words::Text;
use crate::words::Timestamp;

use super::detail::Detail;
use super::input::Reporter;
use super::journey::JourneyPart;

/// What the records of one flow have in common.
#[derive(Clone, Copy)]
pub(crate) struct Scribe<'a> {
    pub(crate) row: &'a FlowRow,
    pub(crate) at: Timestamp,
}

impl Scribe<'_> {
    pub(crate) fn record(&self, event: Event) -> Record {
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
        let (data_digest, preview_digest, notification) = of_matter(&request.matter);
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
            data_digest,
            preview_digest,
            notification,
            notification_approval: node.approval.map(str::to_owned),
            renews: detail.renews,
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
            ReplyMeaning::Shown(_) => ("shown", None, None, ""),
            ReplyMeaning::Answered => ("answered", None, None, ""),
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
            qr: match meaning {
                ReplyMeaning::Shown(qr) => Some(Digest::of(qr.text().as_bytes())),
                _ => None,
            },
            authority_code,
            detail: format!("{detail}{stray}"),
            exchange: exchange.map(|(id, _)| id),
            digest: exchange.map(|(_, digest)| digest),
        }))
    }

    /// R000-087 to R000-090: what the person confirmed, before anything is sent.
    pub(crate) fn consent(&self, consent: ConsentRecord) -> Record {
        self.record(Event::Consent(Box::new(consent)))
    }

    /// Which browser the page belongs to from now on.
    pub(crate) fn browser(&self, browser: Digest) -> Record {
        self.record(Event::Browser(BrowserRecord { browser }))
    }

    /// That the flow is a step of a journey, and of which.
    pub(crate) fn step(&self, part: &JourneyPart) -> Record {
        self.record(Event::Step(StepRecord {
            journey: part.journey,
            step: part.name.clone(),
            number: u8::try_from(part.step + 1).unwrap_or(u8::MAX),
            after: part.passed.last().map(|passed| passed.flow),
        }))
    }

    /// Threat B-16: that the person had not asked for this, and who said so.
    pub(crate) fn not_me(&self, reporter: Reporter) -> Record {
        let (by, stops_until) = match reporter {
            Reporter::Page => ("page", None),
            Reporter::EService { stops_until } => ("e_service", stops_until),
        };
        self.record(Event::NotMe(NotMeRecord {
            by: by.to_owned(),
            stops_until,
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
            name: Cow::Borrowed(check.name),
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

    /// What the e-service is going to be told, before it is told.
    pub(crate) fn notice(&self, row: &DeliveryRow) -> Record {
        self.record(Event::Notice(NoticeRecord {
            webhook_id: row.webhook_id.clone(),
            url: Digest::of(row.url.as_bytes()),
            body: Digest::of(&row.body),
        }))
    }
}

/// R000-149: how the flow ended, and which rule decided what follows. What is kept of the flow is not yet named.
pub(crate) fn ending(asked: Outcome, decided: &Decided, exchange: Option<ExchangeId>) -> EndingRecord {
    EndingRecord {
        outcome: decided.outcome,
        asked: (asked != decided.outcome).then_some(asked),
        decision: serde_json::to_value(&decided.decision).unwrap_or_default(),
        rule: Some(decided.decision.rule.to_string()),
        exchange,
        script_fault: decided.fault.as_ref().map(ToString::to_string),
        next: None,
        flow: None,
    }
}

/// What a request says beyond the common, as it is recorded: the digest of what is signed (R000-134), that of what the phone
/// shows of it (R000-135), and the text of a notification (R000-136).
fn of_matter(matter: &Matter) -> (Option<Digest>, Option<Digest>, Option<Text>) {
    match matter {
        Matter::Nothing | Matter::IdentityQr(_) => (None, None, None),
        Matter::Signing(signing) => {
            let preview = match &signing.preview {
                Preview::Document(bytes) => Digest::of(bytes),
                Preview::Text(text) => Digest::of(format!("{}\n{}", text.ar, text.en).as_bytes()),
            };
            (Some(signing.digest), Some(preview), None)
        }
        Matter::Notification(notification) => {
            let Text { ar, en } = &notification.text;
            let title = &notification.title;
            let whole = Text::new(format!("{}\n{ar}", title.ar), format!("{}\n{en}", title.en));
            (None, None, Some(whole))
        }
    }
}

/// What requests are recorded with beyond what is sent: names of this node, and who approved.
#[derive(Clone, Copy)]
pub(crate) struct NodeNames<'a> {
    /// Who approved the texts of the service, where a notification is sent.
    pub(crate) approval: Option<&'a str>,
    pub(crate) environment: Environment,
    pub(crate) connector: &'a str,
    pub(crate) callback_base_url: &'a str,
}
