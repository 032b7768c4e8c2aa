use axum::extract::Request;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;

/// Gives each request an id, for problems (`instance`) and the `x-request-id` header.
pub(super) async fn with_request_id(request: Request, next: Next) -> Response {
    let id = uuid::Uuid::now_v7().to_string();
    let header = HeaderValue::from_str(&id);
    let mut response = REQUEST_ID.scope(id, next.run(request)).await;
    if let Ok(value) = header {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// The id of the request that this task serves, as a URN; a fresh one outside a request.
pub(super) fn current_request_id() -> String {
    REQUEST_ID
        .try_with(|id| format!("urn:uuid:{id}"))
        .unwrap_or_else(|_| format!("urn:uuid:{}", uuid::Uuid::now_v7()))
}

tokio::task_local! {
    static REQUEST_ID: String;
}

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
