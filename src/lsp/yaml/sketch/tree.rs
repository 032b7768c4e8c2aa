use std::ops::Range;

use super::scan::Scan;
use super::words::bare;

/// A YAML file as it stands while somebody types: its keys, entries and values with their bytes, though it may not
/// parse. What it can't make sense of it leaves out.
#[derive(Debug)]
pub(in crate::lsp) struct Sketch {
    /// In the order of the text, each behind the one it stands in.
    pub(super) nodes: Vec<Node>,
}

/// A key or an entry of a list.
#[derive(Debug)]
pub(in crate::lsp) struct Node {
    /// What it stands in; `None` at the top of the file.
    pub(in crate::lsp) parent: Option<usize>,
    pub(in crate::lsp) step: Step,
    /// The key as written; of an entry its dash or its first letter.
    pub(in crate::lsp) at: Range<usize>,
    /// The value with its quotes, where it is one text.
    pub(in crate::lsp) value: Option<Range<usize>>,
    /// The byte behind all that belongs to it.
    pub(in crate::lsp) end: usize,
    pub(super) column: usize,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lsp) enum Step {
    /// Below a key.
    Key(String),
    /// The entry of a list, counted from 0.
    Entry(usize),
}

/// What a place in a text stands in, judged by all that is before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lsp) enum Spot {
    /// Where a key can be, or the value of `parent` in a line of its own.
    Key {
        /// What it would belong to.
        parent: Option<usize>,
        /// What of it is there.
        typed: Range<usize>,
        /// Whether brackets are open around it.
        in_flow: bool,
    },
    /// Behind the colon of a key, or in an entry that begins with a quote.
    Value {
        /// The key.
        node: usize,
        /// What of the value is there, without its quote.
        typed: Range<usize>,
        /// Whether it stands in quotes or in a block of text.
        in_text: bool,
    },
    /// An entry of a list in brackets.
    Entry {
        /// The key of the list.
        parent: usize,
        /// What of the entry is there.
        typed: Range<usize>,
    },
}

impl Sketch {
    pub(in crate::lsp) fn of(text: &str) -> Self {
        Scan::run(text).into_sketch()
    }

    /// What a byte of the text stands in, with all that is before it; `None` in a comment.
    pub(in crate::lsp) fn before(text: &str, byte: usize) -> (Self, Option<Spot>) {
        let scan = Scan::run(text.get(..byte).unwrap_or(text));
        let spot = scan.spot();
        (scan.into_sketch(), spot)
    }

    pub(in crate::lsp) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// The innermost node at a byte.
    pub(in crate::lsp) fn at(&self, byte: usize) -> Option<usize> {
        let holds = |node: &Node| node.at.start <= byte && byte <= node.end;
        self.nodes.iter().rposition(holds)
    }

    /// The nodes right below one, or at the top.
    pub(in crate::lsp) fn below(&self, parent: Option<usize>) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes
            .iter()
            .enumerate()
            .filter(move |(_, node)| node.parent == parent)
    }

    /// The node that keys lead to.
    pub(in crate::lsp) fn find(&self, keys: &[&str]) -> Option<usize> {
        let mut here = None;
        for key in keys {
            let is_it = |(_, node): &(usize, &Node)| node.key() == Some(key);
            here = Some(self.below(here).find(is_it)?.0);
        }
        here
    }

    /// The steps that lead to a node, itself the last.
    pub(in crate::lsp) fn steps(&self, node: usize) -> Vec<&Step> {
        let mut steps = Vec::new();
        let mut here = Some(node);
        while let Some(node) = here.and_then(|index| self.nodes.get(index)) {
            steps.push(&node.step);
            here = node.parent;
        }
        steps.reverse();
        steps
    }

    /// The same as messages write it: `notices.steps[2].ar`.
    pub(in crate::lsp) fn path(&self, node: usize) -> String {
        let mut path = String::new();
        for step in self.steps(node) {
            match step {
                Step::Key(key) if path.is_empty() => path.push_str(key),
                Step::Key(key) => {
                    path.push('.');
                    path.push_str(key);
                }
                Step::Entry(index) => path.push_str(&format!("[{}]", index + 1)),
            }
        }
        path
    }
}

impl Node {
    pub(in crate::lsp) fn key(&self) -> Option<&str> {
        match &self.step {
            Step::Key(key) => Some(key),
            Step::Entry(_) => None,
        }
    }

    /// The value without quotes; escapes stay as they are written.
    pub(in crate::lsp) fn scalar<'t>(&self, text: &'t str) -> Option<&'t str> {
        let value = text.get(self.value.clone()?)?;
        Some(bare(value))
    }
}
