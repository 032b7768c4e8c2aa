//! Flows that were decided once, decided again under another catalog (law 9: same input, same decision).

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::catalogs::load_kept;
use super::detail::Detail;
use crate::audit::Event;
use crate::audit::FlowRow;
use crate::catalog::Catalog;
use crate::catalog::DecideAsk;
use crate::catalog::Decided;
use crate::catalog::PlanAnswer;
use crate::catalog::PlanAsk;
use crate::policy::Decision;
use crate::policy::InputValue;
use crate::policy::Place;
use crate::policy::Plan;
use crate::policy::Then;
use crate::policy::format_duration;
use crate::script::Hook;
use crate::store::Store;
use crate::store::StoreError;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::Person;
use crate::words::ServiceName;
use crate::words::Text;

/// Which recorded flows are decided again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayOf {
    /// Every flow of the store.
    All,
    /// These.
    Flows(Vec<FlowId>),
}

/// What became of flows that were decided again. Holds no personal data.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Replay {
    /// How many flows were decided again.
    pub flows: u64,
    /// Those that would be decided otherwise.
    pub different: Vec<ReplayedFlow>,
    /// Those that can't be decided again, each with why.
    pub undecidable: Vec<(FlowId, String)>,
}

/// A flow that would be decided otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplayedFlow {
    /// The flow.
    pub flow: FlowId,
    /// Its service.
    pub service: ServiceName,
    /// Each difference.
    pub differences: Vec<Difference>,
    /// Whether the flow's own catalog, asked again, also says something else than was recorded: then the difference is
    /// not the other catalog's doing, and should be looked into.
    pub own_differs: bool,
}

/// One thing that would be decided otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// What: `request`, `assurance`, `reason`, `fields`, `expires_in`, `outcome`, `then`, `say`.
    pub what: &'static str,
    /// What was decided.
    pub was: String,
    /// What would be.
    pub would_be: String,
    /// The file and line that decided.
    pub was_by: Option<String>,
    /// The file and line that would decide.
    pub would_be_by: Option<String>,
}

/// Decides recorded flows again under `candidate`.
///
/// # Errors
/// When the store can't be read, or does not know a flow that was named.
pub async fn replay(store: &dyn Store, candidate: &Catalog, of: &ReplayOf) -> Result<Replay, ReplayError> {
    let mut run = Run {
        store,
        candidate,
        own: HashMap::new(),
        result: Replay::default(),
    };
    match of {
        ReplayOf::Flows(flows) => {
            for flow in flows {
                let row = store.flow(*flow).await?.ok_or(ReplayError::UnknownFlow(*flow))?;
                run.flow(&row).await?;
            }
        }
        ReplayOf::All => {
            let mut after = None;
            loop {
                let page = store.flows_after(after, PAGE).await?;
                let Some(last) = page.last() else {
                    break;
                };
                after = Some(last.id);
                for row in &page {
                    run.flow(row).await?;
                }
            }
        }
    }
    Ok(run.result)
}

/// Why flows can't be decided again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The store can't be read.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// There is no such flow.
    #[error("the store has no flow {0}")]
    UnknownFlow(FlowId),
}

impl Replay {
    /// The result for people: each difference, and a line that counts.
    pub fn to_text(&self) -> String {
        let mut lines = Vec::new();
        for flow in &self.different {
            lines.push(format!("{}  {}", flow.flow, flow.service));
            for difference in &flow.differences {
                let by = match (&difference.was_by, &difference.would_be_by) {
                    (_, Some(by)) => format!("  ({by})"),
                    (Some(by), None) => format!("  (was {by})"),
                    (None, None) => String::new(),
                };
                lines.push(format!(
                    "  {}: {} -> {}{by}",
                    difference.what, difference.was, difference.would_be
                ));
            }
            if flow.own_differs {
                lines.push(
                    "  note: its own catalog, asked again, does not say what was recorded either".to_owned(),
                );
            }
        }
        for (flow, why) in &self.undecidable {
            lines.push(format!("{flow}  can't be decided again: {why}"));
        }
        lines.push(format!(
            "{} decided again, {} differ, {} can't be decided again",
            self.flows,
            self.different.len(),
            self.undecidable.len()
        ));
        lines.join("\n")
    }
}

