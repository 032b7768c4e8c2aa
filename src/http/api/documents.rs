use axum::Json;
use axum::extract::Request;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::answer::DocumentAnswer;
use super::flows::idempotency_key;
use super::flows::require_json;
use super::router::ApiState;
use super::router::BODY_TIME;
use super::router::Client;
use crate::engine::NewDocument;
use crate::http::body;
use crate::http::body::BodyError;
use crate::http::members::Members;
use crate::http::problem::ApiProblem;
use crate::http::problem::Details;
use crate::http::problem::HttpCode;

/// Hand a document in
///
/// Keeps the exact bytes, so that the person can read them and sign them. The answer has a preview token: begin a flow
/// with `capability` `sign` and the token as `document`, and send the person to the `page` of the flow. What is signed is
/// the digest of exactly these bytes.
#[utoipa::path(
    post, path = "/v1/documents", tag = "flows", operation_id = "keep_document",
    params(("Idempotency-Key" = Option<String>, Header, description = "Accepted; a document that is handed in twice is kept twice", min_length = 1, max_length = 255)),
    request_body = DocumentRequest,
    responses(
        (status = 201, description = "The document is kept", body = DocumentAnswer),
        (status = 400, description = "`invalid_json`, `invalid_request`", body = Details, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = Details, content_type = "application/problem+json"),
        (status = 408, description = "`request_timeout`", body = Details, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = Details, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = Details, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = Details, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
pub(super) async fn keep(
    State(state): State<ApiState>,
    Client(client): Client,
    request: Request,
) -> Result<Response, ApiProblem> {
    idempotency_key(request.headers())?;
    require_json(request.headers())?;
    let body = body::read(request.into_body(), MOST_BODY, BODY_TIME)
        .await
        .map_err(refused)?;
    let document = read(&body, client)?;
    let kept = state.flows.keep_document(document).await?;
    let answer = DocumentAnswer {
        document: kept.token,
        digest: kept.digest.to_string(),
        size: kept.size,
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

fn read(body: &[u8], client: String) -> Result<NewDocument, ApiProblem> {
    let members = Members::read(body)?;
    members.only(&["name", "media_type", "content"])?;
    let member = members.required("name")?;
    let name = member.text()?;
    // The person reads the name: nothing in it may hide or turn what follows.
    let plain = !name.trim().is_empty() && name.chars().count() <= MOST_NAME && !name.chars().any(is_hidden);
    if !plain {
        return Err(member.refuse("a name of 1 to 128 visible characters is expected here"));
    }
    let member = members.required("media_type")?;
    let media_type = member.text()?;
    if ![TEXT, PDF].contains(&media_type.as_str()) {
        return Err(member.refuse(format!("`{PDF}` or `{TEXT}` is expected here")));
    }
    let member = members.required("content")?;
    let bytes = STANDARD
        .decode(member.text()?)
        .map_err(|_| member.refuse("base64 is expected here"))?;
    let readable = match media_type.as_str() {
        PDF => bytes.starts_with(b"%PDF-"),
        _ => std::str::from_utf8(&bytes).is_ok_and(|text| !text.trim().is_empty()),
    };
    if !readable {
        return Err(member.refuse(format!("these bytes are no {media_type}")));
    }
    Ok(NewDocument {
        client,
        name,
        media_type,
        bytes: bytes.into(),
    })
}

fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn refused(error: BodyError) -> ApiProblem {
    match error {
        BodyError::TooLarge => ApiProblem::http(
            HttpCode::PayloadTooLarge,
            format!("a document has at most {MOST_DOCUMENT} bytes"),
        ),
        other => other.into(),
    }
}

/// The body of `POST /v1/documents`, for the API's description. [`read`] is the reader.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentRequest {
    /// The name, as the person reads it.
    #[schema(example = "contract.pdf", max_length = 128)]
    name: String,
    /// `application/pdf` or `text/plain; charset=utf-8`.
    #[schema(example = "application/pdf")]
    media_type: String,
    /// The exact bytes, base64; at most 5 MiB of them.
    content: String,
}

/// The media types that are shown.
const PDF: &str = "application/pdf";
const TEXT: &str = "text/plain; charset=utf-8";
const MOST_NAME: usize = 128;
const MOST_DOCUMENT: usize = 5 * 1024 * 1024;
/// Base64 takes a third more, and the other members a little.
const MOST_BODY: usize = MOST_DOCUMENT / 3 * 4 + 4 * 1024;
