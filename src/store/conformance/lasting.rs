use std::sync::Arc;

use super::Place;
use super::assert_same;
use super::commit_one;
use super::sample;
use super::sample::exchange;
use super::sample::flow;
use super::sample::insert;
use super::sample::note;
use crate::audit::CommitError;
use crate::audit::DeliveryChange;
use crate::audit::Unit;
use crate::store::Activation;
use crate::store::Counts;
use crate::store::KeptCatalog;
use crate::store::StoreErrorKind;
use crate::words::Digest;
use crate::words::Timestamp;

pub(crate) async fn catalogs_are_kept_and_one_is_active(place: &dyn Place) {
    let store = place.open().await;
    let (first, second) = (Digest::of(b"1"), Digest::of(b"2"));
    let at = Timestamp::from_micros;
    let source = |text: &str| (Digest::of(text.as_bytes()), Arc::from(text));
    let kept = |digest, manifest: &str, sources: &[&str]| KeptCatalog {
        digest,
        manifest: manifest.to_owned(),
        sources: sources.iter().map(|text| source(text)).collect(),
    };
    let activation = |catalog, moment, set_aside| Activation {
        catalog,
        at: at(moment),
        by: "somebody".to_owned(),
        set_aside,
    };
    assert_eq!(store.active_catalog().await.unwrap(), None);
    let refused = store
        .set_active_catalog(activation(first, 1, None))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Rule);
    let large = "x".repeat(3 * 1024 * 1024);
    let texts = ["", "one", "two", large.as_str(), &large[1..]];
    store
        .keep_catalog(kept(first, "manifest", &texts), at(1))
        .await
        .unwrap();
    store
        .keep_catalog(kept(first, "another", &["three"]), at(2))
        .await
        .unwrap();
    store.keep_catalog(kept(second, "", &[]), at(3)).await.unwrap();
    assert_eq!(store.catalog(&first).await.unwrap().as_deref(), Some("manifest"));
    assert_eq!(store.catalog(&second).await.unwrap().as_deref(), Some(""));
    assert_eq!(store.catalog(&Digest::of(b"3")).await.unwrap(), None);

    let (unknown, _) = source("unknown");
    let mut asked: Vec<Digest> = texts.iter().map(|text| source(text).0).collect();
    asked.push(unknown);
    assert_eq!(store.missing_sources(asked.clone()).await.unwrap(), [unknown]);
    let mut found = store.sources(asked).await.unwrap();
    let mut expected: Vec<_> = texts
        .iter()
        .map(|text| (source(text).0, text.as_bytes().to_vec()))
        .collect();
    found.sort();
    expected.sort();
    assert!(found == expected, "{} of {} files", found.len(), expected.len());

    for (catalog, moment, set_aside) in [(first, 5, None), (second, 6, Some(first)), (first, 7, None)] {
        let expected = activation(catalog, moment, set_aside);
        store.set_active_catalog(expected.clone()).await.unwrap();
        assert_eq!(store.active_catalog().await.unwrap(), Some(expected));
    }
    let all = store.activations(2).await.unwrap();
    assert_eq!(
        all,
        [activation(first, 7, None), activation(second, 6, Some(first))]
    );
}

pub(crate) async fn flows_are_read_page_by_page(place: &dyn Place) {
    let store = place.open().await;
    for number in 1..=5 {
        commit_one(&store, insert(&flow(number))).await.unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.flows_after(after, 2).await.unwrap();
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.id);
        seen.extend(page.iter().map(|row| row.id));
    }
    let mut all: Vec<_> = (1..=5).map(|number| flow(number).id).collect();
    all.sort();
    assert_eq!(seen, all);
}

pub(crate) async fn everything_survives_reopening(place: &dyn Place) {
    let store = place.open().await;
    let row = flow(1);
    let mut unit = insert(&row);
    unit.records = vec![note("kept", Some(row.id))];
    unit.exchanges = vec![exchange(1, b"kept")];
    unit.deliveries = vec![DeliveryChange::Insert(sample::delivery(&row))];
    commit_one(&store, unit).await.unwrap();
    store.health().await.unwrap();
    // A database may grow by itself while nobody writes.
    let counted = |counts| Counts { bytes: 0, ..counts };
    let counts = counted(store.counts().await.unwrap());
    store.close().await;
    drop(store);
    let store = place.open().await;
    assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
    assert_eq!(sample::acts(&store.records(row.id).await.unwrap()), ["kept"]);
    assert_eq!(store.deliveries(row.id).await.unwrap().len(), 1);
    assert_eq!(counted(store.counts().await.unwrap()), counts);
    assert_eq!((counts.flows, counts.records, counts.exchanges), (1, 1, 1));
    // The numbers go on where they were.
    let unit = Unit {
        records: vec![note("more", None)],
        ..Unit::default()
    };
    commit_one(&store, unit).await.unwrap();
    assert_eq!(store.records_after(1, 9).await.unwrap()[0].seq, 2);
}

pub(crate) async fn a_closed_store_refuses_clearly(place: &dyn Place) {
    let store = place.open().await;
    store.close().await;
    store.close().await;
    let Err(CommitError::Store(told)) = commit_one(&store, insert(&flow(1))).await else {
        panic!("a closed store must not commit");
    };
    assert!(told.contains("closed"), "{told}");
    assert_eq!(
        store.flow(flow(1).id).await.err().map(|e| e.kind()),
        Some(StoreErrorKind::Closed)
    );
    assert_eq!(
        store.health().await.err().map(|e| e.kind()),
        Some(StoreErrorKind::Closed)
    );
}
