use sqlx::postgres::PgArguments;

use super::Postgres;
use crate::store::ErasableFlow;
use crate::store::FlowsOf;
use crate::store::HeldThing;
use crate::store::Hold;
use crate::store::StoreError;
use crate::store::rights::HOLDS;
use crate::store::rights::PLACE_HOLD;
use crate::store::rights::RELEASE_HOLD;
use crate::store::rights::WAITING_DOCUMENTS;
use crate::words::ExchangeId;
use crate::words::Timestamp;

impl Postgres {
    pub(super) async fn erasable(&self, of: FlowsOf, limit: u32) -> Result<Vec<ErasableFlow>, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, i64::from(limit))?;
        let statement = of.statement();
        match of {
            FlowsOf::Flow(flow) => self.bind(&mut arguments, flow.as_uuid())?,
            FlowsOf::Person(key) => self.bind(&mut arguments, key.as_bytes().to_vec())?,
            FlowsOf::Service(service, before) => {
                self.bind(&mut arguments, service.as_str().to_owned())?;
                self.bind(&mut arguments, before.as_micros())?;
            }
        }
        self.all(statement, arguments, |row| row.erasable()).await
    }

    pub(super) async fn waiting(&self, before: Timestamp, limit: u32) -> Result<Vec<ExchangeId>, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, before.as_micros())?;
        self.bind(&mut arguments, i64::from(limit))?;
        self.all(WAITING_DOCUMENTS, arguments, |row| {
            Ok(ExchangeId::from_uuid(row.get("id")?))
        })
        .await
    }

    pub(super) async fn all_holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.all(HOLDS, PgArguments::default(), |row| row.hold()).await
    }

    pub(super) async fn insert_hold(&self, hold: Hold) -> Result<(), StoreError> {
        let (mut flow, mut person, mut service) = (None, None, None);
        match hold.on {
            HeldThing::Flow(id) => flow = Some(id.as_uuid()),
            HeldThing::Person(key) => person = Some(key.as_bytes().to_vec()),
            HeldThing::Service(name) => service = Some(name.as_str().to_owned()),
        }
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, flow)?;
        self.bind(&mut arguments, person)?;
        self.bind(&mut arguments, service)?;
        self.bind(&mut arguments, hold.reference)?;
        self.bind(&mut arguments, hold.placed_by)?;
        self.bind(&mut arguments, hold.placed_at.as_micros())?;
        self.write(PLACE_HOLD, arguments).await
    }

    pub(super) async fn mark_released(&self, id: u64, by: String, at: Timestamp) -> Result<(), StoreError> {
        let id = i64::try_from(id).unwrap_or(i64::MAX);
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, by)?;
        self.bind(&mut arguments, at.as_micros())?;
        self.bind(&mut arguments, id)?;
        self.write(RELEASE_HOLD, arguments).await
    }
}
