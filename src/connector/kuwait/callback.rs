//! The callback, read with every quirk that has been seen (protocol notes, section 4.3).

use std::ops::Range;

use super::json::JsonError;
use super::json::KeyMatching;
use super::json::Member;
use super::json::Node;
use super::json::Value;
use crate::connector::Drift;
use crate::connector::DriftKind;
use crate::words::CivilNo;

/// The most bytes of a callback that are looked at; a large portrait fits several times.
pub const MAX_CALLBACK_BYTES: usize = 2 * 1024 * 1024;

/// A callback whose form is right. Nothing in it is believed yet.
pub(super) struct Callback<'a> {
    bytes: &'a [u8],
    /// What was asked, as the authority repeats it.
    pub(super) request: Part<'a>,
    /// What became of it.
    pub(super) result: Part<'a>,
    /// Who answered; empty where the authority sends none.
    pub(super) personal: Part<'a>,
    /// The stamp; empty where there is none.
    pub(super) signature: Part<'a>,
    /// Whether `Signature` ends both the response and the body, so that nothing stands behind it.
    pub(super) signature_is_last: bool,
    /// Members that are in no list of section 4.2, outside `PersonalData`.
    pub(super) unknown: Vec<Drift>,
}

/// One of the four members of the response.
pub(super) struct Part<'a> {
    /// Where its key and its value stand; `None` if the member is missing.
    place: Option<(usize, Range<usize>)>,
    members: Vec<Member<'a>>,
    keys: KeyMatching,
}

/// What stands under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen<'n> {
    /// Missing, `null` or an empty text.
    Absent,
    /// A text or a number, without white space at its ends.
    Text(&'n str),
    /// Something of another shape, which never counts as absent.
    Odd,
}

/// What the authority repeats of the challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeenChallenge<'n> {
    /// Missing, `null` or empty.
    Absent,
    /// The text itself.
    Text(&'n str),
    /// The object form `{ServiceProviderID, Datetime, Prompt}`.
    Object {
        service_provider_id: Seen<'n>,
        prompt: Seen<'n>,
    },
    /// Another shape.
    Odd,
}

