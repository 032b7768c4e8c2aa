use std::collections::BTreeMap;

use lsp_types::CodeAction;
use lsp_types::CodeActionKind;
use lsp_types::DocumentChanges;
use lsp_types::OneOf;
use lsp_types::OptionalVersionedTextDocumentIdentifier;
use lsp_types::TextDocumentEdit;
use lsp_types::TextEdit;
use lsp_types::Uri;
use lsp_types::WorkspaceEdit;

use super::client::Client;
use super::faults::Files;
use super::faults::range;
use super::faults::told;
use super::text::difference;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Fix;
use crate::diagnostics::apply_certain;

/// What an editor asks quick fixes for.
pub(super) struct Asked<'a> {
    pub(super) file: &'a str,
    pub(super) range: lsp_types::Range,
    /// The kinds that are wanted; none means all.
    pub(super) only: Option<&'a [CodeActionKind]>,
}

/// Files with the versions that the editor holds.
pub(super) trait Versions: Files {
    fn version(&self, file: &str) -> Option<i32>;
}

/// The fixes of what is wrong in a range, and the one that mends all that is certain in the file.
pub(super) fn actions(
    asked: &Asked<'_>,
    found: &Diagnostics,
    files: &impl Versions,
    client: &Client,
) -> Vec<CodeAction> {
    let mut actions = Vec::new();
    if wants(asked.only, &CodeActionKind::QUICKFIX) {
        let text = files.text(asked.file);
        for diagnostic in found.iter() {
            let touches = diagnostic.labels.first().is_some_and(|label| {
                label.file == asked.file && overlap(range(label, &text, client.encoding), asked.range)
            });
            if !touches {
                continue;
            }
            let shown = told(diagnostic, files, client.encoding).map(|(_, shown)| vec![shown]);
            for (index, fix) in diagnostic.fixes.iter().enumerate() {
                let Some(edit) = edit_of(fix, files, client) else {
                    continue;
                };
                actions.push(CodeAction {
                    title: fix.title.clone(),
                    kind: Some(CodeActionKind::QUICKFIX),
                    diagnostics: shown.clone(),
                    edit: Some(edit),
                    is_preferred: Some(fix.certain && index == 0),
                    ..CodeAction::default()
                });
            }
        }
    }
    let fix_all = CodeActionKind::from(FIX_ALL.to_owned());
    if wants(asked.only, &fix_all) {
        actions.extend(all_certain(asked, found, files, client, fix_all));
    }
    actions
}

/// The kind of the fix that mends all that is certain; editors can run it when a file is saved.
pub(super) const FIX_ALL: &str = "source.fixAll.midflow";

/// A kind is wanted if it, or one that it belongs to, is asked for. Nobody is offered to mend a whole file unasked.
fn wants(only: Option<&[CodeActionKind]>, kind: &CodeActionKind) -> bool {
    let Some(only) = only else {
        return *kind == CodeActionKind::QUICKFIX;
    };
    only.iter().any(|wanted| {
        kind.as_str()
            .strip_prefix(wanted.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || wanted.as_str().is_empty())
    })
}

fn all_certain(
    asked: &Asked<'_>,
    found: &Diagnostics,
    files: &impl Versions,
    client: &Client,
    kind: CodeActionKind,
) -> Option<CodeAction> {
    let text = files.text(asked.file);
    let own = |file: &str| (file == asked.file).then(|| &**text.shared());
    let mut applied = apply_certain(found, &own);
    let after = applied.texts.remove(asked.file)?;
    let (bytes, new) = difference(text.shared(), &after)?;
    let edit = TextEdit::new(text.range(bytes, client.encoding), new.to_owned());
    Some(CodeAction {
        title: "mend all that is certain in this file".to_owned(),
        kind: Some(kind),
        edit: Some(workspace_edit(
            vec![(files.uri(asked.file)?, files.version(asked.file), vec![edit])],
            client,
        )),
        ..CodeAction::default()
    })
}

/// All changes of a fix, or none: a file that can't be named makes the whole fix one that can't be offered.
fn edit_of(fix: &Fix, files: &impl Versions, client: &Client) -> Option<WorkspaceEdit> {
    let mut by_file: BTreeMap<&str, Vec<TextEdit>> = BTreeMap::new();
    for edit in &fix.edits {
        let text = files.text(&edit.file);
        // Both ends stand in the text, between letters.
        text.shared().get(edit.bytes.clone())?;
        let range = text.range(edit.bytes.clone(), client.encoding);
        by_file
            .entry(&edit.file)
            .or_default()
            .push(TextEdit::new(range, edit.text.clone()));
    }
    let edits: Option<Vec<_>> = by_file
        .into_iter()
        .map(|(file, edits)| Some((files.uri(file)?, files.version(file), edits)))
        .collect();
    edits
        .filter(|edits| !edits.is_empty())
        .map(|edits| workspace_edit(edits, client))
}

