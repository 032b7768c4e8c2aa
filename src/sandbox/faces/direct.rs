//! The bridge without a connection: an operation in, and what an HTTP client would see out, with nothing sent.

use bytes::Bytes;
use serde_json::json;

use super::Refusal;
use super::Wanted;
use super::contract;
use super::operations;
use super::operations::asks;
use super::operations::operation;
use crate::sandbox::conduct::Answer;
use crate::sandbox::conduct::ReplyConduct;
use crate::sandbox::state::State;

/// What an operation leads to.
pub(in crate::sandbox) struct Direct {
    /// The status of HTTP and the body; `None` where the connection breaks before either.
    pub(in crate::sandbox) reply: Option<(u16, Bytes)>,
    /// Whether the first answer is sent before the reply.
    pub(in crate::sandbox) answers_first: bool,
    /// The request that reached its person, and the answers that follow, one after another.
    pub(in crate::sandbox) follows: Option<(String, Vec<Answer>)>,
}

/// Serves one operation of the bridge, and enters it in the ledger.
pub(in crate::sandbox) fn direct(state: &State, name: &str, body: &[u8]) -> Direct {
    let only = |reply: Option<(u16, Bytes)>| Direct {
        reply,
        answers_first: false,
        follows: None,
    };
    let Some(operation) = operation(name) else {
        return only(Some((404, Bytes::from_static(b"no such operation"))));
    };
    // Without a connection there is no certificate: it is the provider that the sandbox is for.
    let provider = state.options.service_provider_id.as_str();
    let entry = state.arrived(provider, operation, body);
    let members = match contract::object(body) {
        Ok(members) => members,
        Err(refusal) => return only(Some(refused(refusal))),
    };
    let Some(asks) = asks(operation, false) else {
        return only(Some(
            match operations::answer(state, provider, operation, &members) {
                Ok(data) => answered(&data),
                Err(refusal) => refused(refusal),
            },
        ));
    };
    let admitted = match Wanted::read(&members, asks).and_then(|wanted| state.admit(entry, provider, wanted))
    {
        Ok(admitted) => admitted,
        Err(refusal) => return only(Some(refused(refusal))),
    };
    let reply = match admitted.conduct.reply {
        ReplyConduct::Accept | ReplyConduct::AcceptAfterAnswer => {
            let data = operations::taken(admitted.request_id.clone(), admitted.code);
            Some(answered(&data))
        }
        ReplyConduct::Refuse(refusal) => Some(refused(refusal)),
        ReplyConduct::Drop => None,
        ReplyConduct::ServerError => Some((500, Bytes::new())),
        ReplyConduct::Raw(raw) => Some((raw.status(), Bytes::from(raw.body().into_owned()))),
    };
    Direct {
        reply,
        answers_first: admitted.conduct.reply == ReplyConduct::AcceptAfterAnswer,
        follows: admitted
            .conduct
            .reply
            .asks_somebody()
            .then_some((admitted.request_id, admitted.conduct.answers)),
    }
}

fn answered(data: &serde_json::Value) -> (u16, Bytes) {
    (200, json!({ "Data": data, "Error": null }).to_string().into())
}

fn refused(refusal: Refusal) -> (u16, Bytes) {
    let error = json!({ "Code": refusal.code(), "Message": refusal.message() });
    (200, json!({ "Data": null, "Error": error }).to_string().into())
}
