use std::collections::BTreeMap;

use lsp_types::DidChangeTextDocumentParams;
use lsp_types::TextDocumentItem;
use lsp_types::Uri;

use super::text::Encoding;
use super::text::Text;
use super::uri::Root;

/// The texts that the editor holds; they count, whatever is on disk.
#[derive(Debug, Default)]
pub(super) struct Documents(BTreeMap<String, Document>);

/// An open file.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) uri: Uri,
    pub(super) version: i32,
    pub(super) text: Text,
}

impl Documents {
    pub(super) fn open(&mut self, opened: TextDocumentItem) {
        let document = Document {
            version: opened.version,
            text: Text::new(opened.text),
            uri: opened.uri,
        };
        self.0.insert(document.uri.as_str().to_owned(), document);
    }

    /// Makes the changes that the editor tells. A file that was never opened is not known, and stays so.
    pub(super) fn change(&mut self, change: &DidChangeTextDocumentParams, encoding: Encoding) {
        let Some(document) = self.0.get_mut(change.text_document.uri.as_str()) else {
            return;
        };
        for one in &change.content_changes {
            document.text = document.text.changed(one, encoding);
        }
        document.version = change.text_document.version;
    }

    pub(super) fn close(&mut self, uri: &Uri) {
        self.0.remove(uri.as_str());
    }

    /// The open file that a folder calls so.
    pub(super) fn of_file(&self, root: &Root, file: &str) -> Option<&Document> {
        let is_it = |document: &&Document| root.relative(&document.uri).as_deref() == Some(file);
        self.0.values().find(is_it)
    }

    /// The open files of a folder, each with its name there.
    pub(super) fn in_folder<'a>(&'a self, root: &'a Root) -> impl Iterator<Item = (String, &'a Document)> {
        self.0
            .values()
            .filter_map(|document| Some((root.relative(&document.uri)?, document)))
    }
}
