use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;

use super::*;
use crate::audit::AdminRecord;
use crate::audit::Committing;
use crate::audit::Event;
use crate::audit::Record;
use crate::words::Timestamp;

/// A store that takes its time, and remembers what it was given.
#[derive(Default)]
struct Slow {
    takes: Duration,
    kept: Mutex<Vec<String>>,
    batches: Mutex<Vec<usize>>,
    behaviour: Behaviour,
}

#[derive(Default, PartialEq)]
enum Behaviour {
    #[default]
    Commits,
    Panics,
    ForgetsToAnswer,
    RefusesOdd,
}

#[async_trait]
impl Commit for Slow {
    async fn commit(&self, batch: Vec<Unit>) -> Vec<Result<(), CommitError>> {
        let is_written = batch.iter().all(|unit| unit.written.event(0).is_some());
        assert!(is_written, "who hands in writes down");
        sleep(self.takes).await;
        self.batches.lock().unwrap().push(batch.len());
        assert!(self.behaviour != Behaviour::Panics, "as planned");
        if self.behaviour == Behaviour::ForgetsToAnswer {
            return Vec::new();
        }
        let mut answers = Vec::new();
        for unit in &batch {
            let name = name_of(unit);
            let odd = self.behaviour == Behaviour::RefusesOdd && name.ends_with(['1', '3', '5', '7', '9']);
            if odd {
                answers.push(Err(CommitError::Conflict));
            } else {
                self.kept.lock().unwrap().push(name);
                answers.push(Ok(()));
            }
        }
        answers
    }
}

fn unit(name: &str) -> Unit {
    Unit {
        records: vec![Record {
            at: Timestamp::EPOCH,
            flow: None,
            subject: crate::audit::Subject::Nobody,
            event: Event::Admin(AdminRecord {
                act: name.to_owned(),
                actor: "test".to_owned(),
                catalog: None,
                detail: String::new(),
                signed: None,
            }),
        }],
        ..Unit::default()
    }
}

fn name_of(unit: &Unit) -> String {
    match &unit.records[0].event {
        Event::Admin(admin) => admin.act.clone(),
        _ => unreachable!("the tests make administrative records only"),
    }
}

fn start(store: Slow) -> (Recorder, Arc<Slow>) {
    let store = Arc::new(store);
    let recorder = Recorder::start(Arc::clone(&store) as Arc<dyn Commit>, RecorderOptions::default());
    (recorder, store)
}

#[tokio::test(start_paused = true)]
async fn the_proof_comes_after_the_commit() {
    let (recorder, store) = start(Slow {
        takes: Duration::from_millis(5),
        ..Slow::default()
    });
    let mut call = Box::pin(recorder.record(unit("a"), 7));
    assert!(
        tokio::time::timeout(Duration::from_millis(3), &mut call)
            .await
            .is_err()
    );
    assert!(store.kept.lock().unwrap().is_empty());
    assert_eq!(*call.await.unwrap(), 7);
    assert_eq!(*store.kept.lock().unwrap(), ["a"]);
}

// A regression: what one command records had the order of chance, and so had the log of a statement.
#[tokio::test(start_paused = true)]
async fn what_is_recorded_together_keeps_its_order() {
    let (recorder, store) = start(Slow::default());
    let names: Vec<String> = (0..3_000).map(|number| number.to_string()).collect();
    let units = names.iter().map(|name| unit(name)).collect();
    recorder.record_all(units).await.unwrap();
    assert_eq!(*store.kept.lock().unwrap(), names, "more than the queue holds");

    let (recorder, _) = start(Slow {
        behaviour: Behaviour::RefusesOdd,
        ..Slow::default()
    });
    let units = ["0", "1", "2"].map(unit).into();
    assert_eq!(recorder.record_all(units).await, Err(CommitError::Conflict));
}

