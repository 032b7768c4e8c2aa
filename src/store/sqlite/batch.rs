use std::collections::HashSet;
use std::path::Path;

use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::fault;
use super::pack::Packed;
use crate::audit::CommitError;
use crate::audit::FlowChange;
use crate::audit::Unit;
use crate::store::rounds::rounds;
use crate::words::FlowId;

/// Commits units through the writing connection.
pub(super) struct Committer<'a> {
    pub(super) file: &'a Path,
    pub(super) connection: &'a mut SqliteConnection,
    /// The number of the last record; `None` where it has to be read again.
    pub(super) last_record: &'a mut Option<i64>,
    /// Set where a transaction may have been left open: the connection must not be used again.
    pub(super) broken: &'a mut bool,
}

/// Answers by the place of the unit in its batch.
type Answers = Vec<(usize, Result<(), CommitError>)>;

/// What became of one transaction. Only [`Attempt::Committed`] leaves a trace.
enum Attempt {
    Committed,
    /// These lost a race for their flow, token or key.
    Lost(Vec<usize>),
    /// One of the units can't be stored as it is.
    AtFault(CommitError),
    /// The store failed; in the worst case nobody knows whether the units are durable.
    Failed(CommitError),
}

impl Committer<'_> {
    /// Commits `units`, in one transaction unless several of them change the same thing, and answers for each.
    pub(super) async fn commit(&mut self, units: &[Unit]) -> Vec<Result<(), CommitError>> {
        let mut answers: Vec<_> = units.iter().map(|_| Err(not_tried())).collect();
        for round in rounds(units) {
            for (at, answer) in self.round(units, round).await {
                if let Some(place) = answers.get_mut(at) {
                    *place = answer;
                }
            }
        }
        answers
    }

    /// Tries the members together, and again without those that lost a race.
    async fn round(&mut self, units: &[Unit], mut members: Vec<usize>) -> Answers {
        let mut losers = Vec::new();
        let mut answers = loop {
            if members.is_empty() {
                break Answers::new();
            }
            match self.attempt(units, &members).await {
                Attempt::Committed => break members.iter().map(|at| (*at, Ok(()))).collect(),
                Attempt::Lost(more) => {
                    members.retain(|at| !more.contains(at));
                    losers.extend(more);
                }
                Attempt::AtFault(_) if members.len() > 1 => break self.one_by_one(units, &members).await,
                Attempt::AtFault(error) | Attempt::Failed(error) => {
                    break members.iter().map(|at| (*at, Err(error.clone()))).collect();
                }
            }
        };
        // Only now is it known who won.
        for at in losers {
            answers.push((at, Err(self.reason(units.get(at)).await)));
        }
        answers
    }

    /// One of the members can't be stored: each gets a transaction of its own, so that the others can.
    async fn one_by_one(&mut self, units: &[Unit], members: &[usize]) -> Answers {
        let mut answers = Answers::new();
        for at in members {
            let answer = match self.attempt(units, &[*at]).await {
                Attempt::Committed => Ok(()),
                Attempt::Lost(_) => Err(self.reason(units.get(*at)).await),
                Attempt::AtFault(error) | Attempt::Failed(error) => Err(error),
            };
            answers.push((*at, answer));
        }
        answers
    }

    async fn attempt(&mut self, units: &[Unit], members: &[usize]) -> Attempt {
        let result = self.write_and_commit(units, members).await;
        if !matches!(result, Attempt::Committed) {
            *self.last_record = None;
            self.roll_back().await;
        }
        result
    }

    async fn write_and_commit(&mut self, units: &[Unit], members: &[usize]) -> Attempt {
        let chosen = || members.iter().filter_map(|at| units.get(*at));
        let mut packed = Packed::with_room(members.len(), chosen().map(Unit::weight).sum());
        for unit in chosen() {
            if let Err(error) = packed.add(unit) {
                return Attempt::AtFault(CommitError::Store(error.to_string()));
            }
        }
        let asked = Asked::of(&packed);
        let last = match self.last_record().await {
            Ok(last) => last,
            Err(error) => return self.failed(&error),
        };
        let rows = match self.write(packed, last).await {
            Ok(rows) => rows,
            Err(error) if fault::may_be_of_one_unit(&error) => {
                return Attempt::AtFault(CommitError::Store(fault::of_sqlx(self.file, &error).to_string()));
            }
            Err(error) => return self.failed(&error),
        };
        let done = match Done::read(&rows) {
            Ok(done) => done,
            Err(error) => return self.failed(&error),
        };
        let losers = losers(units, members, &done);
        if !losers.is_empty() {
            return Attempt::Lost(losers);
        }
        if (done.new_deliveries, done.next_deliveries) != (asked.new_deliveries, asked.next_deliveries) {
            return Attempt::AtFault(CommitError::Conflict);
        }
        match sqlx::query("COMMIT").execute(&mut *self.connection).await {
            Ok(_) => {
                *self.last_record = i64::try_from(asked.records).ok().map(|added| last + added);
                Attempt::Committed
            }
            Err(error) => self.failed(&error),
        }
    }

    async fn write(&mut self, packed: Packed, last_record: i64) -> Result<Vec<SqliteRow>, sqlx::Error> {
        sqlx::query(BATCH)
            .bind(packed.words.into_blob())
            .bind(packed.bytes.into_blob())
            .bind(packed.new_flows.into_json())
            .bind(packed.next_flows.into_json())
            .bind(packed.exchanges.into_json())
            .bind(packed.records.into_json())
            .bind(packed.new_deliveries.into_json())
            .bind(packed.next_deliveries.into_json())
            .bind(last_record)
            .fetch_all(&mut *self.connection)
            .await
    }

    /// Nobody else writes records, so their number is read once and counted from there.
    async fn last_record(&mut self) -> Result<i64, sqlx::Error> {
        if let Some(last) = *self.last_record {
            return Ok(last);
        }
        let last = sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM records")
            .fetch_one(&mut *self.connection)
            .await?;
        *self.last_record = Some(last);
        Ok(last)
    }

    async fn roll_back(&mut self) {
        let rolled_back = sqlx::query("ROLLBACK").execute(&mut *self.connection).await;
        // SQLite rolls back by itself after some errors; then there is no transaction left.
        let is_over = rolled_back.as_ref().map_or_else(
            |error| error.to_string().contains("no transaction is active"),
            |_| true,
        );
        if !is_over {
            *self.broken = true;
        }
    }

    /// Why a unit lost, now that its winner is durable.
    async fn reason(&mut self, unit: Option<&Unit>) -> CommitError {
        let Some(FlowChange::Insert(row)) = unit.and_then(|unit| unit.flow.as_ref()) else {
            return CommitError::Conflict;
        };
        let Some((key, _)) = &row.idempotency else {
            return CommitError::Conflict;
        };
        let owner: Result<Option<uuid::Uuid>, _> =
            sqlx::query_scalar("SELECT id FROM flows WHERE idempotency_key = $1")
                .bind(key.clone())
                .fetch_optional(&mut *self.connection)
                .await;
        match owner {
            Ok(Some(owner)) => CommitError::Duplicate(FlowId::from_uuid(owner)),
            Ok(None) => CommitError::Conflict,
            Err(error) => CommitError::Store(fault::of_sqlx(self.file, &error).to_string()),
        }
    }

    fn failed(&self, error: &sqlx::Error) -> Attempt {
        Attempt::Failed(CommitError::Store(fault::of_sqlx(self.file, error).to_string()))
    }
}

