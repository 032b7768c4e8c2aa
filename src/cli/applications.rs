use std::path::PathBuf;

use clap::Subcommand;
use clap::ValueEnum;
use serde_json::Value;

use super::failure::Failure;
use super::subject::MaybeWho;
use super::subject::day;
use super::subject::typed;
use crate::audit::ApplicationKind;
use crate::audit::RequiredCheck;
use crate::engine::ApplicationAsk;
use crate::engine::OpenApplication;
use crate::words::Day;

/// `midflow subject request`: the register of what people, their representatives and others ask of somebody's data.
#[derive(Subcommand)]
pub(super) enum Applications {
    /// Take in an application; the clock of the law begins on the day it came in
    Open {
        #[command(flatten)]
        who: MaybeWho,
        /// What is applied for
        #[arg(long, value_enum)]
        kind: KindName,
        /// Who applies; `-` reads it from the standard input, as with the next two
        #[arg(long, value_name = "NAME")]
        applicant: String,
        /// Where letters go
        #[arg(long, value_name = "TEXT")]
        address: String,
        /// What is asked for, in the applicant's words
        #[arg(long, value_name = "TEXT")]
        wants: String,
        /// The number of the paper that proves a representative's authority
        #[arg(long, value_name = "TEXT")]
        proof: Option<String>,
        /// The day on which it came in; today without it
        #[arg(long, value_name = "DAY", value_parser = day)]
        on: Option<Day>,
        /// Who takes it in; recorded
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Write down one of the four checks without which a third party gets nothing
    Check {
        /// The application, as `list` numbers it
        number: u64,
        /// Which check
        #[arg(long, value_enum)]
        check: CheckName,
        /// It speaks for the applicant
        #[arg(long, conflicts_with = "failed", required_unless_present = "failed")]
        passed: bool,
        /// It speaks against the applicant
        #[arg(long)]
        failed: bool,
        /// What was found; recorded, so it names nobody
        #[arg(long, value_name = "TEXT")]
        finding: String,
        /// Who made it; recorded
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Decide on an application or, after a complaint, on that
    Decide {
        /// The application, as `list` numbers it
        number: u64,
        /// It is granted
        #[arg(long, conflicts_with = "refuse", required_unless_present = "refuse")]
        grant: bool,
        /// It is refused
        #[arg(long)]
        refuse: bool,
        /// Why, as the applicant is told; recorded, so it names nobody
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The day on which the applicant was told; today without it
        #[arg(long, value_name = "DAY", value_parser = day)]
        on: Option<Day>,
        /// Who decides; recorded. A complaint is decided by somebody else than who refused
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Take in a complaint about a refusal, which goes to the head of the body
    Grieve {
        /// The application, as `list` numbers it
        number: u64,
        /// The day on which it came in; today without it
        #[arg(long, value_name = "DAY", value_parser = day)]
        on: Option<Day>,
        /// Who takes it in; recorded
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Where the applications stand, and until when the next step can be taken
    List {
        /// Those that are closed, too
        #[arg(long)]
        all: bool,
    },
    /// Write the letter to the applicant about where it stands, as a page that prints
    Letter {
        /// The application, as `list` numbers it
        number: u64,
        /// The file, which must not be there yet; it names the applicant
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        /// Who makes it; recorded
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Write down what silence has decided; `serve` does it every night
    Clocks {
        /// Who does it; recorded
        #[arg(long, value_name = "NAME", default_value = "clock")]
        by: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum KindName {
    /// A person asks to see what is kept of them (law 20/2014, article 33)
    Access,
    /// A legal representative asks to see what is kept of the person they stand for (article 33)
    Representative,
    /// Somebody else asks for data of a person (article 34)
    ThirdParty,
    /// A person asks to have data erased (article 36)
    Erasure,
    /// A person asks to have data put right (article 36)
    Correction,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum CheckName {
    /// In which capacity they ask
    Capacity,
    /// What kind of data it is
    Nature,
    /// What use it is to them
    Usefulness,
    /// For what purpose they will use it
    Purpose,
}

impl Applications {
    pub(super) fn ask(&self) -> Result<ApplicationAsk, Failure> {
        Ok(match self {
            Self::Open {
                who,
                kind,
                applicant,
                address,
                wants,
                proof,
                on,
                by,
            } => ApplicationAsk::Open(OpenApplication {
                kind: (*kind).into(),
                about: who.named()?,
                applicant: typed(applicant)?,
                address: typed(address)?,
                wants: typed(wants)?,
                proof: proof.clone(),
                on: *on,
                by: by.clone(),
            }),
            Self::Check {
                number,
                check,
                passed,
                failed: _,
                finding,
                by,
            } => ApplicationAsk::Check {
                number: *number,
                check: (*check).into(),
                passed: *passed,
                finding: finding.clone(),
                by: by.clone(),
            },
            Self::Decide {
                number,
                grant,
                refuse: _,
                reason,
                on,
                by,
            } => ApplicationAsk::Decide {
                number: *number,
                granted: *grant,
                reason: reason.clone(),
                on: *on,
                by: by.clone(),
            },
            Self::Grieve { number, on, by } => ApplicationAsk::Complain {
                number: *number,
                on: *on,
                by: by.clone(),
            },
            Self::List { all } => ApplicationAsk::List { all: *all },
            Self::Letter {
                number,
                output: _,
                by,
            } => ApplicationAsk::Letter {
                number: *number,
                by: by.clone(),
            },
            Self::Clocks { by } => ApplicationAsk::Clocks { by: by.clone() },
        })
    }
}

/// The answer in words, where it is about applications.
pub(super) fn in_words(answer: &Value) -> Option<String> {
    let line = |one: &Value| {
        let word = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        let until = one["until"]
            .as_str()
            .map_or_else(String::new, |until| format!(", until {until}"));
        let silence = match one["by_silence"].as_bool() {
            Some(true) => " (by silence)",
            _ => "",
        };
        format!(
            "application {}: {}, received {}, {}{silence}{until}",
            one["application"],
            word("kind"),
            word("received"),
            word("state")
        )
    };
    if let Some(all) = answer.as_array() {
        let lines: Vec<String> = all.iter().map(line).collect();
        return Some(if lines.is_empty() {
            "no application waits for anything".to_owned()
        } else {
            lines.join("\n")
        });
    }
    answer["kind"].is_string().then(|| line(answer))
}

impl From<KindName> for ApplicationKind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Access => Self::Access,
            KindName::Representative => Self::Representative,
            KindName::ThirdParty => Self::ThirdParty,
            KindName::Erasure => Self::Erasure,
            KindName::Correction => Self::Correction,
        }
    }
}

impl From<CheckName> for RequiredCheck {
    fn from(name: CheckName) -> Self {
        match name {
            CheckName::Capacity => Self::Capacity,
            CheckName::Nature => Self::Nature,
            CheckName::Usefulness => Self::Usefulness,
            CheckName::Purpose => Self::Purpose,
        }
    }
}
