use std::io;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::tls_rustls::RustlsConfig;
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use tokio::sync::Semaphore;

use super::head_time::AnsweringService;
use super::head_time::HeadTimed;
use super::head_time::Turn;

/// A listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("{listener}: port {port} is in use; stop what listens there, or give another port")]
    InUse {
        /// Which listener.
        listener: String,
        /// The port.
        port: u16,
    },
    /// This process may not listen there.
    #[error("{listener}: this user may not listen on {address}; take a port above 1023 or grant the right")]
    Forbidden {
        /// Which listener.
        listener: String,
        /// The address.
        address: SocketAddr,
    },
    /// Anything else.
    #[error("{listener}: can't listen on {address}: {source}")]
    Other {
        /// Which listener.
        listener: String,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Opens a listening socket.
///
/// # Errors
/// When the address can't be had; names the listener, the port and the remedy.
pub fn bind(listener: &str, address: SocketAddr) -> Result<TcpListener, BindError> {
    let open = || -> io::Result<TcpListener> {
        let socket = TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    open().map_err(|source| {
        let listener = listener.to_owned();
        match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse {
                listener,
                port: address.port(),
            },
            io::ErrorKind::PermissionDenied => BindError::Forbidden { listener, address },
            _ => BindError::Other {
                listener,
                address,
                source,
            },
        }
    })
}

/// Serves a router until the handle shuts it down.
///
/// Every connection is bounded: the TLS handshake and each request's head have ten seconds, and there are
/// at most [`MOST_CONNECTIONS`]; what comes beyond is closed at once, so slow clients can't starve others
/// for long (threat B-18). Between two requests a connection stays open for [`IDLE_TIME`].
///
/// # Errors
/// When the socket fails for good.
pub async fn serve(
    socket: TcpListener,
    router: Router,
    tls: Option<Arc<ServerConfig>>,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let bounded = Bounded(Arc::new(Semaphore::new(MOST_CONNECTIONS)));
    let server = axum_server::from_tcp(socket)?
        .handle(handle)
        .acceptor(bounded.clone());
    match tls {
        None => bound_heads(server).serve(service).await,
        Some(config) => {
            let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(config))
                .handshake_timeout(HEAD_TIME)
                .acceptor(bounded);
            bound_heads(server.acceptor(acceptor)).serve(service).await
        }
    }
}

/// HTTP/1.1 only: the detection of HTTP/2 waits for the first bytes without a limit.
///
/// The time that hyper gives a head counts from the answer before it, so it is the time between two requests as well;
/// the head's own time is [`HeadTimed`]'s.
fn bound_heads<A>(server: axum_server::Server<SocketAddr, A>) -> axum_server::Server<SocketAddr, A> {
    let mut server = server.http1_only();
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIME)
        .max_headers(MOST_HEADERS)
        .max_buf_size(MOST_HEAD);
    server
}

/// Lets so many connections in, and no more.
#[derive(Clone)]
struct Bounded(Arc<Semaphore>);

impl<S> Accept<tokio::net::TcpStream, S> for Bounded {
    type Stream = HeadTimed<tokio::net::TcpStream>;
    type Service = AnsweringService<S>;
    type Future = std::future::Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: tokio::net::TcpStream, service: S) -> Self::Future {
        std::future::ready(match self.0.clone().try_acquire_owned() {
            Ok(permit) => {
                // Only a wish: without it answers are a little slower.
                let _ = stream.set_nodelay(true);
                let turn = Turn::default();
                let timed = HeadTimed::new(stream, HEAD_TIME, turn.clone(), permit);
                Ok((timed, AnsweringService::new(service, turn)))
            }
            Err(_) => Err(io::Error::other("too many connections")),
        })
    }
}

/// The most connections of one listener at a time.
pub const MOST_CONNECTIONS: usize = 16_384;

/// How long a connection stays open between two requests: longer than the pools of common HTTP clients keep one
/// (.NET a minute, Go and reqwest a minute and a half). Were it shorter, an e-service would now and then send a
/// request down a connection that is being closed, and see it fail.
pub const IDLE_TIME: Duration = Duration::from_secs(100);

const HEAD_TIME: Duration = Duration::from_secs(10);
const MOST_HEADERS: usize = 64;
const MOST_HEAD: usize = 32 * 1024;
