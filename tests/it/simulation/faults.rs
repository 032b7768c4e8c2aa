//! What befalls nodes: they crash, rise, are taken over, and are taken for dead while they run.

use std::time::Duration;

use midflow::flow::Event;
use midflow::flow::Phase;
use midflow::flow::ReplyKind;

use super::driver::Cause;
use super::laws;
use super::store::Ended;
use super::world::By;
use super::world::Happening;
use super::world::World;

impl World<'_> {
    pub fn crash(&mut self, node: usize) {
        if !self.nodes[node].running {
            return;
        }
        self.count("crashes");
        self.nodes[node].running = false;
        self.nodes[node].life += 1;
        let down = self.up_to(40_000);
        self.after(down, Happening::Rise(node));
        self.after(LEASE, Happening::TakeOver(node));
    }

    pub fn rise(&mut self, node: usize) {
        self.nodes[node].running = true;
        self.nodes[node].lease = self.store.leases[node];
        for flow in self.owned(node) {
            self.feed(node, flow, Cause::of(Event::Recover));
        }
    }

    /// The other node takes the flows of one that has not come back.
    pub fn take_over(&mut self, dead: usize) {
        if self.nodes[dead].running {
            return;
        }
        self.count("takeovers");
        self.take_from(dead);
    }

    /// A node is taken for dead, and is not: its clock stood still, or its network did.
    pub fn suspect(&mut self, node: usize) {
        if !self.nodes[node].running || !self.nodes[1 - node].running {
            return;
        }
        self.count("nodes taken for dead that ran");
        self.take_from(node);
        let pause = self.up_to(20_000);
        let life = self.nodes[node].life;
        self.after(pause, Happening::Rejoin(node, life));
    }

    /// The node finds out, forgets what it had under way, and joins again.
    pub fn rejoin(&mut self, node: usize, life: u64) {
        if !self.nodes[node].running || self.nodes[node].life != life {
            return;
        }
        self.nodes[node].life += 1;
        self.rise(node);
    }

    fn take_from(&mut self, dead: usize) {
        let other = 1 - dead;
        if !self.nodes[other].running || self.is_fenced(other) {
            // Nobody is there to take over; whoever rises first recovers its own.
            return;
        }
        self.store.leases[dead] += 1;
        let flows = self.owned(dead);
        for flow in &flows {
            if let Some(row) = self.store.rows.get_mut(flow) {
                row.owner = other;
                row.version += 1;
            }
        }
        for flow in flows {
            self.feed(other, flow, Cause::of(Event::Recover));
        }
    }

    fn owned(&self, node: usize) -> Vec<usize> {
        let rows = self.store.rows.iter();
        rows.filter(|(_, row)| row.owner == node && row.state.phase != Phase::Delivered)
            .map(|(flow, _)| *flow)
            .collect()
    }

    /// The e-service is told how its flow ended, again and again until it has heard.
    pub fn tell(&mut self, by: By, flow: usize) {
        let Some(ended) = self.store.rows[&flow].decided.clone() else {
            return;
        };
        if self.store.rows[&flow].part.is_some() {
            return self.hand_on(by, flow, &ended);
        }
        self.told(flow, &ended);
        if self.dice.one_in(8) {
            // It heard, and its answer was lost.
            return self.after(Duration::from_secs(1), Happening::Tell(by, flow));
        }
        self.feed(by.node, flow, Cause::of(Event::Delivered));
    }

    pub fn told(&mut self, flow: usize, ended: &Ended) {
        if let Some(violation) = laws::when_told(self, flow, ended) {
            self.broken = Some(violation);
        }
        let told = &mut self.flows[flow].told;
        if told.is_none() {
            *told = Some(ended.clone());
        }
    }

    /// The store has reported a failure and taken the step all the same; the node looks and finds it. What it never handed to
    /// the transport has not been sent; everything else it takes up as after a crash.
    pub fn find_out(&mut self, node: usize, flow: usize, unsent: bool) {
        let state = &self.store.rows[&flow].state;
        let event = if unsent && state.phase == Phase::Sent {
            Event::Reply(ReplyKind::NotSent)
        } else {
            Event::Recover
        };
        self.feed(node, flow, Cause::of(event));
    }
}

/// How long a node may be silent before the other takes its flows.
const LEASE: Duration = Duration::from_millis(8_500);
