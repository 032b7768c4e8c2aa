//! A service file with one rule changed at a time.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::policy::DeclaredField;
use crate::policy::FirstContact;
use crate::policy::InputKind;
use crate::policy::JourneyStep;
use crate::policy::Limit;
use crate::policy::OwnSettings;
use crate::policy::Place;
use crate::policy::Places;
use crate::policy::QuietHours;
use crate::policy::Quieted;
use crate::policy::Response;
use crate::policy::Service;
use crate::policy::StepKind;
use crate::policy::Then;
use crate::policy::Values;
use crate::policy::format_duration;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Field;
use crate::words::FieldSource;
use crate::words::Outcome;
use crate::words::OutcomeClass;

/// A service with one change.
pub(super) struct MutatedService {
    pub(super) place: Place,
    pub(super) change: String,
    pub(super) service: Service,
}

/// The service with each rule that a flow can feel changed in turn. What no flow can feel is left alone: purposes, notices,
/// reasons of fields, retention.
pub(super) fn mutants(service: &Service, places: &Places) -> Vec<MutatedService> {
    let mut making = Making {
        service,
        places,
        made: Vec::new(),
    };
    making.channels();
    for capability in service.capabilities.keys() {
        making.capability(*capability);
    }
    making.inputs();
    making.fields();
    for class in OutcomeClass::ALL {
        making.response(
            class.as_str(),
            service.outcomes.of_class(class),
            class,
            &|service| Some(of_class(service, class)),
        );
    }
    for (leaf, response) in &service.outcomes.codes {
        let leaf = *leaf;
        making.response(leaf.code(), response, leaf.class(), &move |service| {
            service.outcomes.codes.get_mut(&leaf)
        });
        making.without_leaf(leaf, response);
    }
    making.steps();
    making.limit("per_person", service.limits.per_person, &|service| {
        &mut service.limits.per_person
    });
    making.limit("per_service", service.limits.per_service, &|service| {
        &mut service.limits.per_service
    });
    making.made
}

struct Making<'a> {
    service: &'a Service,
    places: &'a Places,
    made: Vec<MutatedService>,
}

