//! What every store has to do, written against the traits alone.
//!
//! A store joins with a [`Place`] and one line: `conformance!(ThePlace);`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Activation;
use super::FlowStart;
use super::Store;
use super::StoreErrorKind;
use crate::audit::Commit;
use crate::audit::CommitError;
use crate::audit::DeliveryChange;
use crate::audit::DeliveryRow;
use crate::audit::ExchangeDirection;
use crate::audit::ExchangeRow;
use crate::audit::FlowChange;
use crate::audit::FlowRow;
use crate::audit::Recorder;
use crate::audit::RecorderOptions;
use crate::audit::Unit;
use crate::flow::Ending;
use crate::flow::Phase;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Outcome;
use crate::words::Purpose;
use crate::words::RequestId;
use crate::words::Timestamp;

pub(super) mod sample;

use sample::exchange;
use sample::flow;
use sample::insert;
use sample::note;
use sample::update;

/// Where a store lives: it can be opened, closed and opened again with the same content.
#[async_trait]
pub(super) trait Place: Send + Sync {
    async fn new() -> Self
    where
        Self: Sized;
    async fn open(&self) -> Arc<dyn Store>;
}

macro_rules! conformance {
    ($place:ty) => {
        $crate::store::conformance::conformance!(
            $place,
            a_flow_is_read_back_whole,
            a_flow_without_options_is_read_back,
            a_flow_is_found_by_token_and_key,
            a_new_state_replaces_the_old_one_only_from_one_below,
            of_two_changes_from_one_version_one_wins,
            a_taken_key_names_its_flow,
            a_taken_token_or_id_is_a_conflict,
            a_refused_unit_leaves_no_trace_and_hinders_nobody,
            several_changes_of_one_flow_in_a_batch_keep_their_order,
            an_ending_stays,
            records_are_numbered_without_gaps_and_in_order,
            every_kind_of_record_is_read_back,
            exact_bytes_survive,
            open_flows_are_those_with_work_left,
            recent_flows_come_newest_first,
            starts_are_remembered_for_the_limits,
            deliveries_are_due_until_delivered,
            an_unknown_or_repeated_delivery_leaves_no_trace,
            catalogs_are_kept_and_one_is_active,
            everything_survives_reopening,
            a_storm_of_cancelled_callers_loses_nothing,
            a_closed_store_refuses_clearly,
            an_unfit_unit_does_not_hinder_the_others,
        );
    };
    ($place:ty, $($test:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let place = <$place as $crate::store::conformance::Place>::new().await;
                $crate::store::conformance::$test(&place).await;
            }
        )*
    };
}
pub(super) use conformance;

async fn commit(store: &Arc<dyn Store>, units: Vec<Unit>) -> Vec<Result<(), CommitError>> {
    store.commit(units).await
}

async fn commit_one(store: &Arc<dyn Store>, unit: Unit) -> Result<(), CommitError> {
    commit(store, vec![unit]).await.remove(0)
}

fn assert_same(found: &FlowRow, expected: &FlowRow) {
    let subject = |row: &FlowRow| row.subject.as_ref().map(|n| n.expose(Purpose::Compare).to_owned());
    assert_eq!(found.id, expected.id);
    assert_eq!(found.version, expected.version);
    assert_eq!(found.service, expected.service);
    assert_eq!(found.capability, expected.capability);
    assert_eq!(found.catalog, expected.catalog);
    assert_eq!(found.token, expected.token);
    assert_eq!(found.person_key, expected.person_key);
    assert_eq!(subject(found), subject(expected));
    assert_eq!(found.state, expected.state);
    assert_eq!(found.request_id, expected.request_id);
    assert_eq!(found.created_at, expected.created_at);
    assert_eq!(found.expires_at, expected.expires_at);
    assert_eq!(found.outcome, expected.outcome);
    assert_eq!(found.idempotency, expected.idempotency);
    assert_eq!(found.detail, expected.detail);
}

pub(super) async fn a_flow_is_read_back_whole(place: &dyn Place) {
    let store = place.open().await;
    let mut row = flow(1);
    row.subject = CivilNo::parse("399123100017").ok();
    row.person_key = Some(Digest::of(b"person"));
    row.request_id = Some(RequestId::new("طلب \"1\"\0"));
    row.idempotency = Some(("client\u{1}key ' é".to_owned(), Digest::of(b"request")));
    row.detail = vec![0, 1, 2, 255, 0];
    row.state.pending = vec![(exchange(1, b"").id, Digest::of(b"a"))];
    row.state.closing = Some(Outcome::Cancelled);
    commit_one(&store, insert(&row)).await.unwrap();
    assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
}

