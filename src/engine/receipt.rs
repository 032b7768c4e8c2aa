use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::audit::FlowRow;
use crate::audit::log::FlowParts;
use crate::audit::log::LogKey;
use crate::words::Outcome;
use crate::words::Timestamp;

/// The log's signed promise of how a flow ended: base64url of a JSON text, a dot, base64url of the Ed25519 signature of
/// the log's key over [`DOMAIN`] and that text. The receiver keeps it; whoever later denies or changes the flow is
/// contradicted by it.
///
/// Like the promise of a certificate log it is made before the record has its place: `kept` is the digest that the
/// record of the ending names in `flow`, so the record that it promises is found by the flow and known by the digest.
/// The same flow gives the same receipt, always.
pub(crate) fn receipt(key: &LogKey, row: &FlowRow, outcome: Outcome, ended_at: Timestamp) -> String {
    let statement = json!({
        "log": key.verifier().to_string(),
        "flow": row.id,
        "outcome": outcome,
        "catalog": row.catalog,
        "ended_at": ended_at.to_string(),
        "kept": FlowParts::digest_of(row),
    })
    .to_string();
    let signature = key.sign(&message(&statement));
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(&statement),
        URL_SAFE_NO_PAD.encode(signature)
    )
}

fn message(statement: &str) -> Vec<u8> {
    [DOMAIN, statement.as_bytes()].concat()
}

/// Keeps a signature over a receipt from being one over anything else.
const DOMAIN: &[u8] = b"midflow-receipt/v1\n";