struct Run<'a> {
    store: &'a dyn Store,
    candidate: &'a Catalog,
    /// The catalogs that flows were pinned to, as far as they still load.
    own: HashMap<Digest, Option<Arc<Catalog>>>,
    result: Replay,
}

impl Run<'_> {
    async fn flow(&mut self, row: &FlowRow) -> Result<(), ReplayError> {
        let Some(detail) = Detail::from_bytes(&row.detail) else {
            let why = "what was recorded of it is damaged".to_owned();
            self.result.undecidable.push((row.id, why));
            return Ok(());
        };
        let asked = self.asked_outcome(row, &detail).await?;
        let recorded = Recorded { row, detail, asked };
        let own = self.own(row.catalog).await;
        let (candidate, own) = (
            recorded.under(self.candidate),
            own.map(|own| recorded.under(&own)),
        );
        match candidate {
            Err(why) => self.result.undecidable.push((row.id, why)),
            Ok(would_be) => {
                self.result.flows += 1;
                let own = own.and_then(Result::ok);
                let was = recorded.as_recorded(own.as_ref());
                let differences = differences(&was, &would_be);
                if !differences.is_empty() {
                    let own_differs = own.is_some_and(|own| !self::differences(&was, &own).is_empty());
                    self.result.different.push(ReplayedFlow {
                        flow: row.id,
                        service: row.service.clone(),
                        differences,
                        own_differs,
                    });
                }
            }
        }
        Ok(())
    }

    async fn own(&mut self, digest: Digest) -> Option<Arc<Catalog>> {
        if digest == self.candidate.digest() {
            return None;
        }
        if let Some(known) = self.own.get(&digest) {
            return known.clone();
        }
        let loaded = load_kept(self.store, digest, None).await.ok();
        self.own.insert(digest, loaded.clone());
        loaded
    }

    /// What the policy was asked about, which its answer can turn into `other.refused` or `error.policy`.
    async fn asked_outcome(&self, row: &FlowRow, detail: &Detail) -> Result<Option<Outcome>, ReplayError> {
        match row.outcome {
            Some(Outcome::Refused | Outcome::ErrorPolicy) if detail.plan.is_some() => {
                let records = self.store.records(row.id).await?;
                let asked = records.into_iter().find_map(|record| match record.event {
                    Event::Ending(ending) => ending.asked,
                    _ => None,
                });
                Ok(asked)
            }
            outcome => Ok(outcome),
        }
    }
}

/// All that the decisions on a flow were made from.
pub(super) struct Recorded<'a> {
    pub(super) row: &'a FlowRow,
    pub(super) detail: Detail,
    /// The outcome that the policy was asked about; `None` while the flow runs, or where it was not recorded.
    pub(super) asked: Option<Outcome>,
}

/// What was, or would be, decided on a flow.
pub(super) struct Answers {
    pub(super) plan: Result<(Plan, Option<Place>), (Outcome, Decision)>,
    /// `None` where the flow has not ended, or was never sent.
    pub(super) ending: Option<(Outcome, Decision)>,
}

