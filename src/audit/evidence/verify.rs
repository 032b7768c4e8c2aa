use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize as _;
use serde_json::Value;

use super::archive::Member;
use super::archive::unpack;
use super::bundle::MANIFEST;
use super::bundle::MANIFEST_NOTE;
use super::bundle::manifest;
use super::bundle::note_text;
use super::bundle::record_stem;
use crate::audit::log::Checkpoint;
use crate::audit::log::LeafProof;
use crate::audit::log::Note;
use crate::audit::log::VerifierKey;
use crate::audit::log::leaf_hash;
use crate::audit::timestamp::imprint_of;
use crate::words::Digest;
use crate::words::FlowId;

/// What was found in evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvidenceVerdict {
    /// The flow that it is about, once the manifest could be read.
    pub flow: Option<FlowId>,
    /// The key that everything is signed with. Whether it is that of the provider's log, only a comparison with a key that
    /// was handed over otherwise can tell.
    pub key: Option<VerifierKey>,
    /// The head of the log that every record was proved against.
    pub checkpoint: Option<Checkpoint>,
    /// How many records there are.
    pub records: usize,
    /// What the record of the ending says.
    pub ending: Option<Ending>,
    /// The time-stamp of an authority over the head, where there is one. That it is over the head is compared; whose it is,
    /// only a certificate that was handed over otherwise can tell.
    pub stamp: Option<Stamp>,
    /// What is wrong; nothing if the evidence is good.
    pub problems: Vec<String>,
}

/// How the flow ended, as its record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The code of the outcome.
    pub outcome: String,
    /// Digest of what is kept of the flow.
    pub flow: Option<Digest>,
}

/// A time-stamp, and what it has to be over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The token, DER.
    pub token: Vec<u8>,
    /// SHA-256 of the head.
    pub imprint: Digest,
}

impl EvidenceVerdict {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Verifies evidence from nothing but its bytes: the archive, the manifest and its signature, every record against the
/// signed head of the log, every message against the record that names it, and that there is nothing else. With
/// `trusted`, its key has to be that one.
pub fn verify(archive: &[u8], trusted: Option<&VerifierKey>) -> EvidenceVerdict {
    let mut check = Check::default();
    if let Err(problem) = check.everything(archive, trusted) {
        check.verdict.problems.push(problem);
    }
    check.verdict
}

#[derive(Default)]
struct Check {
    verdict: EvidenceVerdict,
    files: BTreeMap<String, Vec<u8>>,
    /// The members that something speaks of.
    known: BTreeSet<String>,
}

type Found<T> = Result<T, String>;

impl Check {
    fn everything(&mut self, archive: &[u8], trusted: Option<&VerifierKey>) -> Found<()> {
        let members = unpack(archive).map_err(|error| error.to_string())?;
        let flow = self.manifest(&members)?;
        let key = self.text("log/key.vkey")?;
        let key = VerifierKey::parse(key).map_err(|error| error.to_string())?;
        if trusted.is_some_and(|trusted| *trusted != key) {
            return Err("it is not signed with the key that is trusted".to_owned());
        }
        self.signature(&members, flow, &key)?;
        let head = self.text("log/checkpoint")?.to_owned();
        let (checkpoint, _) = Checkpoint::open(&head, &key).map_err(|error| error.to_string())?;
        self.verdict.key = Some(key);
        self.verdict.checkpoint = Some(checkpoint.clone());
        for name in ALWAYS {
            self.speak_of(name)?;
        }
        self.timestamp(&head)?;
        self.records(flow, &head, &checkpoint)?;
        self.strays();
        Ok(())
    }

    fn timestamp(&mut self, head: &str) -> Found<()> {
        let Some(token) = self.files.get(TIMESTAMP).cloned() else {
            return Ok(());
        };
        let imprint = Digest::of(head.as_bytes());
        if imprint_of(&token) != Some(imprint) {
            return Err("the time-stamp is not over the head of the log".to_owned());
        }
        self.verdict.stamp = Some(Stamp { token, imprint });
        self.speak_of(TIMESTAMP)
    }

