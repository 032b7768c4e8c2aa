use askama::Template;

use super::page::Page;
use super::page::SiteName;
use super::page::Visitor;

/// What a browser sees on the page of a flow that is not its own: nothing of the flow, and a way to end it.
#[derive(Template)]
#[template(path = "http/other_browser.html")]
pub(super) struct OtherBrowser {
    page: Page,
    /// Where the person says that they did not ask for this; `None` once the flow has ended.
    not_me: Option<String>,
}

impl OtherBrowser {
    pub(super) fn new(visitor: &Visitor, handle: &str, ended: bool) -> Self {
        Self {
            page: Page::new(visitor, SiteName::Citizen, visitor.ui().page_of_another),
            not_me: (!ended).then(|| format!("/f/{handle}/not-me")),
        }
    }
}
