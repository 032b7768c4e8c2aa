use std::time::Duration;
use std::time::Instant;

use super::json;
use super::text;
use super::watch;
use crate::cases::Coverage;
use crate::cases::Mutation;
use crate::cases::Report;
use crate::cases::Suite;
use crate::catalog::Catalog;
use crate::catalog::Sources;
use crate::cli::arguments::Common;
use crate::cli::arguments::Format;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Severity;
use crate::diagnostics::render_text;

/// `midflow test`: runs every case of every `*.test.yaml` as a whole flow, in virtual time.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// Only cases whose service or name holds this text
    filter: Option<String>,

    /// Shows which script lines, and which outcomes on which channels and in which languages, no case reaches
    #[arg(long)]
    coverage: bool,

    /// Removes or changes each rule in turn, and names every change that no case notices
    #[arg(long)]
    mutate: bool,

    /// Runs again whenever a policy, a script or a test is saved
    #[arg(long, conflicts_with = "mutate")]
    watch: bool,
}

/// All that one run found.
pub(super) struct Findings {
    pub(super) sources: Sources,
    /// What is wrong with the test files.
    pub(super) found: Diagnostics,
    pub(super) report: Report,
    pub(super) coverage: Option<Coverage>,
    pub(super) mutation: Option<Mutation>,
    pub(super) took: Duration,
}

impl Test {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        if !self.watch {
            return self.once(common);
        }
        let mut watch = watch::Watch::start(&common.dir)?;
        loop {
            // A file in the middle of being changed is no reason to stop watching.
            if let Err(failure) = self.once(common) {
                failure.report();
            }
            eprintln!("waiting for a change below {}; Ctrl-C ends", common.dir.display());
            watch.wait()?;
        }
    }

    fn once(&self, common: &Common) -> Result<Ending, Failure> {
        let sources = Sources::read(&common.dir).map_err(Failure::new)?;
        let (catalog, problems) = Catalog::load(&sources, None);
        let Some(catalog) = catalog else {
            output::print(&render(&problems, &sources));
            return Err(Failure::new("the policies do not load, so nothing can be tested")
                .remedy("correct what is named above; `midflow check` shows the same"));
        };
        let (suite, mut found) = Suite::read(&catalog).map_err(Failure::new)?;
        if self.filter.is_some() {
            // Who looks at one service does not want to hear what others lack.
            found = errors(found);
        }
        let began = Instant::now();
        let report = suite.run(&catalog, self.filter.as_deref());
        let took = began.elapsed();
        // What can be said of tests that fail is not worth reading.
        let mutate = self.mutate && report.is_good();
        let findings = Findings {
            coverage: self
                .coverage
                .then(|| suite.coverage(&catalog, self.filter.as_deref())),
            mutation: mutate.then(|| suite.mutate(&catalog, self.filter.as_deref())),
            sources,
            found,
            report,
            took,
        };
        match common.format {
            Format::Json => output::print(&json::render(&findings)),
            Format::Text => output::print(&text::render(&findings)),
        }
        if findings.found.has_errors() {
            return Err(
                Failure::new("a test file could not be read, so its cases did not run")
                    .remedy("correct what is named above"),
            );
        }
        if findings.report.passed + findings.report.failed == 0 {
            return Err(match &self.filter {
                Some(filter) => Failure::new(format!("no case holds `{filter}` in its service or name"))
                    .remedy("leave the filter out to run all"),
                None => Failure::new("there are no tests").remedy(
                    "write a file `<service>.test.yaml` beside a service; docs/tests.md begins with an example",
                ),
            });
        }
        Ok(findings.ending())
    }
}

impl Findings {
    fn ending(&self) -> Ending {
        let covered = self.coverage.as_ref().is_none_or(Coverage::is_complete);
        let noticed = self.mutation.as_ref().is_none_or(Mutation::is_good);
        if self.report.is_good() && covered && noticed {
            Ending::Good
        } else {
            Ending::Problems
        }
    }
}

fn errors(all: Diagnostics) -> Diagnostics {
    let mut kept = Diagnostics::default();
    kept.extend(all.into_iter().filter(|found| found.severity == Severity::Error));
    kept
}

/// Diagnostics for a terminal.
pub(super) fn render(found: &Diagnostics, sources: &Sources) -> String {
    render_text(
        found,
        &|file| sources.text(file).map(|text| &**text),
        output::wants_colour(),
    )
}
