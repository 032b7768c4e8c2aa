use super::Place;
use crate::words::Capability;
use crate::words::Day;
use crate::words::Text;

/// How far the subscription has come (R000-001, R000-002, R000-007, R000-171).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onboarding {
    /// The revision of the authority's requirements that was signed for.
    pub requirements: String,
    /// The subscription request as it was signed.
    pub request: Option<Signed>,
    /// The subscriber agreement.
    pub agreement: Option<Signed>,
    /// Who stands for everything in the files being true, and since when.
    pub declaration: Option<(String, Day)>,
}

/// A signed paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The day of the signature.
    pub signed_on: Day,
    /// Who signed.
    pub signed_by: String,
    /// Under which number it is filed.
    pub reference: Option<String>,
    /// The digest of the document, 64 hexadecimal digits.
    pub sha256: Option<String>,
}

/// The vendor that does integration work (R000-013, R000-179).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThirdParty {
    /// The vendor's name.
    pub name: String,
    /// The agreement between the authority, the provider and the vendor.
    pub agreement: Option<Signed>,
}

/// The logo that people compare with their phone (R000-010, R000-078).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// The file, beside the organization file.
    pub file: String,
    /// The digest of the logo that was registered, 64 hexadecimal digits.
    pub sha256: Option<String>,
}

/// What entitles the provider to deal electronically and to use the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegalBasis {
    /// Why the data may be used: `consent`, `contract`, `law` or `public_task`.
    pub basis: &'static str,
    /// The kind of transaction: `civil`, `commercial` or `administrative`.
    pub domain: &'static str,
    /// The law, decision or contract.
    pub reference: Option<Text>,
}

/// One approval of a service or a part of it (R000-161).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// What was approved.
    pub of: Approved,
    /// How it was answered.
    pub state: ApprovalState,
    /// Who answered.
    pub by: String,
    /// Whether they answered for the authority; else for the organization itself.
    pub by_authority: bool,
    /// The day.
    pub on: Day,
    /// Under which number it is filed.
    pub reference: Option<String>,
    /// The digest of the texts that were approved, 64 hexadecimal digits; it counts for no others.
    pub sha256: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// What an approval is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Approved {
    /// The service as a whole.
    Service,
    /// Its texts.
    Texts,
    /// One capability.
    Capability(Capability),
}

/// How a request for approval was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalState {
    /// Yes.
    Approved,
    /// No.
    Refused,
    /// Not yet.
    Pending,
}

/// The certification test that a service has passed (R000-006, R000-050).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certification {
    /// The day.
    pub passed_on: Day,
    /// Who tested for the authority.
    pub by: String,
    /// Under which number it is filed.
    pub reference: Option<String>,
    /// The digest of the certification pack, 64 hexadecimal digits.
    pub pack_sha256: Option<String>,
}

/// A rule that somebody answers for breaking, until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The id of the requirement or rule.
    pub of: String,
    /// Who answers for it.
    pub by: String,
    /// The day on which they took it on.
    pub on: Day,
    /// The last day on which it holds.
    pub until: Day,
    /// Why the rule can't be kept yet.
    pub why: String,
    /// Where it stands.
    pub place: Place,
}

impl Approved {
    /// The word used in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Texts => "texts",
            Self::Capability(capability) => capability.as_str(),
        }
    }

    /// Reads the word used in files; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "service" => Some(Self::Service),
            "texts" => Some(Self::Texts),
            other => Capability::from_name(other).map(Self::Capability),
        }
    }
}

impl ApprovalState {
    /// The word used in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Pending => "pending",
        }
    }

    /// Reads the word used in files; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Approved, Self::Refused, Self::Pending]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

impl Waiver {
    /// Whether it still holds on a day.
    pub fn holds_on(&self, day: Day) -> bool {
        day <= self.until
    }
}
