use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::broadcast::Receiver;

use super::memory::Silent;
use super::reload::save;
use super::table::Row;
use super::table::median;
use super::table::millis;
use super::table::times;
use crate::catalog::PlanAsk;
use crate::cli::failure::Failure;
use crate::cli::sealing::sealed_for_development;
use crate::engine::Engine;
use crate::engine::EngineEvent;
use crate::engine::EngineParts;
use crate::engine::Secrets;
use crate::engine::Watch;
use crate::policy::InputValue;
use crate::store::Sqlite;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::InputName;
use crate::words::Locale;
use crate::words::Timestamp;

/// A running engine whose folder is watched: how long it takes from a saved file to the active catalog, kept and
/// recorded, and what the decisions of a serving thread notice of it.
pub(super) async fn measure(many: &Path, state: &Path, size: usize, cold: f64) -> Result<Vec<Row>, Failure> {
    std::fs::create_dir_all(state).map_err(Failure::new)?;
    let store = Sqlite::open(state.join("reload.db"))
        .await
        .map_err(Failure::new)?;
    let store = sealed_for_development(store, state).await?;
    let secrets = Secrets::open(&state.join("secrets")).map_err(Failure::new)?;
    let mut parts = EngineParts::new(many, store, Silent, secrets);
    parts.options.callback_base_url = "https://127.0.0.1:1".to_owned();
    let engine = Engine::start(parts).await.map_err(Failure::new)?;
    let watch = Watch::start(engine.clone(), many).map_err(Failure::new)?;
    let mut events = engine.subscribe();
    let mut edits = Vec::new();
    for edit in 100..105 {
        edits.push(saved_to_active(&engine, &mut events, many, edit).await?);
    }
    let edit = median(edits);
    let calm = Serving::start(&engine);
    tokio::time::sleep(MEASURED).await;
    let calm = calm.stop()?;
    let busy = Serving::start(&engine);
    let end = Instant::now() + MEASURED;
    let mut reloads = 0;
    while Instant::now() < end || reloads == 0 {
        saved_to_active(&engine, &mut events, many, 1_000 + reloads).await?;
        reloads += 1;
    }
    let busy = busy.stop()?;
    drop(watch);
    engine.shutdown().await;
    Ok(vec![
        Row::new(
            format!("reload of {size} services after one edit, from saved to active (cold load)"),
            millis(edit),
            millis(cold),
            times(edit / cold),
        ),
        Row::new(
            format!("decisions during {reloads} reloads of {size} services, p99.99 (without reloads)"),
            millis(busy),
            millis(calm),
            times(busy / calm),
        ),
    ])
}

async fn saved_to_active(
    engine: &Engine,
    events: &mut Receiver<EngineEvent>,
    many: &Path,
    edit: usize,
) -> Result<f64, Failure> {
    let before = engine.catalog().digest();
    let start = Instant::now();
    save(many, edit)?;
    loop {
        match tokio::time::timeout(PATIENCE, events.recv()).await {
            Ok(Ok(EngineEvent::CatalogActivated { catalog })) if catalog != before => {
                return Ok(start.elapsed().as_secs_f64());
            }
            Ok(Ok(EngineEvent::CatalogRefused { diagnostics })) => return Err(Failure::new(diagnostics)),
            Ok(_) => {}
            Err(_) => return Err(Failure::new("a saved file did not become active")),
        }
    }
}

/// A thread of its own that decides without a pause, as a serving thread under full load does.
struct Serving {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Vec<f64>>,
}

impl Serving {
    fn start(engine: &Engine) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (engine, stopped) = (engine.clone(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let mut times = Vec::new();
            let inputs = inputs();
            let mut number = 0_usize;
            while !stopped.load(Ordering::Relaxed) {
                number += 1;
                // A few services take turns, the edited one among them.
                let service = format!("service-{}", number % 7);
                let start = Instant::now();
                let catalog = engine.catalog();
                std::hint::black_box(catalog.plan(&PlanAsk {
                    service: &service,
                    capability: Capability::AuthPush,
                    channel: Channel::Web,
                    locale: Locale::Ar,
                    inputs: &inputs,
                    now: Timestamp::from_micros(1_772_434_800_000_000),
                    attempt: 1,
                    step: None,
                }));
                drop(catalog);
                times.push(start.elapsed().as_secs_f64());
            }
            times
        });
        Self { stop, thread }
    }

    /// The time that all but one of ten thousand decisions stayed below.
    fn stop(self) -> Result<f64, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        let mut times = self
            .thread
            .join()
            .map_err(|_| Failure::new("a decision panicked"))?;
        times.sort_by(f64::total_cmp);
        let at = times.len().saturating_sub(1 + times.len() / 10_000);
        times
            .get(at)
            .copied()
            .ok_or_else(|| Failure::new("nothing was decided"))
    }
}

fn inputs() -> BTreeMap<InputName, InputValue> {
    let values = [
        ("licence", InputValue::String("1234567".to_owned())),
        ("amount", InputValue::Decimal(750_000)),
    ];
    values
        .into_iter()
        .filter_map(|(name, value)| Some((InputName::parse(name).ok()?, value)))
        .collect()
}

const MEASURED: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(60);
