//! One question to a responder (RFC 6960), and what its answer proves. Pure: the nonce and the time are handed in.

use std::time::Duration;

use aws_lc_rs::digest;
use der::Decode as _;
use der::Encode as _;
use der::Reader as _;
use der::SliceReader;
use der::asn1::AnyRef;
use der::asn1::BitStringRef;
use der::asn1::OctetString;
use der::oid::db::rfc5912::ID_SHA_1;
use der::oid::db::rfc6960::ID_PKIX_OCSP_BASIC;
use der::oid::db::rfc6960::ID_PKIX_OCSP_NONCE;
use x509_cert::ext::Extension;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_ocsp::CertId;
use x509_ocsp::CertStatus;
use x509_ocsp::OcspGeneralizedTime;
use x509_ocsp::OcspRequest;
use x509_ocsp::OcspResponse;
use x509_ocsp::OcspResponseStatus;
use x509_ocsp::Request;
use x509_ocsp::ResponderId;
use x509_ocsp::ResponseData;
use x509_ocsp::TbsRequest;
use x509_ocsp::Version;
use x509_parser::prelude::FromDer as _;
use x509_parser::prelude::X509Certificate;

use super::Named;
use super::known::Listed;
use crate::connector::kuwait::settings::Presence;
use crate::connector::kuwait::stamp::Signer;
use crate::words::Timestamp;

/// A question about one certificate.
pub(in crate::connector::kuwait) struct Question {
    /// As it is sent.
    pub(in crate::connector::kuwait) bytes: Vec<u8>,
    id: CertId,
    nonce: [u8; NONCE],
}

/// What a verified answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connector::kuwait) struct Told {
    /// Of the certificate.
    pub(in crate::connector::kuwait) status: Status,
    /// As of when.
    pub(in crate::connector::kuwait) this_update: Timestamp,
    /// Until when it counts.
    pub(in crate::connector::kuwait) until: Timestamp,
}

/// What the responder says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connector::kuwait) enum Status {
    /// It is not revoked.
    Good,
    /// It was revoked at this moment.
    Revoked(Timestamp),
    /// The responder does not know it.
    Unknown,
}

/// What answers are judged by.
pub(in crate::connector::kuwait) struct Judge<'j> {
    /// Who has issued the certificate.
    pub(in crate::connector::kuwait) issuer: &'j Signer,
    /// Whether our nonce must come back.
    pub(in crate::connector::kuwait) nonce: Presence,
    /// How long an answer counts that does not say so itself.
    pub(in crate::connector::kuwait) counts_for: Duration,
    /// What the lists say of a responder's certificate.
    pub(in crate::connector::kuwait) listed: &'j dyn Fn(&Named) -> Listed,
    /// The moment of the answer.
    pub(in crate::connector::kuwait) now: Timestamp,
}

