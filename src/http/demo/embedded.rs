use askama::Template;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Response;

use super::result_page::unknown;
use super::site::DemoState;
use crate::http::page::Page;
use crate::http::page::SiteName;
use crate::http::page::Visitor;
use crate::words::Text;

/// A page of the e-service with the custom element in it, as an e-service would write it.
#[derive(Template)]
#[template(path = "http/demo_embedded.html")]
struct EmbeddedPage {
    page: Page,
    service: Text,
    /// Where the script comes from.
    api: String,
    /// What the element shows.
    flow_page: String,
}

/// Shows a flow by the custom element, to the browser that began it.
pub(super) async fn show(
    State(state): State<DemoState>,
    visitor: Visitor,
    Path(flow): Path<String>,
    headers: HeaderMap,
) -> Response {
    let browser = state.sessions.browser(&headers, &state.site);
    let Some(kept) = state.sessions.flow(&browser, &flow) else {
        return unknown(&visitor);
    };
    let api = origin(&kept.page);
    let page = EmbeddedPage {
        page: Page::new(
            &visitor,
            SiteName::Demo,
            kept.service_name.in_locale(visitor.locale),
        ),
        service: kept.service_name,
        flow_page: kept.page,
        api: api.clone(),
    };
    let mut response = visitor.show(StatusCode::OK, &page);
    if let Ok(policy) = HeaderValue::from_str(&policy(&api)) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What an e-service allows for the element: its script, what that asks, and the logo.
fn policy(api: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' {api}; connect-src 'self' {api}; img-src 'self' {api}; style-src 'self'; \
         font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    )
}

/// The origin of an address; the policy names no more.
fn origin(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_origin_stands_in_the_policy() {
        assert_eq!(
            origin("http://localhost:8080/f/x;script-src *"),
            "http://localhost:8080"
        );
    }
}
