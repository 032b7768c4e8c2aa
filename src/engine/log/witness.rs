use std::time::Duration;

use async_trait::async_trait;

use super::anchor::Anchor;
use super::anchor::AnchorError;
use super::verify::Promise;
use crate::audit::log::Checkpoint;
use crate::audit::log::ConsistencyPlan;
use crate::audit::log::Note;
use crate::audit::log::NoteSignature;
use crate::audit::log::Submission;
use crate::audit::log::VerifierKey;
use crate::audit::log::WitnessKey;
use crate::connector::IDLE_CONNECTION;
use crate::store::KeptCheckpoint;
use crate::store::LogStore;
use crate::words::Digest;

/// A witness, reached over HTTP: it cosigns what has grown out of what it has seen, and nothing else.
pub struct Witness {
    name: String,
    url: String,
    key: WitnessKey,
    http: reqwest::Client,
}

/// A witness can't be used as it is named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// Others could read and change what is said.
    #[error("the witness {0} has to be reached by https, or on this machine")]
    Open(String),
    /// The key is none of a witness.
    #[error(
        "the key of the witness {0} is none: it is written `<name>+<8 hexadecimal digits>+<base64>`, of kind 4"
    )]
    Key(String),
    /// The client can't be made.
    #[error("the witness {0} can't be reached: {1}")]
    Client(String, String),
}

impl Witness {
    /// A witness at a URL, known by its public key.
    ///
    /// # Errors
    /// When the URL or the key can't be used.
    pub fn new(url: &str, key: &str, root_certificates: &[Vec<u8>]) -> Result<Self, WitnessError> {
        let parsed = reqwest::Url::parse(url).map_err(|_| WitnessError::Open(url.to_owned()))?;
        let is_here = parsed.host_str().is_some_and(|host| {
            host == "localhost"
                || host
                    .trim_matches(['[', ']'])
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        });
        if parsed.scheme() != "https" && !(parsed.scheme() == "http" && is_here) {
            return Err(WitnessError::Open(url.to_owned()));
        }
        let key = VerifierKey::parse(key)
            .ok()
            .and_then(WitnessKey::new)
            .ok_or_else(|| WitnessError::Key(url.to_owned()))?;
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_idle_timeout(IDLE_CONNECTION)
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10));
        let unusable = |error: reqwest::Error| WitnessError::Client(url.to_owned(), error.to_string());
        for pem in root_certificates {
            for certificate in reqwest::Certificate::from_pem_bundle(pem).map_err(unusable)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        Ok(Self {
            name: format!("witness:{}", key.key().name()),
            url: url.trim_end_matches('/').to_owned(),
            key,
            http: builder.build().map_err(unusable)?,
        })
    }

    async fn submit(&self, submission: &Submission) -> Result<Answer, AnchorError> {
        let answer = self
            .http
            .post(format!("{}/add-checkpoint", self.url))
            .body(submission.to_string())
            .send()
            .await
            .map_err(|error| self.away(&error.to_string()))?;
        let status = answer.status().as_u16();
        let body = answer
            .text()
            .await
            .map_err(|error| self.away(&error.to_string()))?;
        match status {
            200 => Ok(Answer::Cosigned(body)),
            409 => match body.trim_end().parse() {
                Ok(size) => Ok(Answer::Knows(size)),
                Err(_) => Err(self.away("it answers 409 without the size that it knows")),
            },
            422 => Err(AnchorError::Contradicts(format!(
                "{} knows a log that this one has not grown out of",
                self.name
            ))),
            _ => Err(self.away(&format!("it answers {status}"))),
        }
    }

    fn away(&self, why: &str) -> AnchorError {
        AnchorError::Away(format!("{} has not cosigned: {why}", self.name))
    }

    /// The line under the checkpoint, if it is the witness's own.
    fn line(&self, checkpoint: &KeptCheckpoint, lines: &str) -> Result<String, AnchorError> {
        let forged = || self.away("its cosignature is not of its key");
        let mut note = Note::parse(&checkpoint.note).map_err(|_| forged())?;
        let lines = NoteSignature::parse_lines(lines.trim_end_matches('\n')).map_err(|_| forged())?;
        let own = lines
            .into_iter()
            .find(|line| line.name == self.key.key().name() && line.id == self.key.key().id())
            .ok_or_else(forged)?;
        note.add(own.clone());
        self.key.verify(&note).map_err(|_| forged())?;
        Ok(own.to_string())
    }
}

/// What a witness answers.
enum Answer {
    /// Its signature lines.
    Cosigned(String),
    /// It knows a checkpoint of another size, or another one of this size.
    Knows(u64),
}

#[async_trait]
impl Anchor for Witness {
    fn name(&self) -> &str {
        &self.name
    }

    async fn place(&self, checkpoint: &KeptCheckpoint, store: &dyn LogStore) -> Result<String, AnchorError> {
        // What it knows is asked first: nothing here has to be remembered, and it is right after every restart.
        let mut old = 0;
        for _ in 0..ATTEMPTS {
            let submission = Submission {
                old,
                proof: consistency(store, old, checkpoint.size).await?,
                note: checkpoint.note.clone(),
            };
            match self.submit(&submission).await? {
                Answer::Cosigned(lines) => return self.line(checkpoint, &lines),
                Answer::Knows(size) if size > checkpoint.size || size == old => {
                    return Err(AnchorError::Contradicts(format!(
                        "{} has seen {size} entries of this log, and the store has {}, or others",
                        self.name, checkpoint.size
                    )));
                }
                Answer::Knows(size) => old = size,
            }
        }
        Err(self.away("others hand in checkpoints of this log at the same time"))
    }

    /// What midflow's own witness tells of the log; another may not tell.
    async fn newest(&self, key: &VerifierKey) -> Result<Option<Promise>, AnchorError> {
        let log = hex::encode(Digest::of(key.name().as_bytes()).as_bytes());
        let url = format!("{}/checkpoint/{log}", self.url);
        let answer = self.http.get(&url).send().await;
        let answer = answer.map_err(|error| self.away(&error.to_string()))?;
        match answer.status().as_u16() {
            200 => {
                let note = answer
                    .text()
                    .await
                    .map_err(|error| self.away(&error.to_string()))?;
                let is_of_log = Checkpoint::open(&note, key).is_ok();
                Ok(is_of_log.then(|| Promise {
                    place: self.name.clone(),
                    note,
                }))
            }
            404 => Ok(None),
            status => Err(self.away(&format!("it answers {status}"))),
        }
    }

    async fn all(&self, key: &VerifierKey) -> Result<Vec<Promise>, AnchorError> {
        Ok(self.newest(key).await?.into_iter().collect())
    }
}

async fn consistency(store: &dyn LogStore, old: u64, size: u64) -> Result<Vec<Digest>, AnchorError> {
    let fault = |error: &dyn std::fmt::Display| AnchorError::Away(format!("a proof can't be made: {error}"));
    let plan = ConsistencyPlan::new(old, size).map_err(|error| fault(&error))?;
    let hashes = store
        .log_nodes(&plan.nodes())
        .await
        .map_err(|error| fault(&error))?;
    plan.proof(&hashes).map_err(|error| fault(&error))
}

const ATTEMPTS: usize = 3;
