use std::collections::BTreeMap;

use crate::diagnostics::Position;

/// A parsed file.
#[derive(Debug, Default)]
pub(in crate::script) struct Syntax {
    /// Named functions, in the order of the file.
    pub(in crate::script) functions: Vec<Function>,
    /// What stands outside of functions.
    pub(in crate::script) globals: Vec<Node>,
    /// The imports among them.
    pub(in crate::script) imports: Vec<Import>,
    /// The texts that choose a way of a `switch`, by the place of the `switch`.
    pub(in crate::script) cases: BTreeMap<Position, Vec<(String, Position)>>,
}

/// A named function.
#[derive(Debug)]
pub(in crate::script) struct Function {
    pub(in crate::script) name: String,
    pub(in crate::script) parameters: Vec<String>,
    /// Where the name stands.
    pub(in crate::script) at: Position,
    /// Whether only its own file may call it.
    pub(in crate::script) private: bool,
    /// Its statements.
    pub(in crate::script) body: Vec<Node>,
    /// The functions without a name that stand in it.
    pub(in crate::script) closures: Vec<Closure>,
}

/// A function without a name.
#[derive(Debug)]
pub(in crate::script) struct Closure {
    pub(in crate::script) parameters: Vec<String>,
    pub(in crate::script) body: Vec<Node>,
}

/// An import at the top of a file.
#[derive(Debug)]
pub(in crate::script) struct Import {
    /// The path, if it is written out.
    pub(in crate::script) path: Option<String>,
    /// The name it gets.
    pub(in crate::script) alias: String,
    pub(in crate::script) at: Position,
}

/// A piece of a script.
#[derive(Debug)]
pub(in crate::script) struct Node {
    pub(in crate::script) what: What,
    pub(in crate::script) at: Position,
}

/// What a piece is.
#[derive(Debug)]
pub(in crate::script) enum What {
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
    pub(in crate::script) fn start(&self) -> Position {
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
    pub(in crate::script) fn for_each_part<'n>(&'n self, hand: &mut dyn FnMut(&'n Self)) {
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
pub(in crate::script) struct Arm {
    pub(in crate::script) condition: Node,
    pub(in crate::script) body: Node,
}

/// A value that is written out and is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::script) enum Literal {
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
    pub(in crate::script) const fn words(self) -> &'static str {
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
