use super::armed::Armed;
use super::inner::Inner;
use super::mind::State;
use crate::sandbox::citizen::Citizen;
use crate::sandbox::conduct::Conduct;
use crate::sandbox::faces::Refusal;
use crate::sandbox::faces::Wanted;
use crate::sandbox::request::Asked;
use crate::sandbox::request::Polled;
use crate::words::Assurance;
use crate::words::Purpose;
use crate::words::Timestamp;

/// A request that was taken.
pub(in crate::sandbox) struct Admitted {
    pub(in crate::sandbox) request_id: String,
    pub(in crate::sandbox) conduct: Conduct,
    /// The code that somebody is to scan.
    pub(in crate::sandbox) code: Option<String>,
}

impl State {
    /// Checks a request and takes it, or says why not. A code waits for somebody to scan it.
    ///
    /// `provider` is the one that asks: nobody asks in the name of another.
    pub(in crate::sandbox) fn admit(
        &self,
        entry: u64,
        provider: &str,
        wanted: Wanted,
    ) -> Result<Admitted, Refusal> {
        let now = self.now();
        let mut inner = self.lock();
        inner.ledger.complete(entry, |received| {
            received.ref_id.clone_from(&wanted.ref_id);
            received.additional_data.clone_from(&wanted.additional_data);
        });
        if wanted.service_provider_id != provider {
            return Err(Refusal::UnknownServiceProvider);
        }
        let registered = |url| {
            let found = inner.providers.get(provider);
            let base = found.and_then(|found| found.callback_base.as_ref());
            base.is_some_and(|base| is_below(base, url))
        };
        if !wanted.callback_url.as_ref().is_none_or(registered) {
            return Err(Refusal::CallbackUrl);
        }
        let civil_no = wanted
            .civil_no
            .as_ref()
            .map(|number| number.expose(Purpose::Wire).to_owned());
        let (armed, conduct) = match &civil_no {
            Some(civil_no) => {
                let citizen = self.asked_citizen(civil_no, wanted.assurance)?;
                self.check_limits(&mut inner, civil_no, now)?;
                self.conduct(&mut inner, citizen, civil_no)
            }
            None => inner.conduct_of_code(&self.options.pace),
        };
        let code = civil_no
            .is_none()
            .then(|| format!("midflow-sandbox-request:{}", self.draws.id().simple()));
        let civil_no = civil_no.unwrap_or_default();
        let request_id = self.draws.id().to_string();
        if conduct.reply.asks_somebody() {
            inner
                .ledger
                .complete(entry, |received| received.request_id = Some(request_id.clone()));
            let asked = Asked {
                id: request_id.clone(),
                service_provider_id: provider.to_owned(),
                civil_no: civil_no.clone(),
                code: code.clone(),
                signing: wanted.signing,
                service: wanted.service,
                reason: wanted.reason,
                challenge: wanted.challenge,
                additional_data: wanted.additional_data,
                ref_id: wanted.ref_id,
                callback_url: wanted.callback_url.map(Into::into),
                wants_person: wanted.wants_person,
                assurance: wanted.assurance,
                received_at: now,
                expires_at: now.plus(self.options.request_lifetime),
                answer: None,
                scenario: armed.map(|armed| armed.scenario),
                status: None,
                fault: None,
                polled: Polled::default(),
            };
            inner.keep(asked, self.options.ledger_capacity);
        }
        drop(inner);
        self.changed(&civil_no);
        Ok(Admitted {
            request_id,
            conduct,
            code,
        })
    }

    /// Whether a provider may be called at this address: below its registered base, or, as long as none is registered, on
    /// this machine.
    pub(in crate::sandbox) fn may_call(&self, provider: &str, url: &str) -> bool {
        let Ok(url) = reqwest::Url::parse(url) else {
            return false;
        };
        let inner = self.lock();
        let base = inner.providers.get(provider).map(|found| &found.callback_base);
        match base {
            Some(Some(base)) => is_below(base, &url),
            Some(None) => url.scheme() == "https" && is_of_this_machine(&url),
            None => false,
        }
    }

