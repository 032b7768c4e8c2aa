use std::ops::Range;

use super::tree::Node;
use super::tree::Sketch;
use super::tree::Spot;
use super::tree::Step;
use super::words::bare;
use super::words::closing;
use super::words::flow_length;
use super::words::key_of;
use super::words::plain_length;

/// Goes through a text line by line. What is open at its end is where the next letter would stand.
pub(super) struct Scan<'a> {
    text: &'a str,
    nodes: Vec<Node>,
    /// The keys and entries that lines may still add to, outermost first.
    block: Vec<usize>,
    /// The brackets that are open.
    flow: Vec<Flow>,
    /// A text in quotes that is not closed: its node, and the byte of its quote.
    quote: Option<(usize, usize, char)>,
    /// A block of text: its node.
    literal: Option<usize>,
    tail: Tail,
}

/// An open bracket.
struct Flow {
    node: Option<usize>,
    is_map: bool,
    /// The key whose value is awaited or was just read.
    entry: Option<usize>,
    awaits_value: bool,
}

/// What the last line ends in, where that is not open anyway.
#[derive(Clone, Debug)]
enum Tail {
    Comment,
    /// Behind the colon of this key.
    Value(usize),
    /// A word without a colon, or nothing, in this column.
    Word {
        column: usize,
        typed: Range<usize>,
    },
}

impl<'a> Scan<'a> {
    pub(super) fn run(text: &'a str) -> Self {
        let mut scan = Self {
            text,
            nodes: Vec::new(),
            block: Vec::new(),
            flow: Vec::new(),
            quote: None,
            literal: None,
            tail: Tail::Word {
                column: 0,
                typed: 0..0,
            },
        };
        let mut start = 0;
        for line in text.split('\n') {
            let end = start + line.trim_end_matches('\r').len();
            scan.line(start, end);
            start += line.len() + 1;
        }
        scan
    }

    pub(super) fn into_sketch(mut self) -> Sketch {
        // What belongs to a node is behind it, so its end is known once theirs are.
        for index in (0..self.nodes.len()).rev() {
            let (parent, end) = match self.nodes.get(index) {
                Some(node) => (node.parent, node.end),
                None => continue,
            };
            if let Some(parent) = parent {
                self.reach(parent, end);
            }
        }
        Sketch { nodes: self.nodes }
    }

    pub(super) fn spot(&self) -> Option<Spot> {
        let cursor = self.text.len();
        if let Some((node, quote, _)) = self.quote {
            return Some(Spot::Value {
                node,
                typed: (quote + 1).min(cursor)..cursor,
                in_text: true,
            });
        }
        if matches!(self.tail, Tail::Comment) {
            return None;
        }
        if let Some(node) = self.literal {
            let line = self.text.rfind('\n').map_or(0, |last| last + 1);
            return Some(Spot::Value {
                node,
                typed: line..cursor,
                in_text: true,
            });
        }
        if let Some(flow) = self.flow.last() {
            return self.flow_spot(flow, cursor);
        }
        match &self.tail {
            Tail::Comment => None,
            Tail::Value(node) => Some(Spot::Value {
                node: *node,
                typed: self.typed_value(*node, cursor),
                in_text: false,
            }),
            Tail::Word { column, typed } => {
                let is_outside =
                    |index: &&usize| self.nodes.get(**index).is_some_and(|node| node.column < *column);
                Some(Spot::Key {
                    parent: self.block.iter().rev().find(is_outside).copied(),
                    typed: typed.clone(),
                    in_flow: false,
                })
            }
        }
    }

    fn flow_spot(&self, flow: &Flow, cursor: usize) -> Option<Spot> {
        let last = self.nodes.last().filter(|node| node.parent == flow.node);
        if flow.is_map {
            return Some(match flow.entry.filter(|_| flow.awaits_value) {
                Some(node) => Spot::Value {
                    node,
                    typed: self.typed_value(node, cursor),
                    in_text: false,
                },
                None => Spot::Key {
                    parent: flow.node,
                    typed: last
                        .filter(|node| node.at.end == cursor)
                        .map_or(cursor..cursor, |node| node.at.clone()),
                    in_flow: true,
                },
            });
        }
        let typed = last
            .and_then(|node| node.value.clone())
            .filter(|value| value.end == cursor);
        Some(Spot::Entry {
            parent: flow.node?,
            typed: typed.unwrap_or(cursor..cursor),
        })
    }

    /// What of a value stands right before the cursor.
    fn typed_value(&self, node: usize, cursor: usize) -> Range<usize> {
        let value = self.nodes.get(node).and_then(|node| node.value.clone());
        // Blanks behind a value belong to it as long as somebody types.
        value.map_or(cursor..cursor, |value| value.start..cursor.max(value.start))
    }

