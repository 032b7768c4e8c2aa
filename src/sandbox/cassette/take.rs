use std::time::Duration;

use super::Cassette;
use super::CassetteError;
use super::Found;
use super::Message;
use super::MessageKind;
use super::Value;
use super::leaves;
use crate::words::Capability;

/// One recorded request, and what the authority made of it.
pub(in crate::sandbox) struct Take {
    /// Of which flow of the recording, from 1.
    pub(in crate::sandbox) flow: u32,
    pub(in crate::sandbox) capability: Capability,
    pub(in crate::sandbox) operation: String,
    /// The values of the request, as they were recorded.
    pub(in crate::sandbox) asked: Vec<Value>,
    /// The status of HTTP of the reply.
    pub(in crate::sandbox) status: u16,
    /// The id that the reply gives the request, as it was recorded.
    pub(in crate::sandbox) request_id: Option<String>,
    /// How long the reply took.
    pub(in crate::sandbox) reply_after: Duration,
    /// The reply; `None` where none came.
    pub(in crate::sandbox) reply: Option<Answer>,
    /// Answers that came before the reply.
    pub(in crate::sandbox) before: Vec<Answer>,
    /// Answers that came after it.
    pub(in crate::sandbox) after: Vec<Answer>,
}

/// Something that the authority said.
pub(in crate::sandbox) struct Answer {
    /// How long after the request.
    pub(in crate::sandbox) after: Duration,
    /// Whether the node has asked for it, instead of being called.
    pub(in crate::sandbox) polled: bool,
    pub(in crate::sandbox) found: Found,
    pub(in crate::sandbox) body: String,
}

/// The requests of a cassette with what followed each, in their order.
///
/// # Errors
/// When there is nothing that could be replayed, or the messages are in no order in which they could have gone.
pub(in crate::sandbox) fn takes(cassette: &Cassette) -> Result<Vec<Take>, CassetteError> {
    let refused = |why: String| Err(CassetteError::NotReplayable(why));
    if cassette.midflow < 2 {
        return refused(
            "its version is 1, which kept no exact bytes; record the flows again, as long as the store holds them"
                .to_owned(),
        );
    }
    if cassette.transport.is_none() {
        return refused("it does not say how its messages went; `transport` is missing".to_owned());
    }
    let mut takes: Vec<Take> = Vec::new();
    for (index, message) in cassette.messages.iter().enumerate() {
        let number = index + 1;
        let latest = takes.last_mut().filter(|take| take.flow == message.flow);
        let placed = match (message.kind, latest) {
            (MessageKind::Request, _) => begun(message).map(|take| takes.push(take)),
            (_, None) => Err("it comes before any request of its flow"),
            (MessageKind::Reply, Some(take)) if take.has_reply() => Err("its request has a reply already"),
            (MessageKind::Reply, Some(take)) => {
                take.replied(message);
                Ok(())
            }
            (MessageKind::Callback, Some(take)) => take.answered(message),
        };
        if let Err(why) = placed {
            return refused(format!("message {number}, a {}: {why}", message.kind.as_str()));
        }
    }
    if takes.is_empty() {
        return refused("it holds no request".to_owned());
    }
    Ok(takes)
}

fn begun(message: &Message) -> Result<Take, &'static str> {
    let operation = message.operation.clone().ok_or("`operation` is missing")?;
    let body = message.body.as_deref().ok_or("`body` is missing")?;
    Ok(Take {
        flow: message.flow,
        capability: message.capability,
        operation,
        asked: leaves(body.as_bytes()),
        status: NO_REPLY,
        request_id: None,
        reply_after: Duration::ZERO,
        reply: None,
        before: Vec::new(),
        after: Vec::new(),
    })
}

impl Take {
    fn has_reply(&self) -> bool {
        self.status != NO_REPLY
    }

    fn replied(&mut self, message: &Message) {
        self.status = message.status.unwrap_or(OK);
        self.request_id.clone_from(&message.request_id);
        self.reply_after = Duration::from_millis(message.after_ms);
        self.reply = message.body.clone().map(|body| answer(message, body));
        // What had come by then came before.
        self.before = std::mem::take(&mut self.after);
    }

    fn answered(&mut self, message: &Message) -> Result<(), &'static str> {
        let body = message.body.clone().ok_or("`body` is missing")?;
        self.after.push(answer(message, body));
        Ok(())
    }
}

fn answer(message: &Message, body: String) -> Answer {
    Answer {
        after: Duration::from_millis(message.after_ms),
        polled: message.polled,
        found: message.found,
        body,
    }
}

/// A status that no reply has: none has come.
const NO_REPLY: u16 = 0;
const OK: u16 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn cassette(messages: &str) -> Cassette {
        Cassette::parse(&format!(
            r#"{{"midflow":2,"transport":"bridge","messages":[{messages}]}}"#
        ))
        .unwrap()
    }

    fn message(flow: u32, kind: &str, rest: &str) -> String {
        format!(r#"{{"flow":{flow},"capability":"auth_push","kind":"{kind}","body":"{{}}"{rest}}}"#)
    }

    fn why(messages: &[String]) -> String {
        let taken = takes(&cassette(&messages.join(",")));
        taken.err().unwrap().to_string()
    }

    #[test]
    fn what_came_before_the_reply_is_told_from_what_came_after() {
        let request = r#","operation":"PN""#;
        let messages = [
            message(1, "request", request),
            message(1, "callback", r#","after_ms":5"#),
            message(1, "reply", r#","after_ms":9,"status":500"#),
            message(1, "callback", r#","after_ms":20"#),
            message(2, "request", request),
        ];
        let takes = takes(&cassette(&messages.join(","))).ok().unwrap();
        let [first, second] = takes.as_slice() else {
            panic!("two requests")
        };
        assert_eq!((first.before.len(), first.after.len(), first.status), (1, 1, 500));
        assert!(first.reply.is_some() && second.reply.is_none() && !second.has_reply());
    }

    #[test]
    fn what_could_not_have_gone_so_is_refused_by_its_number() {
        let request = message(1, "request", r#","operation":"PN""#);
        assert!(why(&[]).contains("holds no request"));
        assert!(why(&[message(1, "request", "")]).contains("message 1, a request: `operation` is missing"));
        assert!(why(&[message(1, "reply", "")]).contains("message 1, a reply: it comes before"));
        assert!(why(&[request.clone(), message(2, "callback", "")]).contains("message 2, a callback"));
        let reply = message(1, "reply", "");
        assert!(
            why(&[request, reply.clone(), reply]).contains("message 3, a reply: its request has a reply")
        );
    }

    #[test]
    fn the_first_version_can_only_be_compared() {
        let first = Cassette::parse(r#"{"midflow":1,"messages":[]}"#).unwrap();
        let why = takes(&first).err().unwrap().to_string();
        assert!(
            why.contains("compared and not replayed") && why.contains("record the flows again"),
            "{why}"
        );
    }
}
