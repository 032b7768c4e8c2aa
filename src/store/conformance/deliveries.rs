use std::collections::BTreeSet;
use std::sync::Arc;

use super::Place;
use super::commit;
use super::commit_one;
use super::sample;
use super::sample::flow;
use super::sample::insert;
use super::sample::note;
use crate::audit::CommitError;
use crate::audit::DeliveryChange;
use crate::audit::DeliveryRow;
use crate::audit::Unit;
use crate::words::Timestamp;

pub(crate) async fn deliveries_are_due_until_delivered(place: &dyn Place) {
    let store = place.open().await;
    let second = |number: i64| Some(Timestamp::from_micros(number * 1_000_000));
    let row = flow(1);
    let notice = |number: u8, next_at| DeliveryRow {
        webhook_id: format!("{number}"),
        next_at,
        body: bytes::Bytes::from(vec![0, number, 255]),
        ..sample::delivery(&row)
    };
    let mut unit = insert(&row);
    unit.deliveries = vec![
        DeliveryChange::Insert(notice(1, second(30))),
        DeliveryChange::Insert(notice(2, second(10))),
        DeliveryChange::Insert(notice(3, second(20))),
    ];
    commit_one(&store, unit).await.unwrap();
    let due = |now| {
        let store = Arc::clone(&store);
        async move {
            let due = store.due_deliveries(now, 2).await.unwrap();
            due.into_iter().map(|row| row.webhook_id).collect::<Vec<_>>()
        }
    };
    assert_eq!(due(second(9).unwrap()).await, [""; 0]);
    assert_eq!(due(second(20).unwrap()).await, ["2", "3"]);
    assert_eq!(due(second(99).unwrap()).await, ["2", "3"]);
    let mut delivered = notice(2, None);
    delivered.attempts = 1;
    delivered.delivered_at = second(11);
    delivered.body = bytes::Bytes::from_static(b"the body never changes");
    let mut retried = notice(3, second(40));
    retried.attempts = 1;
    let mut parked = notice(1, None);
    parked.attempts = 9;
    let unit = Unit {
        deliveries: vec![
            DeliveryChange::Update(delivered),
            DeliveryChange::Update(notice(3, second(1))),
            DeliveryChange::Update(retried),
            DeliveryChange::Update(parked),
        ],
        ..Unit::default()
    };
    commit_one(&store, unit).await.unwrap();
    assert_eq!(due(second(99).unwrap()).await, ["3"]);
    let all = store.deliveries(row.id).await.unwrap();
    assert_eq!(all.iter().map(|row| row.attempts).collect::<Vec<_>>(), [9, 1, 1]);
    assert_eq!((all[1].delivered_at, all[0].delivered_at), (second(11), None));
    assert_eq!(all[1].body.as_ref(), [0, 2, 255]);
    assert_eq!(all[2].next_at, second(40));
    assert_eq!(store.counts().await.unwrap().waiting_deliveries, 1);
}

pub(crate) async fn an_unknown_or_repeated_delivery_leaves_no_trace(place: &dyn Place) {
    let store = place.open().await;
    let row = flow(1);
    let mut unit = insert(&row);
    unit.deliveries = vec![DeliveryChange::Insert(sample::delivery(&row))];
    commit_one(&store, unit.clone()).await.unwrap();
    let mut unknown = sample::delivery(&row);
    unknown.webhook_id = "nobody".to_owned();
    let with = |change, act: &str| Unit {
        records: vec![note(act, Some(row.id))],
        deliveries: vec![change],
        ..Unit::default()
    };
    let answers = commit(
        &store,
        vec![
            with(DeliveryChange::Update(sample::delivery(&row)), "good"),
            with(DeliveryChange::Update(unknown), "unknown"),
            with(DeliveryChange::Insert(sample::delivery(&row)), "repeated"),
            with(DeliveryChange::Update(sample::delivery(&row)), "good too"),
        ],
    )
    .await;
    let conflict = Err(CommitError::Conflict);
    assert_eq!(answers, [Ok(()), conflict.clone(), conflict, Ok(())]);
    let told = sample::acts(&store.records(row.id).await.unwrap());
    assert_eq!(
        told.iter().cloned().collect::<BTreeSet<_>>(),
        BTreeSet::from(["good".to_owned(), "good too".to_owned()])
    );
    assert_eq!(told.len(), 2);
}
