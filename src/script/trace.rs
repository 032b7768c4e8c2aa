//! What a script compared and what it saw, so that a decision can be explained afterwards. Serving threads never trace.
//!
//! A value is shown only where it is known to be nobody's: written in the script, or equal to what the flow holds under
//! the name that the script read it by, and harmless there (law 13).

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

use rhai::ASTNode;
use rhai::Dynamic;
use rhai::Engine;
use rhai::EvalContext;
use rhai::Expr;
use rhai::Expression;
use rhai::FnCallExpr;
use rhai::ImmutableString;
use rhai::Stmt;
use rhai::debugger::DebuggerCommand;
use serde::Serialize;

use super::engine;
use super::facts::Snapshot;
use super::view;
use crate::policy::Place;

/// What the scripts of one piece of work compared, in the order in which they did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// Each comparison.
    pub tests: Vec<Tested>,
    /// Whether there were more than are kept.
    pub cut: bool,
}

/// One comparison, or one condition that is no comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tested {
    /// Where it stands.
    pub place: Place,
    /// What stands before the sign.
    pub left: Side,
    /// `==`, `!=`, `<`, `<=`, `>` or `>=`; `in`; `switch`; empty for a condition that is only a value.
    pub sign: String,
    /// What stands behind the sign.
    pub right: Option<Side>,
    /// Whether it held; `None` where it can't be told without running something twice.
    pub held: Option<bool>,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// As the script writes it, shortened.
    pub written: String,
    /// What the script read it from, as `flow.inputs.amount`; `None` for what is written out or computed.
    pub origin: Option<String>,
    /// What it was.
    pub value: Seen,
}

/// A value as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// The value.
    Value(String),
    /// Nothing: an optional input that was not passed, a claim that was not proved.
    Nothing,
    /// A text of so many characters that could be anybody's.
    Text(usize),
    /// A number so long that it could be somebody's.
    LongNumber,
    /// Of the person, or made from something of the person.
    Personal,
    /// A value that only running the script a second time would tell, or one that has no short form.
    Untold,
}

/// Runs `work`, and says what the scripts that it called on this thread compared. `words` are texts that may be shown.
pub fn traced<T>(words: BTreeSet<String>, work: impl FnOnce() -> T) -> (T, Trace) {
    let before = TRACER.replace(Some(Tracer {
        words,
        read: None,
        origins: HashMap::new(),
        trace: Trace::default(),
    }));
    let done = work();
    let tracer = TRACER.replace(before);
    (done, tracer.map(|tracer| tracer.trace).unwrap_or_default())
}

/// Whether what is run on this thread is traced.
pub(super) fn is_tracing() -> bool {
    TRACER.with_borrow(Option::is_some)
}

/// A call begins, which reads this.
pub(super) fn begin(read: &Arc<Snapshot>) {
    TRACER.with_borrow_mut(|tracer| {
        if let Some(tracer) = tracer {
            tracer.read = Some(Arc::clone(read));
            tracer.origins.clear();
        }
    });
}

/// An engine like any other, which tells what it compares.
#[expect(
    deprecated,
    reason = "marked so because it may change; it is used here and for coverage"
)]
pub(super) fn tracing_engine() -> Engine {
    let mut engine = engine::build();
    engine.register_debugger(
        |_, debugger| debugger,
        |mut context, _, node, source, _| {
            // Taken out, so that what is evaluated to be shown is not traced itself.
            if let Some(mut tracer) = TRACER.take() {
                tracer.look(&mut context, node, source.unwrap_or_default());
                TRACER.set(Some(tracer));
            }
            Ok(DebuggerCommand::StepInto)
        },
    );
    engine
}

struct Tracer {
    words: BTreeSet<String>,
    read: Option<Arc<Snapshot>>,
    /// What variables were read from, by the depth of the call and their name. What is stale here shows nothing: a
    /// value is shown only if it equals what the flow holds under that name.
    origins: HashMap<(usize, String), String>,
    trace: Trace,
}