#[expect(
    clippy::mutable_key_type,
    reason = "the protocol's own type; nothing changes an address that is a key"
)]
fn workspace_edit(edits: Vec<(Uri, Option<i32>, Vec<TextEdit>)>, client: &Client) -> WorkspaceEdit {
    if !client.versioned_edits {
        let changes = edits.into_iter().map(|(uri, _, edits)| (uri, edits)).collect();
        return WorkspaceEdit::new(changes);
    }
    let edits = edits
        .into_iter()
        .map(|(uri, version, edits)| TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier { uri, version },
            edits: edits.into_iter().map(OneOf::Left).collect(),
        })
        .collect();
    WorkspaceEdit {
        document_changes: Some(DocumentChanges::Edits(edits)),
        ..WorkspaceEdit::default()
    }
}

/// Whether two ranges touch; an empty one touches what it stands at.
fn overlap(one: lsp_types::Range, other: lsp_types::Range) -> bool {
    one.start <= other.end && other.start <= one.end
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use lsp_types::Position;
    use lsp_types::Range;

    use super::*;
    use crate::diagnostics::Diagnostic;
    use crate::diagnostics::Edit;
    use crate::diagnostics::Label;
    use crate::lsp::text::Text;

    struct Two;

    impl Files for Two {
        fn uri(&self, file: &str) -> Option<Uri> {
            Uri::from_str(&format!("file:///x/{file}")).ok()
        }

        fn text(&self, file: &str) -> Text {
            Text::new(if file == "a.yaml" {
                "سنة: nmae\nsize: x\n"
            } else {
                "other"
            })
        }
    }

    impl Versions for Two {
        fn version(&self, file: &str) -> Option<i32> {
            (file == "a.yaml").then_some(7)
        }
    }

    fn found(fix: Fix) -> Diagnostics {
        let at = |column| crate::diagnostics::Position { line: 1, column };
        let label = Label {
            file: "a.yaml".to_owned(),
            start: at(6),
            end: at(10),
            text: String::new(),
        };
        [Diagnostic::error("E0009", "unknown", label).fix(fix)]
            .into_iter()
            .collect()
    }

    fn asked(line: u32, only: Option<&[CodeActionKind]>) -> Asked<'_> {
        Asked {
            file: "a.yaml",
            range: Range::new(Position::new(line, 6), Position::new(line, 6)),
            only,
        }
    }

    fn client(versioned_edits: bool) -> Client {
        Client {
            versioned_edits,
            ..Client::default()
        }
    }

    #[test]
    fn a_fix_is_offered_where_its_fault_is() {
        let fix = Fix::at("a.yaml", 8..12, "name", "write `name`").certain_if(true);
        let found = found(fix);
        let actions = actions(&asked(0, None), &found, &Two, &client(true));
        assert_eq!(actions.len(), 1);
        assert_eq!(actions[0].is_preferred, Some(true));
        let edit = serde_json::to_value(&actions[0].edit).unwrap();
        let edit = &edit["documentChanges"][0];
        assert_eq!(edit["textDocument"]["version"], 7);
        // Six units of UTF-16 in, though it is the ninth byte.
        assert_eq!(edit["edits"][0]["range"]["start"]["character"], 5);
        assert!(super::actions(&asked(1, None), &found, &Two, &client(true)).is_empty());
        let kinds = [CodeActionKind::REFACTOR];
        assert!(super::actions(&asked(0, Some(&kinds)), &found, &Two, &client(true)).is_empty());
    }

    #[test]
    fn a_fix_of_several_files_changes_all_of_them() {
        let mut fix = Fix::at("a.yaml", 8..12, "name", "both");
        fix.edits.push(Edit {
            file: "b.rhai".to_owned(),
            bytes: 0..5,
            text: "this".to_owned(),
        });
        let found = found(fix);
        for versioned in [true, false] {
            let actions = actions(&asked(0, None), &found, &Two, &client(versioned));
            let edit = serde_json::to_value(&actions[0].edit).unwrap();
            let files = if versioned {
                &edit["documentChanges"]
            } else {
                &edit["changes"]
            };
            let count = files
                .as_array()
                .map_or_else(|| files.as_object().unwrap().len(), Vec::len);
            assert_eq!(count, 2, "{edit}");
        }
    }

    // A fix that was made for another text must not spoil this one.
    #[test]
    fn a_fix_that_does_not_fit_is_not_offered() {
        let found = found(Fix::at("a.yaml", 1..99, "name", "too long"));
        assert!(actions(&asked(0, None), &found, &Two, &client(true)).is_empty());
    }

    #[test]
    fn everything_certain_is_mended_on_demand() {
        let fix = Fix::at("a.yaml", 8..12, "name", "write `name`").certain_if(true);
        let kinds = [CodeActionKind::SOURCE_FIX_ALL];
        let actions = actions(&asked(1, Some(&kinds)), &found(fix), &Two, &client(true));
        assert_eq!(actions.len(), 1);
        assert_eq!(
            actions[0].kind.as_ref().map(CodeActionKind::as_str),
            Some(FIX_ALL)
        );
    }
}
