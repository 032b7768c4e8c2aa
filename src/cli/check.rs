use super::arguments::Common;
use super::arguments::Format;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use crate::catalog::Catalog;
use crate::catalog::Folder;
use crate::catalog::Look;
use crate::catalog::Setting;
use crate::catalog::Sources;
use crate::catalog::Waived;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::render_json;
use crate::diagnostics::render_text;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::words::Day;
use crate::words::Environment;

/// `midflow check`: everything that a reload would find, without reloading.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Warnings count as problems
    #[arg(long)]
    strict: bool,
    /// Check for this environment; some rules apply in production only, and none refuses in development
    #[arg(long, value_enum, default_value_t = For::Test)]
    environment: For,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum For {
    Production,
    Test,
    Dr,
    Development,
}

impl From<For> for Environment {
    fn from(named: For) -> Self {
        match named {
            For::Production => Self::Production,
            For::Test => Self::Test,
            For::Dr => Self::Dr,
            For::Development => Self::Development,
        }
    }
}

impl Check {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let mut folder = Folder::new(&common.dir);
        folder.load_for(Setting {
            environment: self.environment.into(),
            today: Some(Day::in_kuwait(SystemClock.now())),
        });
        let reading = folder.load(&Look::Everything, None, &[]);
        let reading = reading.map_err(Failure::new)?;
        let sources = reading.sources;
        let (catalog, diagnostics) = reading.loaded.unwrap_or_default();
        match common.format {
            Format::Json => output::print(&render_json(&diagnostics)),
            Format::Text => output::print(&as_text(&diagnostics, &sources, catalog.as_ref())),
        }
        // Dropping a large catalog takes longer than the system takes to clear a process that ends.
        let bad = catalog.is_none() || (self.strict && !diagnostics.is_empty());
        std::mem::forget(catalog);
        Ok(if bad { Ending::Problems } else { Ending::Good })
    }
}

fn as_text(diagnostics: &Diagnostics, sources: &Sources, catalog: Option<&Catalog>) -> String {
    let rendered = render_text(
        diagnostics,
        &|file| sources.text(file).map(|text| &**text),
        output::wants_colour(),
    );
    let verdict = match catalog {
        Some(catalog) => format!(
            "good: {} services, catalog {}",
            catalog.services().len(),
            catalog.digest()
        ),
        None => "these files can't be served; a node that runs keeps what it has".to_owned(),
    };
    let waived: Vec<String> = catalog
        .map(Catalog::waived)
        .unwrap_or_default()
        .iter()
        .map(|waived| {
            let Waived {
                service,
                rule,
                message,
                waiver,
            } = waived;
            format!(
                "waived until {}: {service} breaks {} ({rule}): {message}; {} answers for it since {}",
                waiver.until, waiver.of, waiver.by, waiver.on
            )
        })
        .collect();
    let parts = [rendered, waived.join("\n"), verdict];
    let said = parts
        .iter()
        .map(|part| part.trim_end())
        .filter(|part| !part.is_empty());
    said.collect::<Vec<_>>().join("\n")
}
