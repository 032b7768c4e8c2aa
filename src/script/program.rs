use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rhai::EvalAltResult;

use super::answer::Answer;
use super::bundle::Library;
use super::facts::Declared;
use super::facts::Facts;
use super::facts::Snapshot;
use super::fault::ScriptFault;
use super::hook::Hook;
use super::view::Flow;
use super::worker;
use crate::diagnostics::Position;
use crate::policy::Place;

/// A script bound to its service: checked, and ready to be called from any thread.
///
/// It holds texts only. Each thread compiles a copy of its own when it first needs it: one shared copy would
/// make all threads fight for its reference counts.
#[derive(Debug)]
pub struct Script {
    /// Never used twice in one process; the key of the copies.
    pub(super) id: u64,
    pub(super) file: String,
    pub(super) text: Arc<str>,
    pub(super) libraries: Vec<Arc<Library>>,
    /// Where each hook stands; `None` if the script does not have it.
    pub(super) hooks: [Option<Position>; Hook::ALL.len()],
    pub(super) declared: Arc<Declared>,
}

impl Script {
    pub(super) fn new(
        file: &str,
        text: &Arc<str>,
        libraries: Vec<Arc<Library>>,
        hooks: [Option<Position>; Hook::ALL.len()],
        declared: Declared,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            file: file.to_owned(),
            text: Arc::clone(text),
            libraries,
            hooks,
            declared: Arc::new(declared),
        }
    }

    /// The file it was read from.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What it imports, each after those that it needs itself.
    pub fn libraries(&self) -> impl Iterator<Item = &Library> {
        self.libraries.iter().map(|library| &**library)
    }

    /// Every file that it runs: its own, and those of its libraries.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let libraries = self.libraries.iter().map(|library| library.file.as_str());
        std::iter::once(self.file.as_str()).chain(libraries)
    }

    /// Whether the script has this hook.
    pub fn has(&self, hook: Hook) -> bool {
        self.hooks.get(hook.index()).is_some_and(Option::is_some)
    }

    /// Whether it was made from exactly these texts; `library` finds the current one of a name.
    pub fn is_made_from<'a>(
        &self,
        text: &Arc<str>,
        library: impl Fn(&str) -> Option<&'a Arc<Library>>,
    ) -> bool {
        (Arc::ptr_eq(&self.text, text) || *self.text == **text)
            && self
                .libraries
                .iter()
                .all(|mine| library(&mine.name).is_some_and(|now| Arc::ptr_eq(mine, now)))
    }

    /// Calls a hook; `None` if the script does not have it, or returned nothing.
    ///
    /// # Errors
    /// For every error, limit, deadline or panic, and for every value that no constructor made or that this hook
    /// may not return. The caller has to refuse (law 5).
    pub fn call(self: &Arc<Self>, hook: Hook, facts: &Facts<'_>) -> Result<Option<Answer>, ScriptFault> {
        let Some(at) = self.hooks.get(hook.index()).copied().flatten() else {
            return Ok(None);
        };
        let place = self.place(at);
        let snapshot = Snapshot::new(facts, &self.declared);
        let flow = Flow(Arc::new(snapshot));
        // What the panic leaves behind on this thread is thrown away by the worker, so nothing torn is seen.
        let called = catch_unwind(AssertUnwindSafe(|| {
            worker::call(self, hook, flow.clone(), &place)
        }));
        let answer = called.unwrap_or_else(|_| {
            Err(ScriptFault::new(
                place.clone(),
                "the script made the engine panic",
            ))
        })?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        self.accept(hook, answer, &flow.0).map(Some)
    }

    fn accept(&self, hook: Hook, mut answer: Answer, read: &Snapshot) -> Result<Answer, ScriptFault> {
        if answer.place.file.is_empty() {
            answer.place.file.clone_from(&self.file);
        }
        let constructor = answer.ruling.constructor();
        if !hook.constructors().contains(&constructor) {
            let message = format!(
                "`fn {}` may not return `{constructor}`; it may return {} or nothing",
                hook.name(),
                ticked(hook.constructors()),
            );
            return Err(ScriptFault::new(answer.place, message));
        }
        if repeats_person(&answer, read) {
            let message =
                "the text or code repeats a field of the person; these go on record, so they must not";
            return Err(ScriptFault::new(answer.place, message));
        }
        Ok(answer)
    }

    pub(super) fn fault(&self, error: &EvalAltResult, at: Place) -> ScriptFault {
        let libraries = self.libraries.iter().map(|library| &*library.text);
        let sources: Vec<&str> = std::iter::once(&*self.text).chain(libraries).collect();
        ScriptFault::from_engine(error, at, &sources)
    }

    fn place(&self, at: Position) -> Place {
        Place {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
        }
    }
}

