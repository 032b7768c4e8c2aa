//! `midflow test`: the tests of the served policies are complete, and the runner says what would happen.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use midflow::cases::Suite;
use midflow::catalog::Catalog;
use midflow::catalog::Sources;
use midflow::policy::AnswerName;
use midflow::sandbox::Scenario;

use crate::scenarios::Fate;
use crate::scenarios::fate;
use crate::support::node::served_policies;
use crate::support::policy_folder::copy_of_the_policies;

fn served() -> Sources {
    Sources::read(&served_policies()).unwrap()
}

/// The served sources with files replaced or added.
fn with(changes: &[(&str, &str)]) -> Sources {
    let own = served();
    let mut texts: BTreeMap<String, Arc<str>> = own
        .iter()
        .chain(own.tests())
        .map(|(path, text)| (path.to_owned(), Arc::clone(text)))
        .collect();
    for (path, text) in changes {
        texts.insert((*path).to_owned(), (*text).into());
    }
    Sources::from_texts(texts)
}

fn load(sources: &Sources) -> Catalog {
    let (catalog, found) = Catalog::load(sources, None);
    catalog.unwrap_or_else(|| panic!("{found:#?}"))
}

fn suite(catalog: &Catalog) -> Suite {
    let (suite, found) = Suite::read(catalog).unwrap();
    assert!(!found.has_errors(), "{found:#?}");
    suite
}

const TESTS: &str = "policies/services/licence-renewal.test.yaml";

// F10: every service has tests, and all of them pass.
#[test]
fn every_case_of_the_served_policies_passes() {
    let catalog = load(&served());
    let (suite, found) = Suite::read(&catalog).unwrap();
    assert!(found.is_empty(), "{found:#?}");
    let began = Instant::now();
    let report = suite.run(&catalog, None);
    println!("{} cases in {:?}", suite.len(), began.elapsed());
    assert!(report.is_good(), "{:#?}", report.failures);
    assert_eq!(report.passed, suite.len());
    assert!(suite.len() > 400, "{}", suite.len());
}

// F11: every line of a script is run, and every outcome is tried on every channel in both languages.
#[test]
fn the_tests_of_the_served_policies_leave_no_empty_cell() {
    let catalog = load(&served());
    let coverage = suite(&catalog).coverage(&catalog, None);
    assert!(coverage.is_complete(), "{:#?}", coverage.diagnostics());
}

// F12: every rule that is changed is noticed by a case, or does not load.
#[test]
fn no_changed_rule_of_the_served_policies_passes_unnoticed() {
    let catalog = load(&served());
    let mutation = suite(&catalog).mutate(&catalog, None);
    assert!(mutation.is_good(), "{:#?}", mutation.survivors);
    assert!(mutation.noticed > 400, "{}", mutation.noticed);
    assert!(
        mutation.refused * 10 < mutation.noticed,
        "{} of {} do not even load",
        mutation.refused,
        mutation.total()
    );
}

// F12: a step-up that has become a retry, and a claim that has become what it is made from, need a case each.
#[test]
fn a_step_up_and_a_derived_claim_are_changed_too() {
    const SERVICE: &str = "policies/services/licence-renewal.yaml";
    let text = served().text(SERVICE).unwrap().to_string();
    let stepping = text.replace(
        "  other.assurance_insufficient:\n    then: stop",
        "  other.assurance_insufficient:\n    then: step_up\n    attempts: 2",
    );
    assert_ne!(stepping, text);
    let case = |expect: &str| {
        format!(
            "midflow: 1\ntests: licence-renewal\ngiven: {{ inputs: {{ licence: \"123456\" }} }}\ncases:\n  \
             low: {{ answers: low-assurance, expect: {{ outcome: other.assurance_insufficient{expect} }} }}\n"
        )
    };
    let survivors = |tests: &str| {
        let catalog = load(&with(&[(SERVICE, &stepping), (TESTS, tests)]));
        let mutation = suite(&catalog).mutate(&catalog, Some("licence-renewal"));
        let changes = mutation.survivors.into_iter().map(|mutant| mutant.change);
        changes.collect::<Vec<String>>()
    };
    let careless = survivors(&case(""));
    let retry = "then `step_up` becomes `retry`";
    let claim = "the claim `age_over_18` becomes the `birth_date` that it is made from";
    for change in [retry, claim] {
        assert!(
            careless.iter().any(|one| one == change),
            "{change}: {careless:#?}"
        );
    }
    let careful = survivors(&case(
        ", then: step_up, attempts: 2, plan: { fields: [civil_no, name_ar, age_over_18] }",
    ));
    for change in [retry, claim] {
        assert!(!careful.iter().any(|one| one == change), "{change}");
    }
}

