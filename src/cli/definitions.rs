use super::arguments::Common;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use crate::script::definitions;

/// `midflow definitions`: what scripts can call and read, for editors that know Rhai.
#[derive(Debug, clap::Args)]
pub(crate) struct Definitions {}

impl Definitions {
    #[expect(
        clippy::unused_self,
        reason = "a command takes no options and is run like any other"
    )]
    pub(crate) fn run(&self, _: &Common) -> Result<Ending, Failure> {
        output::print(&definitions());
        Ok(Ending::Good)
    }
}
