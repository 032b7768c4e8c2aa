//! A relay attacker against a whole node: somebody who knows the victim's civil number, begins flows from a browser of their
//! own and waits for the victim to approve. The victim approves whatever their phone shows; only what stands before that
//! helps. Printed as a table: what each control stops, and what it does not.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use midflow::engine::Confirmation;
use midflow::engine::NewDocument;
use midflow::engine::ProblemCode;
use midflow::engine::StartFlow;
use midflow::sandbox::Ending;
use midflow::sandbox::StampAlgorithm;
use midflow::words::Capability;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::FlowId;
use midflow::words::Locale;
use midflow::words::Outcome;
use tempfile::TempDir;

use crate::support::full_node::FullNode;
use crate::support::full_node::count;
use crate::support::node::CLIENT;
use crate::support::policy_folder::with_wide_limits;

/// The served policies, but these lines more in the organization, and a service that offers both ways in.
fn policies(push_safety: &str, first_contact: &str) -> TempDir {
    let folder = with_wide_limits();
    let organization = folder.path().join("policies/organization.yaml");
    let text = fs::read_to_string(&organization).unwrap();
    fs::write(&organization, format!("{text}{push_safety}\n")).unwrap();
    both_ways(folder.path(), first_contact);
    folder
}

fn both_ways(folder: &Path, first_contact: &str) {
    let file = folder.join("policies/services/commercial-register.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let push = format!(
        "capabilities:\n  auth_push:\n    assurance: medium\n    first_contact: {first_contact}\n    reason:\n      \
         ar: الدخول إلى بوابة السجل التجاري\n      en: Sign in to the commercial register portal\n"
    );
    fs::write(&file, text.replacen("capabilities:\n", &push, 1)).unwrap();
}

struct Attack {
    node: FullNode,
    victims: Vec<CivilNo>,
}

impl Attack {
    async fn on(push_safety: &str, first_contact: &str) -> Self {
        let policies = policies(push_safety, first_contact);
        let folder = policies.path().to_path_buf();
        let node = FullNode::over(policies, &folder, VICTIMS, StampAlgorithm::default()).await;
        let victims = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
        Self { node, victims }
    }

    /// Begins a sign-in with somebody's number; gives the flow, or `None` where nothing begins.
    async fn begin(&self, victim: &CivilNo, service: &str) -> Option<FlowId> {
        let ask = StartFlow::push(CLIENT, service, victim.clone());
        let ask = match service {
            "licence-renewal" => ask.input("licence", "1234567"),
            _ => ask,
        };
        match self.node.engine.start_flow(ask).await {
            Ok(started) => Some(started.view.flow),
            Err(problem) => {
                assert_eq!(problem.code, ProblemCode::TooManyRequests, "{problem}");
                None
            }
        }
    }

    /// Whether the phone rang for a flow.
    async fn rang(&self, flow: FlowId) -> bool {
        count(&self.node.timeline(flow).await, "request") > 0
    }

    /// How many victims let the attacker in.
    async fn gets_in(&self, service: &str) -> usize {
        let mut inside = 0;
        for victim in &self.victims {
            let flow = self.begin(victim, service).await.unwrap();
            let ended = self.node.ended(flow).await;
            match ended.outcome {
                Some(Outcome::Approved) => inside += usize::from(ended.person.is_some()),
                other => assert_eq!(other, Some(Outcome::FirstContact)),
            }
        }
        inside
    }

    /// How often a phone rings within an hour, where somebody begins a flow every minute. The victim declines each.
    async fn rings_in_an_hour(&self, services: &[&str]) -> usize {
        let citizens = self.node.authority.citizens();
        let victim = citizens
            .iter()
            .find(|citizen| citizen.ending == Ending::Declines)
            .unwrap();
        let mut rings = 0;
        for turn in 0..60 {
            let service = services[turn % services.len()];
            if let Some(flow) = self.begin(&victim.civil_no, service).await {
                let outcome = self.node.ended(flow).await.outcome;
                let rang = self.rang(flow).await;
                assert_eq!(outcome == Some(Outcome::CoolOff), !rang, "{outcome:?}");
                rings += usize::from(rang);
            }
            self.node.clock.forward(Duration::from_secs(60));
        }
        rings
    }
}

