use std::sync::Arc;

use super::Catalog;

/// Catalogs that no new flow begins under, kept until the last flow has let go.
///
/// Dropping a large catalog takes up to a second. While it is kept here, no flow can hold the last reference,
/// so the drop happens where [`RetiredCatalogs::sweep`] is called: on the loader's thread.
#[derive(Debug, Default)]
pub struct RetiredCatalogs(Vec<Arc<Catalog>>);

impl RetiredCatalogs {
    /// Takes a catalog that has been replaced.
    pub fn retire(&mut self, catalog: Arc<Catalog>) {
        self.0.push(catalog);
    }

    /// Gives out every catalog that nobody else holds, to be dropped by the caller: at leisure, and not while others
    /// wait for this list.
    #[must_use = "what is given out is dropped by the caller"]
    pub fn sweep(&mut self) -> Vec<Arc<Catalog>> {
        let (held, free) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|catalog| Arc::strong_count(catalog) > 1);
        self.0 = held;
        free
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
