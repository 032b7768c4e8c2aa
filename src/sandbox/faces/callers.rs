use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use axum_server::accept::Accept;
use axum_server::tls_rustls::RustlsAcceptor;
use tokio::net::TcpStream;

use super::sever::Shears;
use crate::sandbox::state::State;

/// Which provider is at the other end of each connection, by the certificate that it has shown.
///
/// A connection is entered before its first request, in place of whatever its port meant before, so nothing has to be taken
/// out: there are no more entries than ports.
#[derive(Clone)]
pub(super) struct Callers {
    state: Arc<State>,
    by_peer: Arc<Mutex<HashMap<SocketAddr, Option<Arc<str>>>>>,
}

impl Callers {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self {
            state,
            by_peer: Arc::default(),
        }
    }

    /// The provider at this address.
    pub(super) fn at(&self, peer: SocketAddr) -> Option<Arc<str>> {
        let by_peer = self.by_peer.lock().unwrap_or_else(PoisonError::into_inner);
        by_peer.get(&peer).cloned().flatten()
    }

    /// Looks at every certificate that the acceptor of TLS has let in.
    pub(super) fn behind(&self, acceptor: RustlsAcceptor<Shears>) -> Looking {
        Looking {
            acceptor,
            callers: self.clone(),
        }
    }

    fn enter(&self, peer: SocketAddr, certificate: Option<&[u8]>) {
        let provider = certificate.and_then(|der| self.state.keys.provider_of(der));
        let mut by_peer = self.by_peer.lock().unwrap_or_else(PoisonError::into_inner);
        by_peer.insert(peer, provider.map(Arc::from));
    }
}

/// An acceptor of TLS that tells who has come.
#[derive(Clone)]
pub(super) struct Looking {
    acceptor: RustlsAcceptor<Shears>,
    callers: Callers,
}

impl<S: Send + 'static> Accept<TcpStream, S> for Looking {
    type Stream = <RustlsAcceptor<Shears> as Accept<TcpStream, S>>::Stream;
    type Service = S;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, S)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let peer = stream.peer_addr();
        let accepting = self.acceptor.accept(stream, service);
        let callers = self.callers.clone();
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            let shown = stream.get_ref().1.peer_certificates();
            let first = shown.and_then(|shown| shown.first());
            callers.enter(peer?, first.map(AsRef::as_ref));
            Ok((stream, service))
        })
    }
}
