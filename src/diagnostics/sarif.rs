use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use super::Diagnostic;
use super::Diagnostics;
use super::Edit;
use super::Fix;
use super::Label;
use super::Position;
use super::Severity;
use super::codes;
use super::position_at;

/// Renders diagnostics as SARIF 2.1.0, the format that code review and security tools read. Ends with a line break.
///
/// `folder` is put before each file: the way from the top of the repository to the folder that holds `policies/`.
/// `source` gives the text of a file, so that fixes can be told in lines and columns; without it they are left out.
pub fn render_sarif<'s>(
    diagnostics: &Diagnostics,
    source: &dyn Fn(&str) -> Option<&'s str>,
    folder: &str,
) -> String {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in diagnostics.iter() {
        rules.insert(diagnostic.code, 0);
    }
    for (index, place) in rules.values_mut().enumerate() {
        *place = index;
    }
    let report = Report { source, folder };
    let results: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| report.result(diagnostic, rules.get(diagnostic.code).copied()))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "midflow",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules.keys().map(|code| rule(code)).collect::<Vec<_>>(),
                }
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn rule(code: &str) -> Value {
    let level = if code.starts_with('W') { "warning" } else { "error" };
    let mut rule = json!({ "id": code, "defaultConfiguration": { "level": level } });
    if let Some(page) = codes::explain(code) {
        rule["shortDescription"] = json!({ "text": page.title_en });
        rule["fullDescription"] = json!({ "text": page.explanation_en });
        rule["help"] = json!({
            "text": format!("{}\n\n{}", page.explanation_en, page.explanation_ar),
            "markdown": format!(
                "**{}**\n\n{}\n\n<div dir=\"rtl\" lang=\"ar\">\n\n**{}**\n\n{}\n\n</div>",
                page.title_en, page.explanation_en, page.title_ar, page.explanation_ar
            ),
        });
    }
    rule
}

struct Report<'a, 's> {
    source: &'a dyn Fn(&str) -> Option<&'s str>,
    folder: &'a str,
}

impl Report<'_, '_> {
    fn result(&self, diagnostic: &Diagnostic, rule: Option<usize>) -> Value {
        let level = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut text = diagnostic.message.clone();
        for help in &diagnostic.help {
            let _ = write!(text, "\n{help}");
        }
        let mut labels = diagnostic.labels.iter();
        let locations: Vec<Value> = labels
            .by_ref()
            .take(1)
            .map(|label| self.location(label, None))
            .collect();
        let related: Vec<Value> = labels
            .enumerate()
            .map(|(id, label)| self.location(label, Some(id)))
            .collect();
        let mut result = json!({
            "ruleId": diagnostic.code,
            "level": level,
            "message": { "text": text },
            "locations": locations,
        });
        if let Some(index) = rule {
            result["ruleIndex"] = json!(index);
        }
        if !related.is_empty() {
            result["relatedLocations"] = json!(related);
        }
        let fixes: Vec<Value> = diagnostic.fixes.iter().filter_map(|fix| self.fix(fix)).collect();
        if !fixes.is_empty() {
            result["fixes"] = json!(fixes);
        }
        result
    }

    fn location(&self, label: &Label, id: Option<usize>) -> Value {
        let mut location = json!({
            "physicalLocation": {
                "artifactLocation": self.artifact(&label.file),
                "region": region(label.start, label.end),
            }
        });
        if let Some(id) = id {
            location["id"] = json!(id);
        }
        if !label.text.is_empty() {
            location["message"] = json!({ "text": label.text });
        }
        location
    }

    fn fix(&self, fix: &Fix) -> Option<Value> {
        let mut files: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for edit in &fix.edits {
            files.entry(&edit.file).or_default().push(self.replacement(edit)?);
        }
        let changes: Vec<Value> = files
            .into_iter()
            .map(|(file, edits)| json!({ "artifactLocation": self.artifact(file), "replacements": edits }))
            .collect();
        (!changes.is_empty())
            .then(|| json!({ "description": { "text": fix.title }, "artifactChanges": changes }))
    }

    fn replacement(&self, edit: &Edit) -> Option<Value> {
        let text = (self.source)(&edit.file)?;
        text.get(edit.bytes.clone())?;
        let (start, end) = (
            position_at(text, edit.bytes.start),
            position_at(text, edit.bytes.end),
        );
        Some(json!({ "deletedRegion": region(start, end), "insertedContent": { "text": edit.text } }))
    }

    fn artifact(&self, file: &str) -> Value {
        json!({ "uri": relative_uri(&format!("{}{file}", self.folder)), "uriBaseId": "%SRCROOT%" })
    }
}

/// The last column is the one after the mark, as ours.
fn region(start: Position, end: Position) -> Value {
    json!({
        "startLine": start.line.max(1),
        "startColumn": start.column.max(1),
        "endLine": end.line.max(start.line).max(1),
        "endColumn": end.column.max(1),
    })
}

/// A path as a relative reference: everything but the plainest characters is escaped.
fn relative_uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(line: u32, from: u32, to: u32, text: &str) -> Label {
        Label {
            file: "policies/services/a.yaml".to_owned(),
            start: Position { line, column: from },
            end: Position { line, column: to },
            text: text.to_owned(),
        }
    }

    fn found() -> Diagnostics {
        let mut found = Diagnostics::default();
        found.push(
            Diagnostic::error("E0009", "unknown key `nmae`", label(2, 1, 5, ""))
                .also(label(1, 1, 8, "the file begins here"))
                .help("did you mean `name`?")
                .fix(Fix::at("policies/services/a.yaml", 11..15, "name", "write `name`").certain_if(true)),
        );
        found.push(Diagnostic::warning("W2003", "after this", label(1, 1, 2, "")));
        found
    }

    #[test]
    fn the_report_is_sarif() {
        let text = render_sarif(&found(), &|_| Some("midflow: 1\nnmae: x\n"), "");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn paths_are_relative_and_escaped() {
        assert_eq!(relative_uri("a b/c:%.yaml"), "a%20b/c%3A%25.yaml");
        let text = render_sarif(&found(), &|_| None, "my agency/");
        let log: Value = serde_json::from_str(&text).unwrap();
        let result = &log["runs"][0]["results"][0];
        let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(place, "my%20agency/policies/services/a.yaml");
        assert!(
            result.get("fixes").is_none(),
            "without its text a fix has no place"
        );
    }

    #[test]
    fn every_result_leads_to_its_rule() {
        let log: Value = serde_json::from_str(&render_sarif(&found(), &|_| None, "")).unwrap();
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
    }

    #[test]
    fn nothing_wrong_is_still_a_run() {
        let log: Value = serde_json::from_str(&render_sarif(&Diagnostics::default(), &|_| None, "")).unwrap();
        assert_eq!(log["version"], "2.1.0");
        assert_eq!(log["runs"][0]["results"], json!([]));
    }
}
