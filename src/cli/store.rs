use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use super::failure::Failure;
use crate::connector::kuwait::Source;
use crate::store::KeyStore;
use crate::store::Postgres;
use crate::store::PostgresRole;
use crate::store::PostgresSettings;
use crate::store::PostgresTls;
use crate::store::Sqlite;
use crate::store::StoreErrorKind;

/// Where things are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum StoreConfig {
    /// One SQLite file on a local disk.
    Sqlite(PathBuf),
    /// A PostgreSQL database, which several nodes may share.
    Postgres(Box<PostgresConfig>),
}

/// A PostgreSQL database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostgresConfig {
    /// Name or address of the server, or the folder of its Unix socket.
    pub(crate) host: String,
    #[serde(default = "usual_port")]
    pub(crate) port: u16,
    pub(crate) database: String,
    /// The role that the node runs under.
    pub(crate) user: String,
    /// Where its password is.
    #[serde(default)]
    pub(crate) password: Option<Source>,
    /// The role that owns the schema and brings it up to date at the start.
    #[serde(default)]
    pub(crate) owner: Option<OwnerConfig>,
    /// May be left out on this machine only.
    #[serde(default)]
    pub(crate) tls: Option<DatabaseTls>,
}

/// The role that owns the schema.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnerConfig {
    pub(crate) user: String,
    #[serde(default)]
    pub(crate) password: Option<Source>,
}

/// How the connection to the database is protected: TLS always, with the name verified.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseTls {
    /// The authority that the server's certificate comes from, PEM.
    pub(crate) authority: Source,
}

impl StoreConfig {
    /// The file that `midflow backup` copies.
    pub(crate) fn file_to_copy(&self) -> Result<&Path, Failure> {
        match self {
            Self::Sqlite(file) => Ok(file),
            Self::Postgres(_) => Err(Failure::new("this node's store is on PostgreSQL")
                .remedy("use the server's own tools, pg_basebackup with an archive of its write-ahead log")),
        }
    }

    /// Paths in it count from this folder.
    pub(crate) fn resolve(&mut self, folder: &Path) {
        match self {
            Self::Sqlite(file) => *file = folder.join(&file),
            Self::Postgres(postgres) => {
                let owner = postgres.owner.as_mut().and_then(|owner| owner.password.as_mut());
                let authority = postgres.tls.as_mut().map(|tls| &mut tls.authority);
                let sources = [postgres.password.as_mut(), owner, authority];
                for source in sources.into_iter().flatten() {
                    source.count_from(folder);
                }
            }
        }
    }

    /// Says what would be unsafe, before anything is opened.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self {
            Self::Postgres(postgres) if postgres.tls.is_none() && !postgres.bare().is_this_machine() => {
                Err(Failure::new(format!(
                    "`store.postgres` would reach {} without TLS",
                    postgres.host
                ))
                .remedy("name the authority of the server's certificate: `tls: { authority: \"file:…\" }`"))
            }
            _ => Ok(()),
        }
    }

    /// Opens it for a node that serves.
    pub(crate) async fn open(&self) -> Result<Arc<dyn KeyStore>, Failure> {
        Ok(match self {
            Self::Sqlite(file) => Arc::new(Sqlite::open(file).await.map_err(Failure::new)?),
            Self::Postgres(postgres) => {
                let opened = Postgres::open(postgres.settings()?).await;
                Arc::new(opened.map_err(Failure::new)?)
            }
        })
    }

    /// Opens it to be read, beside the nodes that run.
    pub(crate) async fn open_to_read(&self) -> Result<Arc<dyn KeyStore>, Failure> {
        Ok(match self {
            Self::Sqlite(file) => Arc::new(Sqlite::open_to_read(file).await.map_err(Failure::new)?),
            Self::Postgres(postgres) => {
                let opened = Postgres::open_to_read(postgres.settings()?).await;
                Arc::new(opened.map_err(Failure::new)?)
            }
        })
    }

    /// Opens it to be written to while no node runs; `None` where one does.
    pub(crate) async fn open_at_rest(&self) -> Result<Option<Arc<dyn KeyStore>>, Failure> {
        let opened = match self {
            Self::Sqlite(file) => Sqlite::open(file)
                .await
                .map(|store| Arc::new(store) as Arc<dyn KeyStore>),
            Self::Postgres(postgres) => Postgres::open_alone(postgres.settings()?)
                .await
                .map(|store| Arc::new(store) as Arc<dyn KeyStore>),
        };
        match opened {
            Ok(store) => Ok(Some(store)),
            Err(error) if error.kind() == StoreErrorKind::Busy => Ok(None),
            Err(error) => Err(Failure::new(error)),
        }
    }
}

