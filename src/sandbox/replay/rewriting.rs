use std::collections::HashMap;

use super::Live;
use crate::sandbox::cassette::Leaf;
use crate::sandbox::cassette::LeafKind;
use crate::sandbox::cassette::StandIns;
use crate::sandbox::cassette::Take;
use crate::sandbox::cassette::of_today;
use crate::sandbox::cassette::rewrite;
use crate::words::CivilNo;
use crate::words::Timestamp;

/// What a recorded message says in this run in place of what it said then.
///
/// What the authority gave back of the recorded request, it gives back of this one: a value of a message that stood in the recorded
/// request is the one that stands at the same place in the request that was made. No list of members is needed for that.
pub(super) struct Rewriting {
    values: HashMap<String, String>,
    /// The challenge then and now. It is short, so it counts only where a challenge stands.
    challenge: Option<(String, String)>,
    /// Makes what is this run's alone: the same format, other signs.
    fresh: StandIns,
    /// The id of the request in this run.
    request_id: Option<String>,
}

impl Rewriting {
    /// Compares a recorded request with the one that was made. `provider` is the id of the node, then and now; `salt` is this run's
    /// chance, and `id` an id of its own.
    pub(super) fn new(
        take: &Take,
        live: &Live,
        provider: (Option<&str>, &str),
        salt: [u8; 32],
        id: &str,
    ) -> Self {
        let now: HashMap<&str, &str> = live
            .values
            .iter()
            .map(|value| (value.path.as_str(), value.text.as_str()))
            .collect();
        let (mut values, mut challenge) = (HashMap::new(), None);
        if let (Some(then), now) = provider {
            values.insert(then.to_owned(), now.to_owned());
        }
        for then in &take.asked {
            let Some(is) = now.get(then.path.as_str()).filter(|is| **is != then.text) else {
                continue;
            };
            if is_challenge(&then.name) {
                challenge = Some((then.text.clone(), (*is).to_owned()));
            } else if then.text.len() >= SHORTEST {
                values.insert(then.text.clone(), (*is).to_owned());
            }
        }
        // Who is somebody else must not become the person asked, so the two change places.
        let people: Vec<(String, String)> = values
            .iter()
            .filter(|(was, is)| CivilNo::parse(was).is_ok() && CivilNo::parse(is).is_ok())
            .map(|(was, is)| (is.clone(), was.clone()))
            .collect();
        for (is, was) in people {
            values.entry(is).or_insert(was);
        }
        let mut fresh = StandIns::new(salt);
        let request_id = take.request_id.as_ref().map(|then| {
            let is_uuid = uuid::Uuid::try_parse(then).is_ok();
            let new = if is_uuid { id.to_owned() } else { fresh.text(then) };
            values.insert(then.clone(), new.clone());
            new
        });
        Self {
            values,
            challenge,
            fresh,
            request_id,
        }
    }

    /// The id of the request in this run; `None` if the recorded reply gave none.
    pub(super) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// A recorded message with the values of this run; `finish` gets each object of it.
    pub(super) fn apply(&mut self, body: &str, now: Timestamp, finish: &dyn Fn(String) -> String) -> String {
        let mut change = |leaf: &Leaf<'_>| {
            if leaf.kind == LeafKind::Key {
                return None;
            }
            if let Some((was, is)) = &self.challenge
                && is_challenge(leaf.name)
                && leaf.text.trim() == was
            {
                return Some(is.clone());
            }
            if let Some(is) = self.values.get(leaf.text) {
                return Some(is.clone());
            }
            if leaf.kind == LeafKind::Text && leaf.name.eq_ignore_ascii_case("QRCode") {
                return Some(self.fresh.text(leaf.text));
            }
            of_today(leaf.text, now)
        };
        rewrite(body.as_bytes(), &mut change, finish)
    }
}

/// Whether the digits to compare stand under this name; an answer may hold them as an object, with their own as its `Prompt`.
fn is_challenge(name: &str) -> bool {
    ["challenge", "prompt"]
        .iter()
        .any(|known| name.trim().eq_ignore_ascii_case(known))
}

