use std::borrow::Cow;

use serde::Deserialize;
use serde::Serialize;

use super::application::ApplicationStep;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::Channel;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::ExchangeId;
use crate::words::FieldName;
use crate::words::FlowId;
use crate::words::Locale;
use crate::words::Outcome;
use crate::words::RequestId;
use crate::words::ServiceName;
use crate::words::Text;
use crate::words::Timestamp;

/// One line of the audit log: when, of which flow, about whom, what.
#[derive(Clone)]
pub struct Record {
    /// When it happened, by the engine's clock (R000-139, R000-148).
    pub at: Timestamp,
    /// The flow it belongs to; `None` for administrative acts and for callbacks that belong to no flow.
    pub flow: Option<FlowId>,
    /// Whom it is about; kept apart from the event so that it can be sealed.
    pub subject: Subject,
    /// What happened. Holds no personal data in clear.
    pub event: Event,
}

/// Whom a record is about (R000-133). Has no `Debug`.
#[derive(Clone, Default)]
pub enum Subject {
    /// Nobody in particular.
    #[default]
    Nobody,
    /// A person, by civil number: what the engine writes, before the seal.
    Person(CivilNo),
    /// The salted commitment to a civil number: what the stores keep. Number and salt lie in the sealed part of the flow
    /// and can be erased; the commitment tells nothing without them.
    Committed(Digest),
}

impl Subject {
    /// The civil number, as long as it is not sealed.
    pub const fn person(&self) -> Option<&CivilNo> {
        match self {
            Self::Person(number) => Some(number),
            Self::Nobody | Self::Committed(_) => None,
        }
    }
}

impl From<Option<CivilNo>> for Subject {
    fn from(person: Option<CivilNo>) -> Self {
        person.map_or(Self::Nobody, Self::Person)
    }
}

/// What happened.
///
/// Each record declares its fields in the order of canonical JSON, which is that of the alphabet: an event is written in
/// every step of a flow, and what is in order needs no sorting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A request is about to be sent to the authority; nothing has left yet.
    Request(Box<RequestRecord>),
    /// The authority's direct reply to a request, or the lack of one.
    Reply(ReplyRecord),
    /// A callback arrived; its exact bytes are in the exchange.
    Callback(CallbackRecord),
    /// A callback or an answer was examined.
    Verdict(Box<VerdictRecord>),
    /// A document was handed in, to be read and signed.
    Document(DocumentRecord),
    /// A person confirmed on a page what the law wants confirmed before anything is signed.
    Consent(Box<ConsentRecord>),
    /// A browser opened the page of a flow first, and from then on the page is its own.
    Browser(BrowserRecord),
    /// Somebody said that the person had not asked for this.
    NotMe(NotMeRecord),
    /// A flow begins as a step of a journey.
    Step(StepRecord),
    /// A flow ended, with the decision of its policy.
    Ending(Box<EndingRecord>),
    /// A flow was refused before anything was sent, or was not begun.
    Refusal(RefusalRecord),
    /// A notice of the outcome is going to be delivered to the e-service.
    Notice(NoticeRecord),
    /// An outcome notice was delivered to the e-service, or an attempt failed.
    Delivery(DeliveryRecord),
    /// What was kept of a person was wrong or out of date, and was put right.
    Correction(Box<CorrectionRecord>),
    /// A step in the register of what people, their representatives and others ask of somebody's data.
    Application(Box<ApplicationRecord>),
    /// An administrative act.
    Admin(AdminRecord),
}

impl Event {
    /// The name of the kind, as in the stored form.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::Reply(_) => "reply",
            Self::Callback(_) => "callback",
            Self::Verdict(_) => "verdict",
            Self::Document(_) => "document",
            Self::Consent(_) => "consent",
            Self::Browser(_) => "browser",
            Self::NotMe(_) => "not_me",
            Self::Step(_) => "step",
            Self::Ending(_) => "ending",
            Self::Refusal(_) => "refusal",
            Self::Notice(_) => "notice",
            Self::Delivery(_) => "delivery",
            Self::Correction(_) => "correction",
            Self::Application(_) => "application",
            Self::Admin(_) => "admin",
        }
    }
}

