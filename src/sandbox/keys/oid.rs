use der::asn1::ObjectIdentifier;

use crate::words::Assurance;

/// The certificate policy of each assurance level in the sandbox's certificates.
///
/// The arc lies below `1.3.6.1.3` (experimental), so no authority's certificates carry it by accident. What the
/// national authority writes into its certificates is unknown: there, the connector's table is configuration.
pub fn assurance_policies() -> Vec<(String, Assurance)> {
    Assurance::ALL
        .into_iter()
        .map(|level| (format!("{ARC}.{}", level.wire_level()), level))
        .collect()
}

/// The DER of a `certificatePolicies` extension (RFC 5280, 4.2.1.4) that names one level.
pub(super) fn policy_extension(level: Assurance) -> Vec<u8> {
    let mut oid = ARC_DER.to_vec();
    oid.push(level.wire_level());
    let identifier = tagged(0x06, &oid);
    let information = tagged(0x30, &identifier);
    tagged(0x30, &information)
}

/// One DER element; the contents here are far shorter than 128 bytes, so the short form of the length serves.
fn tagged(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut element = vec![tag, u8::try_from(contents.len()).unwrap_or(0x7f)];
    element.extend_from_slice(contents);
    element
}

/// `extKeyUsage`.
pub(super) const EXTENDED_KEY_USAGE_OID: &[u64] = &[2, 5, 29, 37];

/// Its value for time-stamps alone: `id-kp-timeStamping` (RFC 5280, 4.2.1.12).
pub(super) const TIME_STAMPING: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08,
];

/// `certificatePolicies`.
pub(super) const POLICIES_OID: &[u64] = &[2, 5, 29, 32];
/// `id-pkix-ocsp-nocheck` (RFC 6960, 4.2.2.2.1), whose value is [`NULL`].
pub(super) const NO_CHECK_OID: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 5];
/// The DER of NULL.
pub(super) const NULL: [u8; 2] = [0x05, 0x00];
/// The purpose of a citizen's certificate. It is not `clientAuth`, so no citizen can pose as a provider.
pub(super) const CITIZEN_PURPOSE: &[u64] = &[1, 3, 6, 1, 3, 414, 2, 1];
/// The purpose of the stamp's certificate.
pub(super) const STAMP_PURPOSE: &[u64] = &[1, 3, 6, 1, 3, 414, 2, 2];

/// The policy of the sandbox's time-stamps: they are good for trying and for nothing else.
pub(in crate::sandbox) const TIME_STAMP_POLICY: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.3.414.3.1");

const ARC: &str = "1.3.6.1.3.414.1";
/// [`ARC`] in DER: the first two arcs share a byte, 414 takes two.
const ARC_DER: &[u8] = &[0x2b, 0x06, 0x01, 0x03, 0x83, 0x1e, 0x01];

#[cfg(test)]
mod tests {
    use x509_parser::extensions::ParsedExtension;
    use x509_parser::prelude::FromDer;
    use x509_parser::prelude::X509Extension;

    use super::*;

    #[test]
    fn the_extension_names_the_oid_of_the_table() {
        for (oid, level) in assurance_policies() {
            let policies = policy_extension(level);
            let mut extension = vec![0x06, 0x03, 0x55, 0x1d, 0x20];
            extension.extend(tagged(0x04, &policies));
            let extension = tagged(0x30, &extension);
            let (rest, parsed) = X509Extension::from_der(&extension).unwrap();
            assert!(rest.is_empty());
            let ParsedExtension::CertificatePolicies(policies) = parsed.parsed_extension() else {
                panic!("not read as policies");
            };
            assert_eq!(policies[0].policy_id.to_id_string(), oid);
        }
    }
}
