//! Time-stamps over checkpoints (RFC 3161), by openssl as the authority: asked for, believed, kept, found out.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use midflow::audit::evidence::unpack;
use midflow::audit::timestamp::TimestampAuthority;
use midflow::audit::timestamp::TimestampPolicy;
use midflow::audit::timestamp::TimestampRequest;
use midflow::audit::timestamp::token_of_response;
use midflow::engine::Clock as _;
use midflow::engine::Secrets;
use midflow::engine::SystemClock;
use midflow::engine::export_evidence;
use midflow::engine::log::Anchor as _;
use midflow::engine::log::AnchorError;
use midflow::engine::log::Contents;
use midflow::engine::log::TimestampAnchor;
use midflow::engine::log::TimestampSettings;
use midflow::engine::log::verify;
use midflow::sandbox::StampAlgorithm;
use midflow::store::KeptAnchor;
use midflow::store::KeptCheckpoint;
use midflow::store::Sqlite;
use midflow::store::Store as _;
use midflow::words::Digest;

use crate::support::clock::HandClock;
use crate::support::full_node::FullNode;
use crate::support::store::sealed_store;
use crate::support::store::sealed_to_read;
use crate::support::tsa::Manner;
use crate::support::tsa::Tsa;
use crate::support::tsa::openssl;

// R003-40: openssl reads what we ask, and both believe the same token; no byte of it can be changed so that it says
// something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_openssl_stamps_is_believed_by_both() {
    let tsa = Tsa::start().await;
    let authority = TimestampAuthority::from_pem(&tsa.certificate()).unwrap();
    let imprint = Digest::of(b"a checkpoint");
    let request = TimestampRequest::new(imprint, [0xff; 8], TimestampPolicy::parse("1.2.3.4.9"));
    let query = request.to_der().unwrap();
    let reply = tsa.reply(&query);
    let token = token_of_response(&reply).unwrap();
    let stamped = authority.verify(&token, imprint).unwrap();
    assert_eq!(stamped.nonce.as_deref(), Some(request.nonce.as_slice()));
    assert_eq!(Some(stamped.policy), request.policy);
    // A difference is nothing where the first is the earlier one, so both ways are asked for.
    let now = SystemClock.now();
    for apart in [stamped.at.since(now), now.since(stamped.at)] {
        assert!(apart < Duration::from_secs(60), "{}", stamped.at);
    }
    assert!(stamped.by.contains("Somebody else"));

    for (name, bytes) in [("query", &query), ("reply", &reply)] {
        fs::write(tsa.path(name), bytes).unwrap();
    }
    let folder = tsa.path("");
    let verify = ["ts", "-verify", "-queryfile", "query", "-in", "reply", "-CAfile"];
    let by_openssl = |certificate: &str| openssl(&folder, &[&verify[..], &[certificate]].concat());
    assert!(by_openssl("tsa.pem") && !by_openssl("other.pem"));

    assert!(authority.verify(&token, Digest::of(b"another")).is_err());
    let other = TimestampAuthority::from_pem(&fs::read(tsa.path("other.pem")).unwrap()).unwrap();
    assert!(other.verify(&token, imprint).is_err());
    let mut unnoticed = 0;
    for at in 0..token.len() {
        let mut changed = token.clone();
        changed[at] ^= 0x10;
        match authority.verify(&changed, imprint) {
            Err(_) => {}
            Ok(said) => {
                assert_eq!(said, stamped, "byte {at}");
                unnoticed += 1;
            }
        }
    }
    // The certificate that came along is covered by nothing, and nothing in it is believed.
    assert!(unnoticed < token.len() / 2, "{unnoticed} of {}", token.len());
}

