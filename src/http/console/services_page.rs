use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::site::ConsoleState;
use crate::catalog::Catalog;
use crate::engine::CatalogStatus;
use crate::engine::SeenDrift;
use crate::http::page::Page;
use crate::http::page::SiteName;
use crate::http::page::Visitor;
use crate::http::shown;
use crate::http::ui::Ui;
use crate::policy::InputKind;
use crate::policy::Sensitivity;
use crate::words::OutcomeClass;

/// The services of the active catalog, as loaded.
#[derive(Template)]
#[template(path = "http/console_services.html")]
struct ServicesPage {
    page: Page,
    status: CatalogStatus,
    drift: Vec<SeenDrift>,
    active: Arc<Catalog>,
}

/// Shows them.
pub(super) async fn show(State(state): State<ConsoleState>, visitor: Visitor) -> Response {
    let page = ServicesPage {
        page: Page::new(&visitor, SiteName::Console, visitor.ui().services),
        status: state.flows.catalog_status(),
        drift: state.flows.drift(),
        active: state.flows.catalog(),
    };
    visitor.show(StatusCode::OK, &page)
}

fn sensitivity(ui: &'static Ui, sensitivity: &Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::Normal => ui.sensitivity_normal,
        Sensitivity::Sensitive => ui.sensitivity_sensitive,
        Sensitivity::Critical => ui.sensitivity_critical,
    }
}

/// The kind of an input, as policy files write it.
fn kind(kind: &InputKind) -> String {
    match kind {
        InputKind::String { pattern, max_length } => pattern.as_ref().map_or_else(
            || format!("string, ≤ {max_length}"),
            |pattern| format!("string {}", as_written(pattern.as_str())),
        ),
        InputKind::Integer { min, max } => format!("integer {min} … {max}"),
        InputKind::Decimal { min, max } => {
            format!("decimal {} … {}", thousandths(*min), thousandths(*max))
        }
        InputKind::Boolean => "boolean".to_owned(),
        InputKind::Choice(words) => words.join(" | "),
    }
}

/// A pattern without the anchors that loading has put around it.
fn as_written(pattern: &str) -> &str {
    let inner = pattern
        .strip_prefix(r"\A(?:")
        .and_then(|rest| rest.strip_suffix(r")\z"));
    inner.unwrap_or(pattern)
}

fn thousandths(value: i64) -> String {
    let (whole, rest) = (value / 1_000, (value % 1_000).abs());
    if rest == 0 {
        whole.to_string()
    } else {
        format!("{whole}.{rest:03}")
    }
}
