use std::fs::File;
use std::fs::OpenOptions;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use sqlx::ConnectOptions as _;
use sqlx::Connection as _;

use super::settings::PostgresRole;
use super::settings::PostgresSettings;
use super::settings::PostgresTls;

/// A PostgreSQL server of one's own, for tests and measurements; never for anything that shall last.
///
/// It needs the server's programs on this machine (Debian: `postgresql`), lives in a temporary folder, listens on a Unix
/// socket there, and is gone when this is dropped. Started by root, it runs as the user `postgres`.
pub struct PostgresCluster {
    programs: Programs,
    folder: PathBuf,
    /// Held as long as the server is used, where several processes share one.
    shared: Option<File>,
}

/// Why there is no such server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a PostgreSQL server for tests can't be used: {0}")]
pub struct ClusterError(String);

impl PostgresCluster {
    /// Starts a server with these settings beside the usual ones.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn start(settings: &[(&str, &str)]) -> Result<Self, ClusterError> {
        let cluster = Self {
            programs: Programs::find()?,
            folder: std::env::temp_dir().join(format!("midflow-pg-{}", unique())),
            shared: None,
        };
        cluster.make(settings)?;
        cluster.up()?;
        Ok(cluster)
    }

    /// The server that all processes of this user share who ask for `name`; the first starts it, and it stops a few
    /// seconds after the last has gone.
    ///
    /// # Errors
    /// As [`PostgresCluster::start`].
    pub fn shared(name: &str) -> Result<Self, ClusterError> {
        let programs = Programs::find()?;
        let folder = std::env::temp_dir().join(format!("midflow-pg-{}-{name}", programs.user_id));
        let door = lock_file(&folder.with_extension("door"))?;
        let users = lock_file(&folder.with_extension("users"))?;
        door.lock().map_err(broken)?;
        // Waits while the last server is being stopped; from here on nobody stops one.
        users.lock_shared().map_err(broken)?;
        let cluster = Self {
            programs,
            folder,
            shared: Some(users),
        };
        if !cluster.is_up() {
            cluster.remove();
            cluster.make(&[])?;
            cluster.up()?;
            cluster.stop_after_the_last()?;
        }
        door.unlock().map_err(broken)?;
        Ok(cluster)
    }

    /// A database of its own with an owner and a role that runs, and how to open it.
    ///
    /// # Errors
    /// When the server does not do as told.
    pub async fn database(&self) -> Result<PostgresSettings, ClusterError> {
        let name = format!("midflow_{}", unique());
        let mut connection = self.settings("postgres", "postgres").administrator().await?;
        for role in [OWNER, APP] {
            // Several processes may make them at the same time.
            let make = format!(
                "DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            );
            run(&mut connection, make).await?;
        }
        run(&mut connection, format!("CREATE DATABASE {name} OWNER {OWNER}")).await?;
        connection.close().await.map_err(broken)?;
        Ok(self.settings(&name, APP))
    }

    /// Carries out statements as the administrator of the server.
    ///
    /// # Errors
    /// When the server does not do as told.
    pub async fn administer(&self, database: &str, statements: &str) -> Result<(), ClusterError> {
        let mut connection = self.settings(database, "postgres").administrator().await?;
        run(&mut connection, statements.to_owned()).await
    }

    /// Stops the server as a crash would: nothing is flushed, and every connection is cut.
    ///
    /// # Errors
    /// When it can't be stopped.
    pub fn crash(&self) -> Result<(), ClusterError> {
        self.control(&["-m", "immediate", "-w", "stop"])
    }

    /// Kills the server's first process outright, as the kernel does where memory runs out; the others find that out.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn kill(&self) -> Result<(), ClusterError> {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).map_err(broken)?;
        let process = file.lines().next().unwrap_or_default();
        self.programs.run("kill", &["-9", process])
    }

    /// Starts the server again after [`PostgresCluster::crash`] or [`PostgresCluster::kill`]; it recovers first.
    ///
    /// # Errors
    /// When it does not start.
    pub fn up(&self) -> Result<(), ClusterError> {
        let log = self.folder.join("log");
        let mut patience = PATIENCE;
        loop {
            let started = self.control(&["-w", "-t", "60", "-l", &log.to_string_lossy(), "start"]);
            match started {
                // What is left of a server that was killed takes a moment to notice it.
                Err(error) if patience > 0 && STILL_THERE.iter().any(|said| error.0.contains(said)) => {
                    patience -= 1;
                }
                other => return other,
            }
            std::thread::sleep(MOMENT);
        }
    }

    /// Makes a standby that follows this server; from then on the server confirms no commit that the standby has not on
    /// its disk.
    ///
    /// # Errors
    /// When the copy can't be made, or does not follow.
    pub async fn synchronous_standby(&self) -> Result<Self, ClusterError> {
        let standby = Self {
            programs: Programs::find()?,
            folder: std::env::temp_dir().join(format!("midflow-pg-{}", unique())),
            shared: None,
        };
        let (folder, data, source) = (
            standby.folder.to_string_lossy(),
            standby.data(),
            self.folder.to_string_lossy(),
        );
        let data = data.to_string_lossy();
        standby.programs.run("mkdir", &["-m", "755", &folder])?;
        standby.programs.run(
            &standby.programs.path("pg_basebackup"),
            &[
                "--pgdata",
                &data,
                "--host",
                &source,
                "--username",
                "postgres",
                "--checkpoint",
                "fast",
                "--write-recovery-conf",
                "--no-sync",
            ],
        )?;
        let own = format!("unix_socket_directories = '{folder}'\nwal_retrieve_retry_interval = 200ms\n");
        standby
            .programs
            .append(&format!("{data}/postgresql.conf"), &own)?;
        standby.up()?;
        self.until("EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming')")
            .await?;
        self.administer("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")
            .await?;
        self.administer("postgres", "SELECT pg_reload_conf()").await?;
        self.until("EXISTS (SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))")
            .await?;
        Ok(standby)
    }

    /// Makes a standby the server that takes writes.
    ///
    /// # Errors
    /// When it is none, or does not do it.
    pub fn promote(&self) -> Result<(), ClusterError> {
        self.control(&["-w", "-t", "60", "promote"])
    }

    /// Waits until a condition holds, as its administrator sees it.
    async fn until(&self, condition: &str) -> Result<(), ClusterError> {
        let ask = format!("DO $$ BEGIN IF NOT ({condition}) THEN RAISE 'not yet'; END IF; END $$");
        for _ in 0..PATIENCE {
            if self.administer("postgres", &ask).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(MOMENT).await;
        }
        Err(ClusterError(format!("{condition} does not come true")))
    }

    /// The folder with the server's files, in `data`, and its socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn settings(&self, database: &str, runs_as: &str) -> PostgresSettings {
        let role = |name: &str| PostgresRole {
            name: name.to_owned(),
            password: None,
        };
        PostgresSettings {
            host: self.folder.to_string_lossy().into_owned(),
            port: PORT,
            database: database.to_owned(),
            runs_as: role(runs_as),
            owner: Some(role(OWNER)),
            tls: PostgresTls::ThisMachine,
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn make(&self, settings: &[(&str, &str)]) -> Result<(), ClusterError> {
        let (folder, data) = (self.folder.to_string_lossy(), self.data());
        self.programs.run("mkdir", &["-m", "755", &folder])?;
        let initdb = self.programs.path("initdb");
        let data = data.to_string_lossy();
        self.programs.run(
            &initdb,
            &[
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C",
                "--data-checksums",
                "--no-sync",
                "--no-instructions",
                "--pgdata",
                &data,
            ],
        )?;
        let socket = format!("'{folder}'");
        let own = [
            ("listen_addresses", "''"),
            ("unix_socket_directories", socket.as_str()),
            ("max_connections", "200"),
            ("shared_buffers", "32MB"),
        ];
        let lines: String = own
            .iter()
            .chain(settings)
            .map(|(name, value)| format!("{name} = {value}\n"))
            .collect();
        self.programs.append(&format!("{data}/postgresql.conf"), &lines)
    }

    fn control(&self, arguments: &[&str]) -> Result<(), ClusterError> {
        let (program, data) = (self.programs.path("pg_ctl"), self.data());
        let data = data.to_string_lossy();
        let all: Vec<&str> = ["-s", "-D", &data].iter().chain(arguments).copied().collect();
        self.programs.run(&program, &all).map_err(|error| {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let end: Vec<&str> = log.lines().rev().take(5).collect();
            ClusterError(format!("{}; its log ends with: {}", error.0, end.join(" | ")))
        })
    }

    fn is_up(&self) -> bool {
        self.control(&["status"]).is_ok()
    }

    /// Leaves behind a process that stops the server once nobody holds the lock any more.
    fn stop_after_the_last(&self) -> Result<(), ClusterError> {
        let (folder, data) = (self.folder.to_string_lossy(), self.data());
        let users = self.folder.with_extension("users");
        let script = format!(
            "while sleep 3; do flock -n -x '{}' '{}' -s -D '{}' -m immediate -w stop && break; \
            test -e '{}' || break; done; rm -rf '{folder}'",
            users.display(),
            self.programs.path("pg_ctl"),
            data.display(),
            data.display(),
        );
        self.programs
            .command("setsid", &["sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(|_| ())
            .map_err(broken)
    }

    fn remove(&self) {
        let _ = self.programs.run("rm", &["-rf", &self.folder.to_string_lossy()]);
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        if self.shared.is_none() {
            let _ = self.crash();
            self.remove();
        }
    }
}

impl PostgresSettings {
    async fn administrator(&self) -> Result<sqlx::PgConnection, ClusterError> {
        self.options(&self.runs_as).connect().await.map_err(broken)
    }
}

async fn run(connection: &mut sqlx::PgConnection, statements: String) -> Result<(), ClusterError> {
    // Names of our own making only, and what a test hands in.
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements))
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(broken)
}

