use super::super::sample;

/// Everything found in a script for the sample service, a line each: code, place, message, help.
fn found(text: &str, libraries: &[(&str, &str)]) -> Vec<String> {
    let (_, found) = sample::compile(text, libraries);
    found
        .iter()
        .map(|one| {
            let label = &one.labels[0];
            let (file, start) = (label.file.trim_start_matches("scripts/"), label.start);
            let help = one.help.join(" ");
            format!(
                "{} {file}:{}:{} {} | {help}",
                one.code, start.line, start.column, one.message
            )
        })
        .collect()
}

#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    let found = found(text, LIBRARIES);
    assert_eq!(found.len(), expected.len(), "{text}\n{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            found.starts_with(expected),
            "{text}\nfound    {found}\nexpected {expected}"
        );
    }
}

const LIBRARIES: &[(&str, &str)] = &[(
    "lib/hours",
    "fn is_open(now, from) { now.hour >= from }\nfn adult(flow) { flow.person.age_over_18 == true }\n\
     fn typo(flow) { flow.persn }\nprivate fn hidden() { 1 }\nfn uses_hidden() { hidden() }",
)];

#[test]
fn good_scripts_have_nothing_to_find() {
    for text in [
        "",
        "fn plan(flow) {}",
        "import \"lib/hours\" as h;\nfn plan(flow) { if h::is_open(flow.now, 8) { tighten(#{ drop: [\"name_en\"] }) } }",
        "import \"lib/hours\" as h;\nfn approved(flow) { if !h::adult(flow) { refuse(\"minor\", #{ ar: \"لا\", en: \"no\" }) } }",
        "const LIMIT = 500;\nfn plan(flow) { if flow.inputs.amount > global::LIMIT { tighten(#{ assurance: \"high\" }) } }",
        "fn plan(flow) { let a = [1, 2]; if a.some(|x| x == 2) && a.len() == 2 && a.len == 2 { a.push(3); } }",
        "fn plan(flow) { let m = #{}; m.key = 1; m[\"other\"] = flow.inputs.count; helper(m.key) }\nfn helper(x) { x; }",
        "fn plan(flow) { switch flow.channel { \"web\" => tighten(#{ expires_in: \"30s\" }), _ => () } }",
        "fn plan(flow) { refuse(\"x\", #{ ar: \"رقم {licence}\", en: \"number {licence}\" }) }",
        "fn plan(flow) { for i in 0..3 { if i == flow.inputs.count { return tighten(#{}); } } }",
        "fn plan(flow) { let s = `n ${flow.inputs.count}`; s.contains(\"n\"); s.trim(); }",
        "fn plan(flow) { try { throw 1; } catch (e) { return; } }",
        "fn declined(flow) { stop(#{ ar: \"قف\", en: \"stop\" }) }\nfn timeout(flow) { say(#{ ar: \"قف\", en: \"stop\" }) }",
    ] {
        finds(text, &[]);
    }
}

#[test]
fn unknown_functions_and_wrong_arities_are_found() {
    finds(
        "fn plan(flow) {\n  deni(1);\n  if false { helpr(2) }\n  flow.inputs.licence.lenn();\n}\nfn helper(x) { x }\nfn other(flow) { helper(1); }",
        &[
            "E3002 sample.rhai:2:3 there is no function `deni`",
            "E3002 sample.rhai:3:14 there is no function `helpr` | did you mean `helper`?",
            "E3002 sample.rhai:4:23 there is no function `lenn` | did you mean `len`?",
        ],
    );
    finds(
        "fn plan(flow) { refuse(\"x\"); refuze(\"x\", 1); tighten(); say(1, 2); helper(); }\nfn helper(a, b) { a + b }",
        &[
            "E3003 sample.rhai:1:17 `refuse` takes 2 arguments, not 1 | write `refuse(",
            "E3002 sample.rhai:1:30 there is no function `refuze` | did you mean `refuse`?",
            "E3003 sample.rhai:1:46 `tighten` takes 1 arguments, not 0",
            "E3003 sample.rhai:1:57 `say` takes 1 arguments, not 2",
            "E3003 sample.rhai:1:68 `helper` takes 2 arguments, not 0",
            "W3001 sample.rhai:2:4 nothing calls `helper`",
        ],
    );
}

