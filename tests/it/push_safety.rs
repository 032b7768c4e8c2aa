//! A relay attacker against a whole node: somebody who knows the victim's civil number, begins flows from a browser of their
//! own and waits for the victim to approve. The victim approves whatever their phone shows; only what stands before that
//! helps. Printed as a table: what each control stops, and what it does not.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use midflow::engine::Confirmation;
use midflow::engine::FlowView;
use midflow::engine::NewDocument;
use midflow::engine::ProblemCode;
use midflow::engine::StartFlow;
use midflow::sandbox::Ending;
use midflow::sandbox::StampAlgorithm;
use midflow::sandbox::relay::Attempts;
use midflow::sandbox::relay::Begun;
use midflow::sandbox::relay::Browser;
use midflow::sandbox::relay::Ended;
use midflow::sandbox::relay::Front;
use midflow::sandbox::relay::FrontError;
use midflow::sandbox::relay::Siege;
use midflow::sandbox::relay::Verdict;
use midflow::sandbox::relay::after_a_report;
use midflow::sandbox::relay::codes_relayed;
use midflow::sandbox::relay::page_elsewhere;
use midflow::sandbox::relay::pushes_again_and_again;
use midflow::sandbox::relay::pushes_to_each;
use midflow::words::Capability;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::FlowId;
use midflow::words::Locale;
use midflow::words::Outcome;
use tempfile::TempDir;

use crate::support::command::Serving;
use crate::support::command::json;
use crate::support::command::run;
use crate::support::command::said;
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

    /// Begins a sign-in with somebody's number.
    async fn begin(&self, victim: &CivilNo, service: &str) -> FlowId {
        self.started(push(service, victim)).await.unwrap().flow
    }

    /// Begins a flow; the code of the problem where nothing begins.
    async fn started(&self, ask: StartFlow) -> Result<FlowView, String> {
        let started = self.node.engine.start_flow(ask).await;
        started.map(|started| started.view).map_err(|problem| {
            assert_eq!(problem.code, ProblemCode::TooManyRequests, "{problem}");
            problem.code.as_str().to_owned()
        })
    }

    /// Whether the phone rang for a flow.
    async fn rang(&self, flow: FlowId) -> bool {
        count(&self.node.timeline(flow).await, "request") > 0
    }

    /// How often a phone rings within an hour, where somebody begins a flow every minute. The victim declines each.
    async fn rings_in_an_hour(&self, services: &[&str]) -> Attempts {
        let services: Vec<String> = services.iter().map(ToString::to_string).collect();
        let victim = self.somebody(Ending::Declines);
        let every_minute = (60, Duration::from_secs(60));
        pushes_again_and_again(self, &services, &victim, every_minute)
            .await
            .unwrap()
    }

    fn somebody(&self, ending: Ending) -> CivilNo {
        let citizens = self.node.authority.citizens();
        let mut like = citizens.iter().filter(|citizen| citizen.ending == ending);
        like.next().unwrap().civil_no.clone()
    }
}

fn push(service: &str, victim: &CivilNo) -> StartFlow {
    let ask = StartFlow::push(CLIENT, service, victim.clone());
    match service {
        "licence-renewal" => ask.input("licence", "1234567"),
        _ => ask,
    }
}

fn id(flow: &str) -> FlowId {
    FlowId::parse(flow).unwrap()
}

/// The attacker of `midflow trigger relay`, inside the process and with time in its hands.
#[async_trait::async_trait]
impl Front for Attack {
    async fn push(&self, service: &str, victim: &CivilNo) -> Result<Begun, FrontError> {
        Ok(begun(self.started(push(service, victim)).await))
    }

    async fn code(&self, service: &str) -> Result<Begun, FrontError> {
        let ask = StartFlow {
            capability: Capability::AuthQr,
            civil_no: None,
            ..StartFlow::push(CLIENT, service, self.victims[0].clone())
        };
        Ok(begun(self.started(ask).await))
    }

    async fn waits(&self, flow: &str) -> Result<bool, FrontError> {
        Ok(!self.node.view(id(flow)).await.ended)
    }

    async fn ended(&self, flow: &str) -> Result<Ended, FrontError> {
        let view = self.node.ended(id(flow)).await;
        Ok(Ended {
            code: view.outcome.unwrap().code().to_owned(),
            inside: view.person.is_some(),
        })
    }

