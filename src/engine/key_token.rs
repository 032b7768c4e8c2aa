use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use cryptoki::context::CInitializeArgs;
use cryptoki::context::CInitializeFlags;
use cryptoki::context::Pkcs11;
use cryptoki::error::Error as Fault;
use cryptoki::error::RvError;
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::Attribute;
use cryptoki::object::KeyType;
use cryptoki::object::ObjectClass;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use cryptoki::session::UserType;
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use super::secrets::random;
use crate::audit::seal::KeyWrapper;
use crate::audit::seal::WrapError;

/// A key that wraps the key ring of a store and never leaves its token: a hardware security module, or what speaks
/// PKCS #11 like one. AES-256-GCM with a nonce of ours and the context as associated data (PKCS #11 2.40, `CKM_AES_GCM`).
///
/// Each use opens a session of its own and logs in: it is used at the start of a node and in a rotation, and a module
/// that was restarted in between is none the worse for it.
pub struct KeyToken {
    library: Pkcs11,
    settings: KeyTokenSettings,
    name: String,
    /// Login is a state of the process in PKCS #11, so sessions follow one another.
    turn: Mutex<()>,
}

/// Where the key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTokenSettings {
    /// The maker's PKCS #11 library: an absolute path.
    pub module: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The label of the key on it: AES, 256 bits.
    pub key: String,
    /// A file that holds the user's PIN and that its owner alone can read.
    pub pin: PathBuf,
}

/// Why a key on a token can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyTokenError {
    /// The library is missing or none.
    #[error("can't load the PKCS #11 library {}: {why}", .module.display())]
    Library {
        /// The library.
        module: PathBuf,
        /// The cause.
        why: String,
    },
    /// No token has this label.
    #[error("there is no token `{token}`; the library {} has {}", .module.display(), named(.there))]
    NoToken {
        /// The label that was asked for.
        token: String,
        /// The library.
        module: PathBuf,
        /// The labels that are there.
        there: Vec<String>,
    },
    /// Several tokens have this label.
    #[error("several tokens are called `{0}`; give each a label of its own")]
    SeveralTokens(String),
    /// The PIN can't be read.
    #[error("can't read the PIN of the token from {}: {source}", .path.display())]
    Pin {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Others may read the PIN.
    #[error("the PIN in {} can be read by others; run `chmod 400` on it, and change the PIN if it has leaked", .0.display())]
    PinExposed(PathBuf),
    /// The token refuses the PIN.
    #[error("the token `{token}` does not accept the PIN in {}: {why}; a token locks after a few tries, so it was tried once", .path.display())]
    Login {
        /// The token.
        token: String,
        /// The file of the PIN.
        path: PathBuf,
        /// What the token says.
        why: String,
    },
    /// The key is not on the token.
    #[error(
        "the token `{token}` holds no AES key `{key}`; `midflow keys new` makes it, once for all replicas"
    )]
    NoKey {
        /// The token.
        token: String,
        /// The key.
        key: String,
    },
    /// It is there already.
    #[error(
        "the token `{token}` holds a key `{key}`; a key is never made anew, since what it opens would be lost"
    )]
    Exists {
        /// The token.
        token: String,
        /// The key.
        key: String,
    },
    /// Several keys have this label.
    #[error(
        "the token `{token}` holds several keys `{key}`, and which one wraps the ring is not known; take the others away"
    )]
    SeveralKeys {
        /// The token.
        token: String,
        /// The key.
        key: String,
    },
    /// The token fails.
    #[error("the token `{token}` can't {what}: {why}")]
    Token {
        /// The token.
        token: String,
        /// What was asked of it.
        what: &'static str,
        /// What it says.
        why: String,
    },
}

impl KeyToken {
    /// Finds the key: what is wrong with library, token, PIN or key is told now and not at the first use.
    ///
    /// # Errors
    /// When one of them is missing or refused.
    pub fn open(settings: KeyTokenSettings) -> Result<Self, KeyTokenError> {
        let token = Self::load(settings)?;
        token.with_key(|_, _| Ok(()))?;
        Ok(token)
    }

