use std::sync::Arc;

use super::Place;
use super::commit;
use super::commit_one;
use super::sample::flow;
use super::sample::insert;
use super::sample::note;
use super::sample::update;
use crate::audit::Record;
use crate::audit::Unit;
use crate::audit::log::Edge;
use crate::audit::log::Examiner;
use crate::audit::log::LogRow;
use crate::audit::log::Node;
use crate::store::KeptAnchor;
use crate::store::LogSnapshot;
use crate::store::LogStore;
use crate::store::Store;
use crate::store::StoreErrorKind;
use crate::words::CivilNo;

// Law 12: the tree has a leaf for each record, in the order of their numbers, whatever the size.
pub(crate) async fn the_tree_is_over_all_records(place: &dyn Place) {
    let store = place.open().await;
    let log = log_of(&store);
    assert_eq!(log.log_edge().await.unwrap(), Edge::default());
    let mut expected = Edge::default();
    let mut roots = vec![expected.root()];
    for batch in 0..7_u64 {
        commit(&store, notes(100)).await;
        for index in batch * 100..(batch + 1) * 100 {
            let row = log.log_row(index).await.unwrap().unwrap();
            assert_eq!(row.seq.unsigned_abs(), index + 1);
            expected.append(row.stored_leaf().unwrap());
            roots.push(expected.root());
        }
        let edge = log.log_edge().await.unwrap();
        assert_eq!((edge.size(), edge.root()), (expected.size(), expected.root()));
    }
    for size in [0, 1, 255, 256, 257, 511, 512, 699, 700] {
        let hashes = log.log_nodes(&Node::of_tree(size)).await.unwrap();
        let at = usize::try_from(size).unwrap();
        assert_eq!(Node::root_of_tree(&hashes), roots[at], "{size}");
    }
    for beyond in [
        Node {
            height: 0,
            index: 700,
        },
        Node { height: 8, index: 2 },
    ] {
        let refused = log.log_nodes(&[beyond]).await.err().map(|error| error.kind());
        assert_eq!(refused, Some(StoreErrorKind::Rule), "{beyond:?}");
    }
    assert!(log.log_row(700).await.unwrap().is_none());
    assert!(log.log_row(u64::MAX).await.unwrap().is_none());
}

// R000-126: the entry of each record can be made again from its row and the leaf before it.
pub(crate) async fn each_record_follows_from_its_writer(place: &dyn Place) {
    let store = place.open().await;
    let log = log_of(&store);
    let mut unit = insert(&flow(1));
    unit.records = vec![note("first", Some(flow(1).id)), about_a_person()];
    commit_one(&store, unit).await.unwrap();
    commit(&store, notes(20)).await;
    let unit = Unit {
        records: vec![note("last", Some(flow(1).id))],
        ..Unit::default()
    };
    commit_one(&store, unit).await.unwrap();
    let rows = log.log_rows(flow(1).id).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [1, 2, 23]);
    assert!(rows[1].commitment.is_some());
    for row in rows {
        let before = log.log_leaf_before(&row).await.unwrap();
        let entry = row.entry(&before).unwrap();
        assert_eq!(entry.leaf(), row.stored_leaf().unwrap(), "{}", row.seq);
    }
}

// A unit that is refused takes no place, and the chain goes on as if it had never been.
pub(crate) async fn what_is_refused_takes_no_place(place: &dyn Place) {
    let store = place.open().await;
    let mut late = update(&flow(3));
    late.records = vec![note("refused", Some(flow(3).id))];
    let mut too_high = flow(4);
    too_high.version = u64::MAX;
    let mut unfit = insert(&too_high);
    unfit.records = vec![note("unfit", None)];
    for _ in 0..3 {
        let mut units = notes(5);
        units.insert(2, late.clone());
        units.insert(4, unfit.clone());
        let answers = commit(&store, units).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5);
    }
    assert_eq!(examined(&store).await, 15);
}

// A run of a node that follows another goes on where that one ended, under a name of its own.
pub(crate) async fn the_log_goes_on_after_reopening(place: &dyn Place) {
    let mut sizes = Vec::new();
    for run in 0..3 {
        let store = place.open().await;
        commit(&store, notes(130)).await;
        assert_eq!(examined(&store).await, (run + 1) * 130);
        sizes.push(log_of(&store).log_edge().await.unwrap().size());
        store.close().await;
    }
    assert_eq!(sizes, [130, 260, 390]);
    let store = place.open().await;
    let rows = all_rows(log_of(&store).snapshot().await.unwrap().as_mut()).await;
    let mut writers: Vec<_> = rows.iter().map(|row| row.writer.clone()).collect();
    writers.dedup();
    assert_eq!(writers.len(), 3);
}

