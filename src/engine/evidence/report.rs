//! The report for people: one page that needs nothing but itself, in Arabic and English, and prints on A4.

use std::fmt::Write as _;

use crate::audit::FlowRow;
use crate::audit::log::Checkpoint;
use crate::audit::log::VerifierKey;
use crate::catalog::Catalog;
use crate::engine::Why;
use crate::engine::detail::Detail;
use crate::engine::paper::bdi;
use crate::engine::paper::both;
use crate::engine::paper::escape;
use crate::engine::paper::head;
use crate::engine::paper::ltr;
use crate::engine::paper::moment;
use crate::engine::rights::Correction;
use crate::policy::Then;
use crate::words::Field;
use crate::words::FieldValue;
use crate::words::Purpose;
use crate::words::Text;

/// What the report tells.
pub(super) struct Told<'a> {
    pub(super) why: &'a Why,
    pub(super) row: &'a FlowRow,
    pub(super) detail: &'a Detail,
    pub(super) catalog: Option<&'a Catalog>,
    pub(super) corrections: &'a [Correction],
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) key: &'a VerifierKey,
}

/// The page.
pub(super) fn page(told: &Told<'_>) -> String {
    let mut page = Page(String::with_capacity(32 * 1024));
    page.0
        .push_str(&head(&Text::new("تقرير إثبات", "Evidence report")));
    page.about(told);
    page.ending(told);
    page.corrections(told);
    page.steps(told);
    page.log(told);
    page.0.push_str("</body>\n</html>\n");
    page.0
}

struct Page(String);

impl Page {
    fn about(&mut self, told: &Told<'_>) {
        let why = told.why;
        let service = told
            .catalog
            .and_then(|catalog| catalog.service(why.service.as_str()));
        self.section("الموضوع", "What this is about");
        if let Some(catalog) = told.catalog {
            self.text(
                "الجهة مقدمة الخدمة",
                "Service provider",
                &catalog.organization().name,
            );
        }
        match service {
            Some(loaded) => self.text("الخدمة الإلكترونية", "E-service", &loaded.service.name),
            None => self.code("الخدمة الإلكترونية", "E-service", why.service.as_str()),
        }
        self.code("رقم الطلب", "Flow", &why.flow.to_string());
        if let Some(number) = &told.row.subject {
            self.code(
                "الرقم المدني للشخص المطلوب",
                "Civil number of the person asked",
                number.expose(Purpose::Evidence),
            );
        }
        if let Some(plan) = &told.detail.plan {
            self.text(
                "السبب كما ظهر على الهاتف",
                "Reason as shown on the phone",
                &plan.reason,
            );
            self.code("مستوى التحقق المطلوب", "Assurance asked", plan.assurance.as_str());
        }
        self.code(
            "رقم المطابقة",
            "Number to compare",
            told.detail.challenge.as_str(),
        );
        self.code("بدأ", "Began", &moment(why.began));
        if let Some(at) = told.detail.ended_at {
            self.code("انتهى", "Ended", &moment(at));
        }
        self.end();
    }

    fn ending(&mut self, told: &Told<'_>) {
        self.section("النتيجة والقرار", "Outcome and decision");
        if let Some(outcome) = told.why.outcome {
            self.text("النتيجة", "Outcome", &outcome.text());
            self.code("رمز النتيجة", "Code of the outcome", outcome.code());
        }
        if let Some(decision) = &told.detail.decision {
            self.text("القرار", "Decision", &then(decision.then));
            self.text("ما قيل للشخص", "What the person was told", &decision.say);
            self.code("السطر الذي قرر", "Rule that decided", &decision.rule.to_string());
        }
        let line = told
            .why
            .decision
            .as_ref()
            .and_then(|decision| decision.rule.as_ref()?.line.clone());
        if let Some(line) = line {
            self.code("نص السطر", "Its text", &line);
        }
        self.end();
    }

    /// What the provider has put right since: the flow itself was decided on what stood there before.
    fn corrections(&mut self, told: &Told<'_>) {
        if told.corrections.is_empty() {
            return;
        }
        self.section("بيانات صُحّحت بعد انتهاء الطلب", "Data put right after the end");
        for correction in told.corrections {
            let record = &correction.record;
            for (name, change) in &correction.changes {
                let label = Field::parse(name.as_str())
                    .map_or_else(|_| Text::new(name.as_str(), name.as_str()), |field| field.label());
                let says = format!(
                    "<span class=\"ar\">كان: {was}، والصحيح: {is}</span>\
                     <span class=\"en\" lang=\"en\" dir=\"ltr\">was {was}, is {is}</span>\
                     <span class=\"ar\">قدّمه {by} واعتمده {second}، السجل {seq} يصحح السجل {corrects}</span>\
                     <span class=\"en\" lang=\"en\" dir=\"ltr\">by {by}, approved by {second}; record {seq} puts record \
                     {corrects} right ({basis}, {reference})</span>",
                    was = isolated(&change.was),
                    is = isolated(&change.is),
                    by = bdi(&record.by),
                    second = bdi(&record.approved_by),
                    seq = ltr(&correction.seq.to_string()),
                    corrects = ltr(&record.corrects.to_string()),
                    basis = escape(&record.basis),
                    reference = bdi(&record.reference),
                );
                self.row(&escape(&label.ar), &escape(&label.en), &says);
            }
        }
        self.end();
    }

