use rusqlite::types::Value;
use sqlx::sqlite::SqliteArguments;

use super::Sqlite;
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

impl Sqlite {
    pub(super) async fn erasable(&self, of: FlowsOf, limit: u32) -> Result<Vec<ErasableFlow>, StoreError> {
        let mut arguments = SqliteArguments::default();
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
        let mut arguments = SqliteArguments::default();
        self.bind(&mut arguments, before.as_micros())?;
        self.bind(&mut arguments, i64::from(limit))?;
        self.all(WAITING_DOCUMENTS, arguments, |row| {
            Ok(ExchangeId::from_uuid(row.get("id")?))
        })
        .await
    }

    pub(super) async fn all_holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.all(HOLDS, SqliteArguments::default(), |row| row.hold())
            .await
    }

    pub(super) async fn insert_hold(&self, hold: Hold) -> Result<(), StoreError> {
        let (mut flow, mut person, mut service) = (Value::Null, Value::Null, Value::Null);
        match hold.on {
            HeldThing::Flow(id) => flow = Value::from(id.as_uuid().as_bytes().to_vec()),
            HeldThing::Person(key) => person = Value::from(key.as_bytes().to_vec()),
            HeldThing::Service(name) => service = Value::from(name.as_str().to_owned()),
        }
        let values = vec![
            flow,
            person,
            service,
            Value::from(hold.reference),
            Value::from(hold.placed_by),
            Value::from(hold.placed_at.as_micros()),
        ];
        self.write(PLACE_HOLD, values).await
    }

    pub(super) async fn mark_released(&self, id: u64, by: String, at: Timestamp) -> Result<(), StoreError> {
        let id = i64::try_from(id).unwrap_or(i64::MAX);
        self.write(
            RELEASE_HOLD,
            vec![Value::from(by), Value::from(at.as_micros()), Value::from(id)],
        )
        .await
    }
}
