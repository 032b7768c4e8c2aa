use std::ops::Range;

use super::parse::tree_and_faults;
use super::tree::Node;
use super::tree::Span;
use super::tree::Value;
use crate::diagnostics::Position;
use crate::diagnostics::byte_at;

/// The bytes that can be taken out so that the tree stays as it is and one problem less is found.
pub(super) fn superfluous(text: &str, span: Span, root: &Node, faults: usize) -> Option<Range<usize>> {
    let (start, end) = (byte_at(text, span.start)?, byte_at(text, span.end)?);
    let bytes = repeated_bytes(text, start, end)?;
    let without = [text.get(..bytes.start)?, text.get(bytes.end..)?].concat();
    let (again, left) = tree_and_faults(&without)?;
    (left + 1 == faults && same(&again, root)).then_some(bytes)
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
pub(super) fn same(a: &Node, b: &Node) -> bool {
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
pub(super) fn last_written(node: &Node) -> Position {
    match &node.value {
        Value::List(items) => items.iter().map(last_written).max(),
        Value::Map(entries) => entries.iter().map(|entry| last_written(&entry.node)).max(),
        Value::Scalar(_) | Value::Broken => None,
    }
    .unwrap_or(node.span.end)
}
