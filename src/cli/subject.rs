use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use clap::ValueEnum;
use serde_json::Value;
use serde_json::json;

use super::applications::Applications;
use super::applications::in_words;
use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::evidence::taken;
use super::evidence::write_new;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::place::Place;
use super::place::catalog_of;
use super::sealing::sealed;
use super::two;
use super::two::Two;
use crate::engine::Application;
use crate::engine::Clock as _;
use crate::engine::Erasure;
use crate::engine::Rectification;
use crate::engine::Release;
use crate::engine::Rights;
use crate::engine::RightsAsk;
use crate::engine::RightsBasis;
use crate::engine::RightsHoldOn;
use crate::engine::RightsWho;
use crate::engine::Standpoint;
use crate::engine::SystemClock;
use crate::engine::statement_page;
use crate::store::KeyStore;
use crate::store::Store;
use crate::words::Day;
use crate::words::FlowId;

/// `midflow subject`: what a person or a court may ask of what is kept of somebody.
#[derive(Debug, clap::Args)]
pub(crate) struct Subject {
    #[command(subcommand)]
    what: What,

    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// `midflow retention`: erases what the services no longer need.
#[derive(Debug, clap::Args)]
pub(crate) struct Retention {
    #[command(subcommand)]
    what: RetentionWhat,

    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum RetentionWhat {
    /// Erase the flows whose `retention.personal_data` is over; what is held stays
    Run {
        /// Only say what would be erased
        #[arg(long)]
        dry_run: bool,

        /// Who does it; recorded
        #[arg(long, value_name = "NAME", default_value = "retention")]
        by: String,
    },
}

#[derive(Subcommand)]
enum What {
    /// Give out everything that is kept of somebody, as a signed statement
    Export {
        #[command(flatten)]
        of: Of,
        /// Who does it; recorded with each flow
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Write the statement as a page that prints, too; the file must not be there yet
        #[arg(long, value_name = "FILE")]
        letter: Option<PathBuf>,
    },
    /// Erase what is kept of somebody: destroy the keys under which it is sealed. Can't be undone
    Erase {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        two: Two,
    },
    /// Put a field right that is wrong or out of date: a new record that refers to the old one, which stays
    Rectify {
        #[command(flatten)]
        of: Of,
        /// The declared field, such as name_ar
        #[arg(long, value_name = "FIELD")]
        field: String,
        /// What is right; `-` reads it from the standard input, after the civil number if that is read too
        #[arg(long, value_name = "TEXT")]
        value: String,
        #[command(flatten)]
        two: Two,
    },
    /// Keep what is there of somebody, or of a service, whatever else is asked
    Hold {
        #[command(flatten)]
        who: MaybeWho,
        /// All flows of a service
        #[arg(long, value_name = "SERVICE")]
        service: Option<String>,
        /// Who does it; recorded
        #[arg(long, value_name = "NAME")]
        by: String,
        /// The number of the case or order
        #[arg(long, value_name = "TEXT")]
        reference: String,
    },
    /// End a hold
    Release {
        /// Its number, as `holds` lists it
        hold: u64,
        #[command(flatten)]
        two: Two,
    },
    /// Every hold, those that were released too
    Holds,
    /// The register of applications: of people, their representatives, and others (articles 33, 34 and 36)
    #[command(subcommand)]
    Request(Applications),
    /// Where an application for data stands today, and until when the next step can be taken (article 34)
    Deadlines(Deadlines),
}

/// The days of an application, each as 2026-11-01.
#[derive(clap::Args)]
struct Deadlines {
    /// When it came in
    #[arg(long, value_name = "DAY", value_parser = day)]
    received: Day,
    /// When the applicant was told that it is granted
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with = "refused")]
    granted: Option<Day>,
    /// When the applicant was told that it is refused
    #[arg(long, value_name = "DAY", value_parser = day)]
    refused: Option<Day>,
    /// When the applicant complained about the refusal
    #[arg(long, value_name = "DAY", value_parser = day)]
    complained: Option<Day>,
    /// When the head of the body decided for the applicant
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with = "rejected")]
    upheld: Option<Day>,
    /// When the head of the body rejected the complaint
    #[arg(long, value_name = "DAY", value_parser = day)]
    rejected: Option<Day>,
    /// The day to look at it; today without it
    #[arg(long, value_name = "DAY", value_parser = day)]
    on: Option<Day>,
}

#[derive(clap::Args)]
struct Of {
    #[command(flatten)]
    who: MaybeWho,
    /// Why
    #[arg(long, value_enum)]
    basis: BasisName,
    /// The number of the application, case or order
    #[arg(long, value_name = "TEXT")]
    reference: String,
}