    fn line(&mut self, start: usize, end: usize) {
        let line = self.slice(start, end);
        let indent = line.len() - line.trim_start_matches(' ').len();
        let is_blank = line.trim().is_empty();
        if let Some(node) = self.literal {
            let outer = self.nodes.get(node).map_or(0, |node| node.column);
            if is_blank || indent > outer {
                self.reach_value(node, end);
                self.tail = Tail::Value(node);
                return;
            }
            self.literal = None;
        }
        if self.quote.is_some() || !self.flow.is_empty() {
            let outer = self.block.last().and_then(|index| self.nodes.get(*index));
            let is_new_key =
                indent <= outer.map_or(0, |node| node.column) && key_of(line.trim_start()).is_some();
            if !is_new_key {
                self.inside(start, end);
                return;
            }
            // Something above was never closed, and here goes on what comes after it.
            self.quote = None;
            self.flow.clear();
        }
        self.block_line(start, end, start + indent);
    }

    fn block_line(&mut self, start: usize, end: usize, mut at: usize) {
        loop {
            let rest = self.slice(at, end);
            if rest != "-" && !rest.starts_with("- ") {
                break;
            }
            let column = at - start;
            self.leave(column, true);
            let parent = self.block.last().copied();
            let count = self
                .nodes
                .iter()
                .filter(|node| node.parent == parent && matches!(node.step, Step::Entry(_)))
                .count();
            let node = self.add(parent, Step::Entry(count), at..at + 1, column);
            self.block.push(node);
            at += 1;
            at += self.blanks(at, end);
        }
        let rest = self.slice(at, end);
        let column = at - start;
        if rest.trim().is_empty() {
            self.tail = Tail::Word {
                column: end - start,
                typed: end..end,
            };
            return;
        }
        if rest.starts_with('#') {
            self.tail = Tail::Comment;
            return;
        }
        if let Some((key, length, colon)) = key_of(rest) {
            self.leave(column, false);
            let parent = self.block.last().copied();
            let key = Step::Key(bare(key).to_owned());
            let node = self.add(parent, key, at..at + length, column);
            self.block.push(node);
            self.tail = Tail::Value(node);
            self.value(node, at + colon + 1, end);
            return;
        }
        self.word(column, at, end);
    }

    /// A line, or the rest of one, that has no key.
    fn word(&mut self, column: usize, at: usize, end: usize) {
        let rest = self.slice(at, end);
        let length = plain_length(rest);
        self.tail = Tail::Word {
            column,
            typed: at..end,
        };
        let Some(&top) = self.block.last() else {
            return;
        };
        let inside = self.nodes.get(top).is_some_and(|node| node.column < column);
        let is_value = rest.starts_with(['{', '[', '"', '\'']);
        if inside && is_value {
            self.value(top, at, end);
        } else if inside {
            let is_entry = self
                .nodes
                .get(top)
                .is_some_and(|node| matches!(node.step, Step::Entry(_)) && node.value.is_none());
            if is_entry && let Some(node) = self.nodes.get_mut(top) {
                node.value = Some(at..at + length);
            }
            self.reach_value(top, at + length);
        }
    }

    /// What stands behind a colon.
    fn value(&mut self, node: usize, at: usize, end: usize) {
        let at = at + self.blanks(at, end);
        let rest = self.slice(at, end);
        match rest.chars().next() {
            None => {}
            Some('#') => self.tail = Tail::Comment,
            Some('|' | '>') => {
                self.set_value(node, at..end);
                self.literal = Some(node);
            }
            Some(open @ ('{' | '[')) => {
                self.flow.push(Flow {
                    node: Some(node),
                    is_map: open == '{',
                    entry: None,
                    awaits_value: false,
                });
                self.inside(at + 1, end);
            }
            Some(quote @ ('"' | '\'')) => {
                self.quoted(node, at, quote, end);
            }
            Some(_) => {
                let length = plain_length(rest);
                self.set_value(node, at..at + length);
                if rest
                    .get(length..)
                    .is_some_and(|rest| rest.trim_start().starts_with('#'))
                {
                    self.tail = Tail::Comment;
                }
            }
        }
    }

    /// A text in quotes, from its first; the byte behind it, or none if it goes on in the next line.
    fn quoted(&mut self, node: usize, at: usize, quote: char, end: usize) -> Option<usize> {
        let closed = closing(self.slice(at + 1, end), quote).map(|length| at + 1 + length);
        self.set_value(node, at..closed.unwrap_or(end));
        if closed.is_none() {
            self.quote = Some((node, at, quote));
        }
        closed
    }

