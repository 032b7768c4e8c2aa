use sqlx::ConnectOptions as _;

use super::Database;
use super::refusal;
use crate::audit::Commit as _;
use crate::audit::Unit;
use crate::store::KeptAnchor;
use crate::store::LogStore as _;
use crate::store::Postgres;
use crate::store::PostgresCluster;
use crate::store::PostgresRole;
use crate::store::PostgresTls;
use crate::store::Store as _;
use crate::store::StoreErrorKind;
use crate::store::conformance::Place as _;
use crate::store::conformance::sample::exchange;
use crate::store::conformance::sample::note;

fn role(name: &str, password: Option<&str>) -> PostgresRole {
    PostgresRole {
        name: name.to_owned(),
        password: password.map(Into::into),
    }
}

// Law 12: a role that could change what is recorded does not run a replica.
#[tokio::test]
async fn a_role_that_may_change_the_log_is_refused() {
    let database = Database::new().await;
    database.replica().await.close().await;
    for (may, what) in [("midflow_owner", "owner"), ("postgres", "superuser")] {
        let mut settings = database.settings.clone();
        settings.runs_as = role(may, None);
        let error = refusal(settings).await;
        assert_eq!(error.kind(), StoreErrorKind::Unsafe, "{what}: {error}");
        assert!(
            error
                .to_string()
                .contains("may change or delete what is recorded")
        );
    }
    database
        .administer("GRANT DELETE ON exchanges_other TO midflow_app")
        .await;
    let error = refusal(database.settings.clone()).await;
    assert!(error.to_string().contains("exchanges_other"), "{error}");
}

// Law 12, its first half: what is recorded stays, for the role that runs and for the owner.
#[tokio::test]
async fn records_and_exchanges_cannot_be_changed_or_deleted() {
    let database = Database::new().await;
    let store = database.replica().await;
    let unit = Unit {
        records: (0..256).map(|_| note("kept", None)).collect(),
        exchanges: vec![exchange(1, b"kept")],
        ..Unit::default()
    };
    store.commit(vec![unit]).await.remove(0).unwrap();
    store.log_edge().await.unwrap();
    store.keep_checkpoint(256, "kept".to_owned()).await.unwrap();
    let anchor = KeptAnchor {
        size: 256,
        anchor: "folder".to_owned(),
        proof: "kept".to_owned(),
    };
    store.keep_anchor(anchor).await.unwrap();
    for (name, code) in [("midflow_app", "42501"), ("midflow_owner", "MF001")] {
        let options = database.settings.options(&role(name, None));
        let mut connection = options.connect().await.unwrap();
        for statement in [
            "UPDATE records SET event = '{}'",
            "DELETE FROM records",
            "TRUNCATE records",
            "TRUNCATE records_other",
            "INSERT INTO records SELECT * FROM records ON CONFLICT (seq, at) DO UPDATE SET event = '{}'",
            "UPDATE exchanges SET bytes = ''",
            "DELETE FROM exchanges",
            "TRUNCATE exchanges",
            "TRUNCATE exchanges_other",
            "UPDATE log_hashes SET hash = ''",
            "DELETE FROM log_hashes",
            "TRUNCATE log_hashes",
            "UPDATE log_checkpoints SET note = ''",
            "DELETE FROM log_checkpoints",
            "TRUNCATE log_checkpoints",
            "UPDATE log_anchors SET proof = ''",
            "DELETE FROM log_anchors",
            "TRUNCATE log_anchors",
        ] {
            let error = sqlx::query(statement).execute(&mut connection).await.unwrap_err();
            let found = error.as_database_error().and_then(|error| error.code());
            assert_eq!(found.as_deref(), Some(code), "{name}: {statement}: {error}");
        }
    }
    assert_eq!(store.records_after(0, 999).await.unwrap().len(), 256);
    assert_eq!(store.last_checkpoint().await.unwrap().unwrap().note, "kept");
    assert_eq!(store.anchors_from(0, 9).await.unwrap()[0].proof, "kept");
    store.close().await;
}

