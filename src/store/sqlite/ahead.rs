use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::params;
use tokio::sync::mpsc::Sender;

use super::fault;
use super::log::written_by;
use super::open;
use crate::audit::log::LogRow;
use crate::store::StoreError;
use crate::store::pages::Page;
use crate::store::pages::Pages;

/// Reads the records after a number and up to another one on a thread and a connection of their own, so that they are read
/// while those before them are derived and compared.
///
/// The connection sees the file as it is now, which is later than who asks: what has been recorded since then is not given, and
/// what was recorded before does not change.
pub(super) fn read_ahead(file: &Path, after: i64, upto: i64, limit: u32) -> Pages {
    let (pages, taken) = Pages::new(after, limit);
    let file = file.to_path_buf();
    tokio::task::spawn_blocking(move || {
        let reader = Reader {
            limit: usize::try_from(limit.max(1)).unwrap_or(LARGEST_ROOM),
            file,
            pages,
        };
        if let Err(error) = reader.read(after, upto) {
            let _ = reader.pages.blocking_send(Err(error));
        }
    });
    taken
}

struct Reader {
    file: PathBuf,
    limit: usize,
    pages: Sender<Page>,
}

impl Reader {
    fn read(&self, after: i64, upto: i64) -> Result<(), StoreError> {
        let connection = open::looker(&self.file)?;
        self.rows(&connection, after, upto)
            .map_err(|error| fault::of_rusqlite(&self.file, &error))
    }

    fn rows(&self, connection: &Connection, after: i64, upto: i64) -> rusqlite::Result<()> {
        let transaction = connection.unchecked_transaction()?;
        let writers: HashMap<i64, Vec<u8>> = transaction
            .prepare("SELECT number, CAST(id AS BLOB) FROM log_writers")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut statement = transaction.prepare(ROWS)?;
        let mut rows = statement.query(params![after, upto])?;
        let mut page = self.new_page();
        while let Some(row) = rows.next()? {
            page.push(read(row, &writers)?);
            if page.len() == self.limit {
                let page = std::mem::replace(&mut page, self.new_page());
                if self.pages.blocking_send(Ok(page)).is_err() {
                    return Ok(());
                }
            }
        }
        let is_end = page.is_empty();
        // Whoever has the end takes no more.
        if self.pages.blocking_send(Ok(page)).is_ok() && !is_end {
            let _ = self.pages.blocking_send(Ok(Vec::new()));
        }
        Ok(())
    }

    fn new_page(&self) -> Vec<LogRow> {
        Vec::with_capacity(self.limit.min(LARGEST_ROOM))
    }
}

/// A record as it lies there. Its writer is looked up here: there are few, and each row would search a table for its own.
fn read(row: &Row<'_>, writers: &HashMap<i64, Vec<u8>>) -> rusqlite::Result<LogRow> {
    let writer: Option<i64> = row.get(6)?;
    written_by(row, writer.and_then(|writer| writers.get(&writer)).cloned())
}

/// What was altered has to be read, too, so texts are read as the bytes that they are.
const ROWS: &str = "
    SELECT seq, at, flow, CAST(kind AS BLOB), commitment, CAST(event AS BLOB), writer, number, leaf
    FROM records WHERE seq > ?1 AND seq <= ?2 ORDER BY seq";
/// Rows; whoever asks for more at once lets the page grow.
const LARGEST_ROOM: usize = 4_096;
