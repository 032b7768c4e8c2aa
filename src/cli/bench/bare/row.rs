use uuid::Uuid;

use crate::engine::Clock as _;
use crate::engine::SystemClock;

/// What is made durable of a step.
pub(super) struct Row {
    pub(super) flow: Uuid,
    pub(super) step: Step,
    /// Microseconds since 1970.
    pub(super) at: i64,
    /// What came or went, at least [`TEXT`] characters long.
    pub(super) text: String,
}

/// The four moments that a node commits, too.
#[derive(Clone, Copy)]
#[repr(i16)]
pub(super) enum Step {
    /// Before the request is sent.
    Begun = 1,
    /// The authority has taken it.
    Sent = 2,
    /// A stamped callback has come.
    Answered = 3,
    /// Before anybody is told.
    Ended = 4,
}

impl Row {
    pub(super) fn new(flow: Uuid, step: Step, text: &str) -> Self {
        Self {
            flow,
            step,
            at: SystemClock.now().as_micros(),
            text: format!("{text:TEXT$}"),
        }
    }

    /// The step as it is stored.
    pub(super) const fn number(&self) -> i16 {
        self.step as i16
    }
}

/// About as long as a record of a node; shorter texts are filled up with blanks.
const TEXT: usize = 700;
