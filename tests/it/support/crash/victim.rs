use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use midflow::connector::kuwait::ClientIdentity;
use midflow::connector::kuwait::KuwaitSettings;
use midflow::connector::kuwait::SignerPin;
use midflow::connector::kuwait::Source;
use midflow::engine::KeyFile;
use midflow::sandbox::SpSettings;
use midflow::words::Digest;
use serde_json::Value;
use serde_json::json;
use tokio::sync::oneshot;

use super::dice::Dice;
use super::manner::FAR_DEADLINE;
use super::manner::NEAR_DEADLINE;
use crate::support::node::served_policies;

/// A `midflow serve` in a process of its own, made to be killed and started again over the same folder.
pub struct Victim {
    folder: PathBuf,
    api: u16,
    callback: u16,
    child: Option<Child>,
}

/// A process that has been started and may not serve yet.
pub struct Starting {
    since: Instant,
    line: oneshot::Receiver<String>,
}

/// What the node said when it was ready.
pub struct Ready {
    /// From the start of the process to its word that it serves: the recovery included.
    pub took: Duration,
    /// The key of outcome notices.
    pub webhook_key: String,
}

impl Victim {
    /// Writes everything that the node needs into a folder.
    pub fn lay_out(folder: PathBuf, authority: &SpSettings, dice: &Dice) -> Self {
        fs::create_dir_all(&folder).unwrap();
        let (api, callback) = (free_port(dice), free_port(dice));
        let victim = Self {
            folder,
            api,
            callback,
            child: None,
        };
        victim.write_keys(authority);
        KeyFile::make(&victim.key()).unwrap();
        victim.write_policies();
        let config = victim.config(authority).to_string();
        fs::write(victim.folder.join("midflow.yaml"), config).unwrap();
        victim
    }

    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.api)
    }

    pub fn callback_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.callback)
    }

    pub fn store(&self) -> PathBuf {
        self.folder.join("store").join("midflow.db")
    }

    pub fn secrets(&self) -> PathBuf {
        self.folder.join("secrets")
    }

    /// The file of the key that wraps the keys of the store.
    pub fn key(&self) -> PathBuf {
        self.folder.join("midflow.key")
    }

    /// Starts the process.
    pub fn spawn(&mut self) -> Starting {
        self.kill();
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        let since = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_midflow"))
            .arg("serve")
            .arg("--config")
            .arg(self.folder.join("midflow.yaml"))
            .arg("--dir")
            .arg(&self.folder)
            .args(["--format", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let (tell, line) = oneshot::channel();
        let out = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            let mut text = String::new();
            if BufReader::new(out).read_line(&mut text).is_ok() {
                let _ = tell.send(text);
            }
        });
        self.child = Some(child);
        Starting { since, line }
    }

    /// SIGKILL; returns once the process is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGTERM; waits for the process to end by itself.
    pub fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let asked = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", child.id())])
            .status();
        assert!(asked.unwrap().success(), "the process can't be asked to stop");
        child.wait().unwrap()
    }

    /// Everything the node has written into its log.
    pub fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.folder.join("victim.log")
    }

    fn write_keys(&self, authority: &SpSettings) {
        for (name, text) in [
            ("sp.pem", authority.client.chain_pem()),
            ("sp.key", authority.client.key_pem()),
            ("authority.pem", &authority.authority_pem),
            ("stamp.pem", &authority.stamp_signer_pem),
            ("callback.pem", authority.callback_server.chain_pem()),
            ("callback.key", authority.callback_server.key_pem()),
        ] {
            write_private(&self.folder.join(name), text);
        }
    }

    /// The repository's licence renewal with limits and deadlines that fit a load, and a journey.
    fn write_policies(&self) {
        let served = served_policies();
        let read = |name: &str| fs::read_to_string(served.join(name)).unwrap();
        fs::create_dir_all(self.folder.join("policies/services")).unwrap();
        fs::create_dir_all(self.folder.join("scripts")).unwrap();
        let organization = format!(
            "{}  development:\n    callback_base_url: {}\n    public_ips: [\"127.0.0.1/32\"]\n",
            read("policies/organization.yaml"),
            self.callback_url()
        );
        fs::write(self.folder.join("policies/organization.yaml"), organization).unwrap();
        let name = "policies/services/licence-renewal.yaml";
        let limits = "limits: { per_person: 1000/1m, per_service: 10000/s }";
        let service = replaced(
            &read(name),
            "limits: { per_person: 3/10m, per_service: 200/s }",
            limits,
        );
        fs::write(self.folder.join(name), service).unwrap();
        let name = "scripts/licence-renewal.rhai";
        let near = format!("expires_in: \"{}s\"", NEAR_DEADLINE.as_secs());
        let script = replaced(
            &read(name),
            "return tighten(#{ assurance: \"high\", expires_in: \"3m\" });\n    }",
            &format!(
                "return tighten(#{{ assurance: \"high\", {near} }});\n    }}\n    \
                 return tighten(#{{ expires_in: \"{}s\" }});",
                FAR_DEADLINE.as_secs()
            ),
        );
        fs::write(self.folder.join(name), script).unwrap();
        let steps = self.folder.join("policies/services/three-steps.yaml");
        fs::write(steps, THREE_STEPS).unwrap();
        let seconds = |deadline: Duration| format!("{}s", deadline.as_secs());
        let script = THREE_STEPS_SCRIPT
            .replace("NEAR", &seconds(NEAR_DEADLINE))
            .replace("FAR", &seconds(FAR_DEADLINE));
        fs::write(self.folder.join("scripts/three-steps.rhai"), script).unwrap();
    }

    /// JSON is YAML too.
    fn config(&self, authority: &SpSettings) -> Value {
        let file = |name: &str| Source::File(self.folder.join(name));
        let kuwait = KuwaitSettings::for_sandbox(
            authority.bridge_url.clone(),
            authority.service_provider_id.clone(),
            ClientIdentity {
                certificate: file("sp.pem"),
                key: file("sp.key"),
            },
            file("authority.pem"),
            SignerPin::Certificate(file("stamp.pem")),
        );
        let tls = json!({ "certificate": "callback.pem", "key": "callback.key" });
        json!({
            "midflow": 1,
            "environment": "development",
            "store": { "sqlite": "store/midflow.db" },
            "secrets": "secrets",
            "keys": { "file": "midflow.key" },
            "listeners": {
                "api": { "address": format!("127.0.0.1:{}", self.api) },
                "callback": { "address": format!("127.0.0.1:{}", self.callback), "tls": tls },
            },
            "connector": { "kuwait": kuwait },
            "clients": [{ "name": CLIENT, "key": Digest::of(CLIENT_KEY.as_bytes()).to_string() }],
        })
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Starting {
    /// Waits until the node serves.
    ///
    /// # Errors
    /// When it ends before, or says nothing for too long.
    pub async fn ready(self) -> Result<Ready, String> {
        let line = tokio::time::timeout(LONGEST_START, self.line).await;
        let took = self.since.elapsed();
        let line = line
            .map_err(|_| "the node is not ready after a minute".to_owned())?
            .map_err(|_| "the node has ended before it was ready".to_owned())?;
        let said: Value = serde_json::from_str(&line).map_err(|_| format!("the node said `{line}`"))?;
        let webhook_key = said["webhook_key"].as_str().unwrap_or_default().to_owned();
        Ok(Ready { took, webhook_key })
    }
}

fn write_private(path: &Path, text: &str) {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// The policies of this repository may change, but not unseen.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "`{from}` is not there any more");
    text.replace(from, to)
}

/// A port below those that the system gives to outgoing connections: one of these could take the port of a
/// node that has just been killed, or connect to itself.
fn free_port(dice: &Dice) -> u16 {
    loop {
        let port = 20_000 + u16::try_from(dice.below(12_000)).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// The e-service by name, and its key.
pub const CLIENT: &str = "portal";
pub const CLIENT_KEY: &str = "the key of the crash test";
/// A service whose steps everybody goes through without a page.
const THREE_STEPS: &str = include_str!("three-steps.yaml");
const THREE_STEPS_SCRIPT: &str = include_str!("three-steps.rhai");
const LONGEST_START: Duration = Duration::from_secs(60);
