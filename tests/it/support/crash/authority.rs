use std::path::Path;
use std::time::Duration;

use midflow::sandbox::Authority;
use midflow::sandbox::Pace;
use midflow::sandbox::Sandbox;
use midflow::sandbox::SandboxOptions;
use midflow::sandbox::StampAlgorithm;

/// The authority, which outlives every node: a crowd of citizens, no limits, and callbacks that are repeated
/// until a node is back.
pub async fn start(folder: &Path) -> Sandbox {
    let mut options = SandboxOptions::new(folder.join("authority"));
    options.stamp = StampAlgorithm::EcdsaP256;
    options.crowd = CROWD;
    options.open_per_person = None;
    options.ledger_capacity = 1_000_000;
    options.retries = [100, 250, 500, 1_000, 2_000, 4_000]
        .map(Duration::from_millis)
        .to_vec();
    options.pace = Pace {
        between: Duration::from_millis(20),
        ..Pace::default()
    };
    Authority::start(options).await.unwrap()
}

const CROWD: usize = 1_000;
