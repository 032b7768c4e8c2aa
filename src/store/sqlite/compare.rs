use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Result;

use crate::audit::ExchangeDirection;
use crate::audit::log::FlowParts;
use crate::audit::log::Place;
use crate::audit::log::Reference;
use crate::store::Claim;
use crate::store::names::direction_name;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;

/// Compares rows with what records say of them, and gives what does not fit.
pub(super) fn claims(connection: &Connection, claims: &[Claim]) -> Result<Vec<(Place, String)>> {
    let mut found = Vec::new();
    for claim in claims {
        let mut note = |place: Place, what: &str| {
            found.push((place, format!("{what} record {} says", claim.seq)));
        };
        match &claim.reference {
            Reference::Exchange {
                id,
                digest,
                direction,
                at,
            } => {
                let expected = Message {
                    id: *id,
                    digest: *digest,
                    direction: *direction,
                    at: *at,
                };
                if let Some(what) = message(connection, claim, &expected)? {
                    note(Place::Exchange(*id), what);
                }
            }
            Reference::Attempt { webhook_id, .. } | Reference::Notice { webhook_id, .. } => {
                if let Some(what) = notice(connection, claim)? {
                    note(Place::Notice(webhook_id.clone()), what);
                }
            }
            Reference::Request { .. } | Reference::Ending { .. } | Reference::Accepted { .. } => {
                let Some(id) = claim.flow else { continue };
                if let Some(what) = flow(connection, claim, id)? {
                    note(Place::Flow(id), what);
                }
            }
            // Compared from the other side, see `strays`.
            Reference::Activation { .. } => {}
        }
    }
    Ok(found)
}

struct Message {
    id: ExchangeId,
    digest: Digest,
    direction: ExchangeDirection,
    at: Option<i64>,
}

type What = Option<&'static str>;

fn message(connection: &Connection, claim: &Claim, expected: &Message) -> Result<What> {
    let mut statement =
        connection.prepare_cached("SELECT flow, direction, at, bytes FROM exchanges WHERE id = ?1")?;
    let found = statement.query_row([expected.id.as_uuid().into_bytes()], |row| {
        let same_flow = bytes(row, 0)? == claim.flow.as_ref().map(|flow| flow.as_uuid().into_bytes().to_vec());
        let same_direction = row.get::<_, String>(1)? == direction_name(expected.direction);
        let at: i64 = row.get(2)?;
        let same_moment = match (expected.direction, expected.at) {
            (ExchangeDirection::Callback, None) => true,
            (_, at_arrival) => at == at_arrival.unwrap_or(claim.at),
        };
        let same_bytes = Digest::of(row.get_ref(3)?.as_blob().unwrap_or_default()) == expected.digest;
        Ok(match (same_bytes, same_flow && same_direction && same_moment) {
            (true, true) => None,
            (false, _) => Some("its bytes are not those that"),
            (true, false) => Some("its flow, direction or time is not what"),
        })
    });
    Ok(found.optional()?.unwrap_or(Some("it is missing, and is what")))
}

fn notice(connection: &Connection, claim: &Claim) -> Result<What> {
    let (Reference::Notice { webhook_id, .. } | Reference::Attempt { webhook_id, .. }) = &claim.reference else {
        return Ok(None);
    };
    let mut statement = connection.prepare_cached(
        "SELECT flow, CAST(url AS BLOB), body, attempts, delivered_at FROM deliveries WHERE webhook_id = ?1",
    )?;
    let found = statement.query_row([webhook_id], |row| {
        let (attempts, delivered_at): (i64, Option<i64>) = (row.get(3)?, row.get(4)?);
        Ok(match &claim.reference {
            Reference::Notice { url, body, .. } => {
                let flow = claim.flow.map(|flow| flow.as_uuid().into_bytes().to_vec());
                let same = bytes(row, 0)? == flow
                    && Digest::of(row.get_ref(1)?.as_blob().unwrap_or_default()) == *url
                    && Digest::of(row.get_ref(2)?.as_blob().unwrap_or_default()) == *body;
                (!same).then_some("its flow, address or body is not what")
            }
            Reference::Attempt {
                attempt, delivered, ..
            } => {
                let fits = attempts >= *attempt && (!delivered || delivered_at == Some(claim.at));
                (!fits).then_some("its attempts or its delivery are not what")
            }
            _ => None,
        })
    });
    Ok(found.optional()?.unwrap_or(Some("it is missing, and is what")))
}

fn flow(connection: &Connection, claim: &Claim, id: FlowId) -> Result<What> {
    let mut statement = connection.prepare_cached(
        "SELECT id, CAST(service AS BLOB), CAST(capability AS BLOB), catalog, token, person_key,
            CAST(subject AS BLOB), created_at, expires_at, CAST(idempotency_key AS BLOB), request_digest, detail,
            CAST(outcome AS BLOB), CAST(request_id AS BLOB)
            FROM flows WHERE id = ?1",
    )?;
    let found = statement.query_row([id.as_uuid().into_bytes()], |row| {
        let whole = |at: usize| row.get_ref(at).map(|value| value.as_blob().unwrap_or_default());
        let maybe = |at: usize| row.get_ref(at).map(|value| value.as_blob().ok());
        Ok(match &claim.reference {
            Reference::Request {
                service,
                capability,
                catalog,
                token,
            } => {
                let same = whole(1)? == service.as_bytes()
                    && whole(2)? == capability.as_bytes()
                    && whole(3)? == catalog.as_bytes()
                    && whole(4)? == token.as_bytes();
                let same_person = maybe(6)?.is_none() || claim.subject.as_deref() == maybe(6)?;
                match (same, same_person) {
                    (true, true) => None,
                    (false, _) => Some("its service, capability, catalog or token is not what"),
                    (true, false) => Some("the person it is about is not the one that"),
                }
            }
            Reference::Ending { outcome, flow } => {
                let parts = FlowParts {
                    id: whole(0)?,
                    service: whole(1)?,
                    capability: whole(2)?,
                    catalog: whole(3)?,
                    token: whole(4)?,
                    person_key: maybe(5)?,
                    subject: maybe(6)?,
                    created_at: row.get(7)?,
                    expires_at: row.get(8)?,
                    idempotency_key: maybe(9)?,
                    request_digest: maybe(10)?,
                    detail: whole(11)?,
                };
                if whole(12)? != outcome.as_bytes() {
                    Some("its outcome is not what")
                } else if flow.is_some_and(|digest| digest != parts.digest()) {
                    Some("what is kept of it is not what was kept at its end, as")
                } else {
                    None
                }
            }
            Reference::Accepted { request_id } => {
                (maybe(13)? != Some(request_id.as_bytes())).then_some("the authority's id of it is not what")
            }
            _ => None,
        })
    });
    Ok(found.optional()?.unwrap_or(Some("it is missing, and is what")))
}

fn bytes(row: &rusqlite::Row<'_>, at: usize) -> Result<Option<Vec<u8>>> {
    row.get(at)
}
