use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::secrets::Secrets;
use crate::words::Timestamp;

/// The headers of a signed outcome notice: Standard Webhooks, asymmetric scheme `v1a` (Ed25519).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedHeaders {
    /// `webhook-id`: the same for every attempt, so that the receiver can tell repetitions.
    pub(crate) id: String,
    /// `webhook-timestamp`: seconds since 1970 of this attempt.
    pub(crate) timestamp: String,
    /// `webhook-signature`.
    pub(crate) signature: String,
}

/// Signs one attempt.
pub(crate) fn sign(secrets: &Secrets, id: &str, body: &[u8], at: Timestamp) -> SignedHeaders {
    let timestamp = (at.as_micros() / 1_000_000).to_string();
    let message = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    let signature = format!("v1a,{}", STANDARD.encode(secrets.sign(&message)));
    SignedHeaders {
        id: id.to_owned(),
        timestamp,
        signature,
    }
}

/// The key with which a receiver verifies, as Standard Webhooks writes it: `whpk_` and base64.
pub(crate) fn public_key(secrets: &Secrets) -> String {
    format!("whpk_{}", STANDARD.encode(secrets.public_key()))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::ED25519;
    use aws_lc_rs::signature::UnparsedPublicKey;

    use super::*;

    #[test]
    fn a_receiver_can_verify_with_the_published_key() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::open(folder.path()).unwrap();
        let headers = sign(
            &secrets,
            "flow.1",
            b"{}",
            Timestamp::from_micros(1_700_000_000_000_000),
        );
        assert_eq!(headers.timestamp, "1700000000");
        let key = STANDARD
            .decode(public_key(&secrets).strip_prefix("whpk_").unwrap())
            .unwrap();
        let signature = STANDARD
            .decode(headers.signature.strip_prefix("v1a,").unwrap())
            .unwrap();
        let verifier = UnparsedPublicKey::new(&ED25519, key);
        assert!(verifier.verify(b"flow.1.1700000000.{}", &signature).is_ok());
        assert!(verifier.verify(b"flow.2.1700000000.{}", &signature).is_err());
    }
}
