use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::service::mutants as service_mutants;
use crate::cases::Suite;
use crate::cases::report::label_of;
use crate::cases::suite::processors;
use crate::cases::suite::rules_of;
use crate::catalog::Catalog;
use crate::catalog::LoadedService;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::codes;
use crate::policy::AcceptedMutant;
use crate::policy::Place;
use crate::policy::Places;
use crate::policy::Service;
use crate::script;
use crate::script::Compiler;
use crate::script::Library;

/// What changing each rule in turn has shown.
#[derive(Clone, Debug, Default)]
pub struct Mutation {
    /// How many changes a case noticed.
    pub noticed: usize,
    /// How many would not even load.
    pub refused: usize,
    /// Those that nobody noticed, in the order of files and places.
    pub survivors: Vec<Mutant>,
    /// Those that nobody can notice, as the test files say.
    pub accepted: Vec<AcceptedSurvivor>,
    /// What the test files accept although it does not survive.
    pub stale: Vec<AcceptedMutant>,
}

/// A changed rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// Where.
    pub place: Place,
    /// What was changed, in words.
    pub change: String,
    /// The services whose cases were run.
    pub services: Vec<String>,
}

/// A change that no test can notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedSurvivor {
    /// Where.
    pub place: Place,
    /// What was changed.
    pub change: String,
    /// Why nothing can notice it, in the words of the test file.
    pub because: String,
}

impl Mutation {
    /// How many changes were tried.
    pub fn total(&self) -> usize {
        self.noticed + self.refused + self.survivors.len() + self.accepted.len()
    }

    /// Whether every change was noticed, refused or accepted with a reason.
    pub fn is_good(&self) -> bool {
        self.survivors.is_empty() && self.stale.is_empty()
    }

    /// Survivors, and acceptances that accept nothing, each at its place.
    pub fn diagnostics(&self) -> Diagnostics {
        let mut found = Diagnostics::default();
        for mutant in &self.survivors {
            let message = format!(
                "no case of {} notices that {}",
                mutant.services.join(", "),
                mutant.change
            );
            found.push(
                Diagnostic::error(codes::CASE_MUTANT_SURVIVED, message, label_of(&mutant.place, ""))
                    .help("add a case that passes with the rule and fails with this change; often one at the boundary"),
            );
        }
        for stale in &self.stale {
            let message = format!("`{}` is accepted, and does not survive", stale.change);
            found.push(
                Diagnostic::error(codes::CASE_ACCEPTED_GONE, message, stale.at.clone())
                    .help("remove the entry, so that it hides nothing later"),
            );
        }
        found
    }
}

