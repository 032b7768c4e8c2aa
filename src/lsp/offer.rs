use std::ops::Range;

/// Something that could be written at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// What the list shows, and what is filtered by.
    pub(super) label: String,
    pub(super) kind: Kind,
    /// A few words beside the label.
    pub(super) detail: String,
    /// What it means, in Markdown.
    pub(super) about: String,
    /// What is written; `$1`, `$0` are where the cursor goes if it is a snippet.
    pub(super) insert: String,
    /// What is written where the editor knows no snippets; `None` if `insert` is no snippet.
    pub(super) plain: Option<String>,
    /// The bytes that it takes the place of.
    pub(super) at: Range<usize>,
    /// Those that are needed come first.
    pub(super) is_needed: bool,
}

/// What kind of thing is offered; editors show a sign for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Key,
    Value,
    Name,
    Function,
    Member,
    File,
    Keyword,
}

impl Offer {
    pub(super) fn new(label: impl Into<String>, kind: Kind, at: Range<usize>) -> Self {
        let label = label.into();
        Self {
            insert: label.clone(),
            label,
            kind,
            detail: String::new(),
            about: String::new(),
            plain: None,
            at,
            is_needed: false,
        }
    }

    #[must_use]
    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    #[must_use]
    pub(super) fn about(mut self, about: impl Into<String>) -> Self {
        self.about = about.into();
        self
    }

    #[must_use]
    pub(super) fn insert(mut self, text: impl Into<String>) -> Self {
        self.insert = text.into();
        self
    }

    #[must_use]
    pub(super) fn snippet(mut self, snippet: impl Into<String>, plain: impl Into<String>) -> Self {
        self.insert = snippet.into();
        self.plain = Some(plain.into());
        self
    }

    #[must_use]
    pub(super) fn needed(mut self, is_needed: bool) -> Self {
        self.is_needed = is_needed;
        self
    }
}
