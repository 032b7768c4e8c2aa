//! The page of a flow belongs to the browser that opened it first (threat B-15).

use axum::Router;

use super::ask::Answer;
use super::ask::JSON;
use super::ask::KEY;
use super::ask::OTHER_KEY;
use super::ask::START;
use super::ask::api;
use super::ask::request;
use super::ask::send;
use crate::http::fake::Fake;
use crate::words::Outcome;

async fn page(router: &Router) -> (String, String) {
    let started = send(router, request("POST", "/v1/flows", &[KEY, JSON], START))
        .await
        .json();
    let text = |name: &str| started[name].as_str().unwrap().to_owned();
    let page = text("page")
        .strip_prefix("http://localhost:8080")
        .unwrap()
        .to_owned();
    (page, text("flow"))
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

// A stolen or forwarded address shows nothing of the flow, neither while it waits nor how it ended.
#[tokio::test]
async fn a_second_browser_sees_a_neutral_page() {
    let fake = Fake::new();
    let router = api(&fake);
    let (page, _) = page(&router).await;
    let first = send(&router, request("GET", &page, &[], "")).await;
    assert!(first.header("set-cookie").contains("HttpOnly; SameSite=Lax"));
    let own = cookie(&first);
    assert!(own.starts_with("midflow-browser="), "{own}");
    let again = send(&router, request("GET", &page, &[("cookie", &own)], "")).await;
    assert_eq!((again.status.as_u16(), again.header("set-cookie")), (200, ""));
    let planted = format!("midflow-browser={}", "0".repeat(32));
    for foreign in ["", "midflow-browser=x", planted.as_str()] {
        let headers = [("cookie", foreign), ("accept-language", "ar")];
        let seen = send(&router, request("GET", &page, &headers, "")).await;
        assert_eq!(seen.status, 403, "{foreign}");
        for part in ["رخصة", ">83<", "return", "portal"] {
            assert!(!seen.body.contains(part), "{part}");
        }
        assert!(seen.body.contains("/not-me"));
        for (method, path) in [
            ("GET", format!("{page}/events")),
            ("GET", format!("{page}/document")),
            ("POST", format!("{page}/renew")),
            ("POST", format!("{page}/confirm")),
            ("POST", format!("{page}/withdraw")),
        ] {
            let form = ("content-type", "application/x-www-form-urlencoded");
            let headers = [("cookie", foreign), ("origin", "http://localhost:8080"), form];
            let answer = send(&router, request(method, &path, &headers, "")).await;
            assert_eq!(answer.status, 403, "{method} {path}");
        }
    }
    let flow = fake.inner.lock().unwrap().flows[0].flow;
    fake.end(flow, Outcome::Approved);
    let seen = send(
        &router,
        request("GET", &page, &[("cookie", planted.as_str())], ""),
    )
    .await;
    assert_eq!(seen.status, 403);
    assert!(!seen.body.contains("is-approved") && !seen.body.contains("/not-me"));
    let own = send(&router, request("GET", &page, &[("cookie", own.as_str())], "")).await;
    assert!(own.body.contains("is-approved"));
}

// Whoever was sent the address and knows nothing of the flow can end it; that stops nobody's phone.
#[tokio::test]
async fn whoever_did_not_ask_can_end_the_flow() {
    let fake = Fake::new();
    let router = api(&fake);
    let (page, _) = page(&router).await;
    let first = send(&router, request("GET", &page, &[], "")).await;
    let path = format!("{page}/not-me");
    let from_here = [("origin", "http://localhost:8080")];
    let answer = send(&router, request("POST", &path, &from_here, "")).await;
    assert_eq!(answer.status, 303);
    let elsewhere = [
        ("origin", "https://attacker.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    assert_eq!(
        send(&router, request("POST", &path, &elsewhere, "")).await.status,
        403
    );
    let own = cookie(&first);
    let seen = send(&router, request("GET", &page, &[("cookie", own.as_str())], "")).await;
    assert!(seen.body.contains("is-declined"));
    let view = fake.inner.lock().unwrap().flows[0].clone();
    assert_eq!(
        (view.outcome, view.reported_at),
        (Some(Outcome::DeclinedNotMe), None)
    );
}

// The e-service knows the person, so it may say it of a flow that has ended too.
#[tokio::test]
async fn an_e_service_reports_its_own_flows_only() {
    let fake = Fake::new();
    let router = api(&fake);
    let (_, flow) = page(&router).await;
    let path = format!("/v1/flows/{flow}/not-me");
    let foreign = send(&router, request("POST", &path, &[OTHER_KEY], "")).await;
    assert_eq!(foreign.json()["code"], "unknown_flow");
    let answer = send(&router, request("POST", &path, &[KEY], "")).await.json();
    assert_eq!(answer["outcome"]["code"], "declined.not_me");
    assert!(answer["reported_at"].is_string());
}
