use std::collections::BTreeSet;

use super::Side;
use super::Tested;
use super::is_tracing;
use super::traced;
use crate::script::Hook;
use crate::script::sample;
use crate::words::Outcome;
use crate::words::OutcomeClass;

fn tests_of(text: &str, libraries: &[(&str, &str)], hook: Hook) -> Vec<String> {
    let (script, found) = sample::compile(text, libraries);
    let script = script.unwrap_or_else(|| panic!("{found:#?}"));
    let inputs = sample::inputs();
    let person = sample::person();
    let mut facts = sample::facts(&inputs);
    if let Hook::Ending(class) = hook {
        facts.outcome = Outcome::ALL.into_iter().find(|outcome| outcome.class() == class);
        facts.person = hook.has_person().then_some(&person);
    }
    let (called, trace) = traced(BTreeSet::new(), || script.call(hook, &facts));
    called.unwrap();
    trace.tests.iter().map(told).collect()
}

fn told(test: &Tested) -> String {
    let side = |side: &Side| {
        let origin = side.origin.as_deref().unwrap_or_default();
        format!("{} <{origin}> {}", side.written, side.value)
    };
    let right = test.right.as_ref().map(side).unwrap_or_default();
    format!(
        "{}:{} {} {} {right} {:?}",
        test.place.file,
        test.place.line,
        side(&test.left),
        test.sign,
        test.held
    )
}

#[test]
fn a_comparison_is_told_with_what_it_saw_and_where_that_came_from() {
    let text = "fn plan(flow) {\n    let count = flow.inputs.count;\n    if count != () && count > 500 {\n        \
                return tighten(#{});\n    }\n    if flow.channel == \"kiosk\" { return tighten(#{}); }\n}";
    let tests = tests_of(text, &[], Hook::Plan);
    assert_eq!(tests.len(), 3, "{tests:#?}");
    assert!(
        tests[0].starts_with("scripts/sample.rhai:3 count <flow.inputs.count> "),
        "{tests:#?}"
    );
    assert!(tests[0].contains("!= () <> () Some(true)"), "{tests:#?}");
    assert!(tests[1].contains("> 500 <> 500 Some(false)"), "{tests:#?}");
    assert!(
        tests[2].contains("flow.channel <flow.channel> \"web\" == \"kiosk\""),
        "{tests:#?}"
    );
}

#[test]
fn a_library_is_traced_and_what_it_is_given_is_known_by_its_kind() {
    let library = "fn early(now) {\n    now.hour < 6\n}";
    let text = "import \"lib/hours\" as hours;\nfn plan(flow) {\n    if hours::early(flow.now) { return \
                tighten(#{}); }\n}";
    let tests = tests_of(text, &[("lib/hours", library)], Hook::Plan);
    assert_eq!(tests.len(), 1, "{tests:#?}");
    assert!(
        tests[0].starts_with("scripts/lib/hours.rhai:2 now.hour <flow.now.hour> "),
        "{tests:#?}"
    );
}

// Law 13: nothing of the person is shown, whatever way it takes to the comparison.
#[test]
fn nothing_of_the_person_is_shown() {
    let approved = Hook::Ending(OutcomeClass::Approved);
    for body in [
        "if flow.person.civil_no == \"x\" { return say(#{ ar: \"أ\", en: \"a\" }); }",
        "let a = flow.person.civil_no;\nif a == \"x\" { return say(#{ ar: \"أ\", en: \"a\" }); }",
        "if same(flow.person.civil_no, \"x\") { return say(#{ ar: \"أ\", en: \"a\" }); }",
        "let a = flow.inputs.count;\nlet a = flow.person.civil_no;\nif a == \"x\" { return say(#{ ar: \"أ\", en: \"a\" }); }",
        "let a = flow.channel;\na = flow.person.civil_no;\nif a == \"x\" { return say(#{ ar: \"أ\", en: \"a\" }); }",
        "let a = flow.channel;\nfor a in [flow.person.civil_no] { if a == \"x\" { return say(#{ ar: \"أ\", en: \"a\" }); } }",
        "if flow.person.civil_no + \"-\" == \"x\" { return say(#{ ar: \"أ\", en: \"a\" }); }",
        "if flow.person.civil_no.len() == 3 { return say(#{ ar: \"أ\", en: \"a\" }); }",
    ] {
        let text = format!(
            "fn same(a, b) {{ a == b }}\nfn approved(flow) {{\n{body}\nif same(1, 2) {{ return say(#{{ ar: \"أ\", en: \"a\" }}); }} }}"
        );
        let tests = tests_of(&text, &[], approved);
        assert!(!tests.is_empty(), "{body}");
        assert!(tests[0].contains("(of the person)"), "{body}: {tests:#?}");
        let all = tests.join("\n");
        assert!(
            !all.contains("399123100017") && !all.contains(" 12 "),
            "{body}: {all}"
        );
    }
}

// A text that an e-service passes may be a name or a number of somebody.
#[test]
fn texts_of_inputs_are_shown_only_if_they_are_known_words() {
    let text = "fn plan(flow) { if flow.inputs.licence == \"x\" { return tighten(#{}); } }";
    let tests = tests_of(text, &[], Hook::Plan);
    assert!(tests[0].contains("characters)"), "{tests:#?}");
}

// Law 9: what is evaluated to be shown changes nothing.
#[test]
fn tracing_changes_nothing() {
    let text = "fn plan(flow) {\n    let list = [1, 2, 3];\n    let seen = 0;\n    while list.pop() > 1 { seen += 1; }\n    \
                if seen == 2 { return tighten(#{ expires_in: \"1m\" }); }\n}";
    let (script, found) = sample::compile(text, &[]);
    let script = script.unwrap_or_else(|| panic!("{found:#?}"));
    let inputs = sample::inputs();
    let facts = sample::facts(&inputs);
    let plain = script.call(Hook::Plan, &facts);
    let (traced_once, once) = traced(BTreeSet::new(), || script.call(Hook::Plan, &facts));
    let (_, twice) = traced(BTreeSet::new(), || script.call(Hook::Plan, &facts));
    assert!(plain.as_ref().is_ok_and(Option::is_some));
    assert_eq!(plain, traced_once);
    assert_eq!(once, twice);
    assert!(!is_tracing());
}
