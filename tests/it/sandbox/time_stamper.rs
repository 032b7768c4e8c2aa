//! The sandbox's time-stamper, held against openssl and against what reads time-stamps here.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use midflow::audit::timestamp::TimestampAuthority;
use midflow::audit::timestamp::TimestampPolicy;
use midflow::audit::timestamp::TimestampRequest;
use midflow::audit::timestamp::token_of_response;
use midflow::engine::SystemClock;
use midflow::engine::log::Anchor as _;
use midflow::engine::log::AnchorError;
use midflow::engine::log::TimestampAnchor;
use midflow::engine::log::TimestampSettings;
use midflow::store::KeptCheckpoint;
use midflow::store::Sqlite;
use midflow::store::Store as _;
use midflow::words::Digest;

use super::provider::World;
use crate::support::tsa::openssl;

// R003-40: both believe what it stamps, by its own certificate and by no other.
#[tokio::test]
async fn what_the_sandbox_stamps_is_believed_by_openssl_too() {
    let world = World::new().await;
    let stamper = world.sandbox.handle();
    let folder = tempfile::tempdir().unwrap();
    let imprint = Digest::of(b"a checkpoint");
    let request = TimestampRequest::new(imprint, [7; 8], None);
    let query = request.to_der().unwrap();
    let reply = stamper.time_stamp(&query).unwrap();
    let authority = TimestampAuthority::from_pem(world.settings.time_stamper_pem.as_bytes()).unwrap();
    let token = token_of_response(&reply).unwrap();
    let stamped = authority.verify(&token, imprint).unwrap();
    assert_eq!(stamped.nonce.as_deref(), Some(request.nonce.as_slice()));
    assert!(stamped.by.contains("SANDBOX time-stamper"), "{}", stamped.by);

    for (name, bytes) in [
        ("query", query.as_slice()),
        ("reply", &reply),
        ("authority.pem", world.settings.authority_pem.as_bytes()),
        ("stranger.pem", stranger(folder.path()).as_slice()),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let verify = ["ts", "-verify", "-queryfile", "query", "-in", "reply", "-CAfile"];
    let believed = |root: &str| openssl(folder.path(), &[&verify[..], &[root]].concat());
    assert!(believed("authority.pem") && !believed("stranger.pem"));

    // openssl's own question, which asks for no certificate and has no nonce.
    fs::write(folder.path().join("data"), "a checkpoint").unwrap();
    let ask = [
        "ts",
        "-query",
        "-data",
        "data",
        "-sha256",
        "-no_nonce",
        "-out",
        "query",
    ];
    assert!(openssl(folder.path(), &ask));
    let reply = stamper
        .time_stamp(&fs::read(folder.path().join("query")).unwrap())
        .unwrap();
    let token = token_of_response(&reply).unwrap();
    assert_eq!(authority.verify(&token, imprint).unwrap().nonce, None);
    world.sandbox.shutdown().await;
}

fn stranger(folder: &std::path::Path) -> Vec<u8> {
    let make = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=Somebody else",
        "-keyout",
        "key.pem",
        "-out",
        "stranger.pem",
    ];
    assert!(openssl(folder, &make));
    fs::read(folder.join("stranger.pem")).unwrap()
}

// What it does not stamp it refuses in words, and while it is stopped it is away; neither leaves anything behind.
#[tokio::test]
async fn what_it_refuses_and_while_it_is_stopped_nothing_is_kept() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("midflow.db")).await.unwrap();
    let log = store.log().unwrap();
    let kept = folder.path().join("stamps");
    fs::create_dir(&kept).unwrap();
    let anchor = |policy: Option<&str>| {
        let authority = TimestampAuthority::from_pem(world.settings.time_stamper_pem.as_bytes()).unwrap();
        let settings = TimestampSettings {
            url: world.settings.time_stamper_url.clone(),
            folder: kept.clone(),
            policy: policy.and_then(TimestampPolicy::parse),
            every: Duration::from_secs(3_600),
        };
        TimestampAnchor::new(settings, authority, &[], Arc::new(SystemClock)).unwrap()
    };
    let place = async |policy: Option<&str>| {
        let note = KeptCheckpoint {
            size: 1,
            note: "a note".to_owned(),
        };
        anchor(policy).place(&note, log).await
    };
    let files = || fs::read_dir(&kept).unwrap().count();
    let said = |result: Result<_, AnchorError>| result.map(|_: String| ()).unwrap_err().to_string();

    assert!(said(place(Some("1.2.3.4")).await).contains("not granted"));
    let other_act = |act: &str| format!("{}/authority/{act}", base(&world));
    for (act, good) in [("stop-time-stamper", false), ("start-time-stamper", true)] {
        let done = world.client.post(other_act(act)).send().await.unwrap();
        assert!(done.status().is_success());
        assert_eq!(place(None).await.is_ok(), good, "{act}");
        assert_eq!(files(), if good { 2 } else { 0 });
    }
    for nonsense in [&b""[..], b"\x30\x00", &[0x30; 400]] {
        let reply = world.sandbox.handle().time_stamp(nonsense).unwrap();
        assert!(token_of_response(&reply).is_err());
        assert!(String::from_utf8_lossy(&reply).contains("this is no request"));
    }
    store.close().await;
    world.sandbox.shutdown().await;
}

/// Of the phone, where the authority's acts are.
fn base(world: &World) -> &str {
    world.settings.time_stamper_url.trim_end_matches("/time-stamp")
}
