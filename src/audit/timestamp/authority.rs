use aws_lc_rs::digest;
use aws_lc_rs::signature;
use aws_lc_rs::signature::UnparsedPublicKey;
use aws_lc_rs::signature::VerificationAlgorithm;
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer as _;

use crate::words::Timestamp;

/// The certificates of an authority whose stamps are believed, pinned: nobody else's are, whoever has certified them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampAuthority {
    certificates: Vec<Pinned>,
}

/// A certificate of an authority can't be pinned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampAuthorityError {
    /// There is no certificate, or something that is none.
    #[error("this is no certificate in PEM, and a time-stamp is believed by nothing else")]
    Form,
    /// It is not for time-stamps.
    #[error(
        "the certificate of {0} is not for time-stamps: its extended key usage has to be `timeStamping` alone"
    )]
    Purpose(String),
    /// Its key is of no kind that is accepted.
    #[error(
        "the key of {0} is of no kind that is accepted: RSA of at least 2048 bits, P-256, P-384 or P-521"
    )]
    Key(String),
}

/// One pinned certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pinned {
    der: Vec<u8>,
    pub(super) subject: String,
    not_before: Timestamp,
    not_after: Timestamp,
    kind: KeyKind,
    /// The key as it stands in the certificate.
    key: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyKind {
    Rsa,
    P256,
    P384,
    P521,
}

/// With what a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl TimestampAuthority {
    /// Reads certificates in PEM. A change of an authority's key has both in one file.
    ///
    /// # Errors
    /// When there is none, or one that could never stamp.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TimestampAuthorityError> {
        let mut certificates = Vec::new();
        for block in Pem::iter_from_buffer(pem) {
            let block = block.map_err(|_| TimestampAuthorityError::Form)?;
            certificates.push(Pinned::new(block.contents)?);
        }
        if certificates.is_empty() {
            return Err(TimestampAuthorityError::Form);
        }
        Ok(Self { certificates })
    }

    /// The pinned certificate whose bytes have this hash.
    pub(super) fn certificate(&self, algorithm: &'static digest::Algorithm, hash: &[u8]) -> Option<&Pinned> {
        let has_it = |pinned: &&Pinned| digest::digest(algorithm, &pinned.der).as_ref() == hash;
        self.certificates.iter().find(has_it)
    }
}

impl Pinned {
    fn new(der: Vec<u8>) -> Result<Self, TimestampAuthorityError> {
        let (rest, certificate) =
            X509Certificate::from_der(&der).map_err(|_| TimestampAuthorityError::Form)?;
        if !rest.is_empty() {
            return Err(TimestampAuthorityError::Form);
        }
        let subject = certificate.subject().to_string();
        let usage = certificate.extended_key_usage().ok().flatten();
        // RFC 3161, 2.3: this purpose, no other, and critical.
        let is_for_stamps = usage.is_some_and(|usage| {
            let of = usage.value;
            let others = of.any
                || of.server_auth
                || of.client_auth
                || of.code_signing
                || of.email_protection
                || of.ocsp_signing
                || !of.other.is_empty();
            usage.critical && of.time_stamping && !others
        });
        if !is_for_stamps {
            return Err(TimestampAuthorityError::Purpose(subject));
        }
        let key = certificate.public_key();
        let kind = KeyKind::of(key).ok_or_else(|| TimestampAuthorityError::Key(subject.clone()))?;
        let key = key.subject_public_key.data.to_vec();
        let moment = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        let validity = certificate.validity();
        let (not_before, not_after) = (
            moment(validity.not_before.timestamp()),
            moment(validity.not_after.timestamp()),
        );
        Ok(Self {
            der,
            subject,
            not_before,
            not_after,
            kind,
            key,
        })
    }

    pub(super) fn is_valid_at(&self, at: Timestamp) -> bool {
        self.not_before <= at && at <= self.not_after
    }

    /// Whether the signature over the message is this key's.
    pub(super) fn verifies(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let Some(algorithm) = self.kind.with(hash) else {
            return false;
        };
        UnparsedPublicKey::new(algorithm, &self.key)
            .verify(message, signature)
            .is_ok()
    }
}

impl KeyKind {
    fn of(key: &x509_parser::x509::SubjectPublicKeyInfo<'_>) -> Option<Self> {
        use x509_parser::public_key::PublicKey;
        match key.parsed().ok()? {
            PublicKey::RSA(rsa) if rsa.key_size() >= 2_048 => Some(Self::Rsa),
            PublicKey::EC(point) => match point.data().len() {
                65 => Some(Self::P256),
                97 => Some(Self::P384),
                133 => Some(Self::P521),
                _ => None,
            },
            _ => None,
        }
    }

    fn with(self, hash: Hash) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self, hash) {
            (Self::Rsa, Hash::Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Self::Rsa, Hash::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Self::Rsa, Hash::Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Self::P256, Hash::Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Self::P256, Hash::Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
            (Self::P384, Hash::Sha256) => &signature::ECDSA_P384_SHA256_ASN1,
            (Self::P384, Hash::Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
            (Self::P521, Hash::Sha512) => &signature::ECDSA_P521_SHA512_ASN1,
            _ => return None,
        })
    }
}

impl Hash {
    pub(super) fn digest(self, bytes: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes)
    }
}
