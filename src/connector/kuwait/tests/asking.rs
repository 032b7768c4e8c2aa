//! Asking a responder over the wire: whom it is asked about, how often, and for how long a flow waits for it.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use aws_lc_rs::digest;
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use der::Decode as _;
use x509_ocsp::OcspRequest;

use super::fixture::*;
use super::responder::Authority;
use super::responder::GOOD;
use super::responder::Made;
use super::responder::SERIAL;
use super::responder::element;
use super::responder::now;
use crate::connector::Connector as _;
use crate::connector::kuwait::ClientIdentity;
use crate::connector::kuwait::ClientMaterial;
use crate::connector::kuwait::Kuwait;
use crate::connector::kuwait::KuwaitSettings;
use crate::connector::kuwait::Material;
use crate::connector::kuwait::Presence;
use crate::connector::kuwait::RevocationSettings;
use crate::connector::kuwait::SignerPin;
use crate::connector::kuwait::Source;
use crate::connector::kuwait::WhenUnknown;
use crate::connector::kuwait::revocation::Named;
use crate::connector::kuwait::revocation::Revocation;
use crate::connector::kuwait::revocation::Status;
use crate::words::Timestamp;

/// What is said where a certificate of one issuer is asked about; `None` for a responder that fails.
type Says = Option<Vec<u8>>;

/// A responder for two issuers of one name. It keeps whose certificate each question was about: 0 or 1.
struct Responder {
    issuers: [Authority; 2],
    says: Mutex<[Says; 2]>,
    asked: Mutex<Vec<usize>>,
}