#[tokio::test]
async fn months_are_made_ahead_and_used() {
    let database = Database::new().await;
    let store = database.replica().await;
    let mut record = note("now", None);
    record.at = crate::store::Shared::now(&store);
    let mut message = exchange(1, b"now");
    message.id = crate::words::ExchangeId::from_parts(record.at, [1; 10]);
    let unit = Unit {
        records: vec![record, note("long ago", None)],
        exchanges: vec![message, exchange(2, b"long ago")],
        ..Unit::default()
    };
    store.commit(vec![unit]).await.remove(0).unwrap();
    let counts: (i64, i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM months), (SELECT count(*) FROM records), (SELECT count(*) FROM records_other),
            (SELECT count(*) FROM exchanges), (SELECT count(*) FROM exchanges_other)",
    )
    .fetch_one(&mut database.settings.options(&role("postgres", None)).connect().await.unwrap())
    .await
    .unwrap();
    assert_eq!(counts, (3, 2, 1, 2, 1));
    store.close().await;
}

#[tokio::test]
async fn the_schema_is_made_by_its_owner_only() {
    let database = Database::new().await;
    let mut without_owner = database.settings.clone();
    without_owner.owner = None;
    let error = refusal(without_owner.clone()).await;
    assert_eq!(error.kind(), StoreErrorKind::Version, "{error}");
    assert!(
        error.to_string().contains("name `store.postgres.owner`"),
        "{error}"
    );
    database.replica().await.close().await;
    Postgres::open(without_owner.clone()).await.unwrap().close().await;
    // What a newer version has added is no hindrance, with and without the owner: a node of this version may start again
    // in the middle of a rolling upgrade, however many versions are skipped.
    database
        .administer(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                VALUES (9000, 'additive table', true, '', 1), (9005, 'additive index', true, '', 1)",
        )
        .await;
    for settings in [without_owner.clone(), database.settings.clone()] {
        let store = Postgres::open(settings).await.unwrap();
        let unit = Unit {
            records: vec![note("beside a newer one", None)],
            ..Unit::default()
        };
        store.commit(vec![unit]).await.remove(0).unwrap();
        store.close().await;
    }
    // A schema that this version does not know is left alone.
    database
        .administer(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                VALUES (9999, 'from the future', true, '', 1)",
        )
        .await;
    for settings in [without_owner, database.settings.clone()] {
        let error = refusal(settings).await;
        assert_eq!(error.kind(), StoreErrorKind::Version);
        assert!(error.to_string().contains("version 9999"), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_said_with_cause_and_remedy() {
    let cluster = PostgresCluster::start(&[]).unwrap();
    let database = Database::of(cluster).await;
    database
        .cluster
        .administer("postgres", "CREATE ROLE locked LOGIN PASSWORD 'right'")
        .await
        .unwrap();
    let file = database.cluster.folder().join("data/pg_hba.conf");
    let rules = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        format!("local all locked scram-sha-256\nlocal all barred reject\n{rules}"),
    )
    .unwrap();
    database
        .cluster
        .administer("postgres", "SELECT pg_reload_conf(); SELECT pg_sleep(0.2)")
        .await
        .unwrap();
    let mut told = String::new();
    let folder = database.cluster.folder().display().to_string();
    let mut tell = |error: crate::store::StoreError| {
        let text = error.to_string().replace(&folder, "<socket>");
        told.push_str(&text.replace(&database.settings.database, "<database>"));
        told.push('\n');
    };
    for (name, password) in [
        ("locked", Some("wrong, and not to be repeated")),
        ("barred", None),
        ("nobody", None),
    ] {
        let mut settings = database.settings.clone();
        settings.runs_as = role(name, password);
        settings.owner = None;
        tell(refusal(settings).await);
    }
    let mut settings = database.settings.clone();
    settings.database = "nowhere".to_owned();
    tell(refusal(settings).await);
    let mut settings = database.settings.clone();
    settings.owner = Some(role("locked", Some("right")));
    tell(refusal(settings).await);
    let mut settings = database.settings.clone();
    settings.host = "db.example".to_owned();
    settings.tls = PostgresTls::ThisMachine;
    tell(refusal(settings).await);
    database.cluster.crash().unwrap();
    tell(refusal(database.settings.clone()).await);
    assert!(!told.contains("not to be repeated"));
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn a_server_that_does_not_sync_is_refused() {
    let cluster = PostgresCluster::start(&[("fsync", "off")]).unwrap();
    let database = Database::of(cluster).await;
    let error = refusal(database.settings.clone()).await;
    assert_eq!(error.kind(), StoreErrorKind::Unsafe);
    assert!(
        error.to_string().contains("`fsync` is `off` and has to be `on`"),
        "{error}"
    );
}
