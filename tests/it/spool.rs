//! Callbacks that arrive while the store can't be written: they wait, and none is lost or counted twice.

use std::collections::HashMap;
use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use midflow::audit::CallbackRecord;
use midflow::audit::Event;
use midflow::engine::CallbackReceipt;
use midflow::engine::Engine;
use midflow::engine::EngineOptions;
use midflow::engine::EngineParts;
use midflow::engine::Secrets;
use midflow::engine::SpoolOptions;
use midflow::engine::StartFlow;
use midflow::store::Store as _;
use midflow::store::StoredRecord;
use midflow::words::CallbackToken;
use midflow::words::CivilNo;
use midflow::words::FlowId;
use midflow::words::Outcome;
use rusqlite::Connection;

use crate::support::authority::ToldAuthority;
use crate::support::clock::HandClock;
use crate::support::dice::Dice;
use crate::support::dice::is_soak;
use crate::support::node::CLIENT;
use crate::support::node::served_policies;
use crate::support::power::Run;
use crate::support::store::sealed_store;
use crate::support::store::sealed_to_read;

/// An engine with a spool, and a hand on its database.
struct Node {
    engine: Engine,
    authority: Arc<ToldAuthority>,
    clock: Arc<HandClock>,
    state: PathBuf,
    spool: SpoolOptions,
}

impl Node {
    async fn open(state: &Path) -> Self {
        Self::with(
            state,
            SpoolOptions {
                size: 1 << 20,
                ..SpoolOptions::new(state.join("spool"))
            },
        )
        .await
    }

    async fn with(state: &Path, spool: SpoolOptions) -> Self {
        let clock = Arc::new(HandClock::new());
        // Every run begins later than the one before, so that no limit is reached.
        clock.forward(Duration::from_secs(600) * flows_in(state));
        let authority = Arc::new(ToldAuthority::new());
        Self {
            engine: start(state, &authority, &clock, &spool).await,
            authority,
            clock,
            state: state.to_path_buf(),
            spool,
        }
    }

    async fn restart(&mut self) {
        self.engine.shutdown().await;
        self.engine = start(&self.state, &self.authority, &self.clock, &self.spool).await;
    }

    /// A flow that waits for its answer, and its callback token.
    async fn waiting(&self) -> (FlowId, String) {
        self.waiting_for(person(1)).await
    }

