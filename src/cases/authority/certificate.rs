//! The least DER that a certificate needs, so that made-up answers carry what real ones do. Nothing here is trusted by
//! anybody: the connector believes a user certificate because the stamp covers it, and the stamp's because it is pinned.

use crate::words::Assurance;
use crate::words::Timestamp;

/// What differs between certificates.
pub(super) struct Contents<'a> {
    /// The serial number in the subject's name: a person's civil number.
    pub(super) subject: &'a str,
    /// The uncompressed point of a P-256 key.
    pub(super) point: &'a [u8],
    /// The first moment of validity.
    pub(super) from: Timestamp,
    /// The last one.
    pub(super) until: Timestamp,
    /// The level whose policy it names, if any.
    pub(super) assurance: Option<Assurance>,
}

/// The certificate, DER. Its own signature is empty, since nobody looks at it.
pub(super) fn certificate(contents: &Contents<'_>) -> Vec<u8> {
    let algorithm = tagged(SEQUENCE, &tagged(OID, ECDSA_SHA256));
    let name = name(contents.subject);
    let validity = [moment(contents.from), moment(contents.until)].concat();
    let validity = tagged(SEQUENCE, &validity);
    let key_kind = tagged(SEQUENCE, &[tagged(OID, EC_KEY), tagged(OID, P256)].concat());
    let key = tagged(SEQUENCE, &[key_kind, bits(contents.point)].concat());
    let mut to_be_signed = vec![
        tagged(EXPLICIT_0, &tagged(INTEGER, &[2])),
        tagged(INTEGER, &[1]),
        algorithm.clone(),
        name.clone(),
        validity,
        name,
        key,
    ];
    if let Some(level) = contents.assurance {
        to_be_signed.push(tagged(EXPLICIT_3, &tagged(SEQUENCE, &policy(level))));
    }
    let to_be_signed = tagged(SEQUENCE, &to_be_signed.concat());
    tagged(SEQUENCE, &[to_be_signed, algorithm, bits(&[0])].concat())
}

/// The policy identifiers of the levels, as the settings of the connector name them.
pub(super) fn policies() -> impl Iterator<Item = (String, Assurance)> {
    Assurance::ALL
        .into_iter()
        .map(|level| (format!("{ARC}.{}", level.wire_level()), level))
}

fn policy(level: Assurance) -> Vec<u8> {
    let mut identifier = ARC_DER.to_vec();
    identifier.push(level.wire_level());
    let information = tagged(SEQUENCE, &tagged(OID, &identifier));
    let value = tagged(OCTETS, &tagged(SEQUENCE, &information));
    tagged(SEQUENCE, &[tagged(OID, POLICIES), value].concat())
}

fn name(serial: &str) -> Vec<u8> {
    let attribute = [tagged(OID, SERIAL_NUMBER), tagged(PRINTABLE, serial.as_bytes())].concat();
    tagged(SEQUENCE, &tagged(SET, &tagged(SEQUENCE, &attribute)))
}

fn moment(at: Timestamp) -> Vec<u8> {
    let digits: String = at
        .to_string()
        .chars()
        .take("2026-11-22T07:00:00".len())
        .filter(char::is_ascii_digit)
        .collect();
    tagged(TIME, format!("{digits}Z").as_bytes())
}

fn bits(contents: &[u8]) -> Vec<u8> {
    tagged(BITS, &[&[0], contents].concat())
}

/// One element; its contents stay below 64 KiB.
fn tagged(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    let [high, low] = u16::try_from(contents.len()).unwrap_or(u16::MAX).to_be_bytes();
    match (high, low) {
        (0, short @ 0..=0x7f) => element.push(short),
        (0, low) => element.extend([0x81, low]),
        (high, low) => element.extend([0x82, high, low]),
    }
    element.extend_from_slice(contents);
    element
}

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const PRINTABLE: u8 = 0x13;
const TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const EXPLICIT_0: u8 = 0xa0;
const EXPLICIT_3: u8 = 0xa3;
/// 1.2.840.10045.4.3.2
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// 1.2.840.10045.2.1
const EC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 2.5.4.5
const SERIAL_NUMBER: &[u8] = &[0x55, 0x04, 0x05];
/// 2.5.29.32
const POLICIES: &[u8] = &[0x55, 0x1d, 0x20];
/// Below the experimental arc, so no authority's certificates carry it.
const ARC: &str = "1.3.6.1.3.414.9";
const ARC_DER: &[u8] = &[0x2b, 0x06, 0x01, 0x03, 0x83, 0x1e, 0x09];

#[cfg(test)]
mod tests {
    use x509_parser::extensions::ParsedExtension;
    use x509_parser::prelude::FromDer as _;
    use x509_parser::prelude::X509Certificate;

    use super::*;

    #[test]
    fn others_read_the_certificate_as_it_is_meant() {
        let from = Timestamp::parse("2026-01-02T03:04:05Z").unwrap();
        let der = certificate(&Contents {
            subject: "399123100017",
            point: &[4; 65],
            from,
            until: from,
            assurance: Some(Assurance::Medium),
        });
        let (rest, read) = X509Certificate::from_der(&der).unwrap();
        assert!(rest.is_empty());
        assert_eq!(
            read.validity().not_before.timestamp() * 1_000_000,
            from.as_micros()
        );
        assert!(read.subject().to_string().contains("399123100017"));
        let policy = read
            .iter_extensions()
            .find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::CertificatePolicies(policies) => Some(policies[0].policy_id.to_id_string()),
                _ => None,
            });
        assert_eq!(policy.as_deref(), Some("1.3.6.1.3.414.9.20"));
    }
}
