use aws_lc_rs::digest;
use aws_lc_rs::signature;
use aws_lc_rs::signature::ParsedPublicKey;
use aws_lc_rs::signature::VerificationAlgorithm;
use x509_parser::oid_registry;
use x509_parser::prelude::FromDer;
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey;

use crate::words::Digest;
use crate::words::Timestamp;

/// A pinned certificate with its key, parsed once.
pub(in crate::connector::kuwait) struct Signer {
    /// SHA-256 of the certificate's DER.
    pub(in crate::connector::kuwait) fingerprint: Digest,
    /// Subject name, DER.
    pub(in crate::connector::kuwait) subject: Vec<u8>,
    /// Issuer name, DER.
    pub(in crate::connector::kuwait) issuer: Vec<u8>,
    /// Serial number: the content bytes of the DER integer.
    pub(in crate::connector::kuwait) serial: Vec<u8>,
    /// Subject key identifier, if the certificate has one.
    pub(super) key_id: Option<Vec<u8>>,
    /// The key as it stands in the certificate: the content of `subjectPublicKey`.
    pub(in crate::connector::kuwait) key_bits: Vec<u8>,
    /// The first moment of validity.
    pub(in crate::connector::kuwait) not_before: Timestamp,
    /// The last moment of validity.
    pub(in crate::connector::kuwait) not_after: Timestamp,
    key: Key,
}

/// A signature algorithm. There is no SHA-1, no PSS and no RSA below 2048 bits: what a key may do follows from
/// its kind in the pinned certificate, never from the message (threat B-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    RsaSha256,
    RsaSha384,
    RsaSha512,
    EcdsaP256,
    EcdsaP384,
}

enum Key {
    Rsa {
        sha256: ParsedPublicKey,
        sha384: ParsedPublicKey,
        sha512: ParsedPublicKey,
    },
    P256(EcKey),
    P384(EcKey),
}

/// ECDSA signatures come as DER, or as the two numbers side by side, as .NET writes them.
struct EcKey {
    der: ParsedPublicKey,
    raw: ParsedPublicKey,
    raw_length: usize,
}

impl Signer {
    /// Reads a certificate.
    ///
    /// # Errors
    /// Says why a stamp by this certificate could never be accepted.
    pub(in crate::connector::kuwait) fn from_der(der: &[u8]) -> Result<Self, String> {
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| "it is no X.509 certificate".to_owned())?;
        if !rest.is_empty() {
            return Err("something follows the certificate".to_owned());
        }
        let moment = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        Ok(Self {
            fingerprint: Digest::of(der),
            subject: certificate.subject().as_raw().to_vec(),
            issuer: certificate.issuer().as_raw().to_vec(),
            serial: certificate.raw_serial().to_vec(),
            key_id: key_id(&certificate),
            key_bits: certificate.public_key().subject_public_key.data.to_vec(),
            not_before: moment(certificate.validity().not_before.timestamp()),
            not_after: moment(certificate.validity().not_after.timestamp()),
            key: Key::of(&certificate)?,
        })
    }

    /// Whether the certificate is valid at a moment.
    pub(in crate::connector::kuwait) fn is_valid_at(&self, moment: Timestamp) -> bool {
        self.not_before <= moment && moment <= self.not_after
    }

    /// Whether `signature` is this key's over the message with this SHA-256. False where the key goes with another digest.
    pub(in crate::connector::kuwait) fn verifies_digest(&self, digest: Digest, signature: &[u8]) -> bool {
        let Ok(digest) = digest::Digest::import_less_safe(digest.as_bytes(), &digest::SHA256) else {
            return false;
        };
        let with = |key: &ParsedPublicKey| key.verify_digest_sig(&digest, signature).is_ok();
        match &self.key {
            Key::Rsa { sha256, .. } => with(sha256),
            Key::P256(key) => (signature.len() == key.raw_length && with(&key.raw)) || with(&key.der),
            Key::P384(_) => false,
        }
    }

    /// Whether `signature` is this key's over `message`, by any algorithm that the key goes with.
    pub(in crate::connector::kuwait) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let all = [
            Algorithm::RsaSha256,
            Algorithm::RsaSha384,
            Algorithm::RsaSha512,
            Algorithm::EcdsaP256,
            Algorithm::EcdsaP384,
        ];
        all.into_iter()
            .any(|algorithm| self.verifies(algorithm, message, signature))
    }

    /// Whether `signature` is this key's over `message`. False where the key is of another kind.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let with = |key: &ParsedPublicKey| key.verify_sig(message, signature).is_ok();
        match (&self.key, algorithm) {
            (Key::Rsa { sha256, .. }, Algorithm::RsaSha256) => with(sha256),
            (Key::Rsa { sha384, .. }, Algorithm::RsaSha384) => with(sha384),
            (Key::Rsa { sha512, .. }, Algorithm::RsaSha512) => with(sha512),
            (Key::P256(key), Algorithm::EcdsaP256) | (Key::P384(key), Algorithm::EcdsaP384) => {
                (signature.len() == key.raw_length && with(&key.raw)) || with(&key.der)
            }
            _ => false,
        }
    }
}

