//! Erasure, holds and retention over whole flows: what is gone is gone from the disk, and everything else stays.

use std::collections::BTreeSet;
use std::time::Duration;

use midflow::audit::Event;
use midflow::audit::seal::KeyOwner;
use midflow::audit::seal::KeyRing;
use midflow::audit::seal::WrappedKey;
use midflow::engine::Erasure;
use midflow::engine::KeyFile;
use midflow::engine::NewDocument;
use midflow::engine::Release;
use midflow::engine::RightsAsk;
use midflow::engine::RightsBasis;
use midflow::engine::RightsError;
use midflow::engine::RightsHoldOn;
use midflow::engine::RightsWho;
use midflow::engine::Secrets;
use midflow::engine::StartFlow;
use midflow::sandbox::Scenario;
use midflow::sandbox::StampAlgorithm;
use midflow::store::KeyStore as _;
use midflow::store::Store as _;
use midflow::words::Capability;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::Environment;
use midflow::words::ExchangeId;
use midflow::words::FlowId;
use midflow::words::Outcome;
use serde_json::Value;

use crate::support::full_node::FullNode;
use crate::support::full_node::digits;
use crate::support::loan;
use crate::support::node::CLIENT;

// R003-76, law 12: of people who were erased nothing can be recovered from the database, its log and its free pages, by
// somebody who has the key file; everybody else's data and every record is as it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_erased_is_gone_and_everybody_else_stays() {
    // Every second one is erased.
    let people = if std::env::var_os("MIDFLOW_SOAK").is_some() {
        2_000
    } else {
        50
    };
    let node = FullNode::start(people, StampAlgorithm::EcdsaP256).await;
    let crowd: Vec<CivilNo> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    let mut flows = Vec::new();
    for person in &crowd {
        flows.push(node.ask(person).await.view.flow);
    }
    for flow in &flows {
        node.ended(*flow).await;
    }
    let (gone, stays) = flows.split_at(people / 2);
    let mut before = Vec::new();
    for flow in stays {
        before.push(node.store.flow(*flow).await.unwrap().unwrap().detail);
    }
    let ring = ring(&node).await;
    let all = living(&node, &flows).await;
    assert_eq!(keys_on_disk(&node, &ring), all, "the control: every key is found");

    for person in crowd.iter().take(people / 2) {
        let answer = erase(&node, digits(person)).await.unwrap();
        assert_eq!(answer["erased"].as_array().unwrap().len(), 1, "{answer}");
        assert_eq!(answer["kept"].as_array().unwrap().len(), 0, "{answer}");
    }

    let left = living(&node, stays).await;
    assert_eq!(left.len(), stays.len());
    assert_eq!(
        keys_on_disk(&node, &ring),
        left,
        "a key of somebody erased is left"
    );
    let disk = node.on_disk();
    let secrets = Secrets::open(&node.state().join("secrets")).unwrap();
    for (person, flow) in crowd.iter().zip(gone) {
        let hash = secrets.person_key(person);
        assert!(
            !holds(&disk, hash.as_bytes()),
            "the keyed hash of somebody erased is left"
        );
        assert!(node.store.flow(*flow).await.unwrap().is_none());
        assert!(node.store.exchanges(*flow).await.unwrap().is_empty());
        let timeline = node.timeline(*flow).await;
        assert!(timeline.len() > 4 && timeline.last().unwrap().kind == "admin");
    }
    for (flow, detail) in stays.iter().zip(&before) {
        assert_eq!(node.store.flow(*flow).await.unwrap().unwrap().detail, *detail);
        assert!(node.store.exchanges(*flow).await.unwrap().len() >= 2);
    }
    // Once more changes nothing.
    let again = erase(&node, digits(&crowd[0])).await.unwrap();
    assert_eq!(again["erased"].as_array().unwrap().len(), 0);
    node.shutdown().await;
}

