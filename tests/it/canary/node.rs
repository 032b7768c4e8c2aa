use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midflow::engine::EngineEvent;
use midflow::engine::StartFlow;
use midflow::http;
use midflow::sandbox::Scenario;
use midflow::sandbox::StampAlgorithm;
use midflow::sandbox::citizens;
use midflow::store::Store as _;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::FlowId;
use midflow::words::Timestamp;
use serde_json::json;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use tracing_subscriber::fmt::format::FmtSpan;

use super::CONTROL;
use crate::support::full_node::FullNode;
use crate::support::full_node::count;
use crate::support::full_node::digits;
use crate::support::node::CLIENT;
use crate::support::notary::Draft;
use crate::support::notary::Notary;

/// How the Arabic name of every canary begins; the service declares that name.
pub(super) const NAME_AR: &str = "قناريةسرية";

/// How all their civil numbers begin.
pub(super) const NUMBERS_BEGIN: &str = "3991231";

/// What stands in the data of every canary, and whether the service declares it. The last four are the sandbox's own.
pub(super) const MARKS: [(&str, bool); 11] = [
    (NAME_AR, true),
    ("KanaryBird", false),
    ("kanarymail", false),
    ("PKANARY", false),
    ("KanaryStrasse", false),
    ("KANARYPHOTO", false),
    ("1977-07-17", false),
    ("مواطن اصطناعي", true),
    ("Synthetic Citizen", false),
    ("test@example.invalid", false),
    ("1990-05-17", false),
];

/// The civil numbers of the canaries.
pub(super) fn people() -> Vec<CivilNo> {
    let crowd = citizens(FLOWS + 1, Timestamp::EPOCH)
        .into_iter()
        .filter(|citizen| citizen.of_the_crowd);
    crowd.map(|citizen| citizen.civil_no).collect()
}