impl Key {
    fn of(certificate: &X509Certificate<'_>) -> Result<Self, String> {
        let info = certificate.public_key();
        let bytes = info.subject_public_key.data.as_ref();
        match info.parsed() {
            Ok(PublicKey::RSA(key)) => {
                let bits = bit_length(key.modulus);
                if !(2048..=8192).contains(&bits) {
                    return Err(format!("its RSA key has {bits} bits; 2048 to 8192 are accepted"));
                }
                Ok(Self::Rsa {
                    sha256: parsed(&signature::RSA_PKCS1_2048_8192_SHA256, bytes)?,
                    sha384: parsed(&signature::RSA_PKCS1_2048_8192_SHA384, bytes)?,
                    sha512: parsed(&signature::RSA_PKCS1_2048_8192_SHA512, bytes)?,
                })
            }
            Ok(PublicKey::EC(_)) => {
                let curve = info
                    .algorithm
                    .parameters
                    .as_ref()
                    .and_then(|any| any.as_oid().ok());
                if curve.as_ref() == Some(&oid_registry::OID_EC_P256) {
                    Ok(Self::P256(EcKey {
                        der: parsed(&signature::ECDSA_P256_SHA256_ASN1, bytes)?,
                        raw: parsed(&signature::ECDSA_P256_SHA256_FIXED, bytes)?,
                        raw_length: 64,
                    }))
                } else if curve.as_ref() == Some(&oid_registry::OID_NIST_EC_P384) {
                    Ok(Self::P384(EcKey {
                        der: parsed(&signature::ECDSA_P384_SHA384_ASN1, bytes)?,
                        raw: parsed(&signature::ECDSA_P384_SHA384_FIXED, bytes)?,
                        raw_length: 96,
                    }))
                } else {
                    Err("its key is on a curve other than P-256 and P-384".to_owned())
                }
            }
            _ => Err("its key is neither RSA nor ECDSA".to_owned()),
        }
    }
}

fn parsed(algorithm: &'static dyn VerificationAlgorithm, bytes: &[u8]) -> Result<ParsedPublicKey, String> {
    ParsedPublicKey::new(algorithm, bytes).map_err(|_| "its key can't be used".to_owned())
}

fn key_id(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate
        .iter_extensions()
        .find_map(|extension| match extension.parsed_extension() {
            x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        })
}

fn bit_length(number: &[u8]) -> usize {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let significant = number.get(start..).unwrap_or_default();
    match significant.first() {
        Some(first) => significant.len() * 8 - usize::try_from(first.leading_zeros()).unwrap_or(0),
        None => 0,
    }
}
