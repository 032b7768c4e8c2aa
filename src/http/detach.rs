use super::problem::ApiProblem;
use super::problem::HttpCode;

/// Runs work in a task of its own: it goes on when the client hangs up, and a fault in it stays in it.
pub(super) async fn detached<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, ApiProblem> {
    tokio::spawn(work).await.map_err(|error| {
        tracing::error!(panicked = error.is_panic(), "a request failed inside");
        ApiProblem::http(
            HttpCode::Internal,
            "the request failed inside; it may or may not have been carried out",
        )
    })
}
