//! Catalogs that are swapped under load, one after the other, the bad among them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use midflow::audit::Recorded;
use midflow::connector::Claims;
use midflow::connector::Conclusion;
use midflow::connector::Connector;
use midflow::connector::Expected;
use midflow::connector::Outbound;
use midflow::connector::PrepareError;
use midflow::connector::Reply;
use midflow::connector::ReplyMeaning;
use midflow::connector::Request;
use midflow::connector::Verdict;
use midflow::engine::Engine;
use midflow::engine::EngineParts;
use midflow::engine::Reload;
use midflow::engine::Secrets;
use midflow::engine::StartFlow;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::FlowId;
use midflow::words::Outcome;

use crate::support::node::CLIENT;
use crate::support::node::PERSON;
use crate::support::policy_folder;
use crate::support::store::sealed_store;

// Law 10, rules R10 and R11: 200 swaps under load, 10,000 with MIDFLOW_SOAK=1, every fifth of them bad. No flow fails,
// and none is decided by a file of one catalog and a file of another.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn swaps_under_load_mix_nothing_and_fail_nothing() {
    let swaps = if std::env::var_os("MIDFLOW_SOAK").is_some() {
        10_000
    } else {
        200
    };
    let ground = Ground::lay().await;
    let load: Vec<_> = (0..8)
        .map(|_| tokio::spawn(ground.clone().flows_until_stopped()))
        .collect();
    let begun = Instant::now();
    let (mut good, mut bad) = (0, 0);
    for number in 1..=swaps {
        let active = ground.engine.catalog().digest();
        if number % 5 == 0 {
            ground.files.write_bad(number);
            let refused = ground.engine.reload(&ground.files.folder, "test").await;
            assert!(matches!(refused, Reload::Refused(_)), "{refused:?}");
            assert_eq!(ground.engine.catalog().digest(), active);
            bad += 1;
        } else {
            ground.files.write(number);
            let activated = ground.engine.reload(&ground.files.folder, "test").await;
            let Reload::Activated(digest) = activated else {
                panic!("{activated:?}");
            };
            assert_ne!(digest, active);
            ground.versions.lock().unwrap().insert(digest, number);
            good += 1;
        }
    }
    let took = begun.elapsed();
    ground.stop.store(true, Ordering::Relaxed);
    for flows in load {
        flows.await.unwrap();
    }
    let flows = ground.ended.lock().unwrap().clone();
    let mut seen = HashMap::new();
    for flow in &flows {
        let version = ground.versions.lock().unwrap()[&flow.catalog];
        let expected = Seen {
            catalog: flow.catalog,
            notice: format!("data {version}"),
            reason: format!("reason {version}"),
            seconds: seconds(version),
            answer: format!("script {version}"),
        };
        assert_eq!(*flow, expected);
        *seen.entry(version).or_insert(0) += 1;
    }
    println!(
        "{good} good and {bad} bad swaps in {took:?}; {} flows under {} catalogs",
        flows.len(),
        seen.len()
    );
    assert_eq!(
        ground.begun.load(Ordering::Relaxed),
        flows.len(),
        "every flow that began has ended"
    );
    assert!(seen.len() > 10, "the load saw {} catalogs", seen.len());
    // Every catalog that was active can be again.
    let kept = ground.engine.activations(u32::MAX).await.unwrap();
    assert_eq!(kept.len(), good + 1);
    ground.engine.shutdown().await;
}

/// What a flow has met of the catalogs: twice of a YAML file, twice of its script.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    catalog: Digest,
    notice: String,
    reason: String,
    seconds: u64,
    answer: String,
}

#[derive(Clone)]
struct Ground {
    engine: Engine,
    authority: Arc<Echo>,
    files: Arc<Files>,
    versions: Arc<Mutex<HashMap<Digest, usize>>>,
    ended: Arc<Mutex<Vec<Seen>>>,
    begun: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    _temporary: Arc<(tempfile::TempDir, tempfile::TempDir)>,
}

impl Ground {
    async fn lay() -> Self {
        let (policies, state) = (policy_folder::with_wide_limits(), tempfile::tempdir().unwrap());
        let files = Files::below(policies.path());
        files.write(0);
        let authority = Arc::new(Echo::default());
        let store = sealed_store(state.path()).await;
        let secrets = Secrets::open(&state.path().join("secrets")).unwrap();
        let mut parts = EngineParts::new(policies.path(), store, Echo::default(), secrets);
        parts.connector = authority.clone();
        parts.options.callback_base_url = "https://callback.example".to_owned();
        let engine = Engine::start(parts).await.unwrap();
        let first = engine.catalog().digest();
        Self {
            engine,
            authority,
            files: Arc::new(files),
            versions: Arc::new(Mutex::new(HashMap::from([(first, 0)]))),
            ended: Arc::default(),
            begun: Arc::default(),
            stop: Arc::default(),
            _temporary: Arc::new((policies, state)),
        }
    }

    async fn flows_until_stopped(self) {
        while !self.stop.load(Ordering::Relaxed) {
            self.flow().await;
        }
    }

