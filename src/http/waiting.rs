use crate::words::Challenge;
use crate::words::Text;
use crate::words::Timestamp;

use super::clock::PageClock;
use super::shown;

/// What a waiting page shows (R000-071, R000-077, R000-078, R000-080).
pub(super) struct Waiting {
    pub(super) organization: Text,
    pub(super) service: Text,
    /// The digits in groups, as people compare them.
    pub(super) groups: Vec<String>,
    /// The digits one by one, as a screen reader should say them.
    pub(super) spoken: String,
    /// The seconds that are left.
    pub(super) left: u64,
    /// The seconds there were in all.
    pub(super) total: u64,
    /// The time left, as a clock shows it.
    pub(super) clock: String,
    pub(super) steps: Vec<Text>,
    /// Where the end of the flow is told live.
    pub(super) events: String,
}

impl Waiting {
    pub(super) fn new(
        organization: Text,
        service: Text,
        challenge: &Challenge,
        times: (Timestamp, Timestamp),
        clock: PageClock,
        steps: Vec<Text>,
        events: String,
    ) -> Self {
        let (began, ends) = times;
        let total = ends.since(began).as_secs().max(1);
        let left = clock.seconds_until(ends).min(total);
        Self {
            organization,
            service,
            groups: challenge.grouped().split(' ').map(str::to_owned).collect(),
            spoken: challenge
                .as_str()
                .chars()
                .flat_map(|digit| [digit, ' '])
                .collect::<String>()
                .trim()
                .to_owned(),
            left,
            total,
            clock: shown::clock(left),
            steps,
            events,
        }
    }
}

/// How a flow ended, as a page shows it.
pub(super) struct Ended {
    pub(super) class: &'static str,
    pub(super) heading: &'static str,
    pub(super) say: Text,
    pub(super) service: Text,
}
