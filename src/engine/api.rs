use std::sync::Arc;

use serde::Serialize;

use crate::connector::AppLink;
use crate::connector::MadeSignature;
use crate::policy::Decision;
use crate::policy::Notices;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::Channel;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Locale;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::QrCode;
use crate::words::ServiceName;
use crate::words::Text;
use crate::words::Timestamp;

/// What an e-service asks for.
#[derive(Clone)]
pub struct StartFlow {
    /// The authenticated client that asks; flows belong to it.
    pub client: String,
    /// The client's `Idempotency-Key`, if it sent one.
    pub idempotency_key: Option<String>,
    /// Digest of the client's request body, to tell a repeated request from another under the same key.
    pub request_digest: Digest,
    /// The name of the service.
    pub service: String,
    /// The capability.
    pub capability: Capability,
    /// Where the person is.
    pub channel: Channel,
    /// The person's language.
    pub locale: Locale,
    /// The person to ask; for `auth_qr` and `verify_qr` the one expected, if somebody in particular is.
    pub civil_no: Option<CivilNo>,
    /// What the e-service passes, unchecked; the service's declaration is the check.
    pub inputs: serde_json::Map<String, serde_json::Value>,
    /// Where the person goes afterwards.
    pub return_url: Option<String>,
    /// Where the outcome notice goes.
    pub notify_url: Option<String>,
    /// The flow that this one tries again.
    pub retry_of: Option<FlowId>,
    /// The flow whose place this one takes.
    pub renews: Option<FlowId>,
    /// For `verify_qr`: the text of the code that the person's card shows.
    pub qr_data: Option<String>,
    /// For `sign`: the preview token of the document.
    pub document: Option<String>,
    /// For `notify`: the name of the template.
    pub template: Option<String>,
}

impl StartFlow {
    /// A push to a person's phone, from a web page in Arabic; change the public members for anything else.
    pub fn push(client: impl Into<String>, service: impl Into<String>, person: CivilNo) -> Self {
        Self {
            client: client.into(),
            idempotency_key: None,
            request_digest: Digest::of(b""),
            service: service.into(),
            capability: Capability::AuthPush,
            channel: Channel::Web,
            locale: Locale::Ar,
            civil_no: Some(person),
            inputs: serde_json::Map::new(),
            return_url: None,
            notify_url: None,
            retry_of: None,
            renews: None,
            qr_data: None,
            document: None,
            template: None,
        }
    }

    /// The same with an input that the service declares.
    #[must_use]
    pub fn input(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.inputs.insert(name.into(), value.into());
        self
    }
}

/// A flow that has begun, for the client that asked.
#[derive(Clone)]
pub struct Started {
    /// The flow as it stands.
    pub view: FlowView,
    /// Whether it had begun before, under the same idempotency key.
    pub repeated: bool,
    /// What the person must be told before looking at the phone.
    pub notices: Arc<Notices>,
    /// Where the person goes afterwards.
    pub return_url: Option<String>,
}

/// A flow as its client may see it.
#[derive(Clone)]
pub struct FlowView {
    /// The id.
    pub flow: FlowId,
    /// The client it belongs to.
    pub client: String,
    /// The service.
    pub service: ServiceName,
    /// The name of the service.
    pub service_name: Text,
    /// The capability.
    pub capability: Capability,
    /// The person's language.
    pub locale: Locale,
    /// The catalog it is pinned to.
    pub catalog: Digest,
    /// Whether it has ended, durably.
    pub ended: bool,
    /// When it began.
    pub created_at: Timestamp,
    /// When it times out.
    pub expires_at: Timestamp,
    /// The digits to compare.
    pub challenge: Challenge,
    /// Whether the person has to confirm on the flow's page before anything is sent.
    pub held: bool,
    /// When a notification that was put off leaves.
    pub sends_at: Option<Timestamp>,
    /// The code to show; never on a phone, and never once the flow has ended or its time is over (R000-075, R000-141).
    pub qr: Option<QrCode>,
    /// What opens the app on the phone that the person holds, in the place of the code.
    pub app_link: Option<AppLink>,
    /// The step of a journey that it is.
    pub step: Option<StepPlace>,
    /// What the person has to agree to on the page before anything is sent, by the names of the steps.
    pub consents: Vec<(String, Text)>,
    /// Where the person goes afterwards.
    pub return_url: Option<String>,
    /// The browser that the page of the flow belongs to, by the digest of the random value in its cookie; `None` as long
    /// as nobody has opened the page.
    pub browser: Option<Digest>,
    /// When the e-service reported that the person had not asked for this.
    pub reported_at: Option<Timestamp>,
    /// The flow that has taken the place of this one.
    pub superseded_by: Option<FlowId>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What the policy decided.
    pub decision: Option<Decision>,
    /// The declared fields; only after approval, and only if the policy lets the e-service go on.
    pub person: Option<Person>,
    /// The person's signature, where a document was signed; with the person's fields, and under the same conditions.
    pub signature: Option<MadeSignature>,
    /// The node's signed statement of the ending, for the client to keep.
    pub receipt: Option<String>,
}

