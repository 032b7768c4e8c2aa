use std::collections::BTreeSet;
use std::ops::Range;

use super::statements::Parts;
use super::statements::parts;
use super::tokens::Kind;
use super::tokens::Token;
use super::tokens::tokens;
use crate::policy::format_duration;
use crate::policy::parse_duration;
use crate::script::hook::Hook;
use crate::words::Assurance;

/// A script with one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutated {
    /// The line of the change, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
    /// What was changed, in words.
    pub change: String,
    /// The whole script, changed; no line has moved.
    pub text: String,
}

/// The script with each of its rules changed in turn: every comparison and its bounds, every condition, every text and
/// setting, every statement, branch and hook. Most of the results mean something else; some do not even load.
pub fn mutants(text: &str) -> Vec<Mutated> {
    let tokens = tokens(text);
    let parts = parts(text, &tokens);
    let mut making = Making {
        text,
        tokens: &tokens,
        seen: BTreeSet::from([text.to_owned()]),
        made: Vec::new(),
    };
    for index in 0..tokens.len() {
        making.token(index);
    }
    making.entries();
    making.parts(&parts);
    making.made.sort_by_key(|one| (one.line, one.column));
    making.made
}

struct Making<'a> {
    text: &'a str,
    tokens: &'a [Token],
    seen: BTreeSet<String>,
    made: Vec<Mutated>,
}

impl<'a> Making<'a> {
    fn token(&mut self, index: usize) {
        let Some(token) = self.tokens.get(index) else {
            return;
        };
        let word = self.word(index);
        match token.kind {
            Kind::Sign => {
                for other in turned(word) {
                    self.replace(token.at.clone(), other);
                }
                if word == "!" {
                    self.change(token.at.clone(), "", "`!` is removed".to_owned());
                }
            }
            Kind::Word => match word {
                "true" => self.replace(token.at.clone(), "false"),
                "false" => self.replace(token.at.clone(), "true"),
                _ => {}
            },
            Kind::Number => {
                for other in moved(word) {
                    self.replace(token.at.clone(), &other);
                }
            }
            // What is imported is no rule.
            Kind::Text if index > 0 && self.word(index - 1) == "import" => {}
            Kind::Text => {
                for other in retold(word) {
                    self.replace(token.at.clone(), &other);
                }
            }
            Kind::Opaque => {}
        }
    }

    /// Each entry of a map or a list taken away.
    fn entries(&mut self) {
        for open in 0..self.tokens.len() {
            let is_map = self.word(open) == "#{";
            // A list, and not the index of something.
            let is_list = self.word(open) == "["
                && (open == 0
                    || matches!(self.word(open - 1), ":" | "," | "(" | "=" | "return" | "[" | "in"));
            if !is_map && !is_list {
                continue;
            }
            let mut depth = 0_usize;
            let mut first = open + 1;
            for index in open..self.tokens.len() {
                match self.word(index) {
                    "(" | "[" | "{" | "#{" => depth += 1,
                    ")" | "]" | "}" => depth -= 1.min(depth),
                    _ => {}
                }
                let ends = depth == 0 || (depth == 1 && self.word(index) == ",");
                if ends && index > first {
                    self.entry(first, index, depth == 0, is_map, open);
                }
                if ends {
                    first = index + 1;
                }
                if depth == 0 {
                    break;
                }
            }
        }
    }

    /// Takes the words from `first` to before `end` away, with one comma.
    fn entry(&mut self, first: usize, end: usize, last: bool, is_map: bool, open: usize) {
        let from = if last && first > open + 1 {
            self.start(first - 1)
        } else {
            self.start(first)
        };
        let to = if last { self.end(end - 1) } else { self.end(end) };
        let what = if is_map {
            format!("the key `{}` is removed", self.word(first))
        } else {
            format!("{} is taken from the list", self.word(first))
        };
        self.change_at(from..to, self.start(first), "", what);
    }

    fn parts(&mut self, parts: &Parts) {
        for condition in &parts.conditions {
            // One comparison is turned round by its operator already.
            let compared = condition
                .clone()
                .filter(|index| is_comparison(self.word(*index)))
                .count();
            let joined = condition
                .clone()
                .any(|index| matches!(self.word(index), "&&" | "||"));
            if compared == 1 && !joined {
                continue;
            }
            let range = self.start(condition.start)..self.end(condition.end.saturating_sub(1));
            let inner = self.text.get(range.clone()).unwrap_or_default();
            let negated = format!("!({inner})");
            self.change(range, &negated, "the condition is negated".to_owned());
        }
        for statement in &parts.statements {
            let line = self.text.get(statement.clone()).unwrap_or_default();
            let what = format!("`{}` is removed", short(line));
            self.change(statement.clone(), "", what);
        }
        for branch in &parts.branches {
            self.change(branch.clone(), "", "the `else` is removed".to_owned());
        }
        for (name, function) in &parts.functions {
            if Hook::from_name(self.word(*name)).is_some() {
                let what = format!("`fn {}` is removed", self.word(*name));
                self.change(function.clone(), "", what);
            }
        }
    }

    fn replace(&mut self, range: Range<usize>, other: &str) {
        let before = self.text.get(range.clone()).unwrap_or_default();
        let what = format!("`{}` becomes `{}`", short(before), short(other));
        self.change(range, other, what);
    }

