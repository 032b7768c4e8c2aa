use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midflow::sandbox::CertificateKind;
use midflow::sandbox::Citizen;
use midflow::sandbox::Keys;
use midflow::sandbox::StampAlgorithm;
use midflow::sandbox::citizens;
use midflow::words::Assurance;
use midflow::words::CivilNo;
use midflow::words::Timestamp;
use rcgen::KeyPair;
use rcgen::SigningKey as _;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::full_node::digits;
use super::witness::Asked;

/// Writes and stamps callbacks with the sandbox's own keys, so that tests can say what the sandbox would not.
pub struct Notary {
    stamp: KeyPair,
    certificate: String,
    stamp_key_pem: String,
    keys: Keys,
    people: Vec<Citizen>,
    provider: String,
}

/// A callback before it is stamped.
#[derive(Clone)]
pub struct Draft {
    pub request: Map<String, Value>,
    pub result: Map<String, Value>,
    pub personal: Value,
}

impl Notary {
    pub fn open(
        folder: &Path,
        provider: String,
        crowd: usize,
        algorithm: StampAlgorithm,
        now: Timestamp,
    ) -> Self {
        let people = citizens(crowd, now);
        let keys = Keys::open(folder, &provider, algorithm, &people, now).unwrap();
        Self {
            stamp: KeyPair::from_pem(keys.stamp().key_pem()).unwrap(),
            certificate: STANDARD.encode(keys.stamp().certificate()),
            stamp_key_pem: keys.stamp().key_pem().to_owned(),
            keys,
            people,
            provider,
        }
    }

    /// The stamp's private key, as PEM.
    pub fn stamp_key_pem(&self) -> &str {
        &self.stamp_key_pem
    }

    /// The stamp's certificate, as it stands in a callback.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A citizen's certificate of this level, as it stands in a callback.
    pub fn certificate_of(&self, person: &CivilNo, level: Assurance) -> String {
        let citizen = self.people.iter().find(|citizen| citizen.civil_no == *person);
        let identity = self.keys.citizen(citizen.unwrap(), CertificateKind::Valid(level));
        STANDARD.encode(identity.unwrap().certificate())
    }

    /// The honest approval of a request.
    pub fn approval(&self, asked: &Asked, at: Timestamp) -> Draft {
        let person = asked.request.civil_no.as_ref().unwrap();
        let number = digits(person);
        let request = json!({
            "RequestID": asked.request_id.as_ref().unwrap().as_str(),
            "RequestType": "1",
            "ServiceProviderId": self.provider,
            "AdditionalData": asked.request.additional_data,
            "Challenge": asked.request.challenge.as_str(),
            "CivilNo": number,
        });
        let result = json!({
            "ResultCode": "1",
            "UserAction": "1",
            "UserCivilNo": number,
            "UserCertificate": self.certificate_of(person, Assurance::High),
            "SigningData": null,
            "SignatureData": "c3ludGhldGlj",
            "HashAlgorithm": "SHA256",
            "SigningDatatype": "2",
            "TransactionDate": in_kuwait(at),
        });
        let personal = json!({
            "CivilID": number,
            "FullNameAr": "شخص اصطناعي للاختبار",
            "FullNameEn": "SYNTHETIC TEST PERSON",
            "NationalityAr": "الكويت",
            "NationalityEn": "KWT",
            "BirthDate": "1990-05-17T00:00:00",
            "Gender": "M",
            "MobileNumber": "00000000",
            "EmailAddress": "test@example.invalid",
            "BloodGroup": "O+",
            "Photo": "iVBORw0KGgo=",
            "CardSerial": "S1",
            "CardExpiryDate": "2101-01-01T00:00:00",
            "DocumentNumber": null,
            "PassportNumber": "P0000000",
            "GovData": { "CivilIdExpiryDate": "2101-01-01T00:00:00", "MOIReference": null, "SponsorName": null },
            "Address": { "Governerate": "العاصمة", "Area": "منطقة", "BlockNumber": "1" },
        });
        Draft {
            request: object(request),
            result: object(result),
            personal,
        }
    }

    /// The stamp over these bytes, as base64.
    pub fn sign(&self, covered: &[u8]) -> String {
        STANDARD.encode(self.stamp.sign(covered).unwrap())
    }

    /// The exact bytes of an honestly stamped callback.
    pub fn stamped(&self, draft: &Draft) -> String {
        self.stamped_members(&draft.members())
    }

    /// The same of members that are written already.
    pub fn stamped_members(&self, members: &[String; 3]) -> String {
        body(
            members,
            &self.sign(members.join("\n").as_bytes()),
            &self.certificate,
        )
    }
}

impl Draft {
    /// `RequestDetails`, `ResultDetails` and `PersonalData` as JSON texts.
    pub fn members(&self) -> [String; 3] {
        let text = |value: &Value| serde_json::to_string(value).unwrap();
        [
            text(&Value::Object(self.request.clone())),
            text(&Value::Object(self.result.clone())),
            text(&self.personal),
        ]
    }
}

/// A callback of these members with this stamp.
pub fn body(members: &[String; 3], signature: &str, certificate: &str) -> String {
    let [request, result, personal] = members;
    format!(
        r#"{{"MIDAuthSignResponse":{{"RequestDetails":{request},"ResultDetails":{result},"PersonalData":{personal},"Signature":{{"SignatureData":"{signature}","SigningCertificate":"{certificate}"}}}}}}"#
    )
}

/// A moment as the authority writes it: Kuwait's clock, milliseconds, no zone.
pub fn in_kuwait(moment: Timestamp) -> String {
    let mut text = moment.plus(Duration::from_secs(3 * 3_600)).to_string();
    text.truncate("2026-02-03T10:15:42.117".len());
    text
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
