//! The register of applications over a whole node: what is filed is sealed, what happens is in the log, silence decides.

use std::time::Duration;

use midflow::audit::ApplicationKind;
use midflow::audit::Event;
use midflow::audit::RequiredCheck;
use midflow::engine::ApplicationAsk;
use midflow::engine::Erasure;
use midflow::engine::OpenApplication;
use midflow::engine::Release;
use midflow::engine::RightsAsk;
use midflow::engine::RightsBasis;
use midflow::engine::RightsError;
use midflow::engine::RightsHoldOn;
use midflow::engine::RightsWho;
use midflow::engine::statement_page;
use midflow::sandbox::StampAlgorithm;
use midflow::store::Store as _;
use midflow::words::CivilNo;
use midflow::words::FlowId;
use serde_json::Value;

use crate::support::full_node::FullNode;
use crate::support::full_node::digits;

// R003-66 to R003-70, law 13: an application from its opening to the end by silence, with a letter at each state; who
// applies is in no record and not on the disk in clear.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_goes_through_the_register() {
    let node = FullNode::start(1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    let flow = node.ask(&person).await.view.flow;
    node.ended(flow).await;

    let unproved = open(ApplicationKind::Representative, &person, None);
    assert!(matches!(ask(&node, unproved).await, Err(RightsError::Refused(_))));
    let nobody = OpenApplication {
        applicant: "  ".to_owned(),
        ..of(ApplicationKind::Access, &person, None)
    };
    assert!(ask(&node, ApplicationAsk::Open(nobody)).await.is_err());

    let third = ask(&node, open(ApplicationKind::ThirdParty, &person, None))
        .await
        .unwrap();
    assert_eq!(
        (&third["application"], &third["state"]),
        (&1.into(), &"open".into())
    );
    letter_says(
        &node,
        1,
        &[
            "إشعار بتسلّم طلب",
            "فوزية &amp; أبناؤها",
            "an answer in writing by",
        ],
    )
    .await;
    let grant = |by: &str| decide(1, true, by);
    let lacking = ask(&node, grant("Bader")).await.unwrap_err().to_string();
    assert!(
        lacking.contains("capacity, nature, usefulness, purpose"),
        "{lacking}"
    );
    for check in RequiredCheck::ALL {
        let passed = check != RequiredCheck::Usefulness;
        ask(&node, checked(check, passed)).await.unwrap();
    }
    assert!(ask(&node, grant("Bader")).await.is_err());
    ask(&node, decide(1, false, "Bader")).await.unwrap();
    letter_says(
        &node,
        1,
        &[
            "إشعار برفض طلب",
            "السبب: <bdi>no use to them</bdi>",
            "You may complain",
        ],
    )
    .await;
    let complain = ApplicationAsk::Complain {
        number: 1,
        on: None,
        by: "Aisha".to_owned(),
    };
    ask(&node, complain).await.unwrap();
    letter_says(&node, 1, &["إشعار بتسلّم تظلّم"]).await;
    assert!(
        ask(&node, decide(1, false, "bader")).await.is_err(),
        "not who refused"
    );
    let rejected = ask(&node, decide(1, false, "Head")).await.unwrap();
    assert_eq!(rejected["state"], "refused_finally");
    letter_says(&node, 1, &["نظر رئيس الجهة في تظلّمكم", "go to court"]).await;

    // Another one, which nobody answers.
    let quiet = ask(&node, open(ApplicationKind::Access, &person, None))
        .await
        .unwrap();
    assert_eq!(quiet["application"], 2);
    assert_eq!(night(&node).await["lapsed"], Value::Array(Vec::new()));
    node.clock.forward(Duration::from_secs(27 * 86_400));
    assert_eq!(night(&node).await["due_soon"][0]["application"], 2);
    node.clock.forward(Duration::from_secs(4 * 86_400));
    assert_eq!(night(&node).await["lapsed"][0], 2);
    assert_eq!(night(&node).await["lapsed"], Value::Array(Vec::new()), "once");
    // What the nightly erasure takes of documents that nobody uses, it leaves of the register.
    let retention = RightsAsk::Retention {
        dry_run: false,
        by: "retention".to_owned(),
    };
    node.engine.rights().carry_out(retention).await.unwrap();
    letter_says(&node, 2, &["انقضت مدة الثلاثين يوماً", "counts as a refusal"]).await;
    node.clock.forward(Duration::from_secs(61 * 86_400));
    assert_eq!(night(&node).await["lapsed"][0], 2);
    let listed = ask(&node, ApplicationAsk::List { all: true }).await.unwrap();
    assert_eq!(listed[1]["state"], "refused_finally");
    assert_eq!(
        ask(&node, ApplicationAsk::List { all: false }).await.unwrap(),
        Value::Array(Vec::new())
    );

    let records = node.store.application_records().await.unwrap();
    let told = format!("{records:?} {listed}");
    for secret in ["فوزية", digits(&person), "Salmiya"] {
        assert!(!told.contains(secret), "{secret}");
        assert!(!holds(&node.on_disk(), secret.as_bytes()), "{secret}");
    }
    erased_with_the_person(&node, &person).await;
    node.shutdown().await;
}

