use crate::words::Outcome;

/// What follows when a check of a callback fails, for explanations: the approval rule itself decides, and its tests hold
/// this to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedCheck {
    /// Nothing in the answer is believed; the flow goes on waiting.
    NotBelieved,
    /// It is the authority's answer, and it ends the flow: most often so.
    Ends(Outcome),
}

/// What follows when the check of this name fails; `None` for a name that no check has.
pub fn failed_check(name: &str) -> Option<FailedCheck> {
    match name {
        "readable" | "stamp" | "request" | "challenge" | "unexpired" | "fresh" => {
            Some(FailedCheck::NotBelieved)
        }
        "request_type" => Some(FailedCheck::Ends(Outcome::InconsistentAnswer)),
        "code" => Some(FailedCheck::Ends(Outcome::VerificationFailed)),
        "action" => Some(FailedCheck::Ends(Outcome::DeclinedByUser)),
        "person" => Some(FailedCheck::Ends(Outcome::WrongPerson)),
        "certificate" => Some(FailedCheck::Ends(Outcome::CertificateExpired)),
        "revocation" => Some(FailedCheck::Ends(Outcome::CertificateRevoked)),
        "signature" => Some(FailedCheck::Ends(Outcome::SignatureInvalid)),
        "identity" => Some(FailedCheck::Ends(Outcome::UnknownCode)),
        "assurance" => Some(FailedCheck::Ends(Outcome::AssuranceInsufficient)),
        _ => None,
    }
}