    async fn shows(&self, flow: &str, browser: Browser) -> Result<bool, FrontError> {
        let digest = match browser {
            Browser::Own => Digest::of(b"own"),
            Browser::Foreign => Digest::of(b"foreign"),
        };
        let view = self.node.engine.opened(CLIENT, id(flow), digest).await.unwrap();
        Ok(view.browser.is_none_or(|owner| owner == digest))
    }

    async fn report(&self, flow: &str) -> Result<(), FrontError> {
        let report = self.node.engine.report_not_me(CLIENT, id(flow)).await.unwrap();
        assert!(report.reported_at.is_some());
        Ok(())
    }

    async fn cancel(&self, flow: &str) -> Result<(), FrontError> {
        let cancelled = self.node.engine.cancel(CLIENT, id(flow)).await;
        assert!(cancelled.is_ok() || self.node.view(id(flow)).await.ended);
        Ok(())
    }

    async fn scan(&self, code: &str, victim: &CivilNo) -> Result<(), FrontError> {
        self.node.authority.scan(code, victim).unwrap();
        Ok(())
    }

    async fn requests(&self) -> Result<u64, FrontError> {
        let received = self.node.authority.ledger().received;
        let asked = received
            .iter()
            .filter(|entry| entry.operation.starts_with("Initiate"));
        Ok(u64::try_from(asked.count()).unwrap())
    }

    async fn pass(&self, time: Duration) {
        self.node.clock.forward(time);
    }
}

fn begun(started: Result<FlowView, String>) -> Begun {
    match started {
        Err(code) => Begun::Refused(code),
        Ok(view) => Begun::Flow {
            id: view.flow.to_string(),
            code: view.qr.map(|code| code.text().to_owned()),
        },
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
    let pushed = pushes_to_each(&open, BOTH_WAYS, &open.victims).await.unwrap();
    assert_eq!(row(attack, "none", pushed.inside, VICTIMS), VICTIMS);
    let reported = after_a_report(&open, BOTH_WAYS, &open.victims[0], VICTIMS)
        .await
        .unwrap();
    assert_eq!(
        row(attack, "the victim has reported one", reported.rings, VICTIMS),
        0
    );
    assert_eq!(reported.stopped_by.as_deref(), Some("other.pushes_stopped"));
    open.node.clock.forward(Duration::from_secs(24 * 3_600));
    let flow = open.begin(&open.victims[0], BOTH_WAYS).await;
    assert_eq!(open.node.ended(flow).await.outcome, Some(Outcome::Approved));
    open.node.shutdown().await;

    let strict = Attack::on("", "qr").await;
    let pushed = pushes_to_each(&strict, BOTH_WAYS, &strict.victims).await.unwrap();
    let control = "first_contact: qr, victim unknown";
    assert_eq!(row(attack, control, pushed.inside, VICTIMS), 0);
    assert_eq!(
        (pushed.rings, pushed.stopped_by.as_deref()),
        (0, Some("other.first_contact"))
    );
    // Said plainly: a code may stand on any screen, and whoever scans it signs in there.
    let relayed = codes_relayed(&strict, BOTH_WAYS, &strict.victims).await.unwrap();
    let attack = "a code of the attacker's, the victim scans";
    assert_eq!(row(attack, "first_contact: qr", relayed.inside, VICTIMS), VICTIMS);
    // And whoever is known can still be asked, so the number and the name of the service have to be compared.
    let known = pushes_to_each(&strict, BOTH_WAYS, &strict.victims).await.unwrap();
    let attack = "push to a number, the victim approves";
    assert_eq!(
        row(attack, "first_contact: qr, victim known", known.inside, VICTIMS),
        VICTIMS
    );
    strict.node.shutdown().await;

    let services = ["licence-renewal", BOTH_WAYS];
    let attack = "begin each minute for an hour, all declined";
    let bare = Attack::on("", "push").await;
    // A page that was opened is of its browser; whoever was sent its address reads nothing.
    let silent = bare.somebody(Ending::NeverAnswers);
    let page = page_elsewhere(&bare, BOTH_WAYS, &silent).await.unwrap();
    let address = "the address of a page, opened elsewhere";
    assert_eq!(row(address, "always", page.inside, 1), 0);
    assert_eq!((page.rings, page.tries), (1, 1));
    assert_eq!(
        row(attack, "none", bare.rings_in_an_hour(&services).await.rings, 60),
        60
    );
    bare.node.shutdown().await;
    let cooling = Attack::on("push_safety: { cool_off: 5m }", "push").await;
    // Two, then after 5, 10, 20 minutes; the next would be after 40 more.
    let rings = cooling.rings_in_an_hour(&services).await;
    assert_eq!(row(attack, "cool_off: 5m", rings.rings, 60), 5);
    assert_eq!(rings.stopped_by.as_deref(), Some("other.cool_off"));
    cooling.node.shutdown().await;
    let counted = Attack::on("push_safety: { per_person: 3/1h }", "push").await;
    let rings = counted.rings_in_an_hour(&services).await;
    assert_eq!(
        row(attack, "per_person: 3/1h, over 2 services", rings.rings, 60),
        3
    );
    counted.node.shutdown().await;

    println!("{:<44} {:<34} success", "attack", "control");
    for line in table {
        println!("{line}");
    }
}

// The whole siege of `midflow trigger relay`: with every control on, each holds that can; with none, each says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_siege_tells_what_holds_and_what_does_not() {
    use Verdict::Beyond;
    use Verdict::Held;
    use Verdict::NotHeld;
    let guarded = "push_safety: { cool_off: 5m, per_person: 3/1h }";
    for (push_safety, first_contact, expected) in [
        (guarded, "qr", [Held, Held, Held, Beyond, Beyond, Held, Held]),
        (
            "",
            "push",
            [NotHeld, Held, NotHeld, Beyond, Beyond, NotHeld, Held],
        ),
    ] {
        let attack = Attack::on(push_safety, first_contact).await;
        let siege = Siege {
            services: vec![BOTH_WAYS.to_owned(), "licence-renewal".to_owned()],
            by_code: Some(BOTH_WAYS.to_owned()),
            approves: attack.victims[0].clone(),
            reports: attack.victims[1].clone(),
            declines: attack.somebody(Ending::Declines),
            silent: attack.somebody(Ending::NeverAnswers),
            tries: 6,
        };
        let findings = siege.lay(&attack).await.unwrap();
        let verdicts: Vec<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, expected, "{findings:#?}");
        attack.node.shutdown().await;
    }
}

