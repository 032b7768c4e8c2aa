//! The texts of notifications, from the API to the phone (R000-136, R000-195): where real people are told, none leaves that two
//! people have not approved as it stands, and no waiver stands in for one of them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use axum::http::StatusCode;
use midflow::engine::Clock as _;
use midflow::engine::Engine;
use midflow::engine::EngineOptions;
use midflow::engine::EngineParts;
use midflow::engine::KeyFile;
use midflow::engine::Secrets;
use midflow::engine::SystemClock;
use midflow::http;
use midflow::store::Sealed;
use midflow::store::Sqlite;
use midflow::words::Digest;
use midflow::words::Environment;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::support::authority::ToldAuthority;
use crate::support::clock::HandClock;
use crate::support::node::CLIENT;
use crate::support::node::PERSON;
use crate::support::policy_folder::with_wide_limits;

const KEY: &str = "the-key-of-the-portal";
const NOURA: &str = "  - { of: texts, by: Noura Example, for: organization, on: 2026-02-01 }\n";
const FAHAD: &str = "  - { of: texts, by: Fahad Example, for: organization, on: 2026-02-02 }\n";
const WAIVER: &str = "waivers:\n  - { of: R000-195, by: Noura Example, on: 2026-02-01, until: 2027-02-01, why: Fahad is on leave }\n";

// R000-195: refused with its code and the way out, before anything is recorded as begun; the second approval is all it takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_notification_without_two_approvals_is_refused_by_the_api() {
    let refused = Recovery::of(NOURA, WAIVER).await;
    let (status, problem) = refused.remind().await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::FORBIDDEN, &json!("texts_not_approved"))
    );
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("of: texts") && detail.contains("sha256"),
        "{detail}"
    );
    assert!(!problem.to_string().contains(PERSON), "law 13");
    assert!(refused.authority.sent().is_empty());
    refused.engine.shutdown().await;

    let approved = Recovery::of(&format!("{NOURA}{FAHAD}"), "").await;
    let (status, begun) = approved.remind().await;
    assert_eq!(status, StatusCode::CREATED, "{begun}");
    let sent = approved.authority.has_been_sent(1).await;
    assert_eq!(begun["flow"], sent[0].flow.to_string());
    approved.engine.shutdown().await;
}

/// A node of the recovery site, which serves real people, with the reminders alone.
struct Recovery {
    engine: Engine,
    authority: Arc<ToldAuthority>,
    _folders: [TempDir; 2],
}

impl Recovery {
    async fn of(approvals: &str, waivers: &str) -> Self {
        let (policies, state) = (with_wide_limits(), tempfile::tempdir().unwrap());
        declare(policies.path(), approvals, waivers);
        let authority = Arc::new(ToldAuthority::new());
        let store = Sqlite::open(state.path().join("midflow.db")).await.unwrap();
        let key = KeyFile::read_or_make(&state.path().join("midflow.key")).unwrap();
        let store = Sealed::open(Arc::new(store), Arc::new(key), Environment::Dr, SystemClock.now());
        let engine = Engine::start(EngineParts {
            folder: policies.path().to_path_buf(),
            store: Arc::new(store.await.unwrap()),
            connector: authority.clone(),
            secrets: Arc::new(Secrets::open(&state.path().join("secrets")).unwrap()),
            clock: Arc::new(HandClock::new()),
            options: EngineOptions {
                environment: Environment::Dr,
                ..EngineOptions::default()
            },
            notify_roots: Vec::new(),
            gates: Vec::new(),
            settings: None,
            anchors: Vec::new(),
        });
        Self {
            engine: engine.await.unwrap(),
            authority,
            _folders: [policies, state],
        }
    }

    async fn remind(&self) -> (StatusCode, Value) {
        let settings = http::ApiSettings {
            keys: http::ApiKeys::new([http::ApiKey {
                client: CLIENT.to_owned(),
                digest: Digest::of(KEY.as_bytes()),
            }]),
            public_base: "https://midflow.example".to_owned(),
            page_key: http::PageKey::new(&[7; 32]),
            development: false,
        };
        let body = json!({
            "service": "appointment-reminders", "capability": "notify", "channel": "web", "locale": "ar",
            "person": { "civil_no": PERSON }, "template": "reminder",
            "inputs": { "appointment": "1234567", "hour": "09:30" },
        });
        let request = Request::post("/v1/flows")
            .header("authorization", format!("Bearer {KEY}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let api = http::api(Arc::new(self.engine.clone()), settings);
        let answer = api.oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), 64 * 1024).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }
}

/// Leaves the reminders alone, and declares all that real people may expect of a service but for its texts.
fn declare(folder: &Path, approvals: &str, waivers: &str) {
    let services = folder.join("policies/services");
    for entry in fs::read_dir(&services).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap() != "appointment-reminders.yaml" {
            fs::remove_file(path).unwrap();
        }
    }
    let service = services.join("appointment-reminders.yaml");
    let text = fs::read_to_string(&service).unwrap();
    let more = format!(
        "approvals:\n  - {{ of: notify, state: approved, by: Salem Example, for: authority, on: 2026-02-01 }}\n{approvals}\
         certification: {{ passed_on: 2026-02-01, by: Huda Example }}\n{waivers}"
    );
    fs::write(&service, format!("{text}{more}")).unwrap();
    let organization = folder.join("policies/organization.yaml");
    let text = fs::read_to_string(&organization).unwrap();
    let site = "environments:\n  dr:\n    callback_base_url: https://callback.dr.services.example/mobile-id\n    \
                public_ips: [\"203.0.113.20/32\"]\n";
    let signed = "onboarding:\n  request: { signed_on: 2026-01-10, signed_by: Salem Example }\n  declaration: { by: Salem \
                  Example, on: 2026-01-10 }\n";
    let declared = format!("{}{signed}", text.replacen("environments:\n", site, 1));
    fs::write(&organization, declared).unwrap();
}
