use serde::Deserialize;
use serde::Serialize;

use super::activate::admin;
use super::recordable::Unrecordable;
use super::recordable::recordable;
use crate::audit::Act;
use crate::audit::ActError;
use crate::audit::ActNote;
use crate::audit::ActStamp;
use crate::audit::Administrators;
use crate::audit::AdministratorsError;
use crate::audit::SignedAct;
use crate::audit::Unit;
use crate::words::Environment;
use crate::words::Timestamp;

/// How a node knows that two persons want what takes two (R003-75).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DualControl {
    /// They are named, and whoever has the node's user is believed. For trials.
    #[default]
    Named,
    /// They sign.
    Signed(Administrators),
    /// Nobody may sign, and names are not enough: nothing that takes two persons is done.
    Nobody,
}

/// Two persons, as they are given with what they want.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TwoPersons {
    /// Their names.
    Names([String; 2]),
    /// The act that they have signed, as a note.
    Act(String),
}

/// Why two persons are not believed to want it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DualControlError {
    /// A name can't be recorded.
    #[error(transparent)]
    Name(#[from] Unrecordable),
    /// One person can't do it.
    #[error("this takes two persons, and both names are the same")]
    Same,
    /// Names are not enough here.
    #[error(
        "this takes the signatures of two administrators, and names are not enough: write the act with --act FILE, and have \
         it signed"
    )]
    Unsigned,
    /// Nobody's signature counts here.
    #[error("this takes two administrators, and `administrators` of midflow.yaml names none")]
    Nobody,
    /// The act won't do.
    #[error(transparent)]
    Act(#[from] ActError),
}

/// Two persons who want it, for the record.
pub(super) struct Agreed {
    /// Who; two at least, and different.
    names: Vec<String>,
    /// What they have signed.
    signed: Option<SignedAct>,
}

impl DualControl {
    /// With the public keys of a configuration. In production people sign; elsewhere names are enough where nobody has a key.
    ///
    /// # Errors
    /// When the keys can't be those of administrators.
    pub fn of(keys: &[String], environment: Environment) -> Result<Self, AdministratorsError> {
        if !keys.is_empty() {
            return Administrators::read(keys).map(Self::Signed);
        }
        Ok(match environment {
            Environment::Production | Environment::Dr => Self::Nobody,
            _ => Self::Named,
        })
    }

    /// Who signs, for the record of the start.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Named | Self::Nobody => String::new(),
            Self::Signed(administrators) => {
                let keys: Vec<String> = administrators.keys().collect();
                format!("administrators: {}", keys.join(", "))
            }
        }
    }

    /// Whether these two want it. `write` writes what they should have signed.
    pub(super) fn agreed<E: From<DualControlError>>(
        &self,
        two: &TwoPersons,
        write: impl FnOnce(&ActStamp) -> Result<Act, E>,
        now: Timestamp,
    ) -> Result<Agreed, E> {
        match (self, two) {
            (Self::Named, TwoPersons::Names([first, second])) => Ok(Agreed::by_name(first, second)?),
            (Self::Signed(administrators), TwoPersons::Act(text)) => {
                let note = ActNote::read(text)
                    .map_err(ActError::from)
                    .map_err(DualControlError::from)?;
                let act = write(note.stamp())?;
                let signed = administrators
                    .check(&note, act, now)
                    .map_err(DualControlError::from)?;
                Ok(Agreed::by_act(signed)?)
            }
            (Self::Signed(_), TwoPersons::Names(_)) => Err(DualControlError::Unsigned.into()),
            (Self::Nobody, _) | (Self::Named, TwoPersons::Act(_)) => Err(DualControlError::Nobody.into()),
        }
    }
}

impl Agreed {
    fn by_name(first: &str, second: &str) -> Result<Self, DualControlError> {
        let (first, second) = (
            recordable("the first name", first)?,
            recordable("the second name", second)?,
        );
        if first.to_lowercase() == second.to_lowercase() {
            return Err(DualControlError::Same);
        }
        Ok(Self {
            names: vec![first, second],
            signed: None,
        })
    }

    fn by_act(signed: SignedAct) -> Result<Self, DualControlError> {
        let names = signed.by.iter().map(|name| recordable("a name", name));
        Ok(Self {
            names: names.collect::<Result<_, _>>()?,
            signed: Some(signed),
        })
    }

    /// Who asks, and who approves.
    pub(super) fn pair(&self) -> (&str, &str) {
        let name = |at: usize| self.names.get(at).map_or("", String::as_str);
        (name(0), name(1))
    }

    /// Each of them.
    pub(super) fn each(&self) -> &[String] {
        &self.names
    }

    /// All of them, for the record.
    pub(super) fn names(&self) -> String {
        self.names.join(", ")
    }

