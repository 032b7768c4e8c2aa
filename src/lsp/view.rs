use std::sync::Arc;

use lsp_types::Uri;

use super::documents::Documents;
use super::faults::Files;
use super::fixes::Versions;
use super::text::Text;
use super::uri::Root;
use super::workspace::Workspace;
use crate::catalog::Sources;

/// The files as the editor knows them.
pub(super) struct View<'a> {
    root: Root,
    documents: &'a Documents,
    sources: Sources,
}

impl<'a> View<'a> {
    pub(super) fn of(workspace: &mut Workspace, documents: &'a Documents) -> Self {
        Self {
            sources: workspace.sources(documents).clone(),
            root: workspace.root.clone(),
            documents,
        }
    }
}

impl Files for View<'_> {
    /// As the editor itself writes it, where the file is open.
    fn uri(&self, file: &str) -> Option<Uri> {
        match self.documents.of_file(&self.root, file) {
            Some(open) => Some(open.uri.clone()),
            None => self.root.uri(file),
        }
    }

    fn text(&self, file: &str) -> Text {
        match self.sources.text(file) {
            Some(text) => Text::new(Arc::clone(text)),
            None => Text::new(""),
        }
    }
}

impl Versions for View<'_> {
    fn version(&self, file: &str) -> Option<i32> {
        Some(self.documents.of_file(&self.root, file)?.version)
    }
}
