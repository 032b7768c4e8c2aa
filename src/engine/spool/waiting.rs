use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Notify;

use super::entry::Damage;
use super::entry::Entry;
use super::folder::Folder;
use super::folder::room_of;
use super::options::SpoolOptions;
use crate::audit::seal::SealError;
use crate::audit::seal::SpoolKey;
use crate::engine::input::Arrival;
use crate::words::Digest;
use crate::words::ExchangeId;

/// The callbacks that wait for the store.
pub(crate) struct Spool {
    pub(super) folder: Folder,
    pub(super) options: SpoolOptions,
    key: SpoolKey,
    index: Mutex<Index>,
    /// How many wait; read at every step of every flow, so it needs no lock.
    count: AtomicUsize,
    /// Somebody has come.
    pub(super) arrived: Notify,
    /// What the log said of strangers when a run before this one stopped in between; asked once.
    pub(super) known: tokio::sync::Mutex<Option<HashSet<ExchangeId>>>,
}

/// Why a callback can't wait here.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The folder can't be used.
    #[error(
        "the spool {}: {source}; name a folder that this user alone writes to, `spool.folder` in midflow.yaml",
        folder.display()
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// There is no key to seal with.
    #[error(
        "the store seals nothing, so no callback may wait outside of it; hand in a `Sealed` store, or no spool"
    )]
    Unsealed,
    /// It is full.
    #[error(
        "the spool is full: {waiting} callbacks wait, {bytes} bytes; mend the store, or enlarge `spool.size_mb`"
    )]
    Full {
        /// How many wait.
        waiting: usize,
        /// How much room they take.
        bytes: u64,
    },
    /// It can't be sealed.
    #[error("a callback can't be sealed: {0}")]
    Seal(SealError),
    /// This node is stopping.
    #[error("the spool is closed")]
    Closed,
}

#[derive(Default)]
struct Index {
    entries: BTreeMap<u64, Waiting>,
    by_token: HashMap<Digest, VecDeque<u64>>,
    /// Room that is taken, by entries that are still being written too.
    bytes: u64,
    /// Of this, by callbacks whose flow is not known here.
    strangers: u64,
    last: u64,
    /// Found damaged when the spool was opened, and not reported yet.
    damaged: Vec<(u64, Damage)>,
    closed: bool,
}

#[derive(Clone, Copy)]
struct Waiting {
    token: Digest,
    room: u64,
    is_stranger: bool,
}

impl Spool {
    /// Opens a spool with what an earlier run has left in it.
    pub(crate) fn open(options: SpoolOptions, key: SpoolKey) -> Result<Self, SpoolError> {
        let fault = |source| SpoolError::Folder {
            folder: options.folder.clone(),
            source,
        };
        let folder = Folder::open(&options.folder).map_err(fault)?;
        let mut index = Index {
            last: folder.greatest_aside().map_err(fault)?,
            ..Index::default()
        };
        for number in folder.numbers().map_err(fault)? {
            index.last = index.last.max(number);
            let read = folder
                .read(number)
                .map_err(|error| Damage::Unreadable(error.to_string()))
                .and_then(|file| Ok((Entry::from_file(number, &file, &key)?, file.len())));
            match read {
                Ok((entry, size)) => index.add(
                    number,
                    Waiting {
                        token: entry.token,
                        room: room_of(size),
                        is_stranger: false,
                    },
                ),
                Err(damage) => {
                    folder.set_aside(number).map_err(fault)?;
                    index.damaged.push((number, damage));
                }
            }
        }
        index.bytes = index.entries.values().map(|waiting| waiting.room).sum();
        Ok(Self {
            count: AtomicUsize::new(index.entries.len()),
            folder,
            options,
            key,
            index: Mutex::new(index),
            arrived: Notify::new(),
            known: tokio::sync::Mutex::default(),
        })
    }

