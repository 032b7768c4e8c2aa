use std::path::Path;

use async_trait::async_trait;
use sqlx::postgres::PgArguments;

use super::Postgres;
use crate::audit::seal::KeyOwner;
use crate::audit::seal::RingKey;
use crate::audit::seal::WrappedKey;
use crate::store::KeyStore;
use crate::store::StoreError;

#[async_trait]
impl KeyStore for Postgres {
    fn place(&self) -> &Path {
        Path::new(&self.place)
    }

    async fn ring(&self) -> Result<Vec<RingKey>, StoreError> {
        let statement = "SELECT version, wrapper, wrapped, made_at FROM ring_keys ORDER BY version";
        self.all(statement, PgArguments::default(), |row| row.ring_key())
            .await
    }

    async fn keep_ring_keys(&self, keys: Vec<RingKey>) -> Result<(), StoreError> {
        // Half a ring would open nothing: of two nodes that begin one at the same time, the second keeps none of its own.
        // Its statement waits for the first, and looks for the common key of look-ups only then.
        let arguments = self.ring_arguments(&keys)?;
        self.write(
            "WITH head AS (SELECT 1 FROM log FOR UPDATE)
                INSERT INTO ring_keys (version, wrapper, wrapped, made_at)
                SELECT r.* FROM head, unnest($1::bigint[], $2::text[], $3::bytea[], $4::bigint[]) AS r
                ON CONFLICT DO NOTHING",
            arguments,
        )
        .await
    }

    async fn rewrap_ring_keys(&self, keys: Vec<RingKey>) -> Result<(), StoreError> {
        let arguments = self.ring_arguments(&keys)?;
        self.write(
            "UPDATE ring_keys SET wrapper = r.wrapper, wrapped = r.wrapped, made_at = r.made_at
                FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bigint[])
                    AS r (version, wrapper, wrapped, made_at)
                WHERE ring_keys.version = r.version",
            arguments,
        )
        .await
    }

    async fn drop_ring_key(&self, version: u32) -> Result<(), StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, i64::from(version))?;
        self.write("DELETE FROM ring_keys WHERE version = $1", arguments)
            .await
    }

    async fn data_keys(&self, owners: Vec<KeyOwner>) -> Result<Vec<WrappedKey>, StoreError> {
        let owners: Vec<uuid::Uuid> = owners.iter().map(KeyOwner::as_uuid).collect();
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, owners)?;
        self.all(
            "SELECT owner, version, wrapped FROM data_keys WHERE owner = ANY ($1)",
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
        let mut arguments = PgArguments::default();
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
        let owners: Vec<uuid::Uuid> = keys.iter().map(|key| key.owner.as_uuid()).collect();
        let versions: Vec<i64> = keys.iter().map(|key| i64::from(key.version)).collect();
        let wrapped: Vec<Option<&[u8]>> = keys.iter().map(|key| key.wrapped.as_deref()).collect();
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, owners)?;
        self.bind(&mut arguments, versions)?;
        self.bind(&mut arguments, wrapped)?;
        self.write(
            "UPDATE data_keys SET version = r.version, wrapped = r.wrapped
                FROM unnest($1::uuid[], $2::bigint[], $3::bytea[]) AS r (owner, version, wrapped)
                WHERE data_keys.owner = r.owner AND data_keys.wrapped IS NOT NULL",
            arguments,
        )
        .await
    }
}

impl Postgres {
    fn ring_arguments(&self, keys: &[RingKey]) -> Result<PgArguments, StoreError> {
        let versions: Vec<i64> = keys.iter().map(|key| i64::from(key.version)).collect();
        let wrappers: Vec<&str> = keys.iter().map(|key| key.wrapper.as_str()).collect();
        let wrapped: Vec<&[u8]> = keys.iter().map(|key| key.wrapped.as_slice()).collect();
        let made_at: Vec<i64> = keys.iter().map(|key| key.made_at.as_micros()).collect();
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, versions)?;
        self.bind(&mut arguments, wrappers)?;
        self.bind(&mut arguments, wrapped)?;
        self.bind(&mut arguments, made_at)?;
        Ok(arguments)
    }
}