    async fn waiting_for(&self, person: CivilNo) -> (FlowId, String) {
        let ask = StartFlow::push(CLIENT, "licence-renewal", person).input("licence", "1234567");
        let flow = self.engine.start_flow(ask).await.unwrap().view.flow;
        loop {
            let sent = self.authority.sent();
            if let Some(sent) = sent.into_iter().find(|sent| sent.flow == flow) {
                return (flow, sent.token);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn callback(&self, token: &str, body: &str) -> CallbackReceipt {
        let body = Bytes::copy_from_slice(body.as_bytes());
        self.engine.callback(token, "192.0.2.1".to_owned(), body).await
    }

    async fn outcome(&self, flow: FlowId) -> Outcome {
        let view = self.engine.wait(CLIENT, flow, Duration::from_secs(30)).await;
        view.unwrap().outcome.unwrap()
    }

    /// How many callbacks lie in the folder.
    fn spooled(&self) -> usize {
        files(&self.spool.folder)
    }

    /// Waits until the store has everything.
    async fn settled(&self) {
        while self.spooled() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn callbacks(&self, flow: FlowId) -> Vec<CallbackRecord> {
        let timeline = self.engine.timeline(flow).await.unwrap();
        let events = timeline.into_iter().filter_map(|entry| match entry.event {
            Event::Callback(callback) => Some(callback),
            _ => None,
        });
        events.collect()
    }

    /// From here on nothing can be recorded.
    fn break_store(&self) {
        broken(&self.state, true);
    }

    fn mend_store(&self) {
        broken(&self.state, false);
    }
}

async fn start(
    state: &Path,
    authority: &Arc<ToldAuthority>,
    clock: &Arc<HandClock>,
    spool: &SpoolOptions,
) -> Engine {
    Engine::start(EngineParts {
        folder: served_policies(),
        store: Arc::new(sealed_store(state).await),
        connector: authority.clone(),
        secrets: Arc::new(Secrets::open(&state.join("secrets")).unwrap()),
        clock: clock.clone(),
        options: EngineOptions {
            callback_base_url: "https://callback.example".to_owned(),
            spool: Some(spool.clone()),
            ..EngineOptions::default()
        },
        notify_roots: Vec::new(),
        gates: Vec::new(),
        settings: None,
        anchors: Vec::new(),
    })
    .await
    .unwrap()
}

/// What an administrator of the database may do to a running node.
fn broken(state: &Path, yes: bool) {
    let connection = Connection::open(state.join("midflow.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    let statement = if yes {
        "CREATE TRIGGER away BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'away'); END"
    } else {
        "DROP TRIGGER IF EXISTS away"
    };
    connection.execute_batch(statement).unwrap();
}

fn flows_in(state: &Path) -> u32 {
    let file = state.join("midflow.db");
    let count = Connection::open(file)
        .and_then(|connection| connection.query_row("SELECT count(*) FROM flows", [], |row| row.get(0)));
    count.unwrap_or(0)
}

/// A civil number that nobody has, of so many.
fn person(number: usize) -> CivilNo {
    let numbers = (0..10).filter_map(|check| CivilNo::parse(&format!("3991231{number:04}{check}")).ok());
    numbers.into_iter().next().unwrap()
}

fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .filter(|entry| {
            let path = entry.as_ref().unwrap().path();
            path.extension().is_some_and(|extension| extension == "callback")
        })
        .count()
}

// Law 2, R000-111, R000-148: the authority is answered, nothing of it is acted on before it is recorded, and the record
// says that it waited and when it came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrives_while_the_store_is_away_is_recorded_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::open(folder.path()).await;
    let (flow, token) = node.waiting().await;
    node.break_store();
    let arrived = node.clock.now();
    assert_eq!(node.callback(&token, "approved").await, CallbackReceipt::Recorded);
    assert_eq!(node.spooled(), 1);
    assert!(!node.engine.view(CLIENT, flow).await.unwrap().ended);
    node.clock.forward(Duration::from_secs(20));
    node.mend_store();
    assert_eq!(node.outcome(flow).await, Outcome::Approved);
    let callbacks = node.callbacks(flow).await;
    assert_eq!(callbacks.len(), 1);
    assert_eq!(callbacks[0].spooled, callbacks[0].exchange);
    assert_eq!(callbacks[0].arrived_at, Some(arrived));
    node.settled().await;
    let metrics = node.engine.metrics_text();
    assert!(metrics.contains("midflow_spool_waiting 0"), "{metrics}");
    assert!(
        metrics.contains("midflow_callbacks_total{placed=\"spooled\"} 1"),
        "{metrics}"
    );
    node.engine.shutdown().await;
}

// R000-148: an answer that came in time counts, however long the store was away: the deadline waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_deadline_strikes_over_the_head_of_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::open(folder.path()).await;
    let (flow, token) = node.waiting().await;
    let (other, _) = node.waiting().await;
    node.break_store();
    assert_eq!(node.callback(&token, "approved").await, CallbackReceipt::Recorded);
    node.clock.forward(Duration::from_secs(24 * 3_600));
    // The deadline has been tried by now, and could not be recorded either.
    tokio::time::sleep(Duration::from_millis(100)).await;
    node.mend_store();
    assert_eq!(node.outcome(flow).await, Outcome::Approved);
    assert_eq!(node.outcome(other).await, Outcome::TimeoutNoAnswer);
    node.engine.shutdown().await;
}

// The same when the node died meanwhile: what waits comes before the deadline that has passed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_taken_in_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::open(folder.path()).await;
    let (flow, token) = node.waiting().await;
    node.break_store();
    assert_eq!(node.callback(&token, "approved").await, CallbackReceipt::Recorded);
    node.clock.forward(Duration::from_secs(24 * 3_600));
    node.engine.shutdown().await;
    node.mend_store();
    node.restart().await;
    assert_eq!(node.outcome(flow).await, Outcome::Approved);
    node.settled().await;
    node.engine.shutdown().await;
}

// What arrives first is recorded first, so a second answer contradicts and does not decide. Fault: answers that were
// recorded in the same moment were examined in any order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_callbacks_of_a_flow_keep_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::open(folder.path()).await;
    let (flow, token) = node.waiting().await;
    node.break_store();
    for body in ["declined.by_user", "approved", "approved", "forged"] {
        assert_eq!(node.callback(&token, body).await, CallbackReceipt::Recorded);
    }
    node.mend_store();
    // One that is recorded at once comes after those that wait.
    node.callback(&token, "approved again").await;
    node.settled().await;
    assert_eq!(node.outcome(flow).await, Outcome::DeclinedByUser);
    let digests: Vec<_> = node
        .callbacks(flow)
        .await
        .into_iter()
        .map(|callback| callback.digest)
        .collect();
    let sent = [
        "declined.by_user",
        "approved",
        "approved",
        "forged",
        "approved again",
    ];
    assert_eq!(
        digests,
        sent.map(|body| midflow::words::Digest::of(body.as_bytes()))
    );
    node.engine.shutdown().await;
}