impl Tracer {
    fn look(&mut self, context: &mut EvalContext<'_, '_, '_, '_, '_, '_>, node: ASTNode<'_>, file: &str) {
        match node {
            ASTNode::Stmt(Stmt::Var(variable, ..)) => {
                let key = (context.call_level(), variable.0.name.to_string());
                match self.origin(context, &variable.1) {
                    Some(origin) => self.origins.insert(key, origin),
                    None => self.origins.remove(&key),
                };
            }
            ASTNode::Stmt(Stmt::Assignment(assignment)) => {
                if let Expr::Variable(variable, ..) = &assignment.1.lhs {
                    self.origins
                        .remove(&(context.call_level(), variable.1.to_string()));
                }
            }
            ASTNode::Stmt(Stmt::If(flow, _) | Stmt::While(flow, _)) if is_a_value(&flow.expr) => {
                self.condition(context, &flow.expr, file);
            }
            ASTNode::Stmt(Stmt::Switch(switch, _)) => self.switch(context, &switch.0, file),
            ASTNode::Expr(Expr::FnCall(call, at)) | ASTNode::Stmt(Stmt::FnCall(call, at))
                if SIGNS.contains(&call.name.as_str()) =>
            {
                self.comparison(context, node, call, place(file, *at));
            }
            _ => {}
        }
    }

    fn comparison(
        &mut self,
        context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
        node: ASTNode<'_>,
        call: &FnCallExpr,
        place: Place,
    ) {
        let [left, right] = call.args.as_slice() else {
            return;
        };
        let held = match node {
            ASTNode::Expr(whole) => flag(value(context, whole)),
            _ => None,
        };
        let tested = Tested {
            place,
            left: self.side(context, left),
            sign: call.name.to_string(),
            right: Some(self.side(context, right)),
            held,
        };
        self.keep(tested);
    }

    fn condition(&mut self, context: &mut EvalContext<'_, '_, '_, '_, '_, '_>, expr: &Expr, file: &str) {
        let tested = Tested {
            place: place(file, expr.start_position()),
            left: self.side(context, expr),
            sign: String::new(),
            right: None,
            held: flag(value(context, expr)),
        };
        self.keep(tested);
    }

    fn switch(&mut self, context: &mut EvalContext<'_, '_, '_, '_, '_, '_>, expr: &Expr, file: &str) {
        let tested = Tested {
            place: place(file, expr.start_position()),
            left: self.side(context, expr),
            sign: "switch".to_owned(),
            right: None,
            held: None,
        };
        self.keep(tested);
    }

    fn keep(&mut self, tested: Tested) {
        if self.trace.tests.len() < MOST_TESTS {
            self.trace.tests.push(tested);
        } else {
            self.trace.cut = true;
        }
    }

    fn side(&self, context: &mut EvalContext<'_, '_, '_, '_, '_, '_>, expr: &Expr) -> Side {
        let origin = self.origin(context, expr);
        let value = match value(context, expr) {
            None => Seen::Untold,
            Some(value) if expr.is_constant() => constant(&value),
            Some(value) => self.seen(origin.as_deref(), &value),
        };
        Side {
            written: written(expr),
            origin,
            value,
        }
    }

    fn seen(&self, origin: Option<&str>, value: &Dynamic) -> Seen {
        let Some(read) = &self.read else {
            return Seen::Personal;
        };
        let held = origin.and_then(|origin| held_by(read, origin));
        match held {
            Some(held) if same(&held, value) => self.harmless(origin, value),
            _ if read.person.is_some() => Seen::Personal,
            _ => self.harmless(None, value),
        }
    }

