use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::audit::Event;
use crate::audit::Unit;
use crate::audit::recordable;
use crate::engine::activate::admin;
use crate::engine::secrets::Secrets;
use crate::store::FlowSearch;
use crate::store::FlowSummary;
use crate::store::Store;
use crate::store::StoreError;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::ServiceName;
use crate::words::Timestamp;

/// What somebody looks for in the log, and why they may. May hold a civil number, so it has no `Debug`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchAsk {
    /// Who looks.
    pub by: String,
    /// In which role: `auditor`, `investigation`, `complaints`, ….
    pub role: String,
    /// Why.
    pub reason: String,
    /// One flow.
    #[serde(default)]
    pub flow: Option<FlowId>,
    /// The person, by civil number; it is turned into the keyed hash before anything else.
    #[serde(default)]
    pub civil_no: Option<String>,
    /// The e-service.
    #[serde(default)]
    pub service: Option<ServiceName>,
    /// How the flow ended.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// The authority's id of the request.
    #[serde(default)]
    pub request_id: Option<String>,
    /// Flows that began then or later.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Flows that began before then.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// The most flows that are given.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Why nothing is looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// Name, role or reason is missing.
    #[error("say who looks, in which role and why: `by`, `role` and `reason` must not be empty")]
    Unexplained,
    /// Something can't stand in the log, which is never erased.
    #[error("{0}")]
    Unfit(String),
    /// The civil number is none.
    #[error("the civil number is none: {0}")]
    CivilNo(crate::words::CivilNoError),
    /// Nothing is asked for.
    #[error("name what to look for: a flow, a person, a service, an outcome, a request id or a time")]
    Everything,
}

/// A search that may be carried out, once it is recorded.
pub struct Search {
    ask: SearchAsk,
    person: Option<Digest>,
}

impl Search {
    /// Reads what is asked for.
    ///
    /// # Errors
    /// When it does not say who, in which role, why, and for what.
    pub fn new(ask: SearchAsk, secrets: &Secrets) -> Result<Self, SearchError> {
        for text in [&ask.by, &ask.role, &ask.reason] {
            if text.trim().is_empty() {
                return Err(SearchError::Unexplained);
            }
            recordable("`by`, `role` or `reason`", text)
                .map_err(|error| SearchError::Unfit(error.to_string()))?;
        }
        let asks_for_something = ask.flow.is_some()
            || ask.civil_no.is_some()
            || ask.service.is_some()
            || ask.outcome.is_some()
            || ask.request_id.is_some()
            || ask.since.is_some()
            || ask.until.is_some();
        if !asks_for_something {
            return Err(SearchError::Everything);
        }
        let number = ask.civil_no.as_deref().map(CivilNo::parse).transpose();
        let person = number
            .map_err(SearchError::CivilNo)?
            .map(|number| secrets.person_key(&number));
        Ok(Self { ask, person })
    }

    /// The act, to be recorded before anything is looked at (R000-151).
    pub fn act(&self, now: Timestamp) -> Unit {
        let ask = &self.ask;
        let mut criteria = Vec::new();
        let mut add =
            |name: &str, value: Option<String>| criteria.extend(value.map(|value| format!("{name} {value}")));
        add("flow", ask.flow.map(|flow| flow.to_string()));
        add("person", self.person.map(|person| person.to_string()));
        add("service", ask.service.as_ref().map(ToString::to_string));
        add("outcome", ask.outcome.map(|outcome| outcome.code().to_owned()));
        // The text is the searcher's, and could hold anything: its digest finds it again.
        add(
            "request id",
            ask.request_id
                .as_ref()
                .map(|id| Digest::of(id.as_bytes()).to_string()),
        );
        add("since", ask.since.map(|at| at.to_string()));
        add("until", ask.until.map(|at| at.to_string()));
        let detail = format!(
            "role {}; reason {}; {}",
            ask.role,
            ask.reason,
            criteria.join(", ")
        );
        admin("audit_searched", &ask.by, None, detail, now)
    }

    /// The flows that fit, newest first, each with how often it was put right.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn run(&self, store: &dyn Store) -> Result<Vec<Found>, StoreError> {
        let ask = &self.ask;
        let search = FlowSearch {
            flow: ask.flow,
            person_key: self.person,
            service: ask.service.clone(),
            outcome: ask.outcome,
            request_id: ask.request_id.clone(),
            since: ask.since,
            until: ask.until,
        };
        let flows = store.find_flows(search, ask.limit.unwrap_or(USUAL_LIMIT)).await?;
        let mut found = Vec::with_capacity(flows.len());
        for flow in flows {
            let records = store.records(flow.id).await?;
            let corrections = records.iter().filter_map(|record| match &record.event {
                Event::Correction(_) => Some(record.seq),
                _ => None,
            });
            found.push(Found {
                corrections: corrections.collect(),
                flow,
            });
        }
        Ok(found)
    }
}

/// A flow that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The flow.
    pub flow: FlowSummary,
    /// The records by which something kept of its person was put right (R003-76).
    pub corrections: Vec<u64>,
}

/// A flow that was found as JSON, without personal data.
pub fn summary_json(found: &Found) -> Value {
    let flow = &found.flow;
    json!({
        "corrections": found.corrections,
        "flow": flow.id,
        "service": flow.service,
        "capability": flow.capability,
        "phase": flow.phase.as_str(),
        "outcome": flow.outcome.map(|outcome| outcome.code()),
        "created_at": flow.created_at.to_string(),
    })
}

const USUAL_LIMIT: u32 = 100;
