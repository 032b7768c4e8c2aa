use std::sync::Arc;

use async_trait::async_trait;

use super::CatalogGate;
use super::activate::render;
use crate::cases::Suite;
use crate::catalog::Catalog;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Severity;

/// Lets a catalog pass only if the tests beside its services pass under it.
///
/// Only services that the reload has touched are tested: their file, their script or their tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestGate;

#[async_trait]
impl CatalogGate for TestGate {
    async fn admit(&self, candidate: &Arc<Catalog>, active: &Arc<Catalog>) -> Result<(), String> {
        let (candidate, active) = (Arc::clone(candidate), Arc::clone(active));
        tokio::task::spawn_blocking(move || tested(&candidate, &active))
            .await
            .map_err(|error| format!("the tests of the policies failed inside: {error}"))?
    }
}

fn tested(candidate: &Catalog, active: &Catalog) -> Result<(), String> {
    let (suite, found) = Suite::read_changed(candidate, active).map_err(|error| error.to_string())?;
    let mut problems = Diagnostics::default();
    problems.extend(
        found
            .into_iter()
            .filter(|found| found.severity == Severity::Error),
    );
    let report = suite.run(candidate, None);
    problems.extend(report.diagnostics());
    if !problems.has_errors() {
        return Ok(());
    }
    Err(format!(
        "tests of the policies fail: {} passed, {} failed\n\n{}",
        report.passed,
        report.failed,
        render(&problems, candidate.sources())
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::catalog::Sources;

    const SERVICE: &str = "policies/services/lab-results.yaml";
    const TESTS: &str = "policies/services/lab-results.test.yaml";

    /// The policies of this repository, one file of them changed.
    fn catalog(file: &str, change: impl Fn(&str) -> String, previous: Option<&Catalog>) -> Arc<Catalog> {
        let sources = Sources::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let all = sources.iter().chain(sources.tests());
        let texts = all.map(|(path, text)| {
            let text = if path == file {
                change(text)
            } else {
                text.to_string()
            };
            (path.to_owned(), text)
        });
        let (catalog, _) = Catalog::load(&Sources::from_texts(texts), previous);
        Arc::new(catalog.unwrap())
    }

    // Issue 3: the tests of what was touched run before the swap, and one that fails keeps the old catalog.
    #[tokio::test]
    async fn a_service_whose_tests_fail_is_not_let_in() {
        let active = catalog("", str::to_owned, None);
        let slower = |text: &str| {
            assert!(text.contains("expires_in: 5m"), "{text}");
            text.replace("expires_in: 5m", "expires_in: 4m")
        };
        let candidate = catalog(SERVICE, slower, Some(&active));
        let why = TestGate.admit(&candidate, &active).await.unwrap_err();
        assert!(why.contains("tests of the policies fail"), "{why}");
        assert!(why.contains(TESTS), "{why}");
        assert!(!why.contains("licence-renewal"), "only what was touched: {why}");
    }

    #[tokio::test]
    async fn a_service_whose_tests_pass_is_let_in() {
        let active = catalog("", str::to_owned, None);
        let candidate = catalog(SERVICE, |text| format!("{text}\n# seen\n"), Some(&active));
        assert_ne!(candidate.digest(), active.digest());
        assert_eq!(TestGate.admit(&candidate, &active).await, Ok(()));
    }

    #[tokio::test]
    async fn a_test_file_that_can_not_be_read_lets_nothing_in() {
        let active = catalog("", str::to_owned, None);
        let broken = catalog(TESTS, |text| text.replacen("cases:", "casse:", 1), Some(&active));
        let why = TestGate.admit(&broken, &active).await.unwrap_err();
        assert!(why.contains("casse"), "{why}");
    }
}
