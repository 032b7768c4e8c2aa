use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature;
use aws_lc_rs::signature::EcdsaKeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::KeyPair;
use serde_json::Value;
use serde_json::json;

use crate::connector::Conclusion;
use crate::connector::Expected;
use crate::connector::Verdict;
use crate::connector::kuwait::CodeAdditions;
use crate::connector::kuwait::approval::ApprovalRule;
use crate::connector::kuwait::codes::Codes;
use crate::connector::kuwait::json::KeyMatching;
use crate::connector::kuwait::settings::AssuranceRule;
use crate::connector::kuwait::settings::Presence;
use crate::connector::kuwait::stamp::Pin;
use crate::connector::kuwait::stamp::Signer;
use crate::connector::kuwait::stamp::Stamp;
use crate::connector::kuwait::stamp::StampFormat;
use crate::connector::kuwait::stamp::StampRule;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Field;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::RequestId;
use crate::words::Timestamp;

pub(super) const CIVIL_NO: &str = "399123100017";
pub(super) const OTHER_CIVIL_NO: &str = "399123100025";
pub(super) const SP: &str = "00000000-0000-4000-8000-00000000a001";
pub(super) const REQUEST_ID: &str = "5b0e7c1a-2f64-4f0e-9a55-3d2b8c6f1e90";
pub(super) const DATA: &str = "01J9ZT3M5Q8R7C4N2B6V0XKEYS";
pub(super) const REQUESTED: &str = "2026-02-03T07:15:00Z";
pub(super) const RECEIVED: &str = "2026-02-03T07:15:45Z";
pub(super) const EXPIRES: &str = "2026-02-03T07:20:00Z";
pub(super) const MEDIUM_POLICY: &str = "1.2.3.20";

/// A key with its self-signed certificate.
pub(super) struct Party {
    pub(super) der: Vec<u8>,
    pub(super) pem: String,
    pub(super) key_pem: String,
    pkcs8: Vec<u8>,
}

/// Every way in which the tests sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Rsa256,
    Rsa384,
    Rsa512,
    RsaPss,
    P256Der,
    P256Raw,
    P384Der,
    P384Raw,
}

pub(super) static RSA: LazyLock<Party> = LazyLock::new(|| {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    party("Synthetic stamp RSA", &key, (2026, 2027))
});
pub(super) static P256: LazyLock<Party> = LazyLock::new(|| {
    party(
        "Synthetic stamp P-256",
        &ec(&rcgen::PKCS_ECDSA_P256_SHA256),
        (2026, 2027),
    )
});
pub(super) static P384: LazyLock<Party> = LazyLock::new(|| {
    party(
        "Synthetic stamp P-384",
        &ec(&rcgen::PKCS_ECDSA_P384_SHA384),
        (2026, 2027),
    )
});
/// The certificate of the synthetic person.
pub(super) static PERSON: LazyLock<String> =
    LazyLock::new(|| person_certificate(CIVIL_NO, (2026, 2027), &[1, 2, 3, 20]));

pub(super) fn ec(algorithm: &'static rcgen::SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).unwrap()
}

pub(super) fn party(name: &str, key: &KeyPair, years: (i32, i32)) -> Party {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    let certificate = params.self_signed(key).unwrap();
    Party {
        der: certificate.der().to_vec(),
        pem: certificate.pem(),
        key_pem: key.serialize_pem(),
        pkcs8: key.serialize_der(),
    }
}

/// A person with a key to sign with.
pub(super) fn person_party(key: &KeyPair) -> Party {
    let mut params = CertificateParams::new([]).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "SYNTHETIC TEST PERSON");
    params
        .distinguished_name
        .push(DnType::CustomDnType(vec![2, 5, 4, 5]), CIVIL_NO);
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    let certificate = params.self_signed(key).unwrap();
    Party {
        der: certificate.der().to_vec(),
        pem: certificate.pem(),
        key_pem: key.serialize_pem(),
        pkcs8: key.serialize_der(),
    }
}

