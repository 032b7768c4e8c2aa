use std::collections::BTreeMap;
use std::collections::BTreeSet;

use midflow::audit::Event;
use midflow::store::Postgres;
use midflow::store::Store as _;
use midflow::words::FlowId;

use super::authority::ToldAuthority;

/// What the authority saw, and what the log says.
pub struct Ledgers {
    /// The flows whose requests left.
    seen: Vec<FlowId>,
    /// By flow: requests, callbacks, endings.
    recorded: BTreeMap<FlowId, [usize; 3]>,
}

impl Ledgers {
    pub async fn read(store: &Postgres, authority: &ToldAuthority) -> Self {
        let seen = authority.sent().into_iter().map(|sent| sent.flow);
        let mut ledgers = Self {
            seen: seen.collect(),
            recorded: BTreeMap::new(),
        };
        let mut after = 0;
        loop {
            let page = store.records_after(after, 1_000).await.unwrap();
            let Some(last) = page.last() else {
                return ledgers;
            };
            assert_eq!(last.seq, after + page.len() as u64, "the log has no gaps");
            after = last.seq;
            for record in page {
                let Some(flow) = record.flow else { continue };
                let of_flow = ledgers.recorded.entry(flow).or_default();
                match record.event {
                    Event::Request(_) => of_flow[0] += 1,
                    Event::Callback(_) => of_flow[1] += 1,
                    Event::Ending(_) => of_flow[2] += 1,
                    _ => {}
                }
            }
        }
    }

    /// Everything that left was recorded and left once; everything acknowledged is recorded; every flow ended once.
    pub fn agree(&self, started: &[FlowId], acknowledged: &BTreeSet<FlowId>) {
        for flow in &self.seen {
            assert!(self.recorded[flow][0] >= 1, "a request left unrecorded");
        }
        let once: BTreeSet<_> = self.seen.iter().collect();
        assert_eq!(once.len(), self.seen.len(), "a request left twice");
        for flow in started {
            assert!(self.recorded.contains_key(flow), "flow {flow} is lost");
        }
        for flow in acknowledged {
            assert!(self.recorded[flow][1] >= 1, "a callback of {flow} is lost");
        }
        for (flow, [requests, _, endings]) in &self.recorded {
            // A request whose record was in doubt was not sent, and is recorded again as the next attempt.
            assert!((1..=2).contains(requests) && *endings == 1, "{flow}");
        }
    }
}