// R003-66, R003-64, R003-76: what is held stays until two persons release it; every act is on record; who may do what.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_keeps_what_would_be_erased() {
    let node = FullNode::start(2, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    let flow = node.ask(&person).await.view.flow;
    node.ended(flow).await;
    let rights = node.engine.rights();

    let export = |basis| RightsAsk::Export {
        who: RightsWho::CivilNo(digits(&person).to_owned()),
        by: "Aisha".to_owned(),
        basis,
        reference: "application 17".to_owned(),
    };
    let refused = rights.carry_out(export(RightsBasis::WrongOrOutdated)).await;
    assert!(matches!(refused, Err(RightsError::Refused(_))));
    let answer = rights
        .carry_out(export(RightsBasis::PersonRequest))
        .await
        .unwrap();
    let of_flow = &answer["statement"]["flows"][0];
    assert_eq!(of_flow["civil_no"], digits(&person));
    assert!(of_flow["messages"].as_array().unwrap().len() >= 2);
    assert!(of_flow["person"]["name_ar"].is_string(), "{answer}");
    assert_eq!(node.timeline(flow).await.last().unwrap().kind, "admin");

    let hold = RightsAsk::Hold {
        on: RightsHoldOn::Who(RightsWho::CivilNo(digits(&person).to_owned())),
        by: "Aisha".to_owned(),
        reference: "case 2026/4711".to_owned(),
    };
    let number = rights.carry_out(hold).await.unwrap()["hold"].as_u64().unwrap();
    let kept = erase(&node, digits(&person)).await.unwrap();
    assert_eq!(kept["kept"][0]["why"], format!("hold {number}"));
    assert!(node.store.flow(flow).await.unwrap().is_some());

    let release = |second: &str| {
        RightsAsk::Release(Release {
            hold: number,
            by: ["Aisha".to_owned(), second.to_owned()].into(),
        })
    };
    assert!(matches!(
        rights.carry_out(release("aisha")).await,
        Err(RightsError::Refused(_))
    ));
    rights.carry_out(release("Bader")).await.unwrap();
    assert!(rights.carry_out(release("Bader")).await.is_err(), "once only");
    assert_eq!(
        erase(&node, digits(&person)).await.unwrap()["erased"][0],
        flow.to_string()
    );
    assert!(node.store.flow(flow).await.unwrap().is_none());
    node.shutdown().await;
}

// R002-36: each service keeps personal data as long as it says and no longer; the dry run changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retention_erases_what_is_over() {
    let node = FullNode::start(3, StampAlgorithm::EcdsaP256).await;
    let people: Vec<CivilNo> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    let mut flows = Vec::new();
    for person in &people {
        let flow = node.ask(person).await.view.flow;
        node.ended(flow).await;
        flows.push(flow);
    }
    let held = RightsAsk::Hold {
        on: RightsHoldOn::Who(RightsWho::Flow(flows[0])),
        by: "Aisha".to_owned(),
        reference: "case 1".to_owned(),
    };
    node.engine.rights().carry_out(held).await.unwrap();
    let run = async |dry_run| {
        let ask = RightsAsk::Retention {
            dry_run,
            by: "retention".to_owned(),
        };
        let answer = node.engine.rights().carry_out(ask).await.unwrap();
        let services = answer["services"].as_array().unwrap().clone();
        let row = services
            .into_iter()
            .find(|row| row["service"] == "licence-renewal");
        let row = row.unwrap();
        (row["due"].as_u64().unwrap(), row["held"].as_u64().unwrap())
    };
    assert_eq!(run(false).await, (0, 0), "nothing is over yet");
    node.clock.forward(Duration::from_secs(400 * 86_400));
    assert_eq!(run(true).await, (2, 1));
    assert!(node.store.flow(flows[1]).await.unwrap().is_some(), "a dry run");
    assert_eq!(run(false).await, (2, 1));
    assert!(node.store.flow(flows[0]).await.unwrap().is_some());
    assert!(node.store.flow(flows[1]).await.unwrap().is_none());
    assert_eq!(run(false).await, (0, 1));
    node.shutdown().await;
}

