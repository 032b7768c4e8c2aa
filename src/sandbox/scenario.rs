/// Something the sandbox can be made to do with a citizen's next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Approves.
    Approved,
    /// Declines.
    Declined,
    /// Never answers.
    Timeout,
    /// Approves after the flow has ended.
    Late,
    /// Sends the same bytes twice.
    Duplicate,
    /// Sends the callback before the reply to the request.
    Early,
    /// Approves, then declines, both stamped.
    Conflicting,
    /// Spoils the stamp.
    Forged,
    /// Stamps with a key that nobody certified.
    ForgedSigner,
    /// Leaves the stamp out.
    Unstamped,
    /// Changes the person's data after stamping.
    TamperedPerson,
    /// Sends an earlier flow's callback.
    Replay,
    /// Another person approves.
    WrongPerson,
    /// Names another request.
    WrongRequestId,
    /// Approves with a certificate of the lowest level.
    LowAssurance,
    /// Reports a revoked certificate.
    Revoked,
    /// Reports an expired certificate.
    Expired,
    /// Reports that the person could not be verified.
    VerificationFailed,
    /// A result code that nobody knows.
    UnknownCode,
    /// A result code that begins with the digit of success.
    CodeTen,
    /// Success code with the action of a refusal.
    ActionContradiction,
    /// Codes as numbers, which is allowed.
    CodeAsInteger,
    /// A key with a space at its end, which is allowed.
    SpacedKey,
    /// The challenge as an object, which is allowed.
    ChallengeAsObject,
    /// The dates of the person are null, which is allowed.
    NullDates,
    /// A photo of one megabyte.
    HugePhoto,
    /// A body that trickles.
    SlowBody,
    /// The person's signature is spoiled, where a document is signed.
    SignatureForged,
    /// The person's signature is over another document.
    OtherDocument,
    /// An error in reply to the request.
    ErrorReply,
    /// No reply to the request: the connection breaks after it was read.
    NoReply,
    /// HTTP 500 in reply to the request.
    ServerError,
}

/// Which drawer of the phone page a scenario lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScenarioGroup {
    /// How people and their cards are.
    People,
    /// When and how often answers come.
    Timing,
    /// What an attacker would send.
    Attack,
    /// Odd forms; some are honest.
    Form,
    /// What the network does.
    Network,
}

impl Scenario {
    /// Every scenario, in the order of the list.
    pub const ALL: [Self; 32] = [
        Self::Approved,
        Self::Declined,
        Self::Timeout,
        Self::LowAssurance,
        Self::Revoked,
        Self::Expired,
        Self::VerificationFailed,
        Self::Late,
        Self::Duplicate,
        Self::Early,
        Self::Conflicting,
        Self::Forged,
        Self::ForgedSigner,
        Self::Unstamped,
        Self::TamperedPerson,
        Self::Replay,
        Self::WrongPerson,
        Self::WrongRequestId,
        Self::SignatureForged,
        Self::OtherDocument,
        Self::UnknownCode,
        Self::CodeTen,
        Self::ActionContradiction,
        Self::CodeAsInteger,
        Self::SpacedKey,
        Self::ChallengeAsObject,
        Self::NullDates,
        Self::HugePhoto,
        Self::SlowBody,
        Self::ErrorReply,
        Self::NoReply,
        Self::ServerError,
    ];

