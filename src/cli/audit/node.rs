use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::audit::log::VerifierKey;
use crate::cli::arguments::Common;
use crate::cli::failure::Failure;
use crate::cli::place::Place;
use crate::cli::store::StoreConfig;
use crate::engine::log::Anchor;
use crate::engine::log::AnchorFolder;
use crate::engine::log::HeadFile;
use crate::engine::log::Promise;
use crate::store::LogStore;
use crate::store::Store;

/// Which log a command is about; a node's own, or a copy that was carried elsewhere.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// A copy of a store on SQLite, instead of a node's own
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(super) store: Option<PathBuf>,

    /// The public key of the log, or the file that holds it (log.vkey beside the node's secrets)
    #[arg(long, value_name = "KEY|FILE")]
    pub(super) key: Option<String>,

    /// A folder that checkpoints were carried to, or a file with one; besides those of the configuration
    #[arg(long, value_name = "DIR|FILE")]
    pub(super) anchor: Vec<PathBuf>,
}

/// A log and what is known of it outside of its store.
pub(super) struct Log {
    pub(super) store: StoreConfig,
    pub(super) key: VerifierKey,
    /// The folder of the node's secrets; none for a copy.
    pub(super) secrets: Option<PathBuf>,
    /// The node; none for a copy.
    pub(super) place: Option<Place>,
    anchors: Vec<Arc<dyn Anchor>>,
    files: Vec<PathBuf>,
}

impl Which {
    pub(super) fn find(&self, common: &Common) -> Result<Log, Failure> {
        let place = match &self.store {
            Some(_) => None,
            None => Some(Place::find(self.config.as_deref(), common)?),
        };
        let secrets = place.as_ref().map(|place| place.secrets.clone());
        let mut anchors = place
            .as_ref()
            .map(|place| place.anchors.clone())
            .unwrap_or_default();
        let store = match (&self.store, &place) {
            (Some(copy), _) => StoreConfig::Sqlite(copy.clone()),
            (None, Some(place)) => place.store.clone(),
            (None, None) => return Err(Failure::new("there is no store to look at")),
        };
        let key = match (&self.key, &secrets) {
            (Some(key), _) => read_key(key)?,
            (None, Some(secrets)) => read_key(&secrets.join("log.vkey").display().to_string())?,
            (None, None) => {
                return Err(Failure::new(
                    "a copy can only be verified with the key of its log",
                ));
            }
        };
        let (folders, files): (Vec<_>, Vec<_>) = self.anchor.iter().cloned().partition(|path| path.is_dir());
        anchors.extend(
            folders
                .into_iter()
                .map(|folder| Arc::new(AnchorFolder::new(folder)) as Arc<dyn Anchor>),
        );
        Ok(Log {
            store,
            key,
            secrets,
            place,
            anchors,
            files,
        })
    }
}

impl Log {
    /// Every checkpoint that stands outside of the store.
    pub(super) async fn promises(&self) -> Result<Vec<Promise>, Failure> {
        let mut promises = Vec::new();
        if let Some(secrets) = &self.secrets {
            let head = HeadFile::in_folder(secrets);
            let kept = head
                .read()
                .map_err(|error| Failure::new(format!("can't read {}: {error}", head.path().display())))?;
            promises.extend(kept);
        }
        for file in &self.files {
            promises.push(Promise {
                place: file.display().to_string(),
                note: read(file)?,
            });
        }
        for anchor in &self.anchors {
            promises.extend(anchor.all(&self.key).await.map_err(Failure::new)?);
        }
        Ok(promises)
    }
}

/// The log of a store.
pub(super) fn log_of<S: Store + ?Sized>(store: &S) -> Result<&dyn LogStore, Failure> {
    store
        .log()
        .ok_or_else(|| Failure::new("this store keeps no tamper-evident log"))
}

fn read_key(text: &str) -> Result<VerifierKey, Failure> {
    let remedy = "it lies beside the node's secrets, in log.vkey, from the first start on";
    let written = if Path::new(text).is_file() {
        read(Path::new(text))?
    } else {
        text.to_owned()
    };
    VerifierKey::parse(&written)
        .map_err(|error| Failure::new(format!("`{text}` is no public key of a log: {error}")).remedy(remedy))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::new(format!("can't read {}: {error}", path.display())))
}
