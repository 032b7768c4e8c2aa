use aws_lc_rs::digest;
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use cms::signed_data::SignerInfo;
use der::Any;
use der::AnyRef;
use der::Decode as _;
use der::Encode as _;
use der::Tag;
use der::Tagged as _;
use der::asn1::ObjectIdentifier;
use der::asn1::OctetString;
use der::oid::db::rfc5911::ID_AA_SIGNING_CERTIFICATE;
use der::oid::db::rfc5911::ID_AA_SIGNING_CERTIFICATE_V_2;
use der::oid::db::rfc5911::ID_CONTENT_TYPE;
use der::oid::db::rfc5911::ID_MESSAGE_DIGEST;
use der::oid::db::rfc5911::ID_SIGNED_DATA;
use der::oid::db::rfc5912::ECDSA_WITH_SHA_256;
use der::oid::db::rfc5912::ECDSA_WITH_SHA_384;
use der::oid::db::rfc5912::ECDSA_WITH_SHA_512;
use der::oid::db::rfc5912::ID_SHA_384;
use der::oid::db::rfc5912::ID_SHA_512;
use der::oid::db::rfc5912::RSA_ENCRYPTION;
use der::oid::db::rfc5912::SHA_256_WITH_RSA_ENCRYPTION;
use der::oid::db::rfc5912::SHA_384_WITH_RSA_ENCRYPTION;
use der::oid::db::rfc5912::SHA_512_WITH_RSA_ENCRYPTION;

use super::authority::Hash;
use super::authority::Pinned;
use super::authority::TimestampAuthority;
use super::der::parts;
use super::der::significant;
use super::der::whole;
use crate::words::Digest;
use crate::words::Timestamp;
use der::oid::db::rfc5912::ID_SHA_256;

/// What a time-stamp says, once it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// When the bytes were there, by the authority's clock.
    pub at: Timestamp,
    /// By whom: the subject of the pinned certificate.
    pub by: String,
    /// Under which policy.
    pub policy: TimestampPolicy,
    /// The authority's number of the stamp, in hexadecimal.
    pub serial: String,
    /// The nonce that came back.
    pub nonce: Option<Vec<u8>>,
}

/// The object identifier of an authority's policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampPolicy(ObjectIdentifier);

/// A time-stamp is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// It has not the form of one.
    #[error("{0}")]
    Form(&'static str),
    /// The authority has refused it.
    #[error("the authority has not granted the time-stamp")]
    NotGranted,
    /// It is over other bytes.
    #[error("the time-stamp is over other bytes")]
    Imprint,
    /// Who signed it is not pinned.
    #[error("the time-stamp is signed by somebody whose certificate is not pinned")]
    Signer,
    /// The signature is not one over this.
    #[error("the signature of the time-stamp does not verify")]
    Signature,
    /// The certificate was not valid when it was made.
    #[error("the certificate of the authority was not valid at the time that is stamped")]
    Expired,
    /// It answers another question.
    #[error("the time-stamp answers another request: its nonce is not the one that was sent")]
    Nonce,
    /// It is made under another policy.
    #[error("the time-stamp is made under another policy than the one that was asked for")]
    Policy,
}

impl TimestampPolicy {
    /// Reads the dotted form; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        ObjectIdentifier::new(text).ok().map(Self)
    }

    pub(super) const fn oid(&self) -> &ObjectIdentifier {
        &self.0
    }
}

impl TimestampAuthority {
    /// Verifies a token over bytes with this SHA-256.
    ///
    /// # Errors
    /// Says why it is not believed.
    pub fn verify(&self, token: &[u8], imprint: Digest) -> Result<Stamped, TimestampError> {
        let form = TimestampError::Form;
        let (data, content) = open(token)?;
        let mut signers = data.signer_infos.0.iter();
        let (Some(signer), None) = (signers.next(), signers.next()) else {
            return Err(form("a time-stamp has exactly one signer"));
        };
        let pinned = self.signed_by(signer, content.as_bytes())?;
        let info = Info::read(content.as_bytes()).ok_or(form("what the time-stamp says can't be read"))?;
        if info.imprint != imprint {
            return Err(TimestampError::Imprint);
        }
        if !pinned.is_valid_at(info.at) {
            return Err(TimestampError::Expired);
        }
        Ok(Stamped {
            at: info.at,
            by: pinned.subject.clone(),
            policy: TimestampPolicy(info.policy),
            serial: info.serial,
            nonce: info.nonce,
        })
    }

