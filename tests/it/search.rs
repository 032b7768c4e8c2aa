//! `audit search`: who looks, in which role and why is in the log before anything is shown.

use midflow::audit::Event;
use midflow::engine::ProblemCode;
use midflow::engine::log::SearchAsk;
use midflow::store::Store as _;
use midflow::words::FlowId;
use serde_json::Value;
use serde_json::json;

use crate::support::node::PERSON;
use crate::support::node::TestNode;
use crate::support::store::sealed_to_read;

fn ask(what: &Value) -> SearchAsk {
    let mut ask = json!({ "by": "noura", "role": "auditor", "reason": "claim 2026/17" });
    for (name, value) in what.as_object().unwrap() {
        ask[name] = value.clone();
    }
    serde_json::from_value(ask).unwrap()
}

// R000-110, R000-151: by flow, person, service, outcome, time and the authority's id; each search is recorded, without
// the number that was looked for.
#[tokio::test]
async fn flows_are_found_and_who_looked_is_recorded() {
    let node = TestNode::start().await;
    let first = node.ask().await.view.flow;
    let sent = node.authority.has_been_sent(1).await;
    node.callback(&sent[0].token, "approved").await;
    node.ended(first).await;
    node.clock.forward(std::time::Duration::from_secs(3_600));
    let second = node.ask().await.view.flow;
    node.engine.cancel("portal", second).await.unwrap();
    node.ended(second).await;
    let found = async |what: Value| -> Vec<FlowId> {
        let flows = node.engine.search(ask(&what)).await.unwrap();
        flows.into_iter().map(|flow| flow.flow.id).collect()
    };
    let later = node.clock.now().as_micros();
    for (what, expected) in [
        (json!({ "flow": first }), vec![first]),
        (json!({ "civil_no": PERSON }), vec![second, first]),
        (json!({ "civil_no": PERSON, "outcome": "approved" }), vec![first]),
        (json!({ "service": "licence-renewal" }), vec![second, first]),
        (json!({ "service": "licence-renewal", "limit": 1 }), vec![second]),
        (json!({ "outcome": "other.cancelled" }), vec![second]),
        (json!({ "request_id": "r-1", "until": later }), vec![first]),
        (json!({ "since": later }), vec![second]),
        (json!({ "until": later }), vec![first]),
        (json!({ "request_id": "r-2" }), vec![]),
    ] {
        assert_eq!(found(what.clone()).await, expected, "{what}");
    }
    node.engine.shutdown().await;
    let store = sealed_to_read(&node.state).await;
    let records = store.records_after(0, 10_000).await.unwrap();
    let acts: Vec<String> = records
        .into_iter()
        .filter_map(|record| match record.event {
            Event::Admin(admin) if admin.act == "audit_searched" => {
                assert_eq!(admin.actor, "noura");
                Some(admin.detail)
            }
            _ => None,
        })
        .collect();
    assert_eq!(acts.len(), 10);
    for act in &acts {
        assert!(act.contains("role auditor; reason claim 2026/17; "), "{act}");
        assert!(!act.contains(PERSON), "law 13");
    }
    assert!(acts[1].contains("person sha256:"), "{}", acts[1]);
    store.close().await;
}

// R000-151: nobody looks without a name, a role and a reason, nor at everything; and no civil number gets into the log.
#[tokio::test]
async fn an_unexplained_search_is_refused() {
    let node = TestNode::start().await;
    for (what, why) in [
        (json!({ "by": " ", "outcome": "approved" }), "must not be empty"),
        (json!({ "role": "", "outcome": "approved" }), "must not be empty"),
        (
            json!({ "reason": "", "outcome": "approved" }),
            "must not be empty",
        ),
        (json!({}), "name what to look for"),
        (json!({ "civil_no": "12" }), "the civil number is none"),
        (
            json!({ "reason": format!("looks for {PERSON}"), "outcome": "approved" }),
            "civil number",
        ),
    ] {
        let refused = node.engine.search(ask(&what)).await.unwrap_err();
        assert_eq!(refused.code, ProblemCode::InvalidRequest);
        assert!(refused.detail.contains(why), "{}", refused.detail);
    }
    node.engine.shutdown().await;
}