/// R003-66, R003-76: the statement names the applications; an erasure takes the papers of those that are closed.
async fn erased_with_the_person(node: &FullNode, person: &CivilNo) {
    ask(node, open(ApplicationKind::Erasure, person, None))
        .await
        .unwrap();
    let who = RightsWho::CivilNo(digits(person).to_owned());
    let export = RightsAsk::Export {
        who: who.clone(),
        by: "Aisha".to_owned(),
        basis: RightsBasis::PersonRequest,
        reference: "application 2".to_owned(),
    };
    let statement = node.engine.rights().carry_out(export).await.unwrap();
    assert_eq!(
        statement["statement"]["applications"].as_array().unwrap().len(),
        3
    );
    let page = statement_page(&statement);
    assert!(page.contains("فوزية &amp; أبناؤها") && page.contains(digits(person)));
    // The first was a third party's, and who that is the person is not told, nor in which words it was asked.
    let third = &statement["statement"]["applications"][0];
    for name in ["applicant", "address", "wants"] {
        assert!(third[name].is_null(), "{third}");
    }
    assert_eq!(statement["statement"]["applications"][1]["wants"], "كل ما يخصها");
    let erase = RightsAsk::Erase(Erasure {
        who,
        by: ["Aisha".to_owned(), "Bader".to_owned()].into(),
        basis: RightsBasis::WrongOrOutdated,
        reference: "application 3".to_owned(),
    });
    let erased = node.engine.rights().carry_out(erase).await.unwrap();
    assert_eq!(erased["papers"], serde_json::json!([1, 2]), "{erased}");
    assert_eq!(erased["kept"][0]["application"], 3);
    let gone = ApplicationAsk::Letter {
        number: 1,
        by: "Aisha".to_owned(),
    };
    assert!(ask(node, gone).await.is_err());
    let listed = ask(node, ApplicationAsk::List { all: true }).await.unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 3, "the register stays");
}

// R003-66, R003-67, a regression: a person of whom no flow is kept has a statement of the applications, and that it was given out
// is on record for each; what proves a representative is not the person's to see.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_of_applications_alone_is_on_record() {
    let node = FullNode::start(1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    for (kind, proof) in [
        (ApplicationKind::Representative, Some("deed 4711")),
        (ApplicationKind::Access, None),
    ] {
        ask(&node, open(kind, &person, proof)).await.unwrap();
    }
    let export = RightsAsk::Export {
        who: RightsWho::CivilNo(digits(&person).to_owned()),
        by: "Aisha".to_owned(),
        basis: RightsBasis::PersonRequest,
        reference: "application 2".to_owned(),
    };
    let answer = node.engine.rights().carry_out(export).await.unwrap();
    assert_eq!(answer["statement"]["flows"], Value::Array(Vec::new()));
    assert_eq!(answer["statement"]["applications"].as_array().unwrap().len(), 2);
    assert!(!answer.to_string().contains("deed 4711"), "{answer}");
    assert!(!statement_page(&answer).contains("deed 4711"));
    let given_out: Vec<String> = acts(&node, "exported").await;
    let expected = |number| format!("application {number}; basis: person_request; reference: application 2");
    assert_eq!(given_out, [expected(1), expected(2)]);
    node.shutdown().await;
}