impl Recorded<'_> {
    fn ask<'a>(&'a self, earlier: Option<&'a Person>) -> PlanAsk<'a> {
        PlanAsk {
            service: self.row.service.as_str(),
            capability: self.row.capability,
            channel: self.detail.channel,
            locale: self.detail.locale,
            inputs: &self.detail.inputs,
            now: self.detail.requested_at,
            attempt: self.detail.try_number,
            step: self.detail.step_ask(earlier),
        }
    }

    pub(super) fn under(&self, catalog: &Catalog) -> Result<Answers, String> {
        let service = self.row.service.as_str();
        let Some(loaded) = catalog.service(service) else {
            return Ok(Answers {
                plan: Err(without_service("there is no such service")),
                ending: None,
            });
        };
        if loaded
            .service
            .check_inputs(&as_passed(&self.detail.inputs))
            .is_err()
        {
            return Ok(Answers {
                plan: Err(without_service("its inputs are refused")),
                ending: None,
            });
        }
        let earlier = self.detail.earlier();
        let ask = self.ask(earlier.as_ref());
        if let Some(outcome) = self.row.outcome.filter(|outcome| outcome.follows_from_memory()) {
            // What was remembered then is not asked for again: only the answer to it can differ.
            let decided = catalog.decide(&DecideAsk {
                plan: ask,
                outcome,
                person: None,
            });
            return Ok(Answers {
                plan: Err((decided.outcome, decided.decision)),
                ending: None,
            });
        }
        let plan = match catalog.plan(&ask) {
            PlanAnswer::Go(plan, place) => (plan, Some(place)),
            PlanAnswer::Refuse {
                outcome, decision, ..
            } => {
                return Ok(Answers {
                    plan: Err((outcome, decision)),
                    ending: None,
                });
            }
        };
        // A flow that was refused before it was sent has no outcome of the authority to decide on.
        let was_sent = self.detail.plan.is_some();
        let ending = match (was_sent, self.detail.ended_at) {
            (true, Some(at)) => {
                let asked = self
                    .asked
                    .ok_or("the outcome that its policy was asked about is not on record")?;
                let person = self.detail.person();
                let class = asked.class();
                let hook = Hook::Ending(class);
                let asks = loaded.script().is_some_and(|script| script.has(hook));
                if class == OutcomeClass::Approved && person.is_none() && asks {
                    let why =
                        "the fields of a person who was refused are not kept, and the script asks for them";
                    return Err(why.to_owned());
                }
                let Decided {
                    outcome, decision, ..
                } = catalog.decide(&DecideAsk {
                    plan: PlanAsk { now: at, ..ask },
                    outcome: asked,
                    person: person.as_ref(),
                });
                Some((outcome, decision))
            }
            _ => None,
        };
        Ok(Answers {
            plan: Ok(plan),
            ending,
        })
    }

    /// What is on record; the place of the rule that made the plan comes from the flow's own catalog, asked again.
    pub(super) fn as_recorded(&self, own: Option<&Answers>) -> Answers {
        let decided = self.row.outcome.zip(self.detail.decision.clone());
        let place = own
            .and_then(|own| own.plan.as_ref().ok())
            .and_then(|(_, place)| place.clone());
        match (self.detail.plan.clone(), decided) {
            (Some(plan), ending) => Answers {
                plan: Ok((plan, place)),
                ending,
            },
            (None, Some(refused)) => Answers {
                plan: Err(refused),
                ending: None,
            },
            (None, None) => Answers {
                plan: Err(without_service("nothing was planned")),
                ending: None,
            },
        }
    }
}

pub(super) fn differences(was: &Answers, would_be: &Answers) -> Vec<Difference> {
    let mut found = Vec::new();
    match (&was.plan, &would_be.plan) {
        (Ok((old, was_by)), Ok((new, by))) => {
            of_plans(&mut found, (old, was_by.as_ref()), (new, by.as_ref()))
        }
        (Ok((_, was_by)), Err(refused)) => found.push(Difference {
            what: "request",
            was: "sent".to_owned(),
            would_be: refusal(refused),
            was_by: was_by.as_ref().map(ToString::to_string),
            would_be_by: rule(&refused.1),
        }),
        (Err(refused), Ok((_, by))) => found.push(Difference {
            what: "request",
            was: refusal(refused),
            would_be: "sent".to_owned(),
            was_by: rule(&refused.1),
            would_be_by: by.as_ref().map(ToString::to_string),
        }),
        (Err(old), Err(new)) => of_endings(&mut found, old, new),
    }
    if let (Some(old), Some(new)) = (&was.ending, &would_be.ending) {
        of_endings(&mut found, old, new);
    }
    found
}

