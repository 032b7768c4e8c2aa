use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::postgres::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::lease::Lease;

/// Tells other replicas that there is news, and hears it from them.
///
/// A hint saves waiting and nothing else: each is sent by itself after the commit, at most one in [`PAUSE`], since the
/// server lets them through one by one. One that is lost is made good by looking again.
pub(super) struct Hints {
    news: Arc<Notify>,
    heard: Arc<Notify>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Hints {
    pub(super) fn start(helpers: PgPool, lease: Arc<Lease>) -> Self {
        let (news, heard) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let telling = tell(helpers.clone(), Arc::clone(&lease), Arc::clone(&news));
        tasks.spawn(stop.clone().run_until_cancelled_owned(telling));
        let hearing = hear(helpers, lease, Arc::clone(&heard));
        tasks.spawn(stop.clone().run_until_cancelled_owned(hearing));
        tasks.close();
        Self {
            news,
            heard,
            stop,
            tasks,
        }
    }

    /// Where the writer says that it has committed.
    pub(super) fn news(&self) -> Arc<Notify> {
        Arc::clone(&self.news)
    }

    /// Returns when another replica has hinted since the last call.
    pub(super) async fn heard(&self) {
        self.heard.notified().await;
    }

    pub(super) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

async fn tell(helpers: PgPool, lease: Arc<Lease>, news: Arc<Notify>) {
    loop {
        news.notified().await;
        tokio::time::sleep(PAUSE).await;
        let told = sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(lease.number().to_string())
            .execute(&helpers);
        // The others look by themselves.
        let _ = told.await;
    }
}

async fn hear(helpers: PgPool, lease: Arc<Lease>, heard: Arc<Notify>) {
    loop {
        if let Ok(mut listener) = PgListener::connect_with(&helpers).await
            && listener.listen(CHANNEL).await.is_ok()
        {
            while let Ok(hint) = listener.recv().await {
                if hint.payload() != lease.number().to_string() {
                    heard.notify_one();
                }
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

const CHANNEL: &str = "midflow_news";
const PAUSE: Duration = Duration::from_millis(50);
const AGAIN: Duration = Duration::from_secs(1);
