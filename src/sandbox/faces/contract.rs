use serde_json::Map;
use serde_json::Value;

use super::Refusal;
use crate::words::Assurance;
use crate::words::CivilNo;
use crate::words::Text;

/// What a service provider asks for: `AuthenticateRequest` (protocol notes, section 3.2), checked.
pub(in crate::sandbox) struct Wanted {
    pub(in crate::sandbox) service_provider_id: String,
    pub(in crate::sandbox) civil_no: CivilNo,
    pub(in crate::sandbox) service: Text,
    pub(in crate::sandbox) reason: Text,
    pub(in crate::sandbox) wants_person: bool,
    pub(in crate::sandbox) callback_url: reqwest::Url,
    pub(in crate::sandbox) additional_data: Option<String>,
    pub(in crate::sandbox) challenge: Option<String>,
    pub(in crate::sandbox) ref_id: Option<String>,
    pub(in crate::sandbox) assurance: Option<Assurance>,
}

impl Wanted {
    /// Reads a request for a push.
    ///
    /// # Errors
    /// Names the first member that does not fit.
    pub(super) fn read(body: &Map<String, Value>, with_level: bool) -> Result<Self, Refusal> {
        Ok(Self {
            service_provider_id: text(body, "ServiceProviderId", 64)?,
            service: Text::new(
                text(body, "ServiceDescriptionAR", DESCRIPTION)?,
                text(body, "ServiceDescriptionEN", DESCRIPTION)?,
            ),
            reason: Text::new(
                text(body, "AuthenticationReasonAr", REASON)?,
                text(body, "AuthenticationReasonEn", REASON)?,
            ),
            wants_person: match body.get("RequestUserDetails") {
                None | Some(Value::Null) => false,
                Some(Value::Bool(wanted)) => *wanted,
                Some(_) => return Err(Refusal::Invalid("RequestUserDetails")),
            },
            callback_url: callback_url(body)?,
            civil_no: civil_no(body, "PersonCivilNo")?,
            additional_data: optional(body, "AdditionalData", REASON)?,
            challenge: optional(body, "Challenge", 32)?,
            ref_id: optional(body, "RefId", 64)?,
            assurance: with_level.then(|| level(body)).transpose()?,
        })
    }
}

/// The members of a JSON object; anything else is refused.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Refusal::Invalid("body")),
    }
}

pub(super) fn civil_no(body: &Map<String, Value>, member: &'static str) -> Result<CivilNo, Refusal> {
    let value = text(body, member, 12)?;
    // Twelve Western digits on the wire, nothing else that a person may type.
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = CivilNo::parse(&value).ok().filter(|_| digits);
    parsed.ok_or(Refusal::Invalid(member))
}

/// A text that is there, not blank, not too long, and without control characters.
pub(super) fn text(
    body: &Map<String, Value>,
    member: &'static str,
    longest: usize,
) -> Result<String, Refusal> {
    let found = optional(body, member, longest)?;
    found
        .filter(|value| !value.trim().is_empty())
        .ok_or(Refusal::Invalid(member))
}

pub(super) fn optional(
    body: &Map<String, Value>,
    member: &'static str,
    longest: usize,
) -> Result<Option<String>, Refusal> {
    match body.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(value)) if fits(value, longest) => Ok(Some(value.clone())),
        Some(_) => Err(Refusal::Invalid(member)),
    }
}

fn fits(value: &str, longest: usize) -> bool {
    value.chars().count() <= longest && !value.chars().any(char::is_control)
}

fn level(body: &Map<String, Value>) -> Result<Assurance, Refusal> {
    let number = body.get("AssuranceLevel").and_then(Value::as_u64);
    Assurance::ALL
        .into_iter()
        .find(|level| number == Some(u64::from(level.wire_level())))
        .ok_or(Refusal::Invalid("AssuranceLevel"))
}

fn callback_url(body: &Map<String, Value>) -> Result<reqwest::Url, Refusal> {
    let value = text(body, "SPCallbackURL", 2048)?;
    let url = reqwest::Url::parse(&value).map_err(|_| Refusal::Invalid("SPCallbackURL"))?;
    let plain = url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    if plain {
        Ok(url)
    } else {
        Err(Refusal::Invalid("SPCallbackURL"))
    }
}

const DESCRIPTION: usize = 100;
const REASON: usize = 250;

#[cfg(test)]
mod tests {
    use super::*;

    fn valid() -> Map<String, Value> {
        object(
            r#"{"ServiceProviderId":"00000000-0000-4000-8000-00000000a001",
            "ServiceDescriptionEN":"Licence renewal","ServiceDescriptionAR":"تجديد الرخصة",
            "AuthenticationReasonEn":"Sign in","AuthenticationReasonAr":"الدخول","RequestUserDetails":true,
            "SPCallbackURL":"https://127.0.0.1:8443/cb/x","PersonCivilNo":"399123100017",
            "AdditionalData":"a","Challenge":"8352","AssuranceLevel":20}"#
                .as_bytes(),
        )
        .unwrap()
    }

    #[test]
    fn a_complete_request_is_read() {
        let wanted = Wanted::read(&valid(), true).ok().unwrap();
        assert_eq!(wanted.assurance, Some(Assurance::Medium));
        assert_eq!(wanted.challenge.as_deref(), Some("8352"));
        assert_eq!(Wanted::read(&valid(), false).ok().unwrap().assurance, None);
    }

    #[test]
    fn each_member_that_does_not_fit_is_named() {
        let long = "x".repeat(251);
        for (member, value) in [
            ("ServiceProviderId", Value::Null),
            ("ServiceDescriptionEN", "  ".into()),
            ("ServiceDescriptionAR", 7.into()),
            ("AuthenticationReasonEn", long.as_str().into()),
            ("AuthenticationReasonAr", "a\u{0007}b".into()),
            ("RequestUserDetails", "true".into()),
            ("SPCallbackURL", "http://127.0.0.1/cb".into()),
            ("SPCallbackURL", "https://u:p@127.0.0.1/cb".into()),
            ("SPCallbackURL", "https://127.0.0.1/cb#x".into()),
            ("PersonCivilNo", "399123100018".into()),
            ("PersonCivilNo", "٣٩٩١٢٣١٠٠٠١٧".into()),
            ("Challenge", Value::Object(Map::new())),
            ("AssuranceLevel", 15.into()),
            ("AssuranceLevel", "20".into()),
        ] {
            let mut body = valid();
            body.insert(member.to_owned(), value);
            assert_eq!(Wanted::read(&body, true).err(), Some(Refusal::Invalid(member)));
        }
        for broken in ["", "[]", "{", "null"] {
            assert_eq!(object(broken.as_bytes()), Err(Refusal::Invalid("body")));
        }
    }
}