/// The scenarios that the tests of policies know too: what a policy can tell apart. How a message is written, or how the
/// network fails, ends the same for every policy, and is the sandbox's alone.
fn shared() -> Vec<Scenario> {
    let known = |scenario: &Scenario| AnswerName::from_name(scenario.as_str()).is_some();
    Scenario::ALL.into_iter().filter(known).collect()
}

// The names are those of `midflow trigger --list`, so that what is learned in one place holds in the other.
#[test]
fn the_scenarios_of_the_sandbox_are_answers_of_a_test() {
    assert!(shared().len() >= 30, "{}", shared().len());
}

// The made-up authority of the tests against what the sandbox does to a whole node (scenarios.rs): each scenario ends
// alike, and for the same reason.
#[test]
fn an_answer_ends_as_the_same_scenario_does_on_a_whole_node() {
    let mut text =
        "midflow: 1\ntests: licence-renewal\ngiven: { inputs: { licence: \"123456\" } }\ncases:\n".to_owned();
    for scenario in shared() {
        let expect = match fate(scenario) {
            Fate::Approved { .. } => "outcome: approved".to_owned(),
            // No answer of a test is two answers with a forged one first.
            Fate::ApprovedAfter(_) => continue,
            Fate::Ended(outcome, check) => format!("outcome: {outcome}, check: {check}"),
            Fate::Disbelieved(check) => {
                format!("outcome: timeout.no_answer, check: {check}, notes: [rejected]")
            }
            Fate::Refused(outcome) => format!("outcome: {outcome}"),
            Fate::Silence => "outcome: timeout.no_answer".to_owned(),
            Fate::RefusedByPolicy => "outcome: other.refused, why: fn approved".to_owned(),
        };
        let name = scenario.as_str();
        text.push_str(&format!(
            "  {name}: {{ answers: {name}, expect: {{ {expect} }} }}\n"
        ));
    }
    let catalog = load(&with(&[(TESTS, &text)]));
    let report = suite(&catalog).run(&catalog, Some("licence-renewal"));
    assert!(report.is_good(), "{:#?}", report.failures);
    assert_eq!(report.passed, shared().len());
}

// Rule R10: what a test file says is no part of what is served.
#[test]
fn a_test_file_does_not_change_the_name_of_the_catalog() {
    let (one, other) = (served(), with(&[(TESTS, "midflow: 1\n")]));
    assert_eq!(one.digest(), other.digest());
    assert_eq!(one.manifest(), other.manifest());
    assert_ne!(one, other);
    assert!(one.iter().all(|(path, _)| !path.ends_with(".test.yaml")));
    let content = |digest: &midflow::words::Digest| {
        let file = one.files().find(|(_, file)| file.digest() == *digest);
        file.map(|(_, file)| file.text().as_bytes().to_vec())
    };
    let kept = Sources::from_manifest(&one.manifest(), content).unwrap();
    assert_eq!(kept.tests().count(), 0);
}

// What the engine runs before a swap: only the tests of what was changed.
#[test]
fn after_a_reload_only_what_was_touched_is_tested() {
    let first = load(&served());
    let all = suite(&first).len();
    let text = served()
        .text("policies/services/lab-results.yaml")
        .unwrap()
        .to_string();
    let changed = with(&[(
        "policies/services/lab-results.yaml",
        &text.replace("assurance: medium", "assurance: low"),
    )]);
    let (second, _) = Catalog::load(&changed, Some(&first));
    let second = second.unwrap();
    let (touched, _) = Suite::read_changed(&second, &first).unwrap();
    assert!(
        !touched.is_empty() && touched.len() < all / 2,
        "{}",
        touched.len()
    );
    let report = touched.run(&second, None);
    assert!(
        report
            .failures
            .iter()
            .any(|failure| failure.about == "plan.assurance")
    );
    let (untouched, _) = Suite::read_changed(&first, &first).unwrap();
    assert!(untouched.is_empty());
}

#[test]
fn the_same_tests_give_the_same_report() {
    let text = served()
        .text("scripts/licence-renewal.rhai")
        .unwrap()
        .replace("500.0", "400.0");
    let catalog = load(&with(&[("scripts/licence-renewal.rhai", &text)]));
    let suite = suite(&catalog);
    let told = |_| format!("{:?}", suite.run(&catalog, None));
    let reports: Vec<String> = (0..3).map(told).collect();
    assert!(reports.iter().all(|report| *report == reports[0]));
    assert!(!suite.run(&catalog, None).is_good());
}