    /// The pinned certificate that has signed this content.
    fn signed_by(&self, signer: &SignerInfo, content: &[u8]) -> Result<&Pinned, TimestampError> {
        let form = TimestampError::Form;
        let hash = hash_of(signer).ok_or(form("the time-stamp uses an algorithm that is not accepted"))?;
        let attributes = signer
            .signed_attrs
            .as_ref()
            .ok_or(form("the time-stamp has no signed attributes"))?;
        let kind = attribute(signer, ID_CONTENT_TYPE).and_then(|value| value.decode_as().ok());
        if kind != Some(TST_INFO) {
            return Err(form("the signed content type is no time-stamp"));
        }
        let claimed: Option<OctetString> =
            attribute(signer, ID_MESSAGE_DIGEST).and_then(|value| value.decode_as().ok());
        if claimed.is_none_or(|claimed| claimed.as_bytes() != hash.digest(content).as_ref()) {
            return Err(TimestampError::Signature);
        }
        let pinned = self.named(signer).ok_or(TimestampError::Signer)?;
        let signed = attributes
            .to_der()
            .map_err(|_| form("the signed attributes are broken"))?;
        if pinned.verifies(hash, &signed, signer.signature.as_bytes()) {
            Ok(pinned)
        } else {
            Err(TimestampError::Signature)
        }
    }

    /// The pinned certificate that the signed attributes name by its hash (RFC 5035): no other key can be put under it.
    fn named(&self, signer: &SignerInfo) -> Option<&Pinned> {
        let v2 = attribute(signer, ID_AA_SIGNING_CERTIFICATE_V_2);
        let value = v2.or_else(|| attribute(signer, ID_AA_SIGNING_CERTIFICATE))?;
        let list = parts(value.value()).ok()?;
        let first = *parts(list.first()?.value()).ok()?.first()?;
        let members = parts(first.value()).ok()?;
        let hash = members.iter().find(|part| part.tag() == Tag::OctetString)?;
        let named_algorithm = members
            .first()
            .filter(|part| part.tag() == Tag::Sequence && v2.is_some());
        let algorithm = match named_algorithm {
            Some(algorithm) => {
                let oid = ObjectIdentifier::try_from(*parts(algorithm.value()).ok()?.first()?).ok()?;
                match oid {
                    ID_SHA_256 => &digest::SHA256,
                    ID_SHA_384 => &digest::SHA384,
                    ID_SHA_512 => &digest::SHA512,
                    _ => return None,
                }
            }
            None if v2.is_some() => &digest::SHA256,
            // It only names one of those that are pinned, so its weakness helps nobody.
            None => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        };
        self.certificate(algorithm, hash.value())
    }
}

/// Which bytes a token is over, whoever has signed it; `None` if it is none.
pub fn imprint_of(token: &[u8]) -> Option<Digest> {
    let (_, content) = open(token).ok()?;
    Some(Info::read(content.as_bytes())?.imprint)
}

/// The signed data of a token, and what is signed in it.
fn open(token: &[u8]) -> Result<(SignedData, OctetString), TimestampError> {
    let form = TimestampError::Form;
    let outer = ContentInfo::from_der(token).map_err(|_| form("the time-stamp is no CMS message"))?;
    if outer.content_type != ID_SIGNED_DATA {
        return Err(form("the time-stamp is not signed data"));
    }
    let data: SignedData = outer
        .content
        .decode_as()
        .map_err(|_| form("the signed data of the time-stamp is broken"))?;
    if data.encap_content_info.econtent_type != TST_INFO {
        return Err(form("what is signed is no time-stamp"));
    }
    let content = data.encap_content_info.econtent.as_ref();
    let content = content
        .and_then(|content| content.decode_as().ok())
        .ok_or(form("the time-stamp says nothing"))?;
    Ok((data, content))
}

