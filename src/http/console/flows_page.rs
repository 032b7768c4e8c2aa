use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::banner::Banner;
use super::site::ConsoleState;
use crate::http::flows::FlowSummary;
use crate::http::page::Page;
use crate::http::page::SiteName;
use crate::http::page::Visitor;
use crate::http::shown;
use crate::words::Digest;

/// The flows that began last.
#[derive(Template)]
#[template(path = "http/console_flows.html")]
struct FlowsPage {
    page: Page,
    banner: Option<Banner>,
    catalog: Digest,
    flows: Vec<FlowSummary>,
}

/// Shows the list.
pub(super) async fn show(State(state): State<ConsoleState>, visitor: Visitor) -> Response {
    let page = FlowsPage {
        page: Page::new(&visitor, SiteName::Console, visitor.ui().flows),
        banner: state.banners.current(),
        catalog: state.flows.catalog().digest,
        flows: state.flows.recent(MOST_FLOWS).await,
    };
    visitor.show(StatusCode::OK, &page)
}

const MOST_FLOWS: usize = 100;
