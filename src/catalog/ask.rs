use std::collections::BTreeMap;

use crate::policy::Decision;
use crate::policy::InputValue;
use crate::policy::Place;
use crate::policy::Plan;
use crate::script::ScriptFault;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::InputName;
use crate::words::Locale;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::Timestamp;

/// What a catalog is asked before anything is sent.
#[derive(Clone, Copy)]
pub struct PlanAsk<'a> {
    /// The name of the service.
    pub service: &'a str,
    /// The capability.
    pub capability: Capability,
    /// Where the person is.
    pub channel: Channel,
    /// The person's language.
    pub locale: Locale,
    /// The checked inputs.
    pub inputs: &'a BTreeMap<InputName, InputValue>,
    /// The moment, handed in so that the same question has the same answer (law 9).
    pub now: Timestamp,
    /// 1 for the first flow, one more for each retry.
    pub attempt: u8,
    /// Which step of a journey it is; `None` for a flow by itself.
    pub step: Option<StepAsk<'a>>,
}

/// A step of a journey, as a catalog is asked about it.
#[derive(Clone, Copy)]
pub struct StepAsk<'a> {
    /// Its number among the steps of the service, from 0.
    pub number: usize,
    /// Its name.
    pub name: &'a str,
    /// The declared fields that earlier steps brought.
    pub earlier: Option<&'a Person>,
}

/// What a catalog is asked once a flow has an outcome.
#[derive(Clone, Copy)]
pub struct DecideAsk<'a> {
    /// The question as it was asked before the request was sent, with the moment of the decision.
    pub plan: PlanAsk<'a>,
    /// The outcome.
    pub outcome: Outcome,
    /// The declared fields of the person; only read where the outcome is an approval.
    pub person: Option<&'a Person>,
}

/// The answer before anything is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum PlanAnswer {
    /// Go ahead with this plan; the place is the rule that made it what it is.
    Go(Plan, Place),
    /// Send nothing.
    Refuse {
        /// How the flow ends: `other.refused`, or `error.policy` where the script failed.
        outcome: Outcome,
        /// What the person is told; never goes on.
        decision: Decision,
        /// Why the script failed, if it did.
        fault: Option<ScriptFault>,
    },
}

/// What the policy does with an outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The outcome, after the policy: the one asked about, `other.refused` or `error.policy`.
    pub outcome: Outcome,
    /// What happens next and what the person is told.
    pub decision: Decision,
    /// Why the script failed, if it did.
    pub fault: Option<ScriptFault>,
}
