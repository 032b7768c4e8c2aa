/// Why something can't be sealed or opened. Never carries what was to be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The system gave no randomness.
    #[error("the system gives no randomness")]
    Random,
    /// The cell was changed, belongs to another place, or was sealed with another key.
    #[error("it was changed, moved here from elsewhere, or sealed with another key")]
    Cell,
    /// The wrapped data key does not open.
    #[error("its data key was changed, or wrapped with another key")]
    DataKey,
    /// The ring has no key of this version.
    #[error("its data key is wrapped with version {0} of the key ring, which is not in the ring")]
    Version(u32),
    /// The data key was destroyed: what it sealed is erased.
    #[error("its data key was destroyed")]
    Destroyed,
}
