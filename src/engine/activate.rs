use std::path::Path;
use std::sync::Arc;

use super::EngineEvent;
use super::inner::Inner;
use crate::audit::AdminRecord;
use crate::audit::Event;
use crate::audit::Record;
use crate::audit::Unit;
use crate::catalog::Catalog;
use crate::catalog::Setting;
use crate::catalog::Sources;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::render_text;
use crate::words::Day;
use crate::words::Digest;

/// What became of a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The files are what is active already.
    Unchanged,
    /// Another catalog is active.
    Activated(Digest),
    /// The files were refused; what was active stays. Holds the diagnostics, rendered without colour.
    Refused(String),
}

impl Inner {
    /// Reads the files again and makes them the active catalog, all or nothing (law 10).
    ///
    /// Start, file watch, signal and API come through here; reloads follow one another.
    pub(crate) async fn reload_from(self: &Arc<Self>, folder: &Path, actor: &str) -> Reload {
        let _one_at_a_time = self.reloading.lock().await;
        let (folder, previous) = (folder.to_path_buf(), self.catalogs.active());
        let status = self.catalogs.status();
        let setting = self.setting();
        let loaded = tokio::task::spawn_blocking(move || {
            let sources = Sources::read(&folder).map_err(|error| (None, error.to_string()))?;
            let digest = sources.digest();
            if digest == previous.digest() {
                return Ok(None);
            }
            let (catalog, diagnostics) = Catalog::load_for(&sources, Some(&previous), setting);
            match catalog {
                Some(catalog) => Ok(Some((Arc::new(catalog), sources.to_bytes()))),
                None => Err((Some(digest), render(&diagnostics, &sources))),
            }
        });
        match loaded.await {
            Ok(Ok(None)) => {
                self.catalogs.change_status(|status| {
                    status.desired = status.active;
                    status.failure = None;
                });
                if status.failure.is_some() {
                    self.metrics.reload("restored", true);
                    self.tell(EngineEvent::CatalogActivated {
                        catalog: status.active,
                    });
                }
                Reload::Unchanged
            }
            Ok(Ok(Some((catalog, archive)))) => self.activate(catalog, archive, actor).await,
            Ok(Err((digest, failure))) => self.refuse(digest, failure, actor).await,
            Err(error) => self.refuse(None, format!("loading failed: {error}"), actor).await,
        }
    }

    /// What a catalog is loaded for here and now.
    fn setting(&self) -> Setting {
        Setting {
            environment: self.options.environment,
            today: Some(Day::in_kuwait(self.clock.now())),
        }
    }

    /// The catalog is kept and the act recorded before any flow begins under it.
    async fn activate(self: &Arc<Self>, catalog: Arc<Catalog>, archive: Vec<u8>, actor: &str) -> Reload {
        let (digest, now) = (catalog.digest(), self.clock.now());
        if let Err(error) = self.store.keep_catalog(&digest, archive, now).await {
            return self
                .refuse(
                    Some(digest),
                    format!("the catalog could not be kept in the store: {error}"),
                    actor,
                )
                .await;
        }
        let services = catalog.services().len();
        let unit = admin(
            "catalog_activated",
            actor,
            Some(digest),
            format!("{services} services"),
            now,
        );
        if let Err(error) = self.recorder.record(unit, ()).await {
            return self
                .refuse(
                    Some(digest),
                    format!("the activation could not be recorded: {error}"),
                    actor,
                )
                .await;
        }
        // The record above is what counts; this only tells a restart where to look first.
        if let Err(error) = self.store.set_active_catalog(&digest, now).await {
            tracing::warn!(%error, "the store does not know which catalog is active");
        }
        self.catalogs.swap(catalog);
        self.catalogs.change_status(|status| {
            status.active = digest;
            status.desired = digest;
            status.since = now;
            actor.clone_into(&mut status.by);
            status.failure = None;
        });
        self.metrics.reload("activated", true);
        tracing::info!(catalog = %digest, services, actor, "another catalog is active");
        self.tell(EngineEvent::CatalogActivated { catalog: digest });
        Reload::Activated(digest)
    }

    async fn refuse(self: &Arc<Self>, digest: Option<Digest>, failure: String, actor: &str) -> Reload {
        let again = self.catalogs.status().failure.as_ref() == Some(&failure);
        self.catalogs.change_status(|status| {
            status.desired = digest.unwrap_or(status.desired);
            status.failure = Some(failure.clone());
        });
        if !again {
            let first_line = failure.lines().next().unwrap_or_default().to_owned();
            let unit = admin("catalog_refused", actor, digest, first_line, self.clock.now());
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
}

/// Diagnostics as text, with excerpts from the sources they are about.
pub(crate) fn render(diagnostics: &Diagnostics, sources: &Sources) -> String {
    render_text(diagnostics, &|file| sources.text(file).map(|text| &**text), false)
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
        subject: None,
        event: Event::Admin(AdminRecord {
            act: act.to_owned(),
            actor: actor.to_owned(),
            catalog,
            detail,
        }),
    };
    Unit {
        records: vec![record],
        ..Unit::default()
    }
}