/// Where the server's programs are, and whose they run as.
struct Programs {
    folder: PathBuf,
    user_id: u32,
}

impl Programs {
    fn find() -> Result<Self, ClusterError> {
        let user_id = std::fs::metadata("/proc/self").map_err(broken)?.uid();
        let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
        let newest = versions
            .filter_map(|version| {
                let number: u32 = version.file_name().to_str()?.parse().ok()?;
                Some((number, version.path().join("bin")))
            })
            .max();
        // One program of the server may be linked to from a folder in which the others are not.
        let in_path = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .filter_map(|folder| std::fs::canonicalize(folder.join("initdb")).ok())
            .find_map(|program| program.parent().map(Path::to_path_buf));
        let folder = in_path.or_else(|| newest.map(|(_, folder)| folder)).ok_or_else(|| {
            ClusterError(format!(
                "PostgreSQL is not installed: there is no `initdb` in PATH or below {DEBIAN}; install Debian's `postgresql`"
            ))
        })?;
        Ok(Self { folder, user_id })
    }

    fn path(&self, program: &str) -> String {
        self.folder.join(program).to_string_lossy().into_owned()
    }

    /// PostgreSQL does not run as root.
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = if self.user_id == 0 {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", program]);
            command
        } else {
            Command::new(program)
        };
        command.args(arguments).current_dir("/").env_remove("PGDATA");
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), ClusterError> {
        let mut command = self.command(program, arguments);
        // What the server inherits stays open as long as it runs: nothing of ours.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let scratch = std::env::temp_dir().join(format!("midflow-pg-{}.err", unique()));
        let told = File::create(&scratch).map_err(broken)?;
        let status = command.stderr(told).status().map_err(broken)?;
        let words = std::fs::read_to_string(&scratch).unwrap_or_default();
        let _ = std::fs::remove_file(&scratch);
        if status.success() {
            return Ok(());
        }
        Err(ClusterError(format!(
            "{program} failed ({status}): {}",
            words.trim()
        )))
    }

    fn append(&self, file: &str, lines: &str) -> Result<(), ClusterError> {
        let script = format!("cat >> '{file}' <<'END'\n{lines}END");
        let Output { status, .. } = self.command("sh", &["-c", &script]).output().map_err(broken)?;
        if status.success() {
            return Ok(());
        }
        Err(ClusterError(format!("{file} can't be written")))
    }
}

fn lock_file(path: &Path) -> Result<File, ClusterError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(broken)?;
    // The user `postgres` takes the same lock.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    let _ = file.set_permissions(mode);
    Ok(file)
}

fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!(
        "{}_{}_{}",
        std::process::id(),
        since_epoch.as_micros() % 1_000_000_000,
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

fn broken(error: impl std::fmt::Display) -> ClusterError {
    ClusterError(error.to_string())
}

const DEBIAN: &str = "/usr/lib/postgresql";
const OWNER: &str = "midflow_owner";
const APP: &str = "midflow_app";
/// Names the socket in the folder; nothing listens on it otherwise.
const PORT: u16 = 5432;
const PATIENCE: u32 = 100;
const MOMENT: Duration = Duration::from_millis(100);
/// What a new server says while processes of the old one live.
/// The last of these comes from those that are left, and may hide what the new server says.
const STILL_THERE: [&str; 3] = [
    "shared memory block",
    "another postmaster",
    "unexpected postmaster exit",
];
