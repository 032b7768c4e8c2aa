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
use crate::store::StoreErrorKind;
use crate::words::Digest;
use crate::words::Timestamp;

pub(crate) async fn catalogs_are_kept_and_one_is_active(place: &dyn Place) {
    let store = place.open().await;
    let (first, second) = (Digest::of(b"1"), Digest::of(b"2"));
    let at = Timestamp::from_micros;
    assert_eq!(store.active_catalog().await.unwrap(), None);
    let refused = store.set_active_catalog(&first, at(1)).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Rule);
    store.keep_catalog(&first, vec![0, 1, 2], at(1)).await.unwrap();
    store.keep_catalog(&first, vec![9], at(2)).await.unwrap();
    store.keep_catalog(&second, Vec::new(), at(3)).await.unwrap();
    assert_eq!(store.catalog(&first).await.unwrap(), Some(vec![0, 1, 2]));
    assert_eq!(store.catalog(&second).await.unwrap(), Some(Vec::new()));
    assert_eq!(store.catalog(&Digest::of(b"3")).await.unwrap(), None);
    for (catalog, moment) in [(first, 5), (second, 6), (first, 7)] {
        store.set_active_catalog(&catalog, at(moment)).await.unwrap();
        let expected = Activation {
            catalog,
            at: at(moment),
        };
        assert_eq!(store.active_catalog().await.unwrap(), Some(expected));
    }
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
    let counts = store.counts().await.unwrap();
    store.close().await;
    drop(store);
    let store = place.open().await;
    assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
    assert_eq!(sample::acts(&store.records(row.id).await.unwrap()), ["kept"]);
    assert_eq!(store.deliveries(row.id).await.unwrap().len(), 1);
    assert_eq!(store.counts().await.unwrap(), counts);
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
