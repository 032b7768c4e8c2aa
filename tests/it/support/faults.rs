use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use midflow::engine::CallbackReceipt;
use midflow::engine::Secrets;
use midflow::engine::log::Anchor;
use midflow::engine::log::AnchorFolder;
use midflow::store::Postgres;
use midflow::store::PostgresCluster;
use midflow::store::PostgresSettings;
use midflow::store::Store as _;
use midflow::words::FlowId;
use midflow::words::Outcome;
use tokio::task::JoinSet;

use super::authority::ToldAuthority;
use super::clock::HandClock;
use super::dice::Dice;
use super::node::licence_renewal;
use super::policy_folder;
use super::replica_ledgers::Ledgers;
use super::replicas::Replica;
use super::replicas::ReplicaParts;
use super::replicas::verify_log;
use super::wire::Wire;

/// What can happen to a database that three nodes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server is stopped as by a crash, and started again.
    Crash,
    /// The server's first process is killed, and the server started again.
    Kill,
    /// The server closes some of the nodes' connections.
    Disconnect,
    /// A process that serves a node is killed: the server throws all of them out and recovers.
    KillBackend,
    /// A node is killed, and another one started.
    Node,
    /// The wire of a node is cut for a while.
    Cut,
    /// The wire of a node holds every byte for a while, and is cut then: what was under way may have arrived or not.
    Hold,
    /// The server is lost, and its synchronous standby takes its place.
    Failover,
}

const EACH: [Fault; 8] = [
    Fault::Crash,
    Fault::Kill,
    Fault::Disconnect,
    Fault::KillBackend,
    Fault::Node,
    Fault::Cut,
    Fault::Hold,
    Fault::Failover,
];

/// The faults of a run, the same for the same seed: each kind once, and then by chance, the cheap ones more often.
pub fn faults(count: usize, dice: &mut Dice) -> Vec<Fault> {
    let mut faults = EACH.to_vec();
    while faults.len() < count {
        faults.push(match dice.below(20) {
            0 | 1 => Fault::Crash,
            2 | 3 => Fault::Kill,
            4..=7 => Fault::Disconnect,
            8 | 9 => Fault::KillBackend,
            10..=12 => Fault::Node,
            13..=15 => Fault::Cut,
            16..=18 => Fault::Hold,
            _ => Fault::Failover,
        });
    }
    faults.truncate(count);
    for last in (1..faults.len()).rev() {
        faults.swap(last, dice.below(last + 1));
    }
    faults
}

/// Three nodes over one database with a synchronous standby, under load, each with a wire of its own.
pub struct Arena {
    nodes: Vec<Node>,
    load: Arc<Load>,
    reading: Wire,
    store: Postgres,
    database: PostgresSettings,
    primary: PostgresCluster,
    /// None after a failover, until it is needed again.
    standby: Option<PostgresCluster>,
    parts: ReplicaParts,
    _folders: [tempfile::TempDir; 3],
}

struct Node {
    wire: Wire,
    replica: Arc<RwLock<Arc<Replica>>>,
}

/// Those who ask and those who answer, and what they know.
struct Load {
    nodes: Vec<Arc<RwLock<Arc<Replica>>>>,
    authority: Arc<ToldAuthority>,
    over: AtomicBool,
    answered: AtomicU32,
}

/// What came of a run.
pub struct Tally {
    flows: usize,
    started: usize,
    pub acknowledged: usize,
    slowest: Duration,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{} flows, {} of them known to have begun, {} callbacks acknowledged, 0 lost, 0 without one end; the longest \
             that nobody was served: {:?}",
            self.flows, self.started, self.acknowledged, self.slowest
        )
    }
}

