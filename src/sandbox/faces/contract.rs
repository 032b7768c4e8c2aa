use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Map;
use serde_json::Value;

use super::Refusal;
use crate::words::Assurance;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Text;

/// What a service provider asks for: `AuthenticateRequest` (protocol notes, section 3.2), checked.
pub(in crate::sandbox) struct Wanted {
    pub(in crate::sandbox) service_provider_id: String,
    /// The person to push to; nobody where a code is to be scanned.
    pub(in crate::sandbox) civil_no: Option<CivilNo>,
    /// What is to be signed.
    pub(in crate::sandbox) signing: Option<SigningWanted>,
    pub(in crate::sandbox) service: Text,
    pub(in crate::sandbox) reason: Text,
    pub(in crate::sandbox) wants_person: bool,
    /// `None` where the provider asks for the answer by itself.
    pub(in crate::sandbox) callback_url: Option<reqwest::Url>,
    pub(in crate::sandbox) additional_data: Option<String>,
    pub(in crate::sandbox) challenge: Option<String>,
    pub(in crate::sandbox) ref_id: Option<String>,
    pub(in crate::sandbox) assurance: Option<Assurance>,
}

/// What a service provider wants to have signed.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct SigningWanted {
    /// SHA-256 of the document.
    pub(in crate::sandbox) digest: Digest,
    pub(in crate::sandbox) file_name: String,
    /// What the phone shows of it: a text, or the document where it is one.
    pub(in crate::sandbox) preview: Option<String>,
}

/// A notification, checked.
pub(in crate::sandbox) struct NotificationWanted {
    pub(in crate::sandbox) service_provider_id: String,
    pub(in crate::sandbox) civil_no: CivilNo,
    pub(in crate::sandbox) subject: Text,
    pub(in crate::sandbox) message: Text,
}

/// What an operation that asks a person asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Push {
        with_level: bool,
    },
    /// A push whose answer the provider asks for.
    Polled,
    Code {
        with_level: bool,
    },
    Signature,
}

impl NotificationWanted {
    /// Reads a notification.
    ///
    /// # Errors
    /// Names the first member that does not fit.
    pub(super) fn read(body: &Map<String, Value>) -> Result<Self, Refusal> {
        Ok(Self {
            service_provider_id: text(body, "ServiceProviderId", 64)?,
            civil_no: civil_no(body, "PersonCivilNo")?,
            subject: Text::new(
                text(body, "NotificationSubjectAr", DESCRIPTION)?,
                text(body, "NotificationSubjectEn", DESCRIPTION)?,
            ),
            message: Text::new(
                lines(body, "NotificationMessageAr")?,
                lines(body, "NotificationMessageEn")?,
            ),
        })
    }
}

impl SigningWanted {
    fn read(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let decoded = |member: &'static str, longest| {
            let value = text(body, member, longest)?;
            STANDARD.decode(value).map_err(|_| Refusal::Invalid(member))
        };
        let digest = decoded("DataHash", 64)?;
        let digest: [u8; 32] = digest.try_into().map_err(|_| Refusal::Invalid("DataHash"))?;
        if text(body, "HashAlgorithm", 16)? != "SHA256" {
            return Err(Refusal::Invalid("HashAlgorithm"));
        }
        // The sandbox signs as PKCS#1; asking for anything else is said to be wrong instead of being overlooked.
        if text(body, "SigningDatatype", 8)? != "2" {
            return Err(Refusal::Invalid("SigningDatatype"));
        }
        let preview = match body.get("PreviewData") {
            None | Some(Value::Null) => Some(lines(body, "PreviewText")?),
            Some(_) => {
                let bytes = decoded("PreviewData", LONGEST_PREVIEW)?;
                if Digest::of(&bytes) != Digest::from_bytes(digest) {
                    return Err(Refusal::Invalid("PreviewData"));
                }
                String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
            }
        };
        Ok(Self {
            digest: Digest::from_bytes(digest),
            file_name: text(body, "FileName", 128)?,
            preview,
        })
    }
}

