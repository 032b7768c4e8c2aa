use askama::Template;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::site::ConsoleState;
use super::site::store_fault;
use crate::engine::Again;
use crate::engine::CatalogStatus;
use crate::engine::RuleLine;
use crate::engine::SeenDrift;
use crate::engine::Why;
use crate::http::message::Message;
use crate::http::page::Page;
use crate::http::page::SiteName;
use crate::http::page::Visitor;
use crate::http::shown;
use crate::http::ui::Ui;
use crate::words::FlowId;

/// Why a flow ended as it did. What happened, record by record, stands on the page of the flow.
#[derive(Template)]
#[template(path = "http/console_why.html")]
struct WhyPage {
    page: Page,
    status: CatalogStatus,
    drift: Vec<SeenDrift>,
    why: Why,
}

/// Explains a flow.
pub(super) async fn show(
    State(state): State<ConsoleState>,
    visitor: Visitor,
    Path(flow): Path<String>,
) -> Response {
    let unknown = || {
        visitor.show(
            StatusCode::NOT_FOUND,
            &Message::not_found(&visitor, SiteName::Console),
        )
    };
    let Some(flow) = FlowId::parse(&flow) else {
        return unknown();
    };
    match state.flows.why(flow).await {
        Ok(Some(why)) => {
            let page = WhyPage {
                page: Page::new(&visitor, SiteName::Console, visitor.ui().why),
                status: state.flows.catalog_status(),
                drift: state.flows.drift(),
                why,
            };
            visitor.show(StatusCode::OK, &page)
        }
        Ok(None) => unknown(),
        Err(problem) => store_fault(&visitor, &problem),
    }
}

/// `scripts/licence-renewal.rhai:11`.
fn line_of(rule: &RuleLine) -> String {
    place(&rule.place)
}

fn place(place: &crate::policy::Place) -> String {
    format!("{}:{}", place.file, place.line)
}

const fn again(ui: &'static Ui, again: &Again) -> &'static str {
    match again {
        Again::Same => ui.again_same,
        Again::Partly(_) => ui.again_partly,
        Again::Impossible(_) => ui.again_impossible,
        Again::Differs(_) => ui.again_differs,
    }
}

/// What more there is to say of it, for the operator.
fn again_details(again: &Again) -> Vec<String> {
    match again {
        Again::Same => Vec::new(),
        Again::Partly(why) | Again::Impossible(why) => vec![why.clone()],
        Again::Differs(differences) => differences
            .iter()
            .map(|difference| {
                format!(
                    "{}: {} -> {}",
                    difference.what, difference.was, difference.would_be
                )
            })
            .collect(),
    }
}