// The attacker as an officer starts it: against a `midflow dev` that is found by its folder.
#[test]
fn a_siege_is_laid_by_a_command() {
    let policies = policies("push_safety: { cool_off: 5m, per_person: 3/1h }", "qr");
    let folder = policies.path();
    let dev = Serving::start(folder, &["dev", "--port", "0", "--state", "elsewhere"]);
    let siege = ["trigger", "relay", "--state", "elsewhere"];
    let output = run(folder, &siege);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let told = said(&output);
    for part in [
        "held      a push to the number of somebody who was never here",
        "0 of 1 reached a phone, 0 got through, stopped by `other.first_contact`",
        "stopped by `page_of_another_browser`",
        "no control a push to somebody who has signed in here before",
        "Every control that can stop an attacker has done so.",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    // The first siege has used the limit up, and made its victim known.
    let again = json(folder, &siege);
    assert_eq!(again["holds"], true, "{again}");
    assert_eq!(again["findings"].as_array().unwrap().len(), 7);
    let first = &again["findings"][0];
    assert_eq!(first["attack"], "push_to_a_stranger");
    assert_eq!(first["stopped_by"], "too_many_requests");
    let elsewhere = run(folder, &["trigger", "relay"]);
    assert_eq!(elsewhere.status.code(), Some(2));
    assert!(said(&elsewhere).contains("--state DIR"), "{}", said(&elsewhere));
    dev.stop();
}

// A restart forgets neither declines nor reports, and a report of an ended flow changes nothing of its ending (law 3).
#[tokio::test(flavor = "multi_thread")]
async fn a_report_after_the_ending_changes_no_ending() {
    let attack = Attack::on("", "push").await;
    let flow = attack.begin(&attack.victims[0], BOTH_WAYS).await;
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
    let refused = attack.begin(&attack.victims[0], BOTH_WAYS).await;
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
    let silent = attack.somebody(Ending::NeverAnswers);
    let flow = attack.begin(&silent, BOTH_WAYS).await;
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
    let other = attack.begin(victim, BOTH_WAYS).await;
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
