use reqwest::StatusCode;
use reqwest::header;
use serde_json::Value;
use serde_json::json;

use super::provider::APPROVES;
use super::provider::FREE;
use super::provider::World;
use super::provider::number;

const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

fn browser() -> reqwest::Client {
    let policy = reqwest::redirect::Policy::none();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(policy)
        .build()
        .unwrap()
}

async fn page(url: String) -> String {
    browser().get(url).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn every_route_carries_the_same_strict_headers() {
    let world = World::new().await;
    let phone = world.sandbox.phone_url();
    for path in [
        "/",
        "/?lang=en",
        "/as/399123100113",
        "/as/unknown",
        "/nowhere",
        "/citizens",
        "/scenarios",
        "/ledger",
        "/assets/phone.css",
        "/assets/phone.js",
        "/assets/icon.svg",
        "/assets/plex-arabic-400.woff2",
        "/assets/../Cargo.toml",
        "/favicon.ico",
        "/events",
    ] {
        let answer = browser().get(format!("{phone}{path}")).send().await.unwrap();
        let get = |name: header::HeaderName| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(get(header::CONTENT_SECURITY_POLICY), CSP, "{path}");
        assert_eq!(get(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(get(header::REFERRER_POLICY), "same-origin", "{path}");
        assert!(!get(header::CACHE_CONTROL).is_empty(), "{path}");
    }
}

// Threat B-20: every page says what it is, in both languages, and a strict policy has nothing to refuse.
#[tokio::test]
async fn every_page_says_sandbox_in_both_languages_and_runs_nothing_inline() {
    let world = World::new().await;
    world.ask(FREE).await.unwrap();
    let phone = world.sandbox.phone_url();
    for (path, dir, lang) in [
        ("/", "rtl", "ar"),
        ("/?lang=en", "ltr", "en"),
        ("/as/399123100113", "rtl", "ar"),
        ("/as/399123100113?lang=en", "ltr", "en"),
        ("/as/399123100164?lang=en", "ltr", "en"),
        ("/nowhere?lang=en", "ltr", "en"),
    ] {
        let html = page(format!("{phone}{path}")).await;
        assert!(
            html.contains(&format!(r#"<html lang="{lang}" dir="{dir}">"#)),
            "{path}"
        );
        assert!(
            html.contains("بيئة تجريبية") && html.contains("SANDBOX"),
            "{path}"
        );
        for forbidden in [
            "<style",
            " style=",
            "onclick",
            "onload",
            "javascript:",
            "Hawyti",
            "هويتي",
        ] {
            assert!(!html.contains(forbidden), "{path}: {forbidden}");
        }
        assert_eq!(
            html.matches("<script").count(),
            html.matches("<script type=\"module\" src=").count()
        );
        assert_eq!(html.matches("<h1>").count(), 1, "{path}");
    }
}

// R000-080: the phone shows organization, service, reason and the digits, in the person's language.
#[tokio::test]
async fn a_request_is_shown_in_both_languages_with_its_challenge_in_two_groups() {
    let world = World::new().await;
    world.ask(FREE).await.unwrap();
    let phone = world.sandbox.phone_url();
    let arabic = page(format!("{phone}/as/{FREE}")).await;
    let english = page(format!("{phone}/as/{FREE}?lang=en")).await;
    for (html, texts) in [
        (
            &arabic,
            [
                "<bdi>جهة تجريبية</bdi>",
                "<bdi>تجديد الرخصة</bdi>",
                "<bdi>الدخول للتجديد</bdi>",
                "موافقة",
            ],
        ),
        (
            &english,
            [
                "<bdi>Sandbox organization</bdi>",
                "<bdi>Licence renewal</bdi>",
                "<bdi>Sign in to renew</bdi>",
                "Approve",
            ],
        ),
    ] {
        for text in texts {
            assert!(html.contains(text), "{text}");
        }
        assert!(html.contains(r#"<bdi dir="ltr"><span>83</span> <span>52</span></bdi>"#));
    }
}

#[tokio::test]
async fn names_are_isolated_and_escaped() {
    let world = World::new().await;
    let html = page(format!("{}/as/399123100164?lang=en", world.sandbox.phone_url())).await;
    assert!(!html.contains("<b>"));
    assert!(html.contains("<h1><bdi>Layla "));
}

#[tokio::test]
async fn a_form_answers_and_leads_back_to_the_page() {
    let world = World::new().await;
    let id = world.ask(FREE).await.unwrap();
    let phone = world.sandbox.phone_url();
    let answer = browser()
        .post(format!("{phone}/citizens/{FREE}/approve"))
        .header(header::ACCEPT, "text/html,application/xhtml+xml")
        .header(header::ORIGIN, "null")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("request={id}&lang=en"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::LOCATION], format!("/as/{FREE}?lang=en"));
    world.callbacks(1).await;
    let html = page(format!("{phone}/as/{FREE}?lang=en")).await;
    assert!(html.contains("No request now") && html.contains("Approved"));
}

#[tokio::test]
async fn the_contract_of_the_phone_in_json() {
    let world = World::new().await;
    let phone = world.sandbox.phone_url();
    let people: Vec<Value> = serde_json::from_str(&page(format!("{phone}/citizens")).await).unwrap();
    for ending in [
        "approves",
        "approves_slowly",
        "declines",
        "never_answers",
        "not_enrolled",
        "minor",
        "revoked",
        "expired",
        "low_assurance",
        "verification_failed",
        "free",
    ] {
        let citizen = people.iter().find(|citizen| citizen["ending"] == ending).unwrap();
        assert!(citizen["civil_no"].as_str().unwrap().starts_with("3991231"));
        assert!(citizen["name"]["ar"].is_string() && citizen["assurance"].is_string());
    }
    let scenarios: Vec<Value> = serde_json::from_str(&page(format!("{phone}/scenarios")).await).unwrap();
    assert_eq!(scenarios.len(), 92);

    let post = async |path: String, body: Value| {
        let sent = browser()
            .post(format!("{phone}{path}"))
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = sent.status().as_u16();
        (status, sent.json::<Value>().await.unwrap())
    };
    let (status, _) = post(format!("/citizens/{FREE}/approve"), json!({})).await;
    assert_eq!(status, 409);
    let id = world.ask(FREE).await.unwrap();
    let (status, answer) = post(format!("/citizens/{FREE}/decline"), json!({})).await;
    assert_eq!((status, &answer["request"]), (200, &id.into()));
    assert_eq!(
        post("/citizens/399123100199/approve".into(), json!({})).await.0,
        404
    );
    assert_eq!(post(format!("/citizens/{FREE}/dance"), json!({})).await.0, 404);

    let (status, armed) = post(
        "/trigger/forged".into(),
        json!({ "civil_no": APPROVES, "delay_ms": 0 }),
    )
    .await;
    assert_eq!((status, &armed["armed"]), (200, &"forged".into()));
    assert_eq!(
        post("/trigger/unheard".into(), json!({ "civil_no": APPROVES }))
            .await
            .0,
        404
    );
    assert_eq!(
        post("/trigger/forged".into(), json!({ "civil_no": "1" })).await.0,
        422
    );
    assert_eq!(post("/trigger/forged".into(), json!([1])).await.0, 422);
    let html = page(format!("{phone}/as/{APPROVES}?lang=en")).await;
    assert!(html.contains("Happens to the next request"));
    world.ask(APPROVES).await.unwrap();
    world.callbacks(2).await;
    assert_eq!(
        post(format!("/citizens/{APPROVES}/disarm"), json!({})).await.0,
        200
    );
    let ledger: Value = serde_json::from_str(&page(format!("{phone}/ledger")).await).unwrap();
    assert_eq!(ledger["received"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn another_sites_page_can_not_tap_here() {
    let world = World::new().await;
    world.ask(FREE).await.unwrap();
    let url = format!("{}/citizens/{FREE}/approve", world.sandbox.phone_url());
    let foreign = browser()
        .post(&url)
        .header(header::ORIGIN, "https://evil.example");
    assert_eq!(foreign.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let rebound = browser()
        .get(world.sandbox.phone_url())
        .header(header::HOST, "evil.example");
    assert_eq!(rebound.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert!(world.sandbox.handle().open_request(&number(FREE)).is_some());
}

#[tokio::test]
async fn an_open_page_hears_of_a_request_and_does_not_hold_up_the_end() {
    let world = World::new().await;
    let url = format!("{}/as/{FREE}/events", world.sandbox.phone_url());
    let mut events = browser().get(url).send().await.unwrap();
    world.ask(FREE).await.unwrap();
    let event = events.chunk().await.unwrap().unwrap();
    assert_eq!(event, "data: changed\n\n");
    world.sandbox.shutdown().await;
    while let Ok(Some(_)) = events.chunk().await {}
}
