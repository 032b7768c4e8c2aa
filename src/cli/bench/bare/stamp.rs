use aws_lc_rs::signature::ParsedPublicKey;
use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::FromDer as _;
use x509_parser::prelude::X509Certificate;

use crate::cli::failure::Failure;

/// The key of the authority's stamp, parsed once.
pub(super) struct StampKey(ParsedPublicKey);

impl StampKey {
    /// The key of a certificate, PEM.
    pub(super) fn pinned(certificate: &str) -> Result<Self, Failure> {
        let fault =
            || Failure::new("the bare program's stamp signer is no certificate with an RSA key, as PEM");
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|_| fault())?;
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| fault())?;
        let key = &certificate.public_key().subject_public_key.data;
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
            .map(Self)
            .map_err(|_| fault())
    }

    /// Whether the signature is this key's over the message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}
