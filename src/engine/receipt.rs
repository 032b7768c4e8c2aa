use crate::audit::FlowRow;
use crate::audit::Promised;
use crate::audit::Receipt;
use crate::audit::log::FlowParts;
use crate::audit::log::LogKey;
use crate::words::Outcome;
use crate::words::Timestamp;

/// The receipt of a flow that has ended.
pub(crate) fn receipt(key: &LogKey, row: &FlowRow, outcome: Outcome, ended_at: Timestamp) -> String {
    let promise = Promised {
        log: key.written().to_owned(),
        flow: row.id,
        outcome,
        catalog: row.catalog,
        ended_at: ended_at.to_string(),
        kept: FlowParts::digest_of(row),
    };
    Receipt::sign(&promise, key)
}
