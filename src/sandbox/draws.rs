use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use aws_lc_rs::agreement;
use rcgen::KeyPair;
use uuid::Builder;
use uuid::Uuid;

use crate::words::Digest;

/// What chance is drawn from: the system, or a seed. With a seed, what is drawn depends on it and on what was drawn before;
/// and what is drawn under a name, on the seed and the name alone.
#[derive(Debug, Default)]
pub(super) struct Draws {
    seed: Option<u64>,
    next: AtomicU64,
}

impl Draws {
    pub(super) const fn new(seed: Option<u64>) -> Self {
        Self {
            seed,
            next: AtomicU64::new(0),
        }
    }

    pub(super) const fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// The next id.
    pub(super) fn id(&self) -> Uuid {
        let Some(seed) = self.seed else {
            return Uuid::new_v4();
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        id_of(&format!("{seed} {number}"))
    }

    /// The id of this name.
    pub(super) fn id_named(&self, name: &str) -> Uuid {
        match self.seed {
            Some(seed) => id_of(&format!("{seed} {name}")),
            None => Uuid::new_v4(),
        }
    }

    /// The key of this name, on P-256.
    ///
    /// # Errors
    /// When none can be made.
    pub(super) fn key_named(&self, name: &str) -> Result<KeyPair, rcgen::Error> {
        let Some(seed) = self.seed else {
            return KeyPair::generate();
        };
        // Of 2^32 numbers one is none on the curve; then the next one is taken.
        let drawn = (0..8).find_map(|turn| {
            let private = Digest::of(format!("{seed} key {name} {turn}").as_bytes());
            let private = private.as_bytes();
            let key = agreement::PrivateKey::from_private_key(&agreement::ECDH_P256, private).ok()?;
            let public = key.compute_public_key().ok()?;
            Some([&PKCS8_P256, &private[..], &PUBLIC, public.as_ref()].concat())
        });
        KeyPair::try_from(drawn.ok_or(rcgen::Error::CouldNotParseKeyPair)?)
    }
}

/// The id that goes with a text: the same text, the same id.
pub(super) fn id_of(text: &str) -> Uuid {
    let digest = Digest::of(text.as_bytes());
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    Builder::from_random_bytes(bytes).into_uuid()
}

/// PKCS #8 of a key on P-256 (RFC 5208, RFC 5915), up to the private number.
const PKCS8_P256: [u8; 36] = [
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01,
    0x04, 0x20,
];
/// What stands between the private number and the point, 65 bytes, that goes with it.
const PUBLIC: [u8; 5] = [0xa1, 0x44, 0x03, 0x42, 0x00];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_ids_and_keys() {
        let (first, second) = (Draws::new(Some(7)), Draws::new(Some(7)));
        let other = Draws::new(Some(8));
        for _ in 0..3 {
            assert_eq!(first.id(), second.id());
            assert_ne!(first.id(), other.id());
            second.id();
        }
        let key = |draws: &Draws, name| draws.key_named(name).unwrap().serialize_der();
        assert_eq!(key(&first, "stamp"), key(&second, "stamp"));
        assert_ne!(key(&first, "stamp"), key(&first, "bridge"));
        assert_ne!(key(&first, "stamp"), key(&other, "stamp"));
        assert_ne!(first.id_named("stamp"), first.id_named("bridge"));
        assert_eq!(first.id_named("stamp"), second.id_named("stamp"));
        assert_eq!(first.id().get_version_num(), 4);
    }

    #[test]
    fn without_a_seed_nothing_comes_again() {
        let draws = Draws::default();
        assert_ne!(draws.id(), draws.id());
        assert_ne!(draws.id_named("stamp"), draws.id_named("stamp"));
        let key = || draws.key_named("stamp").unwrap().serialize_der();
        assert_ne!(key(), key());
    }
}
