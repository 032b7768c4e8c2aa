use super::ask::RightsAsk;
use super::ask::RightsError;
use super::ask::Who;
use super::service::Rights;
use crate::audit::Act;
use crate::audit::ActNote;
use crate::audit::ActStamp;
use crate::audit::Opening;
use crate::engine::Secrets;
use crate::engine::SecretsError;
use crate::engine::dual_control::Agreed;
use crate::engine::dual_control::TwoPersons;
use crate::engine::secrets::random;
use crate::words::Timestamp;

/// What is done only if two persons want it (R003-75).
pub(super) trait TakesTwo: Sync {
    /// Who wants it.
    fn by(&self) -> &TwoPersons;

    /// What they sign.
    ///
    /// # Errors
    /// When it could not be done anyhow.
    fn write(&self, act: &ActWriter<'_>) -> Result<Act, RightsError>;
}

/// Writes acts about people so that nobody can read out of them about whom.
pub(super) struct ActWriter<'a> {
    secrets: &'a Secrets,
    log: String,
    stamp: &'a ActStamp,
    opening: &'a Opening,
}

impl RightsAsk {
    /// The act to be signed for this, by the clock of whoever writes it; `None` where one person is enough.
    ///
    /// # Errors
    /// When what is asked could not be done anyhow, or the secrets can't be used.
    pub fn act(&self, secrets: &Secrets, now: Timestamp) -> Result<Option<ActNote>, RightsError> {
        let Some(ask) = self.takes_two() else {
            return Ok(None);
        };
        let (stamp, opening) = (ActStamp::new(now), Opening::new(random()?));
        let act = ask.write(&ActWriter::new(secrets, &stamp, &opening)?)?;
        let note = ActNote::new(&act, opening);
        note.map(Some)
            .map_err(|error| RightsError::Refused(error.to_string()))
    }
}

impl Rights {
    /// Whether two persons want it.
    pub(super) fn agreed(&self, ask: &dyn TakesTwo) -> Result<Agreed, RightsError> {
        let write =
            |stamp: &ActStamp, opening: &Opening| ask.write(&ActWriter::new(&self.secrets, stamp, opening)?);
        self.dual_control.agreed(ask.by(), write, self.clock.now())
    }
}

impl<'a> ActWriter<'a> {
    fn new(secrets: &'a Secrets, stamp: &'a ActStamp, opening: &'a Opening) -> Result<Self, RightsError> {
        let key = secrets.named_log_key()?.ok_or_else(|| {
            let why = "no node has run with these secrets yet, so there is nothing to sign about";
            RightsError::Refused(why.to_owned())
        })?;
        Ok(Self {
            secrets,
            log: key.written().to_owned(),
            stamp,
            opening,
        })
    }

    /// The beginning of an act.
    pub(super) fn begin(&self, what: &str) -> Act {
        Act::new(what, &self.log, self.stamp)
    }

    /// Whose data it is about.
    pub(super) fn about(&self, act: Act, who: &Who) -> Result<Act, RightsError> {
        Ok(match who {
            Who::Flow(flow) => act.with("flow", &flow.to_string()),
            Who::CivilNo(text) => {
                let person = self.secrets.person_key(&Who::civil_no(text)?);
                self.blinded(act, "person", person.as_bytes())
            }
        })
    }

    /// A line that only this node can compare with what is meant, and only as long as the file of the act is there.
    pub(super) fn blinded(&self, act: Act, name: &str, value: &[u8]) -> Act {
        let digest = self.secrets.act_key(self.opening.as_bytes(), value);
        act.with(name, &digest.to_string())
    }
}

impl From<SecretsError> for RightsError {
    fn from(error: SecretsError) -> Self {
        Self::Secrets(error.to_string())
    }
}
