use super::Digest;

/// The unguessable part of a flow's callback URL: 128 random bits in hexadecimal.
///
/// Only its digest is kept (threat B-03), so a copy of the store forges nothing. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackToken(String);

impl CallbackToken {
    /// Makes a token from fresh randomness that the caller hands in (law 14).
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(hex::encode(bytes))
    }

    /// Reads a token from a URL path; `None` unless it is 32 lowercase hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 32
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The text for the URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the store keeps in its place. A plain digest is enough: the token has 128 bits of entropy.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

impl std::fmt::Debug for CallbackToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("CallbackToken(…)")
    }
}

/// The digits that the page and the phone both show, so that the person can compare them (R000-080).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Challenge(String);

impl Challenge {
    /// Four digits from fresh randomness; the bias of the modulo is below 2^-50.
    pub fn from_random(bytes: [u8; 8]) -> Self {
        Self(format!("{:04}", u64::from_be_bytes(bytes) % 10_000))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits in groups of two, as people compare them: `83 52`.
    pub fn grouped(&self) -> String {
        let (first, second) = self.0.split_at(self.0.len() / 2);
        format!("{first} {second}")
    }
}
