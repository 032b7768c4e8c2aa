use std::collections::BTreeMap;
use std::sync::Arc;

use super::syntax::Syntax;

/// A helper file below `scripts/lib/`, parsed and linted, for scripts to import.
#[derive(Debug)]
pub struct Library {
    /// The name that scripts import, such as `lib/hours`.
    pub(super) name: String,
    /// The file, such as `scripts/lib/hours.rhai`.
    pub(super) file: String,
    pub(super) text: Arc<str>,
    pub(super) syntax: Syntax,
}

impl Library {
    /// The name that scripts import for a file; `None` if the file is not below `scripts/lib/`.
    pub fn name_of(file: &str) -> Option<&str> {
        let name = file.strip_prefix("scripts/")?.strip_suffix(".rhai")?;
        name.starts_with("lib/").then_some(name)
    }

    /// The file, such as `scripts/lib/hours.rhai`.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The text it was parsed from.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The name that scripts import.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Every library of a catalog, by name.
pub(super) type Libraries = BTreeMap<String, Arc<Library>>;

/// The libraries that `syntax` needs, each after those that it needs itself.
///
/// # Errors
/// Names a library that leads back to itself. Unknown libraries are left out; the lint finds them.
pub(super) fn in_order(syntax: &Syntax, libraries: &Libraries) -> Result<Vec<Arc<Library>>, String> {
    let mut ordered = Vec::new();
    let mut open = Vec::new();
    collect(syntax, libraries, &mut ordered, &mut open)?;
    Ok(ordered)
}

fn collect(
    syntax: &Syntax,
    libraries: &Libraries,
    ordered: &mut Vec<Arc<Library>>,
    open: &mut Vec<String>,
) -> Result<(), String> {
    for import in &syntax.imports {
        let Some(library) = import.path.as_ref().and_then(|path| libraries.get(path)) else {
            continue;
        };
        if open.contains(&library.name) || open.len() >= MAX_CHAIN {
            return Err(library.name.clone());
        }
        if ordered.iter().any(|known| known.name == library.name) {
            continue;
        }
        open.push(library.name.clone());
        collect(&library.syntax, libraries, ordered, open)?;
        open.pop();
        ordered.push(Arc::clone(library));
    }
    Ok(())
}

/// The longest chain of libraries that import each other.
const MAX_CHAIN: usize = 8;
