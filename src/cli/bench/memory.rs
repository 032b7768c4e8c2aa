use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::process::usage;
use super::table::Row;
use crate::audit::Recorded;
use crate::cli::failure::Failure;
use crate::cli::sealing::sealed_for_development;
use crate::connector::Claims;
use crate::connector::Conclusion;
use crate::connector::Connector;
use crate::connector::Expected;
use crate::connector::Outbound;
use crate::connector::PrepareError;
use crate::connector::Reply;
use crate::connector::ReplyMeaning;
use crate::connector::Request;
use crate::connector::Verdict;
use crate::engine::Engine;
use crate::engine::EngineParts;
use crate::engine::Secrets;
use crate::engine::StartFlow;
use crate::store::Sqlite;
use crate::words::CivilNo;

/// Memory that so many waiting flows take, beyond what the engine takes without them.
pub(super) async fn measure(folder: &Path, state: &Path, flows: u32) -> Result<Row, Failure> {
    let store = Sqlite::open(state.join("memory.db"))
        .await
        .map_err(Failure::new)?;
    let store = sealed_for_development(store, state).await?;
    let secrets = Secrets::open(&state.join("memory-secrets")).map_err(Failure::new)?;
    let mut parts = EngineParts::new(folder, store, Silent, secrets);
    parts.options.callback_base_url = "https://127.0.0.1:1".to_owned();
    let engine = Engine::start(parts).await.map_err(Failure::new)?;
    let person = CivilNo::parse("399123100017").map_err(Failure::new)?;
    begin(&engine, &person, 100).await?;
    let before = usage(std::process::id()).resident;
    begin(&engine, &person, flows).await?;
    let after = usage(std::process::id()).resident;
    engine.shutdown().await;
    let megabytes = after.saturating_sub(before) / 1_000_000;
    let each = after.saturating_sub(before) / u64::from(flows.max(1));
    Ok(Row::new(
        format!("memory of {flows} waiting flows"),
        format!("{megabytes} MB"),
        String::new(),
        format!("{each} bytes a flow"),
    ))
}

async fn begin(engine: &Engine, person: &CivilNo, flows: u32) -> Result<(), Failure> {
    let limit = Arc::new(tokio::sync::Semaphore::new(256));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..flows {
        let permit = Arc::clone(&limit).acquire_owned().await.map_err(Failure::new)?;
        let (engine, person) = (engine.clone(), person.clone());
        tasks.spawn(async move {
            let _permit = permit;
            let ask = StartFlow::push("bench", "licence-renewal", person).input("licence", "1234567");
            engine.start_flow(ask).await.map(|_| ())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(Failure::new)?.map_err(Failure::new)?;
    }
    // The replies are still being recorded; a moment later every flow waits.
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(())
}

/// An authority that takes every request and never answers.
#[derive(Debug)]
pub(super) struct Silent;

#[async_trait]
impl Connector for Silent {
    fn name(&self) -> &str {
        "silent"
    }

    fn prepare(&self, request: &Request) -> Result<Outbound, PrepareError> {
        Ok(Outbound {
            flow: request.flow,
            attempt: request.attempt,
            operation: "Ask",
            body: Bytes::from_static(b"{}"),
        })
    }

    async fn send(&self, _outbound: Recorded<Outbound>) -> Reply {
        Reply {
            body: None,
            meaning: ReplyMeaning::Accepted { request_id: None },
        }
    }

    fn examine(&self, _body: &[u8], _expected: &Expected<'_>) -> Verdict {
        Verdict {
            approver: None,
            signature: None,
            checks: Vec::new(),
            conclusion: Conclusion::Rejected,
            claims: Claims::default(),
        }
    }
}
