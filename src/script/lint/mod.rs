//! What the engine finds only when a line runs, found when it is loaded: unknown functions, wrong numbers of
//! arguments, unknown imports, misspelt hooks, undeclared fields and inputs, wrong values in constructors.

mod calls;
mod compare;
mod constructors;
mod kind;
mod known;
mod names;
mod paths;
mod reads;
mod report;
mod spelling;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bundle::Library;
use super::constructors::CONSTRUCTORS;
use super::hook::Hook;
use super::syntax::Function;
use super::syntax::Syntax;
use super::syntax::What;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Meant;
use crate::diagnostics::Position;
use crate::diagnostics::byte_at;
use crate::diagnostics::codes;
use crate::diagnostics::meant;
use crate::diagnostics::position_at;
use crate::policy::Outline;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use kind::Kind;
use walk::Walk;

pub(super) use known::Known;
pub(super) use report::forbidden;
pub(super) use report::label;

/// One file under the lint.
#[derive(Clone, Copy)]
struct Unit<'a> {
    file: &'a str,
    text: &'a str,
    syntax: &'a Syntax,
}

impl<'a> Unit<'a> {
    fn of(library: &'a Library) -> Self {
        Self {
            file: &library.file,
            text: &library.text,
            syntax: &library.syntax,
        }
    }
}

/// Lints a library by itself. What its functions read of a `flow` is linted with the scripts that hand them one.
pub(super) fn library(
    known: &Known,
    library: &Library,
    libraries: &BTreeMap<String, Arc<Library>>,
) -> Diagnostics {
    let unit = Unit::of(library);
    let mut walk = Walk::new(known, libraries, None);
    file(&mut walk, unit);
    for function in library
        .syntax
        .functions
        .iter()
        .filter(|function| function.private)
    {
        hook_or_helper(&mut walk, unit, function);
    }
    walk.report.into_diagnostics()
}

/// Lints the script of a service, and the libraries as far as it hands them its `flow`.
pub(super) fn script(
    known: &Known,
    path: &str,
    text: &str,
    syntax: &Syntax,
    libraries: &BTreeMap<String, Arc<Library>>,
    service: Option<&Outline>,
) -> Diagnostics {
    let unit = Unit {
        file: path,
        text,
        syntax,
    };
    let mut walk = Walk::new(known, libraries, service);
    file(&mut walk, unit);
    walk.unused_constants(unit);
    walk.called.clear();
    for function in &syntax.functions {
        if let Some(hook) = Hook::from_name(&function.name).filter(|_| function.parameters.len() == 1) {
            walk.hook(unit, function, hook);
        }
    }
    for function in &syntax.functions {
        hook_or_helper(&mut walk, unit, function);
    }
    walk.report.into_diagnostics()
}

fn file(walk: &mut Walk<'_>, unit: Unit<'_>) {
    for import in &unit.syntax.imports {
        let Some(path) = &import.path else {
            let message = "the path of an import is not written out";
            walk.report.error(
                codes::SCRIPT_UNKNOWN_IMPORT,
                unit.file,
                import.at,
                6,
                message,
                |found| found.help("write `import \"lib/…\" as …;` with the name of a file in scripts/lib/"),
            );
            continue;
        };
        if !walk.libraries.contains_key(path) {
            let message = format!("there is no `{path}` to import");
            let known: Vec<&str> = walk.libraries.keys().map(String::as_str).collect();
            let bare = path.strip_suffix(".rhai").unwrap_or(path);
            let whole = known
                .iter()
                .find(|name| **name == bare || name.strip_prefix("lib/") == Some(bare));
            let near = whole
                .map(|word| Meant { word, certain: true })
                .or_else(|| meant(path, known.iter().copied()));
            let fix = near.and_then(|near| {
                let quoted = |path: &str| format!("\"{path}\"");
                let behind = behind_import(unit, import.at)?;
                spelling::instead(unit, behind, &quoted(path), &quoted(near.word), near.certain)
            });
            let help = match near {
                Some(near) => format!("did you mean `{}`?", near.word),
                None => "imports come from scripts/lib/ only: `import \"lib/hours\" as hours;`".to_owned(),
            };
            walk.report.error(
                codes::SCRIPT_UNKNOWN_IMPORT,
                unit.file,
                import.at,
                6,
                message,
                |found| found.help(help).fix(fix),
            );
        }
    }
    walk.unused_imports(unit);
    for node in &unit.syntax.globals {
        match &node.what {
            What::Import { .. } => {}
            What::Let {
                value,
                constant: true,
                ..
            } => walk.expression(unit, value),
            _ => {
                let message = "only imports, constants and functions stand outside of functions";
                walk.report.error(
                    codes::SCRIPT_FORBIDDEN_SYMBOL,
                    unit.file,
                    node.at,
                    1,
                    message,
                    |found| found.help("move it into a function, or make it a `const`"),
                );
            }
        }
    }
    for function in &unit.syntax.functions {
        if CONSTRUCTORS.iter().any(|(name, _)| *name == function.name) {
            let message = format!("`{}` is a constructor and can't be defined anew", function.name);
            let width = function.name.len();
            walk.report.error(
                codes::SCRIPT_FORBIDDEN_SYMBOL,
                unit.file,
                function.at,
                width,
                message,
                |found| found.help("give the function another name"),
            );
        }
        let nothing_known = vec![Kind::Other; function.parameters.len()];
        walk.function(unit, function, &nothing_known, None);
        walk.names(unit, function);
        walk.paths(unit, function);
    }
}

