//! An engine inside your own program: start it, ask one person, read the outcome.
//!
//! Run it with `cargo run --example embed`. It talks to the sandbox; for the real authority, make the connector
//! with `Kuwait::open` from your settings.

#![expect(clippy::print_stdout, reason = "an example tells what it does")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use midflow::engine::Clock as _;
use midflow::engine::Engine;
use midflow::engine::EngineParts;
use midflow::engine::FlowView;
use midflow::engine::KeyFile;
use midflow::engine::Secrets;
use midflow::engine::StartFlow;
use midflow::engine::SystemClock;
use midflow::http;
use midflow::sandbox::Authority;
use midflow::sandbox::SandboxOptions;
use midflow::store::Sealed;
use midflow::store::Sqlite;
use midflow::words::CivilNo;
use midflow::words::Environment;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let state = tempfile::tempdir()?;
    let view = sign_in(state.path()).await?;
    println!("{}", serde_json::to_string_pretty(&view.to_json())?);
    Ok(())
}

/// Starts everything, asks a citizen of the sandbox who approves, and gives the ended flow.
pub async fn sign_in(state: &std::path::Path) -> Result<FlowView, Box<dyn Error>> {
    // The authority. Yours is real; this one is the sandbox.
    let authority = Authority::start(SandboxOptions::new(state.join("sandbox"))).await?;
    let sp = authority.handle().sp_settings();

    // Where it answers: a listener with TLS 1.3, on a port of its own.
    let socket = http::bind("callback", "127.0.0.1:0".parse()?)?;
    let url = format!("https://{}", socket.local_addr()?);
    authority.handle().register_callback_base(&url)?;

    // The engine, over the policies of this repository and a store of its own.
    let key = KeyFile::read_or_make(&state.join("midflow.key"))?;
    let store = Arc::new(Sqlite::open(state.join("midflow.db")).await?);
    let store = Sealed::open(store, Arc::new(key), Environment::Development, SystemClock.now()).await?;
    let secrets = Secrets::open(&state.join("secrets"))?;
    let mut parts = EngineParts::new(
        env!("CARGO_MANIFEST_DIR"),
        store,
        sp.connector(SystemClock.now())?,
        secrets,
    );
    parts.options.callback_base_url = url;
    let engine = Engine::start(parts).await?;

    let identity = &sp.callback_server;
    let tls = http::callback_tls(
        identity.chain_pem().as_bytes(),
        identity.key_pem().as_bytes(),
        SystemClock.now(),
    )?;
    let callbacks = http::callback(Arc::new(engine.clone()));
    tokio::spawn(http::serve(
        socket,
        callbacks,
        Some(Arc::new(tls)),
        http::Handle::new(),
    ));

    // One flow.
    let person = CivilNo::parse("399123100017")?;
    let ask = StartFlow::push("my-app", "licence-renewal", person).input("licence", "1234567");
    let started = engine.start_flow(ask).await?;
    println!(
        "compare the number on the phone: {}",
        started.view.challenge.grouped()
    );
    let ended = engine
        .wait("my-app", started.view.flow, Duration::from_secs(30))
        .await?;
    engine.shutdown().await;
    authority.shutdown().await;
    Ok(ended)
}
