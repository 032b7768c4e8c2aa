use std::collections::HashSet;

use crate::audit::Administrators;
use crate::audit::log::Note;
use crate::words::Digest;

/// Whether what takes two persons was signed by two who could: whom a start of a node has named before.
#[derive(Default)]
pub(super) struct SignedActs {
    /// Every set of administrators so far, each once. Replicas may be started with different ones while they change.
    named: Vec<Administrators>,
    /// The acts so far, by their digests as written.
    signed: HashSet<String>,
}

impl SignedActs {
    /// Takes in whom the start of a node names.
    pub(super) fn named(&mut self, keys: &[String]) {
        if let Ok(administrators) = Administrators::read(keys)
            && !self.named.contains(&administrators)
        {
            self.named.push(administrators);
        }
    }

    /// Takes in an act as its record has it; says what is wrong with it.
    pub(super) fn signed(&mut self, note: &str) -> Option<&'static str> {
        let Some(note) = Note::parse(note)
            .ok()
            .filter(|note| note.text().starts_with("midflow act "))
        else {
            return Some("what it says was signed is no act");
        };
        if self
            .named
            .iter()
            .any(|administrators| administrators.have_signed(&note))
        {
            self.signed.insert(Digest::of(note.text().as_bytes()).to_string());
            return None;
        }
        Some("the act was not signed by two administrators whom a start of a node has named before")
    }

    /// Takes in something that takes two persons, with the act that its record names; says what is wrong with it. Nothing is
    /// as long as no administrators are named.
    pub(super) fn carried_out(&self, act: Option<&str>) -> Option<&'static str> {
        let good = self.named.is_empty() || act.is_some_and(|act| self.signed.contains(act));
        (!good).then_some("this takes two administrators, and it names no act that they have signed")
    }
}

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
    use crate::words::Timestamp;

    // R003-75: an act of people whose keys stood in no configuration that a node was started with, and a deed without an act.
    #[test]
    fn what_two_administrators_have_not_signed_is_found() {
        let key = |name, seed| write_private(name, &Zeroizing::new([seed; 32])).unwrap().1;
        let (aisha, bader, salem) = (key("aisha", 1), key("bader", 2), key("salem", 3));
        let act = Act::new("release", "a", &ActStamp::new(Timestamp::EPOCH));
        let digest = act.digest().to_string();
        let note = |keys: &[&LogKey]| {
            let mut note = ActNote::new(&act, Opening::new([7; 32])).unwrap();
            keys.iter().for_each(|key| note.sign(key));
            note.to_string()
        };
        let written = |keys: [&LogKey; 2]| keys.map(|key| key.written().to_owned());
        let two = note(&[&aisha, &bader]);
        let mut acts = SignedActs::default();
        assert!(acts.signed(&two).is_some(), "nobody is named yet");
        assert_eq!(acts.carried_out(None), None, "nor is anybody asked for");
        acts.named(&written([&aisha, &bader]));
        acts.named(&written([&aisha, &bader]));
        assert_eq!(acts.named.len(), 1);
        for nothing in [None, Some(digest.as_str())] {
            assert!(acts.carried_out(nothing).is_some(), "{nothing:?}");
        }
        for other in [note(&[&aisha]), note(&[&aisha, &salem]), "no act".to_owned()] {
            assert!(acts.signed(&other).is_some(), "{other}");
        }
        assert_eq!(acts.signed(&two), None);
        assert_eq!(acts.carried_out(Some(&digest)), None);
        // Whoever came later does not make the earlier wrong, and those never named together are not two.
        acts.named(&written([&bader, &salem]));
        assert_eq!(acts.signed(&two), None);
        assert!(acts.signed(&note(&[&aisha, &salem])).is_some());
    }
}
