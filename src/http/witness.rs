use std::collections::HashMap;
use std::fs;
use std::io;
use std::io::Write as _;
use std::path::Path as FilePath;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use tokio::sync::Mutex;

use super::clock::PageClock;
use crate::audit::log::Checkpoint;
use crate::audit::log::Cosigner;
use crate::audit::log::Refusal;
use crate::audit::log::Submission;
use crate::audit::log::VerifierKey;
use crate::words::Digest;

/// What a witness remembers, and in whose name it speaks.
pub struct WitnessSettings {
    /// The folder with the newest checkpoint of each log.
    pub folder: PathBuf,
    /// Its key.
    pub cosigner: Cosigner,
    /// The logs that it cosigns.
    pub logs: Vec<VerifierKey>,
    /// What time it is.
    pub clock: PageClock,
}

struct Witness {
    folder: PathBuf,
    cosigner: Cosigner,
    logs: HashMap<String, VerifierKey>,
    clock: PageClock,
    /// One submission at a time: what is compared must be what is replaced.
    turn: Mutex<()>,
}

/// A witness of logs, in somebody else's hands: C2SP `tlog-witness`, and beside it `GET /checkpoint/{log}`, where `log` is
/// the SHA-256 of a log's name in hexadecimal digits, with the newest checkpoint and its cosignature.
pub fn witness(settings: WitnessSettings) -> Router {
    let logs = settings.logs.into_iter().map(|key| (key.name().to_owned(), key));
    let witness = Arc::new(Witness {
        folder: settings.folder,
        cosigner: settings.cosigner,
        logs: logs.collect(),
        clock: settings.clock,
        turn: Mutex::default(),
    });
    Router::new()
        .route("/add-checkpoint", post(add))
        .route("/checkpoint/{log}", get(newest))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(witness)
}

async fn add(State(witness): State<Arc<Witness>>, body: String) -> Response {
    let added = tokio::spawn(async move { witness.add(&body).await }).await;
    match added {
        Ok(Ok(line)) => (StatusCode::OK, format!("{line}\n")).into_response(),
        Ok(Err(Fault::Refused(refusal))) => refused(&refusal),
        Ok(Err(Fault::Disk(error))) => {
            tracing::error!(%error, "a checkpoint can't be remembered, so it is not cosigned");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn newest(State(witness): State<Arc<Witness>>, Path(log): Path<String>) -> Response {
    let known = witness
        .logs
        .keys()
        .any(|origin| hex::encode(Digest::of(origin.as_bytes()).as_bytes()) == log);
    if !known {
        return StatusCode::NOT_FOUND.into_response();
    }
    match fs::read_to_string(witness.folder.join(format!("{log}.checkpoint"))) {
        Ok(note) => (StatusCode::OK, note).into_response(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::Form => StatusCode::BAD_REQUEST,
        Refusal::UnknownLog => StatusCode::NOT_FOUND,
        Refusal::Unsigned => StatusCode::FORBIDDEN,
        Refusal::Conflict(size) => {
            let kind = [(CONTENT_TYPE, "text/x.tlog.size")];
            return (StatusCode::CONFLICT, kind, format!("{size}\n")).into_response();
        }
        Refusal::Inconsistent => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (status, format!("{refusal}\n")).into_response()
}

enum Fault {
    Refused(Refusal),
    Disk(io::Error),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl Witness {
    async fn add(&self, body: &str) -> Result<String, Fault> {
        let submission = Submission::parse(body)?;
        let origin = submission.origin()?;
        let key = self.logs.get(&origin).ok_or(Refusal::UnknownLog)?;
        let _turn = self.turn.lock().await;
        let log = hex::encode(Digest::of(origin.as_bytes()).as_bytes());
        let file = self.folder.join(format!("{log}.checkpoint"));
        let known = remembered(&file, key)?;
        let (checkpoint, mut note) = match submission.judge(key, known.as_ref()) {
            Err(refusal @ (Refusal::Inconsistent | Refusal::Conflict(_))) => {
                // The log has signed it: that may be proof of what its operator has done.
                tracing::warn!(origin, %refusal, "a checkpoint is not cosigned");
                return Err(refusal.into());
            }
            judged => judged?,
        };
        let seconds = u64::try_from(self.clock.now().as_micros() / 1_000_000).unwrap_or(0);
        let line = self.cosigner.cosign(&note, seconds);
        note.add(line.clone());
        remember(&file, &note.to_string())?;
        tracing::info!(origin, size = checkpoint.size, "a checkpoint is cosigned");
        Ok(line.to_string())
    }
}

fn remembered(file: &FilePath, key: &VerifierKey) -> io::Result<Option<Checkpoint>> {
    let note = match fs::read_to_string(file) {
        Ok(note) => note,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // What can't be read must not be taken for nothing: that would let the log begin anew.
    let damaged = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    Ok(Some(Checkpoint::open(&note, key).map_err(damaged)?.0))
}

/// Durable before the answer: a witness that forgets could be shown two histories.
fn remember(file: &FilePath, note: &str) -> io::Result<()> {
    let beside = file.with_extension("new");
    let mut new = fs::File::create(&beside)?;
    new.write_all(note.as_bytes())?;
    new.sync_all()?;
    fs::rename(&beside, file)?;
    match file.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

const LARGEST_BODY: usize = 64 * 1024;
