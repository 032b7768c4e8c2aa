use std::process::ExitCode;

/// How a command ends; the numbers are part of the contract with scripts and CI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It ran and everything is good.
    Good,
    /// It ran and found problems.
    Problems,
    /// What it needs can't be read, and it has said so.
    CouldNotRun,
}

/// A command could not run: bad usage, unreadable input, a port in use. Exit code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What happened, naming the thing.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) remedy: Option<String>,
}

impl Failure {
    #[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
    pub(crate) fn new(message: impl ToString) -> Self {
        Self {
            message: message.to_string(),
            remedy: None,
        }
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Prints the failure for a person.
    pub(crate) fn report(&self) {
        eprintln!("error: {}", self.message);
        if let Some(remedy) = &self.remedy {
            eprintln!("  help: {remedy}");
        }
    }
}

impl Ending {
    pub(crate) fn code(self) -> ExitCode {
        match self {
            Self::Good => ExitCode::SUCCESS,
            Self::Problems => ExitCode::from(1),
            Self::CouldNotRun => ExitCode::from(COULD_NOT_RUN),
        }
    }
}

/// The exit code of a command that could not run.
pub(crate) const COULD_NOT_RUN: u8 = 2;
