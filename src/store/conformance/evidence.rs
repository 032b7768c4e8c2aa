use super::Place;
use super::commit;
use super::commit_one;
use super::sample;
use super::sample::exchange;
use super::sample::flow;
use super::sample::insert;
use super::sample::note;
use super::sample::update;
use crate::audit::ApplicationStep;
use crate::audit::ExchangeDirection;
use crate::audit::ExchangeRow;
use crate::audit::Record;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::words::CivilNo;
use crate::words::Timestamp;

pub(crate) async fn records_are_numbered_without_gaps_and_in_order(place: &dyn Place) {
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
    assert_eq!(
        page.iter().map(|record| record.seq).collect::<Vec<_>>(),
        [291, 292, 293, 294, 295]
    );
    assert!(store.records_after(u64::MAX, 5).await.unwrap().is_empty());
}

pub(crate) async fn every_kind_of_record_is_read_back(place: &dyn Place) {
    let store = place.open().await;
    let events = sample::every_event();
    let unit = Unit {
        records: events
            .iter()
            .map(|event| Record {
                at: Timestamp::from_micros(1_770_113_742_117_001),
                flow: Some(flow(1).id),
                subject: CivilNo::parse("399123100017").ok().into(),
                event: event.clone(),
            })
            .collect(),
        ..Unit::default()
    };
    commit_one(&store, unit).await.unwrap();
    let found = store.records(flow(1).id).await.unwrap();
    assert_eq!(
        found
            .iter()
            .map(|record| record.event.clone())
            .collect::<Vec<_>>(),
        events
    );
    assert_eq!(found[0].at, Timestamp::from_micros(1_770_113_742_117_001));
}

// R000-111 and law 2: the bytes are kept exactly, whatever they are.
pub(crate) async fn exact_bytes_survive(place: &dyn Place) {
    let store = place.open().await;
    let large: Vec<u8> = (0..5_000_000_u32)
        .map(|n| n.to_le_bytes()[n as usize % 4])
        .collect();
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
                ExchangeDirection::Document,
            ][usize::from(number) % 4],
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
        assert_eq!(
            (found.at, found.flow, found.direction),
            (row.at, row.flow, row.direction)
        );
    }
    assert!(store.exchange(exchange(200, b"").id).await.unwrap().is_none());
}

// R003-68: the register of applications is what the log says of them, among everything else that it says.
pub(crate) async fn applications_are_read_out_of_the_log(place: &dyn Place) {
    let store = place.open().await;
    let step = |finally| sample::application(ApplicationStep::Lapsed { finally });
    for event in [step(false), sample::every_event().remove(0), step(true)] {
        let record = Record {
            at: Timestamp::from_micros(1_770_113_742_117_001),
            flow: None,
            subject: Subject::Nobody,
            event,
        };
        let unit = Unit {
            records: vec![note("something else", None), record],
            ..Unit::default()
        };
        commit_one(&store, unit).await.unwrap();
    }
    let found = store.application_records().await.unwrap();
    let told: Vec<_> = found
        .into_iter()
        .map(|record| (record.seq, record.event))
        .collect();
    assert_eq!(told, [(2, step(false)), (6, step(true))]);
}

// R000-122, law 13: several flows may refer to a document that was handed in once; its key goes with the last of them, and
// with none while nobody refers to it, so it is known as long as it waits. Without a seal there is no key to be destroyed.
pub(crate) async fn a_document_goes_with_the_last_flow_that_refers_to_it(place: &dyn Place) {
    let store = place.open().await;
    let documents: Vec<_> = (1..=4)
        .map(|number| ExchangeRow {
            direction: ExchangeDirection::Document,
            ..exchange(number, b"a contract")
        })
        .collect();
    let handed_in = Unit {
        exchanges: documents.clone(),
        ..Unit::default()
    };
    commit_one(&store, handed_in).await.unwrap();
    let waiting = async || {
        let waiting = store.waiting_documents(Timestamp::from_micros(4), 10).await;
        waiting.unwrap()
    };
    assert_eq!(
        waiting().await,
        [documents[0].id, documents[1].id, documents[2].id]
    );
    let begun = |number, document: usize| Unit {
        document: Some(documents[document].id),
        ..insert(&flow(number))
    };
    let units = vec![begun(1, 0), begun(2, 0), begun(3, 2), begun(4, 2)];
    assert!(commit(&store, units).await.iter().all(Result::is_ok));
    assert_eq!(waiting().await, [documents[1].id]);
    if !store.is_sealed() {
        return;
    }
    let erased = |number, document: usize| Unit {
        destroy: vec![flow(number).id.into(), documents[document].id.into()],
        records: vec![note("erased", Some(flow(number).id))],
        ..Unit::default()
    };
    let is_there = async |document: usize| store.exchange(documents[document].id).await.unwrap().is_some();
    commit_one(&store, erased(1, 0)).await.unwrap();
    assert!(store.flow(flow(1).id).await.unwrap().is_none());
    assert!(is_there(0).await, "the second flow still refers to it");
    commit_one(&store, erased(2, 0)).await.unwrap();
    assert!(!is_there(0).await, "nobody refers to it any more");
    // Both in one batch.
    let answers = commit(&store, vec![erased(3, 2), erased(4, 2)]).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(!is_there(2).await);
    // What waits is destroyed for itself, and waits no more.
    let unused = Unit {
        destroy: vec![documents[1].id.into()],
        ..Unit::default()
    };
    commit_one(&store, unused).await.unwrap();
    assert!(!is_there(1).await && is_there(3).await);
    assert_eq!(waiting().await, []);
}
