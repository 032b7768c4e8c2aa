use crate::audit::log::LogRow;

/// Rows of the log as the server writes them with `COPY … TO STDOUT (FORMAT binary)`: the bytes of each column as they are,
/// so that nothing has to be understood of what may have been altered.
///
/// A header, then each row as the number of its columns and each column as its length and its bytes, and an end. The
/// pieces in which they come may end anywhere, though the server sends a row at a time.
#[derive(Default)]
pub(super) struct Copied {
    /// Whether the header has been read.
    begun: bool,
    /// Whether the end has been read.
    ended: bool,
    /// What came and is not a whole row yet.
    rest: Vec<u8>,
}

/// What is wrong with what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CopyFault {
    /// It is not what a server writes.
    Format,
    /// A column holds nothing, or another kind of value than midflow has written there.
    Column(&'static str),
}

impl Copied {
    /// Takes in the next piece.
    pub(super) fn take(&mut self, piece: &[u8], rows: &mut Vec<LogRow>) -> Result<(), CopyFault> {
        if self.rest.is_empty() {
            let read = self.read(piece, rows)?;
            self.rest.extend_from_slice(piece.get(read..).unwrap_or_default());
            return Ok(());
        }
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(piece);
        let read = self.read(&all, rows)?;
        all.drain(..read);
        self.rest = all;
        Ok(())
    }

    /// Whether everything has come.
    pub(super) const fn is_whole(&self) -> bool {
        self.ended && self.rest.is_empty()
    }

    /// How many bytes were whole rows.
    fn read(&mut self, bytes: &[u8], rows: &mut Vec<LogRow>) -> Result<usize, CopyFault> {
        let mut left = bytes;
        if !self.begun {
            let Some(after) = after_header(bytes)? else {
                return Ok(0);
            };
            left = after;
            self.begun = true;
        }
        while !left.is_empty() && !self.ended {
            let mut ahead = left;
            let Some(columns) = number(&mut ahead).map(i16::from_be_bytes) else {
                break;
            };
            if columns == END {
                self.ended = true;
            } else if columns == COLUMNS {
                match row(&mut ahead) {
                    Ok(row) => rows.push(row),
                    Err(Ended::Early) => break,
                    Err(Ended::With(fault)) => return Err(fault),
                }
            } else {
                return Err(CopyFault::Format);
            }
            left = ahead;
        }
        Ok(bytes.len() - left.len())
    }
}

/// Why a row could not be read.
enum Ended {
    /// The rest of it has not come yet.
    Early,
    With(CopyFault),
}

/// What follows the header; `None` while it is not whole.
fn after_header(bytes: &[u8]) -> Result<Option<&[u8]>, CopyFault> {
    let mut left = bytes;
    let (Some(signature), Some(_flags), Some(length)) =
        (number::<11>(&mut left), number::<4>(&mut left), number(&mut left))
    else {
        return Ok(None);
    };
    if signature != SIGNATURE {
        return Err(CopyFault::Format);
    }
    // An extension is there to be read past.
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| CopyFault::Format)?;
    Ok(left.get(length..))
}

fn row(left: &mut &[u8]) -> Result<LogRow, Ended> {
    Ok(LogRow {
        seq: whole("seq", column(left)?)?,
        at: whole("at", column(left)?)?,
        flow: id("flow", column(left)?)?,
        kind: present("kind", column(left)?)?.to_vec(),
        commitment: column(left)?.map(<[u8]>::to_vec),
        event: present("event", column(left)?)?.to_vec(),
        writer: id("chain", column(left)?)?,
        number: match column(left)? {
            None => None,
            some => Some(whole("number", some)?),
        },
        leaf: column(left)?.map(<[u8]>::to_vec),
    })
}

/// The bytes of the next column; none where it holds nothing.
fn column<'a>(left: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Ended> {
    let length = i32::from_be_bytes(number(left).ok_or(Ended::Early)?);
    if length == NOTHING {
        return Ok(None);
    }
    let length = usize::try_from(length).map_err(|_| Ended::With(CopyFault::Format))?;
    let (bytes, after) = left.split_at_checked(length).ok_or(Ended::Early)?;
    *left = after;
    Ok(Some(bytes))
}

fn present<'a>(name: &'static str, bytes: Option<&'a [u8]>) -> Result<&'a [u8], Ended> {
    bytes.ok_or(Ended::With(CopyFault::Column(name)))
}

fn whole(name: &'static str, bytes: Option<&[u8]>) -> Result<i64, Ended> {
    let bytes = present(name, bytes)?.try_into();
    bytes
        .map(i64::from_be_bytes)
        .map_err(|_| Ended::With(CopyFault::Column(name)))
}

/// A UUID, or nothing.
fn id(name: &'static str, bytes: Option<&[u8]>) -> Result<Option<Vec<u8>>, Ended> {
    match bytes {
        Some(bytes) if bytes.len() != 16 => Err(Ended::With(CopyFault::Column(name))),
        bytes => Ok(bytes.map(<[u8]>::to_vec)),
    }
}

