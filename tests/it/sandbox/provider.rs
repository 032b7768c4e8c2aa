use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum_server::tls_rustls::RustlsConfig;
use midflow::connector::kuwait::AssuranceRule;
use midflow::connector::kuwait::ClientIdentity;
use midflow::connector::kuwait::ClientMaterial;
use midflow::connector::kuwait::Kuwait;
use midflow::connector::kuwait::KuwaitSettings;
use midflow::connector::kuwait::Material;
use midflow::connector::kuwait::SignerPin;
use midflow::connector::kuwait::Source;
use midflow::sandbox::Authority;
use midflow::sandbox::Pace;
use midflow::sandbox::Sandbox;
use midflow::sandbox::SandboxOptions;
use midflow::sandbox::SpSettings;
use midflow::sandbox::StampAlgorithm;
use midflow::words::CivilNo;
use midflow::words::Timestamp;
use serde_json::Value;
use serde_json::json;
use tokio::sync::Notify;

/// A sandbox and a service provider that keeps whatever it is sent.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) settings: SpSettings,
    pub(crate) client: reqwest::Client,
    pub(crate) callback_base: String,
    inbox: Arc<Inbox>,
    keys: tempfile::TempDir,
}

struct Inbox {
    bodies: Mutex<Vec<Bytes>>,
    arrived: Notify,
    status: AtomicU16,
}

/// Another provider of the same authority, with an inbox of its own.
pub(crate) struct Neighbour {
    pub(crate) settings: SpSettings,
    pub(crate) client: reqwest::Client,
    pub(crate) callback_base: String,
    inbox: Arc<Inbox>,
}

impl Inbox {
    fn empty() -> Arc<Self> {
        Arc::new(Self {
            bodies: Mutex::default(),
            arrived: Notify::new(),
            status: AtomicU16::new(200),
        })
    }

    fn received(&self) -> usize {
        self.bodies.lock().unwrap().len()
    }

    async fn callbacks(&self, count: usize) -> Vec<Bytes> {
        loop {
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let bodies = self.bodies.lock().unwrap().clone();
            if bodies.len() >= count {
                return bodies;
            }
            arrived.await;
        }
    }
}

impl Neighbour {
    /// Takes up the place of a further provider of the sandbox.
    pub(crate) async fn of(world: &World, id: &str) -> Self {
        let handle = world.sandbox.handle();
        let settings = handle.sp_settings_of(id).unwrap();
        let inbox = Inbox::empty();
        let address = listen(&settings, inbox.clone()).await;
        let callback_base = format!("https://{address}/cb");
        handle.register_callback_base_of(id, &callback_base).unwrap();
        Self {
            client: client(&settings, Some(&settings.client.pem())),
            settings,
            callback_base,
            inbox,
        }
    }

    /// How many callbacks have come so far.
    pub(crate) fn received(&self) -> usize {
        self.inbox.received()
    }

