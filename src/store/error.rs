use std::path::Path;
use std::path::PathBuf;

/// Why the store can't do what it was asked: the file or the server, the cause, and what to do about it.
///
/// Never carries a stored value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("store {}: {cause}; {remedy}", place.display())]
pub struct StoreError {
    kind: StoreErrorKind,
    place: PathBuf,
    cause: String,
    remedy: &'static str,
}

/// What sort of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreErrorKind {
    /// The file can't be opened or made where it shall be, or the server can't be reached or lets nobody in.
    Open,
    /// The file or schema is none of midflow's, or is damaged.
    Corrupt,
    /// There is no room left.
    Full,
    /// Somebody else holds the file, a row or every connection.
    Busy,
    /// The library or the schema has a version that does not fit.
    Version,
    /// Reading or writing failed.
    Io,
    /// The database or the role breaks a promise that midflow rests on: it might lose or change what is recorded.
    Unsafe,
    /// This replica is taken for dead: its lease ran out, and others go on with its flows.
    Fenced,
    /// What was to be stored breaks a rule of the schema.
    Rule,
    /// The store has been closed.
    Closed,
}

impl StoreError {
    pub(super) fn new(kind: StoreErrorKind, file: &Path, cause: impl Into<String>) -> Self {
        Self::with_remedy(kind, file, cause, kind.remedy())
    }

    pub(super) fn with_remedy(
        kind: StoreErrorKind,
        place: &Path,
        cause: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self {
            kind,
            place: place.to_path_buf(),
            cause: cause.into(),
            remedy,
        }
    }

    /// A fault of this program while it worked on a store.
    pub(crate) fn internal(cause: &str) -> Self {
        Self::new(StoreErrorKind::Rule, Path::new(""), cause)
    }

    /// What is stored is not what the records say of it.
    pub(crate) fn corrupt(cause: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::Corrupt, Path::new(""), cause)
    }

    /// About a database on a server: `place` says which, as an operator would name it.
    pub(super) fn of_server(
        kind: StoreErrorKind,
        place: &str,
        cause: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self::with_remedy(kind, Path::new(place), cause, remedy)
    }

    /// What sort of trouble it is.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// The file it is about, or the name of the server and its database.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// What the operator can do.
    pub const fn remedy(&self) -> &'static str {
        self.remedy
    }
}

impl StoreErrorKind {
    const fn remedy(self) -> &'static str {
        match self {
            Self::Open => "choose a folder that this user can write to, or change its owner",
            Self::Corrupt => {
                "keep the file for examination, and restore the last backup or name another file"
            }
            Self::Full => "make room on the disk; nothing new starts until there is some",
            Self::Busy => "stop the other process, or give this one a file of its own",
            Self::Version => "use the version of midflow that wrote the file, or a newer one",
            Self::Io => "check the disk and the kernel's log",
            Self::Unsafe => "mend the setting that is named, then start midflow again",
            Self::Fenced => {
                "nothing: it joins again by itself; if it happens often, look for a machine that stands still"
            }
            Self::Rule => "this is a fault of midflow; report it with this text",
            Self::Closed => "start midflow again",
        }
    }
}
