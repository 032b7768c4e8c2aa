use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::ListSource;
use super::RevocationSettings;
use super::WhenUnknown;
use super::list::List;
use crate::connector::kuwait::material::der_of;
use crate::connector::kuwait::settings::SettingsError;
use crate::connector::kuwait::stamp::Signer;
use crate::words::Timestamp;

/// The lists as they are known now.
pub(in crate::connector::kuwait) struct Revocation {
    sources: Vec<ListSource>,
    issuers: Vec<Signer>,
    when_unknown: WhenUnknown,
    refresh: Duration,
    /// By the place of their source; `None` as long as a source has given none.
    lists: ArcSwap<Vec<Option<Arc<List>>>>,
}

/// What is known of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connector::kuwait) enum Standing {
    /// It may be used; why, for the operator.
    Usable(String),
    /// It is revoked.
    Revoked(Timestamp),
    /// Nothing is known, and that is not enough.
    Unknown(&'static str),
}

impl Revocation {
    /// Takes the settings and the certificates of those who sign lists.
    ///
    /// # Errors
    /// Names the setting that can't be used.
    pub(in crate::connector::kuwait) fn new(
        settings: &RevocationSettings,
        issuers: &[Vec<u8>],
    ) -> Result<Self, SettingsError> {
        let wrong = |setting, problem: String, remedy| Err(SettingsError::new(setting, problem, remedy));
        if settings.lists.is_empty() {
            return wrong(
                "kuwait.revocation.lists",
                "it names no list".to_owned(),
                "name the authority's list, or leave `revocation` out",
            );
        }
        for source in &settings.lists {
            if let ListSource::Url(url) = source
                && !reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
            {
                return wrong(
                    "kuwait.revocation.lists",
                    format!("`{url}` is no address"),
                    "write `url: http://…`",
                );
            }
        }
        if settings.refresh_seconds == 0 {
            return wrong(
                "kuwait.revocation.refresh_seconds",
                "it is zero".to_owned(),
                "give it at least one second",
            );
        }
        let mut known = Vec::new();
        for issuer in issuers {
            let der = der_of(issuer, "CERTIFICATE").unwrap_or_default();
            match Signer::from_der(&der) {
                Ok(signer) => known.push(signer),
                Err(why) => {
                    return wrong(
                        "kuwait.revocation.issuers",
                        format!("one of them can't verify a list: {why}"),
                        "name the certificates of those who sign the lists",
                    );
                }
            }
        }
        if known.is_empty() {
            return wrong(
                "kuwait.revocation.issuers",
                "nobody is named who signs lists".to_owned(),
                "name the certificates of those who sign the lists",
            );
        }
        Ok(Self {
            lists: ArcSwap::from_pointee(vec![None; settings.lists.len()]),
            sources: settings.lists.clone(),
            issuers: known,
            when_unknown: settings.when_unknown,
            refresh: Duration::from_secs(settings.refresh_seconds.into()),
        })
    }

    /// Where the lists are.
    pub(in crate::connector::kuwait) fn sources(&self) -> &[ListSource] {
        &self.sources
    }

    /// Takes what the source at this place has given.
    ///
    /// # Errors
    /// Says why it is not believed; what was known before stays.
    pub(in crate::connector::kuwait) fn take(
        &self,
        at: usize,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<(), String> {
        let list = List::read(bytes, &self.issuers)?;
        if now > list.next_update {
            return Err(format!("it counted until {} only", list.next_update));
        }
        let known = self.lists.load();
        let before = known.get(at).and_then(Option::as_ref);
        // Somebody may hand out an old list, so that what was revoked meanwhile counts again.
        if before.is_some_and(|before| before.this_update > list.this_update) {
            return Err("it is older than the one that is known".to_owned());
        }
        let list = Arc::new(list);
        self.lists.rcu(|known| {
            let mut next = Vec::clone(known);
            if let Some(place) = next.get_mut(at) {
                *place = Some(Arc::clone(&list));
            }
            next
        });
        Ok(())
    }

    /// How long until the lists are to be looked at again.
    pub(in crate::connector::kuwait) fn next_look(&self, now: Timestamp) -> Duration {
        let lists = self.lists.load();
        let soonest = lists
            .iter()
            .map(|list| match list {
                Some(list) => list.next_update.since(now) / 2,
                None => Duration::ZERO,
            })
            .min();
        soonest
            .unwrap_or_default()
            .clamp(SOONEST.min(self.refresh), self.refresh)
    }

    /// What is known of a certificate at a moment. A list may name it before its revocation has begun: it counts as revoked
    /// then too.
    pub(in crate::connector::kuwait) fn standing(
        &self,
        issuer: &[u8],
        serial: &[u8],
        now: Timestamp,
    ) -> Standing {
        let lists = self.lists.load();
        let of_issuer = lists.iter().flatten().filter(|list| list.issuer == issuer);
        let mut current = None;
        for list in of_issuer {
            if let Some(revoked_at) = list.revoked_at(serial) {
                // Whatever its age: nothing takes a revocation back.
                return Standing::Revoked(revoked_at);
            }
            if now <= list.next_update {
                current = current.max(Some(list.this_update));
            }
        }
        match (current, self.when_unknown) {
            (Some(made), _) => Standing::Usable(format!("not on the list of {made}")),
            (None, WhenUnknown::Refuse) => {
                Standing::Unknown("no list that counts says whether it is revoked")
            }
            (None, WhenUnknown::Allow) => {
                Standing::Usable("no list says whether it is revoked; the settings allow that".to_owned())
            }
        }
    }
}

/// Where a list is missing or runs out, it is looked for this often.
const SOONEST: Duration = Duration::from_secs(10);