/// Base64 of a person's certificate with the number in `serialNumber` and one certificate policy.
pub(super) fn person_certificate(serial_number: &str, years: (i32, i32), policy: &[u64]) -> String {
    let mut params = CertificateParams::new([]).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "SYNTHETIC TEST PERSON");
    if !serial_number.is_empty() {
        params
            .distinguished_name
            .push(DnType::CustomDnType(vec![2, 5, 4, 5]), serial_number);
    }
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    if !policy.is_empty() {
        // SEQUENCE { SEQUENCE { OBJECT IDENTIFIER } }; every arc here is below 128.
        let mut oid = vec![u8::try_from(policy[0] * 40 + policy[1]).unwrap()];
        oid.extend(policy[2..].iter().map(|arc| u8::try_from(*arc).unwrap()));
        let length = u8::try_from(oid.len()).unwrap();
        let mut content = vec![0x30, length + 4, 0x30, length + 2, 0x06, length];
        content.extend(oid);
        params
            .custom_extensions
            .push(rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 32], content));
    }
    let key = KeyPair::generate().unwrap();
    STANDARD.encode(params.self_signed(&key).unwrap().der())
}

impl Party {
    pub(super) fn sign(&self, how: How, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        let rsa = |encoding: &'static signature::RsaSignatureEncoding| {
            let key = rsa::KeyPair::from_pkcs8(&self.pkcs8).unwrap();
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(encoding, &rng, message, &mut signature).unwrap();
            signature
        };
        let ec = |algorithm| {
            let key = EcdsaKeyPair::from_pkcs8(algorithm, &self.pkcs8).unwrap();
            key.sign(&rng, message).unwrap().as_ref().to_vec()
        };
        match how {
            How::Rsa256 => rsa(&signature::RSA_PKCS1_SHA256),
            How::Rsa384 => rsa(&signature::RSA_PKCS1_SHA384),
            How::Rsa512 => rsa(&signature::RSA_PKCS1_SHA512),
            How::RsaPss => rsa(&signature::RSA_PSS_SHA256),
            How::P256Der => ec(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
            How::P256Raw => ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            How::P384Der => ec(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
            How::P384Raw => ec(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
        }
    }
}

/// A callback before it is stamped.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) request: Value,
    pub(super) result: Value,
    pub(super) personal: Value,
}

impl Draft {
    pub(super) fn approved() -> Self {
        Self {
            request: json!({
                "RequestID": REQUEST_ID, "RequestType": "1", "ServiceProviderId": SP,
                "AdditionalData": DATA, "Challenge": "8352", "CivilNo": CIVIL_NO,
            }),
            result: json!({
                "ResultCode": "1", "UserAction": "1", "UserCivilNo": CIVIL_NO,
                "UserCertificate": PERSON.as_str(), "SignatureData": "c3ludGhldGlj", "HashAlgorithm": "SHA256",
                "SigningDatatype": "2", "TransactionDate": "2026-02-03T10:15:42.117",
            }),
            personal: json!({
                "CivilID": CIVIL_NO, "FullNameAr": "شخص اصطناعي للاختبار", "FullNameEn": "SYNTHETIC TEST PERSON",
                "NationalityEn": "KWT", "BirthDate": "1990-05-17T00:00:00", "MobileNumber": "00000000",
                "CardExpiryDate": "2101-01-01T00:00:00",
            }),
        }
    }

    pub(super) fn set(mut self, part: &str, name: &str, value: Value) -> Self {
        let part = match part {
            "request" => &mut self.request,
            "result" => &mut self.result,
            _ => &mut self.personal,
        };
        part[name] = value;
        self
    }

    pub(super) fn without(mut self, part: &str, name: &str) -> Self {
        let part = match part {
            "request" => &mut self.request,
            "result" => &mut self.result,
            _ => &mut self.personal,
        };
        part.as_object_mut().unwrap().remove(name);
        self
    }

    /// The three parts as they stand in the body.
    fn parts(&self) -> [String; 3] {
        [&self.request, &self.result, &self.personal].map(ToString::to_string)
    }

    /// The bytes that a stamp covers, put together without the verifier's code. The canonical form is what
    /// `serde_json` writes, for these values: sorted keys, no spaces, no numbers but small integers.
    pub(super) fn covered(&self, rule: StampRule) -> String {
        let [request, result, personal] = self.parts();
        match rule {
            StampRule::RawMembers => format!("{request}\n{result}\n{personal}"),
            StampRule::RawPrefix => format!(
                r#"{{"MIDAuthSignResponse":{{"RequestDetails":{request},"ResultDetails":{result},"PersonalData":{personal}"#
            ),
            StampRule::Jcs => {
                format!(
                    r#"{{"PersonalData":{personal},"RequestDetails":{request},"ResultDetails":{result}}}"#
                )
            }
        }
    }

