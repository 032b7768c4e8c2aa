use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncBufReadExt as _;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::process::Command;

use crate::cli::failure::Failure;
use crate::cli::ready::Ready;

/// A measured program in a process of its own: the node, or the bare program. It is killed when this is dropped.
pub(super) struct Process {
    child: Child,
    pub(super) pid: u32,
    /// The base URL of its API.
    pub(super) api: String,
    /// The key that its e-service shows.
    pub(super) key: String,
    client: reqwest::Client,
}

impl Process {
    /// Starts a program and reads the line that it prints once it listens. `name` is what it is called in errors.
    pub(super) async fn start(
        name: &str,
        command: &mut Command,
        key: String,
    ) -> Result<(Self, Ready), Failure> {
        let mut child = command
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(Failure::new)?;
        let pid = child.id().unwrap_or(0);
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| Failure::new(format!("{name} has no output")))?;
        let line = BufReader::new(stdout)
            .lines()
            .next_line()
            .await
            .map_err(Failure::new)?;
        let ready: Ready = serde_json::from_str(&line.unwrap_or_default())
            .map_err(|_| Failure::new(format!("{name} did not start; its own message stands above")))?;
        let process = Self {
            child,
            pid,
            api: ready.api.clone().unwrap_or_default(),
            key,
            client: client()?,
        };
        Ok((process, ready))
    }

    /// How many commits it has made, from its metrics.
    pub(super) async fn commits(&self) -> Result<u64, Failure> {
        let text = self
            .client
            .get(format!("{}/metrics", self.api))
            .send()
            .await
            .map_err(Failure::new)?;
        let text = text.text().await.map_err(Failure::new)?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("midflow_recorder_commits "));
        line.and_then(|count| count.parse().ok())
            .ok_or_else(|| Failure::new("the metrics of a measured program tell no commits"))
    }

    /// Stops it as an operator does: a build that counts what runs writes its counts at a good end only. Its store is thrown
    /// away, so one that does not end soon is killed.
    pub(super) async fn stop(mut self) {
        let _ = Command::new("kill").arg(self.pid.to_string()).status().await;
        if tokio::time::timeout(END_TIME, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// A client to this machine.
pub(super) fn client() -> Result<reqwest::Client, Failure> {
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .map_err(Failure::new)
}

/// Writes a file that only this user reads.
pub(super) fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        fs::write(path, text)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))
    };
    write().map_err(|error| Failure::new(format!("can't write {}: {error}", path.display())))
}

const END_TIME: Duration = Duration::from_secs(10);