    fn steps(&mut self, told: &Told<'_>) {
        self.heading(
            "ما حدث، بالترتيب كما سُجل (بتوقيت الكويت)",
            "What happened, in the order of the log (Kuwait time)",
        );
        self.0.push_str("<table class=\"steps\"><thead><tr><th>رقم السجل<br><span class=\"en\">Record</span></th><th>الوقت<br><span class=\"en\">Time</span></th><th>الحدث<br><span class=\"en\">Event</span></th></tr></thead><tbody>\n");
        for step in &told.why.steps {
            let _ = write!(
                self.0,
                "<tr><td>{}</td><td>{}</td><td>{}",
                ltr(&step.seq.to_string()),
                ltr(&moment(step.at)),
                both(&step.says)
            );
            if let Some(message) = &step.message {
                let _ = write!(
                    self.0,
                    "<span class=\"digest\">{}</span>",
                    ltr(&message.digest.to_string())
                );
            }
            if !step.checks.is_empty() {
                self.0.push_str("<ul dir=\"ltr\" lang=\"en\">");
                for check in &step.checks {
                    let mark = if check.passed { "✓" } else { "✗" };
                    let _ = write!(
                        self.0,
                        "<li>{mark} {}: {}</li>",
                        escape(&check.name),
                        escape(&check.detail)
                    );
                }
                self.0.push_str("</ul>");
            }
            self.0.push_str("</td></tr>\n");
        }
        self.0.push_str("</tbody></table></section>\n");
    }

    fn log(&mut self, told: &Told<'_>) {
        self.section("الإثبات", "Proof");
        self.code("السجل", "Log", &told.checkpoint.origin);
        self.code(
            "عدد السجلات عند التوقيع",
            "Records when it was signed",
            &told.checkpoint.size.to_string(),
        );
        self.code(
            "بصمة السجل كله",
            "Root of the whole log",
            &told.checkpoint.root.to_string(),
        );
        self.code(
            "المفتاح العام للسجل",
            "Public key of the log",
            &told.key.to_string(),
        );
        self.code(
            "السياسات التي طُبقت",
            "Policies that were applied",
            &told.why.catalog.to_string(),
        );
        self.end();
        let _ = writeln!(
            self.0,
            "<p>{}</p>",
            both(&Text::new(
                "كل سجل أعلاه جزء من سجل موقّع لا يمكن تغييره دون أن يظهر ذلك، ومحتوى كل رسالة محفوظ كما ورد. يبيّن الملف VERIFY.md كيفية التحقق من ذلك كله دون الرجوع إلى الجهة، ويجب أن يطابق المفتاح العام المفتاح الذي تنشره الجهة.",
                "Each record above is part of a signed log that can't be changed without it showing, and every message is kept as it came. VERIFY.md says how to verify all of it without the provider; the public key has to be the one that the provider publishes.",
            ))
        );
    }

    fn section(&mut self, ar: &str, en: &str) {
        self.heading(ar, en);
        self.0.push_str("<table><tbody>\n");
    }

    fn heading(&mut self, ar: &str, en: &str) {
        let _ = writeln!(
            self.0,
            "<section><h2>{ar} <span class=\"en\" lang=\"en\" dir=\"ltr\">{en}</span></h2>"
        );
    }

    fn end(&mut self) {
        self.0.push_str("</tbody></table></section>\n");
    }

    fn text(&mut self, ar: &str, en: &str, value: &Text) {
        self.row(ar, en, &both(value));
    }

    fn code(&mut self, ar: &str, en: &str, value: &str) {
        self.row(ar, en, &ltr(value));
    }

    fn row(&mut self, ar: &str, en: &str, value: &str) {
        let _ = writeln!(
            self.0,
            "<tr><th>{ar}<br><span class=\"en\" lang=\"en\" dir=\"ltr\">{en}</span></th><td>{value}</td></tr>"
        );
    }
}

fn isolated(value: &FieldValue) -> String {
    match value {
        FieldValue::Text(text) | FieldValue::Date(text) => bdi(text),
        FieldValue::Flag(true) => "✓".to_owned(),
        FieldValue::Flag(false) => "✗".to_owned(),
    }
}

fn then(then: Then) -> Text {
    match then {
        Then::Continue => Text::new("تتابع الخدمة الإلكترونية", "the e-service goes on"),
        Then::Retry { .. } => Text::new("يمكن للشخص إعادة المحاولة", "the person may try again"),
        Then::StepUp { .. } => Text::new(
            "يمكن للشخص إعادة المحاولة بعد رفع مستوى التحقق",
            "the person may try again once the assurance is raised",
        ),
        Then::Stop => Text::new("تتوقف الخدمة الإلكترونية", "the e-service stops"),
    }
}