fn of_plans(found: &mut Vec<Difference>, was: (&Plan, Option<&Place>), would_be: (&Plan, Option<&Place>)) {
    let (old, new) = (was.0, would_be.0);
    let fields = |plan: &Plan| {
        let mut names: Vec<String> = plan.fields.iter().map(|field| field.name().to_string()).collect();
        names.sort();
        names.join(", ")
    };
    let all = [
        ("assurance", old.assurance.to_string(), new.assurance.to_string()),
        ("fields", fields(old), fields(new)),
        (
            "expires_in",
            format_duration(old.expires_in),
            format_duration(new.expires_in),
        ),
    ];
    let all = all.into_iter().chain(texts("reason", &old.reason, &new.reason));
    for (what, was_so, would_be_so) in all {
        if was_so != would_be_so {
            found.push(Difference {
                what,
                was: was_so,
                would_be: would_be_so,
                was_by: was.1.map(ToString::to_string),
                would_be_by: would_be.1.map(ToString::to_string),
            });
        }
    }
}

fn of_endings(found: &mut Vec<Difference>, was: &(Outcome, Decision), would_be: &(Outcome, Decision)) {
    let all = [
        ("outcome", named(was), named(would_be)),
        ("then", then(was.1.then), then(would_be.1.then)),
    ];
    let all = all.into_iter().chain(texts("say", &was.1.say, &would_be.1.say));
    for (what, was_so, would_be_so) in all {
        if was_so != would_be_so {
            found.push(Difference {
                what,
                was: was_so,
                would_be: would_be_so,
                was_by: rule(&was.1),
                would_be_by: rule(&would_be.1),
            });
        }
    }
}

fn named((outcome, decision): &(Outcome, Decision)) -> String {
    match &decision.refusal {
        Some(code) => format!("{outcome} ({code})"),
        None => outcome.to_string(),
    }
}

fn refusal(refused: &(Outcome, Decision)) -> String {
    format!("refused as {}", named(refused))
}

fn rule(decision: &Decision) -> Option<String> {
    (!decision.rule.file.is_empty()).then(|| decision.rule.to_string())
}

/// Texts are filled in with what the e-service has passed, so they are not repeated here (law 13).
fn texts(what: &'static str, was: &Text, would_be: &Text) -> Option<(&'static str, String, String)> {
    let languages: Vec<&str> = [("ar", was.ar != would_be.ar), ("en", was.en != would_be.en)]
        .into_iter()
        .filter_map(|(language, differs)| differs.then_some(language))
        .collect();
    let another = format!("another text ({})", languages.join(", "));
    (!languages.is_empty()).then(|| (what, "the recorded text".to_owned(), another))
}

fn then(then: Then) -> String {
    serde_json::to_value(then).map_or_else(
        |_| String::new(),
        |value| match value {
            serde_json::Value::String(word) => word,
            other => other.to_string(),
        },
    )
}

/// A refusal that no rule of a policy made.
fn without_service(why: &str) -> (Outcome, Decision) {
    let decision = Decision {
        then: Then::Stop,
        say: Outcome::ErrorPolicy.text(),
        refusal: Some(why.to_owned()),
        rule: Place::default(),
    };
    (Outcome::ErrorPolicy, decision)
}

/// Inputs as an e-service passes them.
pub(super) fn as_passed(
    inputs: &BTreeMap<crate::words::InputName, InputValue>,
) -> serde_json::Map<String, serde_json::Value> {
    let values = inputs.iter().map(|(name, value)| {
        let value = match value {
            InputValue::String(text) => text.clone().into(),
            InputValue::Integer(number) => (*number).into(),
            InputValue::Boolean(flag) => (*flag).into(),
            decimal @ InputValue::Decimal(_) => {
                serde_json::from_str(&decimal.to_string()).unwrap_or(serde_json::Value::Null)
            }
        };
        (name.to_string(), value)
    });
    values.collect()
}

const PAGE: u32 = 500;
