//! What is kept of somebody is put right by a new record; nothing is overwritten, and everything shows both.

use midflow::audit::Event;
use midflow::audit::evidence::unpack;
use midflow::audit::evidence::verify;
use midflow::engine::Erasure;
use midflow::engine::Rectification;
use midflow::engine::RightsAsk;
use midflow::engine::RightsBasis;
use midflow::engine::RightsError;
use midflow::engine::RightsWho;
use midflow::engine::Secrets;
use midflow::engine::export_evidence;
use midflow::engine::log::Search;
use midflow::engine::log::SearchAsk;
use midflow::sandbox::StampAlgorithm;
use midflow::store::Store as _;
use midflow::words::CivilNo;
use serde_json::Value;

use crate::support::full_node::FullNode;
use crate::support::full_node::count;
use crate::support::full_node::digits;
use crate::support::store::sealed_to_read;

// R003-75, R003-76, law 12: two persons put a field right; the flow stays as it was decided, the correction refers to the
// record before it, and statement, search and evidence show it. With the flow it is erased.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_put_right_beside_what_was_recorded() {
    let node = FullNode::start(2, StampAlgorithm::EcdsaP256).await;
    let people: Vec<CivilNo> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    let person = &people[0];
    let flow = node.ask(person).await.view.flow;
    node.ended(flow).await;
    let before = node.store.flow(flow).await.unwrap().unwrap().detail;

    for (field, value, by, basis) in [
        ("name_ar", "فهد", ["Aisha", "aisha"], RightsBasis::WrongOrOutdated),
        ("name_ar", "فهد", ["Aisha", "Bader"], RightsBasis::PersonRequest),
        ("name_ar", " ", ["Aisha", "Bader"], RightsBasis::WrongOrOutdated),
        (
            "passport_number",
            "P1",
            ["Aisha", "Bader"],
            RightsBasis::WrongOrOutdated,
        ),
        (
            "shoe_size",
            "44",
            ["Aisha", "Bader"],
            RightsBasis::WrongOrOutdated,
        ),
    ] {
        let refused = rectify(&node, person, field, value, by, basis).await;
        assert!(
            matches!(refused, Err(RightsError::Refused(_))),
            "{field} {value} {by:?}"
        );
    }
    let right = async |value| {
        let two = ["Aisha", "Bader"];
        let done = rectify(&node, person, "name_ar", value, two, RightsBasis::WrongOrOutdated).await;
        done.unwrap()
    };
    let first = right("فهد ناصر الصباح").await;
    assert_eq!(first["corrected"][0]["flow"], flow.to_string(), "{first}");
    assert_eq!(
        right("فهد ناصر الصباح").await["corrected"],
        Value::Array(Vec::new())
    );
    let second = right("فهد ناصر العلي").await;
    let timeline = node.timeline(flow).await;
    let seq_of = |kind: &str| -> Vec<u64> {
        let of_kind = timeline.iter().filter(|entry| entry.kind == kind);
        of_kind.map(|entry| entry.seq).collect()
    };
    let corrections = seq_of("correction");
    assert_eq!(corrections.len(), 2, "{timeline:?}");
    assert_eq!(first["corrected"][0]["corrects"], seq_of("ending")[0]);
    assert_eq!(second["corrected"][0]["corrects"], corrections[0]);
    assert!(!format!("{timeline:?}").contains("العلي"), "law 13");

    let row = node.store.flow(flow).await.unwrap().unwrap();
    assert_eq!(row.detail, before, "what was decided on stays");
    let export = RightsAsk::Export {
        who: RightsWho::Flow(flow),
        by: "Aisha".to_owned(),
        basis: RightsBasis::PersonRequest,
        reference: "application 17".to_owned(),
    };
    let statement = node.engine.rights().carry_out(export).await.unwrap();
    let of_flow = &statement["statement"]["flows"][0];
    let shown = &of_flow["corrections"][1];
    assert_eq!(shown["fields"]["name_ar"]["was"], "فهد ناصر الصباح");
    assert_eq!(shown["fields"]["name_ar"]["is"], "فهد ناصر العلي");
    assert_eq!(
        (&shown["by"], &shown["approved_by"]),
        (&"Aisha".into(), &"Bader".into())
    );
    assert_eq!(
        of_flow["person"]["name_ar"],
        of_flow["corrections"][0]["fields"]["name_ar"]["was"]
    );

    let secrets = Secrets::open(&node.state().join("secrets")).unwrap();
    let ask = serde_json::json!({ "by": "Aisha", "role": "auditor", "reason": "test", "flow": flow });
    let ask: SearchAsk = serde_json::from_value(ask).unwrap();
    let found = Search::new(ask, &secrets)
        .unwrap()
        .run(node.store.as_ref())
        .await
        .unwrap();
    assert_eq!(found[0].corrections, corrections);

    node.engine.shutdown().await;
    let store = sealed_to_read(node.state()).await;
    let key = secrets.named_log_key().unwrap().unwrap();
    let archive = export_evidence(&store, flow, &key).await.unwrap();
    store.close().await;
    let verdict = verify(&archive, Some(key.verifier()));
    assert!(verdict.is_good(), "{:?}", verdict.problems);
    let members = unpack(&archive).unwrap();
    let report = members
        .iter()
        .find(|member| member.name == "report.html")
        .unwrap();
    let report = String::from_utf8(report.bytes.clone()).unwrap();
    for part in [
        "بيانات صُحّحت بعد انتهاء الطلب",
        "فهد ناصر العلي",
        "approved by <bdi>Bader</bdi>",
    ] {
        assert!(report.contains(part), "{part}");
    }
    crate::evidence::is_good_for_python(&archive, &key.verifier().to_string());
    node.shutdown().await;
}