impl Arena {
    pub async fn new() -> Self {
        let primary = PostgresCluster::start(&[]).unwrap();
        let database = primary.database().await.unwrap();
        let folders = [
            policy_folder::with_wide_limits(),
            tempfile::tempdir().unwrap(),
            tempfile::tempdir().unwrap(),
        ];
        let anchor: Arc<dyn Anchor> = Arc::new(AnchorFolder::new(folders[2].path()));
        let parts = ReplicaParts {
            folder: folders[0].path().to_path_buf(),
            settings: database.clone(),
            authority: Arc::new(ToldAuthority::new()),
            secrets: Arc::new(Secrets::open(folders[1].path()).unwrap()),
            clock: Arc::new(HandClock::new()),
            anchors: vec![anchor],
        };
        let mut nodes = Vec::new();
        for _ in 0..NODES {
            let wire = Wire::to(primary.folder()).await;
            let replica = Replica::start(ReplicaParts {
                settings: wire.settings(&database),
                ..parts.clone()
            });
            nodes.push(Node {
                replica: Arc::new(RwLock::new(Arc::new(replica.await))),
                wire,
            });
        }
        let standby = primary.synchronous_standby().await.unwrap();
        let reading = Wire::to(primary.folder()).await;
        Self {
            load: Arc::new(Load {
                nodes: nodes.iter().map(|node| Arc::clone(&node.replica)).collect(),
                authority: Arc::clone(&parts.authority),
                over: AtomicBool::new(false),
                answered: AtomicU32::new(0),
            }),
            store: Postgres::open_to_read(reading.settings(&database)).await.unwrap(),
            nodes,
            reading,
            database,
            primary,
            standby: Some(standby),
            parts,
            _folders: folders,
        }
    }