    pub(super) fn body(&self, signature: &[u8], certificate: &[u8]) -> String {
        let [request, result, personal] = self.parts();
        let stamp = json!({
            "SignatureData": STANDARD.encode(signature),
            "SigningCertificate": STANDARD.encode(certificate),
        });
        format!(
            r#"{{"MIDAuthSignResponse":{{"RequestDetails":{request},"ResultDetails":{result},"PersonalData":{personal},"Signature":{stamp}}}}}"#
        )
    }

    /// Stamped as the sandbox stamps: `raw-members`, ECDSA on P-256.
    pub(super) fn stamped(&self) -> String {
        let signature = P256.sign(How::P256Der, self.covered(StampRule::RawMembers).as_bytes());
        self.body(&signature, &P256.der)
    }
}

pub(super) fn pin(party: &Party) -> Pin {
    Pin::certificate(Signer::from_der(&party.der).ok().unwrap())
}

pub(super) fn rule_with(stamp: Stamp) -> ApprovalRule {
    ApprovalRule {
        service_provider_id: SP.to_owned(),
        stamp,
        codes: Codes::new(CodeAdditions::default()).unwrap(),
        assurance: AssuranceRule::CertificatePolicy([(MEDIUM_POLICY.to_owned(), Assurance::Medium)].into()),
        challenge: Presence::Required,
        additional_data: Presence::WhenPresent,
        transaction_date: Presence::Required,
        user_certificate: Presence::Required,
        revocation: None,
        identity_qr_age: std::time::Duration::from_secs(120),
        clock_skew: std::time::Duration::from_secs(60),
        keys: KeyMatching::Exact,
    }
}

pub(super) fn rule() -> ApprovalRule {
    rule_with(Stamp::new(
        StampRule::RawMembers,
        StampFormat::ALL.to_vec(),
        vec![pin(&P256)],
    ))
}

/// What was asked; each test changes what it needs.
pub(super) struct Asked {
    pub(super) capability: Capability,
    pub(super) signing: Option<Digest>,
    pub(super) request_id: Option<RequestId>,
    pub(super) civil_no: Option<CivilNo>,
    pub(super) assurance: Assurance,
    pub(super) challenge: Challenge,
    pub(super) received_at: Timestamp,
    pub(super) fields: Vec<Field>,
}

impl Asked {
    pub(super) fn usual() -> Self {
        Self {
            capability: Capability::AuthPush,
            signing: None,
            request_id: Some(RequestId::new(REQUEST_ID)),
            civil_no: CivilNo::parse(CIVIL_NO).ok(),
            assurance: Assurance::Medium,
            challenge: Challenge::from_random(8352_u64.to_be_bytes()),
            received_at: Timestamp::parse(RECEIVED).unwrap(),
            fields: ["civil_no", "name_ar", "age_over_18"]
                .map(|name| Field::parse(name).unwrap())
                .to_vec(),
        }
    }

    pub(super) fn examine(&self, rule: &ApprovalRule, body: &[u8]) -> Verdict {
        rule.examine(body, &self.expected())
    }

    pub(super) fn examine_reply(&self, rule: &ApprovalRule, body: &[u8]) -> Verdict {
        rule.examine_reply(body, &self.expected())
    }

    fn expected(&self) -> Expected<'_> {
        Expected {
            flow: FlowId::from_uuid(uuid::Uuid::nil()),
            capability: self.capability,
            signing: self.signing,
            request_id: self.request_id.as_ref(),
            civil_no: self.civil_no.as_ref(),
            assurance: self.assurance,
            challenge: &self.challenge,
            additional_data: DATA,
            requested_at: Timestamp::parse(REQUESTED).unwrap(),
            expires_at: Timestamp::parse(EXPIRES).unwrap(),
            received_at: self.received_at,
            fields: &self.fields,
        }
    }
}

pub(super) fn examine(draft: &Draft) -> Verdict {
    Asked::usual().examine(&rule(), draft.stamped().as_bytes())
}

pub(super) const fn is_approved(verdict: &Verdict) -> bool {
    matches!(verdict.conclusion, Conclusion::Approved(_))
}

/// The name of the check that failed, and what followed: `None` for an approval, `Some(None)` for a rejection.
pub(super) fn ending(verdict: &Verdict) -> (Option<&'static str>, Option<Option<Outcome>>) {
    let failed = verdict
        .checks
        .iter()
        .find(|check| !check.passed)
        .map(|check| check.name);
    let followed = match &verdict.conclusion {
        Conclusion::Approved(_) => None,
        Conclusion::Ended(outcome) => Some(Some(*outcome)),
        Conclusion::Rejected => Some(None),
    };
    (failed, followed)
}
