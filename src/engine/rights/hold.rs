use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::ask::HoldOn;
use super::ask::RightsError;
use super::ask::Who;
use super::service::Rights;
use super::service::failed;
use super::takes_two::ActWriter;
use super::takes_two::TakesTwo;
use crate::audit::Act;
use crate::audit::recordable;
use crate::engine::dual_control::Agreed;
use crate::engine::dual_control::TwoPersons;
use crate::store::ErasableFlow;
use crate::store::HeldThing;
use crate::store::Hold;
use crate::words::ServiceName;

/// Which hold shall end.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Its number.
    pub hold: u64,
    /// Two persons.
    pub by: TwoPersons,
}

impl TakesTwo for Release {
    fn by(&self) -> &TwoPersons {
        &self.by
    }

    fn write(&self, act: &ActWriter<'_>) -> Result<Act, RightsError> {
        Ok(act.begin("release").with("hold", &self.hold.to_string()))
    }
}

impl Rights {
    pub(super) async fn hold(&self, on: HoldOn, by: &str, reference: &str) -> Result<Value, RightsError> {
        let (by, reference) = (
            recordable("the name", by)?,
            recordable("the reference", reference)?,
        );
        let on = match on {
            HoldOn::Who(Who::Flow(flow)) => HeldThing::Flow(flow),
            HoldOn::Who(Who::CivilNo(text)) => {
                HeldThing::Person(self.secrets.person_key(&Who::civil_no(&text)?))
            }
            HoldOn::Service(name) => HeldThing::Service(
                ServiceName::parse(&name).map_err(|error| RightsError::Refused(error.to_string()))?,
            ),
        };
        let flow = match &on {
            HeldThing::Flow(flow) => Some(*flow),
            HeldThing::Person(_) | HeldThing::Service(_) => None,
        };
        let hold = Hold {
            id: 0,
            on: on.clone(),
            reference: reference.clone(),
            placed_by: by.clone(),
            placed_at: self.clock.now(),
            released: None,
        };
        // The hold first: a record of a hold that is not there would be believed.
        self.store.place_hold(hold).await.map_err(failed)?;
        let detail = format!("{}; reference: {reference}", kind(&on));
        self.record(vec![self.record_of("hold_placed", &by, flow, detail)])
            .await?;
        let holds = self.store.holds().await.map_err(failed)?;
        let placed = holds
            .iter()
            .rev()
            .find(|hold| hold.on == on && hold.reference == reference);
        Ok(json!({ "hold": placed.map(|hold| hold.id), "on": kind(&on) }))
    }

    pub(super) async fn release(&self, ask: &Release, agreed: &Agreed) -> Result<Value, RightsError> {
        let (id, by) = (ask.hold, agreed.names());
        let holds = self.store.holds().await.map_err(failed)?;
        let Some(hold) = holds.iter().find(|hold| hold.id == id) else {
            return Err(RightsError::Refused(format!(
                "there is no hold {id}; `midflow subject holds` lists them"
            )));
        };
        if hold.released.is_some() {
            return Err(RightsError::Refused(format!("hold {id} was released before")));
        }
        if agreed.is_older_than(hold.placed_at) {
            return Err(RightsError::Refused(format!(
                "hold {id} was placed after the act was written, so it is not the one that was meant"
            )));
        }
        // The record first: what is no longer held may be erased at once.
        let detail = format!("hold {id}; reference: {}", hold.reference);
        let released = self.record_of("hold_released", &by, None, detail);
        self.record(vec![agreed.recorded_with(released, self.clock.now())])
            .await?;
        self.store
            .release_hold(id, by, self.clock.now())
            .await
            .map_err(failed)?;
        Ok(json!({ "released": id }))
    }

    pub(super) async fn list_holds(&self) -> Result<Value, RightsError> {
        let holds = self.store.holds().await.map_err(failed)?;
        let rows = holds.iter().map(|hold| {
            let released = hold
                .released
                .as_ref()
                .map(|(by, at)| json!({ "by": by, "at": at.to_string() }));
            let flow = match &hold.on {
                HeldThing::Flow(flow) => Some(*flow),
                HeldThing::Person(_) | HeldThing::Service(_) => None,
            };
            let service = match &hold.on {
                HeldThing::Service(service) => Some(service.clone()),
                HeldThing::Person(_) | HeldThing::Flow(_) => None,
            };
            json!({
                "hold": hold.id, "on": kind(&hold.on), "flow": flow, "service": service, "reference": hold.reference,
                "placed_by": hold.placed_by, "placed_at": hold.placed_at.to_string(), "released": released,
            })
        });
        Ok(Value::from_iter(rows))
    }

    /// The holds that stand.
    pub(super) async fn standing_holds(&self) -> Result<Vec<Hold>, RightsError> {
        let holds = self.store.holds().await.map_err(failed)?;
        Ok(holds.into_iter().filter(|hold| hold.released.is_none()).collect())
    }
}

/// The hold that keeps a flow.
pub(super) fn held_by<'a>(holds: &'a [Hold], flow: &ErasableFlow) -> Option<&'a Hold> {
    holds.iter().find(|hold| match &hold.on {
        HeldThing::Flow(id) => *id == flow.id,
        HeldThing::Person(key) => flow.person_key.as_ref() == Some(key),
        HeldThing::Service(service) => *service == flow.service,
    })
}

const fn kind(on: &HeldThing) -> &'static str {
    match on {
        HeldThing::Flow(_) => "flow",
        HeldThing::Person(_) => "person",
        HeldThing::Service(_) => "service",
    }
}
