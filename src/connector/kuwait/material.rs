//! Keys and certificates, read from where the settings say.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::ExposeSecret as _;
use secrecy::SecretString;

use super::settings::ClientIdentity;
use super::settings::KuwaitSettings;
use super::settings::SettingsError;
use super::settings::SignerPin;
use super::source::Source;
use super::stamp::Pin;
use super::stamp::Signer;
use super::transport::Login;

/// Keys and certificates in memory. No Debug; the key is wiped when dropped.
pub struct Material {
    /// The SP client certificate; `None` where the settings name none.
    pub client: Option<ClientMaterial>,
    /// The name and password of the transport; `None` where the settings name none.
    pub login: Option<Credentials>,
    /// The certificate authority of the server, PEM.
    pub server_ca: Vec<u8>,
    /// The certificates named by `stamp.signers`, PEM or DER, in the order of the settings.
    pub signers: Vec<Vec<u8>>,
    /// The certificates named by `revocation.issuers`, PEM or DER.
    pub list_issuers: Vec<Vec<u8>>,
}

/// The SP client certificate in memory.
pub struct ClientMaterial {
    /// The certificate and its intermediates, PEM.
    pub certificate: Vec<u8>,
    /// Its private key, PEM.
    pub key: SecretString,
}

/// A name and its password in memory.
#[derive(Clone)]
pub struct Credentials {
    /// The name.
    pub name: SecretString,
    /// The password.
    pub password: SecretString,
}

impl Material {
    /// Reads everything that the settings name.
    ///
    /// # Errors
    /// Names the setting whose file or variable can't be used.
    pub fn load(settings: &KuwaitSettings) -> Result<Self, SettingsError> {
        let signers = settings.stamp.iter().flat_map(|stamp| &stamp.signers);
        Ok(Self {
            client: settings.client.as_ref().map(client).transpose()?,
            login: settings.transport.login().map(credentials).transpose()?,
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
            list_issuers: settings
                .revocation
                .iter()
                .flat_map(|revocation| &revocation.issuers)
                .map(Source::read)
                .collect::<Result<_, _>>()
                .map_err(|problem| {
                    SettingsError::new(
                        "kuwait.revocation.issuers",
                        problem,
                        "name a readable PEM or DER file",
                    )
                })?,
        })
    }
}

fn client(identity: &ClientIdentity) -> Result<ClientMaterial, SettingsError> {
    Ok(ClientMaterial {
        certificate: identity.certificate.read().map_err(|problem| {
            SettingsError::new("kuwait.client.certificate", problem, "name a readable PEM file")
        })?,
        key: identity.key.read_secret().map_err(|problem| {
            SettingsError::new(
                "kuwait.client.key",
                problem,
                "name a PEM file that only its owner can read (chmod 400)",
            )
        })?,
    })
}

/// Line breaks at the end are the editor's, not the secret's.
fn credentials(login: &Login) -> Result<Credentials, SettingsError> {
    let read = |setting, source: &Source| {
        let secret = source.read_secret().map_err(|problem| {
            SettingsError::new(
                setting,
                problem,
                "name a variable, or a file that only its owner can read (chmod 400)",
            )
        })?;
        Ok(SecretString::from(
            secret.expose_secret().trim_end_matches(['\r', '\n']),
        ))
    };
    Ok(Credentials {
        name: read("kuwait.transport.login.name", &login.name)?,
        password: read("kuwait.transport.login.password", &login.password)?,
    })
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
    der_of(bytes, "CERTIFICATE")
}

/// The DER of the first element of this label in a PEM text, or the bytes themselves where they are no PEM.
pub(super) fn der_of(bytes: &[u8], label: &str) -> Option<Vec<u8>> {
    let begin = format!("-----BEGIN {label}-----");
    if !bytes
        .windows(begin.len())
        .any(|window| window == begin.as_bytes())
    {
        return (!bytes.is_empty()).then(|| bytes.to_vec());
    }
    match label {
        "CERTIFICATE" => CertificateDer::from_pem_slice(bytes).ok().map(|der| der.to_vec()),
        _ => CertificateRevocationListDer::from_pem_slice(bytes)
            .ok()
            .map(|der| der.to_vec()),
    }
}