impl Question {
    /// Asks about the certificate of this serial number; `None` where it can't be written as one.
    pub(in crate::connector::kuwait) fn new(
        issuer: &Signer,
        serial: &[u8],
        nonce: [u8; NONCE],
    ) -> Option<Self> {
        let id = CertId {
            // It names the issuer and protects nothing; every responder knows this one (RFC 5019, 2.1.1).
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: ID_SHA_1,
                parameters: Some(AnyRef::NULL.into()),
            },
            issuer_name_hash: OctetString::new(sha1(&issuer.subject)).ok()?,
            issuer_key_hash: OctetString::new(sha1(&issuer.key_bits)).ok()?,
            serial_number: SerialNumber::new(serial).ok()?,
        };
        let value = OctetString::new(nonce.to_vec()).ok()?.to_der().ok()?;
        let request = OcspRequest {
            tbs_request: TbsRequest {
                version: Version::V1,
                requestor_name: None,
                request_list: vec![Request {
                    req_cert: id.clone(),
                    single_request_extensions: None,
                }],
                request_extensions: Some(vec![Extension {
                    extn_id: ID_PKIX_OCSP_NONCE,
                    critical: false,
                    extn_value: OctetString::new(value).ok()?,
                }]),
            },
            optional_signature: None,
        };
        Some(Self {
            bytes: request.to_der().ok()?,
            id,
            nonce,
        })
    }

    /// Reads the answer and verifies that it is one to this question, by somebody who may give it, and that it counts now.
    ///
    /// # Errors
    /// Says why it proves nothing.
    pub(in crate::connector::kuwait) fn read(&self, bytes: &[u8], judge: &Judge<'_>) -> Result<Told, String> {
        let response = OcspResponse::from_der(bytes).map_err(|_| "it is no answer of a responder")?;
        if response.response_status != OcspResponseStatus::Successful {
            return Err(format!("the responder says `{:?}`", response.response_status));
        }
        let inner = response.response_bytes.ok_or("it holds nothing")?;
        if inner.response_type != ID_PKIX_OCSP_BASIC {
            return Err("its form is not the basic one".to_owned());
        }
        let parts = Parts::of(inner.response.as_bytes()).map_err(|_| "it is broken")?;
        let data = ResponseData::from_der(parts.signed).map_err(|_| "what it signs is broken")?;
        parts.verify(&data, judge)?;

        let mut extensions = data.response_extensions.iter().flatten();
        if extensions.any(|extension| extension.critical && extension.extn_id != ID_PKIX_OCSP_NONCE) {
            return Err("it has an extension that is not understood".to_owned());
        }
        self.check_nonce(&data, judge.nonce)?;
        let mut about = data.responses.iter().filter(|one| self.is_about(&one.cert_id));
        let (Some(one), None) = (about.next(), about.next()) else {
            return Err("it does not speak of the certificate, or twice".to_owned());
        };
        if one
            .single_extensions
            .iter()
            .flatten()
            .any(|extension| extension.critical)
        {
            return Err("it has an extension that is not understood".to_owned());
        }
        let this_update = moment(one.this_update);
        if this_update > judge.now.plus(SKEW) {
            return Err(format!("it counts from {this_update} only"));
        }
        let until = match one.next_update {
            Some(next) => moment(next),
            None => this_update.plus(judge.counts_for),
        };
        if judge.now > until {
            return Err(format!("it counted until {until} only"));
        }
        Ok(Told {
            status: match &one.cert_status {
                CertStatus::Good(_) => Status::Good,
                CertStatus::Revoked(revoked) => Status::Revoked(moment(revoked.revocation_time)),
                CertStatus::Unknown(_) => Status::Unknown,
            },
            this_update,
            until,
        })
    }

    /// Parameters of the hash may be written or left out; everything else is as we asked.
    fn is_about(&self, id: &CertId) -> bool {
        id.hash_algorithm.oid == ID_SHA_1
            && id.issuer_name_hash == self.id.issuer_name_hash
            && id.issuer_key_hash == self.id.issuer_key_hash
            && id.serial_number == self.id.serial_number
    }

    fn check_nonce(&self, data: &ResponseData, presence: Presence) -> Result<(), String> {
        let extensions = data.response_extensions.iter().flatten();
        let mut nonces = extensions.filter(|extension| extension.extn_id == ID_PKIX_OCSP_NONCE);
        match (nonces.next(), presence) {
            (Some(found), _) => {
                let value = OctetString::from_der(found.extn_value.as_bytes());
                let ours = value.is_ok_and(|value| value.as_bytes() == self.nonce);
                if ours && nonces.next().is_none() {
                    Ok(())
                } else {
                    Err("it answers another question: the nonce is not ours".to_owned())
                }
            }
            (None, Presence::WhenPresent) => Ok(()),
            (None, Presence::Required) => Err("it does not repeat our nonce".to_owned()),
        }
    }
}

/// A basic answer, with the exact bytes that are signed.
struct Parts<'b> {
    signed: &'b [u8],
    signature: &'b [u8],
    /// Certificates one after another, DER.
    certificates: &'b [u8],
}

