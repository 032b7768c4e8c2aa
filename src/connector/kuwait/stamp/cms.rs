//! A stamp as CMS SignedData (RFC 5652), detached: the content is not inside.

use aws_lc_rs::digest;
use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use cms::signed_data::SignerIdentifier;
use cms::signed_data::SignerInfo;
use der::Any;
use der::Decode;
use der::Encode;
use der::asn1::ObjectIdentifier;
use der::asn1::OctetString;
use der::oid::db::rfc5911::ID_CONTENT_TYPE;
use der::oid::db::rfc5911::ID_DATA;
use der::oid::db::rfc5911::ID_MESSAGE_DIGEST;
use der::oid::db::rfc5911::ID_SIGNED_DATA;
use der::oid::db::rfc5912::ECDSA_WITH_SHA_256;
use der::oid::db::rfc5912::ECDSA_WITH_SHA_384;
use der::oid::db::rfc5912::ID_SHA_256;
use der::oid::db::rfc5912::ID_SHA_384;
use der::oid::db::rfc5912::ID_SHA_512;
use der::oid::db::rfc5912::RSA_ENCRYPTION;
use der::oid::db::rfc5912::SHA_256_WITH_RSA_ENCRYPTION;
use der::oid::db::rfc5912::SHA_384_WITH_RSA_ENCRYPTION;
use der::oid::db::rfc5912::SHA_512_WITH_RSA_ENCRYPTION;

use super::signer::Algorithm;
use super::signer::Signer;
use crate::words::Digest;

/// A parsed detached signature with exactly one signer.
pub(in crate::connector::kuwait) struct Detached {
    signer: SignerInfo,
    /// The certificates that came with it, DER. Only their fingerprints are of interest.
    pub(super) certificates: Vec<Vec<u8>>,
}

