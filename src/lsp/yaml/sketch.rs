use std::ops::Range;

/// A YAML file as it stands while somebody types: its keys, entries and values with their bytes, though it may not
/// parse. What it can't make sense of it leaves out.
#[derive(Debug)]
pub(in crate::lsp) struct Sketch {
    /// In the order of the text, each behind the one it stands in.
    nodes: Vec<Node>,
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
    column: usize,
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

/// A scalar without its quotes.
pub(in crate::lsp) fn bare(written: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = written.strip_prefix(quote) {
            return rest.strip_suffix(quote).unwrap_or(rest);
        }
    }
    written
}

/// Goes through a text line by line. What is open at its end is where the next letter would stand.
struct Scan<'a> {
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
    fn run(text: &'a str) -> Self {
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

    fn into_sketch(mut self) -> Sketch {
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

    fn spot(&self) -> Option<Spot> {
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

/// The key at the beginning of a line: as written, its length, and where its colon is.
fn key_of(line: &str) -> Option<(&str, usize, usize)> {
    let length = match line.chars().next()? {
        quote @ ('"' | '\'') => 1 + closing(line.get(1..)?, quote)?,
        '{' | '[' | '}' | ']' | ',' | '#' | '|' | '>' | '&' | '*' | '!' | '%' | '@' | '`' => return None,
        _ => line.match_indices(':').map(|(at, _)| at).find(|at| {
            line.get(at + 1..)
                .is_none_or(|after| after.is_empty() || after.starts_with([' ', '\t']))
        })?,
    };
    let key = line.get(..length)?.trim_end();
    let colon = length + line.get(length..)?.find(':')?;
    let is_plain = line.get(length..colon)?.trim().is_empty() && !key.contains(" #");
    is_plain.then_some((key, key.len(), colon))
}

/// The length of a text up to and with its closing quote.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && quote == '"' {
            letters.next();
        } else if letter == quote {
            let is_doubled = quote == '\'' && letters.peek().is_some_and(|(_, next)| *next == quote);
            if !is_doubled {
                return Some(at + 1);
            }
            letters.next();
        }
    }
    None
}

/// The length of a plain value in a line, without a comment and the blanks before it.
fn plain_length(text: &str) -> usize {
    let until = text.find(" #").unwrap_or(text.len());
    text.get(..until).unwrap_or(text).trim_end().len()
}

