use std::io::BufRead as _;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use crate::cli::arguments::Common;
use crate::cli::arguments::Format;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::place::Place;
use crate::engine::Clock as _;
use crate::engine::Secrets;
use crate::engine::SystemClock;
use crate::engine::log::Search as Looking;
use crate::engine::log::SearchAsk;
use crate::engine::log::summary_json;
use crate::store::KeyStore;
use crate::words::FlowId;
use crate::words::Timestamp;

/// `midflow audit search`: finds flows; who looks, in which role and why is recorded before.
#[derive(Debug, clap::Args)]
pub(crate) struct Search {
    /// Who looks
    #[arg(long, value_name = "NAME")]
    by: String,

    /// In which role: auditor, investigation, complaints, …
    #[arg(long, value_name = "ROLE")]
    role: String,

    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// One flow
    #[arg(long, value_name = "FLOW", value_parser = flow_id)]
    flow: Option<FlowId>,

    /// The flows of one person: the civil number is read from standard input, so that it is in no history
    #[arg(long)]
    person: bool,

    /// The flows of one e-service
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,

    /// The flows that ended so, such as declined.by_user
    #[arg(long, value_name = "CODE")]
    outcome: Option<String>,

    /// The flow that the authority knows by this id
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,

    /// Flows that began then or later, such as 2026-11-27T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,

    /// Flows that began before then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,

    /// The most flows to print, newest first
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,

    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Search {
    pub(super) async fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let place = Place::find(self.config.as_deref(), common)?;
        let ask = self.ask()?;
        let answer = match place.store.open_at_rest().await? {
            Some(store) => {
                let found = at_rest(store.as_ref(), &place, ask).await;
                store.close().await;
                found?
            }
            // A node runs: it records who looks, and looks.
            None => place.call("/admin/audit/search", &ask).await?,
        };
        match common.format {
            Format::Json => output::print(&answer.to_string()),
            Format::Text => output::print(&in_words(&answer)),
        }
        Ok(Ending::Good)
    }

    fn ask(&self) -> Result<Value, Failure> {
        let civil_no = if self.person { Some(read_number()?) } else { None };
        Ok(json!({
            "by": self.by,
            "role": self.role,
            "reason": self.reason,
            "flow": self.flow,
            "civil_no": civil_no,
            "service": self.service,
            "outcome": self.outcome,
            "request_id": self.request_id,
            "since": self.since,
            "until": self.until,
            "limit": self.limit,
        }))
    }
}

async fn at_rest(store: &dyn KeyStore, place: &Place, ask: Value) -> Result<Value, Failure> {
    let ask: SearchAsk = serde_json::from_value(ask)
        .map_err(|_| Failure::new("the service or the outcome that is looked for is none"))?;
    let secrets = Secrets::open(&place.secrets).map_err(Failure::new)?;
    let looking = Looking::new(ask, &secrets).map_err(Failure::new)?;
    match store
        .commit(vec![looking.act(SystemClock.now())])
        .await
        .into_iter()
        .next()
    {
        Some(Ok(())) => {}
        Some(Err(error)) => return Err(Failure::new(error)),
        None => return Err(Failure::new("the search could not be recorded")),
    }
    let found = looking.run(store).await.map_err(Failure::new)?;
    Ok(json!({ "flows": found.iter().map(summary_json).collect::<Vec<_>>() }))
}

fn in_words(answer: &Value) -> String {
    let flows = answer["flows"].as_array().map_or(&[][..], Vec::as_slice);
    let mut lines: Vec<String> = flows
        .iter()
        .map(|flow| {
            let word = |name: &str| flow[name].as_str().unwrap_or("-").to_owned();
            let corrected = match flow["corrections"].as_array().map_or(0, Vec::len) {
                0 => String::new(),
                count => format!("  corrections: {count}"),
            };
            format!(
                "{}  {}  {}  {}{corrected}",
                word("flow"),
                word("created_at"),
                word("service"),
                if flow["outcome"].is_null() {
                    word("phase")
                } else {
                    word("outcome")
                }
            )
        })
        .collect();
    lines.push(format!("{} found; the search is recorded", flows.len()));
    lines.join("\n")
}

fn read_number() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::new(format!("can't read the civil number: {error}")))?;
    Ok(line.trim().to_owned())
}

fn flow_id(text: &str) -> Result<FlowId, String> {
    FlowId::parse(text).ok_or_else(|| "this is not the id of a flow".to_owned())
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "write a time such as 2026-11-27T00:00:00Z".to_owned())
}
