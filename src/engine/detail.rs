use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::journey::JourneyPart;
use crate::catalog::StepAsk;
use crate::connector::MadeSignature;
use crate::policy::Decision;
use crate::policy::InputValue;
use crate::policy::Plan;
use crate::words::CallbackToken;
use crate::words::Challenge;
use crate::words::Channel;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FieldName;
use crate::words::FieldValue;
use crate::words::FlowId;
use crate::words::InputName;
use crate::words::Locale;
use crate::words::Person;
use crate::words::Pii;
use crate::words::Purpose;
use crate::words::QrCode;
use crate::words::Timestamp;

/// What the engine has to know of a flow beyond what the store itself works with.
///
/// Stored as one opaque value; holds personal data, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Detail {
    /// The client the flow belongs to.
    pub(crate) client: String,
    /// Where the person is.
    pub(crate) channel: Channel,
    /// The person's language.
    pub(crate) locale: Locale,
    /// What the e-service passed, checked.
    pub(crate) inputs: BTreeMap<InputName, InputValue>,
    /// What is sent; `None` if the policy refused before a plan was made.
    pub(crate) plan: Option<Plan>,
    /// The digits to compare.
    pub(crate) challenge: Challenge,
    /// Our own correlation text.
    pub(crate) additional_data: String,
    /// When the request was recorded.
    pub(crate) requested_at: Timestamp,
    /// Where the person goes afterwards.
    pub(crate) return_url: Option<String>,
    /// Where the outcome notice goes.
    pub(crate) notify_url: Option<String>,
    /// The flow that this one tries again.
    pub(crate) retry_of: Option<FlowId>,
    /// 1 for the first flow, one more for each that tries again.
    pub(crate) try_number: u8,
    /// What the policy decided.
    pub(crate) decision: Option<Decision>,
    /// When the flow ended.
    pub(crate) ended_at: Option<Timestamp>,
    /// 256 random bits that nothing else holds, so that the digest of this tells nothing of what is in it.
    #[serde(default)]
    blinding: String,
    /// The text of the code that the authority gave, to be scanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) qr: Option<QrCode>,
    /// The flow whose place this one takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) renews: Option<FlowId>,
    /// The flow that has taken the place of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) superseded_by: Option<FlowId>,
    /// What is to be signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) document: Option<DocumentRef>,
    /// The signature that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<MadeSignature>,
    /// The browser that opened the page first, by the digest of the random value in its cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) browser: Option<Digest>,
    /// The callback token of a flow that is held: nothing has been sent with it, so another process may still send. It
    /// leaves with the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) held_token: Option<String>,
    /// The notification that was put off, by the name of its template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<String>,
    /// The journey that the flow is a step of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) journey: Option<Box<JourneyPart>>,
    /// The declared fields, once approved.
    person: Option<BTreeMap<FieldName, FieldValue>>,
}

/// A document that was handed in, by its exact bytes in the store.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DocumentRef {
    /// Where the bytes are.
    pub(crate) exchange: ExchangeId,
    /// Their SHA-256.
    pub(crate) digest: Digest,
    /// Its media type.
    pub(crate) media_type: String,
    /// Its name, as the person reads it.
    pub(crate) name: String,
}

impl Detail {
    /// What is known when a flow begins.
    pub(crate) fn new(
        ask: &super::StartFlow,
        inputs: BTreeMap<InputName, InputValue>,
        plan: Option<Plan>,
        challenge: Challenge,
        additional_data: String,
        requested_at: Timestamp,
        try_number: u8,
    ) -> Self {
        Self {
            client: ask.client.clone(),
            channel: ask.channel,
            locale: ask.locale,
            inputs,
            plan,
            challenge,
            additional_data,
            requested_at,
            return_url: ask.return_url.clone(),
            notify_url: ask.notify_url.clone(),
            retry_of: ask.retry_of,
            try_number,
            decision: None,
            ended_at: None,
            blinding: String::new(),
            qr: None,
            renews: ask.renews,
            superseded_by: None,
            document: None,
            signature: None,
            browser: None,
            held_token: None,
            template: None,
            journey: None,
            person: None,
        }
    }

    /// The same with fresh random digits, so that its digest tells nothing.
    pub(crate) fn blinded(mut self, digits: String) -> Self {
        self.blinding = digits;
        self
    }

    /// The same, held until the person has confirmed what is to be signed.
    pub(crate) fn holding(self, document: DocumentRef, token: &CallbackToken) -> Self {
        Self {
            document: Some(document),
            held_token: Some(token.as_str().to_owned()),
            ..self
        }
    }

    /// The same, put off until the hour at which people are told.
    pub(crate) fn put_off(self, template: Option<String>, token: &CallbackToken) -> Self {
        Self {
            template,
            held_token: Some(token.as_str().to_owned()),
            ..self
        }
    }

    /// The same as a step of a journey, on the page that the browser opened at an earlier one.
    pub(crate) fn in_journey(self, journey: Option<Box<JourneyPart>>, browser: Option<Digest>) -> Self {
        Self {
            journey,
            browser,
            ..self
        }
    }

    /// What earlier steps of the journey brought of the person.
    pub(crate) fn earlier(&self) -> Option<Person> {
        self.journey.as_ref().map(|part| part.earlier())
    }

    /// The step as a catalog is asked about it; `earlier` is [`Detail::earlier`].
    pub(crate) fn step_ask<'a>(&'a self, earlier: Option<&'a Person>) -> Option<StepAsk<'a>> {
        self.journey.as_ref().map(|part| part.ask(earlier))
    }

    /// The document that the flow, or a later step of its journey, is about: its key stays as long as this flow does.
    pub(crate) fn refers_to(&self) -> Option<ExchangeId> {
        let later = self.journey.as_ref().and_then(|part| part.document.as_ref());
        self.document.as_ref().or(later).map(|document| document.exchange)
    }

    /// What this step hands on: its place, and all that is known with it.
    pub(crate) fn handed_on(&self, flow: FlowId, step: usize, name: &str) -> Option<JourneyPart> {
        let part = self.journey.as_ref()?;
        Some(part.then(flow, (step, name), self.person.as_ref(), self.signature.as_ref()))
    }

    /// Keeps the declared fields of the person who approved.
    pub(crate) fn keep_person(&mut self, person: &Person) {
        let fields = person
            .fields()
            .map(|(name, value)| (name.clone(), value.expose(Purpose::Store).clone()));
        self.person = Some(fields.collect());
    }

    /// The declared fields of the person who approved.
    pub(crate) fn person(&self) -> Option<Person> {
        let fields = self.person.as_ref()?;
        let fields = fields
            .iter()
            .map(|(name, value)| (name.clone(), Pii::new(value.clone())));
        Some(Person::new(fields))
    }

    /// The stored form.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(ROOM);
        if serde_json::to_writer(&mut bytes, self).is_err() {
            bytes.clear();
        }
        // A flow keeps them for as long as it waits.
        bytes.shrink_to_fit();
        bytes
    }

    /// Reads the stored form; `None` if it is damaged.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// What the stored form of most flows takes; growing on the way there costs more than the writing.
const ROOM: usize = 2_048;
