use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;

use super::answer::CapabilityName;
use super::answer::DecisionAnswer;
use super::answer::FlowState;
use super::answer::NoticesAnswer;
use super::answer::OutcomeAnswer;
use super::answer::SignatureAnswer;
use super::answer::person;
use super::flows::created;
use super::flows::flow_id;
use super::flows::idempotency_key;
use super::flows::page_of;
use super::flows::read_wait;
use super::flows::require_json;
use super::json::Json;
use super::request;
use super::router::ApiState;
use super::router::BODY_TIME;
use super::router::Client;
use super::router::MOST_BODY;
use crate::engine::JourneyView;
use crate::engine::StepState;
use crate::engine::StepView;
use crate::http::body;
use crate::http::problem::ApiProblem;
use crate::http::problem::Details;
use crate::words::Outcome;

/// A journey as its e-service sees it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct JourneyAnswer {
    /// The id; that of its first flow.
    #[schema(format = "uuid")]
    journey: String,
    /// The name of the service.
    service: String,
    /// Whether it has ended.
    state: FlowState,
    /// The digest of the catalog that every step is pinned to.
    catalog: String,
    /// The steps that this journey takes, in order.
    steps: Vec<StepAnswer>,
    /// How it ended: `approved`, or as the step that stopped it did; null while it runs.
    outcome: Option<OutcomeAnswer>,
    /// What the policy decided; null while it runs.
    decision: Option<DecisionAnswer>,
    /// The signed statement of the ending of the step that ended it, to keep; null while it runs.
    receipt: Option<String>,
    /// The declared fields that its steps brought; null unless it ended approved.
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>, example = json!({"civil_no": "399123100017"}))]
    person: Option<BTreeMap<String, serde_json::Value>>,
    /// The signature, where a step signed; null unless it ended approved.
    signature: Option<SignatureAnswer>,
    /// The flow of the step that runs, or of the one that ended the journey: `GET /v1/flows/{flow}` has its number, its code
    /// and its link.
    #[schema(format = "uuid")]
    flow: String,
    /// The page on which the person goes from step to step.
    #[schema(format = "uri")]
    page: String,
}

/// A step of a journey.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StepAnswer {
    /// Its name in the service file.
    #[schema(example = "sign-in")]
    step: String,
    /// What it asks of Mobile ID.
    #[schema(value_type = CapabilityName)]
    capability: &'static str,
    /// Its flow; null before it begins.
    #[schema(format = "uuid")]
    flow: Option<String>,
    /// How far it is.
    state: StepStateName,
    /// The leaf code with which it ended.
    outcome: Option<&'static str>,
}

/// How far a step is.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StepStateName {
    /// It has not begun.
    Ahead,
    /// It runs.
    Waiting,
    /// It has ended.
    Ended,
}

/// A journey that has begun.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StartedJourneyAnswer<'a> {
    /// The journey.
    #[serde(flatten)]
    journey: JourneyAnswer,
    /// What the person has to be told.
    notices: NoticesAnswer<'a>,
}

/// Begin a journey
///
/// Takes a person through the steps of a service, one flow after another, each durable before the next. What a later step
/// would be refused for is refused at once. The person goes from step to step on one page. With an `Idempotency-Key`, the
/// same request may be sent again: the journey begins once.
#[utoipa::path(
    post, path = "/v1/journeys", tag = "journeys", operation_id = "start_journey",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters", min_length = 1, max_length = 255)),
    request_body = super::request::JourneyRequest,
    responses(
        (status = 201, description = "The journey has begun, or had begun under the same key", body = StartedJourneyAnswer),
        (status = 400, description = "`invalid_json`, `invalid_request`", body = Details, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = Details, content_type = "application/problem+json"),
        (status = 403, description = "`texts_not_approved`", body = Details, content_type = "application/problem+json"),
        (status = 408, description = "`request_timeout`", body = Details, content_type = "application/problem+json"),
        (status = 409, description = "`idempotency_conflict`", body = Details, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = Details, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = Details, content_type = "application/problem+json"),
        (status = 422, description = "`unknown_service`, `service_has_no_steps`, `channel_not_declared`, `invalid_civil_no`, `invalid_input`, `qr_not_on_mobile`, `invalid_document`", body = Details, content_type = "application/problem+json"),
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
    let wanted = request::read_journey(&body, client.clone(), key, state.settings.development)?;
    let started = state.flows.start_journey(wanted).await?;
    let journey = started.view.flow;
    let view = state.flows.journey(&client, journey, Duration::ZERO).await?;
    let answer = StartedJourneyAnswer {
        journey: JourneyAnswer::new(&view, page_of(&state, &client, journey)),
        notices: NoticesAnswer::new(&started.notices),
    };
    let location = format!("/v1/journeys/{journey}");
    Ok(created(&location, answer, started.repeated))
}