struct Said {
    code: Option<i32>,
    out: String,
    all: String,
}

fn midflow(folder: &Path, arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_midflow"))
        .arg("test")
        .args(arguments)
        .arg("--dir")
        .arg(folder)
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let all = format!("{out}{}", String::from_utf8(output.stderr).unwrap());
    Said {
        code: output.status.code(),
        out,
        all,
    }
}

fn replace(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn the_command_ends_with_the_counts() {
    let said = midflow(&served_policies(), &[]);
    assert_eq!(said.code, Some(0), "{}", said.all);
    let last = said.out.lines().last().unwrap();
    assert!(last.ends_with(" passed, 0 failed"), "{last}");
    let some = midflow(&served_policies(), &["sim-replacement", "--coverage"]);
    assert_eq!(some.code, Some(0), "{}", some.all);
    assert!(
        some.out.contains("sim-replacement: cases that ended so"),
        "{}",
        some.out
    );
    assert!(!some.out.contains("lab-results"), "{}", some.out);
}

#[test]
fn a_failing_case_names_the_expectation_the_rule_and_the_way() {
    let folder = copy_of_the_policies();
    replace(
        folder.path(),
        "scripts/licence-renewal.rhai",
        "amount > 500.0",
        "amount >= 500.0",
    );
    let said = midflow(folder.path(), &["licence-renewal"]);
    assert_eq!(said.code, Some(1), "{}", said.all);
    for words in [
        "error[E6101]",
        "`plan.assurance` is `high`, not `medium`",
        "policies/services/licence-renewal.test.yaml:",
        "scripts/licence-renewal.rhai:11:16",
        "this rule made it so",
        "so it went: 0.000 s the plan is made at scripts/licence-renewal.rhai:11:16",
        "passed, 1 failed",
    ] {
        assert!(said.out.contains(words), "`{words}` is missing:\n{}", said.all);
    }
    let json = midflow(folder.path(), &["licence-renewal", "--format", "json"]);
    assert_eq!(json.code, Some(1));
    let value: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(value["failed"], 1);
    assert_eq!(value["failures"][0]["about"], "plan.assurance");
    assert_eq!(
        value["failures"][0]["rule"]["file"],
        "scripts/licence-renewal.rhai"
    );
    assert_eq!(value["failures"][0]["rule"]["line"], 11);
}

#[test]
fn a_survivor_is_named_with_its_place_and_can_be_accepted_with_a_reason() {
    let folder = copy_of_the_policies();
    let tests = "policies/services/licence-renewal.test.yaml";
    replace(
        folder.path(),
        tests,
        "      - { amount: 500,     level: medium, time: 5m, rule: capabilities.auth_push }\n",
        "",
    );
    let said = midflow(folder.path(), &["licence-renewal", "--mutate"]);
    assert_eq!(said.code, Some(1), "{}", said.all);
    assert!(said.out.contains("error[E6102]"), "{}", said.all);
    assert!(said.out.contains("notices that `>` becomes `>=`"), "{}", said.all);
    assert!(
        said.out.contains("scripts/licence-renewal.rhai:10:31"),
        "{}",
        said.all
    );
    let accepted = "accepted:\n  - { file: scripts/licence-renewal.rhai, change: \"`>` becomes `>=`\", because: \
                    nobody owes exactly that }\ncases:\n";
    replace(folder.path(), tests, "cases:\n", accepted);
    let said = midflow(folder.path(), &["licence-renewal", "--mutate"]);
    assert!(
        said.out.contains("because nobody owes exactly that"),
        "{}",
        said.all
    );
    // Another one survives beside it, so the end is not good yet.
    assert!(said.out.contains("1 accepted"), "{}", said.all);
    let stale =
        "accepted:\n  - { file: scripts/licence-renewal.rhai, change: \"`==` becomes `!=`\", because: x }\n";
    replace(folder.path(), tests, "accepted:\n", stale);
    let said = midflow(folder.path(), &["licence-renewal", "--mutate"]);
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("error[E6103]"), "{}", said.all);
}

