use askama::Template;

use super::page::Page;
use super::page::SiteName;
use super::page::Visitor;

/// A page that says one thing: not found, not possible.
#[derive(Template)]
#[template(path = "http/message.html")]
pub(super) struct Message {
    page: Page,
    hint: String,
    home: Option<&'static str>,
}

impl Message {
    pub(super) fn new(
        visitor: &Visitor,
        site: SiteName,
        title: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            page: Page::new(visitor, site, title),
            hint: hint.into(),
            home: (site != SiteName::Citizen).then_some("/"),
        }
    }

    pub(super) fn not_found(visitor: &Visitor, site: SiteName) -> Self {
        let ui = visitor.ui();
        Self::new(visitor, site, ui.page_not_found, ui.page_not_found_hint)
    }
}
