use aws_lc_rs::signature::ED25519;
use aws_lc_rs::signature::Ed25519KeyPair;
use aws_lc_rs::signature::KeyPair as _;
use aws_lc_rs::signature::UnparsedPublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;
use sha2::Sha256;

/// A private Ed25519 key with a name: that of a log, which signs checkpoints, of a witness, which cosigns them, or of an
/// administrator, who signs acts.
pub struct LogKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
    /// The public half as it is written; each receipt names it.
    written: String,
}

/// A private key can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogKeyError {
    /// The bytes are no Ed25519 key.
    #[error("this is no Ed25519 key in PKCS #8")]
    Key,
    /// The text is no written private key.
    #[error("this is no private key as `midflow act key` writes it")]
    Private,
    /// The name can't stand in a signature line.
    #[error(
        "`{0}` can't be the name of a key: it has to be one word without `+`, such as `sp.example/midflow` or `aisha.salem`"
    )]
    Name(String),
}

impl LogKey {
    /// Reads the key of a log.
    ///
    /// # Errors
    /// When the bytes are no Ed25519 key in PKCS #8, or the name is none.
    pub fn of_log(name: &str, pkcs8: &[u8]) -> Result<Self, LogKeyError> {
        Self::new(name, pkcs8, KeyKind::Signature)
    }

    /// Reads the key of a witness.
    ///
    /// # Errors
    /// As [`LogKey::of_log`].
    pub fn of_witness(name: &str, pkcs8: &[u8]) -> Result<Self, LogKeyError> {
        Self::new(name, pkcs8, KeyKind::Cosignature)
    }

    fn new(name: &str, pkcs8: &[u8], kind: KeyKind) -> Result<Self, LogKeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| LogKeyError::Key)?;
        Self::of_pair(name, pair, kind)
    }

    /// The key that signs notes, of this seed.
    pub(super) fn of_seed(name: &str, seed: &[u8]) -> Result<Self, LogKeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| LogKeyError::Private)?;
        Self::of_pair(name, pair, KeyKind::Signature)
    }

    fn of_pair(name: &str, pair: Ed25519KeyPair, kind: KeyKind) -> Result<Self, LogKeyError> {
        if !is_key_name(name) {
            return Err(LogKeyError::Name(name.to_owned()));
        }
        let public = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| LogKeyError::Key)?;
        let verifier = VerifierKey {
            name: name.to_owned(),
            kind,
            public,
        };
        Ok(Self {
            pair,
            written: verifier.to_string(),
            verifier,
        })
    }

    /// Signs bytes.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.pair.sign(message);
        let mut bytes = [0; 64];
        bytes.copy_from_slice(signature.as_ref());
        bytes
    }

    /// The public half, for those who verify.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The public half as it is written, for those who keep it.
    pub fn written(&self) -> &str {
        &self.written
    }
}

impl std::fmt::Debug for LogKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "LogKey({})", self.verifier.name)
    }
}

/// The public half of a key, with its name: a `vkey` of C2SP `signed-note`, `<name>+<key id>+<base64>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    public: [u8; 32],
}

/// What a key makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum KeyKind {
    /// Signatures over the text of a note.
    Signature = 1,
    /// Cosignatures of witnesses, which name their time.
    Cosignature = 4,
}

/// The text is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a public key is written `<name>+<8 hexadecimal digits>+<base64>`, and the digits have to fit the rest"
)]
pub struct VerifierKeyError;

impl VerifierKey {
    /// Reads the written form.
    ///
    /// # Errors
    /// When it is none, or the id in it is not that of the key.
    pub fn parse(text: &str) -> Result<Self, VerifierKeyError> {
        let (name, rest) = text.trim().split_once('+').ok_or(VerifierKeyError)?;
        let (id, key) = rest.split_once('+').ok_or(VerifierKeyError)?;
        let key = STANDARD.decode(key).map_err(|_| VerifierKeyError)?;
        let (kind, public) = key.split_first().ok_or(VerifierKeyError)?;
        let kind = [KeyKind::Signature, KeyKind::Cosignature]
            .into_iter()
            .find(|known| *known as u8 == *kind)
            .ok_or(VerifierKeyError)?;
        let found = Self {
            name: name.to_owned(),
            kind,
            public: public.try_into().map_err(|_| VerifierKeyError)?,
        };
        let good = is_key_name(name) && hex::decode(id).is_ok_and(|id| id == found.id());
        good.then_some(found).ok_or(VerifierKeyError)
    }

    /// The name, which is the origin of a log's checkpoints.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the key of a witness.
    pub fn is_witness(&self) -> bool {
        self.kind == KeyKind::Cosignature
    }

    /// Whether this is the public half of the same pair, whatever its name.
    pub fn is_of_the_same_pair(&self, other: &Self) -> bool {
        self.public == other.public
    }

    /// What stands before a signature, so that keys of one name can be told apart.
    pub fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(self.name.as_bytes())
            .chain_update([b'\n', self.kind as u8])
            .chain_update(self.public)
            .finalize();
        let mut id = [0; 4];
        id.copy_from_slice(hash.get(..4).unwrap_or(&[0; 4]));
        id
    }

    /// Whether the signature over the message is this key's.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public)
            .verify(message, signature)
            .is_ok()
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = [&[self.kind as u8][..], &self.public].concat();
        write!(
            out,
            "{}+{}+{}",
            self.name,
            hex::encode(self.id()),
            STANDARD.encode(key)
        )
    }
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty()
        && !name
            .chars()
            .any(|letter| letter.is_whitespace() || letter.is_control() || letter == '+')
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A key that is the same in every run.
    pub(crate) fn pkcs8(seed: u8) -> Vec<u8> {
        // RFC 8410: version 0, the algorithm's OID, and the seed as an octet string.
        let prefix = hex::decode("302e020100300506032b657004220420").unwrap();
        [prefix, vec![seed; 32]].concat()
    }

    #[test]
    fn a_public_key_is_read_back_and_a_changed_one_is_not() {
        for key in [
            LogKey::of_log("sp.example/test", &pkcs8(1)).unwrap(),
            LogKey::of_witness("witness.example", &pkcs8(2)).unwrap(),
        ] {
            let text = key.verifier().to_string();
            assert_eq!(key.written(), text);
            let read = VerifierKey::parse(&text).unwrap();
            assert_eq!(&read, key.verifier());
            assert!(read.verifies(b"a", &key.sign(b"a")));
            assert!(!read.verifies(b"b", &key.sign(b"a")));
            for at in 0..text.len() {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1;
                let changed = String::from_utf8(bytes).unwrap();
                assert!(VerifierKey::parse(&changed).is_err(), "{changed}");
            }
        }
    }

    // The key and its id stand in the specification of signed notes in Go's checksum database.
    #[test]
    fn a_known_key_has_its_known_id() {
        let text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
        let key = VerifierKey::parse(text).unwrap();
        assert_eq!(key.to_string(), text);
        assert!(!key.is_witness());
    }

    #[test]
    fn names_that_would_break_a_signature_line_are_refused() {
        for name in ["", "a b", "a+b", "a\nb", "a\u{2003}b"] {
            let refused = LogKey::of_log(name, &pkcs8(1)).unwrap_err();
            assert_eq!(refused, LogKeyError::Name(name.to_owned()));
        }
        assert_eq!(LogKey::of_log("a", b"no key").unwrap_err(), LogKeyError::Key);
    }
}