impl Making<'_> {
    fn add(
        &mut self,
        keys: &[&str],
        fallback: Option<&Place>,
        change: String,
        edit: impl FnOnce(&mut Service),
    ) {
        let mut service = self.service.clone();
        edit(&mut service);
        let first = || Place {
            file: self.service.file.clone(),
            line: 1,
            column: 1,
        };
        let place = self.places.find(keys);
        self.made.push(MutatedService {
            place: place.or_else(|| fallback.cloned()).unwrap_or_else(first),
            change,
            service,
        });
    }

    fn channels(&mut self) {
        for channel in self.service.channels.clone() {
            let change = format!("the channel `{channel}` is removed");
            self.add(&["channels"], None, change, |service| {
                service.channels.remove(&channel);
            });
        }
        let all: BTreeSet<Channel> = Channel::ALL.into_iter().collect();
        if all != self.service.channels {
            let change = "every other channel is allowed too".to_owned();
            self.add(&["channels"], None, change, |service| service.channels = all);
        }
    }

    fn capability(&mut self, capability: Capability) {
        let Some(settings) = self.service.capability(capability) else {
            return;
        };
        let name = capability.as_str();
        let place = settings.place.clone();
        for level in neighbours(settings.assurance) {
            let change = format!("assurance `{}` becomes `{level}`", settings.assurance);
            let keys = ["capabilities", name, "assurance"];
            self.add(&keys, Some(&place), change, |service| {
                edit(service, capability, |settings| settings.assurance = level);
            });
        }
        for time in twice_and_half(settings.expires_in) {
            let change = format!(
                "expires_in `{}` becomes `{}`",
                format_duration(settings.expires_in),
                format_duration(time)
            );
            let keys = ["capabilities", name, "expires_in"];
            self.add(&keys, Some(&place), change, |service| {
                edit(service, capability, |settings| settings.expires_in = time);
            });
        }
        if settings.own == OwnSettings::Push(FirstContact::Qr) {
            let keys = ["capabilities", name, "first_contact"];
            let change = "first_contact `qr` becomes `push`".to_owned();
            self.add(&keys, Some(&place), change, |service| {
                edit(service, capability, |settings| {
                    settings.own = OwnSettings::Push(FirstContact::Push);
                });
            });
        }
        self.quiet_hours(capability);
        let keys = ["capabilities", name, "reason", "ar"];
        let change = "the Arabic reason becomes another text".to_owned();
        self.add(&keys, Some(&place), change, |service| {
            edit(service, capability, |settings| {
                settings.reason.ar = OTHER_AR.to_owned()
            });
        });
        let keys = ["capabilities", name, "reason", "en"];
        let change = "the English reason becomes another text".to_owned();
        self.add(&keys, Some(&place), change, |service| {
            edit(service, capability, |settings| {
                settings.reason.en = OTHER_EN.to_owned()
            });
        });
    }

    /// Steps that are left out, ask for another level, or are taken by other values.
    fn steps(&mut self) {
        let Some(journey) = &self.service.journey else {
            return;
        };
        for (at, step) in journey.steps.iter().enumerate() {
            let place = step.place.clone();
            let name = &step.name;
            let change = format!("the step `{name}` is left out");
            self.add(&["steps"], Some(&place), change, |service| {
                if let Some(journey) = &mut service.journey {
                    journey.steps.remove(at);
                }
            });
            if step.as_ask().is_some_and(|ask| ask.assurance.is_some()) {
                let change = format!("the step `{name}` asks for no more than its capability");
                self.add(&["steps"], Some(&place), change, |service| {
                    edit_step(service, at, |step| {
                        if let StepKind::Ask(ask) = &mut step.kind {
                            ask.assurance = None;
                        }
                    });
                });
            }
            if step.as_ask().is_some_and(|ask| ask.reason.is_some()) {
                let change = format!("the step `{name}` gives the reason of its capability");
                self.add(&["steps"], Some(&place), change, |service| {
                    edit_step(service, at, |step| {
                        if let StepKind::Ask(ask) = &mut step.kind {
                            ask.reason = None;
                        }
                    });
                });
            }
            let Some(when) = &step.when else {
                continue;
            };
            let change = format!("the step `{name}` is always taken");
            self.add(&["steps"], Some(&place), change, |service| {
                edit_step(service, at, |step| step.when = None);
            });
            if let Values::Between(min, max) = when.values {
                let at_least = [1, -1].map(|more: i64| ("least", min, (min.saturating_add(more), max)));
                let at_most = [1, -1].map(|more: i64| ("greatest", max, (min, max.saturating_add(more))));
                let is_open = |bound: i64| bound == i64::MIN || bound == i64::MAX;
                let bounds = at_least.into_iter().chain(at_most);
                for (which, _, (min, max)) in bounds.filter(|(_, bound, _)| !is_open(*bound)) {
                    let values = Values::Between(min, max);
                    let change = format!(
                        "the {which} value for the step `{name}` becomes its neighbour ({min}, {max})"
                    );
                    self.add(&["steps"], Some(&place), change, |service| {
                        edit_step(service, at, |step| {
                            if let Some(when) = &mut step.when {
                                when.values = values;
                            }
                        });
                    });
                }
            }
        }
    }

    /// Quiet hours that begin or end a minute later, do the other thing, or don't exist.
    fn quiet_hours(&mut self, capability: Capability) {
        let Some(OwnSettings::Notify(settings)) =
            self.service.capability(capability).map(|settings| &settings.own)
        else {
            return;
        };
        let Some(hours) = settings.quiet_hours else {
            return;
        };
        let other = match hours.then {
            Quieted::Hold => Quieted::Refuse,
            Quieted::Refuse => Quieted::Hold,
        };
        let (from, to) = (hours.from.later(1), hours.to.later(1));
        let changes = [
            (
                "from",
                format!("quiet hours begin at {from}"),
                Some(QuietHours { from, ..hours }),
            ),
            (
                "to",
                format!("quiet hours end at {to}"),
                Some(QuietHours { to, ..hours }),
            ),
            (
                "then",
                format!(
                    "quiet hours `{}` becomes `{}`",
                    hours.then.as_str(),
                    other.as_str()
                ),
                Some(QuietHours { then: other, ..hours }),
            ),
            ("from", "the quiet hours are removed".to_owned(), None),
        ];
        for (key, change, changed) in changes {
            let keys = ["capabilities", capability.as_str(), "quiet_hours", key];
            self.add(&keys, None, change, |service| {
                edit(service, capability, |settings| {
                    if let OwnSettings::Notify(notify) = &mut settings.own {
                        notify.quiet_hours = changed;
                    }
                });
            });
        }
    }

    fn inputs(&mut self) {
        for (name, input) in self.service.inputs.clone() {
            let place = input.place.clone();
            let key = name.as_str().to_owned();
            let change = if input.optional {
                format!("the input `{key}` is required")
            } else {
                format!("the input `{key}` is optional")
            };
            self.add(&["inputs", &key, "optional"], Some(&place), change, |service| {
                if let Some(input) = service.inputs.get_mut(&name) {
                    input.optional = !input.optional;
                }
            });
            for (setting, change, kind) in self.kinds(&key, &input.kind) {
                self.add(&["inputs", &key, setting], Some(&place), change, |service| {
                    if let Some(input) = service.inputs.get_mut(&name) {
                        input.kind = kind;
                    }
                });
            }
        }
    }

    /// The type of an input, looser and tighter.
    fn kinds(&self, name: &str, kind: &InputKind) -> Vec<(&'static str, String, InputKind)> {
        match kind {
            InputKind::String {
                pattern: Some(_),
                max_length,
            } => {
                // A pattern bounds the length as well, so moving the length says nothing.
                let kind = InputKind::String {
                    pattern: None,
                    max_length: *max_length,
                };
                vec![("pattern", format!("the pattern of `{name}` is removed"), kind)]
            }
            InputKind::String { pattern, max_length } => {
                [max_length.checked_add(1), max_length.checked_sub(1)]
                    .into_iter()
                    .flatten()
                    .map(|length| {
                        let kind = InputKind::String {
                            pattern: pattern.clone(),
                            max_length: length,
                        };
                        (
                            "max_length",
                            format!("max_length of `{name}` becomes {length}"),
                            kind,
                        )
                    })
                    .collect()
            }
            InputKind::Integer { min, max } => {
                self.bounds(name, *min, *max, "", |min, max| InputKind::Integer { min, max })
            }
            InputKind::Decimal { min, max } => self.bounds(name, *min, *max, " thousandths", |min, max| {
                InputKind::Decimal { min, max }
            }),
            InputKind::Boolean => Vec::new(),
            InputKind::Choice(of) => of
                .iter()
                .map(|word| {
                    let rest = of.iter().filter(|other| *other != word).cloned().collect();
                    let change = format!("`{word}` is taken from the choices of `{name}`");
                    ("of", change, InputKind::Choice(rest))
                })
                .collect(),
        }
    }

    /// Each written bound one looser and one tighter.
    fn bounds(
        &self,
        name: &str,
        min: i64,
        max: i64,
        unit: &str,
        make: impl Fn(i64, i64) -> InputKind,
    ) -> Vec<(&'static str, String, InputKind)> {
        let mut made = Vec::new();
        let is_written = |setting: &str| self.places.find(&["inputs", name, setting]).is_some();
        for (setting, from) in [("min", min), ("max", max)] {
            if !is_written(setting) {
                continue;
            }
            for to in [from.checked_sub(1), from.checked_add(1)].into_iter().flatten() {
                let kind = if setting == "min" {
                    make(to, max)
                } else {
                    make(min, to)
                };
                made.push((setting, format!("{setting} of `{name}` becomes {to}{unit}"), kind));
            }
        }
        made
    }

    fn fields(&mut self) {
        for declared in self.service.fields.clone() {
            // Without the civil number no service loads (R000-027).
            if declared.field.source() == FieldSource::CivilNo {
                continue;
            }
            let name = declared.field.name();
            let change = format!("the field `{}` is dropped", name.as_str());
            self.add(
                &["fields", name.as_str()],
                Some(&declared.place),
                change,
                |service| {
                    service.fields.retain(|one| one.field != declared.field);
                },
            );
            self.underived(&declared);
        }
    }

    /// A claim that is not derived any more: the e-service gets what it is made from.
    fn underived(&mut self, declared: &DeclaredField) {
        let plain = Field::Plain(declared.field.source());
        if declared.field == plain || self.service.declares(&plain) {
            return;
        }
        let name = declared.field.name();
        let change = format!(
            "the claim `{name}` becomes the `{}` that it is made from",
            plain.name()
        );
        let place = Some(&declared.place);
        self.add(&["fields", name.as_str()], place, change, |service| {
            let same = service.fields.iter_mut().find(|one| one.field == declared.field);
            if let Some(field) = same {
                field.field = plain;
            }
        });
    }

    fn response(
        &mut self,
        name: &str,
        response: &Response,
        class: OutcomeClass,
        find: &dyn Fn(&mut Service) -> Option<&mut Response>,
    ) {
        let place = Some(&response.place);
        let set = |service: &mut Service, change: &dyn Fn(&mut Response)| {
            if let Some(response) = find(service) {
                change(response);
            }
        };
        for flipped in others(response.then, name) {
            let change = format!("then `{}` becomes `{}`", word(response.then), word(flipped));
            self.add(&["outcomes", name, "then"], place, change, |service| {
                set(service, &|response| response.then = flipped);
            });
        }
        if let Some(attempts) = response.then.attempts() {
            for other in [attempts + 1, attempts - 1]
                .into_iter()
                .filter(|other| *other >= 2)
            {
                let change = format!("attempts `{attempts}` becomes `{other}`");
                self.add(&["outcomes", name, "attempts"], place, change, |service| {
                    set(service, &|response| {
                        response.then = match response.then {
                            Then::StepUp { .. } => Then::StepUp { attempts: other },
                            _ => Then::Retry { attempts: other },
                        };
                    });
                });
            }
        }
        let own = Outcome::ALL
            .into_iter()
            .find(|leaf| leaf.class() == class)
            .map_or_else(|| Outcome::ErrorPolicy.text(), Outcome::text);
        let change = "the Arabic text is removed, so that midflow's own is shown".to_owned();
        self.add(&["outcomes", name, "say", "ar"], place, change, |service| {
            set(service, &|response| response.say.ar.clone_from(&own.ar));
        });
        let change = "the English text is removed, so that midflow's own is shown".to_owned();
        self.add(&["outcomes", name, "say", "en"], place, change, |service| {
            set(service, &|response| response.say.en.clone_from(&own.en));
        });
    }

    fn without_leaf(&mut self, leaf: Outcome, response: &Response) {
        let class = self.service.outcomes.of_class(leaf.class());
        // The class says the same, so nobody could tell.
        if class.then == response.then && class.say == response.say {
            return;
        }
        let change = format!("`{leaf}` is removed, so that `{}` answers", leaf.class());
        self.add(
            &["outcomes", leaf.code()],
            Some(&response.place),
            change,
            |service| {
                service.outcomes.codes.remove(&leaf);
            },
        );
    }

    fn limit(&mut self, name: &str, limit: Limit, find: &dyn Fn(&mut Service) -> &mut Limit) {
        let count = limit.count.get();
        let counts = [count.checked_add(1), count.checked_sub(1)];
        for other in counts.into_iter().flatten().filter_map(NonZeroU32::new) {
            let change = format!(
                "{name} {} becomes {}",
                told(limit),
                told(Limit {
                    count: other,
                    ..limit
                })
            );
            self.add(&["limits", name], None, change, |service| {
                find(service).count = other
            });
        }
        for window in twice_and_half(limit.window) {
            let change = format!(
                "{name} {} becomes {}",
                told(limit),
                told(Limit { window, ..limit })
            );
            self.add(&["limits", name], None, change, |service| {
                find(service).window = window
            });
        }
    }
}

