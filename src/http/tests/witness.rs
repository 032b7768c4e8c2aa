use std::path::Path;
use std::sync::Arc;

use crate::audit::log::Cosigner;
use crate::audit::log::LogKey;
use crate::audit::log::Note;
use crate::audit::log::VerifierKey;
use crate::audit::log::WitnessKey;
use crate::engine::keep_key;
use crate::engine::log::Anchor as _;
use crate::engine::log::AnchorError;
use crate::engine::log::Witness;
use crate::engine::log::WitnessError;
use crate::engine::log::story::Story;
use crate::http::PageClock;
use crate::http::WitnessSettings;
use crate::http::witness;
use crate::store::Sqlite;
use crate::store::Store;
use crate::words::Timestamp;

/// A witness that listens; its URL and public key.
async fn listening(folder: &Path, log: &VerifierKey) -> (String, String) {
    let pkcs8 = keep_key(&folder.join("witness.pk8")).unwrap();
    let key = LogKey::of_witness("witness.example", &pkcs8).unwrap();
    let public = key.verifier().to_string();
    let router = witness(WitnessSettings {
        folder: folder.to_path_buf(),
        cosigner: Cosigner::new(key).unwrap(),
        logs: vec![log.clone()],
        clock: PageClock::new(|| Timestamp::from_micros(1_770_000_000_000_000)),
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, public)
}

async fn open(file: &Path) -> Arc<dyn Store> {
    Arc::new(Sqlite::open(file).await.unwrap())
}

// R000-067: a witness cosigns what grows, and neither an older copy nor another history.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_cosigns_what_grows_and_nothing_else() {
    let story = Story::new();
    story.happen(0, 5).await;
    let old = story.folder.path().join("old.db");
    std::fs::copy(story.file(), &old).unwrap();
    let remembered = tempfile::tempdir().unwrap();
    let (url, public) = listening(remembered.path(), story.key.verifier()).await;
    let anchor = Witness::new(&url, &public, &[]).unwrap();
    assert_eq!(anchor.newest(story.key.verifier()).await, Ok(None));
    let mut last = None;
    for round in 1..4 {
        let store = open(&story.file()).await;
        let newest = story.keeper(&store).checkpoint().await.unwrap().unwrap();
        for _ in 0..2 {
            let line = anchor.place(&newest, store.log().unwrap()).await.unwrap();
            let cosigned = Note::parse(&format!("{}{line}\n", newest.note)).unwrap();
            let witness = WitnessKey::new(VerifierKey::parse(&public).unwrap()).unwrap();
            assert_eq!(witness.verify(&cosigned), Ok(1_770_000_000));
        }
        let told = anchor.newest(story.key.verifier()).await.unwrap().unwrap();
        assert!(told.note.starts_with(&newest.note));
        store.close().await;
        last = Some(told);
        story.happen(round * 100, 3).await;
    }
    let promise = last.unwrap();
    assert!(story.verify(vec![promise.clone()]).await.is_clean());

    let store = open(&old).await;
    let newest = story.keeper(&store).checkpoint().await.unwrap().unwrap();
    let refused = anchor.place(&newest, store.log().unwrap()).await;
    assert!(matches!(refused, Err(AnchorError::Contradicts(_))), "{refused:?}");
    // The same number of records and more, but others.
    store.close().await;
    let other = Story::new();
    other.happen(500, 60).await;
    let store = open(&other.file()).await;
    let edge = store.log().unwrap().log_edge().await.unwrap();
    let forged = crate::audit::log::Checkpoint {
        origin: story.key.verifier().name().to_owned(),
        size: edge.size(),
        root: edge.root(),
    };
    let forged = crate::store::KeptCheckpoint {
        size: edge.size(),
        note: forged.sign(&story.key).to_string(),
    };
    let refused = anchor.place(&forged, store.log().unwrap()).await;
    assert!(matches!(refused, Err(AnchorError::Contradicts(_))), "{refused:?}");
    // Another log is none of its business, and nobody there is not a contradiction.
    let newest = other.keeper(&store).checkpoint().await.unwrap().unwrap();
    let stranger = anchor.place(&newest, store.log().unwrap()).await;
    assert!(matches!(stranger, Err(AnchorError::Away(_))), "{stranger:?}");
    let nobody = Witness::new("http://127.0.0.1:1", &public, &[]).unwrap();
    assert!(matches!(
        nobody.place(&newest, store.log().unwrap()).await,
        Err(AnchorError::Away(_))
    ));
    store.close().await;
}

// R000-062: a witness is reached by https or on this machine, and known by its key.
#[test]
fn a_witness_is_named_safely_or_not_at_all() {
    let key = LogKey::of_witness(
        "w",
        &keep_key(&tempfile::tempdir().unwrap().path().join("k")).unwrap(),
    )
    .unwrap();
    let public = key.verifier().to_string();
    for url in [
        "http://witness.example",
        "http://10.0.0.1:9443",
        "ftp://127.0.0.1",
        "nonsense",
    ] {
        let refused = Witness::new(url, &public, &[]).err();
        assert_eq!(refused, Some(WitnessError::Open(url.to_owned())));
    }
    for url in [
        "https://witness.example",
        "http://127.0.0.1:9443",
        "http://[::1]:9443",
        "http://localhost:1",
    ] {
        assert!(Witness::new(url, &public, &[]).is_ok(), "{url}");
    }
    assert!(Witness::new("https://witness.example", "no key", &[]).is_err());
}
