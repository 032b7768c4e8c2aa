use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::Serialize;

use super::evidence::EvidenceVerdict;
use super::log::Checkpoint;
use super::log::LogKey;
use super::log::VerifierKey;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Outcome;

/// The log's signed promise of how a flow ended: base64url of a JSON text, a dot, base64url of the Ed25519 signature of
/// the log's key over a fixed line and that text. The receiver keeps it; whoever later denies or changes the flow is
/// contradicted by it.
///
/// Like the promise of a certificate log it is made before the record has its place: `kept` is the digest that the
/// record of the ending names in `flow`, so the record that it promises is found by the flow and known by the digest.
/// The same flow gives the same receipt, always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What is promised.
    pub promise: Promised,
    statement: String,
    signature: Vec<u8>,
}

/// What a receipt says, in the order in which it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised {
    /// The catalog that decided.
    pub catalog: Digest,
    /// When it ended.
    pub ended_at: String,
    /// The flow.
    pub flow: FlowId,
    /// Digest of what is kept of the flow, which the record of its ending names.
    pub kept: Digest,
    /// The public key of the log, written as C2SP writes it.
    pub log: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// A receipt is none, or not of who it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It has not the form of a receipt.
    #[error(
        "this is no receipt: two parts of base64url with a dot between, the first a JSON text that names log, flow and outcome"
    )]
    Form,
    /// The log that it names has no key.
    #[error("the key of the log in the receipt can't be read")]
    Key,
    /// It is of another log than the one that is trusted.
    #[error("it is not signed with the key that is trusted")]
    OtherKey,
    /// The signature is not one over this text.
    #[error("the signature is not that of the log: what the receipt says was changed, or never promised")]
    Signature,
}

impl Receipt {
    /// Signs a promise.
    pub fn sign(promise: &Promised, key: &LogKey) -> String {
        let statement = serde_json::to_string(promise).unwrap_or_default();
        let signature = key.sign(&message(&statement));
        format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(&statement),
            URL_SAFE_NO_PAD.encode(signature)
        )
    }

    /// Reads a receipt; nothing is verified by reading.
    ///
    /// # Errors
    /// When it has not the form of one.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let (statement, signature) = text.trim().split_once('.').ok_or(ReceiptError::Form)?;
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| ReceiptError::Form);
        let statement = String::from_utf8(bytes(statement)?).map_err(|_| ReceiptError::Form)?;
        Ok(Self {
            promise: serde_json::from_str(&statement).map_err(|_| ReceiptError::Form)?,
            statement,
            signature: bytes(signature)?,
        })
    }

    /// Checks that the log has signed it, and gives the log's key. Whether that is the provider's, only a comparison with a
    /// key that was handed over otherwise can tell: with `trusted` it has to be that one.
    ///
    /// # Errors
    /// When it was not.
    pub fn verify(&self, trusted: Option<&VerifierKey>) -> Result<VerifierKey, ReceiptError> {
        let key = VerifierKey::parse(&self.promise.log).map_err(|_| ReceiptError::Key)?;
        if trusted.is_some_and(|trusted| *trusted != key) {
            return Err(ReceiptError::OtherKey);
        }
        if key.is_witness() || !key.verifies(&message(&self.statement), &self.signature) {
            return Err(ReceiptError::Signature);
        }
        Ok(key)
    }

    /// What in good evidence contradicts the receipt; nothing if the record that was promised is in the log. The evidence
    /// has to be verified with the key of the receipt.
    pub fn contradictions(&self, evidence: &EvidenceVerdict) -> Vec<String> {
        let mut found = Vec::new();
        let promise = &self.promise;
        if evidence.flow != Some(promise.flow) {
            found.push("the evidence is of another flow".to_owned());
            return found;
        }
        let Some(ending) = &evidence.ending else {
            found.push("the evidence has no record of an ending".to_owned());
            return found;
        };
        if ending.outcome != promise.outcome.code() {
            found.push(format!(
                "the log says `{}` of the flow, and the receipt promised `{}`",
                ending.outcome,
                promise.outcome.code()
            ));
        }
        if ending.flow != Some(promise.kept) {
            found.push("the record of the ending vouches for something else than was promised".to_owned());
        }
        found
    }
}

/// What checkpoints from outside say of the head that evidence was proved against: how many stand at its size and agree.
///
/// # Errors
/// Names the place whose checkpoint has another root: the log was rewritten.
pub fn anchored(head: &Checkpoint, outside: &[(String, Checkpoint)]) -> Result<usize, String> {
    let mut agree = 0;
    for (place, checkpoint) in outside {
        if checkpoint.size != head.size || checkpoint.origin != head.origin {
            continue;
        }
        if checkpoint.root != head.root {
            return Err(format!(
                "{place} knows another log of {} records: what is recorded was changed after it was anchored",
                head.size
            ));
        }
        agree += 1;
    }
    Ok(agree)
}

