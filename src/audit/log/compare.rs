use super::finding::Place;
use super::flow_parts::FlowParts;
use super::reference::Reference;
use super::row::LogRow;
use crate::audit::ExchangeDirection;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;

/// A record, and one thing that it says of another row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The number of the record.
    pub seq: u64,
    /// When it happened, microseconds since 1970.
    pub at: i64,
    /// Its flow.
    pub flow: Option<FlowId>,
    /// The commitment to the civil number it is about.
    pub commitment: Option<Vec<u8>>,
    /// What it says.
    pub reference: Reference,
}

/// A message as it lies in the store.
#[derive(Clone)]
pub struct StoredExchange {
    /// The id.
    pub id: ExchangeId,
    /// The flow.
    pub flow: Option<Vec<u8>>,
    /// Which way it went; `None` for a word that is no direction.
    pub direction: Option<ExchangeDirection>,
    /// When, microseconds since 1970.
    pub at: i64,
    /// The bytes; `None` once they have been erased.
    pub bytes: Option<Vec<u8>>,
}

/// A flow as it lies in the store. Holds personal data, so it has no `Debug`.
#[derive(Clone)]
pub struct StoredFlow {
    /// The id, 16 bytes.
    pub id: Vec<u8>,
    /// The service.
    pub service: Vec<u8>,
    /// The capability.
    pub capability: Vec<u8>,
    /// The catalog.
    pub catalog: Vec<u8>,
    /// Digest of the callback token.
    pub token: Vec<u8>,
    /// Keyed hash of the civil number.
    pub person_key: Option<Vec<u8>>,
    /// The civil number.
    pub subject: Option<Vec<u8>>,
    /// The commitment to the civil number, made again from what is kept with the flow; `None` where nothing is.
    pub commitment: Option<Vec<u8>>,
    /// When it began.
    pub created_at: i64,
    /// When it times out.
    pub expires_at: i64,
    /// The client and its key.
    pub idempotency_key: Option<Vec<u8>>,
    /// Digest of the request with that key.
    pub request_digest: Option<Vec<u8>>,
    /// What the engine keeps; `None` once it has been erased.
    pub detail: Option<Vec<u8>>,
    /// The outcome.
    pub outcome: Option<Vec<u8>>,
    /// The authority's id of the request.
    pub request_id: Option<Vec<u8>>,
}

/// An outcome notice as it lies in the store.
#[derive(Clone)]
pub struct StoredNotice {
    /// The `webhook-id`.
    pub webhook_id: String,
    /// The flow, 16 bytes.
    pub flow: Vec<u8>,
    /// Where it goes.
    pub url: Vec<u8>,
    /// The body; `None` once it has been erased.
    pub body: Option<Vec<u8>>,
    /// Attempts made so far.
    pub attempts: i64,
    /// When it was delivered.
    pub delivered_at: Option<i64>,
}

impl Claim {
    /// What a record says of other rows; `None` if its event can't be read.
    pub fn of_row(row: &LogRow) -> Option<Vec<Self>> {
        let references = Reference::of_event(&row.kind, &row.event)?;
        let flow = match &row.flow {
            None => None,
            Some(id) => Some(FlowId::from_uuid(uuid::Uuid::from_slice(id).ok()?)),
        };
        let claim = |reference| Self {
            seq: u64::try_from(row.seq).unwrap_or(0),
            at: row.at,
            flow,
            commitment: row.commitment.clone(),
            reference,
        };
        Some(references.into_iter().map(claim).collect())
    }

    /// The row that it speaks of; none where there is nothing to be looked up.
    pub fn place(&self) -> Option<Place> {
        match &self.reference {
            Reference::Exchange { id, .. } => Some(Place::Exchange(*id)),
            Reference::Notice { webhook_id, .. } | Reference::Attempt { webhook_id, .. } => {
                Some(Place::Notice(webhook_id.clone()))
            }
            Reference::Request { .. } | Reference::Ending { .. } | Reference::Accepted { .. } => {
                self.flow.map(Place::Flow)
            }
            Reference::Activation { .. }
            | Reference::Administrators { .. }
            | Reference::Act { .. }
            | Reference::TookTwo { .. } => None,
        }
    }

