use std::time::Duration;

use super::act::Act;
use super::act::ActNote;
use super::act::NotAnAct;
use super::log::Note;
use super::log::NoteError;
use super::log::NoteSignature;
use super::log::VerifierKey;
use super::log::is_private;
use super::recordable::Unrecordable;
use super::recordable::recordable;
use crate::words::Timestamp;

/// The people who may sign acts, each with a key of their own (R003-75).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrators {
    keys: Vec<VerifierKey>,
}

/// An act that enough of them have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAct {
    /// Who has signed, whoever's signature stands first first; two at least.
    pub by: Vec<String>,
    /// When the act was written.
    pub written: Timestamp,
    /// The act.
    pub act: Act,
    /// The act with their signatures, and nothing else that stood under it: what is recorded is never erased.
    pub note: String,
}

/// The people named can't be those who sign acts. Entries are named by their place, since a private key may stand there by
/// mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdministratorsError {
    /// One alone, or nobody.
    #[error("an act takes two persons: name two administrators at least")]
    TooFew,
    /// No public key.
    #[error(
        "entry {0} is no public key of an administrator; `midflow act key NAME -o FILE` makes a key and prints that"
    )]
    Key(usize),
    /// A private key.
    #[error(
        "entry {0} is a private key, which belongs into no configuration: make another, and name the public half that \
         `midflow act key` prints"
    )]
    Private(usize),
    /// A name that may not stand in records.
    #[error("entry {0}: {1}")]
    Name(usize, Unrecordable),
    /// Two with one name, or one person under two.
    #[error("entry {0} names somebody a second time, by name or by key: each person has one")]
    Twice(usize),
}

/// Why an act is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// The text is none.
    #[error(transparent)]
    Form(#[from] NotAnAct),
    /// It says something else than what is asked.
    #[error("the act says `{signed}`, and what is asked is `{asked}`")]
    Differs {
        /// The line in the act.
        signed: String,
        /// What it should be.
        asked: String,
    },
    /// A signature is not that of the key it names.
    #[error("the signature of {0} on the act is not theirs")]
    Forged(String),
    /// It is too late.
    #[error("the act could be carried out until {0}; write it anew, and have it signed again")]
    Over(Timestamp),
    /// It is too early.
    #[error("the act was written at {0}, and by the clock of this machine that is still to come")]
    Early(Timestamp),
    /// Its times are none that an act can have.
    #[error("the act was written at {written} and is good until {until}, which no act can be")]
    Times {
        /// When it says it was written.
        written: Timestamp,
        /// Until when it says it is good.
        until: Timestamp,
    },
    /// Fewer than two have signed it.
    #[error("{} `midflow act sign` does it", missing(signed, others))]
    Missing {
        /// Who has.
        signed: Vec<String>,
        /// Who could.
        others: Vec<String>,
    },
}

impl Administrators {
    /// Those with these public keys, each as `midflow act key` prints it.
    ///
    /// # Errors
    /// When one is no such key, one person is named twice, or they are fewer than two.
    pub fn read(keys: &[String]) -> Result<Self, AdministratorsError> {
        let mut read: Vec<VerifierKey> = Vec::with_capacity(keys.len());
        for (place, text) in (1..).zip(keys) {
            if is_private(text) {
                return Err(AdministratorsError::Private(place));
            }
            let key = VerifierKey::parse(text).ok().filter(|key| !key.is_witness());
            let key = key.ok_or(AdministratorsError::Key(place))?;
            recordable("the name", key.name()).map_err(|error| AdministratorsError::Name(place, error))?;
            let known = |other: &VerifierKey| {
                other.name().to_lowercase() == key.name().to_lowercase() || other.is_of_the_same_pair(&key)
            };
            if read.iter().any(known) {
                return Err(AdministratorsError::Twice(place));
            }
            read.push(key);
        }
        if read.len() < ENOUGH {
            return Err(AdministratorsError::TooFew);
        }
        Ok(Self { keys: read })
    }

