use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::CachedStatement;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Result;
use rusqlite::params;

/// The columns of a flow that are indexed and may change.
pub(super) struct Indexed<'r> {
    pub(super) person_key: Option<&'r [u8]>,
    pub(super) request_id: Option<&'r str>,
    pub(super) outcome: Option<&'r str>,
    pub(super) is_open: bool,
}

/// Which of them differ from what is stored; a bit each, in the order of [`COLUMNS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Changed(u8);

impl Indexed<'_> {
    /// What differs; `None` unless the flow is stored with the version before this one.
    pub(super) fn changed(
        &self,
        stored: &mut CachedStatement<'_>,
        id: [u8; 16],
        version: i64,
    ) -> Result<Option<Changed>> {
        stored
            .query_row(params![id, version], |row| {
                let differ = [
                    row.get_ref(0)?.as_bytes_or_null()? != self.person_key,
                    row.get_ref(1)?.as_str_or_null()? != self.request_id,
                    row.get_ref(2)?.as_str_or_null()? != self.outcome,
                    row.get::<_, bool>(3)? != self.is_open,
                ];
                Ok(Changed(
                    differ
                        .iter()
                        .rev()
                        .fold(0, |bits, differs| bits << 1 | u8::from(*differs)),
                ))
            })
            .optional()
    }
}

/// The statements that write the next state of a flow, prepared as they are needed.
///
/// A column that stands in an update costs its index two changes, even where it keeps its value; two of these indexes are
/// in no order that a flow follows, so each would change one more page. So an update names those only that differ.
pub(super) struct Updates<'c> {
    connection: &'c Connection,
    prepared: BTreeMap<u8, CachedStatement<'c>>,
}

impl<'c> Updates<'c> {
    pub(super) const fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            prepared: BTreeMap::new(),
        }
    }

    /// Takes the four columns of [`Indexed`], phase, state, deadline, id, and version; then subject and detail, where these
    /// are to be replaced.
    pub(super) fn statement(
        &mut self,
        changed: Changed,
        with_detail: bool,
    ) -> Result<&mut CachedStatement<'c>> {
        match self.prepared.entry(changed.0 << 1 | u8::from(with_detail)) {
            Entry::Occupied(prepared) => Ok(prepared.into_mut()),
            Entry::Vacant(place) => {
                let text = text(changed, with_detail);
                Ok(place.insert(self.connection.prepare_cached(&text)?))
            }
        }
    }
}

/// `OR FAIL`: one row is changed, so there is nothing to undo that a copy of its pages would have to be kept for.
fn text(changed: Changed, with_detail: bool) -> String {
    let mut text =
        "UPDATE OR FAIL flows SET version = ?9, phase = ?5, state = ?6, expires_at = ?7".to_owned();
    for (bit, column) in COLUMNS.iter().enumerate() {
        if changed.0 >> bit & 1 == 1 {
            text.push_str(column);
        }
    }
    if with_detail {
        text.push_str(", subject = ?10, detail = ?11");
    }
    text.push_str(" WHERE id = ?8 AND version = ?9 - 1");
    text
}

/// Every statement there can be, for the test that none of them searches through a table.
#[cfg(test)]
pub(super) fn texts() -> Vec<String> {
    (0..1 << COLUMNS.len())
        .flat_map(|bits| [false, true].map(|with_detail| text(Changed(bits), with_detail)))
        .collect()
}

pub(super) const STORED_FLOW: &str =
    "SELECT person_key, request_id, outcome, open FROM flows WHERE id = ?1 AND version = ?2 - 1";

const COLUMNS: [&str; 4] = [
    ", person_key = ?1",
    ", request_id = ?2",
    ", outcome = ?3",
    ", open = ?4",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE flows (id BLOB, version INTEGER, person_key BLOB, request_id TEXT, outcome TEXT, open INTEGER,
                    phase TEXT, state TEXT, expires_at INTEGER, subject TEXT, detail BLOB);
                INSERT INTO flows VALUES (zeroblob(16), 4, x'01', NULL, NULL, 1, 'asked', 's', 7, 'who', x'02');",
            )
            .unwrap();
        connection
    }

    const SAME: Indexed<'_> = Indexed {
        person_key: Some(&[1]),
        request_id: None,
        outcome: None,
        is_open: true,
    };

    #[test]
    fn what_differs_is_seen() {
        let connection = stored();
        let mut stored = connection.prepare_cached(STORED_FLOW).unwrap();
        let mut changed = |indexed: &Indexed<'_>, version| {
            indexed
                .changed(&mut stored, [0; 16], version)
                .unwrap()
                .map(|changed| changed.0)
        };
        assert_eq!(changed(&SAME, 5), Some(0));
        assert_eq!(changed(&SAME, 6), None, "a version that is not the next");
        for (indexed, bits) in [
            (
                Indexed {
                    person_key: None,
                    ..SAME
                },
                0b0001,
            ),
            (
                Indexed {
                    request_id: Some("r"),
                    ..SAME
                },
                0b0010,
            ),
            (
                Indexed {
                    outcome: Some("approved"),
                    ..SAME
                },
                0b0100,
            ),
            (
                Indexed {
                    is_open: false,
                    ..SAME
                },
                0b1000,
            ),
            (
                Indexed {
                    outcome: Some("approved"),
                    is_open: false,
                    ..SAME
                },
                0b1100,
            ),
        ] {
            assert_eq!(changed(&indexed, 5), Some(bits));
        }
    }

    #[test]
    fn each_statement_writes_what_it_names_and_nothing_else() {
        for bits in 0..16 {
            for with_detail in [false, true] {
                let connection = stored();
                let mut updates = Updates::new(&connection);
                let statement = updates.statement(Changed(bits), with_detail).unwrap();
                let (key, id) = ([9_u8], [0_u8; 16]);
                let common = params![key, "r", "approved", false, "decided", "t", 8, id, 5];
                let changed = if with_detail {
                    let kept = params!["other", [3_u8]];
                    let all = common.iter().chain(kept);
                    statement.execute(rusqlite::params_from_iter(all)).unwrap()
                } else {
                    statement.execute(common).unwrap()
                };
                assert_eq!(changed, 1);
                let row = connection
                    .query_row("SELECT * FROM flows", [], |row| {
                        let text = |at: usize| row.get::<_, Option<String>>(at);
                        Ok((
                            row.get::<_, i64>(1)?,
                            row.get::<_, Vec<u8>>(2)? == key,
                            text(3)?.is_some(),
                            text(4)?.is_some(),
                            row.get::<_, bool>(5)?,
                            (text(6)?, text(7)?, row.get::<_, i64>(8)?),
                            (text(9)?, row.get::<_, Vec<u8>>(10)?),
                        ))
                    })
                    .unwrap();
                let is = |bit: u8| bits >> bit & 1 == 1;
                let (who, detail) = if with_detail { ("other", 3) } else { ("who", 2) };
                let expected = (
                    5,
                    is(0),
                    is(1),
                    is(2),
                    !is(3),
                    (Some("decided".to_owned()), Some("t".to_owned()), 8),
                    (Some(who.to_owned()), vec![detail]),
                );
                assert_eq!(row, expected, "{bits:04b} {with_detail}");
            }
        }
    }
}
