//! Where a function goes: what is never reached, answers that are made and thrown away, ways that end without a value.

use std::collections::BTreeSet;

use super::Unit;
use super::report::label;
use super::spelling;
use super::walk::Walk;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::script::constructors::CONSTRUCTORS;
use crate::script::hook::Hook;
use crate::script::syntax::Function;
use crate::script::syntax::Literal;
use crate::script::syntax::Node;
use crate::script::syntax::What;

impl Walk<'_> {
    /// Checks the ways through a function.
    pub(super) fn paths(&mut self, unit: Unit<'_>, function: &Function) {
        let mut paths = Paths {
            walk: self,
            unit,
            returns_value: false,
        };
        let end = paths.block(&function.body, true);
        for closure in &function.closures {
            paths.block(&closure.body, true);
        }
        let is_hook = Hook::from_name(&function.name).is_some();
        let returns_value = paths.returns_value || end == Way::Partly;
        if !is_hook && returns_value && matches!(end, Way::Nothing | Way::Partly) {
            let message = format!(
                "`{}` returns a value on some ways and nothing on others",
                function.name
            );
            let width = function.name.chars().count();
            let help = "end it with a value for the case that none of its conditions holds";
            self.report.push(
                Diagnostic::warning(
                    codes::SCRIPT_NO_VALUE,
                    message,
                    label(unit.file, function.at, width, ""),
                )
                .help(help),
            );
        }
    }

    /// Whether a call can give an answer that a hook may return.
    fn answers(
        &self,
        unit: Unit<'_>,
        alias: &str,
        name: &str,
        arity: usize,
        seen: &mut BTreeSet<(String, String, usize)>,
    ) -> bool {
        let (unit, function) = if alias.is_empty() {
            if CONSTRUCTORS.contains(&(name, arity)) {
                return true;
            }
            (unit, find(unit, name, arity))
        } else {
            let imports = &unit.syntax.imports;
            let path = imports
                .iter()
                .find(|import| import.alias == alias)
                .and_then(|import| import.path.as_ref());
            let Some(library) = path.and_then(|path| self.libraries.get(path)) else {
                return false;
            };
            let unit = Unit::of(library);
            (unit, find(unit, name, arity))
        };
        let Some(function) = function else {
            return false;
        };
        if !seen.insert((unit.file.to_owned(), name.to_owned(), arity)) {
            return false;
        }
        let mut values = Vec::new();
        ends(&function.body, true, &mut values);
        values.iter().any(|value| match &value.what {
            What::Call {
                alias,
                name,
                arguments,
            } => self.answers(unit, alias, name, arguments.len(), seen),
            _ => false,
        })
    }
}

fn find<'a>(unit: Unit<'a>, name: &str, arity: usize) -> Option<&'a Function> {
    let is_it = |function: &&Function| function.name == name && function.parameters.len() == arity;
    unit.syntax.functions.iter().find(is_it)
}

/// Every value with which a piece of a function can end it.
pub(super) fn ends<'n>(nodes: &'n [Node], is_last: bool, out: &mut Vec<&'n Node>) {
    for (index, node) in nodes.iter().enumerate() {
        let is_last = is_last && index + 1 == nodes.len();
        match &node.what {
            What::Return(Some(value)) => ends(std::slice::from_ref(&**value), true, out),
            What::If { then, other, .. } => {
                ends(then, is_last, out);
                ends(other, is_last, out);
            }
            What::Switch { arms, .. } => {
                for arm in arms {
                    ends(std::slice::from_ref(&arm.body), is_last, out);
                }
            }
            What::Block(block) => ends(block, is_last, out),
            What::Loop { body, .. } => ends(body, false, out),
            What::Try { body, catch } => {
                ends(body, is_last, out);
                ends(catch, is_last, out);
            }
            _ if is_last => out.push(node),
            _ => {}
        }
    }
}

/// How a piece ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It is left: `return`, `throw`, `break`, `continue`.
    Left,
    /// With an answer of a constructor.
    Answer,
    /// With `()`, on purpose.
    Unit,
    /// With another value.
    Value,
    /// With a value on some ways, and nothing on others.
    Partly,
    /// With nothing.
    Nothing,
}

struct Paths<'w, 'a, 'u> {
    walk: &'w mut Walk<'a>,
    unit: Unit<'u>,
    /// Whether `return` gives a value that is no answer.
    returns_value: bool,
}

