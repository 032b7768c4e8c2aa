use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use midflow::store::PostgresSettings;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::UnixStream;
use tokio::sync::watch;

/// The wire from a node to its database, which can be cut, held, and led to another server.
pub struct Wire {
    port: u16,
    state: Arc<Shared>,
    accepting: tokio::task::JoinHandle<()>,
}

struct Shared {
    /// The folder of the server's socket.
    server: Mutex<PathBuf>,
    /// Grows with each cut: what was open before is closed.
    cuts: watch::Sender<u64>,
    /// Whether anybody gets through.
    open: watch::Sender<bool>,
    /// Whether bytes on their way stay where they are.
    held: watch::Sender<bool>,
}

impl Wire {
    pub async fn to(server: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Shared {
            server: Mutex::new(server.to_path_buf()),
            cuts: watch::Sender::new(0),
            open: watch::Sender::new(true),
            held: watch::Sender::new(false),
        });
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&shared).carry(client));
            }
        });
        Self {
            port,
            state,
            accepting,
        }
    }

    /// How a node opens the database over this wire.
    pub fn settings(&self, database: &PostgresSettings) -> PostgresSettings {
        PostgresSettings {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            ..database.clone()
        }
    }

    /// Cuts what is open, and lets nobody through until [`Wire::mend`].
    pub fn cut(&self) {
        self.state.open.send_replace(false);
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Holds every byte where it is until [`Wire::mend`]: neither side knows what has become of the other.
    pub fn hold(&self) {
        self.state.held.send_replace(true);
    }

    pub fn mend(&self) {
        self.state.open.send_replace(true);
        self.state.held.send_replace(false);
    }

    /// Leads to another server from here on; what is open to the one before is cut.
    pub fn lead_to(&self, server: &Path) {
        *self.state.server.lock().unwrap() = server.to_path_buf();
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

impl Shared {
    async fn carry(self: Arc<Self>, client: TcpStream) {
        let mut cuts = self.cuts.subscribe();
        if !*self.open.borrow() {
            return;
        }
        let socket = self.server.lock().unwrap().join(".s.PGSQL.5432");
        let Ok(server) = UnixStream::connect(socket).await else {
            return;
        };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::select! {
            () = flow(from_client, to_server, self.held.subscribe()) => {}
            () = flow(from_server, to_client, self.held.subscribe()) => {}
            _ = cuts.changed() => {}
        }
    }
}

/// Bytes from one side to the other until either is gone.
async fn flow(
    mut from: impl tokio::io::AsyncRead + Unpin,
    mut to: impl tokio::io::AsyncWrite + Unpin,
    mut held: watch::Receiver<bool>,
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if held.wait_for(|held| !held).await.is_err() || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