#[derive(clap::Args)]
pub(super) struct MaybeWho {
    /// The civil number; `-` reads it from the standard input, so that it is in no history and no list of processes
    #[arg(long, value_name = "NUMBER", group = "who")]
    civil_no: Option<String>,
    /// One flow
    #[arg(long, value_name = "FLOW", group = "who", value_parser = flow_id)]
    flow: Option<FlowId>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum BasisName {
    /// The person asks to see it (law 20/2014, article 33)
    PersonRequest,
    /// It is wrong or out of date (article 36)
    WrongOrOutdated,
    /// The person has withdrawn consent (article 35)
    ConsentWithdrawn,
    /// A court has ordered it (article 32)
    CourtOrder,
}

/// Arguments may name a person, so they are not shown.
impl std::fmt::Debug for What {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("What(…)")
    }
}

impl Subject {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        if let What::Deadlines(deadlines) = &self.what {
            deadlines.print(common);
            return Ok(Ending::Good);
        }
        // Before anything is asked and recorded.
        if let Some(path) = self.what.page().filter(|path| path.exists()) {
            return Err(taken(path));
        }
        let ask = self.what.ask()?;
        if let Some(path) = self.what.unwritten_act() {
            let place = Place::find(self.config.as_deref(), common)?;
            let act = ask
                .act(&place.secrets()?, SystemClock.now())
                .map_err(Failure::new)?;
            let act = act.ok_or_else(|| Failure::new("this takes no act"))?;
            two::write(path, &act, &place.dual_control, common.format)?;
            return Ok(Ending::Good);
        }
        let answer = runtime()?.block_on(carry_out(self.config.as_ref(), common, ask))?;
        if let Some(path) = self.what.page() {
            let page = match &self.what {
                What::Export { .. } => statement_page(&answer),
                _ => answer["letter"].as_str().unwrap_or_default().to_owned(),
            };
            write_new(path, page.as_bytes())?;
        }
        match (&self.what, self.what.page()) {
            (What::Request(_), Some(path)) => {
                output::print(&wrote(path, &answer, common.format));
                Ok(Ending::Good)
            }
            (What::Request(_), None) if common.format == Format::Text => {
                let words = in_words(&answer).unwrap_or_else(|| pretty(&answer));
                output::print(&words);
                Ok(Ending::Good)
            }
            _ => Ok(print(&answer, common)),
        }
    }
}

impl Deadlines {
    fn print(&self, common: &Common) {
        let either = |yes: Option<Day>, no: Option<Day>| {
            yes.map(|day| (day, true)).or_else(|| no.map(|day| (day, false)))
        };
        let application = Application {
            received: self.received,
            answered: either(self.granted, self.refused),
            complained: self.complained,
            decided: either(self.upheld, self.rejected),
        };
        let today = self.on.unwrap_or_else(|| Day::in_kuwait(SystemClock.now()));
        let standing = application.on(today);
        if common.format == Format::Json {
            return output::print(&serde_json::to_string(&standing).unwrap_or_default());
        }
        let state = match standing.state {
            Standpoint::Open => "open: it has to be answered in writing",
            Standpoint::Granted => "granted",
            Standpoint::Refused => "refused: the applicant can complain to the head of the body",
            Standpoint::Complained => "complained: the head of the body has to decide",
            Standpoint::RefusedFinally => "refused for good",
        };
        let silence = if standing.by_silence {
            " (nobody has answered in time, which is an answer)"
        } else {
            ""
        };
        let until = standing
            .until
            .map_or_else(String::new, |day| format!("; until {day}"));
        output::print(&format!("{state}{until}{silence}"));
    }
}

impl Retention {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let RetentionWhat::Run { dry_run, by } = &self.what;
        let ask = RightsAsk::Retention {
            dry_run: *dry_run,
            by: by.clone(),
        };
        let answer = runtime()?.block_on(carry_out(self.config.as_ref(), common, ask))?;
        Ok(print(&answer, common))
    }
}

impl What {
    /// Where the act goes that two administrators are still to sign.
    fn unwritten_act(&self) -> Option<&Path> {
        match self {
            Self::Erase { two, .. } | Self::Rectify { two, .. } | Self::Release { two, .. } => {
                two.unwritten()
            }
            _ => None,
        }
    }

    /// The page that is written beside the answer.
    fn page(&self) -> Option<&PathBuf> {
        match self {
            Self::Export { letter, .. } => letter.as_ref(),
            Self::Request(Applications::Letter { output, .. }) => Some(output),
            _ => None,
        }
    }

    fn ask(&self) -> Result<RightsAsk, Failure> {
        Ok(match self {
            Self::Export { of, by, letter: _ } => RightsAsk::Export {
                who: of.who.named()?,
                by: by.clone(),
                basis: of.basis.into(),
                reference: of.reference.clone(),
            },
            Self::Erase { of, two } => RightsAsk::Erase(Erasure {
                by: two.persons()?,
                who: of.who.named()?,
                basis: of.basis.into(),
                reference: of.reference.clone(),
            }),
            Self::Rectify {
                of,
                field,
                value,
                two,
            } => {
                let by = two.persons()?;
                let who = of.who.named()?;
                RightsAsk::Rectify(Rectification {
                    who,
                    field: field.clone(),
                    value: typed(value)?,
                    by,
                    basis: of.basis.into(),
                    reference: of.reference.clone(),
                })
            }
            Self::Hold {
                who,
                service,
                by,
                reference,
            } => RightsAsk::Hold {
                on: match service {
                    Some(service) => RightsHoldOn::Service(service.clone()),
                    None => RightsHoldOn::Who(who.named()?),
                },
                by: by.clone(),
                reference: reference.clone(),
            },
            Self::Release { hold, two } => RightsAsk::Release(Release {
                hold: *hold,
                by: two.persons()?,
            }),
            Self::Request(request) => RightsAsk::Application(request.ask()?),
            Self::Holds | Self::Deadlines(_) => RightsAsk::Holds,
        })
    }
}

