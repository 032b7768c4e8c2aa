//! The taxonomy of outcomes: its reference page, written from the code, and the proof that nothing in it is made up. Every
//! leaf code is what some fault of the sandbox ends in, or a test named here leads to it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use midflow::connector::kuwait::code_table;
use midflow::sandbox::Scenario;
use midflow::words::Outcome;
use midflow::words::OutcomeClass;

use crate::scenarios::Fate;
use crate::scenarios::fate;

/// How a leaf code is reached.
enum Reached {
    /// By these scenarios of the sandbox, for a push.
    Scenarios(Vec<&'static str>),
    /// By what this test does: its file and its name.
    Test(&'static str, &'static str),
}

const fn ends_as(fate: Fate) -> Outcome {
    match fate {
        Fate::Approved { .. } | Fate::ApprovedAfter(_) => Outcome::Approved,
        Fate::Ended(outcome, _) | Fate::Refused(outcome) => outcome,
        Fate::Disbelieved(_) | Fate::Silence => Outcome::TimeoutNoAnswer,
        Fate::RefusedByPolicy => Outcome::Refused,
    }
}

fn reached(outcome: Outcome) -> Reached {
    let scenarios: Vec<&str> = Scenario::ALL
        .into_iter()
        .filter(|scenario| ends_as(fate(*scenario)) == outcome)
        .map(Scenario::as_str)
        .collect();
    if !scenarios.is_empty() {
        return Reached::Scenarios(scenarios);
    }
    let (file, test) = match outcome {
        Outcome::DeclinedOnPage => (
            "capabilities",
            "whoever_does_not_want_to_sign_says_so_on_the_page",
        ),
        Outcome::TimeoutNotConfirmed => (
            "capabilities",
            "a_document_that_nobody_confirms_in_time_is_asked_of_nobody",
        ),
        Outcome::ErrorUnsupported => (
            "capabilities",
            "what_the_transport_does_not_carry_ends_as_unsupported",
        ),
        Outcome::ErrorNetwork | Outcome::Cancelled => ("engine", ""),
        Outcome::ErrorPolicy => ("hostile", ""),
        Outcome::Superseded => ("capabilities", "a_renewed_code_takes_the_place_of_the_one_before"),
        Outcome::SignatureInvalid | Outcome::WrongDocument => (
            "capabilities",
            "a_signature_that_is_not_over_the_document_is_none",
        ),
        Outcome::StaleQr | Outcome::ReplayedQr | Outcome::UnreadableQr | Outcome::StampInvalid => {
            ("capabilities", "a_card_is_verified_once")
        }
        Outcome::QuietHours => (
            "quiet_hours",
            "a_notification_in_quiet_hours_is_refused_where_the_policy_says_so",
        ),
        Outcome::DeclinedNotMe => ("push_safety", "a_report_while_the_phone_rings_ends_the_flow"),
        Outcome::PushesStopped => ("push_safety", "what_each_control_stops_of_a_relay_attacker"),
        Outcome::FirstContact | Outcome::CoolOff => ("push_safety", ""),
        Outcome::ErrorCatalogLost => (
            "catalog_lost",
            "an_answer_to_a_flow_whose_catalog_is_lost_opens_nothing",
        ),
        Outcome::ErrorStore => ("doubt", "a_start_that_was_given_up_asks_nobody"),
        other => panic!("nothing leads to {other}: a scenario, a test, or no such code"),
    };
    Reached::Test(file, test)
}

// R000-081 to R000-085: a code that nothing produces would be a promise that nobody keeps.
#[test]
fn every_leaf_code_is_reached() {
    for outcome in Outcome::ALL {
        let Reached::Test(file, test) = reached(outcome) else {
            continue;
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/{file}.rs"));
        let text = fs::read_to_string(path).unwrap();
        let from = text.find(&format!("fn {test}")).unwrap_or_else(|| {
            panic!("{outcome}: tests/it/{file}.rs has no test `{test}`");
        });
        let body = &text[from..];
        let end = if test.is_empty() {
            body.len()
        } else {
            body.find("\n}\n").unwrap()
        };
        // As the engine's word, or as the code that others are told.
        let words = [format!("Outcome::{outcome:?}"), format!("\"{outcome}\"")];
        assert!(
            words.iter().any(|word| body[..end].contains(word)),
            "{outcome}: `{test}` does not expect it"
        );
    }
}

#[test]
fn the_reference_of_outcomes_is_current_and_generated() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/outcomes.md");
    let page = page();
    if std::env::var_os("MIDFLOW_GENERATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == page,
        "docs/outcomes.md is not current; `make generate`"
    );
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for class in OutcomeClass::ALL {
        let _ = writeln!(page, "| `{class}` | {} |", about(class));
    }
    for class in OutcomeClass::ALL {
        let _ = write!(page, "\n## `{class}`\n");
        for outcome in Outcome::ALL.into_iter().filter(|one| one.class() == class) {
            section(&mut page, outcome);
        }
    }
    page
}

fn section(page: &mut String, outcome: Outcome) {
    let text = outcome.text();
    let remedy = outcome.remedy().text();
    let severity = serde_json::to_value(outcome.severity()).unwrap();
    let hint = match outcome.operator_hint() {
        "" => "nothing",
        hint => hint,
    };
    let codes: Vec<String> = code_table()
        .into_iter()
        .filter(|row| row.outcome == outcome)
        .map(|row| format!("{} `{}`", row.member, row.code))
        .collect();
    let codes = if codes.is_empty() {
        "none".to_owned()
    } else {
        codes.join(", ")
    };
    let origin = match reached(outcome) {
        Reached::Scenarios(names) => format!("`midflow trigger` {}", ticked(&names)),
        Reached::Test(file, _) => format!("`tests/it/{file}.rs`"),
    };
    let _ = write!(
        page,
        "\n### `{outcome}`\n\n\
         > <span dir=\"rtl\" lang=\"ar\">{}</span>\n>\n> {}\n\n\
         | | |\n|---|---|\n\
         | next action | {}; <span dir=\"rtl\" lang=\"ar\">{}</span> |\n\
         | may a retry end differently | {} |\n\
         | severity | {} |\n\
         | for the operator | {hint} |\n\
         | codes of the authority | {codes} |\n\
         | seen with | {origin} |\n",
        text.ar,
        text.en,
        remedy.en,
        remedy.ar,
        if outcome.retryable() { "yes" } else { "no" },
        severity.as_str().unwrap(),
    );
}

fn ticked(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

const fn about(class: OutcomeClass) -> &'static str {
    match class {
        OutcomeClass::Approved => "the person approved, and everything was verified",
        OutcomeClass::Declined => "the person declined",
        OutcomeClass::Timeout => "nobody answered in time",
        OutcomeClass::Error => "something failed on the way",
        OutcomeClass::Other => "everything else; never success",
    }
}

const HEAD: &str = "# How flows end

Written from the code by `make generate`. A flow ends exactly once, in one of five classes and with a leaf code below it.
Both are stable for ever: a policy answers each class and may answer single leaf codes, and the API tells both.

What people read is the `say` of the service; the sentences here stand where nobody has written a better one. Codes that
the authority has not published are added in the settings of the connector (`kuwait.codes`); none can be made to mean
success. A code or a member that stands in no list is never success either: it is counted (`midflow_drift_total`), logged
once, and shown in the console with its shape, without anything of the person.

| class | means |
|---|---|
";
