use super::Cell;
use super::DataKey;
use super::KeyOwner;
use super::SealError;
use super::ring::WRAPPED;
use super::ring::unwrap_key;
use super::ring::wrap_key;
use super::secret::Secret;
use crate::words::Environment;
use crate::words::ExchangeId;

/// Seals what has to wait outside of the store until the store can be written again: each callback with a data key of its
/// own, wrapped with a key that the ring gives, so that neither opens without the store and the key file.
///
/// What it makes is the wrapped data key and a sealed value as [`DataKey::seal`] makes it. It has no `Debug`.
pub struct SpoolKey {
    environment: Environment,
    secret: Secret,
}

impl SpoolKey {
    pub(super) const fn new(environment: Environment, secret: Secret) -> Self {
        Self { environment, secret }
    }

    /// Seals what is going to be the exchange of this id.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn seal(&self, id: ExchangeId, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = DataKey::draw()?;
        let mut sealed = wrap_key(&self.secret, &key)?;
        sealed.extend(key.seal(&self.cell(id), plain)?);
        Ok(sealed)
    }

    /// Opens what was sealed under this id.
    ///
    /// # Errors
    /// [`SealError::DataKey`] or [`SealError::Cell`] if a bit of it was changed, or it was sealed under another id, for
    /// another environment or with another ring.
    pub fn open(&self, id: ExchangeId, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (wrapped, sealed) = sealed.split_at_checked(WRAPPED).ok_or(SealError::DataKey)?;
        unwrap_key(&self.secret, wrapped)?.open(&self.cell(id), sealed)
    }

    fn cell(&self, id: ExchangeId) -> Cell<'static> {
        Cell::spooled(self.environment, KeyOwner::from(id))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::audit::seal::KeyRing;
    use crate::audit::seal::SecretWrapper;
    use crate::words::Timestamp;

    fn ring(environment: Environment) -> KeyRing {
        let wrapper = SecretWrapper::new(&[1; 32]).unwrap();
        let rows = KeyRing::begin(environment, &wrapper, Timestamp::EPOCH).unwrap();
        KeyRing::open(environment, &wrapper, &rows).unwrap()
    }

    fn id(byte: u8) -> ExchangeId {
        ExchangeId::from_uuid(Uuid::from_bytes([byte; 16]))
    }

    // R000-151: no bit of what waits can be changed, and nothing takes the place of something else.
    #[test]
    fn what_waits_opens_unchanged_and_at_its_place_only() {
        let ring = ring(Environment::Test);
        let key = ring.spool_key();
        let sealed = key.seal(id(1), b"399123100017").unwrap();
        assert!(!sealed.windows(12).any(|part| part == b"399123100017"));
        assert_eq!(ring.spool_key().open(id(1), &sealed).unwrap(), b"399123100017");
        assert!(key.open(id(2), &sealed).is_err());
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(id(1), &changed).is_err(), "bit {bit}");
        }
        for size in 0..sealed.len() {
            assert!(key.open(id(1), &sealed[..size]).is_err());
        }
        let other = self::ring(Environment::Test).spool_key();
        assert!(other.open(id(1), &sealed).is_err());
    }

    // A rotation must not close what waits.
    #[test]
    fn what_waits_opens_after_a_rotation() {
        let wrapper = SecretWrapper::new(&[1; 32]).unwrap();
        let mut rows = KeyRing::begin(Environment::Test, &wrapper, Timestamp::EPOCH).unwrap();
        let before = KeyRing::open(Environment::Test, &wrapper, &rows).unwrap();
        let sealed = before.spool_key().seal(id(1), b"value").unwrap();
        rows.push(before.next(&wrapper, Timestamp::EPOCH).unwrap());
        rows.retain(|row| row.version != 1);
        let after = KeyRing::open(Environment::Test, &wrapper, &rows).unwrap();
        assert_eq!(after.spool_key().open(id(1), &sealed).unwrap(), b"value");
    }
}
