use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Catalog;
use super::LoadedService;
use super::Rulebooks;
use super::Setting;
use super::Sources;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Label;
use crate::diagnostics::Position;
use crate::diagnostics::Severity;
use crate::diagnostics::codes;
use crate::diagnostics::suggest;
use crate::policy;
use crate::policy::Breach;
use crate::policy::Defaults;
use crate::policy::Organization;
use crate::policy::Place;
use crate::policy::Rule;
use crate::policy::RuleCase;
use crate::policy::Rulebook;
use crate::policy::Service;
use crate::policy::Waiver;
use crate::script::Answerable;
use crate::script::Question;
use crate::script::Questions;
use crate::words::Day;
use crate::words::ServiceName;

/// What the rulebooks say of a catalog.
#[derive(Debug)]
pub(super) struct Judgement {
    rulebooks: Arc<Rulebooks>,
    setting: Setting,
    organization: Arc<Organization>,
    /// The defaults, since the place of a breach may be there.
    defaults: Option<Arc<Defaults>>,
    /// Of services that there is something to say about.
    of_services: BTreeMap<ServiceName, Arc<OfService>>,
    waived: Vec<Waived>,
}

/// A rule that a service breaks, with somebody's name to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waived {
    /// The service.
    pub service: ServiceName,
    /// The rule's id in its rulebook.
    pub rule: String,
    /// What would have been said.
    pub message: String,
    /// Who answers for it, and until when.
    pub waiver: Waiver,
}

#[derive(Debug, Default)]
struct OfService {
    found: Diagnostics,
    waived: Vec<Waived>,
}

/// What there is to judge.
pub(super) struct Bench<'a> {
    pub(super) sources: &'a Sources,
    pub(super) previous: Option<&'a Catalog>,
    pub(super) setting: Setting,
    pub(super) organization: &'a Arc<Organization>,
    pub(super) defaults: Option<&'a Arc<Defaults>>,
    pub(super) services: &'a BTreeMap<ServiceName, Arc<LoadedService>>,
}

impl Judgement {
    /// Asks every rule about the organization and each service, and takes from `found` what is waived.
    ///
    /// A service that is as in the previous catalog, under the same rules, is not asked again.
    pub(super) fn make(bench: &Bench<'_>, found: &mut Diagnostics) -> Self {
        let before = bench.previous.and_then(|previous| previous.judgement.as_ref());
        let (rulebooks, problems) = Rulebooks::read(bench.sources, before.map(|before| &*before.rulebooks));
        found.extend(problems);
        let same_law = before.filter(|before| {
            before.setting == bench.setting
                && before.rulebooks.are_those_of(&rulebooks)
                && Arc::ptr_eq(&before.organization, bench.organization)
                && same_defaults(before.defaults.as_ref(), bench.defaults)
        });
        let judge = Judge {
            bench,
            rulebooks: &rulebooks,
            questions: OnceCell::new(),
            organization: OnceCell::new(),
        };
        judge.organization_rules(found);
        let mut of_services = BTreeMap::new();
        for (name, loaded) in bench.services {
            let kept = same_law.filter(|_| {
                let old = bench.previous.and_then(|previous| previous.services.get(name));
                old.is_some_and(|old| Arc::ptr_eq(old, loaded))
            });
            let said = match kept {
                Some(before) => before.of_services.get(name).map(Arc::clone),
                None => judge.service(loaded).map(Arc::new),
            };
            if let Some(said) = said {
                found.extend(said.found.clone());
                of_services.insert(name.clone(), said);
            }
        }
        let waived: Vec<Waived> = of_services
            .values()
            .flat_map(|said| said.waived.iter().cloned())
            .collect();
        silence(found, bench.services, &waived, &rulebooks);
        Self {
            rulebooks: Arc::new(rulebooks),
            setting: bench.setting,
            organization: Arc::clone(bench.organization),
            defaults: bench.defaults.map(Arc::clone),
            of_services,
            waived,
        }
    }

    pub(super) fn rulebooks(&self) -> &Rulebooks {
        &self.rulebooks
    }

    pub(super) fn waived(&self) -> &[Waived] {
        &self.waived
    }
}

struct Judge<'a> {
    bench: &'a Bench<'a>,
    rulebooks: &'a Rulebooks,
    /// Made when the first expression is asked.
    questions: OnceCell<Questions>,
    organization: OnceCell<(serde_json::Value, Answerable)>,
}

/// A service as rules see it, made when the first rule asks for it.
#[derive(Default)]
struct View {
    meant: OnceCell<serde_json::Value>,
    answerable: OnceCell<Answerable>,
}

