use std::collections::HashMap;
use std::collections::VecDeque;

use serde::Serialize;

use super::signed_acts::SignedActs;
use crate::audit::log::Checkpoint;
use crate::audit::log::Claim;
use crate::audit::log::Examiner;
use crate::audit::log::Finding;
use crate::audit::log::Findings;
use crate::audit::log::LogRow;
use crate::audit::log::Place;
use crate::audit::log::Reference;
use crate::audit::log::VerifierKey;
use crate::store::Expected;
use crate::store::ExpectedActivation;
use crate::store::LogSnapshot;
use crate::store::LogStore;
use crate::store::StoreError;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Timestamp;

/// A checkpoint that is kept where those who can write to the store can't.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Where it is kept, for people.
    pub place: String,
    /// The signed note.
    pub note: String,
}

/// Whether the personal parts of a store can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Contents {
    /// They can, or the store seals nothing.
    Open,
    /// They are sealed, and the key is elsewhere: messages, ended flows and notices are not compared with their records.
    Sealed,
}

/// What came of verifying a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The log, by the name of its key.
    pub origin: String,
    /// How many records there are, each derived again.
    pub records: u64,
    /// The root over them.
    pub root: Digest,
    /// How many checkpoints of the store were compared.
    pub checkpoints: u64,
    /// How many checkpoints from outside of the store were compared.
    pub anchored: u64,
    /// How many of the records the newest checkpoint from outside vouches for.
    pub anchored_records: u64,
    /// How many other rows were compared with what records say of them.
    pub compared: u64,
    /// Whether their personal parts were compared, too.
    pub contents: Contents,
    /// How many things are wrong.
    pub problems: u64,
    /// The first of them.
    pub findings: Vec<Finding>,
}

/// Derives a whole log again from the rows of a store, and compares everything that its records speak of, in memory that
/// does not grow with the log. Reads a snapshot, so that a node may go on writing meanwhile.
///
/// `promises` come from outside of the store: they find what somebody with the log's own key has rewritten.
///
/// # Errors
/// When the store can't be read. What was altered in it is no error but a finding.
pub async fn verify(
    store: &dyn LogStore,
    key: &VerifierKey,
    promises: Vec<Promise>,
    contents: Contents,
) -> Result<Verification, StoreError> {
    let mut run = Run::new(store.snapshot().await?, key.clone(), promises, contents);
    run.records().await?;
    run.tiles().await?;
    run.strays().await?;
    Ok(run.finish())
}

struct Run {
    snapshot: Box<dyn LogSnapshot>,
    key: VerifierKey,
    /// Taken by the thread that derives, and given back.
    examiner: Examiner,
    promised: Promised,
    expected: Expected,
    acts: SignedActs,
    contents: Contents,
    findings: Findings,
    records: u64,
    compared: u64,
}

/// The checkpoints that the tree has to agree with, smallest first.
#[derive(Default)]
struct Promised {
    outside: VecDeque<(Checkpoint, Place)>,
    own: VecDeque<(Checkpoint, Place)>,
    /// The size of the last checkpoint of the store that was read.
    read_to: Option<i64>,
    of_store: u64,
    of_outside: u64,
    outside_to: u64,
}

/// What the thread that derives gives back of a page.
struct Derived {
    examiner: Examiner,
    claims: Vec<Claim>,
    unreadable: Vec<u64>,
}

impl Run {
    fn new(
        snapshot: Box<dyn LogSnapshot>,
        key: VerifierKey,
        promises: Vec<Promise>,
        contents: Contents,
    ) -> Self {
        let mut findings = Findings::default();
        let mut outside: Vec<(Checkpoint, Place)> = Vec::new();
        for promise in promises {
            let place = Place::Anchor(promise.place);
            match Checkpoint::open(&promise.note, &key) {
                Ok((checkpoint, _)) => outside.push((checkpoint, place)),
                Err(error) => findings.note(place, error.to_string()),
            }
        }
        outside.sort_by_key(|(checkpoint, _)| checkpoint.size);
        let promised = Promised {
            of_outside: outside.len() as u64,
            outside_to: outside.last().map_or(0, |(checkpoint, _)| checkpoint.size),
            outside: outside.into(),
            ..Promised::default()
        };
        Self {
            snapshot,
            acts: SignedActs::new(key.to_string()),
            key,
            examiner: Examiner::default(),
            promised,
            expected: Expected::default(),
            contents,
            findings,
            records: 0,
            compared: 0,
        }
    }

