use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::Catalog;
use super::LoadedService;
use super::Sources;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Fix;
use crate::diagnostics::Label;
use crate::diagnostics::Meant;
use crate::diagnostics::Position;
use crate::diagnostics::byte_at;
use crate::diagnostics::codes;
use crate::diagnostics::meant;
use crate::policy;
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
    pub fn load(sources: &Sources, previous: Option<&Self>) -> (Option<Self>, Diagnostics) {
        let mut load = Load {
            sources,
            previous,
            compiler: None,
            libraries: BTreeMap::new(),
            found: Diagnostics::default(),
        };
        let organization = load.organization();
        load.libraries();
        let services = load.services();
        load.strangers(&services);
        let mut found = load.found;
        found.sort();
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
                });
        (catalog, found)
    }
}

struct Load<'a> {
    sources: &'a Sources,
    previous: Option<&'a Catalog>,
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
                let twice = Diagnostic::error(codes::SAME_SERVICE_TWICE, message, label(file));
                self.found
                    .push(twice.help("give one of the two another name, in the file and in `service`"));
            } else {
                services.insert(id, loaded);
            }
        }
        if files == 0 {
            let message = format!("{SERVICES} holds no service file");
            let none = Diagnostic::error(codes::NO_SERVICES, message, label(SERVICES));
            self.found
                .push(none.help("describe a service in a file there that ends in `.yaml`; `midflow new service NAME` writes one"));
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
                let (service, warnings) = policy::read_service(file, text);
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
        missing = match meant(name, scripts) {
            Some(near) => missing
                .help(format!("did you mean `{}`?", near.word))
                .fix(self.other_script(&place, name, near)),
            None => missing.help(format!(
                "write {file}, or remove `script`: the YAML then says all"
            )),
        };
        found.push(missing);
        (None, found)
    }

    fn other_script(&self, place: &Place, name: &str, near: Meant<'_>) -> Option<Fix> {
        let text = self.sources.text(&place.file)?;
        let at = Position {
            line: place.line,
            column: place.column,
        };
        let start = byte_at(text, at)?;
        // In quotes or not, the name is the next thing that stands there.
        let start = start + text.get(start..)?.find(name).filter(|before| *before <= 1)?;
        let title = format!("write `{}`", near.word);
        Some(Fix::at(&place.file, start..start + name.len(), near.word, title).certain_if(near.certain))
    }

    /// Files that nothing reads: a typing mistake in a name must not pass in silence.
    fn strangers(&mut self, services: &BTreeMap<ServiceName, Arc<LoadedService>>) {
        self.unread_policies();
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

    /// A service in a file with another ending, or in a folder, would silently not be there.
    fn unread_policies(&mut self) {
        let is_read = |file: &str| {
            file == ORGANIZATION
                || is_service(file)
                || file.ends_with(".test.yaml")
                || file.starts_with("policies/rulebooks/")
        };
        for (file, _) in self.sources.iter() {
            if file.starts_with("policies/") && !is_read(file) {
                let message = format!("nothing reads {file}");
                let unread = Diagnostic::warning(codes::UNREAD_FILE, message, label(file));
                self.found.push(unread.help(
                    "services stand in policies/services/ and end in `.yaml`: rename the file, move it there, or remove it",
                ));
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

    fn known(&self, file: &str, text: &Arc<str>) -> Option<Arc<LoadedService>> {
        if !self.is_unchanged(file, text) {
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

const ORGANIZATION: &str = "policies/organization.yaml";
const SERVICES: &str = "policies/services/";
