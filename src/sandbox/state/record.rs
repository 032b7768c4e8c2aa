use bytes::Bytes;

use super::inner::Inner;
use super::mind::State;
use crate::sandbox::conduct::Answer;
use crate::sandbox::conduct::Choice;
use crate::sandbox::conduct::Flaw;
use crate::sandbox::ledger::LedgerSnapshot;
use crate::sandbox::ledger::Sent;
use crate::sandbox::request::Asked;
use crate::sandbox::scenario::Scenario;
use crate::words::Digest;

impl State {
    pub(in crate::sandbox) fn arrived(&self, provider: &str, operation: &str, body: &[u8]) -> u64 {
        let now = self.now();
        self.lock().ledger.arrived(now, provider, operation, body)
    }

    pub(in crate::sandbox) fn replied(&self, entry: u64, reply: &str) {
        self.lock()
            .ledger
            .complete(entry, |received| received.reply = Some(reply.to_owned()));
    }

    /// Enters an attempt to deliver.
    pub(in crate::sandbox) fn delivered(
        &self,
        asked: &Asked,
        answer: &Answer,
        body: &Bytes,
        attempt: u32,
        outcome: &Result<u16, String>,
    ) {
        let now = self.now();
        let mut inner = self.lock();
        if let Some(kept) = inner.requests.get_mut(&asked.id) {
            kept.status = outcome.as_ref().ok().copied();
            kept.fault = outcome.as_ref().err().cloned();
        }
        self.remember_in(&mut inner, asked, answer, body);
        let entry = Sent {
            sequence: 0,
            at: now,
            service_provider_id: asked.service_provider_id.clone(),
            request_id: asked.id.clone(),
            additional_data: asked.additional_data.clone(),
            scenario: asked.scenario.map(Scenario::as_str),
            digest: Digest::of(body),
            attempt,
            status: outcome.as_ref().ok().copied(),
            fault: outcome.as_ref().err().cloned(),
        };
        inner.ledger.delivered(entry, body);
        drop(inner);
        self.changed(&asked.civil_no);
    }

    /// Enters an attempt to deliver an answer of a cassette.
    pub(in crate::sandbox) fn replayed(
        &self,
        provider: &str,
        request_id: &str,
        body: &Bytes,
        attempt: u32,
        outcome: &Result<u16, String>,
    ) {
        let entry = Sent {
            sequence: 0,
            at: self.now(),
            service_provider_id: provider.to_owned(),
            request_id: request_id.to_owned(),
            additional_data: None,
            scenario: None,
            digest: Digest::of(body),
            attempt,
            status: outcome.as_ref().ok().copied(),
            fault: outcome.as_ref().err().cloned(),
        };
        self.lock().ledger.delivered(entry, body);
    }

    pub(in crate::sandbox) fn ledger(&self) -> LedgerSnapshot {
        self.lock().ledger.snapshot()
    }

    pub(in crate::sandbox) fn body(&self, digest: &Digest) -> Option<Bytes> {
        self.lock().ledger.body(digest)
    }

    pub(in crate::sandbox) fn earlier_approval(&self, civil_no: &str) -> Option<Bytes> {
        self.lock().approvals.get(civil_no).cloned()
    }

    /// Keeps an honest approval of a named citizen, for replay.
    pub(in crate::sandbox) fn remember(&self, asked: &Asked, answer: &Answer, body: &Bytes) {
        self.remember_in(&mut self.lock(), asked, answer, body);
    }

    fn remember_in(&self, inner: &mut Inner, asked: &Asked, answer: &Answer, body: &Bytes) {
        let honest = answer.choice == Choice::Approve && answer.flaw == Flaw::None;
        let named = self
            .citizen(&asked.civil_no)
            .is_some_and(|citizen| !citizen.of_the_crowd);
        if honest && named {
            inner.approvals.insert(asked.civil_no.clone(), body.clone());
        }
    }
}
