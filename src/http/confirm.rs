//! Reading what is to be signed, and confirming it: the page before anything is sent (R000-086 to R000-092).

use std::collections::HashMap;

use axum::Form;
use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;

use super::api::ApiState;
use super::browser;
use super::citizen::show_flow;
use super::page::Visitor;
use crate::engine::Confirmation;
use crate::engine::FlowView;
use crate::engine::ProblemCode;
use crate::words::Digest;
use crate::words::Text;

/// The document with the two confirmations that have to come before anything is sent.
pub(super) struct Confirm {
    /// The path of the flow's page.
    pub(super) path: String,
    pub(super) service: Text,
    pub(super) name: String,
    /// The whole document, if it is a text; else the page shows it in a frame.
    pub(super) text: Option<String>,
    pub(super) digest: String,
    pub(super) steps: Vec<Text>,
    pub(super) reviewed: bool,
    pub(super) accepts: bool,
    pub(super) copied: bool,
    /// Whether something was sent without both confirmations.
    pub(super) missing: bool,
}

impl Confirm {
    /// The document of a flow, from exactly the bytes that are kept (law 11).
    pub(super) async fn of(state: &ApiState, view: &FlowView, handle: &str) -> Option<Self> {
        let document = state.flows.document(&view.client, view.flow).await.ok()?;
        let catalog = state.flows.catalog();
        let steps = catalog
            .service(view.service.as_str())
            .map(|loaded| loaded.service.notices.sign_steps.clone());
        let is_text = document.media_type.starts_with("text/plain");
        Some(Self {
            path: format!("/f/{handle}"),
            service: view.service_name.clone(),
            text: is_text
                .then(|| String::from_utf8(document.bytes.to_vec()).ok())
                .flatten(),
            name: document.name,
            digest: hex::encode(document.digest.as_bytes()),
            steps: steps.unwrap_or_default(),
            reviewed: false,
            accepts: false,
            copied: false,
            missing: false,
        })
    }
}

/// Takes the two confirmations; without both, the page is shown again and nothing is sent (R000-089).
pub(super) async fn confirm(
    State(state): State<ApiState>,
    visitor: Visitor,
    Path(handle): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<HashMap<String, String>>,
) -> Response {
    let (client, flow) = match browser::owned(&state, &visitor, &handle, &headers).await {
        Ok(owned) => owned,
        Err(instead) => return *instead,
    };
    let ui = visitor.ui();
    let ticked = |name: &str| typed.get(name).is_some_and(|value| value == "yes");
    let sentence = |name: &str, text: &'static str| (ticked(name), text.to_owned());
    let digest = typed.get("document").map(String::as_str).unwrap_or_default();
    let confirmation = Confirmation {
        locale: visitor.locale,
        // What can't be read names no document, and is refused as such.
        document: Digest::parse(&format!("sha256:{digest}")).unwrap_or_else(|_| Digest::of(b"")),
        reviewed_entire: sentence("reviewed", ui.confirm_reviewed),
        accepts_to_sign: sentence("accepts", ui.confirm_accepts),
        copy_before: sentence("copied", ui.confirm_copy),
    };
    match state.flows.confirm(&client, flow.flow, confirmation).await {
        Err(problem) if problem.code == ProblemCode::NotConfirmed => {
            let shown = Confirm::of(&state, &flow, &handle).await.map(|shown| Confirm {
                reviewed: ticked("reviewed"),
                accepts: ticked("accepts"),
                copied: ticked("copied"),
                missing: true,
                ..shown
            });
            show_flow(&state, &visitor, &handle, &headers, (flow, shown))
        }
        // Whatever else stands in the way, the page says how things are.
        _ => Redirect::to(&format!("/f/{handle}")).into_response(),
    }
}

/// Takes that the person does not want to sign.
pub(super) async fn withdraw(
    State(state): State<ApiState>,
    visitor: Visitor,
    Path(handle): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (client, flow) = match browser::owned(&state, &visitor, &handle, &headers).await {
        Ok(owned) => owned,
        Err(instead) => return *instead,
    };
    // A flow that has gone on meanwhile shows how.
    let _ = state.flows.withdraw(&client, flow.flow).await;
    Redirect::to(&format!("/f/{handle}")).into_response()
}

/// The document, byte for byte: in the frame of the page, on a page of its own, or as a copy to keep.
pub(super) async fn document(
    State(state): State<ApiState>,
    visitor: Visitor,
    Path(handle): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let (client, flow) = match browser::owned(&state, &visitor, &handle, &headers).await {
        Ok(owned) => owned,
        Err(instead) => return instead.status().into_response(),
    };
    let Ok(document) = state.flows.document(&client, flow.flow).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = document.bytes.into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&document.media_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    let copy = query.is_some_and(|query| query == "copy=yes");
    let way = if copy { "attachment" } else { "inline" };
    let named: String = document.name.bytes().fold(String::new(), |mut name, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
        name
    });
    if let Ok(disposition) = HeaderValue::from_str(&format!("{way}; filename*=UTF-8''{named}")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}
