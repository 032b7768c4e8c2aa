use std::net::SocketAddr;

use axum::Router;
use axum::extract::connect_info::MockConnectInfo;

use super::ask::callback;
use super::ask::request;
use super::ask::send;
use crate::http::CallbackSources;
use crate::http::callback_from;
use crate::http::fake::Fake;
use crate::http::fake::TOKEN;

// R000-026: POST only, a bounded body, and answers that tell nothing.
#[tokio::test]
async fn a_callback_is_posted_to_its_token_and_nothing_else_is_answered() {
    let fake = Fake::new();
    let router = callback(&fake);
    let path = format!("/cb/v1/{TOKEN}");
    let large = "x".repeat(5_000_000);
    let full = "x".repeat(2 * 1024 * 1024);
    for (method, path, body, status) in [
        ("POST", path.as_str(), "{}", 200),
        ("POST", &path, "", 200),
        ("POST", &path, &full, 200),
        ("POST", &path, &large, 413),
        ("POST", "/cb/v1/ffffffffffffffffffffffffffffffff", "{}", 404),
        ("POST", "/cb/v1/..%2f..%2fetc", "{}", 404),
        ("POST", "/cb/v1/", "{}", 404),
        ("POST", "/cb/v1/a/b", "{}", 404),
        ("POST", "/", "{}", 404),
        ("GET", &path, "", 405),
        ("HEAD", &path, "", 405),
        ("PUT", &path, "{}", 405),
        ("DELETE", &path, "", 405),
        ("OPTIONS", &path, "", 405),
        ("GET", "/", "", 404),
    ] {
        let answer = send(
            &router,
            request(method, path, &[("content-type", "text/json")], body),
        )
        .await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (status, ""),
            "{method} {path}"
        );
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let sizes: Vec<_> = fake
        .inner
        .lock()
        .unwrap()
        .callbacks
        .iter()
        .map(bytes::Bytes::len)
        .collect();
    assert_eq!(sizes, [2, 0, full.len()]);
}

#[tokio::test]
async fn a_callback_that_can_not_be_kept_is_to_be_sent_again() {
    let fake = Fake::new();
    fake.inner.lock().unwrap().store_down = true;
    let answer = send(
        &callback(&fake),
        request("POST", &format!("/cb/v1/{TOKEN}"), &[], "{}"),
    )
    .await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (503, ""));
}

// R000-065: who is not on the list gets 403, nothing they send is read, and that they called is kept.
#[tokio::test]
async fn a_caller_from_elsewhere_is_refused_and_kept_in_mind() {
    let fake = Fake::new();
    let listed = |networks: [&'static str; 1]| {
        let sources = CallbackSources::only(networks, ["203.0.113.0/24"]).unwrap();
        let proxy: SocketAddr = "203.0.113.7:4711".parse().unwrap();
        callback_from(fake.clone(), sources).layer(MockConnectInfo(proxy))
    };
    let path = format!("/cb/v1/{TOKEN}");
    let post = |router: Router, from: &'static str| {
        let headers = [("content-type", "application/json"), ("x-forwarded-for", from)];
        let request = request("POST", &path, &headers, "{}");
        async move { send(&router, request).await.status.as_u16() }
    };
    assert_eq!(post(listed(["192.0.2.0/24"]), "192.0.2.7").await, 200);
    assert_eq!(post(listed(["192.0.2.0/24"]), "198.51.100.1").await, 403);
    assert_eq!(
        post(listed(["192.0.2.0/24"]), "192.0.2.7, 198.51.100.1").await,
        403
    );
    let inner = fake.inner.lock().unwrap();
    assert_eq!(inner.callbacks.len(), 1);
    let refused: Vec<_> = inner.refused.iter().map(ToString::to_string).collect();
    assert_eq!(refused, ["198.51.100.1", "198.51.100.1"]);
}
