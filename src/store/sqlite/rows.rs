use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::store::rows;
use crate::store::rows::Columns;
use crate::store::rows::Unreadable;

/// A stored row of this store that is being read back.
pub(super) type Stored<'a> = rows::Stored<'a, SqliteRow>;

impl Columns for SqliteRow {
    const REMEDY: &'static str =
        "keep the file for examination, and restore the last backup or name another file";

    fn number(&self, column: &str) -> Result<Option<i64>, Unreadable> {
        self.try_get(column).map_err(|_| Unreadable)
    }

    fn text(&self, column: &str) -> Result<Option<String>, Unreadable> {
        self.try_get(column).map_err(|_| Unreadable)
    }

    fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        self.try_get(column).map_err(|_| Unreadable)
    }

    fn id(&self, column: &str) -> Result<Option<Uuid>, Unreadable> {
        self.try_get(column).map_err(|_| Unreadable)
    }

    fn flag(&self, column: &str) -> Result<Option<bool>, Unreadable> {
        self.try_get(column).map_err(|_| Unreadable)
    }
}
