use der::Encode as _;
use der::Tag;
use der::Tagged as _;
use der::asn1::Null;
use der::asn1::OctetStringRef;
use der::oid::db::rfc5912::ID_SHA_256;

use super::der::join;
use super::der::parts;
use super::der::whole;
use super::token::TimestampError;
use super::token::TimestampPolicy;
use crate::words::Digest;

/// What an authority is asked to stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampRequest {
    /// SHA-256 of the bytes.
    pub imprint: Digest,
    /// Random, so that an old answer can't be given again.
    pub nonce: [u8; 8],
    /// Under which policy of the authority; its usual one without.
    pub policy: Option<TimestampPolicy>,
}

impl TimestampRequest {
    /// A request whose nonce is made from random bytes.
    pub fn new(imprint: Digest, random: [u8; 8], policy: Option<TimestampPolicy>) -> Self {
        let mut nonce = random;
        // A positive number of 63 bits, which DER writes in eight bytes always.
        if let Some(first) = nonce.first_mut() {
            *first = (*first & 0x7f) | 0x40;
        }
        Self {
            imprint,
            nonce,
            policy,
        }
    }

    /// The DER that is sent: `TimeStampReq`, which also asks for the certificate.
    ///
    /// # Errors
    /// Never, as far as is known; the encoder may refuse.
    pub fn to_der(&self) -> Result<Vec<u8>, TimestampError> {
        self.encode()
            .map_err(|_| TimestampError::Form("the request can't be written"))
    }

    fn encode(&self) -> der::Result<Vec<u8>> {
        let algorithm = join(Tag::Sequence, &[ID_SHA_256.to_der()?, Null.to_der()?])?;
        let hash = OctetStringRef::new(self.imprint.as_bytes())?.to_der()?;
        let policy = match self.policy {
            Some(policy) => policy.oid().to_der()?,
            None => Vec::new(),
        };
        let members = [
            1_u8.to_der()?,
            join(Tag::Sequence, &[algorithm, hash])?,
            policy,
            join(Tag::Integer, &[self.nonce.to_vec()])?,
            true.to_der()?,
        ];
        join(Tag::Sequence, &members)
    }
}

/// The token in an authority's answer (`TimeStampResp`). Nothing is verified by reading.
///
/// # Errors
/// When it is no answer, or the authority has not granted the stamp.
pub fn token_of_response(response: &[u8]) -> Result<Vec<u8>, TimestampError> {
    let form = |_| TimestampError::Form("the answer is no time-stamp response");
    let outer = whole(response, Tag::Sequence).map_err(form)?;
    let members = parts(outer.value()).map_err(form)?;
    let status = members
        .first()
        .ok_or(TimestampError::Form("the answer has no status"))?;
    let status = parts(status.value()).map_err(form)?;
    let number = status
        .first()
        .filter(|number| number.tag() == Tag::Integer)
        .map(|number| number.value().to_vec());
    if !matches!(number.as_deref(), Some([0 | 1])) {
        return Err(TimestampError::NotGranted);
    }
    let token = members
        .get(1)
        .ok_or(TimestampError::Form("the answer is granted and has no token"))?;
    token.to_der().map_err(form)
}
