use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::catalog::Catalog;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::codes;
use crate::policy::Case;
use crate::policy::Place;
use crate::script::Lines;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Locale;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::ServiceName;

use super::happened::Happened;
use super::report::label_of;

/// What the cases of a catalog reach, and what they do not.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// The lines of scripts that can be run.
    lines: Lines,
    /// Those that were.
    run: Lines,
    /// Each service with its cells: those that there should be, and how many cases ended in each.
    cells: BTreeMap<ServiceName, BTreeMap<Cell, usize>>,
    /// Where each answer of a service stands.
    places: BTreeMap<(ServiceName, Answered), Place>,
}

/// One field of the matrix: an outcome that the service answers, where, for what, and in which language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cell {
    /// A class, or a leaf code that the service answers by itself.
    #[serde(serialize_with = "as_text")]
    pub outcome: Answered,
    /// Where the person is.
    pub channel: Channel,
    /// What is asked for.
    pub capability: Capability,
    /// The person's language.
    pub locale: Locale,
}

/// A row of the matrix: what the service file answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answered {
    /// A class, for all its leaf codes that have no answer of their own.
    Class(OutcomeClass),
    /// A leaf code with an answer of its own.
    Leaf(Outcome),
}

impl std::fmt::Display for Answered {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Class(class) => out.write_str(class.as_str()),
            Self::Leaf(leaf) => out.write_str(leaf.code()),
        }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{} on {} by {} in {}",
            self.outcome, self.channel, self.capability, self.locale
        )
    }
}

impl Coverage {
    /// Nothing is reached yet; `filter` leaves out services whose name does not hold it.
    pub(super) fn of(catalog: &Catalog, filter: Option<&str>) -> Self {
        let mut coverage = Self {
            lines: Lines::new(),
            run: Lines::new(),
            cells: BTreeMap::new(),
            places: BTreeMap::new(),
        };
        for loaded in catalog.services() {
            let service = &loaded.service;
            if filter.is_some_and(|filter| !service.id.as_str().contains(filter)) {
                continue;
            }
            if let Some(script) = loaded.script() {
                // What is shared is run by the cases of others as well, so it says nothing of a single service.
                let own = |file: &str| filter.is_none() || file == script.file();
                coverage
                    .lines
                    .extend(script.lines().into_iter().filter(|(file, _)| own(file)));
            }
            let classes = OutcomeClass::ALL.map(Answered::Class);
            let leaves = service.outcomes.codes.keys().copied().map(Answered::Leaf);
            let mut cells = BTreeMap::new();
            for outcome in classes.into_iter().chain(leaves) {
                let response = match outcome {
                    Answered::Class(class) => service.outcomes.of_class(class),
                    Answered::Leaf(leaf) => service.response(leaf),
                };
                coverage
                    .places
                    .insert((service.id.clone(), outcome), response.place.clone());
                for channel in &service.channels {
                    for capability in service.capabilities.keys() {
                        for locale in Locale::ALL {
                            let cell = Cell {
                                outcome,
                                channel: *channel,
                                capability: *capability,
                                locale,
                            };
                            cells.insert(cell, 0);
                        }
                    }
                }
            }
            coverage.cells.insert(service.id.clone(), cells);
        }
        coverage
    }

    pub(super) fn add(&mut self, service: &ServiceName, case: &Case, happened: &Happened, lines: Lines) {
        self.run.extend(lines);
        if happened.steps.is_empty() {
            self.count(service, case, case.given.capability, happened.outcome);
        }
        // Each step of a journey is a flow that ended.
        for step in &happened.steps {
            self.count(service, case, step.capability, step.outcome);
        }
    }

    fn count(
        &mut self,
        service: &ServiceName,
        case: &Case,
        capability: Capability,
        outcome: Option<Outcome>,
    ) {
        let (Some(outcome), Some(cells)) = (outcome, self.cells.get_mut(service)) else {
            return;
        };
        let given = &case.given;
        // A leaf without an answer of its own counts for its class.
        for outcome in [Answered::Leaf(outcome), Answered::Class(outcome.class())] {
            let cell = Cell {
                outcome,
                channel: given.channel,
                capability,
                locale: given.locale,
            };
            if let Some(count) = cells.get_mut(&cell) {
                *count += 1;
                return;
            }
        }
    }

    /// How many lines can be run, and how many were.
    pub fn lines(&self) -> (usize, usize) {
        (self.lines.len(), self.lines.intersection(&self.run).count())
    }

    /// The lines that no case ran.
    pub fn missed_lines(&self) -> impl Iterator<Item = &(String, u32)> {
        self.lines.difference(&self.run)
    }

    /// Each service with its cells and how many cases ended in each.
    pub const fn services(&self) -> &BTreeMap<ServiceName, BTreeMap<Cell, usize>> {
        &self.cells
    }

    /// The cells of a service that no case ended in.
    pub fn empty_cells(&self, service: &ServiceName) -> Vec<Cell> {
        let cells = self.cells.get(service);
        cells
            .into_iter()
            .flatten()
            .filter(|(_, count)| **count == 0)
            .map(|(cell, _)| *cell)
            .collect()
    }

    /// Whether every line was run and every cell has a case.
    pub fn is_complete(&self) -> bool {
        self.missed_lines().next().is_none()
            && self
                .cells
                .keys()
                .all(|service| self.empty_cells(service).is_empty())
    }

    /// What is missing, each at its place.
    pub fn diagnostics(&self) -> Diagnostics {
        let mut found = Diagnostics::default();
        for (file, line) in self.missed_lines() {
            let place = Place {
                file: file.clone(),
                line: *line,
                column: 1,
            };
            let label = label_of(&place, "");
            found.push(
                Diagnostic::error(codes::CASE_COVERAGE, "no case runs this line", label)
                    .help("add a case that comes here, or remove the line"),
            );
        }
        for service in self.cells.keys() {
            let empty = self.empty_cells(service);
            if empty.is_empty() {
                continue;
            }
            let mut by_outcome: BTreeMap<Answered, BTreeSet<String>> = BTreeMap::new();
            for cell in empty {
                let rest = format!("{}/{}/{}", cell.channel, cell.capability, cell.locale);
                by_outcome.entry(cell.outcome).or_default().insert(rest);
            }
            for (outcome, cells) in by_outcome {
                let place = self
                    .places
                    .get(&(service.clone(), outcome))
                    .cloned()
                    .unwrap_or_default();
                let cells: Vec<String> = cells.into_iter().collect();
                let message = format!("{service}: no case ends as `{outcome}` on {}", cells.join(", "));
                found.push(
                    Diagnostic::error(codes::CASE_COVERAGE, message, label_of(&place, ""))
                        .help("add `channel: all` and `locale: all` to a case that ends so"),
                );
            }
        }
        found
    }
}

fn as_text<S: serde::Serializer>(outcome: &Answered, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(outcome)
}