/// A request as it will be sent (R000-127 to R000-139).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// The additional data that the authority echoes (R000-131).
    pub additional_data: String,
    /// The assurance asked for.
    pub assurance: Assurance,
    /// Which attempt of the flow this is, from 1.
    pub attempt: u8,
    /// Base of the callback URL, without the flow's secret token (R000-138).
    pub callback_base_url: String,
    /// Digest of the flow's callback token.
    pub callback_token: Digest,
    /// The kind of transaction (R000-128).
    pub capability: Capability,
    /// The catalog whose policy made the plan (R000-127).
    pub catalog: Digest,
    /// The challenge (R000-132).
    pub challenge: Challenge,
    /// Where the person is.
    pub channel: Channel,
    /// The name of the connector.
    pub connector: String,
    /// Digest of the data to be signed (R000-134); `None` unless the capability is `sign`.
    pub data_digest: Option<Digest>,
    /// The description of the service as sent, in both languages (R000-130).
    pub description: Text,
    /// Digest of the exact bytes.
    pub digest: Digest,
    /// The environment.
    pub environment: Environment,
    /// The exact bytes to be sent.
    pub exchange: ExchangeId,
    /// When the flow times out.
    pub expires_at: Timestamp,
    /// The language of the pages.
    pub locale: Locale,
    /// Text of the notification (R000-136); `None` unless the capability is `notify`.
    pub notification: Option<Text>,
    /// Who approved the texts of the service, and when (R000-136, R000-195); `None` unless the capability is `notify`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_approval: Option<String>,
    /// The operation of the authority's contract.
    pub operation: String,
    /// Digest of the preview shown on the phone (R000-135); `None` unless the capability is `sign`.
    pub preview_digest: Option<Digest>,
    /// The purpose as rendered, in both languages (R000-129).
    pub reason: Text,
    /// The flow whose place this one takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<FlowId>,
    /// The e-service (R000-127).
    pub service: ServiceName,
    /// Whether personal data is asked for (R000-137).
    pub wants_person: bool,
}

/// The authority's direct reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplyRecord {
    /// Which attempt it answers.
    pub attempt: u8,
    /// The authority's error code, as it came (R000-142).
    pub authority_code: Option<i64>,
    /// Why, for the operator; never carries personal data.
    pub detail: String,
    /// Digest of the exact bytes.
    pub digest: Option<Digest>,
    /// The exact bytes of the reply, if any came.
    pub exchange: Option<ExchangeId>,
    /// What it means: `accepted`, `shown`, `answered`, `refused`, `not_sent` or `unknown`.
    pub meaning: String,
    /// Digest of the text of the QR code that it brought (R000-141); the text itself is in the exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr: Option<Digest>,
    /// The authority's id of the request (R000-140).
    pub request_id: Option<RequestId>,
}

/// A callback as it arrived (R000-111).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallbackRecord {
    /// When its bytes were there (R000-148), if they are kept: a moment before the record, which waits for the flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Timestamp>,
    /// Digest of the exact bytes.
    pub digest: Digest,
    /// The exact bytes; `None` where only their digest and size are kept, because they belong to no flow or
    /// because the flow has been sent too many.
    pub exchange: Option<ExchangeId>,
    /// How it was placed: `flow`, `duplicate`, `late`, `excess`, `unknown_token`, `forbidden_source`.
    pub placed: String,
    /// How many bytes came.
    pub size: u64,
    /// The address it came from.
    pub source: String,
    /// That it waited in the spool of its node, because the store could not be written when it came: the id it waited
    /// under, which is its exchange's where its bytes are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spooled: Option<ExchangeId>,
}

/// What a callback says and what was found (R000-140 to R000-148).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerdictRecord {
    /// Every check, in the order it was made.
    pub checks: Vec<CheckRecord>,
    /// The moment the authority claims (R000-148); the moment of arrival is the record's own.
    pub claimed_at: Option<Timestamp>,
    /// `approved`, `ended` or `rejected`.
    pub conclusion: String,
    /// Names of members that came undeclared and were dropped (R000-146, law 7).
    pub dropped_fields: Vec<String>,
    /// The exact bytes that were examined.
    pub exchange: ExchangeId,
    /// Names of the declared fields that came (R000-146).
    pub kept_fields: Vec<FieldName>,
    /// Whether it came after the flow had ended.
    pub late: bool,
    /// The outcome it leads to; `None` if rejected.
    pub outcome: Option<Outcome>,
    /// The authority's id of the request (R000-140).
    pub request_id: Option<RequestId>,
    /// The raw result code (R000-142).
    pub result_code: Option<String>,
    /// Digest of the data stamp (R000-147).
    pub stamp: Option<Digest>,
    /// Digest of the certificate that stamped (R000-147).
    pub stamp_signer: Option<Digest>,
    /// The raw user action (R000-143).
    pub user_action: Option<String>,
    /// Digest of the user's certificate (R000-145); the bytes are in the exchange.
    pub user_certificate: Option<Digest>,
    /// Digest of the user's signature (R000-144); the bytes are in the exchange.
    pub user_signature: Option<Digest>,
}

/// One check of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// What was found, for the operator; never carries personal data.
    pub detail: Cow<'static, str>,
    /// The name of the check: `known`, `unexpired`, `stamp`, `person`, `assurance`, `code`, `action`, ….
    pub name: Cow<'static, str>,
    /// Whether it passed.
    pub passed: bool,
}

/// A document as it was handed in (R000-122). Its name may tell of a person, so only its digest stands here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentRecord {
    /// The client that handed it in.
    pub client: String,
    /// Digest of the exact bytes; what is signed (R000-123).
    pub digest: Digest,
    /// The exact bytes.
    pub exchange: ExchangeId,
    /// Its media type.
    pub media_type: String,
    /// Digest of its name.
    pub name: Digest,
    /// How many bytes.
    pub size: u64,
}

