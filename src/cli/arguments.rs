use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;

use super::act;
use super::audit;
use super::backup;
use super::bench;
use super::cassette;
use super::catalog;
use super::check;
use super::definitions;
use super::dev;
use super::evidence;
use super::explain;
use super::failure::COULD_NOT_RUN;
use super::failure::Ending;
use super::failure::Failure;
use super::fmt;
use super::form;
use super::init;
use super::keys;
use super::load;
use super::logging;
use super::lsp;
use super::new;
use super::receipt;
use super::replay;
use super::schema;
use super::serve;
use super::subject;
use super::test;
use super::trigger;
use super::why;
use super::witness;

/// Turns declarative e-service policies into verified, recorded Mobile ID flows.
///
/// Without a command this is `midflow dev`: engine, sandbox authority, phone, demo e-service and console in one
/// process, without any network.
#[derive(Debug, Parser)]
#[command(name = "midflow", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    common: Common,
}

/// Options that every command takes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Common {
    /// The folder that holds `policies/` and `scripts/`
    #[arg(long, global = true, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// How results are printed; `sarif` and `github` are for `check`
    #[arg(
        long = "format",
        global = true,
        value_enum,
        default_value_t = Report::Text,
        value_name = "FORMAT"
    )]
    pub(crate) report: Report,

    /// The same for commands that print one of two.
    #[arg(skip)]
    pub(crate) format: Format,
}

