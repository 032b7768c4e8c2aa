use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::Catalog;
use super::LoadedService;
use super::Setting;
use super::Sources;
use super::judge::Bench;
use super::judge::Judgement;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Label;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::diagnostics::suggest;
use crate::policy;
use crate::policy::Defaults;
use crate::policy::Organization;
use crate::policy::Place;
use crate::policy::Service;
use crate::script::Compiler;
use crate::script::Library;
use crate::words::ServiceName;

impl Catalog {
    /// Reads, checks and compiles everything. This is the only way to a catalog: start, reload, `check` and tests
    /// all come here (law 10).
    ///
    /// What `previous` holds of unchanged files is shared, not made again; the result is the same as without it.
    /// The catalog is there only if nothing found is an error; all problems are found in one run.
    ///
    /// Rules are told and refuse nothing, as in development: for what is going to be served, see
    /// [`Catalog::load_for`].
    pub fn load(sources: &Sources, previous: Option<&Self>) -> (Option<Self>, Diagnostics) {
        Self::load_for(sources, previous, Setting::default())
    }

    /// The same for an environment and a day: a broken rule that applies there refuses the catalog.
    pub fn load_for(
        sources: &Sources,
        previous: Option<&Self>,
        setting: Setting,
    ) -> (Option<Self>, Diagnostics) {
        let mut load = Load {
            sources,
            previous,
            defaults: None,
            defaults_warnings: Diagnostics::default(),
            compiler: None,
            libraries: BTreeMap::new(),
            found: Diagnostics::default(),
        };
        let organization = load.organization();
        load.defaults();
        load.libraries();
        let services = load.services();
        load.strangers(&services);
        let mut found = with_requirements(load.found);
        let judgement = organization.as_ref().map(|(organization, _)| {
            let bench = Bench {
                sources,
                previous,
                setting,
                organization,
                defaults: load.defaults.as_ref(),
                services: &services,
            };
            Judgement::make(&bench, &mut found)
        });
        found.sort();
        found.dedup();
        let (defaults, defaults_warnings) = (load.defaults, load.defaults_warnings);
        let libraries = load.libraries;
        let catalog =
            organization
                .filter(|_| !found.has_errors())
                .map(|(organization, organization_warnings)| Self {
                    sources: sources.clone(),
                    digest: sources.digest(),
                    organization,
                    organization_warnings,
                    libraries,
                    services,
                    defaults,
                    defaults_warnings,
                    judgement,
                });
        (catalog, found)
    }
}

/// Faults that break a requirement wherever they stand, with that requirement.
fn with_requirements(found: Diagnostics) -> Diagnostics {
    let mut out = Diagnostics::default();
    out.extend(found.into_iter().map(|diagnostic| {
        if diagnostic.rules.is_empty() {
            let rules = policy::requirements_of(diagnostic.code);
            diagnostic.rules(rules)
        } else {
            diagnostic
        }
    }));
    out
}

struct Load<'a> {
    sources: &'a Sources,
    previous: Option<&'a Catalog>,
    /// What services share.
    defaults: Option<Arc<Defaults>>,
    defaults_warnings: Diagnostics,
    /// Made when the first script has to be compiled: most reloads change YAML only.
    compiler: Option<Compiler>,
    libraries: BTreeMap<String, Arc<Library>>,
    found: Diagnostics,
}

impl<'a> Load<'a> {
    fn organization(&mut self) -> Option<(Arc<Organization>, Diagnostics)> {
        let Some(text) = self.sources.text(ORGANIZATION) else {
            let message = format!("there is no {ORGANIZATION}");
            self.found.push(
                Diagnostic::error(codes::ORGANIZATION_MISSING, message, label(ORGANIZATION))
                    .help("describe the organization as in its subscription form; `midflow init` writes a first one"),
            );
            return None;
        };
        if let Some(previous) = self.previous.filter(|_| self.is_unchanged(ORGANIZATION, text)) {
            self.found.extend(previous.organization_warnings.clone());
            return Some((
                Arc::clone(&previous.organization),
                previous.organization_warnings.clone(),
            ));
        }
        let (organization, found) = policy::read_organization(ORGANIZATION, text);
        self.found.extend(found.clone());
        organization.map(|organization| (Arc::new(organization), found))
    }

