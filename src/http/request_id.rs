use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use axum::extract::Request;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::response::Response;
use tower_layer::Layer;
use tower_service::Service;
use uuid::Uuid;

/// Gives each request an id, for problems (`instance`) and the `x-request-id` header.
///
/// A service of its own for the reason of [`AnswerHeaders`](super::answer_headers::AnswerHeaders).
#[derive(Clone, Copy)]
pub(super) struct RequestIds;

impl<S> Layer<S> for RequestIds {
    type Service = Identified<S>;

    fn layer(&self, routes: S) -> Identified<S> {
        Identified(routes)
    }
}

/// Routes whose requests have ids.
#[derive(Clone)]
pub(super) struct Identified<S>(S);

impl<S> Service<Request> for Identified<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Unpin,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let id = Uuid::now_v7();
        let answer = REQUEST_ID.sync_scope(id, || self.0.call(request));
        Answering { id, answer }
    }
}

/// The answer to a request with an id.
pub(super) struct Answering<F> {
    id: Uuid,
    answer: F,
}

impl<F, E> Future for Answering<F>
where
    F: Future<Output = Result<Response, E>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let id = self.id;
        let answer = REQUEST_ID.sync_scope(id, || Pin::new(&mut self.answer).poll(cx));
        answer.map_ok(|mut response| {
            let mut buffer = Uuid::encode_buffer();
            if let Ok(value) = HeaderValue::from_str(id.as_hyphenated().encode_lower(&mut buffer)) {
                response.headers_mut().insert(HEADER, value);
            }
            response
        })
    }
}

/// The id of the request that this task serves, as a URN; a fresh one outside a request.
pub(super) fn current_request_id() -> String {
    let id = REQUEST_ID.try_with(|id| *id).unwrap_or_else(|_| Uuid::now_v7());
    format!("urn:uuid:{id}")
}

tokio::task_local! {
    static REQUEST_ID: Uuid;
}

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
