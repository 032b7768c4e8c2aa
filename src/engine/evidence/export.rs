use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use super::report;
use super::report::Told;
use crate::audit::Event;
use crate::audit::evidence::Member;
use crate::audit::evidence::TIMESTAMP;
use crate::audit::evidence::VERIFY_MD;
use crate::audit::evidence::VERIFY_PY;
use crate::audit::evidence::record_stem;
use crate::audit::evidence::seal;
use crate::audit::evidence::verify;
use crate::audit::log::Checkpoint;
use crate::audit::log::CheckpointError;
use crate::audit::log::LogKey;
use crate::catalog::read_manifest;
use crate::engine::WhyError;
use crate::engine::catalogs::load_kept;
use crate::engine::detail::Detail;
use crate::engine::log::ProveError;
use crate::engine::log::TIMESTAMP_ANCHOR;
use crate::engine::log::prove_flow_under;
use crate::engine::rights::corrections;
use crate::engine::why;
use crate::store::LogStore;
use crate::store::Store;
use crate::store::StoreError;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;

/// Everything that proves a flow that has ended, as one archive. Holds personal data. What is returned has been verified;
/// the same store gives the same bytes as long as no newer checkpoint is in it.
///
/// # Errors
/// When the store can't be read, the flow has not ended, a record has no place in a signed checkpoint yet, or something
/// that a record names is not in the store any more.
pub async fn export_evidence(
    store: &dyn Store,
    flow: FlowId,
    key: &LogKey,
) -> Result<Vec<u8>, EvidenceError> {
    let why = why(store, flow).await?;
    if why.outcome.is_none() {
        return Err(EvidenceError::Running);
    }
    let row = store.flow(flow).await?.ok_or(WhyError::UnknownFlow(flow))?;
    let detail = Detail::from_bytes(&row.detail).ok_or(WhyError::Damaged(flow))?;
    let mut bundle = Bundle::default();
    let log = store.log().ok_or(EvidenceError::NoLog)?;
    let (note, stamp) = head_of(log, flow).await?;
    let proved = prove_flow_under(log, flow, key.verifier(), note).await?;
    let mut head = None;
    for one in &proved {
        let proof = one.proof.as_ref().ok_or(EvidenceError::Unproved)?;
        let stem = record_stem(u64::try_from(one.row.seq).unwrap_or(0));
        bundle.add(format!("{stem}.json"), one.row.event.clone());
        bundle.add(format!("{stem}.entry"), one.entry.as_bytes());
        bundle.add(format!("{stem}.proof"), proof.to_string());
        head = Some(proof.checkpoint.clone());
    }
    let head = head.ok_or(EvidenceError::Unproved)?;
    let (checkpoint, _) = Checkpoint::open(&head, key.verifier())?;
    let anchors = log.anchors_from(checkpoint.size, MOST_ANCHORS).await?;
    let anchors: Vec<Value> = anchors
        .iter()
        .map(|anchor| serde_json::json!({ "anchor": anchor.anchor, "size": anchor.size, "proof": anchor.proof }))
        .collect();
    bundle.messages(store, flow).await?;
    bundle.catalog(store, row.catalog).await?;
    let catalog = load_kept(store, row.catalog, None).await.ok();
    let corrections = corrections(store, &store.records(flow).await?).await?;
    let report = report::page(&Told {
        why: &why,
        corrections: &corrections,
        row: &row,
        detail: &detail,
        catalog: catalog.as_deref(),
        checkpoint: &checkpoint,
        key: key.verifier(),
    });
    if let Some(token) = stamp {
        bundle.add(TIMESTAMP, token);
    }
    bundle.add("log/anchors.json", Value::from(anchors).to_string());
    bundle.add("log/checkpoint", head);
    bundle.add("log/key.vkey", format!("{}\n", key.verifier()));
    bundle.add("VERIFY.md", VERIFY_MD);
    bundle.add("verify.py", VERIFY_PY);
    bundle.add("report.html", report);
    let archive = seal(flow, bundle.members, key).ok_or(EvidenceError::Form)?;
    match verify(&archive, Some(key.verifier())).problems.first() {
        None => Ok(archive),
        Some(problem) => Err(EvidenceError::NotGood(problem.clone())),
    }
}

/// The head that the records of a flow are proved against: the oldest one with all of them that an authority has stamped,
/// with the stamp (R003-40); where there is none, the newest.
async fn head_of(
    log: &dyn LogStore,
    flow: FlowId,
) -> Result<(Option<String>, Option<Vec<u8>>), EvidenceError> {
    let last = log.log_rows(flow).await?.iter().map(|row| row.seq).max();
    let size = last.and_then(|seq| u64::try_from(seq).ok()).unwrap_or(u64::MAX);
    let anchors = log.anchors_from(size, LOOKED_AT).await?;
    let stamped = anchors
        .into_iter()
        .find(|anchor| anchor.anchor.starts_with(TIMESTAMP_ANCHOR));
    if let Some(anchor) = stamped {
        let kept = log.checkpoint_from(anchor.size).await?;
        let kept = kept.filter(|kept| kept.size == anchor.size);
        if let (Some(kept), Ok(token)) = (kept, STANDARD.decode(&anchor.proof)) {
            return Ok((Some(kept.note), Some(token)));
        }
    }
    Ok((log.last_checkpoint().await?.map(|kept| kept.note), None))
}

