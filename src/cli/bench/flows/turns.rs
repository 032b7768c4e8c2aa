use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio::time::sleep;

use super::load::Load;
use super::process::Process;
use crate::cli::bench::process::usage;
use crate::cli::failure::Failure;
use crate::sandbox::Sandbox;

/// A program under load, turn by turn with another one, and what its turns come to. It stays alive between them.
pub(super) struct Measured {
    process: Process,
    load: Arc<Load>,
    flows: usize,
    time: Duration,
    cpu: Duration,
    commits: u64,
}

/// What the turns of a program come to.
pub(super) struct Sums {
    /// Flows a second of its turns.
    pub(super) rate: f64,
    /// Milliseconds of processor time a flow.
    pub(super) cpu: f64,
    /// Flows to a commit.
    pub(super) to_a_commit: f64,
    /// Commits a second of its turns.
    pub(super) commits: f64,
    /// Megabytes resident at the end.
    pub(super) resident: u64,
}

impl Measured {
    /// A program that has started.
    pub(super) fn new(process: Process, sandbox: &Sandbox) -> Result<Self, Failure> {
        Ok(Self {
            load: Load::new(&process, sandbox)?,
            process,
            flows: 0,
            time: Duration::ZERO,
            cpu: Duration::ZERO,
            commits: 0,
        })
    }

    /// Flows that don't count: connections are made, and what is filled at the first use.
    pub(super) async fn warm(&self, in_flight: usize) -> Result<(), Failure> {
        self.load.run(in_flight, WARM).await?;
        sleep(SETTLE).await;
        Ok(())
    }

    /// One turn, with what a store does once it has a moment for it: the flows before have caused it, and whoever is next
    /// shall not meet it.
    pub(super) async fn turn(&mut self, in_flight: usize, time: Duration) -> Result<(), Failure> {
        let commits = self.process.commits().await?;
        let cpu = usage(self.process.pid).cpu;
        let start = Instant::now();
        self.flows += self.load.run(in_flight, time).await?;
        self.time += start.elapsed();
        sleep(SETTLE).await;
        self.cpu += usage(self.process.pid).cpu.saturating_sub(cpu);
        self.commits += self.process.commits().await?.saturating_sub(commits);
        Ok(())
    }

    /// Stops the program.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub(super) async fn stop(self) -> Sums {
        let resident = usage(self.process.pid).resident / 1_000_000;
        self.process.stop().await;
        let (flows, commits) = (self.flows as f64, self.commits as f64);
        let time = self.time.as_secs_f64();
        Sums {
            rate: flows / time,
            cpu: self.cpu.as_secs_f64() * 1e3 / flows.max(1.0),
            to_a_commit: flows / commits.max(1.0),
            commits: commits / time,
            resident,
        }
    }
}

const WARM: Duration = Duration::from_millis(500);
/// Longer than a store waits before it uses an idle moment.
const SETTLE: Duration = Duration::from_millis(250);