    /// What services share, if there is a file that says so.
    fn defaults(&mut self) {
        let Some(text) = self.sources.text(DEFAULTS) else {
            return;
        };
        let known = self.previous.filter(|_| self.is_unchanged(DEFAULTS, text));
        (self.defaults, self.defaults_warnings) = match known {
            Some(previous) => (previous.defaults.clone(), previous.defaults_warnings.clone()),
            None => {
                let (defaults, found) = policy::read_defaults(DEFAULTS, text);
                (defaults.map(Arc::new), found)
            }
        };
        self.found.extend(self.defaults_warnings.clone());
    }

    fn libraries(&mut self) {
        for (file, text) in self.sources.iter() {
            let Some(name) = Library::name_of(file) else {
                continue;
            };
            let known = self.previous.and_then(|previous| previous.libraries.get(name));
            let library = match known.filter(|known| known.text() == text) {
                Some(known) => Ok(Arc::clone(known)),
                None => self.compiler().library(file, text).map(Arc::new),
            };
            match library {
                Ok(library) => {
                    self.libraries.insert(name.to_owned(), library);
                }
                Err(error) => self.found.push(error),
            }
        }
        let libraries = std::mem::take(&mut self.libraries);
        for library in libraries.values() {
            let found = self.compiler().check_library(library, &libraries);
            self.found.extend(found);
        }
        self.libraries = libraries;
    }

    fn services(&mut self) -> BTreeMap<ServiceName, Arc<LoadedService>> {
        let mut services: BTreeMap<ServiceName, Arc<LoadedService>> = BTreeMap::new();
        let mut files = 0;
        for (file, text) in self.sources.iter().filter(|(file, _)| is_service(file)) {
            files += 1;
            let Some(loaded) = self.service(file, text) else {
                continue;
            };
            let id = loaded.service.id.clone();
            if let Some(other) = services.get(&id) {
                let message = format!(
                    "the service `{id}` is already described in {}",
                    other.service.file
                );
                self.found
                    .push(Diagnostic::error(codes::SAME_SERVICE_TWICE, message, label(file)));
            } else {
                services.insert(id, loaded);
            }
        }
        if files == 0 {
            let message = format!("{SERVICES} holds no service file");
            self.found
                .push(Diagnostic::error(codes::NO_SERVICES, message, label(SERVICES)));
        }
        services
    }

    fn service(&mut self, file: &str, text: &'a Arc<str>) -> Option<Arc<LoadedService>> {
        let known = self.known(file, text);
        let (service, warnings) = match &known {
            Some(known) => {
                if self.script_is_unchanged(known) {
                    self.found.extend(known.warnings.clone());
                    self.found.extend(known.script_warnings.clone());
                    return Some(Arc::clone(known));
                }
                (Some(Arc::clone(&known.service)), known.warnings.clone())
            }
            None => {
                let (service, warnings) = policy::read_service_with(file, text, self.defaults.as_deref());
                (service.map(Arc::new), warnings)
            }
        };
        self.found.extend(warnings.clone());
        let service = service?;
        let (script, script_warnings) = match &service.script {
            None => (None, Diagnostics::default()),
            Some(name) => {
                let (script, found) = self.script(name, &service);
                self.found.extend(found.clone());
                (Some(Arc::new(script?)), found)
            }
        };
        Some(Arc::new(LoadedService {
            service,
            script,
            warnings,
            script_warnings,
        }))
    }

