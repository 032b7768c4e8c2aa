use super::Outcome;
use super::Text;

/// What can be done after an outcome: the next action, stable like the code itself. The policy of a service words it for
/// its people; this says what kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The service goes on.
    GoOn,
    /// The person may begin again at once, if they want to.
    BeginAgain,
    /// It may be over in a while: begin again then.
    WaitAndBeginAgain,
    /// The person gets Mobile ID first.
    Enrol,
    /// The person renews the certificate in the app first.
    RenewCertificate,
    /// The person raises the assurance level first.
    RaiseLevel,
    /// The card shows a fresh code, and it is scanned again.
    ShowFreshCode,
    /// The person scans a code, which needs the phone in the hand.
    ScanCode,
    /// The newer flow is the one to go on with.
    UseNewer,
    /// Another way of serving the person, outside Mobile ID.
    AnotherWay,
    /// Nobody can do anything before the operator has.
    CallOperator,
}

impl Remedy {
    /// What to do, in both languages.
    pub fn text(self) -> Text {
        let (ar, en) = match self {
            Self::GoOn => ("تابع", "go on"),
            Self::BeginAgain => ("ابدأ من جديد عند الرغبة", "begin again, if wanted"),
            Self::WaitAndBeginAgain => ("انتظر قليلا ثم ابدأ من جديد", "wait a while, then begin again"),
            Self::Enrol => ("سجل في تطبيق هويتي أولا", "enrol in the app first"),
            Self::RenewCertificate => (
                "جدد الشهادة من التطبيق أولا",
                "renew the certificate in the app first",
            ),
            Self::RaiseLevel => ("ارفع مستوى الهوية أولا", "raise the assurance level first"),
            Self::ShowFreshCode => ("اعرض رمزا جديدا وامسحه", "show a fresh code and scan it"),
            Self::ScanCode => ("ابدأ بمسح رمز بالتطبيق", "begin by scanning a code with the app"),
            Self::UseNewer => ("أكمل من الطلب الأحدث", "go on with the newer flow"),
            Self::AnotherWay => ("استخدم طريقة أخرى", "use another way"),
            Self::CallOperator => ("راجع الجهة المشغلة", "the operator has to act first"),
        };
        Text::new(ar, en)
    }
}

impl Outcome {
    /// The next action.
    pub const fn remedy(self) -> Remedy {
        match self {
            Self::Approved => Remedy::GoOn,
            Self::DeclinedByUser
            | Self::DeclinedOnPage
            | Self::TimeoutNoAnswer
            | Self::TimeoutNotConfirmed
            | Self::ErrorCatalogLost
            | Self::VerificationFailed
            | Self::Cancelled
            | Self::StampInvalid
            | Self::SignatureInvalid
            | Self::InconsistentAnswer => Remedy::BeginAgain,
            Self::ErrorAuthority
            | Self::ErrorNetwork
            | Self::ErrorStore
            | Self::TooManyRequests
            | Self::QuietHours
            | Self::CoolOff
            | Self::UnknownCode => Remedy::WaitAndBeginAgain,
            Self::ErrorRequest | Self::ErrorRegistration | Self::ErrorUnsupported | Self::ErrorPolicy => {
                Remedy::CallOperator
            }
            Self::CertificateRevoked | Self::CertificateExpired => Remedy::RenewCertificate,
            Self::AssuranceInsufficient => Remedy::RaiseLevel,
            Self::NotEnrolled => Remedy::Enrol,
            Self::Superseded => Remedy::UseNewer,
            Self::StaleQr | Self::ReplayedQr | Self::UnreadableQr => Remedy::ShowFreshCode,
            Self::FirstContact | Self::PushesStopped => Remedy::ScanCode,
            Self::DeclinedNotMe | Self::WrongPerson | Self::WrongDocument | Self::Refused => {
                Remedy::AnotherWay
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // What a retry can't mend has another remedy than a retry, and the other way round.
    #[test]
    fn a_remedy_agrees_with_whether_a_retry_helps() {
        for outcome in Outcome::ALL {
            let again = matches!(
                outcome.remedy(),
                Remedy::BeginAgain
                    | Remedy::WaitAndBeginAgain
                    | Remedy::ShowFreshCode
                    | Remedy::ScanCode
                    | Remedy::UseNewer
            );
            assert_eq!(again, outcome.retryable(), "{outcome}");
        }
    }
}
