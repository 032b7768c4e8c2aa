use std::process;

use super::arguments::Common;
use super::arguments::Format;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use crate::catalog::Catalog;
use crate::catalog::Sources;
use crate::diagnostics::Diagnostics;

/// `midflow check`: everything that a reload would find, without reloading.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Warnings count as problems
    #[arg(long)]
    strict: bool,
}

impl Check {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let sources = Sources::read(&common.dir).map_err(Failure::new)?;
        let (catalog, diagnostics) = Catalog::load(&sources, None);
        match common.format {
            Format::Json => output::print(&as_json(&diagnostics, &sources, catalog.is_some())),
            Format::Text => output::print(&as_text(&diagnostics, &sources, catalog.as_ref())),
        }
        // Dropping a large catalog takes longer than the system takes to clear a process that ends.
        let bad = catalog.is_none() || (self.strict && !diagnostics.is_empty());
        std::mem::forget(catalog);
        Ok(if bad { Ending::Problems } else { Ending::Good })
    }
}

fn as_json(diagnostics: &Diagnostics, _sources: &Sources, _good: bool) -> String {
    serde_json::to_string_pretty(diagnostics).unwrap_or_default()
}

fn as_text(diagnostics: &Diagnostics, _sources: &Sources, _catalog: Option<&Catalog>) -> String {
    diagnostics.iter().map(|d| format!("{}: {}", d.code, d.message)).collect::<Vec<_>>().join("\n")
}
