use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use midflow::sandbox::Authority;
use midflow::sandbox::CertificateKind;
use midflow::sandbox::Keys;
use midflow::sandbox::ManualClock;
use midflow::sandbox::PersonAct;
use midflow::sandbox::PhoneError;
use midflow::sandbox::SandboxOptions;
use midflow::sandbox::Scenario;
use midflow::sandbox::StampAlgorithm;
use midflow::sandbox::Standing;
use midflow::sandbox::citizens;
use midflow::words::Assurance;
use midflow::words::Digest;
use midflow::words::Environment;
use midflow::words::Timestamp;
use serde_json::Value;

use super::provider::APPROVES;
use super::provider::FREE;
use super::provider::LOW;
use super::provider::NEVER;
use super::provider::NOT_ENROLLED;
use super::provider::SLOW;
use super::provider::World;
use super::provider::client;
use super::provider::number;

// R000-064: without the certificate that this authority gave the provider, there is no bridge.
#[tokio::test]
async fn only_the_providers_certificate_opens_the_bridge() {
    let world = World::new().await;
    let url = format!("{}/ledger", world.settings.bridge_url);
    assert!(world.client.get(&url).send().await.unwrap().status().is_success());

    let bare = client(&world.settings, None);
    assert!(bare.get(&url).send().await.is_err());

    let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let people = citizens(0, now);
    let other = Keys::open(elsewhere.path(), "sp", StampAlgorithm::EcdsaP256, &people, now).unwrap();
    let stranger = client(
        &world.settings,
        Some(&other.service_provider("sp").unwrap().pem()),
    );
    assert!(stranger.get(&url).send().await.is_err());

    // A citizen's certificate comes from the right authority and is for something else.
    let citizen =
        std::fs::read_to_string(world.sandbox_keys().join(format!("citizens/{APPROVES}.pem"))).unwrap();
    assert!(
        client(&world.settings, Some(&citizen))
            .get(&url)
            .send()
            .await
            .is_err()
    );

    let distrusting = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(distrusting.get(&url).send().await.is_err());
    assert!(
        other
            .citizen(&people[0], CertificateKind::Valid(Assurance::Low))
            .is_ok()
    );
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let world = World::with(|options| options.open_per_person = Some(2)).await;
    assert_eq!(world.ask(NOT_ENROLLED).await, Err(1001));
    assert_eq!(world.ask("399123100199").await, Err(1001));
    assert_eq!(world.ask(LOW).await, Err(1002));
    assert!(world.ask(NEVER).await.is_ok() && world.ask(NEVER).await.is_ok());
    assert_eq!(world.ask(NEVER).await, Err(1003));
    assert!(world.ask(FREE).await.is_ok());

    let mut request = world.request(FREE);
    request["ServiceDescriptionAR"] = Value::Null;
    let answer = world
        .post("InitiateAuthRequestPNWithAssuranceLevel", request.to_string())
        .await
        .unwrap();
    assert_eq!(answer["Error"]["Code"], 1004);
    assert!(
        answer["Error"]["Message"]
            .as_str()
            .unwrap()
            .contains("ServiceDescriptionAR")
    );
    assert_eq!(
        world.post("InitiateAuthRequestPN", "{").await.unwrap()["Error"]["Code"],
        1004
    );

    let mut request = world.request(FREE);
    request["ServiceProviderId"] = "00000000-0000-4000-8000-00000000ffff".into();
    assert_eq!(world.ask_with(request).await, Err(1005));
    let mut request = world.request(FREE);
    request["SPCallbackURL"] = "https://127.0.0.1:1/cb/token".into();
    assert_eq!(world.ask_with(request).await, Err(1006));

    for operation in ["InitiateSignRequest", "NotifyPerson", "InitiateAuthRequestQR"] {
        let answer = world.post(operation, "{}").await.unwrap();
        let why = answer["Error"]["Message"].as_str().unwrap();
        assert_eq!(why, "`ServiceProviderId` is missing or not valid", "{operation}");
    }
    assert!(world.post("Unheard", "{}").await.unwrap_err().status().is_some());
}

#[tokio::test]
async fn a_person_is_not_asked_more_often_than_the_rate_allows() {
    let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let hands = clock.clone();
    let world = World::with(|options| {
        options.clock = clock;
        options.rate_per_person = Some((2, Duration::from_secs(600)));
    })
    .await;
    assert!(world.ask(FREE).await.is_ok() && world.ask(FREE).await.is_ok());
    assert_eq!(world.ask(FREE).await, Err(1003));
    hands.advance(Duration::from_secs(600));
    assert!(world.ask(FREE).await.is_ok());
}