// R003-40: wrong imprint, old answers, forged and refused ones leave nothing behind; a good one is kept once in a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_answer_to_this_very_question_is_kept() {
    let tsa = Tsa::start().await;
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("midflow.db")).await.unwrap();
    let log = store.log().unwrap();
    let clock = Arc::new(HandClock::at(SystemClock.now()));
    let kept = folder.path().join("stamps");
    fs::create_dir(&kept).unwrap();
    let anchor = |policy: Option<&str>| {
        let authority = TimestampAuthority::from_pem(&tsa.certificate()).unwrap();
        let settings = TimestampSettings {
            url: tsa.url.clone(),
            folder: kept.clone(),
            policy: policy.and_then(TimestampPolicy::parse),
            every: Duration::from_secs(60),
        };
        TimestampAnchor::new(settings, authority, &[], clock.clone()).unwrap()
    };
    let place = async |anchor: &TimestampAnchor, size: u64| {
        let note = format!("a note of {size}");
        anchor.place(&KeptCheckpoint { size, note }, log).await
    };
    let usual = anchor(None);
    place(&usual, 1).await.unwrap();
    assert_eq!(files(&kept), 2);
    assert_eq!(place(&usual, 2).await, Err(AnchorError::Later));
    clock.forward(Duration::from_secs(61));
    for (manner, policy, expected) in [
        (Manner::OtherImprint, None, "over other bytes"),
        (Manner::Replay, None, "over other bytes"),
        (Manner::OtherKey, None, "not pinned"),
        (Manner::OtherPolicy, Some("1.2.3.4.9"), "another policy"),
        (Manner::Refuse, None, "not granted"),
        (Manner::Nonsense, None, "no time-stamp response"),
        (Manner::Away, None, "503"),
    ] {
        tsa.behaves(manner);
        let anchor = anchor(policy);
        let refused = place(&anchor, 2).await.unwrap_err().to_string();
        assert!(refused.contains(expected), "{manner:?}: {refused}");
        assert_eq!(files(&kept), 2, "{manner:?}");
    }
    // An old answer to the same question has another nonce.
    tsa.behaves(Manner::Replay);
    let again = place(&usual, 1).await.unwrap_err().to_string();
    assert!(again.contains("nonce"), "{again}");
    tsa.behaves(Manner::Good);
    clock.forward(Duration::from_secs(600));
    let stale = place(&usual, 2).await.unwrap_err().to_string();
    assert!(stale.contains("clocks is wrong"), "{stale}");
    assert_eq!(files(&kept), 2);
    store.close().await;
}

// R003-40, a regression: what is largest in the folder and no stamp of ours does not make the authority be asked at every
// checkpoint; who begins anew over a folder counts from the stamp in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stray_checkpoint_does_not_hurry_the_next_stamp() {
    let tsa = Tsa::start().await;
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("midflow.db")).await.unwrap();
    let log = store.log().unwrap();
    let clock = Arc::new(HandClock::at(SystemClock.now()));
    let kept = folder.path().join("stamps");
    fs::create_dir(&kept).unwrap();
    let anchor = || {
        let authority = TimestampAuthority::from_pem(&tsa.certificate()).unwrap();
        let settings = TimestampSettings {
            url: tsa.url.clone(),
            folder: kept.clone(),
            policy: None,
            every: Duration::from_secs(60),
        };
        TimestampAnchor::new(settings, authority, &[], clock.clone()).unwrap()
    };
    let place = async |anchor: &TimestampAnchor, size: u64| {
        let note = format!("a note of {size}");
        anchor.place(&KeptCheckpoint { size, note }, log).await
    };
    place(&anchor(), 1).await.unwrap();
    assert_eq!(
        place(&anchor(), 2).await,
        Err(AnchorError::Later),
        "from the folder"
    );
    fs::write(kept.join("09999999999999999999.checkpoint"), "a stray").unwrap();
    let begun = anchor();
    place(&begun, 2).await.unwrap();
    for size in 3..6 {
        assert_eq!(place(&begun, size).await, Err(AnchorError::Later));
    }
    clock.forward(Duration::from_secs(61));
    place(&begun, 6).await.unwrap();
    assert_eq!(place(&begun, 7).await, Err(AnchorError::Later));
    // What can't be kept is not asked for.
    clock.forward(Duration::from_secs(61));
    fs::remove_dir_all(&kept).unwrap();
    tsa.behaves(Manner::Refuse);
    let refused = place(&begun, 8).await.unwrap_err().to_string();
    assert!(refused.contains("can't be used"), "{refused}");
    store.close().await;
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

