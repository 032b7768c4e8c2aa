use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::LazyLock;

use rhai::AST;
use rhai::Engine;
use rhai::EvalAltResult;

use super::budget::with_budget;
use super::bundle;
use super::bundle::Library;
use super::engine;
use super::facts::Declared;
use super::hook::Hook;
use super::lint;
use super::lint::Known;
use super::program::Script;
use super::refused::refused;
use super::syntax::Syntax;
use super::worker;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::policy::Outline;
use crate::policy::Service;

/// Parses, lints and binds scripts, on an engine of its own: never on one that serves.
pub struct Compiler {
    engine: Engine,
    known: &'static Known,
    /// Libraries that have been tried together, by their names in order.
    tried: HashSet<Vec<String>>,
}

impl Default for Compiler {
    fn default() -> Self {
        // Every engine is built alike, so what the first one knows they all know.
        static KNOWN: LazyLock<Known> = LazyLock::new(|| Known::of(&engine::build()));
        Self {
            engine: engine::build(),
            known: &KNOWN,
            tried: HashSet::new(),
        }
    }
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Compiler")
    }
}

/// A script that could be parsed, with the libraries that it needs.
type Parsed = (Syntax, Vec<Arc<Library>>);

impl Compiler {
    /// Parses a file below `scripts/lib/`. What its functions call is checked by [`Compiler::check_library`],
    /// once all libraries are there.
    ///
    /// # Errors
    /// What prevents parsing.
    pub fn library(&self, file: &str, text: &Arc<str>) -> Result<Library, Diagnostic> {
        let (_, syntax) = self.parse(file, text)?;
        Ok(Library {
            name: Library::name_of(file).unwrap_or(file).to_owned(),
            file: file.to_owned(),
            text: Arc::clone(text),
            syntax,
        })
    }

    /// Checks what can be checked of a library without knowing the service that uses it.
    pub fn check_library(
        &self,
        library: &Library,
        libraries: &BTreeMap<String, Arc<Library>>,
    ) -> Diagnostics {
        let mut found = lint::library(self.known, library, libraries);
        if let Err(name) = bundle::in_order(&library.syntax, libraries) {
            found.push(circle(&library.file, &library.syntax, &name));
        }
        found
    }

    /// Parses and lints the script of a service.
    ///
    /// The script is there if nothing found is an error.
    pub fn script(
        &mut self,
        file: &str,
        text: &Arc<str>,
        libraries: &BTreeMap<String, Arc<Library>>,
        service: &Service,
    ) -> (Option<Script>, Diagnostics) {
        let outline = Outline::of(service);
        let (parsed, mut found) = self.parse_and_lint(file, text, libraries, Some(&outline));
        let Some((syntax, needed)) = parsed.filter(|_| !found.has_errors()) else {
            return (None, found);
        };
        let declared = declared(service, text, &needed);
        let script = Script::new(file, text, needed, hooks(&syntax), declared);
        // With what a serving thread will do, so that nothing can fail there that was not seen here. The script
        // itself has just been compiled by the same rules; what is left are the libraries, together.
        if let Err(error) = self.try_libraries(&script.libraries) {
            let place = crate::policy::Place {
                file: file.to_owned(),
                line: 1,
                column: 1,
            };
            let fault = script.fault(&error, place);
            let at = Position {
                line: fault.place.line,
                column: fault.place.column,
            };
            found.push(
                Diagnostic::error(
                    codes::SCRIPT_LIMITS,
                    fault.message,
                    lint::label(&fault.place.file, at, 1, ""),
                )
                .help(fault.remedy),
            );
            return (None, found);
        }
        (Some(script), found)
    }

    /// Finds what is wrong with the script of a service that does not load itself. Of what the service declares
    /// only that counts which could be read.
    pub fn mistakes(
        &self,
        file: &str,
        text: &Arc<str>,
        libraries: &BTreeMap<String, Arc<Library>>,
        service: Option<&Outline>,
    ) -> Diagnostics {
        self.parse_and_lint(file, text, libraries, service).1
    }

    fn parse_and_lint(
        &self,
        file: &str,
        text: &Arc<str>,
        libraries: &BTreeMap<String, Arc<Library>>,
        service: Option<&Outline>,
    ) -> (Option<Parsed>, Diagnostics) {
        let mut found = Diagnostics::default();
        let syntax = match self.parse(file, text) {
            Ok((_, syntax)) => syntax,
            Err(error) => {
                found.push(error);
                return (None, found);
            }
        };
        found.extend(lint::script(self.known, file, text, &syntax, libraries, service));
        match bundle::in_order(&syntax, libraries) {
            Ok(needed) => (Some((syntax, needed)), found),
            Err(name) => {
                found.push(circle(file, &syntax, &name));
                (None, found)
            }
        }
    }

    /// Compiles and evaluates libraries together, once for each such set.
    fn try_libraries(&mut self, libraries: &[Arc<Library>]) -> Result<(), Box<EvalAltResult>> {
        let names: Vec<String> = libraries.iter().map(|library| library.name.clone()).collect();
        if !names.is_empty() && !self.tried.contains(&names) {
            with_budget(|| worker::modules(&mut self.engine, libraries))?;
            self.tried.insert(names);
        }
        Ok(())
    }

    fn parse(&self, file: &str, text: &Arc<str>) -> Result<(AST, Syntax), Diagnostic> {
        if text.len() > MAX_SCRIPT {
            let message = format!("the script is larger than {MAX_SCRIPT} bytes");
            return Err(
                Diagnostic::error(codes::SCRIPT_LIMITS, message, lint::label(file, START, 1, ""))
                    .help("move helpers into scripts/lib/, or say more in YAML"),
            );
        }
        let ast = self
            .engine
            .compile(&**text)
            .map_err(|error| refused(file, text, &error))?;
        let syntax = Syntax::read(&ast, text);
        // A file that was not saved whole must not take away every rule that stood in it.
        if syntax.functions.is_empty() && syntax.globals.is_empty() {
            let label = lint::label(file, START, 1, "");
            return Err(
                Diagnostic::error(codes::EMPTY_FILE, "there is nothing in the script", label)
                    .help("write a hook such as `fn plan(flow) { … }`, or remove the file and the `script:` that names it"),
            );
        }
        Ok((ast, syntax))
    }
}

fn hooks(syntax: &Syntax) -> [Option<Position>; Hook::ALL.len()] {
    Hook::ALL.map(|hook| {
        let is_it = |function: &&super::syntax::Function| {
            function.name == hook.name() && function.parameters.len() == 1
        };
        syntax.functions.iter().find(is_it).map(|function| function.at)
    })
}

fn declared(service: &Service, text: &str, libraries: &[Arc<Library>]) -> Declared {
    let mentioned =
        |name: &str| text.contains(name) || libraries.iter().any(|library| library.text.contains(name));
    Declared {
        inputs: service.inputs.keys().cloned().collect(),
        fields: service
            .fields
            .iter()
            .map(|declared| declared.field.name())
            .map(|name| {
                let mentioned = mentioned(name.as_str());
                (name, mentioned)
            })
            .collect(),
    }
}

fn circle(file: &str, syntax: &Syntax, name: &str) -> Diagnostic {
    let at = syntax.imports.first().map_or(START, |import| import.at);
    Diagnostic::error(
        codes::SCRIPT_UNKNOWN_IMPORT,
        format!("the imports lead back to `{name}`, or are more than eight deep"),
        lint::label(file, at, 6, ""),
    )
    .help("move what both files need into a third file in scripts/lib/")
}

const START: Position = Position { line: 1, column: 1 };
const MAX_SCRIPT: usize = 64 * 1024;
