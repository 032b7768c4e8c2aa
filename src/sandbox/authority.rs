use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum_server::Handle;

use super::callback::Signers;
use super::draws::Draws;
use super::error::SandboxError;
use super::faces::BridgeListener;
use super::handle::SandboxHandle;
use super::keys::Keys;
use super::options::SandboxOptions;
use super::phone;
use super::replay::Deck;
use super::roster::citizens;
use super::stamp::Stamper;
use super::state::State;
use crate::connector::IDLE_CONNECTION;
use crate::words::Environment;

/// The authority, simulated.
#[derive(Clone, Copy, Debug)]
pub struct Authority;

/// A running sandbox. Dropping it stops it at once; [`Sandbox::shutdown`] lets deliveries end first.
pub struct Sandbox {
    state: Arc<State>,
    bridge: SocketAddr,
    phone: SocketAddr,
    listeners: Vec<Handle<SocketAddr>>,
}

impl Authority {
    /// Opens or makes the keys, binds both listeners and serves.
    ///
    /// # Errors
    /// When the environment is one of real citizens, an address is taken or reachable from elsewhere, or the
    /// keys can't be had.
    pub async fn start(options: SandboxOptions) -> Result<Sandbox, SandboxError> {
        check(&options)?;
        let bridge = bind("bridge", options.bridge)?;
        let phone = bind("phone", options.phone)?;
        let (bridge_address, phone_address) =
            (address(&bridge, options.bridge), address(&phone, options.phone));
        let state = Arc::new(prepared(options).await?);
        let bridge = BridgeListener::new(bridge, &state.keys)?;
        let listeners = vec![Handle::new(), Handle::new()];
        if let [for_bridge, for_phone] = listeners.as_slice() {
            spawn("bridge", bridge.serve(state.clone(), for_bridge.clone()));
            let handle = SandboxHandle::new(state.clone(), bridge_address, phone_address);
            spawn("phone", phone::serve(phone, handle, for_phone.clone()));
        }
        Ok(Sandbox {
            state,
            bridge: bridge_address,
            phone: phone_address,
            listeners,
        })
    }
}

impl Sandbox {
    /// The sandbox from within the process.
    pub fn handle(&self) -> SandboxHandle {
        SandboxHandle::new(self.state.clone(), self.bridge, self.phone)
    }

    /// Where the bridge listens.
    pub fn bridge_address(&self) -> SocketAddr {
        self.bridge
    }

    /// The bridge's base URL, without a slash at its end.
    pub fn bridge_url(&self) -> String {
        format!("https://{}", self.bridge)
    }

    /// The phone's base URL, without a slash at its end.
    pub fn phone_url(&self) -> String {
        format!("http://{}", self.phone)
    }

    /// Takes no more requests, gives deliveries under way a moment, and stops.
    pub async fn shutdown(self) {
        for listener in &self.listeners {
            listener.graceful_shutdown(Some(GRACE));
        }
        self.state.tasks.close();
        // What has not gone by then is a citizen who has not answered, or a provider that is gone.
        let _ = tokio::time::timeout(GRACE, self.state.tasks.wait()).await;
        self.state.stop.cancel();
        self.state.tasks.wait().await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.state.stop.cancel();
        for listener in &self.listeners {
            listener.shutdown();
        }
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Sandbox")
            .field("bridge", &self.bridge)
            .field("phone", &self.phone)
            .finish_non_exhaustive()
    }
}

pub(super) fn check(options: &SandboxOptions) -> Result<(), SandboxError> {
    match options.environment {
        Environment::Development | Environment::Test => {}
        other => return Err(SandboxError::Environment(other)),
    }
    for (what, address) in [("bridge", options.bridge), ("phone", options.phone)] {
        if !address.ip().is_loopback() {
            return Err(SandboxError::NotLoopback { what, address });
        }
    }
    let mut seen = BTreeSet::new();
    for (id, _) in options.providers() {
        let mut bytes = id.bytes();
        let plain = bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !plain || !(1..=64).contains(&id.len()) || !seen.insert(id) {
            return Err(SandboxError::ServiceProviderId);
        }
    }
    Ok(())
}

fn bind(what: &'static str, address: SocketAddr) -> Result<TcpListener, SandboxError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|fault| SandboxError::Listen { what, address, fault })
}

fn address(listener: &TcpListener, asked: SocketAddr) -> SocketAddr {
    listener.local_addr().unwrap_or(asked)
}

/// Makes the state; the keys cost disk and, at the first start, some computing, so they get a thread.
async fn prepared(options: SandboxOptions) -> Result<State, SandboxError> {
    let made = tokio::task::spawn_blocking(move || prepare(options));
    made.await.map_err(SandboxError::tls)?
}

/// Opens or makes the keys, and puts the state together.
pub(super) fn prepare(options: SandboxOptions) -> Result<State, SandboxError> {
    let now = options.clock.now();
    let deck = options.replay.as_ref().map(Deck::new).transpose()?;
    let citizens = citizens(options.crowd, now);
    let further: Vec<&str> = options
        .further_providers
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    let first = &options.service_provider_id;
    let draws = Arc::new(Draws::new(options.seed));
    let keys = Keys::open_for(
        &options.keys,
        (first, &further),
        options.stamp,
        &citizens,
        (now, Arc::clone(&draws)),
    )?;
    let unreadable = || SandboxError::tls("a stamp key can't be read");
    let signers = Signers {
        first: Stamper::new(keys.stamp()).ok_or_else(unreadable)?,
        next: Stamper::new(keys.next_stamp()).ok_or_else(unreadable)?,
        changed: AtomicBool::new(false),
        impostor: Stamper::new(keys.impostor()).ok_or_else(unreadable)?,
        ended: Stamper::new(keys.ended_stamp()).ok_or_else(unreadable)?,
    };
    let client = client(&options, &keys).map_err(SandboxError::tls)?;
    Ok(State::new(
        options,
        keys,
        signers,
        client,
        (citizens, draws),
        deck,
    ))
}

/// The deliverer's client: it trusts this authority alone, follows nothing and goes through no proxy.
fn client(options: &SandboxOptions, keys: &Keys) -> reqwest::Result<reqwest::Client> {
    let root = reqwest::Certificate::from_pem(keys.authority_pem().as_bytes())?;
    reqwest::Client::builder()
        .tls_certs_only([root])
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_idle_timeout(IDLE_CONNECTION)
        .https_only(true)
        .timeout(options.delivery_timeout)
        .build()
}

fn spawn(what: &'static str, serving: impl Future<Output = std::io::Result<()>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(fault) = serving.await {
            tracing::error!(what, %fault, "a listener of the sandbox has ended");
        }
    });
}

const GRACE: Duration = Duration::from_millis(500);
