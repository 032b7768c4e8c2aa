use std::fs;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::process::Command;

use super::callbacks::Sample;
use super::folder::copy_for_load;
use super::process::usage;
use super::table::Row;
use super::table::per_second;
use super::table::times;
use crate::cli::failure::Failure;
use crate::connector::kuwait::Kuwait;
use crate::engine::Clock as _;
use crate::engine::KeyFile;
use crate::engine::SystemClock;
use crate::sandbox::Authority;
use crate::sandbox::Ending;
use crate::sandbox::Sandbox;
use crate::sandbox::SandboxOptions;
use crate::store::PostgresCluster;
use crate::words::Digest;
use crate::words::Purpose;

/// Whole flows through a node in a process of its own: the e-service's call, the request over mutual TLS, the
/// stamped callback over TLS 1.3, four durable commits, and the answer by long poll.
///
/// The sandbox and the load share the machine with the node, so the rate is the machine's; the processor time
/// is the node's alone.
pub(super) struct Flows {
    pub(super) rows: Vec<Row>,
    /// The connector, and a callback that it approves, for the measurement of callbacks.
    pub(super) connector: Kuwait,
    pub(super) sample: Sample,
}

/// Where the measured node keeps its things, as its configuration says it.
pub(super) struct Kept {
    name: &'static str,
    config: Value,
}

impl Kept {
    /// A file in the scratch folder.
    pub(super) fn sqlite(scratch: &Path) -> Self {
        Self {
            name: "",
            config: json!({ "sqlite": scratch.join("bench.db") }),
        }
    }

    /// A database of its own on this server.
    pub(super) async fn postgres(cluster: &PostgresCluster) -> Result<Self, Failure> {
        let settings = cluster.database().await.map_err(Failure::new)?;
        let owner = settings.owner.as_ref().map(|owner| json!({ "user": owner.name }));
        Ok(Self {
            name: " on PostgreSQL",
            config: json!({ "postgres": {
                "host": settings.host, "port": settings.port, "database": settings.database,
                "user": settings.runs_as.name, "owner": owner,
            } }),
        })
    }
}

/// What is measured, and how long.
pub(super) struct Plan<'a> {
    /// The program whose node is measured.
    pub(super) program: &'a Path,
    /// Holds the policies.
    pub(super) folder: &'a Path,
    /// Flows at a time.
    pub(super) in_flight: usize,
    /// About how long.
    pub(super) time: Duration,
    /// The disk's own rate, a second: the control.
    pub(super) syncs: f64,
}

/// Measures flows for about as long as planned.
pub(super) async fn measure(plan: &Plan<'_>, scratch: &Path, kept: &Kept) -> Result<Flows, Failure> {
    let name = kept.name;
    let (in_flight, time, syncs) = (plan.in_flight, plan.time, plan.syncs);
    let sandbox = sandbox(scratch).await?;
    let connector = sandbox
        .handle()
        .sp_settings()
        .connector(SystemClock.now())
        .map_err(Failure::new)?;
    let requested_at = SystemClock.now();
    let mut node = Node::start(plan, scratch, &sandbox, kept).await?;
    let load = Load::new(&node, &sandbox)?;
    load.run(in_flight, Duration::from_millis(500)).await?;
    let (commits, used) = (node.commits().await?, usage(node.pid).cpu);
    let start = Instant::now();
    let flows = load.run(in_flight, time).await?;
    let elapsed = start.elapsed().as_secs_f64();
    let (commits, used) = (
        node.commits().await? - commits,
        usage(node.pid).cpu.saturating_sub(used),
    );
    let resident = usage(node.pid).resident / 1_000_000;
    let sample = sample(&sandbox, requested_at)?;
    node.stop().await;
    sandbox.shutdown().await;

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (flows, commits) = (flows as f64, commits as f64);
    let rate = flows / elapsed;
    let rows = vec![
        Row::new(
            format!("whole flows{name}, {in_flight} in flight (disk syncs)"),
            per_second(rate),
            per_second(syncs),
            times(rate / syncs),
        ),
        Row::new(
            format!("flows{name} to a disk sync"),
            format!("{:.1}", flows / commits.max(1.0)),
            format!("{:.0} commits/s", commits / elapsed),
            format!("{resident} MB resident"),
        ),
        Row::new(
            format!("processor time of the node a flow{name}"),
            format!("{:.3} ms", used.as_secs_f64() * 1e3 / flows.max(1.0)),
            String::new(),
            String::new(),
        ),
    ];
    Ok(Flows {
        rows,
        connector,
        sample,
    })
}

async fn sandbox(scratch: &Path) -> Result<Sandbox, Failure> {
    let mut options = SandboxOptions::new(scratch.join("sandbox"));
    options.crowd = 4_000;
    options.open_per_person = None;
    Authority::start(options).await.map_err(Failure::new)
}