impl Suite {
    /// Changes each rule of the tested services in turn, and runs their cases until one notices.
    ///
    /// `filter` leaves out services whose name does not hold it. Rules of a service file are changed as they are meant;
    /// scripts are changed as they are written, compiled and linted as a load would. On all processors; pure.
    pub fn mutate(&self, catalog: &Catalog, filter: Option<&str>) -> Mutation {
        let jobs = self.jobs(catalog, filter);
        let next = AtomicUsize::new(0);
        let worker = || {
            let mut compiler = Compiler::default();
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(index) else {
                    return done;
                };
                done.push((index, self.fate(catalog, job, &mut compiler)));
            }
        };
        let mut fates: Vec<(usize, Fate)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..processors()).map(|_| scope.spawn(worker)).collect();
            // A thread that panicked takes its changes with it; they count as not noticed below.
            threads
                .into_iter()
                .filter_map(|thread| thread.join().ok())
                .flatten()
                .collect()
        });
        fates.sort_by_key(|(index, _)| *index);
        let mut fates: BTreeMap<usize, Fate> = fates.into_iter().collect();
        let mut mutation = Mutation::default();
        let mut accepted: Vec<&AcceptedMutant> =
            self.tested(filter).flat_map(|file| &file.accepted).collect();
        for (index, job) in jobs.into_iter().enumerate() {
            match fates.remove(&index).unwrap_or(Fate::Survived) {
                Fate::Noticed => mutation.noticed += 1,
                Fate::Refused => mutation.refused += 1,
                Fate::Survived => {
                    let known = accepted.iter().position(|accepted| {
                        accepted.file == job.mutant.place.file && accepted.change == job.mutant.change
                    });
                    match known {
                        Some(at) => {
                            let because = accepted.swap_remove(at).because.clone();
                            mutation.accepted.push(AcceptedSurvivor {
                                place: job.mutant.place,
                                change: job.mutant.change,
                                because,
                            });
                        }
                        None => mutation.survivors.push(job.mutant),
                    }
                }
            }
        }
        mutation.stale = accepted.into_iter().cloned().collect();
        mutation
    }

    fn tested(&self, filter: Option<&str>) -> impl Iterator<Item = &crate::policy::TestFile> {
        self.files
            .values()
            .filter(move |file| filter.is_none_or(|filter| file.service.as_str().contains(filter)))
    }

    fn jobs(&self, catalog: &Catalog, filter: Option<&str>) -> Vec<Job> {
        let mut jobs = Vec::new();
        // Each file of a script with the services that run it.
        let mut scripts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for file in self.tested(filter) {
            let Some(loaded) = catalog.service(file.service.as_str()) else {
                continue;
            };
            let service = &loaded.service;
            let text = catalog.sources().text(&service.file);
            let places = Places::of(&service.file, text.map_or("", |text| text));
            for mutated in service_mutants(service, &places) {
                jobs.push(Job {
                    mutant: Mutant {
                        place: mutated.place,
                        change: mutated.change,
                        services: vec![service.id.to_string()],
                    },
                    change: Change::Service(Box::new(mutated.service)),
                });
            }
            for file in loaded.script().into_iter().flat_map(script::Script::files) {
                scripts
                    .entry(file.to_owned())
                    .or_default()
                    .push(service.id.to_string());
            }
        }
        for (file, services) in scripts {
            let Some(text) = catalog.sources().text(&file) else {
                continue;
            };
            for mutated in script::mutants(text) {
                jobs.push(Job {
                    mutant: Mutant {
                        place: Place {
                            file: file.clone(),
                            line: mutated.line,
                            column: mutated.column,
                        },
                        change: mutated.change,
                        services: services.clone(),
                    },
                    change: Change::Script(mutated.text.into()),
                });
            }
        }
        jobs
    }

    fn fate(&self, catalog: &Catalog, job: &Job, compiler: &mut Compiler) -> Fate {
        let rules = rules_of(catalog);
        for name in &job.mutant.services {
            let (Some(loaded), Some(file)) = (catalog.service(name), self.files.get(name.as_str())) else {
                continue;
            };
            let changed = match &job.change {
                Change::Service(service) => Some(loaded.with_service((**service).clone())),
                Change::Script(text) => rescripted(catalog, loaded, &job.mutant.place.file, text, compiler),
            };
            let Some(changed) = changed else {
                return Fate::Refused;
            };
            if file
                .cases
                .iter()
                .any(|case| self.notices((&changed, &rules), case))
            {
                return Fate::Noticed;
            }
        }
        Fate::Survived
    }
}

/// The service with one file of its script changed; `None` if that does not load.
fn rescripted(
    catalog: &Catalog,
    loaded: &LoadedService,
    file: &str,
    text: &Arc<str>,
    compiler: &mut Compiler,
) -> Option<LoadedService> {
    let own = loaded.script()?.file().to_owned();
    if own == file {
        let (script, _) = compiler.script(file, text, catalog.libraries(), &loaded.service);
        return Some(loaded.with_script(script?));
    }
    let mut libraries = catalog.libraries().clone();
    let library = compiler.library(file, text).ok()?;
    libraries.insert(Library::name_of(file)?.to_owned(), Arc::new(library));
    for library in libraries.values() {
        if compiler.check_library(library, &libraries).has_errors() {
            return None;
        }
    }
    let text = catalog.sources().text(&own)?;
    let (script, _) = compiler.script(&own, text, &libraries, &loaded.service);
    Some(loaded.with_script(script?))
}

struct Job {
    mutant: Mutant,
    change: Change,
}

enum Change {
    Service(Box<Service>),
    Script(Arc<str>),
}

enum Fate {
    Noticed,
    Refused,
    Survived,
}
