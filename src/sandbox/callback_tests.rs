use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1;
use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
use aws_lc_rs::signature::UnparsedPublicKey;
use serde_json::Value;
use x509_parser::prelude::FromDer;
use x509_parser::prelude::X509Certificate;

use super::*;
use crate::sandbox::keys::StampAlgorithm;
use crate::sandbox::request::Polled;
use crate::sandbox::roster::citizens;
use crate::words::Assurance;
use crate::words::Text;

/// Keys and people for callbacks, made once per test.
struct World {
    keys: Keys,
    signers: Signers,
    people: Vec<Citizen>,
    algorithm: StampAlgorithm,
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T12:00:00.117Z").unwrap()
}

impl World {
    fn new(algorithm: StampAlgorithm) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let people = citizens(0, now());
        let keys = Keys::open(folder.path(), "sp", algorithm, &people, now()).unwrap();
        let signers = Signers {
            first: Stamper::new(keys.stamp()).unwrap(),
            next: Stamper::new(keys.next_stamp()).unwrap(),
            changed: std::sync::atomic::AtomicBool::new(false),
            impostor: Stamper::new(keys.impostor()).unwrap(),
            ended: Stamper::new(keys.ended_stamp()).unwrap(),
        };
        Self {
            keys,
            signers,
            people,
            algorithm,
        }
    }

    fn asked(&self) -> Asked {
        Asked {
            id: "5b0e7c1a-2f64-4f0e-9a55-3d2b8c6f1e90".to_owned(),
            service_provider_id: "sp".to_owned(),
            civil_no: "399123100017".to_owned(),
            code: None,
            signing: None,
            service: Text::new("خدمة", "Service"),
            reason: Text::new("سبب", "Reason"),
            challenge: Some("8352".to_owned()),
            additional_data: Some("our \"text\"".to_owned()),
            ref_id: None,
            callback_url: Some("https://127.0.0.1:1/cb".to_owned()),
            wants_person: true,
            assurance: Some(Assurance::High),
            received_at: now(),
            expires_at: now(),
            answer: None,
            scenario: None,
            status: None,
            fault: None,
            polled: Polled::default(),
        }
    }

    fn bytes(&self, choice: Choice, flaw: Flaw, earlier: Option<Bytes>) -> Bytes {
        self.bytes_for(&self.asked(), choice, flaw, earlier)
    }

    fn bytes_for(&self, asked: &Asked, choice: Choice, flaw: Flaw, earlier: Option<Bytes>) -> Bytes {
        let order = Order {
            asked,
            citizen: &self.people[0],
            stranger: &self.people[1],
            choice,
            flaw,
            earlier,
            now: now(),
        };
        compose(&order, &self.keys, &self.signers).unwrap()
    }

    fn approved(&self, flaw: Flaw) -> Bytes {
        self.bytes(Choice::Approve, flaw, None)
    }

    /// Verifies the stamp with nothing but the bytes and the bare cipher.
    fn stamp_holds(&self, body: &[u8]) -> bool {
        let text = std::str::from_utf8(body).unwrap();
        let at = |name: &str| text.find(&format!(r#""{name}":"#)).unwrap();
        let slice = |from: &str, to: &str| &text[at(from) + from.len() + 3..at(to) - 1];
        let members = [
            slice("RequestDetails", "ResultDetails"),
            slice("ResultDetails", "PersonalData"),
            slice("PersonalData", "Signature"),
        ];
        let parsed = parse(body);
        let signature = STANDARD
            .decode(parsed["Signature"]["SignatureData"].as_str().unwrap())
            .unwrap();
        let (_, signer) = X509Certificate::from_der(self.keys.stamp().certificate()).unwrap();
        let key = signer.public_key().subject_public_key.data.to_vec();
        let stamped = members.join("\n");
        match self.algorithm {
            StampAlgorithm::Rsa2048 => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
                .verify(stamped.as_bytes(), &signature)
                .is_ok(),
            StampAlgorithm::EcdsaP256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
                .verify(stamped.as_bytes(), &signature)
                .is_ok(),
        }
    }
}

fn parse(body: &[u8]) -> Value {
    serde_json::from_slice::<Value>(body).unwrap()["MIDAuthSignResponse"].take()
}

fn certificate_of(answer: &Value) -> Vec<u8> {
    STANDARD
        .decode(answer["ResultDetails"]["UserCertificate"].as_str().unwrap())
        .unwrap()
}

#[test]
fn the_stamp_covers_the_exact_bytes_of_the_members_for_both_algorithms() {
    for algorithm in [StampAlgorithm::Rsa2048, StampAlgorithm::EcdsaP256] {
        let world = World::new(algorithm);
        for choice in [Choice::Approve, Choice::Decline, Choice::Revoked] {
            assert!(world.stamp_holds(&world.bytes(choice, Flaw::None, None)));
        }
    }
}

#[test]
fn an_approval_has_every_member_of_the_known_shape() {
    let world = World::new(StampAlgorithm::EcdsaP256);
    let answer = parse(&world.approved(Flaw::None));
    let request = &answer["RequestDetails"];
    assert_eq!(request["RequestID"], world.asked().id);
    assert_eq!(
        (&request["CivilNo"], &request["Challenge"]),
        (&"399123100017".into(), &"8352".into())
    );
    assert_eq!(request["AdditionalData"], "our \"text\"");
    let result = &answer["ResultDetails"];
    assert_eq!(
        (&result["ResultCode"], &result["UserAction"]),
        (&"1".into(), &"1".into())
    );
    assert_eq!(result["UserCivilNo"], "399123100017");
    assert_eq!(result["TransactionDate"], "2026-11-22T15:00:00.117");
    let person = answer["PersonalData"].as_object().unwrap();
    for member in [
        "CivilID",
        "FullNameAr",
        "FullNameEn",
        "NationalityAr",
        "NationalityEn",
        "NationalityFlag",
        "BirthDate",
        "Gender",
        "MobileNumber",
        "EmailAddress",
        "BloodGroup",
        "Photo",
        "CardSerial",
        "CardExpiryDate",
        "DocumentNumber",
        "PassportNumber",
        "GovData",
        "Address",
    ] {
        assert!(person.contains_key(member), "{member}");
    }
    assert_eq!(person["GovData"].as_object().unwrap().len(), 3);
    assert_eq!(person["Address"].as_object().unwrap().len(), 10);
    assert!(person["Address"]["Governerate"].is_string());
}

#[test]
fn the_users_signature_is_made_with_the_users_key() {
    let world = World::new(StampAlgorithm::EcdsaP256);
    let body = world.approved(Flaw::None);
    let text = std::str::from_utf8(&body).unwrap();
    let from = text.find("{\"RequestID\"").unwrap();
    let until = text.find(",\"ResultDetails\"").unwrap();
    let answer = parse(&body);
    let der = certificate_of(&answer);
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    let signature = STANDARD
        .decode(answer["ResultDetails"]["SignatureData"].as_str().unwrap())
        .unwrap();
    UnparsedPublicKey::new(
        &ECDSA_P256_SHA256_ASN1,
        &certificate.public_key().subject_public_key.data,
    )
    .verify(&text.as_bytes()[from..until], &signature)
    .unwrap();
}

#[test]
fn nobodys_details_are_sent_unasked() {
    let world = World::new(StampAlgorithm::EcdsaP256);
    let asked = Asked {
        wants_person: false,
        ..world.asked()
    };
    let body = world.bytes_for(&asked, Choice::Approve, Flaw::None, None);
    assert!(parse(&body)["PersonalData"].is_null());
    for choice in [
        Choice::Decline,
        Choice::Expired,
        Choice::Revoked,
        Choice::VerificationFailed,
    ] {
        assert!(parse(&world.bytes(choice, Flaw::None, None))["PersonalData"].is_null());
    }
}

#[test]
fn each_ending_has_its_code() {
    let world = World::new(StampAlgorithm::EcdsaP256);
    for (choice, code, action) in [
        (Choice::Approve, "1", "1"),
        (Choice::Revoked, "2", "1"),
        (Choice::VerificationFailed, "3", "1"),
        (Choice::Decline, "4", "2"),
        (Choice::Expired, "5", "1"),
    ] {
        let answer = parse(&world.bytes(choice, Flaw::None, None));
        assert_eq!(answer["ResultDetails"]["ResultCode"], code);
        assert_eq!(answer["ResultDetails"]["UserAction"], action);
        assert_eq!(
            answer["ResultDetails"]["UserCertificate"].is_null(),
            choice == Choice::Decline
        );
    }
}

#[test]
fn what_is_forged_does_not_hold_and_what_is_odd_does() {
    let world = World::new(StampAlgorithm::EcdsaP256);
    for flaw in [Flaw::StampSpoiled, Flaw::StampByImpostor, Flaw::TamperedPerson] {
        assert!(!world.stamp_holds(&world.approved(flaw)), "{flaw:?}");
    }
    for flaw in [
        Flaw::Replay,
        Flaw::WrongPerson,
        Flaw::WrongRequestId,
        Flaw::ResultCode("99"),
        Flaw::ActionContradiction,
        Flaw::CodeAsInteger,
        Flaw::SpacedKey,
        Flaw::ChallengeAsObject,
        Flaw::NullDates,
        Flaw::HugePhoto,
        Flaw::SlowBody,
        Flaw::Certificate(CertificateKind::Expired),
    ] {
        assert!(world.stamp_holds(&world.approved(flaw)), "{flaw:?}");
    }
    assert!(
        parse(&world.approved(Flaw::StampMissing))
            .get("Signature")
            .is_none()
    );
}

#[test]
fn each_flaw_is_where_it_should_be() {
    let world = World::new(StampAlgorithm::EcdsaP256);
    let honest = parse(&world.approved(Flaw::None));
    let get = |flaw| parse(&world.approved(flaw));
    let result = |flaw, member: &str| get(flaw)["ResultDetails"][member].clone();

    let wrong = get(Flaw::WrongPerson);
    assert_eq!(wrong["RequestDetails"], honest["RequestDetails"]);
    assert_eq!(wrong["ResultDetails"]["UserCivilNo"], "399123100113");
    assert_eq!(wrong["PersonalData"]["CivilID"], "399123100113");
    assert!(certificate_of(&wrong) != certificate_of(&honest));

    assert!(get(Flaw::WrongRequestId)["RequestDetails"]["RequestID"] != world.asked().id);
    assert_eq!(result(Flaw::ResultCode("10"), "ResultCode"), "10");
    assert_eq!(result(Flaw::ActionContradiction, "ResultCode"), "1");
    assert_eq!(result(Flaw::ActionContradiction, "UserAction"), "2");
    assert_eq!(result(Flaw::CodeAsInteger, "ResultCode"), 1);
    assert_eq!(result(Flaw::CodeAsInteger, "UserAction"), 1);
    assert!(
        get(Flaw::SpacedKey)["PersonalData"]["GovData"]
            .get("MOIReference ")
            .is_some()
    );
    assert_eq!(
        get(Flaw::ChallengeAsObject)["RequestDetails"]["Challenge"]["Prompt"],
        "8352"
    );
    let dates = get(Flaw::NullDates);
    assert!(dates["PersonalData"]["BirthDate"].is_null());
    assert!(dates["PersonalData"]["GovData"]["CivilIdExpiryDate"].is_null());
    assert_eq!(
        get(Flaw::HugePhoto)["PersonalData"]["Photo"]
            .as_str()
            .unwrap()
            .len(),
        1024 * 1024
    );
    assert!(
        get(Flaw::TamperedPerson)["PersonalData"]["FullNameEn"]
            .as_str()
            .unwrap()
            .ends_with("Tampered")
    );
    let impostor = get(Flaw::StampByImpostor)["Signature"]["SigningCertificate"].clone();
    assert!(impostor != honest["Signature"]["SigningCertificate"]);

    let low = certificate_of(&get(Flaw::Certificate(CertificateKind::Valid(Assurance::Low))));
    assert!(low != certificate_of(&honest));
}

#[test]
fn a_replay_is_the_earlier_bytes_or_a_stamped_answer_to_another_request() {
    let world = World::new(StampAlgorithm::EcdsaP256);
    let earlier = Bytes::from_static(b"earlier");
    assert_eq!(
        world.bytes(Choice::Approve, Flaw::Replay, Some(earlier.clone())),
        earlier
    );
    let made = parse(&world.approved(Flaw::Replay));
    assert!(made["RequestDetails"]["RequestID"] != world.asked().id);
    assert!(made["RequestDetails"]["AdditionalData"] != world.asked().additional_data.unwrap());
    assert_eq!(
        made["ResultDetails"]["TransactionDate"],
        "2026-11-22T14:00:00.117"
    );
}