pub(super) async fn a_flow_without_options_is_read_back(place: &dyn Place) {
    let store = place.open().await;
    let row = flow(1);
    commit_one(&store, insert(&row)).await.unwrap();
    assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
    assert!(store.flow(flow(2).id).await.unwrap().is_none());
}

pub(super) async fn a_flow_is_found_by_token_and_key(place: &dyn Place) {
    let store = place.open().await;
    let mut row = flow(1);
    row.idempotency = Some(("client key".to_owned(), Digest::of(b"request")));
    commit(&store, vec![insert(&row), insert(&flow(2))]).await;
    let by_token = store.flow_by_token(&row.token).await.unwrap().unwrap();
    let by_key = store.flow_by_idempotency("client key").await.unwrap().unwrap();
    assert_eq!((by_token.id, by_key.id), (row.id, row.id));
    assert!(store.flow_by_token(&Digest::of(b"none")).await.unwrap().is_none());
    assert!(store.flow_by_idempotency("client ke").await.unwrap().is_none());
}

// Law 3: the state of a flow moves by compare-and-set.
pub(super) async fn a_new_state_replaces_the_old_one_only_from_one_below(place: &dyn Place) {
    let store = place.open().await;
    let mut row = flow(1);
    commit_one(&store, insert(&row)).await.unwrap();
    row.version = 2;
    row.state.phase = Phase::Waiting;
    row.request_id = Some(RequestId::new("r"));
    row.detail = b"more".to_vec();
    row.expires_at = Timestamp::from_micros(77);
    row.subject = CivilNo::parse("399123100025").ok();
    row.person_key = Some(Digest::of(b"key"));
    commit_one(&store, update(&row)).await.unwrap();
    assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
    for version in [1, 2, 4, 1_000] {
        let mut other = row.clone();
        other.version = version;
        other.detail = b"wrong".to_vec();
        let mut unit = update(&other);
        unit.records = vec![note("wrong", Some(row.id))];
        assert_eq!(commit_one(&store, unit).await, Err(CommitError::Conflict), "{version}");
    }
    assert_eq!(commit_one(&store, update(&flow(2))).await, Err(CommitError::Conflict));
    assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
    assert!(store.records(row.id).await.unwrap().is_empty());
}

pub(super) async fn of_two_changes_from_one_version_one_wins(place: &dyn Place) {
    let store = place.open().await;
    let mut row = flow(1);
    commit_one(&store, insert(&row)).await.unwrap();
    row.version = 2;
    let contenders: Vec<_> = (0_u8..10)
        .map(|number| {
            let mut contender = row.clone();
            contender.detail = vec![number];
            let mut unit = update(&contender);
            unit.records = vec![note(&number.to_string(), Some(row.id))];
            unit
        })
        .collect();
    let answers = commit(&store, contenders).await;
    assert_eq!(answers[0], Ok(()));
    assert!(answers[1..].iter().all(|answer| *answer == Err(CommitError::Conflict)));
    assert_eq!(store.flow(row.id).await.unwrap().unwrap().detail, [0]);
    assert_eq!(store.records(row.id).await.unwrap().len(), 1);
}

pub(super) async fn a_taken_key_names_its_flow(place: &dyn Place) {
    let store = place.open().await;
    let with_key = |number| {
        let mut row = flow(number);
        row.idempotency = Some(("client key".to_owned(), Digest::of(&[number])));
        row
    };
    let first = with_key(1);
    let answers = commit(&store, vec![insert(&first), insert(&with_key(2)), insert(&flow(3))]).await;
    assert_eq!(answers, [Ok(()), Err(CommitError::Duplicate(first.id)), Ok(())]);
    assert_eq!(
        commit_one(&store, insert(&with_key(4))).await,
        Err(CommitError::Duplicate(first.id))
    );
    assert!(store.flow(flow(2).id).await.unwrap().is_none());
}

pub(super) async fn a_taken_token_or_id_is_a_conflict(place: &dyn Place) {
    let store = place.open().await;
    commit_one(&store, insert(&flow(1))).await.unwrap();
    let mut same_token = flow(2);
    same_token.token = flow(1).token;
    let mut same_id = flow(3);
    same_id.id = flow(1).id;
    let answers = commit(&store, vec![insert(&same_token), insert(&same_id)]).await;
    assert_eq!(answers, [Err(CommitError::Conflict), Err(CommitError::Conflict)]);
    assert_same(&store.flow(flow(1).id).await.unwrap().unwrap(), &flow(1));
}

