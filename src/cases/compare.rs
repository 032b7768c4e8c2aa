//! What came out against what is expected.

use super::happened::Happened;
use super::happened::Rule;
use super::happened::word;
use crate::catalog::LoadedService;
use crate::diagnostics::Label;
use crate::policy::Expect;
use crate::policy::Expected;
use crate::policy::ExpectedOutcome;
use crate::policy::ExpectedPerson;
use crate::policy::ExpectedPlan;
use crate::policy::Place;
use crate::policy::Plan;
use crate::policy::SentPlan;
use crate::policy::Then;
use crate::policy::TimeOfDay;
use crate::policy::Why;
use crate::policy::format_duration;
use crate::words::Capability;
use crate::words::FieldValue;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::Person;
use crate::words::Purpose;

/// One expectation that is not met.
#[derive(Clone, Debug)]
pub(super) struct Mismatch {
    /// Where it is written.
    pub(super) at: Label,
    /// What it is about, such as `plan.assurance`.
    pub(super) about: &'static str,
    /// What is expected, in words.
    pub(super) expected: String,
    /// What came out, in words.
    pub(super) got: String,
    /// The rule that made it so, if there is one.
    pub(super) rule: Option<Place>,
}

/// Every expectation that is not met, in the order of the keys.
pub(super) fn compare(expect: &Expect, happened: &Happened, loaded: &LoadedService) -> Vec<Mismatch> {
    let mut found = Found {
        happened,
        loaded,
        mismatches: Vec::new(),
    };
    found.turned_away(expect);
    found.steps(expect);
    if let Some(plan) = &expect.plan {
        found.plan(plan);
    }
    found.outcome(expect);
    found.decision(expect);
    found.way(expect);
    found.mismatches
}

struct Found<'a> {
    happened: &'a Happened,
    loaded: &'a LoadedService,
    mismatches: Vec<Mismatch>,
}