    /// A value that is nobody's by where it comes from; texts and long numbers that an e-service passes may still be.
    fn harmless(&self, origin: Option<&str>, value: &Dynamic) -> Seen {
        if value.is_unit() {
            return Seen::Nothing;
        }
        if let Ok(flag) = value.as_bool() {
            return Seen::Value(flag.to_string());
        }
        if let Ok(number) = value.as_int() {
            return if number.unsigned_abs() < LONG_NUMBER {
                Seen::Value(number.to_string())
            } else {
                Seen::LongNumber
            };
        }
        if let Ok(number) = value.as_float() {
            #[expect(clippy::cast_precision_loss, reason = "a round number far below 2^53")]
            let short = number.abs() < LONG_NUMBER as f64;
            return if short {
                Seen::Value(number.to_string())
            } else {
                Seen::LongNumber
            };
        }
        if let Ok(text) = value.as_immutable_string_ref() {
            let of_us = origin.is_some_and(|origin| !origin.starts_with(INPUTS));
            return if of_us || self.words.contains(text.as_str()) {
                Seen::Value(format!("\"{}\"", text.as_str()))
            } else {
                Seen::Text(text.chars().count())
            };
        }
        Seen::Untold
    }

    /// What an expression reads, as `flow.inputs.amount`.
    fn origin(&self, context: &EvalContext<'_, '_, '_, '_, '_, '_>, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Variable(variable, ..) if variable.2.is_empty() => {
                let name = variable.1.as_str();
                let of_value = context.scope().get(name).and_then(view::origin_of);
                of_value.map(str::to_owned).or_else(|| {
                    self.origins
                        .get(&(context.call_level(), name.to_owned()))
                        .cloned()
                })
            }
            Expr::Dot(parts, ..) | Expr::Index(parts, ..) => {
                let mut path = self.origin(context, &parts.lhs)?;
                follow(&parts.rhs, &mut path)?;
                Some(path)
            }
            _ => None,
        }
    }
}

/// The rest of a chain of names.
fn follow(expr: &Expr, path: &mut String) -> Option<()> {
    match expr {
        Expr::Property(name, _) => {
            path.push('.');
            path.push_str(name.2.as_str());
            Some(())
        }
        Expr::StringConstant(name, _) => {
            path.push('.');
            path.push_str(name.as_str());
            Some(())
        }
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => {
            follow(&parts.lhs, path)?;
            follow(&parts.rhs, path)
        }
        _ => None,
    }
}

/// What the flow holds under a name, unless it is of the person.
fn held_by(read: &Snapshot, origin: &str) -> Option<Dynamic> {
    let text = |text: &'static str| Some(ImmutableString::from(text).into());
    let number = |number: i64| Some(number.into());
    if let Some(name) = origin.strip_prefix(INPUTS) {
        let found = read.inputs.iter().find(|(known, _)| known.as_str() == name);
        return found.map(|(_, value)| value.clone());
    }
    match origin {
        "flow.channel" => text(read.channel.as_str()),
        "flow.capability" => text(read.capability.as_str()),
        "flow.locale" => text(read.locale.as_str()),
        "flow.outcome" => read.outcome.and_then(|outcome| text(outcome.code())),
        "flow.attempt" => number(read.attempt.into()),
        "flow.now.year" => number(read.now.year.into()),
        "flow.now.month" => number(read.now.month.into()),
        "flow.now.day" => number(read.now.day.into()),
        "flow.now.hour" => number(read.now.hour.into()),
        "flow.now.minute" => number(read.now.minute.into()),
        "flow.now.weekday" => number(read.now.weekday.into()),
        _ => None,
    }
}

/// The value of an expression that can be evaluated once more without doing anything.
fn value(context: &mut EvalContext<'_, '_, '_, '_, '_, '_>, expr: &Expr) -> Option<Dynamic> {
    if !is_quiet(expr) {
        return None;
    }
    context.eval_expression_tree(&Expression::from(expr)).ok()
}

