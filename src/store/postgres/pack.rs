use std::borrow::Cow;

use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use uuid::Uuid;

use super::parts::Parts;
use crate::audit::DeliveryChange;
use crate::audit::DeliveryRow;
use crate::audit::ExchangeDirection;
use crate::audit::ExchangeRow;
use crate::audit::FlowChange;
use crate::audit::Unit;
use crate::audit::log::Chain;
use crate::flow::Phase;
use crate::store::line::Line;
use crate::store::line::LineError;
use crate::store::line::lines;
use crate::store::line::state;
use crate::store::names::direction_name;
use crate::words::Purpose;
use crate::words::Timestamp;

/// A batch as PostgreSQL takes it: each column of each table's rows as one array, for `unnest`.
#[derive(Default)]
pub(super) struct Packed<'a> {
    /// The chain of the records, and the number of the first of them in it.
    chain: Uuid,
    first: i64,
    new_flows: NewFlows<'a>,
    next_flows: NextFlows<'a>,
    exchanges: Exchanges<'a>,
    records: Records<'a>,
    new_deliveries: Deliveries<'a>,
    next_deliveries: Progress<'a>,
    keys: Keys<'a>,
    destroyed: Vec<Uuid>,
    uses: Uses,
}

/// A unit can't be written down.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackError {
    #[error("a number is too large for the store")]
    Number,
    #[error(transparent)]
    Line(#[from] LineError),
}

#[derive(Default)]
struct NewFlows<'a> {
    id: Vec<Uuid>,
    version: Vec<i64>,
    service: Vec<&'a str>,
    capability: Vec<&'a str>,
    catalog: Vec<&'a [u8]>,
    token: Vec<&'a [u8]>,
    person_key: Vec<Option<&'a [u8]>>,
    subject: Vec<Option<&'a str>>,
    phase: Vec<&'a str>,
    open: Vec<bool>,
    state: Vec<Cow<'a, str>>,
    request_id: Vec<Option<&'a [u8]>>,
    created_at: Vec<i64>,
    expires_at: Vec<i64>,
    outcome: Vec<Option<&'a str>>,
    idempotency_key: Vec<Option<&'a str>>,
    request_digest: Vec<Option<&'a [u8]>>,
    detail: Vec<&'a [u8]>,
}

#[derive(Default)]
struct NextFlows<'a> {
    id: Vec<Uuid>,
    version: Vec<i64>,
    person_key: Vec<Option<&'a [u8]>>,
    subject: Vec<Option<&'a str>>,
    phase: Vec<&'a str>,
    open: Vec<bool>,
    state: Vec<Cow<'a, str>>,
    request_id: Vec<Option<&'a [u8]>>,
    expires_at: Vec<i64>,
    outcome: Vec<Option<&'a str>>,
    detail: Vec<Option<&'a [u8]>>,
}

#[derive(Default)]
struct Exchanges<'a> {
    id: Vec<Uuid>,
    flow: Vec<Option<Uuid>>,
    direction: Vec<&'a str>,
    at: Vec<i64>,
    bytes: Vec<&'a [u8]>,
}

#[derive(Default)]
struct Records<'a> {
    at: Vec<i64>,
    flow: Vec<Option<Uuid>>,
    kind: Vec<&'a str>,
    subject: Vec<Option<&'a [u8]>>,
    event: Vec<Cow<'a, str>>,
    commitment: Vec<Option<[u8; 32]>>,
    leaf: Vec<[u8; 32]>,
}

#[derive(Default)]
struct Deliveries<'a> {
    webhook_id: Vec<&'a str>,
    flow: Vec<Uuid>,
    url: Vec<&'a str>,
    body: Vec<&'a [u8]>,
    attempts: Vec<i64>,
    next_at: Vec<Option<i64>>,
    delivered_at: Vec<Option<i64>>,
}

#[derive(Default)]
struct Progress<'a> {
    webhook_id: Vec<&'a str>,
    attempts: Vec<i64>,
    next_at: Vec<Option<i64>>,
    delivered_at: Vec<Option<i64>>,
}

#[derive(Default)]
struct Keys<'a> {
    owner: Vec<Uuid>,
    version: Vec<i64>,
    wrapped: Vec<Option<&'a [u8]>>,
}

/// Documents, and the new flows that refer to them.
#[derive(Default)]
struct Uses {
    document: Vec<Uuid>,
    flow: Vec<Uuid>,
}

