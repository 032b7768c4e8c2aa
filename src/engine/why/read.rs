use super::case::Case;
use super::case::Variant;
use super::model::Again;
use super::model::Delivery;
use super::model::Planned;
use super::model::Why;
use super::nearest::nearest;
use super::policy::reckoned;
use super::steps::steps;
use crate::audit::DeliveryRow;
use crate::audit::Event;
use crate::audit::ExchangeRow;
use crate::audit::FlowRow;
use crate::audit::VerdictRecord;
use crate::catalog::Catalog;
use crate::engine::catalogs::load_kept;
use crate::engine::detail::Detail;
use crate::engine::replay::differences;
use crate::script;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::StoredRecord;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Outcome;

/// Explains a flow from what the store keeps of it: its records and exact bytes, and the catalog it was pinned to.
///
/// # Errors
/// When the store can't be read, or does not know the flow.
pub async fn why(store: &dyn Store, flow: FlowId) -> Result<Why, WhyError> {
    let row = store.flow(flow).await?.ok_or(WhyError::UnknownFlow(flow))?;
    let kept = Kept {
        records: store.records(flow).await?,
        exchanges: store.exchanges(flow).await?,
        deliveries: store.deliveries(flow).await?,
        row,
    };
    let catalog = load_kept(store, kept.row.catalog, None).await;
    // Thousands of short questions to scripts: not for a thread that serves.
    let explained = tokio::task::spawn_blocking(move || {
        script::patiently(|| explain(&kept, catalog.as_deref().map_err(String::as_str)))
    });
    explained.await.unwrap_or(Err(WhyError::Stopped(flow)))
}

/// Why a flow can't be explained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhyError {
    /// The store can't be read.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// There is no such flow.
    #[error("the store has no flow {0}")]
    UnknownFlow(FlowId),
    /// What the engine keeps beside the records can't be read.
    #[error("what is kept of the flow {0} is damaged")]
    Damaged(FlowId),
    /// The work was stopped half way.
    #[error("the explanation of the flow {0} was stopped before it was made")]
    Stopped(FlowId),
}

/// All that is kept of one flow.
struct Kept {
    row: FlowRow,
    records: Vec<StoredRecord>,
    exchanges: Vec<ExchangeRow>,
    deliveries: Vec<DeliveryRow>,
}

fn explain(kept: &Kept, catalog: Result<&Catalog, &str>) -> Result<Why, WhyError> {
    let row = &kept.row;
    let detail = Detail::from_bytes(&row.detail).ok_or(WhyError::Damaged(row.id))?;
    let mut why = Why {
        flow: row.id,
        service: row.service.clone(),
        capability: row.capability,
        channel: detail.channel,
        locale: detail.locale,
        attempt: detail.try_number,
        catalog: row.catalog,
        began: row.created_at,
        outcome: row.outcome,
        steps: steps(&kept.records, &kept.exchanges),
        plan: Planned::default(),
        decision: row
            .outcome
            .zip(detail.decision.as_ref())
            .map(|(outcome, decision)| reckoned(outcome, decision, &kept.records, catalog.ok())),
        deliveries: kept.deliveries.iter().map(delivery).collect(),
        nearest: Vec::new(),
        again: Again::Impossible(String::new()),
    };
    let catalog = match catalog {
        Ok(catalog) => catalog,
        Err(why_not) => {
            why.again = Again::Impossible(why_not.to_owned());
            return Ok(why);
        }
    };
    let Some(loaded) = catalog.service(row.service.as_str()) else {
        why.again = Again::Impossible("its catalog has no such service".to_owned());
        return Ok(why);
    };
    let mut case = Case {
        row,
        detail: &detail,
        asked: asked(row, &kept.records),
        catalog,
        loaded,
        stand_in: None,
    };
    let own = case.as_it_was();
    let unknown_person = own.is_err();
    if let (true, Some(decision)) = (unknown_person, &detail.decision) {
        case.stand_in = case.consistent(decision).into_iter().next();
    }
    let answers = match own {
        Ok(answers) => Ok(answers),
        Err(why_not) => case.answers(&Variant::default()).ok_or(why_not),
    };
    why.plan = case.planned(answers.as_ref().ok());
    if let (Some(decision), Some(recorded)) = (&mut why.decision, &detail.decision) {
        decision.compared = case.traced_ending(recorded);
    }
    match answers {
        Ok(answers) => {
            let recorded = case.recorded_answers(Some(&answers));
            let differences = differences(&recorded, &answers);
            why.again = if !differences.is_empty() {
                Again::Differs(differences)
            } else if unknown_person {
                Again::Partly(PERSON_GONE.to_owned())
            } else {
                Again::Same
            };
            why.nearest = nearest(&case, &answers, verdict(&kept.records));
        }
        Err(why_not) => why.again = Again::Impossible(why_not),
    }
    Ok(why)
}

/// What the policy was asked about.
fn asked(row: &FlowRow, records: &[StoredRecord]) -> Option<Outcome> {
    let ending = records.iter().find_map(|record| match &record.event {
        Event::Ending(ending) => Some(ending),
        _ => None,
    });
    ending.and_then(|ending| ending.asked).or(row.outcome)
}

/// The last verdict before the flow ended.
fn verdict(records: &[StoredRecord]) -> Option<&VerdictRecord> {
    records.iter().rev().find_map(|record| match &record.event {
        Event::Verdict(verdict) if !verdict.late => Some(&**verdict),
        _ => None,
    })
}

fn delivery(row: &DeliveryRow) -> Delivery {
    // Addresses may carry what only the e-service should know.
    let rest = row
        .url
        .split_once("://")
        .map_or(row.url.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    Delivery {
        webhook_id: row.webhook_id.clone(),
        host: host.rsplit('@').next().unwrap_or_default().to_owned(),
        size: row.body.len() as u64,
        digest: Digest::of(&row.body),
        attempts: row.attempts,
        delivered_at: row.delivered_at,
    }
}

const PERSON_GONE: &str = "the fields of a person who was refused are not kept, so the decision is shown for anybody on \
                           whom it would have been the same";
