use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rhai::Engine;

use crate::script::engine::SORTS;

/// The functions of the engine: each name with the numbers of arguments it takes.
pub(in crate::script) struct Known(BTreeMap<String, BTreeSet<usize>>);

impl Known {
    /// Asks an engine for everything that scripts may call.
    pub(in crate::script) fn of(engine: &Engine) -> Self {
        let mut functions: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        let all = engine.collect_fn_metadata(
            None,
            |found| Some((found.metadata.name.to_string(), found.metadata.num_params)),
            true,
        );
        for (name, arity) in all {
            functions.entry(name).or_default().insert(arity);
        }
        for name in SORTS {
            functions.entry(name.to_owned()).or_default().remove(&2);
        }
        functions.entry("type_of".to_owned()).or_default().insert(1);
        Self(functions)
    }

    /// The numbers of arguments that a function takes; `None` if there is no such function.
    pub(super) fn arities(&self, name: &str) -> Option<&BTreeSet<usize>> {
        self.0.get(name)
    }

    /// Every name that a person could have meant.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let is_word = |name: &&str| {
            name.chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        };
        self.0.keys().map(String::as_str).filter(is_word)
    }
}
