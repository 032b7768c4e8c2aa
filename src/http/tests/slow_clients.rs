use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use axum_server::Handle;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::ask::api;
use crate::http::bind;
use crate::http::fake::Fake;
use crate::http::serve;

// Threat B-18: a client that sends its head drop by drop is cut off, and others are served meanwhile; a connection
// that is kept for its next request stays open.
#[tokio::test]
async fn a_slow_head_is_cut_off_while_others_are_served() {
    let socket = bind("the API", "127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let handle: Handle<SocketAddr> = Handle::new();
    let server = tokio::spawn(serve(socket, api(&Fake::new()), None, handle.clone()));
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nx: ")
            .await
            .unwrap();
        slow.push(stream);
    }
    let silent = TcpStream::connect(address).await.unwrap();
    slow.push(silent);

    let mut kept = TcpStream::connect(address).await.unwrap();
    ask(&mut kept).await;

    let begin = Instant::now();
    let mut quick = TcpStream::connect(address).await.unwrap();
    quick
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    quick.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(begin.elapsed() < Duration::from_secs(2));

    for mut stream in slow {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "the connection is still open");
    }
    assert!(begin.elapsed() < Duration::from_secs(20));
    ask(&mut kept).await;
    handle.shutdown();
    server.await.unwrap().unwrap();
}

/// One request on a connection that stays open.
async fn ask(connection: &mut TcpStream) {
    connection
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    let mut begin = [0; 12];
    connection.read_exact(&mut begin).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    // The rest of the answer is there already: a connection that is closed has an end, and not only nothing more.
    let mut rest = [0; 4096];
    assert!(connection.read(&mut rest).await.unwrap() > 0);
}

#[test]
fn a_port_in_use_is_told_with_its_number() {
    let first = bind("the API", "127.0.0.1:0".parse().unwrap()).unwrap();
    let address = first.local_addr().unwrap();
    let error = bind("the API", address).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "the API: port {} is in use; stop what listens there, or give another port",
            address.port()
        )
    );
}
