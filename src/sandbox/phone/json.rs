use axum::Json;
use axum::extract::State;
use serde_json::Value;
use serde_json::json;

use crate::sandbox::handle::SandboxHandle;
use crate::sandbox::ledger::LedgerSnapshot;
use crate::sandbox::scenario::Scenario;
use crate::words::Purpose;

/// The citizens, named ones first.
pub(super) async fn citizens(State(sandbox): State<SandboxHandle>) -> Json<Value> {
    let rows = sandbox.citizens().iter().map(|citizen| {
        json!({
            "civil_no": citizen.civil_no.expose(Purpose::Wire),
            "name": citizen.name,
            "assurance": citizen.assurance,
            "ending": citizen.ending.as_str(),
            "birth_date": citizen.birth_date,
            "about": citizen.about,
        })
    });
    Json(rows.collect())
}

/// The scenarios.
pub(super) async fn scenarios() -> Json<Value> {
    let rows = Scenario::ALL.into_iter().map(|scenario| {
        json!({
            "name": scenario.as_str(),
            "does": { "ar": scenario.ar(), "en": scenario.en() },
            "may_approve": scenario.may_approve(),
        })
    });
    Json(rows.collect())
}

/// What was received and sent.
pub(super) async fn ledger(State(sandbox): State<SandboxHandle>) -> Json<LedgerSnapshot> {
    Json(sandbox.ledger())
}