impl<'a> Packed<'a> {
    /// Packs these units, the next states of flows in the order of their ids: two replicas that change the same flows
    /// then wait for one another and don't hold one another up. The records get their places in the chain.
    pub(super) fn of(units: impl Iterator<Item = &'a Unit>, chain: &mut Chain) -> Result<Self, PackError> {
        let mut units: Vec<&Unit> = units.collect();
        let mut packed = Self {
            chain: chain.writer().as_uuid(),
            first: number(chain.next())?,
            ..Self::default()
        };
        for unit in &units {
            packed.add(unit, chain)?;
        }
        units.sort_by_key(|unit| unit.flow.as_ref().map(|change| change.row().id));
        for unit in units {
            match &unit.flow {
                Some(change @ FlowChange::Insert(_)) => packed.new_flow(unit, change)?,
                Some(change) => packed.next_flow(unit, change)?,
                None => {}
            }
        }
        Ok(packed)
    }

    fn add(&mut self, unit: &'a Unit, chain: &mut Chain) -> Result<(), PackError> {
        for key in &unit.keys {
            self.keys.owner.push(key.owner.as_uuid());
            self.keys.version.push(i64::from(key.version));
            self.keys.wrapped.push(key.wrapped.as_deref());
        }
        self.destroyed
            .extend(unit.destroy.iter().map(|owner| owner.as_uuid()));
        if let (Some(FlowChange::Insert(row)), Some(document)) = (&unit.flow, unit.document) {
            self.uses.document.push(document.as_uuid());
            self.uses.flow.push(row.id.as_uuid());
        }
        for exchange in &unit.exchanges {
            self.exchange(exchange);
        }
        for line in lines(unit) {
            self.record(line?, chain)?;
        }
        for (at, delivery) in unit.deliveries.iter().enumerate() {
            match delivery {
                DeliveryChange::Insert(row) => self.new_delivery(row),
                // Of several changes of one notice in a unit, the last one counts.
                DeliveryChange::Update(row) if !is_changed_again(unit, at, row) => self.next_delivery(row),
                DeliveryChange::Update(_) => {}
            }
        }
        Ok(())
    }

    fn new_flow(&mut self, unit: &'a Unit, change: &'a FlowChange) -> Result<(), PackError> {
        let row = change.row();
        let to = &mut self.new_flows;
        to.id.push(row.id.as_uuid());
        to.version.push(number(row.version)?);
        to.service.push(row.service.as_str());
        to.capability.push(row.capability.as_str());
        to.catalog.push(row.catalog.as_bytes());
        to.token.push(row.token.as_bytes());
        to.person_key
            .push(row.person_key.as_ref().map(|key| key.as_bytes().as_slice()));
        to.subject
            .push(row.subject.as_ref().map(|subject| subject.expose(Purpose::Store)));
        to.phase.push(row.state.phase.as_str());
        to.open.push(is_open(change));
        to.state.push(state(unit, row)?);
        to.request_id
            .push(row.request_id.as_ref().map(|id| id.as_str().as_bytes()));
        to.created_at.push(row.created_at.as_micros());
        to.expires_at.push(row.expires_at.as_micros());
        to.outcome.push(row.outcome.map(|outcome| outcome.code()));
        let idempotency = row.idempotency.as_ref();
        to.idempotency_key.push(idempotency.map(|(key, _)| key.as_str()));
        to.request_digest
            .push(idempotency.map(|(_, digest)| digest.as_bytes().as_slice()));
        to.detail.push(&row.detail);
        Ok(())
    }

    fn next_flow(&mut self, unit: &'a Unit, change: &'a FlowChange) -> Result<(), PackError> {
        let row = change.row();
        let to = &mut self.next_flows;
        to.id.push(row.id.as_uuid());
        to.version.push(number(row.version)?);
        to.person_key
            .push(row.person_key.as_ref().map(|key| key.as_bytes().as_slice()));
        to.subject
            .push(row.subject.as_ref().map(|subject| subject.expose(Purpose::Store)));
        to.phase.push(row.state.phase.as_str());
        to.open.push(is_open(change));
        to.state.push(state(unit, row)?);
        to.request_id
            .push(row.request_id.as_ref().map(|id| id.as_str().as_bytes()));
        to.expires_at.push(row.expires_at.as_micros());
        to.outcome.push(row.outcome.map(|outcome| outcome.code()));
        to.detail.push(change.detail().map(|detail| detail.as_ref()));
        Ok(())
    }

    fn exchange(&mut self, row: &'a ExchangeRow) {
        let to = &mut self.exchanges;
        to.id.push(row.id.as_uuid());
        to.flow.push(row.flow.map(|flow| flow.as_uuid()));
        to.direction.push(direction_name(row.direction));
        to.at.push(row.at.as_micros());
        to.bytes.push(&row.bytes);
    }

    fn record(&mut self, line: Line<'a>, chain: &mut Chain) -> Result<(), PackError> {
        let leaf = chain.append(&line.facts()).ok_or(LineError::Size)?.leaf();
        let to = &mut self.records;
        to.at.push(line.at);
        to.flow.push(line.flow.map(Uuid::from_bytes));
        to.kind.push(line.kind);
        to.subject.push(line.person.map(str::as_bytes));
        to.commitment
            .push(line.commitment.map(|commitment| *commitment.as_bytes()));
        to.leaf.push(*leaf.as_bytes());
        to.event.push(line.event);
        Ok(())
    }

