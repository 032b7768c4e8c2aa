use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::ask::Basis;
use super::ask::RightsError;
use super::ask::Who;
use super::hold::held_by;
use super::register::Registered;
use super::service::Rights;
use super::service::failed;
use super::takes_two::ActWriter;
use super::takes_two::TakesTwo;
use crate::audit::Act;
use crate::audit::Unit;
use crate::audit::recordable;
use crate::audit::seal::KeyOwner;
use crate::engine::detail::Detail;
use crate::engine::dual_control::Agreed;
use crate::engine::dual_control::TwoPersons;
use crate::store::ErasableFlow;
use crate::store::FlowsOf;
use crate::store::HeldThing;
use crate::store::Hold;
use crate::words::ExchangeId;

/// What shall be erased, and why. May name a person, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// Whose.
    pub who: Who,
    /// Two persons, for it can't be undone.
    pub by: TwoPersons,
    /// Why.
    pub basis: Basis,
    /// The number of the application, case or order.
    pub reference: String,
}

impl TakesTwo for Erasure {
    fn by(&self) -> &TwoPersons {
        &self.by
    }

    fn write(&self, act: &ActWriter<'_>) -> Result<Act, RightsError> {
        self.check()?;
        let begun = act.about(act.begin("erase"), &self.who)?;
        Ok(begun
            .with("basis", self.basis.as_str())
            .with("reference", &recordable("the reference", &self.reference)?))
    }
}

impl Erasure {
    fn check(&self) -> Result<(), RightsError> {
        if self.basis.allows_erasure() {
            return Ok(());
        }
        Err(RightsError::Refused(
            "a request to see one's data is no reason to erase it: name `wrong_or_outdated`, `consent_withdrawn` or \
             `court_order`"
                .to_owned(),
        ))
    }
}

impl Rights {
    pub(super) async fn erase(&self, ask: &Erasure, agreed: &Agreed) -> Result<Value, RightsError> {
        let Erasure { who, basis, .. } = ask;
        let reference = recordable("the reference", &ask.reference)?;
        ask.check()?;
        self.seals()?;
        let flows = self
            .store
            .erasable_flows(self.flows_of(who)?, u32::MAX)
            .await
            .map_err(failed)?;
        let holds = self.standing_holds().await?;
        // Before anything is gone: afterwards a flow says no more whose it was, and of which service.
        let papers = self.papers_about(who, &flows, &holds).await?;
        let mut kept = Vec::new();
        let mut due = Vec::new();
        for flow in flows {
            if let Some(hold) = held_by(&holds, &flow) {
                kept.push(json!({ "flow": flow.id, "why": format!("hold {}", hold.id) }));
            } else if flow.open {
                kept.push(json!({ "flow": flow.id, "why": "it has not ended yet" }));
            } else if agreed.is_older_than(flow.id.moment()) {
                kept.push(json!({ "flow": flow.id, "why": "it began after the act was written" }));
            } else {
                due.push(flow);
            }
        }
        let by = agreed.names();
        let detail = format!("basis: {}; reference: {reference}", basis.as_str());
        let papers = self.erasable_papers(papers, agreed, &mut kept);
        let anything = !due.is_empty() || !papers.is_empty();
        if let Some(act) = agreed.record(self.clock.now()).filter(|_| anything) {
            self.record(vec![act]).await?;
        }
        let mark = |unit: &mut Unit| agreed.mark(unit);
        let erased = self.destroy(&due, (&by, &detail), mark).await?;
        let papers = self.erase_papers(papers, agreed, &detail).await?;
        Ok(json!({ "erased": erased, "papers": papers, "kept": kept }))
    }

    /// The applications about somebody whose paper is still there, each with the number of the hold that keeps it: one on the
    /// person, or whatever keeps the flow that it names.
    async fn papers_about(
        &self,
        who: &Who,
        flows: &[ErasableFlow],
        holds: &[Hold],
    ) -> Result<Vec<(Registered, Option<u64>)>, RightsError> {
        let mut papers = Vec::new();
        for (one, filed) in self.applications_about(who, flows).await? {
            let person = match self.flows_of(&filed.about)? {
                FlowsOf::Person(key) => Some(key),
                FlowsOf::Flow(_) | FlowsOf::Service(..) => None,
            };
            let on_it = holds.iter().find(|hold| match &hold.on {
                HeldThing::Person(key) => person.as_ref() == Some(key),
                HeldThing::Flow(flow) => filed.flow() == Some(*flow),
                HeldThing::Service(_) => false,
            });
            let flow = flows.iter().find(|flow| filed.flow() == Some(flow.id));
            let held = on_it.or_else(|| flow.and_then(|flow| held_by(holds, flow)));
            papers.push((one, held.map(|hold| hold.id)));
        }
        Ok(papers)
    }

