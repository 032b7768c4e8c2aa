//! The authority of the tests: it makes answers up, stamps them with a key of its own, and hands them to the same
//! approval rule that judges answers in production. Nothing is sent anywhere.

mod callback;
mod certificate;
mod reply;

use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use aws_lc_rs::signature::EcdsaKeyPair;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use self::certificate::Contents;
use self::certificate::certificate;
use self::certificate::policies;
use crate::connector::Expected;
use crate::connector::ReplyMeaning;
use crate::connector::Verdict;
use crate::connector::kuwait::AssuranceRule;
use crate::connector::kuwait::ClientIdentity;
use crate::connector::kuwait::KuwaitRule;
use crate::connector::kuwait::KuwaitSettings;
use crate::connector::kuwait::SignerPin;
use crate::connector::kuwait::Source;
use crate::policy::Answer;
use crate::policy::AnswerName;
use crate::policy::Citizen;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::Digest;
use crate::words::Outcome;
use crate::words::Timestamp;

/// Makes answers and judges them.
pub(super) struct Authority {
    rule: KuwaitRule,
    signer: Signer,
    impostor: Signer,
}

/// The system gives no randomness, or the made-up settings are refused.
#[derive(Debug, thiserror::Error)]
#[error(
    "the authority of the tests can't be set up ({0}); this is a fault of midflow or of the system, not of a policy"
)]
pub struct AuthorityError(String);

/// What the authority was asked.
pub(super) struct Asked<'a> {
    pub(super) capability: Capability,
    pub(super) citizen: &'a Citizen,
    pub(super) request_id: &'a str,
    pub(super) additional_data: &'a str,
    pub(super) challenge: &'a Challenge,
    /// Whether the person's details were asked for.
    pub(super) wants_person: bool,
}

impl Asked<'_> {
    const fn is_answered_at_once(&self) -> bool {
        matches!(self.capability, Capability::VerifyQr | Capability::Notify)
    }
}

impl Authority {
    /// Makes the keys of this run.
    pub(super) fn new() -> Result<Self, AuthorityError> {
        let (signer, impostor) = (Signer::new()?, Signer::new()?);
        let never_read = || Source::Env("NONE".to_owned());
        let identity = ClientIdentity {
            certificate: never_read(),
            key: never_read(),
        };
        let mut settings = KuwaitSettings::for_sandbox(
            String::new(),
            SERVICE_PROVIDER.to_owned(),
            identity,
            never_read(),
            SignerPin::Fingerprint(Digest::of(&signer.certificate)),
        );
        let levels: BTreeMap<_, _> = policies().collect();
        settings.assurance = Some(AssuranceRule::CertificatePolicy(levels));
        let rule = KuwaitRule::new(&settings, &[]).map_err(|error| AuthorityError(error.to_string()))?;
        Ok(Self {
            rule,
            signer,
            impostor,
        })
    }

    /// The direct reply to a request.
    pub(super) fn reply(&self, answer: Answer, asked: &Asked<'_>, at: Timestamp) -> (ReplyMeaning, Vec<u8>) {
        let (status, body) = match self.replied(answer, asked, at) {
            Ok(reply) => reply,
            Err(meaning) => return (meaning, Vec::new()),
        };
        let meaning = self.rule.reply(asked.capability, status, body.as_bytes());
        (meaning, body.into_bytes())
    }

    fn replied(
        &self,
        answer: Answer,
        asked: &Asked<'_>,
        at: Timestamp,
    ) -> Result<(u16, String), ReplyMeaning> {
        let refused = |code: i64| format!(r#"{{"Data":null,"Error":{{"Code":{code},"Message":""}}}}"#);
        let silent = |detail: &str| ReplyMeaning::Unknown {
            detail: detail.to_owned(),
        };
        Ok(match answer {
            Answer::Ends(outcome) => return Err(ended(outcome)),
            Answer::Named(AnswerName::Unreachable) => {
                return Err(ReplyMeaning::NotSent {
                    detail: "no connection".to_owned(),
                });
            }
            Answer::Named(AnswerName::NoReply) => return Err(silent("no reply came")),
            // Where the reply is the answer, nobody ever answering is no reply.
            Answer::Named(AnswerName::Timeout | AnswerName::Late) if asked.is_answered_at_once() => {
                return Err(silent("no reply came in time"));
            }
            Answer::Named(AnswerName::NotEnrolled) => (200, refused(1001)),
            Answer::Named(AnswerName::TooManyRequests) => (200, refused(1003)),
            Answer::Named(AnswerName::ErrorReply) => (200, refused(1099)),
            Answer::Named(AnswerName::ServerError) => (500, String::new()),
            Answer::Named(name) => (200, reply::accepted(self, name, asked, at)),
        })
    }

    /// The exact bytes of the callbacks that an answer consists of, in order.
    pub(super) fn callbacks(&self, answer: AnswerName, asked: &Asked<'_>, at: Timestamp) -> Vec<Vec<u8>> {
        callback::callbacks(self, answer, asked, at)
    }

    /// What the connector believes of a callback, or of a reply that is the answer itself.
    pub(super) fn examine(&self, body: &[u8], expected: &Expected<'_>) -> Verdict {
        match expected.capability {
            Capability::VerifyQr | Capability::Notify => self.rule.examine_reply(body, expected),
            _ => self.rule.examine(body, expected),
        }
    }
}

fn ended(outcome: Outcome) -> ReplyMeaning {
    ReplyMeaning::Refused {
        outcome,
        code: None,
        detail: "midflow ends the flow".to_owned(),
    }
}

/// A key that stamps, with its certificate.
struct Signer {
    key: EcdsaKeyPair,
    point: Vec<u8>,
    certificate: Vec<u8>,
    written: String,
}

impl Signer {
    fn new() -> Result<Self, AuthorityError> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
            .map_err(|_| AuthorityError("no key could be made".to_owned()))?;
        let point = key.public_key().as_ref().to_vec();
        let certificate = certificate(&Contents {
            subject: "stamp of the tests",
            point: &point,
            // Whatever moment a case is set in.
            from: Timestamp::EPOCH,
            until: Timestamp::EPOCH.plus(std::time::Duration::from_secs(A_CENTURY)),
            assurance: None,
        });
        Ok(Self {
            written: STANDARD.encode(&certificate),
            key,
            point,
            certificate,
        })
    }

    /// The member `Signature`, with the comma before it.
    fn member(&self, covered: &[u8], spoiled: bool) -> String {
        format!(
            r#","Signature":{{"SignatureData":"{}","SigningCertificate":"{}"}}"#,
            self.signature(covered, spoiled),
            self.written
        )
    }

    /// A signature over these bytes, base64.
    fn signature(&self, covered: &[u8], spoiled: bool) -> String {
        // Without a signature the answer is not believed, which the case then shows.
        let signature = self.key.sign(&SystemRandom::new(), covered);
        let mut signature = signature.map_or_else(|_| Vec::new(), |made| made.as_ref().to_vec());
        if spoiled && let Some(last) = signature.last_mut() {
            *last ^= 1;
        }
        STANDARD.encode(&signature)
    }
}

/// What is signed in cases.
pub(super) const DOCUMENT: &[u8] = b"A document of the tests.";
const SERVICE_PROVIDER: &str = "6f1d2c3b-4a59-4687-9d7e-8c9b0a1f2e3d";
const A_CENTURY: u64 = 100 * 365 * 24 * 3_600;
