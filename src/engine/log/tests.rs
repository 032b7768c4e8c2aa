use std::fs;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::attacks::copy;
use super::story::Story;
use super::tamper;
use super::*;
use crate::audit::ActNote;
use crate::audit::ActStamp;
use crate::audit::Administrators;
use crate::audit::Commit as _;
use crate::audit::Opening;
use crate::audit::log::Place;
use crate::audit::log::write_private;
use crate::audit::seal::SecretWrapper;
use crate::engine::DualControl;
use crate::engine::DualControlError;
use crate::engine::TwoPersons;
use crate::store::Sealed;
use crate::store::Sqlite;
use crate::store::Store;
use crate::store::conformance::sample;
use crate::words::Environment;
use crate::words::Timestamp;

// A store may be verified while its node goes on writing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_store_is_verified_as_it_was_at_one_moment() {
    let story = Story::new();
    story.happen(0, 3).await;
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(story.file()).await.unwrap());
    let mut snapshot = store.log().unwrap().snapshot().await.unwrap();
    let unit = crate::audit::Unit {
        records: vec![sample::note("later", None)],
        ..Default::default()
    };
    assert!(store.commit(vec![unit]).await[0].is_ok());
    let rows = snapshot.rows(0, 1_000).await.unwrap().len();
    let verified = verify(
        store.log().unwrap(),
        story.key.verifier(),
        Vec::new(),
        Contents::Open,
    )
    .await
    .unwrap();
    assert_eq!(verified.records, rows as u64 + 1);
    assert!(verified.is_clean(), "{:?}", verified.findings);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promise_that_the_log_never_made_is_told() {
    let story = Story::new();
    story.happen(0, 2).await;
    let mut promise = story.promise().await;
    promise.note = promise.note.replacen("ministry", "monastery", 1);
    let verified = story.verify(vec![promise]).await;
    assert_eq!(verified.findings[0].place, Place::Anchor("anchor".to_owned()));
}

// R000-126: each record of a flow is proved against the newest checkpoint, for those who have nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_is_proved_with_nothing_but_the_public_key() {
    let story = Story::new();
    story.happen(0, 60).await;
    let store = Sqlite::open_to_read(story.file()).await.unwrap();
    for number in [0, 17, 59] {
        let flow = sample::flow_number(number).id;
        let proved = prove_flow(&store, flow, story.key.verifier()).await.unwrap();
        assert_eq!(proved.len(), 7);
        for one in proved {
            let proof = one.proof.unwrap();
            let read = crate::audit::log::LeafProof::parse(&proof.to_string()).unwrap();
            let leaf = crate::audit::log::leaf_hash(one.entry.as_bytes());
            assert!(read.verify(&leaf, story.key.verifier()).is_ok());
            assert_eq!(leaf, one.row.stored_leaf().unwrap());
        }
    }
    store.close().await;
}

