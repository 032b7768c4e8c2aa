use std::path::PathBuf;

use secrecy::ExposeSecret as _;
use secrecy::SecretString;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::postgres::PgSslMode;

/// Where a PostgreSQL database is, and who opens it.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// Name or address of the server, or the folder of its Unix socket, which begins with `/`.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database. midflow keeps everything in its schema `midflow`.
    pub database: String,
    /// The role under which a replica runs; it must not be able to change what is recorded.
    pub runs_as: PostgresRole,
    /// The role that owns the schema and brings it up to date at the start; `None` where somebody else does that.
    pub owner: Option<PostgresRole>,
    /// How the connection is protected.
    pub tls: PostgresTls,
}

/// A role of the database and its password. `Debug` does not show the password.
#[derive(Clone, Debug)]
pub struct PostgresRole {
    /// Its name.
    pub name: String,
    /// Its password, where the server asks for one.
    pub password: Option<SecretString>,
}

/// How the connection to the server is protected.
#[derive(Clone, Debug)]
pub enum PostgresTls {
    /// TLS always; the certificate comes from this authority (PEM) or a public one, and names the host.
    VerifyFull {
        /// The authority's certificate.
        authority: Vec<u8>,
    },
    /// None: for a Unix socket or a loopback address, and refused for anything else.
    ThisMachine,
}

impl PostgresSettings {
    /// The database as an operator would name it, for errors and logs; without a password.
    pub fn place(&self) -> String {
        format!(
            "postgres {}:{}/{} as {}",
            self.host, self.port, self.database, self.runs_as.name
        )
    }

    /// Whether the server is on this machine by the look of its address.
    pub fn is_this_machine(&self) -> bool {
        let address = self.host.parse::<std::net::IpAddr>();
        self.host.starts_with('/')
            || self.host == "localhost"
            || address.is_ok_and(|address| address.is_loopback())
    }

    /// What every connection has in common, for one of the roles. Nothing is left to variables like `PGPASSWORD`.
    pub(super) fn options(&self, role: &PostgresRole) -> PgConnectOptions {
        let mut options = PgConnectOptions::new_without_pgpass()
            .port(self.port)
            .database(&self.database)
            .username(&role.name)
            .password(
                role.password
                    .as_ref()
                    .map_or("", |password| password.expose_secret()),
            )
            .application_name("midflow")
            .options([
                ("search_path", "midflow"),
                ("statement_timeout", "15s"),
                ("lock_timeout", "5s"),
                ("idle_in_transaction_session_timeout", "5s"),
                ("default_transaction_isolation", "read committed"),
                ("timezone", "UTC"),
                // No statement here is long enough to be worth compiling; a compiler would take longer than all of them.
                ("jit", "off"),
            ])
            .disable_statement_logging();
        options = if self.host.starts_with('/') {
            options.socket(PathBuf::from(&self.host))
        } else {
            options.host(&self.host)
        };
        match &self.tls {
            PostgresTls::VerifyFull { authority } => options
                .ssl_mode(PgSslMode::VerifyFull)
                .ssl_root_cert_from_pem(authority.clone()),
            PostgresTls::ThisMachine => options.ssl_mode(PgSslMode::Disable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(host: &str) -> PostgresSettings {
        PostgresSettings {
            host: host.to_owned(),
            port: 5432,
            database: "midflow".to_owned(),
            runs_as: PostgresRole {
                name: "midflow_app".to_owned(),
                password: Some("do not show".into()),
            },
            owner: None,
            tls: PostgresTls::ThisMachine,
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let settings = settings("db.example");
        let shown = format!("{settings:?} {}", settings.place());
        assert!(!shown.contains("do not show"), "{shown}");
        assert!(shown.contains("postgres db.example:5432/midflow as midflow_app"));
    }

    #[test]
    fn this_machine_is_a_socket_or_loopback() {
        for near in ["/run/postgresql", "127.0.0.1", "::1", "localhost", "127.9.9.9"] {
            assert!(settings(near).is_this_machine(), "{near}");
        }
        for far in ["db.example", "10.0.0.1", "localhost.example", "0.0.0.0"] {
            assert!(!settings(far).is_this_machine(), "{far}");
        }
    }
}