// R000-122, law 11: what was handed in to be signed came before its flow and has a key of its own; it goes with the flow,
// from the disk too, while the record of it, with its digest, stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_erased_with_the_flow_that_signed_it() {
    let node = FullNode::start(2, StampAlgorithm::EcdsaP256).await;
    let people: Vec<CivilNo> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    let mut flows = Vec::new();
    for person in &people {
        let kept = node
            .engine
            .keep_document(NewDocument {
                client: CLIENT.to_owned(),
                name: "contract.txt".to_owned(),
                media_type: "text/plain; charset=utf-8".to_owned(),
                bytes: format!("rental contract of {}", digits(person)).into(),
            })
            .await
            .unwrap();
        let ask = StartFlow {
            capability: Capability::Sign,
            document: Some(kept.token),
            ..StartFlow::push(CLIENT, "rental-contract", person.clone())
                .input("contract", "2026001")
                .input("rent", 350.5)
        };
        let flow = node.engine.start_flow(ask).await.unwrap().view.flow;
        node.engine.withdraw(CLIENT, flow).await.unwrap();
        flows.push((flow, kept.digest));
    }
    let documents = documents(&node).await;
    assert_eq!(documents.len(), 2);
    for (document, _) in &documents {
        assert!(node.store.exchange(*document).await.unwrap().is_some());
    }
    let ring = ring(&node).await;
    let before = keys_on_disk(&node, &ring).len();

    let answer = erase(&node, digits(&people[0])).await.unwrap();
    assert_eq!(answer["erased"].as_array().unwrap().len(), 1, "{answer}");

    let (gone, stays): (Vec<_>, Vec<_>) = documents
        .iter()
        .copied()
        .partition::<Vec<(ExchangeId, Digest)>, _>(|(_, digest)| *digest == flows[0].1);
    assert!(node.store.exchange(gone[0].0).await.unwrap().is_none());
    assert!(node.store.exchange(stays[0].0).await.unwrap().is_some());
    assert!(node.engine.document(CLIENT, flows[0].0).await.is_err());
    assert_eq!(
        keys_on_disk(&node, &ring).len(),
        before - 2,
        "the keys of the flow and of its document"
    );
    // The log still says that there was such a document.
    assert_eq!(self::documents(&node).await, documents);
    node.shutdown().await;
}

// R000-122, law 13: a document that two flows refer to is kept for the second when the first is erased, and goes with it; what
// no flow refers to goes when nobody may begin a flow with it any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_of_two_flows_goes_with_the_second_and_an_unused_one_by_retention() {
    let node = FullNode::start(2, StampAlgorithm::EcdsaP256).await;
    let people: Vec<CivilNo> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    let hand_in = async |text: &'static str| {
        let document = NewDocument {
            client: CLIENT.to_owned(),
            name: "contract.txt".to_owned(),
            media_type: "text/plain; charset=utf-8".to_owned(),
            bytes: text.into(),
        };
        node.engine.keep_document(document).await.unwrap()
    };
    let (shared, unused) = (hand_in("a contract of two").await, hand_in("of nobody").await);
    let begin = async |person: &CivilNo, token: &str| {
        let ask = StartFlow {
            capability: Capability::Sign,
            document: Some(token.to_owned()),
            ..StartFlow::push(CLIENT, "rental-contract", person.clone())
                .input("contract", "2026001")
                .input("rent", 350.5)
        };
        node.engine.start_flow(ask).await
    };
    for person in &people {
        let flow = begin(person, &shared.token).await.unwrap().view.flow;
        node.engine.withdraw(CLIENT, flow).await.unwrap();
    }
    let documents = documents(&node).await;
    let id = |digest: Digest| documents.iter().find(|(_, of)| *of == digest).unwrap().0;
    let is_there = async |digest| node.store.exchange(id(digest)).await.unwrap().is_some();
    erase(&node, digits(&people[0])).await.unwrap();
    assert!(is_there(shared.digest).await, "the other flow refers to it");
    erase(&node, digits(&people[1])).await.unwrap();
    assert!(!is_there(shared.digest).await);

    let retention = async || {
        let ask = RightsAsk::Retention {
            dry_run: false,
            by: "retention".to_owned(),
        };
        node.engine.rights().carry_out(ask).await.unwrap()["unused_documents"]["due"].as_u64()
    };
    assert_eq!(retention().await, Some(0), "a flow may still be begun with it");
    assert!(is_there(unused.digest).await);
    node.clock.forward(Duration::from_secs(30 * 86_400 + 3_600));
    let refused = begin(&people[0], &unused.token).await.err().unwrap();
    assert!(
        refused.detail.contains("older than 30 days"),
        "{}",
        refused.detail
    );
    assert_eq!(retention().await, Some(0));
    node.clock.forward(Duration::from_secs(86_400));
    assert_eq!(retention().await, Some(1));
    assert!(!is_there(unused.digest).await);
    assert_eq!(retention().await, Some(0), "once");
    node.shutdown().await;
}