// Old copies and changed records keep a node from serving, until two people have accepted it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_does_not_serve_on_a_store_that_lacks_what_was_promised() {
    let story = Story::new();
    story.happen(0, 5).await;
    let old = copy(&story);
    story.happen(10, 5).await;
    let anchors = story.folder.path().join("anchors");
    fs::create_dir(&anchors).unwrap();
    let open = || async { Arc::new(Sqlite::open(story.file()).await.unwrap()) as Arc<dyn Store> };
    let keeper = |store: &Arc<dyn Store>| {
        let folder: Arc<dyn Anchor> = Arc::new(AnchorFolder::new(&anchors));
        LogKeeper::new(
            Arc::clone(&story.key),
            Arc::clone(store),
            story.folder.path(),
            vec![folder],
        )
        .unwrap()
    };
    let store = open().await;
    assert_eq!(keeper(&store).check().await, Ok(()));
    let newest = keeper(&store).checkpoint().await.unwrap().unwrap();
    for _ in 0..2 {
        assert!(
            keeper(&store)
                .anchor(&newest)
                .await
                .iter()
                .all(|(_, result)| result.is_ok())
        );
    }
    store.close().await;
    fs::copy(&*old, story.file()).unwrap();

    let store = open().await;
    let fault = keeper(&store).check().await.unwrap_err();
    assert!(matches!(fault, LogFault::Shorter { .. }), "{fault}");
    // The file beside the secrets is taken away: the anchor still knows.
    let head = HeadFile::in_folder(story.folder.path());
    fs::remove_file(head.path()).unwrap();
    let fault = keeper(&store).check().await.unwrap_err();
    assert!(fault.to_string().contains("accept-rollback"), "{fault}");

    let promises = keeper(&store).newest_promises().await.unwrap();
    let accept = async |two: [&str; 2]| {
        let (key, secrets) = (story.key.verifier(), story.folder.path());
        let loss = Loss::find(store.as_ref(), key, secrets, &promises).await?;
        let ask = (&TwoPersons::from(two.map(str::to_owned)), "the disk burned");
        loss.accept(store.as_ref(), &DualControl::Named, ask, Timestamp::EPOCH)
            .await
    };
    // R003-75: with administrators nothing but what two of them have signed counts.
    let keys = [("noura", 1), ("salem", 2)]
        .map(|(name, seed)| write_private(name, &Zeroizing::new([seed; 32])).unwrap().1);
    let written = keys.each_ref().map(|key| key.written().to_owned());
    let signed = DualControl::Signed(Administrators::read(&written).unwrap());
    let (key, secrets) = (story.key.verifier(), story.folder.path());
    let loss = async || Loss::find(store.as_ref(), key, secrets, &promises).await.unwrap();
    let (stamp, opening) = (ActStamp::new(Timestamp::EPOCH), Opening::new([7; 32]));
    let mut act = ActNote::new(&loss().await.act("the disk burned", &stamp).unwrap(), opening).unwrap();
    assert!(
        act.text()
            .contains("\nreason the disk burned\npromises 1\nlargest "),
        "{}",
        act.text()
    );
    let mut refused = Vec::new();
    let by_name = TwoPersons::from(["noura".to_owned(), "salem".to_owned()]);
    for (two, reason) in [
        (by_name, "the disk burned"),
        (TwoPersons::Act(act.to_string()), "the disk burned"),
        (TwoPersons::Act(act.to_string()), "the disk is full"),
    ] {
        let tried = loss()
            .await
            .accept(store.as_ref(), &signed, (&two, reason), Timestamp::EPOCH);
        refused.push(tried.await.unwrap_err().to_string());
    }
    let [unsigned, nobody, differs] = refused.as_slice() else {
        panic!("{refused:?}");
    };
    assert!(unsigned.contains("names are not enough"), "{unsigned}");
    assert!(nobody.contains("nobody has signed the act"), "{nobody}");
    assert!(
        differs.contains("the act says `reason the disk burned`"),
        "{differs}"
    );
    keys.iter().for_each(|key| act.sign(key));
    assert!(
        loss()
            .await
            .act("the disk of 2026-05-03 2026-05-04", &stamp)
            .is_err(),
        "as many digits as a number has"
    );

    let alone = AcceptError::Two(DualControlError::Same);
    assert_eq!(accept(["noura", "Noura "]).await, Err(alone));
    let two = TwoPersons::Act(act.to_string());
    let accepted = loss().await.accept(
        store.as_ref(),
        &signed,
        (&two, "the disk burned"),
        Timestamp::EPOCH,
    );
    assert_eq!(accepted.await, Ok(1));
    assert_eq!(accept(["noura", "salem"]).await, Err(AcceptError::Nothing));
    assert_eq!(keeper(&store).check().await, Ok(()));
    // No start has named them in what is left of the log; the acceptance has, so nothing is wrong with their act.
    let verified = verify(store.log().unwrap(), key, Vec::new(), Contents::Open);
    assert_eq!(verified.await.unwrap().findings, []);
    let records = store.records_after(0, 1_000).await.unwrap();
    let last = serde_json::to_string(&records.last().unwrap().event).unwrap();
    assert!(
        last.contains("rollback_accepted")
            && last.contains("noura, salem")
            && last.contains("\"signed\":\"sha256:"),
        "{last}"
    );
    store.close().await;
}