/// Where the path stands behind an `import`.
fn behind_import(unit: Unit<'_>, at: Position) -> Option<Position> {
    let start = byte_at(unit.text, at)?;
    let after = unit.text.get(start..)?.strip_prefix("import")?;
    let path = after.trim_start();
    Some(position_at(unit.text, unit.text.len() - path.len()))
}

fn hook_or_helper(walk: &mut Walk<'_>, unit: Unit<'_>, function: &Function) {
    let name = &function.name;
    let width = name.chars().count();
    let arity = function.parameters.len();
    if walk.called.contains(&(unit.file.to_owned(), name.clone(), arity)) {
        return;
    }
    if Hook::from_name(name).is_some() {
        if arity != 1 {
            let message = format!("the hook `{name}` takes one parameter, not {arity}");
            walk.report.error(
                codes::SCRIPT_UNKNOWN_HOOK,
                unit.file,
                function.at,
                width,
                message,
                |found| found.help(format!("write `fn {name}(flow)`")),
            );
        }
        return;
    }
    let hooks = Hook::ALL.map(Hook::name);
    let near = meant(name, hooks).or_else(|| other_hook(name, arity));
    if let Some(near) = near.filter(|_| walk.service.is_some()) {
        let message = format!("nothing calls `{name}`; it is no hook");
        let is_there = unit.syntax.functions.iter().any(|other| other.name == near.word);
        let certain = near.certain && arity == 1 && !is_there;
        let fix = spelling::instead(unit, function.at, name, near.word, certain);
        walk.report.error(
            codes::SCRIPT_UNKNOWN_HOOK,
            unit.file,
            function.at,
            width,
            message,
            |found| {
                found
                    .help(format!("did you mean `fn {}(flow)`?", near.word))
                    .fix(fix)
            },
        );
        return;
    }
    let place = label(unit.file, function.at, width, "");
    walk.report.push(
        Diagnostic::warning(
            codes::SCRIPT_UNUSED_HELPER,
            format!("nothing calls `{name}`"),
            place,
        )
        .help(format!(
            "call it or remove it; midflow itself calls {} and nothing else",
            hooks.map(|hook| format!("`{hook}`")).join(", ")
        )),
    );
}

/// The hook for an outcome by another name: a leaf code, or what other systems call the class. A helper may be called so
/// too, but it is called by something.
fn other_hook(name: &str, arity: usize) -> Option<Meant<'static>> {
    let leaf = Outcome::ALL.into_iter().find(|outcome| {
        outcome
            .code()
            .split_once('.')
            .is_some_and(|(_, leaf)| leaf == name)
    });
    let class = leaf.map(Outcome::class).map(OutcomeClass::as_str);
    let (word, _) = OTHER_HOOKS
        .iter()
        .find(|(hook, others)| others.contains(&name) || class == Some(*hook))?;
    (arity == 1).then_some(Meant { word, certain: false })
}

const OTHER_HOOKS: [(&str, &[&str]); 6] = [
    (
        "plan",
        &["start", "before", "init", "prepare", "on_start", "request"],
    ),
    (
        "approved",
        &[
            "success",
            "accepted",
            "on_success",
            "verified",
            "succeeded",
            "after",
            "granted",
        ],
    ),
    (
        "declined",
        &[
            "rejected",
            "denied",
            "refused",
            "on_reject",
            "on_denied",
            "cancelled",
        ],
    ),
    (
        "timeout",
        &["expired", "timed_out", "no_answer", "on_timeout", "on_expired"],
    ),
    (
        "error",
        &[
            "failed",
            "failure",
            "on_error",
            "on_failure",
            "exception",
            "catch",
        ],
    ),
    ("other", &["default", "otherwise", "fallback", "unknown"]),
];

#[cfg(test)]
mod tests;