    /// What is wrong with the message that it speaks of.
    pub fn against_exchange(&self, row: Option<&StoredExchange>) -> Option<String> {
        let Reference::Exchange {
            digest,
            direction,
            at,
            ..
        } = &self.reference
        else {
            return None;
        };
        let Some(row) = row else { return self.missing() };
        if row
            .bytes
            .as_ref()
            .is_some_and(|bytes| Digest::of(bytes) != *digest)
        {
            return self.not_as("its bytes are not those");
        }
        let moment_fits = match (direction, at) {
            (ExchangeDirection::Callback, None) => true,
            (_, arrived_at) => row.at == arrived_at.unwrap_or(self.at),
        };
        let fits = row.flow.as_deref() == self.flow_bytes().as_ref().map(<[u8; 16]>::as_slice)
            && row.direction == Some(*direction)
            && moment_fits;
        if fits {
            None
        } else {
            self.not_as("its flow, direction or time is not the one")
        }
    }

    /// What is wrong with the flow that it speaks of.
    pub fn against_flow(&self, row: Option<&StoredFlow>) -> Option<String> {
        let Some(row) = row else { return self.missing() };
        match &self.reference {
            Reference::Request {
                service,
                capability,
                catalog,
                token,
            } => {
                let fits = row.service == service.as_bytes()
                    && row.capability == capability.as_bytes()
                    && row.catalog == catalog.as_bytes()
                    && row.token == token.as_bytes();
                let is_same_person = row.commitment.is_none() || row.commitment == self.commitment;
                match (fits, is_same_person) {
                    (true, true) => None,
                    (false, _) => self.not_as("its service, capability, catalog or token is not the one"),
                    (true, false) => self.not_as("the person it is about is not the one"),
                }
            }
            Reference::Ending { outcome, flow } => {
                if row.outcome.as_deref() != Some(outcome.as_bytes()) {
                    return self.not_as("its outcome is not the one");
                }
                let changed = row.digest().zip(*flow).is_some_and(|(found, kept)| found != kept);
                if changed {
                    self.not_as("what is kept of it is not what was kept at its end,")
                } else {
                    None
                }
            }
            Reference::Accepted { request_id } => {
                let fits = row.request_id.as_deref() == Some(request_id.as_bytes());
                if fits {
                    None
                } else {
                    self.not_as("the authority's id of it is not the one")
                }
            }
            _ => None,
        }
    }

    /// What is wrong with the notice that it speaks of.
    pub fn against_notice(&self, row: Option<&StoredNotice>) -> Option<String> {
        let Some(row) = row else { return self.missing() };
        match &self.reference {
            Reference::Notice { url, body, .. } => {
                // The address is sealed and erased with the body.
                let fits = self.flow_bytes().is_some_and(|flow| row.flow == flow)
                    && (row.body.is_none() || Digest::of(&row.url) == *url)
                    && row.body.as_ref().is_none_or(|found| Digest::of(found) == *body);
                if fits {
                    None
                } else {
                    self.not_as("its flow, address or body is not the one")
                }
            }
            Reference::Attempt {
                attempt, delivered, ..
            } => {
                let fits = row.attempts >= *attempt && (!delivered || row.delivered_at == Some(self.at));
                if fits {
                    None
                } else {
                    self.not_as("its attempts or its delivery are not those")
                }
            }
            _ => None,
        }
    }

    fn flow_bytes(&self) -> Option<[u8; 16]> {
        self.flow.map(|flow| flow.as_uuid().into_bytes())
    }

    fn missing(&self) -> Option<String> {
        Some(format!("it is missing, and record {} speaks of it", self.seq))
    }

    fn not_as(&self, what: &str) -> Option<String> {
        Some(format!("{what} that record {} speaks of", self.seq))
    }
}

impl StoredFlow {
    /// The digest of what never changes after the end; `None` once a part of it has been erased.
    fn digest(&self) -> Option<Digest> {
        let parts = FlowParts {
            id: &self.id,
            service: &self.service,
            capability: &self.capability,
            catalog: &self.catalog,
            token: &self.token,
            person_key: self.person_key.as_deref(),
            subject: self.subject.as_deref(),
            created_at: self.created_at,
            expires_at: self.expires_at,
            idempotency_key: self.idempotency_key.as_deref(),
            request_digest: self.request_digest.as_deref(),
            detail: self.detail.as_deref()?,
        };
        Some(parts.digest())
    }
}
