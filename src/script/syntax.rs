//! The one file that reads the engine's own syntax tree, which may change with each version of the engine. It
//! turns the tree into a small one of ours, which the lint walks.

use rhai::AST;
use rhai::ASTFlags;
use rhai::ASTNode;
use rhai::Expr;
use rhai::FnAccess;
use rhai::FnCallExpr;
use rhai::Stmt;

use crate::diagnostics::Position;

/// A parsed file.
#[derive(Debug, Default)]
pub(super) struct Syntax {
    /// Named functions, in the order of the file.
    pub(super) functions: Vec<Function>,
    /// What stands outside of functions.
    pub(super) globals: Vec<Node>,
    /// The imports among them.
    pub(super) imports: Vec<Import>,
}

/// A named function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) parameters: Vec<String>,
    /// Where the name stands.
    pub(super) at: Position,
    /// Whether only its own file may call it.
    pub(super) private: bool,
    /// Its statements, with those of its closures behind them.
    pub(super) body: Vec<Node>,
}

/// An import at the top of a file.
#[derive(Debug)]
pub(super) struct Import {
    /// The path, if it is written out.
    pub(super) path: Option<String>,
    /// The name it gets.
    pub(super) alias: String,
    pub(super) at: Position,
}

/// A piece of a script.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) what: What,
    pub(super) at: Position,
}

/// What a piece is.
#[derive(Debug)]
pub(super) enum What {
    /// `name(…)` or `alias::name(…)`.
    Call {
        alias: String,
        name: String,
        arguments: Vec<Node>,
    },
    /// `of.name(…)`.
    Method {
        of: Box<Node>,
        name: String,
        arguments: Vec<Node>,
    },
    /// `of.name`.
    Member { of: Box<Node>, name: String },
    /// `of[index]`.
    Index { of: Box<Node>, index: Box<Node> },
    /// A variable.
    Name(String),
    /// A text, written out.
    Text(String),
    /// Another value, written out; its kind for messages.
    Literal(&'static str),
    /// `#{ key: value }`, each key with its place.
    Map(Vec<(String, Position, Node)>),
    /// `[ … ]`.
    List(Vec<Node>),
    /// `let name = value` or `const name = value`.
    Let {
        name: String,
        value: Box<Node>,
        constant: bool,
    },
    /// `target = value`, or with an operator.
    Assign { target: Box<Node>, value: Box<Node> },
    /// `import path as alias`.
    Import { path: Box<Node>, alias: String },
    /// `export …`.
    Export,
    /// A closure that uses these variables from outside.
    Capture(Vec<String>),
    /// Anything else: its parts in order.
    Parts(Vec<Node>),
}

impl Syntax {
    /// Reads the engine's tree of `text`.
    pub(super) fn read(ast: &AST, text: &str) -> Self {
        let mut functions = named_functions(ast, text);
        let globals_before = ast.statements().len();
        let mut globals = Vec::new();
        let mut roots = 0;
        ast.walk(&mut |path: &[ASTNode<'_>]| {
            if let [ASTNode::Stmt(root)] = path {
                roots += 1;
                let node = statement(root);
                if roots <= globals_before {
                    globals.push(node);
                } else if let Some(found) = functions
                    .iter_mut()
                    .rev()
                    .find(|found| found.start <= node.at && node.at <= found.end)
                {
                    found.function.body.push(node);
                }
            }
            true
        });
        let imports = globals.iter().filter_map(import).collect();
        Self {
            functions: functions.into_iter().map(|found| found.function).collect(),
            globals,
            imports,
        }
    }
}

struct Found {
    function: Function,
    start: Position,
    end: Position,
}

fn named_functions(ast: &AST, text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = ast
        .iter_functions()
        .filter(|function| !function.name.starts_with("anon$"))
        .filter_map(|function| {
            let defined = ast
                .shared_lib()
                .get_script_fn(function.name, function.params.len())?;
            let (start, end) = (defined.body.start_position(), defined.body.end_position());
            let start = place(start);
            Some(Found {
                function: Function {
                    name: function.name.to_owned(),
                    parameters: function.params.iter().map(|&name| name.to_owned()).collect(),
                    at: name_before(text, start, function.name),
                    private: matches!(function.access, FnAccess::Private),
                    body: Vec::new(),
                },
                start,
                end: place(end),
            })
        })
        .collect();
    found.sort_by_key(|found| found.start);
    found
}

/// Where `name` last stands before the body that begins at `body`.
fn name_before(text: &str, body: Position, name: &str) -> Position {
    let mut found = body;
    let needle = format!("{name}(");
    let spaced = format!("{name} (");
    for (index, line) in text.lines().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        if number > body.line {
            break;
        }
        if let Some(byte) = line.rfind(&needle).or_else(|| line.rfind(&spaced)) {
            let before = line.get(..byte).unwrap_or_default();
            let column = u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX);
            if before.trim_end().ends_with("fn") && (number < body.line || column <= body.column) {
                found = Position { line: number, column };
            }
        }
    }
    found
}

