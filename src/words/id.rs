use serde::Deserialize;
use serde::Serialize;
use uuid::Uuid;

/// The id of a flow: a UUID of version 7, so that ids sort by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FlowId(Uuid);

/// The id of an exchange: a UUID of version 7.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExchangeId(Uuid);

macro_rules! uuid_id {
    ($name:ident) => {
        impl $name {
            /// Makes an id from a moment and ten random bytes that the caller hands in (law 14).
            pub fn from_parts(at: super::Timestamp, random: [u8; 10]) -> Self {
                let millis = u64::try_from(at.as_micros() / 1_000).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// The moment it was made from, to the millisecond.
            pub fn moment(&self) -> super::Timestamp {
                let millis = self.0.as_u64_pair().0 >> 16;
                super::Timestamp::from_micros(i64::try_from(millis).unwrap_or(0).saturating_mul(1_000))
            }

            /// Wraps a UUID read from the store.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }

            /// Reads the written form; `None` for anything that is no UUID.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::parse_str(text).ok().map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, out)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, out)
            }
        }
    };
}

uuid_id!(FlowId);
uuid_id!(ExchangeId);

/// The id that the authority gave a request (its `RequestID`, R000-140). Opaque.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(String);

impl RequestId {
    /// Wraps the authority's text, as it came.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The authority's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// The name of a service: lowercase letters, digits and hyphens, starting with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ServiceName(String);

/// The name of an input that an e-service passes: lowercase letters, digits and underscores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct InputName(String);

/// The text is no name of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {kind} is 1 to 64 lowercase letters, digits and `{joiner}`, starting with a letter")]
pub struct NameError {
    kind: &'static str,
    joiner: char,
}

macro_rules! name {
    ($name:ident, $kind:literal, $joiner:literal) => {
        impl $name {
            /// Reads a name.
            ///
            /// # Errors
            /// When a character or the length is not allowed.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                is_name(text, $joiner)
                    .then(|| Self(text.to_owned()))
                    .ok_or(NameError {
                        kind: $kind,
                        joiner: $joiner,
                    })
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(ServiceName, "service name", '-');
name!(InputName, "input name", '_');

fn is_name(text: &str, joiner: char) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == joiner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Timestamp;

    #[test]
    fn ids_sort_by_time_and_are_read_back() {
        let early = FlowId::from_parts(Timestamp::from_micros(1_000_000), [255; 10]);
        let late = FlowId::from_parts(Timestamp::from_micros(2_000_000), [0; 10]);
        assert!(early < late);
        assert_eq!(late.moment(), Timestamp::from_micros(2_000_000));
        assert_eq!(FlowId::parse(&late.to_string()), Some(late));
        assert_eq!(FlowId::parse("nonsense"), None);
    }

    #[test]
    fn names_are_plain() {
        assert!(ServiceName::parse("licence-renewal").is_ok());
        for bad in ["", "Licence", "9lives", "a_b", "a b", "é", &"a".repeat(65)] {
            assert!(ServiceName::parse(bad).is_err(), "{bad}");
        }
        assert!(InputName::parse("licence_no").is_ok());
        assert!(InputName::parse("licence-no").is_err());
    }
}