/// Whether evaluating it does nothing but read: no function of the script, nothing that could change a list in place.
fn is_quiet(expr: &Expr) -> bool {
    match expr {
        Expr::Variable(..) | Expr::Property(..) => true,
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => is_quiet(&parts.lhs) && is_quiet(&parts.rhs),
        Expr::FnCall(call, _) => {
            let known = call.op_token.is_some() || READERS.contains(&call.name.as_str());
            known && call.namespace.is_empty() && call.args.iter().all(is_quiet)
        }
        Expr::MethodCall(call, _) => READERS.contains(&call.name.as_str()) && call.args.iter().all(is_quiet),
        Expr::And(parts, _) | Expr::Or(parts, _) | Expr::Coalesce(parts, _) => parts.iter().all(is_quiet),
        Expr::Array(parts, _) | Expr::InterpolatedString(parts, _) => parts.iter().all(is_quiet),
        other => other.is_constant(),
    }
}

/// Whether a condition is a value by itself; comparisons are told where they are made.
fn is_a_value(expr: &Expr) -> bool {
    let negated = matches!(expr, Expr::FnCall(call, _) if call.name == "!");
    let read = matches!(expr, Expr::Variable(..) | Expr::Dot(..) | Expr::Index(..));
    (negated || read) && is_quiet(expr)
}

fn flag(value: Option<Dynamic>) -> Option<bool> {
    value.and_then(|value| value.as_bool().ok())
}

/// A value that the script writes out.
fn constant(value: &Dynamic) -> Seen {
    if value.is_unit() {
        Seen::Nothing
    } else if let Ok(text) = value.as_immutable_string_ref() {
        Seen::Value(format!("\"{}\"", text.as_str()))
    } else {
        Seen::Value(value.to_string())
    }
}

fn same(one: &Dynamic, other: &Dynamic) -> bool {
    if one.is_unit() || other.is_unit() {
        return one.is_unit() && other.is_unit();
    }
    if let (Ok(one), Ok(other)) = (one.as_int(), other.as_int()) {
        return one == other;
    }
    if let (Ok(one), Ok(other)) = (one.as_float(), other.as_float()) {
        return one.to_bits() == other.to_bits();
    }
    if let (Ok(one), Ok(other)) = (one.as_bool(), other.as_bool()) {
        return one == other;
    }
    match (one.as_immutable_string_ref(), other.as_immutable_string_ref()) {
        (Ok(one), Ok(other)) => *one == *other,
        _ => false,
    }
}

/// As the script writes it, without what is long.
fn written(expr: &Expr) -> String {
    match expr {
        Expr::Variable(variable, ..) => variable.1.to_string(),
        Expr::Property(name, _) => name.2.to_string(),
        Expr::Dot(parts, ..) => format!("{}.{}", written(&parts.lhs), written(&parts.rhs)),
        Expr::Index(parts, ..) => format!("{}[{}]", written(&parts.lhs), written(&parts.rhs)),
        Expr::StringConstant(text, _) => format!("\"{}\"", text.as_str()),
        Expr::IntegerConstant(number, _) => number.to_string(),
        Expr::FloatConstant(number, _) => number.to_string(),
        Expr::BoolConstant(flag, _) => flag.to_string(),
        Expr::Unit(_) => "()".to_owned(),
        Expr::FnCall(call, _) if call.op_token.is_some() => match call.args.as_slice() {
            [of] => format!("{}{}", call.name, written(of)),
            [left, right] => format!("{} {} {}", written(left), call.name, written(right)),
            _ => "…".to_owned(),
        },
        Expr::FnCall(call, _) | Expr::MethodCall(call, _) => format!("{}(…)", call.name),
        _ => "…".to_owned(),
    }
}

fn place(file: &str, at: rhai::Position) -> Place {
    let number = |number: Option<usize>| number.map_or(0, |number| u32::try_from(number).unwrap_or(u32::MAX));
    Place {
        file: file.to_owned(),
        line: number(at.line()),
        column: number(at.position()),
    }
}