/// Takes so many bytes off the front, if there are so many.
fn number<const N: usize>(left: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = left.split_first_chunk()?;
    *left = after;
    Some(*bytes)
}

const SIGNATURE: [u8; 11] = *b"PGCOPY\n\xff\r\n\0";
/// What stands in place of the number of columns where there is no further row.
const END: i16 = -1;
const COLUMNS: i16 = 9;
/// What stands in place of the length of a column that holds nothing.
const NOTHING: i32 = -1;

#[cfg(test)]
mod tests {
    use super::*;

    type Column<'a> = Option<&'a [u8]>;

    fn header() -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([0; 4]);
        // An extension of three bytes.
        bytes.extend(3_u32.to_be_bytes());
        bytes.extend(*b"new");
        bytes
    }

    fn written(columns: &[Column<'_>]) -> Vec<u8> {
        let mut bytes = i16::try_from(columns.len()).unwrap().to_be_bytes().to_vec();
        for column in columns {
            match column {
                None => bytes.extend((-1_i32).to_be_bytes()),
                Some(column) => {
                    bytes.extend(u32::try_from(column.len()).unwrap().to_be_bytes());
                    bytes.extend(*column);
                }
            }
        }
        bytes
    }

    fn full() -> [Column<'static>; 9] {
        [
            Some(&[0, 0, 0, 0, 0, 0, 1, 2]),
            Some(&[0xff; 8]),
            Some(&[7; 16]),
            Some(b"callback"),
            Some(&[9; 32]),
            Some(b"{}"),
            Some(&[8; 16]),
            Some(&[0, 0, 0, 0, 0, 0, 0, 5]),
            Some(&[6; 32]),
        ]
    }

    fn expected() -> LogRow {
        LogRow {
            seq: 258,
            at: -1,
            flow: Some(vec![7; 16]),
            kind: b"callback".to_vec(),
            commitment: Some(vec![9; 32]),
            event: b"{}".to_vec(),
            writer: Some(vec![8; 16]),
            number: Some(5),
            leaf: Some(vec![6; 32]),
        }
    }

    fn read(bytes: &[u8], piece: usize) -> Result<(Vec<LogRow>, bool), CopyFault> {
        let (mut copied, mut rows) = (Copied::default(), Vec::new());
        for piece in bytes.chunks(piece) {
            copied.take(piece, &mut rows)?;
        }
        Ok((rows, copied.is_whole()))
    }

    #[test]
    fn rows_are_read_wherever_the_pieces_end() {
        let mut bare = full();
        for place in [2, 4, 6, 7, 8] {
            bare[place] = None;
        }
        let bytes = [
            header(),
            written(&full()),
            written(&bare),
            written(&full()),
            vec![0xff, 0xff],
        ]
        .concat();
        let without = LogRow {
            flow: None,
            commitment: None,
            writer: None,
            number: None,
            leaf: None,
            ..expected()
        };
        for piece in 1..=bytes.len() {
            let (rows, is_whole) = read(&bytes, piece).unwrap();
            assert_eq!(rows, [expected(), without.clone(), expected()], "{piece}");
            assert!(is_whole);
        }
        let (rows, is_whole) = read(&bytes[..bytes.len() - 1], 64).unwrap();
        assert_eq!((rows.len(), is_whole), (3, false), "it was cut off");
    }

    // Whatever an administrator of the database has made of a row, it is read or said to be unreadable: never a panic, and
    // never another row.
    #[test]
    fn a_column_of_another_kind_is_named() {
        let fault = |place: usize, column: Column<'_>| {
            let mut columns = full();
            columns[place] = column;
            read(&[header(), written(&columns)].concat(), 1_000).unwrap_err()
        };
        assert_eq!(fault(0, None), CopyFault::Column("seq"));
        assert_eq!(fault(1, Some(b"1")), CopyFault::Column("at"));
        assert_eq!(fault(2, Some(&[1; 15])), CopyFault::Column("flow"));
        assert_eq!(fault(3, None), CopyFault::Column("kind"));
        assert_eq!(fault(5, None), CopyFault::Column("event"));
        assert_eq!(fault(6, Some(&[])), CopyFault::Column("chain"));
        assert_eq!(fault(7, Some(&[0; 4])), CopyFault::Column("number"));
        let eight = [header(), written(&full()[..8])].concat();
        assert_eq!(read(&eight, 1_000).unwrap_err(), CopyFault::Format);
        let mut longer = [header(), written(&full())].concat();
        longer[header().len() + 2] = 0x80;
        assert_eq!(
            read(&longer, 1_000).unwrap_err(),
            CopyFault::Format,
            "a length below none"
        );
        assert_eq!(
            read(b"something else altogether", 5).unwrap_err(),
            CopyFault::Format
        );
        // A leaf or a commitment of another length is for the log to judge.
        let mut columns = full();
        columns[8] = Some(b"short");
        let (rows, _) = read(&[header(), written(&columns)].concat(), 1_000).unwrap();
        assert_eq!(rows[0].leaf.as_deref(), Some(&b"short"[..]));
    }
}