    /// Keeps a callback. When this returns `Ok`, it is on the disk and will be taken in, whatever happens to this process.
    pub(crate) async fn keep(
        self: &Arc<Self>,
        token: Digest,
        arrival: Arrival,
        is_stranger: bool,
    ) -> Result<(), SpoolError> {
        // What is sealed is longer by some two hundred bytes at the most.
        let room = room_of(arrival.bytes.len() + arrival.source.len() + 512);
        let number = self.reserve(token, room, is_stranger)?;
        let waiting = Waiting {
            token,
            room,
            is_stranger,
        };
        let entry = Entry {
            number,
            token,
            exchange: arrival.exchange,
            source: arrival.source,
            at: arrival.at,
            bytes: arrival.bytes,
        };
        let spool = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || {
            let file = entry.to_file(&spool.key).map_err(SpoolError::Seal)?;
            let written = spool.folder.write(number, &file);
            written.map_err(|source| SpoolError::Folder {
                folder: spool.options.folder.clone(),
                source,
            })
        })
        .await
        .unwrap_or(Err(SpoolError::Closed));
        let mut index = self.lock();
        match written {
            Ok(()) => {
                index.add(number, waiting);
                self.count.store(index.entries.len(), Ordering::SeqCst);
                drop(index);
                self.arrived.notify_one();
                Ok(())
            }
            Err(error) => {
                index.free(&waiting);
                Err(error)
            }
        }
    }

    fn reserve(&self, token: Digest, room: u64, is_stranger: bool) -> Result<u64, SpoolError> {
        let mut index = self.lock();
        if index.closed {
            return Err(SpoolError::Closed);
        }
        let of_flow = index.by_token.get(&token).map_or(0, VecDeque::len);
        // Whoever makes up tokens takes no more than a quarter; whoever knows one no more than some.
        let fits = index.bytes + room <= self.options.size
            && (!is_stranger || index.strangers + room <= self.options.size / 4)
            && of_flow < MOST_OF_A_FLOW;
        if !fits {
            return Err(SpoolError::Full {
                waiting: index.entries.len(),
                bytes: index.bytes,
            });
        }
        index.bytes += room;
        index.strangers += if is_stranger { room } else { 0 };
        index.last += 1;
        Ok(index.last)
    }

    /// How long a callback waits for the store before it is kept here.
    pub(crate) const fn patience(&self) -> Duration {
        self.options.patience
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// How much room they take, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// How many were damaged and are set aside.
    pub(crate) fn aside(&self) -> usize {
        self.folder.aside()
    }

    /// The first that waits for the flow of this token.
    pub(super) fn first_of(&self, token: &Digest) -> Option<u64> {
        if self.len() == 0 {
            return None;
        }
        self.lock().by_token.get(token)?.front().copied()
    }

    /// The tokens of all that wait, each once, in the order of their first.
    pub(super) fn tokens(&self) -> Vec<Digest> {
        let index = self.lock();
        let mut seen = HashSet::new();
        let tokens = index.entries.values().map(|waiting| waiting.token);
        tokens.filter(|token| seen.insert(*token)).collect()
    }

    /// Reads an entry; `None` where another has taken it in meanwhile. One that is damaged is set aside, and stays there.
    pub(super) async fn read(self: &Arc<Self>, number: u64) -> Result<Option<Entry>, Damage> {
        let spool = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || {
            let file = spool.folder.read(number);
            let file = file.map_err(|error| Damage::Unreadable(error.to_string()))?;
            Entry::from_file(number, &file, &spool.key)
        })
        .await
        .unwrap_or_else(|_| Err(Damage::Unreadable("reading it failed inside".to_owned())));
        match read {
            Ok(entry) => Ok(Some(entry)),
            Err(_) if !self.is_waiting(number) => Ok(None),
            Err(damage) => {
                if let Err(error) = self.folder.set_aside(number) {
                    tracing::error!(number, %error, "a damaged callback of the spool can't be moved away");
                }
                self.forget(number);
                Err(damage)
            }
        }
    }

    /// Takes an entry away, once the store has it.
    pub(super) async fn remove(self: &Arc<Self>, number: u64) {
        // Nobody finds it any more, though it counts until its file is gone.
        self.hide(number);
        let spool = Arc::clone(self);
        let removed = tokio::task::spawn_blocking(move || spool.folder.remove(number)).await;
        if let Ok(Err(error)) = removed {
            // It is known by its id, so it is taken in no second time.
            tracing::warn!(number, %error, "a callback of the spool was taken in and can't be removed");
        }
        self.forget(number);
    }

    fn forget(&self, number: u64) {
        self.hide(number);
        let mut index = self.lock();
        if let Some(waiting) = index.entries.remove(&number) {
            index.free(&waiting);
        }
        self.count.store(index.entries.len(), Ordering::SeqCst);
    }

    fn hide(&self, number: u64) {
        let mut index = self.lock();
        let Some(token) = index.entries.get(&number).map(|waiting| waiting.token) else {
            return;
        };
        if let Some(numbers) = index.by_token.get_mut(&token) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                index.by_token.remove(&token);
            }
        }
    }

    fn is_waiting(&self, number: u64) -> bool {
        let index = self.lock();
        let numbers = index
            .entries
            .get(&number)
            .and_then(|waiting| index.by_token.get(&waiting.token));
        numbers.is_some_and(|numbers| numbers.contains(&number))
    }

    /// What was found damaged and has not been reported.
    pub(super) fn take_damaged(&self) -> Vec<(u64, Damage)> {
        std::mem::take(&mut self.lock().damaged)
    }

    /// Puts back what could not be reported.
    pub(super) fn still_damaged(&self, number: u64, damage: Damage) {
        self.lock().damaged.push((number, damage));
    }

    /// Takes nothing more, and gives the folder free.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.folder.close();
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn add(&mut self, number: u64, waiting: Waiting) {
        self.entries.insert(number, waiting);
        let numbers = self.by_token.entry(waiting.token).or_default();
        // Two of one flow may be written at the same time.
        let place = numbers.iter().position(|other| *other > number);
        numbers.insert(place.unwrap_or(numbers.len()), number);
    }

    fn free(&mut self, waiting: &Waiting) {
        self.bytes = self.bytes.saturating_sub(waiting.room);
        if waiting.is_stranger {
            self.strangers = self.strangers.saturating_sub(waiting.room);
        }
    }
}

/// Whoever knows the token of a flow could fill the spool.
const MOST_OF_A_FLOW: usize = 32;