    fn new_delivery(&mut self, row: &'a DeliveryRow) {
        let to = &mut self.new_deliveries;
        to.webhook_id.push(&row.webhook_id);
        to.flow.push(row.flow.as_uuid());
        to.url.push(&row.url);
        to.body.push(&row.body);
        to.attempts.push(i64::from(row.attempts));
        to.next_at.push(row.next_at.map(Timestamp::as_micros));
        to.delivered_at.push(row.delivered_at.map(Timestamp::as_micros));
    }

    fn next_delivery(&mut self, row: &'a DeliveryRow) {
        let to = &mut self.next_deliveries;
        to.webhook_id.push(&row.webhook_id);
        to.attempts.push(i64::from(row.attempts));
        to.next_at.push(row.next_at.map(Timestamp::as_micros));
        to.delivered_at.push(row.delivered_at.map(Timestamp::as_micros));
    }

    /// What there is something for.
    fn parts(&self) -> Parts {
        let has_documents = !self.destroyed.is_empty()
            || !self.uses.document.is_empty()
            || self
                .exchanges
                .direction
                .contains(&direction_name(ExchangeDirection::Document));
        let has_notices =
            !self.new_deliveries.webhook_id.is_empty() || !self.next_deliveries.webhook_id.is_empty();
        Parts::default()
            .with(Parts::NEW_FLOWS, !self.new_flows.id.is_empty())
            .with(Parts::NEXT_FLOWS, !self.next_flows.id.is_empty())
            .with(Parts::NOTICES, has_notices)
            .with(Parts::EXCHANGES, !self.exchanges.id.is_empty())
            .with(Parts::KEYS, !self.keys.owner.is_empty())
            .with(Parts::DOCUMENTS, has_documents)
    }

    /// The statement of the batch with everything in its place. What a part that is left out would take is bound all the same:
    /// nothing.
    pub(super) fn statement(self, lease: i64) -> Query<'static, Postgres, PgArguments> {
        let text = self.parts().statement();
        let Self {
            chain,
            first,
            new_flows: new,
            next_flows: next,
            exchanges,
            records,
            new_deliveries: notices,
            next_deliveries: progress,
            keys,
            destroyed,
            uses,
        } = self;
        sqlx::query(text)
            .bind(lease)
            .bind(new.id)
            .bind(new.version)
            .bind(new.service)
            .bind(new.capability)
            .bind(new.catalog)
            .bind(new.token)
            .bind(new.person_key)
            .bind(new.subject)
            .bind(new.phase)
            .bind(new.open)
            .bind(new.state)
            .bind(new.request_id)
            .bind(new.created_at)
            .bind(new.expires_at)
            .bind(new.outcome)
            .bind(new.idempotency_key)
            .bind(new.request_digest)
            .bind(new.detail)
            .bind(next.id)
            .bind(next.version)
            .bind(next.person_key)
            .bind(next.subject)
            .bind(next.phase)
            .bind(next.open)
            .bind(next.state)
            .bind(next.request_id)
            .bind(next.expires_at)
            .bind(next.outcome)
            .bind(next.detail)
            .bind(exchanges.id)
            .bind(exchanges.flow)
            .bind(exchanges.direction)
            .bind(exchanges.at)
            .bind(exchanges.bytes)
            .bind(records.at)
            .bind(records.flow)
            .bind(records.kind)
            .bind(records.subject)
            .bind(records.event)
            .bind(notices.webhook_id)
            .bind(notices.flow)
            .bind(notices.url)
            .bind(notices.body)
            .bind(notices.attempts)
            .bind(notices.next_at)
            .bind(notices.delivered_at)
            .bind(progress.webhook_id)
            .bind(progress.attempts)
            .bind(progress.next_at)
            .bind(progress.delivered_at)
            .bind(keys.owner)
            .bind(keys.version)
            .bind(keys.wrapped)
            .bind(destroyed)
            .bind(chain)
            .bind(first)
            .bind(records.commitment)
            .bind(records.leaf)
            .bind(uses.document)
            .bind(uses.flow)
    }
}

fn is_open(change: &FlowChange) -> bool {
    let state = &change.row().state;
    state.phase != Phase::Delivered || !state.pending.is_empty()
}

fn is_changed_again(unit: &Unit, at: usize, row: &DeliveryRow) -> bool {
    unit.deliveries
        .iter()
        .skip(at + 1)
        .any(|later| matches!(later, DeliveryChange::Update(later) if later.webhook_id == row.webhook_id))
}

fn number(value: u64) -> Result<i64, PackError> {
    i64::try_from(value).map_err(|_| PackError::Number)
}
