use std::ops::Range;

use super::sketch::Sketch;
use crate::catalog::Sources;
use crate::script::Library;

/// What a service file declares, read off its text whether or not it loads.
pub(in crate::lsp) struct Declared<'a> {
    pub(in crate::lsp) file: &'a str,
    text: &'a str,
    sketch: Sketch,
}

/// A name with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lsp) struct Name<'a> {
    pub(in crate::lsp) name: &'a str,
    pub(in crate::lsp) at: Range<usize>,
}

impl<'a> Declared<'a> {
    /// What a service file declares; `None` if there is no such file.
    pub(in crate::lsp) fn of(sources: &'a Sources, file: &str) -> Option<Self> {
        let (file, text) = sources.iter().find(|(path, _)| *path == file)?;
        Some(Self {
            file,
            text,
            sketch: Sketch::of(text),
        })
    }

    /// The service that a policy file is about: its own, or that of its tests.
    pub(in crate::lsp) fn beside(sources: &'a Sources, file: &str) -> Option<Self> {
        let service = match file.strip_suffix(".test.yaml") {
            Some(stem) => format!("{stem}.yaml"),
            None => file.to_owned(),
        };
        Self::of(sources, &service)
    }

    /// The services whose script a file is, or whose scripts import it.
    pub(in crate::lsp) fn users_of(sources: &'a Sources, script: &str) -> Vec<Self> {
        let mut scripts = vec![script];
        if let Some(library) = Library::name_of(script) {
            let import = format!("\"{library}\"");
            let importers = sources
                .iter()
                .filter(|(file, text)| file.starts_with("scripts/") && text.contains(&import));
            scripts.extend(importers.map(|(file, _)| file));
        }
        let names: Vec<&str> = scripts
            .iter()
            .filter_map(|script| script.strip_prefix("scripts/"))
            .collect();
        sources
            .iter()
            .filter(|(file, text)| is_service(file) && names.iter().any(|name| text.contains(name)))
            .map(|(file, text)| Self {
                file,
                text,
                sketch: Sketch::of(text),
            })
            .filter(|declared| {
                declared
                    .script()
                    .is_some_and(|script| names.contains(&script.name))
            })
            .collect()
    }

    /// The script that the service names.
    pub(in crate::lsp) fn script(&self) -> Option<Name<'_>> {
        let node = self.sketch.node(self.sketch.find(&["script"])?)?;
        Some(Name {
            name: node.scalar(self.text)?,
            at: node.value.clone()?,
        })
    }

    /// The names below a key (`inputs`, `fields`, `capabilities`, `outcomes`), or the words of its list (`channels`).
    pub(in crate::lsp) fn names(&self, part: &str) -> Vec<Name<'_>> {
        let Some(part) = self.sketch.find(&[part]) else {
            return Vec::new();
        };
        self.sketch
            .below(Some(part))
            .filter_map(|(_, node)| {
                let name = match node.key() {
                    Some(key) => key,
                    None => node.scalar(self.text)?,
                };
                Some(Name {
                    name,
                    at: node.at.clone(),
                })
            })
            .collect()
    }

    /// The words that an input chooses from.
    pub(in crate::lsp) fn choices(&self, input: &str) -> Vec<String> {
        let Some(of) = self.sketch.find(&["inputs", input, "of"]) else {
            return Vec::new();
        };
        let words = self.sketch.below(Some(of));
        words
            .filter_map(|(_, node)| node.scalar(self.text).map(str::to_owned))
            .collect()
    }

    /// The place of a key.
    pub(in crate::lsp) fn place(&self, keys: &[&str]) -> Option<Range<usize>> {
        let node = self.sketch.node(self.sketch.find(keys)?)?;
        Some(node.at.clone())
    }

    /// What is written below a key, in one language of a text.
    pub(in crate::lsp) fn text(&self, keys: &[&str]) -> Option<&'a str> {
        self.sketch.node(self.sketch.find(keys)?)?.scalar(self.text)
    }

    /// A key with all that is below it, as written.
    pub(in crate::lsp) fn written(&self, keys: &[&str]) -> Option<&'a str> {
        let node = self.sketch.node(self.sketch.find(keys)?)?;
        self.text.get(node.at.start..node.end)
    }
}

pub(in crate::lsp) fn is_service(file: &str) -> bool {
    file.starts_with("policies/services/") && file.ends_with(".yaml") && !file.ends_with(".test.yaml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_broken_file_declares_is_known() {
        let sources = Sources::from_texts([
            (
                "policies/services/a.yaml",
                "service: a\nchannels: [web, kiosk]\ninputs:\n  licence: { type: string }\nfields:\n  name_ar:\n    reason: { ar: سبب }\nscript: a.rhai\nbroken: {",
            ),
            ("policies/services/b.yaml", "script: b.rhai # not a.rhai\n"),
            ("scripts/a.rhai", "import \"lib/h\" as h;"),
            ("scripts/lib/h.rhai", ""),
        ]);
        let declared = Declared::beside(&sources, "policies/services/a.test.yaml").unwrap();
        let names = |part| -> Vec<String> {
            let names = declared.names(part);
            names.into_iter().map(|name| name.name.to_owned()).collect()
        };
        assert_eq!(names("channels"), ["web", "kiosk"]);
        assert_eq!(names("inputs"), ["licence"]);
        assert_eq!(declared.text(&["fields", "name_ar", "reason", "ar"]), Some("سبب"));
        assert_eq!(
            declared.written(&["inputs", "licence"]),
            Some("licence: { type: string }")
        );
        for script in ["scripts/a.rhai", "scripts/lib/h.rhai"] {
            let users: Vec<&str> = Declared::users_of(&sources, script)
                .iter()
                .map(|user| user.file)
                .collect();
            assert_eq!(users, ["policies/services/a.yaml"], "{script}");
        }
    }
}