// A commit that takes too long may still come to its end: the callback is known by its id and stays one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_store_does_not_make_two_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::with(
        folder.path(),
        SpoolOptions {
            patience: Duration::from_millis(50),
            ..SpoolOptions::new(folder.path().join("spool"))
        },
    )
    .await;
    let (flow, token) = node.waiting().await;
    // Somebody else writes: the commit waits, and goes on when the lock is free.
    let lock = Connection::open(folder.path().join("midflow.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(node.callback(&token, "approved").await, CallbackReceipt::Recorded);
    assert_eq!(node.spooled(), 1);
    lock.execute_batch("ROLLBACK").unwrap();
    assert_eq!(node.outcome(flow).await, Outcome::Approved);
    node.settled().await;
    assert_eq!(node.callbacks(flow).await.len(), 1);
    let store = sealed_to_read(folder.path()).await;
    let kept = store.exchanges(flow).await.unwrap();
    let callbacks = kept.iter().filter(|row| &row.bytes[..] == b"approved").count();
    assert_eq!(callbacks, 1);
    store.close().await;
    node.engine.shutdown().await;
}

// Whatever a stranger sends is kept in bounded form, as ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_waits_too_and_is_recorded_without_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::open(folder.path()).await;
    let unknown = CallbackToken::from_random([7; 16]);
    node.break_store();
    assert_eq!(
        node.callback(unknown.as_str(), "junk").await,
        CallbackReceipt::Recorded
    );
    // A token that is none is nobody's callback, and is refused until it can be recorded.
    assert_eq!(
        node.callback("no-token", "junk").await,
        CallbackReceipt::StoreUnavailable
    );
    node.mend_store();
    node.settled().await;
    node.engine.shutdown().await;
    let strangers: Vec<CallbackRecord> = callbacks(folder.path()).await.into_values().flatten().collect();
    assert_eq!(strangers.len(), 1);
    assert_eq!(
        (strangers[0].placed.as_str(), strangers[0].exchange),
        ("unknown_token", None)
    );
    assert!(strangers[0].spooled.is_some());
}

