use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::cli::bench::bare::StoreSettings;
use crate::cli::failure::Failure;
use crate::store::PostgresCluster;

/// Where the measured node keeps its things, as its configuration says it, and where the bare program does.
pub(in crate::cli::bench) struct Kept {
    /// What it is called in the table, with a blank before it.
    pub(super) name: &'static str,
    pub(super) config: Value,
    pub(super) bare: StoreSettings,
}

impl Kept {
    /// A file each in the scratch folder.
    pub(in crate::cli::bench) fn sqlite(scratch: &Path) -> Self {
        Self {
            name: "",
            config: json!({ "sqlite": scratch.join("bench.db") }),
            bare: StoreSettings::Sqlite(scratch.join("bare.db")),
        }
    }

    /// A database each on this server.
    pub(in crate::cli::bench) async fn postgres(cluster: &PostgresCluster) -> Result<Self, Failure> {
        let settings = cluster.database().await.map_err(Failure::new)?;
        let owner = settings.owner.as_ref().map(|owner| json!({ "user": owner.name }));
        let bare = cluster.database().await.map_err(Failure::new)?;
        let owner_of_bare = bare.owner.unwrap_or(bare.runs_as);
        Ok(Self {
            name: " on PostgreSQL",
            config: json!({ "postgres": {
                "host": settings.host, "port": settings.port, "database": settings.database,
                "user": settings.runs_as.name, "owner": owner,
            } }),
            bare: StoreSettings::Postgres {
                socket: bare.host.into(),
                port: bare.port,
                database: bare.database,
                user: owner_of_bare.name,
            },
        })
    }
}
