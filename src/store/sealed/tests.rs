use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use super::Sealed;
use super::SealedError;
use crate::audit::Commit;
use crate::audit::CommitError;
use crate::audit::DeliveryChange;
use crate::audit::FlowRow;
use crate::audit::Unit;
use crate::audit::seal::SecretWrapper;
use crate::store::KeyStore as _;
use crate::store::Sqlite;
use crate::store::Store;
use crate::store::StoreErrorKind;
use crate::store::conformance::Place;
use crate::store::conformance::conformance;
use crate::store::conformance::sample::delivery;
use crate::store::conformance::sample::exchange;
use crate::store::conformance::sample::flow;
use crate::store::conformance::sample::insert;
use crate::store::conformance::sample::note;
use crate::store::conformance::sample::update;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::ExchangeId;
use crate::words::Timestamp;

struct Folder(TempDir);

#[async_trait]
impl Place for Folder {
    async fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(sealed(&file_in(&self.0)).await)
    }
}

// What every store does, a sealed one does too.
conformance!(Folder);

fn file_in(folder: &TempDir) -> PathBuf {
    folder.path().join("midflow.db")
}

async fn opened(file: &Path, key: u8, environment: Environment) -> Result<Sealed<Sqlite>, SealedError> {
    let store = Arc::new(Sqlite::open(file).await.unwrap());
    let wrapper = Arc::new(SecretWrapper::new(&[key; 32]).unwrap());
    let result = Sealed::open(Arc::clone(&store), wrapper, environment, Timestamp::EPOCH).await;
    if result.is_err() {
        store.close().await;
    }
    result
}

async fn sealed(file: &Path) -> Sealed<Sqlite> {
    opened(file, 1, Environment::Test).await.unwrap()
}

/// A flow of a person, with a message, a record and a notice.
fn whole(number: u8, person: &str) -> (FlowRow, Unit) {
    let mut row = flow(number);
    row.subject = CivilNo::parse(person).ok();
    row.person_key = Some(Digest::of(person.as_bytes()));
    row.idempotency = Some((format!("client\n{KEY}{number}"), Digest::of(b"request")));
    row.detail = Bytes::from(format!("{{\"name\":\"{NAME}\"}}"));
    let mut message = exchange(number, format!("{NAME} {person}").as_bytes());
    message.flow = Some(row.id);
    let mut notice = delivery(&row);
    notice.url = URL.to_owned();
    notice.body = Bytes::from(format!("{{\"person\":\"{NAME}\"}}"));
    let mut record = note("begun", Some(row.id));
    record.subject = row.subject.clone().into();
    let unit = Unit {
        exchanges: vec![message],
        deliveries: vec![DeliveryChange::Insert(notice)],
        records: vec![record],
        ..insert(&row)
    };
    (row, unit)
}

async fn by_hand(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(file)
        .connect()
        .await
        .unwrap()
}