/// Where a flow stands in its journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepPlace {
    /// The journey, by the id of its first flow.
    pub journey: FlowId,
    /// The name of the step.
    pub name: String,
    /// Which of the steps that the person sees it is, from 1.
    pub number: usize,
    /// How many of them there are.
    pub of: usize,
    /// Whether the journey goes on to another step; known once this one has ended.
    pub goes_on: bool,
}

impl FlowView {
    /// How it ended, for the person who was asked: a step that another follows is no ending.
    #[must_use]
    pub fn final_outcome(&self) -> Option<Outcome> {
        self.outcome.filter(|_| self.ended && !self.is_between_steps())
    }

    /// Whether it is a step that has ended and that another follows: until that one has begun, the journey stands between
    /// the two.
    #[must_use]
    pub fn is_between_steps(&self) -> bool {
        self.ended && self.step.as_ref().is_some_and(|step| step.goes_on)
    }
}

/// What became of a callback, for the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackReceipt {
    /// Its exact bytes are durable.
    Recorded,
    /// No flow has this token; size, digest and source are recorded.
    UnknownToken,
    /// Nothing could be recorded; the authority should try again.
    StoreUnavailable,
}

/// Something that changed, for live pages and event streams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineEvent {
    /// A record of this flow became durable.
    Flow {
        /// The flow.
        flow: FlowId,
        /// Whether the flow has ended.
        ended: bool,
    },
    /// Another catalog is active.
    CatalogActivated {
        /// Its digest.
        catalog: Digest,
    },
    /// A changed catalog was refused; the active one stays.
    CatalogRefused {
        /// The diagnostics, rendered for a terminal without colour.
        diagnostics: String,
    },
}

/// One line of a flow's timeline: a record, as people read it. Holds no personal data.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineEntry {
    /// The number of the record in the log.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// The kind of record.
    pub kind: String,
    /// The record itself.
    pub event: crate::audit::Event,
}

/// Why the engine does not do what a client asked. Becomes an RFC 9457 problem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Problem {
    /// The stable code.
    pub code: ProblemCode,
    /// What, where and how to mend, for the developer of the e-service; never carries personal data.
    pub detail: String,
    /// After how many seconds another attempt makes sense.
    pub retry_after: Option<u64>,
}

/// The stable codes of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemCode {
    /// No such service in the active catalog.
    UnknownService,
    /// The service does not have the capability.
    CapabilityNotDeclared,
    /// The service is not offered on the channel.
    ChannelNotDeclared,
    /// The civil number is missing or not valid.
    InvalidCivilNo,
    /// An input is missing, unknown or not valid.
    InvalidInput,
    /// A member of the request is missing or not valid.
    InvalidRequest,
    /// A limit per person or service is reached.
    TooManyRequests,
    /// The idempotency key came before with another request.
    IdempotencyConflict,
    /// No such flow, or it belongs to another client.
    UnknownFlow,
    /// The service has steps, so it begins journeys and no single flows.
    ServiceHasSteps,
    /// The service has no steps, so it begins no journeys.
    ServiceHasNoSteps,
    /// The flow has ended already.
    FlowEnded,
    /// The flow named in `retry_of` may not be tried again.
    RetryNotAllowed,
    /// The flow is so old that nothing would follow from a report.
    ReportTooLate,
    /// The flow is not one that is renewed.
    RenewalNotAllowed,
    /// A QR code can't be scanned on the phone that shows it, and there is no link that opens the app.
    QrNotOnMobile,
    /// The service has no such template.
    UnknownTemplate,
    /// The texts of the notification have not been approved by two people (R000-195).
    TextsNotApproved,
    /// The preview token names no document of this client, or its bytes are not the ones that were handed in.
    InvalidDocument,
    /// Nothing waits for a confirmation.
    NothingToConfirm,
    /// Not everything was confirmed that has to be.
    NotConfirmed,
    /// Nothing can be recorded at the moment, so nothing is begun.
    StoreUnavailable,
    /// The engine is shutting down.
    ShuttingDown,
    /// A fault inside the engine; the request may or may not have been carried out.
    Internal,
}

impl ProblemCode {
    /// The code as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownService => "unknown_service",
            Self::CapabilityNotDeclared => "capability_not_declared",
            Self::ChannelNotDeclared => "channel_not_declared",
            Self::InvalidCivilNo => "invalid_civil_no",
            Self::InvalidInput => "invalid_input",
            Self::InvalidRequest => "invalid_request",
            Self::TooManyRequests => "too_many_requests",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::UnknownFlow => "unknown_flow",
            Self::ServiceHasSteps => "service_has_steps",
            Self::ServiceHasNoSteps => "service_has_no_steps",
            Self::FlowEnded => "flow_ended",
            Self::RetryNotAllowed => "retry_not_allowed",
            Self::ReportTooLate => "report_too_late",
            Self::RenewalNotAllowed => "renewal_not_allowed",
            Self::QrNotOnMobile => "qr_not_on_mobile",
            Self::UnknownTemplate => "unknown_template",
            Self::TextsNotApproved => "texts_not_approved",
            Self::InvalidDocument => "invalid_document",
            Self::NothingToConfirm => "nothing_to_confirm",
            Self::NotConfirmed => "not_confirmed",
            Self::StoreUnavailable => "store_unavailable",
            Self::ShuttingDown => "shutting_down",
            Self::Internal => "internal",
        }
    }
}

impl std::fmt::Display for ProblemCode {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}