#[test]
fn calls_into_libraries_are_checked() {
    finds(
        "import \"lib/hours\" as h;\nfn plan(flow) { h::is_opn(flow.now, 1); h::is_open(flow.now); h::hidden(); h::uses_hidden(); }",
        &[
            "E3002 sample.rhai:2:20 `lib/hours` has no function `is_opn` | did you mean `h::is_open`?",
            "E3003 sample.rhai:2:44 `is_open` takes 2 arguments, not 1",
            "E3002 sample.rhai:2:66 `lib/hours` has no function `hidden`",
        ],
    );
    // What a library reads of `flow` is checked with the hook that hands it over.
    finds(
        "import \"lib/hours\" as h;\nfn plan(flow) { h::adult(flow); h::typo(flow); }",
        &[
            "E3006 lib/hours.rhai:2:23 `flow.person` is not there in `fn plan`",
            "E3010 lib/hours.rhai:3:22 `flow` has no `persn` | did you mean `flow.person`?",
        ],
    );
}

#[test]
fn imports_come_from_the_catalog_and_are_written_out() {
    finds(
        "import \"/etc/passwd\" as a;\nimport \"../x\" as b;\nimport \"lib/hour\" as c;\nimport \"li\" + \"b\" as d;\nfn plan(flow) {}",
        &[
            "E3004 sample.rhai:1:1 there is no `/etc/passwd` to import",
            "E3004 sample.rhai:2:1 there is no `../x` to import",
            "E3004 sample.rhai:3:1 there is no `lib/hour` to import | did you mean `lib/hours`?",
            "E3004 sample.rhai:4:1 the path of an import is not written out",
        ],
    );
    finds(
        "fn plan(flow) { import \"lib/hours\" as h; h::is_open(flow.now, 1); }",
        &["E3004 sample.rhai:1:17 an import stands inside a function"],
    );
    finds(
        "fn plan(flow) { hours::is_open(flow.now, 1) }",
        &["E3004 sample.rhai:1:17 `hours` is not imported"],
    );
}

#[test]
fn libraries_that_import_each_other_are_refused() {
    let circle = [
        ("lib/a", "import \"lib/b\" as b;\nfn f() { b::g() }"),
        ("lib/b", "import \"lib/a\" as a;\nfn g() { a::f() }"),
    ];
    let found = found("import \"lib/a\" as a;\nfn plan(flow) { a::f() }", &circle);
    assert!(found.iter().any(|one| one.contains("lead back")), "{found:#?}");
}

#[test]
fn misspelt_hooks_are_found() {
    finds(
        "fn aproved(flow) {}\nfn plan() {}\nfn timeout(flow, more) {}\nfn on_result(flow) {}",
        &[
            "E3005 sample.rhai:1:4 nothing calls `aproved`; it is no hook | did you mean `fn approved(flow)`?",
            "E3005 sample.rhai:2:4 the hook `plan` takes one parameter, not 0 | write `fn plan(flow)`",
            "E3005 sample.rhai:3:4 the hook `timeout` takes one parameter, not 2",
            "W3001 sample.rhai:4:4 nothing calls `on_result`",
        ],
    );
}

// Law 7: what is not declared does not exist, and a script that asks for it does not load.
#[test]
fn undeclared_fields_and_inputs_are_found() {
    finds(
        "fn approved(flow) {\n  let person = flow.person;\n  person.birth_date;\n  flow.person.nam_en;\n  flow.person[\"photo\"];\n  helper(flow);\n}\nfn helper(f) { f.inputs.amout; f.inputs[\"x\" + \"y\"] }",
        &[
            "E3006 sample.rhai:3:10 the service `sample` does not declare the field `birth_date` | declare it under `fields`",
            "E3006 sample.rhai:4:15 the service `sample` does not declare the field `nam_en` | did you mean `flow.person.name_en`?",
            "E3006 sample.rhai:5:15 the service `sample` does not declare the field `photo`",
            "E3007 sample.rhai:8:25 the service `sample` declares no input `amout` | did you mean `flow.inputs.amount`?",
            "E3007 sample.rhai:8:34 the name of an input is not written out",
        ],
    );
}

