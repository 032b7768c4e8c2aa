//! A store with flows in it, as a node writes them, for the tests.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;

use super::Contents;
use super::LogKeeper;
use super::Promise;
use super::Verification;
use super::verify;
use crate::audit::CallbackRecord;
use crate::audit::DeliveryChange;
use crate::audit::DeliveryRecord;
use crate::audit::DeliveryRow;
use crate::audit::DocumentRecord;
use crate::audit::Event;
use crate::audit::ExchangeDirection;
use crate::audit::ExchangeRow;
use crate::audit::FlowChange;
use crate::audit::FlowRow;
use crate::audit::NoticeRecord;
use crate::audit::Record;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::audit::log::FlowParts;
use crate::audit::log::LogKey;
use crate::engine::activate::admin;
use crate::flow::Ending;
use crate::flow::Phase;
use crate::store::Activation;
use crate::store::KeptCatalog;
use crate::store::Sqlite;
use crate::store::Store;
use crate::store::conformance::sample;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::Outcome;
use crate::words::RequestId;
use crate::words::Timestamp;

/// A node's store, secrets and key.
pub(crate) struct Story {
    pub(crate) folder: TempDir,
    pub(crate) key: Arc<LogKey>,
}

impl Story {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secrets = crate::engine::Secrets::open(folder.path()).unwrap();
        let key = Arc::new(secrets.log_key("ministry-of-tests/midflow/test").unwrap());
        Self { folder, key }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("midflow.db")
    }

    /// Opens the store, lets so many flows happen from this number on, and closes it after a checkpoint.
    pub(crate) async fn happen(&self, from: u32, flows: u32) {
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(self.file()).await.unwrap());
        self.happen_in(store, from, flows).await;
    }

    /// The same in a store that is open, and closed then.
    pub(crate) async fn happen_in(&self, store: Arc<dyn Store>, from: u32, flows: u32) {
        self.happen_between(&[Arc::clone(&store)], from, flows).await;
        store.close().await;
    }

    /// The same with several nodes over one store, each of which takes a step in turn; the first one signs.
    pub(crate) async fn happen_between(&self, stores: &[Arc<dyn Store>], from: u32, flows: u32) {
        let mut nodes = stores.iter().cycle();
        let first = nodes.next().unwrap();
        activate(first.as_ref(), from).await;
        let keeper = self.keeper(first);
        for number in from..from + flows {
            for unit in flow(number) {
                let answers = nodes.next().unwrap().commit(vec![unit]).await;
                assert!(answers.iter().all(Result::is_ok), "{answers:?}");
            }
            if number % 3 == 0 {
                keeper.checkpoint().await.unwrap();
            }
        }
        keeper.checkpoint().await.unwrap();
    }

    pub(crate) fn keeper(&self, store: &Arc<dyn Store>) -> LogKeeper {
        LogKeeper::new(
            Arc::clone(&self.key),
            Arc::clone(store),
            self.folder.path(),
            Vec::new(),
        )
        .unwrap()
    }

    pub(crate) async fn verify(&self, promises: Vec<Promise>) -> Verification {
        self.verify_file(&self.file(), promises).await
    }

    pub(crate) async fn verify_file(&self, file: &Path, promises: Vec<Promise>) -> Verification {
        let store = Sqlite::open_to_read(file).await.unwrap();
        let verified = verify(&store, self.key.verifier(), promises, Contents::Open)
            .await
            .unwrap();
        store.close().await;
        verified
    }

    /// The newest checkpoint, as somebody outside keeps it.
    pub(crate) async fn promise(&self) -> Promise {
        let store = Sqlite::open_to_read(self.file()).await.unwrap();
        let kept = crate::store::LogStore::last_checkpoint(&store)
            .await
            .unwrap()
            .unwrap();
        store.close().await;
        Promise {
            place: "anchor".to_owned(),
            note: kept.note,
        }
    }
}

async fn activate(store: &dyn Store, number: u32) {
    let file: Arc<str> = Arc::from(format!("service: s{number}\n"));
    let digest = Digest::of(file.as_bytes());
    let manifest = format!("{}  policies/services/s.yaml\n", hex::encode(digest.as_bytes()));
    let catalog = Digest::of(manifest.as_bytes());
    let at = moment(number);
    let kept = KeptCatalog {
        digest: catalog,
        manifest,
        sources: vec![(digest, file)],
    };
    store.keep_catalog(kept, at).await.unwrap();
    let unit = admin(
        "catalog_activated",
        "test",
        Some(catalog),
        "1 service".to_owned(),
        at,
    );
    assert!(store.commit(vec![unit]).await.iter().all(Result::is_ok));
    let activation = Activation {
        catalog,
        at,
        by: "test".to_owned(),
        set_aside: None,
    };
    store.set_active_catalog(activation).await.unwrap();
}

fn moment(number: u32) -> Timestamp {
    Timestamp::from_micros(1_770_000_000_000_000 + i64::from(number) * 1_000_000)
}

/// The units of one flow, from its request to the notice that was delivered.
fn flow(number: u32) -> Vec<Unit> {
    let at = moment(number);
    let mut row = sample::flow_number(number);
    row.subject = Some(CivilNo::parse("399123100017").unwrap());
    row.detail = Bytes::from(format!(
        "{{\"number\":{number},\"blinding\":\"{}\"}}",
        "ab".repeat(32)
    ));
    let messages: Vec<_> = [
        ExchangeDirection::Outbound,
        ExchangeDirection::Reply,
        ExchangeDirection::Callback,
    ]
    .into_iter()
    .zip(1_u8..)
    .map(|(direction, at_place)| ExchangeRow {
        id: ExchangeId::from_parts(
            at,
            [
                number.to_le_bytes()[0],
                number.to_le_bytes()[1],
                at_place,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
            ],
        ),
        flow: Some(row.id),
        direction,
        at,
        bytes: Bytes::from(format!("{{\"message\":{at_place},\"of\":{number}}}")),
    })
    .collect();
    let document = (number % 4 == 1).then(|| handed_in(number, at));
    let steps = [
        begun(&row, &messages[0]),
        answered(&mut row, &messages[1]),
        called(&row, &messages[2]),
        ended(&mut row, &messages[2]),
        delivered(&mut row),
    ];
    document.into_iter().chain(steps).collect()
}

