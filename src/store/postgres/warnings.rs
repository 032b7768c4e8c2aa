use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use tracing::Dispatch;
use tracing::Event;
use tracing::Level;
use tracing::Metadata;
use tracing::Subscriber;
use tracing::instrument::WithSubscriber as _;
use tracing::level_filters::LevelFilter;
use tracing::span::Attributes;
use tracing::span::Id;
use tracing::span::Record;

/// Hears whether the server warned while a statement ran.
///
/// A commit that waits for its synchronous standby and is cancelled answers that it is done, with a warning: only the
/// warning tells that a standby may not have it. The driver shows warnings in one way, as events of `tracing`; so the
/// statement runs under a subscriber of ours that listens for them.
pub(super) struct Warnings {
    heard: Arc<AtomicBool>,
    dispatch: Dispatch,
    /// Never used. Where there is one subscriber only, `tracing` asks whichever is current when an event is met for the
    /// first time, and remembers for ever that nobody wants it if none was. Where there are two, it asks all.
    _second: Dispatch,
}

impl Warnings {
    pub(super) fn new() -> Self {
        let heard = Arc::new(AtomicBool::new(false));
        let ear = || Ear {
            heard: Arc::clone(&heard),
        };
        Self {
            dispatch: Dispatch::new(ear()),
            _second: Dispatch::new(ear()),
            heard,
        }
    }

    /// Carries out `statement`, and says whether the server warned meanwhile.
    pub(super) async fn listen<T>(&self, statement: impl Future<Output = T>) -> (T, bool) {
        self.heard.store(false, Ordering::Relaxed);
        let result = statement.with_subscriber(self.dispatch.clone()).await;
        (result, self.heard.load(Ordering::Relaxed))
    }
}

struct Ear {
    heard: Arc<AtomicBool>,
}

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The driver asks first whether anybody listens, which is neither an event nor a span.
        !metadata.is_span() && *metadata.level() <= Level::WARN && metadata.target() == NOTICES
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn event(&self, event: &Event<'_>) {
        if self.enabled(event.metadata()) {
            self.heard.store(true, Ordering::Relaxed);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The target under which the driver reports what a server says.
const NOTICES: &str = "sqlx::postgres::notice";

#[cfg(test)]
mod tests {
    use super::*;

    fn warn_as_the_driver_does() {
        if tracing::enabled!(target: "sqlx::postgres::notice", Level::WARN) {
            tracing::warn!(target: "sqlx::postgres::notice", "a warning");
        }
    }

    // An event that was met before anybody listened was never heard.
    #[tokio::test]
    async fn only_warnings_of_the_server_count() {
        let warnings = Warnings::new();
        warn_as_the_driver_does();
        let (_, heard) = warnings
            .listen(async {
                tracing::warn!(target: "something::else", "a warning");
                tracing::info!(target: "sqlx::postgres::notice", "a notice");
            })
            .await;
        assert!(!heard);
        let (_, heard) = warnings.listen(async { warn_as_the_driver_does() }).await;
        assert!(heard);
        let (_, heard) = warnings.listen(async {}).await;
        assert!(!heard, "what was heard once is over");
    }
}