/// How much a batch asks for.
struct Asked {
    records: usize,
    new_deliveries: usize,
    next_deliveries: usize,
}

impl Asked {
    const fn of(packed: &Packed) -> Self {
        Self {
            records: packed.records.count(),
            new_deliveries: packed.new_deliveries.count(),
            next_deliveries: packed.next_deliveries.count(),
        }
    }
}

/// What the statements of a batch say they did.
#[derive(Default)]
struct Done {
    new_flows: HashSet<FlowId>,
    next_flows: HashSet<FlowId>,
    new_deliveries: usize,
    next_deliveries: usize,
}

impl Done {
    fn read(rows: &[SqliteRow]) -> Result<Self, sqlx::Error> {
        let mut done = Self::default();
        for row in rows {
            let flow = || row.try_get(1).map(FlowId::from_uuid);
            match row.try_get::<i64, _>(0)? {
                0 => drop(done.new_flows.insert(flow()?)),
                1 => drop(done.next_flows.insert(flow()?)),
                2 => done.new_deliveries += 1,
                _ => done.next_deliveries += 1,
            }
        }
        Ok(done)
    }
}

fn losers(units: &[Unit], members: &[usize], done: &Done) -> Vec<usize> {
    let has_lost = |at: &usize| match units.get(*at).and_then(|unit| unit.flow.as_ref()) {
        None => false,
        Some(FlowChange::Insert(row)) => !done.new_flows.contains(&row.id),
        Some(FlowChange::Update(row) | FlowChange::Advance(row)) => !done.next_flows.contains(&row.id),
    };
    members.iter().copied().filter(has_lost).collect()
}

fn not_tried() -> CommitError {
    CommitError::Store("the unit was not reached".to_owned())
}

const BATCH: &str = include_str!("batch.sql");
