//! What survives a crash: the flows, and the records of what happened to them.

use std::collections::BTreeMap;

use bytes::Bytes;
use midflow::flow::State;
use midflow::policy::InputValue;
use midflow::policy::Plan;
use midflow::policy::Then;
use midflow::words::Challenge;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::ExchangeId;
use midflow::words::InputName;
use midflow::words::Outcome;
use midflow::words::Person;
use midflow::words::Timestamp;

/// The database that both nodes share.
#[derive(Default)]
pub struct Store {
    pub rows: BTreeMap<usize, Row>,
    pub records: Vec<(usize, Record)>,
    /// The number under which each node may write; another one takes the place of a node taken for dead.
    pub leases: [u64; 2],
}

/// A flow as it is kept.
#[derive(Clone)]
pub struct Row {
    pub version: u64,
    /// The node that owes what follows.
    pub owner: usize,
    pub state: State,
    pub plan: Option<Plan>,
    pub inputs: BTreeMap<InputName, InputValue>,
    pub challenge: Challenge,
    pub additional_data: String,
    pub begun_at: Timestamp,
    /// The exact bytes of what arrived, and when.
    pub exchanges: BTreeMap<ExchangeId, (Timestamp, Bytes)>,
    pub decided: Option<Ended>,
    /// The person, where they are known: from the beginning, or since they approved.
    pub subject: Option<CivilNo>,
    /// Whether midflow refused it before anything was planned.
    pub refused_beforehand: bool,
    /// Which step of which journey it is.
    pub part: Option<Part>,
}

/// What a flow knows of the journey that it is a step of.
#[derive(Clone)]
pub struct Part {
    /// The journey, by its first flow.
    pub journey: usize,
    /// The number of the step in the service file.
    pub step: usize,
    pub name: String,
    /// The steps before it, with their flows.
    pub passed: Vec<(usize, usize)>,
    /// The flow that begins, known with the ending.
    pub next: Option<usize>,
    /// Whether the journey ends with this flow, known with the ending.
    pub ends: bool,
    /// What earlier steps brought of the person.
    pub earlier: Person,
}

/// How the policy ended a flow, and what the e-service is told.
#[derive(Clone, PartialEq, Eq)]
pub struct Ended {
    pub outcome: Outcome,
    pub then: Then,
    pub person: Option<Person>,
    /// The script failed.
    pub faulted: bool,
}

/// One thing that happened, as the audit log has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    Begun,
    Sent(u8),
    Replied,
    Arrived(Digest),
    Examined(ExchangeId),
    Decided(Outcome),
    Delivered,
    Other,
}

impl Store {
    /// Whether a record of a flow is durable.
    pub fn has(&self, flow: usize, record: &Record) -> bool {
        self.records
            .iter()
            .any(|(of, kept)| *of == flow && kept == record)
    }
}
