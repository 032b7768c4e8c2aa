use std::borrow::Cow;

use serde::Deserialize;

use crate::audit::ExchangeDirection;
use crate::words::Digest;
use crate::words::ExchangeId;

/// What a record says of other rows of the store: the leaf vouches for the record, and the record for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The bytes of a message.
    Exchange {
        /// Their id.
        id: ExchangeId,
        /// Their digest.
        digest: Digest,
        /// Which way they went.
        direction: ExchangeDirection,
        /// When they arrived, microseconds since 1970; `None` if at the moment of the record.
        at: Option<i64>,
    },
    /// How a flow began.
    Request {
        /// The e-service.
        service: String,
        /// The capability, as it is written.
        capability: String,
        /// The catalog.
        catalog: Digest,
        /// Digest of the callback token.
        token: Digest,
    },
    /// How a flow ended.
    Ending {
        /// The code of the outcome.
        outcome: String,
        /// Digest of what never changes afterwards ([`super::FlowParts`]); `None` in records of earlier versions.
        flow: Option<Digest>,
    },
    /// A notice to the e-service.
    Notice {
        /// The `webhook-id`.
        webhook_id: String,
        /// Digest of the address.
        url: Digest,
        /// Digest of the body.
        body: Digest,
    },
    /// An attempt to deliver a notice.
    Attempt {
        /// The `webhook-id`.
        webhook_id: String,
        /// Which attempt, from 1.
        attempt: i64,
        /// Whether it was the one that delivered.
        delivered: bool,
    },
    /// The authority's id of the request.
    Accepted {
        /// The id.
        request_id: String,
    },
    /// A catalog that became active.
    Activation {
        /// The catalog.
        catalog: Digest,
        /// Who did it.
        actor: String,
        /// What else was said.
        detail: String,
    },
    /// Who may sign acts from then on.
    Administrators {
        /// Their public keys, as written.
        keys: Vec<String>,
    },
    /// An act that administrators have signed.
    Act {
        /// The act with its signatures.
        note: String,
    },
    /// Something that takes two persons.
    TookTwo {
        /// What it is, as acts call it.
        what: &'static str,
        /// The act that they have signed, by its digest; `None` where two were believed by their names.
        act: Option<Digest>,
    },
}

impl Reference {
    /// What an event says of other rows; `None` if it can't be read.
    pub fn of_event(kind: &[u8], event: &[u8]) -> Option<Vec<Self>> {
        Some(match kind {
            b"request" => read::<InRequest>(event)?.request.references().into(),
            b"reply" => read::<InReply>(event)?.reply.references(),
            b"callback" => read::<InCallback>(event)?
                .callback
                .reference()
                .into_iter()
                .collect(),
            b"document" => vec![read::<InDocument>(event)?.document.reference()],
            b"ending" => vec![read::<InEnding>(event)?.ending.reference()],
            b"notice" => vec![read::<InNotice>(event)?.notice.reference()],
            b"delivery" => vec![read::<InDelivery>(event)?.delivery.reference()],
            b"correction" => read::<InCorrection>(event)?.correction.references().into(),
            b"application" => read::<InApplication>(event)?
                .application
                .reference()
                .into_iter()
                .collect(),
            b"admin" => read::<InAdmin>(event)?.admin.reference().into_iter().collect(),
            _ => Vec::new(),
        })
    }
}

fn read<'a, T: Deserialize<'a>>(event: &'a [u8]) -> Option<T> {
    serde_json::from_slice(event).ok()
}

#[derive(Deserialize)]
struct InRequest<'a> {
    #[serde(borrow)]
    request: Request<'a>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    service: Cow<'a, str>,
    #[serde(borrow)]
    capability: Cow<'a, str>,
    catalog: Digest,
    callback_token: Digest,
    exchange: ExchangeId,
    digest: Digest,
}

impl Request<'_> {
    fn references(self) -> [Reference; 2] {
        [
            Reference::Exchange {
                id: self.exchange,
                digest: self.digest,
                direction: ExchangeDirection::Outbound,
                at: None,
            },
            Reference::Request {
                service: self.service.into_owned(),
                capability: self.capability.into_owned(),
                catalog: self.catalog,
                token: self.callback_token,
            },
        ]
    }
}

#[derive(Deserialize)]
struct InReply<'a> {
    #[serde(borrow)]
    reply: Reply<'a>,
}

#[derive(Deserialize)]
struct Reply<'a> {
    exchange: Option<ExchangeId>,
    digest: Option<Digest>,
    #[serde(borrow)]
    request_id: Option<Cow<'a, str>>,
}

impl Reply<'_> {
    fn references(self) -> Vec<Reference> {
        let bytes = self
            .exchange
            .zip(self.digest)
            .map(|(id, digest)| Reference::Exchange {
                id,
                digest,
                direction: ExchangeDirection::Reply,
                at: None,
            });
        let accepted = self.request_id.map(|id| Reference::Accepted {
            request_id: id.into_owned(),
        });
        bytes.into_iter().chain(accepted).collect()
    }
}

