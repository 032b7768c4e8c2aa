use std::net::SocketAddr;
use std::path::PathBuf;

use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::config::TlsFiles;
use super::failure::Ending;
use super::failure::Failure;
use super::logging;
use super::node::Node;
use super::node::Socket;
use super::output;
use super::serve::load_tls;
use crate::audit::log::Cosigner;
use crate::audit::log::LogKey;
use crate::audit::log::VerifierKey;
use crate::engine::keep_key;
use crate::http;

/// `midflow witness`: cosigns the logs of others, best run by another department on a machine of its own.
#[derive(Debug, clap::Args)]
pub(crate) struct WitnessCommand {
    /// Where it listens; plain HTTP on this machine only
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,

    /// The folder with its key and the newest checkpoint of each log; made at the first start
    #[arg(long, value_name = "DIR")]
    store: PathBuf,

    /// The public key of a log that it cosigns, from the log.vkey of its node. May be given several times
    #[arg(long = "log", value_name = "KEY", required = true, value_parser = log_key)]
    logs: Vec<VerifierKey>,

    /// Its name, in signatures and for people
    #[arg(long, value_name = "NAME", default_value = "midflow-witness")]
    name: String,

    /// Its certificate and the intermediates, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// The key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
}

impl WitnessCommand {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        logging::start(common.format);
        runtime()?.block_on(self.serve(common))?;
        Ok(Ending::Good)
    }

    async fn serve(&self, common: &Common) -> Result<(), Failure> {
        let tls = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                let files = TlsFiles {
                    certificate: certificate.clone(),
                    key: key.clone(),
                };
                Some(load_tls(&files, http::public_tls)?)
            }
            _ if self.listen.ip().is_loopback() => None,
            _ => {
                return Err(Failure::new(format!("the witness would speak plain HTTP on {}", self.listen))
                    .remedy("give it --tls-certificate and --tls-key, or a loopback address behind a proxy of yours"));
            }
        };
        std::fs::create_dir_all(&self.store).map_err(|error| {
            Failure::new(format!("can't make the folder {}: {error}", self.store.display()))
        })?;
        let pkcs8 = keep_key(&self.store.join("witness-ed25519.pk8")).map_err(Failure::new)?;
        let key = LogKey::of_witness(&self.name, &pkcs8).map_err(Failure::new)?;
        let public = key.verifier().to_string();
        let cosigner = Cosigner::new(key).ok_or_else(|| Failure::new("the key is none of a witness"))?;
        let socket = Socket::open("the witness", self.listen)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", socket.address);
        let router = http::witness(http::WitnessSettings {
            folder: self.store.clone(),
            cosigner,
            logs: self.logs.clone(),
            clock: http::PageClock::system(),
        });
        let mut node = Node::new()?;
        node.serve(socket, router, tls);
        output::print(&match common.format {
            Format::Json => serde_json::json!({ "ready": true, "witness": url, "key": public }).to_string(),
            Format::Text => format!(
                "the witness cosigns {} logs\n  url       {url}\n  key       {public}",
                self.logs.len()
            ),
        });
        node.run_alone().await
    }
}

fn log_key(text: &str) -> Result<VerifierKey, String> {
    VerifierKey::parse(text).map_err(|error| error.to_string())
}
