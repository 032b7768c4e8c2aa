use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;

use crate::sandbox::handle::SandboxHandle;
use crate::sandbox::ledger::LedgerSnapshot;
use crate::sandbox::scenario::Scenario;
use crate::words::Purpose;

/// The citizens, named ones first.
pub(super) async fn citizens(State(sandbox): State<SandboxHandle>) -> Json<Value> {
    let rows = sandbox.citizens().iter().map(|citizen| {
        json!({
            "civil_no": citizen.civil_no.expose(Purpose::Wire),
            "name": citizen.name,
            "assurance": citizen.assurance,
            "ending": citizen.ending.as_str(),
            "crowd": citizen.of_the_crowd,
            "birth_date": citizen.birth_date,
            "about": citizen.about,
        })
    });
    Json(rows.collect())
}

/// The codes that are shown somewhere and wait for somebody to scan them.
pub(super) async fn codes(State(sandbox): State<SandboxHandle>) -> Json<Value> {
    let rows = sandbox.state.open_codes().into_iter().map(|asked| {
        json!({
            "text": asked.code,
            "service": asked.service,
            "request": asked.id,
            "expires_at": asked.expires_at.to_string(),
        })
    });
    Json(rows.collect())
}

/// The code that a citizen's card shows now.
pub(super) async fn card(State(sandbox): State<SandboxHandle>, Path(civil_no): Path<String>) -> Response {
    match sandbox.state.show_card(&civil_no) {
        Some(shown) => Json(json!({
            "text": shown.code.text(),
            "svg": shown.code.svg(),
            "at": shown.at.to_string(),
        }))
        .into_response(),
        None => (
            StatusCode::NOT_FOUND,
            Json(json!({ "error": "nobody here has a card with this civil number" })),
        )
            .into_response(),
    }
}

/// The scenarios.
pub(super) async fn scenarios() -> Json<Value> {
    let rows = Scenario::ALL.into_iter().map(|scenario| {
        json!({
            "name": scenario.as_str(),
            "does": { "ar": scenario.ar(), "en": scenario.en() },
            "may_approve": scenario.may_approve(),
        })
    });
    Json(rows.collect())
}

/// The list of revoked certificates, as authorities publish theirs.
pub(super) async fn revocation_list(State(sandbox): State<SandboxHandle>) -> Response {
    match sandbox.revocation_list() {
        Some(list) => ([(header::CONTENT_TYPE, "application/pkix-crl")], list).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What the responder says of a certificate (OCSP by POST: RFC 6960, A.1).
pub(super) async fn responder(State(sandbox): State<SandboxHandle>, body: Bytes) -> Response {
    match sandbox.respond(&body) {
        Some(answer) => ([(header::CONTENT_TYPE, "application/ocsp-response")], answer).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// A time-stamp (RFC 3161, 3.4).
pub(super) async fn time_stamper(State(sandbox): State<SandboxHandle>, body: Bytes) -> Response {
    match sandbox.time_stamp(&body) {
        Some(answer) => ([(header::CONTENT_TYPE, "application/timestamp-reply")], answer).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// What was received and sent.
pub(super) async fn ledger(State(sandbox): State<SandboxHandle>) -> Json<LedgerSnapshot> {
    Json(sandbox.ledger())
}
