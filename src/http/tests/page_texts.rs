use super::ask::console;
use super::demo_journey::Browser;
use super::pictures::told;
use crate::connector::Drift;
use crate::engine::Again;
use crate::engine::Bound;
use crate::engine::Change;
use crate::engine::ChangeKind;
use crate::engine::Effect;
use crate::engine::Planned;
use crate::engine::PlannedValue;
use crate::engine::Reckoned;
use crate::engine::RuleLine;
use crate::engine::SeenDrift;
use crate::engine::Why;
use crate::http::fake::Fake;
use crate::policy::Place;
use crate::policy::Then;
use crate::script::Seen;
use crate::script::Side;
use crate::script::Tested;
use crate::script::Trace;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Locale;
use crate::words::Outcome;
use crate::words::ServiceName;
use crate::words::Text;

#[tokio::test]
async fn the_console_shows_the_timeline_and_no_personal_data() {
    let fake = Fake::new();
    let flow = told(&fake);
    let mut browser = Browser::new(console(&fake));
    let page = browser.get(&format!("/flows/{flow}?lang=en")).await.body;
    for part in [
        "#41",
        "+0 ms",
        "licence-renewal",
        "policies/services/licence-renewal.yaml:",
        "stamp",
        "passed",
        "sha256:",
        "photo",
        "delivered",
        "is-approved",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Law 13: the reason carries inputs, so it is not shown; nor is anything of the person.
    for absent in ["123456", "399123100017", "سارة"] {
        assert!(!page.contains(absent), "{absent}");
    }
    let list = browser.get("/?lang=en").await.body;
    assert!(
        list.contains(&flow.to_string()) && list.contains("Driving licence renewal"),
        "{list}"
    );
    let unknown = browser.get("/flows/0193a5a8-8d5e-7c32-8b42-1b1f3c9d6a55").await;
    assert_eq!(unknown.status, 404);
}

// F18: the page of a flow leads to why it ended so, and that page says it in both languages.
#[tokio::test]
async fn why_a_flow_ended_is_told_in_both_languages() {
    let fake = Fake::new();
    let flow = told(&fake);
    fake.inner.lock().unwrap().why = Some(explained(flow));
    let mut browser = Browser::new(console(&fake));
    let timeline = browser.get(&format!("/flows/{flow}?lang=en")).await.body;
    assert!(timeline.contains(&format!("href=\"/flows/{flow}/why\"")));
    for (language, says) in [("en", "with 500 or less"), ("ar", "أو أقل")] {
        let page = browser.get(&format!("/flows/{flow}/why?lang={language}")).await;
        assert_eq!(page.status, 200);
        for part in [
            says,
            "scripts/licence-renewal.rhai:11",
            "flow.inputs.amount 600 &#62; 500",
            "policies/services/licence-renewal.yaml:26",
        ] {
            assert!(page.body.contains(part), "{language}: {part}\n{}", page.body);
        }
    }
    let data = browser.get(&format!("/admin/flows/{flow}/why")).await.body;
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["nearest"][0]["bound"]["at_most"], "500");
    let unknown = browser
        .get("/flows/0193a5a8-8d5e-7c32-8b42-1b1f3c9d6a55/why")
        .await;
    assert_eq!(unknown.status, 404);
}

fn explained(flow: FlowId) -> Why {
    let place = |file: &str, line| Place {
        file: file.to_owned(),
        line,
        column: 9,
    };
    let script = place("scripts/licence-renewal.rhai", 11);
    let side = |written: &str, origin: Option<&str>, value: &str| Side {
        written: written.to_owned(),
        origin: origin.map(str::to_owned),
        value: Seen::Value(value.to_owned()),
    };
    let compared = Trace {
        tests: vec![Tested {
            place: place("scripts/licence-renewal.rhai", 10),
            left: side("amount", Some("flow.inputs.amount"), "600"),
            sign: ">".to_owned(),
            right: Some(side("500", None, "500")),
            held: Some(true),
        }],
        cut: false,
    };
    let rule = RuleLine {
        place: script.clone(),
        line: Some("return tighten(#{ assurance: \"high\" });".to_owned()),
    };
    Why {
        flow,
        service: ServiceName::parse("licence-renewal").unwrap(),
        capability: Capability::AuthPush,
        channel: Channel::Web,
        locale: Locale::Ar,
        attempt: 1,
        catalog: Digest::of(b"catalog"),
        began: Fake::now(),
        outcome: Some(Outcome::DeclinedByUser),
        steps: Vec::new(),
        plan: Planned {
            sent: true,
            values: vec![PlannedValue {
                what: "assurance".to_owned(),
                value: "high".to_owned(),
                declared: Some(place("policies/services/licence-renewal.yaml", 26)),
                before: Some("medium".to_owned()),
            }],
            rule: Some(rule.clone()),
            compared: compared.clone(),
        },
        decision: Some(Reckoned {
            outcome: Outcome::DeclinedByUser,
            asked: None,
            then: Then::Stop,
            refusal: None,
            rule: Some(rule),
            fault: None,
            compared,
        }),
        deliveries: Vec::new(),
        nearest: vec![Change {
            kind: ChangeKind::Input,
            what: "inputs.amount".to_owned(),
            was: Some("600".to_owned()),
            bound: Bound::AtMost("500".to_owned()),
            effects: vec![Effect::Assurance(Assurance::Medium)],
            by: Some(script),
            says: Text::new("لو كانت القيمة 500 أو أقل", "with 500 or less"),
        }],
        again: Again::Same,
    }
}

#[tokio::test]
async fn a_refused_catalog_is_told_on_every_console_page() {
    let fake = Fake::new();
    let diagnostics = "error[E0301]: `outcomes` has no `timeout`\n --> policies/services/x.yaml:3:1 <script>";
    fake.inner.lock().unwrap().failure = Some(diagnostics.to_owned());
    let mut browser = Browser::new(console(&fake));
    for path in ["/", "/services"] {
        let page = browser.get(path).await.body;
        assert!(
            page.contains("E0301") && page.contains("&#60;script&#62;"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_services_are_shown_as_loaded() {
    let fake = Fake::new();
    let page = Browser::new(console(&fake)).get("/services?lang=en").await.body;
    for loaded in crate::http::Flows::catalog(&*fake).services() {
        let service = &loaded.service;
        assert!(page.contains(service.id.as_str()) && page.contains(&service.file));
        for declared in &service.fields {
            assert!(page.contains(declared.field.name().as_str()));
        }
    }
}

// what the authority has never sent before is told on every page of the console, by its shape.
#[tokio::test]
async fn the_console_tells_of_what_is_strange() {
    let fake = Fake::new();
    fake.inner.lock().unwrap().drift = vec![SeenDrift {
        drift: Drift::code("ResultCode", "99"),
        since: Fake::now(),
        count: 3,
    }];
    let mut browser = Browser::new(console(&fake));
    for path in ["/?lang=en", "/services?lang=ar"] {
        let page = browser.get(path).await.body;
        for part in ["ResultCode", "99", "×3", "2026-11-22 12:14"] {
            assert!(page.contains(part), "{path}: {part}\n{page}");
        }
    }
}