/// Runs the flows and writes everything that a node shows into files of `folder`, one a sink.
pub(super) fn run(folder: &Path) {
    tracing_subscriber::fmt()
        .with_max_level(tracing::level_filters::LevelFilter::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    std::thread::spawn(|| tracing::trace!("{CONTROL}: other threads are heard"))
        .join()
        .unwrap();
    println!("{CONTROL}");
    eprintln!("{CONTROL}");
    runtime.block_on(collect(folder));
}

async fn collect(folder: &Path) {
    let node = Arc::new(FullNode::start(FLOWS + 1, StampAlgorithm::EcdsaP256).await);
    let events = listen(&node);
    let (hook, notices) = receiver().await;
    let notary = Arc::new(node.notary(FLOWS + 1, StampAlgorithm::EcdsaP256));
    let people = people();
    let (stranger, people) = people.split_last().unwrap();
    let lanes = Arc::new(Semaphore::new(AT_A_TIME));
    let mut running = Vec::new();
    for (number, person) in people.iter().enumerate() {
        let (node, notary, lanes) = (node.clone(), notary.clone(), lanes.clone());
        let (person, stranger, hook) = (person.clone(), stranger.clone(), hook.clone());
        running.push(tokio::spawn(async move {
            let _lane = lanes.acquire().await.unwrap();
            one(&node, &notary, number, &person, &stranger, hook).await
        }));
    }
    let mut flows = Vec::new();
    for one in running {
        flows.push(one.await.unwrap());
    }
    node.clock.forward(Duration::from_secs(301));
    for flow in &flows {
        node.ended(*flow).await;
    }
    for flow in &flows {
        node.until(*flow, |timeline| count(timeline, "delivery") == 1)
            .await;
    }
    let save = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    save("problems", problems(&node, &people[0]).await);
    save("metrics", format!("{CONTROL}\n{}", node.engine.metrics_text()));
    save("console", console(&node, &flows).await);
    save("audit", audit(&node).await);
    save("debug", debug(&node, &flows).await);
    save("events", events.lock().unwrap().clone());
    save("answers", answers(&node, &flows).await);
    save("details", details(&node, &flows).await);
    save("notices", notices.lock().unwrap().clone());
    fs::write(folder.join("disk"), node.on_disk()).unwrap();
}

/// One flow. Most are answered with planted data, some by the sandbox itself, some by forgers and strangers.
async fn one(
    node: &FullNode,
    notary: &Notary,
    number: usize,
    person: &CivilNo,
    stranger: &CivilNo,
    hook: String,
) -> FlowId {
    let by_the_sandbox = number % 10 >= 7;
    if !by_the_sandbox {
        node.authority.arm(Scenario::Timeout, Some(person), None).unwrap();
    }
    let mut ask = StartFlow::push(CLIENT, "licence-renewal", person.clone()).input("licence", "1234567");
    ask.notify_url = Some(hook);
    let flow = node.engine.start_flow(ask).await.unwrap().view.flow;
    if by_the_sandbox {
        return flow;
    }
    let asked = node.connector.replied(flow).await;
    let mut draft = planted(notary.approval(&asked, node.clock.now()), number);
    let body = match number % 10 {
        0..=4 => notary.stamped(&draft),
        // The wrong person, with all of the person's data.
        5 => {
            draft
                .result
                .insert("UserCivilNo".to_owned(), json!(digits(stranger)));
            draft.personal["CivilID"] = json!(digits(stranger));
            notary.stamped(&draft)
        }
        // A forger who writes data where names and codes belong, hoping that it is recorded.
        _ => {
            let number = digits(person);
            draft
                .request
                .insert("RequestID".to_owned(), json!(format!("x{number}")));
            draft.request.insert(number.to_owned(), json!(1));
            draft.request.insert(format!("Person{number}"), json!(1));
            draft
                .result
                .insert("ResultCode".to_owned(), json!(format!("c{number}")));
            draft.result.insert("UserAction".to_owned(), json!(number));
            draft.result.insert("TransactionDate".to_owned(), json!(number));
            draft.result.insert(NAME_AR.to_owned(), json!(NAME_AR));
            draft.personal[format!("{NAME_AR}{number}")] = json!(number);
            notary
                .stamped(&draft)
                .replace("\"SignatureData\":\"", &format!("\"SignatureData\":\"{number}"))
        }
    };
    post(node, &asked.request.callback_url, body).await;
    flow
}

/// Data that can be told from everything else.
fn planted(mut draft: Draft, number: usize) -> Draft {
    let personal = draft.personal.as_object_mut().unwrap();
    let photo = STANDARD.encode(format!("KANARYPHOTO{number}").repeat(20));
    for (name, value) in [
        ("FullNameAr", json!(format!("{NAME_AR} {number}"))),
        ("FullNameEn", json!(format!("KanaryBird {number}"))),
        (
            "EmailAddress",
            json!(format!("kanarymail{number}@example.invalid")),
        ),
        ("PassportNumber", json!(format!("PKANARY{number}"))),
        ("DocumentNumber", json!(format!("DPKANARY{number}"))),
        ("BirthDate", json!("1977-07-17T00:00:00")),
        ("Photo", json!(photo)),
        (
            "Address",
            json!({ "Area": format!("KanaryStrasse {number}"), "StreetName": "KanaryStrasse" }),
        ),
        (
            "Undocumented",
            json!({ "Deep": [format!("KanaryBird {number}")] }),
        ),
    ] {
        personal.insert(name.to_owned(), value);
    }
    draft
}

/// As the authority posts it: over TLS, to the callback listener.
async fn post(node: &FullNode, url: &str, body: String) {
    let pem = node.authority.sp_settings().authority_pem;
    let root = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([root])
        .no_proxy()
        .build()
        .unwrap();
    let answer = client.post(url).body(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}

/// Every event of the engine, as text.
fn listen(node: &FullNode) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(format!("{CONTROL}\n")));
    let (mut events, kept) = (node.engine.subscribe(), text.clone());
    tokio::spawn(async move {
        loop {
            match events.recv().await {
                Ok(event) => kept.lock().unwrap().push_str(&shown(&event)),
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                Err(_) => return,
            }
        }
    });
    text
}

fn shown(event: &EngineEvent) -> String {
    format!("{event:?} {}\n", serde_json::to_string(event).unwrap())
}

