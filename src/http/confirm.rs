//! Reading what is to be signed, and confirming it: the page before anything is sent (R000-086 to R000-092).

use std::collections::HashMap;

use axum::Form;
use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;

use super::api::ApiState;
use super::browser;
use super::citizen::show_flow;
use super::nothing::Nothing;
use super::page::Visitor;
use super::shown;
use super::ui::Ui;
use crate::engine::Confirmation;
use crate::engine::FlowView;
use crate::engine::ProblemCode;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::Text;

/// What has to be confirmed before anything is sent: the sentences of a journey to agree to, and a document to be signed.
pub(super) struct Confirm {
    /// The path of the flow's page.
    pub(super) path: String,
    pub(super) service: Text,
    /// Which step of a journey it is, and of how many.
    pub(super) step: Option<(usize, usize)>,
    /// What is signed, if anything is.
    pub(super) paper: Option<Paper>,
    /// What else is agreed to.
    pub(super) consents: Vec<Agreeing>,
    pub(super) steps: Vec<Text>,
    pub(super) reviewed: bool,
    pub(super) accepts: bool,
    pub(super) copied: bool,
    /// Whether something was sent without both confirmations.
    pub(super) missing: bool,
    /// Until when it can be confirmed: the time in Kuwait.
    pub(super) until: String,
}

/// The document that is signed.
pub(super) struct Paper {
    pub(super) name: String,
    /// The whole document, if it is a text; else the page shows it in a frame.
    pub(super) text: Option<String>,
    pub(super) digest: String,
}

/// A sentence to agree to.
pub(super) struct Agreeing {
    /// The name of its field in the form.
    pub(super) field: String,
    pub(super) text: Text,
    pub(super) given: bool,
}

impl Confirm {
    /// What a flow waits for, with its document from exactly the bytes that are kept (law 11).
    ///
    /// # Errors
    /// Says why there is nothing to be confirmed now; then nothing else of the flow is to be shown either, or it would look
    /// as if the phone had been asked.
    pub(super) async fn of(state: &ApiState, view: &FlowView, handle: &str) -> Result<Self, Nothing> {
        let signs = view.capability == Capability::Sign;
        let paper = match signs {
            true => Some(Paper::of(state, view).await?),
            false => None,
        };
        let catalog = state.flows.catalog();
        let steps = catalog
            .service(view.service.as_str())
            .map(|loaded| &loaded.service.notices)
            .map(|notices| {
                if signs {
                    &notices.sign_steps
                } else {
                    &notices.steps
                }
                .clone()
            });
        let consents = view.consents.iter().map(|(step, text)| Agreeing {
            field: field_of(step),
            text: text.clone(),
            given: false,
        });
        Ok(Self {
            path: format!("/f/{handle}"),
            service: view.service_name.clone(),
            step: view.step.as_ref().map(|place| (place.number, place.of)),
            paper,
            consents: consents.collect(),
            steps: steps.unwrap_or_default(),
            reviewed: false,
            accepts: false,
            copied: false,
            missing: false,
            until: shown::when(Ui::of(view.locale), view.created_at, view.expires_at).1,
        })
    }
}

impl Confirm {
    /// What the person is to do now.
    pub(super) const fn heading(&self, ui: &'static Ui) -> &'static str {
        if self.paper.is_some() {
            ui.read_document
        } else {
            ui.consent_heading
        }
    }

    /// The field that is shown first as missing.
    pub(super) fn first_missing(&self) -> &str {
        let open = self.consents.iter().find(|one| !one.given);
        match open {
            Some(one) => &one.field,
            None if self.reviewed => "accepts",
            None => "reviewed",
        }
    }
}

impl Paper {
    async fn of(state: &ApiState, view: &FlowView) -> Result<Self, Nothing> {
        let document = state.flows.document(&view.client, view.flow).await;
        let document = document.map_err(|problem| Nothing::of(&problem))?;
        let is_text = document.media_type.starts_with("text/plain");
        Ok(Self {
            text: is_text
                .then(|| String::from_utf8(document.bytes.to_vec()).ok())
                .flatten(),
            name: document.name,
            digest: hex::encode(document.digest.as_bytes()),
        })
    }
}

fn field_of(step: &str) -> String {
    format!("agree-{step}")
}

/// Takes what is confirmed; without all of it, the page is shown again and nothing is sent (R000-089).
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
    let visitor = visitor.in_language(flow.locale);
    let ui = visitor.ui();
    let ticked = |name: &str| typed.get(name).is_some_and(|value| value == "yes");
    let sentence = |name: &str, text: &'static str| (ticked(name), text.to_owned());
    let digest = typed.get("document").map(String::as_str).unwrap_or_default();
    let confirmation = Confirmation {
        locale: visitor.locale,
        // What can't be read names no document, and is refused as such.
        document: Digest::parse(&format!("sha256:{digest}")).ok(),
        agreed: flow
            .consents
            .iter()
            .map(|(step, _)| step.clone())
            .filter(|step| ticked(&field_of(step)))
            .collect(),
        reviewed_entire: sentence("reviewed", ui.confirm_reviewed),
        accepts_to_sign: sentence("accepts", ui.confirm_accepts),
        copy_before: sentence("copied", ui.confirm_copy),
    };
    match state.flows.confirm(&client, flow.flow, confirmation).await {
        Err(problem) if problem.code == ProblemCode::NotConfirmed => {
            let shown = match Confirm::of(&state, &flow, &handle).await {
                Ok(shown) => shown,
                Err(nothing) => return nothing.page(&visitor, &handle),
            };
            let shown = Confirm {
                consents: shown
                    .consents
                    .into_iter()
                    .map(|one| Agreeing {
                        given: ticked(&one.field),
                        ..one
                    })
                    .collect(),
                reviewed: ticked("reviewed"),
                accepts: ticked("accepts"),
                copied: ticked("copied"),
                missing: true,
                ..shown
            };
            show_flow(&state, &visitor, &handle, &headers, (flow, Some(shown)))
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
    let document = match state.flows.document(&client, flow.flow).await {
        Ok(document) => document,
        Err(problem) => return Nothing::of(&problem).status().into_response(),
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
