use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Serialize;

use crate::engine::Problem;
use crate::engine::ProblemCode;
use crate::http::problem::ApiProblem;

/// An answer as JSON, for the large ones: it is written into a room of their usual size, where that of [`axum::Json`] would
/// have to grow again and again.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut text = Vec::with_capacity(USUAL);
        if let Err(error) = serde_json::to_writer(&mut text, &self.0) {
            return ApiProblem::from(Problem {
                code: ProblemCode::Internal,
                detail: format!("the answer can't be written as JSON: {error}"),
                retry_after: None,
            })
            .into_response();
        }
        let kind = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, kind)], Body::from(text)).into_response()
    }
}

/// Bytes: that of a flow that has begun, with its notices in both languages.
const USUAL: usize = 4 * 1024;