impl Paths<'_, '_, '_> {
    /// Follows a block; `is_used` says whether its last value is.
    fn block(&mut self, nodes: &[Node], is_used: bool) -> Way {
        let mut way = Way::Nothing;
        for (index, node) in nodes.iter().enumerate() {
            if way == Way::Left {
                self.warn(
                    codes::SCRIPT_UNREACHABLE,
                    node.start(),
                    "this is never reached",
                    "remove it, or move it before the line that leaves",
                );
                break;
            }
            way = self.node(node, is_used && index + 1 == nodes.len());
        }
        way
    }

    fn node(&mut self, node: &Node, is_used: bool) -> Way {
        match &node.what {
            What::Return(value) => {
                let kind = value.as_ref().map(|value| self.node(value, true));
                self.returns_value |= matches!(kind, Some(Way::Value | Way::Partly));
                Way::Left
            }
            What::Throw(value) => {
                self.inside(value.as_deref());
                Way::Left
            }
            What::Leave { value, .. } => {
                self.inside(value.as_deref());
                Way::Left
            }
            What::If {
                condition,
                then,
                other,
            } => {
                self.inside(Some(condition));
                let ways = [self.block(then, is_used), self.block(other, is_used)];
                let has_other = !other.is_empty();
                self.branches(
                    &ways,
                    &[first(then, node.at), first(other, node.at)],
                    is_used && has_other,
                );
                together(&ways)
            }
            What::Switch {
                of,
                arms,
                has_default,
            } => {
                self.inside(Some(of));
                let mut ways = Vec::new();
                for arm in arms {
                    self.inside(Some(&arm.condition));
                    ways.push(self.node(&arm.body, is_used));
                }
                let places: Vec<Position> = arms.iter().map(|arm| arm.body.start()).collect();
                self.branches(&ways, &places, is_used);
                if !has_default {
                    ways.push(Way::Nothing);
                }
                together(&ways)
            }
            What::Loop { head, body, endless } => {
                for part in head {
                    self.inside(Some(part));
                }
                self.block(body, false);
                if *endless && !breaks(body) {
                    Way::Left
                } else {
                    Way::Nothing
                }
            }
            What::Try { body, catch } => {
                let ways = [self.block(body, is_used), self.block(catch, is_used)];
                together(&ways)
            }
            What::Block(block) => self.block(block, is_used),
            What::Call {
                alias,
                name,
                arguments,
            } => {
                for argument in arguments {
                    self.inside(Some(argument));
                }
                if !self
                    .walk
                    .answers(self.unit, alias, name, arguments.len(), &mut BTreeSet::new())
                {
                    return Way::Value;
                }
                if !is_used {
                    self.lost(name, alias, arguments.len(), node.at);
                }
                Way::Answer
            }
            What::Let { value, .. } => {
                self.inside(Some(value));
                Way::Nothing
            }
            What::Assign { value, .. } => {
                self.inside(Some(value));
                Way::Nothing
            }
            What::Literal(Literal::Nothing) => Way::Unit,
            What::Import { .. } | What::Export | What::Capture(_) => Way::Nothing,
            _ => {
                node.for_each_part(&mut |part| self.inside(Some(part)));
                Way::Value
            }
        }
    }

    /// A value that is used by what it stands in.
    fn inside(&mut self, node: Option<&Node>) {
        if let Some(node) = node {
            self.node(node, true);
        }
    }

    /// Where some branches answer, one that runs to its end without a value was probably forgotten.
    fn branches(&mut self, ways: &[Way], places: &[Position], is_used: bool) {
        if !is_used || !ways.contains(&Way::Answer) {
            return;
        }
        for (way, at) in ways.iter().zip(places) {
            if *way == Way::Nothing {
                self.warn(
                    codes::SCRIPT_NO_VALUE,
                    *at,
                    "this branch returns nothing where others answer",
                    "return an answer, or end the branch with `()` if there is no objection",
                );
            }
        }
    }

    fn lost(&mut self, name: &str, alias: &str, arity: usize, at: Position) {
        let is_constructor = alias.is_empty() && CONSTRUCTORS.contains(&(name, arity));
        let message = format!("the answer of `{name}` is made and thrown away");
        let (help, fix) = if is_constructor {
            (
                format!("write `return {name}(…);`"),
                spelling::before(self.unit, at, "return ", true),
            )
        } else {
            (
                format!("write `let answer = {name}(…); if answer != () {{ return answer; }}`"),
                None,
            )
        };
        let place = label(self.unit.file, at, name.chars().count(), "");
        self.walk.report.push(
            Diagnostic::error(codes::SCRIPT_ANSWER_LOST, message, place)
                .help(help)
                .fix(fix),
        );
    }

    fn warn(&mut self, code: &'static str, at: Position, message: &str, help: &str) {
        let place = label(self.unit.file, at, 1, "");
        self.walk
            .report
            .push(Diagnostic::warning(code, message, place).help(help));
    }
}

fn first(nodes: &[Node], otherwise: Position) -> Position {
    nodes.first().map_or(otherwise, Node::start)
}

/// How several ways end as one.
fn together(ways: &[Way]) -> Way {
    let has = |way| ways.contains(&way);
    let open = has(Way::Nothing) || has(Way::Partly);
    if ways.iter().all(|way| *way == Way::Left) {
        Way::Left
    } else if has(Way::Value) || has(Way::Partly) {
        if open { Way::Partly } else { Way::Value }
    } else if has(Way::Answer) {
        Way::Answer
    } else if has(Way::Nothing) {
        Way::Nothing
    } else {
        Way::Unit
    }
}

/// Whether a loop is left from inside, not counting loops in it.
fn breaks(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match &node.what {
        What::Leave { ends_loop, .. } => *ends_loop,
        What::Loop { .. } => false,
        _ => {
            let mut found = false;
            node.for_each_part(&mut |part| found |= breaks(std::slice::from_ref(part)));
            found
        }
    })
}
