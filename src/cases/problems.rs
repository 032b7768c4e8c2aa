use std::collections::BTreeMap;
use std::sync::Arc;

use super::suite::SERVICES;
use super::suite::stands_alone;
use super::suite::stem_of;
use crate::catalog::Catalog;
use crate::catalog::Sources;
use crate::diagnostics::Diagnostics;
use crate::policy::Service;
use crate::policy::read_defaults;
use crate::policy::read_service_with;
use crate::policy::read_tests;

/// What is wrong with the test files of a folder, without running them. Remembers what it has read: a second look
/// reads only what has changed.
#[derive(Debug, Default)]
pub struct TestProblems {
    known: BTreeMap<String, Known>,
}

/// A test file as it was read.
#[derive(Debug)]
struct Known {
    tests: Arc<str>,
    /// The service file and the defaults that the names in it were looked up in.
    service: Arc<str>,
    defaults: Option<Arc<str>>,
    found: Diagnostics,
}

impl TestProblems {
    /// Reads every test file. A service is taken from `catalog` if it is there as written, else read here; nothing is
    /// said about the tests of one that can't be read, since nobody knows what they may name.
    pub fn find(&mut self, sources: &Sources, catalog: Option<&Catalog>) -> Diagnostics {
        let defaults = sources.text(DEFAULTS);
        let mut found = Diagnostics::default();
        let mut known = BTreeMap::new();
        for (file, tests) in sources.tests() {
            let path = stem_of(file).map(|stem| format!("{SERVICES}{stem}.yaml"));
            let Some(service) = path.as_ref().and_then(|path| sources.text(path)) else {
                let services = sources
                    .iter()
                    .filter_map(|(file, _)| file.strip_prefix(SERVICES)?.strip_suffix(".yaml"));
                found.push(stands_alone(file, services));
                continue;
            };
            let before = self
                .known
                .remove(file)
                .filter(|known| known.is_of(tests, service, defaults));
            let read = before.or_else(|| {
                let meant = meant(sources, catalog, path.as_deref()?)?;
                Some(Known {
                    tests: Arc::clone(tests),
                    service: Arc::clone(service),
                    defaults: defaults.map(Arc::clone),
                    found: read_tests(file, tests, &meant).1,
                })
            });
            if let Some(read) = read {
                found.extend(read.found.clone());
                known.insert(file.to_owned(), read);
            }
        }
        self.known = known;
        found.sort();
        found
    }
}

impl Known {
    fn is_of(&self, tests: &Arc<str>, service: &Arc<str>, defaults: Option<&Arc<str>>) -> bool {
        let same = |one: &Arc<str>, other: &Arc<str>| Arc::ptr_eq(one, other) || one == other;
        same(&self.tests, tests)
            && same(&self.service, service)
            && match (&self.defaults, defaults) {
                (None, None) => true,
                (Some(before), Some(now)) => same(before, now),
                _ => false,
            }
    }
}

/// The service of a file as meant; `None` if it has mistakes.
fn meant(sources: &Sources, catalog: Option<&Catalog>, file: &str) -> Option<Arc<Service>> {
    let text = sources.text(file)?;
    let name = file.strip_prefix(SERVICES)?.strip_suffix(".yaml")?;
    let is_current = |catalog: &&Catalog| {
        [file, DEFAULTS]
            .iter()
            .all(|path| catalog.sources().text(path) == sources.text(path))
    };
    if let Some(loaded) = catalog
        .filter(is_current)
        .and_then(|catalog| catalog.service(name))
    {
        return Some(Arc::clone(&loaded.service));
    }
    let defaults = sources
        .text(DEFAULTS)
        .and_then(|text| read_defaults(DEFAULTS, text).0);
    let (service, _) = read_service_with(file, text, defaults.as_ref());
    service.map(Arc::new)
}

const DEFAULTS: &str = "policies/defaults.yaml";

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: &str = include_str!("../../policies/services/lab-results.yaml");
    const TESTS: &str = include_str!("../../policies/services/lab-results.test.yaml");

    fn sources(service: &str, tests: &str) -> Sources {
        Sources::from_texts([
            ("policies/services/lab-results.yaml", service),
            ("policies/services/lab-results.test.yaml", tests),
        ])
    }

    fn codes(found: &Diagnostics) -> Vec<&str> {
        found.iter().map(|one| one.code).collect()
    }

    #[test]
    fn mistakes_in_tests_are_found_without_a_catalog_and_go_when_mended() {
        let mut problems = TestProblems::default();
        let bad = TESTS.replacen("answers: approved", "answers: aproved", 1);
        let found = problems.find(&sources(SERVICE, &bad), None);
        assert_eq!(codes(&found), ["E6002"], "{found:?}");
        assert_eq!(found, problems.find(&sources(SERVICE, &bad), None));
        assert!(problems.find(&sources(SERVICE, TESTS), None).is_empty());
    }

    // What a test may name depends on the service: a change there is a mistake here.
    #[test]
    fn a_change_of_the_service_is_seen_in_its_tests() {
        let mut problems = TestProblems::default();
        assert!(problems.find(&sources(SERVICE, TESTS), None).is_empty());
        let less = SERVICE.replace("  name_ar:", "  name_en:");
        assert_ne!(less, SERVICE);
        let found = problems.find(&sources(&less, TESTS), None);
        assert!(found.has_errors(), "{found:?}");
    }

    #[test]
    fn tests_beside_no_service_are_named_and_those_of_a_broken_one_wait() {
        let mut problems = TestProblems::default();
        let alone = Sources::from_texts([
            ("policies/services/lab-results.yaml", SERVICE),
            ("policies/services/lab-result.test.yaml", TESTS),
        ]);
        let found = problems.find(&alone, None);
        let help = &found.iter().next().unwrap().help[0];
        assert!(help.contains("lab-results.test.yaml"), "{help}");
        assert!(
            problems
                .find(&sources("midflow: 1\n", "nonsense"), None)
                .is_empty()
        );
    }
}