impl<'b> Parts<'b> {
    fn of(bytes: &'b [u8]) -> der::Result<Self> {
        let mut outer = SliceReader::new(bytes)?;
        let parts = outer.sequence(|reader| {
            let signed = reader.tlv_bytes()?;
            // The algorithm follows from the key of whoever signs, never from the message.
            reader.tlv_bytes()?;
            let signature = BitStringRef::decode(reader)?.raw_bytes();
            let certificates = if reader.is_finished() {
                &[][..]
            } else {
                let tagged = AnyRef::from_der(reader.tlv_bytes()?)?;
                AnyRef::from_der(tagged.value())?.value()
            };
            Ok(Self {
                signed,
                signature,
                certificates,
            })
        })?;
        outer.finish(parts)
    }

    /// Whether the issuer itself has signed, or somebody whom it has named for that (RFC 6960, 4.2.2.2).
    fn verify(&self, data: &ResponseData, judge: &Judge<'_>) -> Result<(), String> {
        if is_named(&data.responder_id, judge.issuer) && judge.issuer.has_signed(self.signed, self.signature)
        {
            return Ok(());
        }
        let mut why = "its signer is neither the certificate's issuer nor named by it".to_owned();
        let mut rest = self.certificates;
        for _ in 0..MOST_CERTIFICATES {
            let Ok((after, certificate)) = X509Certificate::from_der(rest) else {
                break;
            };
            let (der, following) = rest.split_at(rest.len() - after.len());
            rest = following;
            match delegate(der, &certificate, judge) {
                Ok(signer) if !is_named(&data.responder_id, &signer) => {}
                Ok(signer) if signer.has_signed(self.signed, self.signature) => return Ok(()),
                Ok(_) => "its signature does not verify".clone_into(&mut why),
                Err(fault) => why = fault,
            }
        }
        Err(why)
    }
}

/// A responder's certificate, if the issuer has made it for that and it serves now.
fn delegate(der: &[u8], certificate: &X509Certificate<'_>, judge: &Judge<'_>) -> Result<Signer, String> {
    let signer = Signer::from_der(der)?;
    let issuer = judge.issuer;
    let signed = certificate.tbs_certificate.as_ref();
    if signer.issuer != issuer.subject || !issuer.has_signed(signed, &certificate.signature_value.data) {
        return Err("its signer's certificate is not by the certificate's issuer".to_owned());
    }
    let purpose = certificate.extended_key_usage().ok().flatten();
    if !purpose.is_some_and(|purpose| purpose.value.ocsp_signing) {
        return Err("its signer's certificate is not for responders".to_owned());
    }
    let usage = certificate
        .key_usage()
        .map_err(|_| "its signer's certificate is broken")?;
    if usage.is_some_and(|usage| !usage.value.digital_signature()) {
        return Err("the key of its signer is not for signatures".to_owned());
    }
    if !signer.is_valid_at(judge.now) {
        return Err(format!(
            "its signer's certificate is valid from {} to {} only",
            signer.not_before, signer.not_after
        ));
    }
    // Nobody can be asked about the one who answers: its certificate says that it need not be looked up, or a list does.
    let unchecked = certificate
        .iter_extensions()
        .any(|extension| extension.oid.to_id_string() == NO_CHECK);
    match (judge.listed)(&Named::of(&signer)) {
        Listed::Revoked(at) => Err(format!("its signer's certificate was revoked on {at}")),
        Listed::Unknown if !unchecked => {
            Err("no list that counts says whether its signer's certificate is revoked".to_owned())
        }
        Listed::Unknown | Listed::Absent(_) => Ok(signer),
    }
}

fn is_named(id: &ResponderId, signer: &Signer) -> bool {
    match id {
        ResponderId::ByName(name) => name.to_der().is_ok_and(|name| name == signer.subject),
        ResponderId::ByKey(hash) => hash.as_bytes() == sha1(&signer.key_bits),
    }
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes)
        .as_ref()
        .to_vec()
}

fn moment(time: OcspGeneralizedTime) -> Timestamp {
    Timestamp::EPOCH.plus(time.0.to_unix_duration())
}

/// As long as RFC 8954 allows.
pub(super) const NONCE: usize = 32;
/// How far ahead the responder's clock may be.
const SKEW: Duration = Duration::from_secs(300);
/// How many certificates of one answer are looked at.
const MOST_CERTIFICATES: usize = 4;
/// `id-pkix-ocsp-nocheck`.
const NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";
