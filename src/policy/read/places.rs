use crate::policy::Place;
use crate::policy::yaml;
use crate::policy::yaml::Node;
use crate::policy::yaml::Value;

/// Where the keys of a policy file stand, for who wants to point at one.
#[derive(Debug)]
pub struct Places {
    file: String,
    root: Option<Node>,
}

impl Places {
    /// Takes a file apart; one that can't be has no places.
    pub fn of(file: &str, text: &str) -> Self {
        let (root, _) = yaml::parse(text);
        Self {
            file: file.to_owned(),
            root,
        }
    }

    /// The place of a key, by the keys that lead to it; `None` if it is not written there.
    pub fn find(&self, keys: &[&str]) -> Option<Place> {
        let mut node = self.root.as_ref()?;
        let mut found = None;
        for key in keys {
            let Value::Map(entries) = &node.value else {
                return None;
            };
            let entry = entries.iter().find(|entry| entry.key == *key)?;
            found = Some(entry.key_span.start);
            node = &entry.node;
        }
        found.map(|at| Place {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
        })
    }
}
