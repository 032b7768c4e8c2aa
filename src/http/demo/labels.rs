use crate::words::Locale;

/// What the demo calls an input, and a value to try it with. A policy gives inputs names for programs; a
/// real e-service has its own words for people, as this one has.
pub(super) struct Label {
    pub(super) text: String,
    pub(super) example: &'static str,
}

/// The label of an input; its name, with spaces, where the demo has no words for it.
pub(super) fn input(name: &str, locale: Locale) -> Label {
    match INPUTS.iter().find(|(known, ..)| *known == name) {
        Some((_, ar, en, example)) => Label {
            text: pick(locale, ar, en),
            example,
        },
        None => Label {
            text: name.replace('_', " "),
            example: "",
        },
    }
}

/// What the demo calls one of the words of a choice.
pub(super) fn choice(word: &str, locale: Locale) -> String {
    CHOICES
        .iter()
        .find(|(known, ..)| *known == word)
        .map_or_else(|| word.replace('_', " "), |(_, ar, en)| pick(locale, ar, en))
}

fn pick(locale: Locale, ar: &str, en: &str) -> String {
    match locale {
        Locale::Ar => ar.to_owned(),
        Locale::En => en.to_owned(),
    }
}

const INPUTS: [(&str, &str, &str, &str); 17] = [
    (
        "amount",
        "قيمة المخالفات بالدينار",
        "Unpaid fines, in dinars",
        "25.500",
    ),
    ("appointment", "رقم الموعد", "Appointment number", "1234567"),
    ("hour", "وقت الموعد", "Time of the appointment", "09:30"),
    ("contract", "رقم العقد", "Contract number", "20260017"),
    ("rent", "الإيجار الشهري بالدينار", "Monthly rent, in dinars", "350"),
    ("application", "رقم الطلب", "Application number", "20260001"),
    ("branch", "الفرع", "Branch", ""),
    ("copies", "عدد النسخ", "Copies", "1"),
    ("esim", "شريحة إلكترونية (eSIM)", "As an eSIM", ""),
    ("language", "لغة السجل", "Language of the transcript", ""),
    ("licence", "رقم رخصة القيادة", "Driving licence number", "123456"),
    (
        "line",
        "آخر أربعة أرقام من الخط",
        "Last four digits of the line",
        "4321",
    ),
    (
        "opening_deposit",
        "الإيداع الأول بالدينار",
        "Opening deposit, in dinars",
        "100",
    ),
    ("product", "نوع الحساب", "Kind of account", ""),
    (
        "replaced_last_year",
        "مرات الاستبدال في آخر سنة",
        "Replacements in the last year",
        "0",
    ),
    ("report", "رقم التقرير", "Report number", "1234567"),
    ("student", "الرقم الجامعي", "Student number", "21912345"),
];

const CHOICES: [(&str, &str, &str); 7] = [
    ("arabic", "العربية", "Arabic"),
    ("current", "حساب جار", "Current account"),
    ("english", "الإنجليزية", "English"),
    ("north", "الشمال", "North"),
    ("salary", "حساب راتب", "Salary account"),
    ("savings", "حساب توفير", "Savings account"),
    ("south", "الجنوب", "South"),
];
