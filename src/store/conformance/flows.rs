use std::sync::Arc;

use bytes::Bytes;

use super::Place;
use super::assert_same;
use super::commit;
use super::commit_one;
use super::sample::exchange;
use super::sample::flow;
use super::sample::insert;
use super::sample::note;
use super::sample::update;
use crate::audit::CommitError;
use crate::audit::FlowChange;
use crate::audit::FlowRow;
use crate::audit::Unit;
use crate::flow::Ending;
use crate::flow::Phase;
use crate::store::FlowSearch;
use crate::store::FlowStart;
use crate::store::PersonRefusal;
use crate::words::Capability;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::Outcome;
use crate::words::RequestId;
use crate::words::ServiceName;
use crate::words::Timestamp;

pub(crate) async fn a_flow_is_read_back_whole(place: &dyn Place) {
    let store = place.open().await;
    let mut row = flow(1);
    row.subject = CivilNo::parse("399123100017").ok();
    row.person_key = Some(Digest::of(b"person"));
    row.request_id = Some(RequestId::new("طلب \"1\"\0"));
    row.idempotency = Some(("client\u{1}key ' é".to_owned(), Digest::of(b"request")));
    row.detail = vec![0, 1, 2, 255, 0].into();
    row.state.pending = vec![(exchange(1, b"").id, Digest::of(b"a"))];
    row.state.closing = Some(Outcome::Cancelled);
    commit_one(&store, insert(&row)).await.unwrap();
    assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
}

pub(crate) async fn a_flow_without_options_is_read_back(place: &dyn Place) {
    let store = place.open().await;
    let row = flow(1);
    commit_one(&store, insert(&row)).await.unwrap();
    assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
    assert!(store.flow(flow(2).id).await.unwrap().is_none());
}

