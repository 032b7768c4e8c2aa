use uuid::Uuid;

/// A row of a driver, by the names of its columns. Each column is read as one of the five kinds that midflow stores.
pub(in crate::store) trait Columns {
    /// What the operator can do about a row that can't be read.
    const REMEDY: &'static str;

    fn number(&self, column: &str) -> Result<Option<i64>, Unreadable>;
    fn text(&self, column: &str) -> Result<Option<String>, Unreadable>;
    fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, Unreadable>;
    fn id(&self, column: &str) -> Result<Option<Uuid>, Unreadable>;
    fn flag(&self, column: &str) -> Result<Option<bool>, Unreadable>;
}

/// There is no such column, or it holds another kind. The driver's own words may hold a value and are left out.
pub(in crate::store) struct Unreadable;

/// What a column can be read as.
pub(in crate::store) trait Kind: Sized {
    fn read<R: Columns>(row: &R, column: &str) -> Result<Self, Unreadable>;
}

macro_rules! kinds {
    ($($kind:ty, $read:ident;)*) => {
        $(
            impl Kind for Option<$kind> {
                fn read<R: Columns>(row: &R, column: &str) -> Result<Self, Unreadable> {
                    row.$read(column)
                }
            }

            impl Kind for $kind {
                fn read<R: Columns>(row: &R, column: &str) -> Result<Self, Unreadable> {
                    row.$read(column)?.ok_or(Unreadable)
                }
            }
        )*
    };
}

kinds! {
    i64, number;
    String, text;
    Vec<u8>, bytes;
    Uuid, id;
    bool, flag;
}