/// `flow.inputs.amount 600 > 500`.
impl std::fmt::Display for Tested {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.right, self.sign.as_str()) {
            (Some(right), sign) => write!(out, "{} {sign} {right}", self.left),
            (None, "") => self.left.fmt(out),
            (None, sign) => write!(out, "{sign} {}", self.left),
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.origin, &self.value) {
            (Some(origin), value) => write!(out, "{origin} {value}"),
            (None, Seen::Value(value)) if *value == self.written => out.write_str(value),
            (None, Seen::Nothing) => out.write_str("()"),
            (None, value) => write!(out, "{} {value}", self.written),
        }
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(value) => out.write_str(value),
            Self::Nothing => out.write_str("()"),
            Self::Text(length) => write!(out, "(text, {length} characters)"),
            Self::LongNumber => out.write_str("(long number)"),
            Self::Personal => out.write_str("(of the person)"),
            Self::Untold => out.write_str("(not shown)"),
        }
    }
}

thread_local! {
    static TRACER: RefCell<Option<Tracer>> = const { RefCell::new(None) };
}

const INPUTS: &str = "flow.inputs.";
const SIGNS: [&str; 7] = ["==", "!=", "<", "<=", ">", ">=", "in"];
/// Functions of the engine that only read.
const READERS: [&str; 9] = [
    "len",
    "contains",
    "is_empty",
    "starts_with",
    "ends_with",
    "to_int",
    "to_float",
    "abs",
    "type_of",
];
/// Telephone numbers have eight digits, civil numbers twelve.
const LONG_NUMBER: u64 = 10_000_000;
const MOST_TESTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::super::hook::Hook;
    use super::super::sample;
    use super::*;
    use crate::words::Outcome;
    use crate::words::OutcomeClass;

    fn tests_of(text: &str, libraries: &[(&str, &str)], hook: Hook) -> Vec<String> {
        let (script, found) = sample::compile(text, libraries);
        let script = script.unwrap_or_else(|| panic!("{found:#?}"));
        let inputs = sample::inputs();
        let person = sample::person();
        let mut facts = sample::facts(&inputs);
        if let Hook::Ending(class) = hook {
            facts.outcome = Outcome::ALL.into_iter().find(|outcome| outcome.class() == class);
            facts.person = hook.has_person().then_some(&person);
        }
        let (called, trace) = traced(BTreeSet::new(), || script.call(hook, &facts));
        called.unwrap();
        trace.tests.iter().map(told).collect()
    }

    fn told(test: &Tested) -> String {
        let side = |side: &Side| {
            let origin = side.origin.as_deref().unwrap_or_default();
            format!("{} <{origin}> {}", side.written, side.value)
        };
        let right = test.right.as_ref().map(side).unwrap_or_default();
        format!(
            "{}:{} {} {} {right} {:?}",
            test.place.file,
            test.place.line,
            side(&test.left),
            test.sign,
            test.held
        )
    }

    #[test]
    fn a_comparison_is_told_with_what_it_saw_and_where_that_came_from() {
        let text = "fn plan(flow) {\n    let count = flow.inputs.count;\n    if count != () && count > 500 {\n        \
                    return tighten(#{});\n    }\n    if flow.channel == \"kiosk\" { return tighten(#{}); }\n}";
        let tests = tests_of(text, &[], Hook::Plan);
        assert_eq!(tests.len(), 3, "{tests:#?}");
        assert!(
            tests[0].starts_with("scripts/sample.rhai:3 count <flow.inputs.count> "),
            "{tests:#?}"
        );
        assert!(tests[0].contains("!= () <> () Some(true)"), "{tests:#?}");
        assert!(tests[1].contains("> 500 <> 500 Some(false)"), "{tests:#?}");
        assert!(
            tests[2].contains("flow.channel <flow.channel> \"web\" == \"kiosk\""),
            "{tests:#?}"
        );
    }

    #[test]
    fn a_library_is_traced_and_what_it_is_given_is_known_by_its_kind() {
        let library = "fn early(now) {\n    now.hour < 6\n}";
        let text = "import \"lib/hours\" as hours;\nfn plan(flow) {\n    if hours::early(flow.now) { return \
                    tighten(#{}); }\n}";
        let tests = tests_of(text, &[("lib/hours", library)], Hook::Plan);
        assert_eq!(tests.len(), 1, "{tests:#?}");
        assert!(
            tests[0].starts_with("scripts/lib/hours.rhai:2 now.hour <flow.now.hour> "),
            "{tests:#?}"
        );
    }

    // Law 13: nothing of the person is shown, whatever way it takes to the comparison.
    #[test]
    fn nothing_of_the_person_is_shown() {
        let approved = Hook::Ending(OutcomeClass::Approved);
        for body in [
            "if flow.person.civil_no == \"x\" { return say(#{ ar: \"أ\", en: \"a\" }); }",
            "let a = flow.person.civil_no;\nif a == \"x\" { return say(#{ ar: \"أ\", en: \"a\" }); }",
            "if same(flow.person.civil_no, \"x\") { return say(#{ ar: \"أ\", en: \"a\" }); }",
            "let a = flow.inputs.count;\nlet a = flow.person.civil_no;\nif a == \"x\" { return say(#{ ar: \"أ\", en: \"a\" }); }",
            "let a = flow.channel;\na = flow.person.civil_no;\nif a == \"x\" { return say(#{ ar: \"أ\", en: \"a\" }); }",
            "let a = flow.channel;\nfor a in [flow.person.civil_no] { if a == \"x\" { return say(#{ ar: \"أ\", en: \"a\" }); } }",
            "if flow.person.civil_no + \"-\" == \"x\" { return say(#{ ar: \"أ\", en: \"a\" }); }",
            "if flow.person.civil_no.len() == 3 { return say(#{ ar: \"أ\", en: \"a\" }); }",
        ] {
            let text = format!(
                "fn same(a, b) {{ a == b }}\nfn approved(flow) {{\n{body}\nif same(1, 2) {{ return say(#{{ ar: \"أ\", en: \"a\" }}); }} }}"
            );
            let tests = tests_of(&text, &[], approved);
            assert!(!tests.is_empty(), "{body}");
            assert!(tests[0].contains("(of the person)"), "{body}: {tests:#?}");
            let all = tests.join("\n");
            assert!(
                !all.contains("399123100017") && !all.contains(" 12 "),
                "{body}: {all}"
            );
        }
    }

    // A text that an e-service passes may be a name or a number of somebody.
    #[test]
    fn texts_of_inputs_are_shown_only_if_they_are_known_words() {
        let text = "fn plan(flow) { if flow.inputs.licence == \"x\" { return tighten(#{}); } }";
        let tests = tests_of(text, &[], Hook::Plan);
        assert!(tests[0].contains("characters)"), "{tests:#?}");
    }

    // Law 9: what is evaluated to be shown changes nothing.
    #[test]
    fn tracing_changes_nothing() {
        let text = "fn plan(flow) {\n    let list = [1, 2, 3];\n    let seen = 0;\n    while list.pop() > 1 { seen += 1; }\n    \
                    if seen == 2 { return tighten(#{ expires_in: \"1m\" }); }\n}";
        let (script, found) = sample::compile(text, &[]);
        let script = script.unwrap_or_else(|| panic!("{found:#?}"));
        let inputs = sample::inputs();
        let facts = sample::facts(&inputs);
        let plain = script.call(Hook::Plan, &facts);
        let (traced_once, once) = traced(BTreeSet::new(), || script.call(Hook::Plan, &facts));
        let (_, twice) = traced(BTreeSet::new(), || script.call(Hook::Plan, &facts));
        assert!(plain.as_ref().is_ok_and(Option::is_some));
        assert_eq!(plain, traced_once);
        assert_eq!(once, twice);
        assert!(!is_tracing());
    }
}
