use askama::filters::Safe;

use crate::engine::FlowView;
use crate::engine::StepPlace;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::QrCode;
use crate::words::Text;
use crate::words::Timestamp;

use super::clock::PageClock;
use super::shown;
use super::ui::Ui;

/// What a waiting page shows (R000-071, R000-077, R000-078, R000-080).
pub(super) struct Waiting {
    pub(super) organization: Text,
    pub(super) service: Text,
    /// What is waited for.
    capability: Capability,
    /// Where the logo of the organization is, to be compared with the phone (R000-078).
    pub(super) logo: Option<String>,
    /// The digits in groups, as people compare them.
    pub(super) groups: Vec<String>,
    /// The digits one by one, as a screen reader should say them.
    pub(super) spoken: String,
    /// The seconds that are left.
    pub(super) left: u64,
    /// The seconds there were in all.
    pub(super) total: u64,
    /// The time left, as a clock shows it.
    pub(super) clock: String,
    pub(super) steps: Vec<Text>,
    /// Where the end of the flow is told live.
    pub(super) events: String,
    /// The code to scan, if one can be scanned now (R000-074).
    pub(super) code: Option<QrCode>,
    /// The link that opens the app on this device (R000-075).
    pub(super) app_link: Option<String>,
    /// Where a new code is asked for.
    pub(super) renew: Option<String>,
    /// Which step of a journey it is, and of how many.
    pub(super) step: Option<(usize, usize)>,
    /// What the form that asks for it has to carry.
    pub(super) token: String,
    /// Where the person says that they did not ask for this.
    pub(super) not_me: Option<String>,
}

impl Waiting {
    pub(super) fn new(
        (organization, logo): (Text, Option<String>),
        (service, capability): (Text, Capability),
        challenge: &Challenge,
        times: (Timestamp, Timestamp),
        clock: PageClock,
        steps: Vec<Text>,
        events: String,
    ) -> Self {
        let (began, ends) = times;
        let total = ends.since(began).as_secs().max(1);
        let left = clock.seconds_until(ends).min(total);
        Self {
            organization,
            service,
            capability,
            logo,
            groups: challenge.grouped().split(' ').map(str::to_owned).collect(),
            spoken: challenge
                .as_str()
                .chars()
                .flat_map(|digit| [digit, ' '])
                .collect::<String>()
                .trim()
                .to_owned(),
            left,
            total,
            clock: shown::clock(left),
            steps,
            events,
            code: None,
            app_link: None,
            renew: None,
            not_me: None,
            step: None,
            token: String::new(),
        }
    }

    /// The same as a step of a journey.
    pub(super) fn at_step(self, place: Option<&StepPlace>) -> Self {
        Self {
            step: place.map(|place| (place.number, place.of)),
            ..self
        }
    }

    /// The same with a form that ends what the person did not ask for.
    pub(super) fn disowned_at(self, path: String) -> Self {
        Self {
            not_me: Some(path),
            ..self
        }
    }

    /// The same with a code to scan, or with what stands in its place on the phone itself.
    pub(super) fn showing(self, code: Option<QrCode>, app_link: Option<String>) -> Self {
        Self {
            // R000-141: not for a moment longer than it can be used.
            code: code.filter(|_| self.left > 0),
            app_link: app_link.filter(|_| self.left > 0),
            ..self
        }
    }

    /// The same with a form that asks for a new code.
    pub(super) fn renewed_at(self, path: String, token: String) -> Self {
        Self {
            renew: Some(path),
            token,
            ..self
        }
    }

    /// The picture of the code. It is drawn from the text alone, in numbers and a fixed frame, so nothing of the text can
    /// be markup.
    pub(super) fn picture(&self) -> Safe<String> {
        Safe(self.code.as_ref().map(QrCode::svg).unwrap_or_default())
    }

    /// Whether somebody is asked on a phone, and has a number to compare; else only the authority is.
    pub(super) const fn compares(&self) -> bool {
        !matches!(self.capability, Capability::VerifyQr | Capability::Notify)
    }

    /// What is waited for, in short.
    pub(super) fn status(&self, ui: &'static Ui) -> &'static str {
        match (self.compares(), &self.code) {
            (false, _) => ui.waiting_for_authority,
            (true, Some(_)) => ui.waiting_for_scan,
            (true, None) => ui.waiting_for_you,
        }
    }

    /// What is said once the time is over, before the ending is there.
    pub(super) fn over(&self, ui: &'static Ui) -> &'static str {
        if self.capability == Capability::AuthQr {
            ui.code_is_over
        } else {
            ui.time_is_over
        }
    }

    /// After how many seconds a page without scripts asks again: before a code has run out for long.
    pub(super) fn refresh(&self) -> u64 {
        if self.code.is_some() {
            self.left.clamp(1, 5)
        } else {
            5
        }
    }

    /// What the person is to do now.
    pub(super) fn heading(&self, ui: &'static Ui) -> &'static str {
        if self.code.is_some() {
            ui.scan_code
        } else if self.app_link.is_some() {
            ui.open_app_heading
        } else {
            match self.capability {
                Capability::VerifyQr => ui.checking_card,
                Capability::Notify => ui.sending_notification,
                Capability::Sign => ui.sign_on_phone,
                Capability::AuthPush | Capability::AuthQr => ui.look_at_phone,
            }
        }
    }
}

/// A notification that leaves when quiet hours end, as a page shows it.
pub(super) struct PutOff {
    /// `today`, `tomorrow` or the day.
    pub(super) day: String,
    /// The time in Kuwait.
    pub(super) clock: String,
    pub(super) service: Text,
    /// Where the end of the flow is told live.
    pub(super) events: String,
}

impl PutOff {
    pub(super) fn new(
        ui: &'static Ui,
        clock: PageClock,
        sends_at: Timestamp,
        service: Text,
        events: String,
    ) -> Self {
        let (day, clock) = shown::when(ui, clock.now(), sends_at);
        Self {
            day,
            clock,
            service,
            events,
        }
    }

    /// Of a flow that has been put off.
    pub(super) fn of(ui: &'static Ui, view: &FlowView, events: &str) -> Option<Self> {
        let sends_at = view.sends_at.filter(|_| !view.ended)?;
        let (clock, service) = (PageClock::system(), view.service_name.clone());
        Some(Self::new(ui, clock, sends_at, service, events.to_owned()))
    }
}

/// A step of a journey that is done, as a page shows it as long as the next one has not begun.
pub(super) struct BetweenSteps {
    pub(super) service: Text,
    /// Where it is told live that there is more to show.
    pub(super) events: String,
}

impl BetweenSteps {
    pub(super) fn of(view: &FlowView, events: &str) -> Option<Self> {
        view.is_between_steps().then(|| Self {
            service: view.service_name.clone(),
            events: events.to_owned(),
        })
    }
}

/// How a flow ended, as a page shows it.
pub(super) struct Ended {
    pub(super) class: &'static str,
    pub(super) heading: &'static str,
    pub(super) say: Text,
    pub(super) service: Text,
}

impl Ended {
    /// Of a flow that has ended, and with it whatever it is a step of.
    pub(super) fn of(ui: &'static Ui, view: &FlowView) -> Option<Self> {
        let outcome = view.final_outcome()?;
        let decided = view.decision.as_ref();
        Some(Self {
            class: outcome.class().as_str(),
            heading: shown::ending(ui, Some(view.capability), outcome.class()),
            say: decided.map_or_else(|| outcome.text(), |decision| decision.say.clone()),
            service: view.service_name.clone(),
        })
    }
}