fn edit_step(service: &mut Service, at: usize, change: impl FnOnce(&mut JourneyStep)) {
    let steps = service.journey.as_mut().map(|journey| &mut journey.steps);
    if let Some(step) = steps.and_then(|steps| steps.get_mut(at)) {
        change(step);
    }
}

fn edit(
    service: &mut Service,
    capability: Capability,
    change: impl FnOnce(&mut crate::policy::CapabilitySettings),
) {
    if let Some(settings) = service.capabilities.get_mut(&capability) {
        change(settings);
    }
}

const fn of_class(service: &mut Service, class: OutcomeClass) -> &mut Response {
    let outcomes = &mut service.outcomes;
    match class {
        OutcomeClass::Approved => &mut outcomes.approved,
        OutcomeClass::Declined => &mut outcomes.declined,
        OutcomeClass::Timeout => &mut outcomes.timeout,
        OutcomeClass::Error => &mut outcomes.error,
        OutcomeClass::Other => &mut outcomes.other,
    }
}

/// What could happen next instead. Where the assurance was too low, a retry and a step-up are easily taken for each other.
fn others(then: Then, outcome: &str) -> Vec<Then> {
    match then {
        Then::Continue => vec![Then::Stop],
        Then::Retry { attempts } if outcome == Outcome::AssuranceInsufficient.code() => {
            vec![Then::Stop, Then::StepUp { attempts }]
        }
        Then::Retry { .. } => vec![Then::Stop],
        Then::StepUp { attempts } => vec![Then::Stop, Then::Retry { attempts }],
        Then::Stop => vec![Then::Retry { attempts: 2 }],
    }
}

/// The level below and the level above.
fn neighbours(level: Assurance) -> impl Iterator<Item = Assurance> {
    let at = Assurance::ALL
        .into_iter()
        .position(|one| one == level)
        .unwrap_or_default();
    [at.checked_sub(1), at.checked_add(1)]
        .into_iter()
        .flatten()
        .filter_map(|at| Assurance::ALL.get(at).copied())
}

fn twice_and_half(time: Duration) -> impl Iterator<Item = Duration> {
    let half = Duration::from_secs(time.as_secs() / 2);
    [time.saturating_mul(2), half]
        .into_iter()
        .filter(|time| !time.is_zero())
}

fn told(limit: Limit) -> String {
    format!("`{}/{}`", limit.count, format_duration(limit.window))
}

const fn word(then: Then) -> &'static str {
    then.as_str()
}

const OTHER_AR: &str = "نص آخر";
const OTHER_EN: &str = "another text";
