use std::path::Path;
use std::sync::Arc;

use super::EngineEvent;
use super::catalogs::load_kept;
use super::inner::Inner;
use super::keep::keep;
use super::keep::to_be_kept;
use crate::audit::AdminRecord;
use crate::audit::Event;
use crate::audit::Record;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::catalog::Catalog;
use crate::catalog::Folder;
use crate::catalog::Look;
use crate::catalog::Setting;
use crate::catalog::Sources;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::render_text;
use crate::store::Activation;
use crate::store::KeptCatalog;
use crate::words::Day;
use crate::words::Digest;

/// What became of a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The files are what is active already, or were set aside by hand.
    Unchanged,
    /// Another catalog is active.
    Activated(Digest),
    /// The files were refused; what was active stays. Holds the diagnostics, rendered without colour.
    Refused(String),
}

/// Who wants a reload, and how.
pub(crate) struct Ask<'a> {
    /// How closely to look at the files.
    pub(crate) look: Look,
    /// Who or what asks.
    pub(crate) actor: &'a str,
    /// Whether somebody asks for what lies in the folder, even if it was set aside.
    pub(crate) on_purpose: bool,
}

/// What reloads remember, one after the other.
#[derive(Default)]
pub(crate) struct Reloading {
    /// The folder as it was last read.
    folder: Option<Folder>,
    /// What was refused for what is in it, by its own checks or by a gate, with the reason: looking at it again would
    /// say the same. Who asks on purpose is answered anew.
    refused: Option<(Digest, String)>,
}

/// A catalog that is about to become active.
struct Candidate<'a> {
    catalog: Arc<Catalog>,
    kept: KeptCatalog,
    actor: &'a str,
    set_aside: Option<Digest>,
}

impl Inner {
    /// Reads the files again and makes them the active catalog, all or nothing (law 10).
    ///
    /// File watch, signal and API come through here; reloads follow one another.
    pub(crate) async fn reload_from(self: &Arc<Self>, folder: &Path, ask: Ask<'_>) -> Reload {
        let mut state = self.reloading.lock().await;
        self.look_at_settings();
        self.look_at_waivers();
        let status = self.catalogs.status();
        let aside = status.set_aside.filter(|_| !ask.on_purpose);
        let previous = self.catalogs.active();
        let mut known = vec![previous.digest()];
        known.extend(aside);
        if ask.on_purpose {
            state.refused = None;
        }
        known.extend(state.refused.as_ref().map(|(digest, _)| *digest));
        let mut of_folder = state
            .folder
            .take()
            .filter(|known| known.dir() == folder)
            .unwrap_or_else(|| Folder::new(folder));
        of_folder.load_for(self.setting());
        let look = ask.look;
        let active = Arc::clone(&previous);
        let read = tokio::task::spawn_blocking(move || {
            let read = of_folder.load(&look, Some(&active), &known).map(|reading| {
                let loaded = reading.loaded.map(|(catalog, found)| match catalog {
                    Some(catalog) => {
                        let kept = to_be_kept(&reading.sources, Some(active.sources()));
                        Ok((Arc::new(catalog), kept))
                    }
                    None => Err(render(&found, &reading.sources)),
                });
                (reading.sources.digest(), loaded)
            });
            (of_folder, read)
        });
        let (of_folder, read) = match read.await {
            Ok(read) => read,
            Err(error) => {
                let failure = format!("loading failed: {error}");
                return self.refuse(None, failure, ask.actor).await;
            }
        };
        state.folder = Some(of_folder);
        let (digest, loaded) = match read {
            Ok(read) => read,
            Err(error) => return self.refuse(None, error.to_string(), ask.actor).await,
        };
        match (loaded, state.refused.take()) {
            (Some(Ok((catalog, kept))), _) => {
                let candidate = Candidate {
                    catalog,
                    kept,
                    actor: ask.actor,
                    set_aside: None,
                };
                self.activate(candidate, &mut state).await
            }
            (Some(Err(failure)), _) => {
                state.refused = Some((digest, failure.clone()));
                self.refuse(Some(digest), failure, ask.actor).await
            }
            (None, Some((refused, failure))) if refused == digest => {
                state.refused = Some((refused, failure.clone()));
                self.refuse(Some(digest), failure, ask.actor).await
            }
            (None, _) => {
                self.in_sync(aside.filter(|aside| *aside == digest));
                Reload::Unchanged
            }
        }
    }

    /// What a catalog is loaded for here and now.
    fn setting(&self) -> Setting {
        Setting {
            environment: Some(self.options.environment),
            today: Some(Day::in_kuwait(self.clock.now())),
        }
    }

