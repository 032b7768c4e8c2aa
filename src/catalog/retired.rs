use std::sync::Arc;

use super::Catalog;

/// Catalogs that no new flow begins under, kept until the last flow has let go.
///
/// Dropping a large catalog takes up to a second. While it is kept here, no flow can hold the last reference,
/// so the drop happens in [`RetiredCatalogs::sweep`], on the thread of whoever calls it: the loader's.
#[derive(Debug, Default)]
pub struct RetiredCatalogs(Vec<Arc<Catalog>>);

impl RetiredCatalogs {
    /// Takes a catalog that has been replaced.
    pub fn retire(&mut self, catalog: Arc<Catalog>) {
        self.0.push(catalog);
    }

    /// Drops, here and now, every catalog that nobody else holds; answers with how many are left.
    pub fn sweep(&mut self) -> usize {
        self.0.retain(|catalog| Arc::strong_count(catalog) > 1);
        self.0.len()
    }
}
