//! What somebody who can write to the database file can do to it: any bit of any row.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::params;
use rusqlite::types::Value;

use crate::audit::log::Finding;
use crate::audit::log::Place;

/// A row that was changed, and the places by which it may be named.
pub(super) struct Touched {
    pub(super) what: String,
    names: Vec<Place>,
    row: i64,
}

impl Touched {
    pub(super) fn new(what: impl Into<String>, names: Vec<Place>) -> Self {
        Self {
            what: what.into(),
            names,
            row: 0,
        }
    }

    /// The number of the row, where one bit of it was changed.
    pub(super) const fn row(&self) -> i64 {
        self.row
    }

    /// Whether the findings name it and nothing beside it, so that it is told among others.
    pub(super) fn is_told(&self, findings: &[Finding]) -> bool {
        findings.iter().any(|finding| self.names.contains(&finding.place))
    }

    /// Whether the findings name the row.
    pub(super) fn is_named(&self, findings: &[Finding]) -> bool {
        self.names.is_empty() && !findings.is_empty()
            || findings.iter().any(|finding| {
                self.names.iter().any(|name| match (&finding.place, name) {
                    (Place::Records(from, to), Place::Record(seq)) => (from..=to).contains(&seq),
                    (place, name) => place == name,
                })
            })
    }
}

/// Opens the file as an administrator of the database would: no trigger and no rule is in the way.
pub(super) fn open(file: &Path) -> Connection {
    let connection = Connection::open(file).unwrap();
    connection
        .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;")
        .unwrap();
    let triggers: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for name in triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    connection
}

/// A column whose every bit the log vouches for.
pub(super) struct Column {
    pub(super) table: &'static str,
    pub(super) name: &'static str,
    place: fn(&Connection, i64) -> Vec<Place>,
}

/// Every column that the log vouches for.
pub(super) fn columns() -> Vec<Column> {
    let mut all = Vec::new();
    let mut add = |table, names: &[&'static str], place| {
        all.extend(names.iter().map(|name| Column { table, name, place }));
    };
    add(
        "records",
        &[
            "at",
            "flow",
            "kind",
            "event",
            "commitment",
            "writer",
            "number",
            "leaf",
        ],
        |_, id| vec![Place::Record(id.unsigned_abs())],
    );
    add(
        "exchanges",
        &["flow", "direction", "at", "bytes"],
        |connection, id| {
            vec![Place::Exchange(crate::words::ExchangeId::from_uuid(uuid_of(
                connection,
                "exchanges",
                id,
            )))]
        },
    );
    let flow = |connection: &Connection, id| {
        vec![Place::Flow(crate::words::FlowId::from_uuid(uuid_of(
            connection, "flows", id,
        )))]
    };
    add(
        "flows",
        &[
            "service",
            "capability",
            "catalog",
            "token",
            "subject",
            "created_at",
            "expires_at",
            "outcome",
            "request_id",
            "detail",
        ],
        flow,
    );
    add(
        "deliveries",
        &["webhook_id", "flow", "url", "body", "delivered_at"],
        |connection, id| {
            let name = connection
                .query_row(
                    "SELECT webhook_id FROM deliveries WHERE rowid = ?1",
                    [id],
                    |row| row.get(0),
                )
                .unwrap();
            vec![Place::Notice(name)]
        },
    );
    add("log_tiles", &["hashes"], |connection, id| {
        let place = connection.query_row(
            "SELECT level, number FROM log_tiles WHERE rowid = ?1",
            [id],
            |row| Ok(Place::Tile(row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())),
        );
        vec![place.unwrap()]
    });
    add("log_checkpoints", &["note"], |_, id| {
        vec![Place::Checkpoint(id.unsigned_abs())]
    });
    add("log_writers", &["id"], |_, _| Vec::new());
    add("activations", &["catalog", "at", "actor"], |_, id| {
        vec![Place::Activation(id)]
    });
    add("catalogs", &["archive"], |_, _| Vec::new());
    all
}

fn uuid_of(connection: &Connection, table: &str, id: i64) -> uuid::Uuid {
    let bytes: [u8; 16] = connection
        .query_row(&format!("SELECT id FROM {table} WHERE rowid = ?1"), [id], |row| {
            row.get(0)
        })
        .unwrap();
    uuid::Uuid::from_bytes(bytes)
}

/// The numbers of all rows of a table.
pub(super) fn rows(connection: &Connection, table: &str) -> Vec<i64> {
    connection
        .prepare(&format!("SELECT rowid FROM {table} ORDER BY rowid"))
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

/// How many bits a value has; none for one that is not there.
pub(super) fn bits(connection: &Connection, column: &Column, row: i64) -> usize {
    match value(connection, column, row) {
        Value::Blob(bytes) => bytes.len() * 8,
        Value::Integer(_) => 64,
        _ => 0,
    }
}

/// Turns one bit over; `None` where a rule that even an administrator can't switch off forbids the value.
pub(super) fn flip(connection: &Connection, column: &Column, row: i64, bit: usize) -> Option<Touched> {
    let names = (column.place)(connection, row);
    let changed = match value(connection, column, row) {
        Value::Blob(mut bytes) => {
            bytes[bit / 8] ^= 1 << (bit % 8);
            Value::Blob(bytes)
        }
        Value::Integer(number) => Value::Integer(number ^ 1 << bit),
        _ => return None,
    };
    let text = if is_text(connection, column, row) {
        "CAST(?2 AS TEXT)"
    } else {
        "?2"
    };
    let statement = format!(
        "UPDATE {} SET {} = {text} WHERE rowid = ?1",
        column.table, column.name
    );
    connection.execute(&statement, params![row, changed]).ok()?;
    Some(Touched {
        what: format!("{}.{} of row {row}, bit {bit}", column.table, column.name),
        names,
        row,
    })
}

fn is_text(connection: &Connection, column: &Column, row: i64) -> bool {
    let statement = format!(
        "SELECT typeof({}) = 'text' FROM {} WHERE rowid = ?1",
        column.name, column.table
    );
    connection.query_row(&statement, [row], |row| row.get(0)).unwrap()
}

fn value(connection: &Connection, column: &Column, row: i64) -> Value {
    let statement = format!(
        "SELECT CASE WHEN typeof({0}) = 'text' THEN CAST({0} AS BLOB) ELSE {0} END FROM {1} WHERE rowid = ?1",
        column.name, column.table
    );
    connection.query_row(&statement, [row], |row| row.get(0)).unwrap()
}