impl Responder {
    async fn start() -> (Arc<Self>, Revocation) {
        let issuers = [Authority::new("An authority"), Authority::new("An authority")];
        let ders: Vec<Vec<u8>> = issuers.iter().map(|issuer| issuer.der.clone()).collect();
        let responder = Arc::new(Self {
            issuers,
            says: Mutex::new([None, None]),
            asked: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let answering = Arc::clone(&responder);
        let app = Router::new().route(
            "/",
            post(move |body: Bytes| async move { answering.answer(&body) }),
        );
        tokio::spawn(async move { axum::serve(listener, app).await });
        (responder, Revocation::new(&settings(url), &ders).unwrap())
    }

    fn answer(&self, body: &[u8]) -> Result<Vec<u8>, StatusCode> {
        let request = OcspRequest::from_der(body).unwrap().tbs_request;
        let id = &request.request_list[0].req_cert;
        let extension = &request.request_extensions.as_ref().unwrap()[0];
        // The value is an OCTET STRING of its own.
        let nonce = extension.extn_value.as_bytes().last_chunk().copied();
        let is_of = |issuer: &Authority| {
            let key = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &issuer.signer().key_bits);
            key.as_ref() == id.issuer_key_hash.as_bytes()
        };
        let whose = self.issuers.iter().position(is_of).unwrap();
        self.asked.lock().unwrap().push(whose);
        let says = self.says.lock().unwrap()[whose].clone();
        let status = says.ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
        let issuer = &self.issuers[whose];
        let made = Made::by_issuer(issuer).saying(status, nonce);
        Ok(made.bytes(&issuer.signer()))
    }

    fn named(&self) -> Named {
        Named {
            issuer: self.issuers[0].signer().subject,
            serial: SERIAL.to_vec(),
        }
    }
}

fn settings(responder: String) -> RevocationSettings {
    RevocationSettings {
        lists: Vec::new(),
        responder: Some(responder),
        nonce: Presence::Required,
        issuers: vec![Source::Env("UNUSED".to_owned())],
        when_unknown: WhenUnknown::Refuse,
        refresh_seconds: 300,
    }
}

// R000-169: while an authority replaces its key, two issuers have one name. Where the responder does not know a certificate as
// one of the first, it is asked about it as one of the second, and what is known of either counts.
#[tokio::test]
async fn where_the_first_issuer_is_unknown_the_second_is_asked_about() {
    let unknown = || Some(vec![0x82, 0]);
    let good = || Some(GOOD.to_vec());
    let revoked = || Some(element(0xa1, &element(0x18, b"20260101000000Z")));
    let since = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    for (says, status, asked) in [
        ([unknown(), good()], Some(Status::Good), &[0, 1][..]),
        ([unknown(), revoked()], Some(Status::Revoked(since)), &[0, 1]),
        ([good(), unknown()], Some(Status::Good), &[0]),
        ([revoked(), good()], Some(Status::Revoked(since)), &[0]),
        // Nobody knows it: that is an answer too, and no word in its favour.
        ([unknown(), unknown()], Some(Status::Unknown), &[0, 1]),
        // Of the second nothing is said, so the first answer stands.
        ([unknown(), None], Some(Status::Unknown), &[0, 1, 1]),
        // A fault about the first is no reason not to ask about the second.
        ([None, good()], Some(Status::Good), &[0, 0, 1]),
        ([None, None], None, &[0, 0, 1, 1]),
    ] {
        let (responder, known) = Responder::start().await;
        *responder.says.lock().unwrap() = says;
        let named = responder.named();
        let asks = known.responder().unwrap();
        asks.ask(&known, &named, now()).await;
        assert_eq!(asks.told(&named).map(|told| told.status), status);
        assert_eq!(*responder.asked.lock().unwrap(), asked);
        // What was said is not asked for again, and a fault not at once.
        asks.ask(&known, &named, now()).await;
        assert_eq!(responder.asked.lock().unwrap().len(), asked.len());
        let later = now().plus(Duration::from_secs(3));
        asks.ask(&known, &named, later).await;
        let again = status.is_none();
        assert_eq!(responder.asked.lock().unwrap().len() > asked.len(), again);
    }
}

// R000-169: each question has its own patience, and all of them together have another: a flow waits ten seconds for a responder
// that holds its answers, and is then examined with what is known, which is nothing. Time is virtual.
#[tokio::test(start_paused = true)]
async fn a_look_up_ends_after_ten_seconds_in_all() {
    // Whoever connects is let in by the system, and nobody ever answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let namesake = party(
        "Synthetic stamp P-256",
        &ec(&rcgen::PKCS_ECDSA_P256_SHA256),
        (2026, 2027),
    );
    let source = || Source::Env("UNUSED".to_owned());
    let mut kuwait = KuwaitSettings::for_sandbox(
        "https://127.0.0.1:9/mid".to_owned(),
        SP.to_owned(),
        ClientIdentity {
            certificate: source(),
            key: source(),
        },
        source(),
        SignerPin::Certificate(source()),
    );
    kuwait.revocation = Some(settings(url));
    let material = Material {
        client: Some(ClientMaterial {
            certificate: P256.pem.clone().into_bytes(),
            key: P256.key_pem.clone().into(),
        }),
        login: None,
        server_ca: P256.pem.clone().into_bytes(),
        signers: vec![P256.pem.clone().into_bytes()],
        // Two of the signer's issuer, each worth two questions of four seconds: sixteen, if nothing ended it before.
        list_issuers: vec![P256.der.clone(), namesake.der],
    };
    let kuwait = Kuwait::new(&kuwait, &material, now()).unwrap();
    let body = Draft::approved().stamped();
    for _ in 0..2 {
        let began = tokio::time::Instant::now();
        kuwait.look_up(body.as_bytes(), now()).await;
        let waited = began.elapsed();
        let longest = Duration::from_secs(10);
        assert!(
            (longest..longest + Duration::from_millis(50)).contains(&waited),
            "{waited:?}"
        );
        // Nothing is known of the signer, and nothing is believed of it.
        let verdict = Asked::usual().examine(&kuwait.approval, body.as_bytes());
        assert_eq!(ending(&verdict), (Some("stamp"), Some(None)));
    }
}