    /// Makes the key on the token, where it stays: it can't be read out.
    ///
    /// # Errors
    /// When there is such a key already, or as [`KeyToken::open`].
    pub fn make(settings: KeyTokenSettings) -> Result<Self, KeyTokenError> {
        let token = Self::load(settings)?;
        {
            let _turn = token.take_turn();
            let session = token.session(true)?;
            if !token.keys(&session)?.is_empty() {
                return Err(KeyTokenError::Exists {
                    token: token.settings.token.clone(),
                    key: token.settings.key.clone(),
                });
            }
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen(KEY_BYTES.into()),
                Attribute::Label(token.settings.key.as_bytes().to_vec()),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
            ];
            session
                .generate_key(&Mechanism::AesKeyGen, &template)
                .map_err(|fault| token.failed("make the key", &fault))?;
        }
        Ok(token)
    }

    fn load(settings: KeyTokenSettings) -> Result<Self, KeyTokenError> {
        let unusable = |why: String| KeyTokenError::Library {
            module: settings.module.clone(),
            why,
        };
        if !settings.module.is_absolute() {
            return Err(unusable(
                "its path has to be absolute, or another could be put in its place".to_owned(),
            ));
        }
        let library = Pkcs11::new(&settings.module).map_err(|fault| unusable(brief(&fault)))?;
        match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // By an earlier node of this process.
            Ok(()) | Err(Fault::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(fault) => return Err(unusable(brief(&fault))),
        }
        Ok(Self {
            library,
            name: format!("pkcs11:{}/{}", settings.token, settings.key),
            settings,
            turn: Mutex::new(()),
        })
    }

    fn take_turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_key<T>(
        &self,
        work: impl FnOnce(&Session, ObjectHandle) -> Result<T, Fault>,
    ) -> Result<T, KeyTokenError> {
        let _turn = self.take_turn();
        let session = self.session(false)?;
        let keys = self.keys(&session)?;
        let [key] = keys.as_slice() else {
            let (token, key) = (self.settings.token.clone(), self.settings.key.clone());
            return Err(match keys.is_empty() {
                true => KeyTokenError::NoKey { token, key },
                false => KeyTokenError::SeveralKeys { token, key },
            });
        };
        work(&session, *key).map_err(|fault| self.failed("use the key", &fault))
    }

    /// A session of the user, logged in.
    fn session(&self, writes: bool) -> Result<Session, KeyTokenError> {
        let slot = self.slot()?;
        let session = match writes {
            true => self.library.open_rw_session(slot),
            false => self.library.open_ro_session(slot),
        };
        let session = session.map_err(|fault| self.failed("open a session", &fault))?;
        let pin = self.pin()?;
        match session.login(UserType::User, Some(&pin)) {
            Ok(()) | Err(Fault::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(fault) => Err(KeyTokenError::Login {
                token: self.settings.token.clone(),
                path: self.settings.pin.clone(),
                why: brief(&fault),
            }),
        }
    }

    fn slot(&self) -> Result<Slot, KeyTokenError> {
        let failed = |fault: Fault| self.failed("be looked for", &fault);
        let mut found = Vec::new();
        let mut there = Vec::new();
        for slot in self.library.get_slots_with_token().map_err(failed)? {
            let facts = self.library.get_token_info(slot).map_err(failed)?;
            let label = facts.label().trim_end();
            if label == self.settings.token {
                found.push(slot);
            } else if facts.token_initialized() {
                there.push(label.to_owned());
            }
        }
        match found.as_slice() {
            [slot] => Ok(*slot),
            [] => Err(KeyTokenError::NoToken {
                token: self.settings.token.clone(),
                module: self.settings.module.clone(),
                there,
            }),
            _ => Err(KeyTokenError::SeveralTokens(self.settings.token.clone())),
        }
    }

    fn pin(&self) -> Result<AuthPin, KeyTokenError> {
        let path = &self.settings.pin;
        let failed = |source| KeyTokenError::Pin {
            path: path.clone(),
            source,
        };
        if fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyTokenError::PinExposed(path.clone()));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
        Ok(AuthPin::new(text.trim_end_matches(['\r', '\n']).into()))
    }

    fn keys(&self, session: &Session) -> Result<Vec<ObjectHandle>, KeyTokenError> {
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Label(self.settings.key.as_bytes().to_vec()),
        ];
        session
            .find_objects(&template)
            .map_err(|fault| self.failed("look for the key", &fault))
    }

    fn failed(&self, what: &'static str, fault: &Fault) -> KeyTokenError {
        KeyTokenError::Token {
            token: self.settings.token.clone(),
            what,
            why: brief(fault),
        }
    }
}