impl Found<'_> {
    fn turned_away(&mut self, expect: &Expect) {
        let got = self.happened.turned_away.as_ref();
        match (&expect.turned_away, got) {
            (None, _) => {}
            (Some(wanted), Some(got)) if got.rule == wanted.value => {}
            (Some(wanted), Some(got)) => {
                let told = format!("turned away by `{}`: {}", got.rule, got.detail);
                self.add(
                    &wanted.at,
                    "turned_away",
                    ticked(&wanted.value),
                    told,
                    got.place.clone(),
                );
            }
            (Some(wanted), None) => {
                let told = "the flow began".to_owned();
                self.add(&wanted.at, "turned_away", ticked(&wanted.value), told, None);
            }
        }
    }

    fn steps(&mut self, expect: &Expect) {
        let got = self.happened.way.clone();
        if let Some(wanted) = expect.at.as_ref().filter(|wanted| !got.contains(&wanted.value)) {
            let told = format!("the steps are {}", list(&got));
            self.add(
                &wanted.at,
                "at",
                format!("{} begins", ticked(&wanted.value)),
                told,
                None,
            );
        }
        if let Some(wanted) = expect.steps.as_ref().filter(|wanted| wanted.value != got) {
            self.add(&wanted.at, "steps", list(&wanted.value), list(&got), None);
        }
    }

    fn plan(&mut self, wanted: &ExpectedPlan) {
        let happened = self.happened;
        match (wanted, &happened.plan) {
            (ExpectedPlan::Nothing(_), None) => {}
            (ExpectedPlan::Nothing(at), Some((plan, rule))) => {
                let got = format!("a request with assurance `{}` is sent", plan.assurance);
                self.add(
                    at,
                    "plan",
                    "nothing is sent".to_owned(),
                    got,
                    Some(rule.place.clone()),
                );
            }
            (ExpectedPlan::Sent(wanted), None) => {
                let at = first_place(wanted);
                let got = self.nothing_sent();
                let rule = happened.decision.as_ref().map(|decision| decision.rule.clone());
                if let Some(at) = at {
                    self.add(&at, "plan", "a request is sent".to_owned(), got, rule);
                }
            }
            (ExpectedPlan::Sent(wanted), Some((plan, rule))) => self.sent(wanted, plan, rule),
        }
    }

    fn nothing_sent(&self) -> String {
        match &self.happened.turned_away {
            Some(away) => format!("turned away by `{}`: {}", away.rule, away.detail),
            None => "nothing is sent".to_owned(),
        }
    }

    fn sent(&mut self, wanted: &SentPlan, plan: &Plan, rule: &Rule) {
        let place = Some(rule.place.clone());
        if let Some(level) = &wanted.assurance
            && level.value != plan.assurance
        {
            let (expected, got) = (ticked(level.value.as_str()), ticked(plan.assurance.as_str()));
            self.add(&level.at, "plan.assurance", expected, got, place.clone());
        }
        if let Some(fields) = &wanted.fields {
            let got: Vec<String> = plan
                .fields
                .iter()
                .map(|field| field.name().as_str().to_owned())
                .collect();
            if !same_set(&fields.value, &got) {
                self.add(
                    &fields.at,
                    "plan.fields",
                    list(&fields.value),
                    list(&got),
                    place.clone(),
                );
            }
        }
        if let Some(time) = &wanted.expires_in
            && time.value != plan.expires_in
        {
            let (expected, got) = (format_duration(time.value), format_duration(plan.expires_in));
            self.add(
                &time.at,
                "plan.expires_in",
                ticked(&expected),
                ticked(&got),
                place.clone(),
            );
        }
        self.text(
            wanted.reason_ar.as_ref(),
            "plan.reason.ar",
            &plan.reason.ar,
            place.clone(),
        );
        self.text(
            wanted.reason_en.as_ref(),
            "plan.reason.en",
            &plan.reason.en,
            place,
        );
        self.why(wanted.why.as_ref(), "plan.why", rule);
        self.sent_at(wanted.sent_at.as_ref(), rule);
    }

    fn sent_at(&mut self, wanted: Option<&Expected<TimeOfDay>>, rule: &Rule) {
        let got = self.happened.sent_at.and_then(|at| {
            let local = at.in_kuwait();
            TimeOfDay::of(local.hour, local.minute)
        });
        if let Some(wanted) = wanted.filter(|wanted| got != Some(wanted.value)) {
            let told = got.map_or_else(|| "nothing is sent".to_owned(), |time| ticked(&time.to_string()));
            let expected = ticked(&wanted.value.to_string());
            self.add(
                &wanted.at,
                "plan.sent_at",
                expected,
                told,
                Some(rule.place.clone()),
            );
        }
    }

    fn outcome(&mut self, expect: &Expect) {
        let Some(wanted) = &expect.outcome else {
            return;
        };
        let meant = |outcome: Outcome| match wanted.value {
            ExpectedOutcome::Class(class) => outcome.class() == class,
            ExpectedOutcome::Leaf(leaf) => outcome == leaf,
        };
        let got = self.happened.outcome;
        if got.is_some_and(meant) {
            return;
        }
        let expected = match wanted.value {
            ExpectedOutcome::Class(class) => ticked(class.as_str()),
            ExpectedOutcome::Leaf(leaf) => ticked(leaf.code()),
        };
        let told = got.map_or_else(|| self.no_ending(), |outcome| ticked(outcome.code()));
        let rule = self.rule();
        self.add(&wanted.at, "outcome", expected, told, rule);
    }

    fn no_ending(&self) -> String {
        match &self.happened.turned_away {
            Some(away) => format!("no flow began; turned away by `{}`: {}", away.rule, away.detail),
            None => "the flow did not end".to_owned(),
        }
    }

    fn decision(&mut self, expect: &Expect) {
        let decision = self.happened.decision.clone();
        let rule = self.rule();
        let then = decision.as_ref().map(|decision| decision.then);
        if let Some(wanted) = &expect.then {
            let got = then.map_or("", then_word);
            if got != wanted.value {
                let told = if got.is_empty() {
                    self.no_ending()
                } else {
                    ticked(got)
                };
                self.add(&wanted.at, "then", ticked(&wanted.value), told, rule.clone());
            }
        }
        if let Some(wanted) = &expect.attempts {
            let got = match then {
                Some(Then::Retry { attempts }) => Some(attempts),
                _ => None,
            };
            if got != Some(wanted.value) {
                let told = got.map_or_else(|| "no retry".to_owned(), |number| ticked(&number.to_string()));
                self.add(
                    &wanted.at,
                    "attempts",
                    ticked(&wanted.value.to_string()),
                    told,
                    rule.clone(),
                );
            }
        }
        if let Some(wanted) = &expect.refusal {
            let got = decision.as_ref().and_then(|decision| decision.refusal.clone());
            if got.as_ref() != Some(&wanted.value) {
                let told = got.map_or_else(|| "no refusal".to_owned(), |code| ticked(&code));
                self.add(&wanted.at, "refusal", ticked(&wanted.value), told, rule.clone());
            }
        }
        let (ar, en) = decision.as_ref().map_or(("", ""), |decision| {
            (decision.say.ar.as_str(), decision.say.en.as_str())
        });
        self.text(expect.say_ar.as_ref(), "say.ar", ar, rule.clone());
        self.text(expect.say_en.as_ref(), "say.en", en, rule);
        if let Some(wanted) = &expect.person {
            self.person(wanted);
        }
        match &decision {
            Some(decision) => {
                let rule = Rule {
                    place: decision.rule.clone(),
                    hook: self.happened.hook,
                };
                self.why(expect.why.as_ref(), "why", &rule);
            }
            None => {
                if let Some(why) = &expect.why {
                    let told = self.no_ending();
                    self.add(&why.at, "why", ticked(&why.value.to_string()), told, None);
                }
            }
        }
    }

    /// How the flow came to its end.
    fn way(&mut self, expect: &Expect) {
        if let Some(wanted) = &expect.check {
            let got = self.happened.check.as_ref();
            if got.is_none_or(|check| check.name != wanted.value) {
                let told = got.map_or_else(
                    || "every check passed".to_owned(),
                    |check| format!("`{}` fails: {}", check.name, check.detail),
                );
                self.add(
                    &wanted.at,
                    "check",
                    format!("`{}` fails", wanted.value),
                    told,
                    None,
                );
            }
        }
        if let Some(wanted) = &expect.notes {
            let got: Vec<String> = self
                .happened
                .notes
                .iter()
                .map(|note| word(*note).to_owned())
                .collect();
            if got != wanted.value {
                self.add(&wanted.at, "notes", list(&wanted.value), list(&got), None);
            }
        }
    }

    /// Values are compared and never shown: somebody may have written down a real person after all (law 13).
    fn person(&mut self, wanted: &Expected<ExpectedPerson>) {
        let got = self.happened.person.as_ref();
        let names: Vec<String> = got
            .into_iter()
            .flat_map(Person::fields)
            .map(|(name, _)| name.as_str().to_owned())
            .collect();
        let (expected, told) = match &wanted.value {
            ExpectedPerson::Nobody if got.is_none() => return,
            ExpectedPerson::Nobody => ("no person".to_owned(), list(&names)),
            ExpectedPerson::Names(wanted) if got.is_some() && same_set(wanted, &names) => return,
            ExpectedPerson::Names(wanted) => (list(wanted), list(&names)),
            ExpectedPerson::Values(values) => {
                let wanted: Vec<String> = values.keys().cloned().collect();
                let other = values.iter().find(|(name, value)| {
                    got.and_then(|person| person.field(name))
                        .is_some_and(|field| shown(field.expose(Purpose::Compare)) != **value)
                });
                match other {
                    None if got.is_some() && same_set(&wanted, &names) => return,
                    Some((name, _)) if same_set(&wanted, &names) => (
                        "the values as written".to_owned(),
                        format!("`{name}` has another value"),
                    ),
                    _ => (list(&wanted), list(&names)),
                }
            }
        };
        let rule = self.rule();
        self.add(&wanted.at, "person", expected, told, rule);
    }

    fn text(
        &mut self,
        wanted: Option<&Expected<String>>,
        about: &'static str,
        got: &str,
        rule: Option<Place>,
    ) {
        let Some(wanted) = wanted else { return };
        if !fits(&wanted.value, got) {
            let told = if got.is_empty() {
                self.no_ending()
            } else {
                format!("\"{got}\"")
            };
            self.add(&wanted.at, about, format!("\"{}\"", wanted.value), told, rule);
        }
    }

    fn why(&mut self, wanted: Option<&Expected<Why>>, about: &'static str, rule: &Rule) {
        let Some(wanted) = wanted else { return };
        let good = match &wanted.value {
            Why::Hook(name) => rule.hook.is_some_and(|hook| hook.name() == name),
            Why::Line(file, line) => {
                rule.place.file == *file && line.is_none_or(|line| line == rule.place.line)
            }
            Why::Key(key) => place_of(self.loaded, key).is_some_and(|place| place == rule.place),
        };
        if good {
            return;
        }
        let hook = rule
            .hook
            .map_or_else(String::new, |hook| format!(", in `fn {}`", hook.name()));
        let told = format!("{}{hook}", rule.place);
        self.add(
            &wanted.at,
            about,
            ticked(&wanted.value.to_string()),
            told,
            Some(rule.place.clone()),
        );
    }

    fn rule(&self) -> Option<Place> {
        self.happened
            .decision
            .as_ref()
            .map(|decision| decision.rule.clone())
    }

    fn add(&mut self, at: &Label, about: &'static str, expected: String, got: String, rule: Option<Place>) {
        self.mismatches.push(Mismatch {
            at: at.clone(),
            about,
            expected,
            got,
            rule: rule.filter(|place| !place.file.is_empty()),
        });
    }
}

