use x509_parser::prelude::FromDer;
use x509_parser::prelude::X509Certificate;

use super::*;
use crate::sandbox::roster::citizens;
use crate::words::Assurance;

const SP: &str = "00000000-0000-4000-8000-00000000a001";

fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T12:00:00Z").unwrap()
}

fn open(folder: &Path, now: Timestamp) -> Keys {
    Keys::open(folder, SP, StampAlgorithm::EcdsaP256, &citizens(1, now), now).unwrap()
}

fn subject_number(der: &[u8]) -> String {
    let (_, certificate) = X509Certificate::from_der(der).unwrap();
    let mut numbers = certificate
        .subject()
        .iter_by_oid(&x509_parser::oid_registry::OID_X509_SERIALNUMBER);
    numbers.next().unwrap().as_str().unwrap().to_owned()
}

fn policy(der: &[u8]) -> String {
    let (_, certificate) = X509Certificate::from_der(der).unwrap();
    let extensions = certificate.extensions().iter();
    let mut policies = extensions.filter_map(|extension| match extension.parsed_extension() {
        x509_parser::extensions::ParsedExtension::CertificatePolicies(policies) => {
            Some(policies[0].policy_id.to_id_string())
        }
        _ => None,
    });
    policies.next().unwrap()
}

#[test]
fn a_second_start_finds_the_same_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let first = open(&path, now());
    let second = open(&path, now().plus(DAY));
    assert_eq!(first.authority_pem(), second.authority_pem());
    assert!(first.server() == second.server() && first.stamp() == second.stamp());
    let citizen = &citizens(0, now())[0];
    let kind = own_kind(citizen);
    assert!(first.citizen(citizen, kind).unwrap() == second.citizen(citizen, kind).unwrap());
}

#[test]
fn what_is_near_its_end_is_renewed_under_the_same_authority() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path(), now());
    let later = now().plus(DAY * 380);
    let second = open(folder.path(), later);
    assert_eq!(first.authority_pem(), second.authority_pem());
    assert!(first.server() != second.server());
    assert!(second.server().ends_at().unwrap() > later.plus(RENEW_BEFORE));
    let expired = citizens(0, now())
        .into_iter()
        .find(|c| c.ending == Ending::Expired)
        .unwrap();
    let kind = CertificateKind::Expired;
    assert!(second.citizen(&expired, kind).unwrap().ends_at().unwrap() < later);
}

#[test]
fn an_authority_near_its_end_takes_everything_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path(), now());
    let second = open(folder.path(), now().plus(DAY * 3400));
    assert!(first.authority_pem() != second.authority_pem());
    assert!(first.server() != second.server());
    assert!(second.server().chain_pem().ends_with(second.authority_pem()));
}

#[test]
fn broken_files_are_made_anew_and_a_folder_that_is_a_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path(), now());
    std::fs::write(folder.path().join("bridge.pem"), "broken").unwrap();
    let second = open(folder.path(), now());
    assert!(first.server() != second.server() && first.callback() == second.callback());
    let file = folder.path().join("bridge.pem");
    let fault = Keys::open(&file, SP, StampAlgorithm::EcdsaP256, &[], now())
        .err()
        .unwrap();
    assert!(fault.to_string().contains("bridge.pem"), "{fault}");
}

#[cfg(unix)]
#[test]
fn folder_and_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    drop(open(&path, now()));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&path.join("citizens"))), (0o700, 0o700));
    for entry in std::fs::read_dir(&path)
        .unwrap()
        .chain(std::fs::read_dir(path.join("citizens")).unwrap())
    {
        let entry = entry.unwrap().path();
        if entry.is_file() {
            assert_eq!(mode(&entry), 0o600, "{}", entry.display());
        }
    }
}

#[test]
fn a_citizens_certificate_carries_civil_number_level_and_condition() {
    let folder = tempfile::tempdir().unwrap();
    let keys = open(folder.path(), now());
    for citizen in citizens(1, now()) {
        let own = keys.citizen(&citizen, own_kind(&citizen)).unwrap();
        assert_eq!(
            subject_number(own.certificate()),
            citizen.civil_no.expose(Purpose::Compare)
        );
        let level = citizen.assurance.wire_level();
        assert_eq!(policy(own.certificate()), format!("1.3.6.1.3.414.1.{level}"));
        let (_, parsed) = X509Certificate::from_der(own.certificate()).unwrap();
        let ended = own.ends_at().unwrap() < now();
        assert_eq!(ended, citizen.ending == Ending::Expired);
        let purpose = parsed.extended_key_usage().unwrap().unwrap().value;
        assert!(!purpose.client_auth && !purpose.any);
    }
    let citizen = &citizens(0, now())[0];
    let low = keys
        .citizen(citizen, CertificateKind::Valid(Assurance::Low))
        .unwrap();
    assert_eq!(policy(low.certificate()), "1.3.6.1.3.414.1.10");
}

#[test]
fn a_revoked_certificate_is_on_the_list_and_no_other_is() {
    use x509_parser::prelude::CertificateRevocationList;

    let folder = tempfile::tempdir().unwrap();
    let keys = open(folder.path(), now());
    let der = keys.revocation_list(now()).unwrap();
    let (_, list) = CertificateRevocationList::from_der(&der).unwrap();
    let listed = |identity: &Identity| {
        let (_, certificate) = X509Certificate::from_der(identity.certificate()).unwrap();
        list.iter_revoked_certificates()
            .any(|row| row.user_certificate == certificate.serial)
    };
    for citizen in citizens(0, now()) {
        let own = keys.citizen(&citizen, own_kind(&citizen)).unwrap();
        assert_eq!(listed(&own), citizen.ending == Ending::Revoked);
        let revoked = keys.citizen(&citizen, CertificateKind::Revoked).unwrap();
        assert!(listed(&revoked));
    }
}

#[test]
fn nothing_shows_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let keys = open(folder.path(), now());
    let shown = format!("{keys:?} {:?}", keys.stamp());
    assert!(!shown.contains("PRIVATE") && shown.len() < 100);
}
