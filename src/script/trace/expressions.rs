//! What the engine's expressions say and read, found without running anything twice that does more than read.

use rhai::Dynamic;
use rhai::EvalContext;
use rhai::Expr;
use rhai::Expression;

use crate::policy::Place;

/// The rest of a chain of names.
pub(super) fn follow(expr: &Expr, path: &mut String) -> Option<()> {
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

/// The value of an expression that can be evaluated once more without doing anything.
pub(super) fn value(context: &mut EvalContext<'_, '_, '_, '_, '_, '_>, expr: &Expr) -> Option<Dynamic> {
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
pub(super) fn is_a_value(expr: &Expr) -> bool {
    let negated = matches!(expr, Expr::FnCall(call, _) if call.name == "!");
    let read = matches!(expr, Expr::Variable(..) | Expr::Dot(..) | Expr::Index(..));
    (negated || read) && is_quiet(expr)
}

pub(super) fn flag(value: Option<Dynamic>) -> Option<bool> {
    value.and_then(|value| value.as_bool().ok())
}

pub(super) fn same(one: &Dynamic, other: &Dynamic) -> bool {
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
pub(super) fn written(expr: &Expr) -> String {
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

pub(super) fn place(file: &str, at: rhai::Position) -> Place {
    let number = |number: Option<usize>| number.map_or(0, |number| u32::try_from(number).unwrap_or(u32::MAX));
    Place {
        file: file.to_owned(),
        line: number(at.line()),
        column: number(at.position()),
    }
}

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