impl MaybeWho {
    pub(super) fn named(&self) -> Result<RightsWho, Failure> {
        match (&self.civil_no, self.flow) {
            (Some(number), None) => Ok(RightsWho::CivilNo(typed(number)?)),
            (None, Some(flow)) => Ok(RightsWho::Flow(flow)),
            _ => Err(Failure::new("nobody is named")
                .remedy("give `--civil-no -` and type the number, or `--flow FLOW`")),
        }
    }
}

impl From<BasisName> for RightsBasis {
    fn from(name: BasisName) -> Self {
        match name {
            BasisName::PersonRequest => Self::PersonRequest,
            BasisName::WrongOrOutdated => Self::WrongOrOutdated,
            BasisName::ConsentWithdrawn => Self::ConsentWithdrawn,
            BasisName::CourtOrder => Self::CourtOrder,
        }
    }
}

/// What stands on the command line, or the next line of the standard input where that is `-`.
pub(super) fn typed(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| Failure::new(format!("can't read the standard input: {error}")))?;
    Ok(line.trim().to_owned())
}

/// By the running node, or in the store of one at rest.
async fn carry_out(config: Option<&PathBuf>, common: &Common, ask: RightsAsk) -> Result<Value, Failure> {
    let place = Place::find(config.map(PathBuf::as_path), common)?;
    match place.store.open_at_rest().await? {
        Some(store) => at_rest(&place, store, ask).await,
        None => {
            let ask = serde_json::to_value(&ask).map_err(Failure::new)?;
            place.call("/admin/rights", &ask).await
        }
    }
}

/// Prints the answer; what was kept although it was asked to go is a problem.
fn print(answer: &Value, common: &Common) -> Ending {
    output::print(&match common.format {
        Format::Json => answer.to_string(),
        Format::Text => pretty(answer),
    });
    let something_kept = answer["kept"].as_array().is_some_and(|kept| !kept.is_empty());
    if something_kept {
        Ending::Problems
    } else {
        Ending::Good
    }
}

/// That the letter was written, without what stands in it.
fn wrote(path: &Path, answer: &Value, format: Format) -> String {
    match format {
        Format::Json => json!({ "application": answer["application"], "wrote": path }).to_string(),
        Format::Text => format!("wrote {}; it names the applicant", path.display()),
    }
}

fn pretty(answer: &Value) -> String {
    serde_json::to_string_pretty(answer).unwrap_or_default()
}

async fn at_rest(place: &Place, store: Arc<dyn KeyStore>, ask: RightsAsk) -> Result<Value, Failure> {
    let store: Arc<dyn Store> = Arc::new(sealed(store, &place.keys, place.environment).await?);
    let catalog = match (&ask, catalog_of("active", Some(place)).await) {
        // Only the services say how long they keep things; elsewhere the catalog gives no more than the name of the provider.
        (RightsAsk::Retention { .. }, catalog) => Some(catalog?),
        (_, catalog) => catalog.ok(),
    };
    let rights = Rights::at_rest(
        Arc::clone(&store),
        Arc::new(place.secrets()?),
        Arc::new(SystemClock),
        catalog,
        place.dual_control.clone(),
    );
    let answer = rights.carry_out(ask).await;
    store.close().await;
    answer.map_err(Failure::new)
}

pub(super) fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "this is no day; write it as 2026-11-01".to_owned())
}

fn flow_id(text: &str) -> Result<FlowId, String> {
    FlowId::parse(text).ok_or_else(|| "this is not the id of a flow".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Whoever asks for JSON reads JSON, also of a letter that was written; what stands in it is in the file alone.
    #[test]
    fn a_letter_that_was_written_is_told_of_in_the_format_that_was_asked_for() {
        let answer =
            json!({ "application": { "application": 7, "state": "open" }, "letter": "<p>Fawzia</p>" });
        let said = |format| wrote(Path::new("letter.html"), &answer, format);
        let told: Value = serde_json::from_str(&said(Format::Json)).unwrap();
        assert_eq!(told["wrote"], "letter.html");
        assert_eq!(told["application"]["application"], 7);
        assert!(!told.to_string().contains("Fawzia"));
        assert_eq!(said(Format::Text), "wrote letter.html; it names the applicant");
    }
}
