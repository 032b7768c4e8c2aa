use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de;
use serde_json::value::RawValue;

use super::problem::ApiProblem;
use super::problem::HttpCode;

/// The members of a JSON object, each still as its exact text, so that every fault has a line and a column.
///
/// Stricter than JSON asks: a member that comes twice is refused, because two readers of the same bytes may
/// take different ones.
pub(super) struct Members<'a> {
    body: &'a str,
    pointer: String,
    members: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

/// One member with its place.
#[derive(Clone)]
pub(super) struct Member<'a> {
    body: &'a str,
    pointer: String,
    raw: &'a RawValue,
}

impl<'a> Members<'a> {
    /// Reads a whole body.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, ApiProblem> {
        let body = std::str::from_utf8(bytes).map_err(|error| {
            let (line, column) = place(&String::from_utf8_lossy(bytes), error.valid_up_to());
            ApiProblem::http(HttpCode::InvalidJson, "the body is not UTF-8").at_place(line, column)
        })?;
        Self::of_object(body, body, String::new())
    }

    fn of_object(body: &'a str, text: &'a str, pointer: String) -> Result<Self, ApiProblem> {
        let object: Object<'a> = serde_json::from_str(text).map_err(|error| {
            let (line, column) = place(body, offset(body, text) + error_offset(text, &error));
            let problem = ApiProblem::http(HttpCode::InvalidJson, what(&error)).at_place(line, column);
            if pointer.is_empty() {
                problem
            } else {
                problem.at_member(pointer.clone())
            }
        })?;
        Ok(Self {
            body,
            pointer,
            members: object.0,
        })
    }

    /// Refuses every member that is not in `known`, with the nearest known name.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ApiProblem> {
        let Some((name, raw)) = self
            .members
            .iter()
            .find(|(name, _)| !known.contains(&name.as_ref()))
        else {
            return Ok(());
        };
        let shown = shown_name(name);
        let detail = match nearest(name, known) {
            Some(near) => format!("{shown} is no member here; did you mean `{near}`?"),
            None => format!("{shown} is no member here; the members are {}", list(known)),
        };
        let member = self.member(name, raw);
        Err(member.refuse(detail))
    }

    /// A member that may be absent; `null` counts as absent.
    pub(super) fn optional(&self, name: &str) -> Option<Member<'a>> {
        let raw = self.members.get(name)?;
        (raw.get() != "null").then(|| self.member(name, raw))
    }

    /// A member that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<Member<'a>, ApiProblem> {
        self.optional(name).ok_or_else(|| {
            ApiProblem::http(HttpCode::InvalidRequest, format!("`{name}` is missing"))
                .at_member(format!("{}/{name}", self.pointer))
        })
    }

    /// Every member, in the order of names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Member<'a>)> {
        self.members
            .iter()
            .map(|(name, raw)| (name.as_ref(), self.member(name, raw)))
    }

    fn member(&self, name: &str, raw: &'a RawValue) -> Member<'a> {
        let name = if is_plain_name(name) { name } else { "?" };
        Member {
            body: self.body,
            pointer: format!("{}/{name}", self.pointer),
            raw,
        }
    }
}

impl<'a> Member<'a> {
    /// The member as a text.
    pub(super) fn text(&self) -> Result<String, ApiProblem> {
        serde_json::from_str(self.raw.get()).map_err(|_| self.refuse("a text is expected here"))
    }

    /// The member as an object.
    pub(super) fn object(&self) -> Result<Members<'a>, ApiProblem> {
        if !self.raw.get().starts_with('{') {
            return Err(self.refuse("an object is expected here"));
        }
        Members::of_object(self.body, self.raw.get(), self.pointer.clone())
    }

    /// The member as a text, a number or a truth value.
    pub(super) fn scalar(&self) -> Result<serde_json::Value, ApiProblem> {
        let value = serde_json::from_str(self.raw.get()).ok();
        value
            .filter(|value: &serde_json::Value| value.is_string() || value.is_number() || value.is_boolean())
            .ok_or_else(|| self.refuse("a text, a number, true or false is expected here"))
    }

    /// The member as one of a few words.
    pub(super) fn word<T>(
        &self,
        known: &[&str],
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ApiProblem> {
        let text = self.text()?;
        read(&text).ok_or_else(|| {
            let hint =
                nearest(&text, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            self.refuse(format!("one of {} is expected here{hint}", list(known)))
        })
    }

    /// A problem that points here.
    pub(super) fn refuse(&self, detail: impl Into<String>) -> ApiProblem {
        self.point(ApiProblem::http(HttpCode::InvalidRequest, detail))
    }

    /// The same problem, pointing here.
    pub(super) fn point(&self, problem: ApiProblem) -> ApiProblem {
        let (line, column) = place(self.body, offset(self.body, self.raw.get()));
        problem.at_member(self.pointer.clone()).at_place(line, column)
    }
}

struct Object<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Object<'de>;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
                    if members.len() == MOST_MEMBERS {
                        return Err(de::Error::custom(format_args!(
                            "an object has at most {MOST_MEMBERS} members"
                        )));
                    }
                    if members.contains_key(&name) {
                        return Err(de::Error::custom(format_args!(
                            "{} comes twice",
                            shown_name(&name)
                        )));
                    }
                    let value: &RawValue = map.next_value()?;
                    members.insert(name, value);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Name<'de>;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// The nearest known name, if it is near enough to be a slip of the fingers.
pub(super) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    if name.len() > 64 {
        return None;
    }
    known
        .iter()
        .map(|candidate| (strsim::osa_distance(name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

/// A name from outside is repeated only if it is plain: it may hold anything, personal data included.
fn shown_name(name: &str) -> String {
    if is_plain_name(name) {
        format!("`{name}`")
    } else {
        "a member with an unusual name".to_owned()
    }
}

fn is_plain_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'-')
}

fn list(known: &[&str]) -> String {
    known
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What serde_json says, without its place. An error about a type would repeat the value, which may be
/// personal, so it is worded anew.
fn what(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    if text.starts_with("invalid type") {
        "an object is expected here".to_owned()
    } else {
        text.to_owned()
    }
}

/// Where serde_json stopped, in bytes of its text. Its columns count bytes from 1, and 0 is a line's end.
fn error_offset(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    (before + error.column().saturating_sub(1)).min(text.len())
}

/// Where `part` begins in `whole`, which it is a part of.
fn offset(whole: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

/// Line and column, in characters from 1, of a byte.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text
        .char_indices()
        .take_while(|(at, _)| *at < offset)
        .map(|(_, letter)| letter);
    before.fold((1, 1), |(line, column), letter| match letter {
        '\n' => (line + 1, 1),
        _ => (line, column + 1),
    })
}

const MOST_MEMBERS: usize = 64;
