use std::fs;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::anchor::Anchor;
use super::anchor::AnchorError;
use super::verify::Promise;
use crate::audit::log::Checkpoint;
use crate::audit::log::VerifierKey;
use crate::audit::timestamp::Stamped;
use crate::audit::timestamp::TimestampAuthority;
use crate::audit::timestamp::TimestampError;
use crate::audit::timestamp::TimestampPolicy;
use crate::audit::timestamp::TimestampRequest;
use crate::audit::timestamp::token_of_response;
use crate::connector::IDLE_CONNECTION;
use crate::engine::clock::Clock;
use crate::engine::secrets::random;
use crate::store::KeptCheckpoint;
use crate::store::LogStore;
use crate::words::Digest;
use crate::words::Timestamp;

/// A time-stamping authority, reached over HTTP (RFC 3161; R003-40): it says when a checkpoint was there. It keeps nothing
/// of ours, so checkpoint and token lie in a folder, which is best on somebody else's machine.
pub struct TimestampAnchor {
    name: String,
    settings: TimestampSettings,
    authority: TimestampAuthority,
    clock: Arc<dyn Clock>,
    http: reqwest::Client,
    remembered: Mutex<Remembered>,
}

/// When the last stamp was made, so that the folder, which only grows, is not read each time a checkpoint comes.
#[derive(Clone, Copy, Default)]
struct Remembered {
    /// What the folder held was looked at.
    looked: bool,
    last: Option<Timestamp>,
}

/// Which authority, and where its tokens lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampSettings {
    /// Where it listens. A token is believed by its signature alone, and only a digest is sent, so plain http is good.
    pub url: String,
    /// Where checkpoints and tokens are kept.
    pub folder: PathBuf,
    /// Under which policy of the authority; its usual one without.
    pub policy: Option<TimestampPolicy>,
    /// How long after a stamp the next one is asked for.
    pub every: Duration,
}

/// An authority can't be used as it is named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampAnchorError {
    /// The address is none.
    #[error("`{0}` is no address of a time-stamping authority: it begins with https:// or http://")]
    Url(String),
    /// The client can't be made.
    #[error("the time-stamping authority {0} can't be reached: {1}")]
    Client(String, String),
}

impl TimestampAnchor {
    /// An authority, known by its pinned certificates.
    ///
    /// # Errors
    /// When the address or the roots can't be used.
    pub fn new(
        settings: TimestampSettings,
        authority: TimestampAuthority,
        root_certificates: &[Vec<u8>],
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TimestampAnchorError> {
        let url = settings.url.as_str();
        let parsed = reqwest::Url::parse(url).map_err(|_| TimestampAnchorError::Url(url.to_owned()))?;
        let host = parsed
            .host_str()
            .filter(|_| matches!(parsed.scheme(), "http" | "https"));
        let host = host.ok_or_else(|| TimestampAnchorError::Url(url.to_owned()))?;
        let unusable =
            |error: reqwest::Error| TimestampAnchorError::Client(url.to_owned(), error.to_string());
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_idle_timeout(IDLE_CONNECTION)
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10));
        for pem in root_certificates {
            for certificate in reqwest::Certificate::from_pem_bundle(pem).map_err(unusable)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        Ok(Self {
            name: format!("{NAME}{host}"),
            http: builder.build().map_err(unusable)?,
            settings,
            authority,
            clock,
            remembered: Mutex::default(),
        })
    }

