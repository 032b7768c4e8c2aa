//! The files of a spool, without an engine around them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;
use uuid::Uuid;

use super::entry::Damage;
use super::entry::Entry;
use super::options::SpoolOptions;
use super::waiting::Spool;
use super::waiting::SpoolError;
use crate::audit::seal::KeyRing;
use crate::audit::seal::SecretWrapper;
use crate::audit::seal::SpoolKey;
use crate::engine::input::Arrival;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::ExchangeId;
use crate::words::Timestamp;

/// The key is the same in every run of one test.
struct Place {
    folder: TempDir,
    ring: KeyRing,
    size: u64,
}

impl Place {
    fn new(size: u64) -> Self {
        let wrapper = SecretWrapper::new(&[1; 32]).unwrap();
        let rows = KeyRing::begin(Environment::Test, &wrapper, Timestamp::EPOCH).unwrap();
        Self {
            folder: TempDir::new().unwrap(),
            ring: KeyRing::open(Environment::Test, &wrapper, &rows).unwrap(),
            size,
        }
    }

    fn key(&self) -> SpoolKey {
        self.ring.spool_key()
    }

    fn open(&self) -> Arc<Spool> {
        let options = SpoolOptions {
            size: self.size,
            ..SpoolOptions::new(self.folder.path())
        };
        Arc::new(Spool::open(options, self.key()).unwrap())
    }

    fn file(&self, number: u64) -> std::path::PathBuf {
        self.folder.path().join(format!("{number:020}.callback"))
    }
}

fn arrival(number: u8, body: &'static [u8]) -> Arrival {
    Arrival {
        direct: false,
        spooled: false,
        exchange: ExchangeId::from_uuid(Uuid::from_bytes([number; 16])),
        digest: Digest::of(body),
        source: "192.0.2.1".to_owned(),
        bytes: Bytes::from_static(body),
        at: Timestamp::from_micros(i64::from(number)),
    }
}

fn token(number: u8) -> Digest {
    Digest::of(&[number])
}

async fn read(spool: &Arc<Spool>, number: u64) -> Entry {
    spool.read(number).await.ok().flatten().unwrap()
}

async fn bodies(spool: &Arc<Spool>, token: Digest) -> Vec<Bytes> {
    let mut bodies = Vec::new();
    while let Some(number) = spool.first_of(&token) {
        bodies.push(read(spool, number).await.bytes);
        spool.remove(number).await;
    }
    bodies
}

// R000-148: what waits comes back as it came, in its order, also in another process.
#[tokio::test]
async fn what_waits_outlives_the_process_and_keeps_its_order() {
    let place = Place::new(1 << 20);
    let spool = place.open();
    for (number, of, body) in [
        (1, 1, &b"one"[..]),
        (2, 2, b"other"),
        (3, 1, b"two"),
        (4, 1, b"three"),
    ] {
        spool.keep(token(of), arrival(number, body), false).await.unwrap();
    }
    spool.close();
    let spool = place.open();
    assert_eq!(spool.len(), 4);
    assert_eq!(spool.tokens(), [token(1), token(2)]);
    let first = read(&spool, 1).await;
    assert_eq!(
        (first.at, first.source.as_str()),
        (Timestamp::from_micros(1), "192.0.2.1")
    );
    assert_eq!(bodies(&spool, token(1)).await, ["one", "two", "three"]);
    assert_eq!(bodies(&spool, token(2)).await, ["other"]);
    assert_eq!((spool.len(), spool.bytes()), (0, 0));
    // Numbers are not given twice while the process lives.
    spool.keep(token(1), arrival(9, b"later"), false).await.unwrap();
    assert_eq!(spool.first_of(&token(1)), Some(5));
}

// Two that look at the same callback at the same time: the second finds it taken in, and no damage.
#[tokio::test]
async fn what_another_has_taken_in_is_not_damaged() {
    let place = Place::new(1 << 20);
    let spool = place.open();
    spool.keep(token(1), arrival(1, b"body"), false).await.unwrap();
    let seen = spool.first_of(&token(1)).unwrap();
    spool.remove(seen).await;
    assert!(matches!(spool.read(seen).await, Ok(None)));
    assert_eq!(spool.aside(), 0);
}

// Law 13: nothing of a person is on the disk in clear, neither while it waits nor when it was taken in.
#[tokio::test]
async fn nothing_waits_in_clear() {
    let place = Place::new(1 << 20);
    let spool = place.open();
    spool
        .keep(token(1), arrival(1, b"399123100017"), false)
        .await
        .unwrap();
    let file = fs::read(place.file(1)).unwrap();
    for secret in [&b"399123100017"[..], token(1).as_bytes(), b"192.0.2.1"] {
        assert!(!file.windows(secret.len()).any(|part| part == secret));
    }
    let mode = fs::metadata(place.file(1)).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
}