fn sample(sandbox: &Sandbox, requested_at: crate::words::Timestamp) -> Result<Sample, Failure> {
    let ledger = sandbox.handle().ledger();
    let sent = ledger
        .sent
        .last()
        .ok_or_else(|| Failure::new("the sandbox has sent no callback"))?;
    let body = sandbox
        .handle()
        .callback_body(&sent.digest)
        .ok_or_else(|| Failure::new("the sandbox has forgotten its callback"))?;
    Ok(Sample {
        body,
        requested_at,
        received_at: SystemClock.now(),
    })
}

/// `midflow serve` as a process of its own.
struct Node {
    child: Child,
    pid: u32,
    api: String,
    key: String,
    client: reqwest::Client,
}

impl Node {
    async fn start(plan: &Plan<'_>, scratch: &Path, sandbox: &Sandbox, kept: &Kept) -> Result<Self, Failure> {
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
        let mut child = Command::new(plan.program)
            .args(["serve", "--format", "json", "--config"])
            .arg(config)
            .arg("--dir")
            .arg(policies)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(Failure::new)?;
        let pid = child.id().unwrap_or(0);
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| Failure::new("the node has no output"))?;
        let line = BufReader::new(stdout)
            .lines()
            .next_line()
            .await
            .map_err(Failure::new)?;
        let ready: Value = serde_json::from_str(&line.unwrap_or_default())
            .map_err(|_| Failure::new("the node did not start; its own message stands above"))?;
        let api = ready["api"].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            child,
            pid,
            api,
            key,
            client: client()?,
        })
    }

    /// How many commits the recorder has made, from the node's metrics.
    async fn commits(&self) -> Result<u64, Failure> {
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
            .ok_or_else(|| Failure::new("the node's metrics tell no commits"))
    }

    async fn stop(&mut self) {
        // Its store is thrown away: no need to ask politely.
        let _ = self.child.kill().await;
    }
}

fn client() -> Result<reqwest::Client, Failure> {
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .map_err(Failure::new)
}

fn write_config(
    scratch: &Path,
    sandbox: &Sandbox,
    callback: SocketAddr,
    key: &str,
    kept: &Kept,
) -> Result<std::path::PathBuf, Failure> {
    let sp = sandbox.handle().sp_settings();
    let secret = |name: &str, text: &str| -> Result<String, Failure> {
        use std::os::unix::fs::PermissionsExt as _;
        let path = scratch.join(name);
        fs::write(&path, text).map_err(Failure::new)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(Failure::new)?;
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

/// E-services that begin flows and wait for their outcome.
struct Load {
    api: String,
    key: String,
    client: reqwest::Client,
    people: Vec<String>,
    next: AtomicUsize,
}

impl Load {
    fn new(node: &Node, sandbox: &Sandbox) -> Result<Arc<Self>, Failure> {
        let handle = sandbox.handle();
        let people = handle
            .citizens()
            .iter()
            .filter(|citizen| citizen.ending == Ending::Approves);
        Ok(Arc::new(Self {
            api: node.api.clone(),
            key: node.key.clone(),
            client: client()?,
            people: people
                .map(|citizen| citizen.civil_no.expose(Purpose::Wire).to_owned())
                .collect(),
            next: AtomicUsize::new(0),
        }))
    }

    /// Keeps so many flows in flight for about this long; gives how many were approved.
    async fn run(self: &Arc<Self>, in_flight: usize, time: Duration) -> Result<usize, Failure> {
        let end = Instant::now() + time;
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..in_flight {
            let load = Arc::clone(self);
            workers.spawn(async move {
                let mut done = 0;
                while Instant::now() < end {
                    load.one().await?;
                    done += 1;
                }
                Ok::<usize, Failure>(done)
            });
        }
        let mut total = 0;
        while let Some(worker) = workers.join_next().await {
            total += worker.map_err(Failure::new)??;
        }
        Ok(total)
    }

    async fn one(&self) -> Result<(), Failure> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.people.len().max(1);
        let person = self
            .people
            .get(at)
            .ok_or_else(|| Failure::new("the sandbox has no crowd"))?;
        let ask = json!({
            "service": "licence-renewal", "capability": "auth_push", "channel": "web", "locale": "ar",
            "person": { "civil_no": person }, "inputs": { "licence": "1234567" },
        });
        let begun = self
            .call(self.client.post(format!("{}/v1/flows", self.api)).json(&ask))
            .await?;
        let flow = begun["flow"].as_str().unwrap_or_default();
        let ended = self
            .call(self.client.get(format!("{}/v1/flows/{flow}?wait=30", self.api)))
            .await?;
        match ended["outcome"]["code"].as_str() {
            Some("approved") => Ok(()),
            other => Err(Failure::new(format!(
                "a flow of the load ended as {other:?}: {begun}"
            ))),
        }
    }

    async fn call(&self, request: reqwest::RequestBuilder) -> Result<Value, Failure> {
        let answer = request
            .bearer_auth(&self.key)
            .send()
            .await
            .map_err(Failure::new)?;
        answer.json().await.map_err(Failure::new)
    }
}
