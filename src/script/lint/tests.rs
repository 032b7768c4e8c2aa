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

// A file that was cut off on its way must not take away the rules that stood in it.
#[test]
fn an_empty_script_is_refused() {
    for text in ["", "// Nothing was saved.\n"] {
        finds(text, &["E0007 sample.rhai:1:1 there is nothing in the script"]);
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
            "E3003 sample.rhai:1:46 `tighten` takes 1 argument, not 0",
            "E3003 sample.rhai:1:57 `say` takes 1 argument, not 2",
            "E3003 sample.rhai:1:68 `helper` takes 2 arguments, not 0",
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
        "fn plan(flow) {\n  if flow.attempt == 1 { return tighten(#{ assurance: \"hihg\", asurance: 1, drop: [\"name_en\", \"photo\", \"nme\", \"civil_no\"], expires_in: 5 }); }\n  if flow.attempt == 2 { return refuse(\"Not Good\", #{ ar: \"لا\", fr: \"non\" }); }\n  if flow.attempt == 3 { return refuse(\"x\", \"text\"); }\n  say(#{ ar: \"نعم\", en: \"yes {nothing}\" })\n}",
        &[
            "E3011 sample.rhai:2:55 `hihg` can't be taken here | `assurance` is",
            "E3008 sample.rhai:2:63 `tighten` has no `asurance` | did you mean `assurance`?",
            "E3006 sample.rhai:2:94 the service `sample` does not declare the field `photo`",
            "E3011 sample.rhai:2:103 `nme` can't be taken here | `drop` lists",
            "E3011 sample.rhai:2:110 `civil_no` can't be dropped",
            "E3011 sample.rhai:2:135 a text is needed, and this is a whole number",
            "E3011 sample.rhai:3:40 `Not Good` can't be taken here | the code",
            "E3011 sample.rhai:3:52 the text has no English",
            "E3008 sample.rhai:3:65 a text has no `fr`",
            "E3011 sample.rhai:4:45 settings in braces are needed here",
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

// A comparison that never fits is a rule that silently never applies.
#[test]
fn words_that_never_come_are_found() {
    finds(
        "fn plan(flow) {\n  if flow.channel == \"wbe\" { return tighten(#{}); }\n  if flow.locale == \"fr\" { return tighten(#{}); }\n  let c = flow.channel;\n  if c in [\"web\", \"kisok\"] { return tighten(#{}); }\n  switch flow.capability { \"auth_pusj\" => tighten(#{}), _ => () }\n}\nfn timeout(flow) { if flow.outcome == \"timeout.no_anwser\" || helper(flow.channel) { stop(#{ ar: \"قف\", en: \"stop\" }) } }\nfn helper(channel) { channel != \"cuonter\" }",
        &[
            "E3014 sample.rhai:2:22 `wbe` is no channel, so this never fits | did you mean `web`?",
            "E3014 sample.rhai:3:21 `fr` is no language, so this never fits | write one of `ar`, `en`",
            "E3014 sample.rhai:5:19 `kisok` is no channel, so this never fits | did you mean `kiosk`?",
            "E3014 sample.rhai:6:28 `auth_pusj` is no capability",
            "E3014 sample.rhai:8:39 `timeout.no_anwser` is no outcome",
            "E3014 sample.rhai:9:33 `cuonter` is no channel, so this never fits | did you mean `counter`?",
        ],
    );
    finds(
        "fn plan(flow) { if flow.channel == \"kiosk\" { return tighten(#{}); } }\nfn timeout(flow) { if flow.outcome == \"approved\" { return stop(#{ ar: \"قف\", en: \"stop\" }); } }",
        &[
            "W3007 sample.rhai:1:36 the service `sample` is not offered on `kiosk`",
            "W3007 sample.rhai:2:39 `fn timeout` is never called for `approved` | move this to `fn approved(flow)`",
        ],
    );
}

#[test]
fn values_that_are_never_equal_are_found() {
    finds(
        "fn plan(flow) {\n  if flow.inputs.count == \"3\" { return tighten(#{}); }\n  if flow.inputs.licence == 123456 { return tighten(#{}); }\n  if flow.inputs.flag == \"true\" { return tighten(#{}); }\n  if flow.now.hour > flow.channel { return tighten(#{}); }\n}\nfn approved(flow) { if flow.person.age_over_18 == \"yes\" { return say(#{ ar: \"نعم\", en: \"yes\" }); } }",
        &[
            "E3015 sample.rhai:2:27 a whole number is compared with a text, which it never equals | write `3`",
            "E3015 sample.rhai:3:29 a text is compared with a whole number, which it never equals | write `\"123456\"`",
            "E3015 sample.rhai:4:26 true or false is compared with a text, which it never equals | write `true`",
            "E3015 sample.rhai:5:20 a whole number is compared with a text",
            "E3015 sample.rhai:7:51 true or false is compared with a text",
        ],
    );
    // A variable that changes its kind can be anything, and so can what was not passed.
    for text in [
        "fn plan(flow) { let x = 1; if flow.attempt == 1 { x = \"a\"; } if x == \"a\" { return tighten(#{}); } }",
        "fn plan(flow) { if flow.inputs.count != () && flow.inputs.amount > 3 { return tighten(#{}); } }",
        "fn plan(flow) { for x in [1, \"a\"] { if x == \"a\" { return tighten(#{}); } } }",
    ] {
        finds(text, &[]);
    }
}

// Law 5: what was meant as a refusal must not get lost.
#[test]
fn answers_that_are_thrown_away_are_found() {
    finds(
        "fn plan(flow) {\n  if flow.now.hour < 7 { refuse(\"closed\", #{ ar: \"مغلق\", en: \"closed\" }); }\n  for i in 0..3 { if i == flow.attempt { tighten(#{}) } }\n  check(flow);\n  tighten(#{})\n}\nfn check(flow) { if flow.attempt > 1 { return tighten(#{}); } }",
        &[
            "E3016 sample.rhai:2:26 the answer of `refuse` is made and thrown away | write `return refuse(…);`",
            "E3016 sample.rhai:3:42 the answer of `tighten` is made and thrown away",
            "E3016 sample.rhai:4:3 the answer of `check` is made and thrown away | write `let answer = check(…);",
        ],
    );
    for text in [
        "fn plan(flow) { if flow.now.hour < 7 { refuse(\"closed\", #{ ar: \"مغلق\", en: \"closed\" }); } else { tighten(#{}) } }",
        "fn plan(flow) { let answer = check(flow); if answer != () { return answer; } tighten(#{}) }\nfn check(flow) { if flow.attempt > 1 { return tighten(#{}); } }",
        "fn plan(flow) { switch flow.channel { \"web\" => { tighten(#{}) } _ => () } }",
        "fn plan(flow) { try { tighten(#{}) } catch { () } }",
    ] {
        finds(text, &[]);
    }
}

#[test]
fn wrong_returns_and_conditions_are_found() {
    finds(
        "fn plan(flow) { if flow.attempt == 1 { return true; } flow.inputs.count > 3 }\nfn approved(flow) { \"yes\" }",
        &[
            "E3017 sample.rhai:1:47 `fn plan` returns true or false, which is no answer | return what `tighten` or `refuse` makes",
            "E3017 sample.rhai:1:55 `fn plan` returns true or false",
            "E3017 sample.rhai:2:21 `fn approved` returns a text",
        ],
    );
    finds(
        "fn plan(flow) { if flow.inputs.licence { return tighten(#{}); } if flow.attempt == 1 && flow.inputs.count { return tighten(#{}); } while !flow.channel {} }\nfn approved(flow) { if !flow.person.age_over_18 { return say(#{ ar: \"نعم\", en: \"yes\" }); } }",
        &[
            "E3018 sample.rhai:1:20 a condition is true or false, and this is a text",
            "E3018 sample.rhai:1:89 a condition is true or false, and this is a whole number",
            "E3018 sample.rhai:1:139 a condition is true or false, and this is a text",
            "W3008 sample.rhai:2:25 `flow.person.age_over_18` may be missing, and then the script ends here | write `flow.person.age_over_18 == true`",
        ],
    );
}

#[test]
fn dead_code_and_unused_names_are_found() {
    finds(
        "import \"lib/hours\" as h;\nconst LIMIT = 5;\nfn plan(flow) {\n  let unused = flow.attempt;\n  let flow = 3;\n  return tighten(#{});\n  flow.len();\n}\nfn timeout(flow) { loop { } stop(#{ ar: \"قف\", en: \"stop\" }) }",
        &[
            "W3005 sample.rhai:1:1 nothing uses the import `h`",
            "W3004 sample.rhai:2:7 nothing reads `LIMIT` | remove it, or read it in a function as `global::LIMIT`",
            "W3004 sample.rhai:4:7 nothing reads `unused`",
            "W3006 sample.rhai:5:7 `flow` hides the parameter of the same name",
            "W3002 sample.rhai:7:3 this is never reached",
            "W3002 sample.rhai:9:29 this is never reached",
        ],
    );
}

#[test]
fn ways_without_a_value_are_found() {
    finds(
        "fn plan(flow) {\n  if flow.attempt == 1 {\n    tighten(#{})\n  } else {\n    let _x = 1;\n  }\n}\nfn timeout(flow) { if level(flow) == 1 { stop(#{ ar: \"قف\", en: \"stop\" }) } }\nfn level(flow) { if flow.attempt > 3 { 1 } }",
        &[
            "W3003 sample.rhai:5:5 this branch returns nothing where others answer",
            "W3003 sample.rhai:9:4 `level` returns a value on some ways and nothing on others",
        ],
    );
}

// A closure is a way of its own: what it ends with is not lost, and what follows it is reached.
#[test]
fn closures_are_apart() {
    finds(
        "fn plan(flow) { let a = [1, 2]; if a.some(|x| { if x == 2 { return true; } false }) { return tighten(#{}); } tighten(#{}) }",
        &[],
    );
}