// Any damage is noticed, at the next look and at the next start; the file stays.
#[tokio::test]
async fn what_is_damaged_is_set_aside_and_never_dropped() {
    let place = Place::new(1 << 20);
    let spool = place.open();
    for number in 1..=4 {
        spool
            .keep(token(number), arrival(number, b"body"), false)
            .await
            .unwrap();
    }
    flip(&place.file(1), 100);
    assert!(matches!(spool.read(1).await, Err(Damage::Sealed(_))));
    fs::copy(place.file(4), place.file(2)).unwrap();
    assert!(matches!(spool.read(2).await, Err(Damage::Moved)));
    assert_eq!((spool.len(), spool.aside()), (2, 2));
    spool.close();
    flip(&place.file(3), 0);
    let spool = place.open();
    assert_eq!(spool.take_damaged(), [(3, Damage::Foreign)]);
    assert_eq!((spool.len(), spool.aside()), (1, 3));
    // The number of what was set aside is not given again.
    spool.close();
    fs::remove_file(place.file(4)).unwrap();
    let spool = place.open();
    spool.keep(token(1), arrival(9, b"new"), false).await.unwrap();
    assert_eq!(spool.first_of(&token(1)), Some(4));
}

fn flip(file: &Path, byte: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[byte] ^= 1;
    fs::write(file, bytes).unwrap();
}

// What was never acknowledged does not come back.
#[tokio::test]
async fn what_was_cut_off_while_it_was_written_is_cleared_away() {
    let place = Place::new(1 << 20);
    place.open().close();
    fs::write(place.folder.path().join("00000000000000000007.new"), b"half").unwrap();
    let spool = place.open();
    assert_eq!((spool.len(), spool.aside()), (0, 0));
    assert!(!place.folder.path().join("00000000000000000007.new").exists());
}

// Threat B-05: neither a flow nor whoever makes up tokens can take all the room.
#[tokio::test]
async fn the_room_is_bounded() {
    let place = Place::new(64 << 10);
    let spool = place.open();
    let mut strangers = 0;
    while spool
        .keep(token(strangers), arrival(strangers, b"junk"), true)
        .await
        .is_ok()
    {
        strangers += 1;
    }
    assert!((1..=4).contains(&strangers), "{strangers}");
    let mut known = 0;
    loop {
        match spool
            .keep(token(100 + known), arrival(100 + known, b"honest"), false)
            .await
        {
            Ok(()) => known += 1,
            Err(error) => {
                assert!(matches!(error, SpoolError::Full { .. }), "{error}");
                break;
            }
        }
    }
    assert!(known > strangers && spool.bytes() <= 64 << 10, "{known}");
    // Room comes back with what is taken in.
    bodies(&spool, token(100)).await;
    spool.keep(token(1), arrival(9, b"fits"), false).await.unwrap();

    let place = Place::new(1 << 20);
    let spool = place.open();
    let mut of_one = 0;
    while spool
        .keep(token(1), arrival(of_one, b"again"), false)
        .await
        .is_ok()
    {
        of_one += 1;
    }
    assert_eq!(of_one, 32);
}

// The ballast holds the room, gives it up, and takes it again.
#[tokio::test]
async fn the_folder_never_grows_beyond_its_room() {
    let place = Place::new(256 << 10);
    let spool = place.open();
    let ballast = place.folder.path().join("ballast");
    let size = || fs::metadata(&ballast).unwrap().len();
    assert!(spool.folder.hold_room(256 << 10).unwrap());
    assert_eq!(size(), 256 << 10);
    for number in 0..10 {
        spool
            .keep(token(number), arrival(number, b"body"), false)
            .await
            .unwrap();
        assert!(size() + spool.bytes() <= 256 << 10);
    }
    assert!(size() < 256 << 10);
    for number in 0..10 {
        bodies(&spool, token(number)).await;
    }
    assert!(spool.folder.hold_room(256 << 10).unwrap());
    assert_eq!(size(), 256 << 10);
}

#[tokio::test]
async fn a_folder_belongs_to_one_process() {
    let place = Place::new(1 << 20);
    let spool = place.open();
    let again = Spool::open(SpoolOptions::new(place.folder.path()), place.key());
    let error = again.err().unwrap().to_string();
    assert!(error.contains("another process uses it"), "{error}");
    spool.close();
    place.open();
    let refused = spool.keep(token(1), arrival(1, b"late"), false).await;
    assert!(matches!(refused, Err(SpoolError::Closed)));
}