#[tokio::test]
async fn status_enrolment_and_certificates_can_be_asked_for() {
    let world = World::new().await;
    let id = world.ask(APPROVES).await.unwrap();
    world.callbacks(1).await;
    let status = world
        .post("GetRequestStatus", format!(r#"{{"RequestId":"{id}"}}"#))
        .await
        .unwrap();
    assert_eq!(status["Data"]["RequestStatus"], "Approved");
    assert_eq!(status["Data"]["ResultCodeId"], 1);
    let unknown = world
        .post("GetRequestStatus", r#"{"RequestId":"x"}"#)
        .await
        .unwrap();
    assert_eq!(unknown["Error"]["Code"], 1007);

    let has = |civil_no: &str| format!(r#"{{"CivilNo":"{civil_no}"}}"#);
    let found = world.post("HasMobileIdentity", has(APPROVES)).await.unwrap();
    assert_eq!(
        (&found["Data"]["HasMobileId"], &found["Data"]["VerificationLevel"]),
        (&true.into(), &"30".into())
    );
    let missing = world.post("HasMobileIdentity", has(NOT_ENROLLED)).await.unwrap();
    assert_eq!(missing["Data"]["HasMobileId"], false);
    let certificate = world.post("GetUserCertificate", has(APPROVES)).await.unwrap();
    assert!(certificate["Data"].as_str().unwrap().starts_with("MII"));
    let none = world.post("GetUserCertificate", has(NOT_ENROLLED)).await.unwrap();
    assert!(none["Data"].is_null() && none["Error"].is_null());
}

#[tokio::test]
async fn the_ledger_tells_what_came_and_what_went_with_the_same_digests() {
    let world = World::new().await;
    let id = world.ask(APPROVES).await.unwrap();
    let body = world.callbacks(1).await.remove(0);
    let handle = world.sandbox.handle();
    let ledger = loop {
        let ledger = handle.ledger();
        if !ledger.sent.is_empty() {
            break ledger;
        }
        tokio::task::yield_now().await;
    };
    let received = &ledger.received[0];
    assert_eq!(received.request_id.as_deref(), Some(id.as_str()));
    assert_eq!(received.additional_data.as_deref(), Some("ours"));
    assert_eq!(received.reply.as_deref(), Some("accepted"));
    assert_eq!(
        received.digest,
        Digest::of(world.request(APPROVES).to_string().as_bytes())
    );
    let sent = &ledger.sent[0];
    assert_eq!(
        (sent.request_id.as_str(), sent.status, sent.attempt),
        (id.as_str(), Some(200), 1)
    );
    assert_eq!(sent.digest, Digest::of(&body));
    assert_eq!(handle.callback_body(&sent.digest), Some(body));
    let text = serde_json::to_string(&ledger).unwrap();
    assert!(!text.contains(APPROVES), "the ledger holds no civil number");
}

#[tokio::test]
async fn a_callback_that_is_not_taken_is_sent_again_and_then_given_up() {
    let world = World::with(|options| options.retries = vec![Duration::ZERO; 3]).await;
    world.answer_with(503);
    let id = world.ask(APPROVES).await.unwrap();
    let bodies = world.callbacks(4).await;
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    let handle = world.sandbox.handle();
    while handle.ledger().sent.len() < 4 {
        tokio::task::yield_now().await;
    }
    let attempts: Vec<_> = handle
        .ledger()
        .sent
        .iter()
        .map(|sent| (sent.attempt, sent.status))
        .collect();
    assert_eq!(
        attempts,
        [(1, Some(503)), (2, Some(503)), (3, Some(503)), (4, Some(503))]
    );
    assert_eq!(handle.standing(&id), Some(Standing::Approved));
}

#[tokio::test]
async fn slow_citizens_and_late_answers_keep_to_the_clock() {
    let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let hands = clock.clone();
    let world = World::with(|options| options.clock = clock).await;
    let handle = world.sandbox.handle();
    let slow = world.ask(SLOW).await.unwrap();
    until(|| hands.sleepers() == 1).await;
    hands.advance(Duration::from_secs(7));
    assert_eq!(handle.standing(&slow), Some(Standing::Open));
    hands.advance(Duration::from_secs(1));
    world.callbacks(1).await;

    handle.arm(Scenario::Late, Some(&number(FREE)), None).unwrap();
    let late = world.ask(FREE).await.unwrap();
    until(|| hands.sleepers() == 1).await;
    hands.advance(Duration::from_secs(301));
    assert_eq!(handle.standing(&late), Some(Standing::Expired));
    assert_eq!(world.received(), 1);
    hands.advance(Duration::from_secs(10));
    world.callbacks(2).await;
}

#[tokio::test]
async fn a_person_answers_once_and_only_what_is_open() {
    let world = World::new().await;
    let handle = world.sandbox.handle();
    let free = number(FREE);
    assert_eq!(
        handle.act(PersonAct::Approve, &free, None),
        Err(PhoneError::NoOpenRequest)
    );
    let id = world.ask(FREE).await.unwrap();
    assert_eq!(
        handle.act(PersonAct::Approve, &number(NEVER), Some(&id)),
        Err(PhoneError::NoOpenRequest)
    );
    assert_eq!(handle.act(PersonAct::Decline, &free, Some(&id)), Ok(id.clone()));
    assert_eq!(
        handle.act(PersonAct::Approve, &free, Some(&id)),
        Err(PhoneError::NoOpenRequest)
    );
    let body: Value = serde_json::from_slice(&world.callbacks(1).await[0]).unwrap();
    assert_eq!(body["MIDAuthSignResponse"]["ResultDetails"]["ResultCode"], "4");
    let ignored = world.ask(FREE).await.unwrap();
    assert_eq!(handle.act(PersonAct::Ignore, &free, None), Ok(ignored.clone()));
    assert_eq!(handle.standing(&ignored), Some(Standing::Ignored));
    assert_eq!(
        handle.act(PersonAct::Approve, &free, None),
        Err(PhoneError::NoOpenRequest)
    );
}

#[tokio::test]
async fn nothing_is_taken_before_a_callback_base_is_registered() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = SandboxOptions::new(folder.path());
    options.stamp = StampAlgorithm::EcdsaP256;
    let sandbox = Authority::start(options).await.unwrap();
    let settings = sandbox.handle().sp_settings();
    let client = client(&settings, Some(&settings.client.pem()));
    let world = World::new().await;
    let url = format!("{}/InitiateAuthRequestPN", settings.bridge_url);
    let sent = client
        .post(url)
        .body(world.request(APPROVES).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(sent.json::<Value>().await.unwrap()["Error"]["Code"], 1006);
    for bad in ["http://127.0.0.1/", "nonsense", "https://127.0.0.1/?x=1"] {
        assert!(sandbox.handle().register_callback_base(bad).is_err(), "{bad}");
    }
    sandbox.shutdown().await;
}

// Threat B-20: the sandbox is no phishing kit.
#[tokio::test]
async fn it_does_not_start_among_real_citizens_nor_where_others_reach_it() {
    let folder = tempfile::tempdir().unwrap();
    let start = |change: fn(&mut SandboxOptions)| {
        let mut options = SandboxOptions::new(folder.path());
        options.stamp = StampAlgorithm::EcdsaP256;
        change(&mut options);
        Authority::start(options)
    };
    for change in [
        (|options: &mut SandboxOptions| options.environment = Environment::Production)
            as fn(&mut SandboxOptions),
        |options| options.environment = Environment::Dr,
    ] {
        let fault = start(change).await.unwrap_err().to_string();
        assert!(fault.contains("development"), "{fault}");
    }
    let fault = start(|options| options.phone = "0.0.0.0:0".parse().unwrap())
        .await
        .unwrap_err();
    assert!(fault.to_string().contains("loopback"), "{fault}");
    let fault = start(|options| options.service_provider_id = "../../etc".to_owned())
        .await
        .unwrap_err();
    assert!(fault.to_string().contains("id"), "{fault}");

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut options = SandboxOptions::new(folder.path());
    options.phone = taken.local_addr().unwrap();
    let fault = Authority::start(options).await.unwrap_err().to_string();
    assert!(
        fault.contains("phone") && fault.contains("another port"),
        "{fault}"
    );
}

impl World {
    fn sandbox_keys(&self) -> std::path::PathBuf {
        self.keys_folder().join("sandbox")
    }
}

async fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}
