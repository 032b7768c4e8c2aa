use crate::audit::ExchangeDirection;
use crate::flow::Phase;

/// The phase that a store wrote down by [`Phase::as_str`].
pub(super) fn phase_from_name(name: &str) -> Option<Phase> {
    PHASES.into_iter().find(|phase| phase.as_str() == name)
}

/// The name under which stores keep a direction; never changed.
pub(super) const fn direction_name(direction: ExchangeDirection) -> &'static str {
    match direction {
        ExchangeDirection::Outbound => "outbound",
        ExchangeDirection::Reply => "reply",
        ExchangeDirection::Callback => "callback",
        ExchangeDirection::Document => "document",
    }
}

pub(super) fn direction_from_name(name: &str) -> Option<ExchangeDirection> {
    DIRECTIONS
        .into_iter()
        .find(|direction| direction_name(*direction) == name)
}

const PHASES: [Phase; 8] = [
    Phase::Held,
    Phase::Created,
    Phase::Sent,
    Phase::Unknown,
    Phase::Waiting,
    Phase::Verified,
    Phase::Decided,
    Phase::Delivered,
];

const DIRECTIONS: [ExchangeDirection; 4] = [
    ExchangeDirection::Outbound,
    ExchangeDirection::Reply,
    ExchangeDirection::Callback,
    ExchangeDirection::Document,
];
