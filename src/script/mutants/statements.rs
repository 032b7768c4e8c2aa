//! Where the statements, branches and conditions of a script are.

use std::ops::Range;

use super::tokens::Kind;
use super::tokens::Token;

/// The parts of a script that can be taken away or turned round, as ranges of bytes.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Statements inside functions.
    pub(super) statements: Vec<Range<usize>>,
    /// `else` with what belongs to it.
    pub(super) branches: Vec<Range<usize>>,
    /// Conditions of `if` and `while`, each with the numbers of its first word and of the one behind its last.
    pub(super) conditions: Vec<Range<usize>>,
    /// Named functions: the number of the word of the name, and the whole.
    pub(super) functions: Vec<(usize, Range<usize>)>,
}

/// Finds them.
pub(super) fn parts(text: &str, tokens: &[Token]) -> Parts {
    let mut reading = Reading {
        text,
        tokens,
        parts: Parts::default(),
    };
    let mut index = 0;
    while index < tokens.len() {
        index = match reading.word(index) {
            "fn" => reading.function(index),
            _ => index + 1,
        };
    }
    reading.parts
}

struct Reading<'a> {
    text: &'a str,
    tokens: &'a [Token],
    parts: Parts,
}

impl Reading<'_> {
    fn word(&self, index: usize) -> &str {
        self.tokens
            .get(index)
            .filter(|token| matches!(token.kind, Kind::Word | Kind::Sign))
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

    /// From `fn` to the word behind its body.
    fn function(&mut self, from: usize) -> usize {
        let mut open = from;
        while open < self.tokens.len() && self.word(open) != "{" {
            open += 1;
        }
        let close = self.closing(open);
        self.block(open, close);
        self.parts
            .functions
            .push((from + 1, self.start(from)..self.end(close)));
        close + 1
    }

    /// The word that closes what this one opens; the last word if nothing does.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        let mut index = open;
        while index < self.tokens.len() {
            match self.word(index) {
                "(" | "[" | "{" | "#{" | "?[" => depth += 1,
                ")" | "]" | "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return index;
                    }
                }
                _ => {}
            }
            index += 1;
        }
        self.tokens.len().saturating_sub(1)
    }

    /// The statements between two braces.
    fn block(&mut self, open: usize, close: usize) {
        let mut index = open + 1;
        while index < close {
            let after = self.statement(index, close);
            if after > index && self.word(index) != ";" {
                self.parts.statements.push(self.start(index)..self.end(after - 1));
            }
            index = after.max(index + 1);
        }
    }

    /// From the first word of a statement to the one behind its last.
    fn statement(&mut self, from: usize, limit: usize) -> usize {
        match self.word(from) {
            "if" => return self.condition(from, limit),
            "while" => {
                let close = self.body(from, limit, true);
                return close + 1;
            }
            "for" | "loop" | "switch" => {
                let close = self.body(from, limit, false);
                return close + 1;
            }
            _ => {}
        }
        let mut index = from;
        while index < limit {
            match self.word(index) {
                ";" => return index + 1,
                "if" => index = self.condition(index, limit),
                "(" | "[" | "{" | "#{" | "?[" => index = self.closing(index) + 1,
                _ => index += 1,
            }
        }
        limit
    }

    /// `if … { … } else if … { … } else { … }`.
    fn condition(&mut self, from: usize, limit: usize) -> usize {
        let close = self.body(from, limit, true);
        if close + 1 >= limit || self.word(close + 1) != "else" {
            return close + 1;
        }
        let other = close + 1;
        let after = if self.word(other + 1) == "if" {
            self.condition(other + 1, limit)
        } else {
            let end = self.closing(other + 1);
            self.block(other + 1, end);
            end + 1
        };
        self.parts
            .branches
            .push(self.start(other)..self.end(after.saturating_sub(1)));
        after
    }

    /// The block of a statement; gives the number of its closing brace.
    fn body(&mut self, keyword: usize, limit: usize, conditional: bool) -> usize {
        let mut open = keyword + 1;
        while open < limit {
            match self.word(open) {
                "{" => break,
                "(" | "[" | "#{" | "?[" => open = self.closing(open) + 1,
                _ => open += 1,
            }
        }
        if conditional && open > keyword + 1 {
            self.parts.conditions.push(keyword + 1..open);
        }
        let close = self.closing(open);
        self.block(open, close);
        close
    }
}