// R003-76, a regression: what is held keeps the papers about it, whether the flow, its person or its service is; an
// application that names a flow is its person's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_keeps_the_papers_about_a_flow() {
    let node = FullNode::start(1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    let flow = node.ask(&person).await.view.flow;
    node.ended(flow).await;
    let rights = node.engine.rights();
    let by_flow = |flow| {
        ApplicationAsk::Open(OpenApplication {
            about: RightsWho::Flow(flow),
            ..of(ApplicationKind::Access, &person, None)
        })
    };
    let nowhere = FlowId::from_parts(node.clock.now(), [7; 10]);
    let refused = ask(&node, by_flow(nowhere)).await.unwrap_err();
    assert!(
        matches!(&refused, RightsError::Refused(why) if why.contains("there is no flow")),
        "{refused}"
    );
    ask(&node, by_flow(flow)).await.unwrap();
    ask(&node, decide(1, true, "Bader")).await.unwrap();

    let the_person = RightsWho::CivilNo(digits(&person).to_owned());
    for who in [the_person.clone(), RightsWho::Flow(flow)] {
        let export = RightsAsk::Export {
            who,
            by: "Aisha".to_owned(),
            basis: RightsBasis::PersonRequest,
            reference: "application 1".to_owned(),
        };
        let answer = rights.carry_out(export).await.unwrap();
        assert_eq!(answer["statement"]["applications"].as_array().unwrap().len(), 1);
    }
    let erase = |who| {
        rights.carry_out(RightsAsk::Erase(Erasure {
            who,
            by: ["Aisha".to_owned(), "Bader".to_owned()].into(),
            basis: RightsBasis::CourtOrder,
            reference: "order 5".to_owned(),
        }))
    };
    let none = Value::Array(Vec::new());
    for on in [
        RightsHoldOn::Who(RightsWho::Flow(flow)),
        RightsHoldOn::Who(the_person.clone()),
        RightsHoldOn::Service("licence-renewal".to_owned()),
    ] {
        let hold = RightsAsk::Hold {
            on,
            by: "Aisha".to_owned(),
            reference: "case 3".to_owned(),
        };
        let hold = rights.carry_out(hold).await.unwrap()["hold"].as_u64().unwrap();
        for who in [RightsWho::Flow(flow), the_person.clone()] {
            let answer = erase(who).await.unwrap();
            assert_eq!((&answer["erased"], &answer["papers"]), (&none, &none), "{answer}");
            let why = format!("hold {hold}");
            let expected =
                serde_json::json!([{ "flow": flow, "why": why }, { "application": 1, "why": why }]);
            assert_eq!(answer["kept"], expected);
        }
        let release = RightsAsk::Release(Release {
            hold,
            by: ["Aisha".to_owned(), "Bader".to_owned()].into(),
        });
        rights.carry_out(release).await.unwrap();
    }
    let answer = erase(the_person).await.unwrap();
    assert_eq!(answer["papers"], serde_json::json!([1]), "{answer}");
    assert_eq!(answer["kept"], none);
    let gone = ask(&node, by_flow(flow)).await.unwrap_err().to_string();
    assert!(gone.contains("it was erased"), "{gone}");
    node.shutdown().await;
}

// R003-70, a regression: of two officers who decide at the same moment one is told that another step came first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_decisions_at_once_one_is_told_that_it_came_too_late() {
    let node = FullNode::start(1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    let mut late = 0;
    for number in 1..=20 {
        ask(&node, open(ApplicationKind::Access, &person, None))
            .await
            .unwrap();
        let (one, other) = tokio::join!(
            ask(&node, decide(number, true, "Aisha")),
            ask(&node, decide(number, false, "Bader"))
        );
        let (done, refused) = match (one, other) {
            (Ok(done), Err(refused)) | (Err(refused), Ok(done)) => (done, refused.to_string()),
            (one, other) => panic!("application {number}: {one:?}, {other:?}"),
        };
        assert!(matches!(done["state"].as_str(), Some("granted" | "refused")));
        late += u32::from(refused.ends_with("another step came first"));
    }
    assert!(late > 0, "they never met");
    node.shutdown().await;
}

async fn acts(node: &FullNode, act: &str) -> Vec<String> {
    let records = node.store.records_after(0, 10_000).await.unwrap();
    let of_it = records.into_iter().filter_map(|record| match record.event {
        Event::Admin(admin) if admin.act == act => Some(admin.detail),
        _ => None,
    });
    of_it.collect()
}

fn of(kind: ApplicationKind, person: &CivilNo, proof: Option<&str>) -> OpenApplication {
    OpenApplication {
        kind,
        about: RightsWho::CivilNo(digits(person).to_owned()),
        applicant: "فوزية & أبناؤها".to_owned(),
        address: "Salmiya, block 4".to_owned(),
        wants: "كل ما يخصها".to_owned(),
        proof: proof.map(str::to_owned),
        on: None,
        by: "Aisha".to_owned(),
    }
}

fn open(kind: ApplicationKind, person: &CivilNo, proof: Option<&str>) -> ApplicationAsk {
    ApplicationAsk::Open(of(kind, person, proof))
}

fn decide(number: u64, granted: bool, by: &str) -> ApplicationAsk {
    ApplicationAsk::Decide {
        number,
        granted,
        reason: "no use to them".to_owned(),
        on: None,
        by: by.to_owned(),
    }
}

fn checked(check: RequiredCheck, passed: bool) -> ApplicationAsk {
    ApplicationAsk::Check {
        number: 1,
        check,
        passed,
        finding: "looked at".to_owned(),
        by: "Aisha".to_owned(),
    }
}

async fn night(node: &FullNode) -> Value {
    let clocks = ApplicationAsk::Clocks {
        by: "clock".to_owned(),
    };
    ask(node, clocks).await.unwrap()
}

async fn letter_says(node: &FullNode, number: u64, parts: &[&str]) {
    let letter = ApplicationAsk::Letter {
        number,
        by: "Aisha".to_owned(),
    };
    let answer = ask(node, letter).await.unwrap();
    let page = answer["letter"].as_str().unwrap();
    for part in parts {
        assert!(page.contains(part), "{part}: {page}");
    }
}

async fn ask(node: &FullNode, ask: ApplicationAsk) -> Result<Value, RightsError> {
    node.engine.rights().carry_out(RightsAsk::Application(ask)).await
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
