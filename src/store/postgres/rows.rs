use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::store::rows;
use crate::store::rows::Columns;
use crate::store::rows::Unreadable;

/// A stored row of this store that is being read back.
pub(super) type Stored<'a> = rows::Stored<'a, PgRow>;

impl Columns for PgRow {
    const REMEDY: &'static str = "keep the database for examination, and restore the last backup";

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
