//! Versions of the catalog: kept, activated by hand, rolled back, and what is served when the files are broken.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use midflow::catalog::Catalog;
use midflow::catalog::Look;
use midflow::engine::CatalogGate;
use midflow::engine::Engine;
use midflow::engine::EngineError;
use midflow::engine::EngineOptions;
use midflow::engine::EngineParts;
use midflow::engine::NodeSettings;
use midflow::engine::Reload;
use midflow::engine::ReplayGate;
use midflow::engine::ReplayOf;
use midflow::engine::Secrets;
use midflow::engine::replay;
use midflow::policy::Then;
use midflow::store::Sealed;
use midflow::store::Sqlite;
use midflow::store::Store;
use midflow::words::Digest;
use midflow::words::Environment;
use midflow::words::Outcome;

use crate::support::authority::ToldAuthority;
use crate::support::clock::HandClock;
use crate::support::node::CLIENT;
use crate::support::node::licence_renewal;
use crate::support::policy_folder;
use crate::support::store::sealed_store;

const SERVICE: &str = "policies/services/licence-renewal.yaml";
const SCRIPT: &str = "scripts/licence-renewal.rhai";

/// A node that can be started again over the same folder and store.
struct Desk {
    policies: tempfile::TempDir,
    state: tempfile::TempDir,
    authority: Arc<ToldAuthority>,
    clock: Arc<HandClock>,
    store: Arc<Sealed<Sqlite>>,
    engine: Option<Engine>,
}

impl Desk {
    async fn start() -> Self {
        let (policies, state) = (policy_folder::with_wide_limits(), tempfile::tempdir().unwrap());
        let store = Arc::new(sealed_store(state.path()).await);
        let mut desk = Self {
            policies,
            state,
            authority: Arc::new(ToldAuthority::new()),
            clock: Arc::new(HandClock::new()),
            store,
            engine: None,
        };
        desk.engine = Some(desk.open(|_| {}).await.unwrap());
        desk
    }

    async fn open(&self, change: impl FnOnce(&mut EngineParts)) -> Result<Engine, EngineError> {
        let mut parts = EngineParts {
            folder: self.policies.path().to_path_buf(),
            store: self.store.clone(),
            connector: self.authority.clone(),
            secrets: Arc::new(Secrets::open(&self.state.path().join("secrets")).unwrap()),
            clock: self.clock.clone(),
            options: EngineOptions {
                callback_base_url: "https://callback.example".to_owned(),
                ..EngineOptions::default()
            },
            notify_roots: Vec::new(),
            gates: Vec::new(),
            settings: None,
            anchors: Vec::new(),
        };
        change(&mut parts);
        Engine::start(parts).await
    }

