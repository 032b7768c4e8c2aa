use cms::cert::CertificateChoices;
use cms::cert::IssuerAndSerialNumber;
use cms::cert::x509::Certificate;
use cms::cert::x509::attr::Attribute;
use cms::content_info::CmsVersion;
use cms::content_info::ContentInfo;
use cms::signed_data::CertificateSet;
use cms::signed_data::EncapsulatedContentInfo;
use cms::signed_data::SignedData;
use cms::signed_data::SignerIdentifier;
use cms::signed_data::SignerInfo;
use cms::signed_data::SignerInfos;
use der::Any;
use der::Decode as _;
use der::Encode as _;
use der::asn1::ObjectIdentifier;
use der::asn1::OctetString;
use der::asn1::SetOfVec;

use super::fixture::*;
use crate::connector::kuwait::stamp::Pin;
use crate::connector::kuwait::stamp::Stamp;
use crate::connector::kuwait::stamp::StampFormat;
use crate::connector::kuwait::stamp::StampRule;
use crate::words::Digest;

const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SHA384: &str = "2.16.840.1.101.3.4.2.2";
const RSA_KEY: &str = "1.2.840.113549.1.1.1";
const RSA_SHA256: &str = "1.2.840.113549.1.1.11";
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
const ECDSA_SHA384: &str = "1.2.840.10045.4.3.3";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const PLAIN_DATA: &str = "1.2.840.113549.1.7.1";

/// A detached signature by a person over a document, as CMS.
pub(super) fn detached(person: &Party, how: How, document: &[u8], attributes: bool) -> Vec<u8> {
    let signature = match how {
        How::Rsa256 => RSA_SHA256,
        _ => ECDSA_SHA256,
    };
    let message = Message {
        content: document.to_vec(),
        ..Message::new(person, how, SHA256, signature)
    };
    if attributes {
        message.with_attributes().der()
    } else {
        message.der()
    }
}

/// A CMS message to be, with everything that a forger might turn.
struct Message<'a> {
    party: &'a Party,
    named: &'a Party,
    how: How,
    digest: &'static str,
    signature: &'static str,
    attributes: Option<Vec<(&'static str, Vec<Any>)>>,
    content: Vec<u8>,
    embedded: bool,
    signers: usize,
    certificates: bool,
}

impl<'a> Message<'a> {
    fn new(party: &'a Party, how: How, digest: &'static str, signature: &'static str) -> Self {
        Self {
            party,
            named: party,
            how,
            digest,
            signature,
            attributes: None,
            content: Draft::approved().covered(StampRule::RawMembers).into_bytes(),
            embedded: false,
            signers: 1,
            certificates: true,
        }
    }

    fn with_attributes(mut self) -> Self {
        let hash = match self.digest {
            SHA384 => aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, &self.content),
            _ => aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.content),
        };
        self.attributes = Some(vec![
            (CONTENT_TYPE, vec![Any::encode_from(&oid(PLAIN_DATA)).unwrap()]),
            (MESSAGE_DIGEST, vec![digest_value(hash.as_ref())]),
        ]);
        self
    }

    fn der(&self) -> Vec<u8> {
        let attributes = self.attributes.as_ref().map(|attributes| {
            let attributes = attributes.iter().map(|(name, values)| Attribute {
                oid: oid(name),
                values: SetOfVec::try_from(values.clone()).unwrap(),
            });
            SetOfVec::try_from(attributes.collect::<Vec<_>>()).unwrap()
        });
        let signed = match &attributes {
            Some(attributes) => attributes.to_der().unwrap(),
            None => self.content.clone(),
        };
        let named = Certificate::from_der(&self.named.der).unwrap();
        let signer = |index: usize| SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: named.tbs_certificate.issuer.clone(),
                serial_number: named.tbs_certificate.serial_number.clone(),
            }),
            digest_alg: algorithm(self.digest),
            signed_attrs: attributes.clone(),
            signature_algorithm: algorithm(self.signature),
            signature: OctetString::new([self.party.sign(self.how, &signed), vec![0; index]].concat())
                .unwrap(),
            unsigned_attrs: None,
        };
        let signers: Vec<_> = (0..self.signers).map(signer).collect();
        let data = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![algorithm(self.digest)]).unwrap(),
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: oid(PLAIN_DATA),
                econtent: self
                    .embedded
                    .then(|| Any::encode_from(&OctetString::new(self.content.clone()).unwrap()).unwrap()),
            },
            certificates: self.certificates.then(|| {
                let certificate =
                    CertificateChoices::Certificate(Certificate::from_der(&self.party.der).unwrap());
                CertificateSet(SetOfVec::try_from(vec![certificate]).unwrap())
            }),
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(signers).unwrap()),
        };
        ContentInfo {
            content_type: oid(SIGNED_DATA),
            content: Any::encode_from(&data).unwrap(),
        }
        .to_der()
        .unwrap()
    }

    fn check(&self) -> Result<(), String> {
        check(&self.der(), b"", vec![pin(&RSA), pin(&P256), pin(&P384)])
    }
}

