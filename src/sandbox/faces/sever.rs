use std::collections::HashSet;
use std::future::Ready;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;

use axum_server::accept::Accept;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

/// Breaks connections on purpose: the request was read, and no byte of a reply ever leaves.
#[derive(Clone, Default)]
pub(super) struct Shears(Arc<Marked>);

#[derive(Default)]
struct Marked {
    /// So that a stream looks into the set only while something is in it.
    count: AtomicUsize,
    peers: Mutex<HashSet<SocketAddr>>,
}

impl Shears {
    /// From now on nothing is written to this peer; its connection ends with the next attempt.
    pub(super) fn cut(&self, peer: SocketAddr) {
        if self.peers().insert(peer) {
            self.0.count.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn is_cut(&self, peer: SocketAddr) -> bool {
        self.0.count.load(Ordering::SeqCst) > 0 && self.peers().contains(&peer)
    }

    /// The connection is gone; its port may come back with another one.
    fn forget(&self, peer: SocketAddr) {
        if self.peers().remove(&peer) {
            self.0.count.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn peers(&self) -> std::sync::MutexGuard<'_, HashSet<SocketAddr>> {
        self.0.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Accept<TcpStream, S> for Shears {
    type Stream = Severable;
    type Service = S;
    type Future = Ready<io::Result<(Severable, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accepted = stream.set_nodelay(true).and_then(|()| stream.peer_addr());
        std::future::ready(accepted.map(|peer| {
            let stream = Severable {
                stream,
                peer,
                shears: self.clone(),
            };
            (stream, service)
        }))
    }
}

/// A connection that can be cut.
pub(super) struct Severable {
    stream: TcpStream,
    peer: SocketAddr,
    shears: Shears,
}

impl Drop for Severable {
    fn drop(&mut self) {
        self.shears.forget(self.peer);
    }
}

impl AsyncRead for Severable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Severable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.shears.is_cut(self.peer) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
