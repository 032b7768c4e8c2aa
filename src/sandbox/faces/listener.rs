use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::tls_rustls::RustlsConfig;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;

use super::bridge;
use super::callers::Callers;
use super::desk::Desk;
use super::gateway;
use super::replayed;
use super::sever::Shears;
use super::soap;
use super::template;
use crate::sandbox::SandboxError;
use crate::sandbox::keys::Keys;
use crate::sandbox::state::State;

/// The listener of all faces, bound and not yet serving.
pub(in crate::sandbox) struct BridgeListener {
    listener: TcpListener,
    config: RustlsConfig,
}

impl BridgeListener {
    /// Takes a bound socket and the keys; a peer without a certificate of this authority gets no further than
    /// the handshake.
    pub(in crate::sandbox) fn new(listener: TcpListener, keys: &Keys) -> Result<Self, SandboxError> {
        let config = server_config(keys).map_err(SandboxError::tls)?;
        Ok(Self {
            listener,
            config: RustlsConfig::from_config(Arc::new(config)),
        })
    }

    /// Serves until the handle says stop.
    pub(in crate::sandbox) async fn serve(
        self,
        state: Arc<State>,
        handle: Handle<SocketAddr>,
    ) -> std::io::Result<()> {
        let shears = Shears::default();
        let acceptor = RustlsAcceptor::new(self.config).acceptor(shears.clone());
        let callers = Callers::new(state.clone());
        let acceptor = callers.behind(acceptor);
        // HTTP/1.1 alone: a connection that a scenario breaks then carries one request and harms no other.
        axum_server::from_tcp(self.listener)?
            .acceptor(acceptor)
            .http1_only()
            .handle(handle)
            .serve(router(state, shears, callers).into_make_service_with_connect_info::<SocketAddr>())
            .await
    }
}

/// Every face, behind one TLS listener; with a cassette, the one that it was recorded through.
fn router(state: Arc<State>, shears: Shears, callers: Callers) -> Router {
    let faces = if state.deck.is_some() {
        replayed::router()
    } else {
        bridge::router()
            .merge(soap::router())
            .merge(gateway::router())
            .merge(template::router())
    };
    faces.layer(DefaultBodyLimit::max(LARGEST_BODY)).with_state(Desk {
        state,
        shears,
        callers,
    })
}

fn server_config(keys: &Keys) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(keys.authority_pem().as_bytes()).flatten() {
        roots.add(certificate)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|fault| rustls::Error::General(fault.to_string()))?;
    let key = keys
        .server()
        .key()
        .ok_or_else(|| rustls::Error::General("the bridge's key can't be read".to_owned()))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(keys.server().chain(), key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

const LARGEST_BODY: usize = 256 * 1024;
