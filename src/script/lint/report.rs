use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Label;
use crate::diagnostics::Position;
use crate::diagnostics::codes;

/// What has been found so far. The same line is looked at more than once, by itself and as what a hook calls,
/// and each finding is kept once.
#[derive(Default)]
pub(super) struct Report(Vec<Diagnostic>);

impl Report {
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        if !self.0.contains(&diagnostic) {
            self.0.push(diagnostic);
        }
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        file: &str,
        at: Position,
        width: usize,
        message: impl Into<String>,
        finish: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        self.push(finish(Diagnostic::error(
            code,
            message,
            label(file, at, width, ""),
        )));
    }

    pub(super) fn into_diagnostics(self) -> Diagnostics {
        let mut all = Diagnostics::default();
        all.extend(self.0);
        all.sort();
        all
    }
}

/// A place in a script, `width` characters wide.
pub(in crate::script) fn label(file: &str, start: Position, width: usize, text: &str) -> Label {
    Label {
        file: file.to_owned(),
        start,
        end: Position {
            line: start.line,
            column: start
                .column
                .saturating_add(u32::try_from(width.max(1)).unwrap_or(1)),
        },
        text: text.to_owned(),
    }
}

/// Something that the language has and scripts may not use, with why.
pub(in crate::script) fn forbidden(name: &str, label: Label) -> Diagnostic {
    let why = match name {
        "eval" => "text can't be run as code",
        "print" | "debug" => {
            "a script has no output; what the citizen reads is made with `say`, `stop` or `refuse`"
        }
        "Fn" | "call" | "curry" => "functions are called by their name, so that the name can be checked",
        "sleep" => "a script can't wait",
        "timestamp" => "the moment is in `flow.now`, so that a recorded flow can be decided again",
        "exit" => "`return` ends a function",
        _ => "it is not there for scripts",
    };
    Diagnostic::error(
        codes::SCRIPT_FORBIDDEN_SYMBOL,
        format!("`{name}` can't be used in a script"),
        label,
    )
    .help(why)
}
