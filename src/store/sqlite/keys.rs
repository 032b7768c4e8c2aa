use std::path::Path;

use async_trait::async_trait;
use rusqlite::types::Value;
use sqlx::sqlite::SqliteArguments;

use super::Sqlite;
use crate::audit::seal::KeyOwner;
use crate::audit::seal::RingKey;
use crate::audit::seal::WrappedKey;
use crate::store::KeyStore;
use crate::store::StoreError;

#[async_trait]
impl KeyStore for Sqlite {
    fn place(&self) -> &Path {
        self.file()
    }

    async fn ring(&self) -> Result<Vec<RingKey>, StoreError> {
        let statement = "SELECT version, wrapper, wrapped, made_at FROM ring_keys ORDER BY version";
        self.all(statement, SqliteArguments::default(), |row| row.ring_key())
            .await
    }

    async fn keep_ring_keys(&self, keys: Vec<RingKey>) -> Result<(), StoreError> {
        // One statement: half a ring would open nothing.
        self.write(
            "INSERT INTO ring_keys (version, wrapper, wrapped, made_at)
                SELECT r.value ->> 0, r.value ->> 1, unhex(r.value ->> 2), r.value ->> 3 FROM json_each(?1) AS r
                WHERE true ON CONFLICT DO NOTHING",
            vec![rows(&keys)],
        )
        .await
    }

    async fn rewrap_ring_keys(&self, keys: Vec<RingKey>) -> Result<(), StoreError> {
        self.write(
            "UPDATE ring_keys SET wrapper = r.value ->> 1, wrapped = unhex(r.value ->> 2), made_at = r.value ->> 3
                FROM json_each(?1) AS r WHERE version = r.value ->> 0",
            vec![rows(&keys)],
        )
        .await
    }

    async fn drop_ring_key(&self, version: u32) -> Result<(), StoreError> {
        let version = vec![Value::from(version)];
        self.write("DELETE FROM ring_keys WHERE version = ?1", version)
            .await
    }

    async fn data_keys(&self, owners: Vec<KeyOwner>) -> Result<Vec<WrappedKey>, StoreError> {
        let bytes: Vec<u8> = owners.iter().flat_map(|owner| *owner.as_bytes()).collect();
        let places: Vec<usize> = (0..owners.len()).map(|index| index * 16 + 1).collect();
        let mut arguments = SqliteArguments::default();
        self.bind(&mut arguments, bytes)?;
        self.bind(&mut arguments, serde_json::to_string(&places).unwrap_or_default())?;
        self.all(
            "SELECT owner, version, wrapped FROM data_keys
                WHERE owner IN (SELECT substr($1, r.value, 16) FROM json_each($2) AS r)",
            arguments,
            |row| row.data_key(),
        )
        .await
    }

    async fn data_keys_below(
        &self,
        version: u32,
        after: Option<KeyOwner>,
        limit: u32,
    ) -> Result<Vec<WrappedKey>, StoreError> {
        let after = after.map_or_else(uuid::Uuid::nil, |owner| owner.as_uuid());
        let mut arguments = SqliteArguments::default();
        self.bind(&mut arguments, i64::from(version))?;
        self.bind(&mut arguments, after)?;
        self.bind(&mut arguments, i64::from(limit))?;
        self.all(
            "SELECT owner, version, wrapped FROM data_keys
                WHERE owner > $2 AND version < $1 AND wrapped IS NOT NULL ORDER BY owner LIMIT $3",
            arguments,
            |row| row.data_key(),
        )
        .await
    }

    async fn rewrap_data_keys(&self, keys: Vec<WrappedKey>) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        let mut places = Vec::with_capacity(keys.len());
        for key in &keys {
            let wrapped = key.wrapped.as_deref().unwrap_or_default();
            let owner = bytes.len() + 1;
            bytes.extend_from_slice(key.owner.as_bytes());
            let version = usize::try_from(key.version).unwrap_or(usize::MAX);
            places.push([owner, version, bytes.len() + 1, wrapped.len()]);
            bytes.extend_from_slice(wrapped);
        }
        let places = serde_json::to_string(&places).unwrap_or_default();
        self.write(
            "UPDATE data_keys
                SET version = r.value ->> 1, wrapped = substr(?1, r.value ->> 2, r.value ->> 3)
                FROM json_each(?2) AS r
                WHERE owner = substr(?1, r.value ->> 0, 16) AND data_keys.wrapped IS NOT NULL",
            vec![Value::from(bytes), Value::from(places)],
        )
        .await
    }
}

fn rows(keys: &[RingKey]) -> Value {
    let row = |key: &RingKey| {
        serde_json::json!([
            key.version,
            key.wrapper,
            hex::encode(&key.wrapped),
            key.made_at.as_micros()
        ])
    };
    Value::from(serde_json::Value::from_iter(keys.iter().map(row)).to_string())
}