// A damaged callback is reported in the log and its file is kept; the others are taken in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_damaged_is_reported_and_hinders_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::open(folder.path()).await;
    let (spoilt, spoilt_token) = node.waiting().await;
    let (whole, whole_token) = node.waiting().await;
    node.break_store();
    for token in [&spoilt_token, &whole_token] {
        assert_eq!(node.callback(token, "approved").await, CallbackReceipt::Recorded);
    }
    node.engine.shutdown().await;
    let file = folder.path().join("spool/00000000000000000001.callback");
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    node.mend_store();
    node.restart().await;
    assert_eq!(node.outcome(whole).await, Outcome::Approved);
    node.settled().await;
    let aside = folder.path().join("spool/set-aside");
    assert_eq!(files(&aside), 1);
    let told = loop {
        let records = records(&node.state).await;
        let told = records.into_iter().find_map(|record| match record.event {
            Event::Admin(admin) if admin.act == "spooled_callback_set_aside" => Some(admin.detail),
            _ => None,
        });
        if let Some(told) = told {
            break told;
        }
        tokio::task::yield_now().await;
    };
    assert!(told.contains("callback 1 of the spool"), "{told}");
    assert!(!node.engine.view(CLIENT, spoilt).await.unwrap().ended);
    let metrics = node.engine.metrics_text();
    assert!(metrics.contains("midflow_spool_set_aside 1"), "{metrics}");
    node.engine.shutdown().await;
}

async fn records(state: &Path) -> Vec<StoredRecord> {
    let store = sealed_to_read(state).await;
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = store.records_after(after, 1_000).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.seq;
        all.extend(page);
    }
    store.close().await;
    all
}

/// What the log says of every callback, by its content.
async fn callbacks(state: &Path) -> HashMap<String, Vec<CallbackRecord>> {
    let mut found: HashMap<String, Vec<CallbackRecord>> = HashMap::new();
    for record in records(state).await {
        if let Event::Callback(callback) = record.event {
            found
                .entry(callback.digest.to_string())
                .or_default()
                .push(callback);
        }
    }
    found
}

// R000-111, law 2: a node that is killed while callbacks wait, while they come and while they are taken in. Whatever was
// acknowledged is in the log afterwards, once; that of a flow with its bytes and before its flow was decided.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_nothing_and_double_nothing() {
    if let Some(mode) = std::env::var_os(MODE) {
        let state = PathBuf::from(std::env::var_os(STATE).unwrap());
        return child(&state, mode.to_str().unwrap()).await;
    }
    let rounds = if is_soak() { 500 } else { 8 };
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice::new(Dice::seed());
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..rounds {
        // Callbacks come while the store is away, until the node is killed over them.
        let mut taker = spawn(folder.path(), "receive");
        let mut lines = BufReader::new(taker.stdout.take().unwrap()).lines();
        let wanted = 3 + dice.below(20);
        let mut heard = 0;
        while heard < wanted {
            let line = lines.next().unwrap().unwrap();
            if let Some(body) = line.strip_prefix("acknowledged ") {
                acknowledged.push(body.to_owned());
                heard += 1;
            }
        }
        kill(&mut taker);
        // What was said before the end counts.
        for line in lines.map_while(Result::ok) {
            acknowledged.extend(line.strip_prefix("acknowledged ").map(str::to_owned));
        }
        // The store is back: nodes begin to take in, and are killed over that.
        for _ in 0..3 {
            let mut node = spawn(folder.path(), "take-in");
            let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
            while !lines.next().unwrap().unwrap().contains("taking in") {}
            std::thread::sleep(Duration::from_micros(200 * dice.below(150) as u64));
            kill(&mut node);
        }
        let mut node = spawn(folder.path(), "settle");
        assert!(node.wait().unwrap().success(), "round {round}");
    }
    let mut recorded = callbacks(folder.path()).await;
    let mut strangers = 0;
    for body in &acknowledged {
        let digest = midflow::words::Digest::of(body.as_bytes()).to_string();
        let records = recorded.remove(&digest).unwrap_or_default();
        assert_eq!(records.len(), 1, "{body}: {records:?}");
        let is_stranger = body.contains("stranger");
        strangers += usize::from(is_stranger);
        assert_eq!(records[0].exchange.is_none(), is_stranger, "{records:?}");
    }
    println!(
        "{rounds} rounds, {} callbacks acknowledged, {strangers} of strangers: each recorded once",
        acknowledged.len()
    );
    assert!(strangers > 0 && acknowledged.len() > strangers);
    // What was not acknowledged may be there, but not twice either.
    assert!(recorded.values().all(|records| records.len() == 1));
    let verified = Command::new(env!("CARGO_BIN_EXE_midflow"))
        .args(["audit", "verify", "--store"])
        .arg(folder.path().join("midflow.db"))
        .arg("--key")
        .arg(folder.path().join("secrets/log.vkey"))
        .output()
        .unwrap();
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
}

