//! YAML into a tree whose every key and value knows its place: the only file that knows the YAML parser.
//!
//! The tree keeps values as they are written, so that each check can say what it expected there, and all
//! problems of a file are found in one run. Everything that makes YAML mean something else than it shows is
//! refused: anchors, aliases, merge keys, tags, directives, further documents.

use std::ops::Range;

use serde_saphyr::granit_parser::ErrorKind;
use serde_saphyr::granit_parser::Event;
use serde_saphyr::granit_parser::Options;
use serde_saphyr::granit_parser::Parser;
use serde_saphyr::granit_parser::ScalarStyle;
use serde_saphyr::granit_parser::ScanError;
use serde_saphyr::granit_parser::Span as ParserSpan;

use super::yaml_places::corrected;
use crate::diagnostics::Position;
use crate::diagnostics::byte_at;
use crate::diagnostics::codes;

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) value: Value,
}

/// What is written at a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
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
pub(super) struct Scalar {
    pub(super) text: String,
    /// Whether quotes or a block make it a text whatever it looks like.
    pub(super) quoted: bool,
}

/// One key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Span,
    pub(super) node: Node,
}

/// From the first character to the one after the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: Position,
    pub(super) end: Position,
    pub(super) layer: Layer,
}

/// Which of the two files that make up a service something is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Layer {
    /// The file itself.
    #[default]
    File,
    /// `policies/defaults.yaml`.
    Defaults,
}

