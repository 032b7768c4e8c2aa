use sqlx::postgres::PgArguments;

use super::snapshot::Snapshot;
use crate::audit::log::Place;
use crate::store::Expected;
use crate::store::StoreError;
use crate::store::strays::StoredActivation;
use crate::store::strays::Strays;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;

/// Rows that no record speaks of, and kept catalogs that are not what their names say.
pub(super) async fn find(
    snapshot: &mut Snapshot,
    expected: &Expected,
) -> Result<Vec<(Place, String)>, StoreError> {
    let mut strays = Strays::new(expected);
    if count(snapshot, "SELECT count(*) AS count FROM exchanges").await? != expected.exchanges {
        for id in ids(snapshot, STRAY_EXCHANGES).await? {
            strays.unspoken(Place::Exchange(ExchangeId::from_uuid(id)));
        }
    }
    for id in ids(snapshot, STRAY_FLOWS).await? {
        strays.unspoken(Place::Flow(FlowId::from_uuid(id)));
    }
    let ended = "SELECT count(*) AS count FROM flows WHERE outcome IS NOT NULL";
    if count(snapshot, ended).await? != expected.endings {
        for id in ids(snapshot, STRAY_ENDINGS).await? {
            strays.unspoken_end(Place::Flow(FlowId::from_uuid(id)));
        }
    }
    if count(snapshot, "SELECT count(*) AS count FROM deliveries").await? != expected.notices {
        let none = PgArguments::default();
        let notices = snapshot
            .all(STRAY_NOTICES, none, |row| row.get("webhook_id"))
            .await?;
        notices
            .into_iter()
            .map(Place::Notice)
            .for_each(|place| strays.unspoken(place));
    }
    let activations = snapshot
        .all(ACTIVATIONS, PgArguments::default(), |row| {
            Ok(StoredActivation {
                number: row.get("seq")?,
                catalog: row.digest("catalog")?,
                at: row.get("at")?,
                actor: row.get("actor")?,
                set_aside: row.maybe_digest("set_aside")?,
            })
        })
        .await?;
    activations.iter().for_each(|stored| strays.activation(stored));
    for (name, content) in contents(snapshot, SOURCES).await? {
        strays.source(name, &content);
    }
    for (name, manifest) in contents(snapshot, CATALOGS).await? {
        strays.catalog(name, &manifest);
    }
    Ok(strays.into_found())
}

async fn count(snapshot: &mut Snapshot, statement: &'static str) -> Result<u64, StoreError> {
    let counts = snapshot.all(statement, PgArguments::default(), |row| row.count("count"));
    Ok(counts.await?.pop().unwrap_or(0))
}

async fn ids(snapshot: &mut Snapshot, statement: &'static str) -> Result<Vec<uuid::Uuid>, StoreError> {
    snapshot
        .all(statement, PgArguments::default(), |row| row.get("id"))
        .await
}

async fn contents(
    snapshot: &mut Snapshot,
    statement: &'static str,
) -> Result<Vec<(Digest, Vec<u8>)>, StoreError> {
    snapshot
        .all(statement, PgArguments::default(), |row| {
            Ok((row.digest("digest")?, row.get("content")?))
        })
        .await
}

// These run only where a count does not fit, but for the second. Events are searched as texts: one that was altered need
// not be JSON any more.
const STRAY_EXCHANGES: &str = "SELECT id FROM exchanges AS x WHERE NOT EXISTS (
        SELECT FROM records AS r WHERE r.flow = x.flow AND strpos(r.event, x.id::text) > 0)
    AND (x.flow IS NOT NULL OR NOT EXISTS (
        SELECT FROM records AS r WHERE r.flow IS NULL AND strpos(r.event, x.id::text) > 0))
    LIMIT 100";
const STRAY_FLOWS: &str = "SELECT id FROM flows
    WHERE NOT EXISTS (SELECT FROM records WHERE records.flow = flows.id) LIMIT 100";
const STRAY_ENDINGS: &str = "SELECT id FROM flows WHERE outcome IS NOT NULL AND NOT EXISTS (
        SELECT FROM records WHERE records.flow = flows.id AND records.kind = 'ending') LIMIT 100";
const STRAY_NOTICES: &str = "SELECT webhook_id FROM deliveries AS d WHERE NOT EXISTS (
        SELECT FROM records AS r WHERE r.flow = d.flow AND r.kind = 'notice' AND strpos(r.event, d.webhook_id) > 0)
    LIMIT 100";
const ACTIVATIONS: &str = "SELECT seq, catalog, at, actor, set_aside FROM activations ORDER BY seq";
const SOURCES: &str = "SELECT digest, bytes AS content FROM sources ORDER BY digest";
const CATALOGS: &str = "SELECT digest, convert_to(manifest, 'UTF8') AS content FROM catalogs ORDER BY digest";