#[test]
fn what_flow_does_not_have_is_found() {
    finds(
        "fn plan(flow) { flow.chanel; flow.now.hours; flow.outcome; flow.person.name_ar; flow.inputs.count = 5; }",
        &[
            "E3010 sample.rhai:1:22 `flow` has no `chanel` | did you mean `flow.channel`?",
            "E3010 sample.rhai:1:39 `flow.now` has no `hours` | did you mean `flow.now.hour`?",
            "E3010 sample.rhai:1:51 `flow.outcome` is not there in `fn plan`",
            "E3006 sample.rhai:1:65 `flow.person` is not there in `fn plan`",
            "E3010 sample.rhai:1:93 `flow` is read only",
        ],
    );
}

#[test]
fn constructors_are_checked() {
    finds(
        "fn plan(flow) {\n  tighten(#{ assurance: \"hihg\", asurance: 1, drop: [\"name_en\", \"photo\", \"nme\", \"civil_no\"], expires_in: 5 });\n  refuse(\"Not Good\", #{ ar: \"لا\", fr: \"non\" });\n  refuse(\"x\", \"text\");\n  say(#{ ar: \"نعم\", en: \"yes {nothing}\" })\n}",
        &[
            "E3011 sample.rhai:2:25 a value that can't be taken | `assurance` is",
            "E3008 sample.rhai:2:33 `tighten` has no `asurance` | did you mean `assurance`?",
            "E3006 sample.rhai:2:64 the service `sample` does not declare the field `photo`",
            "E3011 sample.rhai:2:73 a value that can't be taken | `drop` lists",
            "E3011 sample.rhai:2:80 `civil_no` can't be dropped",
            "E3011 sample.rhai:2:105 a text is needed, and this is a whole number",
            "E3011 sample.rhai:3:10 a value that can't be taken | the code",
            "E3011 sample.rhai:3:22 the text has no English",
            "E3008 sample.rhai:3:35 a text has no `fr`",
            "E3011 sample.rhai:4:15 settings in braces are needed here",
            "E3011 sample.rhai:5:3 `fn plan` may not return `say` | it may return `tighten` or `refuse`",
            "E3007 sample.rhai:5:25 the service `sample` declares no input `nothing`",
        ],
    );
}

#[test]
fn forbidden_things_are_named_with_why() {
    for (text, expected) in [
        (
            "fn plan(flow) { eval(\"1\") }",
            "E3009 sample.rhai:1:17 `eval` can't be used",
        ),
        (
            "fn plan(flow) { print(1) }",
            "E3009 sample.rhai:1:17 `print` can't be used",
        ),
        (
            "fn plan(flow) { Fn(\"x\") }",
            "E3009 sample.rhai:1:17 `Fn` can't be used",
        ),
        (
            "fn plan(flow) { sleep(1) }",
            "E3009 sample.rhai:1:17 `sleep` can't be used",
        ),
        (
            "fn plan(flow) { timestamp() }",
            "E3009 sample.rhai:1:17 `timestamp` can't be used",
        ),
        (
            "fn plan(flow) { exit(1) }",
            "E3009 sample.rhai:1:17 `exit` can't be used",
        ),
        (
            "fn refuse(a, b) { 1 }\nfn plan(flow) { refuse(1, 2) }",
            "E3009 sample.rhai:1:4 `refuse` is a constructor",
        ),
        (
            "let x = 1;\nfn plan(flow) {}",
            "E3009 sample.rhai:1:1 only imports",
        ),
        ("loop {}\nfn plan(flow) {}", "E3009 sample.rhai:1:1 only imports"),
        (
            "fn plan(flow) { let n = 1; [1].some(|x| x == n) }",
            "E3009 sample.rhai:1:46 a closure uses `n` from outside",
        ),
        (
            "fn plan(flow) { undefined }",
            "E3001 sample.rhai:1:17 there is no variable `undefined`",
        ),
        ("fn plan(flow) { let a = ; }", "E3001 sample.rhai:1:25 "),
    ] {
        let found = found(text, LIBRARIES);
        assert!(found[0].starts_with(expected), "{text}\n{found:#?}");
    }
}
