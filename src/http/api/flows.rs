use std::time::Duration;

use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Serialize;

use super::answer::FlowAnswer;
use super::answer::StartedAnswer;
use super::json::Json;
use super::request;
use super::router::ApiState;
use super::router::BODY_TIME;
use super::router::Client;
use super::router::MOST_BODY;
use crate::engine::Problem;
use crate::engine::ProblemCode;
use crate::engine::Started;
use crate::http::body;
use crate::http::body::BodyError;
use crate::http::members::nearest;
use crate::http::problem::ApiProblem;
use crate::http::problem::Details;
use crate::http::problem::HttpCode;
use crate::words::FlowId;

/// Begin a flow
///
/// Asks the person; the answer comes later. Nothing is sent before it is recorded. With an
/// `Idempotency-Key`, the same request may be sent again: the flow begins once.
#[utoipa::path(
    post, path = "/v1/flows", tag = "flows", operation_id = "start_flow",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters", min_length = 1, max_length = 255)),
    request_body = super::request::FlowRequest,
    responses(
        (status = 201, description = "The flow has begun, or had begun under the same key", body = StartedAnswer),
        (status = 400, description = "`invalid_json`, `invalid_request`", body = Details, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = Details, content_type = "application/problem+json"),
        (status = 403, description = "`texts_not_approved`", body = Details, content_type = "application/problem+json"),
        (status = 408, description = "`request_timeout`", body = Details, content_type = "application/problem+json"),
        (status = 409, description = "`idempotency_conflict`, `retry_not_allowed`", body = Details, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = Details, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = Details, content_type = "application/problem+json"),
        (status = 422, description = "`unknown_service`, `service_has_steps`, `capability_not_declared`, `channel_not_declared`, `invalid_civil_no`, `invalid_input`, `qr_not_on_mobile`, `unknown_template`, `invalid_document`", body = Details, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_requests`", body = Details, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`, `shutting_down`", body = Details, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
pub(super) async fn start(
    State(state): State<ApiState>,
    Client(client): Client,
    request: Request,
) -> Result<Response, ApiProblem> {
    let key = idempotency_key(request.headers())?;
    require_json(request.headers())?;
    let body = body::read(request.into_body(), MOST_BODY, BODY_TIME).await?;
    let wanted = request::read(&body, client.clone(), key, state.settings.development)?;
    let started = state.flows.start(wanted).await?;
    let page = page_of(&state, &client, started.view.flow);
    Ok(begun(&started, page))
}

fn begun(started: &Started, page: String) -> Response {
    let location = format!("/v1/flows/{}", started.view.flow);
    created(&location, StartedAnswer::new(started, page), started.repeated)
}

/// The answer to what has begun, or had begun under the same key.
pub(super) fn created(location: &str, answer: impl Serialize, repeated: bool) -> Response {
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if repeated {
        response
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// Renew a code
///
/// Begins the same flow again in the place of one whose code runs out, under an id of its own. The one before ends as
/// `other.superseded` and names the new one; an approval of it that comes later is recorded and changes nothing. Only for
/// `auth_qr`: a second push would teach people to approve.
#[utoipa::path(
    post, path = "/v1/flows/{flow}/renew", tag = "flows", operation_id = "renew_flow",
    params(
        ("flow" = String, Path, description = "The id of the flow"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters", min_length = 1, max_length = 255),
    ),
    responses(
        (status = 201, description = "The new flow", body = StartedAnswer),
        (status = 401, description = "`unauthorized`", body = Details, content_type = "application/problem+json"),
        (status = 404, description = "`unknown_flow`", body = Details, content_type = "application/problem+json"),
        (status = 409, description = "`flow_ended`, `renewal_not_allowed`, `idempotency_conflict`", body = Details, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_requests`", body = Details, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`, `shutting_down`", body = Details, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
pub(super) async fn renew(
    State(state): State<ApiState>,
    Client(client): Client,
    Path(flow): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    let key = idempotency_key(&headers)?;
    let flow = flow_id(&flow)?;
    let started = state.flows.renew(&client, flow, key).await?;
    let page = page_of(&state, &client, started.view.flow);
    Ok(begun(&started, page))
}

/// Read a flow
///
/// With `wait`, the answer comes as soon as the flow has ended, or when the seconds are over.
#[utoipa::path(
    get, path = "/v1/flows/{flow}", tag = "flows", operation_id = "read_flow",
    params(
        ("flow" = String, Path, description = "The id of the flow"),
        ("wait" = Option<u64>, Query, description = "Seconds to wait for the end; more than 60 counts as 60", example = 30),
    ),
    responses(
        (status = 200, description = "The flow as it stands", body = FlowAnswer),
        (status = 400, description = "`invalid_request`", body = Details, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = Details, content_type = "application/problem+json"),
        (status = 404, description = "`unknown_flow`: there is none, or it belongs to another client", body = Details, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
pub(super) async fn read(
    State(state): State<ApiState>,
    Client(client): Client,
    Path(flow): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<FlowAnswer>, ApiProblem> {
    let wait = read_wait(query.as_deref().unwrap_or_default())?;
    let flow = flow_id(&flow)?;
    let view = match wait {
        Some(time) => state.flows.wait(&client, flow, time).await?,
        None => state.flows.view(&client, flow).await?,
    };
    let answer = FlowAnswer::new(&view, || page_of(&state, &client, flow));
    Ok(Json(answer))
}

/// Cancel a flow
///
/// The flow ends as `other.cancelled`, unless an answer that has arrived already ends it otherwise. An
/// answer that comes later is recorded and changes nothing.
#[utoipa::path(
    post, path = "/v1/flows/{flow}/cancel", tag = "flows", operation_id = "cancel_flow",
    params(
        ("flow" = String, Path, description = "The id of the flow"),
        ("Idempotency-Key" = Option<String>, Header, description = "Accepted; cancelling twice is the same as once", min_length = 1, max_length = 255),
    ),
    responses(
        (status = 200, description = "The flow as it stands", body = FlowAnswer),
        (status = 401, description = "`unauthorized`", body = Details, content_type = "application/problem+json"),
        (status = 404, description = "`unknown_flow`", body = Details, content_type = "application/problem+json"),
        (status = 409, description = "`flow_ended`", body = Details, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = Details, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
pub(super) async fn cancel(
    State(state): State<ApiState>,
    Client(client): Client,
    Path(flow): Path<String>,
    headers: HeaderMap,
) -> Result<Json<FlowAnswer>, ApiProblem> {
    idempotency_key(&headers)?;
    let flow = flow_id(&flow)?;
    let view = state.flows.cancel(&client, flow).await?;
    let answer = FlowAnswer::new(&view, || page_of(&state, &client, flow));
    Ok(Json(answer))
}

/// Report a flow
///
/// Says that the person did not ask for this flow, as the e-service knows: from its call centre, or from the person's own
/// account. A flow that runs ends as `declined.not_me`; one that has ended stays as it is. Either way it is recorded, and no
/// request goes to the person's phone for as long as `push_safety.not_me` of the organization says.
#[utoipa::path(
    post, path = "/v1/flows/{flow}/not-me", tag = "flows", operation_id = "report_flow",
    params(
        ("flow" = String, Path, description = "The id of the flow"),
        ("Idempotency-Key" = Option<String>, Header, description = "Accepted; reporting twice is the same as once", min_length = 1, max_length = 255),
    ),
    responses(
        (status = 200, description = "The flow as it stands", body = FlowAnswer),
        (status = 401, description = "`unauthorized`", body = Details, content_type = "application/problem+json"),
        (status = 404, description = "`unknown_flow`", body = Details, content_type = "application/problem+json"),
        (status = 409, description = "`report_too_late`", body = Details, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = Details, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
pub(super) async fn not_me(
    State(state): State<ApiState>,
    Client(client): Client,
    Path(flow): Path<String>,
    headers: HeaderMap,
) -> Result<Json<FlowAnswer>, ApiProblem> {
    idempotency_key(&headers)?;
    let flow = flow_id(&flow)?;
    let view = state.flows.report_not_me(&client, flow).await?;
    let answer = FlowAnswer::new(&view, || page_of(&state, &client, flow));
    Ok(Json(answer))
}

/// The address of the page of a flow.
pub(super) fn page_of(state: &ApiState, client: &str, flow: FlowId) -> String {
    let handle = state.settings.page_key.handle(client, flow);
    format!("{}/f/{handle}", state.settings.public_base)
}

/// The id in a path. A malformed one is as unknown as a wrong one.
pub(super) fn flow_id(text: &str) -> Result<FlowId, ApiProblem> {
    FlowId::parse(text).ok_or_else(|| {
        ApiProblem::from(Problem {
            code: ProblemCode::UnknownFlow,
            detail: "there is no such flow, or it belongs to another client".to_owned(),
            retry_after: None,
        })
    })
}

impl From<BodyError> for ApiProblem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::http(
                HttpCode::PayloadTooLarge,
                format!("a request has at most {MOST_BODY} bytes"),
            ),
            BodyError::TooSlow => Self::http(
                HttpCode::RequestTimeout,
                format!(
                    "the whole body has to arrive within {} seconds",
                    BODY_TIME.as_secs()
                ),
            ),
            BodyError::Broken => Self::http(HttpCode::InvalidRequest, "the body broke off"),
        }
    }
}

pub(super) fn read_wait(query: &str) -> Result<Option<Duration>, ApiProblem> {
    let mut wait = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name != "wait" {
            let hint = nearest(name, &["wait"]).map_or("", |_| "; did you mean `wait`?");
            return Err(ApiProblem::http(
                HttpCode::InvalidRequest,
                format!("this path has the parameter `wait` only{hint}"),
            ));
        }
        let seconds = value
            .parse::<u64>()
            .ok()
            .filter(|_| wait.is_none() && value.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(|| {
                ApiProblem::http(
                    HttpCode::InvalidRequest,
                    "`wait` is a whole number of seconds, given once",
                )
            })?;
        wait = Some(Duration::from_secs(seconds.min(60)));
    }
    Ok(wait)
}

pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiProblem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let visible = |byte: &u8| byte.is_ascii_graphic();
    let good =
        values.next().is_none() && (1..=255).contains(&value.len()) && value.as_bytes().iter().all(visible);
    match value.to_str() {
        Ok(key) if good => Ok(Some(key.to_owned())),
        _ => Err(ApiProblem::http(
            HttpCode::InvalidRequest,
            "`Idempotency-Key` is given once and has 1 to 255 visible ASCII characters",
        )),
    }
}

pub(super) fn require_json(headers: &HeaderMap) -> Result<(), ApiProblem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = kind.split(';').map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts.all(|part| part.eq_ignore_ascii_case("charset=utf-8") || part.is_empty());
    if is_json && is_utf8 {
        Ok(())
    } else {
        Err(ApiProblem::http(
            HttpCode::UnsupportedMediaType,
            "send the header `Content-Type: application/json`",
        ))
    }
}

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
