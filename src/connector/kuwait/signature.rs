//! The person's signature over what was sent to be signed (R000-116, R000-124).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::base64::Blob;
use super::base64::decode;
use super::callback::Callback;
use super::callback::Seen;
use super::stamp::Detached;
use super::stamp::Signer;
use crate::connector::MadeSignature;
use crate::words::Digest;
use crate::words::Outcome;

/// Verifies the signature of an answer against the person's certificate, over the digest that was sent. Gives the
/// signature, or which outcome follows and why.
///
/// The form is told by what verifies, not by what the answer calls it: a name that does not fit its signature is a
/// contradiction and ends the flow.
pub(super) fn verify(
    callback: &Callback<'_>,
    signature: &Blob<'_>,
    certificate: &[u8],
    digest: Digest,
) -> Result<MadeSignature, (Outcome, String)> {
    let invalid = |why: &str| Err((Outcome::SignatureInvalid, why.to_owned()));
    same_document(callback, digest)?;
    let text = match signature {
        Blob::Text(text) => text,
        Blob::Absent => return invalid("there is no signature"),
        Blob::Odd => return invalid("the signature is no text"),
    };
    let Some(signature) = text.bytes(MAX_SIGNATURE) else {
        return invalid("the signature is no base64");
    };
    let signer = match Signer::from_der(certificate) {
        Ok(signer) => signer,
        Err(why) => return invalid(&format!("the person's certificate can't verify anything: {why}")),
    };
    let found = match Detached::from_der(signature) {
        Ok(message) => match message.verify_digest(digest, &signer) {
            Ok(()) => PKCS7,
            Err(why) => return invalid(why),
        },
        Err(_) if signer.verifies_digest(digest, signature) => PKCS1,
        Err(_) => return invalid("it does not verify with the person's certificate"),
    };
    let made = MadeSignature {
        format: found.to_owned(),
        digest,
        value: STANDARD.encode(signature),
        certificate: STANDARD.encode(certificate),
    };
    match callback.result.read("SigningDatatype") {
        Seen::Absent => Ok(made),
        Seen::Text(name) if named(name) == Some(found) => Ok(made),
        Seen::Text(_) | Seen::Odd => invalid("the signature has another form than the answer says"),
    }
}

/// What the answer itself says of what was signed must be what was sent.
fn same_document(callback: &Callback<'_>, digest: Digest) -> Result<(), (Outcome, String)> {
    let other = |why: &str| Err((Outcome::WrongDocument, why.to_owned()));
    match callback.result.read("HashAlgorithm") {
        Seen::Absent => {}
        Seen::Text(name) if SHA256.iter().any(|known| name.eq_ignore_ascii_case(known)) => {}
        Seen::Text(_) | Seen::Odd => return other("it names another digest algorithm than was sent"),
    }
    match callback.result.read("SigningData") {
        Seen::Absent => Ok(()),
        Seen::Odd => other("what was signed is told as no text"),
        Seen::Text(text) => {
            let ours = text.eq_ignore_ascii_case(&hex::encode(digest.as_bytes()));
            let told = decode(text, MAX_SIGNED).unwrap_or_default();
            // The digest, or the document itself: which of them the authority repeats is not known.
            if ours || told == digest.as_bytes() || Digest::of(&told) == digest {
                Ok(())
            } else {
                other("it says that something else was signed")
            }
        }
    }
}

fn named(datatype: &str) -> Option<&'static str> {
    match datatype {
        "1" | "PKCS7" | "PKCS#7" => Some(PKCS7),
        "2" | "PKCS1" | "PKCS#1" => Some(PKCS1),
        _ => None,
    }
}

const PKCS7: &str = "PKCS#7";
const PKCS1: &str = "PKCS#1";
const SHA256: [&str; 2] = ["SHA256", "SHA-256"];
const MAX_SIGNATURE: usize = 64 * 1024;
const MAX_SIGNED: usize = 1024 * 1024;