    /// The name for `midflow trigger` and the API.
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// Reads the name; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.as_str() == name)
    }

    /// What it does, in Arabic.
    pub const fn ar(self) -> &'static str {
        self.row().ar
    }

    /// What it does, in English.
    pub const fn en(self) -> &'static str {
        self.row().en
    }

    /// Which drawer it lies in.
    pub const fn group(self) -> ScenarioGroup {
        self.row().group
    }

    /// Whether a correct service provider ends the flow as approved.
    pub const fn may_approve(self) -> bool {
        matches!(
            self,
            Self::Approved
                | Self::Duplicate
                | Self::Early
                | Self::Conflicting
                | Self::CodeAsInteger
                | Self::SpacedKey
                | Self::ChallengeAsObject
                | Self::NullDates
                | Self::HugePhoto
                | Self::SlowBody
                // Where nothing is signed, nothing is wrong with the signature.
                | Self::SignatureForged
                | Self::OtherDocument
        )
    }

    #[expect(clippy::too_many_lines, reason = "one table, one row a scenario")]
    const fn row(self) -> Row {
        use ScenarioGroup::Attack;
        use ScenarioGroup::Form;
        use ScenarioGroup::Network;
        use ScenarioGroup::People;
        use ScenarioGroup::Timing;
        match self {
            Self::Approved => row("approved", People, "موافقة فورية", "Approves at once"),
            Self::Declined => row("declined", People, "رفض الطلب", "Declines"),
            Self::Timeout => row("timeout", People, "لا رد إطلاقا", "Never answers"),
            Self::LowAssurance => row(
                "low-assurance",
                People,
                "موافقة بشهادة من أدنى مستوى",
                "Approves with a certificate of the lowest level",
            ),
            Self::Revoked => row(
                "revoked",
                People,
                "الشهادة ملغاة (2)",
                "Certificate revoked (code 2)",
            ),
            Self::Expired => row(
                "expired",
                People,
                "الشهادة منتهية (5)",
                "Certificate expired (code 5)",
            ),
            Self::VerificationFailed => row(
                "verification-failed",
                People,
                "فشل التحقق (3)",
                "Verification failed (code 3)",
            ),
            Self::Late => row(
                "late",
                Timing,
                "موافقة بعد انتهاء المهلة",
                "Approves after the flow has ended",
            ),
            Self::Duplicate => row("duplicate", Timing, "الرد نفسه مرتين", "The same answer twice"),
            Self::Early => row(
                "early",
                Timing,
                "الرد يسبق تأكيد استلام الطلب",
                "The answer comes before the request is confirmed",
            ),
            Self::Conflicting => row("conflicting", Timing, "موافقة ثم رفض", "Approves, then declines"),
            Self::Forged => row("forged", Attack, "ختم مزور", "The stamp is spoiled"),
            Self::ForgedSigner => row(
                "forged-signer",
                Attack,
                "ختم بمفتاح غير معتمد",
                "Stamped with a key that nobody certified",
            ),
            Self::Unstamped => row("unstamped", Attack, "بلا ختم", "Without a stamp"),
            Self::TamperedPerson => row(
                "tampered-person",
                Attack,
                "تغيير بيانات الشخص بعد الختم",
                "The person's data changed after stamping",
            ),
            Self::Replay => row(
                "replay",
                Attack,
                "إعادة إرسال رد طلب سابق",
                "The answer to an earlier request again",
            ),
            Self::WrongPerson => row("wrong-person", Attack, "شخص آخر يوافق", "Another person approves"),
            Self::WrongRequestId => row(
                "wrong-request-id",
                Attack,
                "رقم طلب آخر",
                "The number of another request",
            ),
            Self::SignatureForged => row(
                "signature-forged",
                Attack,
                "توقيع مزور على المستند",
                "The signature over the document is spoiled (signing only)",
            ),
            Self::OtherDocument => row(
                "other-document",
                Attack,
                "توقيع على مستند آخر",
                "Another document is signed (signing only)",
            ),
            Self::UnknownCode => row(
                "unknown-code",
                Form,
                "رمز نتيجة مجهول (99)",
                "Unknown result code (99)",
            ),
            Self::CodeTen => row("code-ten", Form, "رمز النتيجة 10", "Result code 10"),
            Self::ActionContradiction => row(
                "action-contradiction",
                Form,
                "نتيجة موافقة مع إجراء رفض",
                "Result says approved, action says declined",
            ),
            Self::CodeAsInteger => row(
                "code-as-integer",
                Form,
                "الرموز كأعداد (مقبول)",
                "Codes as numbers (allowed)",
            ),
            Self::SpacedKey => row(
                "spaced-key",
                Form,
                "مسافة في آخر اسم الحقل (مقبول)",
                "A space at the end of a key (allowed)",
            ),
            Self::ChallengeAsObject => row(
                "challenge-as-object",
                Form,
                "رمز المطابقة ككائن (مقبول)",
                "The challenge as an object (allowed)",
            ),
            Self::NullDates => row(
                "null-dates",
                Form,
                "تواريخ الشخص فارغة (مقبول)",
                "The dates of the person are null (allowed)",
            ),
            Self::HugePhoto => row(
                "huge-photo",
                Form,
                "صورة حجمها ميغابايت",
                "A photo of one megabyte",
            ),
            Self::SlowBody => row("slow-body", Network, "إرسال بطيء للرد", "The answer trickles"),
            Self::ErrorReply => row(
                "error-reply",
                Network,
                "خطأ عند استلام الطلب",
                "An error in reply to the request",
            ),
            Self::NoReply => row(
                "no-reply",
                Network,
                "انقطاع الاتصال بعد قراءة الطلب",
                "The connection breaks after the request was read",
            ),
            Self::ServerError => row(
                "server-error",
                Network,
                "خطأ الخادم 500",
                "HTTP 500 in reply to the request",
            ),
        }
    }
}

struct Row {
    name: &'static str,
    group: ScenarioGroup,
    ar: &'static str,
    en: &'static str,
}

const fn row(name: &'static str, group: ScenarioGroup, ar: &'static str, en: &'static str) -> Row {
    Row { name, group, ar, en }
}

impl ScenarioGroup {
    /// Every group, in the order of the page.
    pub const ALL: [Self; 5] = [
        Self::People,
        Self::Timing,
        Self::Attack,
        Self::Form,
        Self::Network,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for scenario in Scenario::ALL {
            assert_eq!(Scenario::from_name(scenario.as_str()), Some(scenario));
            assert!(scenario.ar().chars().any(|letter| ('ء'..='ي').contains(&letter)));
            assert!(scenario.en().is_ascii());
        }
    }

    #[test]
    fn the_scenarios_of_the_contract_are_there() {
        for name in [
            "approved",
            "declined",
            "timeout",
            "late",
            "duplicate",
            "early",
            "conflicting",
            "forged",
            "wrong-person",
            "low-assurance",
            "revoked",
            "expired",
            "unknown-code",
            "code-as-integer",
            "spaced-key",
            "challenge-as-object",
        ] {
            assert!(Scenario::from_name(name).is_some(), "{name}");
        }
    }
}