fn message(statement: &str) -> Vec<u8> {
    [DOMAIN, statement.as_bytes()].concat()
}

/// Keeps a signature over a receipt from being one over anything else.
const DOMAIN: &[u8] = b"midflow-receipt/v1\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::evidence::Ending;
    use crate::words::Timestamp;

    fn key(seed: u8) -> LogKey {
        // An Ed25519 key in PKCS #8 is this head and its 32 bytes.
        let head = hex::decode("302e020100300506032b657004220420").unwrap();
        LogKey::of_log("sp.example/test", &[head, vec![seed; 32]].concat()).unwrap()
    }

    fn promise(key: &LogKey) -> Promised {
        Promised {
            log: key.verifier().to_string(),
            flow: FlowId::from_parts(Timestamp::EPOCH, [1; 10]),
            outcome: Outcome::Approved,
            catalog: Digest::of(b"catalog"),
            ended_at: "2026-11-27T09:00:00Z".to_owned(),
            kept: Digest::of(b"kept"),
        }
    }

    // R000-149: a receipt is believed with the signature of the log, and not with one bit changed.
    #[test]
    fn no_bit_of_a_receipt_can_be_changed() {
        let key = key(1);
        let text = Receipt::sign(&promise(&key), &key);
        let read = Receipt::parse(&format!("{text}\n")).unwrap();
        assert_eq!(read.verify(None), Ok(key.verifier().clone()));
        assert_eq!(read.verify(Some(key.verifier())), Ok(key.verifier().clone()));
        assert_eq!(read.promise, promise(&key));
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let verdict = Receipt::parse(&changed).and_then(|receipt| receipt.verify(None));
            assert!(verdict.is_err(), "{at}");
        }
        for nonsense in ["", ".", "a.b", "e30.e30", &text.replace('.', "")] {
            assert_eq!(Receipt::parse(nonsense), Err(ReceiptError::Form), "{nonsense}");
        }
    }

    #[test]
    fn somebody_elses_key_is_not_believed() {
        let (key, other) = (key(1), key(2));
        let text = Receipt::sign(&promise(&key), &key);
        let receipt = Receipt::parse(&text).unwrap();
        assert_eq!(
            receipt.verify(Some(other.verifier())),
            Err(ReceiptError::OtherKey)
        );
        // The name of one log under the signature of another.
        let forged = Receipt::parse(&Receipt::sign(&promise(&key), &other)).unwrap();
        assert_eq!(forged.verify(None), Err(ReceiptError::Signature));
        let nameless = Promised {
            log: "somebody".to_owned(),
            ..promise(&key)
        };
        let nameless = Receipt::parse(&Receipt::sign(&nameless, &key)).unwrap();
        assert_eq!(nameless.verify(None), Err(ReceiptError::Key));
    }

    #[test]
    fn evidence_keeps_the_promise_or_contradicts_it() {
        let key = key(1);
        let receipt = Receipt::parse(&Receipt::sign(&promise(&key), &key)).unwrap();
        let ending = |outcome: &str, kept: &[u8]| EvidenceVerdict {
            flow: Some(promise(&key).flow),
            ending: Some(Ending {
                outcome: outcome.to_owned(),
                flow: Some(Digest::of(kept)),
            }),
            ..EvidenceVerdict::default()
        };
        assert!(receipt.contradictions(&ending("approved", b"kept")).is_empty());
        for (evidence, expected) in [
            (ending("declined.by_user", b"kept"), "declined.by_user"),
            (ending("approved", b"other"), "something else"),
            (EvidenceVerdict::default(), "another flow"),
        ] {
            let found = receipt.contradictions(&evidence);
            assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
        }
    }

    #[test]
    fn an_anchor_agrees_or_contradicts_or_says_nothing() {
        let head = |size, root: &[u8]| Checkpoint {
            origin: "sp.example/test".to_owned(),
            size,
            root: Digest::of(root),
        };
        let outside = |size, root: &[u8]| vec![("folder".to_owned(), head(size, root))];
        assert_eq!(anchored(&head(7, b"a"), &outside(7, b"a")), Ok(1));
        assert_eq!(anchored(&head(7, b"a"), &outside(8, b"b")), Ok(0));
        assert!(anchored(&head(7, b"a"), &outside(7, b"b")).is_err_and(|why| why.contains("folder")));
    }
}
