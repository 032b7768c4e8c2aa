use serde::Deserialize;
use serde::Serialize;

use super::applications::ApplicationAsk;
use super::erase::Erasure;
use super::hold::Release;
use super::rectify::Rectification;
use super::takes_two::TakesTwo;
use crate::audit::Unrecordable;
use crate::engine::dual_control::DualControlError;
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
    Erase(Erasure),
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
    Release(Release),
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
    /// The node's own secrets can't be used.
    #[error("{0}")]
    Secrets(String),
}

impl RightsAsk {
    /// What is asked, if it takes two persons.
    pub(super) fn takes_two(&self) -> Option<&dyn TakesTwo> {
        match self {
            Self::Erase(ask) => Some(ask),
            Self::Rectify(ask) => Some(ask),
            Self::Release(ask) => Some(ask),
            Self::Export { .. }
            | Self::Hold { .. }
            | Self::Holds
            | Self::Application(_)
            | Self::Retention { .. } => None,
        }
    }
}

impl From<Unrecordable> for RightsError {
    fn from(error: Unrecordable) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<DualControlError> for RightsError {
    fn from(error: DualControlError) -> Self {
        Self::Refused(error.to_string())
    }
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
