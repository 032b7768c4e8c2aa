use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use lsp_types::CodeActionParams;
use lsp_types::CompletionParams;
use lsp_types::DocumentFormattingParams;
use lsp_types::DocumentSymbolParams;
use lsp_types::GotoDefinitionParams;
use lsp_types::GotoDefinitionResponse;
use lsp_types::HoverParams;
use lsp_types::Location;
use lsp_types::TextDocumentPositionParams;
use lsp_types::TextEdit;
use lsp_types::Uri;
use serde_json::Value;

use super::answers;
use super::faults;
use super::faults::Files as _;
use super::fixes;
use super::fixes::Asked;
use super::rhai;
use super::server::Answer;
use super::server::Server;
use super::server::written;
use super::target::Target;
use super::text::Text;
use super::text::difference;
use super::view::View;
use super::yaml;
use crate::catalog::Sources;
use crate::diagnostics::Label;
use crate::policy::format_yaml;

/// What is asked about a place or a file. Nothing here is of a file outside of the folder.
impl<W: Write> Server<W> {
    pub(super) fn completion(&mut self, params: &CompletionParams) -> Answer {
        let Some(place) = self.place(&params.text_document_position) else {
            return Ok(Value::Null);
        };
        let offers = if place.is_script() {
            rhai::complete(&place.sources, &place.file, place.byte)
        } else {
            yaml::complete(&place.sources, &place.file, place.byte)
        };
        let items: Vec<lsp_types::CompletionItem> = offers
            .into_iter()
            .enumerate()
            .map(|(number, offer)| answers::item(offer, number, &place.text, &self.client))
            .collect();
        written(&items)
    }

    pub(super) fn hover(&mut self, params: &HoverParams) -> Answer {
        let Some(place) = self.place(&params.text_document_position_params) else {
            return Ok(Value::Null);
        };
        let explained = if place.is_script() {
            rhai::explain(&place.sources, &place.file, place.byte)
        } else {
            yaml::explain(&place.sources, &place.file, place.byte)
        };
        let here = |label: &Label| {
            let marked = place.text.marked(label.start, label.end);
            label.file == place.file && marked.start <= place.byte && place.byte <= marked.end
        };
        let faults = self
            .workspace
            .found()
            .iter()
            .filter(|one| one.labels.first().is_some_and(here));
        let mut parts: Vec<String> = faults.filter_map(faults::page).collect();
        parts.dedup();
        let range = explained
            .as_ref()
            .map(|(at, _)| place.text.range(at.clone(), self.client.encoding));
        parts.extend(explained.map(|(_, about)| about));
        if parts.is_empty() {
            return Ok(Value::Null);
        }
        written(&answers::hover(parts.join("\n\n---\n\n"), range))
    }

    pub(super) fn definition(&mut self, params: &GotoDefinitionParams) -> Answer {
        let Some(place) = self.place(&params.text_document_position_params) else {
            return Ok(Value::Null);
        };
        let targets = if place.is_script() {
            rhai::define(&place.sources, &place.file, place.byte)
        } else {
            yaml::define(&place.sources, &place.file, place.byte)
        };
        let view = View::of(&mut self.workspace, &self.documents);
        let locations: Vec<Location> = targets
            .into_iter()
            .filter_map(|Target { file, bytes }| {
                let range = view.text(&file).range(bytes, self.client.encoding);
                Some(Location::new(view.uri(&file)?, range))
            })
            .collect();
        written(&GotoDefinitionResponse::Array(locations))
    }

    pub(super) fn actions(&mut self, params: &CodeActionParams) -> Answer {
        let Some(file) = self.workspace.root.relative(&params.text_document.uri) else {
            return Ok(Value::Null);
        };
        // A fix is of the text that was loaded, so that has to be the newest.
        if self.debounce.is_waiting() {
            self.load();
            self.debounce.touch(Instant::now());
        }
        let asked = Asked {
            file: &file,
            range: params.range,
            only: params.context.only.as_deref(),
        };
        let view = View::of(&mut self.workspace, &self.documents);
        written(&fixes::actions(
            &asked,
            self.workspace.found(),
            &view,
            &self.client,
        ))
    }

    pub(super) fn symbols(&mut self, params: &DocumentSymbolParams) -> Answer {
        let uri = &params.text_document.uri;
        let Some((file, text)) = self.text_of(uri) else {
            return Ok(Value::Null);
        };
        let symbols = if is_script(&file) {
            rhai::symbols(text.shared())
        } else {
            yaml::symbols(text.shared())
        };
        written(&answers::outline(symbols, uri, &text, &self.client))
    }

    /// As `midflow fmt` would; a file that can't be read stays as it is, and so do scripts.
    pub(super) fn formatting(&mut self, params: &DocumentFormattingParams) -> Answer {
        let Some((file, text)) = self.text_of(&params.text_document.uri) else {
            return Ok(Value::Null);
        };
        if yaml::document_of(&file).is_none() {
            return Ok(Value::Null);
        }
        let formatted = format_yaml(text.shared());
        let edits: Vec<TextEdit> = difference(text.shared(), &formatted)
            .map(|(bytes, new)| TextEdit::new(text.range(bytes, self.client.encoding), new.to_owned()))
            .into_iter()
            .collect();
        written(&edits)
    }

    /// A file of the folder with its text.
    fn text_of(&mut self, uri: &Uri) -> Option<(String, Text)> {
        let file = self.workspace.root.relative(uri)?;
        let sources = self.workspace.sources(&self.documents);
        let text = Text::new(Arc::clone(sources.text(&file)?));
        Some((file, text))
    }

    fn place(&mut self, at: &TextDocumentPositionParams) -> Option<Place> {
        let (file, text) = self.text_of(&at.text_document.uri)?;
        Some(Place {
            byte: text.byte(at.position, self.client.encoding),
            sources: self.workspace.sources(&self.documents).clone(),
            file,
            text,
        })
    }
}

/// A place in a file of the folder, with all that is around it.
struct Place {
    sources: Sources,
    file: String,
    text: Text,
    byte: usize,
}

impl Place {
    fn is_script(&self) -> bool {
        is_script(&self.file)
    }
}

fn is_script(file: &str) -> bool {
    file.ends_with(".rhai")
}
