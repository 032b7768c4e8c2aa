use std::time::Duration;

use super::act::Act;
use super::act::ActNote;
use super::act::NotAnAct;
use super::log::VerifierKey;
use crate::words::Timestamp;

/// The people who may sign acts, each with a key of their own (R003-75).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrators {
    keys: Vec<VerifierKey>,
}

/// An act that enough of them have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAct {
    /// Who has signed, in the order of the signatures; two at least.
    pub by: Vec<String>,
    /// When the act was written.
    pub written: Timestamp,
    /// The act.
    pub act: Act,
    /// The note: the act with its signatures.
    pub note: String,
}

/// The people named can't be those who sign acts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdministratorsError {
    /// One alone, or nobody.
    #[error("an act takes two persons: name two administrators at least")]
    TooFew,
    /// No public key.
    #[error(
        "`{0}` is no public key of an administrator; `midflow act key NAME` makes a key and prints its public half"
    )]
    Key(String),
    /// Two with one name, or one person under two.
    #[error("`{0}` is named twice, by name or by key: each person has one")]
    Twice(String),
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
        for text in keys {
            let key = VerifierKey::parse(text)
                .ok()
                .filter(|key| !key.is_witness())
                .ok_or_else(|| AdministratorsError::Key(text.clone()))?;
            let known = |other: &VerifierKey| {
                other.name().to_lowercase() == key.name().to_lowercase() || other.is_of_the_same_pair(&key)
            };
            if read.iter().any(known) {
                return Err(AdministratorsError::Twice(key.name().to_owned()));
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
        if written > now.plus(CLOCKS_APART) || until < written || !signed.stamp().is_short() {
            return Err(ActError::Times { written, until });
        }
        if now > until {
            return Err(ActError::Over(until));
        }
        let (by, others) = self.signers(signed)?;
        if by.len() < ENOUGH {
            return Err(ActError::Missing { signed: by, others });
        }
        Ok(SignedAct {
            by,
            written,
            act: asked,
            note: signed.to_string(),
        })
    }

    /// Who has signed a note, in the order of the signatures, and who has not.
    fn signers(&self, act: &ActNote) -> Result<(Vec<String>, Vec<String>), ActError> {
        let (note, mut signed) = (act.note(), Vec::new());
        for line in note.signatures() {
            let of_line = |key: &&VerifierKey| key.name() == line.name && key.id() == line.id;
            // Lines of others say nothing here, as in every signed note.
            let Some(key) = self.keys.iter().find(of_line) else {
                continue;
            };
            match note.verify(key) {
                Ok(()) if signed.iter().any(|name| name == key.name()) => {}
                Ok(()) => signed.push(key.name().to_owned()),
                Err(_) => return Err(ActError::Forged(key.name().to_owned())),
            }
        }
        let others = self.keys.iter().map(VerifierKey::name);
        let others = others.filter(|name| !signed.iter().any(|one| one == name));
        let others = others.map(str::to_owned).collect();
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

    fn signed_by(text: &str, keys: &[&LogKey]) -> ActNote {
        let mut note = ActNote::read(text).unwrap();
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
        let stamp = ActStamp::new(at(WRITTEN), [7; 16]);
        let act = act("3", &stamp);
        let by = |keys: &[&LogKey]| checked(&signed_by(act.text(), keys), NOW);
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
        let stamp = ActStamp::new(at(WRITTEN), [7; 16]);
        // Another key of the same name is another's line, and says nothing.
        let namesake = key("bader", 9);
        let note = signed_by(act("3", &stamp).text(), &[&aisha, &namesake]);
        assert!(matches!(checked(&note, NOW), Err(ActError::Missing { .. })));
        // The signature under another act, put under this one.
        let other = signed_by(act("4", &stamp).text(), &[&aisha, &bader]);
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
        let stamp = ActStamp::new(at(WRITTEN), [7; 16]);
        let text = signed_by(act("3", &stamp).text(), &[&aisha, &bader]).to_string();
        let mut tried = 0;
        for place in 0..text.len() {
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
        let stamp = ActStamp::new(at(WRITTEN), [7; 16]);
        let both = |stamp: &ActStamp| signed_by(act("3", stamp).text(), &[&aisha, &bader]);
        for now in [WRITTEN, "2026-11-28T09:56:00Z", "2026-12-05T10:00:00Z"] {
            assert!(checked(&both(&stamp), now).is_ok(), "{now}");
        }
        let late = checked(&both(&stamp), "2026-12-05T10:00:01Z");
        assert_eq!(late, Err(ActError::Over(stamp.until)));
        let early = checked(&both(&stamp), "2026-11-28T09:54:00Z");
        assert!(matches!(early, Err(ActError::Times { .. })));
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
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let witness = LogKey::of_witness("w", pkcs8.as_ref()).unwrap();
        for (other, expected) in [
            (
                same_pair.written(),
                AdministratorsError::Twice("badria".to_owned()),
            ),
            (
                same_name.written(),
                AdministratorsError::Twice("Aisha".to_owned()),
            ),
            (
                witness.written(),
                AdministratorsError::Key(witness.written().to_owned()),
            ),
            ("bader", AdministratorsError::Key("bader".to_owned())),
        ] {
            assert_eq!(read(&[aisha.written(), other]), expected);
        }
        assert_eq!(
            read(&[bader.written(), bader.written()]),
            AdministratorsError::Twice("bader".to_owned())
        );
    }
}
