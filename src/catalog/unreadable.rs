use std::fs;
use std::path::Path;

use super::SourcesError;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Label;
use crate::diagnostics::Position;
use crate::diagnostics::codes;

impl SourcesError {
    /// The same as a diagnostic of the file, where it is about one file; `dir` is the folder that was read.
    pub fn diagnostic(&self, dir: &Path) -> Option<Diagnostic> {
        let (code, path, message, help) = match self {
            Self::NotUtf8(path) => {
                let (position, what) = first_bad_byte(path);
                let help = "save the file again with the encoding UTF-8; the text before this place is good";
                let label = label(path, dir, position);
                return Some(Diagnostic::error(codes::NOT_UTF8, what, label).help(help));
            }
            Self::Unreadable { path, cause } => (
                codes::UNREADABLE_FILE,
                path,
                format!("the file can't be read: {}", reason(cause)),
                "check that the file is there, that a link leads to one, and that this user may read it",
            ),
            Self::NotAFile(path) => (
                codes::UNREADABLE_FILE,
                path,
                "this is neither a file nor a folder".to_owned(),
                "remove it, or give it another ending",
            ),
            Self::Outside { path, .. } => (
                codes::UNREADABLE_FILE,
                path,
                "this is a link that leads out of the folder".to_owned(),
                "put the file itself here",
            ),
            Self::TooLarge(path) => (
                codes::TOO_LARGE,
                path,
                "the file is larger than any policy needs".to_owned(),
                "move what is not policy out of the file; at most 1 MiB is read",
            ),
            _ => return None,
        };
        let label = label(path, dir, Position { line: 1, column: 1 });
        Some(Diagnostic::error(code, message, label).help(help))
    }
}

/// The system's reason without its number.
fn reason(cause: &std::io::Error) -> &'static str {
    match cause.kind() {
        std::io::ErrorKind::NotFound => "it is not there",
        std::io::ErrorKind::PermissionDenied => "this user may not read it",
        _ => "the system refuses",
    }
}

fn first_bad_byte(path: &Path) -> (Position, String) {
    let bytes = fs::read(path).unwrap_or_default();
    let Err(error) = std::str::from_utf8(&bytes) else {
        return (
            Position { line: 1, column: 1 },
            "the file is not UTF-8 text".to_owned(),
        );
    };
    let (good, bad) = bytes.split_at(error.valid_up_to());
    let before = String::from_utf8_lossy(good);
    let position = crate::diagnostics::position_at(&before, before.len());
    // Such files come from editors that write UTF-16 or one of the older encodings.
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let message = match bad.first() {
        _ if utf16 => "the file is written in UTF-16".to_owned(),
        Some(byte) => format!("the byte 0x{byte:02X} is no UTF-8 text"),
        None => "the file is not UTF-8 text".to_owned(),
    };
    (position, message)
}

fn label(path: &Path, dir: &Path, start: Position) -> Label {
    let relative = path.strip_prefix(dir).unwrap_or(path);
    Label {
        file: relative.to_string_lossy().into_owned(),
        start,
        end: Position {
            column: start.column.saturating_add(1),
            ..start
        },
        text: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Sources;

    #[test]
    fn the_first_byte_that_is_no_text_is_named() {
        for (bytes, place, words) in [
            (&b"midflow: 1\nname: \xe3\xcd\xe3\n"[..], (2, 7), "0xE3"),
            (b"\xff\xfem\0", (1, 1), "UTF-16"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir_all(dir.path().join("policies/services")).unwrap();
            fs::write(dir.path().join("policies/services/a.yaml"), bytes).unwrap();
            let error = Sources::read(dir.path()).unwrap_err();
            let found = error.diagnostic(dir.path()).unwrap();
            let label = &found.labels[0];
            assert_eq!(found.code, "E0008");
            assert_eq!((label.start.line, label.start.column), place);
            assert_eq!(label.file, "policies/services/a.yaml");
            assert!(found.message.contains(words), "{}", found.message);
        }
    }
}
