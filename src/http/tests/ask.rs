use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::MockConnectInfo;
use axum::http::HeaderMap;
use axum::http::Request;
use axum::http::StatusCode;
use tower::ServiceExt;

use crate::http::ApiKey;
use crate::http::ApiKeys;
use crate::http::ApiSettings;
use crate::http::ConsoleSettings;
use crate::http::PageKey;
use crate::http::fake::Fake;
use crate::words::Digest;

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

pub(super) async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 10_000_000).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// A request with the headers of a browser or client.
pub(super) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8080");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

pub(super) fn api(fake: &Arc<Fake>) -> Router {
    let key = |client: &str, key: &[u8]| ApiKey {
        client: client.to_owned(),
        digest: Digest::of(key),
    };
    let settings = ApiSettings {
        keys: ApiKeys::new([key("portal", b"portal-key"), key("bank", b"bank-key")]),
        public_base: "http://localhost:8080".to_owned(),
        page_key: PageKey::new(&[7; 32]),
        development: true,
    };
    crate::http::api(fake.clone(), settings)
}

/// The key of the command line is `admin-key`.
fn admins() -> ApiKeys {
    ApiKeys::new([ApiKey {
        client: "command_line".to_owned(),
        digest: Digest::of(b"admin-key"),
    }])
}

pub(super) fn console(fake: &Arc<Fake>) -> Router {
    let settings = ConsoleSettings {
        public_base: Some("http://localhost:8080".to_owned()),
        admins: admins(),
    };
    crate::http::console(fake.clone(), settings)
}

pub(super) fn callback(fake: &Arc<Fake>) -> Router {
    let source: SocketAddr = "203.0.113.7:4711".parse().unwrap();
    crate::http::callback(fake.clone()).layer(MockConnectInfo(source))
}

pub(super) const KEY: (&str, &str) = ("authorization", "Bearer portal-key");
pub(super) const OTHER_KEY: (&str, &str) = ("authorization", "Bearer bank-key");
pub(super) const JSON: (&str, &str) = ("content-type", "application/json");
pub(super) const START: &str = r#"{"service":"licence-renewal","capability":"auth_push","channel":"web","locale":"ar","person":{"civil_no":"399123100017"},"inputs":{"licence":"123456"},"return_url":"http://localhost:9/done","notify_url":"https://portal.example.test/hook"}"#;