#[test]
fn what_can_not_run_ends_with_two() {
    let folder = copy_of_the_policies();
    let nothing = midflow(folder.path(), &["no-such-case"]);
    assert_eq!(nothing.code, Some(2), "{}", nothing.all);
    assert!(
        nothing.all.contains("no case holds `no-such-case`"),
        "{}",
        nothing.all
    );
    replace(folder.path(), TESTS, "answers: approved", "answers: aproved");
    let broken = midflow(folder.path(), &[]);
    assert_eq!(broken.code, Some(2), "{}", broken.all);
    assert!(broken.all.contains("did you mean `approved`?"), "{}", broken.all);
    fs::rename(
        folder.path().join(TESTS),
        folder.path().join("policies/services/licence-renewl.test.yaml"),
    )
    .unwrap();
    let stranger = midflow(folder.path(), &[]);
    assert_eq!(stranger.code, Some(2), "{}", stranger.all);
    for words in ["E6009", "licence-renewal.test.yaml?", "W6001"] {
        assert!(
            stranger.all.contains(words),
            "`{words}` is missing:\n{}",
            stranger.all
        );
    }
    replace(
        folder.path(),
        "scripts/licence-renewal.rhai",
        "fn plan",
        "fn plan(",
    );
    let unloaded = midflow(folder.path(), &[]);
    assert_eq!(unloaded.code, Some(2), "{}", unloaded.all);
    assert!(unloaded.all.contains("do not load"), "{}", unloaded.all);
}

/// The first YAML block of the reference is a whole test file, and it passes.
#[test]
fn the_example_of_the_reference_runs() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tests.md")).unwrap();
    let example = page
        .split("```yaml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let catalog = load(&with(&[(TESTS, example)]));
    let report = suite(&catalog).run(&catalog, Some("licence-renewal"));
    assert!(report.is_good() && report.passed > 5, "{:#?}", report.failures);
    // Each answer of the list is explained.
    for answer in AnswerName::ALL {
        let name = format!("`{}`", answer.as_str());
        assert!(page.contains(&name), "{name}");
    }
}

/// The report of a few cases of the licence renewal.
fn cases_of_licence_renewal(cases: &str) -> midflow::cases::Report {
    let text = format!(
        "midflow: 1\ntests: licence-renewal\ngiven: {{ inputs: {{ licence: \"123456\" }} }}\ncases:\n{cases}"
    );
    let catalog = load(&with(&[(TESTS, &text)]));
    suite(&catalog).run(&catalog, Some("licence-renewal"))
}

// Law 13: somebody may have written down a real person after all, so a report shows no value of a person.
#[test]
fn a_report_does_not_repeat_who_the_person_is() {
    let report = cases_of_licence_renewal(
        "  one:\n    given: { person: { name_ar: فلانة الفلانية, civil_no: \"399123100025\" } }\n    \
         expect: { person: { civil_no: \"399123100033\", name_ar: غيرها, age_over_18: true } }\n",
    );
    assert_eq!(report.failed, 1);
    let told = format!("{report:?} {:?}", report.diagnostics());
    for value in ["فلانة", "399123100025", "399123100033", "غيرها"] {
        assert!(!told.contains(value), "{value} {told}");
    }
    assert!(told.contains("has another value"), "{told}");
}

#[test]
fn what_no_answer_leads_to_can_be_tried_as_well() {
    let report = cases_of_licence_renewal(
        "  store: { answers: error.store, expect: { outcome: error.store, then: retry, why: outcomes.error } }\n  \
         superseded: { answers: other.superseded, expect: { outcome: other.superseded, then: stop } }\n  \
         cancelled: { answers: [cancelled: { after: 30s }], expect: { outcome: other.cancelled } }\n  \
         twice: { answers: [unreachable, declined], expect: { outcome: declined } }\n  \
         never: { answers: [unreachable, unreachable, approved], expect: { outcome: error.network } }\n",
    );
    assert!(report.is_good(), "{:#?}", report.failures);
    assert_eq!(report.passed, 5);
}

// Law 5: a script that fails is a refusal here as well, and the report says where it failed.
#[test]
fn a_script_that_fails_is_told_with_its_place() {
    let script = "fn plan(flow) { if flow.inputs.amount == () { throw \"no amount\"; } }\nfn approved(flow) { loop {} }";
    let tests = "midflow: 1\ntests: licence-renewal\ngiven: { inputs: { licence: \"123456\" } }\ncases:\n  \
                 without: { expect: { plan: none, outcome: error.policy, then: stop } }\n  \
                 with:\n    given: { inputs: { amount: 1 } }\n    expect: { outcome: error.policy, then: stop, person: none }\n  \
                 wrong: { expect: { outcome: approved } }\n";
    let catalog = load(&with(&[("scripts/licence-renewal.rhai", script), (TESTS, tests)]));
    let report = suite(&catalog).run(&catalog, Some("licence-renewal"));
    assert_eq!((report.passed, report.failed), (2, 1), "{report:#?}");
    let trail = report.failures[0].trail.join("\n");
    assert!(
        trail.contains("the script failed: scripts/licence-renewal.rhai:1:"),
        "{trail}"
    );
}