/// What a person confirmed before signing (R000-087 to R000-090); the time is the record's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRecord {
    /// Digest of the document that the page showed, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Digest>,
    /// What was confirmed, each for itself.
    pub items: Vec<ConsentItem>,
    /// The language in which it was confirmed.
    pub locale: Locale,
}

/// One thing that a person confirmed, or did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentItem {
    /// Whether it was ticked.
    pub given: bool,
    /// `reviewed_entire`, `accepts_to_sign` or `copy_before`; for the consent of a journey `consent:` and the name of its step.
    pub name: String,
    /// Digest of the sentence as it was shown.
    pub text: Digest,
}

/// Which journey a flow belongs to; with it the records of all flows of a journey can be read one after another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The flow of the step before; `None` for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<FlowId>,
    /// The journey, by the id of its first flow.
    pub journey: FlowId,
    /// The number of the step in the service file, from 1; consents count.
    pub number: u8,
    /// The name of the step.
    pub step: String,
}

/// Which browser the page of a flow belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserRecord {
    /// Digest of the random value in the browser's cookie.
    pub browser: Digest,
}

/// That the person had not asked for a flow, and who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotMeRecord {
    /// `e_service`, which knows the person and stops further requests to their phone, or `page`, which is anybody with the
    /// address of the page and ends the flow alone.
    pub by: String,
    /// Until when no request goes to the person's phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stops_until: Option<Timestamp>,
}

/// How a flow ended (R000-149).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndingRecord {
    /// The outcome that the policy was asked about, where its answer made another of it; so that the decision can be
    /// made again from what is recorded (law 9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Outcome>,
    /// The decision of the policy, as delivered.
    pub decision: serde_json::Value,
    /// The exchange that led here; `None` for a timeout or a cancellation.
    pub exchange: Option<ExchangeId>,
    /// Digest of what is kept of the flow and never changes after its end ([`super::log::FlowParts`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Digest>,
    /// The flow of the step that follows in the journey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<FlowId>,
    /// The outcome.
    pub outcome: Outcome,
    /// The rule that decided: file and line.
    pub rule: Option<String>,
    /// Where a failed script stopped and why; `None` if none failed.
    pub script_fault: Option<String>,
}

/// A flow that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefusalRecord {
    /// The stable code of the problem.
    pub code: String,
    /// Why, for the operator; never carries personal data.
    pub detail: String,
    /// The e-service asked for.
    pub service: String,
}

/// A notice of the outcome, with what every attempt will send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoticeRecord {
    /// Digest of the exact body.
    pub body: Digest,
    /// Digest of the address: what an e-service puts there is not for the log.
    pub url: Digest,
    /// The `webhook-id`.
    pub webhook_id: String,
}

/// One attempt to deliver an outcome notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// Which attempt, from 1.
    pub attempt: u32,
    /// `delivered`, `will_retry` or `parked`.
    pub result: String,
    /// The HTTP status of the receiver, if it answered.
    pub status: Option<u16>,
    /// The `webhook-id`.
    pub webhook_id: String,
}

/// That something kept of a person was put right (law 20/2014, article 36; R003-76). What is wrong stays as it was recorded;
/// this refers to it, and what is right lies beside it, sealed with the flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionRecord {
    /// The act that they have signed, by its digest; `None` where two were believed by their names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Digest>,
    /// Who approved it: another person than asked for it (R003-75).
    pub approved_by: String,
    /// Why: `wrong_or_outdated` or `court_order`.
    pub basis: String,
    /// Who asked for it.
    pub by: String,
    /// The number of the record that is put right: that of the ending, or of the correction before this one.
    pub corrects: u64,
    /// Digest of its exact bytes; 256 random bits in them keep it from telling anything.
    pub digest: Digest,
    /// What was said and what is right.
    pub exchange: ExchangeId,
    /// Which declared fields.
    pub fields: Vec<FieldName>,
    /// The number of the application, case or order.
    pub reference: String,
}

/// A step of one application (law 20/2014, articles 33, 34 and 36).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationRecord {
    /// The paper that was filed when it was opened, by which the application is known. Who applies, for whose data and
    /// how they are reached lies in it, sealed under a key of its own.
    pub application: ExchangeId,
    /// Who did it; `clock` where silence did.
    pub by: String,
    /// What happened.
    pub step: ApplicationStep,
}

/// An administrative act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdminRecord {
    /// What was done: `catalog_activated`, `catalog_refused`, `engine_started`, `engine_stopped`, `administrators`, `act_signed`, ….
    pub act: String,
    /// Who did it: a user, `file_watch`, `start`, `signal`, ….
    pub actor: String,
    /// The catalog it is about.
    pub catalog: Option<Digest>,
    /// More, for the operator.
    pub detail: String,
    /// The act that two administrators have signed for it, by its digest; `None` where it takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Digest>,
}

#[cfg(test)]
mod tests;