/// A document that belongs to no flow yet.
fn handed_in(number: u32, at: Timestamp) -> Unit {
    let mut random = [9; 10];
    random[..4].copy_from_slice(&number.to_le_bytes());
    let message = ExchangeRow {
        id: ExchangeId::from_parts(at, random),
        flow: None,
        direction: ExchangeDirection::Document,
        at,
        bytes: Bytes::from(format!("document {number}")),
    };
    let document = DocumentRecord {
        client: "portal".to_owned(),
        exchange: message.id,
        digest: Digest::of(&message.bytes),
        size: message.bytes.len() as u64,
        media_type: "application/pdf".to_owned(),
        name: Digest::of(b"contract.pdf"),
    };
    let record = Record {
        at,
        flow: None,
        subject: Subject::Nobody,
        event: Event::Document(document),
    };
    Unit {
        records: vec![record],
        exchanges: vec![message],
        ..Unit::default()
    }
}

fn record(row: &FlowRow, event: Event) -> Record {
    Record {
        at: row.created_at,
        flow: Some(row.id),
        subject: Subject::from(row.subject.clone()),
        event,
    }
}

fn event(kind: &str) -> Event {
    let mut all = sample::every_event().into_iter();
    all.find(|event| event.kind() == kind).unwrap()
}

fn begun(row: &FlowRow, message: &ExchangeRow) -> Unit {
    let Event::Request(mut request) = event("request") else {
        unreachable!("asked for by its kind")
    };
    request.service = row.service.clone();
    request.capability = row.capability;
    request.catalog = row.catalog;
    request.callback_token = row.token;
    request.exchange = message.id;
    request.digest = Digest::of(&message.bytes);
    Unit {
        records: vec![record(row, Event::Request(request))],
        exchanges: vec![message.clone()],
        flow: Some(FlowChange::Insert(Arc::new(row.clone()))),
        ..Unit::default()
    }
}

fn answered(row: &mut FlowRow, message: &ExchangeRow) -> Unit {
    let Event::Reply(mut reply) = event("reply") else {
        unreachable!("asked for by its kind")
    };
    row.version += 1;
    row.request_id = Some(RequestId::new("r-1"));
    reply.exchange = Some(message.id);
    reply.digest = Some(Digest::of(&message.bytes));
    Unit {
        records: vec![record(row, Event::Reply(reply))],
        exchanges: vec![message.clone()],
        flow: Some(FlowChange::Advance(Arc::new(row.clone()))),
        ..Unit::default()
    }
}

fn called(row: &FlowRow, message: &ExchangeRow) -> Unit {
    let callback = CallbackRecord {
        exchange: Some(message.id),
        digest: Digest::of(&message.bytes),
        size: 1,
        source: "203.0.113.7".to_owned(),
        placed: "flow".to_owned(),
        arrived_at: Some(message.at),
        spooled: None,
    };
    Unit {
        records: vec![record(row, Event::Callback(callback))],
        exchanges: vec![message.clone()],
        ..Unit::default()
    }
}

fn ended(row: &mut FlowRow, message: &ExchangeRow) -> Unit {
    let Event::Ending(mut ending) = event("ending") else {
        unreachable!("asked for by its kind")
    };
    row.version += 1;
    row.outcome = Some(Outcome::Approved);
    row.state.phase = Phase::Decided;
    row.state.ending = Some(Ending {
        outcome: Outcome::Approved,
        exchange: Some(message.id),
        answered: Outcome::Approved,
    });
    ending.outcome = Outcome::Approved;
    ending.exchange = Some(message.id);
    ending.flow = Some(FlowParts::digest_of(row));
    let notice = notice(row);
    let told = NoticeRecord {
        webhook_id: notice.webhook_id.clone(),
        url: Digest::of(notice.url.as_bytes()),
        body: Digest::of(&notice.body),
    };
    Unit {
        records: vec![
            record(row, event("verdict")),
            record(row, Event::Ending(ending)),
            record(row, Event::Notice(told)),
        ],
        exchanges: Vec::new(),
        flow: Some(FlowChange::Update(Arc::new(row.clone()))),
        deliveries: vec![DeliveryChange::Insert(notice)],
        ..Unit::default()
    }
}

fn notice(row: &FlowRow) -> DeliveryRow {
    sample::delivery(row)
}

fn delivered(row: &mut FlowRow) -> Unit {
    row.version += 1;
    row.state.phase = Phase::Delivered;
    let mut notice = notice(row);
    notice.attempts = 1;
    notice.next_at = None;
    notice.delivered_at = Some(row.created_at);
    let attempt = DeliveryRecord {
        webhook_id: notice.webhook_id.clone(),
        attempt: 1,
        status: Some(204),
        result: "delivered".to_owned(),
    };
    Unit {
        records: vec![record(row, Event::Delivery(attempt))],
        exchanges: Vec::new(),
        flow: Some(FlowChange::Advance(Arc::new(row.clone()))),
        deliveries: vec![DeliveryChange::Update(notice)],
        ..Unit::default()
    }
}
