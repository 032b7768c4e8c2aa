//! Words and signs of other languages: what is written here instead.

/// Signs: the one here, if there is one, and the remedy.
pub(super) const SIGNS: [(&str, &str, &str); 24] = [
    ("=", "==", "write `==` to compare; `=` gives a variable a value"),
    ("===", "==", "write `==`"),
    ("!==", "!=", "write `!=`"),
    ("<>", "!=", "write `!=`"),
    ("=<", "<=", "write `<=`"),
    (":=", "=", "write `=`"),
    (
        "->",
        "",
        "a function says only its parameters: `fn plan(flow) { … }`",
    ),
    ("++", "", "write `count += 1`"),
    ("--", "", "write `count -= 1`"),
    ("?", "", "write `if a > 1 { \"high\" } else { \"low\" }`"),
    ("؛", ";", "write `;`"),
    ("،", ",", "write `,`"),
    ("≥", ">=", "write `>=`"),
    ("≤", "<=", "write `<=`"),
    ("≠", "!=", "write `!=`"),
    ("×", "*", "write `*`"),
    ("÷", "/", "write `/`"),
    ("–", "-", "write the plain hyphen `-`"),
    ("—", "-", "write the plain hyphen `-`"),
    ("−", "-", "write the plain hyphen `-`"),
    (
        "\u{A0}",
        " ",
        "write a plain space; this one was copied from a page or a document",
    ),
    (
        "\u{202F}",
        " ",
        "write a plain space; this one was copied from a page or a document",
    ),
    ("\u{200B}", "", "remove it; nobody can see it"),
    ("\u{200F}", "", "remove it; nobody can see it"),
];

/// Words, likewise.
pub(super) const RESERVED: [(&str, &str, &str); 27] = [
    ("and", "&&", "write `&&`"),
    ("or", "||", "write `||`"),
    ("not", "!", "write `!` before what is negated"),
    ("AND", "&&", "write `&&`"),
    ("OR", "||", "write `||`"),
    ("NOT", "!", "write `!` before what is negated"),
    ("null", "()", "what is not there is `()`"),
    ("nil", "()", "what is not there is `()`"),
    ("None", "()", "what is not there is `()`"),
    ("NULL", "()", "what is not there is `()`"),
    ("undefined", "()", "what is not there is `()`"),
    ("var", "let", "write `let`"),
    ("match", "switch", "write `switch`"),
    (
        "case",
        "",
        "write `switch flow.channel { \"web\" => …, _ => … }`, without `case`",
    ),
    ("elif", "else if", "write `else if`"),
    ("elsif", "else if", "write `else if`"),
    ("elseif", "else if", "write `else if`"),
    ("elseIf", "else if", "write `else if`"),
    ("True", "true", "write `true`"),
    ("False", "false", "write `false`"),
    ("TRUE", "true", "write `true`"),
    ("FALSE", "false", "write `false`"),
    ("function", "fn", "write `fn`"),
    ("func", "fn", "write `fn`"),
    ("def", "fn", "write `fn plan(flow) { … }`"),
    ("async", "", "remove it: nothing in a script waits"),
    ("is", "==", "write `==`"),
];

/// Functions that people look for, by what they are called elsewhere: the one here, or why there is none.
pub(super) fn function(name: &str) -> Option<Foreign> {
    let plain: String = name
        .chars()
        .filter(|letter| *letter != '_')
        .flat_map(char::to_lowercase)
        .collect();
    let ours = OURS.iter().find(|(_, others)| others.contains(&plain.as_str()));
    let none = NONE.iter().find(|(names, _)| names.contains(&plain.as_str()));
    ours.map(|(ours, _)| Foreign::Ours(ours))
        .or_else(|| none.map(|(_, why)| Foreign::None(why)))
}

/// What is here in place of a function of another language.
pub(super) enum Foreign {
    /// A function.
    Ours(&'static str),
    /// Nothing, for this reason.
    None(&'static str),
}

const OURS: [(&str, &[&str]); 11] = [
    (
        "refuse",
        &["deny", "reject", "block", "forbid", "decline", "disallow", "fail"],
    ),
    ("tighten", &["raise", "restrict", "stepup", "require", "escalate"]),
    ("say", &["message", "show", "tell", "display", "respond"]),
    ("stop", &["abort", "end", "halt", "quit", "cancel"]),
    ("contains", &["includes", "has", "include", "in"]),
    ("len", &["length", "size", "count"]),
    ("to_lower", &["tolowercase", "lower", "lowercase", "downcase"]),
    ("to_upper", &["touppercase", "upper", "uppercase", "upcase"]),
    ("sub_string", &["substring", "substr", "slice"]),
    ("index_of", &["indexof", "find", "position"]),
    ("parse_int", &["parseint", "int", "toint", "number", "intval"]),
];

const NONE: [(&[&str], &str); 3] = [
    (
        &[
            "allow", "approve", "approved", "accept", "permit", "pass", "ok", "grant", "proceed",
        ],
        "nothing approves but the authority: a hook that has no objection returns nothing",
    ),
    (
        &["retry", "again", "repeat", "restart"],
        "another attempt is offered by `then: retry` in the service; `stop` takes it back",
    ),
    (
        &["now", "today", "date", "time", "getdate", "currenttime"],
        "the time at which the flow is decided is `flow.now`",
    ),
];
