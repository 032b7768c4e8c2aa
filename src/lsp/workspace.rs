use std::collections::BTreeSet;
use std::time::Duration;
use std::time::Instant;

use super::documents::Documents;
use super::uri::Root;
use crate::cases::TestProblems;
use crate::catalog::Catalog;
use crate::catalog::Folder;
use crate::catalog::Look;
use crate::catalog::Setting;
use crate::catalog::Sources;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Severity;

/// The folder of policies with what the editor holds over it, loaded as a reload would load it.
pub(super) struct Workspace {
    pub(super) root: Root,
    folder: Folder,
    disk: Sources,
    /// What is on disk and what the editor holds, put together.
    sources: Sources,
    /// The newest catalog that loaded: what has not changed since is not read again.
    base: Option<Catalog>,
    tests: TestProblems,
    found: Diagnostics,
    /// Why the folder can't be read, if that is not about one file.
    trouble: Option<String>,
    looked: Option<Instant>,
    must_look: bool,
    must_lay: bool,
}

impl Workspace {
    pub(super) fn new(root: Root) -> Self {
        Self {
            folder: Folder::new(root.path()),
            root,
            disk: Sources::default(),
            sources: Sources::default(),
            base: None,
            tests: TestProblems::default(),
            found: Diagnostics::default(),
            trouble: None,
            looked: None,
            must_look: true,
            must_lay: true,
        }
    }

    /// Whether the folder holds policies at all.
    pub(super) fn has_policies(&self) -> bool {
        self.root.path().join("policies").is_dir()
    }

    /// Files may have changed on disk.
    pub(super) const fn files_changed(&mut self) {
        self.must_look = true;
    }

    /// The editor holds other texts.
    pub(super) const fn texts_changed(&mut self) {
        self.must_lay = true;
    }

    /// Every text as it stands now.
    pub(super) fn sources(&mut self, documents: &Documents) -> &Sources {
        if self.must_lay {
            let texts = documents
                .in_folder(&self.root)
                .filter(|(file, _)| Sources::takes(file))
                .map(|(file, document)| (file, std::sync::Arc::clone(document.text.shared())));
            self.sources = self.disk.with_texts(texts);
            self.must_lay = false;
        }
        &self.sources
    }

    /// What was found when it was last loaded.
    pub(super) const fn found(&self) -> &Diagnostics {
        &self.found
    }

    /// Why the folder can't be read.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Loads everything again; only what has changed is read and compiled.
    pub(super) fn load(&mut self, documents: &Documents, setting: Setting) {
        let mut found = Diagnostics::default();
        let is_long_ago = self.looked.is_none_or(|looked| looked.elapsed() > LONG_AGO);
        if self.must_look || is_long_ago {
            found.extend(self.look());
        }
        let sources = self.sources(documents).clone();
        let (catalog, problems) = Catalog::load_for(&sources, self.base.as_ref(), setting);
        found.extend(problems);
        if catalog.is_some() {
            self.base = catalog;
        } else if self.base.is_none() {
            self.base = sound_part(&sources, &found);
        }
        found.extend(self.tests.find(&sources, self.base.as_ref()));
        found.sort();
        self.found = found;
    }

    fn look(&mut self) -> Option<crate::diagnostics::Diagnostic> {
        self.looked = Some(Instant::now());
        match self.folder.sources(&Look::Stamps) {
            Ok(sources) => {
                self.must_look = false;
                self.trouble = None;
                self.must_lay |= sources != self.disk;
                self.disk = sources;
                None
            }
            // What was read before is still the best that is known.
            Err(error) => {
                let about_file = error.diagnostic(self.root.path());
                self.trouble = about_file.is_none().then(|| error.to_string());
                about_file
            }
        }
    }
}

/// A catalog of what is good, where a folder has mistakes from the beginning: so that only what has mistakes is read
/// again with every letter. Nobody sees it.
fn sound_part(sources: &Sources, found: &Diagnostics) -> Option<Catalog> {
    let bad: BTreeSet<&str> = found
        .iter()
        .filter(|one| one.severity == Severity::Error)
        .filter_map(|one| Some(one.labels.first()?.file.as_str()))
        .collect();
    let names_bad_script = |text: &str| {
        bad.iter()
            .filter_map(|file| file.strip_prefix("scripts/"))
            .any(|script| text.contains(script))
    };
    let good = sources.only(|file, text| !bad.contains(file) && !names_bad_script(text));
    Catalog::load(&good, None).0
}

/// After so long the disk is looked at even if nobody told of a change: not every editor does.
const LONG_AGO: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use lsp_types::TextDocumentItem;

    use super::*;

    #[test]
    fn a_folder_with_mistakes_has_a_sound_part() {
        let sources = Sources::from_texts([
            (
                "policies/organization.yaml",
                include_str!("../../policies/organization.yaml"),
            ),
            (
                "policies/services/lab-results.yaml",
                include_str!("../../policies/services/lab-results.yaml"),
            ),
            ("policies/services/bad.yaml", "midflow: 1\nservice: bad\n"),
        ]);
        let (catalog, found) = Catalog::load(&sources, None);
        assert!(catalog.is_none());
        let part = sound_part(&sources, &found).unwrap();
        assert!(part.service("lab-results").is_some() && part.service("bad").is_none());
    }

    #[test]
    fn what_the_editor_holds_counts_and_other_files_do_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("policies/services")).unwrap();
        std::fs::write(folder.path().join("policies/services/a.yaml"), "on disk").unwrap();
        let mut workspace = Workspace::new(Root::new(folder.path().to_path_buf()));
        let mut documents = Documents::default();
        for (file, text) in [
            ("policies/services/a.yaml", "typed"),
            ("policies/services/new.yaml", "new"),
            ("README.md", "no policy"),
        ] {
            let uri = workspace.root.uri(file).unwrap();
            documents.open(TextDocumentItem::new(uri, "yaml".to_owned(), 1, text.to_owned()));
        }
        workspace.load(&documents, Setting::default());
        let sources = workspace.sources(&documents).clone();
        assert_eq!(&**sources.text("policies/services/a.yaml").unwrap(), "typed");
        assert_eq!(&**sources.text("policies/services/new.yaml").unwrap(), "new");
        assert!(sources.text("README.md").is_none());
        documents.close(&workspace.root.uri("policies/services/a.yaml").unwrap());
        workspace.texts_changed();
        let sources = workspace.sources(&documents);
        assert_eq!(&**sources.text("policies/services/a.yaml").unwrap(), "on disk");
    }

    #[test]
    fn a_folder_without_policies_is_told_and_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let mut workspace = Workspace::new(Root::new(folder.path().to_path_buf()));
        workspace.load(&Documents::default(), Setting::default());
        assert!(!workspace.has_policies());
        assert!(
            workspace
                .trouble()
                .is_some_and(|trouble| trouble.contains("policies"))
        );
    }
}
