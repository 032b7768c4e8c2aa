use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A time-stamping authority for the tests: openssl answers, so what we ask and what we believe are held against it.
pub struct Tsa {
    pub url: String,
    desk: Arc<Desk>,
}

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As it should.
    Good,
    /// About other bytes.
    OtherImprint,
    /// With what it has answered first.
    Replay,
    /// By somebody with the same name and another key.
    OtherKey,
    /// Under another policy than asked.
    OtherPolicy,
    /// It refuses.
    Refuse,
    /// With something else.
    Nonsense,
    /// It is away.
    Away,
}

struct Desk {
    folder: TempDir,
    manner: Mutex<Manner>,
    first: Mutex<Option<Vec<u8>>>,
}

impl Tsa {
    pub async fn start() -> Self {
        let desk = Arc::new(Desk {
            folder: tempfile::tempdir().unwrap(),
            manner: Mutex::new(Manner::Good),
            first: Mutex::default(),
        });
        for name in ["tsa", "other"] {
            make_identity(desk.folder.path(), name);
        }
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        let url = format!("http://{}/stamp", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/stamp", post(answer))
            .with_state(Arc::clone(&desk));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, desk }
    }

    pub fn behaves(&self, manner: Manner) {
        *self.desk.manner.lock().unwrap() = manner;
    }

    /// The certificate that signs.
    pub fn certificate(&self) -> Vec<u8> {
        fs::read(self.path("tsa.pem")).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.desk.folder.path().join(name)
    }

    /// The answer of openssl to a request.
    pub fn reply(&self, query: &[u8]) -> Vec<u8> {
        self.desk.reply(query, "tsa", "")
    }
}

async fn answer(State(desk): State<Arc<Desk>>, query: Bytes) -> (StatusCode, Vec<u8>) {
    let manner = *desk.manner.lock().unwrap();
    let at_work = Arc::clone(&desk);
    let body = tokio::task::spawn_blocking(move || at_work.in_manner(manner, &query))
        .await
        .unwrap();
    let status = match manner {
        Manner::Away => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    desk.first.lock().unwrap().get_or_insert_with(|| body.clone());
    (status, body)
}

impl Desk {
    fn in_manner(&self, manner: Manner, query: &[u8]) -> Vec<u8> {
        match manner {
            Manner::Good | Manner::Away => self.reply(query, "tsa", ""),
            Manner::OtherImprint => {
                // The imprint is the only 32 bytes of the request.
                let at = query.windows(2).position(|pair| pair == [4, 32]).unwrap() + 2;
                let mut other = query.to_vec();
                other[at] ^= 1;
                self.reply(&other, "tsa", "")
            }
            Manner::Replay => self.first.lock().unwrap().clone().unwrap(),
            Manner::OtherKey => self.reply(query, "other", ""),
            Manner::OtherPolicy => {
                let asked = [0x2a, 3, 4, 9];
                let at = query.windows(asked.len()).position(|four| four == asked).unwrap();
                let mut other = query.to_vec();
                other[at + 3] = 2;
                self.reply(&other, "tsa", "1.2.3.4.2")
            }
            // A hash that this authority does not take.
            Manner::Refuse => self.reply(query, "tsa", "refuse"),
            Manner::Nonsense => b"<html>it is not here</html>".to_vec(),
        }
    }

    fn reply(&self, query: &[u8], identity: &str, how: &str) -> Vec<u8> {
        let folder = self.folder.path();
        let work = tempfile::tempdir_in(folder).unwrap();
        let digests = if how == "refuse" { "sha512" } else { "sha256" };
        let policy = if how.starts_with('1') { how } else { "1.2.3.4.1" };
        fs::write(
            work.path().join("tsa.cnf"),
            format!(
                "[tsa]\ndefault_tsa = one\n[one]\nserial = {0}/serial\nsigner_cert = {1}/{identity}.pem\n\
                 signer_key = {1}/{identity}.key\nsigner_digest = sha256\ndefault_policy = {policy}\n\
                 other_policies = 1.2.3.4.9\ndigests = {digests}\naccuracy = secs:1\nordering = yes\ntsa_name = yes\n\
                 clock_precision_digits = 3\ness_cert_id_alg = sha256\n",
                work.path().display(),
                folder.display()
            ),
        )
        .unwrap();
        fs::write(work.path().join("query"), query).unwrap();
        let done = openssl(
            work.path(),
            &[
                "ts",
                "-reply",
                "-config",
                "tsa.cnf",
                "-queryfile",
                "query",
                "-out",
                "reply",
            ],
        );
        assert!(
            done || work.path().join("reply").exists(),
            "openssl answers nothing"
        );
        fs::read(work.path().join("reply")).unwrap()
    }
}

fn make_identity(folder: &Path, name: &str) {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
    let made = openssl(
        folder,
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &certificate,
            "-days",
            "30",
            "-subj",
            "/O=Somebody else/CN=Time",
            "-addext",
            "extendedKeyUsage=critical,timeStamping",
            "-addext",
            "keyUsage=critical,digitalSignature",
        ],
    );
    assert!(made, "openssl makes no certificate");
}

/// Runs openssl in a folder, and says whether it was content.
pub fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    output.status.success()
}
