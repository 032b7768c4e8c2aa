//! An explanation for a terminal, in one language.

use std::fmt::Write as _;

use crate::engine::Again;
use crate::engine::Change;
use crate::engine::Message;
use crate::engine::PlannedValue;
use crate::engine::Reckoned;
use crate::engine::RuleLine;
use crate::engine::Step;
use crate::engine::Why;
use crate::policy::Place;
use crate::script::Trace;
use crate::words::Locale;
use crate::words::Timestamp;

/// The whole explanation.
pub(super) fn page(why: &Why, locale: Locale) -> String {
    let mut page = Page {
        out: String::new(),
        words: if locale == Locale::Ar { &AR } else { &EN },
        locale,
    };
    page.head(why);
    page.steps(why);
    page.plan(why);
    if let Some(decision) = &why.decision {
        page.decision(decision);
    }
    page.deliveries(why);
    page.nearest(&why.nearest);
    page.again(&why.again);
    page.out
}

struct Page {
    out: String,
    words: &'static Words,
    locale: Locale,
}

impl Page {
    fn line(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.out, "{:indent$}{text}", "");
    }

    fn title(&mut self, title: &str) {
        self.line(0, "");
        self.line(0, title);
    }

    /// What is written from left to right, set apart where the rest of the line is not.
    fn ltr(&self, text: impl std::fmt::Display) -> String {
        match self.locale {
            Locale::Ar => format!("\u{2066}{text}\u{2069}"),
            Locale::En => text.to_string(),
        }
    }

    fn head(&mut self, why: &Why) {
        let words = self.words;
        self.line(0, &self.ltr(why.flow));
        let what = format!(
            "{}  {}  {}  {}  {}",
            why.service,
            why.capability,
            why.channel,
            why.locale,
            why.catalog.short()
        );
        self.line(
            0,
            &format!("{}  {} {}", self.ltr(what), words.attempt, why.attempt),
        );
        let began = format!("{} {}", day(why.began), time(why.began));
        let ended = match (&why.outcome, &why.decision) {
            (Some(outcome), Some(decision)) => {
                let code = decision.refusal.as_ref().map(|code| format!(" ({code})"));
                self.ltr(format!(
                    "{outcome}{}, {}",
                    code.unwrap_or_default(),
                    decision.then.as_str()
                ))
            }
            (Some(outcome), None) => self.ltr(outcome),
            (None, _) => words.running.to_owned(),
        };
        self.line(0, &format!("{} {}", words.began, self.ltr(began)));
        self.line(0, &format!("{} {ended}", words.ended));
    }

    fn steps(&mut self, why: &Why) {
        self.title(self.words.what_happened);
        for step in &why.steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        let when = format!(
            "#{:<5} {}  {:>8}",
            step.seq,
            time(step.at),
            format!("+{} ms", step.after_ms)
        );
        let says = step.says.in_locale(self.locale).to_owned();
        self.line(2, &format!("{}  {says}", self.ltr(when)));
        if !step.facts.is_empty() {
            let facts: Vec<String> = step
                .facts
                .iter()
                .map(|fact| format!("{} {}", fact.name, fact.value))
                .collect();
            self.line(FACTS, &self.ltr(facts.join("; ")));
        }
        if let Some(message) = &step.message {
            let told = self.message(message);
            self.line(FACTS, &told);
        }
        for check in &step.checks {
            let mark = if check.passed {
                self.words.passed
            } else {
                self.words.failed
            };
            let found = self.ltr(format!("{:12}  {}", check.name, check.detail));
            self.line(FACTS, &format!("{mark}  {found}"));
        }
    }

    fn message(&self, message: &Message) -> String {
        let size = match message.size {
            Some(size) => format!("{} {}", size, self.words.bytes),
            None => self.words.not_kept.to_owned(),
        };
        let altered = match message.intact {
            Some(false) => format!("  {}", self.words.altered),
            _ => String::new(),
        };
        format!("{size}  {}{altered}", self.ltr(message.digest))
    }

    fn plan(&mut self, why: &Why) {
        self.title(self.words.plan);
        if !why.plan.sent && why.outcome.is_some() {
            self.line(2, self.words.nothing_sent);
        }
        for value in &why.plan.values {
            self.planned(value, why.plan.rule.as_ref());
        }
        if let Some(rule) = &why.plan.rule {
            self.rule(self.words.made_by, rule);
        }
        self.trace(&why.plan.compared);
    }

    fn planned(&mut self, value: &PlannedValue, rule: Option<&RuleLine>) {
        let declared = match &value.declared {
            Some(place) => self.ltr(short(place)),
            None => self.words.built_in.to_owned(),
        };
        let shown = self.ltr(format!("{:18} {:8}", value.what, value.value));
        let line = match (&value.before, rule) {
            (Some(before), Some(rule)) => format!(
                "{shown}  {}  ({} {}, {declared})",
                self.ltr(short(&rule.place)),
                self.words.before,
                self.ltr(before)
            ),
            _ => format!("{shown}  {declared}"),
        };
        self.line(2, line.trim_end());
    }

    fn rule(&mut self, by: &str, rule: &RuleLine) {
        let place = self.ltr(&rule.place);
        self.line(2, &format!("{by} {place}"));
        if let Some(line) = &rule.line {
            let line = self.ltr(line);
            self.line(4, &line);
        }
    }

    fn trace(&mut self, trace: &Trace) {
        if trace.tests.is_empty() {
            return;
        }
        self.line(2, self.words.compared);
        for test in &trace.tests {
            let held = match test.held {
                Some(true) => self.words.held,
                Some(false) => self.words.not_held,
                None => "",
            };
            let told = self.ltr(format!("{}  {}", short(&test.place), test));
            self.line(4, format!("{told}  {held}").trim_end());
        }
        if trace.cut {
            self.line(4, "…");
        }
    }

    fn decision(&mut self, decision: &Reckoned) {
        self.title(self.words.decision);
        let attempts = decision.then.attempts().map(|attempts| format!(" ({attempts})"));
        let made = self.ltr(format!(
            "{}{}",
            decision.then.as_str(),
            attempts.unwrap_or_default()
        ));
        self.line(2, &made);
        if let Some(asked) = decision.asked {
            self.line(2, &format!("{} {}", self.words.asked, self.ltr(asked)));
        }
        if let Some(fault) = &decision.fault {
            self.line(2, &format!("{} {}", self.words.fault, self.ltr(fault)));
        }
        if let Some(rule) = &decision.rule {
            self.rule(self.words.decided_by, rule);
        }
        self.trace(&decision.compared);
    }

    fn deliveries(&mut self, why: &Why) {
        if why.outcome.is_none() {
            return;
        }
        self.title(self.words.delivery);
        if why.deliveries.is_empty() {
            self.line(2, self.words.no_notice);
        }
        for delivery in &why.deliveries {
            let done = match delivery.delivered_at {
                Some(at) => format!("{} {}", self.words.delivered, self.ltr(time(at))),
                None => self.words.not_delivered.to_owned(),
            };
            let line = format!(
                "{}  {done}  {} {}  {} {}  {}",
                self.ltr(&delivery.host),
                self.words.attempts,
                delivery.attempts,
                delivery.size,
                self.words.bytes,
                self.ltr(delivery.digest),
            );
            self.line(2, &line);
        }
    }

    fn nearest(&mut self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        self.title(self.words.nearest);
        for change in changes {
            let says = change.says.in_locale(self.locale).to_owned();
            let by = match &change.by {
                Some(place) => format!("  ({})", self.ltr(short(place))),
                None => String::new(),
            };
            self.line(2, &format!("{says}{by}"));
        }
    }

    fn again(&mut self, again: &Again) {
        self.title(self.words.again);
        match again {
            Again::Same => self.line(2, self.words.same),
            Again::Partly(why_not) => {
                self.line(2, self.words.partly);
                self.line(2, &self.ltr(why_not));
            }
            Again::Impossible(why_not) => {
                self.line(2, self.words.impossible);
                self.line(2, &self.ltr(why_not));
            }
            Again::Differs(differences) => {
                self.line(2, self.words.differs);
                for difference in differences {
                    let told = format!(
                        "{}: {} -> {}",
                        difference.what, difference.was, difference.would_be
                    );
                    self.line(4, &self.ltr(told));
                }
            }
        }
    }
}

