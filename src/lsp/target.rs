use std::ops::Range;

use crate::catalog::Sources;
use crate::diagnostics::Position;
use crate::diagnostics::byte_at;

/// A place that something leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The file, relative to the folder that holds `policies/` and `scripts/`.
    pub(super) file: String,
    /// The bytes that are marked there.
    pub(super) bytes: Range<usize>,
}

impl Target {
    pub(super) fn new(file: impl Into<String>, bytes: Range<usize>) -> Self {
        Self {
            file: file.into(),
            bytes,
        }
    }

    /// The beginning of a file, if it is there.
    pub(super) fn file(sources: &Sources, file: &str) -> Option<Self> {
        sources.text(file).map(|_| Self::new(file, 0..0))
    }

    /// A line of a file, if it is there.
    pub(super) fn line(sources: &Sources, file: &str, line: u32) -> Option<Self> {
        let text = sources.text(file)?;
        let start = byte_at(text, Position { line, column: 1 })?;
        let length = text.get(start..)?.lines().next().map_or(0, str::len);
        Some(Self::new(file, start..start + length))
    }
}
