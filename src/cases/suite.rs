use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::authority::Authority;
use super::authority::AuthorityError;
use super::compare::compare;
use super::coverage::Coverage;
use super::flow::run;
use super::report::Failure;
use super::report::Report;
use crate::catalog::Catalog;
use crate::catalog::LoadedService;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Label;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::diagnostics::suggest;
use crate::policy::Case;
use crate::policy::PushRules;
use crate::policy::TestFile;
use crate::policy::read_tests;
use crate::script;
use crate::words::Environment;
use crate::words::ServiceName;

/// The tests of a catalog, read and ready to be run, as often as wanted.
pub struct Suite {
    pub(super) authority: Authority,
    pub(super) files: BTreeMap<ServiceName, TestFile>,
}

impl Suite {
    /// Reads the test files that stand beside the services of `catalog`. What is wrong with them is in the diagnostics;
    /// a file with an error has no tests in the suite.
    ///
    /// # Errors
    /// When the machine gives no randomness for the keys of the made-up authority.
    pub fn read(catalog: &Catalog) -> Result<(Self, Diagnostics), AuthorityError> {
        Self::read_where(catalog, |_| true)
    }

    /// Like [`Suite::read`], but only the tests of services that a reload has touched: whose file, script or tests are not
    /// those of `previous`. A catalog that was loaded with `previous` shares with it what did not change.
    ///
    /// # Errors
    /// When the machine gives no randomness for the keys of the made-up authority.
    pub fn read_changed(
        catalog: &Catalog,
        previous: &Catalog,
    ) -> Result<(Self, Diagnostics), AuthorityError> {
        Self::read_where(catalog, |loaded| {
            let name = loaded.service.id.as_str();
            let tests = test_file_of(&loaded.service.file);
            let same = previous
                .service(name)
                .is_some_and(|known| Arc::ptr_eq(known, loaded));
            !same || previous.sources().text(&tests) != catalog.sources().text(&tests)
        })
    }

    fn read_where(
        catalog: &Catalog,
        wanted: impl Fn(&Arc<LoadedService>) -> bool,
    ) -> Result<(Self, Diagnostics), AuthorityError> {
        let mut found = Diagnostics::default();
        let mut files = BTreeMap::new();
        for (file, text) in catalog.sources().tests() {
            let Some(loaded) = service_beside(catalog, file) else {
                found.push(no_service(catalog, file));
                continue;
            };
            if !wanted(loaded) {
                continue;
            }
            let (tests, problems) = read_tests(file, text, &loaded.service);
            found.extend(problems);
            if let Some(tests) = tests {
                files.insert(tests.service.clone(), tests);
            }
        }
        for loaded in catalog.services().filter(|loaded| wanted(loaded)) {
            let name = test_file_of(&loaded.service.file);
            if catalog.sources().text(&name).is_none() {
                let message = format!("the service `{}` has no tests", loaded.service.id);
                let label = first_line(&loaded.service.file);
                found.push(
                    Diagnostic::warning(codes::CASE_UNTESTED, message, label)
                        .help(format!("write {name}; docs/tests.md begins with an example")),
                );
            }
        }
        found.sort();
        let authority = Authority::new()?;
        Ok((Self { authority, files }, found))
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.files.values().map(|file| file.cases.len()).sum()
    }

    /// Whether there is no case at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs every case whose service or name holds `filter`, on all processors, and says what failed and why.
    ///
    /// Pure: nothing is read, sent or kept, and the same catalog gives the same report. `catalog` may be another than
    /// the one the suite was read with, such as one that is about to take its place.
    pub fn run(&self, catalog: &Catalog, filter: Option<&str>) -> Report {
        let mut work = Vec::new();
        for (service, file) in &self.files {
            let Some(loaded) = catalog.service(service.as_str()) else {
                continue;
            };
            for case in &file.cases {
                let wanted = |filter: &str| service.as_str().contains(filter) || case.name.contains(filter);
                if filter.is_none_or(wanted) {
                    work.push((loaded, case));
                }
            }
        }
        let rules = rules_of(catalog);
        let results = self.on_all_processors(&work, |loaded, case| self.one((loaded, &rules), case));
        let failures: Vec<Failure> = results
            .into_iter()
            .zip(&work)
            .flat_map(|(result, (_, case))| result.unwrap_or_else(|| vec![Failure::broken_off(case)]))
            .collect();
        let failed = failures
            .iter()
            .map(|failure| (&failure.at.file, failure.case.as_str()))
            .collect::<std::collections::BTreeSet<_>>()
            .len();
        Report {
            passed: work.len() - failed,
            failed,
            failures,
        }
    }