    fn manifest(&mut self, members: &[Member]) -> Found<FlowId> {
        let [first, second, rest @ ..] = members else {
            return Err("there is no manifest".to_owned());
        };
        if first.name != MANIFEST || second.name != MANIFEST_NOTE {
            return Err("the manifest and its note do not come first".to_owned());
        }
        let in_order = rest.windows(2).all(|pair| match pair {
            [one, other] => one.name < other.name,
            _ => true,
        });
        if !in_order {
            return Err("the members are not in the order of their names".to_owned());
        }
        let read: Value =
            serde_json::from_slice(&first.bytes).map_err(|_| "the manifest can't be read".to_owned())?;
        let flow = read.get("flow").and_then(Value::as_str).unwrap_or_default();
        let id = FlowId::parse(flow).ok_or("the manifest names no flow")?;
        if manifest(&id.to_string(), rest).as_bytes() != first.bytes {
            return Err("the manifest does not fit the members".to_owned());
        }
        self.files = rest
            .iter()
            .map(|member| (member.name.clone(), member.bytes.clone()))
            .collect();
        self.verdict.flow = Some(id);
        Ok(id)
    }

    fn signature(&self, members: &[Member], flow: FlowId, key: &VerifierKey) -> Found<()> {
        let of = |index: usize| {
            let bytes = members.get(index).map(|member| member.bytes.as_slice());
            std::str::from_utf8(bytes.unwrap_or_default()).map_err(|_| "a text is no text".to_owned())
        };
        let (manifest, written) = (of(0)?, of(1)?);
        let note = Note::parse(written).map_err(|error| format!("the manifest's note: {error}"))?;
        if note.to_string() != written || note.text() != note_text(&flow.to_string(), manifest) {
            return Err("the note is about another manifest".to_owned());
        }
        note.verify(key)
            .map_err(|error| format!("the manifest's note: {error}"))
    }

    fn records(&mut self, flow: FlowId, head: &str, checkpoint: &Checkpoint) -> Found<()> {
        let sequence: Vec<u64> = self
            .files
            .keys()
            .filter_map(|name| name.strip_prefix("log/")?.strip_suffix(".json")?.parse().ok())
            .collect();
        let mut endings = 0;
        for seq in sequence {
            let kind = self
                .record(seq, flow, head, checkpoint)
                .map_err(|why| format!("record {seq}: {why}"))?;
            endings += usize::from(kind == "ending");
            self.verdict.records += 1;
        }
        if endings == 1 {
            Ok(())
        } else {
            Err(format!(
                "there are {endings} records of an ending, and there has to be one"
            ))
        }
    }

    fn record(&mut self, seq: u64, flow: FlowId, head: &str, checkpoint: &Checkpoint) -> Found<String> {
        let stem = record_stem(seq);
        let event = self.bytes(&format!("{stem}.json"))?.to_vec();
        let entry = self.bytes(&format!("{stem}.entry"))?.to_vec();
        let proof = self.text(&format!("{stem}.proof"))?;
        let proof = LeafProof::parse(proof).map_err(|error| error.to_string())?;
        for end in ["json", "entry", "proof"] {
            self.speak_of(&format!("{stem}.{end}"))?;
        }
        let parts = Parts::of(&entry).ok_or("its entry can't be read")?;
        if parts.flow != flow.as_uuid().as_bytes() {
            return Err("it is of another flow".to_owned());
        }
        if parts.event != Digest::of(&event).as_bytes() {
            return Err("what it says is not what its entry promises".to_owned());
        }
        if proof.checkpoint != head || Some(proof.index) != seq.checked_sub(1) {
            return Err("its proof is of another place or log".to_owned());
        }
        let leaf = leaf_hash(&entry);
        crate::audit::log::verify_inclusion(
            &leaf,
            proof.index,
            checkpoint.size,
            &proof.hashes,
            &checkpoint.root,
        )
        .map_err(|error| error.to_string())?;
        let kind = String::from_utf8(parts.kind.to_vec()).map_err(|_| "its kind can't be read")?;
        let read: Value = serde_json::from_slice(&event).map_err(|_| "what it says can't be read")?;
        let said = read.get(&kind).ok_or("it is of another kind than its entry")?;
        self.references(&kind, said)?;
        Ok(kind)
    }

