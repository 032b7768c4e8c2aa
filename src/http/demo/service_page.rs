use askama::Template;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::Response;

use super::form::EntryKind;
use super::form::Form;
use super::session::Browser;
use super::session::random;
use super::site::DemoState;
use crate::http::message::Message;
use crate::http::page::Page;
use crate::http::page::SiteName;
use crate::http::page::Visitor;
use crate::policy::Service;
use crate::words::Text;

/// The page of one service: the notices, then the form (R000-070 to R000-079).
#[derive(Template)]
#[template(path = "http/demo_service.html")]
struct ServicePage<'s> {
    page: Page,
    organization: Text,
    service: &'s Service,
    form: Form,
    token: String,
    once: String,
}

/// Shows the page with an empty form.
pub(super) async fn show(
    State(state): State<DemoState>,
    visitor: Visitor,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let browser = state.sessions.browser(&headers, &state.site);
    let catalog = state.catalog();
    let Some(loaded) = catalog.service(&name) else {
        return visitor.show(
            StatusCode::NOT_FOUND,
            &Message::not_found(&visitor, SiteName::Demo),
        );
    };
    let example = state.settings.example_civil_no.as_deref();
    let form = Form::blank(&loaded.service, visitor.locale, example);
    show_form(&state, &visitor, &browser, &loaded.service, form)
}

/// Shows the page with a form that was typed into.
pub(super) fn show_form(
    state: &DemoState,
    visitor: &Visitor,
    browser: &Browser,
    service: &Service,
    form: Form,
) -> Response {
    let status = if form.has_errors() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let title = service.name.in_locale(visitor.locale);
    let page = ServicePage {
        page: Page::new(visitor, SiteName::Demo, title),
        organization: state.catalog().organization().name.clone(),
        service,
        form,
        token: browser.token.clone(),
        once: random(),
    };
    browser.greet(visitor.show(status, &page), &state.site)
}
