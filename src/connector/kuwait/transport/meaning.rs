use reqwest::StatusCode;

use crate::connector::ReplyMeaning;
use crate::connector::kuwait::codes::Codes;
use crate::connector::kuwait::json::KeyMatching;
use crate::connector::kuwait::model::Answer;
use crate::connector::kuwait::prepare::Shape;
use crate::words::RequestId;

/// What a complete reply of the bridge means. Pure.
pub(in crate::connector::kuwait) fn bridge_meaning(
    status: StatusCode,
    body: &[u8],
    shape: Shape,
    codes: &Codes,
    keys: KeyMatching,
) -> ReplyMeaning {
    meaning(status, Answer::parse(body, shape, keys), codes)
}

/// What a reply means, once a transport has read it. One rule for all: only a clear refusal says that nobody was asked;
/// what is neither yes nor no may have arrived, and is never repeated.
pub(super) fn meaning(status: StatusCode, answer: Answer, codes: &Codes) -> ReplyMeaning {
    if status.is_success() {
        match answer {
            Answer::Accepted(id) => ReplyMeaning::Accepted {
                request_id: Some(RequestId::new(id)),
            },
            Answer::Shown(qr) => ReplyMeaning::Shown(qr),
            Answer::Answered => ReplyMeaning::Answered,
            Answer::Error(code) => refused(code, coded(code), codes),
            Answer::Unreadable(why) => ReplyMeaning::Unknown {
                detail: why.to_owned(),
            },
        }
    } else if status.is_client_error() {
        match answer {
            Answer::Error(code) => refused(code, format!("status {status}, {}", coded(code)), codes),
            _ => refused(None, format!("status {status}"), codes),
        }
    } else {
        ReplyMeaning::Unknown {
            detail: format!("status {status}"),
        }
    }
}

/// The authority's own refusal; nobody was asked.
pub(super) fn refused(code: Option<i64>, detail: String, codes: &Codes) -> ReplyMeaning {
    ReplyMeaning::Refused {
        outcome: codes.error(code),
        code,
        detail,
    }
}

pub(super) fn coded(code: Option<i64>) -> String {
    match code {
        Some(code) => format!("the authority answered with error {code}"),
        None => "the authority answered with an error without a code".to_owned(),
    }
}