    /// Derives page after page on a thread of its own, while the store is read for the next one and for what the one
    /// before speaks of.
    async fn records(&mut self) -> Result<(), StoreError> {
        let mut page = self.snapshot.rows(i64::MIN, PAGE).await?;
        let mut claims = Vec::new();
        while let Some(last) = page.last().map(|row| row.seq) {
            self.records += page.len() as u64;
            let promises = self.promises_up_to(self.records).await?;
            let examiner = std::mem::take(&mut self.examiner);
            let deriving = tokio::task::spawn_blocking(move || derive(examiner, &page, promises));
            self.compare(std::mem::take(&mut claims)).await?;
            page = self.snapshot.rows(last, PAGE).await?;
            // A panic there is a fault of this program, and no verdict on the log may come of it.
            let derived = deriving.await.map_err(|_| lost())?;
            self.examiner = derived.examiner;
            claims = derived.claims;
            for seq in derived.unreadable {
                self.findings.note(Place::Record(seq), "its event can't be read");
            }
        }
        self.compare(claims).await?;
        if let Some((promise, place)) = self.promises_up_to(u64::MAX).await?.first() {
            self.examiner.promised_more(promise, place);
        }
        Ok(())
    }

    /// The promises about trees of at most `size` records that were not given before.
    async fn promises_up_to(&mut self, size: u64) -> Result<Vec<(Checkpoint, Place)>, StoreError> {
        let mut promises = Vec::new();
        loop {
            if self.promised.own.is_empty()
                && !self.read_checkpoints().await?
                && self.promised.outside.is_empty()
            {
                return Ok(promises);
            }
            let next = |queue: &VecDeque<(Checkpoint, Place)>| {
                queue.front().map_or(u64::MAX, |(checkpoint, _)| checkpoint.size)
            };
            let (own, outside) = (next(&self.promised.own), next(&self.promised.outside));
            let queue = if own <= outside && !self.promised.own.is_empty() {
                &mut self.promised.own
            } else {
                &mut self.promised.outside
            };
            if own.min(outside) > size {
                return Ok(promises);
            }
            promises.extend(queue.pop_front());
            // What the tree can't reach any more is told by the first of them.
            if size == u64::MAX && !promises.is_empty() {
                return Ok(promises);
            }
        }
    }

    /// Whether there are more checkpoints of the store; those are read then.
    async fn read_checkpoints(&mut self) -> Result<bool, StoreError> {
        while self.promised.own.is_empty() {
            let after = self.promised.read_to.unwrap_or(i64::MIN);
            let read = self.snapshot.checkpoints(after, CHECKPOINTS).await?;
            if read.is_empty() {
                return Ok(false);
            }
            self.take_checkpoints(read);
        }
        Ok(true)
    }

    fn take_checkpoints(&mut self, read: Vec<(i64, String)>) {
        for (size, note) in read {
            self.promised.read_to = Some(size);
            self.promised.of_store += 1;
            let number = u64::try_from(size).unwrap_or(0);
            let place = Place::Checkpoint(number);
            match Checkpoint::open(&note, &self.key) {
                Ok((checkpoint, _)) if checkpoint.size == number => {
                    self.promised.own.push_back((checkpoint, place));
                }
                Ok(_) => self.findings.note(place, "it is the checkpoint of another size"),
                Err(error) => self.findings.note(place, error.to_string()),
            }
        }
    }