pub(crate) async fn checkpoints_stay_and_are_found_by_size(place: &dyn Place) {
    let store = place.open().await;
    let log = log_of(&store);
    assert!(log.last_checkpoint().await.unwrap().is_none());
    for (size, text) in [
        (10, "ten"),
        (10, "ten again"),
        (300, "three hundred"),
        (20, "twenty"),
    ] {
        log.keep_checkpoint(size, text.to_owned()).await.unwrap();
    }
    let found = |kept: Option<crate::store::KeptCheckpoint>| kept.map(|kept| (kept.size, kept.note));
    for (from, expected) in [
        (0, Some((10, "ten"))),
        (10, Some((10, "ten"))),
        (11, Some((20, "twenty"))),
        (300, Some((300, "three hundred"))),
        (301, None),
    ] {
        let kept = found(log.checkpoint_from(from).await.unwrap());
        assert_eq!(
            kept,
            expected.map(|(size, text)| (size, text.to_owned())),
            "{from}"
        );
    }
    assert_eq!(found(log.last_checkpoint().await.unwrap()).unwrap().0, 300);
    let mut snapshot = log.snapshot().await.unwrap();
    let sizes: Vec<_> = snapshot
        .checkpoints(10, 9)
        .await
        .unwrap()
        .into_iter()
        .map(|(size, _)| size)
        .collect();
    assert_eq!(sizes, [20, 300]);
}

pub(crate) async fn an_anchor_is_noted_once(place: &dyn Place) {
    let store = place.open().await;
    let log = log_of(&store);
    let anchor = |size, anchor: &str, proof: &str| KeptAnchor {
        size,
        anchor: anchor.to_owned(),
        proof: proof.to_owned(),
    };
    for one in [
        anchor(5, "witness", "a"),
        anchor(5, "witness", "b"),
        anchor(5, "folder", "c"),
        anchor(9, "folder", "d"),
        anchor(2, "folder", "e"),
    ] {
        log.keep_anchor(one).await.unwrap();
    }
    let found = log.anchors_from(5, 9).await.unwrap();
    assert_eq!(
        found,
        [
            anchor(5, "folder", "c"),
            anchor(5, "witness", "a"),
            anchor(9, "folder", "d")
        ]
    );
    assert_eq!(log.anchors_from(0, 1).await.unwrap(), [anchor(2, "folder", "e")]);
}

// A store is examined as it was at one moment, whatever is written meanwhile.
pub(crate) async fn a_snapshot_sees_nothing_that_comes_later(place: &dyn Place) {
    let store = place.open().await;
    commit(&store, notes(10)).await;
    let mut snapshot = log_of(&store).snapshot().await.unwrap();
    let mut unit = insert(&flow(1));
    unit.records = vec![note("later", None)];
    commit_one(&store, unit).await.unwrap();
    log_of(&store)
        .keep_checkpoint(11, "later".to_owned())
        .await
        .unwrap();
    assert_eq!(all_rows(snapshot.as_mut()).await.len(), 10);
    assert!(snapshot.flows(vec![flow(1).id]).await.unwrap().is_empty());
    assert!(snapshot.checkpoints(0, 9).await.unwrap().is_empty());
    let mut now = log_of(&store).snapshot().await.unwrap();
    assert_eq!(all_rows(now.as_mut()).await.len(), 11);
    assert_eq!(now.flows(vec![flow(1).id]).await.unwrap().len(), 1);
}

fn log_of(store: &Arc<dyn Store>) -> &dyn LogStore {
    store.log().unwrap()
}

fn notes(count: usize) -> Vec<Unit> {
    let unit = |number| Unit {
        records: vec![note(&format!("note {number}"), None)],
        ..Unit::default()
    };
    (0..count).map(unit).collect()
}

fn about_a_person() -> Record {
    Record {
        subject: CivilNo::parse("399123100017").ok().into(),
        ..note("about a person", Some(flow(1).id))
    }
}

/// How many records there are, all of which follow from the one before of their writer, under hashes that are theirs.
async fn examined(store: &Arc<dyn Store>) -> usize {
    let edge = log_of(store).log_edge().await.unwrap();
    let mut snapshot = log_of(store).snapshot().await.unwrap();
    let mut examiner = Examiner::default();
    let rows = all_rows(snapshot.as_mut()).await;
    for row in &rows {
        examiner.record(row);
    }
    assert_eq!((examiner.size(), examiner.root()), (edge.size(), edge.root()));
    for tile in snapshot.tiles(None, 1_000).await.unwrap() {
        examiner.tile(tile.level, tile.number, &tile.hashes);
    }
    assert_eq!(examiner.finish().kept(), []);
    rows.len()
}

async fn all_rows(snapshot: &mut dyn LogSnapshot) -> Vec<LogRow> {
    let mut rows = Vec::new();
    loop {
        let last = rows.last().map_or(i64::MIN, |row: &LogRow| row.seq);
        let page = snapshot.rows(last, 64).await.unwrap();
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}
