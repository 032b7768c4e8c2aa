use super::base64::Blob;
use super::callback::Callback;
use super::callback::Seen;
use super::callback::holds_civil_no;
use super::callback::recordable_name;
use super::codes::Codes;
use super::codes::RequestType;
use super::codes::ResultCode;
use super::codes::UserAction;
use super::date::moment;
use super::person;
use super::stamp::StampBlobs;
use crate::connector::Claims;
use crate::connector::Drift;
use crate::connector::Expected;
use crate::words::RequestId;

/// What the callback claims, believed or not. Texts that could hold anything are kept only if they look like
/// what they should be.
pub(super) fn claims(
    callback: &Callback<'_>,
    blobs: &Blobs<'_>,
    codes: &Codes,
    expected: &Expected<'_>,
) -> Claims {
    let last = |drift: &Drift| drift.name.rsplit('.').next().unwrap_or_default().to_owned();
    let mut dropped: Vec<String> = callback.unknown.iter().map(last).collect();
    dropped.extend(person::undeclared_names(&callback.personal, expected.fields));
    dropped.truncate(MAX_NAMES);
    let mut drift = callback.unknown.clone();
    drift.extend(person::strange(&callback.personal));
    drift.extend(strange_codes(callback, codes));
    drift.truncate(MAX_NAMES);
    Claims {
        request_id: recordable_id(callback.request.read("RequestID")),
        result_code: recordable_code(callback.result.read("ResultCode")),
        user_action: recordable_code(callback.result.read("UserAction")),
        user_signature: blobs.user_signature.digest(),
        user_certificate: blobs.user_certificate.digest(),
        kept_fields: Vec::new(),
        dropped_fields: dropped,
        stamp: blobs.stamp.signature.digest(),
        stamp_signer: blobs.stamp.certificate.digest(),
        claimed_at: match callback.result.read("TransactionDate") {
            Seen::Text(text) => moment(text),
            Seen::Absent | Seen::Odd => None,
        },
        drift,
    }
}

/// Codes that are in no table.
fn strange_codes(callback: &Callback<'_>, codes: &Codes) -> Vec<Drift> {
    let text = |seen| recordable_code(seen).unwrap_or_else(|| "no text".to_owned());
    let (result, action) = (
        callback.result.read("ResultCode"),
        callback.result.read("UserAction"),
    );
    let kind = callback.request.read("RequestType");
    let unknown = |seen, known: &dyn Fn(&str) -> bool| match seen {
        Seen::Absent => false,
        Seen::Text(text) => !known(text),
        Seen::Odd => true,
    };
    let found = [
        (
            "ResultCode",
            result,
            unknown(result, &|text| codes.result(text) != ResultCode::Unknown),
        ),
        (
            "UserAction",
            action,
            unknown(action, &|text| Codes::action(text) != UserAction::Unknown),
        ),
        (
            "RequestType",
            kind,
            unknown(kind, &|text| Codes::request_type(text) != RequestType::Unknown),
        ),
    ];
    found
        .into_iter()
        .filter(|(.., strange)| *strange)
        .map(|(name, seen, _)| Drift::code(name, text(seen)))
        .collect()
}

fn recordable_id(seen: Seen<'_>) -> Option<RequestId> {
    let Seen::Text(text) = seen else { return None };
    let plain = text.len() <= 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    // By chance the digits of a GUID can look like a civil number.
    let harmless = uuid::Uuid::try_parse(text).is_ok() || !holds_civil_no(text);
    (plain && harmless).then(|| RequestId::new(text))
}

fn recordable_code(seen: Seen<'_>) -> Option<String> {
    let Seen::Text(text) = seen else { return None };
    let number = text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    Some(if number {
        text.to_owned()
    } else {
        recordable_name(text)
    })
}

/// What a callback carries in base64, decoded once for all who look at it.
pub(super) struct Blobs<'n> {
    pub(super) user_signature: Blob<'n>,
    pub(super) user_certificate: Blob<'n>,
    pub(super) stamp: StampBlobs<'n>,
}

impl<'n> Blobs<'n> {
    pub(super) fn of(callback: &'n Callback<'_>) -> Self {
        Self {
            user_signature: Blob::read(callback.result.read("SignatureData")),
            user_certificate: Blob::read(callback.result.read("UserCertificate")),
            stamp: StampBlobs::of(callback),
        }
    }
}

/// How many names of undeclared members a record takes.
const MAX_NAMES: usize = 64;
