//! Which lines of scripts are run: for the coverage of tests. Serving threads never record.

use std::cell::RefCell;
use std::collections::BTreeSet;

use rhai::ASTNode;
use rhai::Engine;
use rhai::Stmt;
use rhai::debugger::DebuggerCommand;

use super::budget::with_budget;
use super::engine;
use super::program::Script;

/// Lines of scripts: the file, and the number of the line.
pub type Lines = BTreeSet<(String, u32)>;

/// Runs `work`, and says which lines of scripts it ran on this thread.
pub fn recorded<T>(work: impl FnOnce() -> T) -> (T, Lines) {
    let before = RECORD.replace(Some(Lines::new()));
    let done = work();
    let lines = RECORD.replace(before).unwrap_or_default();
    (done, lines)
}

/// Whether what is run on this thread is recorded.
pub(super) fn is_recording() -> bool {
    RECORD.with_borrow(Option::is_some)
}

/// An engine like any other, which tells every statement and expression that it runs.
#[expect(
    deprecated,
    reason = "marked so because it may change; it is used here and nowhere else"
)]
pub(super) fn recording_engine() -> Engine {
    let mut engine = engine::build();
    engine.register_debugger(
        |_, debugger| debugger,
        |_, _, node, source, at| {
            // A statement that is nothing but an expression is told as that expression.
            let told = match node {
                ASTNode::Stmt(statement) => counts(statement),
                _ => true,
            };
            if let Some(file) = source.filter(|_| told)
                && let Some(line) = at.line().and_then(|line| u32::try_from(line).ok())
            {
                RECORD.with_borrow_mut(|lines| {
                    if let Some(lines) = lines {
                        lines.insert((file.to_owned(), line));
                    }
                });
            }
            Ok(DebuggerCommand::StepInto)
        },
    );
    engine
}

impl Script {
    /// The lines of the script and its libraries on which a statement of a function begins.
    pub fn lines(&self) -> Lines {
        let engine = engine::build();
        let own = (&self.file, &*self.text);
        let libraries = self
            .libraries
            .iter()
            .map(|library| (&library.file, &*library.text));
        let mut lines = Lines::new();
        for (file, text) in std::iter::once(own).chain(libraries) {
            // It was compiled when it was loaded.
            let Ok(ast) = with_budget(|| engine.compile(text)) else {
                continue;
            };
            let globals = ast.statements().len();
            let mut roots = 0;
            ast.walk(&mut |path: &[ASTNode<'_>]| {
                if path.len() == 1 {
                    roots += 1;
                }
                if let Some(ASTNode::Stmt(statement)) = path.last()
                    && roots > globals
                    && counts(statement)
                    && let Some(line) = statement.position().line()
                {
                    lines.insert((file.clone(), u32::try_from(line).unwrap_or(u32::MAX)));
                }
                true
            });
        }
        lines
    }
}

/// Blocks are counted by what stands in them.
fn counts(statement: &Stmt) -> bool {
    !matches!(statement, Stmt::Noop(..) | Stmt::Block(..))
}

thread_local! {
    static RECORD: RefCell<Option<Lines>> = const { RefCell::new(None) };
}

#[cfg(test)]
mod tests {
    use super::super::hook::Hook;
    use super::super::sample;
    use super::*;

    #[test]
    fn the_lines_that_run_are_told_and_the_others_are_not() {
        let library = "fn early(now) {\n    now.hour < 6\n}\nfn never() {\n    1\n}";
        let text = "import \"lib/hours\" as hours;\nfn plan(flow) {\n    let a = 1;\n    \
                    if hours::early(flow.now) {\n        return tighten(#{});\n    }\n    \
                    if a == 1 {\n        let b = 2;\n    }\n}";
        let (script, found) = sample::compile(text, &[("lib/hours", library)]);
        let script = script.unwrap_or_else(|| panic!("{found:#?}"));
        let inputs = sample::inputs();
        let facts = sample::facts(&inputs);
        let ((), run) = recorded(|| {
            script.call(Hook::Plan, &facts).unwrap();
        });
        let missed: Vec<String> = script
            .lines()
            .difference(&run)
            .map(|(file, line)| format!("{file}:{line}"))
            .collect();
        assert_eq!(
            missed,
            ["scripts/lib/hours.rhai:5", "scripts/sample.rhai:5"],
            "{run:?}"
        );
        let expected: Lines = [
            ("scripts/lib/hours.rhai", 2),
            ("scripts/sample.rhai", 3),
            ("scripts/sample.rhai", 4),
            ("scripts/sample.rhai", 7),
            ("scripts/sample.rhai", 8),
        ]
        .into_iter()
        .map(|(file, line)| (file.to_owned(), line))
        .collect();
        assert!(expected.is_subset(&run), "{run:?}");
    }

    #[test]
    fn nothing_is_recorded_where_nobody_asks() {
        assert!(!is_recording());
        let ((), lines) = recorded(|| assert!(is_recording()));
        assert!(lines.is_empty() && !is_recording());
    }
}
