use std::fmt::Write as _;

use serde_json::json;

use super::codes::Code;

/// The page of a code for a terminal, in Arabic or in English.
pub fn render_page(page: &Code, arabic: bool) -> String {
    let (title, explanation) = spoken(page, arabic);
    let mut out = format!("{}: {title}\n\n", page.code);
    for line in wrapped(explanation) {
        let _ = writeln!(out, "{line}");
    }
    out
}

/// The page of a code in both languages, as JSON. Ends with a line break.
pub fn render_page_json(page: &Code) -> String {
    let value = json!({
        "code": page.code,
        "severity": if page.code.starts_with('W') { "warning" } else { "error" },
        "title": { "ar": page.title_ar, "en": page.title_en },
        "explanation": { "ar": page.explanation_ar, "en": page.explanation_en },
    });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

fn spoken(page: &Code, arabic: bool) -> (&'static str, &'static str) {
    if arabic {
        (page.title_ar, page.explanation_ar)
    } else {
        (page.title_en, page.explanation_en)
    }
}

/// Lines of a width that can be read, broken between words.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH {
            lines.push(String::new());
            width = 0;
        }
        if let Some(line) = lines.last_mut() {
            if width > 0 {
                line.push(' ');
                width += 1;
            }
            line.push_str(word);
            width += length;
        }
    }
    lines
}

const WIDTH: usize = 90;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;

    #[test]
    fn a_page_speaks_the_language_that_was_asked_for() {
        let page = codes::explain("E0009").unwrap();
        let english = render_page(page, false);
        assert!(
            english.starts_with("E0009: unknown key\n\nmidflow does not know"),
            "{english}"
        );
        assert!(render_page(page, true).starts_with("E0009: مفتاح غير معروف\n"));
        assert!(
            render_page(page, true)
                .lines()
                .all(|line| line.chars().count() <= WIDTH)
        );
    }

    #[test]
    fn the_json_has_both() {
        let page = codes::explain("W3001").unwrap();
        let value: serde_json::Value = serde_json::from_str(&render_page_json(page)).unwrap();
        assert_eq!(value["severity"], "warning");
        assert_eq!(value["title"]["en"], page.title_en);
        assert_eq!(value["explanation"]["ar"], page.explanation_ar);
    }
}
