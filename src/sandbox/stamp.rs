use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::KeyPair;
use rcgen::SigningKey;

use super::keys::Identity;

/// Puts the response data stamp on a callback, by the rule `raw-members`.
pub(super) struct Stamper {
    key: KeyPair,
    certificate: String,
}

impl Stamper {
    /// `None` if the key can't be read.
    pub(super) fn new(identity: &Identity) -> Option<Self> {
        Some(Self {
            key: KeyPair::from_pem(identity.key_pem()).ok()?,
            certificate: STANDARD.encode(identity.certificate()),
        })
    }

    /// The signature over the exact bytes of the three members, joined by one LF each.
    pub(super) fn sign(&self, members: &Members) -> Result<Vec<u8>, rcgen::Error> {
        let Members {
            request,
            result,
            person,
        } = members;
        self.sign_bytes(format!("{request}\n{result}\n{person}").as_bytes())
    }

    /// The signature over these bytes.
    pub(super) fn sign_bytes(&self, bytes: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.key.sign(bytes)
    }

    /// The certificate, base64.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The value of the member `Signature`, with the certificate or without it. Neither text has a character that JSON would
    /// escape.
    pub(super) fn member(&self, signature: &str, named: bool) -> String {
        let certificate = if named {
            format!("\"{}\"", self.certificate)
        } else {
            "null".to_owned()
        };
        format!(r#"{{"SignatureData":"{signature}","SigningCertificate":{certificate}}}"#)
    }
}

/// The three stamped members, as they stand in the body: each is serialised once and never again.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Members {
    pub(super) request: String,
    pub(super) result: String,
    pub(super) person: String,
}
