use serde_saphyr::granit_parser::ErrorKind;
use serde_saphyr::granit_parser::ScanError;

use super::parse::Fault;
use super::parse::fault;
use super::parse::position;
use super::parse::too_large;
use super::tree::Layer;
use super::tree::Span;
use crate::diagnostics::Position;
use crate::diagnostics::codes;

/// What the parser found, in the words of somebody who writes policies.
pub(super) fn syntax_fault(error: &ScanError) -> Fault {
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
        ErrorKind::InvalidTrailingSingleQuotedScalar => of(
            "something follows the closing quote",
            "put the whole text into double quotes; inside single ones an apostrophe is written twice: `''`",
        ),
        ErrorKind::InvalidTrailingDoubleQuotedScalar => of(
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
            "put a text with a colon into quotes, and begin each key on its own line",
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
            let message = match character {
                '`' => "no value can begin with a backtick".to_owned(),
                other => format!("no value can begin with `{}`", other.escape_default()),
            };
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

/// A key as it may be repeated in a message: short, and without control characters.
pub(in crate::policy) fn shown(word: &str) -> String {
    let mut out: String = word
        .chars()
        .take(MAX_SHOWN)
        .map(|letter| {
            if crate::policy::first_unsafe(letter.encode_utf8(&mut [0; 4])).is_some() {
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

const MAX_SHOWN: usize = 40;
