use std::sync::Arc;

use serde_json::Value;

use super::ask::RightsAsk;
use super::ask::RightsError;
use super::ask::Who;
use crate::audit::AdminRecord;
use crate::audit::Event;
use crate::audit::Record;
use crate::audit::Recorder;
use crate::audit::RecorderOptions;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::catalog::Catalog;
use crate::engine::Clock;
use crate::engine::DualControl;
use crate::engine::Engine;
use crate::engine::Secrets;
use crate::store::FlowsOf;
use crate::store::Store;
use crate::words::FlowId;

/// Carries out what is asked of somebody's data, beside a running engine or in a store that no node uses.
pub struct Rights {
    pub(super) store: Arc<dyn Store>,
    pub(super) secrets: Arc<Secrets>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) catalog: Option<Arc<Catalog>>,
    pub(super) recorder: Recorder,
    pub(super) dual_control: DualControl,
}

impl Engine {
    /// What a person, a court and the clock may ask of what this engine keeps.
    pub fn rights(&self) -> Rights {
        let inner = self.inner();
        Rights {
            store: Arc::clone(&inner.store),
            secrets: Arc::clone(&inner.secrets),
            clock: Arc::clone(&inner.clock),
            catalog: Some(inner.catalogs.active()),
            recorder: inner.recorder.clone(),
            dual_control: inner.dual_control(),
        }
    }
}

impl Rights {
    /// In a store that no node uses. The catalog says how long services keep things; without it nothing is due.
    pub fn at_rest(
        store: Arc<dyn Store>,
        secrets: Arc<Secrets>,
        clock: Arc<dyn Clock>,
        catalog: Option<Arc<Catalog>>,
        dual_control: DualControl,
    ) -> Self {
        let commit: Arc<dyn Store> = Arc::clone(&store);
        Self {
            recorder: Recorder::start(commit, RecorderOptions::default()),
            store,
            secrets,
            clock,
            catalog,
            dual_control,
        }
    }

    /// Does what is asked, and answers with what was done.
    ///
    /// # Errors
    /// When it is not allowed, or the store fails.
    pub async fn carry_out(&self, ask: RightsAsk) -> Result<Value, RightsError> {
        match ask {
            RightsAsk::Export {
                who,
                by,
                basis,
                reference,
            } => self.export(&who, &by, basis, &reference).await,
            RightsAsk::Erase(ask) => self.erase(&ask, &self.agreed(&ask)?).await,
            RightsAsk::Rectify(ask) => self.rectify(&ask, &self.agreed(&ask)?).await,
            RightsAsk::Hold { on, by, reference } => self.hold(on, &by, &reference).await,
            RightsAsk::Release(ask) => self.release(&ask, &self.agreed(&ask)?).await,
            RightsAsk::Holds => self.list_holds().await,
            RightsAsk::Application(ask) => self.application(ask).await,
            RightsAsk::Retention { dry_run, by } => self.retention(dry_run, &by).await,
        }
    }

    /// Whether this node does what one does for all: alone over its store, or chosen among several.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn leads(&self) -> Result<bool, RightsError> {
        match self.store.shared() {
            None => Ok(true),
            Some(shared) => shared.leads().await.map_err(failed),
        }
    }

    pub(super) fn flows_of(&self, who: &Who) -> Result<FlowsOf, RightsError> {
        Ok(match who {
            Who::CivilNo(text) => FlowsOf::Person(self.secrets.person_key(&Who::civil_no(text)?)),
            Who::Flow(flow) => FlowsOf::Flow(*flow),
        })
    }

    /// The record of what was done.
    pub(super) fn record_of(&self, act: &str, by: &str, flow: Option<FlowId>, detail: String) -> Unit {
        let record = Record {
            at: self.clock.now(),
            flow,
            subject: Subject::Nobody,
            event: Event::Admin(AdminRecord {
                act: act.to_owned(),
                actor: by.to_owned(),
                catalog: None,
                detail,
                signed: None,
            }),
        };
        Unit {
            records: vec![record],
            ..Unit::default()
        }
    }

    /// Records units together, so that many share one commit.
    pub(super) async fn record(&self, units: Vec<Unit>) -> Result<(), RightsError> {
        self.recorder.record_all(units).await.map_err(failed)
    }
}

pub(super) fn failed(error: impl std::fmt::Display) -> RightsError {
    RightsError::Store(error.to_string())
}