/// Where a key of the service file stands.
fn place_of(loaded: &LoadedService, key: &str) -> Option<Place> {
    let service = &loaded.service;
    if let Some(name) = key.strip_prefix("capabilities.") {
        let capability = Capability::from_name(name)?;
        return service
            .capability(capability)
            .map(|settings| settings.place.clone());
    }
    let name = key.strip_prefix("outcomes.")?;
    let response = match OutcomeClass::from_name(name) {
        Some(class) => Some(service.outcomes.of_class(class)),
        None => service.outcomes.codes.get(&Outcome::from_code(name)?),
    };
    response.map(|response| response.place.clone())
}

/// Whether a text is the wanted one; `…` in the wanted one stands for anything.
pub(super) fn fits(wanted: &str, got: &str) -> bool {
    let mut parts = wanted.split('…');
    let Some(mut rest) = parts.next().and_then(|first| got.strip_prefix(first)) else {
        return false;
    };
    let mut open = false;
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        open = true;
        if index + 1 == parts.len() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    open || rest.is_empty()
}

fn first_place(plan: &SentPlan) -> Option<Label> {
    let places = [
        plan.assurance.as_ref().map(|one| &one.at),
        plan.fields.as_ref().map(|one| &one.at),
        plan.expires_in.as_ref().map(|one| &one.at),
        plan.reason_ar.as_ref().map(|one| &one.at),
        plan.reason_en.as_ref().map(|one| &one.at),
        plan.why.as_ref().map(|one| &one.at),
        plan.sent_at.as_ref().map(|one| &one.at),
    ];
    places.into_iter().flatten().next().cloned()
}

const fn then_word(then: Then) -> &'static str {
    then.as_str()
}

fn shown(value: &FieldValue) -> String {
    match value {
        FieldValue::Text(text) | FieldValue::Date(text) => text.clone(),
        FieldValue::Flag(flag) => flag.to_string(),
    }
}

fn same_set(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|name| other.contains(name))
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    names
        .iter()
        .map(|name| ticked(name))
        .collect::<Vec<_>>()
        .join(", ")
}

fn ticked(word: &str) -> String {
    format!("`{word}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipsis_stands_for_anything() {
        for (wanted, got, fitting) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("abc…", "abcd", true),
            ("…bc", "abc", true),
            ("…b…", "abc", true),
            ("…", "anything", true),
            ("a…c", "abc", true),
            ("a…c", "abd", false),
            ("a…b…c", "aXbYc", true),
            ("a…c…b", "aXbYc", false),
            ("…ab", "a", false),
            ("", "", true),
            ("أهلا…", "أهلا بك", true),
        ] {
            assert_eq!(fits(wanted, got), fitting, "{wanted} {got}");
        }
    }
}
