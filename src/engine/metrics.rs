use std::sync::Mutex;
use std::sync::PoisonError;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::audit::RecorderStats;
use crate::words::Outcome;
use crate::words::ServiceName;

/// The engine's metrics. No label ever holds personal data (law 13).
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    started: Family<ServiceLabel, Counter>,
    ended: Family<OutcomeLabel, Counter>,
    callbacks: Family<PlacedLabel, Counter>,
    deliveries: Family<ResultLabel, Counter>,
    script_faults: Family<ServiceLabel, Counter>,
    alarms: Family<ResultLabel, Counter>,
    reloads: Family<ResultLabel, Counter>,
    open_flows: Gauge,
    catalog_in_sync: Gauge,
    ended_waivers: Gauge,
    recorder_units: Gauge,
    recorder_commits: Gauge,
    log_size: Gauge,
    log_anchored: Family<AnchorLabel, Gauge>,
    spool_waiting: Gauge,
    spool_bytes: Gauge,
    spool_set_aside: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServiceLabel {
    service: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    service: String,
    outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PlacedLabel {
    placed: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnchorLabel {
    anchor: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: String,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("midflow")),
            started: Family::default(),
            ended: Family::default(),
            callbacks: Family::default(),
            deliveries: Family::default(),
            script_faults: Family::default(),
            alarms: Family::default(),
            reloads: Family::default(),
            open_flows: Gauge::default(),
            catalog_in_sync: Gauge::default(),
            ended_waivers: Gauge::default(),
            recorder_units: Gauge::default(),
            recorder_commits: Gauge::default(),
            log_size: Gauge::default(),
            log_anchored: Family::default(),
            spool_waiting: Gauge::default(),
            spool_bytes: Gauge::default(),
            spool_set_aside: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register("flows_started", "Flows begun, by service", self.started.clone());
        registry.register(
            "flows_ended",
            "Flows ended, by service and outcome",
            self.ended.clone(),
        );
        registry.register(
            "callbacks",
            "Callbacks received, by how they were placed",
            self.callbacks.clone(),
        );
        registry.register(
            "deliveries",
            "Attempts to deliver an outcome, by result",
            self.deliveries.clone(),
        );
        registry.register(
            "script_faults",
            "Scripts that failed, by service",
            self.script_faults.clone(),
        );
        registry.register(
            "alarms",
            "Events that somebody should look at",
            self.alarms.clone(),
        );
        registry.register(
            "reloads",
            "Reloads of the catalog, by result",
            self.reloads.clone(),
        );
        registry.register("open_flows", "Flows in memory", self.open_flows.clone());
        let help = "1 if the files on disk are the active catalog";
        registry.register("catalog_in_sync", help, self.catalog_in_sync.clone());
        let help = "Records below the newest checkpoint of the log";
        registry.register("log_size", help, self.log_size.clone());
        let help = "Records below the newest checkpoint that an anchor has";
        registry.register("log_anchored", help, self.log_anchored.clone());
        let help = "Callbacks that wait for the store";
        registry.register("spool_waiting", help, self.spool_waiting.clone());
        let help = "Room that waiting callbacks take, in bytes";
        registry.register("spool_bytes", help, self.spool_bytes.clone());
        let help = "Damaged callbacks that were set aside and not taken away";
        registry.register("spool_set_aside", help, self.spool_set_aside.clone());
        let help = "Waivers of the active catalog that have ended since it was loaded";
        registry.register("ended_waivers", help, self.ended_waivers.clone());
        let help = "Units made durable since the start";
        registry.register("recorder_units", help, self.recorder_units.clone());
        let help = "Commits since the start; units by commits is how well disk syncs are shared";
        registry.register("recorder_commits", help, self.recorder_commits.clone());
    }

    pub(crate) fn started(&self, service: &ServiceName) {
        self.started.get_or_create(&service_label(service)).inc();
    }

    pub(crate) fn ended(&self, service: &ServiceName, outcome: Outcome) {
        let label = OutcomeLabel {
            service: service.to_string(),
            outcome: outcome.code().to_owned(),
        };
        self.ended.get_or_create(&label).inc();
    }

    pub(crate) fn callback(&self, placed: &str) {
        let label = PlacedLabel {
            placed: placed.to_owned(),
        };
        self.callbacks.get_or_create(&label).inc();
    }

    pub(crate) fn delivery(&self, result: &str) {
        self.deliveries.get_or_create(&result_label(result)).inc();
    }

    pub(crate) fn script_fault(&self, service: &ServiceName) {
        self.script_faults.get_or_create(&service_label(service)).inc();
    }

    /// Notes how many records the newest checkpoint of the log vouches for.
    pub(crate) fn log_size(&self, size: u64) {
        self.log_size.set(i64::try_from(size).unwrap_or(i64::MAX));
    }

    /// Notes up to where an anchor knows the log.
    pub(crate) fn anchored(&self, anchor: &str, size: u64) {
        let label = AnchorLabel {
            anchor: anchor.to_owned(),
        };
        self.log_anchored
            .get_or_create(&label)
            .set(i64::try_from(size).unwrap_or(i64::MAX));
    }

    pub(crate) fn alarm(&self, what: &str) {
        self.alarms.get_or_create(&result_label(what)).inc();
    }

    pub(crate) fn reload(&self, result: &str, in_sync: bool) {
        self.reloads.get_or_create(&result_label(result)).inc();
        self.catalog_in_sync.set(i64::from(in_sync));
    }

    /// So many waivers of the active catalog have ended.
    pub(crate) fn ended_waivers(&self, count: usize) {
        self.ended_waivers.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// So much waits in the spool.
    pub(crate) fn spool(&self, waiting: usize, bytes: u64, set_aside: usize) {
        self.spool_waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.spool_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.spool_set_aside
            .set(i64::try_from(set_aside).unwrap_or(i64::MAX));
    }

    /// The text that Prometheus reads.
    pub(crate) fn text(&self, open_flows: usize, recorder: &RecorderStats) -> String {
        self.recorder_units
            .set(i64::try_from(recorder.units).unwrap_or(i64::MAX));
        self.recorder_commits
            .set(i64::try_from(recorder.commits).unwrap_or(i64::MAX));
        self.open_flows.set(i64::try_from(open_flows).unwrap_or(i64::MAX));
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        match encode(&mut text, &registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}

fn service_label(service: &ServiceName) -> ServiceLabel {
    ServiceLabel {
        service: service.to_string(),
    }
}

fn result_label(result: &str) -> ResultLabel {
    ResultLabel {
        result: result.to_owned(),
    }
}