    /// A line, or the rest of one, with quotes or brackets open.
    fn inside(&mut self, start: usize, end: usize) {
        let mut at = start;
        if let Some((node, _, quote)) = self.quote {
            let Some(length) = closing(self.slice(at, end), quote) else {
                self.reach_value(node, end);
                return;
            };
            at += length;
            self.reach_value(node, at);
            self.quote = None;
        }
        while at < end && !self.flow.is_empty() {
            let rest = self.slice(at, end);
            let Some(letter) = rest.chars().next() else {
                return;
            };
            match letter {
                '#' if at == start || self.slice(start, at).ends_with(' ') => {
                    self.tail = Tail::Comment;
                    return;
                }
                '{' | '[' => {
                    let node = self.owner(at);
                    self.flow.push(Flow {
                        node,
                        is_map: letter == '{',
                        entry: None,
                        awaits_value: false,
                    });
                    at += 1;
                }
                '}' | ']' => {
                    at += 1;
                    if let Some(closed) = self.flow.pop().and_then(|flow| flow.node) {
                        self.reach(closed, at);
                    }
                }
                ',' => {
                    if let Some(flow) = self.flow.last_mut() {
                        flow.entry = None;
                        flow.awaits_value = false;
                    }
                    at += 1;
                }
                ':' => {
                    if let Some(flow) = self.flow.last_mut() {
                        flow.awaits_value = true;
                    }
                    at += 1;
                }
                '"' | '\'' => {
                    let closed = closing(self.slice(at + 1, end), letter).map(|length| at + 1 + length);
                    let node = self.token(at..closed.unwrap_or(end));
                    let Some(closed) = closed else {
                        self.quote = node.map(|node| (node, at, letter));
                        return;
                    };
                    at = closed;
                }
                letter if letter.is_whitespace() => at += letter.len_utf8(),
                _ => {
                    let length = flow_length(rest).max(letter.len_utf8());
                    self.token(at..at + length);
                    at += length;
                }
            }
        }
        self.tail = match self.flow.last() {
            Some(_) => Tail::Word {
                column: 0,
                typed: end..end,
            },
            None => Tail::Comment,
        };
    }

    /// What a bracket inside of brackets belongs to.
    fn owner(&mut self, at: usize) -> Option<usize> {
        let flow = self.flow.last()?;
        if flow.is_map {
            return flow.entry.or(flow.node);
        }
        let parent = flow.node;
        Some(self.entry(parent, at..at + 1))
    }

    /// A word inside of brackets: a key, a value or an entry. The node that holds it.
    fn token(&mut self, at: Range<usize>) -> Option<usize> {
        let flow = self.flow.last()?;
        let parent = flow.node;
        if !flow.is_map {
            let node = self.entry(parent, at.clone());
            self.set_value(node, at);
            return Some(node);
        }
        if flow.awaits_value {
            let node = flow.entry?;
            self.set_value(node, at);
            return Some(node);
        }
        let key = Step::Key(bare(self.slice(at.start, at.end)).to_owned());
        let node = self.add(parent, key, at, usize::MAX);
        if let Some(flow) = self.flow.last_mut() {
            flow.entry = Some(node);
        }
        None
    }

    fn entry(&mut self, parent: Option<usize>, at: Range<usize>) -> usize {
        let count = self.nodes.iter().filter(|node| node.parent == parent).count();
        self.add(parent, Step::Entry(count), at, usize::MAX)
    }

    fn add(&mut self, parent: Option<usize>, step: Step, at: Range<usize>, column: usize) -> usize {
        self.nodes.push(Node {
            parent,
            step,
            end: at.end,
            at,
            value: None,
            column,
        });
        self.nodes.len() - 1
    }

    /// Closes what a line in this column can't belong to.
    fn leave(&mut self, column: usize, is_dash: bool) {
        while let Some(node) = self.block.last().and_then(|index| self.nodes.get(*index)) {
            // The dashes of a list may stand right under its key.
            let is_entry = matches!(node.step, Step::Entry(_));
            if node.column > column || (node.column == column && (!is_dash || is_entry)) {
                self.block.pop();
            } else {
                return;
            }
        }
    }

    fn set_value(&mut self, node: usize, value: Range<usize>) {
        self.reach(node, value.end);
        if let Some(node) = self.nodes.get_mut(node) {
            node.value = Some(value);
        }
    }

    fn reach_value(&mut self, node: usize, end: usize) {
        self.reach(node, end);
        if let Some(value) = self.nodes.get_mut(node).and_then(|node| node.value.as_mut()) {
            value.end = value.end.max(end);
        }
    }

    fn reach(&mut self, node: usize, end: usize) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.end = node.end.max(end);
        }
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn blanks(&self, at: usize, end: usize) -> usize {
        let rest = self.slice(at, end);
        rest.len() - rest.trim_start().len()
    }
}