/// What is signed: `TSTInfo`.
struct Info {
    policy: ObjectIdentifier,
    imprint: Digest,
    serial: String,
    at: Timestamp,
    nonce: Option<Vec<u8>>,
}

impl Info {
    fn read(bytes: &[u8]) -> Option<Self> {
        let outer = whole(bytes, Tag::Sequence).ok()?;
        let members = parts(outer.value()).ok()?;
        let [version, policy, imprint, serial, time, rest @ ..] = members.as_slice() else {
            return None;
        };
        let kinds = [version.tag(), serial.tag(), time.tag()];
        if version.value() != [1] || kinds != [Tag::Integer, Tag::Integer, Tag::GeneralizedTime] {
            return None;
        }
        let nonce = rest.iter().find(|part| part.tag() == Tag::Integer);
        Some(Self {
            policy: ObjectIdentifier::try_from(*policy).ok()?,
            imprint: read_imprint(imprint)?,
            serial: hex::encode(significant(serial.value())),
            at: read_time(time.value())?,
            nonce: nonce.map(|nonce| significant(nonce.value()).to_vec()),
        })
    }
}

/// Only SHA-256 is asked for.
fn read_imprint(imprint: &AnyRef<'_>) -> Option<Digest> {
    let members = parts(imprint.value()).ok()?;
    let [algorithm, hash] = members.as_slice() else {
        return None;
    };
    let oid = ObjectIdentifier::try_from(*parts(algorithm.value()).ok()?.first()?).ok()?;
    let hash = <[u8; 32]>::try_from(hash.value()).ok()?;
    (oid == ID_SHA_256).then(|| Digest::from_bytes(hash))
}

/// `20261127093000Z`, with or without a fraction, as RFC 3161 allows.
fn read_time(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_at_checked(14)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fraction_is_good = fraction.is_empty()
        || fraction
            .strip_prefix('.')
            .is_some_and(|part| !part.is_empty() && digits(part));
    if !digits(whole) || !fraction_is_good || fraction.len() > LONGEST_FRACTION {
        return None;
    }
    let part = |range: std::ops::Range<usize>| whole.get(range).unwrap_or_default();
    Timestamp::parse(&format!(
        "{}-{}-{}T{}:{}:{}{fraction}Z",
        part(0..4),
        part(4..6),
        part(6..8),
        part(8..10),
        part(10..12),
        part(12..14)
    ))
}

/// The attribute, which has to be there once with one value.
fn attribute(signer: &SignerInfo, name: ObjectIdentifier) -> Option<&Any> {
    let mut found = signer
        .signed_attrs
        .iter()
        .flat_map(|attributes| attributes.iter())
        .filter(|attribute| attribute.oid == name);
    match (found.next(), found.next()) {
        (Some(attribute), None) if attribute.values.len() == 1 => attribute.values.get(0),
        _ => None,
    }
}

fn hash_of(signer: &SignerInfo) -> Option<Hash> {
    let (hash, signature) = (signer.digest_alg.oid, signer.signature_algorithm.oid);
    let hash = match hash {
        ID_SHA_256 => Hash::Sha256,
        ID_SHA_384 => Hash::Sha384,
        ID_SHA_512 => Hash::Sha512,
        _ => return None,
    };
    let combined = match hash {
        Hash::Sha256 => [SHA_256_WITH_RSA_ENCRYPTION, ECDSA_WITH_SHA_256],
        Hash::Sha384 => [SHA_384_WITH_RSA_ENCRYPTION, ECDSA_WITH_SHA_384],
        Hash::Sha512 => [SHA_512_WITH_RSA_ENCRYPTION, ECDSA_WITH_SHA_512],
    };
    (signature == RSA_ENCRYPTION || combined.contains(&signature)).then_some(hash)
}

const LONGEST_FRACTION: usize = 10;
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
