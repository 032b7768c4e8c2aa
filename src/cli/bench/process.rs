use std::fs;
use std::time::Duration;

/// What a process has used so far; from the system's own accounting.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// Processor time, user and system together.
    pub(super) cpu: Duration,
    /// Memory that is in use, in bytes.
    pub(super) resident: u64,
}

/// Reads the accounting of a process; zero where the system has none to give.
pub(super) fn usage(pid: u32) -> Usage {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The second field is the name in parentheses and may hold spaces.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or(0)
    };
    let pages = fields
        .get(21)
        .and_then(|text| text.parse::<u64>().ok())
        .unwrap_or(0);
    Usage {
        cpu: Duration::from_millis((ticks(11) + ticks(12)) * 1_000 / TICKS_PER_SECOND),
        resident: pages * PAGE,
    }
}

/// What Linux tells user programs on every architecture that midflow runs on.
const TICKS_PER_SECOND: u64 = 100;
const PAGE: u64 = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory() {
        assert!(usage(std::process::id()).resident > 1_000_000);
    }
}