/// What is shorter may stand anywhere by chance.
const SHORTEST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::cassette::Cassette;
    use crate::sandbox::cassette::CassetteTransport;
    use crate::sandbox::cassette::takes;

    const ASKED: &str = r#"{"PersonCivilNo":"399123100017","Challenge":"1111","AdditionalData":"recorded-data","AssuranceLevel":20,
        "SPCallbackURL":"https://stand-in.invalid/abc"}"#;
    const NOW: &str = r#"{"PersonCivilNo":"399123100025","Challenge":"8352","AdditionalData":"data-of-now","AssuranceLevel":20,
        "SPCallbackURL":"https://127.0.0.1:1/cb/x"}"#;

    fn take() -> Take {
        let body = serde_json::to_string(ASKED).unwrap();
        let text = format!(
            r#"{{"midflow":2,"transport":"bridge","messages":[
                {{"flow":1,"capability":"auth_push","kind":"request","operation":"PN","body":{body}}},
                {{"flow":1,"capability":"auth_push","kind":"reply","request_id":"recorded-id-7","body":"{{}}"}}]}}"#
        );
        takes(&Cassette::parse(&text).unwrap()).ok().unwrap().remove(0)
    }

    fn rewriting() -> Rewriting {
        let live = Live::read(CassetteTransport::Bridge, "/PN", NOW.as_bytes());
        let provider = (Some("recorded-provider"), "provider-of-now");
        Rewriting::new(
            &take(),
            &live,
            provider,
            [5; 32],
            "5b0e7c1a-2f64-4f0e-9a55-3d2b8c6f1e90",
        )
    }

    fn played(body: &str) -> String {
        let now = Timestamp::parse("2027-06-01T05:00:00Z").unwrap();
        rewriting().apply(body, now, &|done| done)
    }

    #[test]
    fn what_was_given_back_is_that_of_this_request_and_nothing_else_moves() {
        assert_eq!(
            played(
                "{ \"AdditionalData\" :\"recorded-data\",\"civilno\":\"399123100017\" ,\n\"Challenge\":{\"Prompt\":\"1111\"},\
                 \"Building\":\"1111\",\"ResultCode\":1,\"New\":null,\"New\":\"x\"}"
            ),
            "{ \"AdditionalData\" :\"data-of-now\",\"civilno\":\"399123100025\" ,\n\"Challenge\":{\"Prompt\":\"8352\"},\
             \"Building\":\"1111\",\"ResultCode\":1,\"New\":null,\"New\":\"x\"}"
        );
    }

    // A wrapper puts the provider's id into requests by itself, and every replay over one was for another provider.
    #[test]
    fn the_provider_is_that_of_now_though_no_request_names_it() {
        let body = r#"{"ServiceProviderId":"recorded-provider","Other":"another-provider"}"#;
        assert_eq!(
            played(body),
            r#"{"ServiceProviderId":"provider-of-now","Other":"another-provider"}"#
        );
    }

    // A wrong person of the recording was the person of this run, and everything fitted.
    #[test]
    fn who_was_somebody_else_stays_somebody_else() {
        assert_eq!(
            played(r#"["399123100017","399123100025","399123100041"]"#),
            r#"["399123100025","399123100017","399123100041"]"#
        );
    }

    #[test]
    fn ids_codes_and_moments_are_of_this_run() {
        let body = r#"{"RequestID":"recorded-id-7","QRCode":"code-12ab","TransactionDate":"2099-12-31T12:00:00.250"}"#;
        let (one, other) = (played(body), played(body));
        assert_eq!(one, other, "one run says the same twice");
        assert!(
            !one.contains("recorded-id-7") && !one.contains("code-12ab"),
            "{one}"
        );
        assert!(one.contains("2027-06-01T08:00:00.250"), "{one}");
        let id = rewriting().request_id().unwrap().to_owned();
        assert!(
            one.contains(&id) && id.len() == "recorded-id-7".len() && id.contains('-'),
            "{id}"
        );
    }
}
