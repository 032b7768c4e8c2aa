use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use serde_json::json;

use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::place::Place;
use crate::audit::evidence::EvidenceVerdict;
use crate::audit::evidence::verify;
use crate::audit::log::LogKey;
use crate::audit::log::VerifierKey;
use crate::audit::timestamp::Stamped;
use crate::audit::timestamp::TimestampAuthority;
use crate::engine::Clock as _;
use crate::engine::EvidenceAct;
use crate::engine::EvidenceError;
use crate::engine::SystemClock;
use crate::engine::export_evidence;
use crate::store::Store;
use crate::words::Digest;
use crate::words::FlowId;

/// `midflow evidence`: one flow's proof.
#[derive(Debug, clap::Args)]
pub(crate) struct Evidence {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write everything that proves a flow into one file; it holds personal data
    Export(Export),
    /// Verify such a file; it needs nothing else
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Export {
    /// The flow, as the API and the console name it
    #[arg(value_name = "FLOW", value_parser = flow_id)]
    flow: FlowId,

    /// The file; one that is there is not overwritten
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Who takes it, for the log; without it, the user who runs the command
    #[arg(long, value_name = "NAME")]
    by: Option<String>,

    /// Why, for the log, such as the number of the case
    #[arg(long, value_name = "TEXT", default_value = "not said")]
    reason: String,

    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// The evidence
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The public key of the provider's log, or the file that holds it: without it only the parts are compared with each
    /// other
    #[arg(long, value_name = "KEY|FILE")]
    key: Option<String>,

    /// The certificates of the time-stamping authority, PEM: says when the head of the log was there
    #[arg(long, value_name = "FILE")]
    timestamp_certificate: Option<PathBuf>,
}

impl Evidence {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        match &self.action {
            Action::Export(export) => runtime()?.block_on(export.run(common)),
            Action::Verify(verify) => verify.run(common),
        }
    }
}