pub(crate) async fn a_flow_is_found_by_token_and_key(place: &dyn Place) {
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
pub(crate) async fn a_new_state_replaces_the_old_one_only_from_one_below(place: &dyn Place) {
    let store = place.open().await;
    let mut row = flow(1);
    commit_one(&store, insert(&row)).await.unwrap();
    row.version = 2;
    row.state.phase = Phase::Waiting;
    row.request_id = Some(RequestId::new("r"));
    row.detail = b"more".to_vec().into();
    row.expires_at = Timestamp::from_micros(77);
    row.subject = CivilNo::parse("399123100025").ok();
    row.person_key = Some(Digest::of(b"key"));
    commit_one(&store, update(&row)).await.unwrap();
    assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
    for version in [1, 2, 4, 1_000] {
        let mut other = row.clone();
        other.version = version;
        other.detail = b"wrong".to_vec().into();
        let mut unit = update(&other);
        unit.records = vec![note("wrong", Some(row.id))];
        assert_eq!(
            commit_one(&store, unit).await,
            Err(CommitError::Conflict),
            "{version}"
        );
    }
    assert_eq!(
        commit_one(&store, update(&flow(2))).await,
        Err(CommitError::Conflict)
    );
    assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
    assert!(store.records(row.id).await.unwrap().is_empty());
}

pub(crate) async fn a_flow_can_go_on_without_its_detail(place: &dyn Place) {
    let store = place.open().await;
    let mut row = flow(1);
    row.detail = b"kept".to_vec().into();
    commit_one(&store, insert(&row)).await.unwrap();
    row.version = 2;
    row.state.phase = Phase::Waiting;
    row.detail = b"not looked at".to_vec().into();
    let unit = Unit {
        flow: Some(FlowChange::Advance(Arc::new(row.clone()))),
        ..Unit::default()
    };
    commit_one(&store, unit.clone()).await.unwrap();
    row.detail = b"kept".to_vec().into();
    assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
    assert_eq!(commit_one(&store, unit).await, Err(CommitError::Conflict));
    // A detail that becomes empty is a change, and no lack of one.
    row.version = 3;
    row.detail = Bytes::new();
    commit_one(&store, update(&row)).await.unwrap();
    assert_same(&store.flow(row.id).await.unwrap().unwrap(), &row);
}

pub(crate) async fn of_two_changes_from_one_version_one_wins(place: &dyn Place) {
    let store = place.open().await;
    let mut row = flow(1);
    commit_one(&store, insert(&row)).await.unwrap();
    row.version = 2;
    let contenders: Vec<_> = (0_u8..10)
        .map(|number| {
            let mut contender = row.clone();
            contender.detail = vec![number].into();
            let mut unit = update(&contender);
            unit.records = vec![note(&number.to_string(), Some(row.id))];
            unit
        })
        .collect();
    let answers = commit(&store, contenders).await;
    assert_eq!(answers[0], Ok(()));
    assert!(
        answers[1..]
            .iter()
            .all(|answer| *answer == Err(CommitError::Conflict))
    );
    assert_eq!(store.flow(row.id).await.unwrap().unwrap().detail.as_ref(), [0]);
    assert_eq!(store.records(row.id).await.unwrap().len(), 1);
}

pub(crate) async fn a_taken_key_names_its_flow(place: &dyn Place) {
    let store = place.open().await;
    let with_key = |number| {
        let mut row = flow(number);
        row.idempotency = Some(("client key".to_owned(), Digest::of(&[number])));
        row
    };
    let first = with_key(1);
    let answers = commit(
        &store,
        vec![insert(&first), insert(&with_key(2)), insert(&flow(3))],
    )
    .await;
    assert_eq!(answers, [Ok(()), Err(CommitError::Duplicate(first.id)), Ok(())]);
    assert_eq!(
        commit_one(&store, insert(&with_key(4))).await,
        Err(CommitError::Duplicate(first.id))
    );
    assert!(store.flow(flow(2).id).await.unwrap().is_none());
}

pub(crate) async fn a_taken_token_or_id_is_a_conflict(place: &dyn Place) {
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

// Law 3: below the machine the store too refuses to take an ending back.
pub(crate) async fn an_ending_stays(place: &dyn Place) {
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

pub(crate) async fn open_flows_are_those_with_work_left(place: &dyn Place) {
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
    let open: Vec<_> = store
        .open_flows()
        .await
        .unwrap()
        .iter()
        .map(|row| row.id)
        .collect();
    let expected: Vec<_> = [1, 2, 3, 4, 5, 6, 8].map(|number| flow(number).id).to_vec();
    assert_eq!(open, expected);
    assert_eq!(store.counts().await.unwrap().open_flows, 7);
}

pub(crate) async fn recent_flows_come_newest_first(place: &dyn Place) {
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
    assert_eq!(
        (&recent[1].service, recent[1].capability),
        (&flow(4).service, flow(4).capability)
    );
    assert_eq!(store.recent_flows(100).await.unwrap().len(), 5);
}

pub(crate) async fn starts_are_remembered_for_the_limits(place: &dyn Place) {
    let store = place.open().await;
    let mut with_person = flow(3);
    with_person.person_key = Some(Digest::of(b"person"));
    commit(
        &store,
        vec![insert(&flow(1)), insert(&with_person), insert(&flow(2))],
    )
    .await;
    let starts = store.starts_since(flow(2).created_at).await.unwrap();
    let expected = [
        FlowStart {
            service: flow(2).service,
            capability: flow(2).capability,
            person_key: None,
            at: flow(2).created_at,
        },
        FlowStart {
            service: flow(3).service,
            capability: flow(3).capability,
            person_key: Some(Digest::of(b"person")),
            at: flow(3).created_at,
        },
    ];
    assert_eq!(starts, expected);
}

// Threat B-16: what a person has declined or reported is found for them and for everybody, and that they are known.
pub(crate) async fn what_people_refused_is_remembered(place: &dyn Place) {
    let store = place.open().await;
    let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
    let ended = |number: u8, person: Digest, answered: Outcome| {
        let mut row = flow(number);
        row.person_key = Some(person);
        row.state.phase = Phase::Decided;
        // What a policy makes of an answer hides nothing.
        row.outcome = Some(Outcome::Refused);
        row.state.ending = Some(Ending {
            outcome: Outcome::Refused,
            exchange: Some(ExchangeId::from_parts(row.created_at, [number; 10])),
            answered,
        });
        row
    };
    let mut reported = ended(4, one, Outcome::Approved);
    reported.state.reported_at = Some(Timestamp::from_micros(77));
    let mut scanned = ended(5, other, Outcome::DeclinedByUser);
    scanned.capability = Capability::AuthQr;
    let rows = [
        ended(1, one, Outcome::DeclinedByUser),
        ended(2, other, Outcome::TimeoutNoAnswer),
        ended(3, one, Outcome::DeclinedByUser),
        reported,
        scanned,
    ];
    commit(&store, rows.iter().map(insert).collect()).await;
    let declined = |number: u8| PersonRefusal {
        person_key: one,
        declined_at: Some(flow(number).created_at),
        reported_at: None,
    };
    let last = PersonRefusal {
        person_key: one,
        declined_at: None,
        reported_at: Some(Timestamp::from_micros(77)),
    };
    let all = [declined(1), declined(3), last];
    assert_eq!(store.refusals(None, flow(1).created_at).await.unwrap(), all);
    assert_eq!(store.refusals(Some(one), flow(1).created_at).await.unwrap(), all);
    assert_eq!(
        store.refusals(Some(one), flow(2).created_at).await.unwrap(),
        all[1..]
    );
    assert_eq!(store.refusals(Some(other), flow(1).created_at).await.unwrap(), []);
    assert!(store.is_known(one).await.unwrap());
    assert!(!store.is_known(other).await.unwrap());
}

// R000-110, R000-151: by each thing alone, by several together, newest first, and no more than asked for.
pub(crate) async fn flows_are_found_by_whatever_is_known_of_them(place: &dyn Place) {
    let store = place.open().await;
    let mut rows: Vec<FlowRow> = (0..12).map(flow).collect();
    for (number, row) in rows.iter_mut().enumerate() {
        if number % 2 == 1 {
            row.service = ServiceName::parse("passport").unwrap();
        }
        row.person_key = (number % 3 == 0).then(|| Digest::of(b"somebody"));
        row.outcome = (number % 4 == 0).then_some(Outcome::Approved);
        row.request_id = (number % 5 == 0).then(|| RequestId::new(format!("r-{number}")));
        commit_one(&store, insert(row)).await.unwrap();
    }
    let found = |search: FlowSearch, limit| {
        let (store, rows) = (store.clone(), &rows);
        async move {
            let found = store.find_flows(search, limit).await.unwrap();
            let number = |id| rows.iter().position(|row| row.id == id).unwrap();
            found.iter().map(|flow| number(flow.id)).collect::<Vec<_>>()
        }
    };
    let any = FlowSearch::default();
    let person = Some(Digest::of(b"somebody"));
    let service = Some(ServiceName::parse("passport").unwrap());
    let outcome = Some(Outcome::Approved);
    for (search, expected) in [
        (any.clone(), (0..12).rev().collect::<Vec<_>>()),
        (
            FlowSearch {
                flow: Some(rows[7].id),
                ..any.clone()
            },
            vec![7],
        ),
        (
            FlowSearch {
                person_key: person,
                ..any.clone()
            },
            vec![9, 6, 3, 0],
        ),
        (
            FlowSearch {
                service: service.clone(),
                ..any.clone()
            },
            vec![11, 9, 7, 5, 3, 1],
        ),
        (
            FlowSearch {
                outcome,
                ..any.clone()
            },
            vec![8, 4, 0],
        ),
        (
            FlowSearch {
                outcome: Some(Outcome::Cancelled),
                ..any.clone()
            },
            vec![],
        ),
        (
            FlowSearch {
                request_id: Some("r-10".to_owned()),
                ..any.clone()
            },
            vec![10],
        ),
        (
            FlowSearch {
                request_id: Some("r-1".to_owned()),
                ..any.clone()
            },
            vec![],
        ),
        (
            FlowSearch {
                since: Some(rows[9].created_at),
                ..any.clone()
            },
            vec![11, 10, 9],
        ),
        (
            FlowSearch {
                until: Some(rows[2].created_at),
                ..any.clone()
            },
            vec![1, 0],
        ),
        (
            FlowSearch {
                person_key: person,
                service: service.clone(),
                ..any.clone()
            },
            vec![9, 3],
        ),
        (
            FlowSearch {
                person_key: person,
                outcome,
                ..any.clone()
            },
            vec![0],
        ),
        (
            FlowSearch {
                service,
                since: Some(rows[3].created_at),
                until: Some(rows[8].created_at),
                ..any.clone()
            },
            vec![7, 5, 3],
        ),
        (
            FlowSearch {
                flow: Some(rows[7].id),
                outcome,
                ..any.clone()
            },
            vec![],
        ),
    ] {
        assert_eq!(found(search.clone(), 100).await, expected, "{search:?}");
    }
    assert_eq!(found(any, 2).await, [11, 10]);
}