// C.2, "disk full": a real file system without a byte left. Nothing new begins, callbacks take the room that the ballast has
// held for them, and everything is recorded once there is room again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_takes_no_callback() {
    if let Some(state) = std::env::var_os(STATE) {
        return on_a_small_disk(Path::new(&state)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    // A mount of its own, seen by nobody else: as root, or as root of a namespace of users.
    let user = Command::new("id").arg("-u").output().unwrap().stdout;
    let unshare: &[&str] = if user == b"0\n" {
        &["--mount"]
    } else {
        &["--map-root-user", "--mount"]
    };
    let told = Command::new("unshare")
        .args(unshare)
        .args([
            "sh",
            "-c",
            "mount -t tmpfs -o size=24m none \"$0\" && exec \"$@\"",
        ])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", FULL, "--nocapture"])
        .env(STATE, folder.path())
        .output()
        .expect("unshare of util-linux is there");
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(
        told.status.success() && said.contains("waited on the full disk"),
        "a process with a small disk of its own failed; it needs mounts in a namespace (root, or \
         kernel.unprivileged_userns_clone=1):\n{said}\n{}",
        String::from_utf8_lossy(&told.stderr)
    );
    println!("{said}");
}

async fn on_a_small_disk(state: &Path) {
    let node = Node::with(
        state,
        SpoolOptions {
            size: 4 << 20,
            ..SpoolOptions::new(state.join("spool"))
        },
    )
    .await;
    let ballast = || fs::metadata(state.join("spool/ballast")).map_or(0, |about| about.len());
    while ballast() < 4 << 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut flows = Vec::new();
    for number in 0..4 {
        flows.push(node.waiting_for(person(number)).await);
    }
    let filler = state.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    for size in [1 << 20, 4_096, 1] {
        while std::io::Write::write_all(&mut file, &vec![1; size]).is_ok() {}
    }
    let mut most = 0;
    for number in 0..25 {
        for (_, token) in &flows {
            let body = format!("forged {number} {}", "x".repeat(30_000));
            assert_eq!(node.callback(token, &body).await, CallbackReceipt::Recorded);
            most = most.max(node.spooled());
        }
    }
    for (_, token) in &flows {
        assert_eq!(node.callback(token, "approved").await, CallbackReceipt::Recorded);
    }
    assert!(most > 20, "{most} waited only: the disk was not full");
    let ask = StartFlow::push(CLIENT, "licence-renewal", person(9)).input("licence", "1234567");
    assert!(
        node.engine.start_flow(ask).await.is_err(),
        "I15: nothing begins that can't be recorded"
    );
    assert!(ballast() < 4 << 20);
    drop(file);
    fs::remove_file(&filler).unwrap();
    for (flow, _) in &flows {
        assert_eq!(node.outcome(*flow).await, Outcome::Approved);
        assert_eq!(node.callbacks(*flow).await.len(), 26);
    }
    node.settled().await;
    while ballast() < 4 << 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    node.engine.shutdown().await;
    println!("{most} callbacks waited on the full disk, all 104 are recorded");
}

// The power goes while callbacks come: what was acknowledged is taken in afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_takes_no_callback_that_was_acknowledged() {
    if let Some(state) = std::env::var_os(STATE) {
        return receive_some(Path::new(&state)).await;
    }
    let run = Run::new();
    let disk = run.through(POWER, &[(STATE, &run.disk())]);
    let mut dice = Dice::new(Dice::seed());
    // While nothing was acknowledged yet there is nothing to lose.
    let first = disk.moments() * 2 / 3;
    let count = if is_soak() { 200 } else { 10 };
    let mut moments: Vec<usize> = (0..count)
        .map(|_| first + dice.below(disk.moments() - first))
        .collect();
    moments.sort_unstable();
    let mut cuts = Vec::new();
    disk.cut(&moments, TOLD, &mut dice, |folder, told| {
        let kept = tempfile::tempdir().unwrap();
        let copied = Command::new("cp")
            .arg("-a")
            .arg(folder.join("."))
            .arg(kept.path())
            .status();
        assert!(copied.unwrap().success());
        cuts.push((kept, told.to_owned()));
    });
    let mut acknowledged = 0;
    for (kept, told) in cuts {
        broken(kept.path(), false);
        let node = Node::open(kept.path()).await;
        node.settled().await;
        node.engine.shutdown().await;
        let recorded = callbacks(kept.path()).await;
        for body in told.lines() {
            let digest = midflow::words::Digest::of(body.as_bytes()).to_string();
            assert_eq!(recorded.get(&digest).map(Vec::len), Some(1), "{body}");
            acknowledged += 1;
        }
        assert_eq!(files(&kept.path().join("spool/set-aside")), 0);
    }
    println!("{count} cuts, {acknowledged} acknowledged callbacks looked for, 0 lost");
    assert!(acknowledged > count * 5, "{acknowledged}");
}

