use aws_lc_rs::aead::AES_256_GCM;
use aws_lc_rs::aead::Aad;
use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::aead::Nonce;
use aws_lc_rs::aead::RandomizedNonceKey;
use zeroize::Zeroizing;

use super::secret::Secret;
use super::secret::keyed_hash;

/// What wraps the keys of the ring: the one key that is never in the store. It is asked at the start of a node, once for
/// each key of the ring, and when the ring is rotated.
pub trait KeyWrapper: Send + Sync + 'static {
    /// Which key it is, to be kept beside what it wraps and told in errors: `file:3f2a…`. Tells nothing of the key.
    fn name(&self) -> &str;

    /// Wraps a secret so that it opens in the same context only.
    ///
    /// # Errors
    /// When the key can't be used.
    fn wrap(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, WrapError>;

    /// Opens what it wrapped.
    ///
    /// # Errors
    /// [`WrapError::Refused`] if it was wrapped with another key or in another context, or was changed.
    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrapError>;
}

/// Why a wrapper does not do its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrapError {
    /// Wrapped with another key or in another context, or changed.
    #[error("it was wrapped with another key, or was changed")]
    Refused,
    /// The key can't be used; says why, and nothing of the key.
    #[error("{0}")]
    Unusable(String),
}

/// A wrapper whose key is 32 secret bytes in the memory of the process: what a key file holds.
pub struct SecretWrapper {
    secret: Secret,
    name: String,
}

impl SecretWrapper {
    /// The size of the secret, in bytes.
    pub const SIZE: usize = 32;

    /// Takes the secret; `None` unless it has the right size.
    pub fn new(secret: &[u8]) -> Option<Self> {
        let mut kept = Secret::default();
        if secret.len() != Self::SIZE {
            return None;
        }
        kept.copy_from_slice(secret);
        let fingerprint = keyed_hash(&kept, &[b"midflow name of a wrapper 1"]);
        Some(Self {
            name: format!("file:{}", hex::encode(fingerprint.split_at(8).0)),
            secret: kept,
        })
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, WrapError> {
        RandomizedNonceKey::new(&AES_256_GCM, self.secret.as_slice())
            .map_err(|_| WrapError::Unusable("the key can't be used".to_owned()))
    }
}

impl KeyWrapper for SecretWrapper {
    fn name(&self) -> &str {
        &self.name
    }

    fn wrap(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, WrapError> {
        let mut wrapped = secret.to_vec();
        let nonce = self
            .cipher()?
            .seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut wrapped)
            .map_err(|_| WrapError::Unusable("the system gives no randomness".to_owned()))?;
        Ok([nonce.as_ref().as_slice(), &wrapped].concat())
    }

    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrapError> {
        let (nonce, text) = wrapped.split_at_checked(NONCE_LEN).ok_or(WrapError::Refused)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| WrapError::Refused)?;
        let mut secret = Zeroizing::new(text.to_vec());
        let size = self
            .cipher()?
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut secret)
            .map_err(|_| WrapError::Refused)?
            .len();
        secret.truncate(size);
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_wrapped_for_its_context() {
        let wrapper = SecretWrapper::new(&[7; 32]).unwrap();
        let wrapped = wrapper.wrap("ring 1", &[9; 32]).unwrap();
        assert_eq!(wrapper.unwrap("ring 1", &wrapped).unwrap().as_slice(), [9; 32]);
        assert_eq!(wrapper.unwrap("ring 2", &wrapped), Err(WrapError::Refused));
        let other = SecretWrapper::new(&[8; 32]).unwrap();
        assert_eq!(other.unwrap("ring 1", &wrapped), Err(WrapError::Refused));
        assert_ne!(other.name(), wrapper.name());
        for size in 0..wrapped.len() {
            assert_eq!(
                wrapper.unwrap("ring 1", &wrapped[..size]),
                Err(WrapError::Refused)
            );
        }
    }

    #[test]
    fn the_name_tells_nothing_of_the_secret() {
        let wrapper = SecretWrapper::new(&[7; 32]).unwrap();
        assert!(wrapper.name().starts_with("file:") && !wrapper.name().contains("0707"));
        assert!(SecretWrapper::new(&[7; 31]).is_none());
    }
}