/// Why a callback can't be read. Never quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallbackError {
    #[error("the body is larger than {MAX_CALLBACK_BYTES} bytes")]
    TooLarge,
    #[error("the body is no acceptable JSON: {0}")]
    Json(#[from] JsonError),
    #[error("the body has no object `{0}`")]
    Missing(&'static str),
    #[error("`{0}` is neither an object nor null")]
    NoObject(&'static str),
}

impl<'a> Callback<'a> {
    /// Reads the exact bytes of a callback.
    pub(super) fn parse(bytes: &'a [u8], keys: KeyMatching) -> Result<Self, CallbackError> {
        if bytes.len() > MAX_CALLBACK_BYTES {
            return Err(CallbackError::TooLarge);
        }
        let root = Node::parse(bytes, keys)?;
        let Value::Object(mut outer) = root.value else {
            return Err(CallbackError::Missing(ROOT));
        };
        let mut unknown = strange(&outer, &[ROOT], "", keys);
        let root_is_last = outer.last().is_some_and(|member| keys.same(&member.key, ROOT));
        let response = take(&mut outer, ROOT, keys)
            .and_then(|member| match member.node.value {
                Value::Object(members) => Some(members),
                _ => None,
            })
            .ok_or(CallbackError::Missing(ROOT))?;
        unknown.extend(strange(&response, &PARTS, "", keys));
        let signature_is_last = root_is_last
            && response
                .last()
                .is_some_and(|member| keys.same(&member.key, SIGNATURE));

        let mut response = response;
        let request = Part::take(&mut response, REQUEST, keys)?;
        let result = Part::take(&mut response, RESULT, keys)?;
        for (part, name) in [(&request, REQUEST), (&result, RESULT)] {
            if part.members.is_empty() {
                return Err(CallbackError::Missing(name));
            }
        }
        let signature = Part::take(&mut response, SIGNATURE, keys)?;
        for (part, known, place) in [
            (&request, REQUEST_MEMBERS, REQUEST),
            (&result, RESULT_MEMBERS, RESULT),
            (&signature, SIGNATURE_MEMBERS, SIGNATURE),
        ] {
            unknown.extend(strange(&part.members, known, place, keys));
        }
        Ok(Self {
            bytes,
            request,
            result,
            personal: Part::take(&mut response, PERSONAL, keys)?,
            signature,
            signature_is_last,
            unknown,
        })
    }

    /// The whole body.
    pub(super) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The exact bytes of the value of one part; `None` if the member is missing.
    pub(super) fn exact(&self, part: &Part<'_>) -> Option<&'a [u8]> {
        let (_, span) = part.place.as_ref()?;
        self.bytes.get(span.clone())
    }

    /// The challenge, in whichever of its shapes.
    pub(super) fn challenge(&self) -> SeenChallenge<'_> {
        let Some(member) = self.request.member("Challenge") else {
            return SeenChallenge::Absent;
        };
        if let Some(members) = member.node.members() {
            let keys = self.request.keys;
            return SeenChallenge::Object {
                service_provider_id: read(members, "ServiceProviderID", keys),
                prompt: read(members, "Prompt", keys),
            };
        }
        match seen(&member.node) {
            Seen::Absent => SeenChallenge::Absent,
            Seen::Text(text) => SeenChallenge::Text(text),
            Seen::Odd => SeenChallenge::Odd,
        }
    }
}

impl<'a> Part<'a> {
    /// An object that stands elsewhere than in a callback.
    pub(super) const fn of(members: Vec<Member<'a>>, keys: KeyMatching) -> Self {
        Self {
            place: None,
            members,
            keys,
        }
    }

    fn take(
        response: &mut Vec<Member<'a>>,
        name: &'static str,
        keys: KeyMatching,
    ) -> Result<Self, CallbackError> {
        let Some(member) = take(response, name, keys) else {
            return Ok(Self::of(Vec::new(), keys));
        };
        let place = Some((member.at, member.node.span));
        match member.node.value {
            Value::Object(members) => Ok(Self { place, members, keys }),
            Value::Null => Ok(Self {
                place,
                members: Vec::new(),
                keys,
            }),
            _ => Err(CallbackError::NoObject(name)),
        }
    }

    /// What stands under a name.
    pub(super) fn read(&self, name: &str) -> Seen<'_> {
        read(&self.members, name, self.keys)
    }

    /// What stands under a name of an object inside this part.
    pub(super) fn read_in(&self, object: &str, name: &str) -> Seen<'_> {
        match self.member(object) {
            None => Seen::Absent,
            Some(member) if member.node.is_null() => Seen::Absent,
            Some(member) => match member.node.members() {
                Some(members) => read(members, name, self.keys),
                None => Seen::Odd,
            },
        }
    }

    /// Names of members that carry something, in their order.
    pub(super) fn present_names(&self) -> impl Iterator<Item = &str> {
        self.members
            .iter()
            .filter(|member| !matches!(seen(&member.node), Seen::Absent))
            .map(|member| member.key.as_ref())
    }

    /// The members that are not in this list.
    pub(super) fn strange(&self, known: &[&str], place: &str) -> Vec<Drift> {
        strange(&self.members, known, place, self.keys)
    }

    /// Whether two names are the same under the key matching of this callback.
    pub(super) fn same_name(&self, one: &str, other: &str) -> bool {
        self.keys.same(one, other)
    }

    /// Where the key of this part begins, at its opening quote.
    pub(super) fn key_at(&self) -> Option<usize> {
        self.place.as_ref().map(|(at, _)| *at)
    }

    fn member(&self, name: &str) -> Option<&Member<'a>> {
        self.members
            .iter()
            .find(|member| self.keys.same(&member.key, name))
    }
}

/// The name of an unexpected member as it may stand in a record: names are the authority's, but a forger
/// could write anything there, so what does not look like a name becomes `?`.
pub(super) fn recordable_name(name: &str) -> String {
    let plain = name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain && !holds_civil_no(name) {
        name.to_owned()
    } else {
        "?".to_owned()
    }
}

