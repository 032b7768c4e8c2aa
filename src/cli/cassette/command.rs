use super::drift::Drift;
use super::record::Record;
use super::replay::Replay;
use crate::cli::arguments::Common;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;

/// `midflow cassette`: messages of a real authority, with stand-ins in place of everything personal.
#[derive(Debug, clap::Args)]
pub(crate) struct CassetteCommand {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Record what was exchanged with the authority for these flows, with stand-ins in place of everything personal
    Record(Record),
    /// Compare a recording with what the sandbox says in its place, and name each difference
    Drift(Drift),
    /// Be the recorded authority: answer a node as it was answered then, callbacks included
    Replay(Replay),
}

impl CassetteCommand {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        match &self.act {
            Act::Record(record) => record.run(common),
            Act::Drift(drift) => drift.run(common.format),
            Act::Replay(replay) => replay.run(common),
        }
    }
}
