use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::command::Findings;
use super::command::render as diagnostics;
use crate::cases::Answered;
use crate::cases::Cell;
use crate::cases::Coverage;
use crate::cases::Mutation;
use crate::words::Locale;

/// All findings for a terminal. The last line is always `N passed, N failed`.
pub(super) fn render(findings: &Findings) -> String {
    let mut out = String::new();
    let sources = &findings.sources;
    out.push_str(&diagnostics(&findings.found, sources));
    out.push_str(&diagnostics(&findings.report.diagnostics(), sources));
    if let Some(coverage) = &findings.coverage {
        out.push_str(&matrix(coverage));
        out.push_str(&diagnostics(&coverage.diagnostics(), sources));
    }
    if let Some(mutation) = &findings.mutation {
        out.push_str(&diagnostics(&mutation.diagnostics(), sources));
        out.push_str(&mutants(mutation));
    }
    let _ = writeln!(
        out,
        "{} passed, {} failed",
        findings.report.passed, findings.report.failed
    );
    out
}

/// One table a service: outcomes down, channels across, in each field how many cases ended so in Arabic and in English.
fn matrix(coverage: &Coverage) -> String {
    let mut out = String::new();
    for (service, cells) in coverage.services() {
        let columns: BTreeSet<_> = cells.keys().map(|cell| (cell.channel, cell.capability)).collect();
        let rows: BTreeSet<Answered> = cells.keys().map(|cell| cell.outcome).collect();
        let name = |outcome: &Answered| outcome.to_string().chars().count();
        let first = rows.iter().map(name).max().unwrap_or_default();
        let _ = writeln!(out, "{service}: cases that ended so, in Arabic/English");
        let _ = write!(out, "  {:first$}", "");
        let heads: Vec<String> = columns
            .iter()
            .map(|(channel, capability)| format!("{channel} {capability}"))
            .collect();
        for head in &heads {
            let _ = write!(out, "  {head}");
        }
        out.push('\n');
        for outcome in &rows {
            let _ = write!(out, "  {:first$}", outcome.to_string());
            for ((channel, capability), head) in columns.iter().zip(&heads) {
                let count = |locale| {
                    let cell = Cell {
                        outcome: *outcome,
                        channel: *channel,
                        capability: *capability,
                        locale,
                    };
                    count(cells, &cell)
                };
                let both = format!("{}/{}", count(Locale::Ar), count(Locale::En));
                let _ = write!(out, "  {both:>width$}", width = head.chars().count());
            }
            out.push('\n');
        }
        out.push('\n');
    }
    let (all, run) = coverage.lines();
    let _ = writeln!(out, "scripts: {run} of {all} lines run\n");
    out
}

/// A dash where there is nothing, so that it stands out.
fn count(cells: &BTreeMap<Cell, usize>, cell: &Cell) -> String {
    match cells.get(cell) {
        None | Some(0) => "-".to_owned(),
        Some(count) => count.to_string(),
    }
}

fn mutants(mutation: &Mutation) -> String {
    let mut out = String::new();
    for accepted in &mutation.accepted {
        let _ = writeln!(
            out,
            "accepted: {} {}, because {}",
            accepted.place, accepted.change, accepted.because
        );
    }
    let _ = writeln!(
        out,
        "{} changes of the policies: {} noticed by a case, {} refused by `check`, {} accepted, {} survived",
        mutation.total(),
        mutation.noticed,
        mutation.refused,
        mutation.accepted.len(),
        mutation.survivors.len(),
    );
    out
}