/// Whether a civil number stands somewhere in a text.
pub(super) fn holds_civil_no(text: &str) -> bool {
    let windows = text.as_bytes().windows(CIVIL_NO_DIGITS);
    windows
        .filter(|window| window.iter().all(u8::is_ascii_digit))
        .filter_map(|digits| std::str::from_utf8(digits).ok())
        .any(|digits| CivilNo::parse(digits).is_ok())
}

fn take<'a>(members: &mut Vec<Member<'a>>, name: &str, keys: KeyMatching) -> Option<Member<'a>> {
    let at = members.iter().position(|member| keys.same(&member.key, name))?;
    Some(members.swap_remove(at))
}

fn read<'n>(members: &'n [Member<'_>], name: &str, keys: KeyMatching) -> Seen<'n> {
    members
        .iter()
        .find(|member| keys.same(&member.key, name))
        .map_or(Seen::Absent, |member| seen(&member.node))
}

fn seen<'n>(node: &'n Node<'_>) -> Seen<'n> {
    if node.is_null() {
        return Seen::Absent;
    }
    match node.scalar().map(str::trim) {
        Some("") => Seen::Absent,
        Some(text) => Seen::Text(text),
        None => Seen::Odd,
    }
}

fn strange(members: &[Member<'_>], known: &[&str], place: &str, keys: KeyMatching) -> Vec<Drift> {
    members
        .iter()
        .filter(|member| !known.iter().any(|name| keys.same(&member.key, name)))
        .map(|member| {
            let name = recordable_name(&member.key);
            Drift {
                kind: DriftKind::Member,
                name: if place.is_empty() {
                    name
                } else {
                    format!("{place}.{name}")
                },
                sample: shape(&member.node),
            }
        })
        .collect()
}

/// What a value looks like, without anything of it.
fn shape(node: &Node<'_>) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(digits) => format!("number of {} characters", digits.len()),
        Value::Text(text) => format!("text of {} characters", text.chars().count()),
        Value::Array(items) => format!("list of {}", items.len()),
        Value::Object(members) => format!("object of {} members", members.len()),
    }
}

const CIVIL_NO_DIGITS: usize = 12;
const ROOT: &str = "MIDAuthSignResponse";
const REQUEST: &str = "RequestDetails";
const RESULT: &str = "ResultDetails";
const PERSONAL: &str = "PersonalData";
const SIGNATURE: &str = "Signature";
const PARTS: [&str; 4] = [REQUEST, RESULT, PERSONAL, SIGNATURE];
const REQUEST_MEMBERS: &[&str] = &[
    "RequestID",
    "RequestType",
    "ServiceProviderId",
    "CivilNo",
    "Challenge",
    "AdditionalData",
];
const RESULT_MEMBERS: &[&str] = &[
    "ResultCode",
    "UserAction",
    "UserCivilNo",
    "UserCertificate",
    "SignatureData",
    "SigningData",
    "HashAlgorithm",
    "SigningDatatype",
    "TransactionDate",
];
const SIGNATURE_MEMBERS: &[&str] = &["SignatureData", "SigningCertificate"];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Callback<'_>, CallbackError> {
        Callback::parse(body.as_bytes(), KeyMatching::Exact)
    }

    fn with(request: &str, rest: &str) -> String {
        format!(
            r#"{{"MIDAuthSignResponse":{{"RequestDetails":{request},"ResultDetails":{{"ResultCode":1}}{rest}}}}}"#
        )
    }

    #[test]
    fn the_exact_bytes_of_each_part_are_kept() {
        let body = "{ \"MIDAuthSignResponse\" : {\n \"ResultDetails\": {\"a\" : 1} , \"RequestDetails\":{ \"b\":2 }, \
                    \"PersonalData\" : null } }";
        let callback = parse(body).ok().unwrap();
        assert_eq!(callback.exact(&callback.result), Some(&b"{\"a\" : 1}"[..]));
        assert_eq!(callback.exact(&callback.request), Some(&b"{ \"b\":2 }"[..]));
        assert_eq!(callback.exact(&callback.personal), Some(&b"null"[..]));
        assert_eq!(callback.exact(&callback.signature), None);
        assert!(!callback.signature_is_last);
    }

    #[test]
    fn texts_and_numbers_read_the_same() {
        let body = with(
            r#"{"RequestID":" x ","RequestType":1,"CivilNo":"","AdditionalData":{"a":1},"Challenge":null}"#,
            "",
        );
        let callback = parse(&body).ok().unwrap();
        assert_eq!(callback.request.read("RequestID"), Seen::Text("x"));
        assert_eq!(callback.request.read("RequestType"), Seen::Text("1"));
        assert_eq!(callback.request.read("CivilNo"), Seen::Absent);
        assert_eq!(callback.request.read("AdditionalData"), Seen::Odd);
        assert_eq!(callback.request.read("ServiceProviderId"), Seen::Absent);
        assert_eq!(callback.challenge(), SeenChallenge::Absent);
    }

    #[test]
    fn the_challenge_has_three_shapes() {
        for (json, expected) in [
            (r#""8352""#, SeenChallenge::Text("8352")),
            ("8352", SeenChallenge::Text("8352")),
            (
                r#"{"ServiceProviderID":"a","Datetime":"b","Prompt":"8352"}"#,
                SeenChallenge::Object {
                    service_provider_id: Seen::Text("a"),
                    prompt: Seen::Text("8352"),
                },
            ),
            ("[1]", SeenChallenge::Odd),
            ("true", SeenChallenge::Odd),
        ] {
            let body = with(&format!(r#"{{"Challenge":{json}}}"#), "");
            assert_eq!(parse(&body).ok().unwrap().challenge(), expected, "{json}");
        }
    }

    #[test]
    fn spaced_keys_and_unknown_members_are_accepted_and_named() {
        let body = with(
            r#"{"RequestID ":"x","Strange":1,"399123100017":2}"#,
            r#","PersonalData":{"GovData":{"MOIReference ":"m"}},"New":1"#,
        );
        let callback = parse(&body).ok().unwrap();
        assert_eq!(callback.request.read("RequestID"), Seen::Text("x"));
        assert_eq!(
            callback.personal.read_in("GovData", "MOIReference"),
            Seen::Text("m")
        );
        let told: Vec<_> = callback.unknown.iter().map(|drift| drift.name.as_str()).collect();
        assert_eq!(told, ["New", "RequestDetails.Strange", "RequestDetails.?"]);
        assert_eq!(callback.unknown.first().unwrap().sample, "number of 1 characters");
    }

    // Law 13: a name of a member is recorded, so a civil number hidden in one must not pass for a name.
    #[test]
    fn a_name_with_a_civil_number_in_it_is_not_recorded() {
        for name in ["x399123100017", "Person399123100017", "a_399123100017_b"] {
            assert_eq!(recordable_name(name), "?");
        }
        assert_eq!(recordable_name("x399123100018"), "x399123100018");
    }

    #[test]
    fn camel_case_is_an_opt_in() {
        let body = r#"{"midAuthSignResponse":{"requestDetails":{"requestId":"x"},"resultDetails":{"resultCode":1}}}"#;
        assert!(parse(body).is_err());
        let callback = Callback::parse(body.as_bytes(), KeyMatching::IgnoreCase)
            .ok()
            .unwrap();
        assert_eq!(callback.request.read("RequestID"), Seen::Text("x"));
    }

    #[test]
    fn other_shapes_are_refused() {
        for bad in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"MIDAuthSignResponse":null}"#,
            r#"{"MIDAuthSignResponse":{}}"#,
            r#"{"MIDAuthSignResponse":{"RequestDetails":{"a":1},"ResultDetails":null}}"#,
            &with("[]", ""),
            &with(r#"{"a":1}"#, r#","PersonalData":"x""#),
            &with(r#"{"a":1}"#, r#","Signature":7"#),
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            Callback::parse(&vec![b' '; MAX_CALLBACK_BYTES + 1], KeyMatching::Exact).err(),
            Some(CallbackError::TooLarge)
        );
    }
}