    fn change(&mut self, range: Range<usize>, other: &str, what: String) {
        let at = range.start;
        self.change_at(range, at, other, what);
    }

    fn change_at(&mut self, range: Range<usize>, at: usize, other: &str, what: String) {
        let (Some(before), Some(taken), Some(after)) = (
            self.text.get(..range.start),
            self.text.get(range.clone()),
            self.text.get(range.end..),
        ) else {
            return;
        };
        // Lines stay where they are, so that rules keep their places.
        let kept = taken.matches('\n').count() - other.matches('\n').count().min(taken.matches('\n').count());
        let text = format!("{before}{other}{}{after}", "\n".repeat(kept));
        if !self.seen.insert(text.clone()) {
            return;
        }
        let shown = self.text.get(..at).unwrap_or_default();
        let line = shown.matches('\n').count() + 1;
        let column = shown.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        self.made.push(Mutated {
            line: number(line),
            column: number(column),
            change: what,
            text,
        });
    }

    fn word(&self, index: usize) -> &'a str {
        let token = self.tokens.get(index);
        token
            .and_then(|token| self.text.get(token.at.clone()))
            .unwrap_or_default()
    }

    fn start(&self, index: usize) -> usize {
        self.tokens
            .get(index)
            .map_or(self.text.len(), |token| token.at.start)
    }

    fn end(&self, index: usize) -> usize {
        self.tokens
            .get(index)
            .map_or(self.text.len(), |token| token.at.end)
    }
}

/// A comparison moved by one, and turned round; `and` and `or` exchanged.
const fn turned(operator: &str) -> &'static [&'static str] {
    match operator.as_bytes() {
        b"==" => &["!="],
        b"!=" => &["=="],
        b"<" => &["<=", ">="],
        b"<=" => &["<", ">"],
        b">" => &[">=", "<="],
        b">=" => &[">", "<"],
        b"&&" => &["||"],
        b"||" => &["&&"],
        _ => &[],
    }
}

fn is_comparison(operator: &str) -> bool {
    matches!(operator, "==" | "!=" | "<" | "<=" | ">" | ">=")
}

/// A number one larger and one smaller.
fn moved(number: &str) -> Vec<String> {
    if let Ok(whole) = number.parse::<i64>() {
        return [whole.checked_add(1), whole.checked_sub(1)]
            .into_iter()
            .flatten()
            .map(|moved| moved.to_string())
            .collect();
    }
    match number.parse::<f64>() {
        Ok(value) => [value + 1.0, value - 1.0]
            .map(|moved| format!("{moved:?}"))
            .to_vec(),
        Err(_) => Vec::new(),
    }
}

/// Another text of the same kind: a lower level, another time, another word.
fn retold(quoted: &str) -> Vec<String> {
    let inner = quoted.trim_matches('"');
    let other = match Assurance::from_name(inner) {
        Some(Assurance::High) => vec!["medium".to_owned()],
        Some(Assurance::Medium) => vec!["low".to_owned()],
        // Nothing is lower, and a higher level is another rule.
        Some(Assurance::Low) => Vec::new(),
        None => match parse_duration(inner) {
            Some(time) => [time.checked_mul(2), time.checked_div(2)]
                .into_iter()
                .flatten()
                .filter(|other| other.as_secs() > 0)
                .map(format_duration)
                .collect(),
            None if inner.chars().any(|letter| matches!(letter, 'ء'..='ي')) => vec!["نص آخر".to_owned()],
            None if inner.contains(' ') => vec!["another text".to_owned()],
            None => vec![format!("{inner}x")],
        },
    };
    other.into_iter().map(|other| format!("\"{other}\"")).collect()
}

/// The beginning of a piece of a script, on one line.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim_end();
    let mut out: String = line.chars().take(MOST_SHOWN).collect();
    if out.len() < text.trim_end().len() {
        out.push('…');
    }
    out
}

const MOST_SHOWN: usize = 40;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCRIPT: &str = r#"import "lib/hours" as hours;

// Not `== 1` here.
fn plan(flow) {
    let a = flow.inputs.amount;
    if a != () && a > 500.0 {
        return tighten(#{ assurance: "high", drop: ["name_en", "photo"], expires_in: "3m" });
    } else if !hours::open(flow.now) {
        return refuse("closed", #{ ar: "مغلق", en: "It is closed" });
    }
}
fn approved(flow) { if flow.person.adult == true { say(#{ ar: "نعم", en: "Yes" }) } }
"#;

    #[test]
    fn each_rule_is_changed_in_turn() {
        let told: Vec<String> = mutants(SCRIPT)
            .into_iter()
            .map(|one| format!("{}:{} {}", one.line, one.column, one.change))
            .collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn lines_do_not_move_and_every_change_is_a_change() {
        for one in mutants(SCRIPT) {
            assert_eq!(one.text.lines().count(), SCRIPT.lines().count(), "{}", one.change);
            assert_ne!(one.text, SCRIPT, "{}", one.change);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z{}()\\[\\]#\"`$;,:=!<>&|0-9.\\\\/* \n\u{646}]{0,60}") {
            let _ = mutants(&text);
        }
    }
}
