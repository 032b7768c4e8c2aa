use std::collections::BTreeMap;

use aws_lc_rs::key_wrap::AES_256;
use aws_lc_rs::key_wrap::AesKek;
use aws_lc_rs::key_wrap::KeyWrap as _;

use super::DataKey;
use super::KeyOwner;
use super::KeyWrapper;
use super::RingKey;
use super::SealError;
use super::SpoolKey;
use super::WrapError;
use super::WrappedKey;
use super::secret::Secret;
use super::secret::derive;
use super::secret::keyed_hash;
use super::secret::random;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::Timestamp;

/// The keys that wrap data keys, by version, and the key under which texts are looked up. The newest version wraps; the
/// others only open, until a rotation has replaced them.
pub struct KeyRing {
    environment: Environment,
    lookups: Secret,
    keys: BTreeMap<u32, Secret>,
}

impl KeyRing {
    /// Makes the first two keys of a new ring, wrapped: those of version 0 and 1.
    ///
    /// # Errors
    /// When there is no randomness, or the wrapper can't be used.
    pub fn begin(
        environment: Environment,
        wrapper: &dyn KeyWrapper,
        now: Timestamp,
    ) -> Result<Vec<RingKey>, WrapError> {
        [LOOKUPS, 1]
            .into_iter()
            .map(|version| new_key(environment, version, wrapper, now))
            .collect()
    }

    /// Opens a ring.
    ///
    /// # Errors
    /// When a key does not open, or one is missing.
    pub fn open(
        environment: Environment,
        wrapper: &dyn KeyWrapper,
        rows: &[RingKey],
    ) -> Result<Self, WrapError> {
        let mut keys = BTreeMap::new();
        for row in rows {
            let opened = wrapper.unwrap(&context(environment, row.version), &row.wrapped)?;
            let mut secret = Secret::default();
            if opened.len() != secret.len() {
                return Err(WrapError::Refused);
            }
            secret.copy_from_slice(&opened);
            keys.insert(row.version, secret);
        }
        let lookups = keys.remove(&LOOKUPS);
        match lookups {
            Some(lookups) if !keys.is_empty() => Ok(Self {
                environment,
                lookups,
                keys,
            }),
            _ => Err(WrapError::Unusable(
                "the key ring is not whole: a key of it is missing in the store".to_owned(),
            )),
        }
    }

    /// Makes the key that comes after the newest one, wrapped.
    ///
    /// # Errors
    /// When there is no randomness, or the wrapper can't be used.
    pub fn next(&self, wrapper: &dyn KeyWrapper, now: Timestamp) -> Result<RingKey, WrapError> {
        new_key(self.environment, self.version() + 1, wrapper, now)
    }

    /// The same keys, wrapped with another wrapper.
    ///
    /// # Errors
    /// When the wrapper can't be used.
    pub fn wrapped_with(
        &self,
        wrapper: &dyn KeyWrapper,
        rows: &[RingKey],
    ) -> Result<Vec<RingKey>, WrapError> {
        let secret = |version: u32| match version {
            LOOKUPS => Some(&self.lookups),
            version => self.keys.get(&version),
        };
        rows.iter()
            .map(|row| {
                let secret = secret(row.version).ok_or(WrapError::Refused)?;
                Ok(RingKey {
                    wrapper: wrapper.name().to_owned(),
                    wrapped: wrapper.wrap(&context(self.environment, row.version), secret.as_slice())?,
                    ..row.clone()
                })
            })
            .collect()
    }

    /// The environment it is for.
    pub const fn environment(&self) -> Environment {
        self.environment
    }

    /// The newest version.
    pub fn version(&self) -> u32 {
        self.keys.last_key_value().map_or(0, |(version, _)| *version)
    }

    /// Wraps a data key with the newest version.
    ///
    /// # Errors
    /// When the key can't be wrapped, which does not happen with keys of our own size.
    pub fn wrap(&self, owner: KeyOwner, key: &DataKey) -> Result<WrappedKey, SealError> {
        let version = self.version();
        Ok(WrappedKey {
            owner,
            version,
            wrapped: Some(wrap_key(self.kek(version)?, key)?),
        })
    }

    /// Opens a wrapped data key.
    ///
    /// # Errors
    /// [`SealError::Destroyed`] where it was destroyed; otherwise that it can't be opened.
    pub fn unwrap(&self, row: &WrappedKey) -> Result<DataKey, SealError> {
        let wrapped = row.wrapped.as_ref().ok_or(SealError::Destroyed)?;
        unwrap_key(self.kek(row.version)?, wrapped)
    }

    /// The key of what waits outside of the store. It comes from the key of look-ups, which is never exchanged: a
    /// rotation on another replica must not close what was acknowledged and has not been taken in.
    pub fn spool_key(&self) -> SpoolKey {
        SpoolKey::new(self.environment, derive(&self.lookups, "midflow spool 1"))
    }

    /// A text under which something is found, so that the store does not hold the text itself: a client may put anything
    /// into it. Equal texts of one kind give equal hashes.
    pub fn lookup(&self, kind: &'static str, text: &[u8]) -> Digest {
        Digest::from_bytes(keyed_hash(&self.lookups, &[kind.as_bytes(), &[0], text]))
    }

    fn kek(&self, version: u32) -> Result<&Secret, SealError> {
        self.keys.get(&version).ok_or(SealError::Version(version))
    }
}