/// Law 13: what a script says goes into records that are never erased.
fn repeats_person(answer: &Answer, read: &Snapshot) -> bool {
    let Some(text) = answer.ruling.text() else {
        return false;
    };
    let code = match &answer.ruling {
        super::Ruling::Refuse(refusal) => refusal.code.as_str(),
        _ => "",
    };
    read.person.iter().flatten().any(|(_, value)| {
        value.as_immutable_string_ref().is_ok_and(|value| {
            let value = value.as_str();
            let telling = value.chars().count() >= SHORTEST_TELLING;
            telling
                && [text.ar.as_str(), text.en.as_str(), code]
                    .iter()
                    .any(|said| said.contains(value))
        })
    })
}

fn ticked(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

/// Shorter values, such as a gender, stand in ordinary texts by chance.
const SHORTEST_TELLING: usize = 3;

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::script::Ruling;
    use crate::words::Assurance;
    use crate::words::Outcome;
    use crate::words::OutcomeClass;

    fn call(text: &str, hook: Hook) -> Result<Option<Answer>, ScriptFault> {
        call_with(text, &[], hook)
    }

    fn call_with(text: &str, libraries: &[(&str, &str)], hook: Hook) -> Result<Option<Answer>, ScriptFault> {
        let (script, found) = sample::compile(text, libraries);
        let script = script.unwrap_or_else(|| panic!("{found:#?}"));
        let inputs = sample::inputs();
        let person = sample::person();
        let mut facts = sample::facts(&inputs);
        if let Hook::Ending(class) = hook {
            facts.outcome = Outcome::ALL.into_iter().find(|outcome| outcome.class() == class);
            facts.person = hook.has_person().then_some(&person);
        }
        script.call(hook, &facts)
    }

    const APPROVED: Hook = Hook::Ending(OutcomeClass::Approved);

    #[test]
    fn a_hook_that_is_not_there_says_nothing() {
        assert_eq!(call("fn plan(flow) {}", APPROVED), Ok(None));
        assert_eq!(call("fn plan(flow) {}", Hook::Plan), Ok(None));
        assert_eq!(
            call("fn plan(flow) { if false { tighten(#{}) } }", Hook::Plan),
            Ok(None)
        );
    }

    #[test]
    fn everything_declared_can_be_read() {
        for condition in [
            "flow.inputs.licence == \"123456\"",
            "flow.inputs.amount == 750.5",
            "flow.inputs.amount > 500",
            "flow.inputs.count == 3",
            "flow.inputs.flag == ()",
            "flow.inputs[\"count\"] == 3",
            "flow.now.year == 2026 && flow.now.month == 11 && flow.now.day == 26",
            "flow.now.hour == 9 && flow.now.minute == 30 && flow.now.weekday == 4",
            "flow.channel == \"web\" && flow.capability == \"auth_push\"",
            "flow.locale == \"ar\" && flow.attempt == 1",
        ] {
            let text = format!("fn plan(flow) {{ if {condition} {{ return tighten(#{{}}); }} }}");
            assert!(call(&text, Hook::Plan).unwrap().is_some(), "{condition}");
        }
        for condition in [
            "flow.person.name_ar == \"فاطمة\"",
            "flow.person.name_en == ()",
            "flow.person.age_over_18 == true",
            "flow.person[\"civil_no\"].len() == 12",
            "flow.outcome == \"approved\"",
        ] {
            let text = format!(
                "fn approved(flow) {{ if {condition} {{ return say(#{{ ar: \"نعم\", en: \"yes\" }}); }} }}"
            );
            assert!(call(&text, APPROVED).unwrap().is_some(), "{condition}");
        }
    }

    #[test]
    fn an_answer_names_the_line_of_its_constructor() {
        let answer = call(
            "fn plan(flow) {\n    let a = 1;\n    tighten(#{ assurance: \"high\" })\n}",
            Hook::Plan,
        );
        let answer = answer.unwrap().unwrap();
        assert_eq!(answer.place.to_string(), "scripts/sample.rhai:3:5");
        let Ruling::Tighten(tightening) = answer.ruling else {
            panic!("not a tightening");
        };
        assert_eq!(tightening.assurance, Some(Assurance::High));
    }

    #[test]
    fn helpers_of_libraries_are_called_and_named() {
        let library = "const OPEN = 8;\nfn closed(now) { now.hour < global::OPEN }\n\
                       fn refuse_closed() { refuse(\"closed\", #{ ar: \"مغلق\", en: \"Closed\" }) }\n\
                       fn fails() { throw \"no\"; }";
        let libraries = [
            ("lib/hours", library),
            (
                "lib/more",
                "import \"lib/hours\" as h;\nfn f(now) { h::closed(now) }",
            ),
        ];
        let text = "import \"lib/hours\" as hours;\nimport \"lib/more\" as more;\n\
                    fn plan(flow) { if !hours::closed(flow.now) && !more::f(flow.now) { return hours::refuse_closed(); } }";
        let answer = call_with(text, &libraries, Hook::Plan).unwrap().unwrap();
        assert_eq!(answer.place.to_string(), "scripts/lib/hours.rhai:3:22");
        let text = "import \"lib/hours\" as hours;\nfn plan(flow) { hours::fails() }";
        let fault = call_with(text, &libraries, Hook::Plan).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "scripts/lib/hours.rhai:4:14: the script threw \"no\""
        );
    }

    // Law 5: a script that throws or returns nonsense is a fault, and a fault is a refusal.
    #[test]
    fn nonsense_is_a_fault() {
        // In a list, where the lint does not see it.
        for value in [
            "true",
            "42",
            "\"refuse\"",
            "#{ refuse: true }",
            "flow",
            "[tighten(#{})]",
        ] {
            let fault = call(
                &format!("fn plan(flow) {{ let all = [{value}]; all[0] }}"),
                Hook::Plan,
            );
            assert!(fault.is_err(), "{value}");
        }
        for body in [
            "throw \"x\"",
            "if 1 / 0 == 1 {}",
            "let a = []; a[5]",
            "flow.inputs.count.nothing",
        ] {
            let fault = call(&format!("fn plan(flow) {{ {body} }}"), Hook::Plan);
            assert!(fault.is_err(), "{body}");
        }
    }

    #[test]
    fn a_hook_returns_only_what_fits_it() {
        let stop = "fn helper() { stop(#{ ar: \"قف\", en: \"stop\" }) }\n";
        assert!(call(&format!("{stop}fn approved(flow) {{ helper() }}"), APPROVED).is_err());
        assert!(call(&format!("{stop}fn plan(flow) {{ helper() }}"), Hook::Plan).is_err());
        let declined = Hook::Ending(OutcomeClass::Declined);
        assert!(call(&format!("{stop}fn declined(flow) {{ helper() }}"), declined).is_ok());
    }

    // Law 13: texts go on record for ever, so they may not carry what can be erased.
    #[test]
    fn a_text_can_not_carry_the_person_away() {
        let text = "fn approved(flow) { say(#{ ar: \"أهلا\", en: `hello ${flow.person.civil_no}` }) }";
        let fault = call(text, APPROVED).unwrap_err();
        assert!(!fault.to_string().contains("399123100017"));
        let text = "fn approved(flow) { throw `hello ${flow.person.civil_no}`; }";
        let fault = call(text, APPROVED).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "scripts/sample.rhai:1:21: the script threw an error"
        );
    }

    #[test]
    fn a_wrong_value_that_the_lint_can_not_see_is_a_fault_with_advice() {
        let text = "fn plan(flow) {\n  let level = \"hi\" + \"hg\";\n  tighten(#{ assurance: level }) }";
        let fault = call(text, Hook::Plan).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "scripts/sample.rhai:3:3: `assurance` is `low`, `medium` or `high`"
        );
    }

    #[test]
    fn the_deadline_and_the_steps_hold() {
        for body in ["loop {}", "let x = 0; while true { x += 1; }"] {
            let fault = call(&format!("fn plan(flow) {{ {body} }}"), Hook::Plan).unwrap_err();
            assert!(fault.message.contains("stopped"), "{fault}");
            assert_eq!(fault.place.line, 1);
        }
    }

    #[test]
    fn every_thread_has_its_own_copy_and_the_same_answer() {
        let (script, _) = sample::compile("fn plan(flow) { tighten(#{ expires_in: \"1m\" }) }", &[]);
        let script = script.unwrap();
        let answers: Vec<_> = std::thread::scope(|scope| {
            let ask = || script.call(Hook::Plan, &sample::facts(&sample::inputs()));
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(
            answers
                .iter()
                .all(|answer| answer == &answers[0] && answer.is_ok())
        );
    }
}
