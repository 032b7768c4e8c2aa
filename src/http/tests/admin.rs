use super::ask::JSON;
use super::ask::KEY;
use super::ask::console;
use super::ask::request;
use super::ask::send;
use crate::http::fake::Fake;

const ADMIN: (&str, &str) = ("authorization", "Bearer admin-key");

// What changes something needs the key of the node's own user; another client's key does not do, and nor does a page
// of another site that a browser shows.
#[tokio::test]
async fn only_the_key_of_the_node_changes_its_catalog() {
    let fake = Fake::new();
    let router = console(&fake);
    let body = format!("{{\"catalog\": \"sha256:{}\"}}", "ab".repeat(32));
    for path in ["reload", "activate", "rollback"] {
        let path = format!("/admin/catalog/{path}");
        for headers in [
            &[JSON][..],
            &[JSON, KEY],
            &[JSON, ("authorization", "Bearer ")],
            &[JSON, ADMIN, ADMIN],
        ] {
            let answer = send(&router, request("POST", &path, headers, &body)).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()["code"].as_str()),
                (401, Some("unauthorized"))
            );
        }
        let elsewhere = [JSON, ADMIN, ("origin", "https://elsewhere.example")];
        let answer = send(&router, request("POST", &path, &elsewhere, &body)).await;
        assert_eq!(answer.status.as_u16(), 403);
        assert_eq!(
            send(&router, request("GET", &path, &[ADMIN], ""))
                .await
                .status
                .as_u16(),
            405
        );
    }
    assert!(fake.inner.lock().unwrap().acts.is_empty());
}

#[tokio::test]
async fn acts_are_answered_with_what_became_of_them() {
    let fake = Fake::new();
    let router = console(&fake);
    let body = format!("{{\"catalog\": \"sha256:{}\"}}", "ab".repeat(32));
    for (path, body, result) in [
        ("reload", "", "unchanged"),
        ("activate", body.as_str(), "refused"),
        ("rollback", "{}", "activated"),
    ] {
        let path = format!("/admin/catalog/{path}");
        let answer = send(&router, request("POST", &path, &[JSON, ADMIN], body)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["result"].as_str()),
            (200, Some(result))
        );
    }
    let bad = request(
        "POST",
        "/admin/catalog/activate",
        &[JSON, ADMIN],
        "{\"catalog\": \"x\"}",
    );
    assert_eq!(send(&router, bad).await.status.as_u16(), 400);
    let acts = fake.inner.lock().unwrap().acts.clone();
    assert_eq!(
        acts,
        [
            "reload by command_line",
            "activate abababababab by command_line",
            "roll back by command_line"
        ]
    );
}

// Desired and active, with the last failure and its time.
#[tokio::test]
async fn the_status_is_there_to_be_read() {
    let fake = Fake::new();
    fake.inner.lock().unwrap().failure = Some("a mistake".to_owned());
    let router = console(&fake);
    let status = send(&router, request("GET", "/admin/catalog", &[], ""))
        .await
        .json();
    assert_eq!(status["failure"], "a mistake");
    assert_ne!(status["active"], status["desired"]);
    assert!(status["failed_at"].is_string() && status["needs_restart"].is_array());
    let activations = send(&router, request("GET", "/admin/catalog/activations", &[], "")).await;
    assert_eq!(activations.json()[0]["by"], "start");
}
