use crate::sandbox::request::Standing;
use crate::sandbox::scenario::ScenarioGroup;
use crate::words::Assurance;
use crate::words::Locale;

/// The pages' own words in one language.
pub(super) struct Texts {
    pub(super) locale: Locale,
    pub(super) title: &'static str,
    pub(super) home_heading: &'static str,
    pub(super) home_lead: &'static str,
    pub(super) ribbon_note: &'static str,
    pub(super) other_language: &'static str,
    pub(super) skip: &'static str,
    pub(super) choose_another: &'static str,
    pub(super) civil_no: &'static str,
    pub(super) level: &'static str,
    pub(super) waiting_one: &'static str,
    pub(super) incoming: &'static str,
    pub(super) from: &'static str,
    pub(super) service: &'static str,
    pub(super) reason: &'static str,
    pub(super) compare: &'static str,
    pub(super) compare_help: &'static str,
    pub(super) no_challenge: &'static str,
    pub(super) shares: &'static str,
    pub(super) asks_level: &'static str,
    pub(super) until: &'static str,
    pub(super) approve: &'static str,
    pub(super) decline: &'static str,
    pub(super) ignore: &'static str,
    pub(super) nothing: &'static str,
    pub(super) nothing_help: &'static str,
    pub(super) earlier: &'static str,
    pub(super) provider_said: &'static str,
    pub(super) provider_silent: &'static str,
    pub(super) not_sent: &'static str,
    pub(super) drawer: &'static str,
    pub(super) drawer_help: &'static str,
    pub(super) armed: &'static str,
    pub(super) disarm: &'static str,
    pub(super) check_again: &'static str,
    pub(super) lost_heading: &'static str,
    pub(super) lost_help: &'static str,
}

impl Texts {
    pub(super) const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::Ar => &ARABIC,
            Locale::En => &ENGLISH,
        }
    }

    pub(super) const fn level_word(&self, level: Assurance) -> &'static str {
        match (self.locale, level) {
            (Locale::Ar, Assurance::Low) => "منخفض",
            (Locale::Ar, Assurance::Medium) => "متوسط",
            (Locale::Ar, Assurance::High) => "مرتفع",
            (Locale::En, Assurance::Low) => "low",
            (Locale::En, Assurance::Medium) => "medium",
            (Locale::En, Assurance::High) => "high",
        }
    }

    pub(super) const fn standing_word(&self, standing: Standing) -> &'static str {
        match (self.locale, standing) {
            (Locale::Ar, Standing::Open) => "بانتظار الرد",
            (Locale::Ar, Standing::Approved) => "تمت الموافقة",
            (Locale::Ar, Standing::Declined) => "تم الرفض",
            (Locale::Ar, Standing::Failed) => "تعذر التحقق",
            (Locale::Ar, Standing::Ignored) => "تم التجاهل",
            (Locale::Ar, Standing::Expired) => "انتهت المهلة",
            (Locale::En, Standing::Open) => "Waiting",
            (Locale::En, Standing::Approved) => "Approved",
            (Locale::En, Standing::Declined) => "Declined",
            (Locale::En, Standing::Failed) => "Failed",
            (Locale::En, Standing::Ignored) => "Ignored",
            (Locale::En, Standing::Expired) => "Expired",
        }
    }

    pub(super) const fn group_word(&self, group: ScenarioGroup) -> &'static str {
        match (self.locale, group) {
            (Locale::Ar, ScenarioGroup::People) => "الشخص وبطاقته",
            (Locale::Ar, ScenarioGroup::Timing) => "التوقيت والتكرار",
            (Locale::Ar, ScenarioGroup::Attack) => "محاولات التزوير",
            (Locale::Ar, ScenarioGroup::Form) => "صيغ غير معتادة",
            (Locale::Ar, ScenarioGroup::Network) => "الشبكة والخادم",
            (Locale::En, ScenarioGroup::People) => "People and cards",
            (Locale::En, ScenarioGroup::Timing) => "Timing and repetition",
            (Locale::En, ScenarioGroup::Attack) => "Forgeries",
            (Locale::En, ScenarioGroup::Form) => "Odd forms",
            (Locale::En, ScenarioGroup::Network) => "Network and server",
        }
    }
}

const ARABIC: Texts = Texts {
    locale: Locale::Ar,
    title: "هاتف تجريبي",
    home_heading: "من تود أن تكون؟",
    home_lead: "أشخاص غير حقيقيين لتجربة الخدمات. اختر واحدا لترى هاتفه.",
    ribbon_note: "بيئة تجريبية، ليست هوية حقيقية",
    other_language: "English",
    skip: "انتقل إلى المحتوى",
    choose_another: "اختيار شخص آخر",
    civil_no: "الرقم المدني",
    level: "مستوى التحقق",
    waiting_one: "طلب بانتظار الرد",
    incoming: "طلب جديد",
    from: "الجهة",
    service: "الخدمة",
    reason: "السبب",
    compare: "رمز المطابقة",
    compare_help: "وافق فقط إذا كان الرمز نفسه ظاهرا في صفحة الخدمة.",
    no_challenge: "أرسلت الجهة هذا الطلب بلا رمز مطابقة.",
    shares: "ستحصل الجهة على بياناتك عند الموافقة.",
    asks_level: "المستوى المطلوب",
    until: "ينتهي الطلب الساعة",
    approve: "موافقة",
    decline: "رفض",
    ignore: "تجاهل الطلب",
    nothing: "لا يوجد طلب الآن",
    nothing_help: "ابدأ خدمة بهذا الرقم المدني، وسيظهر الطلب هنا.",
    earlier: "الطلبات السابقة",
    provider_said: "رد الجهة",
    provider_silent: "لم يصل الرد إلى الجهة",
    not_sent: "لم يرسل شيء",
    drawer: "سيناريوهات الأعطال",
    drawer_help: "يطبق ما تختاره على الطلب القادم لهذا الشخص.",
    armed: "سيطبق على الطلب القادم",
    disarm: "إلغاء",
    check_again: "تحديث الصفحة",
    lost_heading: "لا توجد صفحة هنا",
    lost_help: "قد يكون الرابط غير صحيح، أو لا يوجد شخص بهذا الرقم المدني.",
};

const ENGLISH: Texts = Texts {
    locale: Locale::En,
    title: "Test phone",
    home_heading: "Who do you want to be?",
    home_lead: "People who do not exist, for trying out services. Choose one to see their phone.",
    ribbon_note: "Test environment, not a real identity",
    other_language: "العربية",
    skip: "Skip to the content",
    choose_another: "Choose another person",
    civil_no: "Civil number",
    level: "Assurance",
    waiting_one: "a request is waiting",
    incoming: "New request",
    from: "Organization",
    service: "Service",
    reason: "Reason",
    compare: "Matching code",
    compare_help: "Approve only if the page of the service shows the same code.",
    no_challenge: "The organization sent this request without a matching code.",
    shares: "The organization receives your details if you approve.",
    asks_level: "Level asked for",
    until: "The request ends at",
    approve: "Approve",
    decline: "Decline",
    ignore: "Ignore the request",
    nothing: "No request now",
    nothing_help: "Start a service with this civil number, and the request appears here.",
    earlier: "Earlier requests",
    provider_said: "The organization answered",
    provider_silent: "The answer did not reach the organization",
    not_sent: "Nothing was sent",
    drawer: "Misbehaviours",
    drawer_help: "What you choose happens to this person's next request.",
    armed: "Happens to the next request",
    disarm: "Cancel",
    check_again: "Refresh",
    lost_heading: "There is no page here",
    lost_help: "The link may be wrong, or nobody has this civil number.",
};
