use serde::Deserialize;
use serde::Serialize;

use super::activate::admin;
use crate::audit::Act;
use crate::audit::ActError;
use crate::audit::ActNote;
use crate::audit::ActStamp;
use crate::audit::Administrators;
use crate::audit::Event;
use crate::audit::Opening;
use crate::audit::SignedAct;
use crate::audit::Unit;
use crate::audit::Unrecordable;
use crate::audit::recordable;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::Timestamp;

/// How a node knows that two persons want what takes two (R003-75).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DualControl {
    /// They are named, and whoever has the node's user is believed. For trials.
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
        "this takes the signatures of two administrators, and names are not enough: write the act with --write-act FILE, \
         have it signed, and give it with --act FILE"
    )]
    Unsigned,
    /// Nobody's signature counts here, and no names.
    #[error("this takes two administrators, and none are named; midflow.yaml does it under `administrators`")]
    Nobody,
    /// Nobody's signature counts here, and two names are enough.
    #[error(
        "no administrators are named, so no signature counts: two names are enough here, `--by NAME` twice"
    )]
    NamesOnly,
    /// The act won't do.
    #[error(transparent)]
    Act(#[from] ActError),
}

/// Two persons who want it, for the record. Whatever takes two is done by a function that asks for one of these, and only
/// [`DualControl::agreed`] makes it.
pub(super) struct Agreed {
    /// One of them.
    first: String,
    /// The others; one at least.
    others: Vec<String>,
    /// What they have signed.
    signed: Option<SignedAct>,
}

impl DualControl {
    /// With these administrators, where there are some. In production people sign; elsewhere names are enough where nobody has a
    /// key.
    pub fn of(administrators: Option<Administrators>, environment: Environment) -> Self {
        match (administrators, environment) {
            (Some(administrators), _) => Self::Signed(administrators),
            (None, Environment::Production | Environment::Dr) => Self::Nobody,
            (None, Environment::Test | Environment::Development) => Self::Named,
        }
    }

    /// The record of who may sign from now on.
    pub(super) fn record(&self, now: Timestamp) -> Option<Unit> {
        let Self::Signed(administrators) = self else {
            return None;
        };
        let keys: Vec<String> = administrators.keys().collect();
        Some(admin("administrators", "start", None, keys.join(", "), now))
    }

