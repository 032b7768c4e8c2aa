use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::key::KeyKind;
use super::key::LogKey;
use super::key::LogKeyError;

/// Writes a private key that signs notes as people keep it: `PRIVATE+KEY+<name>+<key id>+<base64>`, one line, the form that
/// Go's package for signed notes reads too. The seed is 32 random bytes.
///
/// # Errors
/// When the name can't be that of a key.
pub fn write_private(
    name: &str,
    seed: &Zeroizing<[u8; 32]>,
) -> Result<(Zeroizing<String>, LogKey), LogKeyError> {
    let key = LogKey::of_seed(name, seed.as_ref())?;
    let bytes = Zeroizing::new([&[KeyKind::Signature as u8][..], seed.as_ref()].concat());
    let encoded = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
    let id = hex::encode(key.verifier().id());
    let text = Zeroizing::new(format!("{PREFIX}{name}+{id}+{}\n", *encoded));
    Ok((text, key))
}

/// Reads what [`write_private`] wrote.
///
/// # Errors
/// When it is something else, or was changed.
pub fn read_private(text: &str) -> Result<LogKey, LogKeyError> {
    let parts = || {
        let (name, rest) = text.trim().strip_prefix(PREFIX)?.split_once('+')?;
        let (id, encoded) = rest.split_once('+')?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).ok()?);
        let (kind, seed) = bytes.split_first()?;
        let key = (*kind == KeyKind::Signature as u8).then(|| LogKey::of_seed(name, seed));
        Some((key?.ok()?, hex::decode(id).ok()?))
    };
    let (key, id) = parts().ok_or(LogKeyError::Private)?;
    (id == key.verifier().id())
        .then_some(key)
        .ok_or(LogKeyError::Private)
}

/// Whether a text is meant to be a private key, good or not.
pub fn is_private(text: &str) -> bool {
    text.trim_start().starts_with(PREFIX)
}

const PREFIX: &str = "PRIVATE+KEY+";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::log::VerifierKey;

    #[test]
    fn a_private_key_is_read_back_and_a_changed_one_is_not() {
        let (text, key) = write_private("aisha.salem", &Zeroizing::new([7; 32])).unwrap();
        assert!(text.starts_with("PRIVATE+KEY+aisha.salem+") && text.ends_with('\n'));
        let read = read_private(&text).unwrap();
        assert_eq!(read.verifier(), key.verifier());
        let public = VerifierKey::parse(read.written()).unwrap();
        assert!(public.verifies(b"a", &read.sign(b"a")));
        for at in 0..text.trim_end().len() {
            let mut bytes = text.trim_end().as_bytes().to_vec();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(
                read_private(&changed).unwrap_err(),
                LogKeyError::Private,
                "at {at}"
            );
        }
        for bad in ["", "PRIVATE+KEY+", "PRIVATE+KEY+a+b", key.written()] {
            assert_eq!(read_private(bad).unwrap_err(), LogKeyError::Private, "{bad}");
        }
        let named = write_private("Aisha Salem", &Zeroizing::new([7; 32])).unwrap_err();
        assert_eq!(named, LogKeyError::Name("Aisha Salem".to_owned()));
    }

    // The pair stands in the documentation of Go's package for signed notes.
    #[test]
    fn a_known_private_key_has_its_known_public_half() {
        let text = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
        let public = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        assert_eq!(read_private(text).unwrap().written(), public);
    }
}