async fn change(file: &Path, statement: &'static str) {
    let mut connection = by_hand(file).await;
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Everything that lies on the disk beside the file and in it.
fn on_disk(file: &Path) -> Vec<u8> {
    let folder = std::fs::read_dir(file.parent().unwrap()).unwrap();
    let files = folder.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.collect::<Vec<_>>().concat()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

// R000-151, law 13: nothing of a person is on the disk in clear, also not what a client wrote into keys and addresses; and
// the control: the same rows without the seal are found there.
#[tokio::test]
async fn nothing_personal_lies_on_the_disk() {
    let folder = TempDir::new().unwrap();
    let file = file_in(&folder);
    let store = sealed(&file).await;
    let mut units = vec![whole(1, PERSON).1];
    // A refusal that belongs to no flow, and a message that belongs to none.
    let mut refusal = note("refused", None);
    refusal.subject = CivilNo::parse(PERSON).ok().into();
    units.push(Unit {
        records: vec![refusal],
        exchanges: vec![exchange(9, NAME.as_bytes())],
        ..Unit::default()
    });
    assert_eq!(store.commit(units).await, [Ok(()), Ok(())]);
    let marks = [PERSON, NAME, KEY, URL];
    for mark in marks {
        assert!(
            !holds(&on_disk(&file), mark.as_bytes()),
            "{mark} is in the file or its log"
        );
    }
    store.close().await;
    for mark in marks {
        assert!(
            !holds(&on_disk(&file), mark.as_bytes()),
            "{mark} is in the closed file"
        );
    }

    let bare = TempDir::new().unwrap();
    let store = Sqlite::open(file_in(&bare)).await.unwrap();
    assert_eq!(store.commit(vec![whole(1, PERSON).1]).await, [Ok(())]);
    for mark in marks {
        assert!(holds(&on_disk(&file_in(&bare)), mark.as_bytes()), "{mark}");
    }
    store.close().await;
}

#[tokio::test]
async fn what_was_sealed_is_read_back_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let (row, unit) = whole(1, PERSON);
    let store = sealed(&file_in(&folder)).await;
    assert_eq!(store.commit(vec![unit]).await, [Ok(())]);
    store.close().await;
    let store = sealed(&file_in(&folder)).await;
    let found = store.flow(row.id).await.unwrap().unwrap();
    assert!(
        found.subject == row.subject && found.idempotency == row.idempotency && found.detail == row.detail
    );
    let by_key = store
        .flow_by_idempotency(&format!("client\n{KEY}1"))
        .await
        .unwrap();
    assert_eq!(by_key.unwrap().id, row.id);
    let messages = store.exchanges(row.id).await.unwrap();
    assert_eq!(messages[0].bytes, format!("{NAME} {PERSON}"));
    let notices = store.deliveries(row.id).await.unwrap();
    assert_eq!((notices[0].url.as_str(), notices.len()), (URL, 1));
    store.close().await;
}

// A missing or wrong key, another environment and a store of before are told apart, and none of them is served.
#[tokio::test]
async fn a_store_opens_with_its_key_only() {
    let folder = TempDir::new().unwrap();
    let file = file_in(&folder);
    sealed(&file).await.close().await;
    let wrong = opened(&file, 2, Environment::Test).await.err().unwrap();
    assert!(matches!(wrong, SealedError::OtherKey { .. }), "{wrong}");
    assert!(wrong.to_string().contains("name the right key"), "{wrong}");
    let other = opened(&file, 1, Environment::Production).await.err().unwrap();
    assert!(matches!(other, SealedError::Ring { .. }), "{other}");
    change(
        &file,
        "UPDATE ring_keys SET wrapped = zeroblob(60) WHERE version = 1",
    )
    .await;
    let damaged = opened(&file, 1, Environment::Test).await.err().unwrap();
    assert!(matches!(damaged, SealedError::Ring { .. }), "{damaged}");

    let before = TempDir::new().unwrap();
    let store = Sqlite::open(file_in(&before)).await.unwrap();
    assert_eq!(store.commit(vec![insert(&flow(1))]).await, [Ok(())]);
    store.close().await;
    let unsealed = opened(&file_in(&before), 1, Environment::Test)
        .await
        .err()
        .unwrap();
    assert!(matches!(unsealed, SealedError::Unsealed(_)), "{unsealed}");
}

// Threat B-08: cells that somebody with the database exchanged or cut are reported, not used.
#[tokio::test]
async fn a_moved_or_missing_value_is_damage() {
    for harm in [
        "UPDATE flows SET detail = (SELECT detail FROM flows AS other WHERE other.id <> flows.id)",
        "UPDATE flows SET detail = x''",
        "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys AS other WHERE other.owner <> data_keys.owner)",
        "UPDATE data_keys SET version = 9",
        "DROP TRIGGER data_keys_are_kept; DELETE FROM data_keys",
    ] {
        let folder = TempDir::new().unwrap();
        let store = sealed(&file_in(&folder)).await;
        let ((row, one), (_, two)) = (whole(1, PERSON), whole(2, OTHER));
        assert_eq!(store.commit(vec![one, two]).await, [Ok(()), Ok(())]);
        store.close().await;
        let mut connection = by_hand(&file_in(&folder)).await;
        sqlx::raw_sql(harm).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let store = sealed(&file_in(&folder)).await;
        let error = store.flow(row.id).await.err().unwrap();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{harm}: {error}");
        store.close().await;
    }
}

// R003-76: with its key a flow is gone for every reader; its record and everybody else stay, and its key never comes back.
#[tokio::test]
async fn a_destroyed_key_erases_one_flow() {
    let folder = TempDir::new().unwrap();
    let file = file_in(&folder);
    let store = sealed(&file).await;
    let ((gone, one), (stays, two)) = (whole(1, PERSON), whole(2, OTHER));
    let mut document = exchange(7, NAME.as_bytes());
    document.flow = None;
    let document_id: ExchangeId = document.id;
    let handed_in = Unit {
        exchanges: vec![document],
        ..Unit::default()
    };
    assert_eq!(
        store.commit(vec![one, two, handed_in]).await,
        [Ok(()), Ok(()), Ok(())]
    );
    let wrapped = store
        .inner()
        .data_keys(vec![gone.id.into(), document_id.into()])
        .await
        .unwrap();
    assert_eq!(wrapped.len(), 2);
    let erase = Unit {
        records: vec![note("erased", Some(gone.id))],
        destroy: vec![gone.id.into(), document_id.into()],
        ..Unit::default()
    };
    assert_eq!(store.commit(vec![erase]).await, [Ok(())]);
    store.inner().scrub().await.unwrap();
    assert!(store.flow(gone.id).await.unwrap().is_none());
    assert!(store.flow_by_token(&gone.token).await.unwrap().is_none());
    assert!(store.exchanges(gone.id).await.unwrap().is_empty());
    assert!(store.exchange(document_id).await.unwrap().is_none());
    assert!(store.deliveries(gone.id).await.unwrap().is_empty());
    assert_eq!(store.records(gone.id).await.unwrap().len(), 2);
    assert_eq!(store.flows_after(None, 1).await.unwrap()[0].id, stays.id);
    assert_eq!(store.flow(stays.id).await.unwrap().unwrap().detail, stays.detail);
    let mut late = gone.clone();
    late.version = 2;
    let late = store.commit(vec![update(&late)]).await;
    assert!(matches!(&late[0], Err(CommitError::Store(why)) if why.contains("destroyed")));
    for key in wrapped {
        let key = key.wrapped.unwrap();
        assert!(!holds(&on_disk(&file), &key), "a copy of the key is left");
    }
    store.close().await;
    let mut connection = by_hand(&file).await;
    let back = sqlx::query("UPDATE data_keys SET wrapped = zeroblob(40) WHERE wrapped IS NULL");
    assert!(back.execute(&mut connection).await.is_err(), "for ever");
}

// Batches are made ready while others are on their way to the disk. What such a batch brings or destroys is waited for, or a
// flow that has just begun could not be changed, and what was destroyed would be sealed all the same with a key from memory.
#[tokio::test]
async fn a_batch_waits_for_the_keys_that_come_and_go_with_the_one_before() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(sealed(&file_in(&folder)).await);
    let (row, begin) = whole(1, PERSON);
    let (other, other_begins) = whole(2, OTHER);
    let mut next = row.clone();
    next.version = 2;
    let mut last = row.clone();
    last.version = 3;
    let erase = Unit {
        destroy: vec![row.id.into()],
        ..Unit::default()
    };
    let batches = [
        vec![begin, other_begins],
        vec![update(&next)],
        vec![erase],
        vec![update(&last)],
    ];
    let mut under_way = Vec::new();
    for batch in batches {
        let (store, (accepting, accepted)) = (Arc::clone(&store), tokio::sync::oneshot::channel::<()>());
        under_way.push(tokio::spawn(async move {
            let committing = store.accept(batch).await;
            drop(accepting);
            committing.await
        }));
        let _ = accepted.await;
    }
    let mut answers = Vec::new();
    for batch in under_way {
        answers.extend(batch.await.unwrap());
    }
    assert_eq!(answers[..4], [Ok(()), Ok(()), Ok(()), Ok(())]);
    assert!(matches!(&answers[4], Err(CommitError::Store(why)) if why.contains("destroyed")));
    assert!(store.flow(row.id).await.unwrap().is_none());
    assert_eq!(store.flow(other.id).await.unwrap().unwrap().detail, other.detail);
    store.close().await;
}

