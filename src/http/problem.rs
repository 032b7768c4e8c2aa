use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Serialize;

use super::request_id::current_request_id;
use crate::engine::Problem;
use crate::engine::ProblemCode;

/// What went wrong with a request, as RFC 9457 problem details.
///
/// Never carries personal data, and nothing about the inside of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ApiProblem(Box<Details>);

/// What went wrong with a request (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(super) struct Details {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:midflow:problem:unknown_service")]
    kind: String,
    /// The kind of problem in a few words; the same for every problem of the kind.
    #[schema(example = "No such service")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// What, where and how to mend.
    detail: String,
    /// Names this one occurrence: quote it when you ask for help.
    #[schema(example = "urn:uuid:0193a5a8-8d5e-7c32-8b42-1b1f3c9d6a55")]
    instance: String,
    /// The stable code; programs decide by it.
    #[schema(example = "unknown_service")]
    code: &'static str,
    /// The member of the request that is wrong, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/service")]
    member: Option<String>,
    /// The line of the request body, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The column of the request body, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// After how many seconds another attempt makes sense; also in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// What the method should have been, for `Allow`.
    #[serde(skip)]
    allow: Option<&'static str>,
}

/// Problems that HTTP itself knows, besides those of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HttpCode {
    /// The body is no JSON, or not strictly so.
    InvalidJson,
    /// A member, header or parameter is missing or wrong.
    InvalidRequest,
    /// No API key, or a wrong one.
    Unauthorized,
    /// No such path.
    NotFound,
    /// The path has other methods.
    MethodNotAllowed,
    /// The request took too long to arrive.
    RequestTimeout,
    /// The body is too large.
    PayloadTooLarge,
    /// The body is of another type than JSON.
    UnsupportedMediaType,
}

impl ApiProblem {
    /// A problem of HTTP's own.
    pub(super) fn http(code: HttpCode, detail: impl Into<String>) -> Self {
        let (status, code, title) = code.row();
        Self::new(status, code, title, detail.into())
    }

    /// The method is not one of the path's.
    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        let mut problem = Self::http(
            HttpCode::MethodNotAllowed,
            format!("this path answers {allow} only"),
        );
        problem.0.allow = Some(allow);
        problem
    }

    /// The same, pointing at a member of the request.
    #[must_use]
    pub(super) fn at_member(mut self, pointer: impl Into<String>) -> Self {
        self.0.member = Some(pointer.into());
        self
    }

    /// The same, pointing at a place of the body.
    #[must_use]
    pub(super) fn at_place(mut self, line: usize, column: usize) -> Self {
        (self.0.line, self.0.column) = (Some(line), Some(column));
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: String) -> Self {
        Self(Box::new(Details {
            kind: format!("urn:midflow:problem:{code}"),
            title,
            status: status.as_u16(),
            detail,
            instance: current_request_id(),
            code,
            member: None,
            line: None,
            column: None,
            retry_after: None,
            allow: None,
        }))
    }
}

impl From<Problem> for ApiProblem {
    fn from(problem: Problem) -> Self {
        let (status, title) = row(problem.code);
        let mut told = Self::new(status, problem.code.as_str(), title, problem.detail);
        told.0.retry_after = problem.retry_after;
        told
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.0.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

impl HttpCode {
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidJson => (
                StatusCode::BAD_REQUEST,
                "invalid_json",
                "The body is not valid JSON",
            ),
            Self::InvalidRequest => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "The request is not valid",
            ),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "A valid API key is needed",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "No such path"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "The path does not answer this method",
            ),
            Self::RequestTimeout => (
                StatusCode::REQUEST_TIMEOUT,
                "request_timeout",
                "The request took too long to arrive",
            ),
            Self::PayloadTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                "The body is too large",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body has to be JSON",
            ),
        }
    }
}

const fn row(code: ProblemCode) -> (StatusCode, &'static str) {
    match code {
        ProblemCode::UnknownService => (StatusCode::UNPROCESSABLE_ENTITY, "No such service"),
        ProblemCode::CapabilityNotDeclared => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The service does not have the capability",
        ),
        ProblemCode::ChannelNotDeclared => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The service is not offered on the channel",
        ),
        ProblemCode::InvalidCivilNo => (StatusCode::UNPROCESSABLE_ENTITY, "The civil number is not valid"),
        ProblemCode::InvalidInput => (StatusCode::UNPROCESSABLE_ENTITY, "An input is not valid"),
        ProblemCode::InvalidRequest => (StatusCode::BAD_REQUEST, "The request is not valid"),
        ProblemCode::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        ProblemCode::IdempotencyConflict => (
            StatusCode::CONFLICT,
            "The idempotency key belongs to another request",
        ),
        ProblemCode::UnknownFlow => (StatusCode::NOT_FOUND, "No such flow"),
        ProblemCode::ServiceHasSteps => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The service begins journeys, not single flows",
        ),
        ProblemCode::ServiceHasNoSteps => {
            (StatusCode::UNPROCESSABLE_ENTITY, "The service begins no journeys")
        }
        ProblemCode::FlowEnded => (StatusCode::CONFLICT, "The flow has ended"),
        ProblemCode::RetryNotAllowed => (StatusCode::CONFLICT, "The flow may not be tried again"),
        ProblemCode::ReportTooLate => (StatusCode::CONFLICT, "The flow is too old to be reported"),
        ProblemCode::RenewalNotAllowed => (StatusCode::CONFLICT, "The flow is not renewed"),
        ProblemCode::QrNotOnMobile => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "A code can't be scanned on the phone that shows it",
        ),
        ProblemCode::UnknownTemplate => (StatusCode::UNPROCESSABLE_ENTITY, "No such template"),
        ProblemCode::TextsNotApproved => (
            StatusCode::FORBIDDEN,
            "The texts of the notification are not approved",
        ),
        ProblemCode::InvalidDocument => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The document is not the one that was handed in",
        ),
        ProblemCode::NothingToConfirm => (StatusCode::CONFLICT, "Nothing waits for a confirmation"),
        ProblemCode::NotConfirmed => (StatusCode::UNPROCESSABLE_ENTITY, "Not everything was confirmed"),
        ProblemCode::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "The request failed inside"),
        ProblemCode::StoreUnavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Nothing can be recorded at the moment",
        ),
        ProblemCode::ShuttingDown => (StatusCode::SERVICE_UNAVAILABLE, "The server is shutting down"),
    }
}
