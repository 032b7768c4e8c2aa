use std::path::Path;

use rusqlite::Connection;

use super::fault;
use super::statements::Statements;
use super::tail::Tail;
use crate::audit::CommitError;
use crate::audit::Unit;
use crate::audit::log::WriterId;

/// Commits units through the writing connection.
pub(super) struct Committer<'a> {
    pub(super) file: &'a Path,
    pub(super) connection: &'a Connection,
    /// Who writes.
    pub(super) writer: WriterId,
    /// Where the log ends; `None` where that has to be read again.
    pub(super) tail: &'a mut Option<Tail>,
    /// Set where a transaction may have been left open: the connection must not be used again.
    pub(super) broken: &'a mut bool,
}

type Answer = Result<(), CommitError>;

/// Why a transaction came to nothing.
enum Fault {
    /// One of the units can't be stored as it is.
    OfOneUnit(CommitError),
    /// The store failed; in the worst case nobody knows whether the units are durable.
    OfTheStore(CommitError),
}

impl Committer<'_> {
    /// Commits `units` in one transaction, and answers for each.
    pub(super) fn commit(&mut self, units: &[Unit]) -> Vec<Answer> {
        match self.transaction(units) {
            Ok(answers) => answers,
            // Each gets a transaction of its own, so that the others can be stored.
            Err(Fault::OfOneUnit(_)) if units.len() > 1 => units
                .chunks(1)
                .flat_map(|unit| match self.transaction(unit) {
                    Ok(answers) => answers,
                    Err(fault) => vec![Err(fault.into_error())],
                })
                .collect(),
            Err(fault) => {
                let error = fault.into_error();
                units.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    fn transaction(&mut self, units: &[Unit]) -> Result<Vec<Answer>, Fault> {
        let result = self.write_and_commit(units);
        if result.is_err() {
            self.roll_back();
        }
        result
    }

    fn write_and_commit(&mut self, units: &[Unit]) -> Result<Vec<Answer>, Fault> {
        let connection = self.connection;
        let fault = |error: &rusqlite::Error| {
            let cause = CommitError::Store(fault::of_rusqlite(self.file, error).to_string());
            if fault::may_be_of_one_unit(error) {
                Fault::OfOneUnit(cause)
            } else {
                Fault::OfTheStore(cause)
            }
        };
        // Taken, since what it says is true again only when the transaction is: a failure leaves none.
        let tail = match self.tail.take() {
            Some(tail) => tail,
            // Nobody else writes records, so the end of the log is read once and kept from there.
            None => Tail::load(self.file, connection, self.writer)
                .map_err(|error| Fault::OfTheStore(CommitError::Store(error.to_string())))?,
        };
        let write = || {
            connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            let mut statements = Statements::prepare(connection, tail)?;
            let answers = units
                .iter()
                .map(|unit| statements.write(unit))
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok((answers, statements.finish()?))
        };
        let (answers, tail) = write().map_err(|error| fault(&error))?;
        connection
            .prepare_cached("COMMIT")
            .and_then(|mut commit| commit.execute([]))
            // Whatever a commit fails of, it is not one unit's fault.
            .map_err(|error| Fault::OfTheStore(fault(&error).into_error()))?;
        *self.tail = Some(tail);
        Ok(answers)
    }

    fn roll_back(&mut self) {
        // SQLite rolls back by itself after some errors; then there is no transaction left.
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        if !self.connection.is_autocommit() {
            *self.broken = true;
        }
    }
}

impl Fault {
    fn into_error(self) -> CommitError {
        match self {
            Self::OfOneUnit(error) | Self::OfTheStore(error) => error,
        }
    }
}
