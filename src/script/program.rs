use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::answer::Answer;
use super::bundle::Library;
use super::facts::Declared;
use super::facts::Facts;
use super::facts::Snapshot;
use super::fault::ScriptFault;
use super::hook::Hook;
use super::view::Flow;
use super::worker;
use crate::diagnostics::Position;
use crate::policy::Place;

/// A script bound to its service: checked, and ready to be called from any thread.
///
/// It holds texts only. Each thread compiles a copy of its own when it first needs it: one shared copy would
/// make all threads fight for its reference counts.
#[derive(Debug)]
pub struct Script {
    /// Never used twice in one process; the key of the copies.
    pub(super) id: u64,
    pub(super) file: String,
    pub(super) text: Arc<str>,
    pub(super) libraries: Vec<Arc<Library>>,
    /// Where each hook stands; `None` if the script does not have it.
    pub(super) hooks: [Option<Position>; Hook::ALL.len()],
    pub(super) declared: Arc<Declared>,
}

impl Script {
    pub(super) fn new(
        file: &str,
        text: &Arc<str>,
        libraries: Vec<Arc<Library>>,
        hooks: [Option<Position>; Hook::ALL.len()],
        declared: Declared,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            file: file.to_owned(),
            text: Arc::clone(text),
            libraries,
            hooks,
            declared: Arc::new(declared),
        }
    }

    /// The file it was read from.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Whether the script has this hook.
    pub fn has(&self, hook: Hook) -> bool {
        self.hooks.get(hook.index()).is_some_and(Option::is_some)
    }

    /// Whether it was made from exactly these texts; `library` finds the current one of a name.
    pub fn is_made_from<'a>(&self, text: &str, library: impl Fn(&str) -> Option<&'a Arc<Library>>) -> bool {
        *self.text == *text
            && self
                .libraries
                .iter()
                .all(|mine| library(&mine.name).is_some_and(|now| Arc::ptr_eq(mine, now)))
    }

    /// Calls a hook; `None` if the script does not have it, or returned nothing.
    ///
    /// # Errors
    /// For every error, limit, deadline or panic, and for every value that no constructor made or that this hook
    /// may not return. The caller has to refuse (law 5).
    pub fn call(self: &Arc<Self>, hook: Hook, facts: &Facts<'_>) -> Result<Option<Answer>, ScriptFault> {
        let Some(at) = self.hooks.get(hook.index()).copied().flatten() else {
            return Ok(None);
        };
        let place = self.place(at);
        let snapshot = Snapshot::new(facts, &self.declared);
        let flow = Flow(Arc::new(snapshot));
        // What the panic leaves behind on this thread is thrown away by the worker, so nothing torn is seen.
        let called = catch_unwind(AssertUnwindSafe(|| {
            worker::call(self, hook, flow.clone(), &place)
        }));
        let answer = called.unwrap_or_else(|_| {
            Err(ScriptFault::new(
                place.clone(),
                "the script made the engine panic",
            ))
        })?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        self.accept(hook, answer, &flow.0).map(Some)
    }

    fn accept(&self, hook: Hook, mut answer: Answer, read: &Snapshot) -> Result<Answer, ScriptFault> {
        if answer.place.file.is_empty() {
            answer.place.file.clone_from(&self.file);
        }
        let constructor = answer.ruling.constructor();
        if !hook.constructors().contains(&constructor) {
            let message = format!(
                "`fn {}` may not return `{constructor}`; it may return {} or nothing",
                hook.name(),
                ticked(hook.constructors()),
            );
            return Err(ScriptFault::new(answer.place, message));
        }
        if repeats_person(&answer, read) {
            let message =
                "the text or code repeats a field of the person; these go on record, so they must not";
            return Err(ScriptFault::new(answer.place, message));
        }
        Ok(answer)
    }

    fn place(&self, at: Position) -> Place {
        Place {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
        }
    }
}

/// Law 13: what a script says goes into records that are never erased.
fn repeats_person(answer: &Answer, read: &Snapshot) -> bool {
    let Some(text) = answer.ruling.text() else {
        return false;
    };
    let code = match &answer.ruling {
        super::Ruling::Refuse(refusal) => refusal.code.as_str(),
        _ => "",
    };
    read.person.iter().flatten().any(|(_, value)| {
        value.as_immutable_string_ref().is_ok_and(|value| {
            let value = value.as_str();
            let telling = value.chars().count() >= SHORTEST_TELLING;
            telling
                && [text.ar.as_str(), text.en.as_str(), code]
                    .iter()
                    .any(|said| said.contains(value))
        })
    })
}

fn ticked(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

/// Shorter values, such as a gender, stand in ordinary texts by chance.
const SHORTEST_TELLING: usize = 3;
