use std::path::Path;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use sqlx::postgres::PgArguments;
use sqlx::postgres::PgRow;

use super::Postgres;
use super::fault;
use super::rows::Stored;
use crate::audit::FlowRow;
use crate::store::Counted;
use crate::store::News;
use crate::store::Shared;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::words::FlowId;
use crate::words::Timestamp;

#[async_trait]
impl Shared for Postgres {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        let ours = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
        let ahead = self.lease.as_ref().map_or(0, |lease| lease.clock_ahead());
        Timestamp::from_micros(ours.saturating_add(ahead))
    }

    async fn take_over(&self, overdue: Timestamp, limit: u32) -> Result<Vec<FlowRow>, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, self.lease_number())?;
        self.bind(&mut arguments, overdue.as_micros())?;
        self.bind(&mut arguments, i64::from(limit))?;
        let rows = self.help(TAKE_OVER, arguments).await?;
        rows.iter().map(|row| self.stored(row).flow()).collect()
    }

    async fn news(&self, seq: u64, limit: u32) -> Result<News, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, i64::try_from(seq).unwrap_or(i64::MAX))?;
        self.bind(&mut arguments, i64::from(limit))?;
        self.bind(&mut arguments, self.lease_number())?;
        let rows = self.help(NEWS, arguments).await?;
        let mut news = News {
            upto: seq,
            flows: Vec::new(),
        };
        for row in &rows {
            let row = self.stored(row);
            news.upto = row.count("seq")?;
            if let (true, Some(flow)) = (row.get("is_foreign")?, row.get::<Option<uuid::Uuid>>("flow")?) {
                news.flows.push(FlowId::from_uuid(flow));
            }
        }
        news.flows.sort_unstable();
        news.flows.dedup();
        Ok(news)
    }

    async fn hint(&self) {
        match &self.hints {
            Some(hints) => hints.heard().await,
            None => std::future::pending().await,
        }
    }

    async fn leads(&self) -> Result<bool, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, self.lease_number())?;
        let oldest =
            "SELECT coalesce(min(lease) = $1, false) AS leads FROM replicas WHERE until > clock_timestamp()";
        match self.help(oldest, arguments).await?.first() {
            Some(row) => self.stored(row).get("leads"),
            None => Ok(false),
        }
    }

    async fn count_start(
        &self,
        subjects: &[Counted],
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        let names: Vec<&str> = subjects.iter().map(|counted| counted.subject.as_str()).collect();
        let counts: Vec<i64> = subjects
            .iter()
            .map(|counted| i64::from(counted.count.get()))
            .collect();
        let windows: Vec<i64> = subjects
            .iter()
            .map(|counted| i64::try_from(counted.window.as_micros()).unwrap_or(i64::MAX / 2))
            .collect();
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, names)?;
        self.bind(&mut arguments, counts)?;
        self.bind(&mut arguments, windows)?;
        self.bind(&mut arguments, now.as_micros())?;
        let rows = self
            .help("SELECT count_start($1, $2, $3, $4) AS wait", arguments)
            .await?;
        let wait = match rows.first() {
            Some(row) => self.stored(row).count("wait")?,
            None => 0,
        };
        Ok((wait > 0).then(|| Duration::from_micros(wait).max(SHORTEST_WAIT)))
    }
}

impl Postgres {
    fn lease_number(&self) -> i64 {
        self.lease.as_ref().map_or(0, |lease| lease.number())
    }

    /// How many other replicas run.
    pub(super) async fn others(&self) -> Result<u64, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, self.lease_number())?;
        let count = "SELECT count(*) AS others FROM replicas WHERE until > clock_timestamp() AND lease <> $1";
        match self.help(count, arguments).await?.first() {
            Some(row) => self.stored(row).count("others"),
            None => Ok(0),
        }
    }

    pub(super) fn stored<'a>(&'a self, row: &'a PgRow) -> Stored<'a> {
        Stored::new(Path::new(&self.place), row)
    }

    /// Carries a statement out in a task of its own: a caller that stops waiting can't leave a connection in the middle of
    /// it.
    async fn help(&self, statement: &'static str, arguments: PgArguments) -> Result<Vec<PgRow>, StoreError> {
        let helpers = self.helpers.clone();
        let helping =
            tokio::spawn(async move { sqlx::query_with(statement, arguments).fetch_all(&helpers).await });
        helping
            .await
            .map_err(|_| {
                StoreError::of_server(
                    StoreErrorKind::Io,
                    &self.place,
                    "a helper panicked",
                    "report this as a fault of midflow",
                )
            })?
            .map_err(|error| fault::of_sqlx(&self.place, &error))
    }
}

/// Only under a lease that stands, and never from somebody whose lease stands, unless the flow is overdue.
const TAKE_OVER: &str = "WITH orphans AS (
        SELECT flows.id FROM replicas JOIN flows ON flows.owner = replicas.lease AND flows.open
            WHERE replicas.until <= clock_timestamp() AND replicas.lease <> $1
            LIMIT $3 FOR UPDATE OF flows SKIP LOCKED
    ),
    late AS (
        SELECT id FROM flows
            WHERE phase IN ('created', 'sent', 'unknown', 'waiting') AND expires_at < $2
            LIMIT $3 FOR UPDATE SKIP LOCKED
    ),
    found AS (SELECT id FROM orphans UNION SELECT id FROM late)
    UPDATE flows SET owner = $1, version = version + 1 FROM found
    WHERE flows.id = found.id AND EXISTS (SELECT FROM replicas WHERE lease = $1 AND until > clock_timestamp())
    RETURNING flows.*";
const NEWS: &str =
    "SELECT seq, flow, writer <> $3 AS is_foreign FROM records WHERE seq > $1 ORDER BY seq LIMIT $2";
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