// Threats B-14, B-15, B-16: what each control stops of somebody who knows a civil number; and what none of them does.
#[tokio::test(flavor = "multi_thread")]
async fn what_each_control_stops_of_a_relay_attacker() {
    let mut table = Vec::new();
    let mut row = |attack: &str, control: &str, success: usize, of: usize| {
        table.push(format!("{attack:<44} {control:<34} {success:>4} of {of}"));
        success
    };

    let open = Attack::on("", "push").await;
    let attack = "push to a number, the victim approves";
    assert_eq!(
        row(attack, "none", open.gets_in(BOTH_WAYS).await, VICTIMS),
        VICTIMS
    );
    let stolen = open.begin(&open.victims[0], BOTH_WAYS).await.unwrap();
    let report = open.node.engine.report_not_me(CLIENT, stolen).await.unwrap();
    assert!(report.reported_at.is_some());
    let mut after_report = 0;
    for _ in 0..VICTIMS {
        let flow = open.begin(&open.victims[0], BOTH_WAYS).await.unwrap();
        assert_eq!(open.node.ended(flow).await.outcome, Some(Outcome::PushesStopped));
        after_report += usize::from(open.rang(flow).await);
    }
    assert_eq!(
        row(attack, "the victim has reported one", after_report, VICTIMS),
        0
    );
    open.node.clock.forward(Duration::from_secs(24 * 3_600));
    let flow = open.begin(&open.victims[0], BOTH_WAYS).await.unwrap();
    assert_eq!(open.node.ended(flow).await.outcome, Some(Outcome::Approved));
    open.node.shutdown().await;

    let strict = Attack::on("", "qr").await;
    assert_eq!(
        row(
            attack,
            "first_contact: qr, victim unknown",
            strict.gets_in(BOTH_WAYS).await,
            VICTIMS
        ),
        0
    );
    for victim in &strict.victims {
        let ask = StartFlow {
            capability: Capability::AuthQr,
            civil_no: None,
            ..StartFlow::push(CLIENT, BOTH_WAYS, victim.clone())
        };
        let begun = strict.node.engine.start_flow(ask).await.unwrap().view;
        strict
            .node
            .authority
            .scan(begun.qr.unwrap().text(), victim)
            .unwrap();
        assert_eq!(
            strict.node.ended(begun.flow).await.outcome,
            Some(Outcome::Approved)
        );
    }
    // Said plainly: whoever is known can still be asked, so the number and the name of the service have to be compared.
    let known = strict.gets_in(BOTH_WAYS).await;
    assert_eq!(
        row(attack, "first_contact: qr, victim known", known, VICTIMS),
        VICTIMS
    );
    // A page that was opened is of its browser; whoever was sent its address reads nothing.
    let page = strict.begin(&strict.victims[0], BOTH_WAYS).await.unwrap();
    let (own, foreign) = (Digest::of(b"own"), Digest::of(b"foreign"));
    for browser in [own, foreign] {
        let view = strict.node.engine.opened(CLIENT, page, browser).await.unwrap();
        assert!(view.browser.is_none_or(|owner| owner == own));
    }
    strict.node.shutdown().await;

    let services = ["licence-renewal", BOTH_WAYS];
    let attack = "begin each minute for an hour, all declined";
    let bare = Attack::on("", "push").await;
    assert_eq!(
        row(attack, "none", bare.rings_in_an_hour(&services).await, 60),
        60
    );
    bare.node.shutdown().await;
    let cooling = Attack::on("push_safety: { cool_off: 5m }", "push").await;
    // Two, then after 5, 10, 20 minutes; the next would be after 40 more.
    assert_eq!(
        row(
            attack,
            "cool_off: 5m",
            cooling.rings_in_an_hour(&services).await,
            60
        ),
        5
    );
    cooling.node.shutdown().await;
    let counted = Attack::on("push_safety: { per_person: 3/1h }", "push").await;
    assert_eq!(
        row(
            attack,
            "per_person: 3/1h, over 2 services",
            counted.rings_in_an_hour(&services).await,
            60
        ),
        3
    );
    counted.node.shutdown().await;

    println!("{:<44} {:<34} success", "attack", "control");
    for line in table {
        println!("{line}");
    }
}

