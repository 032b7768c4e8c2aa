use std::fs;
use std::io;
use std::num::NonZeroU16;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::failure::Failure;
use crate::audit::timestamp::TimestampAuthority;
use crate::audit::timestamp::TimestampPolicy;
use crate::engine::SystemClock;
use crate::engine::log::Anchor;
use crate::engine::log::AnchorFolder;
use crate::engine::log::TimestampAnchor;
use crate::engine::log::TimestampSettings;
use crate::engine::log::Witness;
use crate::sandbox::SpSettings;

/// How the log is anchored outside of the store.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditConfig {
    /// Where checkpoints are carried.
    #[serde(default)]
    anchors: Vec<AnchorConfig>,
}

/// One place for checkpoints.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum AnchorConfig {
    /// A folder, best on somebody else's machine: one file a checkpoint, written once.
    Folder(PathBuf),
    /// A witness that cosigns.
    Witness(WitnessConfig),
    /// A time-stamping authority (RFC 3161).
    Timestamp(TimestampConfig),
}

/// A time-stamping authority.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimestampConfig {
    /// Where it listens.
    url: String,
    /// Its own certificates, pinned, PEM.
    certificate: PathBuf,
    /// Where checkpoints and tokens are kept, best on somebody else's machine; there has to be such a folder.
    folder: PathBuf,
    /// Under which of its policies, dotted; its usual one without.
    #[serde(default)]
    policy: Option<String>,
    /// How many hours after a stamp the next one is asked for; 24 without it.
    #[serde(default)]
    every_hours: Option<NonZeroU16>,
    /// What its TLS certificate is checked against, PEM; the usual roots without it.
    #[serde(default)]
    roots: Option<PathBuf>,
}

impl TimestampConfig {
    fn open(&self) -> Result<TimestampAnchor, Failure> {
        let file = |path: &Path| {
            fs::read(path).map_err(|error| Failure::new(format!("can't read {}: {error}", path.display())))
        };
        let authority = TimestampAuthority::from_pem(&file(&self.certificate)?)
            .map_err(|error| Failure::new(format!("{}: {error}", self.certificate.display())))?;
        let policy = match &self.policy {
            None => None,
            Some(text) => Some(TimestampPolicy::parse(text).ok_or_else(|| {
                Failure::new(format!("`{text}` is no policy of a time-stamping authority"))
                    .remedy("write it as numbers with dots, such as 1.3.6.1.4.1.99999.1")
            })?),
        };
        let hours = self.every_hours.map_or(USUAL_HOURS, NonZeroU16::get);
        let settings = TimestampSettings {
            url: self.url.clone(),
            folder: self.folder.clone(),
            policy,
            every: Duration::from_secs(u64::from(hours) * 3_600),
        };
        let roots = match &self.roots {
            Some(path) => vec![file(path)?],
            None => Vec::new(),
        };
        TimestampAnchor::new(settings, authority, &roots, Arc::new(SystemClock)).map_err(Failure::new)
    }
}

const USUAL_HOURS: u16 = 24;
/// The files of [`AuditConfig::develop`].
const DEVELOPMENT_ANCHORS: &str = "audit.yaml";
const DEVELOPMENT_PINS: &str = "time-stamper.pem";
const DEVELOPMENT_STAMPS: &str = "time-stamps";

/// A witness that cosigns checkpoints.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WitnessConfig {
    /// Where it listens: https, or this machine.
    url: String,
    /// Its public key, as it prints it.
    key: String,
    /// What its certificate is checked against, PEM; the usual roots without it.
    #[serde(default)]
    roots: Option<PathBuf>,
}

impl WitnessConfig {
    fn open(&self) -> Result<Witness, Failure> {
        let roots = match &self.roots {
            Some(path) => vec![fs::read(path).map_err(|error| {
                Failure::new(format!(
                    "can't read the roots of the witness {}: {error}",
                    path.display()
                ))
            })?],
            None => Vec::new(),
        };
        Witness::new(&self.url, &self.key, &roots).map_err(Failure::new)
    }
}

impl AuditConfig {
    /// Anchors a node of development to the sandbox's time-stamper, and writes down how beside its store, for
    /// [`AuditConfig::of_development`].
    pub(super) fn develop(state: &Path, sandbox: &SpSettings) -> Result<Self, Failure> {
        let write = |name: &str, text: &str| {
            let path = state.join(name);
            fs::write(&path, text)
                .map_err(|error| Failure::new(format!("can't write {}: {error}", path.display())))
        };
        let stamps = state.join(DEVELOPMENT_STAMPS);
        fs::create_dir_all(&stamps)
            .map_err(|error| Failure::new(format!("can't make the folder {}: {error}", stamps.display())))?;
        // Older stamps are believed by the certificate they were made with, also after the sandbox has made itself another.
        let pinned = fs::read_to_string(state.join(DEVELOPMENT_PINS)).unwrap_or_default();
        if !pinned.contains(sandbox.time_stamper_pem.trim()) {
            write(DEVELOPMENT_PINS, &format!("{pinned}{}", sandbox.time_stamper_pem))?;
        }
        let anchors = format!(
            "# Written by `midflow dev`: where the log of this folder is anchored. `midflow audit` and `midflow evidence` read it.\n\
             anchors:\n  - timestamp:\n      url: {}\n      certificate: {DEVELOPMENT_PINS}\n      \
             folder: {DEVELOPMENT_STAMPS}\n      every_hours: 1\n",
            sandbox.time_stamper_url,
        );
        write(DEVELOPMENT_ANCHORS, &anchors)?;
        Self::of_development(state)
    }

    /// How the log of a folder is anchored that `midflow dev` has served; not at all before it has.
    pub(super) fn of_development(state: &Path) -> Result<Self, Failure> {
        let path = state.join(DEVELOPMENT_ANCHORS);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::new(format!("can't read {}: {error}", path.display()))),
        };
        let mut config: Self = serde_saphyr::from_str(&text).map_err(|error| {
            Failure::new(format!("{}: {error}", path.display()))
                .remedy("`midflow dev` writes it anew when it starts")
        })?;
        config.resolve(state);
        Ok(config)
    }

    /// Paths in it count from this folder.
    pub(super) fn resolve(&mut self, folder: &Path) {
        for anchor in &mut self.anchors {
            match anchor {
                AnchorConfig::Folder(path)
                | AnchorConfig::Witness(WitnessConfig {
                    roots: Some(path), ..
                }) => *path = folder.join(&path),
                AnchorConfig::Witness(_) => {}
                AnchorConfig::Timestamp(authority) => {
                    for path in [&mut authority.certificate, &mut authority.folder] {
                        *path = folder.join(&path);
                    }
                    if let Some(path) = &mut authority.roots {
                        *path = folder.join(&path);
                    }
                }
            }
        }
    }

    /// The anchors, ready to be used.
    pub(crate) fn anchors(&self) -> Result<Vec<Arc<dyn Anchor>>, Failure> {
        let open = |anchor: &AnchorConfig| -> Result<Arc<dyn Anchor>, Failure> {
            Ok(match anchor {
                AnchorConfig::Folder(folder) => Arc::new(AnchorFolder::new(folder)),
                AnchorConfig::Witness(witness) => Arc::new(witness.open()?),
                AnchorConfig::Timestamp(authority) => Arc::new(authority.open()?),
            })
        };
        self.anchors.iter().map(open).collect()
    }
}
