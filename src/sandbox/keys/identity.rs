use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::oid_registry::OID_X509_SERIALNUMBER;
use x509_parser::prelude::FromDer;
use x509_parser::prelude::X509Certificate;

use crate::words::Timestamp;

/// A private key and the certificate that goes with it, followed by the authority's.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    chain_pem: String,
    key_pem: String,
    certificate: Vec<u8>,
}

impl Identity {
    pub(super) fn new(certificate_pem: &str, authority_pem: &str, key_pem: String, der: Vec<u8>) -> Self {
        Self {
            chain_pem: format!("{certificate_pem}{authority_pem}"),
            key_pem,
            certificate: der,
        }
    }

    /// Reads what [`Identity::pem`] wrote; `None` if anything is missing, broken or does not belong together.
    pub(super) fn parse(pem: &str) -> Option<Self> {
        let key_at = pem.find(KEY_BEGINS)?;
        let (chain_pem, key_pem) = pem.split_at(key_at);
        let first = CertificateDer::from_pem_slice(chain_pem.as_bytes()).ok()?;
        let key = KeyPair::from_pem(key_pem).ok()?;
        let (_, parsed) = X509Certificate::from_der(&first).ok()?;
        let belongs = parsed.public_key().raw == rcgen::PublicKeyData::subject_public_key_info(&key);
        belongs.then(|| Self {
            chain_pem: chain_pem.to_owned(),
            key_pem: key_pem.to_owned(),
            certificate: first.to_vec(),
        })
    }

    /// The certificate and its authority's, as PEM.
    pub fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    /// The private key, as PEM (PKCS #8).
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Chain and key in one text, as TLS clients take it.
    pub fn pem(&self) -> String {
        format!("{}{}", self.chain_pem, self.key_pem)
    }

    /// The certificate alone, as DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// When the certificate ends; `None` if it can't be read.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let (_, parsed) = X509Certificate::from_der(&self.certificate).ok()?;
        let seconds = parsed.validity().not_after.timestamp();
        Some(Timestamp::from_micros(seconds.saturating_mul(1_000_000)))
    }

    /// The serial number: the content bytes of the DER integer.
    pub(in crate::sandbox) fn serial(&self) -> Option<Vec<u8>> {
        let (_, parsed) = X509Certificate::from_der(&self.certificate).ok()?;
        Some(parsed.raw_serial().to_vec())
    }

    pub(in crate::sandbox) fn chain(&self) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(self.chain_pem.as_bytes())
            .filter_map(Result::ok)
            .collect()
    }

    pub(in crate::sandbox) fn key(&self) -> Option<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).ok()
    }
}

/// `serialNumber` of the subject of a certificate: the number of whoever it is for.
pub(super) fn subject_number(certificate: &[u8]) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let mut numbers = parsed.subject().iter_by_oid(&OID_X509_SERIALNUMBER);
    numbers.next()?.as_str().ok().map(str::to_owned)
}

/// Hides the key.
impl std::fmt::Debug for Identity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Identity(…)")
    }
}

const KEY_BEGINS: &str = "-----BEGIN PRIVATE KEY-----";
