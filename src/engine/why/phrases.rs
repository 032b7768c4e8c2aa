//! The sentences of explanations, in both languages. Arabic wraps what is written from left to right in isolates, so that
//! a terminal and a page show it the same.

use super::model::Bound;
use super::model::ChangeKind;
use super::model::Effect;
use crate::policy::Then;
use crate::words::Assurance;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::Text;

/// A sentence that never changes.
pub(super) struct Phrase(&'static str, &'static str);

impl Phrase {
    pub(super) fn text(&self) -> Text {
        Text::new(self.0, self.1)
    }
}

/// What a reply of the authority means.
pub(super) fn reply(meaning: &str) -> Text {
    match meaning {
        "accepted" => Phrase("قبلت الجهة الطلب", "the authority took the request"),
        "shown" => Phrase(
            "قبلت الجهة الطلب وأعطت رمزاً للمسح",
            "the authority took the request and gave a code to be scanned",
        ),
        "answered" => Phrase("وصل الرد نفسه مباشرة", "the reply is the answer itself"),
        "refused" => Phrase("رفضت الجهة الطلب", "the authority refused the request"),
        "not_sent" => Phrase("لم يغادر الطلب هذه العقدة", "the request did not leave this node"),
        _ => Phrase(
            "لا يُعرف هل وصل الطلب إلى الجهة، ولن يُرسل مرة أخرى",
            "it is not known whether the request arrived; it is not sent again",
        ),
    }
    .text()
}

/// How a callback was placed.
pub(super) fn callback(placed: &str) -> Text {
    match placed {
        "duplicate" => Phrase("وصل الرد نفسه مرة أخرى", "the same answer arrived again"),
        "late" => Phrase(
            "وصل رد بعد انتهاء الطلب",
            "an answer arrived after the flow had ended",
        ),
        "excess" => Phrase(
            "وصل رد زائد عن الحد، فحُفظت بصمته وحدها",
            "one answer too many arrived; only its digest is kept",
        ),
        _ => Phrase("وصل رد", "an answer arrived"),
    }
    .text()
}

/// What was found in a callback.
pub(super) fn verdict(conclusion: &str, outcome: Option<Outcome>, late: bool) -> Text {
    let said = match (conclusion, outcome) {
        ("approved", _) => Phrase(
            "تم التحقق من الرد: وافق الشخص",
            "the answer was verified: the person approved",
        )
        .text(),
        ("ended", Some(outcome)) => Text::new(
            format!("تم التحقق من الرد، ونتيجته {}", isolated(outcome.code())),
            format!("the answer was verified, and says `{outcome}`"),
        ),
        _ => Phrase(
            "لم يُعتمد الرد، وبقي الطلب ينتظر",
            "the answer was not believed; the flow goes on waiting",
        )
        .text(),
    };
    if late {
        return Text::new(
            format!("{}، بعد انتهاء الطلب فلم يغيّر شيئاً", said.ar),
            format!("{}; the flow had ended, so it changed nothing", said.en),
        );
    }
    said
}

/// How a flow ended.
pub(super) fn ended(outcome: Outcome) -> Text {
    Text::new(
        format!("انتهى الطلب بالنتيجة {}", isolated(outcome.code())),
        format!("the flow ended as `{outcome}`"),
    )
}

/// How an attempt to tell the e-service went.
pub(super) fn delivery(result: &str) -> Text {
    match result {
        "delivered" => Phrase(
            "أُبلغت الخدمة الإلكترونية بالنتيجة",
            "the e-service was told the outcome",
        ),
        "parked" => Phrase(
            "تعذّر إبلاغ الخدمة الإلكترونية، وأُوقفت المحاولات",
            "the e-service could not be told, and no more attempts are made",
        ),
        _ => Phrase(
            "تعذّر إبلاغ الخدمة الإلكترونية، وستُعاد المحاولة",
            "the e-service could not be told; it is tried again",
        ),
    }
    .text()
}

