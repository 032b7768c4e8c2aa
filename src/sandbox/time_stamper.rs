//! The time-stamper (RFC 3161): says of a digest when it was there, signed by somebody whom the authority has named for
//! that and for nothing else.

use cmpv2::status::PkiStatus;
use cmpv2::status::PkiStatusInfo;
use cms::cert::CertificateChoices;
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::CmsVersion;
use cms::content_info::ContentInfo;
use cms::signed_data::CertificateSet;
use cms::signed_data::EncapsulatedContentInfo;
use cms::signed_data::SignedAttributes;
use cms::signed_data::SignedData;
use cms::signed_data::SignerIdentifier;
use cms::signed_data::SignerInfo;
use cms::signed_data::SignerInfos;
use der::Any;
use der::Decode as _;
use der::Encode as _;
use der::Sequence;
use der::Tag;
use der::asn1::GeneralizedTime;
use der::asn1::Int;
use der::asn1::ObjectIdentifier;
use der::asn1::OctetString;
use der::asn1::SetOfVec;
use der::asn1::Utf8StringRef;
use der::oid::db::rfc5911::ID_AA_SIGNING_CERTIFICATE_V_2;
use der::oid::db::rfc5911::ID_CONTENT_TYPE;
use der::oid::db::rfc5911::ID_MESSAGE_DIGEST;
use der::oid::db::rfc5911::ID_SIGNED_DATA;
use der::oid::db::rfc5912::ECDSA_WITH_SHA_256;
use der::oid::db::rfc5912::ID_SHA_256;
use rcgen::KeyPair;
use rcgen::SigningKey as _;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::Accuracy;
use x509_tsp::TimeStampReq;
use x509_tsp::TimeStampResp;
use x509_tsp::TspVersion;
use x509_tsp::TstInfo;

use super::keys::Identity;
use super::keys::TIME_STAMP_POLICY;
use crate::words::Digest;
use crate::words::Timestamp;

/// Answers a question, DER: with a time-stamp, or with why there is none. `None` if the answer can't be signed.
pub(super) fn stamp(stamper: &Identity, question: &[u8], now: Timestamp) -> Option<Vec<u8>> {
    match asked(question) {
        Ok(request) => TimeStampResp {
            status: status(PkiStatus::Accepted, None)?,
            time_stamp_token: Some(token(stamper, request, question, now)?),
        }
        .to_der()
        .ok(),
        Err(why) => TimeStampResp {
            status: status(PkiStatus::Rejection, Some(why))?,
            time_stamp_token: None,
        }
        .to_der()
        .ok(),
    }
}

fn asked(question: &[u8]) -> Result<TimeStampReq, &'static str> {
    let request = TimeStampReq::from_der(question).map_err(|_| "this is no request for a time-stamp")?;
    let imprint = &request.message_imprint;
    if imprint.hash_algorithm.oid != ID_SHA_256 || imprint.hashed_message.as_bytes().len() != SHA_256_BYTES {
        return Err("what is stamped is a SHA-256 digest");
    }
    if request
        .req_policy
        .is_some_and(|policy| policy != TIME_STAMP_POLICY)
    {
        return Err("stamps are made under one policy only, which is another one");
    }
    // RFC 3161, 2.4.1: an extension that is not understood is a reason to refuse.
    if request.extensions.is_some() {
        return Err("the request has an extension, and none is known here");
    }
    Ok(request)
}

fn status(status: PkiStatus, why: Option<&str>) -> Option<PkiStatusInfo<'_>> {
    Some(PkiStatusInfo {
        status,
        status_string: why.map(Utf8StringRef::new).transpose().ok()?.map(|why| vec![why]),
        fail_info: None,
    })
}

