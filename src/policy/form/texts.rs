//! First texts of a service, true of any: its authors make them theirs.

use super::FormService;
use crate::words::Capability;
use crate::words::Text;

/// What the person reads on the phone.
pub(super) fn reason(capability: Capability, service: &FormService) -> Text {
    let (ar, en) = match capability {
        Capability::VerifyQr => ("التحقق من بطاقتك لخدمة", "To verify your card for"),
        Capability::AuthQr | Capability::AuthPush => ("الدخول إلى خدمة", "Sign in to"),
        Capability::Sign => ("توقيع مستند في خدمة", "Sign a document of"),
        Capability::Notify => ("إبلاغك بما يخص خدمة", "To tell you news of"),
    };
    Text::new(
        format!("{ar} {}", service.name.ar),
        format!("{en} {}", service.name.en),
    )
}

/// How the data is used: every declared field by its name, and for how long it is kept.
pub(super) fn data_use(service: &FormService) -> Text {
    let labels: Vec<Text> = service
        .fields
        .iter()
        .map(|declared| declared.field.label())
        .collect();
    let ar: Vec<&str> = labels.iter().map(|label| label.ar.as_str()).collect();
    let en: Vec<String> = labels.iter().map(|label| lower_first(&label.en)).collect();
    Text::new(
        format!(
            "نستلم البيانات الآتية فقط: {}، ونستخدمها لخدمة {} دون غيرها. نحتفظ ببياناتك الشخصية لمدة 90 يوماً، وبسجل العملية لمدة 10 سنوات.",
            ar.join("، "),
            service.name.ar
        ),
        format!(
            "We receive only the following, and use it for {} and nothing else: {}. We keep your personal data for 90 days and the record of the transaction for 10 years.",
            service.name.en,
            en.join(", ")
        ),
    )
}

/// What the person answers for.
pub(super) fn liability() -> Text {
    Text::new(
        "موافقتك من خلال هويتك الرقمية تُعد إقراراً منك بأنك صاحب الطلب، وتتحمل مسؤولية ما يترتب عليها. لا توافق على أي طلب لم تبدأه بنفسك.",
        "By approving with your Mobile ID you confirm that you are the applicant, and you are responsible for what follows from it. Do not approve a request that you did not start yourself.",
    )
}

/// What will happen and what to do, for signing in.
pub(super) fn steps(organization: &Text) -> Vec<Text> {
    vec![
        Text::new(
            "سيصلك طلب من تطبيق «هويتي» على هاتفك خلال لحظات.",
            "A request from the Hawyti app will arrive on your phone in a moment.",
        ),
        Text::new(
            format!(
                "تأكد من ظهور اسم {} وشعارها، ومن تطابق الرقم مع الرقم الظاهر هنا.",
                organization.ar
            ),
            format!(
                "Check that it shows the name and logo of {}, and the same number as this page.",
                organization.en
            ),
        ),
        Text::new(
            "وافق على الطلب، أو ارفضه إذا اختلف أي شيء.",
            "Approve, or decline if anything differs.",
        ),
    ]
}

/// The same for signing.
pub(super) fn sign_steps(organization: &Text) -> Vec<Text> {
    vec![
        Text::new(
            "سيظهر المستند في تطبيق «هويتي» على هاتفك. اقرأه كاملاً.",
            "The document appears in the Hawyti app on your phone. Read all of it.",
        ),
        Text::new(
            format!("تأكد من ظهور اسم {} وشعارها.", organization.ar),
            format!("Check that it shows the name and logo of {}.", organization.en),
        ),
        Text::new(
            "وقّع برمزك السري، أو ارفض التوقيع إذا اختلف أي شيء.",
            "Sign with your PIN, or decline if anything differs.",
        ),
    ]
}

/// How to get Mobile ID.
pub(super) fn enrol() -> Text {
    Text::new(
        "ليست لديك هوية رقمية؟ حمّل تطبيق «هويتي» من متجر التطبيقات الرسمي وسجّل فيه ببطاقتك المدنية.",
        "No Mobile ID yet? Get the Hawyti app from the official app store and enrol with your civil ID card.",
    )
}

/// The answers to every ending: the outcome, what happens next, and what is said.
pub(super) fn outcomes() -> Vec<(&'static str, &'static str, Text)> {
    vec![
        (
            "approved",
            "then: continue",
            Text::new(
                "تم التحقق من هويتك. يمكنك الآن المتابعة.",
                "Your identity has been verified. You can go on now.",
            ),
        ),
        (
            "declined",
            "then: stop",
            Text::new(
                "رفضتَ الطلب من هاتفك، ولم يُنفَّذ شيء. إذا لم تكن أنت من بدأ الطلب فلا يلزمك أي إجراء.",
                "You declined the request on your phone, so nothing was done. If you did not start it, there is nothing you need to do.",
            ),
        ),
        (
            "timeout",
            "then: retry\n    attempts: 2",
            Text::new(
                "لم يصلنا ردك خلال المهلة المحددة، ولم يُنفَّذ شيء. تأكد من اتصال هاتفك بالإنترنت ثم أعد المحاولة.",
                "Your answer did not reach us in time, so nothing was done. Check that your phone is online, then try again.",
            ),
        ),
        (
            "error",
            "then: retry\n    attempts: 2",
            Text::new(
                "تعذّر إتمام الطلب بسبب عطل فني، ولم يُنفَّذ شيء. نرجو إعادة المحاولة بعد قليل.",
                "A technical fault stopped the request, so nothing was done. Please try again shortly.",
            ),
        ),
        (
            "other",
            "then: stop",
            Text::new(
                "تعذّر التحقق من هويتك، ولم يُنفَّذ شيء. نرجو مراجعتنا مصطحباً بطاقتك المدنية.",
                "Your identity could not be verified, so nothing was done. Please visit us with your civil ID card.",
            ),
        ),
        (
            "other.not_enrolled",
            "then: stop",
            Text::new(
                "لا توجد هوية رقمية مفعّلة بهذا الرقم المدني. سجّل في تطبيق «هويتي» أولاً ثم عُد إلينا.",
                "There is no active Mobile ID for this civil number. Enrol in the Hawyti app first, then come back.",
            ),
        ),
    ]
}

/// In the middle of a sentence.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