/// How the problems of policies are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// For people
    Text,
    /// For programs: one JSON value
    Json,
    /// For code review and security tools: SARIF 2.1.0
    Sarif,
    /// For builds on GitHub and compatible services: annotations of lines
    Github,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON value
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine, with a sandbox in place of the authority
    Dev(dev::Dev),
    /// Run for real, as a configuration file says
    Serve(serve::Serve),
    /// Load the policies as a reload would, and report every problem at once
    Check(check::Check),
    /// Make a new folder of policies that passes every check
    Init(init::Init),
    /// Add a service, with its script and its test
    New(new::New),
    /// Put policy files into the usual form
    Fmt(fmt::Fmt),
    /// The subscription form, to policy files and back
    Form(form::Form),
    /// Print the JSON Schema of a kind of policy file
    Schema(schema::Schema),
    /// Print the Rhai definitions of what scripts can call
    Definitions(definitions::Definitions),
    /// Help an editor with policies and scripts, over standard input and output
    Lsp(lsp::Lsp),
    /// Explain a code that `check` prints, a requirement, or a service with the origin of each value
    Explain(explain::Explain),
    /// The versions of the catalog: list, activate, roll back, compare
    Catalog(catalog::Catalog),
    /// The tamper-evident log: verify it, print its checkpoint
    Audit(audit::Audit),
    /// All that proves one flow in one file: export it, verify it
    Evidence(evidence::Evidence),
    /// Cosign the logs of others, so that nobody can rewrite them unseen
    Witness(witness::WitnessCommand),
    /// The keys under which personal data is sealed: make, list, rotate
    Keys(keys::Keys),
    /// What a person or a court may ask of what is kept of somebody: see, keep, erase
    Subject(subject::Subject),
    /// What two administrators sign before it is done: make a key, read an act, sign it
    Act(act::ActCommand),
    /// Erase what the services no longer need, as their `retention` says
    Retention(subject::Retention),
    /// Why a flow ended as it did: each step, rule, file and line, and what would have led elsewhere
    Why(why::WhyFlow),
    /// Copy the store while the node runs, and verify the copy; the keys apart
    Backup(backup::Backup),
    /// Put a backup where a store shall be, or try it with `--verify`
    Restore(backup::Restore),
    /// Verify what an e-service was promised of an outcome; it needs nothing of the node
    Receipt(receipt::Receipt),
    /// Decide recorded flows again under another catalog, and print each difference
    Replay(replay::Replay),
    /// Run the tests of the policies; `--coverage` and `--mutate` say how good they are
    Test(test::Test),
    /// Make the running sandbox do something, good or bad
    Trigger(trigger::Trigger),
    /// So many flows a second through the running `midflow dev`, by people who take their time
    Load(load::Load),
    /// Messages of a real authority, recorded without anything personal, and compared with the sandbox
    Cassette(cassette::CassetteCommand),
    /// Measure this machine: flows, decisions, callbacks, reloads, each beside a control
    Bench(bench::Bench),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    logging::quiet_panics();
    let arguments = Arguments::parse();
    let command = arguments
        .command
        .unwrap_or_else(|| Command::Dev(dev::Dev::default()));
    let is_check = matches!(command, Command::Check(_));
    let result = arguments
        .common
        .settled(is_check)
        .and_then(|common| match command {
            Command::Dev(command) => command.run(&common),
            Command::Serve(command) => command.run(&common),
            Command::Check(command) => command.run(&common),
            Command::Explain(command) => command.run(&common),
            Command::Init(command) => command.run(&common),
            Command::New(command) => command.run(&common),
            Command::Fmt(command) => command.run(&common),
            Command::Form(command) => command.run(&common),
            Command::Schema(command) => command.run(&common),
            Command::Definitions(command) => command.run(&common),
            Command::Lsp(command) => command.run(&common),
            Command::Test(command) => command.run(&common),
            Command::Catalog(command) => command.run(&common),
            Command::Witness(command) => command.run(&common),
            Command::Audit(command) => command.run(&common),
            Command::Evidence(command) => command.run(&common),
            Command::Subject(command) => command.run(&common),
            Command::Act(command) => command.run(&common),
            Command::Retention(command) => command.run(&common),
            Command::Backup(command) => command.run(&common),
            Command::Restore(command) => command.run(&common),
            Command::Keys(command) => command.run(&common),
            Command::Why(command) => command.run(&common),
            Command::Receipt(command) => command.run(&common),
            Command::Replay(command) => command.run(&common),
            Command::Trigger(command) => command.run(&common),
            Command::Load(command) => command.run(&common),
            Command::Cassette(command) => command.run(&common),
            Command::Bench(command) => command.run(&common),
        });
    match result {
        Ok(ending) => Ending::code(ending),
        Err(failure) => {
            failure.report();
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

impl Common {
    /// The same with the format in the form that most commands know; refused where a command has no such form.
    fn settled(mut self, is_check: bool) -> Result<Self, Failure> {
        self.format = match self.report {
            Report::Text => Format::Text,
            Report::Json => Format::Json,
            Report::Sarif | Report::Github if is_check => Format::Text,
            Report::Sarif | Report::Github => {
                return Err(Failure::new("this command prints `text` or `json`")
                    .remedy("`--format sarif` and `--format github` are for `midflow check`"));
            }
        };
        Ok(self)
    }
}

/// The runtime of a command that serves or calls.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("can't start the runtime: {error}")))
}

const AFTER_HELP: &str = "\
Exit codes: 0 good, 1 it ran and found problems, 2 it could not run, 3 refused by policy.

First steps:
  midflow                     sign in to the demo with a phone on the screen
  midflow check               find every mistake in the policies
  midflow explain E0009       what a mistake means and what to do
  midflow test                run the tests beside the services
  midflow trigger --list      what the sandbox can do";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_command_means_dev() {
        let arguments = Arguments::try_parse_from(["midflow", "--dir", "x"]).unwrap();
        assert!(arguments.command.is_none());
        assert_eq!(arguments.common.dir, PathBuf::from("x"));
    }

    #[test]
    fn formats_of_check_are_refused_elsewhere() {
        for format in ["sarif", "github"] {
            let common = || {
                Arguments::try_parse_from(["midflow", "--format", format])
                    .unwrap()
                    .common
            };
            assert!(common().settled(true).is_ok());
            assert!(common().settled(false).is_err());
        }
    }

    #[test]
    fn common_options_stand_before_or_after_the_command() {
        for line in [
            ["midflow", "--format", "json", "check"],
            ["midflow", "check", "--format", "json"],
        ] {
            let arguments = Arguments::try_parse_from(line).unwrap();
            assert_eq!(arguments.common.settled(true).unwrap().format, Format::Json);
        }
    }
}
