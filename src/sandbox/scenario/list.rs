use super::group::ScenarioGroup;

/// One row a scenario: its name for `midflow trigger`, the API and scenario files, its drawer on the phone page, and what it
/// does, in Arabic and in English.
macro_rules! scenarios {
    ($($variant:ident $name:literal $group:ident $ar:literal $en:literal)*) => {
        /// Something the sandbox can be made to do with a citizen's next request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Scenario {
            $(#[doc = concat!($en, ".")] $variant,)*
        }

        impl Scenario {
            /// Every scenario, in the order of the list.
            pub const ALL: [Self; COUNT] = [$(Self::$variant,)*];

            const fn row(self) -> Row {
                match self {
                    $(Self::$variant => Row { name: $name, group: ScenarioGroup::$group, ar: $ar, en: $en },)*
                }
            }
        }

        const COUNT: usize = [$($name,)*].len();
    };
}

struct Row {
    name: &'static str,
    group: ScenarioGroup,
    ar: &'static str,
    en: &'static str,
}

scenarios! {
    Approved "approved" People "موافقة فورية" "Approves at once"
    Declined "declined" People "رفض الطلب" "Declines"
    Timeout "timeout" People "لا رد إطلاقا" "Never answers"
    LowAssurance "low-assurance" People "موافقة بشهادة من أدنى مستوى" "Approves with a certificate of the lowest level"
    Revoked "revoked" People "الشهادة ملغاة (2)" "Certificate revoked (code 2)"
    Expired "expired" People "الشهادة منتهية (5)" "Certificate expired (code 5)"
    VerificationFailed "verification-failed" People "فشل التحقق (3)" "Verification failed (code 3)"
    NotEnrolled "not-enrolled" People "لا يملك هوية رقمية" "Has no Mobile ID"
    LevelTooLow "level-too-low" People "مستوى التحقق أدنى من المطلوب" "Registered below the level asked for"
    TooManyRequests "too-many-requests" People "طلبات كثيرة مفتوحة لهذا الشخص" "Has too many open requests"

    Late "late" Timing "موافقة بعد انتهاء المهلة" "Approves after the flow has ended"
    Duplicate "duplicate" Timing "الرد نفسه مرتين" "The same answer twice"
    Early "early" Timing "الرد يسبق تأكيد استلام الطلب" "The answer comes before the request is confirmed"
    Conflicting "conflicting" Timing "موافقة ثم رفض" "Approves, then declines"
    OldAnswer "old-answer" Timing "رد مؤرخ قبل ساعة من الطلب" "The answer is dated an hour before the request"
    FutureAnswer "future-answer" Timing "رد مؤرخ بعد عشر دقائق من الآن" "The answer is dated ten minutes ahead"

    Forged "forged" Attack "ختم مزور" "The stamp is spoiled"
    ForgedSigner "forged-signer" Attack "ختم بمفتاح غير معتمد" "Stamped with a key that nobody certified"
    ExpiredSigner "expired-signer" Attack "ختم بشهادة انتهت صلاحيتها" "Stamped under a certificate that has ended"
    Unstamped "unstamped" Attack "بلا ختم" "Without a stamp"
    StampCut "stamp-cut" Attack "ختم مبتور" "The stamp is cut short"
    StampNoBase64 "stamp-no-base64" Attack "ختم بترميز غير سليم" "The stamp is no base64"
    StampElsewhere "stamp-elsewhere" Attack "ختم على صيغة أخرى من الرد" "The stamp covers another form of the answer"
    TamperedPerson "tampered-person" Attack "تغيير بيانات الشخص بعد الختم" "The person's data changed after stamping"
    ForgedFirst "forged-first" Attack "رد مزور ثم الرد الصحيح" "A forged answer, then the true one"
    Replay "replay" Attack "إعادة إرسال رد طلب سابق" "The answer to an earlier request again"
    WrongPerson "wrong-person" Attack "شخص آخر يوافق" "Another person approves"
    ForAnother "for-another" Attack "الرد يذكر أن الطلب لشخص آخر" "The answer says that another person was asked"
    DataOfAnother "data-of-another" Attack "بيانات شخص آخر" "The data of another person"
    CertificateOfAnother "certificate-of-another" Attack "شهادة شخص آخر" "The certificate of another person"
    WrongRequestId "wrong-request-id" Attack "رقم طلب آخر" "The number of another request"
    NoRequestId "no-request-id" Attack "بلا رقم طلب" "Without the number of the request"
    WrongProvider "wrong-provider" Attack "رد موجه إلى جهة أخرى" "The answer is for another provider"
    NoProvider "no-provider" Attack "رد لا يذكر الجهة" "The answer names no provider"
    WrongChallenge "wrong-challenge" Attack "رمز مطابقة آخر" "Another challenge"
    NoChallenge "no-challenge" Attack "بلا رمز مطابقة" "Without the challenge"
    WrongData "wrong-data" Attack "بيانات إضافية ليست لنا" "The additional data is not ours"
    DuplicateKey "duplicate-key" Attack "حقل مكرر بقيمتين" "A key stands twice, with two values"
    SignatureForged "signature-forged" Attack "توقيع مزور على المستند" "The signature over the document is spoiled (signing only)"
    OtherDocument "other-document" Attack "توقيع على مستند آخر" "Another document is signed (signing only)"

    UnknownCode "unknown-code" Form "رمز نتيجة مجهول (99)" "Unknown result code (99)"
    CodeTen "code-ten" Form "رمز النتيجة 10" "Result code 10"
    NoCode "no-code" Form "بلا رمز نتيجة" "Without a result code"
    UnknownAction "unknown-action" Form "رمز إجراء مجهول (9)" "Unknown user action (9)"
    NoAction "no-action" Form "موافقة بلا رمز إجراء" "Success without a user action"
    ActionContradiction "action-contradiction" Form "نتيجة موافقة مع إجراء رفض" "Result says approved, action says declined"
    DeclineContradiction "decline-contradiction" Form "نتيجة رفض مع إجراء موافقة" "Result says declined, action says accepted"
    SigningType "signing-type" Form "رد من نوع التوقيع" "The answer is to a request of another kind"
    UnknownType "unknown-type" Form "نوع طلب مجهول (7)" "Unknown request type (7)"
    NoType "no-type" Form "بلا نوع طلب" "Without a request type"
    NoCertificate "no-certificate" Form "موافقة بلا شهادة" "Approves without a certificate"
    BrokenCertificate "broken-certificate" Form "شهادة لا تقرأ" "Approves with a certificate that can't be read"
    EndedCertificate "ended-certificate" Form "موافقة بشهادة منتهية" "Approves with a certificate that has ended"
    UnreadableDate "unreadable-date" Form "تاريخ لا يقرأ" "The moment of the answer can't be read"
    NoPerson "no-person" Form "بلا بيانات الشخص" "Without the person's data"
    NotJson "not-json" Form "نص ليس JSON" "The answer is no JSON"
    CutBody "cut-body" Form "رد مبتور" "The answer is cut short"
    EmptyBody "empty-body" Form "رد فارغ" "The answer is empty"
    WrongRoot "wrong-root" Form "جذر باسم آخر" "The root has another name"
    SmallKeys "small-keys" Form "أسماء الحقول بأحرف صغيرة" "Keys begin with small letters"
    DeepBody "deep-body" Form "تداخل عميق" "Nested too deep"
    CodeAsInteger "code-as-integer" Form "الرموز كأعداد (مقبول)" "Codes as numbers (allowed)"
    CodeAsName "code-as-name" Form "الرموز كأسماء (مقبول)" "Codes as names (allowed)"
    SpacedKey "spaced-key" Form "مسافة في آخر اسم الحقل (مقبول)" "A space at the end of a key (allowed)"
    ChallengeAsObject "challenge-as-object" Form "رمز المطابقة ككائن (مقبول)" "The challenge as an object (allowed)"
    SignerUnnamed "signer-unnamed" Form "ختم بلا شهادة مرفقة (مقبول)" "The stamp comes without its certificate (allowed)"
    FormerSigner "former-signer" Form "ختم بالمفتاح السابق بعد تغيير المفاتيح (مقبول ما دام معتمدا)" "Stamped with the key from before a change of keys (allowed while it is pinned)"
    ZonedDate "zoned-date" Form "تاريخ بمنطقة زمنية (مقبول)" "The moment with a time zone (allowed)"
    ZeroDate "zero-date" Form "تاريخ فارغ بصيغة السنة 1 (مقبول)" "The moment is the year 1, which means none (allowed)"
    Reordered "reordered" Form "ترتيب آخر للأجزاء (مقبول)" "The parts in another order (allowed)"
    Spaced "spaced" Form "مسافات بين الأجزاء (مقبول)" "White space between the parts (allowed)"
    Escaped "escaped" Form "الحروف العربية بصيغة الهروب (مقبول)" "Arabic letters as escapes (allowed)"
    NewMembers "new-members" Form "حقول جديدة غير معروفة (مقبول)" "Members that nobody knows (allowed)"
    NullDates "null-dates" Form "تواريخ الشخص فارغة (مقبول)" "The dates of the person are null (allowed)"
    HugePhoto "huge-photo" Form "صورة حجمها ميغابايت" "A photo of one megabyte"

    SlowBody "slow-body" Network "إرسال بطيء للرد" "The answer trickles"
    ErrorReply "error-reply" Network "خطأ عند استلام الطلب" "An error in reply to the request"
    InvalidRequest "invalid-request" Network "الطلب غير صالح" "The request is said to be invalid"
    UnknownProvider "unknown-provider" Network "الجهة غير مسجلة" "The provider is said to be unknown"
    CallbackRefused "callback-refused" Network "عنوان الرد غير مسجل" "The callback address is said to be unregistered"
    NewErrorCode "new-error-code" Network "رمز خطأ جديد (4711)" "An error code that nobody knows (4711)"
    Unauthorized "unauthorized" Network "رفض الدخول 401" "HTTP 401 in reply to the request"
    NoReply "no-reply" Network "انقطاع الاتصال بعد قراءة الطلب" "The connection breaks after the request was read"
    ServerError "server-error" Network "خطأ الخادم 500" "HTTP 500 in reply to the request"
    BadGateway "bad-gateway" Network "خطأ البوابة 502" "HTTP 502 with a page in reply to the request"
    Unavailable "unavailable" Network "الخدمة متوقفة 503" "HTTP 503 in reply to the request"
    Redirected "redirected" Network "تحويل إلى عنوان آخر" "The request is redirected elsewhere"
    PageReply "page-reply" Network "صفحة ويب بدل الرد" "A web page in reply to the request"
    EmptyReply "empty-reply" Network "رد فارغ على الطلب" "An empty reply to the request"
    CutReply "cut-reply" Network "رد مبتور على الطلب" "A reply that is cut short"
    DoubleReply "double-reply" Network "بيانات وخطأ معا" "A reply with both data and error"
    HugeReply "huge-reply" Network "رد ضخم على الطلب" "A reply of one megabyte"
}

impl Scenario {
    /// The name for `midflow trigger`, the API and scenario files.
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
                | Self::ForgedFirst
                | Self::CodeAsInteger
                | Self::CodeAsName
                | Self::SpacedKey
                | Self::ChallengeAsObject
                | Self::SignerUnnamed
                | Self::FormerSigner
                | Self::ZonedDate
                | Self::ZeroDate
                | Self::Reordered
                | Self::Spaced
                | Self::Escaped
                | Self::NewMembers
                | Self::NullDates
                | Self::NoPerson
                | Self::HugePhoto
                | Self::SlowBody
                // Where nothing is signed, nothing is wrong with the signature.
                | Self::SignatureForged
                | Self::OtherDocument
        )
    }
}
