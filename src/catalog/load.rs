use std::collections::BTreeMap;
use std::sync::Arc;

use super::Catalog;
use super::LoadedService;
use super::Setting;
use super::Sources;
use super::crew;
use super::judge::Bench;
use super::judge::Judgement;
use super::loaded::unused_scripts;
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
use crate::policy::Defaults;
use crate::policy::Organization;
use crate::policy::Outline;
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
    /// No rulebook is asked: for what is going to be served, see [`Catalog::load_for`].
    pub fn load(sources: &Sources, previous: Option<&Self>) -> (Option<Self>, Diagnostics) {
        Self::load_for(sources, previous, Setting::default())
    }

    /// The same for an environment and a day: a broken rule that applies there refuses the catalog; in development it
    /// is told and refuses nothing.
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
            libraries: previous
                .map(|previous| Arc::clone(&previous.libraries))
                .unwrap_or_default(),
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
        let found = in_order(found);
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
    libraries: Arc<Libraries>,
    found: Diagnostics,
}

/// The scripts that others import, as checked together.
#[derive(Debug, Default)]
pub(super) struct Libraries {
    pub(super) by_name: BTreeMap<String, Arc<Library>>,
    /// What was found in them and is no error, so that an incremental load says it again.
    warnings: Diagnostics,
}