    /// Compares other rows with what records say of them.
    async fn compare(&mut self, claims: Vec<Claim>) -> Result<(), StoreError> {
        let (mut exchanges, mut flows, mut notices) = (Vec::new(), Vec::new(), Vec::new());
        for claim in &claims {
            match claim.place() {
                Some(Place::Exchange(id)) => exchanges.push(id),
                Some(Place::Flow(id)) => flows.push(id),
                Some(Place::Notice(id)) => notices.push(id),
                _ => {}
            }
            self.expect(claim);
        }
        flows.sort_unstable();
        flows.dedup();
        notices.sort_unstable();
        notices.dedup();
        // Where nothing is spoken of, the store is not asked: most pages of a log speak of some kinds of rows only.
        let mut exchanges = match exchanges.as_slice() {
            [] => Vec::new(),
            _ => self.snapshot.exchanges(exchanges).await?,
        };
        let mut flows = match flows.as_slice() {
            [] => Vec::new(),
            _ => self.snapshot.flows(flows).await?,
        };
        let mut notices = match notices.as_slice() {
            [] => Vec::new(),
            _ => self.snapshot.notices(notices).await?,
        };
        if self.contents == Contents::Sealed {
            exchanges.iter_mut().for_each(|row| row.bytes = None);
            flows.iter_mut().for_each(|row| row.detail = None);
            notices.iter_mut().for_each(|row| row.body = None);
        }
        let exchanges: HashMap<ExchangeId, _> = exchanges.into_iter().map(|row| (row.id, row)).collect();
        let flows: HashMap<Vec<u8>, _> = flows.into_iter().map(|row| (row.id.clone(), row)).collect();
        let notices: HashMap<String, _> = notices
            .into_iter()
            .map(|row| (row.webhook_id.clone(), row))
            .collect();
        for claim in &claims {
            let Some(place) = claim.place() else { continue };
            self.compared += 1;
            let wrong = match &place {
                Place::Exchange(id) => claim.against_exchange(exchanges.get(id)),
                Place::Flow(id) => claim.against_flow(flows.get(id.as_uuid().as_bytes().as_slice())),
                Place::Notice(id) => claim.against_notice(notices.get(id)),
                _ => None,
            };
            if let Some(what) = wrong {
                self.findings.note(place, what);
            }
        }
        Ok(())
    }

    fn expect(&mut self, claim: &Claim) {
        match &claim.reference {
            Reference::Exchange { .. } => self.expected.exchanges += 1,
            Reference::Ending { .. } => self.expected.endings += 1,
            Reference::Notice { .. } => self.expected.notices += 1,
            Reference::Activation {
                catalog,
                actor,
                detail,
            } => self.expected.activations.push(ExpectedActivation {
                catalog: *catalog,
                at: claim.at,
                actor: actor.clone(),
                detail: detail.clone(),
            }),
            _ => {}
        }
        if let Some(what) = self
            .acts
            .take_in(&claim.reference, Timestamp::from_micros(claim.at))
        {
            self.findings.note(Place::Record(claim.seq), what);
        }
    }

    async fn tiles(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let tiles = self.snapshot.tiles(after, TILES).await?;
            let Some(last) = tiles.last() else { return Ok(()) };
            after = Some((last.level, last.number));
            for tile in &tiles {
                self.examiner.tile(tile.level, tile.number, &tile.hashes);
            }
        }
    }

    async fn strays(&mut self) -> Result<(), StoreError> {
        let expected = std::mem::take(&mut self.expected);
        for (place, what) in self.snapshot.strays(expected).await? {
            self.findings.note(place, what);
        }
        Ok(())
    }

    fn finish(self) -> Verification {
        let root = self.examiner.root();
        let mut findings = self.examiner.finish();
        findings.extend(self.findings);
        Verification {
            origin: self.key.name().to_owned(),
            records: self.records,
            root,
            checkpoints: self.promised.of_store,
            anchored: self.promised.of_outside,
            anchored_records: self.promised.outside_to,
            compared: self.compared,
            contents: self.contents,
            problems: findings.count(),
            findings: findings.kept().to_vec(),
        }
    }
}

fn derive(mut examiner: Examiner, page: &[LogRow], promises: Vec<(Checkpoint, Place)>) -> Derived {
    let mut promises = promises.into_iter().peekable();
    let (mut claims, mut unreadable) = (Vec::new(), Vec::new());
    for row in page {
        examiner.record(row);
        let reached = examiner.size();
        while let Some((promise, place)) = promises.next_if(|(promise, _)| promise.size <= reached) {
            examiner.promised(&promise, &place);
        }
        match Claim::of_row(row) {
            Some(of_row) => claims.extend(of_row),
            None => unreadable.push(u64::try_from(row.seq).unwrap_or(0)),
        }
    }
    Derived {
        examiner,
        claims,
        unreadable,
    }
}

fn lost() -> StoreError {
    StoreError::internal("the thread that derives the log was lost")
}

const PAGE: u32 = 4_096;
const CHECKPOINTS: u32 = 1_024;
const TILES: u32 = 256;

/// The flow that a place is about, for those who ask about one.
impl Verification {
    /// Whether everything is as the log has promised it.
    pub const fn is_clean(&self) -> bool {
        self.problems == 0
    }

    /// The findings about one flow's row.
    pub fn about(&self, flow: FlowId) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.place == Place::Flow(flow))
    }
}