    /// Waits until so many callbacks have come.
    pub(crate) async fn callbacks(&self, count: usize) -> Vec<Bytes> {
        self.inbox.callbacks(count).await
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Like [`World::new`], with other options. Nothing waits here unless the options say so.
    pub(crate) async fn with(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let keys = tempfile::tempdir().unwrap();
        let mut options = SandboxOptions::new(keys.path().join("sandbox"));
        options.stamp = StampAlgorithm::EcdsaP256;
        options.retries = Vec::new();
        options.pace = Pace {
            between: std::time::Duration::ZERO,
            trickle: std::time::Duration::ZERO,
            ..Pace::default()
        };
        change(&mut options);
        let sandbox = Authority::start(options).await.unwrap();
        let settings = sandbox.handle().sp_settings();
        let inbox = Inbox::empty();
        let address = listen(&settings, inbox.clone()).await;
        let callback_base = format!("https://{address}/cb");
        sandbox.handle().register_callback_base(&callback_base).unwrap();
        Self {
            client: client(&settings, Some(&settings.client.pem())),
            sandbox,
            settings,
            callback_base,
            inbox,
            keys,
        }
    }

    /// The folder above the sandbox's keys.
    pub(crate) fn keys_folder(&self) -> &std::path::Path {
        self.keys.path()
    }

    /// What the provider answers to callbacks from now on.
    pub(crate) fn answer_with(&self, status: u16) {
        self.inbox.status.store(status, Ordering::SeqCst);
    }

    /// How many callbacks have come so far.
    pub(crate) fn received(&self) -> usize {
        self.inbox.received()
    }

    /// Waits until so many callbacks have come.
    pub(crate) async fn callbacks(&self, count: usize) -> Vec<Bytes> {
        self.inbox.callbacks(count).await
    }

    /// Sends an operation to the bridge.
    pub(crate) async fn post(
        &self,
        operation: &str,
        body: impl Into<reqwest::Body>,
    ) -> reqwest::Result<Value> {
        let url = format!("{}/{operation}", self.settings.bridge_url);
        let sent = self.client.post(url).body(body).send().await?;
        sent.error_for_status()?.json().await
    }

    /// A complete request for a citizen.
    pub(crate) fn request(&self, civil_no: &str) -> Value {
        json!({
            "ServiceProviderId": self.settings.service_provider_id,
            "ServiceDescriptionEN": "Licence renewal", "ServiceDescriptionAR": "تجديد الرخصة",
            "AuthenticationReasonEn": "Sign in to renew", "AuthenticationReasonAr": "الدخول للتجديد",
            "RequestUserDetails": true, "SPCallbackURL": format!("{}/token", self.callback_base),
            "PersonCivilNo": civil_no, "AdditionalData": "ours", "Challenge": "8352", "AssuranceLevel": 20,
        })
    }

    /// Asks a citizen; answers the request's id, or the error's code.
    pub(crate) async fn ask(&self, civil_no: &str) -> Result<String, i64> {
        self.ask_with(self.request(civil_no)).await
    }

    pub(crate) async fn ask_with(&self, request: Value) -> Result<String, i64> {
        let answer = self
            .post("InitiateAuthRequestPNWithAssuranceLevel", request.to_string())
            .await
            .unwrap();
        match answer["Data"].as_str() {
            Some(id) => Ok(id.to_owned()),
            None => Err(answer["Error"]["Code"].as_i64().unwrap()),
        }
    }

    /// The connector of production, pointed at this sandbox.
    pub(crate) fn connector(&self, now: Timestamp) -> Kuwait {
        let unused = || Source::Env("UNUSED".to_owned());
        let mut settings = KuwaitSettings::for_sandbox(
            self.settings.bridge_url.clone(),
            self.settings.service_provider_id.clone(),
            ClientIdentity {
                certificate: unused(),
                key: unused(),
            },
            unused(),
            SignerPin::Certificate(unused()),
        );
        let policies = self.settings.assurance_policies.iter().cloned();
        settings.assurance = Some(AssuranceRule::CertificatePolicy(policies.collect()));
        let material = Material {
            client: Some(ClientMaterial {
                certificate: self.settings.client.chain_pem().into(),
                key: self.settings.client.key_pem().into(),
            }),
            login: None,
            server_ca: self.settings.authority_pem.clone().into_bytes(),
            signers: vec![self.settings.stamp_signer_pem.clone().into_bytes()],
            list_issuers: Vec::new(),
        };
        Kuwait::new(&settings, &material, now).unwrap()
    }
}

/// A client that trusts the sandbox, with or without a certificate of its own.
pub(crate) fn client(settings: &SpSettings, identity: Option<&str>) -> reqwest::Client {
    let root = reqwest::Certificate::from_pem(settings.authority_pem.as_bytes()).unwrap();
    let builder = reqwest::Client::builder().tls_certs_only([root]).no_proxy();
    let builder = match identity {
        Some(pem) => builder.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap()),
        None => builder,
    };
    builder.build().unwrap()
}

pub(crate) fn number(civil_no: &str) -> CivilNo {
    CivilNo::parse(civil_no).unwrap()
}

async fn listen(settings: &SpSettings, inbox: Arc<Inbox>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let identity = &settings.callback_server;
    let config = RustlsConfig::from_pem(identity.chain_pem().into(), identity.key_pem().into())
        .await
        .unwrap();
    let router = Router::new()
        .fallback(take)
        .layer(axum::extract::DefaultBodyLimit::max(8 * 1024 * 1024))
        .with_state(inbox);
    let server = axum_server::from_tcp_rustls(listener, config).unwrap();
    tokio::spawn(server.serve(router.into_make_service()));
    address
}

async fn take(State(inbox): State<Arc<Inbox>>, body: Bytes) -> StatusCode {
    inbox.bodies.lock().unwrap().push(body);
    inbox.arrived.notify_waiters();
    StatusCode::from_u16(inbox.status.load(Ordering::SeqCst)).unwrap()
}

pub(crate) const APPROVES: &str = "399123100017";
pub(crate) const SLOW: &str = "399123100025";
pub(crate) const NEVER: &str = "399123100041";
pub(crate) const NOT_ENROLLED: &str = "399123100068";
pub(crate) const LOW: &str = "399123100105";
pub(crate) const FREE: &str = "399123100113";
