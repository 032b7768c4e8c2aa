use super::approval::ApprovalRule;
use super::base64::Blob;
use super::callback::Callback;
use super::certificate::UserCertificate;
use super::revocation::Named;
use super::stamp::StampBlobs;
use crate::words::Timestamp;

impl ApprovalRule {
    /// Asks the responder, where the settings name one, about the certificates of an answer: the signer's first, and the
    /// person's only once the stamp is good, so that nobody else can make us ask.
    pub(super) async fn look_up(&self, body: &[u8], now: Timestamp) {
        let Some(known) = &self.revocation else {
            return;
        };
        let Some(responder) = known.responder() else {
            return;
        };
        let signers = match Callback::parse(body, self.keys) {
            Ok(callback) => self.stamp.signers_of(&callback),
            Err(_) => return,
        };
        for signer in signers {
            responder.ask(known, &Named::of(&signer), now).await;
        }
        if let Some(person) = self.stamped_person(body, now) {
            responder.ask(known, &person, now).await;
        }
    }

    /// The person's certificate in an answer whose stamp is good.
    fn stamped_person(&self, body: &[u8], now: Timestamp) -> Option<Named> {
        let callback = Callback::parse(body, self.keys).ok()?;
        self.stamp
            .verify(&callback, &StampBlobs::of(&callback), now)
            .ok()?;
        match Blob::read(callback.result.read("UserCertificate")) {
            Blob::Text(text) => UserCertificate::read(&text).map(|person| person.named),
            Blob::Absent | Blob::Odd => None,
        }
    }
}
