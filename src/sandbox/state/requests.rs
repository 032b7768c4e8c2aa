use bytes::Bytes;

use super::mind::State;
use crate::sandbox::conduct::Answer;
use crate::sandbox::conduct::Choice;
use crate::sandbox::request::Asked;
use crate::sandbox::request::Standing;

impl State {
    /// A request and what has become of it.
    pub(in crate::sandbox) fn request(&self, id: &str) -> Option<(Asked, Standing)> {
        let now = self.now();
        let inner = self.lock();
        let asked = inner.requests.get(id)?.clone();
        let standing = asked.standing(now);
        Some((asked, standing))
    }

    /// A citizen's requests, newest first.
    pub(in crate::sandbox) fn requests_of(&self, civil_no: &str) -> Vec<(Asked, Standing)> {
        let now = self.now();
        let inner = self.lock();
        let ids = inner.of_citizen.get(civil_no).into_iter().flatten().rev();
        ids.filter_map(|id| inner.requests.get(id))
            .map(|asked| (asked.clone(), asked.standing(now)))
            .collect()
    }

    /// Notes an answer on the request; `None` if the request is gone, or if the answer is a person's and
    /// somebody has answered.
    pub(in crate::sandbox) fn claim(&self, id: &str, answer: &Answer) -> Option<Asked> {
        let now = self.now();
        let mut inner = self.lock();
        let asked = inner.requests.get_mut(id)?;
        if answer.only_if_open && asked.standing(now) != Standing::Open {
            return None;
        }
        asked.answer = Some(match answer.choice {
            Choice::Approve => Standing::Approved,
            Choice::Decline => Standing::Declined,
            Choice::Revoked | Choice::VerificationFailed | Choice::Expired => Standing::Failed,
        });
        let asked = asked.clone();
        drop(inner);
        self.changed(&asked.civil_no);
        Some(asked)
    }

    /// Keeps an answer for the provider to ask for; a later one takes its place.
    pub(in crate::sandbox) fn keep_for_poll(&self, id: &str, body: &Bytes) {
        if let Some(asked) = self.lock().requests.get_mut(id) {
            asked.polled.answer = Some(body.clone());
        }
    }

    /// The answer that the provider asks for, whether it was handed out before, and what has become of the request;
    /// `None` if the request is not known, is another provider's, or is answered by callback.
    pub(in crate::sandbox) fn polled(
        &self,
        provider: &str,
        id: &str,
    ) -> Option<(Option<Bytes>, bool, Standing)> {
        let now = self.now();
        let mut inner = self.lock();
        let asked = inner.requests.get_mut(id)?;
        if asked.callback_url.is_some() || asked.service_provider_id != provider {
            return None;
        }
        let answer = asked.polled.answer.clone();
        let used = std::mem::replace(&mut asked.polled.used, answer.is_some());
        Some((answer, used, asked.standing(now)))
    }

    /// The person looks away; `false` if the request was not open.
    pub(in crate::sandbox) fn ignore(&self, id: &str) -> bool {
        let now = self.now();
        let mut inner = self.lock();
        let Some(asked) = inner.requests.get_mut(id) else {
            return false;
        };
        if asked.standing(now) != Standing::Open {
            return false;
        }
        asked.answer = Some(Standing::Ignored);
        let civil_no = asked.civil_no.clone();
        drop(inner);
        self.changed(&civil_no);
        true
    }

    /// The newest open request of a citizen.
    pub(in crate::sandbox) fn open_request(&self, civil_no: &str) -> Option<String> {
        let now = self.now();
        let inner = self.lock();
        inner
            .open_requests(civil_no, now)
            .next()
            .map(|asked| asked.id.clone())
    }
}