fn token(stamper: &Identity, request: TimeStampReq, question: &[u8], now: Timestamp) -> Option<ContentInfo> {
    let wants_certificate = request.cert_req;
    let info = TstInfo {
        version: TspVersion::V1,
        policy: TIME_STAMP_POLICY,
        message_imprint: request.message_imprint,
        serial_number: serial(question, now)?,
        gen_time: GeneralizedTime::from_unix_duration(now.since(Timestamp::EPOCH)).ok()?,
        accuracy: Some(Accuracy {
            seconds: Some(1),
            millis: None,
            micros: None,
        }),
        ordering: false,
        nonce: request.nonce,
        tsa: None,
        extensions: None,
    };
    let content = info.to_der().ok()?;
    let certificate = Certificate::from_der(stamper.certificate()).ok()?;
    let attributes = attributes(stamper, &content)?;
    let key = KeyPair::from_pem(stamper.key_pem()).ok()?;
    let signature = key.sign(&attributes.to_der().ok()?).ok()?;
    let sha_256 = AlgorithmIdentifierOwned {
        oid: ID_SHA_256,
        parameters: None,
    };
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: certificate.tbs_certificate.issuer.clone(),
            serial_number: certificate.tbs_certificate.serial_number.clone(),
        }),
        digest_alg: sha_256.clone(),
        signed_attrs: Some(attributes),
        signature_algorithm: AlgorithmIdentifierOwned {
            oid: ECDSA_WITH_SHA_256,
            parameters: None,
        },
        signature: OctetString::new(signature).ok()?,
        unsigned_attrs: None,
    };
    let certificates = SetOfVec::try_from(vec![CertificateChoices::Certificate(certificate)]).ok()?;
    let signed = SignedData {
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::try_from(vec![sha_256]).ok()?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: TST_INFO,
            econtent: Some(Any::new(Tag::OctetString, content).ok()?),
        },
        certificates: wants_certificate.then_some(CertificateSet(certificates)),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![signer]).ok()?),
    };
    Some(ContentInfo {
        content_type: ID_SIGNED_DATA,
        content: Any::encode_from(&signed).ok()?,
    })
}

/// What is signed (RFC 5652, 5.4; RFC 5816): the kind and the digest of the content, and who signs, so that the certificate
/// can't be exchanged for another one with the same key.
fn attributes(stamper: &Identity, content: &[u8]) -> Option<SignedAttributes> {
    let signing_certificate = SigningCertificateV2 {
        certs: vec![EssCertIdV2 {
            cert_hash: OctetString::new(sha256(stamper.certificate())).ok()?,
        }],
    };
    let digest = OctetString::new(sha256(content)).ok()?;
    let values = [
        (ID_CONTENT_TYPE, Any::encode_from(&TST_INFO)),
        (ID_MESSAGE_DIGEST, Any::encode_from(&digest)),
        (
            ID_AA_SIGNING_CERTIFICATE_V_2,
            Any::encode_from(&signing_certificate),
        ),
    ];
    let attributes = values.into_iter().map(|(oid, value)| {
        Some(Attribute {
            oid,
            values: SetOfVec::try_from(vec![value.ok()?]).ok()?,
        })
    });
    SetOfVec::try_from(attributes.collect::<Option<Vec<_>>>()?).ok()
}

/// `SigningCertificateV2` (RFC 5035, 3) as far as it is written here: the hash is SHA-256, which is not named.
#[derive(Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertIdV2>,
}

#[derive(Sequence)]
struct EssCertIdV2 {
    cert_hash: OctetString,
}

/// Of the question and the moment, so that the same seed gives the same numbers; positive, and of one length.
fn serial(question: &[u8], now: Timestamp) -> Option<Int> {
    let mut from = question.to_vec();
    from.extend(now.as_micros().to_be_bytes());
    let mut number = sha256(&from);
    number.truncate(16);
    if let Some(first) = number.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Int::new(&number).ok()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    Digest::of(bytes).as_bytes().to_vec()
}

const SHA_256_BYTES: usize = 32;
/// `id-ct-TSTInfo` (RFC 3161, 2.4.2).
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
