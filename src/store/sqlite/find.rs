use crate::store::search::Lead;

macro_rules! find {
    ($lead:literal) => {
        concat!(
            "SELECT id, service, capability, phase, outcome, created_at FROM flows WHERE ",
            $lead,
            " AND ($1 IS NULL OR id = $1) AND ($2 IS NULL OR person_key = $2)
                AND ($3 IS NULL OR service = $3) AND ($4 IS NULL OR outcome = $4)
                AND ($5 IS NULL OR request_id = $5) AND created_at >= $6 AND created_at < $7
                ORDER BY created_at DESC, id DESC LIMIT $8"
        )
    };
}

/// The statement that finds flows by the index of what leads. Everything else that is named is looked at in what that
/// leaves; what is not named fits always.
///
/// Its arguments: flow, person, service, outcome, request id, the first moment and the one after the last, the most rows.
pub(super) const fn statement(lead: Lead) -> &'static str {
    match lead {
        Lead::Flow => find!("id = $1"),
        Lead::Person => find!("person_key = $2"),
        Lead::Service => find!("service = $3"),
        Lead::Outcome => find!("outcome = $4"),
        Lead::Request => find!("request_id = $5"),
        Lead::Time => find!("created_at >= $6"),
    }
}
