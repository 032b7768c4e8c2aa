use std::path::Path;

use tokio::process::Command;

use super::kept::Kept;
use super::process::Process;
use super::process::write_secret;
use crate::cli::bench::bare::Pair;
use crate::cli::bench::bare::Settings;
use crate::cli::failure::Failure;
use crate::sandbox::Identity;
use crate::sandbox::ProviderOptions;
use crate::sandbox::Sandbox;
use crate::words::Text;

/// Under which the bare program is registered: the sandbox calls each provider back at an address of its own.
pub(super) fn provider() -> ProviderOptions {
    ProviderOptions {
        id: PROVIDER.to_owned(),
        name: Text::new("برنامج المقارنة", "Bare program"),
    }
}

/// Starts the bare program of this build, whichever build the node is of.
pub(super) async fn start(scratch: &Path, sandbox: &Sandbox, kept: &Kept) -> Result<Process, Failure> {
    let sandbox = sandbox.handle();
    let sp = sandbox
        .sp_settings_of(PROVIDER)
        .ok_or_else(|| Failure::new("the sandbox does not know the bare program"))?;
    let key = "bare-key".to_owned();
    let settings = Settings {
        api_key: key.clone(),
        bridge_url: sp.bridge_url,
        service_provider_id: sp.service_provider_id,
        server_ca: sp.authority_pem,
        client: pair(&sp.client),
        callback: pair(&sp.callback_server),
        stamp_signer: sp.stamp_signer_pem,
        store: kept.bare.clone(),
    };
    let file = scratch.join("bare.json");
    write_secret(&file, &serde_json::to_string(&settings).map_err(Failure::new)?)?;
    let mut command = Command::new(std::env::current_exe().map_err(Failure::new)?);
    command.args(["bench", "--format", "json", "--bare"]).arg(file);
    let (process, ready) = Process::start("the bare program", &mut command, key).await?;
    sandbox
        .register_callback_base_of(PROVIDER, &ready.callback.unwrap_or_default())
        .map_err(Failure::new)?;
    Ok(process)
}

fn pair(identity: &Identity) -> Pair {
    Pair {
        certificate: identity.chain_pem().to_owned(),
        key: identity.key_pem().to_owned(),
    }
}

const PROVIDER: &str = "00000000-0000-4000-8000-00000000ba5e";
