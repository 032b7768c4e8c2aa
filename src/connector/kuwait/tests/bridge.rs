use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::http::Request as HttpRequest;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::routing::post;
use bytes::Bytes;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;

use super::fixture::*;
use crate::connector::Connector as _;
use crate::connector::Matter;
use crate::connector::Notification;
use crate::connector::PrepareError;
use crate::connector::Preview;
use crate::connector::Reply;
use crate::connector::ReplyMeaning;
use crate::connector::Request;
use crate::connector::Signing;
use crate::connector::kuwait::AuthenticateRequest;
use crate::connector::kuwait::ClientIdentity;
use crate::connector::kuwait::ClientMaterial;
use crate::connector::kuwait::CodeAdditions;
use crate::connector::kuwait::Kuwait;
use crate::connector::kuwait::KuwaitSettings;
use crate::connector::kuwait::Material;
use crate::connector::kuwait::SignerPin;
use crate::connector::kuwait::Source;
use crate::connector::kuwait::codes::Codes;
use crate::connector::kuwait::transport::Bridge;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::RequestId;
use crate::words::Text;
use crate::words::Timestamp;

const PUSH: &str = "InitiateAuthRequestPNWithAssuranceLevel";

/// A certificate authority with what it issued: (certificate PEM, key PEM).
struct Authority {
    pem: String,
    server: (String, String),
    client: (String, String),
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "Synthetic bridge CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let issue = |names: Vec<String>| {
            let key = KeyPair::generate().unwrap();
            let certificate = CertificateParams::new(names)
                .unwrap()
                .signed_by(&key, &issuer)
                .unwrap();
            (certificate.pem(), key.serialize_pem())
        };
        Self {
            pem: certificate.pem(),
            server: issue(vec!["127.0.0.1".to_owned()]),
            client: issue(vec!["sp.example.invalid".to_owned()]),
        }
    }
}

async fn serve(authority: &Authority, trusted_clients: &Authority, app: Router) -> SocketAddr {
    use rustls::pki_types::pem::PemObject as _;

    let certificate = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate(&trusted_clients.pem)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .unwrap();
    let key = PrivateKeyDer::from_pem_slice(authority.server.1.as_bytes()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate(&authority.server.0)], key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let config = axum_server::tls_rustls::RustlsConfig::from_config(Arc::new(config));
    let server = axum_server::from_tcp_rustls(listener, config).unwrap();
    tokio::spawn(server.serve(app.into_make_service()));
    address
}

fn settings(base_url: String) -> KuwaitSettings {
    let source = || Source::Env("UNUSED".to_owned());
    let mut settings = KuwaitSettings::for_sandbox(
        base_url,
        SP.to_owned(),
        ClientIdentity {
            certificate: source(),
            key: source(),
        },
        source(),
        SignerPin::Certificate(source()),
    );
    settings.connect_timeout_seconds = 1;
    settings.reply_timeout_seconds = 2;
    settings
}

fn material(client: &Authority, server: &Authority) -> Material {
    Material {
        client: Some(ClientMaterial {
            certificate: client.client.0.clone().into_bytes(),
            key: client.client.1.clone().into(),
        }),
        login: None,
        server_ca: server.pem.clone().into_bytes(),
        signers: vec![P256.pem.clone().into_bytes()],
        list_issuers: Vec::new(),
    }
}

fn bridge(address: SocketAddr, material: &Material) -> Bridge {
    Bridge::new(&settings(format!("https://{address}/mid")), material).unwrap()
}

async fn send(bridge: &Bridge) -> Reply {
    let codes = Codes::new(CodeAdditions::sandbox()).unwrap();
    bridge
        .post(PUSH, Bytes::from_static(b"{\"exact\" : true}"), &codes)
        .await
}

