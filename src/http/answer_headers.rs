use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use tower_layer::Layer;
use tower_service::Service;

/// Adds headers to each answer of the routes below.
///
/// A service of its own, as every request passes it: a function as middleware would cost a copy of the route and a future in
/// a box each time.
#[derive(Clone, Copy)]
pub(super) struct AnswerHeaders(fn(&mut HeaderMap));

impl AnswerHeaders {
    pub(super) const fn new(add: fn(&mut HeaderMap)) -> Self {
        Self(add)
    }
}

impl<S> Layer<S> for AnswerHeaders {
    type Service = WithHeaders<S>;

    fn layer(&self, routes: S) -> WithHeaders<S> {
        WithHeaders { routes, add: self.0 }
    }
}

/// Routes whose answers get headers.
#[derive(Clone)]
pub(super) struct WithHeaders<S> {
    routes: S,
    add: fn(&mut HeaderMap),
}

impl<S> Service<Request> for WithHeaders<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Unpin,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.routes.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Answering {
            answer: self.routes.call(request),
            add: self.add,
        }
    }
}

/// An answer that is being made.
pub(super) struct Answering<F> {
    answer: F,
    add: fn(&mut HeaderMap),
}

impl<F, E> Future for Answering<F>
where
    F: Future<Output = Result<Response, E>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let add = self.add;
        Pin::new(&mut self.answer).poll(cx).map_ok(|mut response| {
            add(response.headers_mut());
            response
        })
    }
}