// R003-76: an erasure takes the corrections along, and their records stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_is_erased_with_its_flow() {
    let node = FullNode::start(1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    let flow = node.ask(&person).await.view.flow;
    node.ended(flow).await;
    let two = ["Aisha", "Bader"];
    let corrected = rectify(&node, &person, "name_ar", "سالم", two, RightsBasis::CourtOrder).await;
    assert_eq!(corrected.unwrap()["corrected"].as_array().unwrap().len(), 1);
    let papers = node.store.exchanges(flow).await.unwrap().len();
    let erase = RightsAsk::Erase(Erasure {
        who: RightsWho::Flow(flow),
        by: two.map(str::to_owned).into(),
        basis: RightsBasis::WrongOrOutdated,
        reference: "application 18".to_owned(),
    });
    node.engine.rights().carry_out(erase).await.unwrap();
    assert!(papers > 2 && node.store.exchanges(flow).await.unwrap().is_empty());
    let timeline = node.timeline(flow).await;
    assert!(timeline.iter().any(|entry| entry.kind == "correction"));
    node.shutdown().await;
}

// R003-75, R003-76, a regression: where the correction of one flow is gone without an erasure nothing is put right, in no other
// flow either, and nothing is given out as if there had been none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_that_is_gone_is_told_of_before_anything_is_recorded() {
    let node = FullNode::start(1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    let mut flows = Vec::new();
    for _ in 0..2 {
        let flow = node.ask(&person).await.view.flow;
        node.ended(flow).await;
        flows.push(flow);
    }
    // That of the second is what stopped half way.
    flows.sort();
    let right = async |value| {
        let two = ["Aisha", "Bader"];
        rectify(
            &node,
            &person,
            "name_ar",
            value,
            two,
            RightsBasis::WrongOrOutdated,
        )
        .await
    };
    let first = right("فهد ناصر الصباح").await.unwrap();
    assert_eq!(first["corrected"].as_array().unwrap().len(), 2, "{first}");
    let records = node.store.records(flows[1]).await.unwrap();
    let paper = records.iter().find_map(|record| match &record.event {
        Event::Correction(correction) => Some(correction.exchange),
        _ => None,
    });
    let file = rusqlite::Connection::open(node.state().join("midflow.db")).unwrap();
    file.execute_batch("DROP TRIGGER exchanges_are_kept").unwrap();
    let gone = file.execute(
        "DELETE FROM exchanges WHERE id = ?1",
        [paper.unwrap().as_uuid().as_bytes()],
    );
    assert_eq!(gone, Ok(1));
    drop(file);

    let refused = right("فهد ناصر العلي").await.unwrap_err();
    assert!(
        matches!(&refused, RightsError::Store(why) if why.contains("is gone, and its flow was not erased")),
        "{refused}"
    );
    for flow in &flows {
        assert_eq!(count(&node.timeline(*flow).await, "correction"), 1);
    }
    let export = RightsAsk::Export {
        who: RightsWho::Flow(flows[1]),
        by: "Aisha".to_owned(),
        basis: RightsBasis::PersonRequest,
        reference: "application 17".to_owned(),
    };
    assert!(node.engine.rights().carry_out(export).await.is_err());
    node.shutdown().await;
}

async fn rectify(
    node: &FullNode,
    person: &CivilNo,
    field: &str,
    value: &str,
    by: [&str; 2],
    basis: RightsBasis,
) -> Result<Value, RightsError> {
    let ask = RightsAsk::Rectify(Rectification {
        who: RightsWho::CivilNo(digits(person).to_owned()),
        field: field.to_owned(),
        value: value.to_owned(),
        by: by.map(str::to_owned).into(),
        basis,
        reference: "application 18".to_owned(),
    });
    node.engine.rights().carry_out(ask).await
}
