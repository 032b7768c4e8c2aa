use super::attempts::PAGE_OF_ANOTHER;

/// What the attacker tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Attack {
    /// A push to the number of somebody who was never here.
    PushToAStranger,
    /// The address of a page that began in another browser.
    PageElsewhere,
    /// Push after push to somebody who declines.
    PushesAfterDeclines,
    /// Pushes to one person, spread over services.
    PushesOverServices,
    /// A push to somebody who has reported one.
    PushAfterAReport,
    /// The code of the attacker's own sign-in, shown to the victim.
    CodeRelayed,
    /// A push to somebody who has signed in here before.
    PushToAnAcquaintance,
}

impl Attack {
    /// Every one, in the order in which they are tried: what makes a victim known comes after what needs one who is not, what uses
    /// limits up after what needs them open, and the report, which closes a phone for a day, last.
    pub const ALL: [Self; 7] = [
        Self::PushToAStranger,
        Self::PageElsewhere,
        Self::PushesAfterDeclines,
        Self::CodeRelayed,
        Self::PushToAnAcquaintance,
        Self::PushesOverServices,
        Self::PushAfterAReport,
    ];

    /// What is tried, for people.
    pub const fn tried(self) -> &'static str {
        match self {
            Self::PushToAStranger => "a push to the number of somebody who was never here, and who approves",
            Self::PageElsewhere => "the address of a flow's page, opened in another browser",
            Self::PushesAfterDeclines => "one push after another to somebody who declines each",
            Self::PushesOverServices => "pushes to one person, spread over the services",
            Self::PushAfterAReport => "pushes to somebody who has said \"it was not me\"",
            Self::CodeRelayed => "the QR code of the attacker's own sign-in, sent to a victim who scans it",
            Self::PushToAnAcquaintance => {
                "a push to somebody who has signed in here before, and who approves"
            }
        }
    }

    /// Where the control against it is set; `None` where there is none that could be.
    pub const fn setting(self) -> Option<&'static str> {
        match self {
            Self::PushToAStranger => Some(
                "`first_contact: qr` of `auth_push` in the service's file: who is not known yet signs in by code first",
            ),
            Self::PageElsewhere => Some("always on: a page belongs to the browser that opened it first"),
            Self::PushesAfterDeclines => Some(
                "`push_safety: { cool_off: 5m }` in policies/organization.yaml: each further decline doubles the pause \
                 (outside development it holds unwritten)",
            ),
            Self::PushesOverServices => Some(
                "`push_safety: { per_person: 3/1h }` in policies/organization.yaml: one limit for all services together \
                 (outside development one holds unwritten)",
            ),
            Self::PushAfterAReport => Some(
                "always on; `push_safety: { not_me: 24h }` in policies/organization.yaml says for how long",
            ),
            Self::CodeRelayed | Self::PushToAnAcquaintance => None,
        }
    }

    /// What remains for people to do, where no control can stop it.
    pub const fn remains(self) -> Option<&'static str> {
        match self {
            Self::CodeRelayed => Some(
                "no control can tell whose screen a code was scanned from: the phone shows the service and the reason, and a code \
                 lives for minutes only",
            ),
            Self::PushToAnAcquaintance => Some(
                "only the person can tell: the page shows a number in two groups, the phone shows the same, and whoever sees it \
                 on no page of their own declines",
            ),
            _ => None,
        }
    }
}

/// The control that says this when it stops something; `None` of what is said by anything else.
pub fn control_of(code: &str) -> Option<&'static str> {
    Some(match code {
        "other.first_contact" => {
            "`first_contact: qr` of `auth_push`: who is not known yet signs in by code first"
        }
        "other.cool_off" => "`push_safety.cool_off`: whoever has declined is left in peace",
        "other.pushes_stopped" => "`push_safety.not_me`: whoever has reported a request gets no other",
        // Before a flow begins it is the code of the API's problem.
        "too_many_requests" | "other.too_many_requests" => {
            "`push_safety.per_person`, or `limits` of the service's own: so many requests to one person, and no more"
        }
        PAGE_OF_ANOTHER => "a page belongs to the browser that opened it first; it is always so",
        _ => return None,
    })
}
