use std::collections::BTreeSet;

use super::Unit;
use super::report::label;
use super::walk::Walk;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::script::syntax::Function;
use crate::script::syntax::Node;
use crate::script::syntax::What;

impl Walk<'_> {
    /// Variables that nothing reads, and those that hide a parameter.
    pub(super) fn names(&mut self, unit: Unit<'_>, function: &Function) {
        let mut names = Names::default();
        for node in body(function) {
            names.collect(node, false);
        }
        for (name, at) in &names.declared {
            if function.parameters.contains(name) {
                let message = format!("`{name}` hides the parameter of the same name");
                let help = "give the variable another name";
                self.warn(unit, codes::SCRIPT_HIDDEN_NAME, *at, name, message, help);
            } else if !names.read.contains(name) && !name.starts_with('_') {
                let message = format!("nothing reads `{name}`");
                let help = "use it or remove it; a name that begins with `_` is left alone";
                self.warn(unit, codes::SCRIPT_UNUSED_VARIABLE, *at, name, message, help);
            }
        }
    }

    /// Constants of a script that nothing reads. Those of a library can be read from outside.
    pub(super) fn unused_constants(&mut self, unit: Unit<'_>) {
        let mut names = Names::default();
        for node in unit.syntax.functions.iter().flat_map(body) {
            names.collect(node, false);
        }
        let mut own = Names::default();
        for node in &unit.syntax.globals {
            // A variable out here is an error of its own.
            if matches!(node.what, What::Let { constant: true, .. }) {
                own.collect(node, false);
            }
        }
        for (name, at) in &own.declared {
            if !names.read.contains(name) && !own.read.contains(name) && !name.starts_with('_') {
                let message = format!("nothing reads `{name}`");
                let help = format!("remove it, or read it in a function as `global::{name}`");
                self.warn(unit, codes::SCRIPT_UNUSED_VARIABLE, *at, name, message, &help);
            }
        }
    }

    /// Imports that nothing uses.
    pub(super) fn unused_imports(&mut self, unit: Unit<'_>) {
        let mut names = Names::default();
        for node in unit.syntax.functions.iter().flat_map(body) {
            names.collect(node, false);
        }
        for import in &unit.syntax.imports {
            let known = import
                .path
                .as_ref()
                .is_some_and(|path| self.libraries.contains_key(path));
            if known && !names.aliases.contains(&import.alias) {
                let message = format!("nothing uses the import `{}`", import.alias);
                let help = "remove the line, or call one of its functions";
                self.warn(
                    unit,
                    codes::SCRIPT_UNUSED_IMPORT,
                    import.at,
                    "import",
                    message,
                    help,
                );
            }
        }
    }

    fn warn(
        &mut self,
        unit: Unit<'_>,
        code: &'static str,
        at: Position,
        name: &str,
        message: String,
        help: &str,
    ) {
        let place = label(unit.file, at, name.chars().count(), "");
        self.report
            .push(Diagnostic::warning(code, message, place).help(help));
    }
}

fn body(function: &Function) -> impl Iterator<Item = &Node> {
    let closures = function.closures.iter().flat_map(|closure| &closure.body);
    function.body.iter().chain(closures)
}

/// The names of a function.
#[derive(Default)]
struct Names {
    /// Variables and constants, but for those that a loop gives.
    declared: Vec<(String, Position)>,
    read: BTreeSet<String>,
    aliases: BTreeSet<String>,
}

impl Names {
    fn collect(&mut self, node: &Node, in_loop_head: bool) {
        match &node.what {
            What::Name(name) => {
                self.read.insert(name.clone());
            }
            What::Constant { alias, name } => {
                self.read.insert(name.clone());
                self.aliases.insert(alias.clone());
            }
            What::Call { alias, .. } => {
                self.aliases.insert(alias.clone());
            }
            What::Capture(names) => self.read.extend(names.iter().cloned()),
            What::Let { name, name_at, .. } if !in_loop_head => self.declared.push((name.clone(), *name_at)),
            _ => {}
        }
        if let What::Assign { target, value } = &node.what {
            // What is only written to is not read.
            if !matches!(target.what, What::Name(_)) {
                self.collect(target, false);
            }
            self.collect(value, false);
            return;
        }
        if let What::Loop { head, body, .. } = &node.what {
            for part in head {
                self.collect(part, true);
            }
            for part in body {
                self.collect(part, false);
            }
            return;
        }
        node.for_each_part(&mut |part| self.collect(part, false));
    }
}
