use std::collections::BTreeMap;

use serde::Serialize;

use crate::connector::MadeSignature;
use crate::engine::FlowView;
use crate::engine::Started;
use crate::policy::Decision;
use crate::policy::Notices;
use crate::policy::Then;
use crate::words::FieldValue;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::Purpose;
use crate::words::Text;

/// A flow as its e-service sees it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct FlowAnswer {
    /// The id.
    #[schema(format = "uuid")]
    flow: String,
    /// Whether it has ended.
    state: FlowState,
    /// The name of the service.
    service: String,
    /// The capability.
    #[schema(value_type = CapabilityName)]
    capability: &'static str,
    /// When it began.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it times out.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The digits to show beside the request; the phone shows the same.
    #[schema(example = "8352")]
    challenge: String,
    /// Whether the person still has to confirm on the flow's page before anything is sent; only with `sign`, and where a
    /// journey asks for consent.
    held: bool,
    /// When a notification leaves that was put off because people are left in peace at this hour; null otherwise.
    #[schema(format = DateTime)]
    sends_at: Option<String>,
    /// The QR code to show; null unless one can be scanned now, and always on a mobile channel.
    qr: Option<QrAnswer>,
    /// The link that opens the app on the same device, in the place of the code; null unless the channel is mobile and
    /// the node knows the app's URL scheme.
    app_link: Option<String>,
    /// Where it stands in its journey; null for a flow by itself.
    step: Option<StepPlaceAnswer>,
    /// The flow that has taken the place of this one.
    #[schema(format = "uuid")]
    superseded_by: Option<String>,
    /// When it was reported that the person had not asked for this; null unless it was.
    #[schema(format = DateTime)]
    reported_at: Option<String>,
    /// How it ended; null while it waits.
    outcome: Option<OutcomeAnswer>,
    /// What the policy decided; null while it waits.
    decision: Option<DecisionAnswer>,
    /// The declared fields; null unless the person approved and the policy lets the e-service go on.
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>, example = json!({"civil_no": "399123100017"}))]
    person: Option<BTreeMap<String, serde_json::Value>>,
    /// The signature; null unless the person has signed and the policy lets the e-service go on.
    signature: Option<SignatureAnswer>,
    /// The digest of the catalog that the flow is pinned to.
    catalog: String,
    /// The node's signed statement of the ending, to keep; null while it waits.
    receipt: Option<String>,
}

/// Where a flow stands in its journey.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StepPlaceAnswer {
    /// The id of the journey.
    #[schema(format = "uuid")]
    journey: String,
    /// The name of the step.
    name: String,
    /// Which of the steps that this journey takes it is, from 1.
    number: usize,
    /// How many of them there are.
    of: usize,
}

/// A flow that has begun.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StartedAnswer<'a> {
    /// The flow.
    #[serde(flatten)]
    flow: FlowAnswer,
    /// A page to send the person to, instead of one of your own.
    #[schema(format = "uri")]
    page: String,
    /// What the person has to be told.
    notices: NoticesAnswer<'a>,
}

/// A QR code.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct QrAnswer {
    /// The text in the code.
    text: String,
    /// The picture, black on white with its quiet zone; show it as it is.
    svg: String,
}

/// A signature over the document that was handed in.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SignatureAnswer {
    /// How it is written: `PKCS#1` or `PKCS#7`.
    #[schema(example = "PKCS#1")]
    format: String,
    /// SHA-256 of what was signed.
    digest: String,
    /// The signature, base64.
    value: String,
    /// The person's certificate, base64 of its DER.
    certificate: String,
}

/// A document that was kept.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct DocumentAnswer {
    /// The preview token: begin a flow to sign with it as `document`.
    pub(super) document: String,
    /// SHA-256 of the exact bytes; what will be signed.
    pub(super) digest: String,
    /// How many bytes were kept.
    pub(super) size: u64,
}

/// Whether a flow has ended.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum FlowState {
    /// It runs.
    Waiting,
    /// It has ended, and never changes again.
    Ended,
}

