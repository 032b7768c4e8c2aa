use serde::Deserialize;
use serde::Serialize;

use super::signer::Algorithm;

/// How a stamp is written. The settings list the accepted ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StampFormat {
    /// RSA, PKCS#1 v1.5, SHA-256.
    RsaSha256,
    /// RSA, PKCS#1 v1.5, SHA-384.
    RsaSha384,
    /// RSA, PKCS#1 v1.5, SHA-512.
    RsaSha512,
    /// ECDSA on P-256 with SHA-256, as DER or as two numbers side by side.
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384, as DER or as two numbers side by side.
    EcdsaP384,
    /// CMS SignedData, detached, DER; inside it any of the algorithms above that fits the pinned key.
    Cms,
}

impl StampFormat {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::RsaSha256,
        Self::RsaSha384,
        Self::RsaSha512,
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::Cms,
    ];

    /// The bare algorithm; `None` for CMS, which names its own.
    pub(super) const fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::RsaSha256 => Some(Algorithm::RsaSha256),
            Self::RsaSha384 => Some(Algorithm::RsaSha384),
            Self::RsaSha512 => Some(Algorithm::RsaSha512),
            Self::EcdsaP256 => Some(Algorithm::EcdsaP256),
            Self::EcdsaP384 => Some(Algorithm::EcdsaP384),
            Self::Cms => None,
        }
    }
}