// A restart forgets neither declines nor reports, and a report of an ended flow changes nothing of its ending (law 3).
#[tokio::test(flavor = "multi_thread")]
async fn a_report_after_the_ending_changes_no_ending() {
    let attack = Attack::on("", "push").await;
    let flow = attack.begin(&attack.victims[0], BOTH_WAYS).await.unwrap();
    let ended = attack.node.ended(flow).await;
    let reported = attack.node.engine.report_not_me(CLIENT, flow).await.unwrap();
    assert_eq!(
        (reported.outcome, reported.receipt),
        (ended.outcome, ended.receipt)
    );
    let again = attack.node.engine.report_not_me(CLIENT, flow).await.unwrap();
    assert_eq!(again.reported_at, reported.reported_at);
    let timeline = attack.node.timeline(flow).await;
    assert_eq!(count(&timeline, "not_me"), 1, "{timeline:?}");
    let refused = attack.begin(&attack.victims[0], BOTH_WAYS).await.unwrap();
    assert_eq!(
        attack.node.ended(refused).await.outcome,
        Some(Outcome::PushesStopped)
    );
    assert!(!attack.rang(refused).await);
    attack.node.clock.forward(Duration::from_secs(25 * 24 * 3_600));
    let late = attack
        .node
        .engine
        .report_not_me(CLIENT, refused)
        .await
        .err()
        .unwrap();
    assert_eq!(late.code, ProblemCode::ReportTooLate);
    attack.node.shutdown().await;
}

// R000-081: whoever says that they did not ask ends the flow at once, and nothing that arrives later changes that.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_while_the_phone_rings_ends_the_flow() {
    let attack = Attack::on("", "push").await;
    let citizens = attack.node.authority.citizens();
    let silent = citizens
        .iter()
        .find(|citizen| citizen.ending == Ending::NeverAnswers)
        .unwrap();
    let flow = attack.begin(&silent.civil_no, BOTH_WAYS).await.unwrap();
    let reported = attack.node.engine.report_not_me(CLIENT, flow).await.unwrap();
    assert_eq!(reported.outcome, Some(Outcome::DeclinedNotMe));
    assert!(attack.rang(flow).await);
    attack.node.shutdown().await;
}

// A request to sign is sent when the person confirms: what was reported meanwhile holds it back too.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_holds_a_confirmed_signature_back() {
    let attack = Attack::on("", "push").await;
    let engine = &attack.node.engine;
    let victim = &attack.victims[0];
    let document = NewDocument {
        client: CLIENT.to_owned(),
        name: "lease.txt".to_owned(),
        media_type: "text/plain; charset=utf-8".to_owned(),
        bytes: Bytes::from_static(b"A lease."),
    };
    let kept = engine.keep_document(document).await.unwrap();
    let ask = StartFlow {
        capability: Capability::Sign,
        document: Some(kept.token),
        ..StartFlow::push(CLIENT, "rental-contract", victim.clone())
    };
    let ask = ask.input("contract", "2026001").input("rent", 350.5);
    let held = engine.start_flow(ask).await.unwrap().view;
    let other = attack.begin(victim, BOTH_WAYS).await.unwrap();
    engine.report_not_me(CLIENT, other).await.unwrap();
    let ticked = |text: &str| (true, text.to_owned());
    let confirmation = Confirmation {
        locale: Locale::Ar,
        document: Some(kept.digest),
        reviewed_entire: ticked("read"),
        accepts_to_sign: ticked("signs"),
        copy_before: (false, String::new()),
        agreed: std::collections::BTreeSet::new(),
    };
    let refused = engine
        .confirm(CLIENT, held.flow, confirmation)
        .await
        .err()
        .unwrap();
    assert_eq!(refused.code, ProblemCode::TooManyRequests);
    assert!(!attack.rang(held.flow).await);
    attack.node.shutdown().await;
}

const VICTIMS: usize = 12;
const BOTH_WAYS: &str = "commercial-register";
