//! Documents that are handed in to be read and signed: exact bytes, kept before anything refers to them (law 11).

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::Deserialize;
use serde::Serialize;

use super::Problem;
use super::ProblemCode;
use super::detail::DocumentRef;
use super::inner::Inner;
use super::secrets::random;
use super::start::problem;
use super::start::unavailable;
use crate::audit::DocumentRecord;
use crate::audit::Event;
use crate::audit::ExchangeDirection;
use crate::audit::ExchangeRow;
use crate::audit::Record;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;

/// A document as an e-service hands it in.
#[derive(Clone)]
pub struct NewDocument {
    /// The client that hands it in; only its flows can refer to it.
    pub client: String,
    /// The name, as the person reads it.
    pub name: String,
    /// The media type: `application/pdf` or `text/plain; charset=utf-8`.
    pub media_type: String,
    /// The exact bytes.
    pub bytes: Bytes,
}

/// A document that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptDocument {
    /// Names the document and its digest; a flow to sign is begun with it.
    pub token: String,
    /// SHA-256 of the exact bytes.
    pub digest: Digest,
    /// How many bytes.
    pub size: u64,
}

/// A document as the person sees it. Holds what may be personal, so it has no `Debug`.
#[derive(Clone)]
pub struct ShownDocument {
    /// The name.
    pub name: String,
    /// The media type.
    pub media_type: String,
    /// SHA-256 of the bytes; what is signed.
    pub digest: Digest,
    /// The exact bytes.
    pub bytes: Bytes,
}

impl Inner {
    /// Keeps a document; after this returns `Ok`, its exact bytes are durable.
    pub(super) async fn keep_document(&self, document: NewDocument) -> Result<KeptDocument, Problem> {
        let now = self.clock.now();
        let exchange = ExchangeId::from_parts(now, random().map_err(unavailable)?);
        let digest = Digest::of(&document.bytes);
        let size = document.bytes.len() as u64;
        let named = DocumentRef {
            exchange,
            digest,
            media_type: document.media_type,
            name: document.name,
        };
        let record = Record {
            at: now,
            flow: None,
            subject: Subject::Nobody,
            event: Event::Document(DocumentRecord {
                client: document.client.clone(),
                exchange,
                digest,
                size,
                media_type: named.media_type.clone(),
                name: Digest::of(named.name.as_bytes()),
            }),
        };
        let unit = Unit {
            records: vec![record],
            exchanges: vec![ExchangeRow {
                id: exchange,
                flow: None,
                direction: ExchangeDirection::Document,
                at: now,
                bytes: document.bytes,
            }],
            ..Unit::default()
        };
        self.recorder.record(unit, ()).await.map_err(unavailable)?;
        Ok(KeptDocument {
            token: self.token_of(document.client, named)?,
            digest,
            size,
        })
    }

    /// The document that a client's preview token names, if its bytes are still the ones that were handed in.
    pub(super) async fn document_of(&self, client: &str, token: &str) -> Result<DocumentRef, Problem> {
        let named = self.open_token(client, token).ok_or_else(|| {
            problem(
                ProblemCode::InvalidDocument,
                "`document` is no preview token of this client; hand the document in with `POST /v1/documents`",
            )
        })?;
        if named.exchange.moment().plus(TOKEN_LIFE) <= self.clock.now() {
            return Err(problem(
                ProblemCode::InvalidDocument,
                "the preview token is older than 30 days, and a document that no flow refers to is not kept for longer; \
                 hand it in again",
            ));
        }
        self.bytes_of(&named).await?;
        Ok(named)
    }

    /// The exact bytes of a document. That they are the ones whose digest is known is asked each time: before they are
    /// shown, and again before they are signed (law 11, R000-120).
    pub(super) async fn bytes_of(&self, document: &DocumentRef) -> Result<Bytes, Problem> {
        let stored = self
            .store
            .exchange(document.exchange)
            .await
            .map_err(unavailable)?;
        stored
            .map(|stored| stored.bytes)
            .filter(|bytes| Digest::of(bytes) == document.digest)
            .ok_or_else(|| {
                self.metrics.alarm("document_changed");
                tracing::error!(digest = %document.digest, "a document is gone or is not the one that was handed in");
                problem(
                    ProblemCode::InvalidDocument,
                    "the document is gone, or its bytes are not the ones that were handed in; hand it in again",
                )
            })
    }

    pub(super) async fn shown_document(&self, client: &str, flow: FlowId) -> Result<ShownDocument, Problem> {
        let unknown = || {
            problem(
                ProblemCode::UnknownFlow,
                "there is no such flow with a document, or it belongs to another client",
            )
        };
        let live = self
            .live_by_id(flow)
            .await
            .map_err(unavailable)?
            .ok_or_else(unknown)?;
        let document = {
            let cell = live.cell.lock().await;
            let own = cell.detail.client == client;
            cell.detail.document.clone().filter(|_| own).ok_or_else(unknown)?
        };
        Ok(ShownDocument {
            bytes: self.bytes_of(&document).await?,
            name: document.name,
            media_type: document.media_type,
            digest: document.digest,
        })
    }

    fn token_of(&self, client: String, document: DocumentRef) -> Result<String, Problem> {
        let token = Token { client, document };
        let text = serde_json::to_vec(&token).map_err(unavailable)?;
        let tag = hmac::sign(&self.secrets.document_key(), &text);
        Ok(format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(&text),
            URL_SAFE_NO_PAD.encode(tag.as_ref())
        ))
    }

    fn open_token(&self, client: &str, token: &str) -> Option<DocumentRef> {
        let (text, tag) = token.split_once('.')?;
        let text = URL_SAFE_NO_PAD.decode(text).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.secrets.document_key(), &text, &tag).ok()?;
        let token: Token = serde_json::from_slice(&text).ok()?;
        (token.client == client).then_some(token.document)
    }
}

/// How long a flow may be begun with a document that was handed in.
pub(super) const TOKEN_LIFE: Duration = Duration::from_secs(30 * 86_400);

/// What a preview token says; nobody but this node can write one.
#[derive(Serialize, Deserialize)]
struct Token {
    client: String,
    document: DocumentRef,
}
