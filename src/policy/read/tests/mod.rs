//! Reading, as the writers of policies meet it: a good file, and every way to break it.

mod broken_capabilities;
mod broken_organization;
mod broken_service;
mod defaults;
mod good;
mod messages;
mod mutations;

use crate::diagnostics::Diagnostics;

const SERVICE: &str = include_str!("../fixtures/licence-renewal.yaml");
const EVERYTHING: &str = include_str!("../fixtures/everything.yaml");
const EVERY_ORGANIZATION: &str = include_str!("../fixtures/everything-organization.yaml");
const SERVICE_FILE: &str = "policies/services/licence-renewal.yaml";
const ORGANIZATION: &str = include_str!("../fixtures/organization.yaml");
const ORGANIZATION_FILE: &str = "policies/organization.yaml";

/// One way to break a good file: what is replaced, by what, and the one code that is reported. The place is
/// where `⟦` stands in the new text, or else where `at` stands in the broken file.
struct Broken {
    from: &'static str,
    to: &'static str,
    code: &'static str,
    at: &'static str,
}

const fn marked(from: &'static str, to: &'static str, code: &'static str) -> Broken {
    Broken {
        from,
        to,
        code,
        at: "",
    }
}

const fn elsewhere(from: &'static str, to: &'static str, code: &'static str, at: &'static str) -> Broken {
    Broken { from, to, code, at }
}

impl Broken {
    /// The broken text, with the place of the problem.
    fn apply(&self, good: &str) -> (String, (u32, u32)) {
        assert_eq!(
            good.matches(self.from).count(),
            1,
            "`{}` is not there once",
            self.from
        );
        let broken = good.replacen(self.from, self.to, 1);
        let mark = if self.at.is_empty() { "⟦" } else { self.at };
        let before = broken.split(mark).next().unwrap();
        assert!(before.len() < broken.len(), "no place in `{}`", self.to);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
        (
            broken.replace('⟦', ""),
            (u32::try_from(line).unwrap(), u32::try_from(column).unwrap()),
        )
    }

    /// Breaks the file, reads it, and compares code, line and column.
    fn check(&self, good: &str, read: impl Fn(&str) -> (bool, Diagnostics)) -> Result<(), String> {
        let (text, (line, column)) = self.apply(good);
        let (loaded, diagnostics) = read(&text);
        let found: Vec<_> = diagnostics
            .iter()
            .map(|diagnostic| {
                let start = diagnostic.labels[0].start;
                (diagnostic.code, start.line, start.column)
            })
            .collect();
        let warning = self.code.starts_with('W');
        if found == [(self.code, line, column)] && loaded == warning {
            return Ok(());
        }
        let messages: Vec<_> = diagnostics.iter().map(|one| one.message.as_str()).collect();
        Err(format!(
            "`{}` -> `{}`: expected {:?}, found {found:?} {messages:?}, loaded {loaded}",
            self.from,
            self.to,
            (self.code, line, column)
        ))
    }
}

fn check_all(table: &[Broken], good: &str, read: impl Fn(&str) -> (bool, Diagnostics)) {
    let faults: Vec<_> = table
        .iter()
        .filter_map(|broken| broken.check(good, &read).err())
        .collect();
    assert!(
        faults.is_empty(),
        "{} of {}:\n{}",
        faults.len(),
        table.len(),
        faults.join("\n")
    );
}
