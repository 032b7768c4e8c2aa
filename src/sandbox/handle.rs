use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use super::citizen::Citizen;
use super::conduct::Answer;
use super::conduct::Choice;
use super::conduct::Flaw;
use super::courier;
use super::keys::CertificateKind;
use super::ledger::LedgerSnapshot;
use super::replay::Deck;
use super::request::Standing;
use super::responder::respond;
use super::scenario::Planned;
use super::scenario::Scenario;
use super::settings::SpSettings;
use super::state::Armed;
use super::state::ScanError;
use super::state::State;
use super::time_stamper::stamp;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Purpose;
use crate::words::QrCode;
use crate::words::Text;

/// The sandbox from within the process: what the phone page does over HTTP, and more.
#[derive(Clone)]
pub struct SandboxHandle {
    pub(super) state: Arc<State>,
    bridge: SocketAddr,
    phone: SocketAddr,
}

/// What a person does on the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonAct {
    /// Approves.
    Approve,
    /// Declines.
    Decline,
    /// Looks away.
    Ignore,
}

/// Why something can't be done on the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Nobody has this civil number here.
    #[error("the sandbox has no citizen with this civil number; GET /citizens lists them")]
    NoSuchCitizen,
    /// There is nothing to answer.
    #[error("the citizen has no open request; it was answered, has expired, or has not come yet")]
    NoOpenRequest,
    /// Nothing waits behind the code.
    #[error(
        "no request waits behind this code; it was scanned, has expired, or is of somebody else; GET /codes lists them"
    )]
    NoSuchCode,
    /// A recording answers.
    #[error("a recording answers in the sandbox's place; start `midflow dev` without --cassette")]
    Replaying,
    /// The person's level is too low for what the code asks.
    #[error("the citizen's assurance level is below the level that the code asks for")]
    LevelTooLow,
}

/// A URL that can't be a callback base.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` can't be the callback base; it must be an https URL without query or fragment, and of a registered provider"
)]
pub struct CallbackBaseError(String);

impl SandboxHandle {
    pub(super) const fn new(state: Arc<State>, bridge: SocketAddr, phone: SocketAddr) -> Self {
        Self { state, bridge, phone }
    }

    /// All that a service provider needs to use this sandbox.
    pub fn sp_settings(&self) -> SpSettings {
        SpSettings::of(&self.state, self.bridge, self.phone)
    }

    /// The same for a further service provider; `None` if nobody is registered under this id.
    pub fn sp_settings_of(&self, service_provider_id: &str) -> Option<SpSettings> {
        SpSettings::of_provider(&self.state, service_provider_id, self.bridge, self.phone)
    }

    /// Registers the base below which every callback URL must lie. Until then each request is refused.
    ///
    /// # Errors
    /// When it is no https URL.
    pub fn register_callback_base(&self, base: &str) -> Result<(), CallbackBaseError> {
        self.register_callback_base_of(&self.state.options.service_provider_id, base)
    }

    /// The same for a further service provider.
    ///
    /// # Errors
    /// When it is no https URL, or nobody is registered under this id.
    pub fn register_callback_base_of(
        &self,
        service_provider_id: &str,
        base: &str,
    ) -> Result<(), CallbackBaseError> {
        let registered = self
            .state
            .register_callback_base(service_provider_id, callback_base(base)?);
        registered
            .then_some(())
            .ok_or_else(|| CallbackBaseError(base.to_owned()))
    }

    /// Takes every token of the gateway back, as one that was started anew does.
    pub fn forget_gateway_tokens(&self) {
        self.state.logins.values().for_each(|login| login.forget_tokens());
    }

    /// Changes the name of the service provider that the phone shows.
    pub fn rename_service_provider(&self, name: Text) {
        let first = &self.state.options.service_provider_id;
        self.state.rename_service_provider(first, name);
    }

    /// Everybody there is, the crowd included.
    pub fn citizens(&self) -> &[Citizen] {
        &self.state.citizens
    }