impl Node {
    /// Marks the whole tree as written in a file.
    pub(super) fn stamp(&mut self, layer: Layer) {
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
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// What messages call the innermost key or entry at a place; empty at the top of the file.
    pub(super) fn path_at(&self, span: Span) -> String {
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
    pub(super) fn first_key(&self) -> Option<Span> {
        match &self.value {
            Value::Map(entries) => entries.first().map(|entry| entry.key_span),
            _ => None,
        }
    }

    /// The place of the key that a path names; `None` if it is not there.
    pub(super) fn find(&self, path: &str) -> Option<Span> {
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
    pub(super) fn nearest<'n>(&'n self, path: &str) -> (Option<Span>, &'n Self) {
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

/// A problem with the YAML itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) span: Span,
    /// Another place that explains it, with what is said there.
    pub(super) also: Option<(Span, &'static str)>,
    pub(super) help: &'static str,
    /// The bytes of a second mention that says exactly what the first one does.
    pub(super) superfluous: Option<Range<usize>>,
}

/// Reads a text. `None` if it can't be taken apart at all; the faults say why.
pub(super) fn parse(text: &str) -> (Option<Node>, Vec<Fault>) {
    if text.len() > MAX_BYTES {
        let fault = fault(
            codes::TOO_LARGE,
            format!("the file has {} bytes; at most {MAX_BYTES} are read", text.len()),
            Span::default_first(),
            "move what is not policy out of the file",
        );
        return (None, vec![fault]);
    }
    let mut builder = Builder {
        events: Parser::new_from_str_with_options(text, options()),
        faults: Vec::new(),
        repeated: Vec::new(),
        nodes: 0,
    };
    let root = match builder.document() {
        Ok(root) => root,
        Err(fault) => {
            builder.faults.push(*fault);
            None
        }
    };
    let (faults, repeated) = (builder.faults, builder.repeated);
    let mut faults: Vec<Fault> = faults
        .into_iter()
        .enumerate()
        .map(|(number, fault)| {
            if number < MAX_MOVED {
                corrected(fault, text)
            } else {
                fault
            }
        })
        .collect();
    if let Some(root) = &root {
        for (index, span) in repeated.into_iter().take(MAX_REPEATED) {
            let bytes = superfluous(text, span, root, faults.len());
            if let Some(fault) = faults.get_mut(index) {
                fault.superfluous = bytes;
            }
        }
    }
    (root, faults)
}

/// The bytes that can be taken out so that the tree stays as it is and one problem less is found.
fn superfluous(text: &str, span: Span, root: &Node, faults: usize) -> Option<Range<usize>> {
    let (start, end) = (byte_at(text, span.start)?, byte_at(text, span.end)?);
    let bytes = repeated_bytes(text, start, end)?;
    let without = [text.get(..bytes.start)?, text.get(bytes.end..)?].concat();
    let mut builder = Builder {
        events: Parser::new_from_str_with_options(&without, options()),
        faults: Vec::new(),
        repeated: Vec::new(),
        nodes: 0,
    };
    let again = builder.document().ok().flatten()?;
    (builder.faults.len() + 1 == faults && same(&again, root)).then_some(bytes)
}

/// An entry with what separates it: its lines, or its comma.
fn repeated_bytes(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let line = text.get(..start)?.rfind('\n').map_or(0, |last| last + 1);
    let rest = text.get(end..)?;
    let until = rest.find('\n').map_or(rest.len(), |next| next + 1);
    let after = rest.get(..until)?.trim();
    if text.get(line..start)?.trim().is_empty() && (after.is_empty() || after.starts_with('#')) {
        return Some(line..end + until);
    }
    let blank = |text: &str| text.len() - text.trim_start().len();
    match rest.trim_start().strip_prefix(',') {
        Some(next) => {
            let comma = text.len() - next.len();
            Some(start..comma + blank(next))
        }
        None => text
            .get(..start)?
            .trim_end()
            .strip_suffix(',')
            .map(|before| before.len()..end),
    }
}

/// Whether two trees say the same, wherever it stands.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Map(a), Value::Map(b)) => {
            let pairs = || a.iter().zip(b);
            a.len() == b.len() && pairs().all(|(a, b)| a.key == b.key && same(&a.node, &b.node))
        }
        (Value::Scalar(_) | Value::Broken, _) => a.value == b.value,
        _ => false,
    }
}

/// The end of the last thing that is written in a value: a block goes on to the next key.
fn last_written(node: &Node) -> Position {
    match &node.value {
        Value::List(items) => items.iter().map(last_written).max(),
        Value::Map(entries) => entries.iter().map(|entry| last_written(&entry.node)).max(),
        Value::Scalar(_) | Value::Broken => None,
    }
    .unwrap_or(node.span.end)
}

struct Builder<I> {
    events: I,
    faults: Vec<Fault>,
    /// Second mentions that say what the first one does: the number of the fault, and where they stand.
    repeated: Vec<(usize, Span)>,
    nodes: usize,
}

/// Reading can't go on.
type Stop = Box<Fault>;

impl<'a, I> Builder<I>
where
    I: Iterator<Item = Result<(Event<'a>, ParserSpan), ScanError>>,
{
    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let mut root: Option<Node> = None;
        let mut documents = 0_usize;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        self.faults.push(fault(
                            codes::SEVERAL_DOCUMENTS,
                            "another document begins here".to_owned(),
                            place(&span),
                            "keep one document in the file and remove the line `---`",
                        ));
                        // What stands below it may be half of what is missing above.
                        return Ok(None);
                    }
                }
                Event::StreamStart | Event::DocumentEnd => {}
                event => root = Some(self.node(event, &span, 1)?),
            }
        }
        let empty = match root.as_ref().map(|root| &root.value) {
            None => true,
            Some(Value::Scalar(scalar)) => !scalar.quoted && scalar.text.is_empty(),
            Some(_) => false,
        };
        if empty {
            return Err(Box::new(fault(
                codes::EMPTY_FILE,
                "there is nothing in the file".to_owned(),
                Span::default_first(),
                "begin with `midflow: 1`, or remove the file",
            )));
        }
        Ok(root)
    }

    fn node(&mut self, event: Event<'a>, span: &ParserSpan, depth: usize) -> Result<Node, Stop> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            return Err(Box::new(too_large(place(span))));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_extras(anchor != 0, tag.is_some(), span);
                let quoted = style != ScalarStyle::Plain;
                // Where nothing is written the parser says `~`, in no place at all.
                let absent = !quoted && span.is_empty();
                Ok(Node {
                    span: place(span),
                    value: Value::Scalar(Scalar {
                        text: if absent { String::new() } else { text.into_owned() },
                        quoted,
                    }),
                })
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_extras(anchor != 0, tag.is_some(), span);
                self.list(span, depth)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_extras(anchor != 0, tag.is_some(), span);
                self.map(span, depth)
            }
            // An alias, or an event that has no place here.
            _ => {
                self.faults.push(fault(
                    codes::YAML_UNSUPPORTED,
                    "an alias (`*`) stands for a value that is written elsewhere".to_owned(),
                    place(span),
                    "write the value here; a `*` that is meant as text goes into quotes",
                ));
                Ok(Node {
                    span: place(span),
                    value: Value::Broken,
                })
            }
        }
    }

    fn list(&mut self, start: &ParserSpan, depth: usize) -> Result<Node, Stop> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::SequenceEnd => {
                    return Ok(Node {
                        span: join(start, &span),
                        value: Value::List(items),
                    });
                }
                event => items.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, start: &ParserSpan, depth: usize) -> Result<Node, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::MappingEnd => {
                    return Ok(Node {
                        span: join(start, &span),
                        value: Value::Map(entries),
                    });
                }
                event => {
                    let key = self.node(event, &span, depth + 1)?;
                    let (event, span) = self.next()?;
                    let mut node = self.node(event, &span, depth + 1)?;
                    if matches!(&node.value, Value::Scalar(scalar) if !scalar.quoted && scalar.text.is_empty())
                    {
                        // Nothing is written, so the key is what can be pointed at.
                        node.span = key.span;
                    }
                    self.add_entry(&mut entries, key, node);
                }
            }
        }
    }

    fn add_entry(&mut self, entries: &mut Vec<Entry>, key: Node, node: Node) {
        let Value::Scalar(word) = key.value else {
            if key.value != Value::Broken {
                self.faults.push(fault(
                    codes::YAML_UNSUPPORTED,
                    "a key that is itself a list or a map".to_owned(),
                    key.span,
                    "keys are single words; a text with braces or brackets goes into quotes",
                ));
            }
            return;
        };
        if word.text == "<<" && !word.quoted {
            self.faults.push(fault(
                codes::YAML_UNSUPPORTED,
                "a merge key (`<<`) takes keys from elsewhere".to_owned(),
                key.span,
                "write the keys here",
            ));
            return;
        }
        if let Some(first) = entries.iter().find(|entry| entry.key == word.text) {
            let mut twice = fault(
                codes::DUPLICATE_KEY,
                format!("`{}` is written twice", shown(&word.text)),
                key.span,
                "keep one of the two",
            );
            twice.also = Some((first.key_span, "first written here"));
            if same(&first.node, &node) {
                // A map or list in braces ends behind its last value.
                let one_line = node.span.end.line == key.span.start.line;
                let end = if one_line {
                    node.span.end
                } else {
                    last_written(&node)
                };
                let span = Span {
                    start: key.span.start,
                    end,
                    layer: Layer::File,
                };
                self.repeated.push((self.faults.len(), span));
            }
            self.faults.push(twice);
            return;
        }
        entries.push(Entry {
            key: word.text,
            key_span: key.span,
            node,
        });
    }

    fn refuse_extras(&mut self, anchor: bool, tag: bool, span: &ParserSpan) {
        let (what, help) = match (anchor, tag) {
            (false, false) => return,
            (true, _) => (
                "an anchor (`&`) names a value so that it can be repeated",
                "remove the anchor and write each value out; a `&` that is meant as text goes into quotes",
            ),
            (false, true) => (
                "a tag (`!`) gives a value another type",
                "remove the tag; a `!` that is meant as text goes into quotes",
            ),
        };
        self.faults
            .push(fault(codes::YAML_UNSUPPORTED, what.to_owned(), place(span), help));
    }

    fn next(&mut self) -> Result<(Event<'a>, ParserSpan), Stop> {
        match self.events.next() {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) => Err(Box::new(syntax_fault(&error))),
            // The parser ends with an event of its own; anything else is a cut-off file.
            None => Err(Box::new(fault(
                codes::YAML_SYNTAX,
                "the file ends in the middle".to_owned(),
                Span::default_first(),
                "save the file again, complete",
            ))),
        }
    }
}

