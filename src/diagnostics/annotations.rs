use std::fmt::Write as _;

use super::Diagnostic;
use super::Diagnostics;
use super::Severity;

/// Renders diagnostics as the commands by which a build tells GitHub and compatible services to mark lines of a
/// change: `::error file=…,line=…::…`, one a line.
///
/// `folder` is put before each file: the way from the top of the repository to the folder that holds `policies/`.
pub fn render_annotations(diagnostics: &Diagnostics, folder: &str) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics.iter() {
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let _ = writeln!(
            out,
            "::{command} {}::{}",
            properties(diagnostic, folder),
            data(&message(diagnostic))
        );
    }
    out
}

fn properties(diagnostic: &Diagnostic, folder: &str) -> String {
    let mut out = String::new();
    if let Some(label) = diagnostic.labels.first() {
        let (start, end) = (label.start, label.end);
        let file = property(&format!("{folder}{}", label.file));
        let _ = write!(out, "file={file},line={},endLine={}", start.line, end.line);
        // The service takes columns only for marks that stay on one line; the last one counts.
        if start.line == end.line {
            let last = end.column.saturating_sub(1).max(start.column);
            let _ = write!(out, ",col={},endColumn={last}", start.column);
        }
        out.push(',');
    }
    let _ = write!(out, "title={}", property(diagnostic.code));
    out
}

fn message(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.message.clone();
    for help in &diagnostic.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    text
}

/// What ends a command or begins another is escaped, and a percent sign because it begins an escape.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What separates properties is escaped too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Label;
    use crate::diagnostics::Position;

    fn one(file: &str, message: &str) -> String {
        let label = Label {
            file: file.to_owned(),
            start: Position { line: 2, column: 3 },
            end: Position { line: 2, column: 7 },
            text: String::new(),
        };
        let mut found = Diagnostics::default();
        found.push(Diagnostic::error("E0009", message, label).help("did you mean `name`?"));
        render_annotations(&found, "agency/")
    }

    #[test]
    fn an_error_marks_its_place() {
        assert_eq!(
            one("policies/services/a.yaml", "unknown key `nmae`"),
            "::error file=agency/policies/services/a.yaml,line=2,endLine=2,col=3,endColumn=6,title=E0009\
             ::unknown key `nmae`%0Ahelp: did you mean `name`?\n"
        );
    }

    // A message or a file name can't begin a command of its own.
    #[test]
    fn nothing_breaks_out_of_its_line() {
        let text = one("a,b:c%\n::error::x", "100%\r\n::set-output name=x::y");
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(
            text.contains("file=agency/a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax,line"),
            "{text}"
        );
        assert!(text.contains("::100%25%0D%0A::set-output"), "{text}");
    }

    #[test]
    fn nothing_wrong_is_nothing_to_say() {
        assert_eq!(render_annotations(&Diagnostics::default(), ""), "");
    }
}