/// An e-service that is told of outcomes.
async fn receiver() -> (String, Arc<Mutex<String>>) {
    let notices = Arc::new(Mutex::new(String::new()));
    let kept = notices.clone();
    let take = move |body: String| {
        kept.lock().unwrap().push_str(&format!("{body}\n"));
        std::future::ready("")
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/", axum::routing::post(take));
    tokio::spawn(axum::serve(listener, router).into_future());
    (url, notices)
}

/// What clients are told who put a civil number where it does not belong.
async fn problems(node: &FullNode, person: &CivilNo) -> String {
    let number = digits(person);
    let ask = || StartFlow::push(CLIENT, "licence-renewal", person.clone()).input("licence", "1234567");
    let mut text = format!("{CONTROL}\n");
    let mut wrong = vec![
        ask().input("licence", number),
        ask().input(number, "1"),
        ask().input("amount", number),
    ];
    wrong.push(StartFlow::push(CLIENT, number, person.clone()));
    for url in [
        format!("https://sp.example/{number}"),
        number.to_owned(),
        format!("http://{number}.example/"),
    ] {
        let mut one = ask();
        one.notify_url = Some(url);
        wrong.push(one);
    }
    for one in wrong {
        let problem = node.engine.start_flow(one).await.err().unwrap();
        writeln!(text, "{problem} {problem:?}").unwrap();
    }
    for wrong in [
        "",
        "1",
        "12345678901x",
        &number[1..],
        &format!("{number}0"),
        &number.replace('1', "2"),
    ] {
        if let Err(error) = CivilNo::parse(wrong) {
            writeln!(text, "{error} {error:?}").unwrap();
        }
    }
    text.push_str(&api_problems(node, number).await);
    text
}

/// The same through the API: bodies that are wrong in each way.
async fn api_problems(node: &FullNode, number: &str) -> String {
    let key = "canary-key";
    let settings = http::ApiSettings {
        keys: http::ApiKeys::new([http::ApiKey {
            client: CLIENT.to_owned(),
            digest: Digest::of(key.as_bytes()),
        }]),
        public_base: "http://127.0.0.1:8080".to_owned(),
        page_key: http::PageKey::new(&[7; 32]),
        development: true,
    };
    let api = http::api(Arc::new(node.engine.clone()), settings);
    let good = json!({
        "service": "licence-renewal", "capability": "auth_push", "channel": "web", "locale": "ar",
        "person": { "civil_no": number }, "inputs": { "licence": "1234567" },
    });
    let changed = |member: &str, value: serde_json::Value| {
        let mut body = good.clone();
        body[member] = value;
        body.to_string()
    };
    let bodies = [
        changed("service", json!(number)),
        changed("capability", json!(number)),
        changed("channel", json!(number)),
        changed("locale", json!(number)),
        changed("person", json!(number)),
        changed("person", json!({ "civil_no": format!("{number}0") })),
        changed("person", json!({ "civil_no": number, number: 1 })),
        changed("inputs", json!({ "licence": number })),
        changed("inputs", json!({ number: "1" })),
        changed("return_url", json!(number)),
        changed("notify_url", json!(number)),
        changed(number, json!(number)),
        format!("{{\"person\":{{\"civil_no\":{number}"),
        number.to_owned(),
    ];
    let mut text = String::new();
    for body in bodies {
        let request = Request::post("/v1/flows")
            .header("host", "127.0.0.1:8080")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {key}"))
            .body(Body::from(body))
            .unwrap();
        let answer = api.clone().oneshot(request).await.unwrap();
        assert!(answer.status().is_client_error(), "{}", answer.status());
        text.push_str(&read(answer).await);
        text.push('\n');
    }
    text
}

/// Every page of the console, in both languages.
async fn console(node: &FullNode, flows: &[FlowId]) -> String {
    let console = http::console(Arc::new(node.engine.clone()), http::ConsoleSettings::default());
    let mut text = format!("{CONTROL}\n");
    let mut pages = vec!["/".to_owned(), "/?lang=en".to_owned(), "/services".to_owned()];
    pages.extend(flows.iter().map(|flow| format!("/flows/{flow}?lang=en")));
    pages.extend(
        flows
            .iter()
            .take(100)
            .map(|flow| format!("/flows/{flow}?lang=ar")),
    );
    for page in pages {
        let request = Request::get(&page)
            .header("host", "localhost")
            .body(Body::empty())
            .unwrap();
        let answer = console.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{page}");
        text.push_str(&read(answer).await);
    }
    text
}

/// The whole log.
async fn audit(node: &FullNode) -> String {
    let mut text = format!("{CONTROL}\n");
    let mut after = 0;
    loop {
        let page = node.store.records_after(after, 1_000).await.unwrap();
        let Some(last) = page.last() else {
            return text;
        };
        after = last.seq;
        for record in page {
            writeln!(text, "{}", serde_json::to_string(&record.event).unwrap()).unwrap();
        }
    }
}

/// What `Debug` shows of everything that has it.
async fn debug(node: &FullNode, flows: &[FlowId]) -> String {
    let mut text = format!(
        "{CONTROL}\n{:?} {:?} {:?}\n",
        node.engine, node.sandbox, node.authority
    );
    for flow in flows {
        let view = node.view(*flow).await;
        writeln!(text, "{:?} {:?}", view.person, view.decision).unwrap();
        writeln!(text, "{:?}", node.timeline(*flow).await).unwrap();
    }
    text
}

/// What the e-service is answered: only declared fields.
async fn answers(node: &FullNode, flows: &[FlowId]) -> String {
    let mut text = String::new();
    for flow in flows {
        writeln!(text, "{}", node.view(*flow).await.to_json()).unwrap();
    }
    text
}

/// What the store keeps of a flow beside the exact bytes.
async fn details(node: &FullNode, flows: &[FlowId]) -> String {
    let mut text = String::new();
    for flow in flows {
        let row = node.store.flow(*flow).await.unwrap().unwrap();
        writeln!(text, "{}", String::from_utf8(row.detail.into()).unwrap()).unwrap();
    }
    text
}

async fn read(answer: axum::response::Response) -> String {
    let bytes = axum::body::to_bytes(answer.into_body(), 16 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

const FLOWS: usize = 1_000;
const AT_A_TIME: usize = 40;
