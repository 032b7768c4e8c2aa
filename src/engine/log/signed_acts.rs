use std::collections::HashMap;
use std::time::Duration;

use crate::audit::ActHeader;
use crate::audit::Administrators;
use crate::audit::log::Note;
use crate::audit::log::Reference;
use crate::words::Digest;
use crate::words::Timestamp;

/// Whether what takes two persons was signed by two who could: whom a start of a node has named before.
pub(super) struct SignedActs {
    /// The public key of the log.
    log: String,
    /// Every set of administrators that may still count, each once, and when another took its place.
    named: Vec<(Administrators, Option<Timestamp>)>,
    /// The acts that may still be carried out: a log is verified in memory that does not grow with it.
    signed: HashMap<Digest, ActHeader>,
}

impl SignedActs {
    /// For the log with this public key.
    pub(super) fn new(log: String) -> Self {
        Self {
            log,
            named: Vec::new(),
            signed: HashMap::new(),
        }
    }

    /// Takes in what a record says that was made then; says what is wrong with it.
    pub(super) fn take_in(&mut self, said: &Reference, at: Timestamp) -> Option<&'static str> {
        match said {
            Reference::Administrators { keys } => self.named(keys, at),
            Reference::Act { note } => self.signed(note, at),
            Reference::TookTwo { what, act } => self.done(what, *act, at),
            _ => None,
        }
    }

    fn named(&mut self, keys: &[String], at: Timestamp) -> Option<&'static str> {
        let Ok(administrators) = Administrators::read(keys) else {
            return Some("those it names can't be administrators");
        };
        self.named.retain(|(_, over)| counts(*over, at));
        for (_, over) in &mut self.named {
            over.get_or_insert(at);
        }
        match self.named.iter_mut().find(|(known, _)| *known == administrators) {
            Some((_, over)) => *over = None,
            None => self.named.push((administrators, None)),
        }
        None
    }

    fn signed(&mut self, note: &str, at: Timestamp) -> Option<&'static str> {
        let note = Note::parse(note).ok();
        let read = note.and_then(|note| Some((ActHeader::read(note.text())?, note)));
        let Some((header, note)) = read else {
            return Some("what it says was signed is no act");
        };
        let mut sets = self.named.iter().filter(|(_, over)| counts(*over, at));
        if !sets.any(|(administrators, _)| administrators.have_signed(&note)) {
            return Some(
                "the act was not signed by two administrators whom a start of a node has named before",
            );
        }
        if header.log != self.log {
            return Some("the act was signed for another log");
        }
        self.signed.retain(|_, act| at <= act.stamp.until.plus(DEED));
        self.signed.insert(Digest::of(note.text().as_bytes()), header);
        None
    }

    /// Nothing is asked for as long as no administrators are named.
    fn done(&self, what: &str, act: Option<Digest>, at: Timestamp) -> Option<&'static str> {
        if self.named.is_empty() {
            return None;
        }
        let Some(header) = act.and_then(|act| self.signed.get(&act)) else {
            return Some("this takes two administrators, and it names no act that they have signed");
        };
        let in_time = at <= header.stamp.until.plus(DEED) && header.stamp.written <= at.plus(DEED);
        (header.what != what || !in_time)
            .then_some("the act that it names is one for something else, or for another time")
    }
}

/// Whether those still count who were named no more at that moment: nodes are started with another set one after the other.
fn counts(over: Option<Timestamp>, at: Timestamp) -> bool {
    over.is_none_or(|over| at <= over.plus(CHANGE))
}

/// How long those count who were named before, while replicas are started with others.
const CHANGE: Duration = Duration::from_secs(86_400);
/// How long a deed may take from the moment at which its act was looked at, and how far clocks may be apart.
const DEED: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::audit::Act;
    use crate::audit::ActNote;
    use crate::audit::ActStamp;
    use crate::audit::Opening;
    use crate::audit::log::LogKey;
    use crate::audit::log::write_private;

    const START: Timestamp = Timestamp::from_micros(1_795_860_000_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);

    fn key(name: &str, seed: u8) -> LogKey {
        write_private(name, &Zeroizing::new([seed; 32])).unwrap().1
    }

    fn named(keys: [&LogKey; 2]) -> Reference {
        Reference::Administrators {
            keys: keys.map(|key| key.written().to_owned()).into(),
        }
    }

    fn signed(act: &Act, keys: &[&LogKey]) -> Reference {
        let mut note = ActNote::new(act, Opening::new([7; 32])).unwrap();
        keys.iter().for_each(|key| note.sign(key));
        Reference::Act {
            note: note.to_string(),
        }
    }

    fn release(log: &str) -> Act {
        Act::new("release", log, &ActStamp::new(START)).with("hold", "3")
    }

    // R003-75: an act of people whose keys stood in no configuration that a node was started with, and a deed without an act.
    #[test]
    fn what_two_administrators_have_not_signed_is_found() {
        let (aisha, bader, salem) = (key("aisha", 1), key("bader", 2), key("salem", 3));
        let act = release("log");
        let two = signed(&act, &[&aisha, &bader]);
        let deed = |what, act: Option<&Act>| Reference::TookTwo {
            what,
            act: act.map(Act::digest),
        };
        let mut acts = SignedActs::new("log".to_owned());
        let mut good = |said: &Reference| acts.take_in(said, START).is_none();
        assert!(!good(&two), "nobody is named yet");
        assert!(good(&deed("release", None)), "nor is anybody asked for");
        assert!(good(&named([&aisha, &bader])));
        assert!(!good(&deed("release", None)) && !good(&deed("release", Some(&act))));
        for other in [signed(&act, &[&aisha]), signed(&act, &[&aisha, &salem])] {
            assert!(!good(&other), "{other:?}");
        }
        assert!(!good(&Reference::Act {
            note: "no act".to_owned()
        }));
        assert!(!good(&signed(&release("another"), &[&aisha, &bader])));
        assert!(!good(&Reference::Administrators { keys: Vec::new() }));
        assert!(good(&two) && good(&deed("release", Some(&act))));
        assert!(!good(&deed("erase", Some(&act))), "an act for something else");
        let late = act_late(&mut acts, &deed("release", Some(&act)));
        assert!(late.is_some(), "long after the act was over");
    }

    fn act_late(acts: &mut SignedActs, deed: &Reference) -> Option<&'static str> {
        acts.take_in(deed, START.plus(HOUR * 24 * 8))
    }

    // Whoever left signs nothing any more; while nodes are started anew, both sets count.
    #[test]
    fn who_is_named_no_more_counts_for_a_day() {
        let (aisha, bader, salem) = (key("aisha", 1), key("bader", 2), key("salem", 3));
        let mut acts = SignedActs::new("log".to_owned());
        acts.take_in(&named([&aisha, &bader]), START);
        acts.take_in(&named([&bader, &salem]), START.plus(HOUR));
        let mut at = |keys: [&LogKey; 2], hours| {
            let said = signed(&release("log"), &keys);
            acts.take_in(&said, START.plus(HOUR * hours)).is_none()
        };
        assert!(at([&aisha, &bader], 25) && at([&bader, &salem], 25));
        assert!(!at([&aisha, &bader], 26) && at([&bader, &salem], 9_999));
        assert!(!at([&aisha, &salem], 2), "never named together");
        acts.take_in(&named([&aisha, &bader]), START.plus(HOUR * 100));
        let again = signed(&release("log"), &[&aisha, &bader]);
        assert_eq!(acts.take_in(&again, START.plus(HOUR * 101)), None);
    }
}