    /// Their public keys, as written.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        self.keys.iter().map(ToString::to_string)
    }

    /// Checks that two of them have signed the act that is asked for, and that it is neither too early nor too late.
    ///
    /// # Errors
    /// When it is not so.
    pub fn check(&self, signed: &ActNote, asked: Act, now: Timestamp) -> Result<SignedAct, ActError> {
        if let Some((said, asked)) = asked.differs(signed.text()) {
            return Err(ActError::Differs {
                signed: said.to_owned(),
                asked: asked.to_owned(),
            });
        }
        let (written, until) = (signed.stamp().written, signed.stamp().until);
        if !signed.stamp().is_short() {
            return Err(ActError::Times { written, until });
        }
        if written > now.plus(CLOCKS_APART) {
            return Err(ActError::Early(written));
        }
        if now > until {
            return Err(ActError::Over(until));
        }
        let (by, others) = self.signers(signed.note())?;
        if by.len() < ENOUGH {
            return Err(ActError::Missing { signed: by, others });
        }
        let known = |line: &NoteSignature| {
            let of_line = |key: &VerifierKey| (key.name(), key.id()) == (line.name.as_str(), line.id);
            self.keys.iter().any(of_line)
        };
        Ok(SignedAct {
            by,
            written,
            act: asked,
            note: signed.note().with_lines(known).to_string(),
        })
    }

    /// Whether two of them have signed it, whatever it says and whenever that was.
    pub fn have_signed(&self, note: &Note) -> bool {
        self.signers(note).is_ok_and(|(by, _)| by.len() >= ENOUGH)
    }

    /// Who has signed a note, and who has not.
    fn signers(&self, note: &Note) -> Result<(Vec<String>, Vec<String>), ActError> {
        let (mut signed, mut others) = (Vec::new(), Vec::new());
        for key in &self.keys {
            match note.verify(key) {
                Ok(()) => signed.push(key.name().to_owned()),
                Err(NoteError::Forged) => return Err(ActError::Forged(key.name().to_owned())),
                Err(NoteError::Unsigned | NoteError::Form) => others.push(key.name().to_owned()),
            }
        }
        let place = |name: &String| note.signatures().iter().position(|line| line.name == *name);
        signed.sort_by_key(place);
        Ok((signed, others))
    }
}

fn missing(signed: &[String], others: &[String]) -> String {
    let others = others.join(", ");
    match signed {
        [] => format!("nobody has signed the act; two of {others} have to:"),
        _ => format!(
            "the act is signed by {}; one of {others} has to, too:",
            signed.join(", ")
        ),
    }
}

