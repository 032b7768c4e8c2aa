//! The authority's objects, with its names and its casing (protocol notes, sections 3.2 and 3.3).

use std::borrow::Cow;

use serde::Deserialize;
use serde::Serialize;

use super::json::KeyMatching;
use super::json::Node;
use super::json::Value;
use super::prepare::Shape;
use crate::words::QrCode;

/// A request to authenticate one person. Holds personal data, so it has no Debug.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AuthenticateRequest<'a> {
    /// The SP, a GUID.
    pub service_provider_id: Cow<'a, str>,
    /// The name of the service, English.
    #[serde(rename = "ServiceDescriptionEN")]
    pub service_description_en: Cow<'a, str>,
    /// The name of the service, Arabic.
    #[serde(rename = "ServiceDescriptionAR")]
    pub service_description_ar: Cow<'a, str>,
    /// Why the person is asked, English.
    pub authentication_reason_en: Cow<'a, str>,
    /// Why the person is asked, Arabic.
    pub authentication_reason_ar: Cow<'a, str>,
    /// Whether the callback should carry `PersonalData`.
    pub request_user_details: bool,
    /// Where the callback goes.
    #[serde(rename = "SPCallbackURL")]
    pub sp_callback_url: Cow<'a, str>,
    /// The person asked; left out where whoever scans a code answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_civil_no: Option<Cow<'a, str>>,
    /// Ours, echoed in the callback.
    pub additional_data: Cow<'a, str>,
    /// Shown to the person, echoed in the callback.
    pub challenge: Cow<'a, str>,
    /// 10, 20 or 30.
    pub assurance_level: u8,
}

/// What a direct reply says.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// `Data` is a text: the request id.
    Accepted(String),
    /// `Data` is a QR code; its text.
    Shown(QrCode),
    /// `Data` is the answer itself, to be examined once it is recorded.
    Answered,
    /// `Error`, with its code if that is a number.
    Error(Option<i64>),
    /// Neither, or both.
    Unreadable(&'static str),
}

impl Answer {
    /// Reads `{ "Data": …, "Error": null | { "Code": int, "Message": string } }`.
    ///
    /// The message of an error is left where it is: it may hold personal data.
    pub(super) fn parse(body: &[u8], shape: Shape, keys: KeyMatching) -> Self {
        let Ok(root) = Node::parse(body, keys) else {
            return Self::Unreadable("the reply is no JSON");
        };
        let Some(members) = root.members() else {
            return Self::Unreadable("the reply is no object");
        };
        let member = |name: &str| {
            members
                .iter()
                .find(|member| keys.same(&member.key, name))
                .map(|member| &member.node)
                .filter(|node| !node.is_null())
        };
        match (member("Data"), member("Error")) {
            (Some(data), None) => match (shape, &data.value) {
                (Shape::Answer, _) => Self::Answered,
                (Shape::RequestId, Value::Text(id)) => {
                    Self::request_id(id).unwrap_or(Self::Unreadable("`Data` of the reply is no request id"))
                }
                (Shape::RequestId, _) => Self::Unreadable("`Data` of the reply is no request id"),
                (Shape::Qr, Value::Object(members)) => members
                    .iter()
                    .find(|member| keys.same(&member.key, "QRCode"))
                    .and_then(|member| member.node.scalar())
                    .and_then(QrCode::new)
                    .map_or(
                        Self::Unreadable("`QRCode` of the reply is no text of a code"),
                        Self::Shown,
                    ),
                (Shape::Qr, _) => Self::Unreadable("`Data` of the reply is no QR code"),
            },
            (None, Some(error)) => match error.members() {
                Some(members) => Self::Error(
                    members
                        .iter()
                        .find(|member| keys.same(&member.key, "Code"))
                        .and_then(|member| member.node.scalar())
                        .and_then(|code| code.trim().parse().ok()),
                ),
                None => Self::Unreadable("`Error` of the reply is no object"),
            },
            (Some(_), Some(_)) => Self::Unreadable("the reply has both `Data` and `Error`"),
            (None, None) => Self::Unreadable("the reply has neither `Data` nor `Error`"),
        }
    }

    /// A request that was taken under this id; `None` if the text can't be one.
    pub(super) fn request_id(text: &str) -> Option<Self> {
        let id = text.trim();
        is_request_id(id).then(|| Self::Accepted(id.to_owned()))
    }
}

fn is_request_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Answer {
        Answer::parse(body.as_bytes(), Shape::RequestId, KeyMatching::Exact)
    }

    // A QR reply has no request id, and its picture is not looked at.
    #[test]
    fn a_code_is_the_text_of_it() {
        let parse = |body: &str| Answer::parse(body.as_bytes(), Shape::Qr, KeyMatching::Exact);
        let good = r#"{"Data":{"QRCode":"abc","QRCodeImage":"/9j/"},"Error":null}"#;
        assert!(parse(good) == Answer::Shown(QrCode::new("abc").unwrap()));
        for bad in [
            r#"{"Data":"abc"}"#,
            r#"{"Data":{}}"#,
            r#"{"Data":{"QRCode":""}}"#,
            r#"{"Data":{"QRCode":"a\u0007"}}"#,
            r#"{"Data":{"QRCode":["a"]}}"#,
        ] {
            assert!(matches!(parse(bad), Answer::Unreadable(_)), "{bad}");
        }
    }

    #[test]
    fn data_or_error_and_nothing_between() {
        assert!(parse(r#"{"Data":"5b0e","Error":null}"#) == Answer::Accepted("5b0e".to_owned()));
        assert!(parse(r#"{"Data":"5b0e"}"#) == Answer::Accepted("5b0e".to_owned()));
        assert!(parse(r#"{"Data":null,"Error":{"Code":1001,"Message":"x"}}"#) == Answer::Error(Some(1001)));
        assert!(parse(r#"{"Error":{"Code":"1001"}}"#) == Answer::Error(Some(1001)));
        assert!(parse(r#"{"Error":{"Message":"x"}}"#) == Answer::Error(None));
        for bad in [
            "",
            "null",
            "{}",
            r#"{"Data":""}"#,
            r#"{"Data":5}"#,
            r#"{"Data":"a b"}"#,
            r#"{"Data":"x","Error":{"Code":1}}"#,
            r#"{"Error":"broken"}"#,
            r#"{"Data":"a","Data":"b"}"#,
        ] {
            assert!(matches!(parse(bad), Answer::Unreadable(_)), "{bad}");
        }
    }
}
