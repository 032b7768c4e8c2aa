//! The certificate of the person who answered (R000-145).

use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry;
use x509_parser::prelude::FromDer;
use x509_parser::prelude::X509Certificate;

use super::base64::BlobText;
use super::revocation::Named;
use crate::words::CivilNo;
use crate::words::Purpose;
use crate::words::Timestamp;

/// What matters of a user certificate. It is believed because the stamp covers it, so no chain is built.
pub(super) struct UserCertificate<'n> {
    /// The certificate itself.
    pub(super) der: &'n [u8],
    /// Its issuer's name and its serial number.
    pub(super) named: Named,
    civil_numbers: Vec<String>,
    not_before: i64,
    not_after: i64,
    /// Its certificate policies, as dotted numbers.
    pub(super) policies: Vec<String>,
}

impl<'n> UserCertificate<'n> {
    /// Reads base64 of DER; `None` for anything else.
    pub(super) fn read(text: &'n BlobText<'_>) -> Option<Self> {
        let der = text.bytes(MAX_CERTIFICATE)?;
        let (rest, certificate) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let civil_numbers = certificate
            .subject()
            .iter_by_oid(&oid_registry::OID_X509_SERIALNUMBER)
            .map(|attribute| attribute.as_str().unwrap_or_default().to_owned())
            .collect();
        let policies = certificate
            .iter_extensions()
            .filter_map(|extension| match extension.parsed_extension() {
                ParsedExtension::CertificatePolicies(policies) => Some(policies),
                _ => None,
            })
            .flat_map(|policies| policies.iter().map(|policy| policy.policy_id.to_id_string()))
            .collect();
        let validity = certificate.validity();
        let (not_before, not_after) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        let named = Named {
            issuer: certificate.issuer().as_raw().to_vec(),
            serial: certificate.raw_serial().to_vec(),
        };
        Some(Self {
            der,
            named,
            civil_numbers,
            not_before,
            not_after,
            policies,
        })
    }

    /// Whether the subject's `serialNumber` is the person's civil number, bare or behind a prefix without
    /// digits such as `PNOKW-`. A certificate with two different ones is nobody's.
    pub(super) fn belongs_to(&self, person: &CivilNo) -> bool {
        let expected = person.expose(Purpose::Compare);
        !self.civil_numbers.is_empty()
            && self.civil_numbers.iter().all(|text| {
                let digits = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
                digits == expected
            })
    }

    /// Whether its time has begun.
    pub(super) fn has_begun(&self, at: Timestamp) -> bool {
        at.as_micros() >= self.not_before.saturating_mul(1_000_000)
    }

    /// Whether its time is over.
    pub(super) fn has_expired(&self, at: Timestamp) -> bool {
        at.as_micros() > self.not_after.saturating_mul(1_000_000)
    }
}

const MAX_CERTIFICATE: usize = 16 * 1024;