impl KeyWrapper for KeyToken {
    fn name(&self) -> &str {
        &self.name
    }

    fn wrap(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, WrapError> {
        let mut nonce = random::<NONCE_BYTES>()
            .map_err(|_| WrapError::Unusable("the system gives no randomness".to_owned()))?;
        let mut wrapped = nonce.to_vec();
        let sealed = self.with_key(|session, key| {
            let cipher = Mechanism::AesGcm(GcmParams::new(&mut nonce, context.as_bytes(), TAG_BITS.into())?);
            session.encrypt(&cipher, key, secret)
        });
        wrapped.extend(sealed.map_err(|error| WrapError::Unusable(error.to_string()))?);
        Ok(wrapped)
    }

    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrapError> {
        let (nonce, sealed) = wrapped
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(WrapError::Refused)?;
        let mut nonce = *nonce;
        // That a value was not opened is the token's answer, and not a fault of it.
        let mut refused = false;
        let opened = self.with_key(|session, key| {
            let cipher = Mechanism::AesGcm(GcmParams::new(&mut nonce, context.as_bytes(), TAG_BITS.into())?);
            session
                .decrypt(&cipher, key, sealed)
                .inspect_err(|fault| refused = is_refusal(fault))
        });
        match opened {
            Ok(secret) => Ok(Zeroizing::new(secret)),
            Err(_) if refused => Err(WrapError::Refused),
            Err(error) => Err(WrapError::Unusable(error.to_string())),
        }
    }
}

/// How tokens say that a ciphertext is not theirs or was changed. One that only says that it failed is told as that: it may
/// be out of order, and the ring need not be another's.
const fn is_refusal(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Pkcs11(
            RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange | RvError::DataInvalid,
            _
        )
    )
}

/// What a token says, by its name in the standard.
fn brief(fault: &Fault) -> String {
    match fault {
        Fault::Pkcs11(error, function) => format!("{error:?} in {function:?}"),
        Fault::LibraryLoading(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn named(labels: &[String]) -> String {
    match labels {
        [] => "none".to_owned(),
        labels => labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

const KEY_BYTES: u64 = 32;
const NONCE_BYTES: usize = 12;
const TAG_BITS: u64 = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(module: &str) -> KeyTokenSettings {
        KeyTokenSettings {
            module: module.into(),
            token: "midflow".to_owned(),
            key: "ring".to_owned(),
            pin: "pin".into(),
        }
    }

    #[test]
    fn a_library_that_is_none_is_named() {
        for module in ["libsofthsm2.so", "/nowhere/lib.so", "/proc/self/exe"] {
            let error = KeyToken::open(settings(module)).err().unwrap();
            assert!(matches!(error, KeyTokenError::Library { .. }));
            assert!(error.to_string().contains(module), "{error}");
        }
    }

    #[test]
    fn tokens_that_are_there_are_named() {
        let error = |there: &[&str]| {
            KeyTokenError::NoToken {
                token: "a".to_owned(),
                module: "/lib.so".into(),
                there: there.iter().map(|label| (*label).to_owned()).collect(),
            }
            .to_string()
        };
        assert_eq!(error(&[]), "there is no token `a`; the library /lib.so has none");
        assert_eq!(
            error(&["b", "c"]),
            "there is no token `a`; the library /lib.so has `b`, `c`"
        );
    }
}
