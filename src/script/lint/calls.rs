use super::Unit;
use super::kind::Kind;
use super::report;
use super::report::label;
use super::spelling;
use super::walk::Frame;
use super::walk::Walk;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::diagnostics::meant;
use crate::script::constructors::CONSTRUCTORS;
use crate::script::engine::FORBIDDEN;
use crate::script::foreign;
use crate::script::foreign::Foreign;
use crate::script::syntax::Function;
use crate::script::syntax::Node;
use crate::script::view;

impl Walk<'_> {
    /// Checks a call by name, and follows it into the helper.
    pub(super) fn call(
        &mut self,
        frame: &Frame<'_>,
        alias: &str,
        name: &str,
        arguments: &[Node],
        kinds: &[Kind],
        at: Position,
    ) {
        let arity = arguments.len();
        if !alias.is_empty() {
            self.call_library(frame, alias, name, kinds, at);
            return;
        }
        if let Some(function) = find(frame.unit, name, arity) {
            self.follow(frame, frame.unit, function, kinds);
            return;
        }
        if is_forbidden(name) {
            let place = label(frame.unit.file, at, name.chars().count(), "");
            self.report.push(report::forbidden(name, place));
            return;
        }
        if CONSTRUCTORS.contains(&(name, arity)) {
            self.constructor(frame, name, arguments, at);
            return;
        }
        self.unknown_or_wrong(frame, name, arity, 0, at);
    }

    /// Checks `of.name(…)`: a function of the engine takes what stands before the dot as its first argument, a
    /// function of the script gets it as `this`.
    pub(super) fn method(&mut self, frame: &Frame<'_>, name: &str, arguments: usize, at: Position) {
        if let Some(function) = find(frame.unit, name, arguments) {
            let nothing_known = vec![Kind::Other; arguments];
            self.follow(frame, frame.unit, function, &nothing_known);
        } else if is_forbidden(name) {
            let place = label(frame.unit.file, at, name.chars().count(), "");
            self.report.push(report::forbidden(name, place));
        } else {
            self.unknown_or_wrong(frame, name, arguments + 1, 1, at);
        }
    }

    fn call_library(&mut self, frame: &Frame<'_>, alias: &str, name: &str, kinds: &[Kind], at: Position) {
        let imports = &frame.unit.syntax.imports;
        let imported = imports.iter().find(|import| import.alias == alias);
        // An unknown alias or path is reported where it is imported, or by the parser.
        let path = imported.and_then(|import| import.path.as_ref());
        let Some(library) = path.and_then(|path| self.libraries.get(path)) else {
            return;
        };
        let unit = Unit::of(library);
        let public = || unit.syntax.functions.iter().filter(|function| !function.private);
        if let Some(function) = find(unit, name, kinds.len()).filter(|function| !function.private) {
            self.follow(frame, unit, function, kinds);
            return;
        }
        let arities: Vec<usize> = public()
            .filter(|function| function.name == name)
            .map(|function| function.parameters.len())
            .collect();
        let place = label(frame.unit.file, at, name.chars().count(), "");
        let found = if arities.is_empty() {
            let message = format!("`{}` has no function `{name}`", library.name);
            let unknown = Diagnostic::error(codes::SCRIPT_UNKNOWN_FUNCTION, message, place);
            match meant(name, public().map(|function| function.name.as_str())) {
                Some(near) => unknown
                    .help(format!("did you mean `{alias}::{}`?", near.word))
                    .fix(spelling::instead(frame.unit, at, name, near.word, near.certain)),
                None => {
                    let names: Vec<String> = public().map(|one| format!("`{alias}::{}`", one.name)).collect();
                    unknown.help(if names.is_empty() {
                        format!("{} has no function that can be called from outside", library.file)
                    } else {
                        format!("it has {}", names.join(", "))
                    })
                }
            }
        } else {
            wrong_arity(name, kinds.len(), &arities, place)
        };
        self.report.push(found);
    }

    fn follow(&mut self, frame: &Frame<'_>, unit: Unit<'_>, function: &Function, kinds: &[Kind]) {
        self.called.insert((
            unit.file.to_owned(),
            function.name.clone(),
            function.parameters.len(),
        ));
        if frame.hook.is_some() {
            self.function(unit, function, kinds, frame.hook);
        }
    }

    /// `before` is how many of the arguments stand before the dot.
    fn unknown_or_wrong(&mut self, frame: &Frame<'_>, name: &str, arity: usize, before: usize, at: Position) {
        let own: Vec<&Function> = frame.unit.syntax.functions.iter().collect();
        let mut arities: Vec<usize> = self
            .known
            .arities(name)
            .into_iter()
            .flatten()
            .filter_map(|known| known.checked_sub(before))
            .collect();
        if arities.contains(&(arity - before)) {
            return;
        }
        let same_name = own.iter().filter(|function| function.name == name);
        for function in same_name {
            // It is called, if wrongly; that nothing calls it would be told of the same mistake.
            let arity = function.parameters.len();
            self.called
                .insert((frame.unit.file.to_owned(), name.to_owned(), arity));
            arities.push(arity);
        }
        arities.sort_unstable();
        arities.dedup();
        let place = label(frame.unit.file, at, name.chars().count(), "");
        let found = if arities.is_empty() {
            let message = format!("there is no function `{name}`");
            let unknown = Diagnostic::error(codes::SCRIPT_UNKNOWN_FUNCTION, message, place);
            let foreign = foreign::function(name);
            let near = meant(name, CONSTRUCTORS.iter().map(|(name, _)| *name))
                .or_else(|| meant(name, own.iter().map(|function| function.name.as_str())))
                .or_else(|| meant(name, self.known.names()));
            match (near, foreign) {
                (Some(near), _) if near.certain => unknown
                    .help(format!("did you mean `{}`?", near.word))
                    .fix(spelling::instead(frame.unit, at, name, near.word, near.certain)),
                (_, Some(Foreign::Ours(ours))) => unknown
                    .help(format!("did you mean `{ours}`?"))
                    .fix(spelling::instead(frame.unit, at, name, ours, false)),
                (_, Some(Foreign::None(why))) => unknown.help(why),
                (_, None) if view::NOW.contains(&name) || view::FLOW.contains(&name) => {
                    unknown.help(format!("`{name}` is read without brackets, as in `flow.now.hour`"))
                }
                (Some(near), None) => unknown
                    .help(format!("did you mean `{}`?", near.word))
                    .fix(spelling::instead(frame.unit, at, name, near.word, near.certain)),
                (None, None) => unknown.help(
                    "write the function or import the file that has it; an answer is made with `tighten`, `refuse`, \
                     `stop` or `say`",
                ),
            }
        } else {
            wrong_arity(name, arity - before, &arities, place)
        };
        self.report.push(found);
    }
}