fn check(signature: &[u8], certificate: &[u8], pins: Vec<Pin>) -> Result<(), String> {
    let rule = rule_with(Stamp::new(StampRule::RawMembers, vec![StampFormat::Cms], pins));
    let body = Draft::approved().body(signature, certificate);
    let verdict = Asked::usual().examine(&rule, body.as_bytes());
    let check = verdict
        .checks
        .into_iter()
        .find(|check| check.name == "stamp")
        .unwrap();
    if check.passed {
        Ok(())
    } else {
        Err(check.detail.into_owned())
    }
}

fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new(text).unwrap()
}

fn algorithm(text: &str) -> cms::cert::x509::spki::AlgorithmIdentifierOwned {
    cms::cert::x509::spki::AlgorithmIdentifierOwned {
        oid: oid(text),
        parameters: None,
    }
}

fn digest_value(bytes: &[u8]) -> Any {
    Any::encode_from(&OctetString::new(bytes).unwrap()).unwrap()
}

fn ways() -> [Message<'static>; 4] {
    [
        Message::new(&RSA, How::Rsa256, SHA256, RSA_SHA256),
        Message::new(&RSA, How::Rsa384, SHA384, RSA_KEY),
        Message::new(&P256, How::P256Der, SHA256, ECDSA_SHA256),
        Message::new(&P384, How::P384Der, SHA384, ECDSA_SHA384),
    ]
}

#[test]
fn detached_messages_verify_with_and_without_attributes() {
    for message in ways() {
        assert_eq!(message.check(), Ok(()), "{:?}", message.how);
        let message = message.with_attributes();
        assert_eq!(message.check(), Ok(()), "{:?}", message.how);
        // A pinned fingerprint finds the certificate inside the message.
        let pinned = vec![Pin::fingerprint(Digest::of(&message.party.der))];
        assert_eq!(check(&message.der(), b"", pinned), Ok(()));
    }
}

#[test]
fn a_certificate_beside_the_message_must_be_the_signers() {
    let message = Message::new(&P256, How::P256Der, SHA256, ECDSA_SHA256).with_attributes();
    let pins = || vec![pin(&RSA), pin(&P256)];
    assert_eq!(check(&message.der(), &P256.der, pins()), Ok(()));
    assert!(
        check(&message.der(), &RSA.der, pins())
            .unwrap_err()
            .contains("another signer")
    );
}

// Each row turns one thing of a good message.
#[test]
fn turned_messages_are_refused() {
    let good = || Message::new(&P256, How::P256Der, SHA256, ECDSA_SHA256).with_attributes();
    let with = |change: &dyn Fn(&mut Message<'_>)| {
        let mut message = good();
        change(&mut message);
        message.check().unwrap_err()
    };
    let attributes = || good().attributes.unwrap();
    let replaced = |at: usize, values: Vec<Any>| {
        let mut all = attributes();
        all[at].1 = values;
        all
    };
    assert!(with(&|m| m.embedded = true).contains("not detached"));
    assert!(with(&|m| m.signers = 2).contains("exactly one signer"));
    assert!(
        with(&|m| m.signers = 0).contains("exactly one signer")
            || with(&|m| m.signers = 0).contains("broken")
    );
    assert!(
        with(&|m| m.named = &P384).contains("does not verify")
            || with(&|m| m.named = &P384).contains("another")
    );
    assert!(with(&|m| m.digest = SHA384).contains("not accepted"));
    assert!(with(&|m| m.signature = ECDSA_SHA384).contains("not accepted"));
    assert!(with(&|m| m.signature = RSA_SHA256).contains("does not verify"));
    assert!(with(&|m| m.attributes = Some(attributes()[..1].to_vec())).contains("missing or stands twice"));
    assert!(with(&|m| m.attributes = Some(attributes()[1..].to_vec())).contains("missing or stands twice"));
    let other_digest = Digest::of(b"other");
    assert!(
        with(&|m| m.attributes = Some(replaced(1, vec![digest_value(other_digest.as_bytes())])))
            .contains("other bytes")
    );
    let two = vec![
        attributes()[1].1[0].clone(),
        digest_value(other_digest.as_bytes()),
    ];
    assert!(with(&|m| m.attributes = Some(replaced(1, two.clone()))).contains("missing or stands twice"));
    let signed_data = vec![Any::encode_from(&oid(SIGNED_DATA)).unwrap()];
    assert!(with(&|m| m.attributes = Some(replaced(0, signed_data.clone()))).contains("content type"));
    let stranger = party("Stranger", &ec(&rcgen::PKCS_ECDSA_P256_SHA256), (2026, 2027));
    assert!(good().check().is_ok());
    let mut message = good();
    message.party = &stranger;
    assert!(message.check().unwrap_err().contains("does not verify"));
}

// No byte of the signed part can be changed; the rest of the message carries no meaning.
#[test]
fn flipped_bytes_never_verify_other_content() {
    let message = Message {
        certificates: false,
        ..Message::new(&P256, How::P256Der, SHA256, ECDSA_SHA256).with_attributes()
    };
    let der = message.der();
    let mut verified = 0;
    for at in 0..der.len() {
        for bit in [1, 0x80] {
            let mut flipped = der.clone();
            flipped[at] ^= bit;
            verified += usize::from(check(&flipped, b"", vec![pin(&P256)]).is_ok());
        }
    }
    // Version numbers and the list of digest algorithms are not signed and not read.
    assert!(verified < 30, "{verified}");
    for length in 0..der.len() {
        assert!(check(&der[..length], b"", vec![pin(&P256)]).is_err());
    }
}