    /// Makes the catalog active again that was active before the present one came.
    pub(crate) async fn roll_back(self: &Arc<Self>, folder: &Path, actor: &str) -> Reload {
        let history = match self.store.activations(HISTORY).await {
            Ok(history) => history,
            Err(error) => return Reload::Refused(error.to_string()),
        };
        match before(&history, self.catalogs.active().digest()) {
            Some(digest) => self.activate_kept(folder, digest, actor).await,
            None => Reload::Refused("the store knows no catalog that was active before this one".to_owned()),
        }
    }

    /// Makes a catalog active that the store keeps. What lies in the folder now is set aside until it changes.
    pub(crate) async fn activate_kept(
        self: &Arc<Self>,
        folder: &Path,
        digest: Digest,
        actor: &str,
    ) -> Reload {
        let mut state = self.reloading.lock().await;
        let mut of_folder = state.folder.take().unwrap_or_else(|| Folder::new(folder));
        let read = tokio::task::spawn_blocking(move || {
            let read = of_folder.sources(&Look::Stamps);
            (of_folder, read)
        });
        let in_folder = read.await.ok().and_then(|(of_folder, read)| {
            state.folder = Some(of_folder);
            read.ok().map(|sources| sources.digest())
        });
        let set_aside = in_folder.filter(|in_folder| *in_folder != digest);
        let active = self.catalogs.active();
        if active.digest() == digest {
            self.in_sync(set_aside);
            return Reload::Unchanged;
        }
        let catalog = match load_kept(self.store.as_ref(), digest, Some(active)).await {
            Ok(catalog) => catalog,
            // Nothing was wanted that could be: the status is about what lies in the folder.
            Err(why) => return Reload::Refused(why),
        };
        let kept = KeptCatalog {
            digest,
            manifest: catalog.sources().manifest(),
            sources: Vec::new(),
        };
        let candidate = Candidate {
            catalog,
            kept,
            actor,
            set_aside,
        };
        self.activate(candidate, &mut state).await
    }

    /// The catalog is kept and the act recorded before any flow begins under it.
    async fn activate(self: &Arc<Self>, candidate: Candidate<'_>, state: &mut Reloading) -> Reload {
        let Candidate {
            catalog,
            kept,
            actor,
            set_aside,
        } = candidate;
        let (digest, now) = (catalog.digest(), self.clock.now());
        if let Err(why) = self.admit(&catalog).await {
            state.refused = Some((digest, why.clone()));
            return self.refuse(Some(digest), why, actor).await;
        }
        if let Err(error) = keep(self.store.as_ref(), kept, now).await {
            let failure = format!("the catalog could not be kept in the store: {error}");
            return self.refuse(Some(digest), failure, actor).await;
        }
        let services = catalog.services().len();
        let detail = match set_aside {
            Some(aside) => format!(
                "{}; the files of {} are set aside",
                number_of_services(services),
                aside.short()
            ),
            None => number_of_services(services),
        };
        let unit = admin("catalog_activated", actor, Some(digest), detail, now);
        if let Err(error) = self.recorder.record(unit, ()).await {
            let failure = format!("the activation could not be recorded: {error}");
            return self.refuse(Some(digest), failure, actor).await;
        }
        // The record above is what counts; this only tells a restart where to look first.
        let activation = Activation {
            catalog: digest,
            at: now,
            by: actor.to_owned(),
            set_aside,
        };
        if let Err(error) = self.store.set_active_catalog(activation).await {
            tracing::warn!(%error, "the store does not know which catalog is active");
        }
        self.catalogs.swap(catalog);
        self.catalogs.change_status(|status| {
            status.active = digest;
            status.desired = digest;
            status.since = now;
            actor.clone_into(&mut status.by);
            status.failure = None;
            status.failed_at = None;
            status.set_aside = set_aside;
        });
        self.metrics.reload("activated", true);
        self.look_at_waivers();
        tracing::info!(catalog = %digest, services, actor, "another catalog is active");
        self.tell(EngineEvent::CatalogActivated { catalog: digest });
        Reload::Activated(digest)
    }

    /// What should be active is.
    fn in_sync(self: &Arc<Self>, set_aside: Option<Digest>) {
        let before = self.catalogs.status();
        self.catalogs.change_status(|status| {
            status.desired = status.active;
            status.failure = None;
            status.failed_at = None;
            status.set_aside = set_aside;
        });
        if before.failure.is_some() {
            self.metrics.reload("restored", true);
            self.tell(EngineEvent::CatalogActivated {
                catalog: before.active,
            });
        }
    }

