use rusqlite::Connection;
use rusqlite::Result;
use rusqlite::Row;

use crate::audit::log::Place;
use crate::store::Expected;
use crate::store::strays::StoredActivation;
use crate::store::strays::Strays;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;

/// Rows that no record speaks of, and kept catalogs that are not what their names say.
pub(super) fn find(connection: &Connection, expected: &Expected) -> Result<Vec<(Place, String)>> {
    let mut strays = Strays::new(expected);
    let count = |table: &str| {
        connection
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get::<_, i64>(0)
            })
            .map(|count| u64::try_from(count).unwrap_or(0))
    };
    if count("exchanges")? != expected.exchanges {
        for id in ids(connection, STRAY_EXCHANGES)? {
            strays.unspoken(Place::Exchange(ExchangeId::from_uuid(id)));
        }
    }
    for id in ids(connection, STRAY_FLOWS)? {
        strays.unspoken(Place::Flow(FlowId::from_uuid(id)));
    }
    if count("flows WHERE outcome IS NOT NULL")? != expected.endings {
        for id in ids(connection, STRAY_ENDINGS)? {
            strays.unspoken_end(Place::Flow(FlowId::from_uuid(id)));
        }
    }
    if count("deliveries")? != expected.notices {
        let mut rows = connection.prepare(STRAY_NOTICES)?;
        for id in rows.query_map([], |row| Ok(lossy(row.get_ref(0)?.as_bytes()?)))? {
            strays.unspoken(Place::Notice(id?));
        }
    }
    activations(connection, &mut strays)?;
    catalogs(connection, &mut strays)?;
    Ok(strays.into_found())
}

fn activations(connection: &Connection, strays: &mut Strays<'_>) -> Result<()> {
    let mut rows =
        connection.prepare("SELECT seq, catalog, at, actor, set_aside FROM activations ORDER BY seq")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let aside: Option<Vec<u8>> = row.get(4)?;
        strays.activation(&StoredActivation {
            number: row.get(0)?,
            catalog: digest(row, 1)?,
            at: row.get(2)?,
            // What is no text any more is as no record says either.
            actor: row.get_ref(3)?.as_bytes().map_or_else(|_| String::new(), lossy),
            set_aside: aside.and_then(|aside| <[u8; 32]>::try_from(aside).ok().map(Digest::from_bytes)),
        });
    }
    Ok(())
}

fn catalogs(connection: &Connection, strays: &mut Strays<'_>) -> Result<()> {
    let mut rows = connection.prepare("SELECT digest, bytes FROM sources ORDER BY digest")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        strays.source(digest(row, 0)?, row.get_ref(1)?.as_blob().unwrap_or_default());
    }
    let mut rows = connection.prepare("SELECT digest, archive FROM catalogs ORDER BY digest")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        strays.catalog(digest(row, 0)?, row.get_ref(1)?.as_blob().unwrap_or_default());
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

// These run only where a count does not fit, but for the second.
const STRAY_EXCHANGES: &str = "
    SELECT id FROM exchanges EXCEPT
    SELECT unhex(replace(coalesce(
        event ->> '$.request.exchange', event ->> '$.reply.exchange', event ->> '$.callback.exchange',
        event ->> '$.document.exchange'), '-', ''))
    FROM records WHERE kind IN ('request', 'reply', 'callback', 'document') AND json_valid(event)
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