    /// Makes a scenario wait for the next request of a citizen, or of anybody. Several wait in line. `delay` is
    /// the pause before the first answer, where it is not the usual one.
    ///
    /// # Errors
    /// When there is no such citizen, or a recording answers.
    pub fn arm(
        &self,
        scenario: Scenario,
        citizen: Option<&CivilNo>,
        delay: Option<Duration>,
    ) -> Result<(), PhoneError> {
        if self.state.deck.is_some() {
            return Err(PhoneError::Replaying);
        }
        let civil_no = citizen.map(|civil_no| civil_no.expose(Purpose::Compare));
        if let Some(civil_no) = civil_no {
            self.state.citizen(civil_no).ok_or(PhoneError::NoSuchCitizen)?;
        }
        self.state.arm(civil_no, Armed { scenario, delay });
        Ok(())
    }

    /// Makes every line of a scenario file wait, in its order; answers how many.
    ///
    /// # Errors
    /// When a citizen is not here; what came before them waits already.
    pub fn arm_file(&self, planned: &[Planned]) -> Result<usize, PhoneError> {
        for one in planned {
            self.arm(one.scenario, one.citizen.as_ref(), one.delay)?;
        }
        Ok(planned.len())
    }

    /// Forgets every scenario that waits for this citizen or for anybody.
    pub fn disarm(&self, citizen: &CivilNo) {
        self.state.disarm(citizen.expose(Purpose::Compare));
    }

    /// Does what the person would do on the phone, with the request of this id or the newest open one. Answers
    /// the request's id.
    ///
    /// # Errors
    /// When there is no such citizen or no such open request.
    pub fn act(
        &self,
        act: PersonAct,
        citizen: &CivilNo,
        request_id: Option<&str>,
    ) -> Result<String, PhoneError> {
        let civil_no = citizen.expose(Purpose::Compare);
        self.state.citizen(civil_no).ok_or(PhoneError::NoSuchCitizen)?;
        let id = match request_id {
            Some(id) => self.open(civil_no, id).then(|| id.to_owned()),
            None => self.state.open_request(civil_no),
        };
        let id = id.ok_or(PhoneError::NoOpenRequest)?;
        let choice = match act {
            PersonAct::Approve => Choice::Approve,
            PersonAct::Decline => Choice::Decline,
            PersonAct::Ignore => {
                return if self.state.ignore(&id) {
                    Ok(id)
                } else {
                    Err(PhoneError::NoOpenRequest)
                };
            }
        };
        let person = Answer {
            only_if_open: true,
            ..Answer::of(choice, Flaw::None)
        };
        // Noted here and now, so that a second tap finds nothing to answer; then sent without a second look.
        self.state.claim(&id, &person).ok_or(PhoneError::NoOpenRequest)?;
        let answer = Answer::of(choice, Flaw::None);
        courier::send(&self.state, id.clone(), vec![answer], None);
        Ok(id)
    }

    /// Scans a code that is shown somewhere, with a citizen's phone; the citizen then answers as ever. Answers the
    /// request's id.
    ///
    /// # Errors
    /// When there is no such citizen, nothing waits behind the code, or the citizen's level is too low for it.
    pub fn scan(&self, text: &str, citizen: &CivilNo) -> Result<String, PhoneError> {
        let civil_no = citizen.expose(Purpose::Compare);
        let (id, answers) = self.state.scan(text, civil_no).map_err(|error| match error {
            ScanError::NoSuchCode => PhoneError::NoSuchCode,
            ScanError::NoSuchCitizen => PhoneError::NoSuchCitizen,
            ScanError::LevelTooLow => PhoneError::LevelTooLow,
        })?;
        courier::send(&self.state, id.clone(), answers, None);
        Ok(id)
    }

    /// Puts the certificate that this citizen approves with on the list of revoked ones. The authority's answers do not say
    /// so: whoever reads no list believes them.
    ///
    /// # Errors
    /// When there is no such citizen.
    pub fn revoke(&self, citizen: &CivilNo) -> Result<(), PhoneError> {
        let found = self.state.citizen(citizen.expose(Purpose::Compare));
        let found = found.ok_or(PhoneError::NoSuchCitizen)?;
        let kind = CertificateKind::Valid(found.assurance);
        let identity = self.state.keys.citizen(found, kind);
        let revoked = identity.is_ok_and(|identity| self.state.keys.revoke(&identity));
        revoked.then_some(()).ok_or(PhoneError::NoSuchCitizen)
    }

