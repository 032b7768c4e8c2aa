use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use sqlx::Connection as _;
use sqlx::PgConnection;
use tokio::time::Instant;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::fault;
use super::open;
use super::settings::PostgresSettings;
use crate::store::StoreError;

/// The right of this process to write, by the clock of the database, renewed as long as it lives.
///
/// A process that stands still for longer than [`LASTS`] is taken for dead. When it goes on, the store refuses all that it
/// had in hand, and it joins again under another number.
pub(super) struct Lease {
    state: Arc<State>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

struct State {
    number: AtomicI64,
    /// Microseconds that the clock of the database is ahead of this machine's.
    ahead: AtomicI64,
}

impl Lease {
    /// Takes a lease and keeps it.
    pub(super) async fn take(settings: PostgresSettings) -> Result<Self, StoreError> {
        let connection = open::connect(&settings).await?;
        let mut keeper = Keeper {
            settings,
            connection: Some(connection),
            state: Arc::new(State {
                number: AtomicI64::new(0),
                ahead: AtomicI64::new(0),
            }),
            since_housekeeping: 0,
        };
        let place = keeper.settings.place();
        keeper
            .join()
            .await
            .map_err(|error| fault::at_the_start(&keeper.settings, &keeper.settings.runs_as.name, &error))?;
        tracing::info!(
            place,
            lease = keeper.state.number.load(Ordering::Relaxed),
            "the store is open"
        );
        let (state, stop, tasks) = (
            Arc::clone(&keeper.state),
            CancellationToken::new(),
            TaskTracker::new(),
        );
        tasks.spawn(keeper.run(stop.clone()));
        tasks.close();
        Ok(Self { state, stop, tasks })
    }

    /// The number of the lease that this process writes under.
    pub(super) fn number(&self) -> i64 {
        self.state.number.load(Ordering::Relaxed)
    }

    /// How many microseconds the clock of the database is ahead of this machine's; negative if it is behind.
    pub(super) fn clock_ahead(&self) -> i64 {
        self.state.ahead.load(Ordering::Relaxed)
    }

    /// Gives the lease back, so that others need not wait until it runs out.
    pub(super) async fn give_back(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

/// Renews the lease over a connection of its own, so that no load of the others can keep it from that.
struct Keeper {
    settings: PostgresSettings,
    connection: Option<PgConnection>,
    state: Arc<State>,
    since_housekeeping: u32,
}

impl Keeper {
    async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(RENEWED_EVERY) => {}
                () = stop.cancelled() => return self.leave().await,
            }
            match timeout(PATIENCE, self.renew()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    self.connection = None;
                    let error = fault::of_sqlx(&self.settings.place(), &error);
                    tracing::warn!(%error, "the lease of this replica could not be renewed");
                }
                Err(_) => {
                    self.connection = None;
                    tracing::warn!(
                        "the database does not answer; the lease of this replica could not be renewed"
                    );
                }
            }
        }
    }

    async fn renew(&mut self) -> Result<(), sqlx::Error> {
        let number = self.state.number.load(Ordering::Relaxed);
        let asked = Asked::now();
        let connection = self.connection().await?;
        // What is renewed need not survive a crash of the server: it would be renewed again, or taken anew.
        let renewed: Option<i64> = sqlx::query_scalar(
            "UPDATE replicas SET until = clock_timestamp() + make_interval(secs => $2)
                WHERE lease = $1 AND until > clock_timestamp()
                    AND set_config('synchronous_commit', 'off', true) IS NOT NULL
                RETURNING (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
        )
        .bind(number)
        .bind(LASTS.as_secs_f64())
        .fetch_optional(connection)
        .await?;
        match renewed {
            Some(theirs) => self.note_clock(&asked, theirs),
            None => {
                self.join().await?;
                tracing::warn!(
                    before = number,
                    now = self.state.number.load(Ordering::Relaxed),
                    "this replica was taken for dead; it has joined again"
                );
            }
        }
        self.since_housekeeping += 1;
        if self.since_housekeeping >= HOUSEKEEPING_EVERY {
            self.since_housekeeping = 0;
            if let Some(connection) = &mut self.connection {
                open::make_months(connection).await?;
                // The windows of limits are by the same clock, within a minute.
                sqlx::query(
                    "DELETE FROM starts WHERE until < extract(epoch FROM clock_timestamp() - interval '1 minute') * 1000000",
                )
                .execute(connection)
                .await?;
            }
        }
        Ok(())
    }

    /// Takes a new lease; its number was never given before.
    async fn join(&mut self) -> Result<(), sqlx::Error> {
        let name = name();
        let asked = Asked::now();
        let connection = self.connection().await?;
        // Nobody writes under a lease that is over, so one that owns nothing open can go.
        sqlx::query(
            "DELETE FROM replicas WHERE until < clock_timestamp() - interval '1 day'
                AND NOT EXISTS (SELECT FROM flows WHERE flows.open AND flows.owner = replicas.lease)",
        )
        .execute(&mut *connection)
        .await?;
        let (number, theirs): (i64, i64) = sqlx::query_as(
            "INSERT INTO replicas (name, since, until)
                VALUES ($1, clock_timestamp(), clock_timestamp() + make_interval(secs => $2))
                RETURNING lease, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
        )
        .bind(name)
        .bind(LASTS.as_secs_f64())
        .fetch_one(connection)
        .await?;
        self.state.number.store(number, Ordering::Relaxed);
        self.note_clock(&asked, theirs);
        Ok(())
    }

    async fn leave(mut self) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        let left = sqlx::query("UPDATE replicas SET until = clock_timestamp() WHERE lease = $1")
            .bind(self.state.number.load(Ordering::Relaxed))
            .execute(connection);
        // Where the database is gone, the lease runs out by itself.
        let _ = timeout(PATIENCE, left).await;
        if let Some(connection) = self.connection.take() {
            let _ = timeout(PATIENCE, connection.close()).await;
        }
    }

    async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        if self.connection.is_none() {
            let connection = open::connect(&self.settings).await;
            self.connection = Some(connection.map_err(|error| sqlx::Error::Protocol(error.to_string()))?);
        }
        self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// The moment that the database told lies somewhere between question and answer.
    fn note_clock(&self, asked: &Asked, theirs: i64) {
        let half_way = asked.micros + i64::try_from(asked.at.elapsed().as_micros() / 2).unwrap_or(0);
        self.state.ahead.store(theirs - half_way, Ordering::Relaxed);
    }
}

/// When a question was asked, by this machine's clock.
struct Asked {
    at: Instant,
    micros: i64,
}

impl Asked {
    fn now() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Self {
            at: Instant::now(),
            micros: i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX),
        }
    }
}

/// For the operator, who looks into `replicas`: the machine and the process.
fn name() -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{} {}", machine.trim(), std::process::id())
}

/// By the clock of the database. Another replica goes on with the flows of a dead one after this and a look.
const LASTS: Duration = Duration::from_secs(8);
const RENEWED_EVERY: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(4);
/// About once an hour.
const HOUSEKEEPING_EVERY: u32 = 1_800;