/// Read a journey
///
/// With `wait`, the answer comes as soon as the journey has ended, or when the seconds are over.
#[utoipa::path(
    get, path = "/v1/journeys/{journey}", tag = "journeys", operation_id = "read_journey",
    params(
        ("journey" = String, Path, description = "The id of the journey"),
        ("wait" = Option<u64>, Query, description = "Seconds to wait for the end; more than 60 counts as 60", example = 30),
    ),
    responses(
        (status = 200, description = "The journey as it stands", body = JourneyAnswer),
        (status = 400, description = "`invalid_request`", body = Details, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = Details, content_type = "application/problem+json"),
        (status = 404, description = "`unknown_flow`: there is none, or it belongs to another client", body = Details, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
pub(super) async fn read(
    State(state): State<ApiState>,
    Client(client): Client,
    Path(journey): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<JourneyAnswer>, ApiProblem> {
    let wait = read_wait(query.as_deref().unwrap_or_default())?;
    let journey = flow_id(&journey)?;
    let view = state
        .flows
        .journey(&client, journey, wait.unwrap_or_default())
        .await?;
    Ok(Json(JourneyAnswer::new(&view, page_of(&state, &client, journey))))
}

/// Cancel a journey
///
/// The step that runs ends as `other.cancelled`, and with it the journey; unless an answer that has arrived already ends the
/// step otherwise.
#[utoipa::path(
    post, path = "/v1/journeys/{journey}/cancel", tag = "journeys", operation_id = "cancel_journey",
    params(
        ("journey" = String, Path, description = "The id of the journey"),
        ("Idempotency-Key" = Option<String>, Header, description = "Accepted; cancelling twice is the same as once", min_length = 1, max_length = 255),
    ),
    responses(
        (status = 200, description = "The journey as it stands", body = JourneyAnswer),
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
    Path(journey): Path<String>,
    headers: HeaderMap,
) -> Result<Json<JourneyAnswer>, ApiProblem> {
    idempotency_key(&headers)?;
    let journey = flow_id(&journey)?;
    let view = state.flows.cancel_journey(&client, journey).await?;
    Ok(Json(JourneyAnswer::new(&view, page_of(&state, &client, journey))))
}

impl JourneyAnswer {
    fn new(view: &JourneyView, page: String) -> Self {
        let outcome = view.outcome();
        let decision = view.flow.decision.as_ref();
        Self {
            journey: view.journey.to_string(),
            service: view.service.to_string(),
            state: if view.ended {
                FlowState::Ended
            } else {
                FlowState::Waiting
            },
            catalog: view.catalog.to_string(),
            steps: view.steps.iter().map(StepAnswer::new).collect(),
            outcome: outcome.map(|outcome| OutcomeAnswer::new(outcome, decision)),
            decision: outcome.and(decision).map(DecisionAnswer::new),
            receipt: view.flow.receipt.clone().filter(|_| view.ended),
            person: view.person.as_ref().map(person),
            signature: view.signature.as_ref().map(SignatureAnswer::new),
            flow: view.flow.flow.to_string(),
            page,
        }
    }
}

impl StepAnswer {
    fn new(step: &StepView) -> Self {
        Self {
            step: step.step.clone(),
            capability: step.capability.as_str(),
            flow: step.flow.map(|flow| flow.to_string()),
            state: match step.state {
                StepState::Ahead => StepStateName::Ahead,
                StepState::Waiting => StepStateName::Waiting,
                StepState::Ended => StepStateName::Ended,
            },
            outcome: step.outcome.map(Outcome::code),
        }
    }
}
