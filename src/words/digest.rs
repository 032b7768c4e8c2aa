use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use sha2::Digest as _;
use sha2::Sha256;

/// A SHA-256 digest, written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// The text is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is written sha256: and 64 hexadecimal digits")]
pub struct DigestError;

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Wraps a digest made elsewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the written form.
    ///
    /// # Errors
    /// When the text is not `sha256:` and 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let digits = text.strip_prefix("sha256:").ok_or(DigestError)?.as_bytes();
        let (pairs, rest) = digits.as_chunks::<2>();
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return Err(DigestError);
        }
        // A log that is verified has several of them in each record: they are looked up, and judged once at the end.
        let mut wrong = 0;
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (value_of(*high), value_of(*low));
            wrong |= high | low;
            *byte = high << 4 | low;
        }
        if wrong > 0xf {
            Err(DigestError)
        } else {
            Ok(Self(bytes))
        }
    }

    /// The written form, without an allocation: some dozens are written down in every flow.
    fn with_text<T>(&self, write: impl FnOnce(&str) -> T) -> T {
        let mut text = *b"sha256:0000000000000000000000000000000000000000000000000000000000000000";
        if let Some(digits) = text.get_mut(PREFIX..) {
            // The room is as long as the digits.
            let _ = hex::encode_to_slice(self.0, digits);
        }
        write(std::str::from_utf8(&text).unwrap_or_default())
    }

    /// The first twelve hexadecimal digits, for people.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

const PREFIX: usize = "sha256:".len();

/// What a hexadecimal digit stands for; more than 15 where it is none.
fn value_of(digit: u8) -> u8 {
    VALUES.get(usize::from(digit)).copied().unwrap_or(u8::MAX)
}

const VALUES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut digit = 0_u8;
    while digit < u8::MAX {
        values[digit as usize] = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            b'A'..=b'F' => digit - b'A' + 10,
            _ => u8::MAX,
        };
        digit += 1;
    }
    values
};

impl std::fmt::Display for Digest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.with_text(|text| out.write_str(text))
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, out)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_form_is_read_back() {
        let digest = Digest::of(b"abc");
        assert_eq!(
            digest.to_string(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(Digest::parse(&digest.to_string()), Ok(digest));
        assert_eq!(Digest::parse("sha256:zz"), Err(DigestError));
        assert_eq!(Digest::parse(&digest.to_string().replace('b', "B")), Ok(digest));
        let text = digest.to_string();
        assert_eq!(Digest::parse(&text[..text.len() - 1]), Err(DigestError));
        assert_eq!(Digest::parse(&format!("{text}0")), Err(DigestError));
        assert_eq!(Digest::parse(&format!("{text}00")), Err(DigestError));
        // No other sign at any place, whatever stands beside it.
        for at in PREFIX..text.len() {
            for wrong in ["g", "`", "@", ":", "/", "G", " ", "\0"] {
                let mut other = text.clone();
                other.replace_range(at..=at, wrong);
                assert_eq!(Digest::parse(&other), Err(DigestError), "{other}");
            }
        }
        assert_eq!(Digest::parse("abc"), Err(DigestError));
    }
}
