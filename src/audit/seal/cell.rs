use super::KeyOwner;
use crate::words::Environment;
use crate::words::ExchangeId;

/// The place of a sealed value. What was sealed for one place opens at no other, so nobody can move a value from one
/// person's row to another's, or from the test environment into production.
#[derive(Clone, Copy)]
pub struct Cell<'a> {
    environment: Environment,
    owner: KeyOwner,
    column: &'static str,
    row: &'a [u8],
}

impl<'a> Cell<'a> {
    /// `flows.detail`: subject, idempotency key and detail of a flow.
    pub const fn flow(environment: Environment, owner: KeyOwner) -> Self {
        Self {
            environment,
            owner,
            column: "flows.detail",
            // The owner is the row.
            row: &[],
        }
    }

    /// `deliveries.body`: address and body of an outcome notice.
    pub const fn delivery(environment: Environment, owner: KeyOwner, webhook_id: &'a str) -> Self {
        Self {
            environment,
            owner,
            column: "deliveries.body",
            row: webhook_id.as_bytes(),
        }
    }

    /// `exchanges.bytes`: the exact bytes of a message.
    pub fn exchange(environment: Environment, owner: KeyOwner, id: &'a ExchangeBytes) -> Self {
        Self {
            environment,
            owner,
            column: "exchanges.bytes",
            row: &id.0,
        }
    }

    /// A callback that waits outside of the store, under the id that its exchange is going to have.
    pub(super) const fn spooled(environment: Environment, owner: KeyOwner) -> Self {
        Self {
            environment,
            owner,
            column: "spool",
            // The owner is the row.
            row: &[],
        }
    }

    /// What is authenticated with the value. Each part ends where the next begins, whatever stands in it.
    pub(super) fn context(&self) -> Vec<u8> {
        let environment = self.environment.as_str().as_bytes();
        let mut context = Vec::with_capacity(64 + self.row.len());
        for part in [LAYOUT, environment, self.column.as_bytes()] {
            context.extend_from_slice(part);
            context.push(0);
        }
        context.extend_from_slice(self.owner.as_bytes());
        context.extend_from_slice(self.row);
        context
    }
}

/// The id of an exchange as it is bound.
pub struct ExchangeBytes([u8; 16]);

impl From<ExchangeId> for ExchangeBytes {
    fn from(id: ExchangeId) -> Self {
        Self(*id.as_uuid().as_bytes())
    }
}

const LAYOUT: &[u8] = b"midflow cell 1";
