/// A value in a message, or what is written in place of one.
pub(in crate::sandbox) struct Leaf<'l> {
    /// What it is.
    pub(in crate::sandbox) kind: LeafKind,
    /// The name that it stands under; that of the list, for one in a list.
    pub(in crate::sandbox) name: &'l str,
    /// What it says.
    pub(in crate::sandbox) text: &'l str,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum LeafKind {
    /// The name of a member.
    Key,
    /// A text.
    Text,
    /// A number.
    Number,
    /// `true`, `false`, `null`, or something that is no JSON.
    Word,
}
