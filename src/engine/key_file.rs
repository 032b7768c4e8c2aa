use std::fs;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::secrets::random;
use crate::audit::seal::SecretWrapper;

/// The file that holds the key which wraps the key ring of a store: 64 hexadecimal digits, readable by its owner alone,
/// and kept apart from the store and from its backups. Whoever has both can read everything.
pub struct KeyFile;

/// Why a key file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is none.
    #[error(
        "there is no key file {path}; make one with `midflow keys new {path}`, once for all replicas, and keep a copy of it \
         in a safe: without it nothing of a person in the store can be read", path = .0.display()
    )]
    Missing(PathBuf),
    /// It can't be read or made.
    #[error("can't use the key file {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Others may read it.
    #[error("the key file {} can be read by others; run `chmod 400` on it, and rotate the keys if it has leaked", .0.display())]
    Exposed(PathBuf),
    /// It holds something else.
    #[error("the key file {} does not hold 64 hexadecimal digits; bring back the copy of it", .0.display())]
    Damaged(PathBuf),
    /// It is there already.
    #[error("{} exists; a key file is never written over, since what it opens would be lost", .0.display())]
    Exists(PathBuf),
    /// The system gave no randomness.
    #[error("the system gives no randomness")]
    Random,
}

impl KeyFile {
    /// Reads the key.
    ///
    /// # Errors
    /// When there is none, others can read it, or it is damaged.
    pub fn read(path: &Path) -> Result<SecretWrapper, KeyFileError> {
        let at = || path.to_path_buf();
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => KeyFileError::Missing(at()),
            _ => KeyFileError::Io { path: at(), source },
        };
        if fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyFileError::Exposed(at()));
        }
        let text = Zeroizing::new(fs::read(path).map_err(failed)?);
        let mut secret = Zeroizing::new([0; SecretWrapper::SIZE]);
        hex::decode_to_slice(text.trim_ascii(), secret.as_mut_slice())
            .map_err(|_| KeyFileError::Damaged(at()))?;
        SecretWrapper::new(secret.as_slice()).ok_or_else(|| KeyFileError::Damaged(at()))
    }

    /// Makes a new key, in a file that its owner alone can read and nobody can write.
    ///
    /// # Errors
    /// When there is such a file already, or it can't be made.
    pub fn make(path: &Path) -> Result<SecretWrapper, KeyFileError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_path_buf()),
            _ => KeyFileError::Io {
                path: path.to_path_buf(),
                source,
            },
        };
        let secret = Zeroizing::new(random::<{ SecretWrapper::SIZE }>().map_err(|_| KeyFileError::Random)?);
        let text = Zeroizing::new(format!("{}\n", hex::encode(secret.as_slice())));
        write(path, text.as_bytes()).map_err(failed)?;
        Self::read(path)
    }

    /// Reads the key, or makes it where there is none: for development.
    ///
    /// # Errors
    /// As [`KeyFile::read`] and [`KeyFile::make`].
    pub fn read_or_make(path: &Path) -> Result<SecretWrapper, KeyFileError> {
        match Self::read(path) {
            Err(KeyFileError::Missing(_)) => Self::make(path),
            other => other,
        }
    }
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o400)
        .open(path)?;
    file.write_all(text)?;
    file.sync_all()?;
    match folder {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::seal::KeyWrapper as _;

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/midflow.key");
        assert!(matches!(KeyFile::read(&path), Err(KeyFileError::Missing(_))));
        let made = KeyFile::read_or_make(&path).unwrap();
        assert_eq!(KeyFile::read_or_make(&path).unwrap().name(), made.name());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        assert!(matches!(KeyFile::make(&path), Err(KeyFileError::Exists(_))));
    }

    // R000-064: a key that others can read is refused.
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("midflow.key");
        KeyFile::make(&path).unwrap();
        for mode in [0o440, 0o404, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = KeyFile::read(&path).err().unwrap();
            assert!(error.to_string().contains("chmod 400"), "{error}");
        }
    }

    #[test]
    fn a_damaged_key_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("midflow.key");
        for text in ["", "short", &"zz".repeat(32), &"00".repeat(33)] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
            let error = KeyFile::read(&path).err().unwrap();
            assert!(matches!(error, KeyFileError::Damaged(_)), "{error}");
            assert!(text.is_empty() || !error.to_string().contains(text));
            fs::remove_file(&path).unwrap();
        }
    }
}
