use super::Columns;
use super::Stored;
use crate::audit::seal::KeyOwner;
use crate::audit::seal::RingKey;
use crate::audit::seal::WrappedKey;
use crate::store::StoreError;

impl<R: Columns> Stored<'_, R> {
    pub(in crate::store) fn ring_key(&self) -> Result<RingKey, StoreError> {
        Ok(RingKey {
            version: self.key_version()?,
            wrapper: self.get("wrapper")?,
            wrapped: self.get("wrapped")?,
            made_at: self.time("made_at")?,
        })
    }

    pub(in crate::store) fn data_key(&self) -> Result<WrappedKey, StoreError> {
        Ok(WrappedKey {
            owner: KeyOwner::from_uuid(self.get("owner")?),
            version: self.key_version()?,
            wrapped: self.get("wrapped")?,
        })
    }

    fn key_version(&self) -> Result<u32, StoreError> {
        u32::try_from(self.count("version")?).map_err(|_| self.unfit("version"))
    }
}
