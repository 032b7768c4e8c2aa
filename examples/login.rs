//! A small web site whose login is a Mobile ID flow, with the engine inside.
//!
//! Run it with `cargo run --example login`, open the address it prints, and sign in as 399123100017, who
//! approves at once, or as 399123100033, who declines.

#![expect(clippy::print_stdout, reason = "an example tells what it does")]

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use axum::Form;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use midflow::engine::Clock as _;
use midflow::engine::Engine;
use midflow::engine::EngineParts;
use midflow::engine::KeyFile;
use midflow::engine::Secrets;
use midflow::engine::StartFlow;
use midflow::engine::SystemClock;
use midflow::engine::random;
use midflow::http;
use midflow::sandbox::Authority;
use midflow::sandbox::Sandbox;
use midflow::sandbox::SandboxOptions;
use midflow::store::Sealed;
use midflow::store::Sqlite;
use midflow::words::CivilNo;
use midflow::words::Environment;
use midflow::words::FieldValue;
use midflow::words::FlowId;
use midflow::words::OutcomeClass;
use midflow::words::Purpose;

/// The name under which this site's flows run.
const CLIENT: &str = "login-example";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let state = tempfile::tempdir()?;
    let (engine, _authority) = engine(state.path()).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("sign in at http://{}/", listener.local_addr()?);
    axum::serve(listener, site(engine)).await?;
    Ok(())
}

/// The site: who is signed in is known by a random cookie, and each browser sees its own flow only.
pub fn site(engine: Engine) -> Router {
    let site = Site {
        engine,
        sessions: Arc::default(),
    };
    Router::new()
        .route("/", get(home))
        .route("/login", post(login))
        .with_state(site)
}

#[derive(Clone)]
struct Site {
    engine: Engine,
    sessions: Arc<Mutex<HashMap<String, FlowId>>>,
}

#[derive(serde::Deserialize)]
struct Login {
    civil_no: String,
}

async fn login(State(site): State<Site>, Form(form): Form<Login>) -> Response {
    let person = match CivilNo::parse(&form.civil_no) {
        Ok(person) => person,
        Err(error) => return page(&format!("<p>{error}</p>{FORM}")),
    };
    let ask = StartFlow::push(CLIENT, "licence-renewal", person).input("licence", "1234567");
    let started = match site.engine.start_flow(ask).await {
        Ok(started) => started,
        Err(problem) => return page(&format!("<p>{}</p>{FORM}", problem.detail)),
    };
    let Ok(secret) = random::<16>() else {
        return page("<p>The system gives no randomness.</p>");
    };
    let session: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let cookie = format!("session={session}; HttpOnly; SameSite=Lax; Path=/");
    let mut sessions = site.sessions.lock().unwrap_or_else(PoisonError::into_inner);
    sessions.insert(session, started.view.flow);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

async fn home(State(site): State<Site>, headers: HeaderMap) -> Response {
    let Some(flow) = site.flow_of(&headers) else {
        return page(FORM);
    };
    let Ok(view) = site.engine.view(CLIENT, flow).await else {
        return page(FORM);
    };
    match (view.outcome, view.decision) {
        (None, _) => page(&format!(
            "<meta http-equiv=refresh content=1><p>Compare this number with your phone: <b>{}</b></p>",
            view.challenge.grouped()
        )),
        // The class is what decides: it is `approved` only if the policy agreed as well.
        (Some(outcome), _) if outcome.class() == OutcomeClass::Approved => {
            let name = view.person.as_ref().and_then(|person| person.field("name_ar"));
            let name = match name.map(|value| value.expose(Purpose::Citizen)) {
                Some(FieldValue::Text(name)) => name.as_str(),
                _ => "",
            };
            page(&format!("<h1>Welcome, <bdi>{}</bdi></h1>", escape(name)))
        }
        (Some(_), Some(decision)) => page(&format!("<p>{}</p>{FORM}", escape(&decision.say.en))),
        (Some(outcome), None) => page(&format!("<p>{}</p>{FORM}", outcome.text().en)),
    }
}

impl Site {
    fn flow_of(&self, headers: &HeaderMap) -> Option<FlowId> {
        let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
        let session = cookies
            .split("; ")
            .find_map(|cookie| cookie.strip_prefix("session="))?;
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(session).copied()
    }
}

fn page(body: &str) -> Response {
    Html(format!(
        "<!doctype html><html lang=en><title>Login</title>{body}</html>"
    ))
    .into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

const FORM: &str = "<form method=post action=/login>\
    <label>Civil number <input name=civil_no value=399123100017></label> <button>Sign in</button></form>";

/// The engine against the sandbox; see the example `embed` for what each line does.
pub async fn engine(state: &Path) -> Result<(Engine, Sandbox), Box<dyn Error>> {
    let authority = Authority::start(SandboxOptions::new(state.join("sandbox"))).await?;
    let sp = authority.handle().sp_settings();
    let socket = http::bind("callback", "127.0.0.1:0".parse()?)?;
    let url = format!("https://{}", socket.local_addr()?);
    authority.handle().register_callback_base(&url)?;
    let key = KeyFile::read_or_make(&state.join("midflow.key"))?;
    let store = Arc::new(Sqlite::open(state.join("midflow.db")).await?);
    let store = Sealed::open(store, Arc::new(key), Environment::Development, SystemClock.now()).await?;
    let secrets = Secrets::open(&state.join("secrets"))?;
    let mut parts = EngineParts::new(
        env!("CARGO_MANIFEST_DIR"),
        store,
        sp.connector(SystemClock.now())?,
        secrets,
    );
    parts.options.callback_base_url = url;
    let engine = Engine::start(parts).await?;
    let identity = &sp.callback_server;
    let tls = http::callback_tls(
        identity.chain_pem().as_bytes(),
        identity.key_pem().as_bytes(),
        SystemClock.now(),
    )?;
    let callbacks = http::callback(Arc::new(engine.clone()));
    tokio::spawn(http::serve(
        socket,
        callbacks,
        Some(Arc::new(tls)),
        http::Handle::new(),
    ));
    Ok((engine, authority))
}
