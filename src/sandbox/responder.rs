//! The responder (RFC 6960): says of each certificate of the authority whether it is revoked, signed by somebody whom the
//! authority has named for that.

use std::time::Duration;

use aws_lc_rs::digest;
use der::Decode as _;
use der::Encode as _;
use der::asn1::BitString;
use der::asn1::GeneralizedTime;
use der::asn1::Null;
use der::oid::db::rfc5912::ECDSA_WITH_SHA_256;
use der::oid::db::rfc5912::ID_SHA_1;
use der::oid::db::rfc6960::ID_PKIX_OCSP_NONCE;
use rcgen::KeyPair;
use rcgen::SigningKey as _;
use x509_cert::Certificate;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_ocsp::BasicOcspResponse;
use x509_ocsp::CertId;
use x509_ocsp::CertStatus;
use x509_ocsp::OcspGeneralizedTime;
use x509_ocsp::OcspRequest;
use x509_ocsp::OcspResponse;
use x509_ocsp::ResponderId;
use x509_ocsp::ResponseData;
use x509_ocsp::RevokedInfo;
use x509_ocsp::SingleResponse;
use x509_ocsp::Version;

use super::keys::Keys;
use crate::words::Timestamp;

/// Answers a question, DER; `None` if the answer can't be signed. A certificate that is not the authority's is unknown; of its
/// own, the authority says good whatever is not revoked.
pub(super) fn respond(keys: &Keys, question: &[u8], now: Timestamp) -> Option<Vec<u8>> {
    let Ok(request) = OcspRequest::from_der(question) else {
        return OcspResponse::malformed_request().to_der().ok();
    };
    let basic = answer(keys, request, now)?;
    OcspResponse::successful(basic).ok()?.to_der().ok()
}

fn answer(keys: &Keys, request: OcspRequest, now: Timestamp) -> Option<BasicOcspResponse> {
    let authority = Certificate::from_der(keys.authority().certificate()).ok()?;
    let responder = Certificate::from_der(keys.responder().certificate()).ok()?;
    let this_update = time(now)?;
    let next_update = time(now.plus(COUNTS))?;
    let asked = request.tbs_request.request_list.into_iter().take(MOST);
    let responses = asked.map(|one| SingleResponse {
        cert_status: status(keys, &authority, &one.req_cert, this_update),
        cert_id: one.req_cert,
        this_update,
        next_update: Some(next_update),
        single_extensions: None,
    });
    let extensions = request.tbs_request.request_extensions.unwrap_or_default();
    let nonce = extensions
        .into_iter()
        .find(|extension| extension.extn_id == ID_PKIX_OCSP_NONCE);
    let data = ResponseData {
        version: Version::V1,
        responder_id: ResponderId::ByName(responder.tbs_certificate.subject.clone()),
        produced_at: this_update,
        responses: responses.collect(),
        response_extensions: nonce.map(|nonce| vec![nonce]),
    };
    let key = KeyPair::from_pem(keys.responder().key_pem()).ok()?;
    let signature = key.sign(&data.to_der().ok()?).ok()?;
    Some(BasicOcspResponse {
        tbs_response_data: data,
        signature_algorithm: AlgorithmIdentifierOwned {
            oid: ECDSA_WITH_SHA_256,
            parameters: None,
        },
        signature: BitString::from_bytes(&signature).ok()?,
        certs: Some(vec![responder]),
    })
}

fn status(keys: &Keys, authority: &Certificate, id: &CertId, since: OcspGeneralizedTime) -> CertStatus {
    let info = &authority.tbs_certificate;
    let name = info.subject.to_der().unwrap_or_default();
    let key = info.subject_public_key_info.subject_public_key.raw_bytes();
    let is_ours = id.hash_algorithm.oid == ID_SHA_1
        && id.issuer_name_hash.as_bytes() == sha1(&name)
        && id.issuer_key_hash.as_bytes() == sha1(key);
    if !is_ours {
        CertStatus::Unknown(Null)
    } else if keys.is_revoked(id.serial_number.as_bytes()) {
        CertStatus::Revoked(RevokedInfo {
            revocation_time: since,
            revocation_reason: None,
        })
    } else {
        CertStatus::Good(Null)
    }
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes)
        .as_ref()
        .to_vec()
}

fn time(at: Timestamp) -> Option<OcspGeneralizedTime> {
    let seconds = u64::try_from(at.as_micros() / 1_000_000).ok()?;
    let time = GeneralizedTime::from_unix_duration(Duration::from_secs(seconds)).ok()?;
    Some(OcspGeneralizedTime(time))
}

/// How long an answer counts.
const COUNTS: Duration = Duration::from_secs(60 * 60);
/// How many certificates of one question are answered.
const MOST: usize = 16;
