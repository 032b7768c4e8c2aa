//! The one file that reads the engine's own syntax tree, which may change with each version of the engine. It
//! turns the tree into a small one of ours, which the lint walks.

use std::collections::BTreeMap;

use rhai::AST;
use rhai::ASTFlags;
use rhai::ASTNode;
use rhai::Expr;
use rhai::FnAccess;
use rhai::FnCallExpr;
use rhai::Stmt;

use super::cases::cases;
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
    /// The texts that choose a way of a `switch`, by the place of the `switch`.
    pub(super) cases: BTreeMap<Position, Vec<(String, Position)>>,
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
    /// Its statements.
    pub(super) body: Vec<Node>,
    /// The functions without a name that stand in it.
    pub(super) closures: Vec<Closure>,
}

/// A function without a name.
#[derive(Debug)]
pub(super) struct Closure {
    pub(super) parameters: Vec<String>,
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
    /// A variable of a module, or with `global::` of this file.
    Constant { alias: String, name: String },
    /// A text, written out.
    Text(String),
    /// Another value, written out.
    Literal(Literal),
    /// `#{ key: value }`, each key with its place.
    Map(Vec<(String, Position, Node)>),
    /// `[ … ]`.
    List(Vec<Node>),
    /// `let name = value` or `const name = value`; also what a `for` gives a name to.
    Let {
        name: String,
        name_at: Position,
        value: Box<Node>,
        constant: bool,
    },
    /// `target = value`, or with an operator.
    Assign { target: Box<Node>, value: Box<Node> },
    /// An operator with what it works on; `x in y` is `contains` of y and x.
    Operator { name: String, parts: Vec<Node> },
    /// `&&` or `||`.
    Logic(Vec<Node>),
    /// `if`, with what follows `else`; an empty `else` counts as none.
    If {
        condition: Box<Node>,
        then: Vec<Node>,
        other: Vec<Node>,
    },
    /// A loop: the names it gives and what it asks before each round, and its body.
    Loop {
        head: Vec<Node>,
        body: Vec<Node>,
        /// Whether only `break` or `return` end it.
        endless: bool,
    },
    /// `switch`.
    Switch {
        of: Box<Node>,
        arms: Vec<Arm>,
        /// Whether one of the arms takes what no other took.
        has_default: bool,
    },
    /// `try` and its `catch`.
    Try { body: Vec<Node>, catch: Vec<Node> },
    /// `{ … }`.
    Block(Vec<Node>),
    /// `return`.
    Return(Option<Box<Node>>),
    /// `throw`.
    Throw(Option<Box<Node>>),
    /// `break` or `continue`.
    Leave {
        ends_loop: bool,
        value: Option<Box<Node>>,
    },
    /// `import path as alias`.
    Import { path: Box<Node>, alias: String },
    /// `export …`.
    Export,
    /// A closure that uses these variables from outside.
    Capture(Vec<String>),
    /// Anything else: its parts in order.
    Parts(Vec<Node>),
}

impl Node {
    /// Where the piece begins: a chain of names, or an operator, is found at its middle.
    pub(super) fn start(&self) -> Position {
        match &self.what {
            What::Member { of, .. } | What::Method { of, .. } | What::Index { of, .. } => {
                of.start().min(self.at)
            }
            What::Operator { parts, .. } | What::Logic(parts) => {
                parts.first().map_or(self.at, |first| first.start().min(self.at))
            }
            What::Assign { target, .. } => target.start().min(self.at),
            _ => self.at,
        }
    }

