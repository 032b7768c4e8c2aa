use std::path::Path;
use std::time::Duration;

use super::control;
use super::kept::Kept;
use super::node;
use super::turns::Measured;
use super::turns::Sums;
use crate::cli::bench::callbacks::Sample;
use crate::cli::bench::table::Row;
use crate::cli::bench::table::per_second;
use crate::cli::bench::table::times;
use crate::cli::failure::Failure;
use crate::connector::kuwait::Kuwait;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::sandbox::Authority;
use crate::sandbox::Sandbox;
use crate::sandbox::SandboxOptions;
use crate::words::Timestamp;

/// Whole flows through a node in a process of its own: the e-service's call, the request over mutual TLS, the
/// stamped callback over TLS 1.3, four durable commits, and the answer by long poll.
///
/// The sandbox and the load share the machine with the node, so the rate is the machine's; the processor time
/// is the node's alone. Both stand beside those of the bare program under the same load.
pub(in crate::cli::bench) struct Flows {
    pub(in crate::cli::bench) rows: Vec<Row>,
    /// The connector, and a callback that it approves, for the measurement of callbacks.
    pub(in crate::cli::bench) connector: Kuwait,
    pub(in crate::cli::bench) sample: Sample,
}

/// What is measured, and how long.
pub(in crate::cli::bench) struct Plan<'a> {
    /// The program whose node is measured.
    pub(in crate::cli::bench) program: &'a Path,
    /// Holds the policies.
    pub(in crate::cli::bench) folder: &'a Path,
    /// Flows at a time.
    pub(in crate::cli::bench) in_flight: usize,
    /// About how long, node and bare program together.
    pub(in crate::cli::bench) time: Duration,
    /// The disk's own rate, a second: the control.
    pub(in crate::cli::bench) syncs: f64,
}

/// Measures flows for about as long as planned: node and bare program in turn, since the machine's speed moves from one
/// minute to the next.
pub(in crate::cli::bench) async fn measure(
    plan: &Plan<'_>,
    scratch: &Path,
    kept: &Kept,
) -> Result<Flows, Failure> {
    let sandbox = sandbox(scratch).await?;
    let connector = sandbox
        .handle()
        .sp_settings()
        .connector(SystemClock.now())
        .map_err(Failure::new)?;
    let requested_at = SystemClock.now();
    let mut node = Measured::new(node::start(plan, scratch, &sandbox, kept).await?, &sandbox)?;
    node.warm(plan.in_flight).await?;
    // Before anybody else is called back.
    let sample = sample(&sandbox, requested_at)?;
    let mut bare = Measured::new(control::start(scratch, &sandbox, kept).await?, &sandbox)?;
    bare.warm(plan.in_flight).await?;
    let turns = turns(plan.time);
    for _ in 0..turns {
        node.turn(plan.in_flight, plan.time / (turns * 2)).await?;
        bare.turn(plan.in_flight, plan.time / (turns * 2)).await?;
    }
    let (node, bare) = (node.stop().await, bare.stop().await);
    sandbox.shutdown().await;
    Ok(Flows {
        rows: rows(plan, kept.name, &node, &bare),
        connector,
        sample,
    })
}

/// How many turns each of the two has: of about a second, and two at least.
fn turns(time: Duration) -> u32 {
    let turns = time.as_millis() / (TURN.as_millis() * 2);
    u32::try_from(turns).unwrap_or(u32::MAX).max(2)
}

fn rows(plan: &Plan<'_>, name: &str, node: &Sums, bare: &Sums) -> Vec<Row> {
    let in_flight = plan.in_flight;
    let to_a_sync = |what: String, sums: &Sums| {
        Row::new(
            what,
            format!("{:.1}", sums.to_a_commit),
            format!("{:.0} commits/s", sums.commits),
            format!("{} MB resident", sums.resident),
        )
    };
    vec![
        Row::new(
            format!("whole flows{name}, {in_flight} in flight (disk syncs)"),
            per_second(node.rate),
            per_second(plan.syncs),
            times(node.rate / plan.syncs),
        ),
        Row::new(
            format!("whole flows{name}, {in_flight} in flight (bare program)"),
            per_second(node.rate),
            per_second(bare.rate),
            times(node.rate / bare.rate),
        ),
        to_a_sync(format!("flows{name} to a disk sync"), node),
        to_a_sync(format!("flows{name} to a disk sync, bare program"), bare),
        Row::new(
            format!("processor time of the node a flow{name} (bare program)"),
            format!("{:.3} ms", node.cpu),
            format!("{:.3} ms", bare.cpu),
            times(node.cpu / bare.cpu),
        ),
    ]
}

async fn sandbox(scratch: &Path) -> Result<Sandbox, Failure> {
    let mut options = SandboxOptions::new(scratch.join("sandbox"));
    options.crowd = 4_000;
    options.open_per_person = None;
    options.further_providers = vec![control::provider()];
    Authority::start(options).await.map_err(Failure::new)
}

fn sample(sandbox: &Sandbox, requested_at: Timestamp) -> Result<Sample, Failure> {
    let ledger = sandbox.handle().ledger();
    let sent = ledger
        .sent
        .last()
        .ok_or_else(|| Failure::new("the sandbox has sent no callback"))?;
    let body = sandbox
        .handle()
        .callback_body(&sent.digest)
        .ok_or_else(|| Failure::new("the sandbox has forgotten its callback"))?;
    Ok(Sample {
        body,
        requested_at,
        received_at: SystemClock.now(),
    })
}

const TURN: Duration = Duration::from_millis(1_250);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_of_about_a_second() {
        for (seconds, count) in [(1, 2), (5, 2), (8, 3), (30, 12), (60, 24)] {
            assert_eq!(turns(Duration::from_secs(seconds)), count, "{seconds} s");
        }
    }
}