impl PostgresConfig {
    fn settings(&self) -> Result<PostgresSettings, Failure> {
        let mut settings = self.bare();
        settings.runs_as.password = secret(self.password.as_ref())?;
        if let (Some(config), Some(role)) = (&self.owner, &mut settings.owner) {
            role.password = secret(config.password.as_ref())?;
        }
        if let Some(tls) = &self.tls {
            let authority = tls.authority.read().map_err(Failure::new)?;
            settings.tls = PostgresTls::VerifyFull { authority };
        }
        Ok(settings)
    }

    /// Without anything that has to be read first.
    fn bare(&self) -> PostgresSettings {
        let role = |name: &str| PostgresRole {
            name: name.to_owned(),
            password: None,
        };
        PostgresSettings {
            host: self.host.clone(),
            port: self.port,
            database: self.database.clone(),
            runs_as: role(&self.user),
            owner: self.owner.as_ref().map(|owner| role(&owner.user)),
            tls: PostgresTls::ThisMachine,
        }
    }
}

/// A password; the line end that an editor leaves is no part of it.
fn secret(source: Option<&Source>) -> Result<Option<secrecy::SecretString>, Failure> {
    use secrecy::ExposeSecret as _;
    let Some(source) = source else {
        return Ok(None);
    };
    let secret = source.read_secret().map_err(Failure::new)?;
    Ok(Some(secret.expose_secret().trim_end_matches(['\r', '\n']).into()))
}

const fn usual_port() -> u16 {
    5432
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(yaml: &str) -> StoreConfig {
        serde_saphyr::from_str(yaml).unwrap()
    }

    const FAR: &str = "postgres: { host: db.example, database: midflow, user: midflow_app, password: 'file:app', \
        owner: { user: midflow_owner, password: 'env:OWNER' }, tls: { authority: 'file:ca.pem' } }";

    #[test]
    fn the_example_of_the_documentation_is_read() {
        #[derive(Deserialize)]
        struct Example {
            store: StoreConfig,
        }
        let page = include_str!("../../docs/configuration.md");
        let (_, after) = page.split_once("```yaml\nstore:\n").unwrap();
        let (example, _) = after.split_once("```").unwrap();
        let example: Example = serde_saphyr::from_str(&format!("store:\n{example}")).unwrap();
        example.store.check().unwrap();
        assert!(matches!(example.store, StoreConfig::Postgres(_)));
    }

    #[test]
    fn paths_count_from_the_file() {
        let mut config = config(FAR);
        config.resolve(Path::new("/etc/midflow"));
        let StoreConfig::Postgres(postgres) = &config else {
            panic!("{config:?}");
        };
        assert_eq!(
            postgres.password,
            Some(Source::File(PathBuf::from("/etc/midflow/app")))
        );
        assert_eq!(
            postgres.tls.as_ref().unwrap().authority,
            Source::File(PathBuf::from("/etc/midflow/ca.pem"))
        );
        assert_eq!(postgres.port, 5432);
    }

    // R000-062, R000-152: nothing leaves this machine without TLS.
    #[test]
    fn a_server_elsewhere_needs_tls() {
        config(FAR).check().unwrap();
        let bare = "postgres: { host: HOST, database: midflow, user: midflow_app }";
        for near in ["/run/postgresql", "127.0.0.1", "localhost"] {
            config(&bare.replace("HOST", near)).check().unwrap();
        }
        let refused = config(&bare.replace("HOST", "db.example")).check().unwrap_err();
        assert!(refused.message.contains("without TLS"), "{}", refused.message);
    }

    #[test]
    fn a_password_in_the_file_is_refused_and_not_repeated() {
        let written = FAR.replace("file:app", "hunter2");
        let options = serde_saphyr::options! { with_snippet: false };
        let refused = serde_saphyr::from_str_with_options::<StoreConfig>(&written, options)
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("file:") && !refused.contains("hunter2"),
            "{refused}"
        );
    }

    #[test]
    fn the_line_end_of_a_password_file_does_not_count() {
        use secrecy::ExposeSecret as _;
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "with space \n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let read = secret(Some(&Source::File(file))).unwrap().unwrap();
        assert_eq!(read.expose_secret(), "with space ");
    }
}