impl Export {
    async fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let place = Place::find(self.config.as_deref(), common)?;
        let secrets = place.secrets()?;
        let key = secrets.named_log_key().map_err(Failure::new)?;
        let key = key
            .ok_or_else(|| Failure::new("the log has no name yet; a node gives it one at its first start"))?;
        let store = place.read_opened().await?;
        let archive = self.archive(&store, &key).await;
        store.close().await;
        let archive = archive?;
        if self.output.exists() {
            return Err(taken(&self.output));
        }
        self.record(&place, &archive).await?;
        write_new(&self.output, &archive)?;
        let file = self.output.display().to_string();
        match common.format {
            Format::Json => {
                let told = json!({ "flow": self.flow, "file": file, "bytes": archive.len(), "key": key.verifier().to_string() });
                output::print(&told.to_string());
            }
            Format::Text => output::print(&format!(
                "wrote {file}, {} bytes; it holds personal data\nverify it: midflow evidence verify {file} --key {}",
                archive.len(),
                key.verifier()
            )),
        }
        Ok(Ending::Good)
    }

    /// Nobody has the evidence before the log says so.
    async fn record(&self, place: &Place, archive: &[u8]) -> Result<(), Failure> {
        let act = EvidenceAct {
            flow: self.flow,
            by: self.by.clone().unwrap_or_else(this_user),
            reason: self.reason.clone(),
            digest: Digest::of(archive),
        };
        // What the log can't hold is refused here, before a node is asked.
        let unit = act.unit(SystemClock.now()).map_err(Failure::new)?;
        match place.store.open_at_rest().await? {
            Some(store) => {
                let answers = store.commit(vec![unit]).await;
                store.close().await;
                match answers.into_iter().next() {
                    Some(Ok(())) => Ok(()),
                    Some(Err(error)) => Err(Failure::new(error)),
                    None => Err(Failure::new("that the evidence is taken could not be recorded")),
                }
            }
            // A node runs: it records it.
            None => place.call("/admin/evidence", &json!(act)).await.map(drop),
        }
    }

    /// A node that runs signs a checkpoint each second; the flow may be younger than that.
    async fn archive(&self, store: &dyn Store, key: &LogKey) -> Result<Vec<u8>, Failure> {
        let mut patience = PATIENCE;
        loop {
            match export_evidence(store, self.flow, key).await {
                Err(EvidenceError::Unproved) if patience > 0 => patience -= 1,
                Err(error @ EvidenceError::Unproved) => {
                    return Err(Failure::new(error).remedy("`midflow audit checkpoint --now` makes one"));
                }
                other => return other.map_err(Failure::new),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Verify {
    fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let name = self.file.display();
        let archive =
            fs::read(&self.file).map_err(|error| Failure::new(format!("can't read {name}: {error}")))?;
        let trusted = self.key.as_deref().map(read_key).transpose()?;
        let mut verdict = verify(&archive, trusted.as_ref());
        let stamped = self.stamped(&mut verdict)?;
        let key = verdict.key.as_ref().map(ToString::to_string);
        let good = verdict.is_good();
        match common.format {
            Format::Json => {
                let head = verdict.checkpoint.as_ref();
                let told = json!({
                    "good": good,
                    "flow": verdict.flow,
                    "records": verdict.records,
                    "log": head.map(|head| head.origin.clone()),
                    "size": head.map(|head| head.size),
                    "key": key,
                    "key_compared": trusted.is_some(),
                    "stamped_at": stamped.as_ref().map(|stamped| stamped.at.to_string()),
                    "stamped_by": stamped.as_ref().map(|stamped| &stamped.by),
                    "problems": verdict.problems,
                });
                output::print(&told.to_string());
            }
            Format::Text if good => {
                let flow = verdict.flow.map(|flow| flow.to_string()).unwrap_or_default();
                let compare = match trusted {
                    Some(_) => "",
                    None => "   (compare it with the key that the provider publishes, or name it with --key)",
                };
                let stamp = match (&stamped, &verdict.stamp) {
                    (Some(stamped), _) => format!("\ntime: {} by {}", stamped.at, stamped.by),
                    (None, Some(_)) => {
                        "\ntime: stamped; name the authority's certificate with --timestamp-certificate"
                            .to_owned()
                    }
                    (None, None) => String::new(),
                };
                output::print(&format!(
                    "good: flow {flow}, {} records\nkey:  {}{compare}{stamp}",
                    verdict.records,
                    key.unwrap_or_default()
                ));
            }
            Format::Text => {
                let problems: Vec<String> = verdict
                    .problems
                    .iter()
                    .map(|why| format!("not good: {why}"))
                    .collect();
                output::print(&problems.join("\n"));
            }
        }
        Ok(if good { Ending::Good } else { Ending::Problems })
    }
}

impl Verify {
    /// When an authority has seen the head, if one was named; what is not believed is a problem.
    fn stamped(&self, verdict: &mut EvidenceVerdict) -> Result<Option<Stamped>, Failure> {
        let Some(path) = &self.timestamp_certificate else {
            return Ok(None);
        };
        let pem = fs::read(path)
            .map_err(|error| Failure::new(format!("can't read {}: {error}", path.display())))?;
        let authority = TimestampAuthority::from_pem(&pem)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        let stamped = match &verdict.stamp {
            None => Err("there is no time-stamp in it".to_owned()),
            Some(stamp) => authority
                .verify(&stamp.token, stamp.imprint)
                .map_err(|error| error.to_string()),
        };
        match stamped {
            Ok(stamped) => Ok(Some(stamped)),
            // What is wrong before that was told already.
            Err(_) if !verdict.is_good() => Ok(None),
            Err(why) => {
                verdict.problems.push(why);
                Ok(None)
            }
        }
    }
}

/// The name of the user who runs the command, as the system gives it.
fn this_user() -> String {
    std::env::var("USER").unwrap_or_else(|_| "a user without a name".to_owned())
}

pub(super) fn taken(path: &Path) -> Failure {
    Failure::new(format!("can't write {}: it is there already", path.display()))
        .remedy("name a file that is not there yet")
}

/// What holds personal data: only its owner reads it.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => taken(path),
        _ => Failure::new(format!("can't write {}: {error}", path.display())),
    };
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(failed)
}

pub(super) fn read_key(text: &str) -> Result<VerifierKey, Failure> {
    let written = if Path::new(text).is_file() {
        fs::read_to_string(text).map_err(|error| Failure::new(format!("can't read {text}: {error}")))?
    } else {
        text.to_owned()
    };
    VerifierKey::parse(&written)
        .map_err(|error| Failure::new(format!("`{text}` is no public key of a log: {error}")))
}

fn flow_id(text: &str) -> Result<FlowId, String> {
    FlowId::parse(text).ok_or_else(|| "this is not the id of a flow".to_owned())
}

/// In tenths of a second.
const PATIENCE: u32 = 30;