#[derive(Deserialize)]
struct InCallback {
    callback: Callback,
}

#[derive(Deserialize)]
struct Callback {
    exchange: Option<ExchangeId>,
    digest: Digest,
    arrived_at: Option<i64>,
}

impl Callback {
    fn reference(self) -> Option<Reference> {
        Some(Reference::Exchange {
            id: self.exchange?,
            digest: self.digest,
            direction: ExchangeDirection::Callback,
            at: self.arrived_at,
        })
    }
}

#[derive(Deserialize)]
struct InDocument {
    document: Document,
}

#[derive(Deserialize)]
struct Document {
    exchange: ExchangeId,
    digest: Digest,
}

impl Document {
    const fn reference(self) -> Reference {
        Reference::Exchange {
            id: self.exchange,
            digest: self.digest,
            direction: ExchangeDirection::Document,
            at: None,
        }
    }
}

#[derive(Deserialize)]
struct InCorrection {
    correction: Correction,
}

#[derive(Deserialize)]
struct Correction {
    act: Option<Digest>,
    exchange: ExchangeId,
    digest: Digest,
}

impl Correction {
    fn references(self) -> [Reference; 2] {
        // It names its paper as a document does.
        let Self {
            exchange,
            digest,
            act,
        } = self;
        let what = "rectify";
        [
            Document { exchange, digest }.reference(),
            Reference::TookTwo { what, act },
        ]
    }
}

#[derive(Deserialize)]
struct InApplication {
    application: Application,
}

#[derive(Deserialize)]
struct Application {
    application: ExchangeId,
    step: Step,
}

/// Only the first step names the paper; the others are read past.
#[derive(Deserialize)]
struct Step {
    opened: Option<Opened>,
}

#[derive(Deserialize)]
struct Opened {
    digest: Digest,
}

impl Application {
    fn reference(self) -> Option<Reference> {
        Some(Reference::Exchange {
            id: self.application,
            digest: self.step.opened?.digest,
            direction: ExchangeDirection::Document,
            at: None,
        })
    }
}

#[derive(Deserialize)]
struct InEnding<'a> {
    #[serde(borrow)]
    ending: Ending<'a>,
}

#[derive(Deserialize)]
struct Ending<'a> {
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    flow: Option<Digest>,
}

impl Ending<'_> {
    fn reference(self) -> Reference {
        Reference::Ending {
            outcome: self.outcome.into_owned(),
            flow: self.flow,
        }
    }
}

#[derive(Deserialize)]
struct InNotice<'a> {
    #[serde(borrow)]
    notice: Notice<'a>,
}

#[derive(Deserialize)]
struct Notice<'a> {
    #[serde(borrow)]
    webhook_id: Cow<'a, str>,
    url: Digest,
    body: Digest,
}

impl Notice<'_> {
    fn reference(self) -> Reference {
        Reference::Notice {
            webhook_id: self.webhook_id.into_owned(),
            url: self.url,
            body: self.body,
        }
    }
}

#[derive(Deserialize)]
struct InDelivery<'a> {
    #[serde(borrow)]
    delivery: Delivery<'a>,
}

#[derive(Deserialize)]
struct Delivery<'a> {
    #[serde(borrow)]
    webhook_id: Cow<'a, str>,
    attempt: i64,
    #[serde(borrow)]
    result: Cow<'a, str>,
}

impl Delivery<'_> {
    fn reference(self) -> Reference {
        Reference::Attempt {
            webhook_id: self.webhook_id.into_owned(),
            attempt: self.attempt,
            delivered: self.result == "delivered",
        }
    }
}

#[derive(Deserialize)]
struct InAdmin<'a> {
    #[serde(borrow)]
    admin: Admin<'a>,
}

#[derive(Deserialize)]
struct Admin<'a> {
    #[serde(borrow)]
    act: Cow<'a, str>,
    #[serde(borrow)]
    actor: Cow<'a, str>,
    catalog: Option<Digest>,
    #[serde(borrow)]
    detail: Cow<'a, str>,
    signed: Option<Digest>,
}

impl Admin<'_> {
    const fn took_two(&self, what: &'static str) -> Reference {
        Reference::TookTwo {
            what,
            act: self.signed,
        }
    }

    fn reference(self) -> Option<Reference> {
        Some(match self.act.as_ref() {
            "catalog_activated" | "engine_started" => Reference::Activation {
                catalog: self.catalog?,
                actor: self.actor.into_owned(),
                detail: self.detail.into_owned(),
            },
            "administrators" => Reference::Administrators {
                keys: self.detail.split(", ").map(str::to_owned).collect(),
            },
            "act_signed" => Reference::Act {
                note: self.detail.into_owned(),
            },
            "hold_released" => self.took_two("release"),
            "rollback_accepted" => self.took_two("accept-rollback"),
            // What goes because its time is over takes nobody.
            "erased" if self.detail.contains("basis: ") => self.took_two("erase"),
            _ => return None,
        })
    }
}
