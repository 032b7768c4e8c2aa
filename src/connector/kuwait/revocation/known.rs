use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::ListSource;
use super::Named;
use super::Responder;
use super::RevocationSettings;
use super::WhenUnknown;
use super::list::List;
use super::question::Status;
use crate::connector::kuwait::material::der_of;
use crate::connector::kuwait::settings::SettingsError;
use crate::connector::kuwait::stamp::Signer;
use crate::words::Timestamp;

/// The lists, and the answers of the responder, as they are known now.
pub(in crate::connector::kuwait) struct Revocation {
    sources: Vec<ListSource>,
    responder: Option<Responder>,
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

/// What lists say of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connector::kuwait) enum Listed {
    /// It is on one, since this moment.
    Revoked(Timestamp),
    /// It is on none; when the newest that counts was made.
    Absent(Timestamp),
    /// No list of its issuer counts.
    Unknown,
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
        if settings.lists.is_empty() && settings.responder.is_none() {
            return wrong(
                "kuwait.revocation.lists",
                "it names no list, and there is no `responder`".to_owned(),
                "name the authority's list or its responder, or leave `revocation` out",
            );
        }
        for source in &settings.lists {
            if let ListSource::Url(url) = source
                && !is_address(url)
            {
                return wrong(
                    "kuwait.revocation.lists",
                    format!("`{url}` is no address"),
                    "write `url: http://…`",
                );
            }
        }
        if let Some(url) = settings.responder.as_deref().filter(|url| !is_address(url)) {
            return wrong(
                "kuwait.revocation.responder",
                format!("`{url}` is no address"),
                "write `http://…`",
            );
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
                        format!("one of them can't verify a list or an answer: {why}"),
                        "name the certificates of those who sign the lists and issue the certificates",
                    );
                }
            }
        }
        if known.is_empty() {
            return wrong(
                "kuwait.revocation.issuers",
                "nobody is named who signs lists and issues certificates".to_owned(),
                "name the certificates of those who sign the lists and issue the certificates",
            );
        }
        let refresh = Duration::from_secs(settings.refresh_seconds.into());
        let responder = settings.responder.as_ref().map(|url| {
            Responder::new(url.clone(), settings.nonce, refresh).map_err(|why| {
                SettingsError::new(
                    "kuwait.revocation.responder",
                    why,
                    "leave it out, and name lists instead",
                )
            })
        });
        Ok(Self {
            responder: responder.transpose()?,
            lists: ArcSwap::from_pointee(vec![None; settings.lists.len()]),
            sources: settings.lists.clone(),
            issuers: known,
            when_unknown: settings.when_unknown,
            refresh,
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

    /// How long until the lists are to be looked at again, and the responder is to be asked about these certificates again.
    pub(in crate::connector::kuwait) fn next_look(&self, watched: &[Named], now: Timestamp) -> Duration {
        let lists = self.lists.load();
        let of_lists = lists
            .iter()
            .map(|list| list.as_ref().map(|list| list.next_update));
        let of_answers = self.responder.iter().flat_map(|responder| {
            watched
                .iter()
                .map(|named| responder.told(named).map(|told| told.until))
        });
        of_lists
            .chain(of_answers)
            .map(|until| until.map_or(Duration::ZERO, |until| until.since(now) / 2))
            .min()
            .unwrap_or(self.refresh)
            .clamp(SOONEST.min(self.refresh), self.refresh)
    }

    /// The responder, where the settings name one.
    pub(in crate::connector::kuwait) fn responder(&self) -> Option<&Responder> {
        self.responder.as_ref()
    }

    /// Whoever is named as an issuer of this name.
    pub(in crate::connector::kuwait) fn issuers_named<'s>(
        &'s self,
        name: &'s [u8],
    ) -> impl Iterator<Item = &'s Signer> {
        self.issuers.iter().filter(move |issuer| issuer.subject == name)
    }

    /// What the lists alone say: for the certificate of a responder, whom nobody asks about itself.
    pub(in crate::connector::kuwait) fn listed(&self, named: &Named, now: Timestamp) -> Listed {
        let lists = self.lists.load();
        let mut current = None;
        for list in lists.iter().flatten().filter(|list| list.issuer == named.issuer) {
            if let Some(revoked_at) = list.revoked_at(&named.serial) {
                // Whatever its age: nothing takes a revocation back.
                return Listed::Revoked(revoked_at);
            }
            if now <= list.next_update {
                current = current.max(Some(list.this_update));
            }
        }
        current.map_or(Listed::Unknown, Listed::Absent)
    }

    /// What is known of a certificate at a moment. A list may name it before its revocation has begun: it counts as revoked
    /// then too.
    pub(in crate::connector::kuwait) fn standing(&self, named: &Named, now: Timestamp) -> Standing {
        let told = self
            .responder
            .as_ref()
            .and_then(|responder| responder.told(named));
        let listed = self.listed(named, now);
        if let Listed::Revoked(at) = listed {
            return Standing::Revoked(at);
        }
        if let Some(told) = &told {
            match told.status {
                Status::Revoked(at) => return Standing::Revoked(at),
                Status::Good if now <= told.until => {
                    return Standing::Usable(format!(
                        "good by the responder's answer of {}",
                        told.this_update
                    ));
                }
                Status::Good | Status::Unknown => {}
            }
        }
        match (listed, self.when_unknown) {
            (Listed::Absent(made), _) => Standing::Usable(format!("not on the list of {made}")),
            (_, WhenUnknown::Refuse) => {
                Standing::Unknown("no list and no answer that counts says whether it is revoked")
            }
            (_, WhenUnknown::Allow) => {
                Standing::Usable("nothing says whether it is revoked; the settings allow that".to_owned())
            }
        }
    }
}

fn is_address(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// Where a list is missing or runs out, it is looked for this often.
const SOONEST: Duration = Duration::from_secs(10);
