//! What the policy compared, and the line that decided.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::case::Case;
use super::model::Reckoned;
use super::model::RuleLine;
use crate::audit::Event;
use crate::catalog::Catalog;
use crate::catalog::DecideAsk;
use crate::catalog::PlanAsk;
use crate::engine::detail::Detail;
use crate::policy::Decision;
use crate::policy::InputKind;
use crate::policy::Place;
use crate::script;
use crate::script::Tested;
use crate::script::Trace;
use crate::store::StoredRecord;
use crate::words::FieldName;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::Person;

/// The decision on record, with the line that made it where the catalog is known.
pub(super) fn reckoned(
    outcome: Outcome,
    decision: &Decision,
    records: &[StoredRecord],
    catalog: Option<&Catalog>,
) -> Reckoned {
    let ending = records.iter().find_map(|record| match &record.event {
        Event::Ending(ending) => Some(ending),
        _ => None,
    });
    Reckoned {
        outcome,
        asked: ending.and_then(|ending| ending.asked),
        then: decision.then,
        refusal: decision.refusal.clone(),
        rule: rule_line(&decision.rule, catalog),
        fault: ending.and_then(|ending| ending.script_fault.clone()),
        compared: Trace::default(),
    }
}

/// A place with what stands there; `None` where no rule decided.
pub(super) fn rule_line(place: &Place, catalog: Option<&Catalog>) -> Option<RuleLine> {
    if place.file.is_empty() {
        return None;
    }
    let text = catalog.and_then(|catalog| catalog.sources().text(&place.file));
    let number = usize::try_from(place.line).unwrap_or(0).saturating_sub(1);
    let line = text.and_then(|text| text.lines().nth(number));
    Some(RuleLine {
        place: place.clone(),
        line: line.map(|line| line.trim().chars().take(LONGEST_LINE).collect()),
    })
}

impl Case<'_> {
    /// What the script compared before anything was sent.
    pub(super) fn traced_plan(&self) -> Trace {
        let earlier = self.detail.earlier();
        let (_, trace) = script::traced(self.words(), || {
            script::patiently(|| self.loaded.plan(&ask(self, earlier.as_ref())))
        });
        trace
    }

    /// What the script compared once the flow had an outcome. Of a person whose fields are not kept, only what anybody
    /// with the same decision would have led to.
    pub(super) fn traced_ending(&self, decision: &Decision) -> Trace {
        let (Some(asked), Some(ended_at), true) =
            (self.asked, self.detail.ended_at, self.detail.plan.is_some())
        else {
            return Trace::default();
        };
        let person = self.detail.person();
        if asked.class() == OutcomeClass::Approved && person.is_none() {
            return self.traced_for_anybody(decision);
        }
        let earlier = self.detail.earlier();
        let decide = DecideAsk {
            plan: PlanAsk {
                now: ended_at,
                ..ask(self, earlier.as_ref())
            },
            outcome: asked,
            person: person.as_ref(),
        };
        let (_, trace) = script::traced(self.words(), || script::patiently(|| self.loaded.decide(&decide)));
        trace
    }

    fn traced_for_anybody(&self, decision: &Decision) -> Trace {
        let traces = self.consistent(decision).into_iter().map(|claims| {
            let (_, trace) = script::traced(self.words(), || self.decided_of(&claims));
            trace
        });
        traces
            .reduce(|one, other| in_common(one, &other))
            .unwrap_or_default()
    }

    /// Everybody, as far as claims go, on whom the policy would have decided as it did; those of whom most is proved
    /// come first.
    pub(super) fn consistent(&self, decision: &Decision) -> Vec<BTreeMap<FieldName, bool>> {
        let decides = |claims: &BTreeMap<FieldName, bool>| {
            let decided = script::patiently(|| self.decided_of(claims));
            decided.is_some_and(|decided| {
                let made = &decided.decision;
                made.rule == decision.rule && made.then == decision.then && made.refusal == decision.refusal
            })
        };
        self.anybody().into_iter().filter(decides).collect()
    }

    /// Texts that can be shown: the words of inputs that take one of a few.
    fn words(&self) -> BTreeSet<String> {
        let kinds = self.loaded.service.inputs.values().map(|input| &input.kind);
        kinds
            .filter_map(|kind| match kind {
                InputKind::Choice(words) => Some(words.iter().cloned()),
                _ => None,
            })
            .flatten()
            .collect()
    }
}

/// What is in both, in the order of the first.
fn in_common(one: Trace, other: &Trace) -> Trace {
    let both = |test: &Tested| other.tests.contains(test);
    Trace {
        cut: one.cut || other.cut,
        tests: one.tests.into_iter().filter(both).collect(),
    }
}

fn ask<'a>(case: &'a Case<'_>, earlier: Option<&'a Person>) -> PlanAsk<'a> {
    let detail: &Detail = case.detail;
    PlanAsk {
        service: case.row.service.as_str(),
        capability: case.row.capability,
        channel: detail.channel,
        locale: detail.locale,
        inputs: &detail.inputs,
        now: detail.requested_at,
        attempt: detail.try_number,
        step: detail.step_ask(earlier),
    }
}

const LONGEST_LINE: usize = 160;
