//! Faults of a PostgreSQL server, its network and the nodes over it, under load; nothing acknowledged is lost or doubled.

use crate::support::dice::Dice;
use crate::support::dice::is_soak;
use crate::support::faults::Arena;
use crate::support::faults::faults;

// T7, R000-110: 25 faults, 500 with MIDFLOW_SOAK=1; MIDFLOW_FAULTS and MIDFLOW_SEED set other figures. What the callers
// know, what the authority saw and the log agree, and the log verifies against what was anchored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledgers_agree_after_faults_of_the_database() {
    let count = std::env::var("MIDFLOW_FAULTS").ok();
    let count = count.map_or(if is_soak() { 500 } else { 25 }, |text| text.parse().unwrap());
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let faults = faults(count, &mut dice);
    let tally = Arena::new().await.run(&faults, &mut dice).await;
    println!("seed {seed}, {count} faults: {tally}");
    assert!(
        tally.acknowledged >= count * 6,
        "there was no load to speak of: {tally}"
    );
}
