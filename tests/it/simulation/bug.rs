//! The planted bugs: each breaks one law, in the machine, the driver, the rule of approval or the policies.

/// What is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// One check of the approval rule is left out.
    Ignores(&'static str),
    /// Success is a result code that begins with 1.
    FirstDigitOfCode,
    /// Whatever comes of the person is kept.
    KeepsUndeclared,
    /// Half a script is as good as a whole one.
    FaultAllows,
    /// A plan asks for less assurance than the service declares.
    LoosensPlan,
    /// The person's data is handed out whatever was decided.
    ReleasesPerson,
    /// A node counts its own flows only.
    LimitsPerNode,
    /// A document is sent before the person has confirmed.
    SkipsConfirmation,
    /// The request leaves before its record is durable.
    SendsBeforeCommit,
    /// A callback is acknowledged before it is recorded.
    AcknowledgesFirst,
    /// Callbacks that are not believed are not kept.
    ForgetsRejected,
    /// The e-service is told before the ending is durable.
    TellsBeforeCommit,
    /// Steps overwrite each other.
    NoCompareAndSet,
    /// What may have arrived is sent again.
    UnknownIsSentAgain,
    /// After a crash, everything is sent again.
    RecoverySendsAgain,
    /// After a crash, nobody winds the clock.
    RecoveryForgetsClock,
    /// After a crash, what has arrived is not examined.
    RecoveryForgetsCallbacks,
    /// An approval that comes late opens what was closed.
    LateAnswerWins,
    /// The reply to the request is taken for the answer.
    ReplyIsApproval,
    /// The second of two answers counts.
    LastAnswerWins,
    /// The next step of a journey begins before the ending of the one before is durable.
    BeginsStepBeforeCommit,
    /// A journey goes on however a step has ended.
    GoesOnAfterAnyEnding,
    /// The flow of the next step is numbered by whoever begins it.
    StepUnderNewNumber,
    /// After a crash, nobody begins the step that is owed.
    RecoveryForgetsStep,
    /// A step is done with before the next one has begun.
    HandsOnBeforeBegun,
    /// A step of a journey is left out.
    LeavesStepOut,
    /// The next step asks another person than the one who approved.
    AsksSomebodyElse,
    /// A step asks before the person has agreed to what is held open with it.
    SkipsConsent,
    /// The e-service is told how each step of a journey ended.
    TellsAfterEachStep,
}

impl Bug {
    /// Every planted bug.
    pub const ALL: [Self; 40] = [
        Self::Ignores("stamp"),
        Self::Ignores("request"),
        Self::Ignores("challenge"),
        Self::Ignores("unexpired"),
        Self::Ignores("fresh"),
        Self::Ignores("request_type"),
        Self::Ignores("code"),
        Self::Ignores("action"),
        Self::Ignores("person"),
        Self::Ignores("certificate"),
        Self::Ignores("assurance"),
        Self::Ignores("signature"),
        Self::FirstDigitOfCode,
        Self::KeepsUndeclared,
        Self::FaultAllows,
        Self::LoosensPlan,
        Self::ReleasesPerson,
        Self::LimitsPerNode,
        Self::SkipsConfirmation,
        Self::SendsBeforeCommit,
        Self::AcknowledgesFirst,
        Self::ForgetsRejected,
        Self::TellsBeforeCommit,
        Self::NoCompareAndSet,
        Self::UnknownIsSentAgain,
        Self::RecoverySendsAgain,
        Self::RecoveryForgetsClock,
        Self::RecoveryForgetsCallbacks,
        Self::LateAnswerWins,
        Self::ReplyIsApproval,
        Self::LastAnswerWins,
        Self::BeginsStepBeforeCommit,
        Self::GoesOnAfterAnyEnding,
        Self::StepUnderNewNumber,
        Self::RecoveryForgetsStep,
        Self::HandsOnBeforeBegun,
        Self::LeavesStepOut,
        Self::AsksSomebodyElse,
        Self::SkipsConsent,
        Self::TellsAfterEachStep,
    ];

    /// The name for the table.
    pub fn name(self) -> String {
        match self {
            Self::Ignores(check) => format!("ignores the check `{check}`"),
            other => format!("{other:?}"),
        }
    }
}
