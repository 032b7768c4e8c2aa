use std::collections::HashMap;

use crate::audit::DeliveryChange;
use crate::audit::Unit;
use crate::words::FlowId;

/// Splits a batch so that no part changes the same flow or notice twice, and everything about one flow stays
/// in its order. Almost always there is one part.
pub(super) fn rounds(units: &[Unit]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut flows: HashMap<FlowId, usize> = HashMap::new();
    let mut notices: HashMap<&str, usize> = HashMap::new();
    for (at, unit) in units.iter().enumerate() {
        let changed = unit.flow.as_ref().map(|change| change.row().id);
        let after_change = changed.and_then(|id| flows.get(&id)).map(|round| round + 1);
        let about = unit.records.iter().filter_map(|record| record.flow);
        let with_others = about.filter_map(|id| flows.get(&id).copied());
        // Destroying the key of a flow changes its row too.
        let destroyed = || {
            unit.destroy
                .iter()
                .map(|owner| FlowId::from_uuid(owner.as_uuid()))
        };
        let after_destroyed = destroyed().filter_map(|id| flows.get(&id)).map(|round| round + 1);
        let updates = || {
            unit.deliveries.iter().filter_map(|change| match change {
                DeliveryChange::Update(row) => Some(row.webhook_id.as_str()),
                DeliveryChange::Insert(_) => None,
            })
        };
        let after_update = updates().filter_map(|id| notices.get(id)).map(|round| round + 1);
        let round = after_change
            .into_iter()
            .chain(with_others)
            .chain(after_update)
            .chain(after_destroyed)
            .max()
            .unwrap_or(0);
        if let Some(id) = changed {
            flows.insert(id, round);
        }
        for id in destroyed() {
            flows.insert(id, round);
        }
        for id in updates() {
            notices.insert(id, round);
        }
        if rounds.len() <= round {
            rounds.resize_with(round + 1, Vec::new);
        }
        if let Some(members) = rounds.get_mut(round) {
            members.push(at);
        }
    }
    rounds
}
