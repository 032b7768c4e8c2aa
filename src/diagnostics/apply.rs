use std::collections::BTreeMap;

use super::Diagnostics;
use super::Edit;
use super::Fix;
use super::Position;
use super::position_at;

/// Texts after the fixes, and what was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The texts that changed, by file.
    pub texts: BTreeMap<String, String>,
    /// What was done, in the order of the diagnostics.
    pub done: Vec<Done>,
}

/// One fix that was applied.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Done {
    /// The code of the diagnostic.
    pub code: &'static str,
    /// The file.
    pub file: String,
    /// Where its first change begins in the text before.
    pub at: Position,
    /// What it did.
    pub title: String,
}

/// Applies every certain fix of these diagnostics to the texts they were found in.
///
/// A fix whose changes touch those of an earlier one is left out; loading again finds it again. A change that does not
/// fit its text, because the text is another one by now, is left out with its fix.
pub fn apply_certain<'s>(diagnostics: &Diagnostics, source: &dyn Fn(&str) -> Option<&'s str>) -> Applied {
    let mut taken: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
    let mut done = Vec::new();
    for diagnostic in diagnostics.iter() {
        let fix = diagnostic.fixes.iter().find(|fix| fix.certain);
        let Some(fix) = fix.filter(|fix| fits(fix, source) && is_free(fix, &taken)) else {
            continue;
        };
        for edit in &fix.edits {
            taken.entry(&edit.file).or_default().push(edit);
        }
        if let Some((first, text)) = fix
            .edits
            .first()
            .and_then(|edit| Some((edit, source(&edit.file)?)))
        {
            done.push(Done {
                code: diagnostic.code,
                file: first.file.clone(),
                at: position_at(text, first.bytes.start),
                title: fix.title.clone(),
            });
        }
    }
    let texts = taken
        .into_iter()
        .filter_map(|(file, edits)| Some((file.to_owned(), changed(source(file)?, edits))))
        .collect();
    Applied { texts, done }
}

/// A text after changes that do not overlap and that fit it.
fn changed(text: &str, mut edits: Vec<&Edit>) -> String {
    edits.sort_by_key(|edit| edit.bytes.start);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for edit in edits {
        out.push_str(text.get(from..edit.bytes.start).unwrap_or_default());
        out.push_str(&edit.text);
        from = edit.bytes.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

fn fits<'s>(fix: &Fix, source: &dyn Fn(&str) -> Option<&'s str>) -> bool {
    let fit = |edit: &Edit| source(&edit.file).is_some_and(|text| text.get(edit.bytes.clone()).is_some());
    !fix.edits.is_empty() && fix.edits.iter().all(fit)
}

fn is_free(fix: &Fix, taken: &BTreeMap<&str, Vec<&Edit>>) -> bool {
    let mut own: Vec<&Edit> = Vec::new();
    for edit in &fix.edits {
        let others = taken.get(edit.file.as_str()).into_iter().flatten().copied();
        let mine = own.iter().copied().filter(|one| one.file == edit.file);
        if others.chain(mine).any(|other| touch(edit, other)) {
            return false;
        }
        own.push(edit);
    }
    true
}

/// Whether two changes share a byte, or meet where one of them only puts something in.
fn touch(a: &Edit, b: &Edit) -> bool {
    a.bytes.start <= b.bytes.end && b.bytes.start <= a.bytes.end
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagnostics::Diagnostic;
    use crate::diagnostics::Label;

    fn label() -> Label {
        Label {
            file: "a.yaml".to_owned(),
            start: Position { line: 1, column: 1 },
            end: Position { line: 1, column: 2 },
            text: String::new(),
        }
    }

    fn found(fixes: impl IntoIterator<Item = Fix>) -> Diagnostics {
        let mut found = Diagnostics::default();
        for fix in fixes {
            found.push(Diagnostic::error("E0009", "m", label()).fix(fix));
        }
        found
    }

    fn certain(bytes: std::ops::Range<usize>, text: &str) -> Fix {
        Fix::at("a.yaml", bytes, text, format!("write `{text}`")).certain_if(true)
    }

    fn applied(text: &'static str, fixes: impl IntoIterator<Item = Fix>) -> Applied {
        apply_certain(&found(fixes), &|file| (file == "a.yaml").then_some(text))
    }

    #[test]
    fn changes_are_made_and_told() {
        let applied = applied(
            "nmae: x # stays\nsize: \"5\"\n",
            [certain(0..4, "name"), certain(22..25, "5")],
        );
        assert_eq!(applied.texts["a.yaml"], "name: x # stays\nsize: 5\n");
        assert_eq!(applied.done.len(), 2);
        assert_eq!(applied.done[1].at, Position { line: 2, column: 7 });
    }

    #[test]
    fn changes_that_touch_are_left_for_the_next_round() {
        let applied = applied(
            "abcdef",
            [
                certain(1..3, "X"),
                certain(2..4, "Y"),
                certain(3..3, "Z"),
                certain(4..5, "W"),
            ],
        );
        assert_eq!(applied.texts["a.yaml"], "aXdWf");
        assert_eq!(applied.done.len(), 2);
    }

    #[test]
    fn what_is_not_certain_or_does_not_fit_is_left_out() {
        let guess = Fix::at("a.yaml", 0..1, "x", "guess");
        let other_file = Fix::at("b.yaml", 0..1, "x", "other").certain_if(true);
        let applied = applied("سa", [guess, other_file, certain(1..2, "x"), certain(2..90, "x")]);
        assert_eq!(applied, Applied::default());
    }

    // All changes of a fix, or none.
    #[test]
    fn a_fix_is_never_halved() {
        let mut both = certain(0..1, "x");
        both.edits.extend(certain(0..2, "y").edits);
        assert_eq!(applied("abc", [both]), Applied::default());
    }

    proptest! {
        // Whatever is asked for, what is outside of the changes stays, and no change is made into another.
        #[test]
        fn nothing_overlaps(edits in proptest::collection::vec((0_usize..40, 0_usize..8, "[A-Z]{0,3}"), 0..12)) {
            let text = "0123456789abcdefghijklmnopqrstuvwxyz";
            let fixes = edits.iter().map(|(start, length, new)| certain(*start..start + length, new));
            let applied = applied(text, fixes);
            let after = applied.texts.get("a.yaml").cloned().unwrap_or_else(|| text.to_owned());
            let kept: String = after.chars().filter(|letter| !letter.is_ascii_uppercase()).collect();
            let mut old = text.chars();
            prop_assert!(kept.chars().all(|letter| old.any(|other| other == letter)), "{after}");
        }
    }
}
