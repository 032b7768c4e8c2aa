use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::Known;
use super::Unit;
use super::report::Report;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::policy::Outline;
use crate::script::bundle::Library;
use crate::script::hook::Hook;
use crate::script::syntax::Function;
use crate::script::syntax::Node;
use crate::script::syntax::What;

/// What is known of a value before anything runs: whether it is `flow`, or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Flow,
    Inputs,
    Person,
    Now,
    Other,
}

/// Walks functions, following `flow` through variables and into helpers.
pub(super) struct Walk<'a> {
    pub(super) known: &'a Known,
    pub(super) libraries: &'a BTreeMap<String, Arc<Library>>,
    /// Whose declarations count; `None` while a library is linted by itself.
    pub(super) service: Option<&'a Outline>,
    pub(super) report: Report,
    /// Functions that something calls: file, name, number of parameters.
    pub(super) called: BTreeSet<(String, String, usize)>,
    walked: BTreeSet<(String, String, Vec<Kind>, Option<Hook>)>,
}

/// One function while it is walked.
pub(super) struct Frame<'a> {
    pub(super) unit: Unit<'a>,
    pub(super) hook: Option<Hook>,
    /// Whether this is the body of the hook itself, not of a helper.
    pub(super) is_hook: bool,
    names: Vec<(String, Kind)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        known: &'a Known,
        libraries: &'a BTreeMap<String, Arc<Library>>,
        service: Option<&'a Outline>,
    ) -> Self {
        Self {
            known,
            libraries,
            service,
            report: Report::default(),
            called: BTreeSet::new(),
            walked: BTreeSet::new(),
        }
    }

    /// Walks a hook with its `flow`.
    pub(super) fn hook(&mut self, unit: Unit<'_>, function: &Function, hook: Hook) {
        self.body(unit, function, &[Kind::Flow], Some(hook), true);
    }

    /// Walks a function with what is known of its arguments, once for each such knowledge.
    pub(super) fn function(
        &mut self,
        unit: Unit<'_>,
        function: &Function,
        arguments: &[Kind],
        hook: Option<Hook>,
    ) {
        let seen = (
            unit.file.to_owned(),
            function.name.clone(),
            arguments.to_vec(),
            hook,
        );
        if self.walked.len() < MAX_WALKS && self.walked.insert(seen) {
            self.body(unit, function, arguments, hook, false);
        }
    }

    /// Walks an expression outside of functions.
    pub(super) fn expression(&mut self, unit: Unit<'_>, node: &Node) {
        let mut frame = Frame {
            unit,
            hook: None,
            is_hook: false,
            names: Vec::new(),
        };
        self.node(&mut frame, node);
    }

    fn body(
        &mut self,
        unit: Unit<'_>,
        function: &Function,
        arguments: &[Kind],
        hook: Option<Hook>,
        is_hook: bool,
    ) {
        let mut frame = Frame {
            unit,
            hook,
            is_hook,
            names: function
                .parameters
                .iter()
                .cloned()
                .zip(arguments.iter().copied())
                .collect(),
        };
        for node in &function.body {
            self.node(&mut frame, node);
        }
    }

    /// Walks a piece and says what is known of its value.
    pub(super) fn node(&mut self, frame: &mut Frame<'_>, node: &Node) -> Kind {
        match &node.what {
            What::Name(name) => return frame.kind_of(name),
            What::Member { of, name } => {
                let of = self.node(frame, of);
                return self.read(frame, of, name, node.at);
            }
            What::Index { of, index } => {
                let of = self.node(frame, of);
                self.node(frame, index);
                return self.read_by_index(frame, of, index, node.at);
            }
            What::Call {
                alias,
                name,
                arguments,
            } => {
                let kinds = self.nodes(frame, arguments);
                self.call(frame, alias, name, arguments, &kinds, node.at);
            }
            What::Method { of, name, arguments } => {
                self.node(frame, of);
                self.nodes(frame, arguments);
                self.method(frame, name, arguments.len(), node.at);
            }
            What::Let { name, value, .. } => {
                let kind = self.node(frame, value);
                frame.names.push((name.clone(), kind));
            }
            What::Assign { target, value } => {
                self.assign(frame, target);
                let kind = self.node(frame, value);
                if let What::Name(name) = &target.what {
                    frame.names.push((name.clone(), kind));
                }
            }
            What::Map(entries) => {
                for (_, _, value) in entries {
                    self.node(frame, value);
                }
            }
            What::List(parts) | What::Parts(parts) => {
                self.nodes(frame, parts);
            }
            What::Import { .. } => {
                let message = "an import stands inside a function";
                self.error(
                    codes::SCRIPT_UNKNOWN_IMPORT,
                    frame,
                    node.at,
                    6,
                    message,
                    "move it to the top of the file",
                );
            }
            What::Export => {
                let message = "a script exports nothing";
                let help = "functions of a library can be called from outside as they are";
                self.error(codes::SCRIPT_FORBIDDEN_SYMBOL, frame, node.at, 6, message, help);
            }
            What::Capture(names) => {
                let message = format!("a closure uses `{}` from outside", names.join("`, `"));
                let help = "write a `for` loop, or a closure that uses its own parameters only";
                self.error(codes::SCRIPT_FORBIDDEN_SYMBOL, frame, node.at, 1, &message, help);
            }
            What::Text(_) | What::Literal(_) => {}
        }
        Kind::Other
    }

    fn nodes(&mut self, frame: &mut Frame<'_>, nodes: &[Node]) -> Vec<Kind> {
        nodes.iter().map(|node| self.node(frame, node)).collect()
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        frame: &Frame<'_>,
        at: Position,
        width: usize,
        message: &str,
        help: &str,
    ) {
        self.report
            .error(code, frame.unit.file, at, width, message, |found| {
                found.help(help)
            });
    }
}

impl Frame<'_> {
    fn kind_of(&self, name: &str) -> Kind {
        self.names
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map_or(Kind::Other, |(_, kind)| *kind)
    }
}

/// A script that calls itself in ever new ways is not followed for ever.
const MAX_WALKS: usize = 2_000;
