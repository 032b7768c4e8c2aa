use std::collections::HashSet;

use rusqlite::Connection;
use rusqlite::Result;
use rusqlite::Row;

use crate::audit::log::Place;
use crate::store::Expected;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;

/// Rows that no record speaks of, and kept catalogs that are not what their names say.
pub(super) fn find(connection: &Connection, expected: &Expected) -> Result<Vec<(Place, String)>> {
    let mut found = Vec::new();
    let mut note = |place: Place, what: &str| found.push((place, what.to_owned()));
    let count = |table: &str| {
        connection
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get::<_, i64>(0)
            })
            .map(|count| u64::try_from(count).unwrap_or(0))
    };
    if count("exchanges")? != expected.exchanges {
        for id in ids(connection, STRAY_EXCHANGES)? {
            note(Place::Exchange(ExchangeId::from_uuid(id)), UNSPOKEN);
        }
    }
    for id in ids(connection, STRAY_FLOWS)? {
        note(Place::Flow(FlowId::from_uuid(id)), UNSPOKEN);
    }
    if count("flows WHERE outcome IS NOT NULL")? != expected.endings {
        for id in ids(connection, STRAY_ENDINGS)? {
            note(Place::Flow(FlowId::from_uuid(id)), "no record speaks of its end");
        }
    }
    if count("deliveries")? != expected.notices {
        let mut rows = connection.prepare(STRAY_NOTICES)?;
        for id in rows.query_map([], |row| Ok(lossy(row.get_ref(0)?.as_bytes()?)))? {
            note(Place::Notice(id?), UNSPOKEN);
        }
    }
    activations(connection, expected, &mut note)?;
    catalogs(connection, &mut note)?;
    Ok(found)
}

fn activations(
    connection: &Connection,
    expected: &Expected,
    note: &mut impl FnMut(Place, &str),
) -> Result<()> {
    let mut rows =
        connection.prepare("SELECT seq, catalog, at, actor, set_aside FROM activations ORDER BY seq")?;
    let mut rows = rows.query([])?;
    let mut before = i64::MIN;
    while let Some(row) = rows.next()? {
        let (seq, at): (i64, i64) = (row.get(0)?, row.get(2)?);
        // What is no text any more is as no record says either.
        let actor = row.get_ref(3)?.as_bytes().map_or_else(|_| String::new(), lossy);
        let catalog = digest(row, 1)?;
        let aside: Option<Vec<u8>> = row.get(4)?;
        let aside = aside.and_then(|aside| <[u8; 32]>::try_from(aside).ok().map(Digest::from_bytes));
        let is_known = expected.activations.iter().any(|known| {
            let says_aside = aside.is_none_or(|aside| known.detail.contains(&aside.short()));
            (known.catalog, known.at) == (catalog, at) && known.actor == actor && says_aside
        });
        if !is_known {
            note(Place::Activation(seq), "it is not as any record says");
        }
        if at < before {
            note(
                Place::Activation(seq),
                "it is older than the one before it: they were exchanged",
            );
        }
        before = at;
    }
    Ok(())
}

fn catalogs(connection: &Connection, note: &mut impl FnMut(Place, &str)) -> Result<()> {
    let mut rows = connection.prepare("SELECT digest, bytes FROM sources ORDER BY digest")?;
    let mut rows = rows.query([])?;
    let mut sources = HashSet::new();
    while let Some(row) = rows.next()? {
        let name = digest(row, 0)?;
        sources.insert(name);
        if Digest::of(row.get_ref(1)?.as_blob().unwrap_or_default()) != name {
            note(Place::Source(name), "its content is not what its name says");
        }
    }
    let mut rows = connection.prepare("SELECT digest, archive FROM catalogs ORDER BY digest")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let name = digest(row, 0)?;
        let manifest = row.get_ref(1)?.as_blob().unwrap_or_default();
        if Digest::of(manifest) != name {
            note(
                Place::Catalog(name),
                "the list of its files is not what its name says",
            );
            continue;
        }
        for line in manifest.split(|byte| *byte == b'\n') {
            let mut file = [0; 32];
            let digits = line.get(..64).unwrap_or_default();
            let is_named = hex::decode_to_slice(digits, &mut file).is_ok();
            if is_named && !sources.contains(&Digest::from_bytes(file)) {
                note(
                    Place::Source(Digest::from_bytes(file)),
                    "it is missing, and a kept catalog names it",
                );
            }
        }
    }
    Ok(())
}

fn ids(connection: &Connection, statement: &str) -> Result<Vec<uuid::Uuid>> {
    let mut rows = connection.prepare(statement)?;
    let ids = rows.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    ids.map(|id| Ok(uuid::Uuid::from_slice(&id?).unwrap_or_default()))
        .collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn digest(row: &Row<'_>, at: usize) -> Result<Digest> {
    let bytes: Vec<u8> = row.get(at)?;
    Ok(<[u8; 32]>::try_from(bytes).map_or_else(|_| Digest::from_bytes([0; 32]), Digest::from_bytes))
}

const UNSPOKEN: &str = "no record speaks of it";

// These run only where a count does not fit, but for the second.
const STRAY_EXCHANGES: &str = "
    SELECT id FROM exchanges EXCEPT
    SELECT unhex(replace(coalesce(
        event ->> '$.request.exchange', event ->> '$.reply.exchange', event ->> '$.callback.exchange'), '-', ''))
    FROM records WHERE kind IN ('request', 'reply', 'callback') AND json_valid(event)
    LIMIT 100";

const STRAY_FLOWS: &str = "
    SELECT id FROM flows WHERE NOT EXISTS (SELECT 1 FROM records WHERE records.flow = flows.id) LIMIT 100";

const STRAY_ENDINGS: &str = "
    SELECT id FROM flows WHERE outcome IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM records WHERE records.flow = flows.id AND records.kind = 'ending')
    LIMIT 100";

const STRAY_NOTICES: &str = "
    SELECT webhook_id FROM deliveries EXCEPT
    SELECT event ->> '$.notice.webhook_id' FROM records WHERE kind = 'notice' AND json_valid(event)
    LIMIT 100";
