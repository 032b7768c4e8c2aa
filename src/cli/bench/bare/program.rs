use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::authority::Bridge;
use super::callback;
use super::e_service;
use super::flow::Flow;
use super::flow::Flows;
use super::row::Row;
use super::row::Step;
use super::settings::Settings;
use super::stamp::StampKey;
use super::store::NotDurable;
use super::store::Store;
use crate::cli::failure::Failure;
use crate::cli::node::Node;
use crate::cli::node::Socket;
use crate::cli::node::local;
use crate::cli::output;
use crate::cli::ready::Ready;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::http;

/// Runs the bare program as a file says until it is asked to stop. Once it listens it prints the line of a node that does.
pub(in crate::cli::bench) async fn serve(file: &Path) -> Result<(), Failure> {
    let settings = read(file)?;
    let api = Socket::open("the bare program's API", local(0, 0))?;
    let callback = Socket::open("the bare program's callback listener", local(0, 0))?;
    let ready = Ready {
        ready: true,
        api: Some(format!("http://{}", api.address)),
        callback: Some(format!("https://{}", callback.address)),
        ..Ready::default()
    };
    let pair = &settings.callback;
    let tls = http::callback_tls(
        pair.certificate.as_bytes(),
        pair.key.as_bytes(),
        SystemClock.now(),
    )
    .map_err(Failure::new)?;
    let program = Arc::new(Program {
        flows: Flows::default(),
        store: Store::open(&settings.store).await?,
        bridge: Bridge::new(&settings, callback.address)?,
        stamp: StampKey::pinned(&settings.stamp_signer)?,
        api_key: settings.api_key,
    });
    let mut node = Node::new()?;
    node.serve(api, e_service::router(Arc::clone(&program)), None);
    node.serve(callback, callback::router(program), Some(tls));
    output::print(&ready.to_line());
    node.run_alone().await
}

fn read(file: &Path) -> Result<Settings, Failure> {
    let fault = |problem: String| Failure::new(format!("the bare program's {}: {problem}", file.display()));
    let text = fs::read(file).map_err(|error| fault(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| fault(error.to_string()))
}

/// What both listeners share.
pub(super) struct Program {
    pub(super) flows: Flows,
    pub(super) store: Store,
    pub(super) bridge: Bridge,
    pub(super) stamp: StampKey,
    pub(super) api_key: String,
}

impl Program {
    /// Ends a flow: durably first, then for those who wait.
    pub(super) async fn end(&self, flow: &Flow, code: &'static str) -> Result<(), NotDurable> {
        let text = format!(r#"{{"outcome":"{code}"}}"#);
        self.store.append(Row::new(flow.id, Step::Ended, &text)).await?;
        flow.end(code);
        Ok(())
    }
}
