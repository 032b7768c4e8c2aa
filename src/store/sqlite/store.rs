use std::path::Path;
use std::path::PathBuf;

use async_trait::async_trait;
use rusqlite::types::Value;
use sqlx::Arguments as _;
use sqlx::sqlite::SqliteArguments;
use sqlx::sqlite::SqlitePool;

use super::lock::Ownership;
use super::look::Looks;
use super::open;
use super::writer::Writer;
use crate::audit::Commit;
use crate::audit::CommitError;
use crate::audit::Committing;
use crate::audit::Unit;
use crate::audit::log::WriterId;
use crate::store::StoreError;
use crate::store::StoreErrorKind;

/// The store in one SQLite file.
///
/// One process owns the file, through a lock beside it (`<file>.lock`). One connection writes, in its own
/// thread; a commit returns after the disk has confirmed it (`synchronous=FULL`, read back at the start).
/// Folder and file are readable by their owner alone.
pub struct Sqlite {
    pub(super) file: PathBuf,
    pub(super) readers: SqlitePool,
    pub(super) looks: Looks,
    pub(super) writer: Writer,
}

impl Sqlite {
    /// Opens the store at `file`, makes it if there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// When the folder can't be written, another process owns the file, the file is no store of midflow or is
    /// damaged, a newer midflow has written it, or the disk is full.
    pub async fn open(file: impl AsRef<Path>) -> Result<Self, StoreError> {
        let file = file.as_ref().to_path_buf();
        let ownership = Ownership::take(&file)?;
        let writer = WriterId::from_uuid(uuid::Uuid::now_v7());
        let connection = open::first_writer(&file, writer).await?;
        let readers = open::readers(&file);
        let writer = Writer::start(file.clone(), ownership, connection, writer)?;
        Ok(Self {
            looks: Looks::new(file.clone()),
            file,
            readers,
            writer,
        })
    }

    /// Opens the store to be read, also while another process owns it. Whatever would write fails, and nothing is brought
    /// up to date.
    ///
    /// # Errors
    /// When there is no such file, or it is no store of midflow of this version.
    pub async fn open_to_read(file: impl AsRef<Path>) -> Result<Self, StoreError> {
        let file = file.as_ref().to_path_buf();
        let readers = open::readers(&file);
        let writer = Writer::none(file.clone());
        let store = Self {
            looks: Looks::new(file.clone()),
            file,
            readers,
            writer,
        };
        // Says what is wrong with the file now, and not in the middle of something. No value of a row is read: one that was
        // altered is for `audit verify` to find, and must not keep it from looking.
        store
            .one(
                "SELECT count(actor), count(set_aside) FROM (SELECT actor, set_aside FROM activations LIMIT 1)",
                SqliteArguments::default(),
                |_| Ok(()),
            )
            .await?;
        Ok(store)
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    pub(super) async fn write(&self, statement: &'static str, values: Vec<Value>) -> Result<(), StoreError> {
        self.writer.write(statement, values).await
    }

    /// Writes every table anew. `secure_delete` writes over what is deleted where it last stood; when a page is divided,
    /// what moves away stays behind in the gap, and only a page that is written from nothing holds none of it.
    pub(super) async fn rebuild(&self) -> Result<(), StoreError> {
        // The copy is as large as the database, so it does not belong into memory.
        self.write("PRAGMA temp_store = FILE", Vec::new()).await?;
        let rebuilt = self.write("VACUUM", Vec::new()).await;
        self.write("PRAGMA temp_store = MEMORY", Vec::new()).await?;
        rebuilt
    }

    pub(super) async fn finish(&self) {
        // Readers first: the last connection to close leaves a file without a write-ahead log.
        self.readers.close().await;
        self.looks.close();
        self.writer.close().await;
    }

    /// Puts a value into the arguments of a statement.
    pub(super) fn bind<'t, T>(&self, arguments: &mut SqliteArguments, value: T) -> Result<(), StoreError>
    where
        T: sqlx::Encode<'t, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        arguments.add(value).map_err(|_| {
            StoreError::new(
                StoreErrorKind::Rule,
                &self.file,
                "a value does not fit into the store",
            )
        })
    }
}

#[async_trait]
impl Commit for Sqlite {
    async fn commit(&self, batch: Vec<Unit>) -> Vec<Result<(), CommitError>> {
        self.accept(batch).await.await
    }

    async fn accept(&self, batch: Vec<Unit>) -> Committing {
        self.writer.accept(batch)
    }
}
