//! Administrative calls, as JSON: what `midflow catalog` says to a running node. What changes something needs the
//! key that only the node's own user can make; reading does not, as all of the console does not.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::site::ConsoleState;
use crate::engine::EvidenceAct;
use crate::engine::Problem;
use crate::engine::ProblemCode;
use crate::engine::Reload;
use crate::engine::RightsAsk;
use crate::engine::RightsError;
use crate::engine::log::SearchAsk;
use crate::engine::log::summary_json;
use crate::http::problem::ApiProblem;
use crate::http::problem::HttpCode;
use crate::words::Digest;
use crate::words::FlowId;

/// Which catalog is active, and why a newer one is not.
pub(super) async fn status(State(state): State<ConsoleState>) -> Response {
    Json(state.flows.catalog_status()).into_response()
}

/// The latest activations.
pub(super) async fn activations(State(state): State<ConsoleState>) -> Response {
    match state.flows.activations(MOST).await {
        Ok(activations) => {
            let rows: Vec<_> = activations
                .iter()
                .map(|one| {
                    json!({ "catalog": one.catalog, "at": one.at.to_string(), "by": one.by, "set_aside": one.set_aside })
                })
                .collect();
            Json(rows).into_response()
        }
        Err(problem) => ApiProblem::from(problem).into_response(),
    }
}

/// Why a flow ended as it did, as `midflow why --format json` prints it.
pub(super) async fn why(State(state): State<ConsoleState>, Path(flow): Path<String>) -> Response {
    let Some(flow) = FlowId::parse(&flow) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match state.flows.why(flow).await {
        Ok(Some(why)) => Json(why).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(problem) => ApiProblem::from(problem).into_response(),
    }
}

/// Reads the policy folder again.
pub(super) async fn reload(State(state): State<ConsoleState>, headers: HeaderMap) -> Response {
    match allowed(&state, &headers) {
        Ok(actor) => answer(&state, &state.flows.reload(&actor).await),
        Err(problem) => problem.into_response(),
    }
}

/// Activates the catalog that was active before.
pub(super) async fn roll_back(State(state): State<ConsoleState>, headers: HeaderMap) -> Response {
    match allowed(&state, &headers) {
        Ok(actor) => answer(&state, &state.flows.roll_back_catalog(&actor).await),
        Err(problem) => problem.into_response(),
    }
}

/// Activates a kept catalog.
pub(super) async fn activate(State(state): State<ConsoleState>, headers: HeaderMap, body: Bytes) -> Response {
    let actor = match allowed(&state, &headers) {
        Ok(actor) => actor,
        Err(problem) => return problem.into_response(),
    };
    match serde_json::from_slice::<Which>(&body) {
        Ok(which) => answer(&state, &state.flows.activate_catalog(which.catalog, &actor).await),
        Err(_) => {
            let detail = "send `{\"catalog\": \"sha256:…\"}`";
            ApiProblem::http(HttpCode::InvalidRequest, detail).into_response()
        }
    }
}

/// Looks for flows in the log; who looks and why is recorded before.
pub(super) async fn search(State(state): State<ConsoleState>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(problem) = allowed(&state, &headers) {
        return problem.into_response();
    }
    let Ok(ask) = serde_json::from_slice::<SearchAsk>(&body) else {
        let detail = "send `by`, `role` and `reason`, and what to look for";
        return ApiProblem::http(HttpCode::InvalidRequest, detail).into_response();
    };
    match state.flows.search(ask).await {
        Ok(found) => {
            let rows: Vec<_> = found.iter().map(summary_json).collect();
            Json(json!({ "flows": rows })).into_response()
        }
        Err(problem) => ApiProblem::from(problem).into_response(),
    }
}

/// Records that somebody takes the evidence of a flow out of the store.
pub(super) async fn evidence(State(state): State<ConsoleState>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(problem) = allowed(&state, &headers) {
        return problem.into_response();
    }
    let Ok(act) = serde_json::from_slice::<EvidenceAct>(&body) else {
        let detail = "send `flow`, `by`, `reason` and `digest`";
        return ApiProblem::http(HttpCode::InvalidRequest, detail).into_response();
    };
    match state.flows.evidence_taken(act).await {
        Ok(()) => Json(json!({ "recorded": true })).into_response(),
        Err(problem) => ApiProblem::from(problem).into_response(),
    }
}

/// Exchanges the key that wraps the keys of all flows.
pub(super) async fn rotate_keys(
    State(state): State<ConsoleState>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(problem) = allowed(&state, &headers) {
        return problem.into_response();
    }
    let Ok(who) = serde_json::from_slice::<Who>(&body) else {
        let detail = "send `{\"by\": \"the name of the person\"}`";
        return ApiProblem::http(HttpCode::InvalidRequest, detail).into_response();
    };
    match state.flows.rotate_keys(&who.by).await {
        Ok(rewrapped) => Json(json!({ "rewrapped": rewrapped })).into_response(),
        Err(problem) => ApiProblem::from(problem).into_response(),
    }
}

/// Does what a person, a court or the clock may ask of somebody's data.
pub(super) async fn rights(State(state): State<ConsoleState>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(problem) = allowed(&state, &headers) {
        return problem.into_response();
    }
    // What can't be read may name a person, so nothing of it is repeated.
    let Ok(ask) = serde_json::from_slice::<RightsAsk>(&body) else {
        let detail = "this is nothing that can be asked; `midflow subject` writes it rightly";
        return ApiProblem::http(HttpCode::InvalidRequest, detail).into_response();
    };
    match state.flows.rights(ask).await {
        Ok(answer) => Json(answer).into_response(),
        Err(RightsError::Refused(why)) => ApiProblem::http(HttpCode::InvalidRequest, why).into_response(),
        Err(error @ (RightsError::Store(_) | RightsError::Secrets(_))) => {
            tracing::error!(%error, "what was asked of somebody's data could not be done");
            let problem = Problem {
                code: ProblemCode::StoreUnavailable,
                detail: error.to_string(),
                retry_after: None,
            };
            ApiProblem::from(problem).into_response()
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    by: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    catalog: Digest,
}

fn allowed(state: &ConsoleState, headers: &HeaderMap) -> Result<String, ApiProblem> {
    state.admins.client_of(headers)
}

fn answer(state: &ConsoleState, reload: &Reload) -> Response {
    let (result, diagnostics) = match reload {
        Reload::Unchanged => ("unchanged", None),
        Reload::Activated(_) => ("activated", None),
        Reload::Refused(why) => ("refused", Some(why)),
    };
    let active = state.flows.catalog_status().active;
    Json(json!({ "result": result, "active": active, "diagnostics": diagnostics })).into_response()
}

const MOST: u32 = 1_000;
