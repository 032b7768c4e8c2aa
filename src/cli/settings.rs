use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Map;
use serde_json::Value;

use crate::engine::NodeSettings;

/// The configuration file of a node as it was at the start: nothing of it is reloaded, so what has changed is named.
pub(crate) struct SettingsFile {
    path: PathBuf,
    at_start: String,
}

impl SettingsFile {
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            at_start: fs::read_to_string(path).unwrap_or_default(),
        }
    }
}

impl NodeSettings for SettingsFile {
    fn changed(&self) -> Vec<String> {
        let name = self
            .path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        match fs::read_to_string(&self.path) {
            Ok(now) if now == self.at_start => Vec::new(),
            Ok(now) => changed_keys(&self.at_start, &now)
                .unwrap_or_else(|| vec![format!("{name} (it has mistakes now)")]),
            Err(_) => vec![format!("{name} (it can't be read now)")],
        }
    }
}

/// The keys whose values differ, one level below `listeners`; `None` if a text is no YAML.
fn changed_keys(before: &str, now: &str) -> Option<Vec<String>> {
    let tree = |text| serde_saphyr::from_str::<Map<String, Value>>(text).ok();
    let (before, now) = (tree(before)?, tree(now)?);
    let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let mut changed = Vec::new();
    for key in keys {
        match (before.get(key), now.get(key)) {
            (old, new) if old == new => {}
            (Some(Value::Object(old)), Some(Value::Object(new))) if key == "listeners" => {
                let below: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                let differing = below.into_iter().filter(|name| old.get(*name) != new.get(*name));
                changed.extend(differing.map(|name| format!("{key}.{name}")));
            }
            _ => changed.push(key.clone()),
        }
    }
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule R17.
    #[test]
    fn what_takes_a_restart_is_named() {
        let before =
            "midflow: 1\nenvironment: test\nlisteners:\n  api: { address: a }\n  console: { address: b }\n";
        for (now, expected) in [
            (
                before.replace("address: b", "address: c"),
                vec!["listeners.console"],
            ),
            (before.replace("test", "production"), vec!["environment"]),
            (format!("{before}store: {{ sqlite: x }}\n"), vec!["store"]),
            (before.replace("midflow: 1", "midflow: 1 # the same"), vec![]),
        ] {
            assert_eq!(changed_keys(before, &now).unwrap(), expected);
        }
        assert_eq!(changed_keys(before, "a: b: c"), None);
    }

    #[test]
    fn a_file_that_is_gone_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("midflow.yaml");
        fs::write(&path, "midflow: 1\n").unwrap();
        let settings = SettingsFile::at(&path);
        assert!(settings.changed().is_empty());
        fs::remove_file(&path).unwrap();
        assert_eq!(settings.changed(), ["midflow.yaml (it can't be read now)"]);
    }
}
