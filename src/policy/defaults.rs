use super::language;
use super::yaml;
use super::yaml::Entry;
use super::yaml::Layer;
use super::yaml::Node;
use super::yaml::Value;

/// What every service means unless it says otherwise, as written in `policies/defaults.yaml`.
///
/// It is laid below the service as a tree, before anything is read, so that every check sees the service as meant
/// and every value keeps the place where it is written.
#[derive(Clone, Debug)]
pub struct Defaults {
    pub(super) file: String,
    pub(super) text: String,
    tree: Node,
}

impl Defaults {
    /// Takes the part of the file that services share; `None` if there is none.
    pub(super) fn new(file: &str, text: &str, root: &Node) -> Option<Self> {
        let mut tree = root.entry("defaults")?.node.clone();
        tree.stamp(Layer::Defaults);
        Some(Self {
            file: file.to_owned(),
            text: text.to_owned(),
            tree,
        })
    }

    /// The file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Adds to a service what it does not say itself.
    ///
    /// A text, a list and an answer to an outcome are taken as a whole or not at all; the maps that are no such
    /// thing are filled key by key. A capability that a service does not declare stays undeclared.
    pub(super) fn fill(&self, service: &mut Node) {
        let (Value::Map(own), Value::Map(shared)) = (&mut service.value, &self.tree.value) else {
            return;
        };
        for default in shared {
            if !language::DEFAULTS.iter().any(|key| key.name == default.key) {
                continue;
            }
            let depth = match default.key.as_str() {
                "legal_basis" | "notices" | "retention" | "limits" | "outcomes" => Depth::Keys,
                "capabilities" => Depth::Declared,
                _ => Depth::Whole,
            };
            match (own.iter_mut().find(|entry| entry.key == default.key), depth) {
                (None, Depth::Declared) | (Some(_), Depth::Whole) => {}
                (None, _) => own.push(default.clone()),
                (Some(entry), Depth::Keys) => add_missing(entry, default),
                (Some(entry), Depth::Declared) => add_to_declared(entry, default),
            }
        }
    }
}

enum Depth {
    Whole,
    Keys,
    Declared,
}

fn add_missing(own: &mut Entry, default: &Entry) {
    let (Value::Map(own), Value::Map(shared)) = (&mut own.node.value, &default.node.value) else {
        return;
    };
    for entry in shared {
        if !own.iter().any(|known| known.key == entry.key) {
            own.push(entry.clone());
        }
    }
}

fn add_to_declared(own: &mut Entry, default: &Entry) {
    let (Value::Map(own), Value::Map(shared)) = (&mut own.node.value, &default.node.value) else {
        return;
    };
    for entry in own {
        if let Some(default) = shared.iter().find(|default| default.key == entry.key) {
            add_missing(entry, default);
        }
    }
}

/// The tree of a service file with what it takes from the defaults.
pub(super) fn merged_tree(text: &str, defaults: Option<&Defaults>) -> Option<Node> {
    let mut root = yaml::parse(text).0?;
    if let Some(defaults) = defaults {
        defaults.fill(&mut root);
    }
    Some(root)
}
