use super::id_of_next;
use super::part::OwedStep;
use crate::catalog::Decided;
use crate::engine::draft::Draft;
use crate::engine::live::Live;
use crate::policy::Then;
use crate::policy::Turn;
use crate::words::Capability;
use crate::words::FlowId;
use crate::words::Outcome;

/// What follows in a journey from the ending of a step.
#[derive(Clone, Copy)]
pub(crate) struct Follows {
    /// The flow that begins.
    pub(crate) begins: Option<FlowId>,
    /// Whether the journey ends.
    pub(crate) ends: bool,
}

impl Draft {
    /// What follows in the journey from how its step is ending, and writes it into the detail; `None` for a flow by itself.
    pub(crate) fn turn(&mut self, live: &Live, decided: &Decided) -> Option<Follows> {
        let part = self.detail.journey.as_ref()?;
        let goes_on = decided.outcome == Outcome::Approved && decided.decision.then == Then::Continue;
        let service = live.catalog.as_deref();
        let service = service.and_then(|catalog| catalog.service(self.row.service.as_str()));
        let journey = service.and_then(|loaded| loaded.service.journey.as_ref());
        let turn = match journey {
            Some(journey) => journey.after(part.step, goes_on, &self.detail.inputs),
            // Its policy is gone, so its outcome is none that goes on (law 5); only what was told already has ended before.
            None => Turn {
                begins: None,
                ends: self.row.capability != Capability::Notify,
            },
        };
        let follows = Follows {
            begins: turn.begins.map(|_| id_of_next(self.row.id, self.at)),
            ends: turn.ends,
        };
        let owed = turn.begins.zip(journey).and_then(|(at, journey)| {
            let step = journey.steps.get(at)?;
            Some(OwedStep {
                step: at,
                name: step.name.clone(),
                capability: step.as_ask()?.capability,
            })
        });
        if let Some(part) = &mut self.detail_to_change().journey {
            part.next = follows.begins;
            part.owed = owed;
            part.ends = follows.ends;
        }
        Some(follows)
    }
}
