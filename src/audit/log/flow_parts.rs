use sha2::Digest as _;
use sha2::Sha256;

use crate::audit::FlowRow;
use crate::words::Digest;
use crate::words::Purpose;

/// What of a flow never changes after its end, as a store keeps it. The ending's record names its digest, so that
/// nobody can exchange whom a flow was about, what was decided or what the e-service was told.
///
/// The digest tells nothing of the person: the detail holds 256 random bits that nothing else holds.
#[derive(Clone, Copy)]
pub struct FlowParts<'a> {
    /// The id, 16 bytes.
    pub id: &'a [u8],
    /// The name of the service.
    pub service: &'a [u8],
    /// The capability, as it is written.
    pub capability: &'a [u8],
    /// The catalog, 32 bytes.
    pub catalog: &'a [u8],
    /// Digest of the callback token, 32 bytes.
    pub token: &'a [u8],
    /// Keyed hash of the civil number, 32 bytes.
    pub person_key: Option<&'a [u8]>,
    /// The civil number.
    pub subject: Option<&'a [u8]>,
    /// When it began, microseconds since 1970.
    pub created_at: i64,
    /// When it timed out, or would have.
    pub expires_at: i64,
    /// The client and its key.
    pub idempotency_key: Option<&'a [u8]>,
    /// Digest of the request with that key.
    pub request_digest: Option<&'a [u8]>,
    /// What the engine keeps.
    pub detail: &'a [u8],
}

impl FlowParts<'_> {
    /// The parts of a row.
    pub fn digest_of(row: &FlowRow) -> Digest {
        let person_key = row.person_key.as_ref().map(|key| key.as_bytes().as_slice());
        let subject = row.subject.as_ref().map(|number| number.expose(Purpose::Compare));
        let id = row.id.as_uuid().into_bytes();
        let parts = FlowParts {
            id: &id,
            service: row.service.as_str().as_bytes(),
            capability: row.capability.as_str().as_bytes(),
            catalog: row.catalog.as_bytes(),
            token: row.token.as_bytes(),
            person_key,
            subject: subject.map(str::as_bytes),
            created_at: row.created_at.as_micros(),
            expires_at: row.expires_at.as_micros(),
            idempotency_key: row.idempotency.as_ref().map(|(key, _)| key.as_bytes()),
            request_digest: row
                .idempotency
                .as_ref()
                .map(|(_, digest)| digest.as_bytes().as_slice()),
            detail: &row.detail,
        };
        parts.digest()
    }

    /// The digest: of all parts in their order, each after its length and one, or zero where it is missing.
    pub fn digest(&self) -> Digest {
        let mut hasher = Sha256::new();
        let (created_at, expires_at) = (self.created_at.to_be_bytes(), self.expires_at.to_be_bytes());
        for part in [
            Some(self.id),
            Some(self.service),
            Some(self.capability),
            Some(self.catalog),
            Some(self.token),
            self.person_key,
            self.subject,
            Some(created_at.as_slice()),
            Some(expires_at.as_slice()),
            self.idempotency_key,
            self.request_digest,
            Some(self.detail),
        ] {
            let size = part.map_or(0, |part| (part.len() as u64).saturating_add(1));
            hasher.update(size.to_be_bytes());
            hasher.update(part.unwrap_or_default());
        }
        Digest::from_bytes(hasher.finalize().into())
    }
}
