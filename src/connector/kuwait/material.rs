//! Keys and certificates, read from where the settings say.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::SecretString;

use super::settings::KuwaitSettings;
use super::settings::SettingsError;
use super::settings::SignerPin;
use super::stamp::Pin;
use super::stamp::Signer;

/// Keys and certificates in memory. No Debug; the key is wiped when dropped.
pub struct Material {
    /// The SP client certificate and its intermediates, PEM.
    pub client_certificate: Vec<u8>,
    /// The private key of the SP client certificate, PEM.
    pub client_key: SecretString,
    /// The certificate authority of the server, PEM.
    pub server_ca: Vec<u8>,
    /// The certificates named by `stamp.signers`, PEM or DER, in the order of the settings.
    pub signers: Vec<Vec<u8>>,
}

impl Material {
    /// Reads everything that the settings name.
    ///
    /// # Errors
    /// Names the setting whose file or variable can't be used.
    pub fn load(settings: &KuwaitSettings) -> Result<Self, SettingsError> {
        let signers = settings.stamp.iter().flat_map(|stamp| &stamp.signers);
        Ok(Self {
            client_certificate: settings.client.certificate.read().map_err(|problem| {
                SettingsError::new("kuwait.client.certificate", problem, "name a readable PEM file")
            })?,
            client_key: settings.client.key.read_secret().map_err(|problem| {
                SettingsError::new(
                    "kuwait.client.key",
                    problem,
                    "name a PEM file that only its owner can read (chmod 400)",
                )
            })?,
            server_ca: settings.server_ca.read().map_err(|problem| {
                SettingsError::new("kuwait.server_ca", problem, "name a readable PEM file")
            })?,
            signers: signers
                .filter_map(|pin| match pin {
                    SignerPin::Certificate(source) => Some(source.read()),
                    SignerPin::Fingerprint(_) => None,
                })
                .collect::<Result<_, _>>()
                .map_err(|problem| {
                    SettingsError::new("kuwait.stamp.signers", problem, "name a readable PEM or DER file")
                })?,
        })
    }
}

/// The pins of the settings, with the certificates of the material.
pub(super) fn pins(signers: &[SignerPin], certificates: &[Vec<u8>]) -> Result<Vec<Pin>, SettingsError> {
    let wrong = |problem: String| {
        SettingsError::new(
            "kuwait.stamp.signers",
            problem,
            "pin the RSA (2048 bits or more) or ECDSA (P-256, P-384) certificate of the authority",
        )
    };
    let mut certificates = certificates.iter();
    signers
        .iter()
        .map(|pin| match pin {
            SignerPin::Fingerprint(fingerprint) => Ok(Pin::fingerprint(*fingerprint)),
            SignerPin::Certificate(source) => {
                let bytes = certificates
                    .next()
                    .ok_or_else(|| wrong(format!("{source} was not loaded")))?;
                let der = first_certificate(bytes)
                    .ok_or_else(|| wrong(format!("{source} holds no certificate")))?;
                let signer = Signer::from_der(&der).map_err(|problem| {
                    wrong(format!("the certificate of {source} can't be used: {problem}"))
                })?;
                Ok(Pin::certificate(signer))
            }
        })
        .collect()
}

/// The DER of the first certificate of a PEM text, or the bytes themselves where they are no PEM.
pub(super) fn first_certificate(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.windows(PEM.len()).any(|window| window == PEM) {
        CertificateDer::from_pem_slice(bytes).ok().map(|der| der.to_vec())
    } else {
        (!bytes.is_empty()).then(|| bytes.to_vec())
    }
}

const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";
