use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::Known;
use super::Unit;
use super::kind::Kind;
use super::paths::ends;
use super::report::Report;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::policy::Outline;
use crate::script::bundle::Library;
use crate::script::hook::Hook;
use crate::script::syntax::Function;
use crate::script::syntax::Literal;
use crate::script::syntax::Node;
use crate::script::syntax::What;

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
    /// Variables that are given another value somewhere: nothing is known of them.
    changed: BTreeSet<String>,
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
            changed: BTreeSet::new(),
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
            changed: changed(function),
        };
        self.block(&mut frame, &function.body);
        if is_hook {
            self.returned(&mut frame, function);
        }
        for closure in &function.closures {
            let before = frame.names.len();
            let unknown = closure.parameters.iter().map(|name| (name.clone(), Kind::Other));
            frame.names.extend(unknown);
            self.block(&mut frame, &closure.body);
            frame.names.truncate(before);
        }
    }

    /// What a hook returns is made by a constructor, or nothing.
    fn returned(&mut self, frame: &mut Frame<'_>, function: &Function) {
        let mut values = Vec::new();
        ends(&function.body, true, &mut values);
        for value in values {
            // Names are out of sight here; what is written out, read of `flow` or compared is known.
            let kind = match &value.what {
                What::Name(name) if !function.parameters.contains(name) => Kind::Other,
                What::Let { .. } | What::Assign { .. } => Kind::Other,
                _ => self.node(frame, value),
            };
            if let Some(words) = kind.words() {
                let message = format!("`fn {}` returns {words}, which is no answer", function.name);
                let help = format!(
                    "return what {} makes, or nothing",
                    frame
                        .hook
                        .map_or_else(String::new, |hook| ticked(hook.constructors()))
                );
                self.error(
                    codes::SCRIPT_WRONG_RETURN,
                    frame,
                    value.start(),
                    1,
                    &message,
                    &help,
                );
            }
        }
    }

    /// Walks statements; what they give names to is gone behind them.
    fn block(&mut self, frame: &mut Frame<'_>, nodes: &[Node]) {
        let before = frame.names.len();
        for node in nodes {
            self.node(frame, node);
        }
        frame.names.truncate(before);
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
                // What `x in list` is read as.
                if let ("contains", [list, _], [_, kind]) = (name.as_str(), arguments.as_slice(), &*kinds) {
                    self.one_of(frame, list, *kind);
                }
                let followed: Vec<Kind> = kinds
                    .iter()
                    .map(|kind| if kind.is_followed() { *kind } else { Kind::Other })
                    .collect();
                self.call(frame, alias, name, arguments, &followed, node.at);
            }
            What::Method { of, name, arguments } => {
                self.node(frame, of);
                let kinds = self.nodes(frame, arguments);
                if let ("contains", [kind]) = (name.as_str(), kinds.as_slice()) {
                    self.one_of(frame, of, *kind);
                }
                self.method(frame, name, arguments.len(), node.at);
            }
            What::Let { name, value, .. } => {
                let kind = self.node(frame, value);
                let kind = frame.kept(name, kind);
                frame.names.push((name.clone(), kind));
            }
            What::Assign { target, value } => {
                self.assign(frame, target);
                let kind = self.node(frame, value);
                if let What::Name(name) = &target.what {
                    let kind = frame.kept(name, kind);
                    frame.names.push((name.clone(), kind));
                }
            }
            What::Map(entries) => {
                for (_, _, value) in entries {
                    self.node(frame, value);
                }
                return Kind::Map;
            }
            What::List(parts) => {
                self.nodes(frame, parts);
                return Kind::List;
            }
            What::Parts(parts) => {
                self.nodes(frame, parts);
            }
            What::Operator { name, parts } => {
                let kinds = self.nodes(frame, parts);
                return self.operator(frame, name, parts, &kinds, node.at);
            }
            What::Logic(parts) => {
                for part in parts {
                    let kind = self.node(frame, part);
                    self.condition(frame, part, kind);
                }
                return Kind::Flag;
            }
            What::If {
                condition,
                then,
                other,
            } => {
                let kind = self.node(frame, condition);
                self.condition(frame, condition, kind);
                self.block(frame, then);
                self.block(frame, other);
            }
            What::Loop { head, body, .. } => {
                let before = frame.names.len();
                self.nodes(frame, head);
                self.block(frame, body);
                frame.names.truncate(before);
            }
            What::Switch { of, arms, .. } => {
                let kind = self.node(frame, of);
                self.cases(frame, kind, node.at);
                for arm in arms {
                    self.node(frame, &arm.condition);
                    self.node(frame, &arm.body);
                }
            }
            What::Try { body, catch } => {
                self.block(frame, body);
                self.block(frame, catch);
            }
            What::Block(block) => self.block(frame, block),
            What::Return(value) | What::Throw(value) | What::Leave { value, .. } => {
                if let Some(value) = value {
                    self.node(frame, value);
                }
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
            What::Text(_) => return Kind::Text,
            What::Literal(literal) => return of_literal(*literal),
            What::Constant { .. } => {}
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
    /// What is known of a variable for as long as it lives.
    fn kept(&self, name: &str, kind: Kind) -> Kind {
        if kind.is_followed() && !matches!(kind, Kind::Word(_)) || !self.changed.contains(name) {
            kind
        } else {
            Kind::Other
        }
    }

    fn kind_of(&self, name: &str) -> Kind {
        self.names
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map_or(Kind::Other, |(_, kind)| *kind)
    }
}

/// The variables of a function that are given another value somewhere.
fn changed(function: &Function) -> BTreeSet<String> {
    fn collect(node: &Node, out: &mut BTreeSet<String>) {
        if let What::Assign { target, .. } = &node.what
            && let What::Name(name) = &target.what
        {
            out.insert(name.clone());
        }
        node.for_each_part(&mut |part| collect(part, out));
    }
    let mut out = BTreeSet::new();
    for node in &function.body {
        collect(node, &mut out);
    }
    out
}

const fn of_literal(literal: Literal) -> Kind {
    match literal {
        Literal::Flag => Kind::Flag,
        Literal::Whole => Kind::Whole,
        Literal::Number => Kind::Number,
        Literal::Nothing => Kind::Nothing,
        Literal::Character | Literal::Item => Kind::Other,
    }
}

fn ticked(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

/// A script that calls itself in ever new ways is not followed for ever.
const MAX_WALKS: usize = 2_000;