/// How a flow ended.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct OutcomeAnswer {
    /// One of the five classes.
    #[schema(value_type = OutcomeClassName)]
    class: &'static str,
    /// The leaf code, stable for ever.
    #[schema(example = "declined.by_user")]
    code: &'static str,
    /// Whether a new attempt by the same person can end differently.
    retryable: bool,
    /// What to tell the person, as the policy words it.
    say: TextAnswer,
}

/// What the policy decided.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct DecisionAnswer {
    /// What happens next.
    then: ThenName,
    /// For `retry` and `step_up`: the most attempts, the first included.
    attempts: Option<u8>,
    /// Where the policy refused: its own code.
    refusal: Option<String>,
    /// What to tell the person.
    say: TextAnswer,
    /// The line of the policy that decided: file, line, column.
    #[schema(example = "policies/services/licence-renewal.yaml:58:14")]
    rule: String,
}

/// What happens next.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ThenName {
    /// The e-service goes on.
    Continue,
    /// The person may try again.
    Retry,
    /// The person may try again once their Mobile ID has the assurance that is asked for.
    StepUp,
    /// The e-service stops here.
    Stop,
}

/// A text in both languages.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TextAnswer {
    /// Arabic.
    ar: String,
    /// English.
    en: String,
}

/// What the person has to be told before looking at the phone.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct NoticesAnswer<'a> {
    /// What will happen and what to do, step by step.
    #[schema(value_type = Vec<TextAnswer>)]
    steps: &'a [Text],
    /// How retrieved data is used.
    #[schema(value_type = TextAnswer)]
    data_use: &'a Text,
    /// The liability of using Mobile ID here.
    #[schema(value_type = TextAnswer)]
    liability: &'a Text,
    /// How to get Mobile ID.
    #[schema(value_type = TextAnswer)]
    enrol: &'a Text,
    /// The official page about it.
    #[schema(value_type = String, format = "uri")]
    enrol_url: &'a str,
}

/// The key that signs outcome notices.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct WebhookKeyAnswer {
    /// An Ed25519 public key in the form of Standard Webhooks, `whpk_…`.
    pub(super) public_key: String,
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Serialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[expect(dead_code, reason = "names the words of the API; crate::words has them")]
        pub(super) enum $name { $($variant),+ }
    };
}

names!(
    /// What a service may ask of Mobile ID.
    CapabilityName { VerifyQr, AuthQr, AuthPush, Sign, Notify }
);
names!(
    /// Where the person is.
    ChannelName { Web, MobileWeb, NativeApp, Kiosk, CallCenter, Counter }
);
names!(
    /// A language.
    LocaleName { Ar, En }
);
names!(
    /// The five ways a flow can end.
    OutcomeClassName { Approved, Declined, Timeout, Error, Other }
);

impl FlowAnswer {
    /// What a client may see of its flow; `page` is where the app goes back to if the e-service has named no address.
    pub(super) fn new(view: &FlowView, page: impl FnOnce() -> String) -> Self {
        let ended = view.ended.then_some(()).and(view.outcome);
        Self {
            flow: view.flow.to_string(),
            state: if view.ended {
                FlowState::Ended
            } else {
                FlowState::Waiting
            },
            service: view.service.to_string(),
            capability: view.capability.as_str(),
            created_at: view.created_at.to_string(),
            expires_at: view.expires_at.to_string(),
            challenge: view.challenge.as_str().to_owned(),
            held: view.held,
            sends_at: view.sends_at.map(|at| at.to_string()),
            qr: view.qr.as_ref().map(|qr| QrAnswer {
                text: qr.text().to_owned(),
                svg: qr.svg(),
            }),
            app_link: view.app_link.as_ref().map(|link| match &view.return_url {
                Some(address) => link.returning_to(address),
                None => link.returning_to(&page()),
            }),
            step: view.step.as_ref().map(|step| StepPlaceAnswer {
                journey: step.journey.to_string(),
                name: step.name.clone(),
                number: step.number,
                of: step.of,
            }),
            superseded_by: view.superseded_by.map(|flow| flow.to_string()),
            reported_at: view.reported_at.map(|at| at.to_string()),
            signature: view.signature.as_ref().map(SignatureAnswer::new),
            outcome: ended.map(|outcome| OutcomeAnswer::new(outcome, view.decision.as_ref())),
            decision: ended.and(view.decision.as_ref()).map(DecisionAnswer::new),
            person: ended
                .filter(|outcome| *outcome == Outcome::Approved)
                .and(view.person.as_ref())
                .map(person),
            catalog: view.catalog.to_string(),
            receipt: view.receipt.clone(),
        }
    }
}