    async fn restart(&mut self, change: impl FnOnce(&mut EngineParts)) -> Result<(), EngineError> {
        if let Some(engine) = self.engine.take() {
            engine.shutdown().await;
        }
        self.store = Arc::new(sealed_store(self.state.path()).await);
        self.engine = Some(self.open(change).await?);
        Ok(())
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    fn folder(&self) -> &Path {
        self.policies.path()
    }

    fn active(&self) -> Digest {
        self.engine().catalog().digest()
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }

    /// Saves a comment, and the files are what should be active.
    async fn edited(&self, comment: &str) -> Digest {
        self.edit(SCRIPT, "fn plan", &format!("// {comment}\nfn plan"));
        match self.engine().reload(self.folder(), "test").await {
            Reload::Activated(digest) => digest,
            other => panic!("{other:?}"),
        }
    }

    /// As the watch looks, which knows nothing of who wants what.
    async fn looked_at(&self) -> Reload {
        self.engine()
            .look_again(self.folder(), Look::Stamps, "file_watch")
            .await
    }
}

// Rules R10 and R14: every catalog that was active can be again, and rolling back twice goes back twice.
#[tokio::test]
async fn a_catalog_is_activated_again_and_rolled_back() {
    let desk = Desk::start().await;
    let first = desk.active();
    let second = desk.edited("second").await;
    let third = desk.edited("third").await;
    for expected in [second, first] {
        let back = desk.engine().roll_back_catalog("somebody").await;
        assert_eq!((back, desk.active()), (Reload::Activated(expected), expected));
        let status = desk.engine().catalog_status();
        assert_eq!((status.desired, status.set_aside), (expected, Some(third)));
        assert_eq!(status.by, "somebody");
    }
    let nothing = desk.engine().roll_back_catalog("somebody").await;
    assert!(matches!(nothing, Reload::Refused(_)), "{nothing:?}");
    assert_eq!(
        desk.engine().activate_catalog(second, "somebody").await,
        Reload::Activated(second)
    );
    assert_eq!(
        desk.engine().activate_catalog(second, "somebody").await,
        Reload::Unchanged
    );
    let unknown = desk.engine().activate_catalog(Digest::of(b"?"), "somebody").await;
    assert!(matches!(unknown, Reload::Refused(_)), "{unknown:?}");
    assert_eq!(desk.active(), second);
    let texts = desk.engine().catalog();
    let script = texts.sources().text(SCRIPT).unwrap();
    assert!(script.contains("// second") && !script.contains("// third"));
}

// What was set aside by hand is not taken up by the next look at the folder, nor by a restart; a change of it is, and
// so is asking for it.
#[tokio::test]
async fn what_was_set_aside_stays_aside_until_it_changes() {
    let mut desk = Desk::start().await;
    let first = desk.active();
    let second = desk.edited("second").await;
    desk.engine().roll_back_catalog("somebody").await;
    for _ in 0..2 {
        assert_eq!(desk.looked_at().await, Reload::Unchanged);
        assert_eq!(
            (desk.active(), desk.engine().catalog_status().set_aside),
            (first, Some(second))
        );
        desk.restart(|_| {}).await.unwrap();
    }
    assert_eq!(desk.active(), first);
    desk.edit(SCRIPT, "fn plan", "// third\nfn plan");
    assert!(matches!(desk.looked_at().await, Reload::Activated(_)));
    assert_eq!(desk.engine().catalog_status().set_aside, None);

    desk.engine().roll_back_catalog("somebody").await;
    assert_eq!(desk.looked_at().await, Reload::Unchanged);
    let asked_for = desk.engine().reload(desk.folder(), "signal").await;
    assert!(matches!(asked_for, Reload::Activated(_)), "{asked_for:?}");
}

// Rules R13 and R14: broken files at the start don't keep a node from serving what it served last, loudly.
#[tokio::test]
async fn a_node_starts_with_its_last_good_catalog() {
    let mut desk = Desk::start().await;
    let good = desk.active();
    desk.edit(SERVICE, "assurance: medium", "assurance: mediun");
    desk.restart(|_| {}).await.unwrap();
    assert_eq!(desk.active(), good);
    let status = desk.engine().catalog_status();
    assert!(status.failure.as_ref().unwrap().contains("mediun"), "{status:?}");
    assert_eq!(status.failed_at, Some(desk.clock.now()));
    assert_ne!(status.desired, good);
    assert!(desk.engine().metrics_text().contains("catalog_in_sync 0"));
    assert!(desk.engine().start_flow(licence_renewal()).await.is_ok());
    desk.edit(SERVICE, "assurance: mediun", "assurance: medium");
    assert_eq!(desk.looked_at().await, Reload::Unchanged);
    assert_eq!(desk.engine().catalog_status().failure, None);
    assert!(desk.engine().metrics_text().contains("catalog_in_sync 1"));
    // Without a folder too, and without a store not at all.
    fs::rename(desk.folder().join("policies"), desk.folder().join("gone")).unwrap();
    desk.restart(|_| {}).await.unwrap();
    assert_eq!(desk.active(), good);
    let other = tempfile::tempdir().unwrap();
    let fresh = Arc::new(Sqlite::open(other.path().join("other.db")).await.unwrap());
    // Law 12: an empty store in place of one that has promised records is no fresh start.
    let emptied = desk.open(|parts| parts.store = fresh.clone()).await;
    assert!(matches!(emptied, Err(EngineError::Log(_))), "{emptied:?}");
    let new = Arc::new(Secrets::open(&other.path().join("secrets")).unwrap());
    let refused = desk
        .open(|parts| (parts.store, parts.secrets) = (fresh, new))
        .await;
    assert!(matches!(refused, Err(EngineError::Sources(_))), "{refused:?}");
}

// R000-151: outside development an engine does not run over a store that keeps people in clear.
#[tokio::test]
async fn a_store_without_a_seal_is_for_development_only() {
    let desk = Desk::start().await;
    let other = tempfile::tempdir().unwrap();
    let bare = Sqlite::open(other.path().join("other.db")).await.unwrap();
    let refused = desk.open(|parts| {
        parts.store = Arc::new(bare);
        parts.options.environment = Environment::Production;
    });
    let refused = refused.await;
    assert!(matches!(refused, Err(EngineError::Unsealed(_))), "{refused:?}");
}

// Law 10: a gate refuses what is good in itself, from whatever side it comes.
#[tokio::test]
async fn a_gate_is_asked_before_every_activation() {
    struct Closed(Mutex<Vec<Digest>>);
    #[async_trait]
    impl CatalogGate for Closed {
        async fn admit(&self, candidate: &Arc<Catalog>, _: &Arc<Catalog>) -> Result<(), String> {
            self.0.lock().unwrap().push(candidate.digest());
            Err("the gate is closed".to_owned())
        }
    }
    let mut desk = Desk::start().await;
    let first = desk.active();
    let second = desk.edited("second").await;
    let gate = Arc::new(Closed(Mutex::default()));
    let asked = gate.clone();
    desk.restart(|parts| parts.gates = vec![gate]).await.unwrap();
    assert_eq!(desk.active(), second);
    desk.edit(SCRIPT, "fn plan", "// third\nfn plan");
    let refused = Reload::Refused("the gate is closed".to_owned());
    assert_eq!(desk.engine().reload(desk.folder(), "test").await, refused);
    assert_eq!(desk.engine().roll_back_catalog("test").await, refused);
    let status = desk.engine().catalog_status();
    assert_eq!(
        (status.active, status.failure.as_deref()),
        (second, Some("the gate is closed"))
    );
    let count = || asked.0.lock().unwrap().len();
    assert_eq!((count(), asked.0.lock().unwrap()[1]), (2, first));
    // The slow look repeats the answer, and asks nobody: what a gate does may take long. Who asks on purpose does.
    desk.engine().reload(desk.folder(), "test").await;
    for _ in 0..3 {
        assert_eq!(desk.looked_at().await, refused);
    }
    assert_eq!(count(), 3);
}

// Rule R17: what can't be reloaded is named.
#[tokio::test]
async fn what_takes_a_restart_is_named() {
    struct Moved;
    impl NodeSettings for Moved {
        fn changed(&self) -> Vec<String> {
            vec!["listeners.api".to_owned()]
        }
    }
    let mut desk = Desk::start().await;
    desk.restart(|parts| parts.settings = Some(Arc::new(Moved)))
        .await
        .unwrap();
    assert!(desk.engine().catalog_status().needs_restart.is_empty());
    assert_eq!(desk.looked_at().await, Reload::Unchanged);
    assert_eq!(desk.engine().catalog_status().needs_restart, ["listeners.api"]);
}

// A waiver ends on its day, whether or not anybody saves a file: the status says so, and nobody is turned away for it.
#[tokio::test]
async fn a_waiver_that_ends_while_the_node_runs_is_told() {
    let desk = Desk::start().await;
    let waiver = "waivers:\n  - { of: critical-asks-high, by: Huda Example, on: 2026-03-01, until: 2026-03-03, why: The offices open again soon }\nscript:";
    desk.edit(SERVICE, "sensitivity: normal ", "sensitivity: critical ");
    desk.edit(SERVICE, "script:", waiver);
    let Reload::Activated(active) = desk.engine().reload(desk.folder(), "test").await else {
        panic!("{:?}", desk.engine().catalog_status().failure);
    };
    assert!(desk.engine().catalog_status().ended_waivers.is_empty());
    desk.clock.forward(Duration::from_secs(2 * 24 * 3600));
    assert_eq!(desk.looked_at().await, Reload::Unchanged);
    let status = desk.engine().catalog_status();
    assert_eq!(
        status.ended_waivers,
        ["licence-renewal: critical-asks-high until 2026-03-03"]
    );
    assert_eq!((status.active, status.failure), (active, None));
    let metrics = desk.engine().metrics_text();
    assert!(metrics.contains("midflow_ended_waivers 1"), "{metrics}");
    desk.engine().start_flow(licence_renewal()).await.unwrap();
}

// Law 9: recorded flows are decided again under another catalog, and every difference is named with its line; under
// their own there is none.
#[tokio::test]
async fn recorded_flows_are_decided_again() {
    let desk = Desk::start().await;
    let mut flows = Vec::new();
    for (index, answer) in ["approved", "declined.by_user", "approved"]
        .into_iter()
        .enumerate()
    {
        let mut ask = licence_renewal();
        if index == 2 {
            ask = ask.input("amount", 750.5);
        }
        let flow = desk.engine().start_flow(ask).await.unwrap().view.flow;
        let sent = desk.authority.has_been_sent(index + 1).await;
        desk.engine()
            .callback(&sent[index].token, "192.0.2.1".to_owned(), answer.into())
            .await;
        let view = desk
            .engine()
            .wait(CLIENT, flow, std::time::Duration::from_secs(20))
            .await
            .unwrap();
        assert!(view.ended);
        flows.push(flow);
    }
    let store: &dyn Store = desk.store.as_ref();
    let own = desk.engine().catalog();
    let same = replay(store, &own, &ReplayOf::All).await.unwrap();
    assert_eq!(
        (same.flows, same.different.len(), same.undecidable.len()),
        (3, 0, 0),
        "{same:?}"
    );

    desk.edit(SCRIPT, "amount > 500.0", "amount > 1000.0");
    desk.edit(SERVICE, "en: You declined", "en: It was you who declined");
    let changed = midflow::catalog::Sources::read(desk.folder()).unwrap();
    let (candidate, _) = Catalog::load(&changed, None);
    let candidate = candidate.unwrap();
    // The clock stands still, so the order of all flows is a matter of chance.
    let named = ReplayOf::Flows(flows.clone());
    let other = replay(store, &candidate, &named).await.unwrap();
    let found: Vec<_> = other
        .different
        .iter()
        .map(|flow| {
            let whats: Vec<&str> = flow
                .differences
                .iter()
                .map(|difference| difference.what)
                .collect();
            (flow.flow, whats, flow.own_differs)
        })
        .collect();
    assert_eq!(
        found,
        [
            (flows[1], vec!["say"], false),
            (flows[2], vec!["assurance", "expires_in"], false)
        ]
    );
    let assurance = &other.different[1].differences[0];
    assert_eq!(
        (assurance.was.as_str(), assurance.would_be.as_str()),
        ("high", "medium")
    );
    assert!(
        assurance.was_by.as_ref().unwrap().starts_with(SCRIPT),
        "{assurance:?}"
    );
    assert!(
        assurance.would_be_by.as_ref().unwrap().starts_with(SERVICE),
        "{assurance:?}"
    );
    let text = other.to_text();
    assert!(
        text.ends_with("3 decided again, 2 differ, 0 can't be decided again"),
        "{text}"
    );

    // A pinned flow keeps a catalog out that would decide it otherwise.
    let gate = ReplayGate::new(desk.store.clone(), vec![flows[2]]);
    let refused = gate.admit(&Arc::new(candidate), &own).await.unwrap_err();
    assert!(refused.contains("assurance: high -> medium"), "{refused}");
    let unpinned = ReplayGate::new(desk.store.clone(), vec![flows[0]]);
    assert_eq!(unpinned.admit(&own, &own).await, Ok(()));
}

// Law 9: what a script refused after the approval is on record as what it was asked about.
#[tokio::test]
async fn a_refusal_by_policy_is_recorded_with_what_it_was_asked() {
    let desk = Desk::start().await;
    desk.edit(
        SCRIPT,
        "flow.person.age_over_18 != true",
        "flow.person.age_over_18 == true",
    );
    desk.engine().reload(desk.folder(), "test").await;
    let flow = desk
        .engine()
        .start_flow(licence_renewal())
        .await
        .unwrap()
        .view
        .flow;
    let sent = desk.authority.has_been_sent(1).await;
    desk.engine()
        .callback(&sent[0].token, "192.0.2.1".to_owned(), "approved".into())
        .await;
    let view = desk
        .engine()
        .wait(CLIENT, flow, std::time::Duration::from_secs(20))
        .await
        .unwrap();
    assert_eq!(
        (view.outcome, view.decision.unwrap().then),
        (Some(Outcome::Refused), Then::Stop)
    );
    let own = desk.engine().catalog();
    let again = replay(desk.store.as_ref(), &own, &ReplayOf::All).await.unwrap();
    // The person's fields are not kept after a refusal, so this one can't be decided again, and that is said.
    assert_eq!((again.flows, again.undecidable.len()), (0, 1), "{again:?}");
    // A catalog without a script decides by the YAML alone.
    desk.edit(SERVICE, "script: licence-renewal.rhai", "# no script");
    let changed = midflow::catalog::Sources::read(desk.folder()).unwrap();
    let (candidate, _) = Catalog::load(&changed, None);
    let other = replay(desk.store.as_ref(), &candidate.unwrap(), &ReplayOf::All)
        .await
        .unwrap();
    let outcome = &other.different[0].differences[0];
    assert_eq!(
        (outcome.what, outcome.was.as_str(), outcome.would_be.as_str()),
        ("outcome", "other.refused (minor)", "approved")
    );
}
