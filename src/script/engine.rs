use rhai::Array;
use rhai::Engine;
use rhai::EvalAltResult;
use rhai::FnPtr;
use rhai::OptimizationLevel;
use rhai::def_package;
use rhai::packages::ArithmeticPackage;
use rhai::packages::BasicArrayPackage;
use rhai::packages::BasicIteratorPackage;
use rhai::packages::BasicMapPackage;
use rhai::packages::BasicMathPackage;
use rhai::packages::BasicStringPackage;
use rhai::packages::LogicPackage;
use rhai::packages::MoreStringPackage;
use rhai::packages::Package as _;

use super::budget;
use super::constructors;
use super::view;

/// The only way an engine is made: for loading, for serving, for tests.
///
/// It starts from nothing, so what is not listed here is not there: no clock, no sleep, no `exit`, no JSON, no
/// blobs, no reflection, no file. Modules come from the catalog alone. Nothing is shared with other engines,
/// so that one per thread scales.
pub(super) fn build() -> Engine {
    let mut engine = Engine::new_raw();
    Allowed::new().register_into_engine(&mut engine);
    engine
        .set_optimization_level(OptimizationLevel::None)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .set_max_operations(2 * u64::from(budget::MAX_STEPS))
        .set_max_call_levels(16)
        .set_max_expr_depths(48, 32)
        .set_max_string_size(4 * 1024)
        .set_max_array_size(256)
        .set_max_map_size(64)
        .set_max_variables(64)
        .set_max_functions(64)
        .set_max_modules(16)
        .on_progress(budget::step)
        .on_print(|_| {})
        .on_debug(|_, _, _| {});
    for symbol in FORBIDDEN {
        engine.disable_symbol(symbol);
    }
    for name in SORTS {
        engine.register_fn(
            name,
            |_: &mut Array, _: FnPtr| -> Result<Array, Box<EvalAltResult>> {
                Err(view::told(
                    "a list is sorted by its own order only, without a function".to_owned(),
                ))
            },
        );
    }
    view::register(&mut engine);
    constructors::register(&mut engine);
    engine
}

/// Sorting by a function of the script is closed: one that contradicts itself makes the standard library panic.
pub(super) const SORTS: [&str; 4] = ["sort", "sort_by", "order", "order_by"];

def_package! {
    /// What scripts may use of the language's own library: numbers, texts, lists, maps, ranges.
    pub(super) Allowed(library) :
        ArithmeticPackage,
        LogicPackage,
        BasicStringPackage,
        MoreStringPackage,
        BasicIteratorPackage,
        BasicMathPackage,
        BasicArrayPackage,
        BasicMapPackage
    {}
}

/// What the language has and scripts may not use: text as code, functions by name, output.
pub(super) const FORBIDDEN: [&str; 7] = ["eval", "print", "debug", "Fn", "call", "curry", "is_shared"];
