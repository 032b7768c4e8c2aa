use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::file;
use crate::cli::arguments::Common;
use crate::cli::arguments::Format;
use crate::cli::arguments::runtime;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::logging;
use crate::cli::node::local;
use crate::cli::output;
use crate::cli::running::make_state_folder;
use crate::cli::stop::Stop;
use crate::sandbox::Authority;
use crate::sandbox::Cassette;
use crate::sandbox::Face;
use crate::sandbox::ReplayOptions;
use crate::sandbox::Sandbox;
use crate::sandbox::SandboxOptions;

/// `midflow cassette replay`: an authority that answers as the recorded one did.
#[derive(Debug, clap::Args)]
pub(super) struct Replay {
    /// A file that `midflow cassette record` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The first of two ports: the authority, and what tells of revoked certificates; 0 picks free ones
    #[arg(long, value_name = "N", default_value_t = FIRST_PORT)]
    port: u16,

    /// Where its keys are kept, and what a node needs to be pointed at it; `var/replay` of the policy folder without it
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// Callbacks come at once, and not after the time that they took
    #[arg(long)]
    at_once: bool,

    /// Once every recorded request of a kind has been made, the first of them comes again
    #[arg(long)]
    repeat: bool,
}

impl Replay {
    pub(super) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        logging::start_telling(common.format, "midflow::sandbox=info");
        runtime()?.block_on(self.serve(common))?;
        Ok(Ending::Good)
    }

    async fn serve(&self, common: &Common) -> Result<(), Failure> {
        let cassette = file::read(&self.file)?;
        let face = file::face_of(&cassette);
        let flows = cassette
            .messages
            .iter()
            .map(|message| message.flow)
            .max()
            .unwrap_or(0);
        let state = self
            .state
            .clone()
            .unwrap_or_else(|| common.dir.join("var").join("replay"));
        make_state_folder(&state)?;
        let sandbox = self.start(cassette, &state).await?;
        let settings = state.join("connector.yaml");
        lay_out(&sandbox, face, &state, &settings)?;
        let address = sandbox.bridge_address();
        let transport = face.as_str();
        let mut stop = Stop::listen()?;
        output::print(&match common.format {
            Format::Json => serde_json::json!({
                "ready": true, "authority": format!("https://{address}"), "transport": transport,
                "flows": flows, "settings": settings.display().to_string(),
            })
            .to_string(),
            Format::Text => self.welcome(&format!("https://{address}"), flows, face, &state),
        });
        stop.asked().await;
        let left = sandbox.handle().left_of_cassette();
        sandbox.shutdown().await;
        if common.format == Format::Text {
            output::print(&if left.is_empty() {
                "every recorded request was made".to_owned()
            } else {
                format!("nobody has asked for {}", left.join(", "))
            });
        }
        Ok(())
    }

    async fn start(&self, cassette: Cassette, state: &Path) -> Result<Sandbox, Failure> {
        let mut options = SandboxOptions::new(state.join("keys"));
        options.bridge = local(self.port, 0);
        options.phone = local(self.port, 1);
        options.replay = Some(ReplayOptions {
            at_once: self.at_once,
            repeat: self.repeat,
            ..ReplayOptions::new(cassette)
        });
        Authority::start(options)
            .await
            .map_err(|error| file::not_played(&self.file, error))
    }

    fn welcome(&self, authority: &str, flows: u32, face: Face, state: &Path) -> String {
        let own = match face {
            Face::Bridge | Face::Soap | Face::SoapText => "",
            Face::Gateway | Face::GatewayUnstamped | Face::Template => {
                "\n  its `transport` is the sandbox's; keep that of your own node, whose form was recorded"
            }
        };
        let dev = match face {
            Face::Template => String::new(),
            _ => format!(
                "\n  or without one: `midflow dev --cassette {}`",
                self.file.display()
            ),
        };
        format!(
            "{file}: {flows}, answered at {authority} as they were recorded\n\
             \n  a replayed stamp is the sandbox's: stamps and people's certificates are made anew, with keys of this machine\
             \n  ids, challenge, person, moments and callback address are those of your node; every other byte is as recorded\n\
             \n  a node of your own: put {folder}/connector.yaml in place of `connector` in its midflow.yaml,\
             \n  and callback.pem and callback.key of that folder in its `listeners.callback.tls`{own}\
             {dev}\n\nStop with Ctrl-C.",
            file = self.file.display(),
            flows = output::counted(usize::try_from(flows).unwrap_or_default(), "flow"),
            folder = state.display(),
        )
    }
}

/// Writes what a node needs to be pointed at the replay.
fn lay_out(sandbox: &Sandbox, face: Face, state: &Path, settings: &Path) -> Result<(), Failure> {
    let failed = |error| {
        Failure::new(format!("can't write into {}: {error}", state.display()))
            .remedy("name a writable folder with --state DIR")
    };
    let folder = fs::canonicalize(state).map_err(failed)?;
    let kuwait = sandbox
        .handle()
        .sp_settings()
        .lay_out(face, &folder)
        .map_err(failed)?;
    // JSON is YAML, and needs no second writer.
    let text = serde_json::to_string_pretty(&serde_json::json!({ "kuwait": kuwait })).unwrap_or_default();
    fs::write(settings, text + "\n").map_err(failed)
}

/// Beside those of `midflow dev`.
const FIRST_PORT: u16 = 8090;
