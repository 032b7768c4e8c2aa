use super::ask::callback;
use super::ask::request;
use super::ask::send;
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
