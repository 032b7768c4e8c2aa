use std::fs;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;
use tokio::process::Command;

use super::kept::Kept;
use super::measure::Plan;
use super::process::Process;
use super::process::write_secret;
use crate::cli::bench::folder::copy_for_load;
use crate::cli::failure::Failure;
use crate::engine::KeyFile;
use crate::sandbox::Sandbox;
use crate::words::Digest;

/// Starts `midflow serve`.
pub(super) async fn start(
    plan: &Plan<'_>,
    scratch: &Path,
    sandbox: &Sandbox,
    kept: &Kept,
) -> Result<Process, Failure> {
    let key = "bench-key".to_owned();
    let callback = free_port()?;
    let callback_url = format!("https://{callback}");
    sandbox
        .handle()
        .register_callback_base(&callback_url)
        .map_err(Failure::new)?;
    let policies = scratch.join("served");
    copy_for_load(plan.folder, &policies, &callback_url)?;
    let config = write_config(scratch, sandbox, callback, &key, kept)?;
    let mut command = Command::new(plan.program);
    command
        .args(["serve", "--format", "json", "--config"])
        .arg(config)
        .arg("--dir")
        .arg(policies);
    let (node, _) = Process::start("the node", &mut command, key).await?;
    Ok(node)
}

fn write_config(
    scratch: &Path,
    sandbox: &Sandbox,
    callback: SocketAddr,
    key: &str,
    kept: &Kept,
) -> Result<PathBuf, Failure> {
    let sp = sandbox.handle().sp_settings();
    let secret = |name: &str, text: &str| -> Result<String, Failure> {
        let path = scratch.join(name);
        write_secret(&path, text)?;
        Ok(path.display().to_string())
    };
    let certificate_policy: serde_json::Map<String, Value> = sp
        .assurance_policies
        .iter()
        .map(|(oid, level)| (oid.clone(), level.as_str().into()))
        .collect();
    let keys = scratch.join("midflow.key");
    KeyFile::read_or_make(&keys).map_err(Failure::new)?;
    let config = json!({
        "midflow": 1,
        "environment": "development",
        "store": kept.config,
        "secrets": scratch.join("secrets"),
        "keys": { "file": keys },
        "listeners": {
            "api": { "address": free_port()?.to_string() },
            "callback": { "address": callback.to_string(), "tls": {
                "certificate": secret("callback.pem", sp.callback_server.chain_pem())?,
                "key": secret("callback.key", sp.callback_server.key_pem())?,
            } },
        },
        "connector": { "kuwait": {
            "base_url": sp.bridge_url,
            "service_provider_id": sp.service_provider_id,
            "client": {
                "certificate": format!("file:{}", secret("sp.pem", sp.client.chain_pem())?),
                "key": format!("file:{}", secret("sp.key", sp.client.key_pem())?),
            },
            "server_ca": format!("file:{}", secret("ca.pem", &sp.authority_pem)?),
            "stamp": { "rule": "raw-members", "formats": ["rsa-sha256", "ecdsa-p256"], "signers": [
                { "certificate": format!("file:{}", secret("stamp.pem", &sp.stamp_signer_pem)?) }
            ] },
            "assurance": { "certificate_policy": certificate_policy },
        } },
        "clients": [ { "name": "bench", "key": Digest::of(key.as_bytes()) } ],
    });
    // JSON is YAML.
    let path = scratch.join("midflow.yaml");
    fs::write(&path, config.to_string()).map_err(Failure::new)?;
    Ok(path)
}

fn free_port() -> Result<SocketAddr, Failure> {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Failure::new)?;
    socket.local_addr().map_err(Failure::new)
}
