use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::FieldName;
use super::Pii;

/// One value of a declared field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldValue {
    /// A text, as the authority sent it.
    Text(String),
    /// A calendar date, `YYYY-MM-DD`; never a moment, so no time zone can move a birthday.
    Date(String),
    /// A derived claim.
    Flag(bool),
}

/// The declared fields of the person who answered, and nothing else (law 7).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Person(BTreeMap<FieldName, Pii<FieldValue>>);

impl Person {
    /// Puts declared fields together.
    pub fn new(fields: impl IntoIterator<Item = (FieldName, Pii<FieldValue>)>) -> Self {
        Self(fields.into_iter().collect())
    }

    /// The value of one field, if the service declared it and the authority sent it.
    pub fn field(&self, name: &str) -> Option<&Pii<FieldValue>> {
        self.0.get(name)
    }

    /// The fields in the order of their names.
    pub fn fields(&self) -> impl Iterator<Item = (&FieldName, &Pii<FieldValue>)> {
        self.0.iter()
    }

    /// Whether no field is present.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Shows which fields are present, never their values.
impl std::fmt::Debug for Person {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}