#[tokio::test(start_paused = true)]
async fn each_caller_gets_its_own_answer() {
    let (recorder, store) = start(Slow {
        behaviour: Behaviour::RefusesOdd,
        takes: Duration::from_millis(1),
        ..Slow::default()
    });
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..100 {
        let recorder = recorder.clone();
        calls.spawn(async move {
            (
                number,
                recorder.record(unit(&number.to_string()), ()).await.is_ok(),
            )
        });
    }
    for (number, recorded) in calls.join_all().await {
        assert_eq!(recorded, number % 2 == 0, "{number}");
    }
    assert_eq!(store.kept.lock().unwrap().len(), 50);
    let stats = recorder.stats();
    assert_eq!((stats.units, stats.failed, stats.waiting), (50, 50, 0));
    assert_eq!(stats.batch_sizes.iter().sum::<u64>(), stats.commits);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_store_is_an_error_and_not_the_end() {
    let (recorder, store) = start(Slow {
        behaviour: Behaviour::Panics,
        ..Slow::default()
    });
    for _ in 0..3 {
        let error = recorder.record(unit("a"), ()).await.unwrap_err();
        assert_eq!(error, CommitError::Store(PANICKED.to_owned()));
    }
    assert_eq!(store.batches.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_gives_no_answer_gives_no_proof() {
    let (recorder, _) = start(Slow {
        behaviour: Behaviour::ForgetsToAnswer,
        ..Slow::default()
    });
    let error = recorder.record(unit("a"), ()).await.unwrap_err();
    assert_eq!(error, CommitError::Store(UNANSWERED.to_owned()));
    assert_eq!(recorder.stats().failed, 1);
}

#[tokio::test(start_paused = true)]
async fn shutdown_commits_what_was_handed_in_and_takes_no_more() {
    let (recorder, store) = start(Slow {
        takes: Duration::from_millis(10),
        ..Slow::default()
    });
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..500 {
        let recorder = recorder.clone();
        calls.spawn(async move { recorder.record(unit(&number.to_string()), ()).await.is_ok() });
    }
    while recorder.stats().waiting < 200 {
        tokio::task::yield_now().await;
    }
    recorder.shutdown().await;
    assert!(matches!(
        recorder.record(unit("late"), ()).await,
        Err(CommitError::Stopped)
    ));
    let recorded = calls.join_all().await.into_iter().filter(|good| *good).count();
    assert!(recorded >= 200, "{recorded}");
    assert_eq!(store.kept.lock().unwrap().len(), recorded);
    recorder.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_last_recorder_and_drains_first() {
    let (recorder, store) = start(Slow {
        takes: Duration::from_millis(10),
        ..Slow::default()
    });
    let tasks = recorder.tasks.clone();
    for number in 0..50 {
        let mut call = Box::pin(recorder.record(unit(&number.to_string()), ()));
        assert!(futures_poll_once(&mut call).await.is_none());
    }
    drop(recorder);
    tasks.wait().await;
    assert_eq!(store.kept.lock().unwrap().len(), 50);
}

// A queue that is full makes callers wait; those who leave meanwhile have handed in nothing.
#[tokio::test(start_paused = true)]
async fn a_full_queue_holds_callers_back() {
    let store = Arc::new(Slow {
        takes: Duration::from_millis(10),
        ..Slow::default()
    });
    let options = RecorderOptions {
        max_batch: 4,
        queue: 4,
    };
    let recorder = Recorder::start(Arc::clone(&store) as Arc<dyn Commit>, options);
    let answered = Arc::new(AtomicUsize::new(0));
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..40 {
        let recorder = recorder.clone();
        let answered = Arc::clone(&answered);
        calls.spawn(async move {
            recorder.record(unit(&number.to_string()), ()).await.unwrap();
            answered.fetch_add(1, Ordering::Relaxed);
        });
    }
    sleep(Duration::from_millis(5)).await;
    assert!(recorder.stats().waiting <= 4);
    calls.join_all().await;
    assert_eq!(answered.load(Ordering::Relaxed), 40);
    assert!(store.batches.lock().unwrap().iter().all(|size| *size <= 4));
}

#[tokio::test(start_paused = true)]
async fn callers_that_leave_neither_stop_nor_lose_a_commit() {
    let (recorder, store) = start(Slow {
        takes: Duration::from_millis(2),
        ..Slow::default()
    });
    let mut acknowledged = BTreeSet::new();
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..2_000_u64 {
        let recorder = recorder.clone();
        let patience = Duration::from_millis(number * 7 % 12);
        calls.spawn(async move {
            let name = number.to_string();
            tokio::time::timeout(patience, recorder.record(unit(&name), ()))
                .await
                .is_ok_and(|recorded| recorded.is_ok())
                .then_some(name)
        });
    }
    acknowledged.extend(calls.join_all().await.into_iter().flatten());
    recorder.shutdown().await;
    let kept: Vec<_> = store.kept.lock().unwrap().clone();
    let unique: BTreeSet<_> = kept.iter().cloned().collect();
    assert_eq!(unique.len(), kept.len(), "a unit was committed twice");
    assert!(acknowledged.len() > 100 && acknowledged.is_subset(&unique));
}

/// 64 flows of four units each in flight, with a pause before each unit, over a disk of one sync a
/// millisecond; time is virtual.
async fn crowd(callers: u64) -> RecorderStats {
    let (recorder, _) = start(Slow {
        takes: Duration::from_millis(1),
        ..Slow::default()
    });
    let mut flows = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let recorder = recorder.clone();
        flows.spawn(async move {
            for step in 0..100 {
                sleep(Duration::from_millis((caller * 31 + step * 17) % 10)).await;
                recorder.record(unit("step"), ()).await.unwrap();
            }
        });
    }
    flows.join_all().await;
    recorder.stats()
}

#[tokio::test(start_paused = true)]
async fn with_64_flows_in_flight_four_flows_share_a_sync() {
    let stats = crowd(64).await;
    eprintln!(
        "64 flows in flight: {:.1} units a commit; {stats:?}",
        stats.average_batch()
    );
    assert_eq!(stats.units, 6_400);
    assert!(stats.average_batch() >= 16.0, "{stats:?}");
}

#[tokio::test(start_paused = true)]
async fn a_single_flow_never_waits_for_others() {
    let (recorder, _) = start(Slow {
        takes: Duration::from_millis(1),
        ..Slow::default()
    });
    let before = Instant::now();
    for _ in 0..100 {
        recorder.record(unit("step"), ()).await.unwrap();
    }
    // The virtual clock rounds each pause up to the next millisecond.
    assert!(
        before.elapsed() <= Duration::from_millis(200),
        "{:?}",
        before.elapsed()
    );
}

/// A store that accepts batches at once and commits them one after another, as the real ones do.
struct Lane {
    jobs: mpsc::UnboundedSender<Job>,
    most_waiting: Arc<AtomicUsize>,
    waiting: Arc<AtomicUsize>,
    kept: Arc<Mutex<Vec<String>>>,
    /// A batch that begins with this name is not accepted.
    panics_at: Option<&'static str>,
}

/// A batch, and where its answers go.
type Job = (Vec<Unit>, oneshot::Sender<Vec<Result<(), CommitError>>>);

impl Lane {
    fn start(takes: Duration, panics_at: Option<&'static str>) -> Arc<Self> {
        let (jobs, mut waiting_jobs) = mpsc::unbounded_channel::<Job>();
        let (kept, waiting) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let lane = Self {
            jobs,
            most_waiting: Arc::default(),
            waiting: Arc::clone(&waiting),
            kept: Arc::clone(&kept),
            panics_at,
        };
        tokio::spawn(async move {
            while let Some((units, answer)) = waiting_jobs.recv().await {
                sleep(takes).await;
                let names = units.iter().map(name_of);
                kept.lock().unwrap().extend(names);
                waiting.fetch_sub(1, Ordering::SeqCst);
                let _ = answer.send(units.iter().map(|_| Ok(())).collect());
            }
        });
        Arc::new(lane)
    }
}

#[async_trait]
impl Commit for Lane {
    async fn commit(&self, batch: Vec<Unit>) -> Vec<Result<(), CommitError>> {
        self.accept(batch).await.await
    }

    async fn accept(&self, batch: Vec<Unit>) -> Committing {
        // Making a batch ready takes longer the earlier it comes: who does not wait for the one before overtakes it.
        sleep(Duration::from_micros(200)).await;
        assert!(self.panics_at != Some(name_of(&batch[0]).as_str()), "as planned");
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_waiting.fetch_max(waiting, Ordering::SeqCst);
        let (answer, answered) = oneshot::channel();
        self.jobs.send((batch, answer)).unwrap();
        Box::pin(async move { answered.await.unwrap() })
    }
}

fn many(names: std::ops::Range<u32>) -> Vec<Unit> {
    names.map(|number| unit(&number.to_string())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_crowd_is_handed_over_while_the_disk_is_busy_and_keeps_its_order() {
    let store = Lane::start(Duration::from_millis(5), None);
    let options = RecorderOptions {
        max_batch: 64,
        ..RecorderOptions::default()
    };
    let recorder = Recorder::start(Arc::clone(&store) as Arc<dyn Commit>, options);
    recorder.record_all(many(0..640)).await.unwrap();
    let names: Vec<String> = (0..640).map(|number| number.to_string()).collect();
    assert_eq!(*store.kept.lock().unwrap(), names);
    let stats = recorder.stats();
    assert!(
        stats.units == 640 && (10..=14).contains(&stats.commits),
        "{stats:?}"
    );
    assert_eq!(
        store.most_waiting.load(Ordering::SeqCst),
        2,
        "one on the disk, one behind it, and no more"
    );
}

// Whoever is few waits for the disk, so that as many as possible share the next sync.
#[tokio::test(start_paused = true)]
async fn a_few_are_not_handed_over_early() {
    let store = Lane::start(Duration::from_millis(5), None);
    let recorder = Recorder::start(Arc::clone(&store) as Arc<dyn Commit>, RecorderOptions::default());
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..40_u64 {
        let recorder = recorder.clone();
        calls.spawn(async move {
            sleep(Duration::from_millis(number % 5)).await;
            recorder.record(unit(&number.to_string()), ()).await.unwrap();
        });
    }
    calls.join_all().await;
    assert_eq!(store.most_waiting.load(Ordering::SeqCst), 1);
    assert!(recorder.stats().commits <= 6, "{:?}", recorder.stats());
}

// A regression: where a batch was always under way, nobody looked whether the recorder was to stop, so it never did.
#[tokio::test(start_paused = true)]
async fn a_shutdown_is_seen_under_steady_load() {
    let store = Lane::start(Duration::from_millis(5), None);
    let options = RecorderOptions {
        max_batch: 64,
        ..RecorderOptions::default()
    };
    let recorder = Recorder::start(Arc::clone(&store) as Arc<dyn Commit>, options);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..512 {
        let recorder = recorder.clone();
        callers.spawn(async move { while recorder.record(unit("again"), ()).await.is_ok() {} });
    }
    sleep(Duration::from_millis(100)).await;
    let stopping = tokio::time::timeout(Duration::from_secs(10), recorder.shutdown());
    stopping.await.expect("it stops");
    callers.join_all().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_one_batch_does_not_touch_the_one_behind_it() {
    let store = Lane::start(Duration::from_millis(5), Some("64"));
    let options = RecorderOptions {
        max_batch: 64,
        ..RecorderOptions::default()
    };
    let recorder = Recorder::start(Arc::clone(&store) as Arc<dyn Commit>, options);
    let mut answers = Vec::new();
    for unit in many(0..192) {
        answers.push(recorder.hand_in(unit).await.unwrap());
    }
    for (number, answered) in answers.into_iter().enumerate() {
        let expected = if (64..128).contains(&number) {
            Err(CommitError::Store(PANICKED.to_owned()))
        } else {
            Ok(())
        };
        assert_eq!(committed(answered).await, expected, "{number}");
    }
    recorder.shutdown().await;
    assert_eq!(store.kept.lock().unwrap().len(), 128);
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_every_batch_that_is_under_way() {
    let store = Lane::start(Duration::from_millis(5), None);
    let recorder = Recorder::start(Arc::clone(&store) as Arc<dyn Commit>, RecorderOptions::default());
    let mut answers = Vec::new();
    for unit in many(0..600) {
        answers.push(recorder.hand_in(unit).await.unwrap());
    }
    recorder.shutdown().await;
    assert_eq!(store.kept.lock().unwrap().len(), 600);
    for answered in answers {
        committed(answered).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_written_down_is_what_the_record_says() {
    let (recorder, _) = start(Slow::default());
    let unit = unit("a");
    let written = Written::of(&unit);
    let event = written.event(0).unwrap();
    assert_eq!(
        event.json().as_bytes(),
        unit.records[0].event.to_canonical_json().unwrap()
    );
    assert_eq!(event.digest(), crate::words::Digest::of(event.json().as_bytes()));
    assert!(written.event(1).is_none() && written.state().is_none());
    recorder.record(unit, ()).await.unwrap();
}

async fn futures_poll_once<F: std::future::Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}
