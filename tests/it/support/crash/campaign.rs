use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use midflow::audit::log::VerifierKey;
use midflow::engine::KeyFile;
use midflow::engine::log::Contents;
use midflow::engine::log::HeadFile;
use midflow::engine::log::verify;
use midflow::sandbox::Sandbox;
use midflow::store::Sealed;
use midflow::store::Sqlite;
use midflow::store::Store as _;
use midflow::words::Environment;
use midflow::words::Timestamp;

use super::audit_book::AuditReader;
use super::audit_book::FlowPage;
use super::authority;
use super::dice::Dice;
use super::e_service::EService;
use super::load::Load;
use super::reconcile::Ledgers;
use super::reconcile::Stage;
use super::reconcile::asked;
use super::reconcile::disagreements;
use super::victim::Starting;
use super::victim::Victim;

/// One node and its store, killed so many times under load.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    pub seed: u64,
    pub kills: u32,
}

/// The figures of one or more campaigns.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub kills: u64,
    /// How many of the kills hit a node that did not serve yet.
    pub kills_before_ready: u64,
    pub flows: u64,
    pub approved: u64,
    /// Journeys that began, and those of which every step was approved.
    pub journeys: u64,
    pub journeys_approved: u64,
    /// Steps that were owed at the moments of the kills, in all: the ending before was on record, and they were not.
    pub steps_owed_at_kill: u64,
    pub records: u64,
    /// Requests that the authority received.
    pub requests: u64,
    /// Requests that were recorded and never arrived: the node died in between.
    pub never_left: u64,
    /// Attempts of the authority to deliver a callback.
    pub callbacks: u64,
    /// Those that were taken.
    pub callbacks_taken: u64,
    /// Deliveries of outcome notices.
    pub notices: u64,
    /// Those that came again.
    pub notices_again: u64,
    /// Flows not done with at the moments of the kills, in all.
    pub open_at_kill: u64,
    /// From the start of a process to its word that it serves.
    pub recoveries: Vec<Duration>,
    pub took: Duration,
}

struct Scene {
    authority: Sandbox,
    e_service: EService,
    load: Load,
    victim: Victim,
    reader: AuditReader,
    dice: Dice,
    tally: Tally,
}

impl Campaign {
    /// Kills, starts again and compares the books after each kill; then lets every flow end and compares them
    /// for good.
    ///
    /// # Errors
    /// Says in what the books disagree, or why the node could not be started again.
    pub async fn run(self, folder: &Path) -> Result<(Tally, Ledgers), String> {
        let began = Instant::now();
        let mut stage = Scene::set(folder, self.seed).await;
        // Once without load, so that the e-service knows the node's key before the first notice can come. Fault:
        // on a quick machine notices came before the key was read, and were taken for forged.
        let first = stage.victim.spawn();
        stage.ready(first).await?;
        stage.victim.kill();
        stage.load.start();
        for number in 1..=self.kills {
            stage
                .round()
                .await
                .map_err(|why| format!("after kill {number}: {why}"))?;
        }
        let ledgers = stage
            .settle()
            .await
            .map_err(|why| format!("after the last kill: {why}"))?;
        let mut tally = stage.tally;
        tally.count(&ledgers);
        tally.took = began.elapsed();
        stage.authority.shutdown().await;
        Ok((tally, ledgers))
    }
}

/// Lays out so many nodes, kills each twice within its first start, and then starts it for good.
///
/// # Errors
/// Says why a node could not be started.
pub async fn first_starts(folder: &Path, seed: u64, nodes: u32) -> Result<(), String> {
    let dice = Dice::new(seed);
    let authority = authority::start(folder).await;
    let settings = authority.handle().sp_settings();
    let mut longest = FIRST_START;
    for number in 1..=nodes {
        let mut victim = Victim::lay_out(folder.join(format!("node-{number}")), &settings, &dice);
        for _ in 0..2 {
            let starting = victim.spawn();
            tokio::time::sleep(dice.up_to(longest)).await;
            victim.kill();
            drop(starting);
        }
        let ready = victim.spawn().ready().await;
        let ready = ready.map_err(|why| format!("node {number}: {why}:\n{}", tail(&victim.said())))?;
        longest = ready.took;
        let book = AuditReader::new(victim.store(), victim.key()).read_on().await;
        let book = book.map_err(|error| format!("node {number}: {error}"))?;
        if book.records == 0 || !book.damage.is_empty() {
            return Err(format!(
                "node {number}: {} records, {:?}",
                book.records, book.damage
            ));
        }
    }
    authority.shutdown().await;
    Ok(())
}

