use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Place;
use super::commit;
use super::commit_one;
use super::sample;
use super::sample::exchange;
use super::sample::flow;
use super::sample::insert;
use super::sample::note;
use super::sample::update;
use crate::audit::Commit;
use crate::audit::DeliveryChange;
use crate::audit::ExchangeRow;
use crate::audit::FlowChange;
use crate::audit::Recorder;
use crate::audit::RecorderOptions;
use crate::audit::Unit;
use crate::store::Store;
use crate::words::FlowId;

pub(crate) async fn a_refused_unit_leaves_no_trace_and_hinders_nobody(place: &dyn Place) {
    let store = place.open().await;
    commit_one(&store, insert(&flow(1))).await.unwrap();
    let full = |number: u8| {
        let mut row = flow(number);
        if number.is_multiple_of(3) {
            row.token = flow(1).token;
        }
        let mut unit = insert(&row);
        unit.records = vec![note("kept", Some(row.id))];
        unit.exchanges = vec![ExchangeRow {
            flow: Some(row.id),
            ..exchange(number, b"kept")
        }];
        unit.deliveries = vec![DeliveryChange::Insert(sample::delivery(&row))];
        unit
    };
    let answers = commit(&store, (2..60).map(full).collect()).await;
    for (number, answer) in (2_u8..60).zip(answers) {
        let refused = number.is_multiple_of(3);
        assert_eq!(answer.is_err(), refused, "{number}");
        let id = flow(number).id;
        let traces = (
            store.flow(id).await.unwrap().is_some(),
            store.records(id).await.unwrap().len(),
            store.exchanges(id).await.unwrap().len(),
            store.deliveries(id).await.unwrap().len(),
        );
        assert_eq!(
            traces,
            if refused {
                (false, 0, 0, 0)
            } else {
                (true, 1, 1, 1)
            }
        );
    }
}

pub(crate) async fn several_changes_of_one_flow_in_a_batch_keep_their_order(place: &dyn Place) {
    let store = place.open().await;
    let mut row = flow(1);
    let mut units = vec![insert(&row)];
    for version in 2_u8..=20 {
        row.version = u64::from(version);
        row.detail = vec![version].into();
        let mut unit = update(&row);
        unit.records = vec![note(&version.to_string(), Some(row.id))];
        units.push(unit);
        units.push(Unit {
            records: vec![note(&format!("after {version}"), Some(row.id))],
            ..Unit::default()
        });
    }
    let answers = commit(&store, units).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let found = store.flow(row.id).await.unwrap().unwrap();
    assert_eq!((found.version, found.detail), (20, vec![20].into()));
    let told: Vec<_> = sample::acts(&store.records(row.id).await.unwrap());
    let expected: Vec<_> = (2..=20)
        .flat_map(|version| [version.to_string(), format!("after {version}")])
        .collect();
    assert_eq!(told, expected);
}

pub(crate) async fn an_unfit_unit_does_not_hinder_the_others(place: &dyn Place) {
    let store = place.open().await;
    let mut too_high = flow(2);
    too_high.version = u64::MAX;
    let twice = Unit {
        records: vec![note("twice", None)],
        exchanges: vec![exchange(1, b"a"), exchange(1, b"b")],
        ..Unit::default()
    };
    let orphan = Unit {
        deliveries: vec![DeliveryChange::Insert(sample::delivery(&flow(77)))],
        ..Unit::default()
    };
    let answers = commit(
        &store,
        vec![
            insert(&flow(1)),
            insert(&too_high),
            twice,
            orphan,
            insert(&flow(3)),
        ],
    )
    .await;
    let good: Vec<_> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, false, false, false, true], "{answers:?}");
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.flows, counts.records, counts.exchanges), (2, 0, 0));
    let unit = Unit {
        flow: Some(FlowChange::Insert(Arc::new(flow(4)))),
        ..Unit::default()
    };
    assert_eq!(commit_one(&store, unit).await, Ok(()));
}

// Callers hang up at any moment: what was acknowledged is there, and what is there is there whole. They come in waves, so
// that the store gets to most of them; one wave in CI, 25 with MIDFLOW_SOAK.
pub(crate) async fn a_storm_of_cancelled_callers_loses_nothing(place: &dyn Place) {
    let store = place.open().await;
    let committed: Arc<dyn Commit> = store.clone();
    let recorder = Recorder::start(committed, RecorderOptions::default());
    let waves = if std::env::var_os("MIDFLOW_SOAK").is_some() {
        25
    } else {
        1
    };
    let callers_in_all = waves * WAVE;
    let mut acknowledged = BTreeSet::new();
    for wave in 0..waves {
        let mut callers = tokio::task::JoinSet::new();
        for number in wave * WAVE..(wave + 1) * WAVE {
            callers.spawn(caller(recorder.clone(), Arc::clone(&store), number));
        }
        acknowledged.extend(callers.join_all().await.into_iter().flatten());
    }
    recorder.shutdown().await;
    store.close().await;
    drop(store);
    let store = place.open().await;
    let kept: BTreeSet<_> = store
        .recent_flows(200_000)
        .await
        .unwrap()
        .iter()
        .map(|flow| flow.id)
        .collect();
    let lost = acknowledged.difference(&kept).count();
    eprintln!(
        "{} of {callers_in_all} acknowledged, {} kept, {lost} lost",
        acknowledged.len(),
        kept.len()
    );
    assert_eq!(lost, 0);
    assert!(
        !acknowledged.is_empty(),
        "nobody was told anything, so nothing was shown"
    );
    assert!(kept.len() >= acknowledged.len() && !kept.is_empty());
    for id in kept {
        assert_eq!(sample::acts(&store.records(id).await.unwrap()), ["a", "b"]);
    }
}

/// Records a flow with the patience that its number gives it; the flow, if that was acknowledged.
async fn caller(recorder: Recorder, store: Arc<dyn Store>, number: u32) -> Option<FlowId> {
    if number.is_multiple_of(4) {
        // Readers hang up too.
        let patience = Duration::from_micros(u64::from(number) * 53 % 5_000);
        let _ = tokio::time::timeout(patience, store.recent_flows(3)).await;
    }
    let mut row = sample::flow_number(number);
    row.detail = vec![7; 200].into();
    let mut unit = insert(&row);
    unit.records = vec![note("a", Some(row.id)), note("b", Some(row.id))];
    // Most hang up in the middle; some have the patience to be acknowledged, on a busy machine too.
    let longest = if number.is_multiple_of(5) {
        3_000_000
    } else {
        30_000
    };
    let patience = Duration::from_micros(u64::from(number) * 37_003 % longest);
    let recorded = tokio::time::timeout(patience, recorder.record(unit, ())).await;
    matches!(recorded, Ok(Ok(_))).then_some(row.id)
}

/// So many callers at a time.
const WAVE: u32 = 4_000;
