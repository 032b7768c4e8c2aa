//! One seeded world: two nodes over one store, an authority, people, and a network that does what networks do.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use midflow::catalog::Catalog;
use midflow::connector::ReplyMeaning;
use midflow::connector::kuwait::Kuwait;
use midflow::connector::kuwait::KuwaitRule;
use midflow::sandbox::DueAnswer;
use midflow::sandbox::ManualClock;
use midflow::sandbox::OfflineAuthority;
use midflow::sandbox::SandboxClock as _;
use midflow::sandbox::SandboxOptions;
use midflow::sandbox::Scenario;
use midflow::sandbox::StampAlgorithm;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::ExchangeId;
use midflow::words::FlowId;
use midflow::words::Timestamp;

use super::asked;
use super::asked::Wish;
use super::bug::Bug;
use super::driver::Step;
use super::laws::Violation;
use super::store::Ended;
use super::store::Store;
use crate::support::dice::Dice;

/// What all worlds of one thread share: keys and policies are dear to make.
pub struct Ground {
    pub authority: OfflineAuthority,
    pub connector: Kuwait,
    pub rule: KuwaitRule,
    pub catalog: Catalog,
    pub clock: std::sync::Arc<ManualClock>,
    pub people: Vec<CivilNo>,
    _keys: tempfile::TempDir,
}

pub struct World<'g> {
    pub ground: &'g Ground,
    pub bug: Option<Bug>,
    pub dice: Dice,
    pub now: Timestamp,
    pub store: Store,
    pub nodes: [Node; 2],
    pub flows: Vec<Outside>,
    pub counts: BTreeMap<&'static str, usize>,
    /// What happened, in words without ids, so that two runs can be compared.
    pub trace: Vec<String>,
    pub broken: Option<Violation>,
    /// The number of the flow that follows one, by the moment at which that one ends.
    pub followers: BTreeMap<(usize, Timestamp), usize>,
    agenda: BTreeMap<(Timestamp, u64), Happening>,
    number: u64,
}

/// A node, as far as it is more than its code.
#[derive(Default)]
pub struct Node {
    pub running: bool,
    /// One more with every start: what an earlier life had under way is gone.
    pub life: u64,
    /// The number under which it believes it may write.
    pub lease: u64,
}

/// A flow as the world around midflow knows it.
pub struct Outside {
    pub wish: Wish,
    pub citizen: CivilNo,
    pub scenario: Option<Scenario>,
    /// How often somebody was asked.
    pub prompts: u8,
    pub confirmed: bool,
    /// Which bytes are a true approval.
    pub truths: BTreeMap<Digest, bool>,
    /// Which bytes the authority believes to be taken.
    pub acknowledged: BTreeSet<Digest>,
    /// What the e-service was told first.
    pub told: Option<Ended>,
}

/// Who does something: a node, in one of its lives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct By {
    pub node: usize,
    pub life: u64,
}

/// Something that is going to happen.
pub enum Happening {
    Start(usize),
    Confirm(usize),
    Withdraw(usize),
    Cancel(usize),
    GiveUp(usize, u8),
    Supersede(usize),
    Scan(usize, String),
    Leave(By, usize, u8),
    Heard(By, usize, ReplyMeaning, Bytes),
    Answer(usize, VecDeque<DueAnswer>),
    Arrive(usize, Bytes, u8),
    Unacknowledged(usize, Bytes, u8),
    Commit(By, Box<Step>),
    Examine(By, usize, ExchangeId),
    Deadline(By, usize),
    Tell(By, usize),
    BeginNext(By, usize, usize),
    FindOut(By, usize, bool),
    Crash(usize),
    Rise(usize),
    TakeOver(usize),
    Suspect(usize),
    Rejoin(usize, u64),
}

impl Outside {
    pub fn new(wish: Wish, citizen: CivilNo, scenario: Option<Scenario>) -> Self {
        Self {
            wish,
            citizen,
            scenario,
            prompts: 0,
            confirmed: false,
            truths: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            told: None,
        }
    }
}

impl Ground {
    pub fn new() -> Self {
        let keys = tempfile::tempdir().unwrap();
        let clock = std::sync::Arc::new(ManualClock::new(asked::beginning()));
        let mut options = SandboxOptions::new(keys.path());
        options.clock = clock.clone();
        options.stamp = StampAlgorithm::EcdsaP256;
        options.open_per_person = None;
        options.ledger_capacity = 2_000;
        options.crowd = 8;
        let authority = OfflineAuthority::open(options).unwrap();
        authority.register_callback_base(CALLBACKS).unwrap();
        let settings = authority.sp_settings();
        Self {
            connector: settings.connector(clock.now()).unwrap(),
            rule: settings.rule().unwrap(),
            catalog: asked::catalog(),
            people: authority
                .citizens()
                .iter()
                .map(|citizen| citizen.civil_no.clone())
                .collect(),
            authority,
            clock,
            _keys: keys,
        }
    }
}

