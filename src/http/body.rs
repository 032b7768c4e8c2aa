use std::time::Duration;

use axum::body::Body;
use axum::body::HttpBody;
use bytes::Bytes;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is, or says that it is, larger than allowed.
    TooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// The connection broke.
    Broken,
}

/// Reads a body of at most so many bytes, in at most so long. One that announces more is refused unread.
pub(super) async fn read(body: Body, most: usize, time: Duration) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().lower();
    if announced > most as u64 {
        return Err(BodyError::TooLarge);
    }
    let exact = body.size_hint().exact().is_some();
    match tokio::time::timeout(time, axum::body::to_bytes(body, most)).await {
        Err(_) => Err(BodyError::TooSlow),
        Ok(Ok(bytes)) => Ok(bytes),
        // A body that announced a length within the limit can only have broken off.
        Ok(Err(_)) if exact => Err(BodyError::Broken),
        Ok(Err(error)) if is_limit(&error) => Err(BodyError::TooLarge),
        Ok(Err(_)) => Err(BodyError::Broken),
    }
}

fn is_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.to_string() == "length limit exceeded")
}