    async fn refuse(self: &Arc<Self>, digest: Option<Digest>, failure: String, actor: &str) -> Reload {
        let again = self.catalogs.status().failure.as_ref() == Some(&failure);
        let now = self.clock.now();
        self.catalogs.change_status(|status| {
            status.desired = digest.unwrap_or(status.desired);
            status.failure = Some(failure.clone());
            if !again {
                status.failed_at = Some(now);
            }
        });
        if !again {
            let first_line = failure.lines().next().unwrap_or_default().to_owned();
            let unit = admin("catalog_refused", actor, digest, first_line, now);
            if let Err(error) = self.recorder.record(unit, ()).await {
                tracing::error!(%error, "a refused catalog could not be recorded");
            }
            self.metrics.reload("refused", false);
            tracing::error!(actor, "a changed catalog was refused; the active one stays");
            self.tell(EngineEvent::CatalogRefused {
                diagnostics: failure.clone(),
            });
        }
        Reload::Refused(failure)
    }

    /// Names the waivers that have ended while the catalog is active. Somebody has to act, and no flow is turned away
    /// for it: the service is what it was when it was loaded, and nobody who waits for an answer can mend it.
    fn look_at_waivers(&self) {
        let today = Day::in_kuwait(self.clock.now());
        let active = self.catalogs.active();
        let ended: Vec<String> = active
            .waived()
            .iter()
            .filter(|waived| !waived.waiver.holds_on(today))
            .map(|waived| {
                format!(
                    "{}: {} until {}",
                    waived.service, waived.waiver.of, waived.waiver.until
                )
            })
            .collect();
        if ended == self.catalogs.status().ended_waivers {
            return;
        }
        if !ended.is_empty() {
            let ended = ended.join(", ");
            tracing::warn!(
                ended,
                "waivers have ended; keep their rules or have somebody answer for them anew, the next load is judged \
                 without them"
            );
        }
        self.metrics.ended_waivers(ended.len());
        self.catalogs.change_status(|status| status.ended_waivers = ended);
    }

    /// Names what has changed in the settings of the node and can't be taken up while it runs (rule R17).
    fn look_at_settings(&self) {
        let Some(settings) = &self.settings else {
            return;
        };
        let changed = settings.changed();
        if changed != self.catalogs.status().needs_restart {
            if !changed.is_empty() {
                let changed = changed.join(", ");
                tracing::warn!(
                    changed,
                    "the settings of this node have changed; restart it to take them up"
                );
            }
            self.catalogs
                .change_status(|status| status.needs_restart = changed);
        }
    }
}

/// The catalog that was active before `active` was so for the first time: rolling back twice goes back twice. The
/// latest activations stand first.
pub fn before(history: &[Activation], active: Digest) -> Option<Digest> {
    let first = history
        .iter()
        .rposition(|activation| activation.catalog == active)?;
    let earlier = history.get(first + 1..)?;
    earlier.first().map(|activation| activation.catalog)
}

/// How far back a rollback looks.
const HISTORY: u32 = 10_000;

/// The settings of the node as they lie on the disk: what only a restart takes up.
pub trait NodeSettings: Send + Sync + 'static {
    /// The names of the settings that are others now than at the start. Called at each reload; quick.
    fn changed(&self) -> Vec<String>;
}

/// Diagnostics as text, with excerpts from the sources they are about.
pub(crate) fn render(diagnostics: &Diagnostics, sources: &Sources) -> String {
    render_text(diagnostics, &|file| sources.text(file).map(|text| &**text), false)
}

/// `9 services`, for the record of an activation.
pub(super) fn number_of_services(count: usize) -> String {
    match count {
        1 => "1 service".to_owned(),
        count => format!("{count} services"),
    }
}

pub(crate) fn admin(
    act: &str,
    actor: &str,
    catalog: Option<Digest>,
    detail: String,
    at: crate::words::Timestamp,
) -> Unit {
    let record = Record {
        at,
        flow: None,
        subject: Subject::Nobody,
        event: Event::Admin(AdminRecord {
            act: act.to_owned(),
            actor: actor.to_owned(),
            catalog,
            detail,
            signed: None,
        }),
    };
    Unit {
        records: vec![record],
        ..Unit::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Timestamp;

    fn history(latest_first: &str) -> Vec<Activation> {
        let activation = |letter: char| Activation {
            catalog: Digest::of(letter.to_string().as_bytes()),
            at: Timestamp::from_micros(0),
            by: String::new(),
            set_aside: None,
        };
        latest_first.chars().map(activation).collect()
    }

    #[test]
    fn rolling_back_twice_goes_back_twice() {
        let digest = |letter: &str| Digest::of(letter.as_bytes());
        for (latest_first, active, expected) in [
            ("cba", "c", Some("b")),
            ("bcba", "b", Some("a")),
            ("abcba", "a", None),
            ("dabcba", "d", Some("a")),
            ("aa", "a", None),
            ("", "a", None),
        ] {
            let found = before(&history(latest_first), digest(active));
            assert_eq!(found, expected.map(digest), "{latest_first}");
        }
    }
}
