use axum::Router;

use super::ask::KEY;
use super::ask::api;
use super::ask::callback;
use super::ask::console;
use super::ask::request;
use super::ask::send;
use super::demo_journey::demo;
use crate::http::assets::ASSETS;
use crate::http::fake::Fake;

// Threat B-19, ASVS 3.4: the header table, for every route and for refusals too.
#[tokio::test]
async fn every_answer_has_its_headers() {
    let fake = Fake::new();
    let flow = fake.begin(1, "licence-renewal").flow;
    let (api, console, demo) = (api(&fake), console(&fake), demo(&fake, "http://127.0.0.1:9"));
    let of_flow = format!("/flows/{flow}");
    let api_flow = format!("/v1/flows/{flow}");
    let routes: &[(&Router, &str, bool)] = &[
        (&api, "/v1/flows", false),
        (&api, &api_flow, false),
        (&api, "/v1/openapi.json", false),
        (&api, "/v1/webhook-key", false),
        (&api, "/healthz", false),
        (&api, "/readyz", false),
        (&api, "/metrics", false),
        (&api, "/nowhere", false),
        (&api, "/f/unknown", true),
        (&console, "/", true),
        (&console, &of_flow, true),
        (&console, "/flows/nonsense", true),
        (&console, "/services", true),
        (&console, "/nowhere", true),
        (&demo, "/", true),
        (&demo, "/services/licence-renewal", true),
        (&demo, "/services/unknown", true),
        (&demo, &of_flow, true),
        (&demo, "/nowhere", true),
        (&callback(&fake), "/", false),
    ];
    for (router, path, is_page) in routes {
        let answer = send(router, request("GET", path, &[KEY], "")).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        if *is_page {
            assert!(policy.contains("require-trusted-types-for 'script'"), "{path}");
            assert!(
                answer.header("permissions-policy").contains("geolocation=()"),
                "{path}"
            );
            assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        }
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("server", ""),
            ("access-control-allow-origin", ""),
        ] {
            assert_eq!(answer.header(name), value, "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn assets_are_named_by_their_content_and_kept_for_ever() {
    let router = console(&Fake::new());
    for path in [
        &ASSETS.stylesheet,
        &ASSETS.favicon,
        &ASSETS.live_script,
        &ASSETS.early_fonts[0],
    ] {
        let answer = send(&router, request("GET", path, &[], "")).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    assert_eq!(
        send(&router, request("GET", "/favicon.ico", &[], ""))
            .await
            .status,
        200
    );
    let missing = send(&router, request("GET", "/assets/midflow.css", &[], "")).await;
    assert_eq!(
        (missing.status.as_u16(), missing.header("cache-control")),
        (404, "no-store")
    );
}

// Threat B-19: DNS rebinding and writes from other sites.
#[tokio::test]
async fn other_hosts_and_other_sites_are_refused() {
    let fake = Fake::new();
    let demo = demo(&fake, "http://127.0.0.1:9");
    for router in [&console(&fake), &demo] {
        let mut ask = request("GET", "/", &[], "");
        ask.headers_mut()
            .insert("host", "evil.example:8080".parse().unwrap());
        assert_eq!(send(router, ask).await.status, 421);
        let mut nameless = request("GET", "/", &[], "");
        nameless.headers_mut().remove("host");
        assert_eq!(send(router, nameless).await.status, 421);
    }
    for (name, value, refused) in [
        ("sec-fetch-site", "cross-site", true),
        ("sec-fetch-site", "same-site", true),
        ("sec-fetch-site", "same-origin", false),
        ("origin", "https://evil.example", true),
        ("origin", "null", true),
        ("origin", "http://localhost:8080", false),
    ] {
        let form = ("content-type", "application/x-www-form-urlencoded");
        let ask = request("POST", "/services/licence-renewal", &[form, (name, value)], "");
        let status = send(&demo, ask).await.status;
        assert_eq!(status == 403, refused, "{name}: {value} gave {status}");
    }
}