#[tokio::test]
async fn a_rotation_rewraps_everything_and_forgets_the_old_key() {
    let folder = TempDir::new().unwrap();
    let file = file_in(&folder);
    let store = sealed(&file).await;
    let rows: Vec<_> = (1..=5).map(|number| whole(number, PERSON)).collect();
    for (_, unit) in &rows {
        assert_eq!(store.commit(vec![unit.clone()]).await, [Ok(())]);
    }
    let old = store.inner().ring().await.unwrap()[1].wrapped.clone();
    assert_eq!(store.rotate(Timestamp::EPOCH).await.unwrap(), 5);
    let versions =
        |rows: Vec<crate::audit::seal::RingKey>| -> Vec<u32> { rows.iter().map(|row| row.version).collect() };
    assert_eq!(versions(store.inner().ring().await.unwrap()), [0, 2]);
    assert!(!holds(&on_disk(&file), &old), "a copy of the old key is left");
    store.close().await;
    let store = sealed(&file).await;
    for (row, _) in &rows {
        assert_eq!(store.flow(row.id).await.unwrap().unwrap().detail, row.detail);
    }
    assert_eq!(store.rotate(Timestamp::EPOCH).await.unwrap(), 5);
    assert_eq!(versions(store.inner().ring().await.unwrap()), [0, 3]);
    store.close().await;
}

const PERSON: &str = "399123100017";
const OTHER: &str = "399123100025";
const NAME: &str = "قناريةسرية";
const KEY: &str = "key-of-a-client";
const URL: &str = "https://service.example/notices?citizen=7";
