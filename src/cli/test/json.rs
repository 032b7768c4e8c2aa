use serde_json::Value;
use serde_json::json;

use super::command::Findings;
use crate::cases::Coverage;
use crate::cases::Failure;
use crate::cases::Mutant;
use crate::cases::Mutation;
use crate::diagnostics::Label;
use crate::policy::Place;

/// All findings as one JSON value.
pub(super) fn render(findings: &Findings) -> String {
    let report = &findings.report;
    let failures: Vec<Value> = report.failures.iter().map(failure).collect();
    let mut whole = json!({
        "passed": report.passed,
        "failed": report.failed,
        "seconds": findings.took.as_secs_f64(),
        "failures": failures,
        "diagnostics": findings.found,
    });
    if let Some(coverage) = &findings.coverage {
        whole["coverage"] = self::coverage(coverage);
    }
    if let Some(mutation) = &findings.mutation {
        whole["mutation"] = self::mutation(mutation);
    }
    whole.to_string()
}

fn failure(failure: &Failure) -> Value {
    json!({
        "case": failure.case,
        "about": failure.about,
        "expected": failure.expected,
        "got": failure.got,
        "at": label(&failure.at),
        "rule": failure.rule.as_ref().map(place),
        "trail": failure.trail,
    })
}

fn coverage(coverage: &Coverage) -> Value {
    let (all, run) = coverage.lines();
    let missed: Vec<Value> = coverage
        .missed_lines()
        .map(|(file, line)| json!({ "file": file, "line": line }))
        .collect();
    let services: serde_json::Map<String, Value> = coverage
        .services()
        .iter()
        .map(|(service, cells)| {
            let cells: Vec<Value> = cells
                .iter()
                .map(|(cell, count)| {
                    let mut value = serde_json::to_value(cell).unwrap_or_default();
                    value["cases"] = (*count).into();
                    value
                })
                .collect();
            (service.to_string(), Value::Array(cells))
        })
        .collect();
    json!({
        "complete": coverage.is_complete(),
        "lines": { "all": all, "run": run, "missed": missed },
        "services": services,
    })
}

fn mutation(mutation: &Mutation) -> Value {
    let told = |mutant: &Mutant| {
        json!({
            "at": place(&mutant.place),
            "change": mutant.change,
            "services": mutant.services,
        })
    };
    json!({
        "total": mutation.total(),
        "noticed": mutation.noticed,
        "refused": mutation.refused,
        "survivors": mutation.survivors.iter().map(told).collect::<Vec<_>>(),
        "accepted": mutation.accepted.iter().map(|accepted| json!({
            "at": place(&accepted.place),
            "change": accepted.change,
            "because": accepted.because,
        })).collect::<Vec<_>>(),
    })
}

fn place(place: &Place) -> Value {
    json!({ "file": place.file, "line": place.line, "column": place.column })
}

fn label(label: &Label) -> Value {
    json!({ "file": label.file, "line": label.start.line, "column": label.start.column })
}