// R000-122, law 13: what a later step of a journey would have signed goes with the person, though nobody has come to that step
// (found by a review).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_of_a_step_that_never_came_is_erased_with_its_journey() {
    let node = FullNode::start(1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    node.authority
        .arm(Scenario::Declined, Some(&person), None)
        .unwrap();
    let document = loan::agreement(&node.engine).await.unwrap();
    let ask = loan::asked(&person, 200, Some(document));
    let id = node.engine.start_journey(ask).await.unwrap().view.flow;
    assert_eq!(node.ended(id).await.outcome, Some(Outcome::DeclinedByUser));
    let (document, _) = documents(&node).await.remove(0);
    assert!(node.store.exchange(document).await.unwrap().is_some());
    erase(&node, digits(&person)).await.unwrap();
    assert!(node.store.exchange(document).await.unwrap().is_none());
    node.shutdown().await;
}

/// Every document that the log speaks of, with its digest.
async fn documents(node: &FullNode) -> Vec<(ExchangeId, Digest)> {
    let records = node.store.records_after(0, 10_000).await.unwrap();
    let documents = records.into_iter().filter_map(|record| match record.event {
        Event::Document(document) => Some((document.exchange, document.digest)),
        _ => None,
    });
    documents.collect()
}

async fn erase(node: &FullNode, number: &str) -> Result<Value, RightsError> {
    let ask = RightsAsk::Erase(Erasure {
        who: RightsWho::CivilNo(number.to_owned()),
        by: ["Aisha".to_owned(), "Bader".to_owned()].into(),
        basis: RightsBasis::WrongOrOutdated,
        reference: "application 18".to_owned(),
    });
    node.engine.rights().carry_out(ask).await
}

async fn ring(node: &FullNode) -> KeyRing {
    let key = KeyFile::read(&node.state().join("midflow.key")).unwrap();
    let rows = node.store.inner().ring().await.unwrap();
    KeyRing::open(Environment::Development, &key, &rows).unwrap()
}

/// The wrapped keys of flows that are not erased.
async fn living(node: &FullNode, flows: &[FlowId]) -> BTreeSet<Vec<u8>> {
    let owners = flows.iter().copied().map(KeyOwner::from).collect();
    let keys = node.store.inner().data_keys(owners).await.unwrap();
    keys.into_iter().filter_map(|key| key.wrapped).collect()
}

/// Everything on the disk that is a wrapped key, wherever it lies: each place is tried with the ring.
fn keys_on_disk(node: &FullNode, ring: &KeyRing) -> BTreeSet<Vec<u8>> {
    let disk = node.on_disk();
    let is_key = |window: &&[u8]| {
        let row = WrappedKey {
            owner: KeyOwner::from_uuid(uuid::Uuid::nil()),
            version: ring.version(),
            wrapped: Some(window.to_vec()),
        };
        ring.unwrap(&row).is_ok()
    };
    disk.windows(WRAPPED).filter(is_key).map(<[u8]>::to_vec).collect()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The size of a wrapped key.
const WRAPPED: usize = 40;
