use rhai::ASTFlags;
use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Stmt;

use super::tree::Arm;
use super::tree::Literal;
use super::tree::Node;
use super::tree::What;
use crate::diagnostics::Position;

pub(super) fn place(position: rhai::Position) -> Position {
    let number = |value: Option<usize>| value.and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
    Position {
        line: number(position.line()),
        column: number(position.position()).max(1),
    }
}

fn node(what: What, at: rhai::Position) -> Node {
    Node { what, at: place(at) }
}

pub(super) fn statement(statement: &Stmt) -> Node {
    let at = statement.position();
    let what = match statement {
        Stmt::Expr(inner) => return expression(inner),
        Stmt::FnCall(call, at) => return function_call(call, *at),
        Stmt::Var(parts, flags, _) => What::Let {
            name: parts.0.name.to_string(),
            name_at: place(parts.0.pos),
            value: Box::new(expression(&parts.1)),
            constant: flags.contains(ASTFlags::CONSTANT) && !flags.contains(ASTFlags::EXPORTED),
        },
        Stmt::Assignment(parts) => What::Assign {
            target: Box::new(expression(&parts.1.lhs)),
            value: Box::new(expression(&parts.1.rhs)),
        },
        Stmt::Import(parts, _) => What::Import {
            path: Box::new(expression(&parts.0)),
            alias: parts.1.name.to_string(),
        },
        Stmt::Export(..) => What::Export,
        Stmt::Share(names) => What::Capture(names.iter().map(|(name, _)| name.name.to_string()).collect()),
        Stmt::Block(block) => What::Block(block.iter().map(self::statement).collect()),
        Stmt::If(flow, _) => What::If {
            condition: Box::new(expression(&flow.expr)),
            then: flow.body.iter().map(self::statement).collect(),
            other: flow.branch.iter().map(self::statement).collect(),
        },
        Stmt::While(flow, _) => What::Loop {
            head: vec![expression(&flow.expr)],
            body: flow.body.iter().map(self::statement).collect(),
            endless: matches!(flow.expr, Expr::Unit(_) | Expr::BoolConstant(true, _)),
        },
        Stmt::Do(flow, ..) => What::Loop {
            head: vec![expression(&flow.expr)],
            body: flow.body.iter().map(self::statement).collect(),
            endless: false,
        },
        Stmt::TryCatch(flow, _) => What::Try {
            body: flow.body.iter().map(self::statement).collect(),
            catch: flow.branch.iter().map(self::statement).collect(),
        },
        Stmt::For(parts, _) => {
            let named = |name: &rhai::Ident| {
                let value = Box::new(node(What::Literal(Literal::Item), at));
                let what = What::Let {
                    name: name.name.to_string(),
                    name_at: place(name.pos),
                    value,
                    constant: false,
                };
                node(what, at)
            };
            let mut head = vec![expression(&parts.2.expr), named(&parts.0)];
            head.extend(parts.1.as_ref().map(named));
            What::Loop {
                head,
                body: parts.2.body.iter().map(self::statement).collect(),
                endless: false,
            }
        }
        Stmt::Switch(parts, _) => What::Switch {
            of: Box::new(expression(&parts.0)),
            arms: parts
                .1
                .expressions
                .iter()
                .map(|case| Arm {
                    condition: expression(&case.lhs),
                    body: expression(&case.rhs),
                })
                .collect(),
            has_default: parts.1.def_case.is_some(),
        },
        Stmt::Return(value, flags, _) => {
            let value = value.as_ref().map(|value| Box::new(expression(value)));
            if flags.contains(ASTFlags::BREAK) {
                What::Throw(value)
            } else {
                What::Return(value)
            }
        }
        Stmt::BreakLoop(value, flags, _) => What::Leave {
            ends_loop: flags.contains(ASTFlags::BREAK),
            value: value.as_ref().map(|value| Box::new(expression(value))),
        },
        _ => What::Parts(Vec::new()),
    };
    node(what, at)
}