impl Scene {
    async fn set(folder: &Path, seed: u64) -> Self {
        let dice = Dice::new(seed);
        let authority = authority::start(folder).await;
        let handle = authority.handle();
        let victim = Victim::lay_out(folder.join("node"), &handle.sp_settings(), &dice);
        handle.register_callback_base(&victim.callback_url()).unwrap();
        let (e_service, notify_url) = EService::start(dice.below(u64::MAX)).await;
        let load = Load::new(
            victim.api_url(),
            notify_url,
            e_service.clone(),
            handle,
            dice.below(u64::MAX),
        );
        Self {
            authority,
            e_service,
            load,
            reader: AuditReader::new(victim.store(), victim.key()),
            victim,
            dice,
            tally: Tally::default(),
        }
    }

    /// Starts the node, kills it at a random moment, and compares the books.
    async fn round(&mut self) -> Result<(), String> {
        let starting = self.victim.spawn();
        if self.dice.percent(BEFORE_READY) {
            let longest = self.tally.recoveries.last().copied().unwrap_or(FIRST_START);
            tokio::time::sleep(self.dice.up_to(longest)).await;
            self.tally.kills_before_ready += 1;
        } else {
            self.ready(starting).await?;
            tokio::time::sleep(self.dice.up_to(LONGEST_LIFE)).await;
        }
        self.victim.kill();
        self.tally.kills += 1;
        let ledgers = self.compare(Stage::Killed).await?;
        if self.tally.kills.is_multiple_of(VERIFIED_EVERY) {
            self.verify_log().await?;
        }
        let open = |phase: &str| phase != "delivered";
        let rows = ledgers.audit.flows.values().filter_map(|page| page.row.as_ref());
        self.tally.open_at_kill += rows.filter(|row| open(&row.phase)).count() as u64;
        let endings = ledgers.audit.flows.values().flat_map(|page| &page.endings);
        let owed = endings.filter(|ending| {
            let next = ending.next;
            next.is_some_and(|next| !ledgers.audit.flows.contains_key(&next))
        });
        self.tally.steps_owed_at_kill += owed.count() as u64;
        Ok(())
    }

    /// Lets everything come to its end, stops the node in good order, and compares the books for good.
    async fn settle(&mut self) -> Result<Ledgers, String> {
        let starting = self.victim.spawn();
        self.ready(starting).await?;
        self.load.finish(LONGEST_END).await;
        let until = Instant::now() + LONGEST_END;
        while Instant::now() < until {
            let open = self
                .reader
                .open_flows()
                .await
                .map_err(|error| error.to_string())?;
            if open == 0 && self.e_service.has_all_notices() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.load.look_again().await;
        let status = self.victim.stop();
        if !status.success() {
            return Err(format!("asked to stop, the node ended with {status}"));
        }
        let ledgers = self.compare(Stage::Settled).await?;
        self.verify_log().await?;
        let said = self.victim.said();
        for bad in ["panicked", A_PANIC, A_CIVIL_NUMBER] {
            if said.contains(bad) {
                return Err(format!("the log of the node holds `{bad}`"));
            }
        }
        Ok(ledgers)
    }

    /// The log is verified from outside, with the file beside the node's secrets as its only anchor.
    async fn verify_log(&self) -> Result<(), String> {
        let secrets = self.victim.secrets();
        // A node that was killed in its first start has named no key yet.
        let Ok(key) = std::fs::read_to_string(secrets.join("log.vkey")) else {
            return Ok(());
        };
        let key = VerifierKey::parse(&key).map_err(|error| error.to_string())?;
        let head = HeadFile::in_folder(&secrets).read();
        let promises = head.map_err(|error| error.to_string())?.into_iter().collect();
        let store = Sqlite::open_to_read(self.victim.store()).await;
        let store = store.map_err(|error| error.to_string())?;
        let wrapper = KeyFile::read(&self.victim.key()).map_err(|error| error.to_string())?;
        let store = Sealed::open(
            Arc::new(store),
            Arc::new(wrapper),
            Environment::Development,
            Timestamp::EPOCH,
        );
        let store = store.await.map_err(|error| error.to_string())?;
        let verified = verify(&store, &key, promises, Contents::Open).await;
        store.close().await;
        let verified = verified.map_err(|error| error.to_string())?;
        if verified.is_clean() {
            return Ok(());
        }
        let found: Vec<String> = verified
            .findings
            .iter()
            .take(20)
            .map(|finding| format!("  {}: {}", finding.place, finding.what))
            .collect();
        Err(format!("the log does not verify:\n{}", found.join("\n")))
    }

    async fn ready(&mut self, starting: Starting) -> Result<(), String> {
        let ready = starting
            .ready()
            .await
            .map_err(|why| format!("{why}:\n{}", tail(&self.victim.said())))?;
        self.e_service.verifies_with(&ready.webhook_key)?;
        self.tally.recoveries.push(ready.took);
        Ok(())
    }

    async fn compare(&mut self, at: Stage) -> Result<Ledgers, String> {
        // The two that live on first: what they know by now must be in the third.
        let (authority, e_service) = (self.authority.handle().ledger(), self.e_service.snapshot());
        let audit = self
            .reader
            .read_on()
            .await
            .map_err(|error| format!("the store can't be read: {error}"))?;
        let ledgers = Ledgers {
            authority,
            e_service,
            audit,
        };
        let found = disagreements(&ledgers, at);
        if found.is_empty() {
            return Ok(ledgers);
        }
        let lines: Vec<String> = found
            .iter()
            .take(20)
            .map(|one| format!("  {:?}: {}", one.fault, one.what))
            .collect();
        Err(format!(
            "the ledgers disagree in {} places:\n{}\nthe node said last:\n{}",
            found.len(),
            lines.join("\n"),
            tail(&self.victim.said())
        ))
    }
}

impl Tally {
    /// Adds another campaign's figures.
    pub fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.kills_before_ready += other.kills_before_ready;
        self.flows += other.flows;
        self.approved += other.approved;
        self.journeys += other.journeys;
        self.journeys_approved += other.journeys_approved;
        self.steps_owed_at_kill += other.steps_owed_at_kill;
        self.records += other.records;
        self.requests += other.requests;
        self.never_left += other.never_left;
        self.callbacks += other.callbacks;
        self.callbacks_taken += other.callbacks_taken;
        self.notices += other.notices;
        self.notices_again += other.notices_again;
        self.open_at_kill += other.open_at_kill;
        self.recoveries.extend(&other.recoveries);
        self.took += other.took;
    }

