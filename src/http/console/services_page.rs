use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::banner::Banner;
use super::site::ConsoleState;
use crate::http::flows::ActiveCatalog;
use crate::http::page::Page;
use crate::http::page::SiteName;
use crate::http::page::Visitor;
use crate::http::shown;
use crate::http::ui::Ui;
use crate::policy::InputKind;
use crate::policy::Sensitivity;
use crate::words::Digest;
use crate::words::OutcomeClass;

/// The services of the active catalog, as loaded.
#[derive(Template)]
#[template(path = "http/console_services.html")]
struct ServicesPage {
    page: Page,
    banner: Option<Banner>,
    catalog: Digest,
    active: ActiveCatalog,
}

/// Shows them.
pub(super) async fn show(State(state): State<ConsoleState>, visitor: Visitor) -> Response {
    let active = state.flows.catalog();
    let page = ServicesPage {
        page: Page::new(&visitor, SiteName::Console, visitor.ui().services),
        banner: state.banners.current(),
        catalog: active.digest,
        active,
    };
    visitor.show(StatusCode::OK, &page)
}

const CLASSES: [OutcomeClass; 5] = OutcomeClass::ALL;

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
        InputKind::String { pattern, max_length } => pattern
            .as_ref()
            .map_or_else(|| format!("string, ≤ {max_length}"), |pattern| format!("string {pattern}")),
        InputKind::Integer { min, max } => format!("integer {min} … {max}"),
        InputKind::Decimal { min, max } => {
            format!("decimal {} … {}", thousandths(*min), thousandths(*max))
        }
        InputKind::Boolean => "boolean".to_owned(),
        InputKind::Choice(words) => words.join(" | "),
    }
}

fn thousandths(value: i64) -> String {
    let (whole, rest) = (value / 1_000, (value % 1_000).abs());
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:03}") }
}
