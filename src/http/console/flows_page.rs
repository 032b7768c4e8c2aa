use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::site::ConsoleState;
use super::site::store_fault;
use crate::engine::CatalogStatus;
use crate::engine::SeenDrift;
use crate::http::page::Page;
use crate::http::page::SiteName;
use crate::http::page::Visitor;
use crate::http::shown;
use crate::store::FlowSummary;
use crate::words::Text;

/// The flows that began last.
#[derive(Template)]
#[template(path = "http/console_flows.html")]
struct FlowsPage {
    page: Page,
    status: CatalogStatus,
    drift: Vec<SeenDrift>,
    flows: Vec<(FlowSummary, Text)>,
}

/// Shows the list.
pub(super) async fn show(State(state): State<ConsoleState>, visitor: Visitor) -> Response {
    let flows = match state.flows.recent(MOST_FLOWS).await {
        Ok(flows) => flows,
        Err(problem) => return store_fault(&visitor, &problem),
    };
    let catalog = state.flows.catalog();
    let named = |flow: FlowSummary| {
        let name = match catalog.service(flow.service.as_str()) {
            Some(loaded) => loaded.service.name.clone(),
            // The service has left the catalog; its id is what remains.
            None => Text::new(flow.service.as_str(), flow.service.as_str()),
        };
        (flow, name)
    };
    let page = FlowsPage {
        page: Page::new(&visitor, SiteName::Console, visitor.ui().flows),
        status: state.flows.catalog_status(),
        drift: state.flows.drift(),
        flows: flows.into_iter().map(named).collect(),
    };
    visitor.show(StatusCode::OK, &page)
}

const MOST_FLOWS: u32 = 100;
