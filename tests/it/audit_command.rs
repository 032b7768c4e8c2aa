//! `midflow audit` and `midflow evidence` for a node whose store is on PostgreSQL, beside it and after it.

use std::path::Path;
use std::sync::Arc;

use midflow::engine::Clock as _;
use midflow::engine::Engine;
use midflow::engine::EngineOptions;
use midflow::engine::EngineParts;
use midflow::engine::KeyFile;
use midflow::engine::Secrets;
use midflow::engine::SystemClock;
use midflow::store::Postgres;
use midflow::store::PostgresCluster;
use midflow::store::PostgresSettings;
use midflow::store::Sealed;
use midflow::words::Environment;
use serde_json::json;

use crate::support::authority::ToldAuthority;
use crate::support::clock::HandClock;
use crate::support::command::json;
use crate::support::command::run;
use crate::support::command::said;
use crate::support::config;
use crate::support::node::CLIENT;
use crate::support::node::licence_renewal;
use crate::support::node::served_policies;

// R000-067, R000-150, R000-151: what SQLite has, PostgreSQL has: verified beside the node, searched, proved, altered, cut
// off, and served again once two people have accepted it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_on_postgresql_is_verified_searched_proved_and_given_up() {
    let cluster = PostgresCluster::shared("tests").unwrap();
    let settings = cluster.database().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    lay_out(folder, &settings);
    let authority = Arc::new(ToldAuthority::new());
    let engine = node(folder, &settings, &authority).await.unwrap();
    let flow = engine.start_flow(licence_renewal()).await.unwrap().view.flow;
    let token = authority.has_been_sent(1).await[0].token.clone();
    engine
        .callback(&token, "192.0.2.1".to_owned(), b"approved".as_slice().into())
        .await;
    let ended = engine
        .wait(CLIENT, flow, std::time::Duration::from_secs(20))
        .await;
    assert!(ended.unwrap().ended);

    let head = run(folder, &["audit", "checkpoint", "--now"]);
    assert_eq!(head.status.code(), Some(0), "{}", said(&head));
    let verified = json(folder, &["audit", "verify"]);
    assert_eq!(verified["problems"], 0, "{verified}");
    assert!(verified["records"].as_u64().unwrap() >= 5, "{verified}");
    engine.shutdown().await;

    let evidence = folder.join("evidence.tar");
    let evidence = evidence.to_str().unwrap();
    let flow = flow.to_string();
    let exported = run(
        folder,
        &[
            "evidence", "export", &flow, "-o", evidence, "--by", "noura", "--reason", "case 7",
        ],
    );
    assert_eq!(exported.status.code(), Some(0), "{}", said(&exported));
    let key = folder.join("secrets/log.vkey");
    let proved = run(
        folder,
        &["evidence", "verify", evidence, "--key", key.to_str().unwrap()],
    );
    assert_eq!(proved.status.code(), Some(0), "{}", said(&proved));

    let search = [
        "audit", "search", "--by", "noura", "--role", "auditor", "--reason", "case 7", "--flow", &flow,
    ];
    let found = json(folder, &search);
    assert_eq!(found["flows"][0]["flow"], flow.as_str(), "{found}");
    let head = run(folder, &["audit", "checkpoint", "--now"]);
    assert_eq!(head.status.code(), Some(0), "{}", said(&head));
    let before = json(folder, &["audit", "verify"]);
    assert_eq!(before["problems"], 0, "{before}");
    assert_eq!(
        before["records"].as_u64(),
        before["anchored_records"].as_u64(),
        "{before}"
    );

    let administer = async |statements: &str| {
        let all = format!("SET search_path = midflow; SET session_replication_role = replica; {statements}");
        cluster.administer(&settings.database, &all).await.unwrap();
    };
    administer("UPDATE records SET event = event || ' ' WHERE seq = 2").await;
    let altered = run(folder, &["audit", "verify"]);
    assert_eq!(altered.status.code(), Some(1), "{}", said(&altered));
    assert!(
        said(&altered).contains("record 2: its row was altered"),
        "{}",
        said(&altered)
    );
    administer("UPDATE records SET event = rtrim(event) WHERE seq = 2").await;

    // The last three records are lost: no node serves, until two people have accepted it.
    administer(
        "DELETE FROM log_checkpoints WHERE size > (SELECT max(seq) - 3 FROM records);
            DELETE FROM records WHERE seq > (SELECT max(seq) - 3 FROM records);
            UPDATE log SET records = (SELECT max(seq) FROM records)",
    )
    .await;
    let refused = node(folder, &settings, &authority).await.unwrap_err();
    assert!(refused.contains("accept-rollback"), "{refused}");
    let accept = |by: &'static str| {
        run(
            folder,
            &[
                "audit",
                "accept-rollback",
                "--by",
                "noura",
                "--by",
                by,
                "--reason",
                "the disk of 3 May",
            ],
        )
    };
    let alone = accept("noura");
    assert_eq!(alone.status.code(), Some(2), "{}", said(&alone));
    let accepted = accept("salem");
    assert_eq!(accepted.status.code(), Some(0), "{}", said(&accepted));
    let engine = node(folder, &settings, &authority).await.unwrap();
    engine.shutdown().await;
}

/// A node over the database, sealed as `midflow serve` seals it.
async fn node(
    folder: &Path,
    settings: &PostgresSettings,
    authority: &Arc<ToldAuthority>,
) -> Result<Engine, String> {
    let key = KeyFile::read_or_make(&folder.join("midflow.key")).unwrap();
    let store = Arc::new(Postgres::open(settings.clone()).await.unwrap());
    let store = Sealed::open(store, Arc::new(key), Environment::Development, SystemClock.now()).await;
    let store = Arc::new(store.unwrap());
    let connector: Arc<ToldAuthority> = Arc::clone(authority);
    let started = Engine::start(EngineParts {
        folder: served_policies(),
        store: Arc::clone(&store) as _,
        connector,
        secrets: Arc::new(Secrets::open(&folder.join("secrets")).unwrap()),
        clock: Arc::new(HandClock::new()),
        options: EngineOptions {
            callback_base_url: "https://callback.example/".to_owned(),
            ..EngineOptions::default()
        },
        notify_roots: Vec::new(),
        gates: Vec::new(),
        settings: None,
        anchors: Vec::new(),
    })
    .await;
    if started.is_err() {
        midflow::store::Store::close(store.as_ref()).await;
    }
    started.map_err(|error| error.to_string())
}

/// The configuration of the node; nothing of the connector is read by these commands.
fn lay_out(folder: &Path, settings: &PostgresSettings) {
    let store = json!({ "postgres": {
        "host": settings.host,
        "port": settings.port,
        "database": settings.database,
        "user": settings.runs_as.name,
    } });
    let keys = json!({ "file": "midflow.key" });
    config::write(folder, "midflow.yaml", &config::of_node_at_rest(&store, &keys));
}
