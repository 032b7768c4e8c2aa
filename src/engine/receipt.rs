use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::secrets::Secrets;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::Timestamp;

/// The node's signed statement of how a flow ended: base64url of a JSON text, a dot, base64url of the Ed25519
/// signature over that text. The receiver keeps it; whoever later denies the flow is contradicted by it.
pub(crate) fn receipt(
    secrets: &Secrets,
    flow: FlowId,
    outcome: Outcome,
    catalog: Digest,
    ended_at: Timestamp,
) -> String {
    let statement = json!({
        "flow": flow,
        "outcome": outcome,
        "catalog": catalog,
        "ended_at": ended_at.to_string(),
    })
    .to_string();
    let signature = secrets.sign(statement.as_bytes());
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(&statement),
        URL_SAFE_NO_PAD.encode(signature)
    )
}