    /// Those of these applications that are closed and that nothing keeps; the others go to `kept`.
    fn erasable_papers(
        &self,
        papers: Vec<(Registered, Option<u64>)>,
        agreed: &Agreed,
        kept: &mut Vec<Value>,
    ) -> Vec<Registered> {
        let mut due = Vec::new();
        for (one, held) in papers {
            let why = match held {
                Some(hold) => format!("hold {hold}"),
                None if !one.on(self.today()).state.is_final() => "it is not closed yet".to_owned(),
                None if agreed.is_older_than(one.opened_at()) => {
                    "it was filed after the act was written".to_owned()
                }
                None => {
                    due.push(one);
                    continue;
                }
            };
            kept.push(json!({ "application": one.number, "why": why }));
        }
        due
    }

    /// Destroys what was filed with these applications; their records stay.
    async fn erase_papers(
        &self,
        papers: Vec<Registered>,
        agreed: &Agreed,
        detail: &str,
    ) -> Result<Vec<u64>, RightsError> {
        let mut erased = Vec::new();
        for one in papers {
            let detail = format!("application {}; {detail}", one.number);
            let mut unit = Unit {
                destroy: vec![KeyOwner::from(one.paper)],
                ..self.record_of("erased", &agreed.names(), None, detail)
            };
            agreed.mark(&mut unit);
            self.record(vec![unit]).await?;
            erased.push(one.number);
        }
        if !erased.is_empty() {
            self.store.scrub().await.map_err(failed)?;
        }
        Ok(erased)
    }

    /// That there are keys to be destroyed.
    fn seals(&self) -> Result<(), RightsError> {
        if self.store.is_sealed() {
            return Ok(());
        }
        Err(RightsError::Refused(
            "the store seals nothing, so there are no keys whose destruction would erase anything".to_owned(),
        ))
    }

    /// Destroys the keys of these flows, each together with the record that says so, by whom and why; `mark` adds to that.
    pub(super) async fn destroy(
        &self,
        flows: &[ErasableFlow],
        (by, detail): (&str, &str),
        mark: impl Fn(&mut Unit),
    ) -> Result<Vec<crate::words::FlowId>, RightsError> {
        self.seals()?;
        for part in flows.chunks(TOGETHER) {
            let mut units = Vec::with_capacity(part.len());
            let mut documents = Vec::new();
            for flow in part {
                let document = self.document_of(flow).await?;
                documents.extend(document);
                let mut unit = Unit {
                    destroy: [KeyOwner::from(flow.id)].into_iter().chain(document).collect(),
                    ..self.record_of("erased", by, Some(flow.id), detail.to_owned())
                };
                mark(&mut unit);
                units.push(unit);
            }
            self.record(units).await?;
            // Of two nodes that erase the last two flows of a document at the same moment, each still sees the other's;
            // whoever looks again afterwards sees that both are gone.
            if !documents.is_empty() {
                let again = Unit {
                    destroy: documents,
                    ..Unit::default()
                };
                self.record(vec![again]).await?;
            }
        }
        if !flows.is_empty() {
            self.store.scrub().await.map_err(failed)?;
        }
        Ok(flows.iter().map(|flow| flow.id).collect())
    }

    /// Destroys the keys of documents that were handed in before this moment and that no flow has referred to.
    pub(super) async fn destroy_documents(
        &self,
        documents: &[ExchangeId],
        by: &str,
        detail: &str,
    ) -> Result<(), RightsError> {
        for part in documents.chunks(TOGETHER) {
            let unit = Unit {
                destroy: part.iter().copied().map(KeyOwner::from).collect(),
                ..self.record_of(
                    "documents_erased",
                    by,
                    None,
                    format!("{} documents; {detail}", part.len()),
                )
            };
            self.record(vec![unit]).await?;
        }
        if !documents.is_empty() {
            self.store.scrub().await.map_err(failed)?;
        }
        Ok(())
    }

    /// What was handed in for the flow before it began: its key is its own, and stays as long as another flow refers to
    /// it.
    async fn document_of(&self, flow: &ErasableFlow) -> Result<Option<KeyOwner>, RightsError> {
        let row = self.store.flow(flow.id).await.map_err(failed)?;
        let detail = row.and_then(|row| Detail::from_bytes(&row.detail));
        let document = detail.and_then(|detail| detail.refers_to());
        Ok(document.map(KeyOwner::from))
    }
}

/// So many flows share a commit.
const TOGETHER: usize = 200;
