use std::path::Path;

use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::PgConnection;
use tokio::sync::mpsc::Sender;
use tokio_stream::StreamExt as _;

use super::copied::Copied;
use super::copied::CopyFault;
use super::fault;
use super::settings::PostgresSettings;
use crate::audit::log::LogRow;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::store::pages::Page;
use crate::store::pages::Pages;

/// Reads the records after a number, as the transaction sees them that has exported `snapshot`: over a connection of its own, so
/// that the server reads, this program takes in, and the rows before are derived at once.
///
/// The rows come by `COPY`: no row is described, and nothing of it has to be decoded.
pub(super) fn read_ahead(settings: PostgresSettings, snapshot: String, after: i64, limit: u32) -> Pages {
    let (pages, taken) = Pages::new(after, limit);
    // In a task of its own, as everything that talks to the server.
    tokio::spawn(async move {
        let mut reader = Reader {
            place: settings.place(),
            limit: usize::try_from(limit.max(1)).unwrap_or(LARGEST_ROOM),
            page: Vec::new(),
            pages,
        };
        if let Err(Stop::With(error)) = reader.read(&settings, &snapshot, after).await {
            let _ = reader.pages.send(Err(error)).await;
        }
    });
    taken
}

struct Reader {
    place: String,
    limit: usize,
    page: Vec<LogRow>,
    pages: Sender<Page>,
}

/// Why reading ends before the end.
enum Stop {
    /// Nobody takes the pages any more.
    Gone,
    With(StoreError),
}

impl Reader {
    async fn read(&mut self, settings: &PostgresSettings, snapshot: &str, after: i64) -> Result<(), Stop> {
        let told = |error: sqlx::Error| Stop::With(fault::of_sqlx(&settings.place(), &error));
        let options = settings
            .options(&settings.runs_as)
            .options(OPTIONS.iter().copied());
        let mut connection = options.connect().await.map_err(told)?;
        begin(&mut connection, snapshot).await.map_err(told)?;
        let mut after = after;
        while let Some(last) = self.portion(&mut connection, after).await? {
            after = last;
        }
        if !self.page.is_empty() {
            self.hand_over().await?;
        }
        // An empty page is the end.
        self.hand_over().await?;
        // Everything was read, however the farewell goes.
        let _ = connection.close().await;
        Ok(())
    }

    /// Reads the rows after a number, at most so many pages of them; the number of the last one, if there are any. So no
    /// statement runs for long, however large the log is.
    async fn portion(&mut self, connection: &mut PgConnection, after: i64) -> Result<Option<i64>, Stop> {
        let place = self.place.clone();
        let told = |error: sqlx::Error| Stop::With(fault::of_sqlx(&place, &error));
        let portion = self.limit.saturating_mul(PAGES_A_STATEMENT);
        // Numbers are all that is put into it: `COPY` takes no arguments.
        let statement = format!(
            "COPY (SELECT seq, at, flow, kind, commitment, event, chain, number, leaf FROM records
                WHERE seq > '{after}'::bigint ORDER BY seq LIMIT {portion}) TO STDOUT (FORMAT binary)"
        );
        let mut pieces = connection.copy_out_raw(&statement).await.map_err(told)?;
        let mut copied = Copied::default();
        let mut last = None;
        while let Some(piece) = pieces.next().await {
            let before = self.page.len();
            copied
                .take(&piece.map_err(told)?, &mut self.page)
                .map_err(|fault| Stop::With(unreadable(&place, fault)))?;
            if self.page.len() > before {
                last = self.page.last().map(|row| row.seq);
            }
            while self.page.len() >= self.limit {
                self.hand_over().await?;
            }
        }
        if copied.is_whole() {
            Ok(last)
        } else {
            Err(Stop::With(unreadable(&place, CopyFault::Format)))
        }
    }

    /// Hands over the next page, as full as it is.
    async fn hand_over(&mut self) -> Result<(), Stop> {
        let more = self.page.split_off(self.page.len().min(self.limit));
        let page = std::mem::replace(&mut self.page, more);
        self.page
            .reserve(self.limit.saturating_sub(self.page.len()).min(LARGEST_ROOM));
        self.pages.send(Ok(page)).await.map_err(|_| Stop::Gone)
    }
}

/// Begins a transaction that sees what another one sees.
async fn begin(connection: &mut PgConnection, snapshot: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .execute(&mut *connection)
        .await?;
    // The statement takes no arguments; the name is the server's own, and only characters of such names are let through.
    let name: String = snapshot
        .chars()
        .filter(|letter| letter.is_ascii_hexdigit() || *letter == '-')
        .collect();
    let statement = format!("SET TRANSACTION SNAPSHOT '{name}'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(connection)
        .await?;
    Ok(())
}

fn unreadable(place: &str, fault: CopyFault) -> StoreError {
    let (kind, cause, remedy) = match fault {
        CopyFault::Format => (
            StoreErrorKind::Io,
            "the server does not answer as PostgreSQL does".to_owned(),
            "look what stands between midflow and the server, and try again",
        ),
        CopyFault::Column(column) => (
            StoreErrorKind::Corrupt,
            format!("a row can't be read: its column `{column}` holds something else than midflow writes"),
            REMEDY,
        ),
    };
    StoreError::with_remedy(kind, Path::new(place), cause, remedy)
}

/// Rows are found by the index of their numbers whatever the statistics say of tables that have just been made: sorting all of
/// them for each portion would take longer the longer the log is.
const OPTIONS: &[(&str, &str)] = &[
    ("statement_timeout", "10min"),
    ("idle_in_transaction_session_timeout", "5min"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_sort", "off"),
];
const PAGES_A_STATEMENT: usize = 16;
/// Rows; whoever asks for more at once lets the page grow.
const LARGEST_ROOM: usize = 4_096;
const REMEDY: &str = "keep the database for examination, and restore the last backup";