    /// Everything that a record speaks of is there, and is what the record says.
    fn references(&mut self, kind: &str, said: &Value) -> Found<()> {
        let of = |member: &str| said.get(member).and_then(Value::as_str);
        match kind {
            "request" | "reply" | "callback" | "correction" => {
                if let Some(exchange) = of("exchange") {
                    self.is(&format!("exchanges/{exchange}.bin"), of("digest"))?;
                }
                if kind == "request" {
                    self.catalog(of("catalog"))?;
                }
            }
            "ending" => {
                self.verdict.ending = Some(Ending {
                    outcome: of("outcome").unwrap_or_default().to_owned(),
                    flow: said.get("flow").and_then(|flow| Digest::deserialize(flow).ok()),
                });
            }
            "verdict" => {
                let exchange = of("exchange").unwrap_or_default();
                let stamp = format!("stamps/{exchange}.der");
                if self.files.contains_key(&stamp) {
                    self.is(&stamp, of("stamp_signer"))?;
                }
            }
            "notice" => {
                let id = of("webhook_id").unwrap_or_default();
                self.is(&format!("notices/{id}.json"), of("body"))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn catalog(&mut self, digest: Option<&str>) -> Found<()> {
        self.is("catalog/manifest.txt", digest)?;
        let lines: Vec<String> = self
            .text("catalog/manifest.txt")?
            .lines()
            .map(str::to_owned)
            .collect();
        for line in lines {
            let digest = line.split("  ").next().unwrap_or_default();
            self.is(
                &format!("catalog/files/{digest}"),
                Some(&format!("sha256:{digest}")),
            )?;
        }
        Ok(())
    }

    /// A member has this digest.
    fn is(&mut self, name: &str, digest: Option<&str>) -> Found<()> {
        let found = Digest::of(self.bytes(name)?).to_string();
        if digest != Some(found.as_str()) {
            return Err(format!("{name} is not what was recorded"));
        }
        self.speak_of(name)
    }

    fn speak_of(&mut self, name: &str) -> Found<()> {
        self.bytes(name)?;
        self.known.insert(name.to_owned());
        Ok(())
    }

    fn strays(&mut self) {
        let stray = self.files.keys().filter(|name| !self.known.contains(*name));
        let problems = stray.map(|name| format!("nothing speaks of {name}"));
        self.verdict.problems.extend(problems);
    }

    fn bytes(&self, name: &str) -> Found<&[u8]> {
        self.files
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| format!("{name} is missing"))
    }

    fn text(&self, name: &str) -> Found<&str> {
        std::str::from_utf8(self.bytes(name)?).map_err(|_| format!("{name} is no text"))
    }
}

/// The time-stamp of an authority over the head.
pub const TIMESTAMP: &str = "log/timestamp.token";

/// The parts of an entry that are looked at.
struct Parts<'a> {
    flow: &'a [u8],
    kind: &'a [u8],
    event: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(entry: &'a [u8]) -> Option<Self> {
        let (version, rest) = entry.split_first()?;
        let mut rest = rest.get(BEFORE_PARTS..)?;
        let mut next = || {
            let (length, after) = rest.split_first()?;
            let (part, after) = after.split_at_checked(usize::from(*length))?;
            rest = after;
            Some(part)
        };
        let (flow, kind, _commitment) = (next()?, next()?, next()?);
        let whole = *version == 1 && rest.len() == 32;
        whole.then_some(Self {
            flow,
            kind,
            event: rest,
        })
    }
}

/// Writer, number, leaf before and moment.
const BEFORE_PARTS: usize = 16 + 8 + 32 + 8;
/// Members that every evidence has, beside those that its records name.
const ALWAYS: [&str; 6] = [
    "VERIFY.md",
    "log/anchors.json",
    "log/checkpoint",
    "log/key.vkey",
    "report.html",
    "verify.py",
];
