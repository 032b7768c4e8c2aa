use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use super::Live;
use super::Play;
use super::ReplayOptions;
use crate::sandbox::cassette::CassetteError;
use crate::sandbox::cassette::CassetteTransport;
use crate::sandbox::cassette::Take;
use crate::sandbox::cassette::Value;
use crate::sandbox::cassette::takes;

/// What a cassette holds, and what of it has been asked for.
pub(in crate::sandbox) struct Deck {
    transport: CassetteTransport,
    /// The stand-in of the recorded node's id.
    provider: Option<String>,
    takes: Vec<Arc<Take>>,
    at_once: bool,
    repeat: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    /// The takes that have been asked for.
    served: BTreeSet<usize>,
    /// Plays whose answers are asked for, by the id that the node knows the request by.
    polled: HashMap<String, Arc<Play>>,
}

impl Deck {
    /// Puts a cassette in.
    ///
    /// # Errors
    /// When it can't be replayed.
    pub(in crate::sandbox) fn new(options: &ReplayOptions) -> Result<Self, CassetteError> {
        let takes = takes(&options.cassette)?;
        Ok(Self {
            transport: options.cassette.transport.unwrap_or(CassetteTransport::Bridge),
            provider: options.cassette.provider.clone(),
            takes: takes.into_iter().map(Arc::new).collect(),
            at_once: options.at_once,
            repeat: options.repeat,
            inner: Mutex::new(Inner {
                served: BTreeSet::new(),
                polled: HashMap::new(),
            }),
        })
    }

    pub(in crate::sandbox) const fn transport(&self) -> CassetteTransport {
        self.transport
    }

    /// The stand-in of the id under which the recorded node was registered.
    pub(in crate::sandbox) fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// Whether answers come at once.
    pub(in crate::sandbox) const fn at_once(&self) -> bool {
        self.at_once
    }

    /// The first recorded request of this kind that has not been asked for yet.
    ///
    /// # Errors
    /// When there is none: says what the cassette holds instead.
    pub(in crate::sandbox) fn take(&self, live: &Live) -> Result<Arc<Take>, String> {
        let fitting: Vec<usize> = (0..self.takes.len())
            .filter(|index| self.takes.get(*index).is_some_and(|take| self.fits(take, live)))
            .collect();
        let mut inner = self.lock();
        let mut next = fitting.iter().find(|index| !inner.served.contains(index));
        if next.is_none() && self.repeat {
            inner.served.retain(|index| !fitting.contains(index));
            next = fitting.first();
        }
        let found = next.and_then(|index| Some((*index, self.takes.get(*index)?.clone())));
        let Some((index, take)) = found else {
            return Err(self.refusal(live, fitting.len(), &inner.served));
        };
        inner.served.insert(index);
        Ok(take)
    }

    /// The requests that nobody has asked for yet, each with its flow.
    pub(in crate::sandbox) fn left(&self) -> Vec<String> {
        self.left_of(&self.lock().served)
    }

    /// Lets the answers of a play be asked for.
    pub(in crate::sandbox) fn let_poll(&self, request_id: &str, play: &Arc<Play>) {
        self.lock().polled.insert(request_id.to_owned(), Arc::clone(play));
    }

    /// The play whose answers are asked for by this id.
    pub(in crate::sandbox) fn polled(&self, request_id: &str) -> Option<Arc<Play>> {
        self.lock().polled.get(request_id).cloned()
    }

    fn fits(&self, take: &Take, live: &Live) -> bool {
        if self.transport != CassetteTransport::Template {
            return take.operation == live.operation;
        }
        // Its addresses are the settings' own, so a request is known by its members.
        let members = |values: &[Value]| {
            let paths = values.iter().map(|value| value.path.clone());
            paths.collect::<BTreeSet<String>>()
        };
        members(&take.asked) == members(&live.values)
    }

    fn refusal(&self, live: &Live, held: usize, served: &BTreeSet<usize>) -> String {
        let asked = &live.operation;
        let has = match held {
            0 => format!("the cassette holds no request like `{asked}`"),
            1 => format!("the one `{asked}` of the cassette has been asked for"),
            held => format!("all {held} `{asked}` of the cassette have been asked for"),
        };
        let left = self.left_of(served);
        if left.is_empty() {
            return format!("{has}, and nothing is left of it; start the replay again, or with --repeat");
        }
        format!("{has}; it expects {}", left.join(", "))
    }