/// What comes back from a server that answers so.
async fn reply_to(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> Reply {
    let authority = Authority::new();
    let app = Router::new().route(
        &format!("/mid/{PUSH}"),
        post(move || async move { answer.clone() }),
    );
    let address = serve(&authority, &authority, app).await;
    send(&bridge(address, &material(&authority, &authority))).await
}

#[tokio::test]
async fn the_exact_bytes_arrive_and_the_id_comes_back() {
    let authority = Authority::new();
    let app = Router::new().route(
        &format!("/mid/{PUSH}"),
        post(|request: HttpRequest<Body>| async move {
            assert_eq!(
                request.headers()["content-type"],
                "application/json; charset=utf-8"
            );
            let body = axum::body::to_bytes(request.into_body(), 1000).await.unwrap();
            assert_eq!(&body[..], b"{\"exact\" : true}");
            r#"{"Data":"5b0e7c1a","Error":null}"#
        }),
    );
    let address = serve(&authority, &authority, app).await;
    let bridge = bridge(address, &material(&authority, &authority));
    for _ in 0..3 {
        let reply = send(&bridge).await;
        assert_eq!(
            reply.meaning,
            ReplyMeaning::Accepted {
                request_id: Some(RequestId::new("5b0e7c1a"))
            }
        );
        assert_eq!(reply.body.unwrap(), r#"{"Data":"5b0e7c1a","Error":null}"#);
    }
}

#[tokio::test]
async fn errors_are_mapped_by_their_code() {
    for (code, expected) in [
        ("1001", Outcome::NotEnrolled),
        ("1002", Outcome::AssuranceInsufficient),
        ("1003", Outcome::TooManyRequests),
        ("1004", Outcome::ErrorRequest),
        ("1005", Outcome::ErrorRegistration),
        ("1008", Outcome::UnreadableQr),
        ("77", Outcome::ErrorAuthority),
    ] {
        let body = format!(r#"{{"Data":null,"Error":{{"Code":{code},"Message":"399123100017"}}}}"#);
        let ReplyMeaning::Refused {
            outcome,
            code,
            detail,
        } = reply_to(body).await.meaning
        else {
            panic!("{code}")
        };
        assert_eq!((outcome, code), (expected, code));
        assert!(!detail.contains("399123100017"), "{detail}");
    }
}

#[tokio::test]
async fn statuses_are_told_apart() {
    for status in [400, 401, 403, 404, 422, 429] {
        let status = StatusCode::from_u16(status).unwrap();
        let meaning = reply_to((status, "no")).await.meaning;
        let ReplyMeaning::Refused { outcome, .. } = meaning else {
            panic!("{status}: {meaning:?}")
        };
        assert_eq!(outcome, Outcome::ErrorAuthority, "{status}");
    }
    for status in [500, 502, 503, 504] {
        let status = StatusCode::from_u16(status).unwrap();
        let meaning = reply_to((status, r#"{"Data":"5b0e"}"#)).await.meaning;
        assert!(
            matches!(meaning, ReplyMeaning::Unknown { .. }),
            "{status}: {meaning:?}"
        );
    }
}

// A send that may have arrived is never called unsent.
#[tokio::test]
async fn replies_that_say_nothing_are_unknown() {
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"Data":null}"#,
        r#"{"Data":"a","Error":{"Code":1}}"#,
    ] {
        let meaning = reply_to(body).await.meaning;
        assert!(
            matches!(meaning, ReplyMeaning::Unknown { .. }),
            "{body}: {meaning:?}"
        );
    }
    let meaning = reply_to(" ".repeat(64 * 1024 + 1)).await.meaning;
    assert!(
        matches!(&meaning, ReplyMeaning::Unknown { detail } if detail.contains("larger")),
        "{meaning:?}"
    );
    let meaning = reply_to(Redirect::temporary("https://127.0.0.1:1/"))
        .await
        .meaning;
    assert!(
        matches!(&meaning, ReplyMeaning::Unknown { detail } if detail.contains("307")),
        "{meaning:?}"
    );
}

// C.2: what may have arrived is unknown, and nothing below repeats it: two prompts train people to approve.
#[tokio::test]
async fn silence_and_broken_connections_are_unknown_and_never_repeated() {
    let authority = Authority::new();
    let arrived = Arc::new(AtomicUsize::new(0));
    let count = || {
        let arrived = arrived.clone();
        move || arrived.fetch_add(1, Ordering::SeqCst)
    };
    let (silent, broken, dropped, fine) = (count(), count(), count(), count());
    let app = Router::new()
        .route(
            "/silent/{operation}",
            post(|| async move {
                silent();
                std::future::pending::<()>().await;
            }),
        )
        .route(
            "/broken/{operation}",
            post(|| async move {
                broken();
                let pieces = [Ok("{\"Data\":"), Err(std::io::Error::other("gone"))];
                Body::from_stream(tokio_stream::iter(pieces))
            }),
        )
        .route(
            "/dropped/{operation}",
            post(|body: Bytes| async move {
                dropped();
                // Takes the task of the connection down before a byte of the reply; makes no noise.
                if !body.is_empty() {
                    std::panic::resume_unwind(Box::new(()));
                }
            }),
        )
        .route(
            "/fine/{operation}",
            post(|| async move {
                fine();
                r#"{"Data":"5b0e"}"#
            }),
        );
    let address = serve(&authority, &authority, app).await;
    let material = material(&authority, &authority);
    let mut sent = 0;
    for path in ["silent", "broken", "dropped"] {
        let mut bridge = Bridge::new(&settings(format!("https://{address}/fine")), &material).unwrap();
        // Once well, so that the next request goes over a kept connection, where clients are tempted to repeat.
        assert!(matches!(
            send(&bridge).await.meaning,
            ReplyMeaning::Accepted { .. }
        ));
        bridge.set_base(&format!("https://{address}/{path}/"));
        let meaning = send(&bridge).await.meaning;
        assert!(
            matches!(meaning, ReplyMeaning::Unknown { .. }),
            "{path}: {meaning:?}"
        );
        sent += 2;
        assert_eq!(arrived.load(Ordering::SeqCst), sent, "{path}");
    }
}

// C.2: connection refused, no name, and TLS failures leave nothing behind, so trying again is safe.
#[tokio::test]
async fn what_never_connected_was_not_sent() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let app = || Router::new().route("/mid/{operation}", post(|| async { "{}" }));
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let address = serve(&stranger, &authority, app()).await;
    let trusting_another = bridge(address, &material(&authority, &authority));
    let refused = bridge(free, &material(&authority, &authority));
    let address = serve(&authority, &authority, app()).await;
    let wrong_name = Bridge::new(
        &settings(format!("https://localhost:{}/mid", address.port())),
        &material(&authority, &authority),
    )
    .unwrap();
    for (name, bridge) in [
        ("refused", refused),
        ("another CA", trusting_another),
        ("another name", wrong_name),
    ] {
        let reply = send(&bridge).await;
        assert!(reply.body.is_none());
        assert!(
            matches!(reply.meaning, ReplyMeaning::NotSent { .. }),
            "{name}: {:?}",
            reply.meaning
        );
    }
}

// Mutual TLS: in TLS 1.3 the server's refusal comes after the client may have sent, so it is unknown, never
// accepted.
#[tokio::test]
async fn a_client_that_the_server_does_not_know_gets_nothing() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let app = Router::new().route("/mid/{operation}", post(|| async { r#"{"Data":"5b0e"}"# }));
    let address = serve(&authority, &authority, app).await;
    let reply = send(&bridge(address, &material(&stranger, &authority))).await;
    assert!(
        matches!(
            reply.meaning,
            ReplyMeaning::Unknown { .. } | ReplyMeaning::NotSent { .. }
        ),
        "{:?}",
        reply.meaning
    );
}

fn request() -> Request {
    Request {
        flow: FlowId::from_uuid(uuid::Uuid::nil()),
        attempt: 2,
        capability: Capability::AuthPush,
        assurance: Assurance::High,
        civil_no: CivilNo::parse(CIVIL_NO).ok(),
        description: Text::new("تجديد الرخصة", "Licence renewal"),
        reason: Text::new("الدخول لتجديد الرخصة 4711", "Sign in to renew licence 4711"),
        wants_person: true,
        callback_url: "https://mid.example.gov.kw/cb/v1/8f2c".to_owned(),
        additional_data: DATA.to_owned(),
        challenge: Challenge::from_random(8352_u64.to_be_bytes()),
        matter: Matter::Nothing,
    }
}

// R000-080: the challenge is sent, and stands in both reasons. The names are the authority's.
#[test]
fn a_push_is_prepared_in_the_authoritys_own_words() {
    let authority = Authority::new();
    let now = Timestamp::parse(RECEIVED).unwrap();
    let material = material(&authority, &authority);
    let kuwait = Kuwait::new(&settings("https://h/mid/".to_owned()), &material, now).unwrap();
    let outbound = kuwait.prepare(&request()).unwrap();
    assert_eq!((outbound.operation, outbound.attempt), (PUSH, 2));
    assert_eq!(
        std::str::from_utf8(&outbound.body).unwrap(),
        format!(
            "{{\"ServiceProviderId\":\"{SP}\",\"ServiceDescriptionEN\":\"Licence renewal\",\
             \"ServiceDescriptionAR\":\"تجديد الرخصة\",\
             \"AuthenticationReasonEn\":\"Sign in to renew licence 4711. Code to compare: 83 52\",\
             \"AuthenticationReasonAr\":\"الدخول لتجديد الرخصة 4711. رمز المطابقة: 83\u{a0}52\",\
             \"RequestUserDetails\":true,\"SPCallbackURL\":\"https://mid.example.gov.kw/cb/v1/8f2c\",\
             \"PersonCivilNo\":\"{CIVIL_NO}\",\"AdditionalData\":\"{DATA}\",\"Challenge\":\"8352\",\
             \"AssuranceLevel\":30}}"
        )
    );
    assert!(serde_json::from_slice::<AuthenticateRequest<'_>>(&outbound.body).is_ok());
    let nobody = kuwait.prepare(&Request {
        civil_no: None,
        ..request()
    });
    assert_eq!(nobody.err(), Some(PrepareError::Missing("civil number")));
}

fn outbound(request: &Request) -> (&'static str, serde_json::Value) {
    let authority = Authority::new();
    let now = Timestamp::parse(RECEIVED).unwrap();
    let kuwait = Kuwait::new(
        &settings("https://h/mid/".to_owned()),
        &material(&authority, &authority),
        now,
    )
    .unwrap();
    let outbound = kuwait.prepare(request).unwrap();
    (
        outbound.operation,
        serde_json::from_slice(&outbound.body).unwrap(),
    )
}

// A code is for whoever scans it: the request names nobody, even where somebody is expected.
#[test]
fn a_request_for_a_code_names_nobody() {
    let (operation, body) = outbound(&Request {
        capability: Capability::AuthQr,
        ..request()
    });
    assert_eq!(operation, "InitiateAuthRequestQRWithAssuranceLevel");
    assert_eq!(body.get("PersonCivilNo"), None);
    assert_eq!(body["AdditionalData"], DATA);
    assert_eq!(body["Challenge"], "8352");
    assert_eq!(body["AssuranceLevel"], 30);
}

#[test]
fn a_scanned_code_is_sent_as_it_was_read() {
    let (operation, body) = outbound(&Request {
        capability: Capability::VerifyQr,
        civil_no: None,
        matter: Matter::IdentityQr("opaque text".to_owned()),
        ..request()
    });
    assert_eq!(operation, "VerifyMobileIdQRData");
    assert_eq!(
        body,
        serde_json::json!({ "ServiceProviderId": SP, "QRData": "opaque text" })
    );
}

// Law 11, R000-095: the digest that is sent is that of the preview that is sent.
#[test]
fn a_request_to_sign_carries_the_digest_of_its_preview() {
    use base64::Engine as _;
    let bytes = b"%PDF-1.7 a contract".to_vec();
    let (operation, body) = outbound(&Request {
        capability: Capability::Sign,
        matter: Matter::Signing(Box::new(Signing {
            digest: Digest::of(&bytes),
            file_name: "contract.pdf".to_owned(),
            preview: Preview::Document(bytes),
        })),
        ..request()
    });
    assert_eq!(operation, "InitiateSignRequest");
    let engine = base64::engine::general_purpose::STANDARD;
    let preview = engine.decode(body["PreviewData"].as_str().unwrap()).unwrap();
    let digest = engine.decode(body["DataHash"].as_str().unwrap()).unwrap();
    assert_eq!(digest, Digest::of(&preview).as_bytes());
    assert_eq!(body["HashAlgorithm"], "SHA256");
    assert_eq!(body["FileName"], "contract.pdf");
    assert_eq!(body["PersonCivilNo"], CIVIL_NO);
    assert_eq!(body.get("PreviewText"), None);
}

#[test]
fn a_notification_is_sent_in_both_languages() {
    let (operation, body) = outbound(&Request {
        capability: Capability::Notify,
        matter: Matter::Notification(Notification {
            template: "reminder".to_owned(),
            title: Text::new("موعد", "Appointment"),
            text: Text::new("موعدك غدا", "Your appointment is tomorrow"),
        }),
        ..request()
    });
    assert_eq!(operation, "NotifyPerson");
    assert_eq!(body["NotificationSubjectAr"], "موعد");
    assert_eq!(body["NotificationMessageEn"], "Your appointment is tomorrow");
    assert_eq!(body["PersonCivilNo"], CIVIL_NO);
}

// What a capability needs and the request does not have is said before anything leaves.
#[test]
fn what_is_missing_is_named() {
    let authority = Authority::new();
    let now = Timestamp::parse(RECEIVED).unwrap();
    let kuwait = Kuwait::new(
        &settings("https://h/mid/".to_owned()),
        &material(&authority, &authority),
        now,
    )
    .unwrap();
    for (capability, missing) in [
        (Capability::Sign, "document"),
        (Capability::VerifyQr, "text of a QR code"),
        (Capability::Notify, "notification"),
    ] {
        let asked = kuwait.prepare(&Request {
            capability,
            ..request()
        });
        assert_eq!(asked.err(), Some(PrepareError::Missing(missing)));
    }
}
