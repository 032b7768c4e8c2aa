use askama::filters::Safe;

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
    /// What the form that asks for it has to carry.
    pub(super) token: String,
    /// Where the person says that they did not ask for this.
    pub(super) not_me: Option<String>,
}

impl Waiting {
    pub(super) fn new(
        organization: Text,
        service: Text,
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
            token: String::new(),
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
            ui.look_at_phone
        }
    }
}

/// How a flow ended, as a page shows it.
pub(super) struct Ended {
    pub(super) class: &'static str,
    pub(super) heading: &'static str,
    pub(super) say: Text,
    pub(super) service: Text,
}
