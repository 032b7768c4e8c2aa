use crate::diagnostics::Position;

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::policy) struct Node {
    pub(in crate::policy) span: Span,
    pub(in crate::policy) value: Value,
}

/// What is written at a place.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::policy) enum Value {
    /// Anything that is no list and no map.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in the order of the file; each key once.
    Map(Vec<Entry>),
    /// Something that has been reported and must not be reported again.
    Broken,
}

/// A single value as written; what it means depends on what is expected.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::policy) struct Scalar {
    pub(in crate::policy) text: String,
    /// Whether quotes or a block make it a text whatever it looks like.
    pub(in crate::policy) quoted: bool,
}

/// One key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::policy) struct Entry {
    pub(in crate::policy) key: String,
    pub(in crate::policy) key_span: Span,
    pub(in crate::policy) node: Node,
}

/// From the first character to the one after the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::policy) struct Span {
    pub(in crate::policy) start: Position,
    pub(in crate::policy) end: Position,
    pub(in crate::policy) layer: Layer,
}

/// Which of the two files that make up a service something is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::policy) enum Layer {
    /// The file itself.
    #[default]
    File,
    /// `policies/defaults.yaml`.
    Defaults,
}

impl Node {
    /// Marks the whole tree as written in a file.
    pub(in crate::policy) fn stamp(&mut self, layer: Layer) {
        self.span.layer = layer;
        match &mut self.value {
            Value::Scalar(_) | Value::Broken => {}
            Value::List(items) => items.iter_mut().for_each(|item| item.stamp(layer)),
            Value::Map(entries) => {
                for entry in entries {
                    entry.key_span.layer = layer;
                    entry.node.stamp(layer);
                }
            }
        }
    }

    /// The entry of a key, if this is a map that has it.
    pub(in crate::policy) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// What messages call the innermost key or entry at a place; empty at the top of the file.
    pub(in crate::policy) fn path_at(&self, span: Span) -> String {
        let mut path = String::new();
        self.descend(span, &mut path);
        path
    }

    fn descend(&self, span: Span, path: &mut String) {
        let inside = |from: Span, to: Span| {
            from.layer == span.layer && from.start <= span.start && span.start < to.end.max(from.end)
        };
        match &self.value {
            Value::Scalar(_) | Value::Broken => {}
            Value::List(items) => {
                let found = items
                    .iter()
                    .enumerate()
                    .find(|(_, item)| inside(item.span, item.span));
                if let Some((index, item)) = found {
                    path.push_str(&format!("[{}]", index + 1));
                    item.descend(span, path);
                }
            }
            Value::Map(entries) => {
                if let Some(entry) = entries
                    .iter()
                    .find(|entry| inside(entry.key_span, entry.node.span))
                {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(&entry.key);
                    entry.node.descend(span, path);
                }
            }
        }
    }

    /// The first key, if this is a map.
    pub(in crate::policy) fn first_key(&self) -> Option<Span> {
        match &self.value {
            Value::Map(entries) => entries.first().map(|entry| entry.key_span),
            _ => None,
        }
    }

    /// The place of the key that a path names; `None` if it is not there.
    pub(in crate::policy) fn find(&self, path: &str) -> Option<Span> {
        let Value::Map(entries) = &self.value else {
            return None;
        };
        entries.iter().find_map(|entry| {
            let rest = path.strip_prefix(entry.key.as_str())?;
            if rest.is_empty() {
                return Some(entry.key_span);
            }
            entry.node.find(rest.strip_prefix('.')?)
        })
    }

    /// The node of a path, or of the longest beginning of it that is there, with the place of its key.
    pub(in crate::policy) fn nearest<'n>(&'n self, path: &str) -> (Option<Span>, &'n Self) {
        let Value::Map(entries) = &self.value else {
            return (None, self);
        };
        for entry in entries {
            let Some(rest) = path.strip_prefix(entry.key.as_str()) else {
                continue;
            };
            if rest.is_empty() {
                return (Some(entry.key_span), &entry.node);
            }
            // `other` is not the beginning of `other.not_enrolled` where that is a key of its own.
            let longer = entries
                .iter()
                .any(|other| other.key.len() > entry.key.len() && path.starts_with(other.key.as_str()));
            if longer {
                continue;
            }
            if let Some(below) = rest.strip_prefix('.') {
                let (at, node) = entry.node.nearest(below);
                return (at.or(Some(entry.key_span)), node);
            }
            if let Some(below) = rest.strip_prefix('[') {
                return entry.node.nearest_item(below, entry.key_span);
            }
        }
        (None, self)
    }

    /// The same for the entry of a list, whose number stands at the beginning of the path.
    fn nearest_item<'n>(&'n self, path: &str, at: Span) -> (Option<Span>, &'n Self) {
        let item = path.split_once(']').and_then(|(number, below)| {
            let number: usize = number.parse().ok()?;
            match &self.value {
                Value::List(items) => Some((items.get(number.checked_sub(1)?)?, below)),
                _ => None,
            }
        });
        let Some((item, below)) = item else {
            return (Some(at), self);
        };
        let (found, node) = item.nearest(below.trim_start_matches('.'));
        (found.or(Some(item.span)), node)
    }
}

impl Span {
    /// The first character of a file.
    pub(in crate::policy) const fn default_first() -> Self {
        Self {
            start: Position { line: 1, column: 1 },
            end: Position { line: 1, column: 2 },
            layer: Layer::File,
        }
    }
}
