use bytes::Bytes;

use super::faces::SigningWanted;
use super::scenario::Scenario;
use crate::words::Assurance;
use crate::words::Text;
use crate::words::Timestamp;

/// A request as the authority keeps it.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) id: String,
    /// The provider that asks.
    pub(super) service_provider_id: String,
    /// The person asked; empty as long as nobody has scanned the code.
    pub(super) civil_no: String,
    /// The text of the code that is to be scanned.
    pub(super) code: Option<String>,
    /// What is to be signed.
    pub(super) signing: Option<SigningWanted>,
    pub(super) service: Text,
    pub(super) reason: Text,
    pub(super) challenge: Option<String>,
    pub(super) additional_data: Option<String>,
    pub(super) ref_id: Option<String>,
    /// Where the answer goes; `None` where the provider asks for it.
    pub(super) callback_url: Option<String>,
    pub(super) wants_person: bool,
    pub(super) assurance: Option<Assurance>,
    pub(super) received_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) answer: Option<Standing>,
    pub(super) scenario: Option<Scenario>,
    /// The provider's HTTP status for the last callback.
    pub(super) status: Option<u16>,
    /// Why the last callback could not be delivered.
    pub(super) fault: Option<String>,
    /// The answer, where the provider asks for it.
    pub(super) polled: Polled,
}

/// An answer that waits to be asked for.
#[derive(Clone, Default)]
pub(super) struct Polled {
    /// The latest; none before the person has answered.
    pub(super) answer: Option<Bytes>,
    /// Whether it was handed out.
    pub(super) used: bool,
}

/// What has become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Waits for the person.
    Open,
    /// Answered with success.
    Approved,
    /// The person declined.
    Declined,
    /// Answered with a failure of the certificate or of the verification.
    Failed,
    /// The person looked away.
    Ignored,
    /// Nobody answered in time.
    Expired,
}

/// A notification that a person got.
#[derive(Clone)]
pub(super) struct Notified {
    pub(super) subject: Text,
    pub(super) message: Text,
    pub(super) at: Timestamp,
}

impl Asked {
    /// Whether it shows a code that nobody has scanned.
    pub(super) fn waits_for_scan(&self) -> bool {
        self.code.is_some() && self.civil_no.is_empty()
    }

    /// What has become of it by now.
    pub(super) fn standing(&self, now: Timestamp) -> Standing {
        match self.answer {
            Some(standing) => standing,
            None if now >= self.expires_at => Standing::Expired,
            None => Standing::Open,
        }
    }
}
