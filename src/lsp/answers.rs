use lsp_types::CompletionItem;
use lsp_types::CompletionItemKind;
use lsp_types::CompletionTextEdit;
use lsp_types::DocumentSymbol;
use lsp_types::DocumentSymbolResponse;
use lsp_types::Documentation;
use lsp_types::Hover;
use lsp_types::HoverContents;
use lsp_types::InsertTextFormat;
use lsp_types::InsertTextMode;
use lsp_types::Location;
use lsp_types::MarkupContent;
use lsp_types::MarkupKind;
use lsp_types::SymbolInformation;
use lsp_types::SymbolKind;
use lsp_types::TextEdit;
use lsp_types::Uri;

use super::client::Client;
use super::offer::Kind;
use super::offer::Offer;
use super::text::Text;
use super::yaml::Symbol;

/// An offer as an item of a completion list.
pub(super) fn item(offer: Offer, number: usize, text: &Text, client: &Client) -> CompletionItem {
    let is_snippet = offer.plain.is_some() && client.snippets;
    let written = match offer.plain {
        Some(plain) if !client.snippets => plain,
        _ => offer.insert,
    };
    CompletionItem {
        kind: Some(match offer.kind {
            Kind::Key => CompletionItemKind::PROPERTY,
            Kind::Value => CompletionItemKind::ENUM_MEMBER,
            Kind::Name => CompletionItemKind::VARIABLE,
            Kind::Function => CompletionItemKind::FUNCTION,
            Kind::Member => CompletionItemKind::FIELD,
            Kind::File => CompletionItemKind::FILE,
            Kind::Keyword => CompletionItemKind::KEYWORD,
        }),
        detail: (!offer.detail.is_empty()).then_some(offer.detail),
        documentation: (!offer.about.is_empty()).then(|| Documentation::MarkupContent(markdown(offer.about))),
        // In our order, which is that of the language, and what is needed first.
        sort_text: Some(format!("{}{number:04}", u8::from(!offer.is_needed))),
        filter_text: Some(offer.label.clone()),
        insert_text_format: is_snippet.then_some(InsertTextFormat::SNIPPET),
        insert_text_mode: (is_snippet && client.adjusts_indentation)
            .then_some(InsertTextMode::ADJUST_INDENTATION),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(
            text.range(offer.at, client.encoding),
            written,
        ))),
        label: offer.label,
        ..CompletionItem::default()
    }
}

pub(super) fn hover(about: String, range: Option<lsp_types::Range>) -> Hover {
    Hover {
        contents: HoverContents::Markup(markdown(about)),
        range,
    }
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent {
        kind: MarkupKind::Markdown,
        value,
    }
}

/// The outline of a file in the form that the client knows.
pub(super) fn outline(
    symbols: Vec<Symbol>,
    uri: &Uri,
    text: &Text,
    client: &Client,
) -> DocumentSymbolResponse {
    if client.nested_symbols {
        return DocumentSymbolResponse::Nested(nested(symbols, text, client));
    }
    let mut flat = Vec::new();
    flatten(symbols, None, uri, text, client, &mut flat);
    DocumentSymbolResponse::Flat(flat)
}

#[expect(
    deprecated,
    reason = "the type has a member that nobody may use and everybody must fill"
)]
fn nested(symbols: Vec<Symbol>, text: &Text, client: &Client) -> Vec<DocumentSymbol> {
    symbols
        .into_iter()
        .map(|symbol| DocumentSymbol {
            kind: kind(&symbol),
            name: symbol.name,
            detail: (!symbol.detail.is_empty()).then_some(symbol.detail),
            tags: None,
            deprecated: None,
            range: text.range(symbol.whole, client.encoding),
            selection_range: text.range(symbol.at, client.encoding),
            children: (!symbol.inside.is_empty()).then(|| nested(symbol.inside, text, client)),
        })
        .collect()
}

#[expect(
    deprecated,
    reason = "the type has a member that nobody may use and everybody must fill"
)]
fn flatten(
    symbols: Vec<Symbol>,
    container: Option<&str>,
    uri: &Uri,
    text: &Text,
    client: &Client,
    out: &mut Vec<SymbolInformation>,
) {
    for symbol in symbols {
        out.push(SymbolInformation {
            kind: kind(&symbol),
            name: symbol.name.clone(),
            tags: None,
            deprecated: None,
            location: Location::new(uri.clone(), text.range(symbol.whole, client.encoding)),
            container_name: container.map(str::to_owned),
        });
        flatten(symbol.inside, Some(&symbol.name), uri, text, client, out);
    }
}

const fn kind(symbol: &Symbol) -> SymbolKind {
    if symbol.is_function {
        SymbolKind::FUNCTION
    } else {
        SymbolKind::PROPERTY
    }
}
