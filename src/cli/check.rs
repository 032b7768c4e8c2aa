use std::path::Path;

use super::arguments::Common;
use super::arguments::Report;
use super::failure::Ending;
use super::failure::Failure;
use super::fixing::Fixed;
use super::output;
use super::output::counted;
use crate::cases::TestProblems;
use crate::catalog::Catalog;
use crate::catalog::Folder;
use crate::catalog::Look;
use crate::catalog::Setting;
use crate::catalog::Sources;
use crate::catalog::Waived;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::render_annotations;
use crate::diagnostics::render_json;
use crate::diagnostics::render_sarif;
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

    /// Apply every fix that is certain, and check again
    #[arg(long)]
    fix: bool,

    /// With --fix: show what would change, and change nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum For {
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
    /// What the policies are checked for.
    fn setting(&self) -> Setting {
        Setting {
            environment: Some(self.environment.into()),
            today: Some(Day::in_kuwait(SystemClock.now())),
        }
    }

    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let mut folder = Folder::new(&common.dir);
        folder.load_for(self.setting());
        let reading = match folder.load(&Look::Everything, None, &[]) {
            Ok(reading) => reading,
            Err(error) => {
                let found = error
                    .diagnostic(&common.dir)
                    .ok_or_else(|| Failure::new(&error))?;
                let found: Diagnostics = [found].into_iter().collect();
                output::print(&rendered(&found, &Sources::default(), common, || {
                    UNREADABLE.to_owned()
                }));
                return Ok(Ending::CouldNotRun);
            }
        };
        if !self.fix {
            let loaded = Loaded::of(&reading.sources, reading.loaded.unwrap_or_default());
            return Ok(self.report(&reading.sources, loaded, None, common));
        }
        let fixed = Fixed::from(&reading.sources);
        if self.dry_run {
            let ending = self.report(&fixed.sources, self.load(&fixed.sources), Some(&fixed), common);
            let would_change = !fixed.done.is_empty();
            return Ok(if would_change { Ending::Problems } else { ending });
        }
        fixed.write(&common.dir)?;
        Ok(self.report(&fixed.sources, self.load(&fixed.sources), Some(&fixed), common))
    }

    fn load(&self, sources: &Sources) -> Loaded {
        Loaded::of(sources, Catalog::load_for(sources, None, self.setting()))
    }

    fn report(&self, sources: &Sources, loaded: Loaded, fixed: Option<&Fixed>, common: &Common) -> Ending {
        let Loaded {
            catalog,
            diagnostics,
            good_tests,
        } = loaded;
        let report = rendered(&diagnostics, sources, common, || {
            verdict(catalog.as_ref(), good_tests)
        });
        output::print(&match fixed {
            Some(fixed) => self.with_fixes(fixed, report, common.report),
            None => report,
        });
        // Dropping a large catalog takes longer than the system takes to clear a process that ends.
        let bad = diagnostics.has_errors() || catalog.is_none() || (self.strict && !diagnostics.is_empty());
        std::mem::forget(catalog);
        if bad { Ending::Problems } else { Ending::Good }
    }

    /// The report with what was done before it; formats with a shape of their own stay as they are.
    fn with_fixes(&self, fixed: &Fixed, report: String, format: Report) -> String {
        match format {
            Report::Text if self.dry_run && fixed.done.is_empty() => {
                format!("no mistake has a fix that is certain\n{report}")
            }
            Report::Text if self.dry_run => format!("{}\nwith these changes:\n{report}", fixed.diff()),
            Report::Text => format!("{}{report}", fixed.told()),
            Report::Json => {
                let mut value: serde_json::Value = serde_json::from_str(&report).unwrap_or_default();
                value["fixed"] = serde_json::json!(fixed.done);
                if self.dry_run {
                    value["diff"] = serde_json::json!(fixed.diff());
                }
                serde_json::to_string_pretty(&value).unwrap_or_default()
            }
            Report::Sarif | Report::Github => report,
        }
    }
}

/// What was found in a folder, the tests beside its services included.
struct Loaded {
    catalog: Option<Catalog>,
    diagnostics: Diagnostics,
    good_tests: bool,
}

impl Loaded {
    /// Test files are no part of a catalog, and a catalog with mistakes in them is one; who checks wants to know all.
    fn of(sources: &Sources, (catalog, mut diagnostics): (Option<Catalog>, Diagnostics)) -> Self {
        let of_tests = TestProblems::default().find(sources, catalog.as_ref());
        let good_tests = !of_tests.has_errors();
        diagnostics.extend(of_tests);
        diagnostics.sort();
        Self {
            catalog,
            diagnostics,
            good_tests,
        }
    }
}

fn rendered(
    diagnostics: &Diagnostics,
    sources: &Sources,
    common: &Common,
    verdict: impl Fn() -> String,
) -> String {
    let source = |file: &str| sources.text(file).map(|text| &**text);
    match common.report {
        Report::Json => render_json(diagnostics),
        Report::Sarif => render_sarif(diagnostics, &source, &folder(&common.dir)),
        Report::Github => render_annotations(diagnostics, &folder(&common.dir)),
        Report::Text => {
            let parts = [
                render_text(diagnostics, &source, output::wants_colour()),
                verdict(),
            ];
            let said = parts
                .iter()
                .map(|part| part.trim_end())
                .filter(|part| !part.is_empty());
            said.collect::<Vec<_>>().join("\n")
        }
    }
}

fn verdict(catalog: Option<&Catalog>, good_tests: bool) -> String {
    match catalog {
        Some(catalog) => format!(
            "{}{}: {}, catalog {}",
            waived(catalog),
            if good_tests {
                "good"
            } else {
                "these services can be served, and their tests can't be read"
            },
            counted(catalog.services().len(), "service"),
            catalog.digest()
        ),
        None => "these files can't be served; a node that runs keeps what it has".to_owned(),
    }
}

/// The rules that are broken with somebody's name to it, a line each.
fn waived(catalog: &Catalog) -> String {
    catalog
        .waived()
        .iter()
        .map(|one| {
            let Waived {
                service,
                rule,
                message,
                waiver,
            } = one;
            format!(
                "waived until {}: {service} breaks {} ({rule}): {message}; {} answers for it since {}\n",
                waiver.until, waiver.of, waiver.by, waiver.on
            )
        })
        .collect()
}

/// What stands before each file, so that it leads there from where the command was started; a folder elsewhere can't be
/// named so, and files are then told from that folder.
fn folder(dir: &Path) -> String {
    let mut out = String::new();
    for part in dir.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::Normal(name) => {
                out.push_str(&name.to_string_lossy());
                out.push('/');
            }
            _ => return String::new(),
        }
    }
    out
}

const UNREADABLE: &str = "nothing else was checked; a node that runs keeps what it has";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_from_where_the_command_was_started() {
        for (dir, told) in [
            (".", ""),
            ("agency", "agency/"),
            ("./a/b/", "a/b/"),
            ("/abs", ""),
            ("../up", ""),
        ] {
            assert_eq!(folder(Path::new(dir)), told, "{dir}");
        }
    }
}
