use std::path::PathBuf;

use lsp_types::InitializeParams;
use lsp_types::InsertTextMode;
use lsp_types::Uri;

use super::text::Encoding;
use super::uri::path_of;

/// What the editor can do, as it says when it connects.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    pub(super) encoding: Encoding,
    /// Completions may say where the cursor goes.
    pub(super) snippets: bool,
    /// Lines of a completion are indented as the one they begin in.
    pub(super) adjusts_indentation: bool,
    /// Edits may name the version that they are of.
    pub(super) versioned_edits: bool,
    /// Symbols may stand in others.
    pub(super) nested_symbols: bool,
    /// It tells of files that change on disk, if asked to.
    pub(super) watches_files: bool,
    /// The folders that are open in it, the best guess first.
    pub(super) folders: Vec<PathBuf>,
}

impl Client {
    pub(super) fn of(params: &InitializeParams) -> Self {
        let capabilities = &params.capabilities;
        let encodings = capabilities
            .general
            .as_ref()
            .and_then(|general| general.position_encodings.as_deref())
            .unwrap_or_default();
        let document = capabilities.text_document.as_ref();
        let workspace = capabilities.workspace.as_ref();
        let item = document
            .and_then(|document| document.completion.as_ref())
            .and_then(|completion| completion.completion_item.as_ref());
        Self {
            encoding: Encoding::best(encodings),
            snippets: item.and_then(|item| item.snippet_support) == Some(true),
            adjusts_indentation: item
                .and_then(|item| item.insert_text_mode_support.as_ref())
                .is_some_and(|support| support.value_set.contains(&InsertTextMode::ADJUST_INDENTATION)),
            versioned_edits: workspace
                .and_then(|workspace| workspace.workspace_edit.as_ref())
                .and_then(|edit| edit.document_changes)
                == Some(true),
            nested_symbols: document
                .and_then(|document| document.document_symbol.as_ref())
                .and_then(|symbol| symbol.hierarchical_document_symbol_support)
                == Some(true),
            watches_files: workspace
                .and_then(|workspace| workspace.did_change_watched_files.as_ref())
                .and_then(|watch| watch.dynamic_registration)
                == Some(true),
            folders: folders(params),
        }
    }
}

fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let named = params
        .workspace_folders
        .iter()
        .flatten()
        .map(|folder| &folder.uri);
    #[expect(deprecated, reason = "older editors name their folder so and not otherwise")]
    let root: Option<&Uri> = params.root_uri.as_ref();
    named.chain(root).filter_map(path_of).collect()
}
