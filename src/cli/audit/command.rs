use clap::Subcommand;

use super::accept::Accept;
use super::checkpoint::Checkpoint;
use super::search::Search;
use super::verify::Verify;
use crate::cli::arguments::Common;
use crate::cli::arguments::runtime;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;

/// `midflow audit`: the tamper-evident log of a node.
#[derive(Debug, clap::Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Derive the whole log again from the store, and name whatever is not as it was promised
    Verify(Verify),
    /// Print the newest signed checkpoint, to be kept elsewhere
    Checkpoint(Checkpoint),
    /// Find flows; who looks, in which role and why is recorded before
    Search(Search),
    /// Let a node serve on a store that lacks records which were promised; two administrators
    AcceptRollback(Accept),
}

impl Audit {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        runtime()?.block_on(async {
            match &self.action {
                Action::Verify(command) => command.run(common).await,
                Action::Checkpoint(command) => command.run(common).await,
                Action::Search(command) => command.run(common).await,
                Action::AcceptRollback(command) => command.run(common).await,
            }
        })
    }
}
