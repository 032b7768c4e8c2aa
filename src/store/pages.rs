use tokio::sync::mpsc;

use super::StoreError;
use crate::audit::log::LogRow;

/// The records of a snapshot in pages, read ahead by somebody else than who examines them. Memory stays bounded: who reads waits
/// until the pages are taken, and ends when nobody takes them any more.
pub(super) struct Pages {
    /// The number after which the next page begins.
    next: i64,
    limit: u32,
    pages: mpsc::Receiver<Page>,
}

/// A page, or why there is none. An empty one is the end.
pub(super) type Page = Result<Vec<LogRow>, StoreError>;

impl Pages {
    /// Pages of at most `limit` records after a number, and where whoever reads puts them.
    pub(super) fn new(after: i64, limit: u32) -> (mpsc::Sender<Page>, Self) {
        let (sender, pages) = mpsc::channel(AHEAD);
        let pages = Self {
            next: after,
            limit,
            pages,
        };
        (sender, pages)
    }

    /// Whether the next page is the one after this number.
    pub(super) const fn is_before(&self, after: i64, limit: u32) -> bool {
        self.next == after && self.limit == limit
    }

    /// The next page; `None` if whoever reads was lost.
    pub(super) async fn page(&mut self) -> Option<Page> {
        let page = self.pages.recv().await?;
        if let Some(last) = page.as_ref().ok().and_then(|page| page.last()) {
            self.next = last.seq;
        }
        Some(page)
    }
}

/// Pages that wait to be taken.
const AHEAD: usize = 2;
