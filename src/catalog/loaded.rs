use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use super::Sources;
use super::Waived;
use super::judge::Judgement;
use super::load::Libraries;
use crate::diagnostics::Diagnostics;
use crate::policy::Defaults;
use crate::policy::Meant;
use crate::policy::Organization;
use crate::policy::Service;
use crate::policy::shown_logo;
use crate::script::Library;
use crate::script::Script;
use crate::words::Digest;
use crate::words::ServiceName;

/// All policies, loaded, checked and compiled. Never changes; a reload makes another one.
#[derive(Debug)]
pub struct Catalog {
    pub(super) sources: Sources,
    pub(super) digest: Digest,
    pub(super) organization: Arc<Organization>,
    pub(super) organization_warnings: Diagnostics,
    pub(super) libraries: Arc<Libraries>,
    pub(super) services: BTreeMap<ServiceName, Arc<LoadedService>>,
    pub(super) defaults: Option<Arc<Defaults>>,
    pub(super) defaults_warnings: Diagnostics,
    /// What the rulebooks say; `None` where the organization could not be read.
    pub(super) judgement: Option<Judgement>,
}

/// One service with its script.
#[derive(Debug)]
pub struct LoadedService {
    /// The service as meant.
    pub service: Arc<Service>,
    pub(super) script: Option<Arc<Script>>,
    /// What was found in the file and is no error, so that an incremental load says it again.
    pub(super) warnings: Diagnostics,
    /// The same for the script.
    pub(super) script_warnings: Diagnostics,
}

impl Catalog {
    /// The name: SHA-256 of the sources.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What it was made from.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The media type and the bytes of the organization's logo, if it has one that can be shown (R000-078).
    pub fn logo(&self) -> Option<(&'static str, Cow<'_, [u8]>)> {
        let file = &self.organization.logo.as_ref()?.file;
        let text = self.sources.text(&format!("policies/{file}"))?;
        shown_logo(file, text)
    }

    /// The service provider.
    pub fn organization(&self) -> &Arc<Organization> {
        &self.organization
    }

    /// The rulebooks that the catalog was judged by, that of midflow first.
    pub fn rulebooks(&self) -> impl Iterator<Item = &crate::policy::Rulebook> {
        self.judgement
            .iter()
            .flat_map(|judgement| judgement.rulebooks().iter())
    }

    /// The rules that services break for the time being, with who answers for it.
    pub fn waived(&self) -> &[Waived] {
        self.judgement.as_ref().map_or(&[], Judgement::waived)
    }

    /// Every value of a service with its origin, in the order of the reference page; `None` if there is no such
    /// service.
    pub fn meant(&self, name: &str) -> Option<Vec<Meant>> {
        let service = &self.service(name)?.service;
        let text = self.sources.text(&service.file)?;
        Some(crate::policy::meant_service(
            service,
            text,
            self.defaults.as_deref(),
        ))
    }

    /// Every service in the order of names.
    pub fn services(&self) -> impl ExactSizeIterator<Item = &Arc<LoadedService>> {
        self.services.values()
    }

    /// The scripts that no service names and that are no libraries: they do nothing.
    pub fn unused_scripts(&self) -> Vec<&str> {
        unused_scripts(&self.sources, &self.services)
    }

    /// What scripts may import, by name.
    pub(crate) fn libraries(&self) -> &BTreeMap<String, Arc<Library>> {
        &self.libraries.by_name
    }

    /// One service; `None` if there is none of that name.
    pub fn service(&self, name: &str) -> Option<&Arc<LoadedService>> {
        self.services.get(name)
    }
}

/// The files of scripts that none of the services names.
pub(super) fn unused_scripts<'s>(
    sources: &'s Sources,
    services: &BTreeMap<ServiceName, Arc<LoadedService>>,
) -> Vec<&'s str> {
    let used: HashSet<&str> = services
        .values()
        .filter_map(|loaded| loaded.service.script.as_deref())
        .collect();
    let is_unused = |file: &&str| {
        let script = file.strip_prefix("scripts/");
        script.is_some_and(|script| Library::name_of(file).is_none() && !used.contains(script))
    };
    sources.iter().map(|(file, _)| file).filter(is_unused).collect()
}

impl LoadedService {
    /// The same with another service file. For tests of policies only: nothing serves it.
    pub(crate) fn with_service(&self, service: Service) -> Self {
        Self {
            service: Arc::new(service),
            script: self.script.clone(),
            warnings: Diagnostics::default(),
            script_warnings: Diagnostics::default(),
        }
    }

    /// The same with another script. For tests of policies only: nothing serves it.
    pub(crate) fn with_script(&self, script: Script) -> Self {
        Self {
            service: Arc::clone(&self.service),
            script: Some(Arc::new(script)),
            warnings: Diagnostics::default(),
            script_warnings: Diagnostics::default(),
        }
    }

    /// The script, if the service has one.
    pub fn script(&self) -> Option<&Script> {
        self.script.as_deref()
    }
}