/// A change as a sentence.
pub(super) fn change(
    kind: ChangeKind,
    what: &str,
    was: Option<&str>,
    bound: &Bound,
    effects: &[Effect],
) -> Text {
    let follows = effects_text(effects);
    let (ar, en) = match kind {
        ChangeKind::Check => return check(what, bound, &follows),
        ChangeKind::Outcome => return other_outcome(what, &follows),
        ChangeKind::Time | ChangeKind::EndingTime => return time(kind, bound, &follows),
        ChangeKind::Person => (
            format!("لو كان {} {}", isolated(what), claim_ar(bound)),
            format!("had `{what}` been {}", claim_en(bound)),
        ),
        ChangeKind::Input | ChangeKind::Channel | ChangeKind::Locale | ChangeKind::Attempt => {
            let (was_ar, was_en) = match was {
                Some(NOT_PASSED) => (" (غير مرسلة)".to_owned(), " (not passed)".to_owned()),
                Some(was) => (format!(" ({})", isolated(was)), format!(" {was}")),
                None => (String::new(), String::new()),
            };
            (
                format!("{}{was_ar}: لو كانت القيمة {}", isolated(what), bound_ar(bound)),
                format!("`{what}`{was_en}: with {}", bound_en(bound)),
            )
        }
    };
    Text::new(format!("{ar} {}", follows.ar), format!("{en}, {}", follows.en))
}

fn check(what: &str, bound: &Bound, follows: &Text) -> Text {
    if *bound == Bound::Passed {
        return Text::new(
            format!("لو نجح الفحص {} وكل ما يليه {}", isolated(what), follows.ar),
            format!(
                "had the check `{what}` passed, and every check after it, {}",
                follows.en
            ),
        );
    }
    if what.contains(", ") {
        return Text::new(
            format!("لو لم ينجح أحد الفحوص {} {}", isolated(what), follows.ar),
            format!("had one of the checks {what} failed, {}", follows.en),
        );
    }
    Text::new(
        format!("لو لم ينجح الفحص {} {}", isolated(what), follows.ar),
        format!("had the check `{what}` failed, {}", follows.en),
    )
}

fn other_outcome(what: &str, follows: &Text) -> Text {
    let class = OutcomeClass::from_name(what);
    let (ar, en) = match class {
        Some(OutcomeClass::Approved) => (
            "لو وافق الشخص وتم التحقق من رده",
            "had the person approved, verifiably",
        ),
        Some(OutcomeClass::Declined) => ("لو رفض الشخص الطلب", "had the person declined"),
        Some(OutcomeClass::Timeout) => (
            "لو لم يرد الشخص في الوقت المحدد",
            "had the person not answered in time",
        ),
        Some(OutcomeClass::Error) => ("لو حدث عطل لدى الجهة", "had the authority failed"),
        _ => (
            "لو لم تتمكن الجهة من التحقق من الشخص",
            "had the authority not verified the person",
        ),
    };
    Text::new(format!("{ar} {}", follows.ar), format!("{en}, {}", follows.en))
}

fn time(kind: ChangeKind, bound: &Bound, follows: &Text) -> Text {
    let (ar, en) = match (kind, bound) {
        (ChangeKind::Time, Bound::Until(at)) => (
            format!("لو قُدّم الطلب حتى {}", isolated(at)),
            format!("had it been asked at {at} or before"),
        ),
        (ChangeKind::Time, Bound::From(at)) => (
            format!("لو قُدّم الطلب ابتداءً من {}", isolated(at)),
            format!("had it been asked at {at} or soon after"),
        ),
        (_, Bound::Until(at)) => (
            format!("لو انتهى الطلب حتى {}", isolated(at)),
            format!("had it ended at {at} or before"),
        ),
        (_, bound) => {
            let at = value(bound);
            (
                format!("لو انتهى الطلب ابتداءً من {}", isolated(at)),
                format!("had it ended at {at} or soon after"),
            )
        }
    };
    Text::new(format!("{ar} {}", follows.ar), format!("{en}, {}", follows.en))
}

fn effects_text(effects: &[Effect]) -> Text {
    let all: Vec<Text> = effects.iter().map(effect).collect();
    let join = |texts: Vec<&str>, and: &str| texts.join(and);
    Text::new(
        join(all.iter().map(|text| text.ar.as_str()).collect(), " و"),
        join(all.iter().map(|text| text.en.as_str()).collect(), " and "),
    )
}

