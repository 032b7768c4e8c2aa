use std::path::Path;
use std::sync::Arc;

use midflow::engine::Clock as _;
use midflow::engine::KeyFile;
use midflow::engine::SystemClock;
use midflow::store::Sealed;
use midflow::store::Sqlite;
use midflow::words::Environment;

/// The store of a test, sealed as that of a node is; its key lies beside it.
pub async fn sealed_store(state: &Path) -> Sealed<Sqlite> {
    let store = Sqlite::open(state.join("midflow.db")).await.unwrap();
    sealed(store, state).await
}

/// The same, to be read beside the node that owns it.
pub async fn sealed_to_read(state: &Path) -> Sealed<Sqlite> {
    let store = Sqlite::open_to_read(state.join("midflow.db")).await.unwrap();
    sealed(store, state).await
}

async fn sealed(store: Sqlite, state: &Path) -> Sealed<Sqlite> {
    let key = KeyFile::read_or_make(&state.join("midflow.key")).unwrap();
    let opened = Sealed::open(
        Arc::new(store),
        Arc::new(key),
        Environment::Development,
        SystemClock.now(),
    );
    opened.await.unwrap()
}