impl<'g> World<'g> {
    /// A world with so many flows; worlds of one ground follow each other in time.
    pub fn new(ground: &'g Ground, seed: u64, flows: usize, bug: Option<Bug>) -> Self {
        let mut world = Self {
            ground,
            bug,
            dice: Dice::new(seed),
            now: ground.clock.now(),
            store: Store::default(),
            nodes: [Node::default(), Node::default()],
            flows: Vec::new(),
            counts: BTreeMap::new(),
            trace: Vec::new(),
            broken: None,
            followers: BTreeMap::new(),
            agenda: BTreeMap::new(),
            number: 0,
        };
        for node in &mut world.nodes {
            node.running = true;
        }
        for flow in 0..flows {
            let wish = asked::draw(&mut world.dice);
            let citizen = world.anybody();
            let scenario = if world.dice.one_in(3) {
                None
            } else {
                Some(world.some_scenario())
            };
            world.flows.push(Outside::new(wish, citizen, scenario));
            let after = world.up_to(900_000);
            world.after(after, Happening::Start(flow));
        }
        for _ in 0..world.dice.below(7) {
            let (after, node) = (world.up_to(1_200_000), world.dice.below(2));
            world.after(after, Happening::Crash(node));
        }
        for _ in 0..world.dice.below(3) {
            let (after, node) = (world.up_to(1_200_000), world.dice.below(2));
            world.after(after, Happening::Suspect(node));
        }
        world
    }

    /// Lets everything happen, in the order of time, until nothing is left or a law is broken.
    pub fn run(&mut self) -> Result<(), Violation> {
        let begun = self.now;
        while let Some(((at, _), happening)) = self.agenda.pop_first() {
            self.ground.clock.advance(at.since(self.now));
            self.now = at;
            self.happen(happening);
            if let Some(violation) = self.broken.take() {
                return Err(violation);
            }
            if self.number > MOST_HAPPENINGS {
                return Err(Violation::new("an end", "the world does not come to rest"));
            }
        }
        self.at_the_end()?;
        // The next world of this ground begins a while later.
        self.ground
            .clock
            .advance(WHILE.saturating_sub(self.now.since(begun)));
        Ok(())
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Start(flow) => self.start(flow),
            Happening::Confirm(flow) => self.confirm(flow),
            Happening::Withdraw(flow) => self.outside_event(flow, midflow::flow::Event::Withdraw),
            Happening::Cancel(flow) => self.outside_event(flow, midflow::flow::Event::Cancel),
            Happening::GiveUp(journey, tries) => self.give_up(journey, tries),
            Happening::Supersede(flow) => self.outside_event(flow, midflow::flow::Event::Supersede),
            Happening::Scan(flow, text) => self.scan(flow, &text),
            Happening::Arrive(flow, body, tries) => self.arrive(flow, body, tries),
            Happening::Unacknowledged(flow, body, tries) => self.unacknowledged(flow, body, tries),
            Happening::Answer(flow, due) => self.answer(flow, due),
            Happening::Leave(by, flow, attempt) if self.is_alive(by) => self.leave(by, flow, attempt),
            Happening::Heard(by, flow, meaning, body) if self.is_alive(by) => {
                self.heard(by.node, flow, meaning, body);
            }
            Happening::Commit(by, step) if self.is_alive(by) => self.commit(by.node, *step),
            Happening::Examine(by, flow, exchange) if self.is_alive(by) => {
                self.examine(by.node, flow, exchange);
            }
            Happening::Deadline(by, flow) if self.is_alive(by) => self.deadline(by.node, flow),
            Happening::Tell(by, flow) if self.is_alive(by) => self.tell(by, flow),
            Happening::BeginNext(by, flow, next) if self.is_alive(by) => {
                let row = self.store.rows[&flow].clone();
                if !self.begin_next(by, &row, flow, next) {
                    self.after(Duration::from_secs(1), Happening::BeginNext(by, flow, next));
                }
            }
            Happening::FindOut(by, flow, unsent) if self.is_alive(by) => self.find_out(by.node, flow, unsent),
            Happening::Crash(node) => self.crash(node),
            Happening::Rise(node) => self.rise(node),
            Happening::TakeOver(node) => self.take_over(node),
            Happening::Suspect(node) => self.suspect(node),
            Happening::Rejoin(node, life) => self.rejoin(node, life),
            // The node died meanwhile, and with it what it had under way.
            _ => self.count("lost with a node"),
        }
    }

    pub fn after(&mut self, pause: Duration, happening: Happening) {
        self.number += 1;
        self.agenda.insert((self.now.plus(pause), self.number), happening);
    }

    /// Up to so many milliseconds.
    pub fn up_to(&mut self, millis: usize) -> Duration {
        Duration::from_micros(self.dice.below(millis * 1_000) as u64)
    }

    pub fn anybody(&mut self) -> CivilNo {
        self.ground.people[self.dice.below(self.ground.people.len())].clone()
    }

    pub fn some_scenario(&mut self) -> Scenario {
        // What comes late is decided by few milliseconds, so it has to come more often than one in all scenarios.
        if self.dice.one_in(20) {
            return Scenario::Late;
        }
        Scenario::ALL[self.dice.below(Scenario::ALL.len())]
    }

    pub fn is_alive(&self, by: By) -> bool {
        let node = &self.nodes[by.node];
        node.running && node.life == by.life
    }

    pub fn by(&self, node: usize) -> By {
        By {
            node,
            life: self.nodes[node].life,
        }
    }

    /// A node that answers, as a balancer finds it; `None` if both are down.
    pub fn some_node(&mut self) -> Option<usize> {
        let first = self.dice.below(2);
        [first, 1 - first]
            .into_iter()
            .find(|node| self.nodes[*node].running)
    }

    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub fn note(&mut self, flow: usize, what: impl std::fmt::Display) {
        let at = self.now.since(asked::beginning()).as_micros();
        self.trace.push(format!("{at} {flow} {what}"));
    }

    pub fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// The number of a flow as an id.
    pub fn id(flow: usize) -> FlowId {
        FlowId::from_uuid(uuid::Uuid::from_u128(flow as u128 + 1))
    }
}

pub const CALLBACKS: &str = "https://127.0.0.1:9443";
const MOST_HAPPENINGS: u64 = 200_000;
const WHILE: Duration = Duration::from_secs(3_600);
