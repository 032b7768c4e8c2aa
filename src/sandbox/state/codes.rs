use super::inner::KEPT_OF_ONE;
use super::mind::State;
use crate::sandbox::card::ShownCard;
use crate::sandbox::conduct::Answer;
use crate::sandbox::faces::Refusal;
use crate::sandbox::request::Asked;
use crate::sandbox::request::Standing;
use crate::sandbox::scenario::Scenario;

impl State {
    /// Somebody scans a code: from now on the request is theirs, and they answer it as they are.
    pub(in crate::sandbox) fn scan(
        &self,
        text: &str,
        civil_no: &str,
    ) -> Result<(String, Vec<Answer>), ScanError> {
        let now = self.now();
        let mut inner = self.lock();
        let id = inner
            .requests
            .values()
            .find(|asked| {
                asked.code.as_deref() == Some(text)
                    && asked.waits_for_scan()
                    && asked.standing(now) == Standing::Open
            })
            .map(|asked| asked.id.clone())
            .ok_or(ScanError::NoSuchCode)?;
        let level = inner.requests.get(&id).and_then(|asked| asked.assurance);
        let citizen = match self.asked_citizen(civil_no, level) {
            Ok(citizen) => citizen,
            Err(Refusal::LevelTooLow) => return Err(ScanError::LevelTooLow),
            Err(_) => return Err(ScanError::NoSuchCitizen),
        };
        let (armed, conduct) = self.conduct(&mut inner, citizen, civil_no);
        if let Some(asked) = inner.requests.get_mut(&id) {
            civil_no.clone_into(&mut asked.civil_no);
            if let Some(armed) = armed {
                asked.scenario = Some(armed.scenario);
            }
        }
        let ids = inner.of_citizen.entry(civil_no.to_owned()).or_default();
        ids.push_back(id.clone());
        if ids.len() > KEPT_OF_ONE {
            ids.pop_front();
        }
        drop(inner);
        self.changed("");
        Ok((id, conduct.answers))
    }

    /// The codes that wait for somebody, newest first.
    pub(in crate::sandbox) fn open_codes(&self) -> Vec<Asked> {
        let now = self.now();
        let inner = self.lock();
        let ids = inner.order.iter().rev();
        ids.filter_map(|id| inner.requests.get(id))
            .filter(|asked| asked.waits_for_scan() && asked.standing(now) == Standing::Open)
            .take(SHOWN_CODES)
            .cloned()
            .collect()
    }

    /// The code that a citizen's card shows now.
    pub(in crate::sandbox) fn show_card(&self, civil_no: &str) -> Option<ShownCard> {
        let now = self.now();
        let enrolled = self.citizen(civil_no)?.ending.is_enrolled();
        enrolled
            .then(|| self.lock().cards.show(civil_no, &self.draws, now))
            .flatten()
    }

    /// The card behind a scanned text, and what is armed for its holder.
    pub(in crate::sandbox) fn scanned_card(
        &self,
        provider: &str,
        service_provider_id: &str,
        text: &str,
    ) -> Result<(ShownCard, Option<Scenario>), Refusal> {
        if service_provider_id != provider {
            return Err(Refusal::UnknownServiceProvider);
        }
        let mut inner = self.lock();
        let shown = inner.cards.find(text).cloned().ok_or(Refusal::UnreadableQr)?;
        let scenario = inner.take_armed(&shown.civil_no).map(|armed| armed.scenario);
        match scenario {
            Some(Scenario::ErrorReply) => Err(Refusal::Synthetic),
            scenario => Ok((shown, scenario)),
        }
    }
}

/// Why a code can't be scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum ScanError {
    NoSuchCode,
    NoSuchCitizen,
    LevelTooLow,
}

/// How many open codes the phone lists.
const SHOWN_CODES: usize = 20;