    /// Changes the key of the stamp: from now on callbacks are stamped with the next one, whose certificate providers have
    /// had all the time. Until the sandbox is started again.
    pub fn change_stamp_key(&self) {
        self.state.signers.changed.store(true, Ordering::Relaxed);
    }

    /// Puts the certificate of the first stamp key on the list of revoked ones.
    pub fn revoke_stamp_key(&self) {
        self.state.keys.revoke(self.state.keys.stamp());
    }

    /// The list of revoked certificates as it stands now, DER; `None` if it can't be signed.
    pub fn revocation_list(&self) -> Option<Vec<u8>> {
        let list = self.state.keys.revocation_list(self.state.now());
        list.ok()
    }

    /// What the responder says to a question (OCSP), DER; `None` while it is stopped.
    pub fn respond(&self, question: &[u8]) -> Option<Vec<u8>> {
        let serves = !self.state.responder_stopped.load(Ordering::Relaxed);
        serves
            .then(|| respond(&self.state.keys, question, self.state.now()))
            .flatten()
    }

    /// Stops the responder, or starts it again: while it is stopped, it is overloaded and answers nothing.
    pub fn serve_responder(&self, serves: bool) {
        self.state.responder_stopped.store(!serves, Ordering::Relaxed);
    }

    /// What the time-stamper says to a question (RFC 3161), DER; `None` while it is stopped.
    pub fn time_stamp(&self, question: &[u8]) -> Option<Vec<u8>> {
        let serves = !self.state.time_stamper_stopped.load(Ordering::Relaxed);
        serves
            .then(|| stamp(self.state.keys.time_stamper(), question, self.state.now()))
            .flatten()
    }

    /// Stops the time-stamper, or starts it again: while it is stopped, it answers nothing.
    pub fn serve_time_stamper(&self, serves: bool) {
        self.state.time_stamper_stopped.store(!serves, Ordering::Relaxed);
    }

    /// The text of the code that a citizen's card shows now, for an officer to scan; `None` without a Mobile ID.
    pub fn card(&self, citizen: &CivilNo) -> Option<QrCode> {
        self.state
            .show_card(citizen.expose(Purpose::Compare))
            .map(|shown| shown.code)
    }

    /// What has become of a request; `None` if it is not known (any more).
    pub fn standing(&self, request_id: &str) -> Option<Standing> {
        self.state.request(request_id).map(|(_, standing)| standing)
    }

    /// The id of a citizen's newest open request.
    pub fn open_request(&self, citizen: &CivilNo) -> Option<String> {
        self.state.open_request(citizen.expose(Purpose::Compare))
    }

    /// The recorded requests that nobody has made again yet, each with its flow; none without a cassette.
    pub fn left_of_cassette(&self) -> Vec<String> {
        self.state.deck.as_ref().map(Deck::left).unwrap_or_default()
    }

    /// Everything received and sent, as far as it is kept.
    pub fn ledger(&self) -> LedgerSnapshot {
        self.state.ledger()
    }

    /// The exact bytes of a recent callback, by the digest in the ledger.
    pub fn callback_body(&self, digest: &Digest) -> Option<Bytes> {
        self.state.body(digest)
    }

    fn open(&self, civil_no: &str, id: &str) -> bool {
        self.state
            .request(id)
            .is_some_and(|(asked, standing)| asked.civil_no == civil_no && standing == Standing::Open)
    }
}

/// Reads the base of callback URLs.
pub(super) fn callback_base(base: &str) -> Result<reqwest::Url, CallbackBaseError> {
    let fault = || CallbackBaseError(base.to_owned());
    let url = reqwest::Url::parse(base).map_err(|_| fault())?;
    if url.scheme() != "https" || url.query().is_some() || url.fragment().is_some() {
        return Err(fault());
    }
    Ok(url)
}

/// Shows nothing of the citizens.
impl std::fmt::Debug for SandboxHandle {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SandboxHandle")
            .field("bridge", &self.bridge)
            .finish_non_exhaustive()
    }
}