    fn script(&mut self, name: &str, service: &Service) -> (Option<crate::script::Script>, Diagnostics) {
        let file = format!("scripts/{name}");
        if let Some(text) = self.sources.text(&file) {
            let libraries = std::mem::take(&mut self.libraries);
            let made = self.compiler().script(&file, text, &libraries, service);
            self.libraries = libraries;
            return made;
        }
        let mut found = Diagnostics::default();
        let place = service.script_place.clone().unwrap_or_else(|| Place {
            file: service.file.clone(),
            line: 1,
            column: 1,
        });
        let mut missing = Diagnostic::error(
            codes::SCRIPT_MISSING,
            format!("there is no script {file}"),
            label_at(&place, name.chars().count()),
        );
        let scripts = self
            .sources
            .iter()
            .filter_map(|(file, _)| file.strip_prefix("scripts/"));
        missing = match suggest(name, scripts) {
            Some(near) => missing.help(format!("did you mean `{near}`?")),
            None => missing.help(format!(
                "write {file}, or remove `script`: the YAML then says all"
            )),
        };
        found.push(missing);
        (None, found)
    }

    /// Files that nothing reads: a typing mistake in a name must not pass in silence.
    fn strangers(&mut self, services: &BTreeMap<ServiceName, Arc<LoadedService>>) {
        // Where a service could not be read it is unknown what it uses.
        if self.found.has_errors() {
            return;
        }
        let used: BTreeSet<String> = services
            .values()
            .filter_map(|loaded| loaded.service.script.as_ref())
            .map(|name| format!("scripts/{name}"))
            .collect();
        for (file, _) in self.sources.iter() {
            let is_script = file.starts_with("scripts/") && Library::name_of(file).is_none();
            if is_script && !used.contains(file) {
                self.found.push(
                    Diagnostic::warning(
                        codes::SCRIPT_UNUSED_HELPER,
                        format!("no service uses {file}"),
                        label(file),
                    )
                    .help("name it in a service with `script`, move it to scripts/lib/, or remove it"),
                );
            }
        }
    }

    fn compiler(&mut self) -> &mut Compiler {
        self.compiler.get_or_insert_with(Compiler::default)
    }

    fn is_unchanged(&self, file: &str, text: &Arc<str>) -> bool {
        self.previous
            .is_some_and(|previous| previous.sources.text(file) == Some(text))
    }

    fn defaults_are_unchanged(&self) -> bool {
        match (
            self.previous.and_then(|previous| previous.defaults.as_ref()),
            &self.defaults,
        ) {
            (None, None) => true,
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            _ => false,
        }
    }

    fn known(&self, file: &str, text: &Arc<str>) -> Option<Arc<LoadedService>> {
        if !self.is_unchanged(file, text) || !self.defaults_are_unchanged() {
            return None;
        }
        let name = file.strip_prefix(SERVICES)?.strip_suffix(".yaml")?;
        let known = self.previous?.services.get(name)?;
        (known.service.file == file).then(|| Arc::clone(known))
    }

    fn script_is_unchanged(&self, known: &LoadedService) -> bool {
        match (&known.script, &known.service.script) {
            (None, None) => true,
            (Some(script), Some(_)) => self
                .sources
                .text(script.file())
                .is_some_and(|text| script.is_made_from(text, |name| self.libraries.get(name))),
            _ => false,
        }
    }
}

fn is_service(file: &str) -> bool {
    file.strip_prefix(SERVICES)
        .is_some_and(|name| name.ends_with(".yaml") && !name.ends_with(".test.yaml") && !name.contains('/'))
}

fn label(file: &str) -> Label {
    let place = Place {
        file: file.to_owned(),
        line: 1,
        column: 1,
    };
    label_at(&place, 1)
}

fn label_at(place: &Place, width: usize) -> Label {
    let start = Position {
        line: place.line,
        column: place.column,
    };
    Label {
        file: place.file.clone(),
        start,
        end: Position {
            line: start.line,
            column: start.column.saturating_add(u32::try_from(width).unwrap_or(1)),
        },
        text: String::new(),
    }
}

const DEFAULTS: &str = "policies/defaults.yaml";
const ORGANIZATION: &str = "policies/organization.yaml";
const SERVICES: &str = "policies/services/";
