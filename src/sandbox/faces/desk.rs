use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::Map;
use serde_json::Value;
use tokio::sync::oneshot;

use super::Logins;
use super::Refusal;
use super::Wanted;
use super::callers::Callers;
use super::contract::Asks;
use super::operations;
use super::operations::asks;
use super::sever::Shears;
use crate::sandbox::conduct::ReplyConduct;
use crate::sandbox::courier;
use crate::sandbox::raw_reply::RawReply;
use crate::sandbox::state::Admitted;
use crate::sandbox::state::State;

/// Serves the authority's operations, whichever face they came through.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) state: Arc<State>,
    pub(super) shears: Shears,
    pub(super) callers: Callers,
}

/// An operation as a face has read it.
pub(super) struct Call<'c> {
    /// Where the call came from.
    pub(super) peer: SocketAddr,
    /// The provider that called, by its certificate.
    pub(super) provider: &'c str,
    /// The operation, by its name of the contract.
    pub(super) operation: &'static str,
    /// The exact bytes that came, for the ledger.
    pub(super) body: &'c [u8],
    /// Whether the provider asks for the answer, instead of being called.
    pub(super) polled: bool,
    /// The members of the request, by their names of the contract.
    pub(super) members: Result<Map<String, Value>, Refusal>,
}

/// How an operation was served; each face writes it in its own form.
pub(super) enum Served {
    /// The member `Data` of the answer.
    Data(Value),
    /// The member `Error` of the answer.
    Refused(Refusal),
    /// Nothing is answered: the connection is cut.
    Severed,
    /// HTTP 500, without a body.
    Broken,
    /// Something that is no reply of the contract, whatever the face.
    Raw(RawReply),
}

impl Served {
    /// What every face does alike; `Err` gives the rest back.
    pub(super) fn bare(self) -> Result<Response, Self> {
        match self {
            // Nothing of this leaves: the connection is cut already.
            Self::Severed => Ok(StatusCode::OK.into_response()),
            Self::Broken => Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
            Self::Raw(raw) => {
                let status = StatusCode::from_u16(raw.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = (status, raw.body().into_owned()).into_response();
                if let Some(location) = raw.location() {
                    let location = HeaderValue::from_static(location);
                    response.headers_mut().insert(LOCATION, location);
                }
                Ok(response)
            }
            other => Err(other),
        }
    }
}

impl Desk {
    /// The provider at the other end of a connection; a status for one whose certificate is nobody's here.
    pub(super) fn provider(&self, peer: SocketAddr) -> Result<Arc<str>, StatusCode> {
        self.callers.at(peer).ok_or(StatusCode::FORBIDDEN)
    }

    /// The login of a provider.
    pub(super) fn login(&self, provider: &str) -> Result<&Logins, StatusCode> {
        let found = self.state.logins.get(provider).map(AsRef::as_ref);
        found.ok_or(StatusCode::UNAUTHORIZED)
    }

    /// Serves one operation, and enters it in the ledger.
    pub(super) async fn serve(&self, call: Call<'_>) -> Served {
        let state = &self.state;
        let entry = state.arrived(call.provider, call.operation, call.body);
        let operation = call.operation;
        let (served, note) = match &call.members {
            Err(refusal) => (Served::Refused(*refusal), ""),
            Ok(members) if let Some(asks) = asks(operation, call.polled) => {
                (self.initiate(&call, entry, members, asks).await, "accepted")
            }
            Ok(members) => {
                let answered = operations::answer(state, call.provider, operation, members);
                (answered.map_or_else(Served::Refused, Served::Data), "answered")
            }
        };
        match &served {
            Served::Data(_) => state.replied(entry, note),
            Served::Refused(refusal) => state.replied(entry, &format!("error {}", refusal.code())),
            Served::Severed => state.replied(entry, "dropped"),
            Served::Broken => state.replied(entry, "http 500"),
            Served::Raw(raw) => state.replied(entry, &format!("http {}", raw.status())),
        }
        served
    }

    async fn initiate(
        &self,
        call: &Call<'_>,
        entry: u64,
        members: &Map<String, Value>,
        asks: Asks,
    ) -> Served {
        let state = &self.state;
        let admitted =
            Wanted::read(members, asks).and_then(|wanted| state.admit(entry, call.provider, wanted));
        let Admitted {
            request_id,
            conduct,
            code,
        } = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => return Served::Refused(refusal),
        };
        let (first_sent, first) = oneshot::channel();
        courier::send(state, request_id.clone(), conduct.answers, Some(first_sent));
        match conduct.reply {
            ReplyConduct::Accept => {}
            ReplyConduct::AcceptAfterAnswer => {
                // Ends in any case: the courier drops its side when it gives up.
                let _ = first.await;
            }
            ReplyConduct::Refuse(refusal) => return Served::Refused(refusal),
            ReplyConduct::Drop => {
                self.shears.cut(call.peer);
                return Served::Severed;
            }
            ReplyConduct::ServerError => return Served::Broken,
            ReplyConduct::Raw(raw) => return Served::Raw(raw),
        }
        Served::Data(operations::taken(request_id, code))
    }
}