impl<'a> Judge<'a> {
    fn organization_rules(&self, found: &mut Diagnostics) {
        let file = |path: &str| self.bench.sources.text(path).map(|text| &**text);
        let case = RuleCase {
            organization: self.bench.organization,
            service: None,
            file: &file,
        };
        for (rulebook, rule, _) in self.rulebooks.rules() {
            let Some(severity) = self.severity(rule) else {
                continue;
            };
            let mut breaches = Vec::new();
            if let Some(check) = rule.check.built_in {
                breaches.extend(check.breaches(&case));
            }
            for path in rule
                .check
                .present
                .iter()
                .filter(|path| policy::is_of_organization(path))
            {
                if !is_there(&self.organization().0, path) {
                    breaches.push(Breach::with(path, format!("`{path}` is missing")));
                }
            }
            for breach in breaches {
                let label = self.place(ORGANIZATION, &breach.path, None);
                found.push(diagnostic(rulebook, rule, severity, &breach, label));
            }
        }
        let happened = policy::happened_to_organization(self.bench.organization);
        self.check_days(ORGANIZATION, None, &happened, found);
    }

    /// Nobody has signed or approved anything on a day that is still to come.
    fn check_days(
        &self,
        file: &str,
        defaults: Option<&Arc<Defaults>>,
        happened: &[(String, Day)],
        found: &mut Diagnostics,
    ) {
        let Some(today) = self.bench.setting.today else {
            return;
        };
        for (path, day) in happened.iter().filter(|(_, day)| *day > today) {
            found.push(
                Diagnostic::error(
                    codes::DAY_TO_COME,
                    format!("`{path}` is {day}, which is still to come"),
                    self.place(file, path, defaults),
                )
                .help("correct the date, or add the entry when it has happened"),
            );
        }
    }

    /// What is to be said about a service; `None` if nothing is.
    fn service(&self, loaded: &LoadedService) -> Option<OfService> {
        let service = &loaded.service;
        let mut said = OfService::default();
        let mut used = vec![false; service.waivers.len()];
        let view = View::default();
        for (rulebook, rule, question) in self.rulebooks.rules() {
            let Some(severity) = self.severity(rule) else {
                continue;
            };
            for breach in self.breaches(service, rule, question, &view) {
                let message = breach.detail.clone().unwrap_or_else(|| rule.message.en.clone());
                match self.waiver(service, rule) {
                    Some((index, waiver)) => {
                        if let Some(used) = used.get_mut(index) {
                            *used = true;
                        }
                        said.waived.push(Waived {
                            service: service.id.clone(),
                            rule: rule.id.clone(),
                            message,
                            waiver: waiver.clone(),
                        });
                    }
                    None => {
                        let label = match &rule.check.holds {
                            Some(holds) if breach.unasked => self.at(&holds.place, "holds"),
                            _ => self.place(&service.file, &breach.path, self.bench.defaults),
                        };
                        said.found
                            .push(diagnostic(rulebook, rule, severity, &breach, label));
                    }
                }
            }
        }
        self.language_waivers(loaded, &mut said, &mut used);
        self.check_waivers(service, &used, &mut said.found);
        let happened = policy::happened_to_service(service);
        self.check_days(&service.file, self.bench.defaults, &happened, &mut said.found);
        (!said.found.is_empty() || !said.waived.is_empty()).then_some(said)
    }

    fn breaches(
        &self,
        service: &'a Service,
        rule: &Rule,
        question: Option<&Question>,
        view: &View,
    ) -> Vec<Breach> {
        let mut breaches = Vec::new();
        if let Some(check) = rule.check.built_in {
            let file = |path: &str| self.bench.sources.text(path).map(|text| &**text);
            let case = RuleCase {
                organization: self.bench.organization,
                service: Some(service),
                file: &file,
            };
            breaches.extend(check.breaches(&case));
        }
        for path in rule
            .check
            .present
            .iter()
            .filter(|path| !policy::is_of_organization(path))
        {
            if !is_there(view.meant(service), path) {
                breaches.push(Breach::with(path, format!("`{path}` is missing")));
            }
        }
        if let (Some(holds), Some(question)) = (&rule.check.holds, question) {
            self.ask(service, holds, question, view, &mut breaches);
        }
        breaches
    }

