use aws_lc_rs::aead::AES_256_GCM;
use aws_lc_rs::aead::Aad;
use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::aead::Nonce;
use aws_lc_rs::aead::RandomizedNonceKey;

use super::Cell;
use super::SealError;
use super::secret::Secret;
use super::secret::derive;
use super::secret::keyed_hash;
use super::secret::random;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Purpose;

/// The key of one flow, or of one message that belongs to none: what it seals can't be read without it.
///
/// A nonce is drawn at random for each value, and never made from a row's id or version: two replicas may seal the same
/// version of a row with different content, and a commit that failed may be made again, and a nonce that comes twice
/// would give both contents away. A key seals a few hundred values in its life; at 2^32 the chance of a nonce coming
/// twice would reach 2^-32 (NIST SP 800-38D, section 8.3).
///
/// A sealed value is one byte (the layout, 1), the nonce, the ciphertext and the tag. It has no `Debug`.
pub struct DataKey {
    secret: Secret,
    cells: Secret,
    salt: Secret,
}

impl DataKey {
    /// Draws a key.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn draw() -> Result<Self, SealError> {
        Ok(Self::from_secret(random()?))
    }

    pub(super) fn from_secret(secret: Secret) -> Self {
        Self {
            cells: derive(&secret, "midflow cells 1"),
            salt: derive(&secret, "midflow salt of the subject 1"),
            secret,
        }
    }

    pub(super) const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Seals a value for its place.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn seal(&self, cell: &Cell<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut sealed = Vec::with_capacity(OVERHEAD + plain.len());
        sealed.push(LAYOUT);
        sealed.extend_from_slice(&[0; NONCE_LEN]);
        sealed.extend_from_slice(plain);
        let (head, text) = sealed.split_at_mut(HEAD);
        let (nonce, tag) = self
            .cipher()?
            .seal_in_place_separate_tag(Aad::from(cell.context()), text)
            .map_err(|_| SealError::Random)?;
        if let Some(place) = head.get_mut(1..) {
            place.copy_from_slice(nonce.as_ref());
        }
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`SealError::Cell`] if it was changed, or sealed for another place or with another key.
    pub fn open(&self, cell: &Cell<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (head, text) = sealed.split_at_checked(HEAD).ok_or(SealError::Cell)?;
        let nonce = match head.split_first() {
            Some((&LAYOUT, nonce)) => Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Cell)?,
            _ => return Err(SealError::Cell),
        };
        let mut text = text.to_vec();
        let size = self
            .cipher()?
            .open_in_place(nonce, Aad::from(cell.context()), &mut text)
            .map_err(|_| SealError::Cell)?
            .len();
        text.truncate(size);
        Ok(text)
    }

    /// The commitment to the person a flow is about: HMAC-SHA-256 under a salt that only this key gives. The log keeps
    /// it; once the key is destroyed, nobody can tell whom it is about. It also binds the sealed values to one person,
    /// which AES-GCM alone would not: a forger may find two keys that open one value to two texts.
    pub fn commitment(&self, person: &CivilNo) -> Digest {
        let number = person.expose(Purpose::Compare).as_bytes();
        Digest::from_bytes(keyed_hash(&self.salt, &[number]))
    }

    /// The salt of the commitment, which shows whom the log is about without giving the key away: for evidence.
    pub fn salt(&self) -> [u8; 32] {
        *self.salt
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, SealError> {
        RandomizedNonceKey::new(&AES_256_GCM, self.cells.as_slice()).map_err(|_| SealError::Random)
    }
}

const LAYOUT: u8 = 1;
const HEAD: usize = 1 + NONCE_LEN;
const OVERHEAD: usize = HEAD + 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::proptest;
    use uuid::Uuid;

    use super::*;
    use crate::audit::seal::KeyOwner;
    use crate::words::Environment;

    fn owner(number: u8) -> KeyOwner {
        KeyOwner::from_uuid(Uuid::from_bytes([number; 16]))
    }

    fn cell() -> Cell<'static> {
        Cell::flow(Environment::Production, owner(1))
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(plain in any::<Vec<u8>>()) {
            let key = DataKey::draw().unwrap();
            let sealed = key.seal(&cell(), &plain).unwrap();
            assert_eq!(sealed.len(), plain.len() + OVERHEAD);
            assert_eq!(key.open(&cell(), &sealed).unwrap(), plain);
        }
    }

    // R000-151, threat B-08: no bit can be changed, and no beginning passes for the whole.
    #[test]
    fn a_changed_value_does_not_open() {
        let key = DataKey::draw().unwrap();
        let sealed = key.seal(&cell(), b"399123100017").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.open(&cell(), &changed), Err(SealError::Cell), "bit {bit}");
        }
        for size in 0..sealed.len() {
            assert_eq!(key.open(&cell(), &sealed[..size]), Err(SealError::Cell));
        }
        assert_eq!(
            DataKey::draw().unwrap().open(&cell(), &sealed),
            Err(SealError::Cell)
        );
    }

    // A value belongs to one environment, row and column.
    #[test]
    fn a_value_opens_at_its_place_only() {
        let key = DataKey::draw().unwrap();
        let at = |place: &Cell<'_>| key.seal(place, b"value").unwrap();
        let (one, other) = ([1; 16], [2; 16]);
        let exchange = |id: [u8; 16]| {
            super::super::cell::ExchangeBytes::from(crate::words::ExchangeId::from_uuid(Uuid::from_bytes(id)))
        };
        let (one, other) = (exchange(one), exchange(other));
        let environment = Environment::Production;
        let places = [
            cell(),
            Cell::flow(Environment::Test, owner(1)),
            Cell::flow(environment, owner(2)),
            Cell::exchange(environment, owner(1), &one),
            Cell::exchange(environment, owner(1), &other),
            Cell::exchange(environment, owner(2), &one),
            Cell::delivery(environment, owner(1), "a.1"),
            Cell::delivery(environment, owner(1), "a.2"),
        ];
        for (here, place) in places.iter().enumerate() {
            let sealed = at(place);
            for (there, other) in places.iter().enumerate() {
                assert_eq!(
                    key.open(other, &sealed).is_ok(),
                    here == there,
                    "{here} at {there}"
                );
            }
        }
    }

    // The nonce never depends on what is sealed: the same content twice gives two values that share nothing.
    #[test]
    fn no_nonce_comes_twice() {
        let key = DataKey::draw().unwrap();
        let nonces: std::collections::HashSet<Vec<u8>> = (0..2_000)
            .map(|_| key.seal(&cell(), b"the same").unwrap()[1..HEAD].to_vec())
            .collect();
        assert_eq!(nonces.len(), 2_000);
    }

    #[test]
    fn a_commitment_tells_persons_and_flows_apart() {
        let person = |number| CivilNo::parse(number).unwrap();
        let (key, other) = (DataKey::draw().unwrap(), DataKey::draw().unwrap());
        let commitment = key.commitment(&person("399123100017"));
        assert_eq!(commitment, key.commitment(&person("399123100017")));
        assert_ne!(commitment, key.commitment(&person("399123100025")));
        assert_ne!(commitment, other.commitment(&person("399123100017")));
        assert_ne!(key.salt(), *key.secret.as_ref());
    }
}