fn short(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

/// The time of day in Kuwait.
fn time(at: Timestamp) -> String {
    let local = at.in_kuwait();
    let millis = at.as_micros().rem_euclid(60_000_000) / 1_000;
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        local.hour,
        local.minute,
        millis / 1_000,
        millis % 1_000
    )
}

/// The day in Kuwait.
fn day(at: Timestamp) -> String {
    let local = at.in_kuwait();
    format!("{:04}-{:02}-{:02}", local.year, local.month, local.day)
}

struct Words {
    attempt: &'static str,
    began: &'static str,
    ended: &'static str,
    running: &'static str,
    what_happened: &'static str,
    bytes: &'static str,
    not_kept: &'static str,
    altered: &'static str,
    passed: &'static str,
    failed: &'static str,
    plan: &'static str,
    built_in: &'static str,
    before: &'static str,
    made_by: &'static str,
    nothing_sent: &'static str,
    decided_by: &'static str,
    compared: &'static str,
    held: &'static str,
    not_held: &'static str,
    decision: &'static str,
    asked: &'static str,
    fault: &'static str,
    delivery: &'static str,
    no_notice: &'static str,
    delivered: &'static str,
    not_delivered: &'static str,
    attempts: &'static str,
    nearest: &'static str,
    again: &'static str,
    same: &'static str,
    partly: &'static str,
    impossible: &'static str,
    differs: &'static str,
}