/// Wraps a data key with a key of our own size.
pub(super) fn wrap_key(kek: &Secret, key: &DataKey) -> Result<Vec<u8>, SealError> {
    let mut wrapped = vec![0; WRAPPED];
    AesKek::new(&AES_256, kek.as_slice())
        .and_then(|kek| kek.wrap(key.secret().as_slice(), &mut wrapped).map(drop))
        .map_err(|_| SealError::DataKey)?;
    Ok(wrapped)
}

/// Opens what [`wrap_key`] has made.
pub(super) fn unwrap_key(kek: &Secret, wrapped: &[u8]) -> Result<DataKey, SealError> {
    let mut secret = Secret::default();
    let opened = AesKek::new(&AES_256, kek.as_slice())
        .and_then(|kek| {
            kek.unwrap(wrapped, secret.as_mut_slice())
                .map(|opened| opened.len())
        })
        .map_err(|_| SealError::DataKey)?;
    if opened != secret.len() {
        return Err(SealError::DataKey);
    }
    Ok(DataKey::from_secret(secret))
}

/// The size of a wrapped data key.
pub(super) const WRAPPED: usize = 40;

fn new_key(
    environment: Environment,
    version: u32,
    wrapper: &dyn KeyWrapper,
    now: Timestamp,
) -> Result<RingKey, WrapError> {
    let secret = random().map_err(|error| WrapError::Unusable(error.to_string()))?;
    Ok(RingKey {
        version,
        wrapper: wrapper.name().to_owned(),
        wrapped: wrapper.wrap(&context(environment, version), secret.as_slice())?,
        made_at: now,
    })
}

fn context(environment: Environment, version: u32) -> String {
    format!("midflow key ring 1 {environment} {version}")
}

/// The version of the key of look-ups.
const LOOKUPS: u32 = 0;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::audit::seal::Cell;
    use crate::audit::seal::SecretWrapper;

    fn wrapper(byte: u8) -> SecretWrapper {
        SecretWrapper::new(&[byte; 32]).unwrap()
    }

    fn begun() -> (Vec<RingKey>, KeyRing) {
        let rows = KeyRing::begin(Environment::Test, &wrapper(1), Timestamp::EPOCH).unwrap();
        let ring = KeyRing::open(Environment::Test, &wrapper(1), &rows).unwrap();
        (rows, ring)
    }

    fn owner() -> KeyOwner {
        KeyOwner::from_uuid(Uuid::from_bytes([1; 16]))
    }

    #[test]
    fn a_ring_opens_with_its_wrapper_and_environment_only() {
        let (rows, ring) = begun();
        assert_eq!(ring.version(), 1);
        for (environment, key) in [(Environment::Test, 2), (Environment::Production, 1)] {
            assert!(KeyRing::open(environment, &wrapper(key), &rows).is_err());
        }
        for missing in 0..rows.len() {
            let mut part = rows.clone();
            part.remove(missing);
            assert!(KeyRing::open(Environment::Test, &wrapper(1), &part).is_err());
        }
        // Two keys of a ring can't take each other's place.
        let mut swapped = rows.clone();
        swapped[0].version = 1;
        swapped[1].version = 0;
        assert!(KeyRing::open(Environment::Test, &wrapper(1), &swapped).is_err());
    }

    #[test]
    fn a_data_key_is_wrapped_and_opened() {
        let (_, ring) = begun();
        let key = DataKey::draw().unwrap();
        let row = ring.wrap(owner(), &key).unwrap();
        let cell = Cell::flow(Environment::Test, owner());
        let sealed = key.seal(&cell, b"value").unwrap();
        assert_eq!(ring.unwrap(&row).unwrap().open(&cell, &sealed).unwrap(), b"value");
        let wrapped = row.wrapped.clone().unwrap();
        for bit in 0..wrapped.len() * 8 {
            let mut changed = wrapped.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let row = WrappedKey {
                wrapped: Some(changed),
                ..row.clone()
            };
            assert_eq!(ring.unwrap(&row).err(), Some(SealError::DataKey));
        }
        for (row, error) in [
            (
                WrappedKey {
                    wrapped: None,
                    ..row.clone()
                },
                SealError::Destroyed,
            ),
            (
                WrappedKey {
                    version: 7,
                    ..row.clone()
                },
                SealError::Version(7),
            ),
            (
                WrappedKey {
                    wrapped: Some(Vec::new()),
                    ..row
                },
                SealError::DataKey,
            ),
        ] {
            assert_eq!(ring.unwrap(&row).err(), Some(error));
        }
    }

    // After a rotation the newest version wraps, and what was wrapped before still opens.
    #[test]
    fn a_ring_grows() {
        let (mut rows, ring) = begun();
        let key = DataKey::draw().unwrap();
        let old = ring.wrap(owner(), &key).unwrap();
        rows.push(ring.next(&wrapper(1), Timestamp::EPOCH).unwrap());
        let ring = KeyRing::open(Environment::Test, &wrapper(1), &rows).unwrap();
        assert_eq!(ring.version(), 2);
        assert!(ring.unwrap(&old).is_ok());
        assert_eq!(ring.wrap(owner(), &key).unwrap().version, 2);
        let moved = ring.wrapped_with(&wrapper(3), &rows).unwrap();
        assert!(KeyRing::open(Environment::Test, &wrapper(1), &moved).is_err());
        let moved = KeyRing::open(Environment::Test, &wrapper(3), &moved).unwrap();
        assert!(moved.unwrap(&old).is_ok());
        assert_eq!(moved.lookup("k", b"text"), ring.lookup("k", b"text"));
        assert_ne!(ring.lookup("k", b"text"), ring.lookup("l", b"text"));
    }
}
