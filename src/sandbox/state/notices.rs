use super::inner::KEPT_OF_ONE;
use super::mind::State;
use crate::sandbox::faces::NotificationWanted;
use crate::sandbox::faces::Refusal;
use crate::sandbox::request::Notified;
use crate::sandbox::scenario::Scenario;
use crate::words::Purpose;

impl State {
    /// Shows a notification on a phone.
    pub(in crate::sandbox) fn notify(
        &self,
        provider: &str,
        wanted: NotificationWanted,
    ) -> Result<(), Refusal> {
        if wanted.service_provider_id != provider {
            return Err(Refusal::UnknownServiceProvider);
        }
        let civil_no = wanted.civil_no.expose(Purpose::Wire).to_owned();
        self.asked_citizen(&civil_no, None)?;
        let now = self.now();
        let mut inner = self.lock();
        if let Some(Scenario::ErrorReply) = inner.take_armed(&civil_no).map(|armed| armed.scenario) {
            return Err(Refusal::Synthetic);
        }
        let notified = inner.notifications.entry(civil_no.clone()).or_default();
        notified.push_front(Notified {
            subject: wanted.subject,
            message: wanted.message,
            at: now,
        });
        notified.truncate(KEPT_OF_ONE);
        drop(inner);
        self.changed(&civil_no);
        Ok(())
    }

    /// What a citizen was told, newest first.
    pub(in crate::sandbox) fn notifications(&self, civil_no: &str) -> Vec<Notified> {
        let inner = self.lock();
        inner
            .notifications
            .get(civil_no)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}
