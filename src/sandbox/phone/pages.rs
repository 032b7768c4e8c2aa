use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Deserialize;

use super::acts::is_page;
use super::views::AppPage;
use super::views::HomePage;
use super::views::LostPage;
use super::views::PhonePage;
use crate::sandbox::handle::SandboxHandle;
use crate::words::Locale;

/// The language of a page; Arabic unless the link says otherwise.
#[derive(Default, Deserialize)]
pub(super) struct Language {
    lang: Option<String>,
    /// What became of a scan: `code` or `level`, if it failed.
    said: Option<String>,
    /// Where the person goes back to.
    back: Option<String>,
    /// The code that the person opened the app with.
    code: Option<String>,
}

impl Language {
    fn locale(&self) -> Locale {
        let named = self.lang.as_deref().and_then(Locale::from_name);
        named.unwrap_or_default()
    }
}

/// The citizens to choose from.
pub(super) async fn home(State(sandbox): State<SandboxHandle>, Query(language): Query<Language>) -> Response {
    page(StatusCode::OK, &HomePage::of(&sandbox, language.locale()))
}

/// One citizen's phone.
pub(super) async fn phone(
    State(sandbox): State<SandboxHandle>,
    Path(civil_no): Path<String>,
    Query(language): Query<Language>,
) -> Response {
    match sandbox.state.citizen(&civil_no) {
        Some(citizen) => {
            let mut shown = PhonePage::of(&sandbox, citizen, language.locale());
            shown.said(language.said.as_deref());
            shown.leads_back(language.back.as_deref().filter(|back| is_page(back)));
            page(StatusCode::OK, &shown)
        }
        None => page(StatusCode::NOT_FOUND, &LostPage::of(language.locale())),
    }
}

/// The app as a link on the same device opens it: with a code, and a way back.
pub(super) async fn app(State(sandbox): State<SandboxHandle>, Query(language): Query<Language>) -> Response {
    let locale = language.locale();
    let code = language.code.unwrap_or_default();
    let back = language.back.filter(|back| is_page(back));
    page(StatusCode::OK, &AppPage::of(&sandbox, locale, code, back))
}

/// Any other address.
pub(super) async fn lost(Query(language): Query<Language>) -> Response {
    page(StatusCode::NOT_FOUND, &LostPage::of(language.locale()))
}

fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(fault) => {
            tracing::error!(%fault, "a page of the phone can't be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