// R003-40, law 12: evidence is proved against the stamped head and brings the stamp; `audit verify` verifies each token, and
// names the checkpoint whose token is another's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stamped_head_is_in_the_evidence_and_is_verified() {
    let tsa = Tsa::start().await;
    let node = FullNode::start(1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    let flow = node.ask(&person).await.view.flow;
    node.ended(flow).await;
    node.engine.shutdown().await;
    let secrets = Secrets::open(&node.state().join("secrets")).unwrap();
    let key = secrets.named_log_key().unwrap().unwrap();
    let store = sealed_to_read(node.state()).await;
    let log = store.log().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("stamps");
    fs::create_dir(&kept).unwrap();
    let authority = TimestampAuthority::from_pem(&tsa.certificate()).unwrap();
    let settings = TimestampSettings {
        url: tsa.url.clone(),
        folder: kept.clone(),
        policy: None,
        every: Duration::from_secs(60),
    };
    let anchor = TimestampAnchor::new(settings, authority, &[], Arc::new(SystemClock)).unwrap();
    let head = log.last_checkpoint().await.unwrap().unwrap();
    let proof = anchor.place(&head, log).await.unwrap();
    let promises = anchor.all(key.verifier()).await.unwrap();
    assert!(promises[0].place.contains("stamped 20"), "{}", promises[0].place);
    let verified = verify(log, key.verifier(), promises, Contents::Open)
        .await
        .unwrap();
    assert!(
        verified.is_clean() && verified.anchored == 1,
        "{:?}",
        verified.findings
    );
    let name = format!("{:020}.token", head.size);
    let token = fs::read(kept.join(&name)).unwrap();
    fs::write(kept.join(&name), &token[..token.len() - 1]).unwrap();
    let promises = anchor.all(key.verifier()).await.unwrap();
    let verified = verify(log, key.verifier(), promises, Contents::Open)
        .await
        .unwrap();
    assert!(
        verified.findings[0].place.to_string().contains("no CMS message"),
        "{:?}",
        verified.findings
    );
    store.close().await;

    // As a node that runs keeps it.
    let store = sealed_store(node.state()).await;
    let anchored = KeptAnchor {
        size: head.size,
        anchor: anchor.name().to_owned(),
        proof,
    };
    store.log().unwrap().keep_anchor(anchored).await.unwrap();
    let archive = export_evidence(&store, flow, &key).await.unwrap();
    store.close().await;
    let file = folder.path().join("flow.tar");
    fs::write(&file, &archive).unwrap();
    for (name, bytes) in [("log/timestamp.token", "token"), ("log/checkpoint", "head")] {
        let members = unpack(&archive).unwrap();
        let member = members.iter().find(|member| member.name == name).unwrap();
        fs::write(folder.path().join(bytes), &member.bytes).unwrap();
    }
    let (own, other) = (tsa.path("tsa.pem"), tsa.path("other.pem"));
    for (certificate, good) in [(&own, true), (&other, false)] {
        let output = Command::new(env!("CARGO_BIN_EXE_midflow"))
            .args(["evidence", "verify"])
            .arg(&file)
            .arg("--timestamp-certificate")
            .arg(certificate)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.success(), good, "{said}");
        assert_eq!(said.contains("Somebody else"), good, "{said}");
        let certificate = certificate.to_str().unwrap();
        let arguments = [
            "ts",
            "-verify",
            "-token_in",
            "-in",
            "token",
            "-data",
            "head",
            "-CAfile",
            certificate,
        ];
        assert_eq!(
            openssl(folder.path(), &[&arguments[..], &["-partial_chain"]].concat()),
            good
        );
    }
    crate::evidence::is_good_for_python(&archive, &key.verifier().to_string());
    node.shutdown().await;
}