    /// Hands out what the piece is made of, in order.
    pub(super) fn for_each_part<'n>(&'n self, hand: &mut dyn FnMut(&'n Self)) {
        let mut all = |nodes: &'n [Self]| nodes.iter().for_each(&mut *hand);
        match &self.what {
            What::Call { arguments, .. } => all(arguments),
            What::Method { of, arguments, .. } => {
                all(std::slice::from_ref(of));
                all(arguments);
            }
            What::Member { of, .. } => all(std::slice::from_ref(of)),
            What::Index { of, index } => {
                all(std::slice::from_ref(of));
                all(std::slice::from_ref(index));
            }
            What::Map(entries) => entries
                .iter()
                .for_each(|(_, _, value)| all(std::slice::from_ref(value))),
            What::Let { value, .. } => all(std::slice::from_ref(value)),
            What::Assign { target, value } => {
                all(std::slice::from_ref(target));
                all(std::slice::from_ref(value));
            }
            What::List(parts)
            | What::Operator { parts, .. }
            | What::Logic(parts)
            | What::Block(parts)
            | What::Parts(parts) => all(parts),
            What::If {
                condition,
                then,
                other,
            } => {
                all(std::slice::from_ref(condition));
                all(then);
                all(other);
            }
            What::Loop { head, body, .. } => {
                all(head);
                all(body);
            }
            What::Switch { of, arms, .. } => {
                all(std::slice::from_ref(of));
                for arm in arms {
                    all(std::slice::from_ref(&arm.condition));
                    all(std::slice::from_ref(&arm.body));
                }
            }
            What::Try { body, catch } => {
                all(body);
                all(catch);
            }
            What::Return(value) | What::Throw(value) | What::Leave { value, .. } => {
                if let Some(value) = value {
                    all(std::slice::from_ref(value));
                }
            }
            What::Import { path, .. } => all(std::slice::from_ref(path)),
            What::Name(_)
            | What::Constant { .. }
            | What::Text(_)
            | What::Literal(_)
            | What::Export
            | What::Capture(_) => {}
        }
    }
}

/// One way of a `switch`. The values that choose it are not in the engine's tree; see `cases`.
#[derive(Debug)]
pub(super) struct Arm {
    pub(super) condition: Node,
    pub(super) body: Node,
}

/// A value that is written out and is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Flag,
    Whole,
    Number,
    Character,
    Nothing,
    /// What a loop gives a name to.
    Item,
}

impl Literal {
    /// For messages.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Flag => "true or false",
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::Character => "a character",
            Self::Nothing => "nothing",
            Self::Item => "an item",
        }
    }
}

impl Syntax {
    /// Reads the engine's tree of `text`.
    pub(super) fn read(ast: &AST, text: &str) -> Self {
        let mut functions = functions(ast, text);
        let globals_before = ast.statements().len();
        let mut globals = Vec::new();
        let mut roots = 0;
        ast.walk(&mut |path: &[ASTNode<'_>]| {
            if let [ASTNode::Stmt(root)] = path {
                roots += 1;
                let at = place(root.position());
                let node = statement(root);
                if roots <= globals_before {
                    globals.push(node);
                } else if let Some(found) = functions.iter_mut().rev().find(|found| found.holds(at)) {
                    found.function.body.push(node);
                }
            }
            true
        });
        let imports = globals.iter().filter_map(import).collect();
        Self {
            functions: with_closures(functions),
            globals,
            imports,
            cases: cases(text),
        }
    }
}

struct Found {
    function: Function,
    start: Position,
    end: Position,
    is_closure: bool,
}

impl Found {
    fn holds(&self, at: Position) -> bool {
        self.start <= at && at <= self.end
    }
}

/// Every function in the order of the file, so that the last one that holds a place is the innermost.
fn functions(ast: &AST, text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = ast
        .iter_functions()
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
                    closures: Vec::new(),
                },
                start,
                // A closure that is one expression says only where it begins.
                end: place(end).max(start),
                is_closure: function.name.starts_with("anon$"),
            })
        })
        .collect();
    found.sort_by_key(|found| found.start);
    found
}

/// Named functions, each with the closures that stand in it.
fn with_closures(found: Vec<Found>) -> Vec<Function> {
    let (closures, mut named): (Vec<Found>, Vec<Found>) = found.into_iter().partition(|one| one.is_closure);
    for closure in closures {
        if let Some(around) = named.iter_mut().rev().find(|one| one.holds(closure.start)) {
            around.function.closures.push(Closure {
                parameters: closure.function.parameters,
                body: closure.function.body,
            });
        }
    }
    named.into_iter().map(|one| one.function).collect()
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
