use rusqlite::CachedStatement;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Result;
use rusqlite::params;
use rusqlite::params_from_iter;
use uuid::Uuid;

use super::flow_updates::Indexed;
use super::flow_updates::STORED_FLOW;
use super::flow_updates::Updates;
use super::tail::Tail;
use super::tail::unplaceable;
use crate::audit::CommitError;
use crate::audit::DeliveryChange;
use crate::audit::ExchangeDirection;
use crate::audit::ExchangeRow;
use crate::audit::FlowChange;
use crate::audit::FlowRow;
use crate::audit::Unit;
use crate::audit::seal::KeyOwner;
use crate::audit::seal::WrappedKey;
use crate::flow::Phase;
use crate::store::line::Line;
use crate::store::line::lines;
use crate::store::line::state;
use crate::store::names::direction_name;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Purpose;
use crate::words::Timestamp;

/// Whether a unit is stored with the transaction it is in, or has lost a race.
type Answer = std::result::Result<(), CommitError>;

/// What writes the rows of a transaction: statements that are prepared once for a connection, and the end of the log.
pub(super) struct Statements<'c> {
    connection: &'c Connection,
    insert_flow: CachedStatement<'c>,
    stored_flow: CachedStatement<'c>,
    updates: Updates<'c>,
    insert_exchange: CachedStatement<'c>,
    insert_record: CachedStatement<'c>,
    tail: Tail,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(connection: &'c Connection, tail: Tail) -> Result<Self> {
        Ok(Self {
            connection,
            insert_flow: connection.prepare_cached(INSERT_FLOW)?,
            stored_flow: connection.prepare_cached(STORED_FLOW)?,
            updates: Updates::new(connection),
            insert_exchange: connection.prepare_cached(INSERT_EXCHANGE)?,
            insert_record: connection.prepare_cached(INSERT_RECORD)?,
            tail,
        })
    }

    /// Writes what stands beside the records, and gives the end of the log.
    pub(super) fn finish(mut self) -> Result<Tail> {
        self.tail.write(self.connection)?;
        Ok(self.tail)
    }

    /// Writes the rows of a unit. One that has lost a race for its flow, token, key or notice leaves none behind.
    ///
    /// # Errors
    /// When the transaction has to be rolled back.
    pub(super) fn write(&mut self, unit: &Unit) -> Result<Answer> {
        // The flow comes first: where it is lost, nothing has been written yet. Only a notice can be lost later.
        if unit.deliveries.is_empty() {
            return self.write_rows(unit);
        }
        let tail = self.tail.clone();
        self.connection.prepare_cached("SAVEPOINT unit")?.execute([])?;
        let written = self.write_rows(unit)?;
        if written.is_err() {
            self.tail = tail;
            self.connection.prepare_cached("ROLLBACK TO unit")?.execute([])?;
        }
        self.connection.prepare_cached("RELEASE unit")?.execute([])?;
        Ok(written)
    }

    fn write_rows(&mut self, unit: &Unit) -> Result<Answer> {
        if let Some(change) = &unit.flow
            && !self.flow(unit, change)?
        {
            return Ok(Err(self.reason(change)?));
        }
        if let (Some(FlowChange::Insert(row)), Some(document)) = (&unit.flow, unit.document) {
            self.refer(row.id, document)?;
        }
        for change in &unit.deliveries {
            if !self.delivery(change)? {
                return Ok(Err(CommitError::Conflict));
            }
        }
        for key in &unit.keys {
            self.key(key)?;
        }
        for exchange in &unit.exchanges {
            self.exchange(exchange)?;
        }
        for line in lines(unit) {
            self.record(&line.map_err(unplaceable)?)?;
        }
        for owner in &unit.destroy {
            self.destroy(*owner)?;
        }
        Ok(Ok(()))
    }

    /// Whether the change won.
    fn flow(&mut self, unit: &Unit, change: &FlowChange) -> Result<bool> {
        let row = change.row();
        let subject = row.subject.as_ref().map(|number| number.expose(Purpose::Store));
        let person_key = row.person_key.as_ref().map(Digest::as_bytes);
        let request_id = row.request_id.as_ref().map(|id| id.as_str());
        let outcome = row.outcome.map(|outcome| outcome.code());
        let is_open = row.state.phase != Phase::Delivered || !row.state.pending.is_empty();
        let state = state(unit, row).map_err(unplaceable)?;
        let state = state.as_ref();
        let changed = match change {
            FlowChange::Insert(_) => self.insert_flow.execute(params![
                id(row.id.as_uuid()),
                version(row)?,
                row.service.as_str(),
                row.capability.as_str(),
                row.catalog.as_bytes(),
                row.token.as_bytes(),
                person_key,
                subject,
                row.state.phase.as_str(),
                is_open,
                state,
                request_id,
                row.created_at.as_micros(),
                row.expires_at.as_micros(),
                outcome,
                row.idempotency.as_ref().map(|(key, _)| key),
                row.idempotency.as_ref().map(|(_, digest)| digest.as_bytes()),
                row.detail.as_ref(),
            ])?,
            FlowChange::Update(_) | FlowChange::Advance(_) => {
                let (id, version) = (id(row.id.as_uuid()), version(row)?);
                let indexed = Indexed {
                    person_key: person_key.map(|key| key.as_slice()),
                    request_id,
                    outcome,
                    is_open,
                };
                let Some(changed) = indexed.changed(&mut self.stored_flow, id, version)? else {
                    return Ok(false);
                };
                let kept = change.detail().map(|detail| (subject, detail.as_ref()));
                let statement = self.updates.statement(changed, kept.is_some())?;
                let common = params![
                    indexed.person_key,
                    indexed.request_id,
                    indexed.outcome,
                    indexed.is_open,
                    row.state.phase.as_str(),
                    state,
                    row.expires_at.as_micros(),
                    id,
                    version,
                ];
                match kept {
                    None => statement.execute(common)?,
                    Some((subject, detail)) => {
                        statement.execute(params_from_iter(common.iter().chain(params![subject, detail])))?
                    }
                }
            }
        };
        Ok(changed == 1)
    }

    /// Why a change of a flow lost: another has its key, or was faster.
    fn reason(&self, change: &FlowChange) -> Result<CommitError> {
        let FlowChange::Insert(row) = change else {
            return Ok(CommitError::Conflict);
        };
        let Some((key, _)) = &row.idempotency else {
            return Ok(CommitError::Conflict);
        };
        let owner = self
            .connection
            .prepare_cached("SELECT id FROM flows WHERE idempotency_key = ?1")?
            .query_row([key], |row| row.get::<_, [u8; 16]>(0))
            .optional()?;
        Ok(owner.map_or(CommitError::Conflict, |owner| {
            CommitError::Duplicate(FlowId::from_uuid(Uuid::from_bytes(owner)))
        }))
    }

    fn key(&self, key: &WrappedKey) -> Result<()> {
        self.connection.prepare_cached(INSERT_KEY)?.execute(params![
            id(key.owner.as_uuid()),
            key.version,
            key.wrapped,
        ])?;
        Ok(())
    }

    /// A document has its first flow, or another one.
    fn refer(&self, flow: FlowId, document: ExchangeId) -> Result<()> {
        let document = id(document.as_uuid());
        self.connection
            .prepare_cached(REFER_TO_DOCUMENT)?
            .execute(params![document, id(flow.as_uuid())])?;
        self.connection
            .prepare_cached(NO_LONGER_WAITING)?
            .execute([document])?;
        Ok(())
    }

    /// The place of a key is written over before it is given up.
    fn destroy(&self, owner: KeyOwner) -> Result<()> {
        let is_in_use: bool = self
            .connection
            .prepare_cached(DOCUMENT_IN_USE)?
            .query_row([id(owner.as_uuid())], |row| row.get(0))?;
        if is_in_use {
            return Ok(());
        }
        for statement in [OVERWRITE_KEY, DESTROY_KEY, FORGET_FLOW, NO_LONGER_WAITING] {
            self.connection
                .prepare_cached(statement)?
                .execute([id(owner.as_uuid())])?;
        }
        Ok(())
    }

    fn exchange(&mut self, row: &ExchangeRow) -> Result<()> {
        self.insert_exchange.execute(params![
            id(row.id.as_uuid()),
            row.flow.map(|flow| id(flow.as_uuid())),
            direction_name(row.direction),
            row.at.as_micros(),
            row.bytes.as_ref(),
        ])?;
        if row.direction == ExchangeDirection::Document && row.flow.is_none() {
            self.connection
                .prepare_cached(WAITING_DOCUMENT)?
                .execute(params![id(row.id.as_uuid()), row.at.as_micros()])?;
        }
        Ok(())
    }

    fn record(&mut self, line: &Line<'_>) -> Result<()> {
        let placed = self.tail.place(&line.facts()).map_err(unplaceable)?;
        self.insert_record.execute(params![
            placed.seq,
            line.at,
            line.flow,
            line.kind,
            line.person,
            line.event.as_ref(),
            placed.writer,
            placed.number,
            placed.leaf.as_bytes(),
            line.commitment.as_ref().map(Digest::as_bytes),
        ])?;
        Ok(())
    }

    /// Whether there is such a notice to be changed, or none yet to be made.
    fn delivery(&mut self, change: &DeliveryChange) -> Result<bool> {
        let row = change.row();
        let moment = |at: Option<Timestamp>| at.map(|at| at.as_micros());
        let changed = match change {
            DeliveryChange::Insert(_) => {
                self.connection.prepare_cached(INSERT_DELIVERY)?.execute(params![
                    row.webhook_id,
                    id(row.flow.as_uuid()),
                    row.url,
                    row.body.as_ref(),
                    row.attempts,
                    moment(row.next_at),
                    moment(row.delivered_at),
                ])?
            }
            DeliveryChange::Update(_) => {
                self.connection.prepare_cached(UPDATE_DELIVERY)?.execute(params![
                    row.webhook_id,
                    row.attempts,
                    moment(row.next_at),
                    moment(row.delivered_at),
                ])?
            }
        };
        Ok(changed == 1)
    }
}

