use serde::Deserialize;
use serde::Serialize;

use super::applications::ApplicationAsk;
use super::rectify::Rectification;
use crate::words::CivilNo;
use crate::words::FlowId;

/// What is asked. As JSON it is what the command line says to a running node; it has no `Debug`, since it may name a
/// person.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RightsAsk {
    /// Everything that is kept of somebody (article 33).
    Export {
        /// Whose.
        who: Who,
        /// Who does it.
        by: String,
        /// Why.
        basis: Basis,
        /// The number of the application, case or order.
        reference: String,
    },
    /// To erase it (article 36, or the order of a court).
    Erase {
        /// Whose.
        who: Who,
        /// Two persons, for it can't be undone.
        by: [String; 2],
        /// Why.
        basis: Basis,
        /// The number of the application, case or order.
        reference: String,
    },
    /// To put it right (article 36).
    Rectify(Rectification),
    /// To keep it, whatever else is asked.
    Hold {
        /// What: a flow, a person, or all of a service.
        on: HoldOn,
        /// Who does it.
        by: String,
        /// The number of the case or order.
        reference: String,
    },
    /// To end a hold.
    Release {
        /// Its number.
        hold: u64,
        /// Two persons.
        by: [String; 2],
    },
    /// Every hold.
    Holds,
    /// Something of the register of applications (articles 33, 34 and 36).
    Application(ApplicationAsk),
    /// To erase what the services no longer need, as their `retention` says.
    Retention {
        /// Only to say what would be erased.
        dry_run: bool,
        /// Who does it; the node itself names itself `retention`.
        by: String,
    },
}

/// Whose data: a person's by civil number, or that of one flow.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A person. As it was typed; read where it is used.
    CivilNo(String),
    /// One flow.
    Flow(FlowId),
}

/// What a hold is placed on.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldOn {
    /// A person or a flow.
    Who(Who),
    /// All flows of a service.
    Service(String),
}

/// On what basis somebody's data is read or erased (R003-64).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The person asks to see it (article 33).
    PersonRequest,
    /// It is wrong or out of date (article 36).
    WrongOrOutdated,
    /// The person has withdrawn consent (article 35).
    ConsentWithdrawn,
    /// A court has ordered it, with reasons (article 32).
    CourtOrder,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RightsError {
    /// What was asked is not allowed, or not understood; nothing was done.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error("the store can't be used: {0}")]
    Store(String),
}

impl Basis {
    /// The name in records and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PersonRequest => "person_request",
            Self::WrongOrOutdated => "wrong_or_outdated",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::CourtOrder => "court_order",
        }
    }

    pub(super) const fn allows_export(self) -> bool {
        matches!(self, Self::PersonRequest | Self::CourtOrder)
    }

    pub(super) const fn allows_correction(self) -> bool {
        matches!(self, Self::WrongOrOutdated | Self::CourtOrder)
    }

    pub(super) const fn allows_erasure(self) -> bool {
        !matches!(self, Self::PersonRequest)
    }
}

impl Who {
    pub(super) fn civil_no(text: &str) -> Result<CivilNo, RightsError> {
        CivilNo::parse(text).map_err(|error| RightsError::Refused(format!("the civil number: {error}")))
    }
}

/// A name or a reference, as it goes into the record: short, and no place for a civil number, since records are never
/// erased.
pub(in crate::engine) fn recordable(what: &str, text: &str) -> Result<String, RightsError> {
    let text = text.trim();
    let refuse = |why: &str| Err(RightsError::Refused(format!("{what} {why}")));
    if text.is_empty() {
        return refuse("is missing");
    }
    if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
        return refuse("is one line of at most 100 characters");
    }
    let mut run = 0;
    for letter in text.chars() {
        // Typed in groups, a number is a number too.
        if letter.is_numeric() {
            run += 1;
        } else if !matches!(letter, ' ' | '-') {
            run = 0;
        }
        if run >= CIVIL_NO_DIGITS {
            return refuse(
                "holds as many digits as a civil number; records are never erased, so leave it out",
            );
        }
    }
    Ok(text.to_owned())
}

/// Two different persons, as one text for the record.
pub(super) fn two_persons(by: &[String; 2]) -> Result<String, RightsError> {
    let [first, second] = [
        recordable("the first name", &by[0])?,
        recordable("the second name", &by[1])?,
    ];
    if first.to_lowercase() == second.to_lowercase() {
        return Err(RightsError::Refused(
            "this takes two persons, and both names are the same".to_owned(),
        ));
    }
    Ok(format!("{first}, {second}"))
}

const LONGEST: usize = 100;
const CIVIL_NO_DIGITS: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    // Law 13: what is recorded is never erased, so no civil number may get into it.
    #[test]
    fn no_civil_number_gets_into_a_record() {
        for bad in [
            "399123100017",
            "about 3991 2310 0017",
            "399-123-100-017",
            "٣٩٩١٢٣١٠٠٠١٧",
            "",
            "  ",
            "two\nlines",
            &"a".repeat(101),
        ] {
            assert!(recordable("the reference", bad).is_err(), "{bad}");
        }
        for good in ["case 2026/4711", "طلب رقم ٤٧١١", "12345678901"] {
            assert!(recordable("the reference", good).is_ok(), "{good}");
        }
    }

    #[test]
    fn two_persons_are_two() {
        let two = |first: &str, second: &str| two_persons(&[first.to_owned(), second.to_owned()]);
        assert_eq!(two("Aisha", "Bader").unwrap(), "Aisha, Bader");
        for (first, second) in [("Aisha", "aisha "), ("", "Bader"), ("Aisha", " ")] {
            assert!(two(first, second).is_err());
        }
    }
}