impl Detached {
    /// Reads the DER. BER with indefinite lengths is refused.
    pub(in crate::connector::kuwait) fn from_der(bytes: &[u8]) -> Result<Self, &'static str> {
        let outer = ContentInfo::from_der(bytes).map_err(|_| NO_MESSAGE)?;
        if outer.content_type != ID_SIGNED_DATA {
            return Err("the CMS message is not signed data");
        }
        let data: SignedData = outer
            .content
            .decode_as()
            .map_err(|_| "the CMS signed data is broken")?;
        if data.encap_content_info.econtent.is_some() || data.encap_content_info.econtent_type != ID_DATA {
            return Err("the CMS signature is not detached from plain data");
        }
        let mut signers = data.signer_infos.0.into_vec().into_iter();
        let (Some(signer), None) = (signers.next(), signers.next()) else {
            return Err("the CMS message must have exactly one signer");
        };
        let certificates = data
            .certificates
            .iter()
            .flat_map(|set| set.0.iter())
            .filter_map(|choice| match choice {
                CertificateChoices::Certificate(certificate) => certificate.to_der().ok(),
                CertificateChoices::Other(_) => None,
            })
            .collect();
        Ok(Self { signer, certificates })
    }

    /// Whether the pinned signer signed this content.
    pub(super) fn verify(&self, content: &[u8], pinned: &Signer) -> Result<(), &'static str> {
        self.verify_content(&Content::Bytes(content), pinned)
    }

    /// Whether this signer signed the content with this SHA-256.
    pub(in crate::connector::kuwait) fn verify_digest(
        &self,
        digest: Digest,
        signer: &Signer,
    ) -> Result<(), &'static str> {
        self.verify_content(&Content::Sha256(digest), signer)
    }

    fn verify_content(&self, content: &Content<'_>, pinned: &Signer) -> Result<(), &'static str> {
        if !self.names(pinned) {
            return Err(OTHER_SIGNER);
        }
        let (algorithm, hash) = self.algorithm()?;
        let signed = match &self.signer.signed_attrs {
            // Without attributes the content itself is signed. It can't be mistaken for attributes, whose DER
            // begins with 0x31, because covered bytes begin with a brace or white space.
            None => {
                let verified = match content {
                    Content::Bytes(bytes) => {
                        pinned.verifies(algorithm, bytes, self.signer.signature.as_bytes())
                    }
                    // The content is not at hand, but a signature over it is one over its digest.
                    Content::Sha256(digest) => {
                        *hash == digest::SHA256
                            && pinned.verifies_digest(*digest, self.signer.signature.as_bytes())
                    }
                };
                return verified.then_some(()).ok_or(NOT_VERIFIED);
            }
            Some(attributes) => {
                if self.attribute(ID_CONTENT_TYPE)?.decode_as::<ObjectIdentifier>() != Ok(ID_DATA) {
                    return Err("the signed content type is not plain data");
                }
                let claimed: OctetString = self
                    .attribute(ID_MESSAGE_DIGEST)?
                    .decode_as()
                    .map_err(|_| "the signed digest is broken")?;
                if !content.has_digest(hash, claimed.as_bytes()) {
                    return Err("the signed digest is of other bytes");
                }
                attributes
                    .to_der()
                    .map_err(|_| "the signed attributes are broken")?
            }
        };
        if pinned.verifies(algorithm, &signed, self.signer.signature.as_bytes()) {
            Ok(())
        } else {
            Err(NOT_VERIFIED)
        }
    }

    fn names(&self, pinned: &Signer) -> bool {
        match &self.signer.sid {
            SignerIdentifier::IssuerAndSerialNumber(id) => {
                id.issuer.to_der().is_ok_and(|issuer| issuer == pinned.issuer)
                    && significant(id.serial_number.as_bytes()) == significant(&pinned.serial)
            }
            SignerIdentifier::SubjectKeyIdentifier(id) => pinned.key_id.as_deref() == Some(id.0.as_bytes()),
        }
    }

    /// The attribute, which must be there once with one value.
    fn attribute(&self, name: ObjectIdentifier) -> Result<&Any, &'static str> {
        let mut found = self
            .signer
            .signed_attrs
            .iter()
            .flat_map(|attributes| attributes.iter())
            .filter(|attribute| attribute.oid == name);
        match (found.next(), found.next()) {
            (Some(attribute), None) if attribute.values.len() == 1 => {
                attribute.values.get(0).ok_or("a signed attribute is empty")
            }
            _ => Err("a signed attribute is missing or stands twice"),
        }
    }

    fn algorithm(&self) -> Result<(Algorithm, &'static digest::Algorithm), &'static str> {
        let hash = self.signer.digest_alg.oid;
        let signature = self.signer.signature_algorithm.oid;
        let rsa = |combined: ObjectIdentifier| signature == RSA_ENCRYPTION || signature == combined;
        match hash {
            ID_SHA_256 if rsa(SHA_256_WITH_RSA_ENCRYPTION) => Ok((Algorithm::RsaSha256, &digest::SHA256)),
            ID_SHA_384 if rsa(SHA_384_WITH_RSA_ENCRYPTION) => Ok((Algorithm::RsaSha384, &digest::SHA384)),
            ID_SHA_512 if rsa(SHA_512_WITH_RSA_ENCRYPTION) => Ok((Algorithm::RsaSha512, &digest::SHA512)),
            ID_SHA_256 if signature == ECDSA_WITH_SHA_256 => Ok((Algorithm::EcdsaP256, &digest::SHA256)),
            ID_SHA_384 if signature == ECDSA_WITH_SHA_384 => Ok((Algorithm::EcdsaP384, &digest::SHA384)),
            _ => Err("the CMS message uses an algorithm that is not accepted"),
        }
    }
}

/// What was signed, as far as it is at hand.
enum Content<'a> {
    Bytes(&'a [u8]),
    Sha256(Digest),
}

impl Content<'_> {
    fn has_digest(&self, hash: &'static digest::Algorithm, claimed: &[u8]) -> bool {
        match self {
            Self::Bytes(bytes) => claimed == digest::digest(hash, bytes).as_ref(),
            Self::Sha256(known) => *hash == digest::SHA256 && claimed == known.as_bytes(),
        }
    }
}

/// A number without leading zeros: readers differ in whether they keep the sign byte.
fn significant(number: &[u8]) -> &[u8] {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    number.get(start..).unwrap_or_default()
}

const NOT_VERIFIED: &str = "the CMS signature does not verify";

/// The bytes are not CMS at all, so another format may fit.
pub(super) const NO_MESSAGE: &str = "it is no CMS message";

/// The message names a signer that is not the pinned one at hand.
pub(super) const OTHER_SIGNER: &str = "the CMS message names another signer than the pinned one";
