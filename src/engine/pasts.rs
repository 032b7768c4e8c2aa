use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::inner::Inner;
use crate::policy::PersonPast;
use crate::policy::PushRules;
use crate::store::PersonRefusal;
use crate::store::StoreError;
use crate::words::Digest;
use crate::words::Timestamp;

/// How people have refused requests, as far back as any rule reaches: for a store that this process owns. Where several
/// share one, the store is asked.
///
/// Persons are known by their keyed hash only. After a restart it is filled again from the store.
#[derive(Debug, Default)]
pub(crate) struct Pasts {
    people: Mutex<HashMap<Digest, Refused>>,
}

#[derive(Debug, Default)]
struct Refused {
    declines: Vec<Timestamp>,
    reported: Option<Timestamp>,
}

impl Pasts {
    /// Keeps what a flow says of its person; saying it again changes nothing.
    pub(crate) fn keep(&self, refusal: &PersonRefusal) {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = people.entry(refusal.person_key).or_default();
        if let Some(at) = refusal.declined_at
            && !kept.declines.contains(&at)
        {
            kept.declines.push(at);
        }
        kept.reported = kept.reported.max(refusal.reported_at);
    }

    /// What is remembered of a person, but whether they are known.
    fn of(&self, person: Digest) -> PersonPast {
        let people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people
            .get(&person)
            .map_or_else(PersonPast::default, |kept| PersonPast {
                declines: kept.declines.clone(),
                reported: kept.reported,
                known: false,
            })
    }

    /// Drops what no rule reaches any more.
    pub(crate) fn sweep(&self, now: Timestamp) {
        let since = now.minus(PushRules::REACH);
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.retain(|_, kept| {
            kept.declines.retain(|at| *at > since);
            kept.reported = kept.reported.filter(|at| *at > since);
            !kept.declines.is_empty() || kept.reported.is_some()
        });
    }
}

impl Inner {
    /// What is remembered of a person; whether they are known only where that matters, for it costs a look into the store.
    pub(crate) async fn past_of(
        &self,
        person: Digest,
        needs_known: bool,
        now: Timestamp,
    ) -> Result<PersonPast, StoreError> {
        let mut past = if self.store.shared().is_some() {
            let refusals = self
                .store
                .refusals(Some(person), now.minus(PushRules::REACH))
                .await?;
            PersonPast {
                declines: refusals
                    .iter()
                    .filter_map(|refusal| refusal.declined_at)
                    .collect(),
                reported: refusals.iter().filter_map(|refusal| refusal.reported_at).max(),
                known: false,
            }
        } else {
            self.pasts.of(person)
        };
        past.known = needs_known && self.store.is_known(person).await?;
        Ok(past)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn what_is_kept_twice_counts_once_and_is_forgotten_in_time() {
        let (pasts, person) = (Pasts::default(), Digest::of(b"p"));
        let refusal = |declined, reported| PersonRefusal {
            person_key: person,
            declined_at: declined,
            reported_at: reported,
        };
        for kept in [
            refusal(Some(at(1)), None),
            refusal(Some(at(1)), Some(at(9))),
            refusal(Some(at(5)), None),
        ] {
            pasts.keep(&kept);
        }
        let past = pasts.of(person);
        assert_eq!((past.declines, past.reported), (vec![at(1), at(5)], Some(at(9))));
        assert_eq!(pasts.of(Digest::of(b"q")), PersonPast::default());
        pasts.sweep(at(9).plus(PushRules::REACH));
        assert!(pasts.people.lock().unwrap().is_empty());
    }
}
