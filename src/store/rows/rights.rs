use super::Columns;
use super::Stored;
use crate::store::ErasableFlow;
use crate::store::HeldThing;
use crate::store::Hold;
use crate::store::StoreError;
use crate::words::FlowId;

impl<R: Columns> Stored<'_, R> {
    pub(in crate::store) fn erasable(&self) -> Result<ErasableFlow, StoreError> {
        Ok(ErasableFlow {
            id: FlowId::from_uuid(self.get("id")?),
            service: self.service()?,
            person_key: self.maybe_digest("person_key")?,
            open: self.get("open")?,
            expires_at: self.time("expires_at")?,
        })
    }

    pub(in crate::store) fn hold(&self) -> Result<Hold, StoreError> {
        let on = match (self.maybe_flow("flow")?, self.maybe_digest("person")?) {
            (Some(flow), _) => HeldThing::Flow(flow),
            (None, Some(person)) => HeldThing::Person(person),
            (None, None) => HeldThing::Service(self.service()?),
        };
        let released_by: Option<String> = self.get("released_by")?;
        Ok(Hold {
            id: self.count("id")?,
            on,
            reference: self.get("reference")?,
            placed_by: self.get("placed_by")?,
            placed_at: self.time("placed_at")?,
            released: released_by.zip(self.maybe_time("released_at")?),
        })
    }
}
