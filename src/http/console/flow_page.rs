use askama::Template;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::row::AFTER_LOG;
use super::row::BEFORE_LOG;
use super::row::Row;
use super::row::rows;
use super::site::ConsoleState;
use super::site::store_fault;
use crate::engine::CatalogStatus;
use crate::engine::SeenDrift;
use crate::http::message::Message;
use crate::http::page::Page;
use crate::http::page::SiteName;
use crate::http::page::Visitor;
use crate::http::shown;
use crate::words::FlowId;
use crate::words::Outcome;

/// The timeline of one flow: a row for each record, a column for each lane.
#[derive(Template)]
#[template(path = "http/console_flow.html")]
struct TimelinePage {
    page: Page,
    status: CatalogStatus,
    drift: Vec<SeenDrift>,
    flow: FlowId,
    service: String,
    began: String,
    outcome: Option<Outcome>,
    rows: Vec<Row>,
}

/// Shows the timeline as it stands.
pub(super) async fn show(
    State(state): State<ConsoleState>,
    visitor: Visitor,
    Path(flow): Path<String>,
) -> Response {
    let Some(flow) = FlowId::parse(&flow) else {
        let message = Message::not_found(&visitor, SiteName::Console);
        return visitor.show(StatusCode::NOT_FOUND, &message);
    };
    let entries = match state.flows.timeline(flow).await {
        Ok(entries) => entries,
        Err(problem) => return store_fault(&visitor, &problem),
    };
    let outcome = entries.iter().find_map(|entry| match &entry.event {
        crate::audit::Event::Ending(ending) => Some(ending.outcome),
        _ => None,
    });
    let service = entries.iter().find_map(|entry| match &entry.event {
        crate::audit::Event::Request(request) => Some(request.service.to_string()),
        crate::audit::Event::Refusal(refusal) => Some(refusal.service.clone()),
        _ => None,
    });
    let catalog = state.flows.catalog();
    let service = service.unwrap_or_default();
    let name = catalog
        .service(&service)
        .map(|loaded| loaded.service.name.in_locale(visitor.locale).to_owned());
    let page = TimelinePage {
        page: Page::new(&visitor, SiteName::Console, visitor.ui().timeline),
        status: state.flows.catalog_status(),
        drift: state.flows.drift(),
        flow,
        service: name.unwrap_or(service),
        began: entries
            .first()
            .map(|entry| shown::date_and_time(entry.at))
            .unwrap_or_default(),
        outcome,
        rows: rows(&entries, visitor.ui()),
    };
    let status = if entries.is_empty() {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    visitor.show(status, &page)
}
