use std::time::Duration;

use tower::ServiceExt;

use super::ask::JSON;
use super::ask::KEY;
use super::ask::OTHER_KEY;
use super::ask::START;
use super::ask::api;
use super::ask::request;
use super::ask::send;
use crate::http::fake::Fake;
use crate::words::Outcome;

#[tokio::test]
async fn a_flow_begins_and_is_answered_as_described() {
    let fake = Fake::new();
    let router = api(&fake);
    let started = send(&router, request("POST", "/v1/flows", &[KEY, JSON], START)).await;
    assert_eq!(started.status, 201, "{}", started.body);
    let flow = started.json()["flow"].as_str().unwrap().to_owned();
    assert_eq!(started.header("location"), format!("/v1/flows/{flow}"));
    assert_eq!(started.header("idempotency-replayed"), "");
    insta::assert_json_snapshot!(hiding(
        started.json(),
        &["/flow", "/page", "/catalog", "/notices"]
    ));
    assert!(started.json()["notices"]["steps"].as_array().unwrap().len() > 1);

    let id = fake.inner.lock().unwrap().flows[0].flow;
    fake.end(id, Outcome::Approved);
    let ended = send(&router, request("GET", &format!("/v1/flows/{flow}"), &[KEY], "")).await;
    let changing = [
        "/flow",
        "/catalog",
        "/decision/rule",
        "/decision/say",
        "/outcome/say",
    ];
    insta::assert_json_snapshot!(hiding(ended.json(), &changing));
}

