//! The bare program beside which `midflow bench` puts the node: a control that does less than it claims would make every ratio
//! to it a lie.

use std::fs;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use midflow::sandbox::Authority;
use midflow::sandbox::Citizen;
use midflow::sandbox::Ending;
use midflow::sandbox::Identity;
use midflow::sandbox::Sandbox;
use midflow::sandbox::SandboxOptions;
use midflow::sandbox::Scenario;
use midflow::sandbox::Sent;
use midflow::store::PostgresCluster;
use midflow::words::Purpose;
use reqwest::StatusCode;
use rusqlite::OpenFlags;
use serde_json::Value;
use serde_json::json;
use sqlx::Connection as _;
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::command::Serving;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_reach_their_end_with_four_rows_each_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bare.db");
    let program = BareProgram::start(folder, &json!({ "sqlite": file })).await;
    let flows = program.approved_flows().await;
    let rows = program.rows();
    for flow in flows {
        let of_flow: Vec<&(Uuid, i16, i64)> = rows.iter().filter(|(of, ..)| *of == flow).collect();
        assert!(is_whole(&of_flow), "{of_flow:?}");
    }
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_reach_their_end_with_four_rows_each_on_postgresql() {
    let cluster = PostgresCluster::shared("tests").unwrap();
    let settings = cluster.database().await.unwrap();
    let owner = settings.owner.unwrap();
    let program = BareProgram::start(
        tempfile::tempdir().unwrap(),
        &json!({ "postgres": {
            "socket": settings.host, "port": settings.port, "database": settings.database, "user": owner.name,
        } }),
    )
    .await;
    let flows = program.approved_flows().await;
    let options = PgConnectOptions::new_without_pgpass()
        .socket(&settings.host)
        .port(settings.port)
        .database(&settings.database)
        .username(&owner.name);
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    for flow in flows {
        let rows: Vec<(Uuid, i16, i64)> = sqlx::query_as(
            "SELECT flow, step, octet_length(text)::bigint FROM steps WHERE flow = $1 ORDER BY step",
        )
        .bind(flow)
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert!(is_whole(&rows.iter().collect::<Vec<_>>()), "{rows:?}");
    }
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_whose_stamp_is_not_over_its_bytes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bare.db");
    let program = BareProgram::start(folder, &json!({ "sqlite": file })).await;
    let people = program.people();
    for (person, (scenario, status)) in people.iter().zip([
        (Scenario::Forged, 403),
        (Scenario::ForgedSigner, 403),
        (Scenario::TamperedPerson, 403),
        (Scenario::Unstamped, 400),
    ]) {
        program.arm(scenario, person);
        let flow = program.begin(person).await;
        let sent = program.first_answer(scenario).await;
        assert_eq!(sent.status, Some(status), "{scenario:?}");
        assert_eq!(
            program.read(flow, 0).await["outcome"],
            Value::Null,
            "{scenario:?}"
        );
        // The reply may be on its way to the disk; nothing after it is.
        let mut steps = program.rows().into_iter().filter(|(of, ..)| *of == flow);
        assert!(steps.all(|(_, step, _)| step <= 2), "{scenario:?}");
    }
    // What was refused leaves the flow as it was: the true answer that follows ends it.
    let person = people.last().unwrap();
    program.arm(Scenario::ForgedFirst, person);
    let flow = program.begin(person).await;
    assert_eq!(program.read(flow, 30).await["outcome"]["code"], "approved");
    assert_eq!(
        program.first_answer(Scenario::ForgedFirst).await.status,
        Some(403)
    );
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_its_e_service_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bare.db");
    let program = BareProgram::start(folder, &json!({ "sqlite": file })).await;
    let url = format!("{}/v1/flows", program.api);
    for key in ["", "another-key", "bench-keyx"] {
        let asked = program
            .client
            .post(&url)
            .bearer_auth(key)
            .json(&ask("399123100017"));
        assert_eq!(asked.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
        let read = program
            .client
            .get(format!("{url}/{}", Uuid::nil()))
            .bearer_auth(key);
        assert_eq!(read.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    assert!(program.rows().is_empty());
    program.stop().await;
}

/// The bare program, started as `bench` starts it, with an authority.
struct BareProgram {
    process: Serving,
    sandbox: Sandbox,
    api: String,
    client: reqwest::Client,
    folder: TempDir,
}

impl BareProgram {
    async fn start(folder: TempDir, store: &Value) -> Self {
        let mut options = SandboxOptions::new(folder.path().join("sandbox"));
        options.crowd = 8;
        // What was refused is not sent again.
        options.retries = Vec::new();
        let sandbox = Authority::start(options).await.unwrap();
        let sp = sandbox.handle().sp_settings();
        let pair =
            |identity: &Identity| json!({ "certificate": identity.chain_pem(), "key": identity.key_pem() });
        let settings = json!({
            "api_key": KEY,
            "bridge_url": sp.bridge_url,
            "service_provider_id": sp.service_provider_id,
            "server_ca": sp.authority_pem,
            "client": pair(&sp.client),
            "callback": pair(&sp.callback_server),
            "stamp_signer": sp.stamp_signer_pem,
            "store": store,
        });
        fs::write(folder.path().join("bare.json"), settings.to_string()).unwrap();
        let process = Serving::start(folder.path(), &["bench", "--bare", "bare.json"]);
        let callback = process.ready["callback"].as_str().unwrap();
        sandbox.handle().register_callback_base(callback).unwrap();
        Self {
            api: process.ready["api"].as_str().unwrap().to_owned(),
            process,
            sandbox,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            folder,
        }
    }

    async fn stop(self) {
        self.process.stop();
        self.sandbox.shutdown().await;
    }

    /// Those who approve at once, none of them known by name.
    fn people(&self) -> Vec<Citizen> {
        let handle = self.sandbox.handle();
        let approve = handle
            .citizens()
            .iter()
            .filter(|citizen| citizen.of_the_crowd && citizen.ending == Ending::Approves);
        approve.cloned().collect()
    }

    fn arm(&self, scenario: Scenario, person: &Citizen) {
        let armed = self.sandbox.handle().arm(scenario, Some(&person.civil_no), None);
        armed.unwrap();
    }

    /// One flow for each of the people, all at once, each approved.
    async fn approved_flows(&self) -> Vec<Uuid> {
        let people = self.people();
        assert!(people.len() >= 8, "{}", people.len());
        let mut flows = Vec::new();
        for person in &people {
            flows.push(self.begin(person).await);
        }
        for flow in &flows {
            assert_eq!(self.read(*flow, 30).await["outcome"]["code"], "approved");
        }
        let metrics = self.client.get(format!("{}/metrics", self.api));
        let metrics = metrics.send().await.unwrap().text().await.unwrap();
        let commits = metrics.strip_prefix("midflow_recorder_commits ").unwrap();
        let commits: usize = commits.trim().parse().unwrap();
        assert!((4..=flows.len() * 4).contains(&commits), "{commits}");
        flows
    }

    async fn begin(&self, person: &Citizen) -> Uuid {
        let ask = ask(person.civil_no.expose(Purpose::Wire));
        let begun = self.client.post(format!("{}/v1/flows", self.api)).json(&ask);
        let begun = begun.bearer_auth(KEY).send().await.unwrap();
        assert_eq!(begun.status(), StatusCode::CREATED);
        let begun: Value = begun.json().await.unwrap();
        begun["flow"].as_str().unwrap().parse().unwrap()
    }

    async fn read(&self, flow: Uuid, wait: u64) -> Value {
        let url = format!("{}/v1/flows/{flow}?wait={wait}", self.api);
        let read = self.client.get(url).bearer_auth(KEY);
        read.send().await.unwrap().json().await.unwrap()
    }

    /// The first answer of this scenario, once the sandbox has sent it.
    async fn first_answer(&self, scenario: Scenario) -> Sent {
        let patience = Instant::now() + Duration::from_secs(30);
        loop {
            let sent = self.sandbox.handle().ledger().sent;
            let mut sent = sent.into_iter();
            if let Some(sent) = sent.find(|sent| sent.scenario == Some(scenario.as_str())) {
                return sent;
            }
            assert!(Instant::now() < patience, "{scenario:?} was not sent");
            tokio::task::yield_now().await;
        }
    }

    /// Flow, step and length of each row of the file.
    fn rows(&self) -> Vec<(Uuid, i16, i64)> {
        rows(&self.folder.path().join("bare.db"))
    }
}

fn rows(file: &Path) -> Vec<(Uuid, i16, i64)> {
    let connection = rusqlite::Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = connection
        .prepare("SELECT flow, step, octet_length(text) FROM steps ORDER BY id")
        .unwrap();
    let rows = statement.query_map([], |row| {
        let flow: [u8; 16] = row.get(0)?;
        Ok((Uuid::from_bytes(flow), row.get(1)?, row.get(2)?))
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// The four moments in their order, each with a row of about 700 bytes.
fn is_whole(rows: &[&(Uuid, i16, i64)]) -> bool {
    let steps = rows.iter().map(|(_, step, _)| *step);
    steps.eq([1, 2, 3, 4]) && rows.iter().all(|(.., length)| (700..1_200).contains(length))
}

fn ask(civil_no: &str) -> Value {
    json!({
        "service": "licence-renewal", "capability": "auth_push", "channel": "web", "locale": "ar",
        "person": { "civil_no": civil_no }, "inputs": { "licence": "1234567" },
    })
}

const KEY: &str = "bench-key";
