use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Response;

use super::message::Message;
use super::page::SiteName;
use super::page::Visitor;
use crate::engine::Problem;
use crate::engine::ProblemCode;

/// Why a page of a flow has nothing to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nothing {
    /// There is no such flow.
    Unknown,
    /// What is to be signed is gone, or is not what was handed in (law 11).
    Spoiled,
    /// It can't be read at the moment. Who has its address must not be told that there is none.
    Unavailable,
}

impl Nothing {
    pub(super) fn of(problem: &Problem) -> Self {
        match problem.code {
            ProblemCode::UnknownFlow => Self::Unknown,
            ProblemCode::InvalidDocument => Self::Spoiled,
            _ => Self::Unavailable,
        }
    }

    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Unknown | Self::Spoiled => StatusCode::NOT_FOUND,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the person is told. What is away for a moment is asked for again by itself, with scripts or without them.
    pub(super) fn page(self, visitor: &Visitor, handle: &str) -> Response {
        let ui = visitor.ui();
        let (title, hint) = match self {
            Self::Unknown => (ui.page_not_found, ui.page_not_found_hint),
            Self::Spoiled => (ui.document_spoiled, ui.document_spoiled_hint),
            Self::Unavailable => (ui.away_for_a_moment, ui.away_for_a_moment_hint),
        };
        let message = Message::new(visitor, SiteName::Citizen, title, hint);
        let mut response = visitor.show(self.status(), &message);
        // Only a handle that was opened with the key of the pages comes here: letters, digits, `-` and `_`.
        if self == Self::Unavailable
            && let Ok(again) = HeaderValue::from_str(&format!("{AGAIN_IN}; url=/f/{handle}"))
        {
            let headers = response.headers_mut();
            headers.insert(header::REFRESH, again);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(AGAIN_IN));
        }
        response
    }
}

/// In seconds.
const AGAIN_IN: u16 = 5;