    /// Whether these two want it. `write` writes what they should have signed, with the stamp and the opening of what they
    /// have.
    pub(super) fn agreed<E: From<DualControlError>>(
        &self,
        two: &TwoPersons,
        write: impl FnOnce(&ActStamp, &Opening) -> Result<Act, E>,
        now: Timestamp,
    ) -> Result<Agreed, E> {
        match (self, two) {
            (Self::Named, TwoPersons::Names([first, second])) => Ok(Agreed::by_name(first, second)?),
            (Self::Signed(administrators), TwoPersons::Act(text)) => {
                let note = ActNote::read(text)
                    .map_err(ActError::from)
                    .map_err(DualControlError::from)?;
                let act = write(note.stamp(), note.opening())?;
                let signed = administrators
                    .check(&note, act, now)
                    .map_err(DualControlError::from)?;
                Ok(Agreed::by_act(signed))
            }
            (Self::Signed(_), TwoPersons::Names(_)) => Err(DualControlError::Unsigned.into()),
            (Self::Named, TwoPersons::Act(_)) => Err(DualControlError::NamesOnly.into()),
            (Self::Nobody, _) => Err(DualControlError::Nobody.into()),
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
            first,
            others: vec![second],
            signed: None,
        })
    }

    fn by_act(signed: SignedAct) -> Self {
        let mut names = signed.by.iter().cloned();
        Self {
            first: names.next().unwrap_or_default(),
            others: names.collect(),
            signed: Some(signed),
        }
    }

    /// One of them, and the others.
    pub(super) fn pair(&self) -> (String, String) {
        (self.first.clone(), self.others.join(", "))
    }

    /// Each of them.
    pub(super) fn each(&self) -> impl Iterator<Item = &str> {
        [&self.first].into_iter().chain(&self.others).map(String::as_str)
    }

    /// All of them, for the record.
    pub(super) fn names(&self) -> String {
        self.each().collect::<Vec<_>>().join(", ")
    }

    /// Whether the act was written before this moment: nobody has signed for what came later. An act can be carried out again
    /// until its time is over, for what it had to leave, so whatever it leads to asks this.
    pub(super) fn is_older_than(&self, moment: Timestamp) -> bool {
        self.signed.as_ref().is_some_and(|signed| signed.written < moment)
    }

    /// By which the records of what the act led to name it.
    pub(super) fn act(&self) -> Option<Digest> {
        self.signed.as_ref().map(|signed| signed.act.digest())
    }

    /// Names the act in the records of what it led to.
    pub(super) fn mark(&self, unit: &mut Unit) {
        for record in &mut unit.records {
            if let Event::Admin(admin) = &mut record.event {
                admin.signed = self.act();
            }
        }
    }

    /// The record of the act itself, with its signatures: whoever has the public keys can verify it for ever.
    pub(super) fn record(&self, now: Timestamp) -> Option<Unit> {
        let signed = self.signed.as_ref()?;
        Some(admin("act_signed", &self.names(), None, signed.note.clone(), now))
    }

    /// What it led to, with that record before it, in one commit.
    pub(super) fn recorded_with(&self, mut unit: Unit, now: Timestamp) -> Unit {
        self.mark(&mut unit);
        if let Some(act) = self.record(now) {
            unit.records.splice(0..0, act.records);
        }
        unit
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

    fn act(stamp: &ActStamp, _: &Opening) -> Result<Act, DualControlError> {
        Ok(Act::new("release", "sp.example/test", stamp).with("hold", "3"))
    }

    fn agreed(control: &DualControl, two: &TwoPersons) -> Result<String, DualControlError> {
        control.agreed(two, act, NOW).map(|agreed| agreed.names())
    }

    /// Two who may sign, and the act that both have signed.
    fn two() -> (Administrators, ActNote) {
        let keys = [key("aisha", 1), key("bader", 2)];
        let (stamp, opening) = (ActStamp::new(NOW), Opening::new([7; 32]));
        let mut note = ActNote::new(&act(&stamp, &opening).unwrap(), opening).unwrap();
        keys.iter().for_each(|key| note.sign(key));
        let written = keys.map(|key| key.written().to_owned());
        (Administrators::read(&written).unwrap(), note)
    }

    #[test]
    fn two_names_are_two_persons() {
        let of = |first, second| agreed(&DualControl::Named, &names(first, second));
        assert_eq!(of("Aisha", "Bader").unwrap(), "Aisha, Bader");
        assert_eq!(of("Aisha", "aisha "), Err(DualControlError::Same));
        for (first, second) in [("", "Bader"), ("Aisha", " "), ("Aisha", "399123100017")] {
            let refused = of(first, second);
            assert!(
                matches!(refused, Err(DualControlError::Name(_))),
                "{first} {second}"
            );
        }
    }

    // R003-75: in production names are never enough; elsewhere they are until somebody has a key.
    #[test]
    fn people_sign_where_it_matters() {
        let (administrators, note) = two();
        let (by_name, by_act) = (names("Aisha", "Bader"), TwoPersons::Act(note.to_string()));
        for environment in Environment::ALL {
            let serious = matches!(environment, Environment::Production | Environment::Dr);
            let control = DualControl::of(None, environment);
            assert_eq!(agreed(&control, &by_name).is_ok(), !serious, "{environment:?}");
            let none = if serious {
                DualControlError::Nobody
            } else {
                DualControlError::NamesOnly
            };
            assert_eq!(agreed(&control, &by_act), Err(none));
            assert!(control.record(NOW).is_none());
            let control = DualControl::of(Some(administrators.clone()), environment);
            assert_eq!(agreed(&control, &by_name), Err(DualControlError::Unsigned));
            assert_eq!(agreed(&control, &by_act).unwrap(), "aisha, bader");
            let recorded = control.record(NOW).unwrap();
            let said = serde_json::to_string(&recorded.records[0].event).unwrap();
            for key in administrators.keys() {
                assert!(said.contains(&key), "{said}");
            }
        }
    }

    #[test]
    fn what_is_signed_is_on_record() {
        let (administrators, note) = two();
        let control = DualControl::Signed(administrators);
        let two = TwoPersons::Act(note.to_string());
        let agreed = control.agreed(&two, act, NOW).unwrap();
        assert_eq!(agreed.pair(), ("aisha".to_owned(), "bader".to_owned()));
        assert!(
            agreed.is_older_than(NOW.plus(std::time::Duration::from_micros(1))) && !agreed.is_older_than(NOW)
        );
        let digest = act(note.stamp(), note.opening()).unwrap().digest();
        let deed = admin("hold_released", "aisha, bader", None, "hold 3".to_owned(), NOW);
        let recorded = agreed.recorded_with(deed, NOW).records;
        let Event::Admin(deed) = &recorded[1].event else {
            panic!("no deed");
        };
        assert_eq!((recorded.len(), deed.signed), (2, Some(digest)));
        let said = serde_json::to_string(&recorded[0].event).unwrap();
        assert!(
            said.contains("act_signed") && said.contains("midflow act release"),
            "{said}"
        );
        let by_name = DualControl::Named.agreed(&names("a", "b"), act, NOW).unwrap();
        assert!(by_name.record(NOW).is_none() && !by_name.is_older_than(Timestamp::from_micros(i64::MAX)));
    }
}