// An anchor that holds something else of the same size is told apart from one that is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_anchor_folder_takes_each_checkpoint_once() {
    let story = Story::new();
    story.happen(0, 1).await;
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(story.file()).await.unwrap());
    let newest = story.keeper(&store).checkpoint().await.unwrap().unwrap();
    let gone = AnchorFolder::new(story.folder.path().join("not there"));
    assert!(matches!(
        gone.place(&newest, store.log().unwrap()).await,
        Err(AnchorError::Away(_))
    ));
    let folder = story.folder.path().join("anchors");
    fs::create_dir(&folder).unwrap();
    let anchor = AnchorFolder::new(&folder);
    let name = anchor.place(&newest, store.log().unwrap()).await.unwrap();
    assert_eq!(
        anchor.place(&newest, store.log().unwrap()).await,
        Ok(name.clone())
    );
    let promise = anchor.newest(story.key.verifier()).await.unwrap().unwrap();
    assert_eq!(promise.note, newest.note);
    fs::write(folder.join(name), "something else\n\n").unwrap();
    assert!(matches!(
        anchor.place(&newest, store.log().unwrap()).await,
        Err(AnchorError::Contradicts(_))
    ));
    assert_eq!(anchor.newest(story.key.verifier()).await, Ok(None));
    store.close().await;
}

async fn sealed(file: &Path) -> Sealed<Sqlite> {
    let wrapper = Arc::new(SecretWrapper::new(&[1; 32]).unwrap());
    let store = Arc::new(Sqlite::open(file).await.unwrap());
    Sealed::open(store, wrapper, Environment::Test, Timestamp::EPOCH)
        .await
        .unwrap()
}

// Laws 12 and 13: below the seal everything verifies, after an erasure too, and ciphertext that was changed is named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealed_store_verifies_opened_closed_and_after_an_erasure() {
    let story = Story::new();
    story.happen_in(Arc::new(sealed(&story.file()).await), 0, 6).await;
    // Without the key only what is sealed is left out.
    let store = Sqlite::open_to_read(story.file()).await.unwrap();
    let closed = verify(&store, story.key.verifier(), Vec::new(), Contents::Sealed)
        .await
        .unwrap();
    assert_eq!(closed.findings, []);
    store.close().await;

    let erased = sample::flow_number(2).id;
    let store = sealed(&story.file()).await;
    let unit = crate::audit::Unit {
        records: vec![sample::note("erased", Some(erased))],
        destroy: vec![erased.into()],
        ..Default::default()
    };
    assert!(store.commit(vec![unit]).await[0].is_ok());
    let opened = verify(&store, story.key.verifier(), Vec::new(), Contents::Open)
        .await
        .unwrap();
    assert_eq!(opened.findings, []);
    store.close().await;

    let kept = sample::flow_number(4).id;
    for (statement, expected) in [
        ("UPDATE exchanges SET bytes = zeroblob(90) WHERE rowid = 1", None),
        (
            "UPDATE flows SET detail = zeroblob(200) WHERE id = ?1",
            Some(Place::Flow(kept)),
        ),
        (
            "UPDATE deliveries SET body = zeroblob(90) WHERE flow = ?1",
            Some(Place::Notice(format!("{kept}.1"))),
        ),
        ("DELETE FROM data_keys WHERE owner = ?1", Some(Place::Flow(kept))),
    ] {
        let file = copy(&story);
        let connection = tamper::open(&file);
        let id = kept.as_uuid().into_bytes();
        if statement.contains("?1") {
            connection.execute(statement, [id]).unwrap();
        } else {
            connection.execute(statement, []).unwrap();
        }
        drop(connection);
        let store = sealed(&file).await;
        let found = verify(&store, story.key.verifier(), Vec::new(), Contents::Open)
            .await
            .unwrap();
        store.close().await;
        let is_named = match &expected {
            Some(place) => found.findings.iter().any(|finding| finding.place == *place),
            None => found
                .findings
                .iter()
                .any(|finding| matches!(finding.place, Place::Exchange(_))),
        };
        assert!(is_named, "{statement}: {:?}", found.findings);
    }
}
