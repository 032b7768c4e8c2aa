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
    codes: Vec<CodeView>,
    card: Option<CardView>,
    notifications: Vec<NotificationView>,
    /// What is told of a scan that failed.
    scan_fault: Option<&'static str>,
    /// Where the person came from.
    back: Option<String>,
    groups: Vec<GroupView>,
}

/// The app as a link on the same device opens it.
#[derive(Template)]
#[template(path = "sandbox/app.html")]
pub(super) struct AppPage {
    t: &'static Texts,
    other_href: String,
    code: String,
    back: String,
    service: Option<String>,
    citizens: Vec<CitizenView>,
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
    /// What is to be signed: its name and what is shown of it.
    signing: Option<(String, Option<String>)>,
}

/// A code that is shown somewhere.
struct CodeView {
    text: String,
    service: String,
    until: String,
}

/// The code of the person's card.
struct CardView {
    svg: String,
    text: String,
}

struct NotificationView {
    subject: String,
    message: String,
    at: String,
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
            provider: current.map_or_else(String::new, |(asked, _)| {
                let name = sandbox.state.name_of(&asked.service_provider_id);
                name.in_locale(locale).to_owned()
            }),
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
            codes: sandbox
                .state
                .open_codes()
                .iter()
                .map(|asked| CodeView {
                    text: asked.code.clone().unwrap_or_default(),
                    service: asked.service.in_locale(locale).to_owned(),
                    until: clock_time(asked.expires_at),
                })
                .collect(),
            card: sandbox.state.show_card(civil_no).map(|shown| CardView {
                svg: shown.code.svg(),
                text: shown.code.text().to_owned(),
            }),
            notifications: sandbox
                .state
                .notifications(civil_no)
                .iter()
                .take(SHOWN_EARLIER)
                .map(|told| NotificationView {
                    subject: told.subject.in_locale(locale).to_owned(),
                    message: told.message.in_locale(locale).to_owned(),
                    at: clock_time(told.at),
                })
                .collect(),
            scan_fault: None,
            back: None,
            groups: ScenarioGroup::ALL
                .into_iter()
                .map(|group| GroupView::of(group, t))
                .collect(),
        }
    }

    /// Says why a scan failed.
    pub(super) fn said(&mut self, said: Option<&str>) {
        self.scan_fault = match said {
            Some("level") => Some(self.t.scan_level),
            Some(_) => Some(self.t.scan_code),
            None => None,
        };
    }

    /// Leads back to where the person came from.
    pub(super) fn leads_back(&mut self, back: Option<&str>) {
        self.back = back.map(str::to_owned);
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

impl AppPage {
    pub(super) fn of(sandbox: &SandboxHandle, locale: Locale, code: String, back: Option<String>) -> Self {
        let open = sandbox.state.open_codes();
        let asked = open.iter().find(|asked| asked.code.as_deref() == Some(&code));
        let citizens = sandbox
            .citizens()
            .iter()
            .filter(|citizen| !citizen.of_the_crowd && citizen.ending.is_enrolled());
        Self {
            t: Texts::of(locale),
            other_href: format!("/?lang={}", locale.other()),
            service: asked.map(|asked| asked.service.in_locale(locale).to_owned()),
            citizens: citizens
                .map(|citizen| CitizenView::of(sandbox, citizen, locale))
                .collect(),
            code,
            back: back.unwrap_or_default(),
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
            signing: asked
                .signing
                .as_ref()
                .map(|signing| (signing.file_name.clone(), signing.preview.clone())),
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
