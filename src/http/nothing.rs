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
    /// It can't be read at the moment. Who has its address must not be told that there is none.
    Unavailable,
}

impl Nothing {
    pub(super) fn of(problem: &Problem) -> Self {
        match problem.code {
            ProblemCode::UnknownFlow => Self::Unknown,
            _ => Self::Unavailable,
        }
    }

    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the person is told. What is away for a moment is asked for again by itself, with scripts or without them.
    pub(super) fn page(self, visitor: &Visitor, handle: &str) -> Response {
        let ui = visitor.ui();
        let message = match self {
            Self::Unknown => Message::not_found(visitor, SiteName::Citizen),
            Self::Unavailable => Message::new(
                visitor,
                SiteName::Citizen,
                ui.away_for_a_moment,
                ui.away_for_a_moment_hint,
            ),
        };
        let mut response = visitor.show(self.status(), &message);
        // The handle is part of a path that was matched, so a header can carry it; else the person presses reload.
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
