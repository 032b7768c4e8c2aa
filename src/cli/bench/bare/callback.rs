use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::timeout;
use uuid::Uuid;

use super::program::Program;
use super::row::Row;
use super::row::Step;

/// Where the authority sends its answers.
pub(super) fn router(program: Arc<Program>) -> Router {
    Router::new()
        .route("/cb/v1/{flow}", post(receive))
        .with_state(program)
}

/// The answer is 200 once a believed callback is durable. The authority's reply may come after its callback, so that is
/// waited for: before it, nobody knows which request the flow's is.
async fn receive(
    State(program): State<Arc<Program>>,
    Path(flow): Path<Uuid>,
    body: Bytes,
) -> Result<StatusCode, StatusCode> {
    let answer = Answer::read(&body).ok_or(StatusCode::BAD_REQUEST)?;
    let signature = STANDARD
        .decode(answer.stamp)
        .map_err(|_| StatusCode::BAD_REQUEST)?;
    if !program.stamp.verifies(answer.covered().as_bytes(), &signature) {
        return Err(StatusCode::FORBIDDEN);
    }
    let flow = program.flows.get(flow).ok_or(StatusCode::NOT_FOUND)?;
    let request_id = timeout(REPLY_TIME, flow.request_id.wait())
        .await
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    if *request_id != answer.request_id {
        return Err(StatusCode::FORBIDDEN);
    }
    if !flow.take_answer() {
        return Ok(StatusCode::OK);
    }
    let outcome = answer.outcome;
    let row = Row::new(flow.id, Step::Answered, &answer.evidence());
    if program.store.append(row).await.is_err() {
        flow.forget_answer();
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let program = Arc::clone(&program);
    tokio::spawn(async move {
        if let Err(error) = program.end(&flow, outcome).await {
            tracing::error!(%error, flow = %flow.id, "a flow of the bare program stands still");
        }
    });
    Ok(StatusCode::OK)
}

/// What a callback says, with the parts that its stamp covers as they stand in it.
struct Answer<'a> {
    request: &'a str,
    result: &'a str,
    person: &'a str,
    stamp: &'a str,
    request_id: String,
    outcome: &'static str,
}

impl<'a> Answer<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        let Body { response } = serde_json::from_slice(body).ok()?;
        let request: RequestDetails = serde_json::from_str(response.request_details.get()).ok()?;
        let result: ResultDetails = serde_json::from_str(response.result_details.get()).ok()?;
        let outcome = match (result.result_code, result.user_action) {
            ("1", "1") => "approved",
            (_, "2") => "declined.by_user",
            _ => "other.unknown_code",
        };
        Some(Self {
            request: response.request_details.get(),
            result: response.result_details.get(),
            person: response.personal_data.get(),
            stamp: response.signature.signature_data,
            request_id: request.request_id,
            outcome,
        })
    }

    /// What the stamp is made over.
    fn covered(&self) -> String {
        let Self {
            request,
            result,
            person,
            ..
        } = self;
        [*request, *result, *person].join("\n")
    }

    /// What is kept.
    fn evidence(&self) -> String {
        let (request, stamp, outcome) = (self.request, self.stamp, self.outcome);
        format!(r#"{{"RequestDetails":{request},"SignatureData":"{stamp}","outcome":"{outcome}"}}"#)
    }
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, rename = "MIDAuthSignResponse")]
    response: Response<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response<'a> {
    #[serde(borrow)]
    request_details: &'a RawValue,
    #[serde(borrow)]
    result_details: &'a RawValue,
    #[serde(borrow)]
    personal_data: &'a RawValue,
    #[serde(borrow)]
    signature: Signature<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Signature<'a> {
    /// Base64 needs no escapes, so it can be taken as it stands.
    signature_data: &'a str,
}

#[derive(Deserialize)]
struct RequestDetails {
    #[serde(rename = "RequestID")]
    request_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResultDetails<'a> {
    result_code: &'a str,
    user_action: &'a str,
}

/// As long as the request itself may take.
const REPLY_TIME: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    fn body(code: &str, action: &str) -> String {
        format!(
            r#"{{"MIDAuthSignResponse":{{"RequestDetails":{{ "RequestID":"r"}},"ResultDetails":{{"ResultCode":"{code}",
            "UserAction":"{action}"}},"PersonalData":null,"Signature":{{"SignatureData":"c3RhbXA=","SigningCertificate":null}}}}}}"#
        )
    }

    #[test]
    fn the_stamp_covers_the_three_parts_as_they_stand() {
        let body = body("1", "1");
        let answer = Answer::read(body.as_bytes()).unwrap();
        let covered = answer.covered();
        assert!(
            covered.starts_with("{ \"RequestID\":\"r\"}\n{\"ResultCode\":\"1\","),
            "{covered}"
        );
        assert!(covered.ends_with("\"UserAction\":\"1\"}\nnull"), "{covered}");
        assert_eq!((answer.request_id.as_str(), answer.stamp), ("r", "c3RhbXA="));
    }

    #[test]
    fn only_success_that_was_accepted_approves() {
        for (code, action, outcome) in [
            ("1", "1", "approved"),
            ("1", "2", "declined.by_user"),
            ("4", "2", "declined.by_user"),
            ("3", "1", "other.unknown_code"),
            ("1", "", "other.unknown_code"),
        ] {
            let body = body(code, action);
            assert_eq!(Answer::read(body.as_bytes()).unwrap().outcome, outcome);
        }
        for broken in [
            "",
            "null",
            "{}",
            r#"{"MIDAuthSignResponse":{"RequestDetails":{}}}"#,
        ] {
            assert!(Answer::read(broken.as_bytes()).is_none(), "{broken}");
        }
    }
}
