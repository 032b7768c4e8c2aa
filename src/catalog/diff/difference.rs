use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::compare::compare;
use super::lines::changed_lines;
use super::meant;
use crate::catalog::Catalog;
use crate::catalog::LoadedService;
use crate::words::Digest;

/// What differs between two catalogs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CatalogDiff {
    /// The one before.
    pub from: Digest,
    /// The one after.
    pub to: Digest,
    /// The parts that differ: the organization, services, and files that belong to no single service.
    pub parts: Vec<PartDiff>,
}

/// A part that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartDiff {
    /// The name of the service, `organization`, or the path of a file.
    pub part: String,
    /// What became of it.
    pub kind: Kind,
    /// Each difference; what the part is, where it was added.
    pub changes: Vec<Change>,
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It says something else.
    Changed,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The key in the file, such as `capabilities.auth_push.assurance`; a path, where a script or file is meant.
    pub path: String,
    /// The difference, for people.
    pub words: String,
    /// The value before, where it can be shown.
    pub before: Option<Value>,
    /// The value after.
    pub after: Option<Value>,
}

impl CatalogDiff {
    /// Compares two catalogs.
    pub fn between(before: &Catalog, after: &Catalog) -> Self {
        let mut parts = Vec::new();
        let organization = compare(
            &meant::organization(before.organization()),
            &meant::organization(after.organization()),
        );
        push_changed(&mut parts, "organization", organization);
        let names = |catalog: &Catalog| -> BTreeSet<String> {
            catalog
                .services()
                .map(|loaded| loaded.service.id.to_string())
                .collect()
        };
        for name in names(before).union(&names(after)) {
            match (before.service(name), after.service(name)) {
                (Some(old), Some(new)) => push_changed(&mut parts, name, of_service(before, old, after, new)),
                (None, Some(new)) => parts.push(PartDiff {
                    part: name.clone(),
                    kind: Kind::Added,
                    changes: vec![described(new)],
                }),
                _ => parts.push(PartDiff {
                    part: name.clone(),
                    kind: Kind::Removed,
                    changes: Vec::new(),
                }),
            }
        }
        other_files(&mut parts, before, after);
        Self {
            from: before.digest(),
            to: after.digest(),
            parts,
        }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The differences for people, a line each part; empty if there are none.
    pub fn to_text(&self) -> String {
        let line = |part: &PartDiff| {
            let changes: Vec<&str> = part.changes.iter().map(|change| change.words.as_str()).collect();
            let changes = changes.join("; ");
            match (part.kind, changes.is_empty()) {
                (Kind::Changed, _) => format!("{}: {changes}", part.part),
                (Kind::Added, false) => format!("{}: added ({changes})", part.part),
                (Kind::Added, true) => format!("{}: added", part.part),
                (Kind::Removed, _) => format!("{}: removed", part.part),
            }
        };
        let lines: Vec<String> = self.parts.iter().map(line).collect();
        lines.join("\n")
    }
}

fn push_changed(parts: &mut Vec<PartDiff>, part: &str, changes: Vec<Change>) {
    if !changes.is_empty() {
        parts.push(PartDiff {
            part: part.to_owned(),
            kind: Kind::Changed,
            changes,
        });
    }
}

fn of_service(before: &Catalog, old: &LoadedService, after: &Catalog, new: &LoadedService) -> Vec<Change> {
    let mut changes = compare(&meant::service(&old.service), &meant::service(&new.service));
    if let (Some(one), Some(other)) = (old.script(), new.script())
        && one.file() == other.file()
    {
        changes.extend(of_file(before, after, one.file(), "script"));
    }
    // What a script imports is part of what it does, and most people look for it in the script.
    let libraries = new.script().map(|script| script.libraries());
    for library in libraries.into_iter().flatten() {
        changes.extend(of_file(before, after, library.file(), "imported"));
    }
    if changes.is_empty() {
        // The same meaning: comments, order, layout.
        let file = &new.service.file;
        changes.extend(of_file(before, after, file, "no meaning changed in"));
    }
    changes
}

/// What a new service is, in a few words.
fn described(loaded: &LoadedService) -> Change {
    let service = &loaded.service;
    let capabilities = service.capabilities.keys().map(ToString::to_string);
    let channels = service.channels.iter().map(ToString::to_string);
    let fields = service
        .fields
        .iter()
        .map(|declared| declared.field.name().to_string());
    let joined = |words: Vec<String>| words.join(", ");
    Change {
        path: service.file.clone(),
        words: format!(
            "{} on {}; fields {}",
            joined(capabilities.collect()),
            joined(channels.collect()),
            joined(fields.collect())
        ),
        before: None,
        after: None,
    }
}

fn of_file(before: &Catalog, after: &Catalog, file: &str, what: &str) -> Option<Change> {
    let (old, new) = (before.sources().text(file)?, after.sources().text(file)?);
    let lines = changed_lines(old, new)?;
    Some(Change {
        path: file.to_owned(),
        words: format!("{what} {} ({lines})", short(file)),
        before: None,
        after: None,
    })
}

fn short(file: &str) -> &str {
    let scripts = file.strip_prefix("scripts/");
    scripts
        .or_else(|| file.strip_prefix("policies/services/"))
        .unwrap_or(file)
}

/// Files that are neither the organization nor a service nor a script of one: rulebooks, defaults, tests, libraries
/// that nobody imports.
fn other_files(parts: &mut Vec<PartDiff>, before: &Catalog, after: &Catalog) {
    let told = |catalog: &Catalog| -> BTreeSet<String> {
        let services = catalog.services().flat_map(|loaded| {
            let script = loaded.script().map(|script| script.file().to_owned());
            std::iter::once(loaded.service.file.clone()).chain(script)
        });
        services
            .chain(["policies/organization.yaml".to_owned()])
            .collect()
    };
    let (told_before, told_after) = (told(before), told(after));
    let files = |catalog: &Catalog, told: &BTreeSet<String>| -> BTreeSet<String> {
        let files = catalog.sources().files().map(|(path, _)| path.to_owned());
        files.filter(|path| !told.contains(path)).collect()
    };
    let (old, new) = (files(before, &told_before), files(after, &told_after));
    for path in old.union(&new) {
        match (before.sources().text(path), after.sources().text(path)) {
            (Some(one), Some(other)) => {
                let lines = changed_lines(one, other).map(|lines| Change {
                    path: path.clone(),
                    words: format!("changed ({lines})"),
                    before: None,
                    after: None,
                });
                push_changed(parts, path, lines.into_iter().collect());
            }
            (None, Some(_)) => parts.push(PartDiff {
                part: path.clone(),
                kind: Kind::Added,
                changes: Vec::new(),
            }),
            _ => parts.push(PartDiff {
                part: path.clone(),
                kind: Kind::Removed,
                changes: Vec::new(),
            }),
        }
    }
}