impl Span {
    /// The first character of a file.
    pub(super) const fn default_first() -> Self {
        Self {
            start: Position { line: 1, column: 1 },
            end: Position { line: 1, column: 2 },
            layer: Layer::File,
        }
    }
}

/// What the parser found, in the words of somebody who writes policies.
fn syntax_fault(error: &ScanError) -> Fault {
    let start = position(error.marker().line(), error.marker().col());
    let span = Span {
        start,
        end: Position {
            column: start.column.saturating_add(1),
            ..start
        },
        layer: Layer::File,
    };
    let of = |message: &str, help| fault(codes::YAML_SYNTAX, message.to_owned(), span, help);
    match error.kind() {
        ErrorKind::RecursionLimitExceeded | ErrorKind::AnchorCountOverflow => too_large(span),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::InvalidBlockEntryWhitespace
        | ErrorKind::InvalidMappingValueWhitespace => fault(
            codes::YAML_TAB,
            "a tab stands where YAML takes only spaces".to_owned(),
            span,
            "replace the tab by spaces, two for each step",
        ),
        ErrorKind::DirectiveDisallowed
        | ErrorKind::UndeclaredTagHandle
        | ErrorKind::ExpectedTagBang
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::MissingTagUri
        | ErrorKind::UnclosedVerbatimTag
        | ErrorKind::InvalidTagEscape
        | ErrorKind::InvalidTagUtf8
        | ErrorKind::InvalidTagUtf8LeadingByte
        | ErrorKind::InvalidTagUtf8TrailingByte
        | ErrorKind::InvalidGlobalTagCharacter
        | ErrorKind::MissingAnchorOrAliasName => fault(
            codes::YAML_UNSUPPORTED,
            "a value begins with a character that has a special meaning in YAML".to_owned(),
            span,
            "policy files use no anchors (`&`), aliases (`*`), tags (`!`) or directives (`%`); put a text that \
             begins with one into quotes",
        ),
        ErrorKind::UnexpectedEofFlowSequence | ErrorKind::ExpectedFlowSequenceSeparator => of(
            "a list in brackets is not closed, or a comma is missing",
            "write `[a, b]`, and put texts with brackets or commas into quotes",
        ),
        ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::FlowMappingValueAdjacentCollection
        | ErrorKind::InvalidColonPlacement => of(
            "a map in braces is not closed, or a comma or colon is missing",
            "write `{ ar: …, en: … }`, and put texts with braces, commas or colons into quotes",
        ),
        ErrorKind::UnclosedFlowCollection { open } => {
            let message = format!("`{open}` is never closed");
            fault(
                codes::YAML_SYNTAX,
                message,
                span,
                "close it, or put the text into quotes",
            )
        }
        ErrorKind::MisplacedFlowCollectionEnd | ErrorKind::MismatchedFlowCollectionEnd { .. } => of(
            "a bracket or brace closes what was not opened",
            "match each `[` with `]` and each `{` with `}`, or put the text into quotes",
        ),
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => of(
            "a quote is opened in or above this line and never closed",
            "close the text with the same quote it began with",
        ),
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => of(
            "something follows the closing quote",
            "put the whole text into quotes; inside double quotes a quote is written `\\\"`",
        ),
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => of(
            "a backslash in double quotes begins no known escape",
            "use single quotes for texts and patterns with backslashes",
        ),
        ErrorKind::InvalidIndentation
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::UnexpectedEofBlockMapping
        | ErrorKind::UnexpectedEofBlockSequence => of(
            "the line does not fit the lines above it",
            "put keys of one level under each other, two spaces a level, each as `key: value`",
        ),
        ErrorKind::MappingValueNotAllowed | ErrorKind::MappingKeyNotAllowed => of(
            "a colon stands where no key can be",
            "put a text that holds `: ` into quotes, and begin each key on its own line",
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => of(
            "a line without a colon where a key was expected",
            "write `key: value`; put a text of several lines into quotes",
        ),
        ErrorKind::BlockEntryInFlowCollection | ErrorKind::BlockSequenceEntryNotAllowed => of(
            "a `-` stands where no list can begin",
            "begin the list on its own line below the key",
        ),
        ErrorKind::UnexpectedCharacter { character } => {
            let message = format!("no value can begin with `{}`", character.escape_default());
            fault(codes::YAML_SYNTAX, message, span, "put the text into quotes")
        }
        ErrorKind::ExpectedDocumentStart | ErrorKind::InvalidDocumentEnd => of(
            "something follows the end of the document",
            "keep everything under the keys of one document",
        ),
        _ => of(
            "the YAML can't be read from here on",
            "look for a missing quote, bracket, colon or space in this line and the one above",
        ),
    }
}

fn too_large(span: Span) -> Fault {
    fault(
        codes::TOO_LARGE,
        format!("the file goes deeper than {MAX_DEPTH} levels or has more than {MAX_NODES} values"),
        span,
        "no policy needs that; look for a bracket or brace too many",
    )
}

fn fault(code: &'static str, message: String, span: Span, help: &'static str) -> Fault {
    Fault {
        code,
        message,
        span,
        also: None,
        help,
        superfluous: None,
    }
}

/// A key as it may be repeated in a message: short, and without control characters.
pub(super) fn shown(word: &str) -> String {
    let mut out: String = word
        .chars()
        .take(MAX_SHOWN)
        .map(|letter| {
            if super::first_unsafe(letter.encode_utf8(&mut [0; 4])).is_some() {
                '�'
            } else {
                letter
            }
        })
        .collect();
    if word.chars().nth(MAX_SHOWN).is_some() {
        out.push('…');
    }
    out
}

fn place(span: &ParserSpan) -> Span {
    join(span, span)
}

fn join(first: &ParserSpan, last: &ParserSpan) -> Span {
    let start = position(first.start.line(), first.start.col());
    let end = position(last.end.line(), last.end.col());
    Span {
        start,
        end: end.max(start),
        layer: Layer::File,
    }
}

/// The parser counts columns from 0.
fn position(line: usize, column: usize) -> Position {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position {
        line: number(line.max(1)),
        column: number(column.saturating_add(1)),
    }
}

fn options() -> Options {
    let mut options = Options::default();
    options.disallow_directives = true;
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = MAX_DEPTH + 1;
    options.block_nesting_limit = MAX_DEPTH + 1;
    options.set_emit_comments(false);
    options
}

const MAX_BYTES: usize = 1024 * 1024;
const MAX_NODES: usize = 20_000;
const MAX_DEPTH: usize = 16;
const MAX_SHOWN: usize = 40;
/// Of more repeated keys than a person writes, only the first ones are worth reading the file again.
const MAX_REPEATED: usize = 8;
/// Likewise for looking where a mistake really is.
const MAX_MOVED: usize = 50;
