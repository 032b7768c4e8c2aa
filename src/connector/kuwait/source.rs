use std::path::Path;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// Where key material is kept: `file:/path` or `env:NAME`. The settings hold references, never the material.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Env(String),
}

/// The text is no reference. It is not repeated, in case somebody wrote the secret itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `file:` and a path or `env:` and the name of a variable; secrets are never written in settings"
)]
pub struct SourceError;

impl Source {
    /// Reads the written form.
    ///
    /// # Errors
    /// When the text begins with neither `file:` nor `env:`.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            Some(("env", name)) if !name.is_empty() && !name.contains(['=', '\0', '\n']) => {
                Ok(Self::Env(name.to_owned()))
            }
            _ => Err(SourceError),
        }
    }

    /// Makes the path of a file that is not absolute count from a folder: that of the file which names it.
    pub fn count_from(&mut self, folder: &Path) {
        if let Self::File(path) = self {
            *path = folder.join(&path);
        }
    }

    /// Reads the bytes of something public, such as a certificate.
    ///
    /// # Errors
    /// Says what is missing, as a sentence without a full stop.
    pub fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::File(path) => std::fs::read(path).map_err(|error| format!("{self} can't be read: {error}")),
            Self::Env(_) => self.read_text().map(String::into_bytes),
        }
    }

    /// Reads a secret. A file that others than its owner can use is refused (R000-064).
    ///
    /// # Errors
    /// Says what is missing or open to others, never the secret.
    pub fn read_secret(&self) -> Result<SecretString, String> {
        if let Self::File(path) = self {
            only_owner_can_read(path).map_err(|problem| format!("{self} {problem}"))?;
        }
        self.read_text().map(SecretString::from)
    }

    fn read_text(&self) -> Result<String, String> {
        match self {
            Self::File(path) => {
                std::fs::read_to_string(path).map_err(|error| format!("{self} can't be read: {error}"))
            }
            Self::Env(name) => std::env::var(name).map_err(|_| format!("{self} is not set, or is no text")),
        }
    }
}

#[cfg(unix)]
fn only_owner_can_read(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;

    let facts = std::fs::metadata(path).map_err(|error| format!("can't be read: {error}"))?;
    let mode = facts.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(format!(
            "has mode {mode:03o}, so others than its owner can use it"
        ))
    }
}

#[cfg(not(unix))]
fn only_owner_can_read(path: &Path) -> Result<(), String> {
    // Other systems keep access lists that the standard library does not show.
    std::fs::metadata(path)
        .map(|_| ())
        .map_err(|error| format!("can't be read: {error}"))
}

impl std::fmt::Display for Source {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(out, "file:{}", path.display()),
            Self::Env(name) => write!(out, "env:{name}"),
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, out)
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn only_references_are_read() {
        assert_eq!(
            Source::parse("file:/etc/key.pem").unwrap().to_string(),
            "file:/etc/key.pem"
        );
        assert_eq!(Source::parse("env:KEY").unwrap(), Source::Env("KEY".to_owned()));
        for bad in [
            "",
            "file:",
            "env:",
            "env:A=B",
            "/etc/key.pem",
            "-----BEGIN PRIVATE KEY-----:x",
        ] {
            let error = Source::parse(bad).unwrap_err().to_string();
            assert!(bad.is_empty() || !error.contains(bad) || bad.len() < 6, "{bad}");
        }
    }

    // R000-064: a key that others can read is refused, with its mode.
    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        std::fs::write(&path, "secret").unwrap();
        let source = Source::File(path.clone());
        for mode in [0o644, 0o640, 0o604, 0o410, 0o602] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let error = source.read_secret().unwrap_err();
            assert!(error.contains(&format!("mode {mode:03o}")), "{error}");
            assert!(!error.contains("secret"));
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(source.read_secret().unwrap().expose_secret(), "secret");
    }

    #[test]
    fn what_is_missing_is_named() {
        let file = Source::parse("file:/nowhere/key.pem").unwrap();
        assert!(
            file.read()
                .unwrap_err()
                .starts_with("file:/nowhere/key.pem can't be read")
        );
        assert!(
            file.read_secret()
                .unwrap_err()
                .starts_with("file:/nowhere/key.pem can't be read")
        );
        let env = Source::parse("env:MIDFLOW_NO_SUCH_VARIABLE").unwrap();
        assert!(env.read_secret().unwrap_err().contains("is not set"));
    }
}
