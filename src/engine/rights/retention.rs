use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::ask::RightsError;
use super::hold::held_by;
use super::service::Rights;
use super::service::failed;
use crate::audit::recordable;
use crate::engine::documents::TOKEN_LIFE;
use crate::store::FlowsOf;

impl Rights {
    /// Erases the flows whose time under `retention.personal_data` of their service is over; what is held stays. The
    /// active catalog counts: a period that was made shorter is kept at once, also for older flows.
    pub(super) async fn retention(&self, dry_run: bool, by: &str) -> Result<Value, RightsError> {
        let by = recordable("the name", by)?;
        let Some(catalog) = &self.catalog else {
            return Err(RightsError::Refused(
                "there is no active catalog, and only the services say how long they keep things".to_owned(),
            ));
        };
        let now = self.clock.now();
        let holds = self.standing_holds().await?;
        let mut rows = Vec::new();
        for loaded in catalog.services() {
            let service = &loaded.service;
            let before = now.minus(service.retention.personal_data);
            let found = self
                .store
                .erasable_flows(FlowsOf::Service(service.id.clone(), before), u32::MAX)
                .await
                .map_err(failed)?;
            let (held, due): (Vec<_>, Vec<_>) = found
                .into_iter()
                .partition(|flow| held_by(&holds, flow).is_some());
            if !dry_run {
                let detail = format!("retention of {}: over since before {before}", service.id);
                self.destroy(&due, (&by, &detail), |_| {}).await?;
            }
            rows.push(json!({
                "service": service.id, "before": before.to_string(), "due": due.len(), "held": held.len(),
            }));
        }
        let handed_in_before = now.minus(DOCUMENTS_WAIT);
        let documents = self
            .store
            .waiting_documents(handed_in_before, u32::MAX)
            .await
            .map_err(failed)?;
        // What was filed with an application is a document without a flow too, and goes with its person alone.
        let filed = self.papers().await?;
        let documents: Vec<_> = documents.into_iter().filter(|id| !filed.contains(id)).collect();
        if !dry_run {
            let detail = format!("handed in before {handed_in_before} and used by no flow");
            self.destroy_documents(&documents, &by, &detail).await?;
        }
        if !dry_run {
            let due: u64 = rows.iter().filter_map(|row| row["due"].as_u64()).sum();
            let detail = format!("{due} flows and {} unused documents erased", documents.len());
            self.record(vec![self.record_of("retention_run", &by, None, detail)])
                .await?;
        }
        let documents = json!({ "before": handed_in_before.to_string(), "due": documents.len() });
        Ok(json!({ "dry_run": dry_run, "services": rows, "unused_documents": documents }))
    }
}

/// A document that no flow has referred to is kept a day longer than a flow may be begun with it.
const DOCUMENTS_WAIT: Duration = Duration::from_secs(TOKEN_LIFE.as_secs() + 86_400);
