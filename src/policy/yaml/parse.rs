use std::ops::Range;

use serde_saphyr::granit_parser::Event;
use serde_saphyr::granit_parser::Options;
use serde_saphyr::granit_parser::Parser;
use serde_saphyr::granit_parser::ScalarStyle;
use serde_saphyr::granit_parser::ScanError;
use serde_saphyr::granit_parser::Span as ParserSpan;

use super::places::corrected;
use super::repeated::last_written;
use super::repeated::same;
use super::repeated::superfluous;
use super::tree::Entry;
use super::tree::Layer;
use super::tree::Node;
use super::tree::Scalar;
use super::tree::Span;
use super::tree::Value;
use super::wording::shown;
use super::wording::syntax_fault;
use crate::diagnostics::Position;
use crate::diagnostics::codes;

/// A problem with the YAML itself.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::policy) struct Fault {
    pub(in crate::policy) code: &'static str,
    pub(in crate::policy) message: String,
    pub(in crate::policy) span: Span,
    /// Another place that explains it, with what is said there.
    pub(in crate::policy) also: Option<(Span, &'static str)>,
    pub(in crate::policy) help: &'static str,
    /// The bytes of a second mention that says exactly what the first one does.
    pub(in crate::policy) superfluous: Option<Range<usize>>,
    /// The bytes of what was typed by mistake, with what has to stand there.
    pub(in crate::policy) slip: Option<(Range<usize>, String)>,
}

/// Reads a text. `None` if it can't be taken apart at all; the faults say why.
pub(in crate::policy) fn parse(text: &str) -> (Option<Node>, Vec<Fault>) {
    if text.len() > MAX_BYTES {
        let fault = fault(
            codes::TOO_LARGE,
            format!("the file has {} bytes; at most {MAX_BYTES} are read", text.len()),
            Span::default_first(),
            "move what is not policy out of the file",
        );
        return (None, vec![fault]);
    }
    let mut builder = builder(text);
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

/// The tree of a text whose faults are only counted; `None` if it can't be taken apart.
pub(super) fn tree_and_faults(text: &str) -> Option<(Node, usize)> {
    let mut builder = builder(text);
    let root = builder.document().ok().flatten()?;
    Some((root, builder.faults.len()))
}

fn builder<'a>(text: &'a str) -> Builder<impl Iterator<Item = Result<(Event<'a>, ParserSpan), ScanError>>> {
    Builder {
        events: Parser::new_from_str_with_options(text, options()),
        faults: Vec::new(),
        repeated: Vec::new(),
        nodes: 0,
    }
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
                            "keep one document in the file and remove the line `---` or `...`",
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
                "begin with `midflow: 1`, a form with `form: 1`, or remove the file",
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
        let mut has_odd_key = false;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::MappingEnd => {
                    // What the keys say is not known, so nothing can be missing in it either.
                    let value = if has_odd_key {
                        Value::Broken
                    } else {
                        Value::Map(entries)
                    };
                    return Ok(Node {
                        span: join(start, &span),
                        value,
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
                    has_odd_key |= matches!(key.value, Value::List(_) | Value::Map(_));
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
                    "keys are single words; a text with braces or brackets goes into quotes, and `{{ … }}` of a template has to be \
                     filled in before",
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

pub(super) fn too_large(span: Span) -> Fault {
    fault(
        codes::TOO_LARGE,
        format!("the file goes deeper than {MAX_DEPTH} levels or has more than {MAX_NODES} values"),
        span,
        "no policy needs that; look for a bracket or brace too many",
    )
}

pub(super) fn fault(code: &'static str, message: String, span: Span, help: &'static str) -> Fault {
    Fault {
        code,
        message,
        span,
        also: None,
        help,
        superfluous: None,
        slip: None,
    }
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
pub(super) fn position(line: usize, column: usize) -> Position {
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
/// Of more repeated keys than a person writes, only the first ones are worth reading the file again.
const MAX_REPEATED: usize = 8;
/// Likewise for looking where a mistake really is.
const MAX_MOVED: usize = 50;
