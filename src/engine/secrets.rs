use std::fs;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use aws_lc_rs::signature::Ed25519KeyPair;
use aws_lc_rs::signature::KeyPair as _;
use zeroize::Zeroizing;

use crate::audit::log::LogKey;
use crate::audit::log::VerifierKey;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Purpose;

/// The node's own secrets: the pepper of person keys, the key that signs outcome notices, and the key of the log.
///
/// Kept in a folder of its own, files readable by the owner alone; made at the first start.
pub struct Secrets {
    folder: PathBuf,
    pepper: hmac::Key,
    signer: Ed25519KeyPair,
    /// The key of the log, PKCS #8.
    log: Zeroizing<Vec<u8>>,
}

/// The secrets can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// A file or folder can't be made or read.
    #[error("can't use the secret {path}: {source}; make the folder writable for this user alone")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("the secret {0} can be read by others; run `chmod 600` on it, and replace it if it has leaked")]
    Exposed(PathBuf),
    /// The file does not hold what it should.
    #[error(
        "the secret {0} is damaged; restore it from the backup: person limits and webhook signatures depend on it"
    )]
    Damaged(PathBuf),
    /// The system gave no randomness.
    #[error("the system gives no randomness")]
    Random,
}

impl Secrets {
    /// Reads the secrets in `folder`, or makes them.
    ///
    /// # Errors
    /// When a file can't be read, written or trusted; never goes on with a weaker secret.
    pub fn open(folder: &Path) -> Result<Self, SecretsError> {
        fs::create_dir_all(folder).map_err(|source| SecretsError::Io {
            path: folder.to_path_buf(),
            source,
        })?;
        let pepper = open_secret(&folder.join("person-key.bin"), || {
            random::<32>().map(|bytes| bytes.to_vec())
        })?;
        let signer_path = folder.join("webhook-ed25519.pk8");
        let signer = open_secret(&signer_path, new_signer)?;
        let log_path = folder.join(LOG_KEY);
        let log = open_secret(&log_path, new_signer)?;
        Ed25519KeyPair::from_pkcs8(&log).map_err(|_| SecretsError::Damaged(log_path))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            log,
            pepper: hmac::Key::new(hmac::HMAC_SHA256, &pepper),
            signer: Ed25519KeyPair::from_pkcs8(&signer).map_err(|_| SecretsError::Damaged(signer_path))?,
        })
    }

    /// The keyed hash of a civil number: equal numbers give equal keys, and without the pepper no key can be
    /// traced back.
    pub fn person_key(&self, civil_no: &CivilNo) -> Digest {
        let tag = hmac::sign(&self.pepper, civil_no.expose(Purpose::Compare).as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        Digest::from_bytes(bytes)
    }

    /// The keyed hash of the text of a scanned code; never equal to that of a civil number.
    pub fn code_key(&self, text: &str) -> Digest {
        let mut message = b"midflow scanned code\0".to_vec();
        message.extend_from_slice(text.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&self.pepper, &message).as_ref());
        Digest::from_bytes(bytes)
    }

    /// The keyed hash of what an act says without telling it. Who has neither this node's secrets nor the opening of the act can
    /// try out nothing.
    pub(super) fn act_key(&self, opening: &[u8; 32], value: &[u8]) -> Digest {
        let message = [b"midflow act\0", &opening[..], value].concat();
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&self.pepper, &message).as_ref());
        Digest::from_bytes(bytes)
    }

    /// The key of preview tokens, derived so that it tells nothing of the pepper.
    pub(crate) fn document_key(&self) -> hmac::Key {
        let tag = hmac::sign(&self.pepper, b"midflow document key");
        hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref())
    }

    /// The key of citizen pages, derived so that it tells nothing of the pepper.
    pub fn page_key(&self) -> [u8; 32] {
        let tag = hmac::sign(&self.pepper, b"midflow page key");
        let mut key = [0; 32];
        key.copy_from_slice(tag.as_ref());
        key
    }

    /// The key of administrative calls to this node, as it is sent. Whoever can read the secrets of the node can make
    /// it, and nobody else; it tells nothing of the pepper.
    pub fn admin_key(&self) -> String {
        hex::encode(hmac::sign(&self.pepper, b"midflow admin key").as_ref())
    }

    /// The folder they lie in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The key of the log, once it has a name; the name and the public half stand in a file beside it, to be handed to
    /// those who verify.
    ///
    /// # Errors
    /// When that file can't be read, or is the public half of another key.
    pub fn named_log_key(&self) -> Result<Option<LogKey>, SecretsError> {
        let path = self.folder.join(LOG_VERIFIER);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SecretsError::Io { path, source }),
        };
        let named = VerifierKey::parse(&text).ok().and_then(|verifier| {
            LogKey::of_log(verifier.name(), &self.log)
                .ok()
                .filter(|key| *key.verifier() == verifier)
        });
        named.map(Some).ok_or(SecretsError::Damaged(path))
    }

    /// The key of the log; where it has no name yet, it gets this one for ever.
    ///
    /// # Errors
    /// As [`Secrets::named_log_key`], and when the name can't be one or the file can't be written.
    pub fn log_key(&self, origin: &str) -> Result<LogKey, SecretsError> {
        if let Some(key) = self.named_log_key()? {
            return Ok(key);
        }
        let path = self.folder.join(LOG_VERIFIER);
        let key = LogKey::of_log(origin, &self.log).map_err(|_| SecretsError::Damaged(path.clone()))?;
        write_secret(&path, format!("{}\n", key.verifier()).as_bytes(), 0o644)
            .map_err(|source| SecretsError::Io { path, source })?;
        Ok(key)
    }

    /// Signs a message with the node's Ed25519 key.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signer.sign(message).as_ref().to_vec()
    }

    /// The public half of the key that signs.
    pub fn public_key(&self) -> &[u8] {
        self.signer.public_key().as_ref()
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secrets(…)")
    }
}