    fn left_of(&self, served: &BTreeSet<usize>) -> Vec<String> {
        let left = self.takes.iter().enumerate();
        left.filter(|(index, _)| !served.contains(index))
            .map(|(_, take)| format!("`{}` (flow {}, {})", take.operation, take.flow, take.capability))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::cassette::Cassette;

    fn deck(transport: &str, requests: &[(&str, &str)], repeat: bool) -> Deck {
        let messages: Vec<String> = requests
            .iter()
            .enumerate()
            .map(|(index, (operation, body))| {
                let body = serde_json::to_string(body).unwrap();
                format!(
                    r#"{{"flow":{},"capability":"auth_push","kind":"request","operation":"{operation}","body":{body}}}"#,
                    index + 1
                )
            })
            .collect();
        let text = format!(
            r#"{{"midflow":2,"transport":"{transport}","messages":[{}]}}"#,
            messages.join(",")
        );
        let mut options = ReplayOptions::new(Cassette::parse(&text).unwrap());
        options.repeat = repeat;
        Deck::new(&options).unwrap()
    }

    fn ask(deck: &Deck, path: &str, body: &str) -> Result<u32, String> {
        let live = Live::read(deck.transport(), path, body.as_bytes());
        deck.take(&live).map(|take| take.flow)
    }

    #[test]
    fn requests_of_a_kind_come_in_their_order_whatever_comes_between() {
        let deck = deck("bridge", &[("PN", "{}"), ("QR", "{}"), ("PN", "{}")], false);
        assert_eq!(ask(&deck, "/QR", "{}"), Ok(2));
        assert_eq!(ask(&deck, "/PN", "{}"), Ok(1));
        assert_eq!(deck.left(), ["`PN` (flow 3, auth_push)"]);
        assert_eq!(ask(&deck, "/PN", "{}"), Ok(3));
    }

    #[test]
    fn what_the_cassette_does_not_hold_is_refused_with_what_it_expects() {
        let deck = deck("bridge", &[("PN", "{}"), ("QR", "{}")], false);
        assert_eq!(
            ask(&deck, "/Sign", "{}").unwrap_err(),
            "the cassette holds no request like `Sign`; it expects `PN` (flow 1, auth_push), `QR` (flow 2, auth_push)"
        );
        ask(&deck, "/PN", "{}").unwrap();
        assert_eq!(
            ask(&deck, "/PN", "{}").unwrap_err(),
            "the one `PN` of the cassette has been asked for; it expects `QR` (flow 2, auth_push)"
        );
        ask(&deck, "/QR", "{}").unwrap();
        let nothing = ask(&deck, "/QR", "{}").unwrap_err();
        assert!(nothing.contains("nothing is left of it"), "{nothing}");
    }

    #[test]
    fn a_repeated_cassette_begins_again_kind_by_kind() {
        let deck = deck("bridge", &[("PN", "{}"), ("PN", "{}"), ("QR", "{}")], true);
        let flows: Vec<_> = (0..5).map(|_| ask(&deck, "/PN", "{}").unwrap()).collect();
        assert_eq!(flows, [1, 2, 1, 2, 1]);
        assert!(ask(&deck, "/Sign", "{}").is_err());
    }

    #[test]
    fn a_wrapper_is_known_by_the_members_that_it_is_sent() {
        let requests = [
            ("auth_push", r#"{"r":{"civilId":"1","reason":"x"}}"#),
            ("auth_qr", r#"{"r":{"reason":"x"}}"#),
        ];
        let deck = deck("template", &requests, false);
        assert_eq!(ask(&deck, "/any/where", r#"{"r":{"reason":"y"}}"#), Ok(2));
        assert_eq!(
            ask(&deck, "/any/where", r#"{"r":{"civilId":"2","reason":"y"}}"#),
            Ok(1)
        );
        assert!(ask(&deck, "/any/where", r#"{"r":{}}"#).is_err());
    }
}
