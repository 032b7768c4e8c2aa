//! How flows begin: because an e-service asks for one, or as a step of a journey.

use std::collections::BTreeMap;

use midflow::catalog::Decided;
use midflow::catalog::PlanAnswer;
use midflow::flow::Event;
use midflow::flow::State;
use midflow::policy::InputValue;
use midflow::words::Capability;
use midflow::words::Challenge;
use midflow::words::InputName;
use midflow::words::Outcome;
use midflow::words::Timestamp;

use super::bug::Bug;
use super::driver::Cause;
use super::driver::MAX_ATTEMPTS;
use super::journeys;
use super::store::Part;
use super::store::Record;
use super::store::Row;
use super::world::Happening;
use super::world::World;

impl World<'_> {
    /// An e-service asks for a flow, or for a journey, which begins with its first step.
    pub fn start(&mut self, flow: usize) {
        let Some(node) = self.some_node() else {
            let pause = self.up_to(5_000);
            return self.after(pause, Happening::Start(flow));
        };
        // A node that was taken for dead begins nothing.
        if self.is_fenced(node) {
            return self.count("begun nowhere");
        }
        if self.limit_is_reached(flow, node) {
            return self.count("over a limit");
        }
        let wish = &self.flows[flow].wish;
        let loaded = self.ground.catalog.service(wish.service).unwrap();
        let inputs = loaded.service.check_inputs(&wish.inputs).unwrap();
        let part = loaded.service.journey.as_ref().map(|journey| {
            let first = journey.first(&inputs).unwrap();
            Part::first(flow, first, journey)
        });
        if part.is_some() {
            self.count("journeys");
            if self.dice.one_in(8) {
                let pause = self.up_to(240_000);
                self.after(pause, Happening::GiveUp(flow, 0));
            }
        } else if self.dice.one_in(15) {
            let pause = self.up_to(60_000);
            self.after(pause, Happening::Cancel(flow));
        }
        self.begin(node, flow, (inputs, part), None);
    }

    /// Writes a flow with its first step: nobody ever finds one that has begun and not taken it. `refused` is how midflow
    /// itself ends it before anything is planned.
    pub fn begin(
        &mut self,
        node: usize,
        flow: usize,
        (inputs, part): (BTreeMap<InputName, InputValue>, Option<Part>),
        refused: Option<Outcome>,
    ) {
        let capability = self.flows[flow].wish.capability;
        let knows_whom = !matches!(capability, Capability::AuthQr | Capability::VerifyQr);
        let mut row = Row {
            version: 0,
            owner: node,
            state: State::new(self.now, MAX_ATTEMPTS),
            plan: None,
            inputs,
            challenge: Challenge::from_random(self.dice.roll().to_be_bytes()),
            additional_data: format!("{:016x}{flow:016x}", self.dice.roll()),
            begun_at: self.now,
            exchanges: BTreeMap::new(),
            decided: None,
            subject: knows_whom.then(|| self.flows[flow].citizen.clone()),
            refused_beforehand: refused.is_some(),
            part,
        };
        let consents = self.has_consents(flow, &row);
        let confirms = capability == Capability::Sign || consents;
        let held = match (self.bug, capability) {
            (Some(Bug::SkipsConfirmation), Capability::Sign) => false,
            (Some(Bug::SkipsConsent), _) => capability == Capability::Sign,
            _ => confirms,
        };
        let cause = match self.first_step(flow, &row, refused) {
            Ok(mut plan) => {
                if self.has(Bug::LoosensPlan) {
                    plan.assurance = midflow::words::Assurance::Low;
                }
                row.state = State::new(self.now.plus(plan.expires_in), MAX_ATTEMPTS);
                row.plan = Some(plan);
                Cause::of(if held { Event::Hold } else { Event::Begin })
            }
            Err(decided) => Cause {
                refused: Some((*decided).clone()),
                ..Cause::of(Event::Refuse(decided.outcome))
            },
        };
        self.store.rows.insert(flow, row);
        self.store.records.push((flow, Record::Begun));
        if let Some(violation) = journeys::when_begun(self, flow) {
            self.broken = Some(violation);
            return;
        }
        self.note(flow, "begins");
        self.count("flows");
        if consents {
            self.count("consents held open");
        }
        self.feed_now(node, flow, cause);
        if confirms {
            let pause = self.up_to(120_000);
            let pressed = if self.dice.one_in(12) {
                Happening::Withdraw(flow)
            } else {
                Happening::Confirm(flow)
            };
            self.after(pause, pressed);
        }
        let in_journey = self.store.rows[&flow].part.is_some();
        if capability == Capability::AuthQr && !in_journey && self.dice.one_in(6) {
            let pause = self.up_to(60_000);
            self.after(pause, Happening::Supersede(flow));
        }
    }

    /// The plan, or how the flow is refused.
    fn first_step(
        &self,
        flow: usize,
        row: &Row,
        refused: Option<Outcome>,
    ) -> Result<midflow::policy::Plan, Box<Decided>> {
        if let Some(outcome) = refused {
            return Err(Box::new(self.policy(flow, row, outcome, None)));
        }
        match self.planned(flow, row) {
            PlanAnswer::Go(plan, _) => Ok(plan),
            PlanAnswer::Refuse {
                outcome,
                decision,
                fault,
            } => Err(Box::new(Decided {
                outcome,
                decision,
                fault,
            })),
        }
    }

    /// The plan, asked for as often as a decision is.
    fn planned(&self, flow: usize, row: &Row) -> PlanAnswer {
        let ask = self.plan_ask(flow, row);
        let mut planned = self.ground.catalog.plan(&ask);
        for _ in 0..self.patience(flow) {
            if !matches!(planned, PlanAnswer::Refuse { fault: Some(_), .. }) {
                break;
            }
            planned = self.ground.catalog.plan(&ask);
        }
        planned
    }

    /// Whether a limit of the service keeps a flow from beginning. What was refused for that does not count.
    pub fn limit_is_reached(&self, flow: usize, node: usize) -> bool {
        let wish = &self.flows[flow].wish;
        let limits = &self.ground.catalog.service(wish.service).unwrap().service.limits;
        let starts = |same_person: bool| {
            let mut starts: Vec<Timestamp> = self
                .store
                .rows
                .iter()
                .filter(|(other, row)| {
                    let own = !self.has(Bug::LimitsPerNode) || row.owner == node;
                    let same = self.flows[**other].wish.service == wish.service && !row.refused_beforehand;
                    own && same && (!same_person || self.same_person(flow, **other))
                })
                .map(|(_, row)| row.begun_at)
                .collect();
            starts.sort_unstable();
            starts
        };
        let knows_the_person = !matches!(wish.capability, Capability::AuthQr | Capability::VerifyQr);
        let reached =
            |limit: midflow::policy::Limit, starts: &[Timestamp]| limit.wait(starts, self.now).is_some();
        reached(limits.per_service, &starts(false))
            || knows_the_person && reached(limits.per_person, &starts(true))
    }
}