fn expression(expression: &Expr) -> Node {
    let at = expression.start_position();
    let what = match expression {
        Expr::FnCall(call, at) => return function_call(call, *at),
        Expr::Dot(parts, flags, _) => {
            return chain(self::expression(&parts.lhs), &parts.rhs, Link::Dot, *flags);
        }
        Expr::Index(parts, flags, _) => {
            return chain(self::expression(&parts.lhs), &parts.rhs, Link::Index, *flags);
        }
        Expr::Variable(parts, ..) if !parts.2.path.is_empty() => What::Constant {
            alias: path(&parts.2.path),
            name: parts.1.to_string(),
        },
        Expr::Variable(parts, ..) => What::Name(parts.1.to_string()),
        Expr::StringConstant(text, _) => What::Text(text.to_string()),
        Expr::BoolConstant(..) => What::Literal(Literal::Flag),
        Expr::IntegerConstant(..) => What::Literal(Literal::Whole),
        Expr::FloatConstant(..) => What::Literal(Literal::Number),
        Expr::CharConstant(..) => What::Literal(Literal::Character),
        Expr::Unit(_) => What::Literal(Literal::Nothing),
        Expr::Map(parts, _) => What::Map(
            parts
                .0
                .iter()
                .map(|(key, value)| (key.name.to_string(), place(key.pos), self::expression(value)))
                .collect(),
        ),
        Expr::Array(items, _) => What::List(items.iter().map(self::expression).collect()),
        Expr::InterpolatedString(items, _) => What::Parts(items.iter().map(self::expression).collect()),
        Expr::And(items, _) | Expr::Or(items, _) => What::Logic(items.iter().map(self::expression).collect()),
        Expr::Coalesce(items, _) => What::Parts(items.iter().map(self::expression).collect()),
        Expr::Stmt(block) => What::Block(block.iter().map(statement).collect()),
        _ => What::Parts(Vec::new()),
    };
    node(what, at)
}

fn function_call(call: &FnCallExpr, at: rhai::Position) -> Node {
    let arguments: Vec<Node> = call.args.iter().map(expression).collect();
    // What the parser makes of a closure that captures; `Stmt::Share` beside it says so already.
    let captures = call.name == "curry" && matches!(call.args.first(), Some(Expr::DynamicConstant(..)));
    if captures {
        return node(What::Parts(arguments), at);
    }
    if call.is_operator_call() {
        let name = call.name.to_string();
        return node(
            What::Operator {
                name,
                parts: arguments,
            },
            at,
        );
    }
    let what = What::Call {
        alias: path(&call.namespace.path),
        name: call.name.to_string(),
        arguments,
    };
    node(what, at)
}

fn path(names: &[rhai::Ident]) -> String {
    let names: Vec<&str> = names.iter().map(|part| part.name.as_str()).collect();
    names.join("::")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    Dot,
    Index,
}

/// `a.b[c].d` comes nested to the right; this turns it to the left, as it is read.
fn chain(base: Node, rest: &Expr, link: Link, flags: ASTFlags) -> Node {
    let ends = flags.contains(ASTFlags::BREAK);
    match rest {
        Expr::Dot(parts, next, _) if link == Link::Dot || !ends => {
            let base = step(base, &parts.lhs, link);
            chain(base, &parts.rhs, Link::Dot, *next)
        }
        Expr::Index(parts, next, _) if link == Link::Dot || !ends => {
            let base = step(base, &parts.lhs, link);
            chain(base, &parts.rhs, Link::Index, *next)
        }
        last => step(base, last, link),
    }
}

fn step(base: Node, part: &Expr, link: Link) -> Node {
    let of = Box::new(base);
    match part {
        Expr::Property(property, at) if link == Link::Dot => node(
            What::Member {
                of,
                name: property.2.to_string(),
            },
            *at,
        ),
        Expr::MethodCall(call, at) if link == Link::Dot => node(
            What::Method {
                of,
                name: call.name.to_string(),
                arguments: call.args.iter().map(expression).collect(),
            },
            *at,
        ),
        index => {
            let at = of.at;
            Node {
                what: What::Index {
                    of,
                    index: Box::new(expression(index)),
                },
                at,
            }
        }
    }
}