/// Made when the first script has to be compiled: most reloads change YAML only.
type Tools = Option<Compiler>;

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
        let texts: Vec<(&str, &str, &Arc<str>)> = self
            .sources
            .iter()
            .filter_map(|(file, text)| Library::name_of(file).map(|name| (file, name, text)))
            .collect();
        let known = &self.libraries.by_name;
        let unchanged = texts.len() == known.len()
            && texts
                .iter()
                .all(|(_, name, text)| known.get(*name).is_some_and(|known| same(known.text(), text)));
        if unchanged {
            self.found.extend(self.libraries.warnings.clone());
            return;
        }
        let compiler = Compiler::default();
        let mut libraries = Libraries::default();
        let mut found = Diagnostics::default();
        for (file, name, text) in texts {
            let library = match known.get(name).filter(|known| same(known.text(), text)) {
                Some(known) => Ok(Arc::clone(known)),
                None => compiler.library(file, text).map(Arc::new),
            };
            match library {
                Ok(library) => {
                    libraries.by_name.insert(name.to_owned(), library);
                }
                Err(error) => found.push(error),
            }
        }
        for library in libraries.by_name.values() {
            found.extend(compiler.check_library(library, &libraries.by_name));
        }
        libraries.warnings = found.clone();
        self.libraries = Arc::new(libraries);
        self.found.extend(found);
    }

    fn services(&mut self) -> BTreeMap<ServiceName, Arc<LoadedService>> {
        let files: Vec<(&str, &Arc<str>)> =
            self.sources.iter().filter(|(file, _)| is_service(file)).collect();
        let kept: Vec<Option<Arc<LoadedService>>> =
            files.iter().map(|(file, text)| self.kept(file, text)).collect();
        let changed: Vec<(&str, &Arc<str>)> = files
            .iter()
            .zip(&kept)
            .filter_map(|(file, kept)| kept.is_none().then_some(*file))
            .collect();
        let hands = crew::hands(self.previous.is_some());
        let mut made = crew::each(&changed, hands, |tools: &mut Tools, (file, text)| {
            self.service(tools, file, text)
        })
        .into_iter();
        let mut services: BTreeMap<ServiceName, Arc<LoadedService>> = BTreeMap::new();
        for ((file, _), kept) in files.iter().zip(kept) {
            let loaded = match kept {
                Some(kept) => {
                    self.found.extend(kept.warnings.clone());
                    self.found.extend(kept.script_warnings.clone());
                    Some(kept)
                }
                None => made.next().and_then(|(loaded, found)| {
                    self.found.extend(found);
                    loaded
                }),
            };
            let Some(loaded) = loaded else {
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
        if files.is_empty() {
            let message = format!("{SERVICES} holds no service file");
            let none = Diagnostic::error(codes::NO_SERVICES, message, label(SERVICES));
            self.found
                .push(none.help("describe a service in a file there that ends in `.yaml`; `midflow new service NAME` writes one"));
        }
        services
    }

    /// What the previous catalog holds, if nothing that it was made from has changed.
    fn kept(&self, file: &str, text: &Arc<str>) -> Option<Arc<LoadedService>> {
        self.known(file, text)
            .filter(|known| self.script_is_unchanged(known))
    }

    fn service(
        &self,
        tools: &mut Tools,
        file: &str,
        text: &Arc<str>,
    ) -> (Option<Arc<LoadedService>>, Diagnostics) {
        let (service, warnings) = match self.known(file, text) {
            Some(known) => (Ok(Arc::clone(&known.service)), known.warnings.clone()),
            None => {
                let (service, warnings) =
                    policy::read_service_or_outline(file, text, self.defaults.as_deref());
                (service.map(Arc::from), warnings)
            }
        };
        let mut found = warnings.clone();
        let service: Arc<Service> = match service {
            Ok(service) => service,
            Err(outline) => {
                found.extend(self.mistakes(tools, file, outline.as_ref()));
                return (None, found);
            }
        };
        let named = service.script.clone().zip(service.script_place.clone());
        let Some((name, place)) = named else {
            let loaded = LoadedService {
                service,
                script: None,
                warnings,
                script_warnings: Diagnostics::default(),
            };
            return (Some(Arc::new(loaded)), found);
        };
        let path = format!("scripts/{name}");
        let Some(text) = self.sources.text(&path) else {
            found.push(self.script_missing(&name, &place));
            return (None, found);
        };
        let compiler = tools.get_or_insert_with(Compiler::default);
        let (script, script_warnings) = compiler.script(&path, text, &self.libraries.by_name, &service);
        found.extend(script_warnings.clone());
        let loaded = script.map(|script| LoadedService {
            service,
            script: Some(Arc::new(script)),
            warnings,
            script_warnings,
        });
        (loaded.map(Arc::new), found)
    }

    /// The mistakes in the script of a service that has mistakes itself: all of them are told in one run.
    fn mistakes(&self, tools: &mut Tools, file: &str, outline: Option<&Outline>) -> Diagnostics {
        let named = outline.and_then(|outline| outline.script.as_ref());
        let path = match named {
            Some((name, _)) => format!("scripts/{name}"),
            // The script that carries the name of the service is most likely its own.
            None => format!("scripts/{}.rhai", stem(file)),
        };
        match (self.sources.text(&path), named) {
            (Some(text), _) => tools.get_or_insert_with(Compiler::default).mistakes(
                &path,
                text,
                &self.libraries.by_name,
                outline,
            ),
            (None, Some((name, place))) => {
                let mut found = Diagnostics::default();
                found.push(self.script_missing(name, place));
                found
            }
            (None, None) => Diagnostics::default(),
        }
    }

    fn script_missing(&self, name: &str, place: &Place) -> Diagnostic {
        let file = format!("scripts/{name}");
        let missing = Diagnostic::error(
            codes::SCRIPT_MISSING,
            format!("there is no script {file}"),
            label_at(place, name.chars().count()),
        );
        let scripts = self
            .sources
            .iter()
            .filter_map(|(file, _)| file.strip_prefix("scripts/"));
        match meant(name, scripts) {
            Some(near) => missing
                .help(format!("did you mean `{}`?", near.word))
                .fix(self.other_script(place, name, near)),
            None => missing.help(format!(
                "write {file}, or remove `script`: the YAML then says all"
            )),
        }
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
        for file in unused_scripts(self.sources, services) {
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

    /// A service in a file with another ending, or in a folder, would silently not be there.
    fn unread_policies(&mut self) {
        let is_read = |file: &str| {
            // The logo stands beside the organization; whether it is the right one, a rule asks.
            let is_logo =
                file.matches('/').count() == 1 && (file.ends_with(".svg") || file.ends_with(".png"));
            file == ORGANIZATION
                || file == DEFAULTS
                || is_logo
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

    fn is_unchanged(&self, file: &str, text: &Arc<str>) -> bool {
        let before = self.previous.and_then(|previous| previous.sources.text(file));
        before.is_some_and(|before| same(before, text))
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
                .is_some_and(|text| script.is_made_from(text, |name| self.libraries.by_name.get(name))),
            _ => false,
        }
    }
}

/// Whether two texts are equal; those that are shared are so without being read.
fn same(one: &Arc<str>, other: &Arc<str>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

/// In the order of files and places. A script of two services is looked at twice, and what is wrong with it is
/// told once.
fn in_order(mut found: Diagnostics) -> Diagnostics {
    found.sort();
    let mut once = Diagnostics::default();
    let mut last: Option<Diagnostic> = None;
    for one in found {
        if last.as_ref() != Some(&one) {
            once.push(one.clone());
            last = Some(one);
        }
    }
    once
}

fn stem(file: &str) -> &str {
    let name = file.strip_prefix(SERVICES).unwrap_or(file);
    name.strip_suffix(".yaml").unwrap_or(name)
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