const ENOUGH: usize = 2;
/// How far the clock of whoever wrote the act may be ahead.
const CLOCKS_APART: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::Ed25519KeyPair;
    use zeroize::Zeroizing;

    use super::*;
    use crate::audit::ActStamp;
    use crate::audit::Opening;
    use crate::audit::log::LogKey;
    use crate::audit::log::write_private;

    fn key(name: &str, seed: u8) -> LogKey {
        write_private(name, &Zeroizing::new([seed; 32])).unwrap().1
    }

    fn three() -> [LogKey; 3] {
        [key("aisha", 1), key("bader", 2), key("noura", 3)]
    }

    fn administrators() -> Administrators {
        let keys: Vec<String> = three().iter().map(|key| key.written().to_owned()).collect();
        Administrators::read(&keys).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn act(hold: &str, stamp: &ActStamp) -> Act {
        Act::new("release", "sp.example/test", stamp).with("hold", hold)
    }

    fn signed_by(act: &Act, keys: &[&LogKey]) -> ActNote {
        let mut note = ActNote::new(act, Opening::new([7; 32])).unwrap();
        for key in keys {
            note.sign(key);
        }
        ActNote::read(&note.to_string()).unwrap()
    }

    const WRITTEN: &str = "2026-11-28T10:00:00Z";
    const NOW: &str = "2026-11-29T10:00:00Z";

    fn checked(note: &ActNote, now: &str) -> Result<Vec<String>, ActError> {
        let asked = act("3", note.stamp());
        administrators()
            .check(note, asked, at(now))
            .map(|signed| signed.by)
    }

    // R003-75: two of those who may, and nobody twice.
    #[test]
    fn two_of_the_administrators_have_to_sign() {
        let [aisha, bader, noura] = three();
        let stranger = key("salem", 9);
        let stamp = ActStamp::new(at(WRITTEN));
        let act = act("3", &stamp);
        let by = |keys: &[&LogKey]| checked(&signed_by(&act, keys), NOW);
        assert_eq!(
            by(&[&bader, &aisha]),
            Ok(vec!["bader".to_owned(), "aisha".to_owned()])
        );
        assert_eq!(by(&[&noura, &stranger, &aisha]).unwrap(), ["noura", "aisha"]);
        assert_eq!(by(&[&aisha, &bader, &noura]).unwrap().len(), 3);
        for (keys, expected) in [
            (
                &[][..],
                "nobody has signed the act; two of aisha, bader, noura have to: `midflow act sign` does it",
            ),
            (
                &[&aisha, &aisha],
                "the act is signed by aisha; one of bader, noura has to, too: `midflow act sign` does it",
            ),
            (
                &[&aisha, &stranger],
                "the act is signed by aisha; one of bader, noura has to, too: `midflow act sign` does it",
            ),
        ] {
            assert_eq!(by(keys).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn who_poses_as_an_administrator_is_found_out() {
        let [aisha, bader, _] = three();
        let stamp = ActStamp::new(at(WRITTEN));
        // Another key of the same name is another's line, and says nothing.
        let namesake = key("bader", 9);
        let note = signed_by(&act("3", &stamp), &[&aisha, &namesake]);
        assert!(matches!(checked(&note, NOW), Err(ActError::Missing { .. })));
        // The signature under another act, put under this one.
        let other = signed_by(&act("4", &stamp), &[&aisha, &bader]);
        let forged = other.to_string().replace("hold 4", "hold 3");
        let forged = ActNote::read(&forged).unwrap();
        assert_eq!(checked(&forged, NOW), Err(ActError::Forged("aisha".to_owned())));
        let differs = checked(&other, NOW).unwrap_err().to_string();
        assert_eq!(differs, "the act says `hold 4`, and what is asked is `hold 3`");
    }

    // Every bit of a signed act.
    #[test]
    fn a_changed_act_is_refused() {
        let [aisha, bader, _] = three();
        let stamp = ActStamp::new(at(WRITTEN));
        let text = signed_by(&act("3", &stamp), &[&aisha, &bader]).to_string();
        // What opens hashes is not signed; this act has none.
        let opening = text.find("\u{2014} opening").unwrap();
        let after = opening + text[opening..].find('\n').unwrap();
        let mut tried = 0;
        for place in (0..opening).chain(after..text.len()) {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[place] ^= 1 << bit;
                let Ok(changed) = String::from_utf8(bytes) else {
                    continue;
                };
                tried += 1;
                if let Ok(note) = ActNote::read(&changed) {
                    assert!(checked(&note, NOW).is_err(), "{changed}");
                }
            }
        }
        assert!(tried > 1_500, "{tried}");
    }

    #[test]
    fn an_act_has_its_time() {
        let [aisha, bader, _] = three();
        let stamp = ActStamp::new(at(WRITTEN));
        let both = |stamp: &ActStamp| signed_by(&act("3", stamp), &[&aisha, &bader]);
        for now in [WRITTEN, "2026-11-28T09:56:00Z", "2026-12-05T10:00:00Z"] {
            assert!(checked(&both(&stamp), now).is_ok(), "{now}");
        }
        let late = checked(&both(&stamp), "2026-12-05T10:00:01Z");
        assert_eq!(late, Err(ActError::Over(stamp.until)));
        let early = checked(&both(&stamp), "2026-11-28T09:54:00Z");
        assert_eq!(early, Err(ActError::Early(stamp.written)));
        for until in ["2026-12-05T10:00:01Z", "2026-11-28T09:59:59Z"] {
            let strange = ActStamp {
                until: at(until),
                ..stamp
            };
            assert!(
                matches!(checked(&both(&strange), NOW), Err(ActError::Times { .. })),
                "{until}"
            );
        }
    }

    #[test]
    fn each_administrator_is_one_person() {
        let [aisha, bader, _] = three();
        let read = |keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            Administrators::read(&keys).unwrap_err()
        };
        assert_eq!(read(&[aisha.written()]), AdministratorsError::TooFew);
        let same_pair = key("badria", 1);
        let same_name = key("Aisha", 2);
        let numbered = key("287010112345", 3);
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let witness = LogKey::of_witness("w", pkcs8.as_ref()).unwrap();
        for (other, expected) in [
            (same_pair.written(), AdministratorsError::Twice(2)),
            (same_name.written(), AdministratorsError::Twice(2)),
            (aisha.written(), AdministratorsError::Twice(2)),
            (witness.written(), AdministratorsError::Key(2)),
            ("bader", AdministratorsError::Key(2)),
        ] {
            assert_eq!(read(&[aisha.written(), other]), expected);
        }
        let named = read(&[bader.written(), numbered.written()]);
        assert!(matches!(named, AdministratorsError::Name(2, _)), "{named}");
    }

    // A private key that was pasted into the configuration stands in no error, and so in no journal.
    #[test]
    fn a_private_key_is_told_and_never_shown() {
        let (private, _) = write_private("aisha", &Zeroizing::new([1; 32])).unwrap();
        for text in [
            private.trim_end().to_owned(),
            private.replace('+', "-"),
            "PRIVATE+KEY+x".to_owned(),
        ] {
            let said = Administrators::read(std::slice::from_ref(&text))
                .unwrap_err()
                .to_string();
            assert!(said.starts_with("entry 1 is "), "{said}");
            assert!(!said.contains("AQEB") && !said.contains("aisha"), "{said}");
        }
    }

    // Laws 12 and 13: what others have put under an act is not signed, and goes into no record.
    #[test]
    fn nothing_but_the_signatures_of_administrators_is_kept() {
        let [aisha, bader, _] = three();
        let stamp = ActStamp::new(at(WRITTEN));
        let note = signed_by(&act("3", &stamp), &[&aisha, &key("salem", 9), &bader]);
        let crowded = format!("{note}\u{2014} 287010112345 AAAAAAAA\n");
        let note = ActNote::read(&crowded).unwrap();
        let kept = administrators()
            .check(&note, act("3", &stamp), at(NOW))
            .unwrap()
            .note;
        assert!(
            !kept.contains("2870") && !kept.contains("salem") && !kept.contains("opening"),
            "{kept}"
        );
        let kept = Note::parse(&kept).unwrap();
        assert_eq!(kept.signatures().len(), 2);
        assert!(administrators().have_signed(&kept));
    }
}
