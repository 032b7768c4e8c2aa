use std::time::Duration;

use bytes::Bytes;

use super::authority::check;
use super::authority::prepare;
use super::citizen::Citizen;
use super::conduct::Answer;
use super::conduct::Choice;
use super::courier::compose_answer;
use super::error::SandboxError;
use super::faces::direct;
use super::handle::CallbackBaseError;
use super::handle::callback_base;
use super::options::SandboxOptions;
use super::scenario::Scenario;
use super::settings::SpSettings;
use super::state::Armed;
use super::state::State;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Purpose;
use crate::words::QrCode;

/// The sandbox without a network, for simulations in virtual time: the same citizens, scenarios, keys and bytes, asked by a
/// call and answering with values. Nothing listens, waits or sends; the time is that of the options' clock.
pub struct OfflineAuthority {
    state: State,
}

/// What the authority makes of a request.
pub struct Reaction {
    /// The status of HTTP and the body; `None` where the connection breaks before either.
    pub reply: Option<(u16, Bytes)>,
    /// Whether the first answer is sent before the reply.
    pub answers_first: bool,
    /// Whether the request reaches its person, or waits for whoever scans its code.
    pub asks_somebody: bool,
    /// The answers that follow, one after another.
    pub answers: Vec<DueAnswer>,
}

/// An answer that is going to be sent.
#[derive(Clone, Debug)]
pub struct DueAnswer {
    /// The authority's id of the request.
    pub request_id: String,
    /// The pause before it, counted from the answer before.
    pub after: Duration,
    /// How often the same bytes are sent.
    pub copies: u8,
    answer: Answer,
}

/// The exact bytes of an answer, and what is true whatever they say.
pub struct ToldAnswer {
    /// As they are sent.
    pub body: Bytes,
    /// Whether the person asked has approved this request, and the authority says so in a form that a provider has to
    /// take.
    pub approved: bool,
}

impl OfflineAuthority {
    /// Opens or makes the keys; blocks on the disk and on the making of keys.
    ///
    /// # Errors
    /// As [`super::Authority::start`], but for the listeners.
    pub fn open(options: SandboxOptions) -> Result<Self, SandboxError> {
        check(&options)?;
        Ok(Self {
            state: prepare(options)?,
        })
    }

    /// What a service provider is told, with addresses at which nobody listens.
    pub fn sp_settings(&self) -> SpSettings {
        let nobody = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 9));
        SpSettings::of(&self.state, nobody, nobody)
    }

    /// Registers the base below which every callback URL must lie.
    ///
    /// # Errors
    /// When it is no https URL.
    pub fn register_callback_base(&self, base: &str) -> Result<(), CallbackBaseError> {
        let provider = &self.state.options.service_provider_id;
        self.state.register_callback_base(provider, callback_base(base)?);
        Ok(())
    }

    /// Everybody there is, the crowd included.
    pub fn citizens(&self) -> &[Citizen] {
        &self.state.citizens
    }

    /// Makes one scenario, and no other, wait for the next request: of this citizen, or of anybody.
    pub fn arm_only(&self, scenario: Option<Scenario>, citizen: Option<&CivilNo>) {
        let civil_no = citizen.map(|civil_no| civil_no.expose(Purpose::Compare));
        self.state.disarm(civil_no.unwrap_or_default());
        if let Some(scenario) = scenario {
            let armed = Armed {
                scenario,
                delay: None,
            };
            self.state.arm(civil_no, armed);
        }
    }

    /// The code that a citizen's card shows now; `None` without a Mobile ID.
    pub fn card(&self, citizen: &CivilNo) -> Option<QrCode> {
        let civil_no = citizen.expose(Purpose::Compare);
        self.state.show_card(civil_no).map(|shown| shown.code)
    }

    /// Takes an operation of the bridge, as it would come over HTTP.
    pub fn ask(&self, operation: &str, body: &[u8]) -> Reaction {
        let taken = direct(&self.state, operation, body);
        let asks_somebody = taken.follows.is_some();
        let (id, answers) = taken.follows.unwrap_or_default();
        Reaction {
            asks_somebody,
            reply: taken.reply,
            answers_first: taken.answers_first,
            answers: due(&id, answers),
        }
    }

    /// A citizen scans a code; answers what they do then, or `None` if nothing waits behind the code for them.
    pub fn scan(&self, text: &str, citizen: &CivilNo) -> Option<Vec<DueAnswer>> {
        let civil_no = citizen.expose(Purpose::Compare);
        let (id, answers) = self.state.scan(text, civil_no).ok()?;
        Some(due(&id, answers))
    }

    /// Makes the bytes of an answer whose time has come; `None` if the person has answered otherwise meanwhile.
    pub fn answer(&self, due: &DueAnswer) -> Option<ToldAnswer> {
        let asked = self.state.claim(&due.request_id, &due.answer)?;
        let body = compose_answer(&self.state, &asked, &due.answer)?;
        let approved = due.answer.choice == Choice::Approve && due.answer.flaw.is_harmless(&asked);
        self.state.remember(&asked, &due.answer, &body);
        Some(ToldAnswer { body, approved })
    }

    /// The digest of what was asked last, for tests that compare two runs.
    pub fn ledger_digest(&self) -> Digest {
        let ledger = self.state.ledger();
        Digest::of(format!("{ledger:?}").as_bytes())
    }
}

fn due(id: &str, answers: Vec<Answer>) -> Vec<DueAnswer> {
    let each = answers.into_iter().map(|answer| DueAnswer {
        request_id: id.to_owned(),
        after: answer.after,
        copies: answer.copies,
        answer,
    });
    each.collect()
}

/// Shows nothing of the citizens.
impl std::fmt::Debug for OfflineAuthority {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("OfflineAuthority")
    }
}
