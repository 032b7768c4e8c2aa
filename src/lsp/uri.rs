use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr as _;

use lsp_types::Uri;

/// The folder that holds `policies/` and `scripts/`, as the editor names it and as it is on disk.
#[derive(Clone, Debug)]
pub(super) struct Root {
    given: PathBuf,
    real: PathBuf,
}

impl Root {
    pub(super) fn new(given: PathBuf) -> Self {
        let given = std::path::absolute(&given).unwrap_or(given);
        let real = std::fs::canonicalize(&given).unwrap_or_else(|_| given.clone());
        Self { given, real }
    }

    pub(super) fn path(&self) -> &Path {
        &self.given
    }

    /// The name of a file in diagnostics and catalogs; `None` for one outside of the folder.
    pub(super) fn relative(&self, uri: &Uri) -> Option<String> {
        let path = path_of(uri)?;
        let below = path
            .strip_prefix(&self.given)
            .or_else(|_| path.strip_prefix(&self.real))
            .map(Path::to_path_buf)
            .or_else(|_| {
                // A file that was reached through a link: its folder is there even if it is not saved yet.
                let folder = std::fs::canonicalize(path.parent().unwrap_or(&path))?;
                let below = folder.strip_prefix(&self.real).map(Path::to_path_buf);
                let name = path.file_name().unwrap_or_default();
                below
                    .map(|below| below.join(name))
                    .map_err(|_| std::io::Error::from(std::io::ErrorKind::NotFound))
            })
            .ok()?;
        let is_plain = below
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        below.to_str().filter(|_| is_plain).map(str::to_owned)
    }

    /// The address of a file of the folder.
    pub(super) fn uri(&self, file: &str) -> Option<Uri> {
        uri_of(&self.given.join(file))
    }
}

/// The path of a `file:` address.
pub(super) fn path_of(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return None;
    }
    let path = path.split(['?', '#']).next()?;
    Some(PathBuf::from(OsString::from_vec(decoded(path)?)))
}

/// The `file:` address of a path.
pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    let mut text = "file://".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(*byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    Uri::from_str(&text).ok()
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            out.push(*first);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        out.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        Uri::from_str(text).unwrap()
    }

    #[test]
    fn paths_and_addresses_lead_to_each_other() {
        for path in [
            "/a/b.yaml",
            "/with space/خدمة.yaml",
            "/100%/a#b?c.rhai",
            "/x:y/@z",
        ] {
            let path = PathBuf::from(path);
            assert_eq!(path_of(&uri_of(&path).unwrap()), Some(path));
        }
        assert_eq!(path_of(&uri("file://localhost/a")), Some("/a".into()));
        for other in ["untitled:Untitled-1", "https://host/a", "file://host/a", "git:/a"] {
            assert_eq!(path_of(&uri(other)), None, "{other}");
        }
    }

    #[test]
    fn files_outside_of_the_folder_have_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path().to_path_buf());
        let inside = root.uri("policies/services/a.yaml").unwrap();
        assert_eq!(
            root.relative(&inside).as_deref(),
            Some("policies/services/a.yaml")
        );
        for outside in ["/etc/passwd", "../x.yaml", "policies/../../x.yaml"] {
            let path = folder.path().join(outside);
            assert_eq!(root.relative(&uri_of(&path).unwrap()), None, "{outside}");
        }
        assert_eq!(root.relative(&uri("untitled:a")), None);
    }

    #[test]
    fn a_folder_that_was_reached_through_a_link_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        std::fs::create_dir_all(real.join("policies")).unwrap();
        std::os::unix::fs::symlink(&real, folder.path().join("link")).unwrap();
        let through = Root::new(folder.path().join("link"));
        let direct = uri_of(&std::fs::canonicalize(&real).unwrap().join("policies/a.yaml")).unwrap();
        assert_eq!(through.relative(&direct).as_deref(), Some("policies/a.yaml"));
        let root = Root::new(real);
        let linked = uri_of(&folder.path().join("link/policies/a.yaml")).unwrap();
        assert_eq!(root.relative(&linked).as_deref(), Some("policies/a.yaml"));
    }
}
