use crate::words::Assurance;
use crate::words::CivilNo;
use crate::words::Text;

/// A made-up person with a digital card.
///
/// The civil number's date of birth is 2099-12-31, so it can never be a living person's. The authority's
/// `BirthDate` field is kept apart from it: it makes the citizen an adult or a minor.
#[derive(Clone, PartialEq, Eq)]
pub struct Citizen {
    /// The civil number.
    pub civil_no: CivilNo,
    /// The full name, as the authority has it.
    pub name: Text,
    /// What to expect of this citizen, for the phone page.
    pub about: Text,
    /// How the citizen was registered.
    pub assurance: Assurance,
    /// What the citizen does when asked.
    pub ending: Ending,
    /// `YYYY-MM-DD`.
    pub birth_date: String,
    /// `M` or `F`.
    pub gender: &'static str,
    /// One of the crowd: numbered, without a name of their own, certificates made when needed.
    pub of_the_crowd: bool,
}

impl Citizen {
    /// The name for a certificate: Latin letters, no controls, at most 64 characters (X.520).
    pub(super) fn certificate_name(&self) -> String {
        let plain: String = self
            .name
            .en
            .chars()
            .filter(|letter| letter.is_ascii_graphic() || *letter == ' ')
            .collect();
        plain.trim().chars().take(64).collect()
    }
}

/// What a citizen does when asked, if no scenario says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Approves at once.
    Approves,
    /// Approves after a while.
    ApprovesSlowly,
    /// Declines.
    Declines,
    /// Does nothing.
    NeverAnswers,
    /// Has no Mobile ID.
    NotEnrolled,
    /// Approves, and is fifteen.
    Minor,
    /// Approves with a revoked certificate.
    Revoked,
    /// Approves with an expired certificate.
    Expired,
    /// Registered alone, at home: the lowest level.
    LowAssurance,
    /// Approves, and the authority can't verify it.
    VerificationFailed,
    /// Waits for the phone page.
    Free,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Self; 11] = [
        Self::Approves,
        Self::ApprovesSlowly,
        Self::Declines,
        Self::NeverAnswers,
        Self::NotEnrolled,
        Self::Minor,
        Self::Revoked,
        Self::Expired,
        Self::LowAssurance,
        Self::VerificationFailed,
        Self::Free,
    ];

    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approves => "approves",
            Self::ApprovesSlowly => "approves_slowly",
            Self::Declines => "declines",
            Self::NeverAnswers => "never_answers",
            Self::NotEnrolled => "not_enrolled",
            Self::Minor => "minor",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::LowAssurance => "low_assurance",
            Self::VerificationFailed => "verification_failed",
            Self::Free => "free",
        }
    }

    /// Whether the citizen has a Mobile ID.
    pub const fn is_enrolled(self) -> bool {
        !matches!(self, Self::NotEnrolled)
    }
}