/// Evidence can't be exported.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The flow is not known, or what is kept of it is damaged.
    #[error(transparent)]
    Flow(#[from] WhyError),
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The flow runs.
    #[error("the flow has not ended, so there is nothing to prove yet")]
    Running,
    /// The store keeps no tamper-evident log.
    #[error("the store keeps no tamper-evident log, so nothing can be proved out of it")]
    NoLog,
    /// No checkpoint has all of its records.
    #[error("no signed checkpoint has all records of the flow yet")]
    Unproved,
    /// A record can't be proved.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// The checkpoint is not what it was.
    #[error("the checkpoint can't be used: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// What a record names is gone.
    #[error("{0} is not in the store any more, so the evidence would not be whole")]
    Gone(String),
    /// A name or a size has no place in an archive.
    #[error("a part has a name or a size that has no place in the archive")]
    Form,
    /// What was put together does not verify.
    #[error("what the store holds does not prove the flow: {0}; run `midflow audit verify`")]
    NotGood(String),
}

#[derive(Default)]
struct Bundle {
    members: Vec<Member>,
}

impl Bundle {
    /// Adds a member; what is there already stays.
    fn add(&mut self, name: impl Into<String>, bytes: impl AsRef<[u8]>) {
        let name = name.into();
        if !self.members.iter().any(|member| member.name == name) {
            let bytes = bytes.as_ref().to_vec();
            self.members.push(Member { name, bytes });
        }
    }

    /// The exact bytes that the records name, and the certificates that stamped.
    async fn messages(&mut self, store: &dyn Store, flow: FlowId) -> Result<(), EvidenceError> {
        let exchanges = store.exchanges(flow).await?;
        let exchanges: HashMap<ExchangeId, Bytes> =
            exchanges.into_iter().map(|row| (row.id, row.bytes)).collect();
        let notices = store.deliveries(flow).await?;
        for record in store.records(flow).await? {
            let named = match &record.event {
                Event::Request(request) => Some(request.exchange),
                Event::Reply(reply) => reply.exchange,
                Event::Callback(callback) => callback.exchange,
                Event::Correction(correction) => Some(correction.exchange),
                _ => None,
            };
            if let Some(id) = named {
                let bytes = exchanges
                    .get(&id)
                    .ok_or_else(|| EvidenceError::Gone(format!("message {id}")))?;
                self.add(format!("exchanges/{id}.bin"), bytes);
            }
            match &record.event {
                Event::Verdict(verdict) => {
                    let body = exchanges.get(&verdict.exchange);
                    let certificate = body
                        .zip(verdict.stamp_signer)
                        .and_then(|(body, digest)| certificate(body, digest));
                    if let Some(certificate) = certificate {
                        self.add(format!("stamps/{}.der", verdict.exchange), certificate);
                    }
                }
                Event::Notice(notice) => {
                    let row = notices.iter().find(|row| row.webhook_id == notice.webhook_id);
                    let row =
                        row.ok_or_else(|| EvidenceError::Gone(format!("notice {}", notice.webhook_id)))?;
                    self.add(format!("notices/{}.json", notice.webhook_id), &row.body);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The policy that decided, where a record names it.
    async fn catalog(&mut self, store: &dyn Store, digest: Digest) -> Result<(), EvidenceError> {
        // A flow that was refused before anything was sent has no record that names its catalog.
        if !self
            .members
            .iter()
            .any(|member| member.name.starts_with("exchanges/"))
        {
            return Ok(());
        }
        let gone = || EvidenceError::Gone(format!("the catalog {}", digest.short()));
        let manifest = store.catalog(&digest).await?.ok_or_else(gone)?;
        let files = read_manifest(&manifest).map_err(|_| gone())?;
        let digests: Vec<Digest> = files.into_iter().map(|(_, digest)| digest).collect();
        for (digest, content) in store.sources(digests).await? {
            self.add(
                format!("catalog/files/{}", hex::encode(digest.as_bytes())),
                content,
            );
        }
        self.add("catalog/manifest.txt", manifest);
        Ok(())
    }
}

/// The certificate with this digest, wherever it stands in a message.
fn certificate(body: &[u8], digest: Digest) -> Option<Vec<u8>> {
    fn find(value: &Value, digest: Digest) -> Option<Vec<u8>> {
        match value {
            Value::String(text) => {
                let bytes = STANDARD.decode(text.trim()).ok()?;
                (Digest::of(&bytes) == digest).then_some(bytes)
            }
            Value::Array(values) => values.iter().find_map(|value| find(value, digest)),
            Value::Object(members) => members.values().find_map(|value| find(value, digest)),
            _ => None,
        }
    }
    find(&serde_json::from_slice(body).ok()?, digest)
}

const MOST_ANCHORS: u32 = 100;
/// A witness signs every ten seconds, and an authority stamps once a day.
const LOOKED_AT: u32 = 20_000;