/// Each Arabic effect begins with the letter that answers a condition.
fn effect(effect: &Effect) -> Text {
    match effect {
        Effect::Sent(level) => Text::new(
            format!("لأُرسل الطلب بمستوى تحقق {}", level_ar(*level)),
            format!("the request would have been sent, asking for {level} assurance"),
        ),
        Effect::Refused { outcome, code } => Text::new(
            format!(
                "لرُفض الطلب قبل إرساله ({})",
                isolated(&named(*outcome, code.as_deref()))
            ),
            format!(
                "the policy would have refused before anything was sent ({})",
                named(*outcome, code.as_deref())
            ),
        ),
        Effect::Assurance(level) => Text::new(
            format!("لطُلب مستوى تحقق {}", level_ar(*level)),
            format!("{level} assurance would have been asked"),
        ),
        Effect::Fields(fields) => Text::new(
            format!("لطُلبت الحقول {}", isolated(&fields.join(", "))),
            format!("the fields asked for would have been {}", fields.join(", ")),
        ),
        Effect::ExpiresIn(time) => Text::new(
            format!("لكانت مهلة الرد {}", isolated(time)),
            format!("the person would have had {time} to answer"),
        ),
        Effect::Outcome { outcome, code } => Text::new(
            format!(
                "لانتهى الطلب بالنتيجة {}",
                isolated(&named(*outcome, code.as_deref()))
            ),
            format!(
                "the flow would have ended as {}",
                named(*outcome, code.as_deref())
            ),
        ),
        Effect::Then(then) => Text::new(
            format!("لكان القرار {}", then_ar(*then)),
            format!("the decision would have been `{}`", then.as_str()),
        ),
        Effect::Say => Phrase("لقرأ الشخص نصاً آخر", "the person would have read another text").text(),
        Effect::Waits => Phrase(
            "لما اعتُمد الرد ولبقي الطلب ينتظر",
            "the answer would not have been believed and the flow would have gone on waiting",
        )
        .text(),
    }
}

fn named(outcome: Outcome, code: Option<&str>) -> String {
    match code {
        Some(code) => format!("{outcome}, {code}"),
        None => outcome.to_string(),
    }
}

const fn level_ar(level: Assurance) -> &'static str {
    match level {
        Assurance::Low => "منخفض",
        Assurance::Medium => "متوسط",
        Assurance::High => "عالٍ",
    }
}

const fn then_ar(then: Then) -> &'static str {
    match then {
        Then::Continue => "المتابعة",
        Then::Retry { .. } => "إعادة المحاولة",
        Then::StepUp { .. } => "رفع مستوى التحقق ثم إعادة المحاولة",
        Then::Stop => "التوقف",
    }
}

fn bound_en(bound: &Bound) -> String {
    match bound {
        Bound::AtMost(value) => format!("{value} or less"),
        Bound::AtLeast(value) => format!("{value} or more"),
        Bound::LessThan(value) => format!("less than {value}"),
        Bound::MoreThan(value) => format!("more than {value}"),
        Bound::Absent => "nothing passed".to_owned(),
        other => value(other).to_owned(),
    }
}

fn bound_ar(bound: &Bound) -> String {
    match bound {
        Bound::AtMost(value) => format!("{} أو أقل", isolated(value)),
        Bound::AtLeast(value) => format!("{} أو أكثر", isolated(value)),
        Bound::LessThan(value) => format!("أقل من {}", isolated(value)),
        Bound::MoreThan(value) => format!("أكثر من {}", isolated(value)),
        Bound::Absent => "غير مرسلة".to_owned(),
        other => isolated(value(other)),
    }
}

fn claim_en(bound: &Bound) -> &'static str {
    match bound {
        Bound::Absent => "false or not proved",
        _ => "proved",
    }
}

fn claim_ar(bound: &Bound) -> &'static str {
    match bound {
        Bound::Absent => "غير مثبت",
        _ => "مثبتاً",
    }
}

