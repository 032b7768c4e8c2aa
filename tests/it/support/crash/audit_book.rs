use std::collections::HashMap;
use std::path::PathBuf;

use midflow::audit::Event;
use midflow::audit::StepRecord;
use midflow::words::Digest;
use midflow::words::ExchangeId;
use midflow::words::FlowId;
use midflow::words::Timestamp;
use sqlx::ConnectOptions as _;
use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;

use super::opener::Opener;

/// What the store of the node holds, read from outside: by its file and its key, not by the code that wrote it.
#[derive(Clone, Debug, Default)]
pub struct AuditBook {
    /// The number of the last record.
    pub records: u64,
    pub flows: HashMap<FlowId, FlowPage>,
    pub exchanges: HashMap<ExchangeId, Kept>,
    /// Outcome notices by `webhook-id`, with the digest of their bodies.
    pub notices: HashMap<String, Digest>,
    /// Where the log itself is not as it must be.
    pub damage: Vec<String>,
}

/// Everything about one flow.
#[derive(Clone, Debug, Default)]
pub struct FlowPage {
    /// The row of the flow, if there is one.
    pub row: Option<Row>,
    pub requests: Vec<Asked>,
    pub replies: Vec<(ExchangeId, Digest)>,
    pub callbacks: Vec<Arrived>,
    pub verdicts: Vec<Examined>,
    pub endings: Vec<Ended>,
    /// Which step of a journey it is.
    pub step: Option<StepRecord>,
    /// The `webhook-id`s that are recorded as delivered.
    pub delivered: Vec<String>,
}

/// The row of a flow.
#[derive(Clone, Debug)]
pub struct Row {
    pub key: String,
    pub phase: String,
    pub outcome: Option<String>,
}

/// A recorded request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub at: Timestamp,
    pub digest: Digest,
    pub exchange: ExchangeId,
}

/// A recorded callback.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub seq: u64,
    pub digest: Digest,
    pub exchange: Option<ExchangeId>,
}

/// A recorded verdict.
#[derive(Clone, Debug)]
pub struct Examined {
    pub seq: u64,
    pub exchange: ExchangeId,
    pub conclusion: String,
}

/// A recorded ending.
#[derive(Clone, Debug)]
pub struct Ended {
    pub seq: u64,
    pub outcome: String,
    pub exchange: Option<ExchangeId>,
    /// The flow of the next step.
    pub next: Option<FlowId>,
}

/// The exact bytes of a message, by their digest.
#[derive(Clone, Debug)]
pub struct Kept {
    pub direction: String,
    pub digest: Digest,
}

/// Reads the file of a node on from where it stopped: what was appended since, and the rows of all flows.
///
/// It opens the file for reading alone, so that the recovery of what a killed writer left is the node's own.
pub struct AuditReader {
    file: PathBuf,
    key: PathBuf,
    exchanges: i64,
    notices: i64,
    book: AuditBook,
}

impl AuditReader {
    pub fn new(file: PathBuf, key: PathBuf) -> Self {
        Self {
            file,
            key,
            exchanges: 0,
            notices: 0,
            book: AuditBook::default(),
        }
    }

    /// Brings the book up to date.
    pub async fn read_on(&mut self) -> sqlx::Result<AuditBook> {
        let Some(mut connection) = self.open().await? else {
            self.book
                .note(self.book.records == 0, || "the store is gone".to_owned());
            return Ok(self.book.clone());
        };
        self.read_records(&mut connection).await?;
        let Some(opener) = Opener::of(&mut connection, &self.key).await? else {
            return Ok(self.book.clone());
        };
        self.read_exchanges(&mut connection, &opener).await?;
        self.read_notices(&mut connection, &opener).await?;
        self.read_flows(&mut connection, &opener).await?;
        Ok(self.book.clone())
    }

    /// How many flows are not done with.
    pub async fn open_flows(&self) -> sqlx::Result<i64> {
        match self.open().await? {
            Some(mut connection) => {
                sqlx::query_scalar("SELECT count(*) FROM flows WHERE open = 1")
                    .fetch_one(&mut connection)
                    .await
            }
            None => Ok(0),
        }
    }

    /// `None` if the node was killed before it had made its tables.
    async fn open(&self) -> sqlx::Result<Option<SqliteConnection>> {
        if !self.file.exists() {
            return Ok(None);
        }
        let options = SqliteConnectOptions::new().filename(&self.file).read_only(true);
        let mut connection = options.disable_statement_logging().connect().await?;
        let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'health'")
            .fetch_one(&mut connection)
            .await?;
        Ok((tables == 1).then_some(connection))
    }

