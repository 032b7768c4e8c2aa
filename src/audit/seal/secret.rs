use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::SealError;

/// 256 secret bits; wiped from memory when dropped.
pub(super) type Secret = Zeroizing<[u8; 32]>;

pub(super) fn random() -> Result<Secret, SealError> {
    let mut secret = Secret::default();
    rand::fill(secret.as_mut_slice()).map_err(|_| SealError::Random)?;
    Ok(secret)
}

/// A secret for one purpose, from which neither the one it came from nor that of another purpose can be told.
pub(super) fn derive(from: &Secret, purpose: &str) -> Secret {
    let mut derived = Secret::default();
    let tag = hmac::sign(&key(from), purpose.as_bytes());
    derived.copy_from_slice(tag.as_ref());
    derived
}

pub(super) fn keyed_hash(secret: &Secret, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&key(secret));
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.sign().as_ref());
    hash
}

fn key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice())
}