    /// A citizen who can be asked at this level.
    pub(super) fn asked_citizen(
        &self,
        civil_no: &str,
        level: Option<Assurance>,
    ) -> Result<&Citizen, Refusal> {
        let citizen = self
            .citizen(civil_no)
            .filter(|citizen| citizen.ending.is_enrolled())
            .ok_or(Refusal::NoMobileId)?;
        if level.is_some_and(|level| level > citizen.assurance) {
            return Err(Refusal::LevelTooLow);
        }
        Ok(citizen)
    }

    /// How a citizen is going to answer: as the armed scenario says, or as they are.
    pub(super) fn conduct(
        &self,
        inner: &mut Inner,
        citizen: &Citizen,
        civil_no: &str,
    ) -> (Option<Armed>, Conduct) {
        let armed = inner.take_armed(civil_no);
        let pace = &self.options.pace;
        let conduct = match armed {
            Some(Armed { scenario, delay }) => Conduct::of_scenario(scenario, citizen.ending, delay, pace),
            None if citizen.of_the_crowd && !pace.think.is_zero() => {
                let chance = self.draws.id().as_u64_pair().1;
                Conduct::of_ending(citizen.ending, pace).after_thinking(pace.think, chance)
            }
            None => Conduct::of_ending(citizen.ending, pace),
        };
        (armed, conduct)
    }

    fn check_limits(&self, inner: &mut Inner, civil_no: &str, now: Timestamp) -> Result<(), Refusal> {
        if let Some(limit) = self.options.open_per_person
            && inner.open_requests(civil_no, now).take(limit).count() >= limit
        {
            return Err(Refusal::TooManyRequests);
        }
        if let Some((limit, within)) = self.options.rate_per_person {
            let arrivals = inner.arrivals.entry(civil_no.to_owned()).or_default();
            while arrivals.front().is_some_and(|first| now.since(*first) >= within) {
                arrivals.pop_front();
            }
            if arrivals.len() >= limit {
                return Err(Refusal::TooManyRequests);
            }
            arrivals.push_back(now);
        }
        Ok(())
    }
}

/// Whether a URL is the base or lies below it. Both are normalised, so `..` has no power.
fn is_below(base: &reqwest::Url, url: &reqwest::Url) -> bool {
    let folder = base.path().trim_end_matches('/');
    let inside = url
        .path()
        .strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    base.origin() == url.origin() && inside
}

fn is_of_this_machine(url: &reqwest::Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || address
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_this_machine_is_told_from_others() {
        for own in [
            "https://127.0.0.1:1/cb",
            "https://localhost/",
            "https://[::1]:8443/x",
        ] {
            assert!(is_of_this_machine(&url(own)), "{own}");
        }
        for other in [
            "https://10.0.0.1/",
            "https://localhost.example/",
            "https://127.0.0.1.example/",
        ] {
            assert!(!is_of_this_machine(&url(other)), "{other}");
        }
    }

    fn url(text: &str) -> reqwest::Url {
        reqwest::Url::parse(text).unwrap()
    }

    #[test]
    fn a_callback_url_stays_below_the_registered_base() {
        let base = url("https://127.0.0.1:8443/cb/");
        for good in [
            "https://127.0.0.1:8443/cb",
            "https://127.0.0.1:8443/cb/x",
            "https://127.0.0.1:8443/cb/x/y?z=1",
        ] {
            assert!(is_below(&base, &url(good)), "{good}");
        }
        for bad in [
            "https://127.0.0.1:8444/cb/x",
            "http://127.0.0.1:8443/cb/x",
            "https://localhost:8443/cb/x",
            "https://127.0.0.1:8443/cbx",
            "https://127.0.0.1:8443/cb/../x",
            "https://127.0.0.1:8443/",
        ] {
            assert!(!is_below(&base, &url(bad)), "{bad}");
        }
        assert!(is_below(
            &url("https://127.0.0.1:1/"),
            &url("https://127.0.0.1:1/any")
        ));
    }
}