    /// When what was signed was written: nobody has signed for what came later.
    pub(super) fn written(&self) -> Option<Timestamp> {
        self.signed.as_ref().map(|signed| signed.written)
    }

    /// What is said of the act in the records of what it led to.
    pub(super) fn with_act(&self, detail: String) -> String {
        match &self.signed {
            Some(signed) => format!("{detail}; act {}", signed.act.digest()),
            None => detail,
        }
    }

    /// The record of the act itself, with its signatures: whoever has the public keys can verify it for ever.
    pub(super) fn record(&self, now: Timestamp) -> Option<Unit> {
        let signed = self.signed.as_ref()?;
        Some(admin("act_signed", &self.names(), None, signed.note.clone(), now))
    }
}

impl From<[String; 2]> for TwoPersons {
    fn from(names: [String; 2]) -> Self {
        Self::Names(names)
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::audit::log::LogKey;
    use crate::audit::log::write_private;

    const NOW: Timestamp = Timestamp::from_micros(1_795_860_000_000_000);

    fn key(name: &str, seed: u8) -> LogKey {
        write_private(name, &Zeroizing::new([seed; 32])).unwrap().1
    }

    fn names(first: &str, second: &str) -> TwoPersons {
        TwoPersons::from([first.to_owned(), second.to_owned()])
    }

    fn act(stamp: &ActStamp) -> Result<Act, DualControlError> {
        Ok(Act::new("release", "sp.example/test", stamp).with("hold", "3"))
    }

    fn agreed(control: &DualControl, two: &TwoPersons) -> Result<String, DualControlError> {
        control.agreed(two, act, NOW).map(|agreed| agreed.names())
    }

    #[test]
    fn two_names_are_two_persons() {
        let of = |first, second| agreed(&DualControl::Named, &names(first, second));
        assert_eq!(of("Aisha", "Bader").unwrap(), "Aisha, Bader");
        assert_eq!(of("Aisha", "aisha "), Err(DualControlError::Same));
        for (first, second) in [("", "Bader"), ("Aisha", " "), ("Aisha", "399123100017")] {
            assert!(
                matches!(of(first, second), Err(DualControlError::Name(_))),
                "{first} {second}"
            );
        }
    }

    // R003-75: in production names are never enough; elsewhere they are until somebody has a key.
    #[test]
    fn people_sign_where_it_matters() {
        let keys = [key("aisha", 1), key("bader", 2)];
        let written: Vec<String> = keys.iter().map(|key| key.written().to_owned()).collect();
        let mut note = ActNote::read(act(&ActStamp::new(NOW, [7; 16])).unwrap().text()).unwrap();
        keys.iter().for_each(|key| note.sign(key));
        let (by_name, by_act) = (names("Aisha", "Bader"), TwoPersons::Act(note.to_string()));
        for environment in Environment::ALL {
            let serious = matches!(environment, Environment::Production | Environment::Dr);
            let control = DualControl::of(&[], environment).unwrap();
            assert_eq!(agreed(&control, &by_name).is_ok(), !serious, "{environment:?}");
            assert_eq!(
                agreed(&control, &by_act),
                Err(DualControlError::Nobody),
                "{environment:?}"
            );
            let control = DualControl::of(&written, environment).unwrap();
            assert_eq!(agreed(&control, &by_name), Err(DualControlError::Unsigned));
            assert_eq!(agreed(&control, &by_act).unwrap(), "aisha, bader");
            assert_eq!(
                control.in_words(),
                format!("administrators: {}, {}", written[0], written[1])
            );
        }
    }

    #[test]
    fn what_is_signed_is_on_record() {
        let keys = [key("aisha", 1), key("bader", 2)];
        let written: Vec<String> = keys.iter().map(|key| key.written().to_owned()).collect();
        let control = DualControl::of(&written, Environment::Production).unwrap();
        let stamp = ActStamp::new(NOW, [7; 16]);
        let mut note = ActNote::read(act(&stamp).unwrap().text()).unwrap();
        keys.iter().for_each(|key| note.sign(key));
        let agreed = control
            .agreed(&TwoPersons::Act(note.to_string()), act, NOW)
            .unwrap();
        assert_eq!(
            (agreed.pair(), agreed.written()),
            (("aisha", "bader"), Some(stamp.written))
        );
        let digest = act(&stamp).unwrap().digest();
        assert_eq!(
            agreed.with_act("hold 3".to_owned()),
            format!("hold 3; act {digest}")
        );
        let recorded = agreed.record(NOW).unwrap();
        let said = serde_json::to_string(&recorded.records[0].event).unwrap();
        assert!(
            said.contains("act_signed") && said.contains("midflow act release"),
            "{said}"
        );
        let by_name = DualControl::Named.agreed(&names("a", "b"), act, NOW).unwrap();
        assert!(by_name.record(NOW).is_none() && by_name.written().is_none());
    }
}
