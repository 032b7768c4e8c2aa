use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::place::Place;
use crate::audit::ExchangeDirection;
use crate::engine::random;
use crate::sandbox::Cassette;
use crate::sandbox::MessageKind;
use crate::sandbox::SandboxOptions;
use crate::sandbox::StandIns;
use crate::sandbox::drift;
use crate::store::Store as _;
use crate::words::FlowId;

/// `midflow cassette`: messages of a real authority, with stand-ins in place of everything personal.
#[derive(Debug, clap::Args)]
pub(crate) struct CassetteCommand {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Record what was exchanged with the authority for these flows; nothing of any person is in the file
    Record(Record),
    /// Compare a recording with what the sandbox says in its place, and name each difference
    Drift(Drift),
}

#[derive(Debug, clap::Args)]
struct Record {
    /// The flows, as the API and the console name them
    #[arg(value_name = "FLOW", required = true, value_parser = flow_id)]
    flows: Vec<FlowId>,

    /// The file to write; one that is there is not written over
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Drift {
    /// A file that `midflow cassette record` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl CassetteCommand {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        match &self.act {
            Act::Record(record) => record.run(common),
            Act::Drift(drift) => drift.run(common.format),
        }
    }
}

impl Record {
    fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let cassette = runtime()?.block_on(self.read(common))?;
        write_new(&self.output, &cassette.to_text())?;
        let (file, count) = (self.output.display(), cassette.messages.len());
        output::print(&match common.format {
            Format::Json => serde_json::json!({ "file": file.to_string(), "messages": count }).to_string(),
            Format::Text => format!(
                "{file}: {}; stand-ins in place of everything personal\ncompare it with `midflow cassette drift {file}`",
                output::counted(count, "message")
            ),
        });
        Ok(Ending::Good)
    }

    async fn read(&self, common: &Common) -> Result<Cassette, Failure> {
        let salt = random::<32>().map_err(Failure::new)?;
        let (mut cassette, mut people) = (Cassette::new(), StandIns::new(salt));
        let place = Place::find(self.config.as_deref(), common)?;
        let store = place.read_opened().await?;
        for flow in &self.flows {
            let row = store.flow(*flow).await.map_err(Failure::new)?;
            let row = row.ok_or_else(|| {
                Failure::new(format!("the store has no flow {flow}"))
                    .remedy("the API and the console name flows")
            })?;
            for exchange in store.exchanges(*flow).await.map_err(Failure::new)? {
                let kind = match exchange.direction {
                    ExchangeDirection::Outbound => MessageKind::Request,
                    ExchangeDirection::Reply => MessageKind::Reply,
                    ExchangeDirection::Callback => MessageKind::Callback,
                    // It never went to the authority.
                    ExchangeDirection::Document => continue,
                };
                cassette.record(row.capability, kind, &exchange.bytes, &mut people);
            }
        }
        store.close().await;
        Ok(cassette)
    }
}

impl Drift {
    fn run(&self, format: Format) -> Result<Ending, Failure> {
        let file = self.file.display();
        let text = fs::read_to_string(&self.file)
            .map_err(|error| Failure::new(format!("can't read {file}: {error}")))?;
        let cassette = Cassette::parse(&text).map_err(|error| Failure::new(format!("{file}: {error}")))?;
        let keys = KeyFolder::make();
        let found = drift(&cassette, SandboxOptions::new(&keys.0)).map_err(Failure::new)?;
        match format {
            Format::Json => output::print(&serde_json::to_string_pretty(&found).unwrap_or_default()),
            Format::Text if found.is_empty() => {
                let count = output::counted(cassette.messages.len(), "message");
                output::print(&format!(
                    "{file}: {count}, as the sandbox would have written them"
                ));
            }
            Format::Text => {
                let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
                output::print(&format!(
                    "{}\n{file}: {}",
                    lines.join("\n"),
                    output::counted(found.len(), "difference")
                ));
            }
        }
        Ok(if found.is_empty() {
            Ending::Good
        } else {
            Ending::Problems
        })
    }
}

/// The keys of a sandbox that lives for one comparison.
struct KeyFolder(PathBuf);

impl KeyFolder {
    fn make() -> Self {
        let name = format!("midflow-drift-{}", uuid::Uuid::new_v4().simple());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for KeyFolder {
    fn drop(&mut self) {
        // What can't be removed are made-up keys that nobody trusts.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::new(format!("can't write {}: {error}", path.display()))
            .remedy("name a file that is not there yet, in a folder that is")
    })
}

fn flow_id(text: &str) -> Result<FlowId, String> {
    FlowId::parse(text).ok_or_else(|| "this is not the id of a flow".to_owned())
}
