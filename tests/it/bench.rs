//! `midflow bench` gives its rows. Nothing else finds out when its node no longer starts: it is run by hand, and seldom.

use std::process::Command;

use serde_json::Value;

use crate::support::policy_folder;

// Its configuration lacked the key file that a node came to demand, and no figure could be taken.
#[test]
fn whole_flows_are_measured_on_both_stores() {
    let rows = rows(&["--flows", "--seconds", "1", "--in-flight", "4"]);
    for what in [
        "whole flows, 4 in flight (disk syncs)",
        "whole flows, 4 in flight (bare program)",
        "flows to a disk sync",
        "flows to a disk sync, bare program",
        "processor time of the node a flow (bare program)",
        "whole flows on PostgreSQL, 4 in flight (disk syncs)",
        "whole flows on PostgreSQL, 4 in flight (bare program)",
        "flows on PostgreSQL to a disk sync",
        "flows on PostgreSQL to a disk sync, bare program",
        "processor time of the node a flow on PostgreSQL (bare program)",
    ] {
        assert!(number(&rows, what, "figure") > 0.0, "{what}: {rows:?}");
        assert!(number(&rows, what, "control") > 0.0, "{what}: {rows:?}");
    }
}

#[test]
fn loads_and_reloads_are_measured() {
    let rows = rows(&["--reload", "--services", "1"]);
    assert!(!rows.is_empty());
    for row in &rows {
        assert!(
            row["figure"].as_str().is_some_and(|figure| !figure.is_empty()),
            "{row}"
        );
    }
}

#[test]
fn the_log_is_measured() {
    let rows = rows(&["--log", "--seconds", "1", "--records", "3000"]);
    let measured: Vec<&str> = rows.iter().filter_map(|row| row["what"].as_str()).collect();
    for (what, begins) in measured.iter().zip([
        "append to the log,",
        "verify 3000 records,",
        "verify 3000 records, each with a message,",
        "append to the log on PostgreSQL,",
        "verify 3000 records on PostgreSQL,",
        "verify 3000 records, each with a message on PostgreSQL,",
    ]) {
        assert!(what.starts_with(begins), "{measured:?}");
        assert!(number(&rows, what, "figure") > 0.0, "{rows:?}");
    }
    assert_eq!(measured.len(), 6);
}

fn rows(arguments: &[&str]) -> Vec<Value> {
    let policies = policy_folder::with_wide_limits();
    let out = Command::new(env!("CARGO_BIN_EXE_midflow"))
        .args(["bench", "--format", "json", "--dir"])
        .arg(policies.path())
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
    serde_json::from_slice(&out.stdout).unwrap()
}

/// The number that a figure, or its control, begins with.
fn number(rows: &[Value], what: &str, column: &str) -> f64 {
    let row = rows.iter().find(|row| row["what"] == what);
    let text = row.and_then(|row| row[column].as_str()).unwrap_or_default();
    let number: String = text
        .chars()
        .filter(|sign| *sign != ',')
        .take_while(|sign| sign.is_ascii_digit() || *sign == '.')
        .collect();
    number.parse().unwrap_or(0.0)
}