fn value(bound: &Bound) -> &str {
    match bound {
        Bound::Exactly(value)
        | Bound::AtMost(value)
        | Bound::AtLeast(value)
        | Bound::LessThan(value)
        | Bound::MoreThan(value)
        | Bound::From(value)
        | Bound::Until(value) => value,
        Bound::Absent | Bound::Passed | Bound::Failed => "",
    }
}

/// What is written from left to right, inside Arabic.
fn isolated(text: &str) -> String {
    format!("\u{2066}{text}\u{2069}")
}

/// What an input was that the e-service did not pass.
pub(super) const NOT_PASSED: &str = "()";
/// A document was handed in, to be signed.
pub(super) const DOCUMENT: Phrase = Phrase(
    "سُلّم المستند المطلوب توقيعه",
    "the document to be signed was handed in",
);
/// The person confirmed what has to be confirmed before signing.
pub(super) const CONSENT: Phrase = Phrase(
    "أقر الشخص بالاطلاع على المستند وبموافقته على توقيعه",
    "the person confirmed having read the document and agreeing to sign it",
);
/// A browser opened the page first.
pub(super) const BROWSER: Phrase = Phrase(
    "فُتحت صفحة الطلب أول مرة، وصارت لهذا المتصفح وحده",
    "the page was opened first, and belongs to that browser alone",
);
/// Somebody said that the person had not asked for this.
pub(super) const STEP: Phrase = Phrase("بدأت خطوة في مسار", "a step of a journey began");
pub(super) const NOT_ME: Phrase = Phrase(
    "ورد بلاغ بأن صاحب الهوية لم يطلب هذه العملية",
    "it was reported that the person had not asked for this",
);
/// What was kept of the person was put right.
pub(super) const CORRECTION: Phrase = Phrase(
    "صُحّحت بيانات صاحب الهوية بسجل جديد يشير إلى السجل الأصلي، وبقي الأصل كما هو",
    "what was kept of the person was put right by a new record that refers to the old one, which stays",
);
/// A step of an application for data.
pub(super) const APPLICATION: Phrase = Phrase(
    "سُجّلت خطوة في طلب يخص البيانات الشخصية",
    "a step of an application about personal data was recorded",
);
/// A request is on record and leaves.
pub(super) const REQUEST: Phrase = Phrase(
    "سُجّل الطلب ثم أُرسل إلى الجهة",
    "the request was recorded, then sent to the authority",
);
/// The outcome notice was written down, before the first attempt to deliver it.
pub(super) const NOTICE: Phrase = Phrase(
    "سُجل إشعار النتيجة قبل إرساله إلى الخدمة",
    "the outcome notice was recorded before it is sent to the e-service",
);
/// A flow was refused before anything was sent.
pub(super) const REFUSAL: Phrase = Phrase(
    "رُفض الطلب قبل إرسال أي شيء",
    "the flow was refused before anything was sent",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reads_as_a_sentence_in_both_languages() {
        let says = change(
            ChangeKind::Input,
            "inputs.amount",
            Some("600"),
            &Bound::AtMost("500".to_owned()),
            &[
                Effect::Assurance(Assurance::Medium),
                Effect::ExpiresIn("5m".to_owned()),
            ],
        );
        assert_eq!(
            says.en,
            "`inputs.amount` 600: with 500 or less, medium assurance would have been asked and the person would \
             have had 5m to answer"
        );
        assert_eq!(
            says.ar.replace(['\u{2066}', '\u{2069}'], ""),
            "inputs.amount (600): لو كانت القيمة 500 أو أقل لطُلب مستوى تحقق متوسط ولكانت مهلة الرد 5m"
        );
    }

    #[test]
    fn what_is_isolated_is_closed_again() {
        for text in [
            verdict("ended", Some(Outcome::WrongPerson), true),
            ended(Outcome::Approved),
            change(
                ChangeKind::Time,
                "time",
                None,
                &Bound::Until("2026".to_owned()),
                &[Effect::Waits],
            ),
            change(ChangeKind::Check, "stamp", None, &Bound::Failed, &[Effect::Waits]),
        ] {
            let count = |letter| text.ar.matches(letter).count();
            assert_eq!(count('\u{2066}'), count('\u{2069}'), "{text:?}");
            assert!(!text.en.contains('\u{2066}'));
        }
    }
}
