//! How fast flows become durable, beside what the disk can do: `cargo run --release --example store_rate`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measuring tool"
)]

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use midflow::audit::AdminRecord;
use midflow::audit::Commit;
use midflow::audit::DeliveryChange;
use midflow::audit::DeliveryRow;
use midflow::audit::Event;
use midflow::audit::ExchangeDirection;
use midflow::audit::ExchangeRow;
use midflow::audit::FlowChange;
use midflow::audit::FlowRow;
use midflow::audit::Record;
use midflow::audit::Recorder;
use midflow::audit::RecorderOptions;
use midflow::audit::Unit;
use midflow::flow::State;
use midflow::store::Sqlite;
use midflow::store::Store as _;
use midflow::words::Capability;
use midflow::words::Digest;
use midflow::words::ExchangeId;
use midflow::words::FlowId;
use midflow::words::ServiceName;
use midflow::words::Timestamp;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir_in(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned())).unwrap();
    println!(
        "raw append of 4 KiB and fdatasync  {:>9.0} syncs/s",
        raw_syncs(folder.path())
    );
    for rows in [1, 8, 32, 128] {
        let (rate, cpu) = bare(folder.path(), rows).await;
        println!("bare statement, {rows:>3} rows a commit  {rate:>9.0} rows/s   {cpu:.4} ms CPU a row");
    }
    for flows in [1, 8, 64, 256] {
        full(folder.path(), flows).await;
    }
    println!(
        "raw append of 4 KiB and fdatasync  {:>9.0} syncs/s",
        raw_syncs(folder.path())
    );
}

fn raw_syncs(folder: &std::path::Path) -> f64 {
    let mut file = File::create(folder.join("raw")).unwrap();
    let begin = Instant::now();
    let mut syncs = 0;
    while begin.elapsed() < Duration::from_secs(2) {
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        syncs += 1;
    }
    f64::from(syncs) / begin.elapsed().as_secs_f64()
}

async fn bare(folder: &std::path::Path, rows: usize) -> (f64, f64) {
    let mut connection = SqliteConnectOptions::new()
        .filename(folder.join(format!("bare{rows}.db")))
        .create_if_missing(true)
        .pragma("journal_mode", "WAL")
        .pragma("synchronous", "FULL")
        .disable_statement_logging()
        .connect()
        .await
        .unwrap();
    sqlx::query("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)")
        .execute(&mut connection)
        .await
        .unwrap();
    let text = serde_json::to_string(&vec!["x".repeat(700); rows]).unwrap();
    let (begin, cpu) = (Instant::now(), cpu_ms());
    let mut done = 0;
    while begin.elapsed() < Duration::from_secs(2) {
        sqlx::query("INSERT INTO rows (text) SELECT value FROM json_each($1)")
            .bind(text.clone())
            .execute(&mut connection)
            .await
            .unwrap();
        done += rows;
    }
    (
        done as f64 / begin.elapsed().as_secs_f64(),
        (cpu_ms() - cpu) / done as f64,
    )
}

async fn full(folder: &std::path::Path, in_flight: usize) {
    let store = Arc::new(
        Sqlite::open(folder.join(format!("full{in_flight}.db")))
            .await
            .unwrap(),
    );
    let recorder = Recorder::start(Arc::clone(&store) as Arc<dyn Commit>, RecorderOptions::default());
    let (begin, cpu) = (Instant::now(), cpu_ms());
    let mut tasks = tokio::task::JoinSet::new();
    for slot in 0..in_flight {
        let recorder = recorder.clone();
        tasks.spawn(async move {
            let mut waits = Vec::new();
            let mut number = slot as u64;
            while begin.elapsed() < Duration::from_secs(4) {
                for unit in flow(number) {
                    let asked = Instant::now();
                    recorder.record(unit, ()).await.unwrap();
                    waits.push(asked.elapsed());
                }
                number += in_flight as u64;
            }
            waits
        });
    }
    let mut waits: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    let (seconds, cpu) = (begin.elapsed().as_secs_f64(), cpu_ms() - cpu);
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    let flows = waits.len() as f64 / 4.0;
    let stats = recorder.stats();
    println!(
        "{in_flight:>3} flows in flight: {:>6.0} flows/s {:>7.0} units/s {:>6.0} syncs/s {:>5.1} units a sync  {:.3} ms CPU a flow  wait p50 {:.2} p99 {:.2} p99.9 {:.2} max {:.2} ms",
        flows / seconds,
        waits.len() as f64 / seconds,
        stats.commits as f64 / seconds,
        stats.average_batch(),
        cpu / flows,
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
    );
    recorder.shutdown().await;
    store.close().await;
}

/// The four units of a flow: request, reply, callback, ending.
fn flow(number: u64) -> [Unit; 4] {
    let at = Timestamp::from_micros(1_770_000_000_000_000 + i64::try_from(number).unwrap() * 300);
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    let id = FlowId::from_parts(at, random);
    let mut row = FlowRow {
        id,
        version: 1,
        service: ServiceName::parse("licence-renewal").unwrap(),
        capability: Capability::AuthPush,
        catalog: Digest::of(b"catalog"),
        token: Digest::of(&number.to_be_bytes()),
        person_key: Some(Digest::of(b"person")),
        subject: None,
        state: State::new(at, 2),
        request_id: None,
        created_at: at,
        expires_at: at,
        outcome: None,
        idempotency: Some((format!("client {number}"), Digest::of(b"request"))),
        detail: vec![b'd'; 400],
    };
    let mut units = [const { None }; 4];
    for (step, place) in units.iter_mut().enumerate() {
        row.version = step as u64 + 1;
        random[0] = u8::try_from(step).unwrap();
        let change = if step == 0 {
            FlowChange::Insert
        } else {
            FlowChange::Update
        };
        let delivery = DeliveryRow {
            webhook_id: format!("{id}.1"),
            flow: id,
            url: "https://service.example/notices".to_owned(),
            body: bytes::Bytes::from(vec![b'b'; 500]),
            attempts: 0,
            next_at: Some(at),
            delivered_at: None,
        };
        *place = Some(Unit {
            flow: Some(change(Box::new(row.clone()))),
            records: vec![Record {
                at,
                flow: Some(id),
                subject: None,
                event: Event::Admin(AdminRecord {
                    act: "step".to_owned(),
                    actor: "bench".to_owned(),
                    catalog: None,
                    detail: "r".repeat(600),
                }),
            }],
            exchanges: (step < 3)
                .then(|| ExchangeRow {
                    id: ExchangeId::from_parts(at, random),
                    flow: Some(id),
                    direction: ExchangeDirection::Callback,
                    at,
                    bytes: bytes::Bytes::from(vec![b'e'; 700]),
                })
                .into_iter()
                .collect(),
            deliveries: (step == 3)
                .then_some(DeliveryChange::Insert(delivery))
                .into_iter()
                .collect(),
        });
    }
    units.map(Option::unwrap)
}

/// User and system time of this process so far, in milliseconds.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    ticks as f64 * 10.0
}
