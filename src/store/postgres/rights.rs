use sqlx::postgres::PgArguments;

use super::Postgres;
use super::rows::Stored;
use crate::store::ErasableFlow;
use crate::store::FlowsOf;
use crate::store::HeldThing;
use crate::store::Hold;
use crate::store::StoreError;
use crate::words::FlowId;
use crate::words::Timestamp;

impl Postgres {
    pub(super) async fn erasable(&self, of: FlowsOf, limit: u32) -> Result<Vec<ErasableFlow>, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, i64::from(limit))?;
        let statement = match of {
            FlowsOf::Flow(flow) => {
                self.bind(&mut arguments, flow.as_uuid())?;
                "SELECT f.id, service, person_key, open, expires_at FROM flows AS f JOIN data_keys AS k ON k.owner = f.id
                    WHERE f.id = $2 AND k.wrapped IS NOT NULL ORDER BY f.id LIMIT $1"
            }
            FlowsOf::Person(key) => {
                self.bind(&mut arguments, key.as_bytes().to_vec())?;
                "SELECT f.id, service, person_key, open, expires_at FROM flows AS f JOIN data_keys AS k ON k.owner = f.id
                    WHERE person_key = $2 AND k.wrapped IS NOT NULL ORDER BY f.id LIMIT $1"
            }
            FlowsOf::Service(service, before) => {
                self.bind(&mut arguments, service.as_str().to_owned())?;
                self.bind(&mut arguments, before.as_micros())?;
                "SELECT f.id, service, person_key, open, expires_at FROM flows AS f JOIN data_keys AS k ON k.owner = f.id
                    WHERE service = $2 AND expires_at < $3 AND NOT open AND k.wrapped IS NOT NULL
                    ORDER BY f.id LIMIT $1"
            }
        };
        self.all(statement, arguments, |row| {
            Ok(ErasableFlow {
                id: FlowId::from_uuid(row.get("id")?),
                service: row.service()?,
                person_key: row.maybe_digest("person_key")?,
                open: row.get("open")?,
                expires_at: Timestamp::from_micros(row.get("expires_at")?),
            })
        })
        .await
    }

    pub(super) async fn all_holds(&self) -> Result<Vec<Hold>, StoreError> {
        let statement =
            "SELECT id, flow, person, service, reference, placed_by, placed_at, released_by, released_at
            FROM holds ORDER BY id";
        self.all(statement, PgArguments::default(), hold).await
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
        self.write(
            "INSERT INTO holds (flow, person, service, reference, placed_by, placed_at) VALUES ($1, $2, $3, $4, $5, $6)",
            arguments,
        )
        .await
    }

    pub(super) async fn mark_released(&self, id: u64, by: String, at: Timestamp) -> Result<(), StoreError> {
        let id = i64::try_from(id).unwrap_or(i64::MAX);
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, id)?;
        self.bind(&mut arguments, by)?;
        self.bind(&mut arguments, at.as_micros())?;
        self.write(
            "UPDATE holds SET released_by = $2, released_at = $3 WHERE id = $1 AND released_at IS NULL",
            arguments,
        )
        .await
    }
}

fn hold(row: &Stored<'_>) -> Result<Hold, StoreError> {
    let flow = row.get::<Option<uuid::Uuid>>("flow")?.map(FlowId::from_uuid);
    let on = match (flow, row.maybe_digest("person")?) {
        (Some(flow), _) => HeldThing::Flow(flow),
        (None, Some(person)) => HeldThing::Person(person),
        (None, None) => HeldThing::Service(row.service()?),
    };
    let released = (
        row.get::<Option<String>>("released_by")?,
        row.get::<Option<i64>>("released_at")?,
    );
    Ok(Hold {
        id: row.count("id")?,
        on,
        reference: row.get("reference")?,
        placed_by: row.get("placed_by")?,
        placed_at: Timestamp::from_micros(row.get("placed_at")?),
        released: match released {
            (Some(by), Some(at)) => Some((by, Timestamp::from_micros(at))),
            _ => None,
        },
    })
}