    /// Which lines of scripts and which outcomes, channels, capabilities and languages the cases reach.
    ///
    /// `filter` leaves out services whose name does not hold it.
    pub fn coverage(&self, catalog: &Catalog, filter: Option<&str>) -> Coverage {
        let mut coverage = Coverage::of(catalog, filter);
        let rules = rules_of(catalog);
        for (service, file) in &self.files {
            let left_out = filter.is_some_and(|filter| !service.as_str().contains(filter));
            let Some(loaded) = catalog.service(service.as_str()).filter(|_| !left_out) else {
                continue;
            };
            for case in &file.cases {
                let (happened, lines) =
                    script::recorded(|| run((loaded, &rules), &self.authority, case, false));
                coverage.add(service, case, &happened, lines);
            }
        }
        coverage
    }

    /// What one case expected and did not get.
    pub(super) fn one(&self, tested: (&LoadedService, &PushRules), case: &Case) -> Vec<Failure> {
        let happened = run(tested, &self.authority, case, false);
        let mismatches = compare(&case.expect, &happened, tested.0);
        if mismatches.is_empty() {
            return Vec::new();
        }
        // Once more, with every step told: only failures pay for that.
        let told = run(tested, &self.authority, case, true);
        mismatches
            .into_iter()
            .map(|mismatch| Failure::new(case, mismatch, &told))
            .collect()
    }

    /// Whether a case notices that something is wrong with a service.
    pub(super) fn notices(&self, tested: (&LoadedService, &PushRules), case: &Case) -> bool {
        let happened = run(tested, &self.authority, case, false);
        !compare(&case.expect, &happened, tested.0).is_empty()
    }

    fn on_all_processors<T: Send>(
        &self,
        work: &[(&Arc<LoadedService>, &Case)],
        each: impl Fn(&LoadedService, &Case) -> T + Sync,
    ) -> Vec<Option<T>> {
        let next = AtomicUsize::new(0);
        let worker = || {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some((loaded, case)) = work.get(index) else {
                    return done;
                };
                done.push((index, each(loaded, case)));
            }
        };
        let mut results: Vec<Option<T>> = std::iter::repeat_with(|| None).take(work.len()).collect();
        let mut keep = |done: Vec<(usize, T)>| {
            for (index, result) in done {
                if let Some(slot) = results.get_mut(index) {
                    *slot = Some(result);
                }
            }
        };
        let threads = processors().min(work.len() / LEAST_FOR_A_THREAD);
        if threads < 2 {
            keep(worker());
            return results;
        }
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
            for thread in running {
                // A thread that panicked has no results, and a case without a result has failed.
                if let Ok(done) = thread.join() {
                    keep(done);
                }
            }
        });
        results
    }
}

impl std::fmt::Debug for Suite {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Suite").field("cases", &self.len()).finish()
    }
}

/// What protects people in production: a test shows what citizens will meet.
pub(super) fn rules_of(catalog: &Catalog) -> PushRules {
    catalog.organization().push_safety.rules(Environment::Production)
}

/// How many threads are worth starting.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn service_beside<'a>(catalog: &'a Catalog, file: &str) -> Option<&'a Arc<LoadedService>> {
    catalog.service(stem_of(file)?)
}

fn no_service(catalog: &Catalog, file: &str) -> Diagnostic {
    stands_alone(file, catalog.services().map(|loaded| loaded.service.id.as_str()))
}

/// A test file that stands beside no service; `known` are the services that there are.
pub(super) fn stands_alone<'a>(file: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let name = stem_of(file).unwrap_or(file);
    let message = format!("{file} stands beside no service");
    let help = match suggest(name, known) {
        Some(meant) => format!("did you mean {SERVICES}{meant}{ENDING}?"),
        None => "rename it after the service that it tests, or remove it".to_owned(),
    };
    Diagnostic::error(codes::CASE_NO_SERVICE, message, first_line(file)).help(help)
}

/// The service that a test file is named after.
pub(super) fn stem_of(file: &str) -> Option<&str> {
    file.strip_prefix(SERVICES)?.strip_suffix(ENDING)
}

/// The test file that belongs to a service file.
fn test_file_of(service: &str) -> String {
    let stem = service.strip_suffix(".yaml").unwrap_or(service);
    format!("{stem}{ENDING}")
}

fn first_line(file: &str) -> Label {
    Label {
        file: file.to_owned(),
        start: Position { line: 1, column: 1 },
        end: Position { line: 1, column: 2 },
        text: String::new(),
    }
}

pub(super) const SERVICES: &str = "policies/services/";
const ENDING: &str = ".test.yaml";
/// Starting a thread, and compiling the scripts on it, takes as long as some cases.
const LEAST_FOR_A_THREAD: usize = 16;