fn wrong_arity(name: &str, given: usize, arities: &[usize], place: crate::diagnostics::Label) -> Diagnostic {
    let allowed: Vec<String> = arities.iter().map(ToString::to_string).collect();
    let word = if arities == [1] { "argument" } else { "arguments" };
    let message = format!("`{name}` takes {} {word}, not {given}", allowed.join(" or "));
    let help = match name {
        "tighten" => "write `tighten(#{ assurance: \"high\" })`".to_owned(),
        "refuse" => "write `refuse(\"code\", #{ ar: \"…\", en: \"…\" })`".to_owned(),
        "stop" | "say" => format!("write `{name}(#{{ ar: \"…\", en: \"…\" }})`"),
        _ => format!("pass {} {word} between the brackets", allowed.join(" or ")),
    };
    Diagnostic::error(codes::SCRIPT_WRONG_ARITY, message, place).help(help)
}

fn find<'a>(unit: Unit<'a>, name: &str, arity: usize) -> Option<&'a Function> {
    let is_it = |function: &&Function| function.name == name && function.parameters.len() == arity;
    unit.syntax.functions.iter().find(is_it)
}

fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.contains(&name) || ABSENT.contains(&name)
}

/// Functions that people know from elsewhere; there are none here, and the reason helps more than "unknown".
const ABSENT: [&str; 3] = ["sleep", "timestamp", "exit"];