const fn id(id: Uuid) -> [u8; 16] {
    id.into_bytes()
}

fn version(row: &FlowRow) -> Result<i64> {
    i64::try_from(row.version).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

const INSERT_FLOW: &str = "
    INSERT INTO flows (
        id, version, service, capability, catalog, token, person_key, subject, phase, open, state, request_id,
        created_at, expires_at, outcome, idempotency_key, request_digest, detail)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
    ON CONFLICT DO NOTHING";

const INSERT_KEY: &str = "INSERT INTO data_keys (owner, version, wrapped) VALUES (?1, ?2, ?3)";
const OVERWRITE_KEY: &str =
    "UPDATE data_keys SET wrapped = zeroblob(length(wrapped)) WHERE owner = ?1 AND wrapped IS NOT NULL";
const DESTROY_KEY: &str = "UPDATE data_keys SET wrapped = NULL WHERE owner = ?1 AND wrapped IS NOT NULL";
const FORGET_FLOW: &str =
    "UPDATE flows SET person_key = NULL, idempotency_key = NULL, request_digest = NULL WHERE id = ?1";
const REFER_TO_DOCUMENT: &str = "INSERT INTO document_uses (document, flow) VALUES (?1, ?2)";
const WAITING_DOCUMENT: &str = "INSERT INTO waiting_documents (id, at) VALUES (?1, ?2)";
const NO_LONGER_WAITING: &str = "DELETE FROM waiting_documents WHERE id = ?1";
/// The keys of flows are destroyed before those of the documents they refer to.
const DOCUMENT_IN_USE: &str = "
    SELECT EXISTS (SELECT 1 FROM document_uses AS u JOIN data_keys AS k ON k.owner = u.flow
        WHERE u.document = ?1 AND k.wrapped IS NOT NULL)";
const INSERT_EXCHANGE: &str = "
    INSERT INTO exchanges (id, flow, direction, at, bytes) VALUES (?1, ?2, ?3, ?4, ?5)";

const INSERT_RECORD: &str = "
    INSERT INTO records (seq, at, flow, kind, subject, event, writer, number, leaf, commitment)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

const INSERT_DELIVERY: &str = "
    INSERT INTO deliveries (webhook_id, flow, url, body, attempts, next_at, delivered_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT DO NOTHING";

const UPDATE_DELIVERY: &str = "
    UPDATE deliveries SET attempts = ?2, next_at = ?3, delivered_at = ?4 WHERE webhook_id = ?1";

/// The statements that change rows, for the test that none of them searches through a table.
#[cfg(test)]
pub(super) fn updates() -> Vec<String> {
    let mut texts = super::flow_updates::texts();
    texts.push(UPDATE_DELIVERY.to_owned());
    texts
}

/// The statements that insert a row of a flow.
#[cfg(test)]
pub(super) const INSERTS: [&str; 5] = [
    INSERT_FLOW,
    INSERT_KEY,
    INSERT_EXCHANGE,
    INSERT_RECORD,
    INSERT_DELIVERY,
];
