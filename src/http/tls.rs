use std::sync::Arc;

use rustls::ServerConfig;
use rustls::SupportedProtocolVersion;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::words::Timestamp;

/// Why a certificate and its key can't serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The file holds no certificate.
    #[error("the certificate file holds no readable certificate; it has to be PEM, the server's own first")]
    NoCertificate,
    /// The file holds no key.
    #[error(
        "the key file holds no readable private key; it has to be PEM: PKCS#8, PKCS#1 or SEC1, not encrypted"
    )]
    NoKey,
    /// A certificate is damaged.
    #[error("certificate {0} of the certificate file can't be read; make the file again")]
    BrokenCertificate(usize),
    /// The certificate has expired.
    #[error("the certificate expired on {0}; renew it")]
    Expired(String),
    /// The certificate is not valid yet.
    #[error("the certificate is not valid before {0}; check the clock of this machine")]
    NotYetValid(String),
    /// Key and certificate are of different pairs.
    #[error("the private key does not belong to the certificate; check that both files are of the same pair")]
    Mismatch,
    /// Anything else that the TLS library refuses.
    #[error("the certificate or key can't be used: {0}")]
    Unusable(String),
}

/// The TLS of the callback listener: version 1.3 only (R000-066).
///
/// # Errors
/// When certificate or key can't serve at this moment; says what to do.
pub fn callback_tls(cert_pem: &[u8], key_pem: &[u8], now: Timestamp) -> Result<ServerConfig, TlsError> {
    server_tls(cert_pem, key_pem, now, &[&rustls::version::TLS13])
}

/// The TLS of every other listener: version 1.2 or 1.3 (R000-152).
///
/// # Errors
/// When certificate or key can't serve at this moment; says what to do.
pub fn public_tls(cert_pem: &[u8], key_pem: &[u8], now: Timestamp) -> Result<ServerConfig, TlsError> {
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    server_tls(cert_pem, key_pem, now, &versions)
}

fn server_tls(
    cert_pem: &[u8],
    key_pem: &[u8],
    now: Timestamp,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ServerConfig, TlsError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(cert_pem)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoCertificate)?;
    for (index, certificate) in chain.iter().enumerate() {
        check_dates(certificate, now)
            .map_err(|fault| fault.unwrap_or(TlsError::BrokenCertificate(index + 1)))?;
    }
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|_| TlsError::NoKey)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .map_err(|error| TlsError::Unusable(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::Mismatch,
            other => TlsError::Unusable(other.to_string()),
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// `Err(None)` is a certificate that can't be read at all.
fn check_dates(certificate: &CertificateDer<'_>, now: Timestamp) -> Result<(), Option<TlsError>> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).map_err(|_| None)?;
    let validity = parsed.validity();
    let moment = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
    let (from, until) = (
        moment(validity.not_before.timestamp()),
        moment(validity.not_after.timestamp()),
    );
    if now > until {
        return Err(Some(TlsError::Expired(day(until))));
    }
    if now < from {
        return Err(Some(TlsError::NotYetValid(day(from))));
    }
    Ok(())
}

fn day(moment: Timestamp) -> String {
    let local = moment.in_kuwait();
    format!("{:04}-{:02}-{:02}", local.year, local.month, local.day)
}

#[cfg(all(test, feature = "sandbox"))]
mod tests {
    use super::*;

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn refused(cert: &str, key: &str, now: Timestamp) -> TlsError {
        callback_tls(cert.as_bytes(), key.as_bytes(), now).err().unwrap()
    }

    #[test]
    fn each_fault_of_certificate_or_key_has_its_error() {
        let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
        let (cert, key) = pair();
        assert!(callback_tls(cert.as_bytes(), key.as_bytes(), now).is_ok());
        assert_eq!(refused("", &key, now), TlsError::NoCertificate);
        assert_eq!(refused(&key, &key, now), TlsError::NoCertificate);
        assert_eq!(refused(&cert, "", now), TlsError::NoKey);
        assert_eq!(refused(&cert, &cert, now), TlsError::NoKey);
        assert_eq!(refused(&cert, &pair().1, now), TlsError::Mismatch);
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(refused(broken, &key, now), TlsError::BrokenCertificate(1));
        let late = Timestamp::parse("9999-01-01T00:00:00Z").unwrap();
        assert!(matches!(refused(&cert, &key, late), TlsError::Expired(_)));
        let early = Timestamp::parse("1970-01-01T00:00:00Z").unwrap();
        assert!(matches!(refused(&cert, &key, early), TlsError::NotYetValid(_)));
    }

    // R000-066: the callback speaks TLS 1.3 only; the others 1.2 too (R000-152).
    #[tokio::test]
    async fn tls_1_2_is_refused_on_the_callback_listener() {
        let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
        let (cert, key) = pair();
        let (cert, key) = (cert.as_bytes(), key.as_bytes());
        let callback = Arc::new(callback_tls(cert, key, now).unwrap());
        let public = Arc::new(public_tls(cert, key, now).unwrap());
        for (server, version, good) in [
            (&callback, &rustls::version::TLS12, false),
            (&callback, &rustls::version::TLS13, true),
            (&public, &rustls::version::TLS12, true),
            (&public, &rustls::version::TLS13, true),
        ] {
            assert_eq!(shakes_hands(server.clone(), version, cert), good, "{version:?}");
        }
    }

    fn shakes_hands(
        server: Arc<ServerConfig>,
        version: &'static SupportedProtocolVersion,
        cert: &[u8],
    ) -> bool {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(cert).unwrap()).unwrap();
        let client = rustls::ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "localhost".try_into().unwrap();
        let mut client = rustls::ClientConnection::new(Arc::new(client), name).unwrap();
        let mut server = rustls::ServerConnection::new(server).unwrap();
        for _ in 0..8 {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            if !wire.is_empty() && server.read_tls(&mut wire.as_slice()).is_err() {
                return false;
            }
            if server.process_new_packets().is_err() {
                return false;
            }
            let mut wire = Vec::new();
            server.write_tls(&mut wire).unwrap();
            if !wire.is_empty() && client.read_tls(&mut wire.as_slice()).is_err() {
                return false;
            }
            if client.process_new_packets().is_err() {
                return false;
            }
        }
        !client.is_handshaking() && !server.is_handshaking()
    }
}
