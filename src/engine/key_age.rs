use std::ffi::OsStr;
use std::fs;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use zeroize::Zeroizing;

use crate::audit::seal::KeyWrapper;
use crate::audit::seal::WrapError;

/// An age identity that wraps the key ring of a store, by the program `age` itself (age-encryption.org/v1): so whatever
/// keeps identities for it, a smart card by a plugin among it, can keep this one.
///
/// age binds a file to no context, so the context stands in the sealed text before the secret, and is compared.
pub struct AgeKey {
    settings: AgeKeySettings,
    name: String,
}

/// Which identity, and by which program it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgeKeySettings {
    /// The program: an absolute path.
    pub program: PathBuf,
    /// The identity file, which its owner alone can read.
    pub identity: PathBuf,
    /// Its public key, `age1…`.
    pub recipient: String,
}

/// Why an age identity can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AgeKeyError {
    /// The identity can't be read.
    #[error(
        "can't read the age identity {}: {source}; `age-keygen -o {}` makes one, once for all replicas", .path.display(),
        .path.display()
    )]
    Identity {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Others may read the identity.
    #[error("the age identity {} can be read by others; run `chmod 400` on it, and change it if it has leaked", .0.display())]
    Exposed(PathBuf),
    /// The program or the key does not work.
    #[error("{0}")]
    Unusable(String),
    /// The identity is another recipient's.
    #[error("the age identity {} does not open what is sealed for `{recipient}`; its public key is in its first lines", .identity.display())]
    OtherRecipient {
        /// The identity.
        identity: PathBuf,
        /// The public key it was named with.
        recipient: String,
    },
}

impl AgeKey {
    /// Takes the identity, after it has opened something that was sealed for its recipient.
    ///
    /// # Errors
    /// When the program is missing, others can read the identity, or it is not the recipient's.
    pub fn open(settings: AgeKeySettings) -> Result<Self, AgeKeyError> {
        let failed = |source| AgeKeyError::Identity {
            path: settings.identity.clone(),
            source,
        };
        let facts = fs::metadata(&settings.identity).map_err(failed)?;
        if facts.permissions().mode() & 0o077 != 0 {
            return Err(AgeKeyError::Exposed(settings.identity.clone()));
        }
        if !settings.program.is_absolute() {
            return Err(AgeKeyError::Unusable(format!(
                "the path of the program `{}` has to be absolute, or another could be put in its place",
                settings.program.display()
            )));
        }
        let key = Self {
            name: format!("age:{}", settings.recipient),
            settings,
        };
        let sealed = key
            .wrap(PROBE, &[])
            .map_err(|error| AgeKeyError::Unusable(error.to_string()))?;
        match key.unwrap(PROBE, &sealed) {
            Ok(_) => Ok(key),
            Err(WrapError::Refused) => Err(AgeKeyError::OtherRecipient {
                identity: key.settings.identity,
                recipient: key.settings.recipient,
            }),
            Err(WrapError::Unusable(why)) => Err(AgeKeyError::Unusable(why)),
        }
    }

    /// Runs the program: what it writes, or where it ended with a fault, how it tells that.
    fn run(
        &self,
        arguments: &[&OsStr],
        input: &[u8],
    ) -> Result<Result<Zeroizing<Vec<u8>>, String>, WrapError> {
        let program = &self.settings.program;
        let failed = |error: io::Error| {
            WrapError::Unusable(format!(
                "can't run {}: {error}; install age, or name where it is",
                program.display()
            ))
        };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        // A program that ends before it has read everything tells why by its ending.
        let written = child.stdin.take().map(|mut stdin| stdin.write_all(input));
        let output = child.wait_with_output().map_err(failed)?;
        let text = Zeroizing::new(output.stdout);
        if output.status.success() && matches!(written, Some(Ok(()))) {
            return Ok(Ok(text));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().next().unwrap_or("it ended without a word");
        Ok(Err(first
            .trim_start_matches("age: ")
            .trim_start_matches("error: ")
            .to_owned()))
    }
}

impl KeyWrapper for AgeKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn wrap(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, WrapError> {
        let mut text = Zeroizing::new(Vec::with_capacity(context.len() + 1 + secret.len()));
        text.extend_from_slice(context.as_bytes());
        text.push(0);
        text.extend_from_slice(secret);
        let recipient = &self.settings.recipient;
        let arguments = ["--encrypt", "--recipient", recipient].map(OsStr::new);
        let sealed = self.run(&arguments, &text)?;
        sealed
            .map(|sealed| sealed.to_vec())
            .map_err(|why| WrapError::Unusable(format!("age does not seal for `{recipient}`: {why}")))
    }

    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrapError> {
        let identity = self.settings.identity.as_os_str();
        let opened = self.run(&["--decrypt".as_ref(), "--identity".as_ref(), identity], wrapped)?;
        // age tells a wrong key and a changed file by one exit code and many sentences: either way it does not open.
        let text = opened.map_err(|_| WrapError::Refused)?;
        let secret = text
            .strip_prefix(context.as_bytes())
            .and_then(|rest| rest.strip_prefix(&[0]))
            .ok_or(WrapError::Refused)?;
        Ok(Zeroizing::new(secret.to_vec()))
    }
}

/// What an identity has to open before it is taken.
const PROBE: &str = "midflow probe 1";

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(folder: &std::path::Path, program: &str, mode: u32) -> AgeKeySettings {
        let identity = folder.join("identity.txt");
        fs::write(&identity, "AGE-SECRET-KEY-1").unwrap();
        fs::set_permissions(&identity, fs::Permissions::from_mode(mode)).unwrap();
        AgeKeySettings {
            program: program.into(),
            identity,
            recipient: "age1nobody".to_owned(),
        }
    }

    #[test]
    fn what_is_wrong_is_told_and_the_identity_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for (program, mode, expected) in [
            ("/nowhere/age", 0o400, "can't run /nowhere/age"),
            ("age", 0o400, "has to be absolute"),
            ("/bin/cat", 0o444, "chmod 400"),
            ("/bin/false", 0o400, "does not seal for `age1nobody`"),
        ] {
            let error = AgeKey::open(settings(folder.path(), program, mode))
                .err()
                .unwrap();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(!error.to_string().contains("AGE-SECRET-KEY"), "{error}");
            fs::remove_file(folder.path().join("identity.txt")).unwrap();
        }
        let missing = AgeKeySettings {
            identity: folder.path().join("none"),
            ..settings(folder.path(), "/bin/cat", 0o400)
        };
        let error = AgeKey::open(missing).err().unwrap();
        assert!(error.to_string().contains("age-keygen -o"), "{error}");
    }
}