const EN: Words = Words {
    attempt: "attempt",
    began: "began",
    ended: "ended",
    running: "not yet; it is running",
    what_happened: "What happened (Kuwait time)",
    bytes: "bytes",
    not_kept: "bytes not kept",
    altered: "BUT THE STORED BYTES HAVE ANOTHER DIGEST",
    passed: "ok  ",
    failed: "FAIL",
    plan: "The plan",
    built_in: "built in",
    before: "the file says",
    made_by: "made by",
    nothing_sent: "nothing was sent; this is what the file says",
    decided_by: "decided by",
    compared: "the script compared",
    held: "yes",
    not_held: "no",
    decision: "The decision",
    asked: "the policy was asked about",
    fault: "the script failed at",
    delivery: "Told to the e-service",
    no_notice: "no notice was asked for",
    delivered: "delivered",
    not_delivered: "not delivered",
    attempts: "attempts",
    nearest: "What would have led elsewhere",
    again: "Asked again",
    same: "its own catalog decides the same",
    partly: "its own catalog plans the same",
    impossible: "it can't be asked again",
    differs: "ITS OWN CATALOG DOES NOT DECIDE WHAT WAS RECORDED",
};

const AR: Words = Words {
    attempt: "المحاولة",
    began: "بدأ في",
    ended: "انتهى بالنتيجة",
    running: "لم ينته بعد، وهو قيد التنفيذ",
    what_happened: "ما حدث (بتوقيت الكويت)",
    bytes: "بايت",
    not_kept: "المحتوى غير محفوظ",
    altered: "لكن المحتوى المحفوظ له بصمة أخرى",
    passed: "ناجح    ",
    failed: "غير ناجح",
    plan: "الخطة",
    built_in: "من أصل اللغة",
    before: "في الملف",
    made_by: "السطر الذي وضعها",
    nothing_sent: "لم يُرسل شيء، وهذا ما ينص عليه الملف",
    decided_by: "السطر الذي قرر",
    compared: "ما قارنه النص البرمجي",
    held: "نعم",
    not_held: "لا",
    decision: "القرار",
    asked: "النتيجة التي سُئلت عنها السياسة",
    fault: "توقف النص البرمجي عند",
    delivery: "إبلاغ الخدمة الإلكترونية",
    no_notice: "لم تطلب الخدمة إبلاغها",
    delivered: "أُبلغت في",
    not_delivered: "لم تُبلَّغ",
    attempts: "المحاولات",
    nearest: "ما كان سيغيّر النتيجة",
    again: "عند السؤال من جديد",
    same: "السياسات نفسها تقرر القرار نفسه",
    partly: "السياسات نفسها تعطي الخطة نفسها",
    impossible: "لا يمكن سؤال السياسات من جديد",
    differs: "السياسات نفسها لا تقرر ما سُجل",
};

/// Where the details of a step stand: below what happened.
const FACTS: usize = 33;
