//! The page of a flow as a part of an e-service's own page: what the custom element `midflow-flow` shows.
//!
//! The parts are those of the page itself, from the same templates. Only the e-service that began the flow may read them
//! from its page: the origin of its `return_url`.

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;

use super::answer_headers::AnswerHeaders;
use super::api::ApiState;
use super::assets::EMBED_SCRIPT;
use super::assets::EMBED_STYLE;
use super::assets::SCRIPT;
use super::brand;
use super::citizen;
use super::clock::PageClock;
use super::nothing::Nothing;
use super::page::Page;
use super::page::SiteName;
use super::page::Visitor;
use super::page_events;
use super::page_events::ShownStep;
use super::waiting::BetweenSteps;
use super::waiting::Ended;
use super::waiting::PutOff;
use super::waiting::Waiting;
use crate::engine::FlowView;
use crate::words::Capability;
use crate::words::Text;

/// `/embed/…` and the parts of flows, for pages of other origins.
pub(super) fn parts(state: ApiState) -> Router {
    Router::new()
        .route("/embed/midflow.js", get(|| async { file(SCRIPT, &EMBED_SCRIPT) }))
        .route("/embed/midflow.css", get(|| async { file(STYLE, &EMBED_STYLE) }))
        .route("/embed/brand/{name}", get(logo))
        .route("/f/{handle}/part", get(part))
        .route("/f/{handle}/part/events", get(follow))
        .layer(AnswerHeaders::new(embed_headers))
        .with_state(state)
}

#[derive(Template)]
#[template(path = "http/embed.html")]
struct Part {
    page: Page,
    /// `waiting` (between two steps as well), `put_off`, `page` or `ended`.
    state: &'static str,
    class: &'static str,
    waiting: Option<Waiting>,
    put_off: Option<PutOff>,
    between: Option<BetweenSteps>,
    outcome: Option<Ended>,
    unsigned: Option<Text>,
    /// The page of the flow, where the person has to go for what a part can't do.
    leads_to: Option<String>,
    leads_as: &'static str,
}

async fn part(
    State(state): State<ApiState>,
    visitor: Visitor,
    Path(handle): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (_, view) = match citizen::view(&state, &handle).await {
        Ok(found) => found,
        Err(nothing) => return shared_with_all(nothing.status().into_response()),
    };
    let visitor = visitor.in_language(view.locale);
    let page = made(&state, &visitor, &handle, &view);
    let answer = match page.render() {
        Ok(text) => ([(header::CONTENT_TYPE, HTML)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    shared_with(&view, &headers, answer)
}

fn made(state: &ApiState, visitor: &Visitor, handle: &str, view: &FlowView) -> Part {
    let ui = visitor.ui();
    let base = &state.settings.public_base;
    let catalog = state.flows.catalog();
    let service = catalog.service(view.service.as_str());
    let own_page = format!("{base}/f/{handle}");
    let events = page_events::address(&format!("{own_page}/part/events"), view);
    let outcome = Ended::of(ui, view);
    // Reading, confirming and opening the app belong to the page itself, where they can be proved. A flow whose page some
    // browser has opened belongs to that browser (threat B-15), and no cookie comes along here to tell which one asks.
    let elsewhere = outcome.is_none() && (view.held || view.app_link.is_some() || view.browser.is_some());
    let put_off = PutOff::of(ui, view, &events);
    let between = BetweenSteps::of(view, &events).filter(|_| !elsewhere);
    let waits = outcome.is_none() && between.is_none() && !elsewhere && put_off.is_none();
    let waiting = waits.then(|| {
        let logo = brand::address(&catalog).map(|path| format!("{base}/embed{path}"));
        Waiting::new(
            (catalog.organization().name.clone(), logo),
            (view.service_name.clone(), view.capability),
            &view.challenge,
            (view.created_at, view.expires_at),
            PageClock::system(),
            Vec::new(),
            events,
        )
        .showing(view.qr.clone(), None)
    });
    Part {
        page: Page::new(visitor, SiteName::Citizen, ui.mobile_id),
        state: match (&outcome, &put_off, elsewhere) {
            (Some(_), ..) => "ended",
            (None, Some(_), _) => "put_off",
            (None, None, true) => "page",
            (None, None, false) => "waiting",
        },
        class: outcome.as_ref().map_or("", |ended| ended.class),
        unsigned: service.and_then(|loaded| citizen::nothing_signed(&loaded.service, view)),
        waiting,
        put_off,
        between,
        outcome,
        leads_to: elsewhere.then_some(own_page),
        leads_as: match view.capability {
            Capability::Sign => ui.start_sign,
            _ if view.held => ui.consent_heading,
            _ => ui.open_app_heading,
        },
    }
}

/// The same stream as the page's, for the origin of the e-service.
async fn follow(
    State(state): State<ApiState>,
    Path(handle): Path<String>,
    Query(shown): Query<ShownStep>,
    headers: HeaderMap,
) -> Response {
    let (client, view) = match citizen::view(&state, &handle).await {
        Ok(found) => found,
        Err(Nothing::Unavailable) => return shared_with_all(page_events::later()),
        Err(nothing) => return shared_with_all(nothing.status().into_response()),
    };
    let answer = page_events::of_page(&state, client, &shown, &view);
    shared_with(&view, &headers, answer)
}

async fn logo(State(state): State<ApiState>, Path(name): Path<String>) -> Response {
    brand::serve(&state.flows.catalog(), &name)
}

/// Lets the page of the e-service read the answer, and the page of nobody else. No cookie is taken along.
fn shared_with(view: &FlowView, headers: &HeaderMap, mut answer: Response) -> Response {
    let asked = headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    let own = view.return_url.as_deref().and_then(origin_of);
    let headers = answer.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if let (Some(asked), Some(own)) = (asked, own)
        && asked == own
        && let Ok(value) = HeaderValue::from_str(&own)
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
    }
    answer
}

/// Lets every page read an answer that says nothing: the element asks again only if it may know that it was no refusal.
fn shared_with_all(mut answer: Response) -> Response {
    answer
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer
}

/// `https://portal.example` of an address below it.
fn origin_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let plain = matches!(scheme, "https" | "http") && !authority.is_empty() && !authority.contains('@');
    plain.then(|| format!("{scheme}://{}", authority.to_ascii_lowercase()))
}

/// What is everybody's: the script and the style sheet.
fn file(kind: &'static str, text: &str) -> Response {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "public, max-age=300"),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        ],
        text.to_owned(),
    )
        .into_response()
}

fn embed_headers(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (url, origin) in [
            ("https://Portal.example/done?x=1", Some("https://portal.example")),
            ("http://localhost:9/done", Some("http://localhost:9")),
            ("https://portal.example", Some("https://portal.example")),
            ("https://portal.example@evil.example/", None),
            ("javascript://x", None),
            ("https:///x", None),
            ("portal.example", None),
        ] {
            assert_eq!(origin_of(url).as_deref(), origin, "{url}");
        }
    }
}
