use std::sync::Arc;

use async_trait::async_trait;

use super::Database;
use crate::audit::Commit as _;
use crate::audit::CommitError;
use crate::audit::Unit;
use crate::audit::seal::KeyOwner;
use crate::audit::seal::SecretWrapper;
use crate::store::KeyStore as _;
use crate::store::Postgres;
use crate::store::Sealed;
use crate::store::Shared as _;
use crate::store::Store;
use crate::store::conformance::Place;
use crate::store::conformance::conformance;
use crate::store::conformance::sample::flow;
use crate::store::conformance::sample::insert;
use crate::store::conformance::sample::note;
use crate::words::Environment;
use crate::words::Timestamp;

/// The same database, with the seal that a node has.
struct SealedDatabase(Database);

#[async_trait]
impl Place for SealedDatabase {
    async fn new() -> Self {
        Self(Database::new().await)
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(sealed(&self.0).await)
    }
}

conformance!(SealedDatabase);

async fn sealed(database: &Database) -> Sealed<Postgres> {
    let store = Arc::new(database.replica().await);
    let wrapper = Arc::new(SecretWrapper::new(&[1; 32]).unwrap());
    Sealed::open(store, wrapper, Environment::Test, Timestamp::EPOCH)
        .await
        .unwrap()
}

// Two nodes may begin with an empty database at the same moment; they have to share one ring.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_a_ring_and_what_is_taken_over_is_opened() {
    let database = Database::new().await;
    database.replica().await.close().await;
    let (one, other) = tokio::join!(sealed(&database), sealed(&database));
    let mut row = flow(1);
    row.detail = b"personal".as_slice().into();
    one.commit(vec![insert(&row)]).await.remove(0).unwrap();
    let found = other.flow(row.id).await.unwrap().unwrap();
    assert_eq!(found.detail, row.detail);
    let below = other.inner().flow(row.id).await.unwrap().unwrap();
    assert_ne!(below.detail, row.detail, "the database sees ciphertext");
    one.close().await;
    let taken = other.take_over(Timestamp::EPOCH, 9).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].version, &taken[0].detail), (2, &row.detail));
    other.close().await;
}

#[tokio::test]
async fn a_destroyed_key_never_comes_back() {
    let database = Database::new().await;
    let store = sealed(&database).await;
    store.commit(vec![insert(&flow(1)), insert(&flow(2))]).await;
    let owner = KeyOwner::from(flow(1).id);
    let key = store.inner().data_keys(vec![owner]).await.unwrap().remove(0);
    let destroy = Unit {
        records: vec![note("erased", Some(flow(1).id))],
        destroy: vec![owner],
        ..Unit::default()
    };
    assert_eq!(store.commit(vec![destroy]).await, [Ok(())]);
    assert!(store.flow(flow(1).id).await.unwrap().is_none());
    assert!(store.flow(flow(2).id).await.unwrap().is_some());
    let again = Unit {
        keys: vec![key.clone()],
        ..Unit::default()
    };
    let answer = store.inner().commit(vec![again]).await.remove(0);
    assert!(matches!(answer, Err(CommitError::Store(_))), "{answer:?}");
    store.inner().rewrap_data_keys(vec![key]).await.unwrap();
    let kept = store.inner().data_keys(vec![owner]).await.unwrap().remove(0);
    assert_eq!(kept.wrapped, None);
    assert_eq!(store.rotate(Timestamp::EPOCH).await.unwrap(), 1);
    assert!(store.flow(flow(2).id).await.unwrap().is_some());
    store.close().await;
}