    fn count(&mut self, ledgers: &Ledgers) {
        let pages = || ledgers.audit.flows.values();
        let taken = |status: Option<u16>| status.is_some_and(|status| status < 300);
        let notices = ledgers.e_service.notices.values();
        self.flows = pages().count() as u64;
        self.approved = pages()
            .filter(|page| page.endings.iter().any(|ending| ending.outcome == "approved"))
            .count() as u64;
        let first = |page: &&FlowPage| page.step.as_ref().is_some_and(|step| step.after.is_none());
        self.journeys = pages().filter(first).count() as u64;
        let later = |page: &&FlowPage| page.step.as_ref().is_some_and(|step| step.after.is_some());
        let done = |page: &&FlowPage| {
            let ending = page.endings.first();
            ending.is_some_and(|ending| ending.outcome == "approved" && ending.next.is_none())
        };
        self.journeys_approved = pages().filter(later).filter(done).count() as u64;
        self.records = ledgers.audit.records;
        self.requests = asked(&ledgers.authority).count() as u64;
        let recorded: usize = pages().map(|page| page.requests.len()).sum();
        self.never_left = (recorded as u64).saturating_sub(self.requests);
        self.callbacks = ledgers.authority.sent.len() as u64;
        let sent = ledgers.authority.sent.iter();
        self.callbacks_taken = sent.filter(|sent| taken(sent.status)).count() as u64;
        for notice in notices {
            self.notices += u64::from(notice.times);
            self.notices_again += u64::from(notice.times.saturating_sub(1));
        }
    }

    fn recovery(&self, percent: usize) -> Duration {
        let mut sorted = self.recoveries.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{} kills ({} before the node served, {:.0} flows open at each), {} flows ({} approved), {} journeys \
             ({} approved; {} steps owed at the kills), {} records, \
             {} requests ({} more recorded and never left), {} callbacks ({} taken), {} notices ({} again), \
             recovery p50 {:.0?} p99 {:.0?}, {:.0?}",
            self.kills,
            self.kills_before_ready,
            self.open_at_kill as f64 / self.kills.max(1) as f64,
            self.flows,
            self.approved,
            self.journeys,
            self.journeys_approved,
            self.steps_owed_at_kill,
            self.records,
            self.requests,
            self.never_left,
            self.callbacks,
            self.callbacks_taken,
            self.notices,
            self.notices_again,
            self.recovery(50),
            self.recovery(99),
            self.took,
        )
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines
        .get(lines.len().saturating_sub(30)..)
        .unwrap_or_default()
        .join("\n")
}

/// After so many kills the whole log is derived again, and at the end.
const VERIFIED_EVERY: u64 = 10;
/// So many kills in a hundred come before the node serves.
const BEFORE_READY: u64 = 12;
const LONGEST_LIFE: Duration = Duration::from_millis(500);
const FIRST_START: Duration = Duration::from_millis(500);
/// Longer than the farthest deadline and the pauses between the deliveries of a notice.
const LONGEST_END: Duration = Duration::from_secs(60);
/// How the binary tells of a panic.
const A_PANIC: &str = "a fault inside midflow";
/// How the civil numbers of all citizens of the sandbox begin (law 13).
const A_CIVIL_NUMBER: &str = "3991231";