pub(super) async fn a_refused_unit_leaves_no_trace_and_hinders_nobody(place: &dyn Place) {
    let store = place.open().await;
    commit_one(&store, insert(&flow(1))).await.unwrap();
    let full = |number: u8| {
        let mut row = flow(number);
        if number % 3 == 0 {
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
        let refused = number % 3 == 0;
        assert_eq!(answer.is_err(), refused, "{number}");
        let id = flow(number).id;
        let traces = (
            store.flow(id).await.unwrap().is_some(),
            store.records(id).await.unwrap().len(),
            store.exchanges(id).await.unwrap().len(),
            store.deliveries(id).await.unwrap().len(),
        );
        assert_eq!(traces, if refused { (false, 0, 0, 0) } else { (true, 1, 1, 1) });
    }
}

pub(super) async fn several_changes_of_one_flow_in_a_batch_keep_their_order(place: &dyn Place) {
    let store = place.open().await;
    let mut row = flow(1);
    let mut units = vec![insert(&row)];
    for version in 2_u8..=20 {
        row.version = u64::from(version);
        row.detail = vec![version];
        let mut unit = update(&row);
        unit.records = vec![note(&version.to_string(), Some(row.id))];
        units.push(unit);
        units.push(Unit {
            records: vec![note(&format!("after {version}"), Some(row.id))],
            ..Unit::default()
        });
    }
    assert!(commit(&store, units).await.iter().all(Result::is_ok));
    let found = store.flow(row.id).await.unwrap().unwrap();
    assert_eq!((found.version, found.detail), (20, vec![20]));
    let told: Vec<_> = sample::acts(&store.records(row.id).await.unwrap());
    let expected: Vec<_> = (2..=20)
        .flat_map(|version| [version.to_string(), format!("after {version}")])
        .collect();
    assert_eq!(told, expected);
}

// Law 3: below the machine the store too refuses to take an ending back.
pub(super) async fn an_ending_stays(place: &dyn Place) {
    let store = place.open().await;
    let mut row = flow(1);
    row.state.phase = Phase::Decided;
    row.outcome = Some(Outcome::DeclinedByUser);
    row.state.ending = Some(Ending {
        outcome: Outcome::DeclinedByUser,
        exchange: None,
        answered: Outcome::DeclinedByUser,
    });
    commit_one(&store, insert(&row)).await.unwrap();
    let mut approved = row.clone();
    approved.version = 2;
    approved.outcome = Some(Outcome::Approved);
    let mut reopened = row.clone();
    reopened.version = 2;
    reopened.state.phase = Phase::Waiting;
    for forbidden in [approved, reopened] {
        let answer = commit_one(&store, update(&forbidden)).await;
        assert!(matches!(answer, Err(CommitError::Store(_))), "{answer:?}");
        assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
    }
    row.version = 2;
    row.state.phase = Phase::Delivered;
    commit_one(&store, update(&row)).await.unwrap();
}

pub(super) async fn records_are_numbered_without_gaps_and_in_order(place: &dyn Place) {
    let store = place.open().await;
    let mut expected = Vec::new();
    for batch in 0..5 {
        let units = (0..20)
            .map(|number| Unit {
                records: (0..3)
                    .map(|line| note(&format!("{batch}/{number}/{line}"), None))
                    .collect(),
                ..Unit::default()
            })
            .collect();
        for number in 0..20 {
            expected.extend((0..3).map(|line| format!("{batch}/{number}/{line}")));
        }
        commit(&store, units).await;
        // A unit that is refused takes no numbers.
        assert!(commit_one(&store, update(&flow(1))).await.is_err());
    }
    let all = store.records_after(0, 1_000).await.unwrap();
    assert_eq!(sample::acts(&all), expected);
    let numbers: Vec<_> = all.iter().map(|record| record.seq).collect();
    assert_eq!(numbers, (1..=300).collect::<Vec<_>>());
    let page = store.records_after(290, 5).await.unwrap();
    assert_eq!(page.iter().map(|record| record.seq).collect::<Vec<_>>(), [291, 292, 293, 294, 295]);
    assert!(store.records_after(u64::MAX, 5).await.unwrap().is_empty());
}

pub(super) async fn every_kind_of_record_is_read_back(place: &dyn Place) {
    let store = place.open().await;
    let events = sample::every_event();
    let unit = Unit {
        records: events
            .iter()
            .map(|event| crate::audit::Record {
                at: Timestamp::from_micros(1_770_113_742_117_001),
                flow: Some(flow(1).id),
                subject: CivilNo::parse("399123100017").ok(),
                event: event.clone(),
            })
            .collect(),
        ..Unit::default()
    };
    commit_one(&store, unit).await.unwrap();
    let found = store.records(flow(1).id).await.unwrap();
    assert_eq!(found.iter().map(|record| record.event.clone()).collect::<Vec<_>>(), events);
    assert_eq!(found[0].at, Timestamp::from_micros(1_770_113_742_117_001));
}

// R000-111 and law 2: the bytes are kept exactly, whatever they are.
pub(super) async fn exact_bytes_survive(place: &dyn Place) {
    let store = place.open().await;
    let large: Vec<u8> = (0..5_000_000_u32).map(|n| n.to_le_bytes()[n as usize % 4]).collect();
    let samples: Vec<Vec<u8>> = vec![
        Vec::new(),
        vec![0],
        vec![0; 100],
        b"a\0b".to_vec(),
        vec![255, 254, 128],
        "مرحبا \u{202e}".as_bytes().to_vec(),
        br#"{"a":"\u0000'","b":[1,2]}"#.to_vec(),
        (0..=255).collect(),
        large,
    ];
    let rows: Vec<_> = (1_u8..)
        .zip(&samples)
        .map(|(number, bytes)| ExchangeRow {
            direction: [
                ExchangeDirection::Outbound,
                ExchangeDirection::Reply,
                ExchangeDirection::Callback,
            ][usize::from(number) % 3],
            ..exchange(number, bytes)
        })
        .collect();
    let unit = Unit {
        exchanges: rows.clone(),
        ..Unit::default()
    };
    commit_one(&store, unit).await.unwrap();
    for row in rows {
        let found = store.exchange(row.id).await.unwrap().unwrap();
        assert!(found.bytes == row.bytes, "{} bytes differ", row.bytes.len());
        assert_eq!((found.at, found.flow, found.direction), (row.at, row.flow, row.direction));
    }
    assert!(store.exchange(exchange(200, b"").id).await.unwrap().is_none());
}

pub(super) async fn open_flows_are_those_with_work_left(place: &dyn Place) {
    let store = place.open().await;
    let phases = [
        Phase::Created,
        Phase::Sent,
        Phase::Unknown,
        Phase::Waiting,
        Phase::Verified,
        Phase::Decided,
        Phase::Delivered,
    ];
    let mut rows: Vec<_> = (1_u8..)
        .zip(phases)
        .map(|(number, phase)| {
            let mut row = flow(number);
            row.state.phase = phase;
            row
        })
        .collect();
    let mut with_callback = flow(8);
    with_callback.state.phase = Phase::Delivered;
    with_callback.state.pending = vec![(exchange(1, b"").id, Digest::of(b"late"))];
    rows.push(with_callback);
    commit(&store, rows.iter().map(insert).collect()).await;
    let open: Vec<_> = store.open_flows().await.unwrap().iter().map(|row| row.id).collect();
    let expected: Vec<_> = [1, 2, 3, 4, 5, 6, 8].map(|number| flow(number).id).to_vec();
    assert_eq!(open, expected);
    assert_eq!(store.counts().await.unwrap().open_flows, 7);
}

pub(super) async fn recent_flows_come_newest_first(place: &dyn Place) {
    let store = place.open().await;
    let mut ended = flow(5);
    ended.state.phase = Phase::Decided;
    ended.outcome = Some(Outcome::WrongPerson);
    let rows = [flow(3), ended, flow(1), flow(4), flow(2)];
    commit(&store, rows.iter().map(insert).collect()).await;
    let recent = store.recent_flows(3).await.unwrap();
    let ids: Vec<_> = recent.iter().map(|flow| flow.id).collect();
    assert_eq!(ids, [5, 4, 3].map(|number| flow(number).id));
    assert_eq!(recent[0].outcome, Some(Outcome::WrongPerson));
    assert_eq!(recent[0].phase, Phase::Decided);
    assert_eq!((&recent[1].service, recent[1].capability), (&flow(4).service, flow(4).capability));
    assert_eq!(store.recent_flows(100).await.unwrap().len(), 5);
}

pub(super) async fn starts_are_remembered_for_the_limits(place: &dyn Place) {
    let store = place.open().await;
    let mut with_person = flow(3);
    with_person.person_key = Some(Digest::of(b"person"));
    commit(&store, vec![insert(&flow(1)), insert(&with_person), insert(&flow(2))]).await;
    let starts = store.starts_since(flow(2).created_at).await.unwrap();
    let expected = [
        FlowStart {
            service: flow(2).service,
            person_key: None,
            at: flow(2).created_at,
        },
        FlowStart {
            service: flow(3).service,
            person_key: Some(Digest::of(b"person")),
            at: flow(3).created_at,
        },
    ];
    assert_eq!(starts, expected);
}

pub(super) async fn deliveries_are_due_until_delivered(place: &dyn Place) {
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

pub(super) async fn an_unknown_or_repeated_delivery_leaves_no_trace(place: &dyn Place) {
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
    assert_eq!(told.iter().cloned().collect::<BTreeSet<_>>(), BTreeSet::from(["good".to_owned(), "good too".to_owned()]));
    assert_eq!(told.len(), 2);
}

pub(super) async fn catalogs_are_kept_and_one_is_active(place: &dyn Place) {
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

pub(super) async fn everything_survives_reopening(place: &dyn Place) {
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

// Callers hang up at any moment: what was acknowledged is there, and what is there is there whole.
pub(super) async fn a_storm_of_cancelled_callers_loses_nothing(place: &dyn Place) {
    let store = place.open().await;
    let committed: Arc<dyn Commit> = store.clone();
    let recorder = Recorder::start(committed, RecorderOptions::default());
    let mut callers = tokio::task::JoinSet::new();
    for number in 0_u32..4_000 {
        let recorder = recorder.clone();
        callers.spawn(async move {
            let mut row = sample::flow_number(number);
            row.detail = vec![7; 200];
            let mut unit = insert(&row);
            unit.records = vec![note("a", Some(row.id)), note("b", Some(row.id))];
            let patience = Duration::from_micros(u64::from(number) * 37 % 30_000);
            let recorded = tokio::time::timeout(patience, recorder.record(unit, ())).await;
            matches!(recorded, Ok(Ok(_))).then_some(row.id)
        });
    }
    let acknowledged: BTreeSet<_> = callers.join_all().await.into_iter().flatten().collect();
    recorder.shutdown().await;
    store.close().await;
    drop(store);
    let store = place.open().await;
    let kept: BTreeSet<_> = store.recent_flows(10_000).await.unwrap().iter().map(|flow| flow.id).collect();
    let lost = acknowledged.difference(&kept).count();
    println!("{} of 4,000 acknowledged, {} kept, {lost} lost", acknowledged.len(), kept.len());
    assert_eq!(lost, 0);
    assert!(kept.len() >= acknowledged.len() && !kept.is_empty());
    for id in kept {
        assert_eq!(sample::acts(&store.records(id).await.unwrap()), ["a", "b"]);
    }
}

pub(super) async fn a_closed_store_refuses_clearly(place: &dyn Place) {
    let store = place.open().await;
    store.close().await;
    store.close().await;
    let Err(CommitError::Store(told)) = commit_one(&store, insert(&flow(1))).await else {
        panic!("a closed store must not commit");
    };
    assert!(told.contains("closed"), "{told}");
    assert_eq!(store.flow(flow(1).id).await.err().map(|e| e.kind()), Some(StoreErrorKind::Closed));
    assert_eq!(store.health().await.err().map(|e| e.kind()), Some(StoreErrorKind::Closed));
}

pub(super) async fn an_unfit_unit_does_not_hinder_the_others(place: &dyn Place) {
    let store = place.open().await;
    let mut too_high = flow(2);
    too_high.version = u64::MAX;
    let twice = Unit {
        records: vec![note("twice", None)],
        exchanges: vec![exchange(1, b"a"), exchange(1, b"b")],
        ..Unit::default()
    };
    let mut orphan = Unit::default();
    orphan.deliveries = vec![DeliveryChange::Insert(sample::delivery(&flow(77)))];
    let answers = commit(
        &store,
        vec![insert(&flow(1)), insert(&too_high), twice, orphan, insert(&flow(3))],
    )
    .await;
    let good: Vec<_> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, false, false, false, true], "{answers:?}");
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.flows, counts.records, counts.exchanges), (2, 0, 0));
    let unit = Unit {
        flow: Some(FlowChange::Insert(Box::new(flow(4)))),
        ..Unit::default()
    };
    assert_eq!(commit_one(&store, unit).await, Ok(()));
}