/// The same inside of brackets.
fn flow_length(text: &str) -> usize {
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        let ends = match letter {
            ',' | '}' | ']' | '{' | '[' => true,
            ':' => text
                .get(at + 1..)
                .is_none_or(|after| after.is_empty() || after.starts_with([' ', ',', '}', ']'])),
            '#' => before == ' ',
            _ => false,
        };
        if ends {
            return text.get(..at).unwrap_or(text).trim_end().len();
        }
        before = letter;
    }
    text.trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let sketch = Sketch::of(text);
        (0..sketch.nodes.len()).map(|node| sketch.path(node)).collect()
    }

    /// What stands at the `|` of a text: the path around, and what is typed.
    fn spot(text: &str) -> (String, String) {
        let byte = text.find('¦').unwrap();
        let text = text.replace('¦', "");
        let (sketch, spot) = Sketch::before(&text, byte);
        let path = |node: Option<usize>| node.map_or(String::new(), |node| sketch.path(node));
        match spot {
            None => ("-".to_owned(), String::new()),
            Some(Spot::Key { parent, typed, .. }) => (format!("{}.?", path(parent)), text[typed].to_owned()),
            Some(Spot::Value { node, typed, .. }) => {
                (format!("{}:", path(Some(node))), text[typed].to_owned())
            }
            Some(Spot::Entry { parent, typed }) => {
                (format!("{}[]", path(Some(parent))), text[typed].to_owned())
            }
        }
    }

    #[test]
    fn keys_entries_and_values_are_found_with_their_places() {
        let text = "midflow: 1 # one\nname:\n  ar: خدمة\n  en: \"A: b\"\nchannels: [web, kiosk]\nsteps:\n- ar: أ\n  en: a\n- ar: ب\n  en: b\nlimits: { per_person: 3/10m, x: {\n  y: 'z' } }\ntext: |\n  not: a key\nlast: x\n";
        assert_eq!(
            paths(text),
            [
                "midflow",
                "name",
                "name.ar",
                "name.en",
                "channels",
                "channels[1]",
                "channels[2]",
                "steps",
                "steps[1]",
                "steps[1].ar",
                "steps[1].en",
                "steps[2]",
                "steps[2].ar",
                "steps[2].en",
                "limits",
                "limits.per_person",
                "limits.x",
                "limits.x.y",
                "text",
                "last"
            ]
        );
        let sketch = Sketch::of(text);
        let scalar = |keys: &[&str]| sketch.find(keys).and_then(|node| sketch.node(node)?.scalar(text));
        assert_eq!(scalar(&["midflow"]), Some("1"));
        assert_eq!(scalar(&["name", "ar"]), Some("خدمة"));
        assert_eq!(scalar(&["name", "en"]), Some("A: b"));
        assert_eq!(scalar(&["limits", "per_person"]), Some("3/10m"));
        assert_eq!(scalar(&["limits", "x", "y"]), Some("z"));
        assert_eq!(
            sketch.path(sketch.at(text.find("kiosk").unwrap()).unwrap()),
            "channels[2]"
        );
        assert_eq!(
            sketch.path(sketch.at(text.find("a key").unwrap()).unwrap()),
            "text"
        );
    }

    #[test]
    fn a_place_is_known_by_what_is_before_it() {
        for (text, at, typed) in [
            ("¦", ".?", ""),
            ("midflow: 1\nser¦", ".?", "ser"),
            ("name:\n  ¦", "name.?", ""),
            ("name:\n  ar: x\n  e¦", "name.?", "e"),
            ("name:\n  ar: x\n¦", ".?", ""),
            ("a:\n  b:\n    c: 1\n  ¦", "a.?", ""),
            ("sensitivity: no¦", "sensitivity:", "no"),
            ("sensitivity: ¦", "sensitivity:", ""),
            ("channels: [web, ki¦", "channels[]", "ki"),
            ("channels: [¦]", "channels[]", ""),
            ("channels:\n  - we¦", "channels[1].?", "we"),
            ("steps:\n- ar: x\n  e¦", "steps[1].?", "e"),
            ("limits: { ¦ }", "limits.?", ""),
            ("limits: { per_person: 1/s, pe¦", "limits.?", "pe"),
            (
                "fields:\n  name_ar: { reason: { ar: \"سبب\", e¦",
                "fields.name_ar.reason.?",
                "e",
            ),
            ("c:\n  sign: { assurance: hi¦ }", "c.sign.assurance:", "hi"),
            ("r:\n  ar: \"الدخول رقم {lic¦", "r.ar:", "الدخول رقم {lic"),
            ("r:\n  ar: الدخول رقم {lic¦", "r.ar:", "الدخول رقم {lic"),
            ("r: >\n  نص {¦", "r:", "  نص {"),
            ("a: b # com¦", "-", ""),
            ("# com¦", "-", ""),
        ] {
            assert_eq!(spot(text), (at.to_owned(), typed.to_owned()), "{text}");
        }
    }

    // Mid-typing: what is not closed above ends where the next key of its level begins.
    #[test]
    fn what_is_never_closed_does_not_swallow_the_rest() {
        for text in [
            "a: { b: 1\nname:\n  ¦",
            "a: \"never closed\nname:\n  ¦",
            "a: [x, {y: 1\nname:\n  ¦",
            "a:\n\tb c d\nwithout colon\nname:\n  ¦",
        ] {
            assert_eq!(spot(text).0, "name.?", "{text}");
        }
        assert_eq!(paths("a: \"open\n  still: open\nb: 1\n"), ["a", "b"]);
    }

    // R1: whatever is typed, the sketch is made and every place is inside of the text.
    #[test]
    fn any_text_has_a_sketch() {
        use proptest::prelude::*;
        proptest!(|(text in "[ab:{}\\[\\],\"'#|>\\- \n\r\tسم\\\\]{0,60}")| {
            let sketch = Sketch::of(&text);
            for node in &sketch.nodes {
                prop_assert!(text.get(node.at.clone()).is_some() && node.end <= text.len());
                prop_assert!(node.value.clone().is_none_or(|value| text.get(value).is_some()));
            }
            for (byte, _) in text.char_indices() {
                let (_, spot) = Sketch::before(&text, byte);
                if let Some(Spot::Key { typed, .. } | Spot::Value { typed, .. } | Spot::Entry { typed, .. }) = spot {
                    prop_assert!(text.get(typed).is_some());
                }
            }
        });
    }
}
