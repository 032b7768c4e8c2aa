use std::path::Path;

use midflow::audit::seal::Cell;
use midflow::audit::seal::DataKey;
use midflow::audit::seal::KeyOwner;
use midflow::audit::seal::KeyRing;
use midflow::audit::seal::RingKey;
use midflow::audit::seal::WrappedKey;
use midflow::audit::seal::split;
use midflow::engine::KeyFile;
use midflow::words::Environment;
use midflow::words::ExchangeId;
use midflow::words::Timestamp;
use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// Opens the sealed values of a store whose rows are read by hand.
pub struct Opener {
    ring: KeyRing,
}

impl Opener {
    /// `None` if the node was killed before it had made its key ring.
    pub async fn of(connection: &mut SqliteConnection, key: &Path) -> sqlx::Result<Option<Self>> {
        let rows = sqlx::query("SELECT version, wrapper, wrapped, made_at FROM ring_keys")
            .fetch_all(connection)
            .await?;
        let keys = rows.iter().map(|row| {
            Ok(RingKey {
                version: row.try_get("version")?,
                wrapper: row.try_get("wrapper")?,
                wrapped: row.try_get("wrapped")?,
                made_at: Timestamp::from_micros(row.try_get("made_at")?),
            })
        });
        let keys = keys.collect::<sqlx::Result<Vec<_>>>()?;
        if keys.len() < 2 {
            return Ok(None);
        }
        let ring = KeyRing::open(Environment::Development, &KeyFile::read(key).unwrap(), &keys).unwrap();
        Ok(Some(Self { ring }))
    }

    pub fn exchange(&self, row: &SqliteRow, id: ExchangeId) -> sqlx::Result<Vec<u8>> {
        let (owner, key) = self.key(row)?;
        let id = id.into();
        let cell = Cell::exchange(Environment::Development, owner, &id);
        Ok(key.open(&cell, row.try_get("bytes")?).unwrap())
    }

    /// The body of an outcome notice.
    pub fn notice(&self, row: &SqliteRow) -> sqlx::Result<Vec<u8>> {
        let (owner, key) = self.key(row)?;
        let cell = Cell::delivery(Environment::Development, owner, row.try_get("webhook_id")?);
        let plain = key.open(&cell, row.try_get("body")?).unwrap();
        let [_, body] = split(&plain).unwrap();
        Ok(body.unwrap().to_vec())
    }

    /// The idempotency key with which a flow was begun.
    pub fn idempotency_key(&self, row: &SqliteRow) -> sqlx::Result<String> {
        let (owner, key) = self.key(row)?;
        let cell = Cell::flow(Environment::Development, owner);
        let plain = key.open(&cell, row.try_get("detail")?).unwrap();
        let [_, key, _, _] = split(&plain).unwrap();
        let key = std::str::from_utf8(key.unwrap()).unwrap();
        Ok(key.split_once('\n').map_or(key, |(_, key)| key).to_owned())
    }

    fn key(&self, row: &SqliteRow) -> sqlx::Result<(KeyOwner, DataKey)> {
        let wrapped = WrappedKey {
            owner: KeyOwner::from_uuid(row.try_get("owner")?),
            version: row.try_get("version")?,
            wrapped: row.try_get("wrapped")?,
        };
        Ok((wrapped.owner, self.ring.unwrap(&wrapped).unwrap()))
    }
}
