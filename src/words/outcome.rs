use serde::Deserialize;
use serde::Serialize;

use super::Text;

/// The five ways a flow can end, fixed for ever (R000-081 to R000-085).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeClass {
    /// The person approved, and everything was verified.
    Approved,
    /// The person declined.
    Declined,
    /// Nobody answered in time.
    Timeout,
    /// Something failed on the way.
    Error,
    /// Everything else; never success.
    Other,
}

impl OutcomeClass {
    /// Every class.
    pub const ALL: [Self; 5] = [
        Self::Approved,
        Self::Declined,
        Self::Timeout,
        Self::Error,
        Self::Other,
    ];

    /// The name used in files, the API and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Timeout => "timeout",
            Self::Error => "error",
            Self::Other => "other",
        }
    }

    /// Reads the name used in files; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

impl std::fmt::Display for OutcomeClass {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}

/// How loudly an outcome should be told to the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Ordinary life.
    Info,
    /// Worth a look when it grows.
    Warning,
    /// Somebody should look now.
    Critical,
}

/// How a flow ended: a leaf code, stable for ever. Its class follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The person approved and everything was verified.
    Approved,
    /// The person declined on the phone.
    DeclinedByUser,
    /// The person saw the document and did not want to sign it; nothing was asked of the phone.
    DeclinedOnPage,
    /// The person asked, or whoever speaks for them, says that they did not ask for this.
    DeclinedNotMe,
    /// Nobody answered before the deadline.
    TimeoutNoAnswer,
    /// Nobody confirmed on the page in time; nothing was asked of the phone.
    TimeoutNotConfirmed,
    /// The authority refused the request or answered with an error.
    ErrorAuthority,
    /// The authority could not read the request: a member is missing or has a form that it does not take.
    ErrorRequest,
    /// The authority does not know this service provider, or not at this address.
    ErrorRegistration,
    /// The connector can't do what the service asks.
    ErrorUnsupported,
    /// The authority could not be reached; nothing was sent.
    ErrorNetwork,
    /// The policy of the service failed, so the flow was refused.
    ErrorPolicy,
    /// The catalog that the flow is pinned to can't be loaded any more, so the flow was refused.
    ErrorCatalogLost,
    /// The store could not keep what happened, so the flow was refused.
    ErrorStore,
    /// The person's certificate has been revoked.
    CertificateRevoked,
    /// The person's certificate has expired.
    CertificateExpired,
    /// The authority could not verify the person.
    VerificationFailed,
    /// The person's Mobile ID has a lower assurance level than the service needs.
    AssuranceInsufficient,
    /// Somebody else than the person asked has approved.
    WrongPerson,
    /// The person has no Mobile ID.
    NotEnrolled,
    /// Too many requests for this person or service.
    TooManyRequests,
    /// The e-service cancelled the flow.
    Cancelled,
    /// A newer flow has taken the place of this one.
    Superseded,
    /// The verified answer contradicts itself.
    InconsistentAnswer,
    /// A direct answer of the authority has no valid stamp, so nothing in it is believed.
    StampInvalid,
    /// The signature that came does not verify over what was sent to be signed.
    SignatureInvalid,
    /// What was signed is not what was sent to be signed.
    WrongDocument,
    /// The identity QR code is too old to prove that the person is here now.
    StaleQr,
    /// The same identity QR code has been used before.
    ReplayedQr,
    /// The text that was scanned is no identity QR code.
    UnreadableQr,
    /// Nothing is sent to people at this time of day.
    QuietHours,
    /// Nobody of the organization has ever authenticated this person, so they begin by scanning a code.
    FirstContact,
    /// The person has declined several requests, so the next one waits.
    CoolOff,
    /// The person has reported a request, so none is sent to their phone for a while.
    PushesStopped,
    /// The authority answered with a code that is not in the table.
    UnknownCode,
    /// The policy of the service refused.
    Refused,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 36] = [
        Self::Approved,
        Self::DeclinedByUser,
        Self::DeclinedOnPage,
        Self::DeclinedNotMe,
        Self::TimeoutNoAnswer,
        Self::TimeoutNotConfirmed,
        Self::ErrorAuthority,
        Self::ErrorRequest,
        Self::ErrorRegistration,
        Self::ErrorUnsupported,
        Self::ErrorNetwork,
        Self::ErrorPolicy,
        Self::ErrorCatalogLost,
        Self::ErrorStore,
        Self::CertificateRevoked,
        Self::CertificateExpired,
        Self::VerificationFailed,
        Self::AssuranceInsufficient,
        Self::WrongPerson,
        Self::NotEnrolled,
        Self::TooManyRequests,
        Self::Cancelled,
        Self::Superseded,
        Self::InconsistentAnswer,
        Self::StampInvalid,
        Self::SignatureInvalid,
        Self::WrongDocument,
        Self::StaleQr,
        Self::ReplayedQr,
        Self::UnreadableQr,
        Self::QuietHours,
        Self::FirstContact,
        Self::CoolOff,
        Self::PushesStopped,
        Self::UnknownCode,
        Self::Refused,
    ];

    /// The stable leaf code, such as `other.wrong_person`.
    pub const fn code(self) -> &'static str {
        self.row().code
    }

    /// The class that the policy answers.
    pub const fn class(self) -> OutcomeClass {
        self.row().class
    }

    /// Whether a new attempt by the same person can end differently.
    pub const fn retryable(self) -> bool {
        self.row().retryable
    }

    /// Whether midflow itself ends a flow so before it asks the policy for a plan, because of what is remembered of earlier
    /// flows. The policy says what follows, and can't be asked again for more than that.
    pub const fn follows_from_memory(self) -> bool {
        matches!(
            self,
            Self::ReplayedQr | Self::FirstContact | Self::CoolOff | Self::PushesStopped
        )
    }

    /// How loudly the operator should be told.
    pub const fn severity(self) -> Severity {
        self.row().severity
    }

    /// What the operator should know or do; empty where there is nothing to do.
    pub const fn operator_hint(self) -> &'static str {
        self.row().hint
    }

    /// What the citizen is told where the policy says nothing better.
    pub fn text(self) -> Text {
        Text::new(self.row().ar, self.row().en)
    }

    /// Reads a leaf code; `None` for anything else.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code)
    }

    const fn row(self) -> Row {
        match self {
            Self::Approved => Row {
                code: "approved",
                class: OutcomeClass::Approved,
                retryable: false,
                severity: Severity::Info,
                ar: "تم التحقق من هويتك بنجاح.",
                en: "Your identity has been verified.",
                hint: "",
            },
            Self::DeclinedByUser => Row {
                code: "declined.by_user",
                class: OutcomeClass::Declined,
                retryable: true,
                severity: Severity::Info,
                ar: "لقد رفضت الطلب في هاتفك، ولم يتم أي إجراء.",
                en: "You declined the request on your phone. Nothing has been done.",
                hint: "If many people decline at once, ask whether requests are sent that nobody asked for.",
            },
            Self::DeclinedOnPage => Row {
                code: "declined.on_page",
                class: OutcomeClass::Declined,
                retryable: true,
                severity: Severity::Info,
                ar: "اخترت عدم توقيع المستند، ولم يُرسل أي طلب إلى هاتفك.",
                en: "You chose not to sign the document. Nothing was sent to your phone.",
                hint: "",
            },
            Self::DeclinedNotMe => Row {
                code: "declined.not_me",
                class: OutcomeClass::Declined,
                retryable: false,
                severity: Severity::Warning,
                ar: "أُبلغنا بأن صاحب الهوية لم يطلب هذه العملية، فأُنهي الطلب ولم يتم أي إجراء.",
                en: "We were told that the person did not ask for this, so the request was ended. Nothing has been done.",
                hint: "Somebody may be trying to pass for this person: look at where the flow began. No request goes to their phone for as long as `push_safety.not_me` says.",
            },
            Self::TimeoutNoAnswer => Row {
                code: "timeout.no_answer",
                class: OutcomeClass::Timeout,
                retryable: true,
                severity: Severity::Info,
                ar: "انتهت المهلة قبل وصول الرد. لم يتم أي إجراء.",
                en: "No answer arrived in time. Nothing has been done.",
                hint: "A rise of time-outs can mean that the authority is slow or that callbacks do not arrive.",
            },
            Self::TimeoutNotConfirmed => Row {
                code: "timeout.not_confirmed",
                class: OutcomeClass::Timeout,
                retryable: true,
                severity: Severity::Info,
                ar: "انتهت مهلة مراجعة المستند قبل تأكيدها، ولم يُرسل أي طلب إلى هاتفك.",
                en: "The time for reading the document ended before it was confirmed. Nothing was sent to your phone.",
                hint: "",
            },
            Self::ErrorAuthority => Row {
                code: "error.authority",
                class: OutcomeClass::Error,
                retryable: true,
                severity: Severity::Warning,
                ar: "تعذر على خدمة الهوية الرقمية معالجة الطلب. لم يتم أي إجراء.",
                en: "The Mobile ID service could not process the request. Nothing has been done.",
                hint: "The authority's code is in the exchange; compare it with the codes table of the connector.",
            },
            Self::ErrorRequest => Row {
                code: "error.request",
                class: OutcomeClass::Error,
                retryable: false,
                severity: Severity::Critical,
                ar: "لم تقبل خدمة الهوية الرقمية صيغة الطلب. لم يتم أي إجراء.",
                en: "The Mobile ID service did not accept the form of the request. Nothing has been done.",
                hint: "Compare the recorded request with the authority's integration guide; every request of this kind will fail.",
            },
            Self::ErrorRegistration => Row {
                code: "error.registration",
                class: OutcomeClass::Error,
                retryable: false,
                severity: Severity::Critical,
                ar: "هذه الجهة غير مسجلة لدى خدمة الهوية الرقمية لهذا الطلب. لم يتم أي إجراء.",
                en: "This organization is not registered for this request with the Mobile ID service. Nothing has been done.",
                hint: "Check the service provider id, the certificate and the callback base that are registered with the authority.",
            },
            Self::ErrorUnsupported => Row {
                code: "error.unsupported",
                class: OutcomeClass::Error,
                retryable: false,
                severity: Severity::Critical,
                ar: "لا تتوفر هذه الخدمة في الوقت الحالي. لم يتم أي إجراء.",
                en: "This service is not available at present. Nothing has been done.",
                hint: "The connector or its transport has no such operation; the log names what was missing.",
            },
            Self::ErrorNetwork => Row {
                code: "error.network",
                class: OutcomeClass::Error,
                retryable: true,
                severity: Severity::Warning,
                ar: "تعذر الاتصال بخدمة الهوية الرقمية. لم يتم أي إجراء.",
                en: "The Mobile ID service could not be reached. Nothing has been done.",
                hint: "Check the network path, the certificate and the address of the connector.",
            },
            Self::ErrorPolicy => Row {
                code: "error.policy",
                class: OutcomeClass::Error,
                retryable: false,
                severity: Severity::Critical,
                ar: "تعذر إكمال الطلب بسبب خطأ في هذه الخدمة. لم يتم أي إجراء.",
                en: "This service has a fault, so the request was not completed. Nothing has been done.",
                hint: "The script threw, ran out of time or returned nonsense; the record names file and line.",
            },
            Self::ErrorCatalogLost => Row {
                code: "error.catalog_lost",
                class: OutcomeClass::Error,
                retryable: true,
                severity: Severity::Critical,
                ar: "جرى تحديث هذه الخدمة أثناء تنفيذ طلبك، فتعذر إكماله. لم يتم أي إجراء آخر. يرجى البدء من جديد.",
                en: "This service was updated while your request was under way, so it could not be completed. Nothing further has been done. Please begin again.",
                hint: "This version can't load the catalog that the flow is pinned to; let flows come to their end before such an upgrade.",
            },
            Self::ErrorStore => Row {
                code: "error.store",
                class: OutcomeClass::Error,
                retryable: true,
                severity: Severity::Critical,
                ar: "تعذر إكمال الطلب بسبب خطأ فني. لم يتم أي إجراء.",
                en: "A technical fault stopped the request. Nothing has been done.",
                hint: "Check the disk and the database; nothing was sent that was not recorded.",
            },
            Self::CertificateRevoked => Row {
                code: "other.certificate_revoked",
                class: OutcomeClass::Other,
                retryable: false,
                severity: Severity::Info,
                ar: "شهادة هويتك الرقمية ملغاة. يرجى تجديدها من التطبيق ثم المحاولة من جديد.",
                en: "Your Mobile ID certificate has been revoked. Renew it in the app, then try again.",
                hint: "Nothing to do here; the person has to renew.",
            },
            Self::CertificateExpired => Row {
                code: "other.certificate_expired",
                class: OutcomeClass::Other,
                retryable: false,
                severity: Severity::Info,
                ar: "انتهت صلاحية شهادة هويتك الرقمية. يرجى تجديدها من التطبيق ثم المحاولة من جديد.",
                en: "Your Mobile ID certificate has expired. Renew it in the app, then try again.",
                hint: "Nothing to do here; the person has to renew.",
            },
            Self::VerificationFailed => Row {
                code: "other.verification_failed",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Warning,
                ar: "تعذر التحقق من هويتك. يرجى المحاولة من جديد.",
                en: "Your identity could not be verified. Please try again.",
                hint: "The authority reported that verification failed.",
            },
            Self::AssuranceInsufficient => Row {
                code: "other.assurance_insufficient",
                class: OutcomeClass::Other,
                retryable: false,
                severity: Severity::Info,
                ar: "مستوى هويتك الرقمية أقل من المستوى المطلوب لهذه الخدمة. يرجى رفع المستوى ثم المحاولة من جديد.",
                en: "Your Mobile ID has a lower assurance level than this service needs. Raise it, then try again.",
                hint: "The person has to raise the level, in the app or at an office.",
            },
            Self::WrongPerson => Row {
                code: "other.wrong_person",
                class: OutcomeClass::Other,
                retryable: false,
                severity: Severity::Critical,
                ar: "الرد ورد من شخص آخر. لم يتم أي إجراء.",
                en: "The answer came from a different person. Nothing has been done.",
                hint: "The authority named another approver than the person asked; look at the exchange.",
            },
            Self::NotEnrolled => Row {
                code: "other.not_enrolled",
                class: OutcomeClass::Other,
                retryable: false,
                severity: Severity::Info,
                ar: "لا توجد هوية رقمية مفعلة لهذا الرقم المدني. يمكنك التسجيل من خلال التطبيق.",
                en: "There is no active Mobile ID for this civil number. You can enrol in the app.",
                hint: "Nothing to do here; the person has to enrol.",
            },
            Self::TooManyRequests => Row {
                code: "other.too_many_requests",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Warning,
                ar: "تم إرسال طلبات كثيرة. يرجى الانتظار قليلا ثم المحاولة من جديد.",
                en: "Too many requests have been sent. Wait a while, then try again.",
                hint: "The limit is in the service file or on the authority's side.",
            },
            Self::Cancelled => Row {
                code: "other.cancelled",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Info,
                ar: "تم إلغاء الطلب. لم يتم أي إجراء.",
                en: "The request was cancelled. Nothing has been done.",
                hint: "",
            },
            Self::Superseded => Row {
                code: "other.superseded",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Info,
                ar: "تم استبدال هذا الطلب بطلب أحدث.",
                en: "A newer request has taken the place of this one.",
                hint: "",
            },
            Self::InconsistentAnswer => Row {
                code: "other.inconsistent_answer",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Critical,
                ar: "ورد رد غير متسق، فلم يتم قبوله. يرجى المحاولة من جديد.",
                en: "The answer contradicted itself and was not accepted. Please try again.",
                hint: "Result code and user action disagree, or two verified answers differ; ask the authority.",
            },
            Self::StampInvalid => Row {
                code: "other.stamp_invalid",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Critical,
                ar: "تعذر التأكد من مصدر الرد، فلم يتم قبوله.",
                en: "The origin of the answer could not be proved, so it was not accepted.",
                hint: "Somebody stands between this node and the authority, or its stamp has a new signer; compare the pinned certificates.",
            },
            Self::SignatureInvalid => Row {
                code: "other.signature_invalid",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Critical,
                ar: "التوقيع الوارد غير صحيح، فلم يتم قبوله.",
                en: "The signature that arrived is not valid, so it was not accepted.",
                hint: "The certificate, the format or the signed bytes are not what was asked for; the exchange holds all three.",
            },
            Self::WrongDocument => Row {
                code: "other.wrong_document",
                class: OutcomeClass::Other,
                retryable: false,
                severity: Severity::Critical,
                ar: "التوقيع الوارد يخص مستندا آخر، فلم يتم قبوله.",
                en: "The signature that arrived is for another document, so it was not accepted.",
                hint: "The answer names another digest, algorithm or document than was sent; ask the authority.",
            },
            Self::StaleQr => Row {
                code: "other.stale_qr",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Info,
                ar: "انتهت صلاحية الرمز المعروض. يرجى تحديثه في التطبيق ثم مسحه من جديد.",
                en: "The code shown is too old. Refresh it in the app, then scan it again.",
                hint: "A rise can mean pictures of codes that are shown again, or a clock that is wrong.",
            },
            Self::ReplayedQr => Row {
                code: "other.replayed_qr",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Warning,
                ar: "سبق استخدام هذا الرمز. يرجى تحديثه في التطبيق ثم مسحه من جديد.",
                en: "This code has been used before. Refresh it in the app, then scan it again.",
                hint: "A picture of a code may be going around; ask where it was scanned.",
            },
            Self::UnreadableQr => Row {
                code: "other.unreadable_qr",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Info,
                ar: "الرمز الممسوح ليس رمز هوية رقمية. يرجى عرض رمز الهوية من التطبيق.",
                en: "The code that was scanned is not a Mobile ID. Please show the identity code of the app.",
                hint: "",
            },
            Self::QuietHours => Row {
                code: "other.quiet_hours",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Info,
                ar: "لا تُرسل الإشعارات في هذا الوقت. يرجى الإرسال في وقت لاحق.",
                en: "Notifications are not sent at this hour. Send it later.",
                hint: "The hours stand in the service file.",
            },
            Self::FirstContact => Row {
                code: "other.first_contact",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Info,
                ar: "عند الدخول لأول مرة يرجى مسح الرمز بتطبيق هويتي، فلم يُرسل أي طلب إلى الهاتف.",
                en: "The first time, please sign in by scanning a code with the Mobile ID app. Nothing was sent to the phone.",
                hint: "The service asks for `first_contact: qr`; begin `auth_qr` instead. A rise can mean that somebody tries civil numbers.",
            },
            Self::CoolOff => Row {
                code: "other.cool_off",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Warning,
                ar: "رُفضت طلبات سابقة قبل وقت قصير، فلم يُرسل طلب جديد إلى الهاتف. يرجى الانتظار ثم المحاولة من جديد.",
                en: "Earlier requests were declined a short while ago, so no new one was sent to the phone. Please wait, then try again.",
                hint: "`push_safety` of the organization says how long. Many of these for one person mean that somebody keeps asking.",
            },
            Self::PushesStopped => Row {
                code: "other.pushes_stopped",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Warning,
                ar: "لا تُرسل طلبات إلى هذا الهاتف في الوقت الحالي. يمكن الدخول بمسح الرمز حيث يتوفر.",
                en: "No requests are sent to this phone at present. Signing in by scanning a code still works where it is offered.",
                hint: "The person reported a request that they did not ask for; `push_safety.not_me` says for how long nothing is sent.",
            },
            Self::UnknownCode => Row {
                code: "other.unknown_code",
                class: OutcomeClass::Other,
                retryable: true,
                severity: Severity::Critical,
                ar: "ورد رد غير معروف، فلم يتم قبوله. يرجى المحاولة لاحقا.",
                en: "An unknown answer arrived and was not accepted. Please try later.",
                hint: "Add the code to the codes table of the connector once the authority has explained it.",
            },
            Self::Refused => Row {
                code: "other.refused",
                class: OutcomeClass::Other,
                retryable: false,
                severity: Severity::Info,
                ar: "لا تنطبق عليك شروط هذه الخدمة. لم يتم أي إجراء.",
                en: "The conditions of this service are not met. Nothing has been done.",
                hint: "The record names the rule that refused.",
            },
        }
    }
}

struct Row {
    code: &'static str,
    class: OutcomeClass,
    retryable: bool,
    severity: Severity,
    ar: &'static str,
    en: &'static str,
    hint: &'static str,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.code())
    }
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Outcome {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::from_code(&code).ok_or_else(|| serde::de::Error::custom("unknown outcome code"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_code(outcome.code()), Some(outcome));
        }
    }

    #[test]
    fn a_code_starts_with_its_class() {
        for outcome in Outcome::ALL {
            let class = outcome.code().split('.').next();
            assert_eq!(class, Some(outcome.class().as_str()), "{outcome}");
        }
    }

    // R000-081 to R000-085: each outcome speaks both languages, and only one of them is success.
    #[test]
    fn every_outcome_speaks_both_languages() {
        for outcome in Outcome::ALL {
            let text = outcome.text();
            assert!(
                text.ar.chars().any(|letter| ('ء'..='ي').contains(&letter)),
                "{outcome}"
            );
            assert!(text.en.is_ascii() && text.en.len() > 20, "{outcome}");
        }
        let approved = Outcome::ALL
            .iter()
            .filter(|o| o.class() == OutcomeClass::Approved);
        assert_eq!(approved.count(), 1);
    }
}