    async fn flow(&self) {
        let person = CivilNo::parse(PERSON).unwrap();
        let ask = StartFlow::push(CLIENT, "swapped", person);
        let started = self.engine.start_flow(ask).await.unwrap();
        self.begun.fetch_add(1, Ordering::Relaxed);
        let flow = started.view.flow;
        let (token, reason) = loop {
            if let Some(asked) = self.authority.asked.lock().unwrap().remove(&flow) {
                break asked;
            }
            tokio::task::yield_now().await;
        };
        let body = Bytes::from_static(b"declined.by_user");
        self.engine.callback(&token, "192.0.2.1".to_owned(), body).await;
        let view = self
            .engine
            .wait(CLIENT, flow, Duration::from_secs(60))
            .await
            .unwrap();
        assert_eq!(view.outcome, Some(Outcome::DeclinedByUser), "a flow failed");
        let micros = view.expires_at.as_micros() - view.created_at.as_micros();
        let seen = Seen {
            catalog: view.catalog,
            notice: started.notices.data_use.en.clone(),
            reason,
            seconds: u64::try_from(micros / 1_000_000).unwrap(),
            answer: view.decision.unwrap().say.en,
        };
        self.ended.lock().unwrap().push(seen);
    }
}

/// One service whose YAML and script say their version.
struct Files {
    folder: PathBuf,
}

impl Files {
    fn below(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
        }
    }

    fn write(&self, version: usize) {
        self.put("policies/services/swapped.yaml", &yaml(version));
        self.put("scripts/swapped.rhai", &script(version));
    }

    /// Bad in the YAML, in the script, or half of two versions with something missing, in turn.
    fn write_bad(&self, version: usize) {
        self.write(version);
        match (version / 5) % 3 {
            0 => self.put(
                "policies/services/swapped.yaml",
                &yaml(version).replace("assurance: low", "assurance: lwo"),
            ),
            1 => self.put("scripts/swapped.rhai", &script(version).replace("say(", "sya(")),
            _ => fs::remove_file(self.folder.join("scripts/swapped.rhai")).unwrap(),
        }
    }

    fn put(&self, file: &str, text: &str) {
        fs::write(self.folder.join(file), text).unwrap();
    }
}

fn seconds(version: usize) -> u64 {
    60 + u64::try_from(version % 200).unwrap()
}

fn yaml(version: usize) -> String {
    let served = fs::read_to_string(
        crate::support::node::served_policies().join("policies/services/licence-renewal.yaml"),
    )
    .unwrap();
    let mut out = Vec::new();
    let mut part = String::new();
    for line in served.lines() {
        if !line.starts_with(' ') && !line.starts_with('#') && !line.is_empty() {
            part = line.split(':').next().unwrap_or_default().to_owned();
        }
        out.push(match (part.as_str(), line.trim_start()) {
            ("service", at) if at.starts_with("service:") => "service: swapped".to_owned(),
            ("script", at) if at.starts_with("script:") => "script: swapped.rhai".to_owned(),
            ("limits", at) if at.starts_with("limits:") => {
                "limits: { per_person: 1000000/1d, per_service: 1000000/s }".to_owned()
            }
            ("inputs", at) if at.starts_with("inputs:") || line.starts_with("  ") => continue,
            ("capabilities", at) if at.starts_with("assurance:") => "    assurance: low".to_owned(),
            ("capabilities", at) if at.starts_with("ar:") => "      ar: \"الدخول\"".to_owned(),
            ("capabilities", at) if at.starts_with("en:") => format!("      en: \"reason {version}\""),
            _ => line.to_owned(),
        });
    }
    let text = out.join("\n");
    let (before, notices) = text.split_once("notices:").unwrap();
    let (head, tail) = notices.split_once("en: ").unwrap();
    let (_, rest) = tail.split_once('\n').unwrap();
    format!("{before}notices:{head}en: data {version}\n{rest}\n")
}

fn script(version: usize) -> String {
    format!(
        "fn plan(flow) {{ tighten(#{{ expires_in: \"{}s\" }}) }}\n\
         fn declined(flow) {{ say(#{{ ar: \"رفضت\", en: \"script {version}\" }}) }}\n",
        seconds(version)
    )
}

/// An authority that takes everything, and believes the outcome that it is told.
#[derive(Default)]
struct Echo {
    /// Token and English reason of each request.
    asked: Mutex<HashMap<FlowId, (String, String)>>,
}

impl std::fmt::Debug for Echo {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Echo")
    }
}

#[async_trait]
impl Connector for Echo {
    fn name(&self) -> &str {
        "echo"
    }

    fn prepare(&self, request: &Request) -> Result<Outbound, PrepareError> {
        let token = request.callback_url.rsplit('/').next().unwrap_or_default();
        Ok(Outbound {
            flow: request.flow,
            attempt: request.attempt,
            operation: "Ask",
            body: Bytes::from(format!("{token}\n{}", request.reason.en)),
        })
    }

    async fn send(&self, outbound: Recorded<Outbound>) -> Reply {
        let body = String::from_utf8(outbound.body.to_vec()).unwrap();
        let (token, reason) = body.split_once('\n').unwrap();
        let asked = (token.to_owned(), reason.to_owned());
        self.asked.lock().unwrap().insert(outbound.flow, asked);
        Reply {
            body: None,
            meaning: ReplyMeaning::Accepted { request_id: None },
        }
    }

    fn examine(&self, body: &[u8], _expected: &Expected<'_>) -> Verdict {
        let outcome = Outcome::from_code(std::str::from_utf8(body).unwrap_or_default());
        Verdict {
            approver: None,
            signature: None,
            checks: Vec::new(),
            conclusion: outcome.map_or(Conclusion::Rejected, Conclusion::Ended),
            claims: Claims::default(),
        }
    }
}
