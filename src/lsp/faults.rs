use lsp_types::DiagnosticRelatedInformation;
use lsp_types::DiagnosticSeverity;
use lsp_types::DiagnosticTag;
use lsp_types::Location;
use lsp_types::NumberOrString;
use lsp_types::Uri;

use super::text::Encoding;
use super::text::Text;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Label;
use crate::diagnostics::Severity;
use crate::diagnostics::codes;

/// Where the files of a diagnostic are, and what they say.
pub(super) trait Files {
    fn uri(&self, file: &str) -> Option<Uri>;
    /// Empty for what is no file of the catalog.
    fn text(&self, file: &str) -> Text;
}

/// A diagnostic as an editor takes it, with the file that it belongs to.
pub(super) fn told(
    diagnostic: &Diagnostic,
    files: &impl Files,
    encoding: Encoding,
) -> Option<(String, lsp_types::Diagnostic)> {
    let (first, others) = diagnostic.labels.split_first()?;
    let related: Vec<DiagnosticRelatedInformation> = others
        .iter()
        .filter_map(|label| related(label, files, encoding))
        .collect();
    let told = lsp_types::Diagnostic {
        range: range(first, &files.text(&first.file), encoding),
        severity: Some(match diagnostic.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(diagnostic.code.to_owned())),
        source: Some("midflow".to_owned()),
        message: message(diagnostic, first),
        related_information: (!related.is_empty()).then_some(related),
        tags: UNNECESSARY
            .contains(&diagnostic.code)
            .then(|| vec![DiagnosticTag::UNNECESSARY]),
        ..lsp_types::Diagnostic::default()
    };
    Some((first.file.clone(), told))
}

/// The page of a diagnostic's code in both languages, in Markdown.
pub(super) fn page(diagnostic: &Diagnostic) -> Option<String> {
    let page = codes::explain(diagnostic.code)?;
    Some(format!(
        "**`{}`** {} · {}\n\n{}\n\n{}",
        page.code, page.title_en, page.title_ar, page.explanation_en, page.explanation_ar
    ))
}

pub(super) fn range(label: &Label, text: &Text, encoding: Encoding) -> lsp_types::Range {
    text.range(text.marked(label.start, label.end), encoding)
}

fn message(diagnostic: &Diagnostic, first: &Label) -> String {
    let mut message = diagnostic.message.clone();
    if !diagnostic.rules.is_empty() {
        message.push_str(&format!(" ({})", diagnostic.rules.join(", ")));
    }
    if !first.text.is_empty() {
        message.push_str(&format!("\nhere: {}", first.text));
    }
    for remedy in &diagnostic.help {
        message.push_str(&format!("\nhelp: {remedy}"));
    }
    message
}

fn related(label: &Label, files: &impl Files, encoding: Encoding) -> Option<DiagnosticRelatedInformation> {
    Some(DiagnosticRelatedInformation {
        location: Location {
            uri: files.uri(&label.file)?,
            range: range(label, &files.text(&label.file), encoding),
        },
        message: if label.text.is_empty() {
            "this belongs to it".to_owned()
        } else {
            label.text.clone()
        },
    })
}

/// What could be taken out: editors show it pale.
const UNNECESSARY: [&str; 5] = [
    codes::SCRIPT_UNUSED_HELPER,
    codes::SCRIPT_UNREACHABLE,
    codes::SCRIPT_UNUSED_VARIABLE,
    codes::SCRIPT_UNUSED_IMPORT,
    codes::WAIVER_UNUSED,
];

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;
    use crate::diagnostics::Position;

    struct One;

    impl Files for One {
        fn uri(&self, file: &str) -> Option<Uri> {
            Uri::from_str(&format!("file:///x/{file}")).ok()
        }

        fn text(&self, _: &str) -> Text {
            Text::new("ar: سنة 😀 x\n")
        }
    }

    fn label(column: u32, text: &str) -> Label {
        Label {
            file: "a.yaml".to_owned(),
            start: Position { line: 1, column },
            end: Position {
                line: 1,
                column: column + 1,
            },
            text: text.to_owned(),
        }
    }

    #[test]
    fn places_remedies_requirements_and_related_places_are_told() {
        let fault = Diagnostic::error("E0009", "unknown key `x`", label(11, "here"))
            .help("remove it")
            .rules(["R000-015".to_owned()])
            .also(label(1, "first"));
        let (file, told) = told(&fault, &One, Encoding::Utf16).unwrap();
        assert_eq!(file, "a.yaml");
        assert_eq!(told.range.start, lsp_types::Position::new(0, 11));
        assert_eq!(
            told.message,
            "unknown key `x` (R000-015)\nhere: here\nhelp: remove it"
        );
        assert_eq!(told.code, Some(NumberOrString::String("E0009".to_owned())));
        assert_eq!(told.related_information.unwrap()[0].message, "first");
        assert_eq!(told.tags, None);
        assert!(page(&fault).unwrap().contains("مفتاح غير معروف"));
    }

    #[test]
    fn what_could_go_is_marked_so() {
        let unused = Diagnostic::warning(codes::SCRIPT_UNUSED_VARIABLE, "unused", label(1, ""));
        let (_, told) = told(&unused, &One, Encoding::Utf8).unwrap();
        assert_eq!(told.tags, Some(vec![DiagnosticTag::UNNECESSARY]));
        assert_eq!(told.severity, Some(DiagnosticSeverity::WARNING));
    }
}
