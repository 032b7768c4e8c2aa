use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::routing::get;
use axum::routing::post;
use serde::Deserialize;
use serde::Serialize;
use subtle::ConstantTimeEq as _;
use tokio::time::timeout;
use uuid::Uuid;

use super::authority::Asked;
use super::authority::Chance;
use super::flow::Flow;
use super::program::Program;
use super::row::Row;
use super::row::Step;

/// The calls that the load makes, and the line of a node's metrics that tells the commits.
pub(super) fn router(program: Arc<Program>) -> Router {
    Router::new()
        .route("/v1/flows", post(begin))
        .route("/v1/flows/{flow}", get(read))
        .route("/metrics", get(commits))
        .with_state(program)
}

/// Of what the e-service says, what this service needs.
#[derive(Deserialize)]
struct Ask {
    person: AskedPerson,
    inputs: Inputs,
}

#[derive(Deserialize)]
struct AskedPerson {
    civil_no: String,
}

#[derive(Deserialize)]
struct Inputs {
    licence: String,
}

#[derive(Serialize)]
struct Begun {
    flow: Uuid,
    challenge: String,
}

#[derive(Deserialize)]
struct Wait {
    #[serde(default)]
    wait: u64,
}

#[derive(Serialize)]
struct Standing {
    flow: Uuid,
    outcome: Option<Ending>,
}

#[derive(Serialize)]
struct Ending {
    code: &'static str,
}

async fn begin(
    State(program): State<Arc<Program>>,
    headers: HeaderMap,
    Json(ask): Json<Ask>,
) -> Result<(StatusCode, Json<Begun>), StatusCode> {
    program.admit(&headers)?;
    let flow = Arc::new(Flow::new());
    let chance = Chance::draw().ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    let asked = Asked {
        civil_no: &ask.person.civil_no,
        licence: &ask.inputs.licence,
    };
    let request = program
        .bridge
        .request(flow.id, &asked, &chance)
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let row = Row::new(flow.id, Step::Begun, &request);
    program
        .store
        .append(row)
        .await
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    program.flows.insert(Arc::clone(&flow));
    let begun = Begun {
        flow: flow.id,
        challenge: chance.challenge.as_str().to_owned(),
    };
    tokio::spawn(send(program, flow, request));
    Ok((StatusCode::CREATED, Json(begun)))
}

/// Carries a durable request to the authority, and keeps its reply.
async fn send(program: Arc<Program>, flow: Arc<Flow>, request: String) {
    let kept = match program.bridge.send(request).await {
        Ok(Some(request_id)) => {
            let row = Row::new(flow.id, Step::Sent, &format!(r#"{{"Data":"{request_id}"}}"#));
            program.store.append(row).await.map(|()| {
                // There is one reply.
                let _ = flow.request_id.set(request_id);
            })
        }
        Ok(None) => program.end(&flow, "error.authority").await,
        // It may have arrived: the callback ends the flow, or nothing does.
        Err(error) => {
            tracing::error!(error = %error.without_url(), "the bare program got no reply");
            Ok(())
        }
    };
    if let Err(error) = kept {
        tracing::error!(%error, flow = %flow.id, "a flow of the bare program stands still");
    }
}

async fn read(
    State(program): State<Arc<Program>>,
    Path(flow): Path<Uuid>,
    Query(Wait { wait }): Query<Wait>,
    headers: HeaderMap,
) -> Result<Json<Standing>, StatusCode> {
    program.admit(&headers)?;
    let flow = program.flows.get(flow).ok_or(StatusCode::NOT_FOUND)?;
    if wait > 0 {
        // Whether it has ended is looked at below.
        let _ = timeout(Duration::from_secs(wait.min(LONGEST_WAIT)), flow.ending.wait()).await;
    }
    Ok(Json(Standing {
        flow: flow.id,
        outcome: flow.ending.get().map(|code| Ending { code }),
    }))
}

async fn commits(State(program): State<Arc<Program>>) -> String {
    format!("midflow_recorder_commits {}\n", program.store.commits())
}

impl Program {
    fn admit(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let key = given.and_then(|given| given.strip_prefix(b"Bearer "));
        key.is_some_and(|key| key.ct_eq(self.api_key.as_bytes()).into())
            .then_some(())
            .ok_or(StatusCode::UNAUTHORIZED)
    }
}

/// Seconds, as the node has it.
const LONGEST_WAIT: u64 = 60;