    fn ask(
        &self,
        service: &Service,
        holds: &policy::Holds,
        question: &Question,
        view: &View,
        breaches: &mut Vec<Breach>,
    ) {
        let questions = self.questions.get_or_init(Questions::default);
        let whole = view.answerable(service);
        let organization = &self.organization().1;
        let Some(part) = holds.each else {
            let variables = [("service", whole), ("organization", organization)];
            let path = holds.at.clone().unwrap_or_default();
            breaches.extend(breach_of(questions.ask(question, &variables), path));
            return;
        };
        let entries = view
            .meant(service)
            .get(part)
            .and_then(serde_json::Value::as_object);
        for (name, value) in entries.into_iter().flatten() {
            let named = Answerable::new(&serde_json::Value::from(name.as_str()));
            let variables = [
                ("service", whole),
                ("organization", organization),
                ("name", &named),
                ("value", &Answerable::new(value)),
            ];
            let path = match &holds.at {
                Some(below) => format!("{part}.{name}.{below}"),
                None => format!("{part}.{name}"),
            };
            breaches.extend(breach_of(questions.ask(question, &variables), path));
        }
    }

    /// The waiver of a rule that is in force. What nobody can waive has none.
    fn waiver<'s>(&self, service: &'s Service, rule: &Rule) -> Option<(usize, &'s Waiver)> {
        if !rule.waivable {
            return None;
        }
        service
            .waivers
            .iter()
            .enumerate()
            .find(|(_, waiver)| rule.is_called(&waiver.of) && self.is_in_force(waiver))
    }

    /// How a breach counts here; `None` where the rule does not apply.
    fn severity(&self, rule: &Rule) -> Option<Severity> {
        rule.severity_in(self.bench.setting.environment?)
    }

    fn is_in_force(&self, waiver: &Waiver) -> bool {
        self.bench
            .setting
            .today
            .is_none_or(|today| waiver.holds_on(today))
    }

    /// Warnings of the language itself can be waived too.
    fn language_waivers(&self, loaded: &LoadedService, said: &mut OfService, used: &mut [bool]) {
        let service = &loaded.service;
        for (index, waiver) in service.waivers.iter().enumerate() {
            if !self.is_in_force(waiver) {
                continue;
            }
            for (_, rule, _) in self.rulebooks.rules() {
                if !rule.is_held_by_language() || !rule.waivable || !rule.is_called(&waiver.of) {
                    continue;
                }
                for warning in loaded.warnings.iter().filter(|warning| names(warning, rule)) {
                    if let Some(used) = used.get_mut(index) {
                        *used = true;
                    }
                    said.waived.push(Waived {
                        service: service.id.clone(),
                        rule: rule.id.clone(),
                        message: warning.message.clone(),
                        waiver: waiver.clone(),
                    });
                }
            }
        }
    }

    fn check_waivers(&self, service: &Service, used: &[bool], found: &mut Diagnostics) {
        for (waiver, used) in service.waivers.iter().zip(used) {
            let label = || self.at(&waiver.place, &waiver.of);
            let called: Vec<&Rule> = self
                .rulebooks
                .rules()
                .map(|(_, rule, _)| rule)
                .filter(|rule| rule.is_called(&waiver.of))
                .collect();
            if called.is_empty() {
                let ids: Vec<String> = self
                    .rulebooks
                    .rules()
                    .flat_map(|(_, rule, _)| rule.ids().into_iter().chain([rule.id.clone()]))
                    .collect();
                // Of numbers the nearest is no likelier than any other.
                let is_word = !waiver.of.bytes().any(|byte| byte.is_ascii_digit());
                let near = suggest(&waiver.of, ids.iter().map(String::as_str)).filter(|_| is_word);
                let help = match near {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "write the id that the message names, such as `R000-039`".to_owned(),
                };
                found.push(
                    Diagnostic::error(
                        codes::UNKNOWN_RULE,
                        "the waiver is of a rule that no rulebook has",
                        label(),
                    )
                    .help(help),
                );
            } else if called.iter().all(|rule| !rule.can_be_waived()) {
                found.push(
                    Diagnostic::error(
                        codes::NOT_WAIVABLE,
                        format!("`{}` can't be waived", waiver.of),
                        label(),
                    )
                    .help("remove the waiver and keep the rule; some rules are not the provider's to waive"),
                );
            } else if !self.is_in_force(waiver) {
                found.push(
                    Diagnostic::warning(
                        codes::WAIVER_EXPIRED,
                        format!("the waiver of `{}` ended on {}", waiver.of, waiver.until),
                        label(),
                    )
                    .help("keep the rule and remove the waiver, or have somebody answer for it anew"),
                );
            } else if !used
                && called.iter().any(|rule| {
                    self.bench
                        .setting
                        .environment
                        .is_some_and(|here| rule.environments.contains(&here))
                })
            {
                found.push(
                    Diagnostic::warning(
                        codes::WAIVER_UNUSED,
                        format!("the service keeps `{}`, so there is nothing to waive", waiver.of),
                        label(),
                    )
                    .help("remove the waiver"),
                );
            }
        }
    }

    fn organization(&self) -> &(serde_json::Value, Answerable) {
        self.organization.get_or_init(|| {
            let meant = policy::organization_json(self.bench.organization);
            let answerable = Answerable::new(&meant);
            (meant, answerable)
        })
    }

    /// A place that is known by its line, as wide as a word.
    fn at(&self, place: &Place, word: &str) -> Label {
        let start = Position {
            line: place.line,
            column: place.column,
        };
        let width = u32::try_from(word.chars().count()).unwrap_or(1);
        Label {
            file: place.file.clone(),
            start,
            end: Position {
                column: start.column.saturating_add(width),
                ..start
            },
            text: String::new(),
        }
    }

    fn place(&self, file: &str, path: &str, defaults: Option<&Arc<Defaults>>) -> Label {
        let text = self.bench.sources.text(file).map_or("", |text| &**text);
        policy::place_of(file, text, defaults.map(|defaults| &**defaults), path)
    }
}

