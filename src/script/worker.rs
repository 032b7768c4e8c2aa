use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Weak;

use rhai::AST;
use rhai::CallFnOptions;
use rhai::Dynamic;
use rhai::Engine;
use rhai::EvalAltResult;
use rhai::Module;
use rhai::Scope;
use rhai::module_resolvers::DummyModuleResolver;
use rhai::module_resolvers::StaticModuleResolver;

use super::answer::Answer;
use super::budget::with_budget;
use super::bundle::Library;
use super::coverage;
use super::engine;
use super::fault::ScriptFault;
use super::fault::kind_words;
use super::hook::Hook;
use super::program::Script;
use super::trace;
use super::view::Flow;
use crate::policy::Place;

/// Calls a hook on the engine of this thread.
///
/// The worker is taken out while it works, so a panic throws it away and the next call makes a new one.
pub(super) fn call(
    script: &Arc<Script>,
    hook: Hook,
    flow: Flow,
    at: &Place,
) -> Result<Option<Answer>, ScriptFault> {
    let taken = WORKER.try_with(|worker| worker.borrow_mut().take());
    let mut worker: Box<Worker> = taken.ok().flatten().unwrap_or_default();
    let answer = worker.call(script, hook, flow, at);
    // Fails only while the thread ends; then the worker ends with it.
    let _ = WORKER.try_with(|cell| cell.borrow_mut().replace(worker));
    answer
}

/// Compiles a script with its libraries, so that it holds everything it imports.
fn compile(engine: &mut Engine, script: &Script) -> Result<AST, Box<EvalAltResult>> {
    let ast = modules(engine, &script.libraries).and_then(|modules| {
        engine.set_module_resolver(modules);
        engine.compile_into_self_contained(&Scope::new(), &*script.text)
    });
    engine.set_module_resolver(DummyModuleResolver::new());
    let mut ast = ast?;
    ast.set_source(script.file.as_str());
    Ok(ast)
}

/// Compiles and evaluates libraries, each after those that it needs. Leaves the engine without modules.
pub(super) fn modules(
    engine: &mut Engine,
    libraries: &[Arc<Library>],
) -> Result<StaticModuleResolver, Box<EvalAltResult>> {
    let mut resolver = StaticModuleResolver::new();
    let made = libraries.iter().try_for_each(|library| {
        let mut ast = engine.compile(&*library.text)?;
        ast.set_source(library.file.as_str());
        let module = Module::eval_ast_as_new(Scope::new(), &ast, engine)?;
        resolver.insert(library.name.as_str(), module);
        engine.set_module_resolver(resolver.clone());
        Ok(())
    });
    engine.set_module_resolver(DummyModuleResolver::new());
    made.map(|()| resolver)
}

/// The engine of one thread and its own copies of scripts.
struct Worker {
    engine: Engine,
    /// Made when somebody records which lines are run.
    recording: Option<Engine>,
    /// Made when somebody wants to know what is compared.
    tracing: Option<Engine>,
    copies: HashMap<u64, Copy>,
    calls: u64,
}

struct Copy {
    ast: AST,
    has_globals: bool,
    last_call: u64,
    /// Gone once the last catalog that holds the script is gone.
    script: Weak<Script>,
}

impl Default for Worker {
    fn default() -> Self {
        Self {
            engine: engine::build(),
            recording: None,
            tracing: None,
            copies: HashMap::new(),
            calls: 0,
        }
    }
}

impl Worker {
    fn call(
        &mut self,
        script: &Arc<Script>,
        hook: Hook,
        flow: Flow,
        at: &Place,
    ) -> Result<Option<Answer>, ScriptFault> {
        self.calls += 1;
        // The first call on a thread compiles; that has a budget of its own.
        let prepared = with_budget(|| self.prepare(script));
        let called = prepared.and_then(|()| {
            with_budget(|| {
                let Some(copy) = self.copies.get_mut(&script.id) else {
                    return Err("no copy of the script".into());
                };
                copy.last_call = self.calls;
                let options = CallFnOptions::new().eval_ast(copy.has_globals);
                let mut scope = Scope::new();
                let engine = if trace::is_tracing() {
                    trace::begin(&flow.0);
                    self.tracing.get_or_insert_with(trace::tracing_engine)
                } else if coverage::is_recording() {
                    self.recording.get_or_insert_with(coverage::recording_engine)
                } else {
                    &mut self.engine
                };
                engine.call_fn_with_options::<Dynamic>(options, &mut scope, &copy.ast, hook.name(), (flow,))
            })
        });
        let value = called.map_err(|error| script.fault(&error, at.clone()))?;
        if value.is_unit() {
            return Ok(None);
        }
        let kind = kind_words(value.type_name());
        value.try_cast::<Answer>().map(Some).ok_or_else(|| {
            let message = format!("`fn {}` returned {kind}, which no constructor made", hook.name());
            let makers: Vec<_> = hook
                .constructors()
                .iter()
                .map(|name| format!("`{name}`"))
                .collect();
            let remedy = format!("return what {} makes, or nothing", makers.join(" or "));
            ScriptFault::new(at.clone(), message).remedy(remedy)
        })
    }

    fn prepare(&mut self, script: &Arc<Script>) -> Result<(), Box<EvalAltResult>> {
        if self.copies.contains_key(&script.id) {
            return Ok(());
        }
        self.make_room();
        let ast = compile(&mut self.engine, script)?;
        let copy = Copy {
            has_globals: !ast.statements().is_empty(),
            ast,
            last_call: self.calls,
            script: Arc::downgrade(script),
        };
        self.copies.insert(script.id, copy);
        Ok(())
    }

    /// Drops a few copies whose catalog is gone, and the one not called for longest when there are too many:
    /// little by little, so that no call waits for many.
    fn make_room(&mut self) {
        let gone: Vec<u64> = self
            .copies
            .iter()
            .filter(|(_, copy)| copy.script.strong_count() == 0)
            .map(|(id, _)| *id)
            .take(MAX_DROPS)
            .collect();
        for id in gone {
            self.copies.remove(&id);
        }
        if self.copies.len() >= MAX_COPIES {
            let oldest = self
                .copies
                .iter()
                .min_by_key(|(_, copy)| copy.last_call)
                .map(|(id, _)| *id);
            oldest.map(|id| self.copies.remove(&id));
        }
    }
}

thread_local! {
    static WORKER: RefCell<Option<Box<Worker>>> = const { RefCell::new(None) };
}

/// About 20 KiB each.
const MAX_COPIES: usize = 1024;
const MAX_DROPS: usize = 8;
