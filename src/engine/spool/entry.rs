use bytes::Bytes;

use crate::audit::seal::SealError;
use crate::audit::seal::SpoolKey;
use crate::audit::seal::join;
use crate::audit::seal::split;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::Timestamp;

/// One callback that waits. Holds personal data, so it has no `Debug`.
#[derive(Clone)]
pub(super) struct Entry {
    /// Its place in the order of arrival.
    pub(super) number: u64,
    /// The digest of the callback token that it came with.
    pub(super) token: Digest,
    /// The id that its exchange is going to have; by it a second taking in is noticed.
    pub(super) exchange: ExchangeId,
    /// The address it came from.
    pub(super) source: String,
    /// When its bytes were there.
    pub(super) at: Timestamp,
    /// The bytes, unchanged.
    pub(super) bytes: Bytes,
}

/// What is wrong with the file of an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    #[error("it does not begin as a file of a spool does")]
    Foreign,
    #[error("it does not open: {0}")]
    Sealed(#[from] SealError),
    #[error("it was put in the place of another")]
    Moved,
    #[error("it can't be read: {0}")]
    Unreadable(String),
}

impl Entry {
    /// The entry as its file holds it: a line that names the form, the id, and the rest sealed.
    pub(super) fn to_file(&self, key: &SpoolKey) -> Result<Vec<u8>, SealError> {
        let plain = join(&[
            Some(&self.number.to_be_bytes()),
            Some(self.token.as_bytes()),
            Some(self.source.as_bytes()),
            Some(&self.at.as_micros().to_be_bytes()),
            Some(&self.bytes),
        ]);
        let sealed = key.seal(self.exchange, &plain)?;
        Ok([FORM, self.exchange.as_uuid().as_bytes(), &sealed].concat())
    }

    /// Reads the file that lies in the place of this number.
    pub(super) fn from_file(number: u64, file: &[u8], key: &SpoolKey) -> Result<Self, Damage> {
        let rest = file.strip_prefix(FORM).ok_or(Damage::Foreign)?;
        let (id, sealed) = rest.split_first_chunk::<16>().ok_or(Damage::Foreign)?;
        let exchange = ExchangeId::from_uuid(uuid::Uuid::from_bytes(*id));
        let plain = key.open(exchange, sealed)?;
        let Some([Some(own), Some(token), Some(source), Some(at), Some(bytes)]) = split::<5>(&plain) else {
            return Err(Damage::Foreign);
        };
        if own != number.to_be_bytes() {
            return Err(Damage::Moved);
        }
        Ok(Self {
            number,
            token: Digest::from_bytes(token.try_into().map_err(|_| Damage::Foreign)?),
            exchange,
            source: String::from_utf8(source.to_vec()).map_err(|_| Damage::Foreign)?,
            at: Timestamp::from_micros(i64::from_be_bytes(at.try_into().map_err(|_| Damage::Foreign)?)),
            bytes: Bytes::copy_from_slice(bytes),
        })
    }
}

const FORM: &[u8] = b"midflow spool 1\n";