impl<'a> StartedAnswer<'a> {
    /// What a client is told of the flow it has begun.
    pub(super) fn new(started: &'a Started, page: String) -> Self {
        Self {
            flow: FlowAnswer::new(&started.view, || page.clone()),
            page,
            notices: NoticesAnswer::new(&started.notices),
        }
    }
}

impl OutcomeAnswer {
    pub(super) fn new(outcome: Outcome, decision: Option<&Decision>) -> Self {
        Self {
            class: outcome.class().as_str(),
            code: outcome.code(),
            retryable: outcome.retryable(),
            say: decision.map_or_else(
                || TextAnswer::new(&outcome.text()),
                |decision| TextAnswer::new(&decision.say),
            ),
        }
    }
}

impl DecisionAnswer {
    pub(super) fn new(decision: &Decision) -> Self {
        let (then, attempts) = match decision.then {
            Then::Continue => (ThenName::Continue, None),
            Then::Retry { attempts } => (ThenName::Retry, Some(attempts)),
            Then::StepUp { attempts } => (ThenName::StepUp, Some(attempts)),
            Then::Stop => (ThenName::Stop, None),
        };
        Self {
            then,
            attempts,
            refusal: decision.refusal.clone(),
            say: TextAnswer::new(&decision.say),
            rule: decision.rule.to_string(),
        }
    }
}

impl SignatureAnswer {
    pub(super) fn new(made: &MadeSignature) -> Self {
        Self {
            format: made.format.clone(),
            digest: made.digest.to_string(),
            value: made.value.clone(),
            certificate: made.certificate.clone(),
        }
    }
}

impl<'a> NoticesAnswer<'a> {
    pub(super) fn new(notices: &'a Notices) -> Self {
        Self {
            steps: &notices.steps,
            data_use: &notices.data_use,
            liability: &notices.liability,
            enrol: &notices.enrol,
            enrol_url: &notices.enrol_url,
        }
    }
}

impl TextAnswer {
    fn new(text: &Text) -> Self {
        Self {
            ar: text.ar.clone(),
            en: text.en.clone(),
        }
    }
}

pub(super) fn person(person: &Person) -> BTreeMap<String, serde_json::Value> {
    person
        .fields()
        .map(|(name, value)| {
            let value = match value.expose(Purpose::Deliver) {
                FieldValue::Text(text) | FieldValue::Date(text) => text.clone().into(),
                FieldValue::Flag(flag) => (*flag).into(),
            };
            (name.to_string(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fake::Fake;
    use crate::http::flows::Flows as _;

    // An e-service reads the same members whether it asks or is told.
    #[tokio::test]
    async fn a_notice_carries_what_the_api_answers() {
        let fake = Fake::new();
        let same = |view: &FlowView| {
            let answer = serde_json::to_value(FlowAnswer::new(view, String::new)).unwrap();
            assert_eq!(answer, view.to_json());
        };
        for (number, outcome) in (0_u8..).zip(crate::words::Outcome::ALL) {
            let begun = fake.begin(number, "licence-renewal");
            same(&begun);
            fake.end(begun.flow, outcome);
            same(&fake.view("portal", begun.flow).await.unwrap());
        }
    }
}
