use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::hash::RandomState;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use aws_lc_rs::rand::SecureRandom as _;
use aws_lc_rs::rand::SystemRandom;

use super::Revocation;
use super::question::Judge;
use super::question::NONCE;
use super::question::Question;
use super::question::Status;
use super::question::Told;
use crate::connector::IDLE_CONNECTION;
use crate::connector::kuwait::refresh::body_of;
use crate::connector::kuwait::settings::Presence;
use crate::connector::kuwait::stamp::Signer;
use crate::words::Timestamp;

/// Who is asked about certificates, and what was answered.
pub(in crate::connector::kuwait) struct Responder {
    pub(in crate::connector::kuwait) url: String,
    client: reqwest::Client,
    nonce: Presence,
    refresh: Duration,
    known: Mutex<HashMap<Named, Known>>,
    /// Whoever asks about a certificate holds its turn, so that two answers with one certificate lead to one question, and
    /// neither is examined before it is answered.
    turns: Vec<tokio::sync::Mutex<()>>,
    spread: RandomState,
}

/// A certificate, by its issuer's name and its serial number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::connector::kuwait) struct Named {
    /// The name of its issuer, DER.
    pub(in crate::connector::kuwait) issuer: Vec<u8>,
    /// Its serial number: the content bytes of the DER integer.
    pub(in crate::connector::kuwait) serial: Vec<u8>,
}

/// What is known of one certificate.
struct Known {
    told: Option<Told>,
    /// When it is to be asked about again.
    again_at: Timestamp,
}

impl Named {
    /// The name of a signer's certificate.
    pub(in crate::connector::kuwait) fn of(signer: &Signer) -> Self {
        Self {
            issuer: signer.issuer.clone(),
            serial: signer.serial.clone(),
        }
    }
}

impl Responder {
    /// A responder that nobody has asked yet. `refresh` is how long an answer is not asked for again.
    ///
    /// # Errors
    /// When no client can be made.
    pub(super) fn new(url: String, nonce: Presence, refresh: Duration) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_idle_timeout(IDLE_CONNECTION)
            .timeout(PATIENCE)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            url,
            client,
            nonce,
            refresh,
            known: Mutex::default(),
            turns: (0..TURNS).map(|_| tokio::sync::Mutex::default()).collect(),
            spread: RandomState::new(),
        })
    }

    /// What was answered about a certificate last; whoever asks looks at its age.
    pub(in crate::connector::kuwait) fn told(&self, named: &Named) -> Option<Told> {
        self.known().get(named)?.told.clone()
    }

    /// Asks about a certificate, unless what is known of it is young enough. What can't be had or believed is told to the
    /// operator, and what was known stays until it runs out.
    pub(in crate::connector::kuwait) async fn ask(&self, all: &Revocation, named: &Named, now: Timestamp) {
        let turns = u64::try_from(self.turns.len()).unwrap_or(u64::MAX);
        let turn = usize::try_from(self.spread.hash_one(named) % turns.max(1)).unwrap_or_default();
        let Some(turn) = self.turns.get(turn) else {
            return;
        };
        let _turn = turn.lock().await;
        if self.known().get(named).is_some_and(|known| now < known.again_at) {
            return;
        }
        let mut fault = "its issuer is none of those that the settings name".to_owned();
        let mut unknown = None;
        for issuer in all.issuers_named(&named.issuer) {
            for _ in 0..TRIES {
                match self.ask_once(all, issuer, named, now).await {
                    // Two issuers can have one name, as while a key is replaced: the other one may know the certificate.
                    Ok(told) if told.status == Status::Unknown => {
                        unknown = Some(told);
                        break;
                    }
                    Ok(told) => return self.keep(named, told, now),
                    Err(why) => fault = why,
                }
            }
        }
        if let Some(told) = unknown {
            return self.keep(named, told, now);
        }
        let responder = &self.url;
        tracing::warn!(%responder, why = %fault, "whether a certificate is revoked is not answered");
        let mut known = self.known();
        make_room(&mut known, now);
        let entry = known.entry(named.clone()).or_insert(Known {
            told: None,
            again_at: now,
        });
        entry.again_at = now.plus(AFTER_FAULT);
    }

    async fn ask_once(
        &self,
        all: &Revocation,
        issuer: &Signer,
        named: &Named,
        now: Timestamp,
    ) -> Result<Told, String> {
        let mut nonce = [0; NONCE];
        SystemRandom::new()
            .fill(&mut nonce)
            .map_err(|_| "the system gives no random bytes")?;
        let question = Question::new(issuer, &named.serial, nonce).ok_or("its serial number is none")?;
        let say = |error: reqwest::Error| error.without_url().to_string();
        let sent = self
            .client
            .post(&self.url)
            .header(reqwest::header::CONTENT_TYPE, "application/ocsp-request")
            .body(question.bytes.clone());
        let bytes = body_of(sent.send().await.map_err(say)?, LARGEST).await?;
        let judge = Judge {
            issuer,
            nonce: self.nonce,
            counts_for: self.refresh,
            listed: &|responder| all.listed(responder, now),
            now,
        };
        question.read(&bytes, &judge)
    }

    /// Keeps an answer, unless a younger one is known: somebody may hand out an old one, so that what was revoked meanwhile
    /// counts again.
    pub(super) fn keep(&self, named: &Named, told: Told, now: Timestamp) {
        let mut known = self.known();
        let before = known.get(named).and_then(|known| known.told.clone());
        let told = match before {
            Some(before) if before.this_update > told.this_update => before,
            _ => told,
        };
        // Before it runs out, so that no answer has to be awaited where one of today would do.
        let again_at = now.plus(self.refresh.min(told.until.since(now) / 2));
        make_room(&mut known, now);
        known.insert(
            named.clone(),
            Known {
                told: Some(told),
                again_at,
            },
        );
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Named, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has run out goes first; then everything that can be asked about again without harm.
fn make_room(known: &mut HashMap<Named, Known>, now: Timestamp) {
    if known.len() < MOST_KNOWN {
        return;
    }
    let is_revoked = |told: &Told| matches!(told.status, Status::Revoked(_));
    known.retain(|_, one| {
        one.told
            .as_ref()
            .is_some_and(|told| is_revoked(told) || now <= told.until)
    });
    if known.len() >= MOST_KNOWN {
        known.retain(|_, one| one.told.as_ref().is_some_and(is_revoked));
    }
    if known.len() >= MOST_KNOWN {
        known.clear();
    }
}

/// A flow waits for it, twice at most.
const PATIENCE: Duration = Duration::from_secs(4);
const TRIES: usize = 2;
/// How long nobody is asked about a certificate again after there was no answer.
const AFTER_FAULT: Duration = Duration::from_secs(2);
const LARGEST: usize = 64 * 1024;
/// Some 15 MB.
const MOST_KNOWN: usize = 50_000;
const TURNS: usize = 64;