impl View {
    fn meant(&self, service: &Service) -> &serde_json::Value {
        self.meant.get_or_init(|| policy::service_json(service))
    }

    fn answerable(&self, service: &Service) -> &Answerable {
        self.answerable
            .get_or_init(|| Answerable::new(self.meant(service)))
    }
}

fn breach_of(answer: Result<bool, String>, path: String) -> Option<Breach> {
    match answer {
        Ok(true) => None,
        Ok(false) => Some(Breach::at(path)),
        Err(why) => Some(Breach::unasked(path, &why)),
    }
}

fn diagnostic(
    rulebook: &Rulebook,
    rule: &Rule,
    severity: Severity,
    breach: &Breach,
    label: Label,
) -> Diagnostic {
    let message = breach.detail.clone().unwrap_or_else(|| rule.message.en.clone());
    let made = match severity {
        Severity::Error => Diagnostic::error(codes::RULE_BROKEN, message, label),
        Severity::Warning => Diagnostic::warning(codes::RULE_BROKEN_WARNING, message, label),
    };
    let mut ids = rule.ids();
    ids.push(format!("{}/{}", rulebook.id, rule.id));
    let help = if breach.unasked {
        "correct the expression: it reads `service` and `organization`, with the keys of their files and every default"
            .to_owned()
    } else {
        rule.remedy.en.clone()
    };
    made.help(help).rules(ids)
}

fn is_there(value: &serde_json::Value, path: &str) -> bool {
    let mut here = value;
    for part in path.split('.') {
        match here.get(part) {
            Some(below) => here = below,
            None => return false,
        }
    }
    !here.is_null()
}

fn names(diagnostic: &Diagnostic, rule: &Rule) -> bool {
    diagnostic.severity == Severity::Warning
        && diagnostic
            .rules
            .iter()
            .any(|id| rule.ids().iter().any(|own| own == id))
}

/// Takes away the warnings of the language that are waived; they are told as such.
fn silence(
    found: &mut Diagnostics,
    services: &BTreeMap<ServiceName, Arc<LoadedService>>,
    waived: &[Waived],
    rulebooks: &Rulebooks,
) {
    if waived.is_empty() {
        return;
    }
    let of_language: Vec<(&str, &Rule)> = waived
        .iter()
        .filter_map(|one| {
            let file = services.get(&one.service)?.service.file.as_str();
            let (_, rule, _) = rulebooks
                .rules()
                .find(|(_, rule, _)| rule.id == one.rule && rule.is_held_by_language())?;
            Some((file, rule))
        })
        .collect();
    found.retain(|diagnostic| {
        let file = diagnostic.labels.first().map_or("", |label| label.file.as_str());
        !of_language
            .iter()
            .any(|(of, rule)| *of == file && names(diagnostic, rule))
    });
}

fn same_defaults(before: Option<&Arc<Defaults>>, now: Option<&Arc<Defaults>>) -> bool {
    match (before, now) {
        (None, None) => true,
        (Some(before), Some(now)) => Arc::ptr_eq(before, now),
        _ => false,
    }
}

const ORGANIZATION: &str = "policies/organization.yaml";
