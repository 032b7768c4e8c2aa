use std::fs;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use async_trait::async_trait;

use super::anchor::Anchor;
use super::anchor::AnchorError;
use super::verify::Promise;
use crate::audit::log::Checkpoint;
use crate::audit::log::VerifierKey;
use crate::store::KeptCheckpoint;
use crate::store::LogStore;

/// A folder that takes files and gives none back: a share of another department, a bucket with retention that is
/// mounted, a disk that is carried away. One file a checkpoint, made once and never opened for writing again.
pub struct AnchorFolder {
    name: String,
    folder: PathBuf,
}

impl AnchorFolder {
    /// An anchor in an existing folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self {
            name: format!("folder:{}", folder.display()),
            folder,
        }
    }
}

#[async_trait]
impl Anchor for AnchorFolder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn place(&self, checkpoint: &KeptCheckpoint, _: &dyn LogStore) -> Result<String, AnchorError> {
        let (folder, checkpoint) = (self.folder.clone(), checkpoint.clone());
        blocking(move || place(&folder, &checkpoint)).await
    }

    async fn newest(&self, key: &VerifierKey) -> Result<Option<Promise>, AnchorError> {
        let (folder, key) = (self.folder.clone(), key.clone());
        blocking(move || {
            let mut names = names(&folder).map_err(|error| away(&folder, &error))?;
            // A file that is none of the log's is passed over here, and told of by `audit verify`.
            while let Some(name) = names.pop() {
                let promise = read(&folder, &name).map_err(|error| away(&folder, &error))?;
                if Checkpoint::open(&promise.note, &key).is_ok() {
                    return Ok(Some(promise));
                }
            }
            Ok(None)
        })
        .await
    }

    async fn all(&self, _: &VerifierKey) -> Result<Vec<Promise>, AnchorError> {
        let folder = self.folder.clone();
        blocking(move || {
            let names = names(&folder).map_err(|error| away(&folder, &error))?;
            let promises = names.iter().map(|name| read(&folder, name));
            promises
                .collect::<io::Result<_>>()
                .map_err(|error| away(&folder, &error))
        })
        .await
    }
}

fn place(folder: &Path, checkpoint: &KeptCheckpoint) -> Result<String, AnchorError> {
    let name = format!("{:020}.checkpoint", checkpoint.size);
    let path = folder.join(&name);
    let made = fs::OpenOptions::new().write(true).create_new(true).open(&path);
    let mut file = match made {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let there = fs::read_to_string(&path).map_err(|error| away(folder, &error))?;
            return if same_text(&there, &checkpoint.note) {
                Ok(name)
            } else if checkpoint.note.starts_with(&there) {
                Err(AnchorError::Away(format!(
                    "{} is being written by another node, or a crash has cut it off",
                    path.display()
                )))
            } else {
                Err(AnchorError::Contradicts(format!(
                    "{} holds another checkpoint of the same size",
                    path.display()
                )))
            };
        }
        Err(error) => return Err(away(folder, &error)),
    };
    let written = file
        .write_all(checkpoint.note.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::File::open(folder)?.sync_all());
    written.map_err(|error| away(folder, &error))?;
    Ok(name)
}

/// Whether two notes say the same, whoever has cosigned them.
fn same_text(one: &str, other: &str) -> bool {
    let text = |note: &str| note.rsplit_once("\n\n").map(|(text, _)| text.to_owned());
    text(one).is_some() && text(one) == text(other)
}

/// The files of checkpoints, smallest first.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".checkpoint") {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn read(folder: &Path, name: &str) -> io::Result<Promise> {
    let path = folder.join(name);
    let bytes = fs::read(&path)?;
    Ok(Promise {
        place: path.display().to_string(),
        note: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

fn away(folder: &Path, error: &io::Error) -> AnchorError {
    AnchorError::Away(format!("the folder {} can't be used: {error}", folder.display()))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AnchorError> + Send + 'static,
) -> Result<T, AnchorError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(AnchorError::Away(
            "the thread that uses the folder was lost".to_owned(),
        ))
    })
}