    /// Lets the faults happen one after the other under load, calms down, and compares the three ledgers: what the callers
    /// know, what the authority saw, and the log.
    pub async fn run(mut self, faults: &[Fault], dice: &mut Dice) -> Tally {
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            callers.spawn(Arc::clone(&self.load).call(caller));
        }
        let mut slowest = Duration::ZERO;
        for (number, fault) in faults.iter().enumerate() {
            self.until_answered(3, number).await;
            self.happen(*fault, dice).await;
            let mended = Instant::now();
            self.until_answered(3, number).await;
            println!("{number}: {fault:?}, serving again after {:?}", mended.elapsed());
            slowest = slowest.max(mended.elapsed());
        }
        self.load.over.store(true, Ordering::Relaxed);
        let (mut started, mut acknowledged) = (Vec::new(), BTreeSet::new());
        for (begun, answered) in callers.join_all().await {
            started.extend(begun);
            acknowledged.extend(answered);
        }
        let flows = self.settle(&acknowledged).await;
        let ledgers = Ledgers::read(&self.store, &self.parts.authority).await;
        ledgers.agree(&started, &acknowledged);
        for node in &self.nodes {
            node.replica().shutdown().await;
        }
        verify_log(&self.store, &self.parts.secrets, &self.parts.anchors).await;
        self.store.close().await;
        Tally {
            flows,
            started: started.len(),
            acknowledged: acknowledged.len(),
            slowest,
        }
    }

    async fn happen(&mut self, fault: Fault, dice: &mut Dice) {
        let moment = Duration::from_millis(20 + dice.below(400) as u64);
        let node = &self.nodes[dice.below(NODES)];
        match fault {
            Fault::Crash => {
                self.primary.crash().unwrap();
                self.primary.up().unwrap();
            }
            Fault::Kill => {
                self.primary.kill().unwrap();
                self.primary.up().unwrap();
            }
            Fault::Disconnect => {
                let some = format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE usename = 'midflow_app' AND md5(pid::text || '{}') < '8'",
                    dice.roll()
                );
                self.primary.administer("postgres", &some).await.unwrap();
            }
            Fault::KillBackend => {
                let one = format!(
                    "DO $$ DECLARE process int; BEGIN
                        SELECT pid INTO process FROM pg_stat_activity WHERE usename = 'midflow_app'
                            ORDER BY md5(pid::text || '{}') LIMIT 1;
                        EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'kill -9 ' || process);
                    END $$",
                    dice.roll()
                );
                // The server throws out whoever has done it, too.
                let _ = self.primary.administer("postgres", &one).await;
            }
            Fault::Node => {
                node.replica().kill();
                let another = Replica::start(ReplicaParts {
                    settings: node.wire.settings(&self.database),
                    ..self.parts.clone()
                });
                *node.replica.write().unwrap() = Arc::new(another.await);
            }
            Fault::Cut => {
                node.wire.cut();
                tokio::time::sleep(moment).await;
                node.wire.mend();
            }
            Fault::Hold => {
                node.wire.hold();
                tokio::time::sleep(moment).await;
                node.wire.cut();
                node.wire.mend();
            }
            Fault::Failover => self.fail_over().await,
        }
    }

    /// What the standby has not is not acknowledged, so nothing that counts is lost with the server.
    async fn fail_over(&mut self) {
        let standby = match self.standby.take() {
            Some(standby) => standby,
            None => self.primary.synchronous_standby().await.unwrap(),
        };
        self.primary.crash().unwrap();
        standby.promote().unwrap();
        for wire in self.nodes.iter().map(|node| &node.wire).chain([&self.reading]) {
            wire.lead_to(standby.folder());
        }
        self.primary = standby;
    }

    /// Waits until so many more callbacks are acknowledged.
    async fn until_answered(&self, more: u32, number: usize) {
        let (goal, began) = (self.load.answered.load(Ordering::Relaxed) + more, Instant::now());
        while self.load.answered.load(Ordering::Relaxed) < goal {
            assert!(began.elapsed() < LIVELY, "nobody is served, fault {number}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until every flow has ended, each that was answered as it was answered.
    async fn settle(&self, acknowledged: &BTreeSet<FlowId>) -> usize {
        // A flow whose first commit was cut is nobody's until it is overdue.
        self.parts.clock.forward(Duration::from_secs(330));
        let began = Instant::now();
        loop {
            let flows = self.store.flows_after(None, u32::MAX).await.unwrap_or_default();
            let open = flows.iter().filter(|row| !row.state.has_ended()).count();
            if !flows.is_empty() && open == 0 {
                for row in flows.iter().filter(|row| acknowledged.contains(&row.id)) {
                    assert_eq!(row.outcome, Some(Outcome::Approved), "{}", row.id);
                }
                return flows.len();
            }
            assert!(began.elapsed() < CALM, "{open} of {} flows are open", flows.len());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Node {
    fn replica(&self) -> Arc<Replica> {
        Arc::clone(&self.replica.read().unwrap())
    }
}

impl Load {
    /// Asks at one node and answers at another, until it is over; gives the flows that were begun, and those whose
    /// callback was acknowledged.
    async fn call(self: Arc<Self>, caller: usize) -> (Vec<FlowId>, Vec<FlowId>) {
        let (mut begun, mut answered) = (Vec::new(), Vec::new());
        while !self.over.load(Ordering::Relaxed) {
            let Some(Ok(one)) = self.node(caller).try_ask(licence_renewal()).await else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let flow = one.view.flow;
            begun.push(flow);
            // A node that died in between never sends.
            let Some(token) = self.token(flow).await else {
                continue;
            };
            let receipt = self.node(caller + 1).callback(&token, "approved").await;
            if receipt == CallbackReceipt::Recorded {
                answered.push(flow);
                self.answered.fetch_add(1, Ordering::Relaxed);
            }
        }
        (begun, answered)
    }

    fn node(&self, number: usize) -> Arc<Replica> {
        Arc::clone(&self.nodes[number % NODES].read().unwrap())
    }

    async fn token(&self, flow: FlowId) -> Option<String> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(2) {
            let sent = self.authority.sent().into_iter().rfind(|sent| sent.flow == flow);
            if let Some(sent) = sent {
                return Some(sent.token);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        None
    }
}

const NODES: usize = 3;
const CALLERS: usize = 6;
/// After any fault somebody is served within this.
const LIVELY: Duration = Duration::from_secs(30);
const CALM: Duration = Duration::from_secs(60);