// One shape for the API and for outcome notices.
#[tokio::test]
async fn the_answer_agrees_with_the_outcome_notice() {
    let fake = Fake::new();
    let view = fake.begin(1, "licence-renewal");
    for outcome in [None, Some(Outcome::DeclinedByUser), Some(Outcome::Approved)] {
        if let Some(outcome) = outcome {
            fake.end(view.flow, outcome);
        }
        let notice = fake.inner.lock().unwrap().flows[0].to_json();
        let path = format!("/v1/flows/{}", view.flow);
        let answer = send(&api(&fake), request("GET", &path, &[KEY], "")).await.json();
        for (name, value) in notice.as_object().unwrap() {
            assert_eq!(answer.get(name), Some(value), "{name}");
        }
    }
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_flow_again() {
    let fake = Fake::new();
    let router = api(&fake);
    let ask = || {
        request(
            "POST",
            "/v1/flows",
            &[KEY, JSON, ("idempotency-key", "order-7")],
            START,
        )
    };
    let (first, second) = (send(&router, ask()).await, send(&router, ask()).await);
    assert_eq!((first.status, second.status), (second.status, first.status));
    assert_eq!(first.json()["flow"], second.json()["flow"]);
    assert_eq!(second.header("idempotency-replayed"), "true");
    for bad in ["", "with space", &"k".repeat(256), "ü"] {
        let headers = [KEY, JSON, ("idempotency-key", bad)];
        let refused = send(&router, request("POST", "/v1/flows", &headers, START)).await;
        assert_eq!(refused.status, 400, "{bad}");
    }
}

// Threat B-02: every operation on another client's flow answers as if there were none.
#[tokio::test]
async fn the_flow_of_another_client_does_not_exist() {
    let fake = Fake::new();
    let router = api(&fake);
    let flow = fake.begin(1, "licence-renewal").flow;
    let unknown = "0193a5a8-8d5e-7c32-8b42-1b1f3c9d6a55";
    for (method, ending) in [
        ("GET", ""),
        ("GET", "?wait=1"),
        ("GET", "/events"),
        ("POST", "/cancel"),
    ] {
        let ask = |flow: &str, key| request(method, &format!("/v1/flows/{flow}{ending}"), &[key], "");
        let theirs = send(&router, ask(&flow.to_string(), OTHER_KEY)).await;
        let nobodys = send(&router, ask(unknown, OTHER_KEY)).await;
        let nonsense = send(&router, ask("..%2f", OTHER_KEY)).await;
        for answer in [&theirs, &nobodys, &nonsense] {
            assert_eq!(answer.status, 404, "{method} {ending}");
            assert_eq!(answer.json()["detail"], theirs.json()["detail"]);
        }
    }
    assert!(!fake.inner.lock().unwrap().flows[0].ended);
}

#[tokio::test]
async fn waiting_returns_as_soon_as_the_flow_has_ended() {
    let fake = Fake::new();
    let router = api(&fake);
    let flow = fake.begin(1, "licence-renewal").flow;
    let waiting = tokio::spawn({
        let router = router.clone();
        async move {
            send(
                &router,
                request("GET", &format!("/v1/flows/{flow}?wait=60"), &[KEY], ""),
            )
            .await
        }
    });
    while fake.subscribers() == 0 {
        tokio::task::yield_now().await;
    }
    fake.end(flow, Outcome::DeclinedByUser);
    let answer = waiting.await.unwrap().json();
    assert_eq!(answer["state"], "ended");
    assert_eq!(answer["outcome"]["code"], "declined.by_user");
    assert_eq!(answer["person"], serde_json::Value::Null);
}

#[tokio::test(start_paused = true)]
async fn waiting_is_at_most_a_minute() {
    let fake = Fake::new();
    let flow = fake.begin(1, "licence-renewal").flow;
    let before = tokio::time::Instant::now();
    let path = format!("/v1/flows/{flow}?wait=100000");
    let answer = send(&api(&fake), request("GET", &path, &[KEY], "")).await;
    assert_eq!(answer.json()["state"], "waiting");
    assert_eq!(before.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn the_event_stream_tells_the_state_and_ends_with_the_flow() {
    let fake = Fake::new();
    let router = api(&fake);
    let flow = fake.begin(1, "licence-renewal").flow;
    let path = format!("/v1/flows/{flow}/events");
    let response = router
        .clone()
        .oneshot(request("GET", &path, &[KEY], ""))
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    fake.end(flow, Outcome::Approved);
    let body = tokio::time::timeout(
        Duration::from_secs(5),
        axum::body::to_bytes(response.into_body(), 100_000),
    );
    let text = String::from_utf8(body.await.unwrap().unwrap().to_vec()).unwrap();
    let states: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .collect();
    assert!(text.contains("event: state"), "{text}");
    assert!(states.last().unwrap().contains(r#""state":"ended""#), "{text}");
}

#[tokio::test]
async fn cancelling_ends_the_flow_once() {
    let fake = Fake::new();
    let router = api(&fake);
    let flow = fake.begin(1, "licence-renewal").flow;
    let ask = || request("POST", &format!("/v1/flows/{flow}/cancel"), &[KEY], "");
    let first = send(&router, ask()).await;
    assert_eq!(first.json()["outcome"]["code"], "other.cancelled");
    let second = send(&router, ask()).await;
    assert_eq!(
        (second.status.as_u16(), second.json()["code"].as_str()),
        (409, Some("flow_ended"))
    );
}

#[tokio::test]
async fn health_and_readiness_are_told_without_reasons() {
    let fake = Fake::new();
    let router = api(&fake);
    let ask = |path: &str| request("GET", path, &[], "");
    assert_eq!(send(&router, ask("/healthz")).await.status, 200);
    assert_eq!(send(&router, ask("/readyz")).await.status, 200);
    fake.inner.lock().unwrap().store_down = true;
    let unready = send(&router, ask("/readyz")).await;
    assert_eq!(
        (unready.status.as_u16(), unready.body.as_str()),
        (503, "not ready\n")
    );
    let metrics = send(&router, ask("/metrics")).await;
    assert!(
        metrics
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let key = send(&router, request("GET", "/v1/webhook-key", &[KEY], "")).await;
    assert_eq!(key.json()["public_key"], "whpk_test");
}

// Threat B-15: a citizen page is reached by its whole address only, and shows no personal data.
#[tokio::test]
async fn the_citizen_page_shows_the_wait_and_the_outcome_and_nobody() {
    let fake = Fake::new();
    let router = api(&fake);
    let started = send(&router, request("POST", "/v1/flows", &[KEY, JSON], START))
        .await
        .json();
    let page = started["page"]
        .as_str()
        .unwrap()
        .strip_prefix("http://localhost:8080")
        .unwrap()
        .to_owned();
    let waiting = send(&router, request("GET", &page, &[], "")).await;
    assert_eq!(waiting.status, 200);
    for part in [
        ">83<",
        ">52<",
        "dir=\"rtl\"",
        "http-equiv=\"refresh\"",
        "role=\"status\"",
    ] {
        assert!(waiting.body.contains(part), "{part}");
    }
    let flow = fake.inner.lock().unwrap().flows[0].flow;
    fake.end(flow, Outcome::Approved);
    let cookie = waiting.header("set-cookie").split(';').next().unwrap().to_owned();
    let own = [("cookie", cookie.as_str())];
    let english = send(&router, request("GET", &format!("{page}?lang=en"), &own, "")).await;
    assert!(english.body.contains("Approved") && english.body.contains("lang=\"en\""));
    assert!(english.header("set-cookie").starts_with("midflow-lang=en"));
    assert!(!english.body.contains("399123100017") && !english.body.contains("SARA"));
    assert!(!english.body.contains("http-equiv"));
    let wrong = format!("{}A", &page[..page.len() - 1]);
    for path in [wrong.as_str(), "/f/x", &format!("/f/{flow}")] {
        let answer = send(&router, request("GET", path, &[], "")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

/// Puts a mark in the place of what changes with the catalog or by chance.
fn hiding(mut json: serde_json::Value, pointers: &[&str]) -> serde_json::Value {
    for pointer in pointers {
        *json.pointer_mut(pointer).unwrap() = "[…]".into();
    }
    json
}
