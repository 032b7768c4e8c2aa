use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use super::Sqlite;
use crate::audit::Commit;
use crate::audit::CommitError;
use crate::audit::Recorder;
use crate::audit::RecorderOptions;
use crate::audit::Unit;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::store::conformance::Place;
use crate::store::conformance::conformance;
use crate::store::conformance::sample::exchange;
use crate::store::conformance::sample::flow;
use crate::store::conformance::sample::flow_number;
use crate::store::conformance::sample::insert;
use crate::store::conformance::sample::note;

struct Folder(TempDir);

#[async_trait]
impl Place for Folder {
    async fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(Sqlite::open(file_in(&self.0)).await.unwrap())
    }
}

conformance!(Folder);

fn file_in(folder: &TempDir) -> PathBuf {
    folder.path().join("data/midflow.db")
}

async fn refusal(file: &Path) -> StoreError {
    match Sqlite::open(file).await {
        Ok(_) => panic!("{} must not open", file.display()),
        Err(error) => error,
    }
}

async fn by_hand(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(file)
        .connect()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_second_owner_is_told_who_the_first_is() {
    let folder = TempDir::new().unwrap();
    let first = Sqlite::open(file_in(&folder)).await.unwrap();
    let error = refusal(&file_in(&folder)).await;
    assert_eq!(error.kind(), StoreErrorKind::Busy);
    let owner = format!("process {} owns it; stop the other process", std::process::id());
    assert!(error.to_string().contains(&owner), "{error}");
    first.close().await;
    Sqlite::open(file_in(&folder)).await.unwrap().close().await;
}

#[tokio::test]
async fn a_lock_file_left_by_a_crash_is_no_obstacle() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/midflow.db.lock"), "4711\n").unwrap();
    Sqlite::open(file_in(&folder)).await.unwrap().close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let store = Sqlite::open(file_in(&folder)).await.unwrap();
    store.health().await.unwrap();
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = std::fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(files.len() >= 4, "database, lock, log and index: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    store.close().await;
    // A file that was copied carelessly is closed again.
    std::fs::set_permissions(file_in(&folder), std::fs::Permissions::from_mode(0o644)).unwrap();
    Sqlite::open(file_in(&folder)).await.unwrap().close().await;
    assert_eq!(mode(&file_in(&folder)), 0o600);
}

#[tokio::test]
async fn what_cannot_be_opened_is_said_with_place_and_remedy() {
    let folder = TempDir::new().unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "a file where a folder should be").unwrap();
    let mut told = String::new();
    let places = ["plain/midflow.db", "plain/deeper/midflow.db", "."];
    for place in places {
        let error = refusal(&folder.path().join(place)).await;
        assert_eq!(error.kind(), StoreErrorKind::Open, "{place}: {error}");
        let root = folder.path().display().to_string();
        told.push_str(&error.to_string().replace(&root, "<root>"));
        told.push('\n');
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("notes.txt");
    let text = "This is my diary, and not a database. ".repeat(100);
    std::fs::write(&file, &text).unwrap();
    let error = refusal(&file).await;
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("the file is no database"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn the_database_of_another_program_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("other.db");
    let mut connection = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    sqlx::query("CREATE TABLE diary (day TEXT)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let error = refusal(&file).await;
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert!(
        error.to_string().contains("a database of another program"),
        "{error}"
    );
    let mut connection = by_hand(&file).await;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn a_file_of_a_newer_midflow_is_left_alone() {
    let folder = TempDir::new().unwrap();
    Sqlite::open(file_in(&folder)).await.unwrap().close().await;
    let mut connection = by_hand(&file_in(&folder)).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'from the future', 1, x'00', 1)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    let error = refusal(&file_in(&folder)).await;
    assert_eq!(error.kind(), StoreErrorKind::Version);
    assert!(error.to_string().contains("version 9999"), "{error}");
}

#[tokio::test]
async fn a_damaged_page_is_an_error_and_no_answer() {
    let folder = TempDir::new().unwrap();
    let store = Sqlite::open(file_in(&folder)).await.unwrap();
    let units: Vec<_> = (0..200)
        .map(|number| {
            let mut row = flow_number(number);
            row.detail = vec![1; 500].into();
            insert(&row)
        })
        .collect();
    assert!(store.commit(units).await.iter().all(Result::is_ok));
    store.close().await;
    // Page 1 holds the header and the schema; everything after it becomes nonsense.
    let mut bytes = std::fs::read(file_in(&folder)).unwrap();
    for byte in &mut bytes[8192..] {
        *byte = 0xa5;
    }
    std::fs::write(file_in(&folder), bytes).unwrap();
    let found = match Sqlite::open(file_in(&folder)).await {
        Err(error) => error,
        Ok(store) => store.open_flows().await.err().unwrap(),
    };
    assert_eq!(found.kind(), StoreErrorKind::Corrupt, "{found}");
}

#[tokio::test]
async fn a_value_midflow_never_writes_is_named_by_its_column() {
    let folder = TempDir::new().unwrap();
    let store = Sqlite::open(file_in(&folder)).await.unwrap();
    store.commit(vec![insert(&flow(1))]).await;
    store.close().await;
    let mut connection = by_hand(&file_in(&folder)).await;
    sqlx::query("UPDATE flows SET state = 'secret nonsense'")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let store = Sqlite::open(file_in(&folder)).await.unwrap();
    let error = store.flow(flow(1).id).await.err().unwrap();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    let text = error.to_string();
    assert!(
        text.contains("column `state`") && !text.contains("secret"),
        "{text}"
    );
}

// Law 12, its first half: what is recorded stays as it is.
#[tokio::test]
async fn records_and_exchanges_cannot_be_changed_or_deleted() {
    let folder = TempDir::new().unwrap();
    let store = Sqlite::open(file_in(&folder)).await.unwrap();
    let unit = Unit {
        records: vec![note("kept", None)],
        exchanges: vec![exchange(1, b"kept")],
        ..Unit::default()
    };
    store.commit(vec![unit]).await.remove(0).unwrap();
    for statement in [
        "UPDATE records SET event = '{}'",
        "DELETE FROM records",
        "INSERT OR REPLACE INTO records (seq, at, kind, event) VALUES (1, 1, 'admin', '{}')",
        "UPDATE exchanges SET bytes = x''",
        "DELETE FROM exchanges",
        "INSERT OR REPLACE INTO exchanges SELECT * FROM exchanges",
    ] {
        let refused = store.write(statement, Vec::new()).await;
        let error = refused.err().unwrap_or_else(|| panic!("`{statement}` must fail"));
        assert_eq!(error.kind(), StoreErrorKind::Rule, "{statement}: {error}");
    }
    assert_eq!(store.records_after(0, 9).await.unwrap().len(), 1);
    assert_eq!(
        store
            .exchange(exchange(1, b"").id)
            .await
            .unwrap()
            .unwrap()
            .bytes
            .as_ref(),
        b"kept"
    );
}

// SQLite says what it would do; a search through a whole table would show only on a large one.
#[tokio::test]
async fn changes_find_their_rows_by_index() {
    let folder = TempDir::new().unwrap();
    let store = Sqlite::open(file_in(&folder)).await.unwrap();
    store
        .commit((1..100).map(|number| insert(&flow(number))).collect())
        .await;
    store.close().await;
    let mut connection = by_hand(&file_in(&folder)).await;
    for text in super::statements::updates() {
        let plan = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        let plan = plan.join("; ");
        assert!(
            plan.contains("SEARCH flows USING INDEX") || plan.contains("SEARCH deliveries USING"),
            "{plan}"
        );
        assert!(
            !plan.contains("SCAN flows") && !plan.contains("SCAN deliveries"),
            "{plan}"
        );
    }
}

// The check of an exchange's direction was a list, from which SQLite made a table for each row.
#[tokio::test]
async fn no_row_of_a_flow_costs_a_table_of_its_own() {
    let folder = TempDir::new().unwrap();
    Sqlite::open(file_in(&folder)).await.unwrap().close().await;
    let mut connection = by_hand(&file_in(&folder)).await;
    let inserts = super::statements::INSERTS.map(str::to_owned);
    for text in super::statements::updates().into_iter().chain(inserts) {
        let program = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN {text}")))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let steps: Vec<String> = program.iter().map(|row| row.get("opcode")).collect();
        assert!(steps.iter().any(|step| step == "Transaction"), "{text}");
        assert!(!steps.iter().any(|step| step == "OpenEphemeral"), "{text}");
    }
}

#[tokio::test]
async fn an_exchange_has_one_of_four_directions() {
    let folder = TempDir::new().unwrap();
    let store = Sqlite::open(file_in(&folder)).await.unwrap();
    let insert = |direction: &str| {
        let values = vec![direction.to_owned().into()];
        store.write(
            "INSERT INTO exchanges (id, direction, at, bytes) VALUES (randomblob(16), ?1, 1, x'01')",
            values,
        )
    };
    for direction in ["outbound", "reply", "callback", "document"] {
        insert(direction).await.unwrap();
    }
    for wrong in ["", "Outbound", "call"] {
        let error = insert(wrong).await.err().unwrap();
        assert_eq!(error.kind(), StoreErrorKind::Rule, "{wrong}");
    }
}

// R000-110: however many flows there are, nothing that an auditor asks for reads through all of them.
#[tokio::test]
async fn searches_find_their_rows_by_index() {
    use crate::store::search::Lead;
    let folder = TempDir::new().unwrap();
    let store = Sqlite::open(file_in(&folder)).await.unwrap();
    store
        .commit((1..100).map(|number| insert(&flow(number))).collect())
        .await;
    store.close().await;
    let mut connection = by_hand(&file_in(&folder)).await;
    for (lead, index) in [
        (Lead::Flow, "sqlite_autoindex_flows_1"),
        (Lead::Person, "flows_by_person"),
        (Lead::Service, "flows_by_service"),
        (Lead::Outcome, "flows_by_outcome"),
        (Lead::Request, "flows_by_request"),
        (Lead::Time, "flows_by_creation"),
    ] {
        let text = super::find::statement(lead);
        let plan = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        let plan = plan.join("; ");
        assert!(
            plan.contains(&format!("SEARCH flows USING INDEX {index}")) && !plan.contains("SCAN"),
            "{lead:?}: {plan}"
        );
    }
}

// R003-68: the register is a few records among millions.
#[tokio::test]
async fn the_register_is_read_by_index() {
    let folder = TempDir::new().unwrap();
    let store = Sqlite::open(file_in(&folder)).await.unwrap();
    store.close().await;
    let mut connection = by_hand(&file_in(&folder)).await;
    let text = format!("EXPLAIN QUERY PLAN {}", crate::store::rights::APPLICATIONS);
    let plan = sqlx::query(sqlx::AssertSqlSafe(text))
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let plan: String = plan.get("detail");
    assert!(plan.contains("USING INDEX records_of_applications"), "{plan}");
}

// A limit on the pages of the file acts as a full disk does.
#[tokio::test]
async fn a_full_disk_is_said_clearly_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let store = Sqlite::open(file_in(&folder)).await.unwrap();
    let limit = "PRAGMA max_page_count = 100";
    store.write(limit, Vec::new()).await.unwrap();
    let mut kept = Vec::new();
    let mut refused = Vec::new();
    for number in 0..200 {
        let mut row = flow_number(number);
        row.detail = vec![3; 5_000].into();
        match store.commit(vec![insert(&row)]).await.remove(0) {
            Ok(()) => kept.push(row.id),
            Err(error) => refused.push(error),
        }
    }
    assert!(!kept.is_empty() && refused.len() > 10, "{} kept", kept.len());
    for error in &refused {
        let CommitError::Store(text) = error else {
            panic!("{error}");
        };
        assert!(
            text.contains("there is no room left") && text.contains("make room on the disk"),
            "{text}"
        );
    }
    assert_eq!(
        store.health().await.err().map(|error| error.kind()),
        None,
        "a probe needs no new page"
    );
    for id in &kept {
        assert!(store.flow(*id).await.unwrap().is_some());
    }
    assert_eq!(store.counts().await.unwrap().flows, kept.len() as u64);
    let limit = "PRAGMA max_page_count = 100000";
    store.write(limit, Vec::new()).await.unwrap();
    let after = store.commit(vec![insert(&flow_number(1_000))]).await.remove(0);
    assert_eq!(after, Ok(()), "with room again it goes on");
}

#[tokio::test]
async fn the_log_before_the_database_stays_short_under_load() {
    let folder = TempDir::new().unwrap();
    let store = Sqlite::open(file_in(&folder)).await.unwrap();
    for number in 0..64_u32 {
        let units = (0..64)
            .map(|part| {
                let mut row = flow_number(number * 64 + part);
                row.detail = vec![1; 4_000].into();
                insert(&row)
            })
            .collect();
        assert!(store.commit(units).await.iter().all(Result::is_ok));
    }
    let log = std::fs::metadata(file_in(&folder).with_extension("db-wal"))
        .unwrap()
        .len();
    assert!(log < 32 << 20, "{log} bytes");
    store.close().await;
    assert!(
        !file_in(&folder).with_extension("db-wal").exists(),
        "closing leaves one file"
    );
}

const CHILD: &str = "MIDFLOW_TEST_STORE_CHILD";

/// Not a test by itself: the process that [`a_killed_process_keeps_what_it_acknowledged`] kills.
#[tokio::test]
async fn child_that_records_until_it_is_killed() {
    use std::io::Write as _;
    let Ok(file) = std::env::var(CHILD) else { return };
    let (file, from) = file.rsplit_once('#').unwrap();
    let from: u32 = from.parse().unwrap();
    let store: Arc<dyn Commit> = Arc::new(Sqlite::open(file).await.unwrap());
    let recorder = Recorder::start(store, RecorderOptions::default());
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..8 {
        let recorder = recorder.clone();
        callers.spawn(async move {
            for step in 0.. {
                let number = from + step * 8 + caller;
                let row = flow_number(number);
                let mut unit = insert(&row);
                unit.records = vec![note("a", Some(row.id)), note("b", Some(row.id))];
                recorder.record(unit, ()).await.unwrap();
                let mut out = std::io::stdout().lock();
                writeln!(out, "\nacknowledged {number}").unwrap();
                out.flush().unwrap();
            }
        });
    }
    callers.join_all().await;
}

#[tokio::test]
async fn a_killed_process_keeps_what_it_acknowledged() {
    use std::io::BufRead as _;
    let folder = TempDir::new().unwrap();
    let file = file_in(&folder);
    let mut acknowledged = Vec::new();
    for cycle in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::sqlite::tests::child_that_records_until_it_is_killed",
                "--nocapture",
            ])
            .env(CHILD, format!("{}#{}", file.display(), cycle * 100_000))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let after = 5 + cycle as usize * 13 % 90;
        let mut seen = 0;
        for line in lines {
            if let Some(number) = line.unwrap().strip_prefix("acknowledged ") {
                acknowledged.push(number.parse::<u32>().unwrap());
                seen += 1;
            }
            if seen == after {
                // SIGKILL; what the child has still printed is read to the end.
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        let store = Sqlite::open(&file).await.unwrap();
        for number in &acknowledged {
            assert!(
                store.flow(flow_number(*number).id).await.unwrap().is_some(),
                "{number} is lost"
            );
        }
        for summary in store.recent_flows(100_000).await.unwrap() {
            assert_eq!(store.records(summary.id).await.unwrap().len(), 2, "half a unit");
        }
        store.close().await;
    }
    eprintln!("{KILLS} kills, {} acknowledged, 0 lost", acknowledged.len());
    assert!(acknowledged.len() >= KILLS as usize * 5);
}

const KILLS: u32 = 10;