    /// Asks for a stamp over a checkpoint, and believes nothing but the answer to this very request.
    async fn stamp(&self, note: &str) -> Result<Vec<u8>, AnchorError> {
        let away = |error: &dyn std::fmt::Display| self.away(&error.to_string());
        let imprint = Digest::of(note.as_bytes());
        let nonce = random().map_err(|error| away(&error))?;
        let request = TimestampRequest::new(imprint, nonce, self.settings.policy);
        let body = request.to_der().map_err(|error| away(&error))?;
        let answer = self
            .http
            .post(&self.settings.url)
            .header("content-type", "application/timestamp-query")
            .body(body)
            .send()
            .await
            .map_err(|error| away(&error))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(self.away(&format!("it answers {status}")));
        }
        let token = token_of_response(&self.body(answer).await?).map_err(|error| away(&error))?;
        let stamped = self
            .authority
            .verify(&token, imprint)
            .map_err(|error| away(&error))?;
        self.is_fresh(&request, &stamped)?;
        Ok(token)
    }

    fn is_fresh(&self, request: &TimestampRequest, stamped: &Stamped) -> Result<(), AnchorError> {
        if stamped.nonce.as_deref() != Some(request.nonce.as_slice()) {
            return Err(self.away(&TimestampError::Nonce.to_string()));
        }
        if request.policy.is_some_and(|policy| policy != stamped.policy) {
            return Err(self.away(&TimestampError::Policy.to_string()));
        }
        let now = self.clock.now();
        if stamped.at > now.plus(SKEW) || stamped.at < now.minus(SKEW) {
            return Err(self.away(&format!(
                "it stamps {}, and here it is {now}: one of both clocks is wrong",
                stamped.at
            )));
        }
        Ok(())
    }

    async fn body(&self, mut answer: reqwest::Response) -> Result<Vec<u8>, AnchorError> {
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| self.away(&error.to_string()))?
        {
            if body.len() + chunk.len() > LARGEST {
                return Err(self.away("its answer is larger than any time-stamp"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// When the last stamp was made: by this one, or before it by the newest one in the folder that is believed.
    async fn last(&self) -> Result<Option<Timestamp>, AnchorError> {
        let remembered = *self.remembered();
        if remembered.looked {
            return Ok(remembered.last);
        }
        let newest = match self.names().await?.pop() {
            Some(name) => Some(self.read(name).await?),
            None => None,
        };
        let found = newest.and_then(|pair| self.believe(&pair).ok());
        self.remember(found.map(|stamped| stamped.at));
        Ok(self.remembered().last)
    }

    fn remember(&self, at: Option<Timestamp>) {
        let mut remembered = self.remembered();
        remembered.looked = true;
        // The later counts, whatever came in between.
        remembered.last = remembered.last.max(at);
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn believe(&self, pair: &Pair) -> Result<Stamped, String> {
        let token = pair.token.as_deref().map_err(String::clone)?;
        self.authority
            .verify(token, Digest::of(pair.note.as_bytes()))
            .map_err(|error| error.to_string())
    }

    /// The checkpoints in the folder, smallest first.
    async fn names(&self) -> Result<Vec<Name>, AnchorError> {
        let folder = self.settings.folder.clone();
        let listed = blocking(move || names(&folder)).await;
        listed.map_err(|error| self.folder_away(&error))
    }

    async fn read(&self, name: Name) -> Result<Pair, AnchorError> {
        let read = blocking(move || pair(name)).await;
        read.map_err(|error| self.folder_away(&error))
    }

    fn away(&self, why: &str) -> AnchorError {
        AnchorError::Away(format!("{} has not stamped: {why}", self.name))
    }

    fn folder_away(&self, error: &io::Error) -> AnchorError {
        AnchorError::Away(format!(
            "the folder {} can't be used: {error}",
            self.settings.folder.display()
        ))
    }

    /// A checkpoint whose stamp is not believed is no promise, and is told of as one that can't be read.
    fn promise(&self, pair: Pair) -> Promise {
        let path = pair.path.display();
        match self.believe(&pair) {
            Ok(stamped) => Promise {
                place: format!("{path}, stamped {} by {}", stamped.at, stamped.by),
                note: pair.note,
            },
            Err(why) => Promise {
                place: format!("{path} ({why})"),
                note: String::new(),
            },
        }
    }
}

#[async_trait]
impl Anchor for TimestampAnchor {
    fn name(&self) -> &str {
        &self.name
    }

    async fn place(&self, checkpoint: &KeptCheckpoint, _: &dyn LogStore) -> Result<String, AnchorError> {
        let next = self.last().await?.map(|last| last.plus(self.settings.every));
        if next.is_some_and(|next| self.clock.now() < next) {
            return Err(AnchorError::Later);
        }
        // Nobody is asked for what can't be kept.
        let folder = self.settings.folder.clone();
        let there = blocking(move || fs::read_dir(folder).map(drop)).await;
        there.map_err(|error| self.folder_away(&error))?;
        let token = self.stamp(&checkpoint.note).await?;
        let (folder, checkpoint, kept) = (self.settings.folder.clone(), checkpoint.clone(), token.clone());
        let written = blocking(move || write(&folder, &checkpoint, &kept)).await;
        written.map_err(|error| self.folder_away(&error))?;
        // By our own clock: the authority's may be behind by as much as the pause.
        self.remember(Some(self.clock.now()));
        Ok(STANDARD.encode(token))
    }

    async fn newest(&self, key: &VerifierKey) -> Result<Option<Promise>, AnchorError> {
        let mut names = self.names().await?;
        // One that is none of the log's is passed over here, and told of by `audit verify`.
        while let Some(name) = names.pop() {
            let promise = self.promise(self.read(name).await?);
            if Checkpoint::open(&promise.note, key).is_ok() {
                return Ok(Some(promise));
            }
        }
        Ok(None)
    }

    async fn all(&self, _: &VerifierKey) -> Result<Vec<Promise>, AnchorError> {
        let mut promises = Vec::new();
        for name in self.names().await? {
            promises.push(self.promise(self.read(name).await?));
        }
        Ok(promises)
    }
}

/// A checkpoint in the folder, by its name alone: the size, and where it lies.
type Name = (u64, PathBuf);

/// A checkpoint in the folder, and the token beside it.
struct Pair {
    path: PathBuf,
    note: String,
    token: Result<Vec<u8>, String>,
}

/// Smallest first.
fn names(folder: &Path) -> io::Result<Vec<Name>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_checkpoint = path
            .extension()
            .is_some_and(|extension| extension == "checkpoint");
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let size = stem.and_then(|stem| stem.parse().ok());
        found.extend(size.filter(|_| is_checkpoint).map(|size| (size, path)));
    }
    found.sort();
    Ok(found)
}

fn pair((_, path): Name) -> io::Result<Pair> {
    let token = fs::read(path.with_extension("token"));
    Ok(Pair {
        note: String::from_utf8_lossy(&fs::read(&path)?).into_owned(),
        token: token.map_err(|error| format!("its token can't be read: {error}")),
        path,
    })
}

/// The token first: a checkpoint without one would be a finding.
fn write(folder: &Path, checkpoint: &KeptCheckpoint, token: &[u8]) -> io::Result<()> {
    let name = format!("{:020}", checkpoint.size);
    let files = [("token", token), ("checkpoint", checkpoint.note.as_bytes())];
    for (extension, bytes) in files {
        let path = folder.join(&name).with_extension(extension);
        // A crash between both leaves a token alone; the next stamp of this size takes its place.
        let part = path.with_extension(format!("{extension}.part"));
        let mut file = fs::File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
    }
    fs::File::open(folder)?.sync_all()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the thread that uses the folder was lost")))
}

/// What the names of such anchors begin with.
pub const NAME: &str = "timestamp:";
/// How far the clocks may be apart.
const SKEW: Duration = Duration::from_secs(300);
/// Bytes of an answer, with its certificates.
const LARGEST: usize = 64 * 1024;
