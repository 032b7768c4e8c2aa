use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use rustls::ServerConfig;
use tokio::task::JoinSet;

use super::failure::Failure;
use super::stop::Stop;
use crate::engine::Engine;
use crate::engine::Secrets;
use crate::http;
use crate::words::Digest;

/// The listeners of a node, until they are told to stop.
pub(crate) struct Node {
    handles: Vec<Handle<SocketAddr>>,
    serving: JoinSet<Result<(), String>>,
    stop: Stop,
}

/// An open socket and the address it really has.
pub(crate) struct Socket {
    name: &'static str,
    listener: TcpListener,
    /// The address, with the port that the system gave if 0 was asked for.
    pub(crate) address: SocketAddr,
}

/// One of a row of ports on this machine, counted from the first; any free one if that is 0.
pub(crate) fn local(first: u16, offset: u16) -> SocketAddr {
    let port = match first {
        0 => 0,
        first => first.saturating_add(offset),
    };
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

impl Socket {
    /// Opens a socket.
    pub(crate) fn open(name: &'static str, address: SocketAddr) -> Result<Self, Failure> {
        let listener = http::bind(name, address).map_err(Failure::new)?;
        let address = listener.local_addr().map_err(Failure::new)?;
        Ok(Self {
            name,
            listener,
            address,
        })
    }
}

impl Node {
    /// Listens to nothing yet but to being stopped.
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self {
            handles: Vec::new(),
            serving: JoinSet::new(),
            stop: Stop::listen()?,
        })
    }

    /// Serves a router on a socket.
    pub(crate) fn serve(&mut self, socket: Socket, router: Router, tls: Option<ServerConfig>) {
        let handle = Handle::new();
        self.handles.push(handle.clone());
        self.serving.spawn(async move {
            http::serve(socket.listener, router, tls.map(Arc::new), handle)
                .await
                .map_err(|error| format!("{} on {} stopped: {error}", socket.name, socket.address))
        });
    }

    /// Serves until the process is asked to stop or a listener fails; then stops in good order: no new
    /// requests, running ones finish, the engine last.
    pub(crate) async fn run_until_asked(self, engine: &Engine) -> Result<(), Failure> {
        self.run(engine.shutdown()).await
    }

    /// The same without an engine.
    pub(crate) async fn run_alone(self) -> Result<(), Failure> {
        self.run(std::future::ready(())).await
    }

    async fn run(mut self, last: impl Future<Output = ()>) -> Result<(), Failure> {
        let failed = tokio::select! {
            () = self.stop.asked() => None,
            ended = self.serving.join_next() => match ended {
                Some(Ok(Err(why))) => Some(why),
                _ => Some("a listener stopped".to_owned()),
            },
        };
        for handle in &self.handles {
            handle.graceful_shutdown(Some(GRACE));
        }
        last.await;
        while self.serving.join_next().await.is_some() {}
        failed.map_or(Ok(()), |why| Err(Failure::new(why)))
    }
}

/// Who may change something through the console: the command line, with the key that the node's secrets give.
pub(crate) fn admins(secrets: &Secrets) -> http::ApiKeys {
    http::ApiKeys::new([http::ApiKey {
        client: "command_line".to_owned(),
        digest: Digest::of(secrets.admin_key().as_bytes()),
    }])
}

/// Reloads on SIGHUP, by the same path as the file watch.
pub(crate) fn reload_on_hangup(engine: Engine, folder: std::path::PathBuf) {
    // Listened to before anybody is told that the node is ready: unheard, the signal ends the process.
    let Ok(mut hangup) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) else {
        return;
    };
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            engine.reload(&folder, "signal").await;
        }
    });
}

const GRACE: Duration = Duration::from_secs(3);
