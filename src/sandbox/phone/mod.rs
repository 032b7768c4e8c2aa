//! The phone.
use std::net::SocketAddr;
use std::net::TcpListener;
use axum_server::Handle;
use super::handle::SandboxHandle;
pub(super) async fn serve(_l: TcpListener, _h: SandboxHandle, _x: Handle<SocketAddr>) -> std::io::Result<()> { Ok(()) }
