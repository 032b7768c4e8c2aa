use std::cell::RefCell;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

use rhai::ASTNode;
use rhai::Dynamic;
use rhai::Engine;
use rhai::EvalContext;
use rhai::Expr;
use rhai::FnCallExpr;
use rhai::ImmutableString;
use rhai::Stmt;
use rhai::debugger::DebuggerCommand;

use super::expressions::flag;
use super::expressions::follow;
use super::expressions::is_a_value;
use super::expressions::place;
use super::expressions::same;
use super::expressions::value;
use super::expressions::written;
use super::told::Seen;
use super::told::Side;
use super::told::Tested;
use super::told::Trace;
use crate::policy::Place;
use crate::script::engine;
use crate::script::facts::Snapshot;
use crate::script::view;

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
pub(in crate::script) fn is_tracing() -> bool {
    TRACER.with_borrow(Option::is_some)
}

/// A call begins, which reads this.
pub(in crate::script) fn begin(read: &Arc<Snapshot>) {
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
pub(in crate::script) fn tracing_engine() -> Engine {
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

thread_local! {
    static TRACER: RefCell<Option<Tracer>> = const { RefCell::new(None) };
}

const INPUTS: &str = "flow.inputs.";
const SIGNS: [&str; 7] = ["==", "!=", "<", "<=", ">", ">=", "in"];

/// Telephone numbers have eight digits, civil numbers twelve.
const LONG_NUMBER: u64 = 10_000_000;
const MOST_TESTS: usize = 64;