fn import(node: &Node) -> Option<Import> {
    let What::Import { path, alias } = &node.what else {
        return None;
    };
    let path = match &path.what {
        What::Text(path) => Some(path.clone()),
        _ => None,
    };
    Some(Import {
        path,
        alias: alias.clone(),
        at: node.at,
    })
}

fn place(position: rhai::Position) -> Position {
    let number = |value: Option<usize>| value.and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
    Position {
        line: number(position.line()),
        column: number(position.position()).max(1),
    }
}

fn node(what: What, at: rhai::Position) -> Node {
    Node { what, at: place(at) }
}

fn statement(statement: &Stmt) -> Node {
    let at = statement.position();
    let what = match statement {
        Stmt::Expr(inner) => return expression(inner),
        Stmt::FnCall(call, at) => return function_call(call, *at),
        Stmt::Var(parts, flags, _) => What::Let {
            name: parts.0.name.to_string(),
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
        Stmt::Block(block) => What::Parts(block.iter().map(self::statement).collect()),
        Stmt::If(flow, _) | Stmt::While(flow, _) | Stmt::Do(flow, ..) | Stmt::TryCatch(flow, _) => {
            What::Parts(flow_parts(flow))
        }
        Stmt::For(parts, _) => {
            let mut all = vec![node(
                What::Let {
                    name: parts.0.name.to_string(),
                    value: Box::new(node(What::Literal("an item"), at)),
                    constant: false,
                },
                at,
            )];
            all.extend(flow_parts(&parts.2));
            What::Parts(all)
        }
        Stmt::Switch(parts, _) => {
            let mut all = vec![expression(&parts.0)];
            for case in &parts.1.expressions {
                all.push(expression(&case.lhs));
                all.push(expression(&case.rhs));
            }
            What::Parts(all)
        }
        Stmt::Return(Some(value), ..) | Stmt::BreakLoop(Some(value), ..) => {
            What::Parts(vec![expression(value)])
        }
        _ => What::Parts(Vec::new()),
    };
    node(what, at)
}

fn flow_parts(flow: &rhai::FlowControl) -> Vec<Node> {
    std::iter::once(expression(&flow.expr))
        .chain(flow.body.iter().map(statement))
        .chain(flow.branch.iter().map(statement))
        .collect()
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
        Expr::Variable(parts, ..) => What::Name(parts.1.to_string()),
        Expr::StringConstant(text, _) => What::Text(text.to_string()),
        Expr::BoolConstant(..) => What::Literal("true or false"),
        Expr::IntegerConstant(..) => What::Literal("a whole number"),
        Expr::FloatConstant(..) => What::Literal("a number"),
        Expr::CharConstant(..) => What::Literal("a character"),
        Expr::Unit(_) => What::Literal("nothing"),
        Expr::Map(parts, _) => What::Map(
            parts
                .0
                .iter()
                .map(|(key, value)| (key.name.to_string(), place(key.pos), self::expression(value)))
                .collect(),
        ),
        Expr::Array(items, _) => What::List(items.iter().map(self::expression).collect()),
        Expr::InterpolatedString(items, _) => What::Parts(items.iter().map(self::expression).collect()),
        Expr::And(items, _) | Expr::Or(items, _) | Expr::Coalesce(items, _) => {
            What::Parts(items.iter().map(self::expression).collect())
        }
        Expr::Stmt(block) => What::Parts(block.iter().map(statement).collect()),
        _ => What::Parts(Vec::new()),
    };
    node(what, at)
}

fn function_call(call: &FnCallExpr, at: rhai::Position) -> Node {
    let arguments: Vec<Node> = call.args.iter().map(expression).collect();
    // What the parser makes of a closure that captures; `Stmt::Share` beside it says so already.
    let captures = call.name == "curry" && matches!(call.args.first(), Some(Expr::DynamicConstant(..)));
    if call.is_operator_call() || captures {
        return node(What::Parts(arguments), at);
    }
    let alias: Vec<&str> = call
        .namespace
        .path
        .iter()
        .map(|part| part.name.as_str())
        .collect();
    let what = What::Call {
        alias: alias.join("::"),
        name: call.name.to_string(),
        arguments,
    };
    node(what, at)
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