impl Wanted {
    /// Reads a request that asks a person.
    ///
    /// # Errors
    /// Names the first member that does not fit.
    pub(super) fn read(body: &Map<String, Value>, asks: Asks) -> Result<Self, Refusal> {
        let with_level = match asks {
            Asks::Push { with_level } | Asks::Code { with_level } => with_level,
            Asks::Polled | Asks::Signature => true,
        };
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
            callback_url: match asks {
                Asks::Polled => None,
                _ => Some(callback_url(body)?),
            },
            civil_no: match asks {
                Asks::Code { .. } => None,
                _ => Some(civil_no(body, "PersonCivilNo")?),
            },
            signing: match asks {
                Asks::Signature => Some(SigningWanted::read(body)?),
                _ => None,
            },
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

/// A text that may have several lines.
fn lines(body: &Map<String, Value>, member: &'static str) -> Result<String, Refusal> {
    let found = body.get(member).and_then(Value::as_str);
    found
        .filter(|value| {
            let plain = value.chars().all(|letter| letter == '\n' || !letter.is_control());
            plain && !value.trim().is_empty() && value.chars().count() <= LONGEST_TEXT
        })
        .map(str::to_owned)
        .ok_or(Refusal::Invalid(member))
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
const LONGEST_TEXT: usize = 1_000;
const LONGEST_PREVIEW: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const PUSH: Asks = Asks::Push { with_level: true };

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
        let wanted = Wanted::read(&valid(), PUSH).ok().unwrap();
        assert_eq!(wanted.assurance, Some(Assurance::Medium));
        assert_eq!(wanted.challenge.as_deref(), Some("8352"));
        let without = Asks::Push { with_level: false };
        assert_eq!(Wanted::read(&valid(), without).ok().unwrap().assurance, None);
    }

    #[test]
    fn who_asks_for_the_answer_names_no_address() {
        let mut body = valid();
        body.remove("SPCallbackURL");
        assert!(Wanted::read(&body, PUSH).is_err());
        assert!(
            Wanted::read(&body, Asks::Polled)
                .ok()
                .unwrap()
                .callback_url
                .is_none()
        );
    }

    #[test]
    fn a_code_is_for_nobody_in_particular() {
        let mut body = valid();
        body.remove("PersonCivilNo");
        let wanted = Wanted::read(&body, Asks::Code { with_level: true }).ok().unwrap();
        assert!(wanted.civil_no.is_none());
        assert_eq!(
            Wanted::read(&body, PUSH).err(),
            Some(Refusal::Invalid("PersonCivilNo"))
        );
    }

    // Law 11: the authority shows a preview only if its digest is the one that is signed.
    #[test]
    fn a_preview_belongs_to_its_digest() {
        let document = b"a contract";
        let signing = |preview: &[u8]| {
            let mut body = valid();
            let digest = STANDARD.encode(Digest::of(document).as_bytes());
            for (name, value) in [
                ("DataHash", digest.as_str()),
                ("HashAlgorithm", "SHA256"),
                ("SigningDatatype", "2"),
                ("FileName", "contract.txt"),
                ("PreviewData", STANDARD.encode(preview).as_str()),
            ] {
                body.insert(name.to_owned(), value.into());
            }
            Wanted::read(&body, Asks::Signature)
        };
        let wanted = signing(document).ok().unwrap().signing.unwrap();
        assert_eq!(wanted.preview.as_deref(), Some("a contract"));
        assert_eq!(signing(b"another").err(), Some(Refusal::Invalid("PreviewData")));
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
            assert_eq!(Wanted::read(&body, PUSH).err(), Some(Refusal::Invalid(member)));
        }
        for broken in ["", "[]", "{", "null"] {
            assert_eq!(object(broken.as_bytes()), Err(Refusal::Invalid("body")));
        }
    }
}
