use serde::Serialize;

use super::Diagnostic;
use super::Diagnostics;
use super::Severity;
use super::codes;

/// Renders diagnostics as one JSON object: the counts, and each diagnostic with the title of its code in both
/// languages. Ends with a line break.
pub fn render_json(diagnostics: &Diagnostics) -> String {
    let of = |severity| {
        diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let report = Report {
        errors: of(Severity::Error),
        warnings: of(Severity::Warning),
        diagnostics: diagnostics
            .iter()
            .map(|diagnostic| Entry {
                title: codes::explain(diagnostic.code).map(|page| Title {
                    ar: page.title_ar,
                    en: page.title_en,
                }),
                diagnostic,
            })
            .collect(),
    };
    // Nothing in the report can fail to be written: no maps with odd keys, no numbers that JSON lacks.
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Report<'a> {
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    diagnostic: &'a Diagnostic,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Title>,
}

#[derive(Serialize)]
struct Title {
    ar: &'static str,
    en: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Label;
    use crate::diagnostics::Position;

    #[test]
    fn the_report_has_counts_places_and_titles() {
        let mut diagnostics = Diagnostics::default();
        let label = Label {
            file: "a.yaml".to_owned(),
            start: Position { line: 2, column: 1 },
            end: Position { line: 2, column: 5 },
            text: String::new(),
        };
        diagnostics
            .push(Diagnostic::error("E0009", "unknown key `nmae`", label).help("did you mean `name`?"));
        insta::assert_snapshot!(render_json(&diagnostics));
    }

    #[test]
    fn nothing_wrong_is_still_a_report() {
        let report: serde_json::Value = serde_json::from_str(&render_json(&Diagnostics::default())).unwrap();
        assert_eq!(report["errors"], 0);
        assert_eq!(report["diagnostics"], serde_json::json!([]));
    }
}