/// Fresh random bytes from the system.
///
/// # Errors
/// When the system has none to give.
pub fn random<const N: usize>() -> Result<[u8; N], SecretsError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| SecretsError::Random)?;
    Ok(bytes)
}

/// The private Ed25519 key in a file, PKCS #8; made where there is none.
///
/// # Errors
/// When the file can't be read, written or trusted.
pub fn keep_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
    open_secret(path, new_signer)
}

const LOG_KEY: &str = "log-ed25519.pk8";
const LOG_VERIFIER: &str = "log.vkey";

fn new_signer() -> Result<Vec<u8>, SecretsError> {
    let document =
        Ed25519KeyPair::generate_pkcs8(&rand::SystemRandom::new()).map_err(|_| SecretsError::Random)?;
    Ok(document.as_ref().to_vec())
}

fn open_secret(
    path: &Path,
    make: impl FnOnce() -> Result<Vec<u8>, SecretsError>,
) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
    let io_error = |source| SecretsError::Io {
        path: path.to_path_buf(),
        source,
    };
    match fs::read(path) {
        Ok(bytes) if exposed(path).map_err(io_error)? => {
            drop(Zeroizing::new(bytes));
            Err(SecretsError::Exposed(path.to_path_buf()))
        }
        Ok(bytes) if bytes.len() < 32 => Err(SecretsError::Damaged(path.to_path_buf())),
        Ok(bytes) => Ok(Zeroizing::new(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let bytes = Zeroizing::new(make()?);
            let mode = if path.ends_with(LOG_KEY) { 0o400 } else { 0o600 };
            write_secret(path, &bytes, mode).map_err(io_error)?;
            Ok(bytes)
        }
        Err(error) => Err(io_error(error)),
    }
}

fn exposed(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

/// Written beside, synced and renamed, so that a crash leaves all of it or nothing.
fn write_secret(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let beside = path.with_extension("new");
    // What a crash left may be closed to writing.
    let _ = fs::remove_file(&beside);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn secrets_are_made_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let made = Secrets::open(folder.path()).unwrap();
        let read = Secrets::open(folder.path()).unwrap();
        let person = CivilNo::parse("399123100017").unwrap();
        assert_eq!(made.person_key(&person), read.person_key(&person));
        assert_eq!(made.public_key(), read.public_key());
    }

    // R000-064: a key that others can read is refused.
    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        drop(Secrets::open(folder.path()).unwrap());
        let path = folder.path().join("person-key.bin");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = Secrets::open(folder.path()).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_damaged_secret_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        drop(Secrets::open(folder.path()).unwrap());
        for name in ["person-key.bin", "webhook-ed25519.pk8", "log-ed25519.pk8"] {
            let whole = fs::read(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name), b"short").unwrap();
            assert!(
                matches!(Secrets::open(folder.path()), Err(SecretsError::Damaged(_))),
                "{name}"
            );
            fs::write(folder.path().join(name), whole).unwrap();
        }
    }
}
