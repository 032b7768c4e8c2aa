use askama::Template;

use super::texts::Texts;
use crate::sandbox::citizen::Citizen;
use crate::sandbox::handle::SandboxHandle;
use crate::sandbox::request::Asked;
use crate::sandbox::request::Standing;
use crate::sandbox::scenario::Scenario;
use crate::sandbox::scenario::ScenarioGroup;
use crate::words::Locale;
use crate::words::Purpose;
use crate::words::Timestamp;

/// The list of the citizens.
#[derive(Template)]
#[template(path = "sandbox/home.html")]
pub(super) struct HomePage {
    t: &'static Texts,
    other_href: String,
    citizens: Vec<CitizenView>,
}

/// One citizen's phone.
#[derive(Template)]
#[template(path = "sandbox/phone.html")]
pub(super) struct PhonePage {
    t: &'static Texts,
    other_href: String,
    citizen: CitizenView,
    provider: String,
    current: Option<RequestView>,
    earlier: Vec<EarlierView>,
    armed: Vec<&'static str>,
    groups: Vec<GroupView>,
}

/// For every address that leads nowhere.
#[derive(Template)]
#[template(path = "sandbox/lost.html")]
pub(super) struct LostPage {
    t: &'static Texts,
    other_href: String,
}

struct CitizenView {
    civil_no: String,
    /// In groups of four, for reading.
    civil_no_shown: String,
    name: String,
    about: String,
    level: &'static str,
    waiting: bool,
}

struct RequestView {
    id: String,
    service: String,
    reason: String,
    challenge: Option<(String, String)>,
    wants_person: bool,
    level: Option<&'static str>,
    until: String,
}

struct EarlierView {
    service: String,
    /// A class for the style: `approved`, `declined`, ….
    kind: &'static str,
    word: &'static str,
    scenario: Option<&'static str>,
    at: String,
    status: Option<u16>,
    undelivered: bool,
}

struct GroupView {
    name: &'static str,
    scenarios: Vec<ScenarioView>,
}

struct ScenarioView {
    name: &'static str,
    does: &'static str,
}

impl HomePage {
    pub(super) fn of(sandbox: &SandboxHandle, locale: Locale) -> Self {
        let citizens = sandbox.citizens().iter().filter(|citizen| !citizen.of_the_crowd);
        Self {
            t: Texts::of(locale),
            other_href: format!("/?lang={}", locale.other()),
            citizens: citizens
                .map(|citizen| CitizenView::of(sandbox, citizen, locale))
                .collect(),
        }
    }
}

impl PhonePage {
    pub(super) fn of(sandbox: &SandboxHandle, citizen: &Citizen, locale: Locale) -> Self {
        let t = Texts::of(locale);
        let civil_no = citizen.civil_no.expose(Purpose::Citizen);
        let requests = sandbox.state.requests_of(civil_no);
        let current = requests.iter().find(|(_, standing)| *standing == Standing::Open);
        let earlier = requests
            .iter()
            .filter(|(_, standing)| *standing != Standing::Open);
        Self {
            t,
            other_href: format!("/as/{civil_no}?lang={}", locale.other()),
            citizen: CitizenView::of(sandbox, citizen, locale),
            provider: sandbox.state.service_provider_name().in_locale(locale).to_owned(),
            current: current.map(|(asked, _)| RequestView::of(asked, t)),
            earlier: earlier
                .take(SHOWN_EARLIER)
                .map(|(asked, standing)| EarlierView::of(asked, *standing, t))
                .collect(),
            armed: sandbox
                .state
                .armed(civil_no)
                .iter()
                .map(|armed| does(armed.scenario, locale))
                .collect(),
            groups: ScenarioGroup::ALL
                .into_iter()
                .map(|group| GroupView::of(group, t))
                .collect(),
        }
    }

    /// What a screen reader is told when the page changes.
    fn status(&self) -> &'static str {
        match (&self.current, self.earlier.first()) {
            (Some(_), _) => self.t.incoming,
            (None, Some(last)) => last.word,
            (None, None) => self.t.nothing,
        }
    }
}

impl LostPage {
    pub(super) fn of(locale: Locale) -> Self {
        Self {
            t: Texts::of(locale),
            other_href: format!("/?lang={}", locale.other()),
        }
    }
}

impl CitizenView {
    fn of(sandbox: &SandboxHandle, citizen: &Citizen, locale: Locale) -> Self {
        let civil_no = citizen.civil_no.expose(Purpose::Citizen).to_owned();
        let groups: Vec<String> = civil_no
            .as_bytes()
            .chunks(4)
            .map(|group| String::from_utf8_lossy(group).into_owned())
            .collect();
        Self {
            civil_no_shown: groups.join(" "),
            name: citizen.name.in_locale(locale).to_owned(),
            about: citizen.about.in_locale(locale).to_owned(),
            level: Texts::of(locale).level_word(citizen.assurance),
            waiting: sandbox.state.open_request(&civil_no).is_some(),
            civil_no,
        }
    }
}

impl RequestView {
    fn of(asked: &Asked, t: &Texts) -> Self {
        Self {
            id: asked.id.clone(),
            service: asked.service.in_locale(t.locale).to_owned(),
            reason: asked.reason.in_locale(t.locale).to_owned(),
            challenge: asked.challenge.as_deref().map(in_two_groups),
            wants_person: asked.wants_person,
            level: asked.assurance.map(|level| t.level_word(level)),
            until: clock_time(asked.expires_at),
        }
    }
}

impl EarlierView {
    fn of(asked: &Asked, standing: Standing, t: &Texts) -> Self {
        Self {
            service: asked.service.in_locale(t.locale).to_owned(),
            kind: match standing {
                Standing::Approved => "approved",
                Standing::Declined => "declined",
                Standing::Failed => "failed",
                Standing::Open | Standing::Ignored | Standing::Expired => "silent",
            },
            word: t.standing_word(standing),
            scenario: asked.scenario.map(|scenario| does(scenario, t.locale)),
            at: clock_time(asked.received_at),
            status: asked.status,
            undelivered: asked.fault.is_some(),
        }
    }
}

impl GroupView {
    fn of(group: ScenarioGroup, t: &Texts) -> Self {
        let scenarios = Scenario::ALL
            .into_iter()
            .filter(|scenario| scenario.group() == group);
        Self {
            name: t.group_word(group),
            scenarios: scenarios
                .map(|scenario| ScenarioView {
                    name: scenario.as_str(),
                    does: does(scenario, t.locale),
                })
                .collect(),
        }
    }
}

const fn does(scenario: Scenario, locale: Locale) -> &'static str {
    match locale {
        Locale::Ar => scenario.ar(),
        Locale::En => scenario.en(),
    }
}

/// `8352` as `83` and `52`, as people compare it.
fn in_two_groups(challenge: &str) -> (String, String) {
    let half = challenge.chars().count().div_ceil(2);
    (
        challenge.chars().take(half).collect(),
        challenge.chars().skip(half).collect(),
    )
}

fn clock_time(moment: Timestamp) -> String {
    let local = moment.in_kuwait();
    format!("{:02}:{:02}", local.hour, local.minute)
}

const SHOWN_EARLIER: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    // R000-080: the phone shows the digits as the page does, in groups that people can compare.
    #[test]
    fn a_challenge_is_shown_in_two_groups_of_any_length() {
        for (challenge, first, second) in [
            ("8352", "83", "52"),
            ("123", "12", "3"),
            ("1", "1", ""),
            ("٨٣٥٢", "٨٣", "٥٢"),
        ] {
            assert_eq!(in_two_groups(challenge), (first.to_owned(), second.to_owned()));
        }
    }
}