async fn receive_some(state: &Path) {
    let node = Node::open(state).await;
    let (_, token) = node.waiting().await;
    node.break_store();
    let mut told = fs::File::create(state.join(TOLD)).unwrap();
    for number in 0..30 {
        let (token, body) = if number % 3 == 0 {
            let unknown = CallbackToken::from_random([number; 16]).as_str().to_owned();
            (unknown, format!("stranger {number}"))
        } else {
            (token.clone(), format!("forged {number}"))
        };
        assert_eq!(node.callback(&token, &body).await, CallbackReceipt::Recorded);
        std::io::Write::write_all(&mut told, format!("{body}\n").as_bytes()).unwrap();
    }
}

fn spawn(state: &Path, mode: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", KILLS, "--nocapture"])
        .env(MODE, mode)
        .env(STATE, state)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What the killed process does.
async fn child(state: &Path, mode: &str) {
    if mode == "receive" {
        let node = Node::open(state).await;
        let mut tokens = Vec::new();
        for number in 0..4 {
            tokens.push(node.waiting_for(person(number)).await.1);
        }
        node.break_store();
        let run = std::process::id();
        for number in 0_usize.. {
            let (token, body) = if number % 3 == 2 {
                let mut unknown = [0; 16];
                unknown[..8].copy_from_slice(&number.to_be_bytes());
                let token = CallbackToken::from_random(unknown).as_str().to_owned();
                (token, format!("stranger {run} {number}"))
            } else {
                (
                    tokens[number % tokens.len()].clone(),
                    format!("forged {run} {number}"),
                )
            };
            if node.callback(&token, &body).await == CallbackReceipt::Recorded {
                println!("acknowledged {body}");
            }
        }
    }
    if Connection::open(state.join("midflow.db"))
        .unwrap()
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'away'",
            [],
            |row| row.get::<_, i64>(0),
        )
        .unwrap()
        == 1
    {
        broken(state, false);
    }
    println!("taking in");
    let node = Node::open(state).await;
    node.settled().await;
    if mode == "settle" {
        node.engine.shutdown().await;
    } else {
        // Killed here at the latest.
        std::future::pending::<()>().await;
    }
}

const MODE: &str = "MIDFLOW_SPOOL_CHILD";
const STATE: &str = "MIDFLOW_SPOOL_STATE";
const FULL: &str = "spool::a_full_disk_takes_no_callback";
const POWER: &str = "spool::a_power_cut_takes_no_callback_that_was_acknowledged";
const TOLD: &str = "told";
const KILLS: &str = "spool::kills_lose_nothing_and_double_nothing";