    async fn read_records(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let before = self.book.records;
        let earlier: i64 = sqlx::query_scalar("SELECT count(*) FROM records WHERE seq <= ?")
            .bind(number(before))
            .fetch_one(&mut *connection)
            .await?;
        self.book.note(earlier == number(before), || {
            format!("of the first {before} records {earlier} are left")
        });
        let rows = sqlx::query("SELECT seq, at, flow, event FROM records WHERE seq > ? ORDER BY seq")
            .bind(number(before))
            .fetch_all(connection)
            .await?;
        for row in rows {
            let seq = u64::try_from(row.try_get::<i64, _>("seq")?).unwrap_or(0);
            let expected = self.book.records + 1;
            self.book.note(seq == expected, || {
                format!("record {seq} stands where {expected} should")
            });
            self.book.records = seq;
            let flow: Option<uuid::Uuid> = row.try_get("flow")?;
            let at = Timestamp::from_micros(row.try_get("at")?);
            match serde_json::from_str(&row.try_get::<String, _>("event")?) {
                Ok(event) => self.book.enter(seq, at, flow.map(FlowId::from_uuid), &event),
                Err(error) => self
                    .book
                    .damage
                    .push(format!("record {seq} can't be read: {error}")),
            }
        }
        Ok(())
    }

    async fn read_exchanges(
        &mut self,
        connection: &mut SqliteConnection,
        opener: &Opener,
    ) -> sqlx::Result<()> {
        let rows = sqlx::query(
            "SELECT e.rowid AS place, e.id, e.direction, e.bytes, k.owner, k.version, k.wrapped
                FROM exchanges AS e JOIN data_keys AS k ON k.owner = coalesce(e.flow, e.id)
                WHERE e.rowid > ? ORDER BY e.rowid",
        )
        .bind(self.exchanges)
        .fetch_all(connection)
        .await?;
        for row in rows {
            self.exchanges = row.try_get("place")?;
            let id = ExchangeId::from_uuid(row.try_get("id")?);
            let bytes = opener.exchange(&row, id)?;
            let kept = Kept {
                direction: row.try_get("direction")?,
                digest: Digest::of(&bytes),
            };
            self.book.exchanges.insert(id, kept);
        }
        Ok(())
    }

    async fn read_notices(&mut self, connection: &mut SqliteConnection, opener: &Opener) -> sqlx::Result<()> {
        let rows = sqlx::query(
            "SELECT d.rowid AS place, d.webhook_id, d.body, k.owner, k.version, k.wrapped
                FROM deliveries AS d JOIN data_keys AS k ON k.owner = d.flow
                WHERE d.rowid > ? ORDER BY d.rowid",
        )
        .bind(self.notices)
        .fetch_all(connection)
        .await?;
        for row in rows {
            self.notices = row.try_get("place")?;
            let digest = Digest::of(&opener.notice(&row)?);
            self.book.notices.insert(row.try_get("webhook_id")?, digest);
        }
        Ok(())
    }

    async fn read_flows(&mut self, connection: &mut SqliteConnection, opener: &Opener) -> sqlx::Result<()> {
        let rows = sqlx::query(
            "SELECT f.id, f.detail, f.phase, f.outcome, k.owner, k.version, k.wrapped
                FROM flows AS f JOIN data_keys AS k ON k.owner = f.id",
        )
        .fetch_all(connection)
        .await?;
        let known = self.book.flows.values().filter(|page| page.row.is_some()).count();
        self.book.note(rows.len() >= known, || {
            format!("of {known} flows {} are left", rows.len())
        });
        for row in rows {
            let page = self
                .book
                .flows
                .entry(FlowId::from_uuid(row.try_get("id")?))
                .or_default();
            // It never changes, so it is opened once.
            let key = match &page.row {
                Some(known) => known.key.clone(),
                None => opener.idempotency_key(&row)?,
            };
            page.row = Some(Row {
                key,
                phase: row.try_get("phase")?,
                outcome: row.try_get("outcome")?,
            });
        }
        Ok(())
    }
}

impl AuditBook {
    fn note(&mut self, good: bool, what: impl FnOnce() -> String) {
        if !good {
            self.damage.push(what());
        }
    }

    fn enter(&mut self, seq: u64, at: Timestamp, flow: Option<FlowId>, event: &Event) {
        let Some(flow) = flow else {
            return;
        };
        let page = self.flows.entry(flow).or_default();
        match event {
            Event::Request(request) => page.requests.push(Asked {
                at,
                digest: request.digest,
                exchange: request.exchange,
            }),
            Event::Reply(reply) => page.replies.extend(reply.exchange.zip(reply.digest)),
            Event::Callback(callback) => page.callbacks.push(Arrived {
                seq,
                digest: callback.digest,
                exchange: callback.exchange,
            }),
            Event::Verdict(verdict) => page.verdicts.push(Examined {
                seq,
                exchange: verdict.exchange,
                conclusion: verdict.conclusion.clone(),
            }),
            Event::Ending(ending) => page.endings.push(Ended {
                seq,
                outcome: ending.outcome.code().to_owned(),
                exchange: ending.exchange,
                next: ending.next,
            }),
            Event::Step(step) => page.step = Some(step.clone()),
            Event::Delivery(delivery) if delivery.result == "delivered" => {
                page.delivered.push(delivery.webhook_id.clone());
            }
            _ => {}
        }
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
