//! The approval rule (law 4): the one place where a callback can become an approval.
//!
//! Checks are made in a fixed order, and the first that fails ends them. Until the stamp and the binding to
//! this flow have been verified, a failure means that nothing is believed and the flow keeps waiting: whoever
//! can reach the callback URL must not be able to end flows. After that, a failure is the authority's answer.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::base64::Blob;
use super::callback::Callback;
use super::callback::Seen;
use super::callback::SeenChallenge;
use super::certificate::UserCertificate;
use super::claims::Blobs;
use super::claims::claims;
use super::codes::Codes;
use super::codes::RequestType;
use super::codes::ResultCode;
use super::codes::UserAction;
use super::date::means_none;
use super::date::moment;
use super::json::KeyMatching;
use super::person;
use super::revocation::Revocation;
use super::revocation::Standing;
use super::settings::AssuranceRule;
use super::settings::Presence;
use super::signature;
use super::stamp::Stamp;
use crate::connector::Check;
use crate::connector::Claims;
use crate::connector::Conclusion;
use crate::connector::Expected;
use crate::connector::MadeSignature;
use crate::connector::Verdict;
use crate::words::Capability;
use crate::words::CivilNo;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::Purpose;

/// What callbacks are judged by.
pub(super) struct ApprovalRule {
    /// Ours.
    pub(super) service_provider_id: String,
    /// Verifies the stamp.
    pub(super) stamp: Stamp,
    /// Gives codes their meaning.
    pub(super) codes: Codes,
    /// How the assurance is known.
    pub(super) assurance: AssuranceRule,
    /// Whether the challenge must be echoed.
    pub(super) challenge: Presence,
    /// Whether the additional data must be echoed.
    pub(super) additional_data: Presence,
    /// Whether the moment of the answer must be told.
    pub(super) transaction_date: Presence,
    /// Whether the person's certificate must come.
    pub(super) user_certificate: Presence,
    /// Which certificates are revoked; nothing is known where it is not asked.
    pub(super) revocation: Option<Arc<Revocation>>,
    /// How old the code of a person's card may be.
    pub(super) identity_qr_age: Duration,
    /// How far the authority's clock may be from ours.
    pub(super) clock_skew: Duration,
    /// How keys are compared.
    pub(super) keys: KeyMatching,
}

/// How a check failed, and what follows.
pub(super) struct Failure {
    pub(super) conclusion: Conclusion,
    pub(super) detail: Cow<'static, str>,
}

pub(super) type Finding = Result<Cow<'static, str>, Failure>;

impl ApprovalRule {
    /// Examines exact bytes against what was asked.
    pub(super) fn examine(&self, body: &[u8], expected: &Expected<'_>) -> Verdict {
        let mut verdict = Verdict {
            checks: Vec::new(),
            conclusion: Conclusion::Rejected,
            approver: None,
            signature: None,
            claims: Claims::default(),
        };
        let callback = match Callback::parse(body, self.keys) {
            Ok(callback) => callback,
            Err(error) => {
                verdict.checks.push(failed("readable", error.to_string()));
                return verdict;
            }
        };
        verdict.checks.push(passed("readable", "a callback"));
        let blobs = Blobs::of(&callback);
        verdict.claims = claims(&callback, &blobs, &self.codes, expected);
        verdict.conclusion = match self.checks(&callback, &blobs, expected, &mut verdict) {
            Ok((person, approver)) => {
                verdict.claims.kept_fields = person::kept_names(&person);
                verdict.approver = Some(approver);
                Conclusion::Approved(person)
            }
            Err(conclusion) => conclusion,
        };
        verdict
    }

    fn checks(
        &self,
        callback: &Callback<'_>,
        blobs: &Blobs<'_>,
        expected: &Expected<'_>,
        verdict: &mut Verdict,
    ) -> Result<(Person, CivilNo), Conclusion> {
        match self.stamp.verify(callback, &blobs.stamp, expected.received_at) {
            Ok(stamped) => {
                verdict.claims.stamp_signer = Some(stamped.signer);
                let detail = format!("{:?} by {}", stamped.format, stamped.signer.short());
                verdict.checks.push(passed("stamp", detail));
            }
            Err(fault) => {
                verdict.checks.push(failed("stamp", fault));
                return Err(Conclusion::Rejected);
            }
        }
        let checks = &mut verdict.checks;
        let mut check = |name: &'static str, finding: Finding| match finding {
            Ok(detail) => {
                checks.push(passed(name, detail));
                Ok(())
            }
            Err(failure) => {
                checks.push(failed(name, failure.detail));
                Err(failure.conclusion)
            }
        };
        check("request", self.request(callback, expected))?;
        check("challenge", self.challenge(callback, expected))?;
        check("unexpired", unexpired(expected))?;
        check("fresh", self.fresh(callback, expected))?;
        check("request_type", request_type(callback, expected))?;
        let code = self.code(callback);
        check("code", code_finding(code))?;
        check("action", action(callback, code))?;
        let named = approver(callback, expected.civil_no);
        check("person", same_person(callback, named.as_ref(), expected))?;
        let Some(approver) = named else {
            return Err(Conclusion::Ended(Outcome::VerificationFailed));
        };
        let certificate = self.user_certificate(&blobs.user_certificate);
        check(
            "certificate",
            certificate_finding(&certificate, &approver, expected),
        )?;
        if let Some(known) = &self.revocation {
            check("revocation", revocation(known, &certificate, expected))?;
        }
        check("assurance", self.assurance(&certificate, expected))?;
        if expected.capability == Capability::Sign {
            let made = signature_made(callback, &blobs.user_signature, &certificate, expected);
            let finding = match &made {
                Ok(made) => pass(format!("{}, over the digest that was sent", made.format)),
                Err((outcome, why)) => end(*outcome, why.clone()),
            };
            check("signature", finding)?;
            verdict.signature = made.ok();
        }
        let person = person::declared(
            &callback.personal,
            expected.fields,
            &approver,
            expected.received_at,
        );
        Ok((person, approver))
    }

    /// The answer belongs to this flow: our SP, our request, our additional data. At least one of the request
    /// id and the additional data must be there and be ours; a wrong one is never made up for by the other.
    fn request(&self, callback: &Callback<'_>, expected: &Expected<'_>) -> Finding {
        match callback.request.read("ServiceProviderId") {
            Seen::Text(id) if same_id(id, &self.service_provider_id) => {}
            Seen::Absent => return reject("it names no service provider"),
            Seen::Text(_) | Seen::Odd => return reject("it is for another service provider"),
        }
        let by_id = match (callback.request.read("RequestID"), expected.request_id) {
            (Seen::Text(id), Some(known)) if same_id(id, known.as_str()) => true,
            (Seen::Text(_), None) => false,
            (Seen::Absent, _) => return reject("it names no request"),
            (Seen::Text(_) | Seen::Odd, _) => return reject("it is for another request"),
        };
        let by_data = match callback.request.read("AdditionalData") {
            Seen::Text(data) if data == expected.additional_data => true,
            Seen::Absent if self.additional_data == Presence::WhenPresent => false,
            Seen::Absent => return reject("our additional data is missing"),
            Seen::Text(_) | Seen::Odd => return reject("the additional data is not ours"),
        };
        match (by_id, by_data) {
            (true, true) => pass("request id and additional data are ours"),
            (true, false) => pass("the request id is ours; no additional data came"),
            (false, true) => pass("the additional data is ours; the request id is not known"),
            (false, false) => reject("the request id is not known and no additional data came"),
        }
    }

    fn challenge(&self, callback: &Callback<'_>, expected: &Expected<'_>) -> Finding {
        let ours = |text: &str| text == expected.challenge.as_str() || text == expected.challenge.grouped();
        match callback.challenge() {
            SeenChallenge::Text(text) if ours(text) => pass("as sent"),
            SeenChallenge::Object {
                service_provider_id,
                prompt: Seen::Text(prompt),
            } if ours(prompt) => match service_provider_id {
                Seen::Absent => pass("as sent"),
                Seen::Text(id) if same_id(id, &self.service_provider_id) => pass("as sent"),
                Seen::Text(_) | Seen::Odd => reject("the challenge is for another service provider"),
            },
            SeenChallenge::Absent if self.challenge == Presence::WhenPresent => {
                pass("absent; the settings allow that")
            }
            SeenChallenge::Absent => reject("the challenge is missing"),
            SeenChallenge::Text(_) | SeenChallenge::Object { .. } | SeenChallenge::Odd => {
                reject("the challenge is not the one sent")
            }
        }
    }

    /// The moment that the authority claims lies within the life of the flow, clocks apart.
    fn fresh(&self, callback: &Callback<'_>, expected: &Expected<'_>) -> Finding {
        let claimed = match callback.result.read("TransactionDate") {
            Seen::Absent => None,
            Seen::Text(text) if means_none(text) => None,
            Seen::Text(text) => match moment(text) {
                Some(claimed) => Some(claimed),
                None => return reject("the moment of the answer can't be read"),
            },
            Seen::Odd => return reject("the moment of the answer can't be read"),
        };
        let Some(claimed) = claimed else {
            return match self.transaction_date {
                Presence::WhenPresent => pass("no moment is told; the settings allow that"),
                Presence::Required => reject("no moment is told"),
            };
        };
        if claimed < expected.requested_at.minus(self.clock_skew) {
            reject("the answer is older than the request")
        } else if claimed > expected.received_at.plus(self.clock_skew) {
            reject("the answer lies in the future")
        } else {
            pass("within the life of the flow")
        }
    }

    fn code(&self, callback: &Callback<'_>) -> ResultCode {
        match callback.result.read("ResultCode") {
            Seen::Text(text) => self.codes.result(text),
            Seen::Absent | Seen::Odd => ResultCode::Unknown,
        }
    }

    fn user_certificate<'n>(&self, blob: &'n Blob<'_>) -> Certificate<'n> {
        match blob {
            Blob::Text(text) => {
                UserCertificate::read(text).map_or(Certificate::Unreadable, Certificate::Read)
            }
            Blob::Odd => Certificate::Unreadable,
            Blob::Absent if self.user_certificate == Presence::WhenPresent => Certificate::NotRequired,
            Blob::Absent => Certificate::Missing,
        }
    }

    fn assurance(&self, certificate: &Certificate<'_>, expected: &Expected<'_>) -> Finding {
        let levels = match &self.assurance {
            AssuranceRule::AsRequested => {
                return pass("as requested: the authority stamped its answer to this request");
            }
            AssuranceRule::CertificatePolicy(levels) => levels,
        };
        let Certificate::Read(certificate) = certificate else {
            return end(
                Outcome::AssuranceInsufficient,
                "no certificate shows the assurance",
            );
        };
        let proven = certificate
            .policies
            .iter()
            .filter_map(|policy| levels.get(policy))
            .max();
        match proven {
            Some(level) if *level >= expected.assurance => pass(format!("{level} by certificate policy")),
            Some(level) => end(
                Outcome::AssuranceInsufficient,
                format!("{level} by certificate policy; {} was asked", expected.assurance),
            ),
            None => end(
                Outcome::AssuranceInsufficient,
                "no policy of the certificate is in the table of the settings",
            ),
        }
    }
}

/// The person's certificate, as far as it came.
enum Certificate<'n> {
    Read(UserCertificate<'n>),
    Unreadable,
    Missing,
    NotRequired,
}

fn unexpired(expected: &Expected<'_>) -> Finding {
    if expected.received_at < expected.expires_at {
        pass("before the deadline")
    } else {
        reject("after the deadline")
    }
}

fn request_type(callback: &Callback<'_>, expected: &Expected<'_>) -> Finding {
    let signs = expected.capability == Capability::Sign;
    match callback.request.read("RequestType") {
        Seen::Text(text) => match Codes::request_type(text) {
            RequestType::Authentication if !signs => pass("authentication"),
            RequestType::Signing if signs => pass("signing"),
            RequestType::Authentication => end(
                Outcome::InconsistentAnswer,
                "it answers a request to authenticate",
            ),
            RequestType::Signing => end(Outcome::InconsistentAnswer, "it answers a signing request"),
            RequestType::Unknown => end(Outcome::UnknownCode, "the request type is not in the table"),
        },
        Seen::Absent | Seen::Odd => end(Outcome::UnknownCode, "there is no request type"),
    }
}

fn code_finding(code: ResultCode) -> Finding {
    match code {
        ResultCode::Authenticated => pass("success"),
        // What the person did decides between declined and a contradiction; see `action`.
        ResultCode::Declined => pass("declined"),
        ResultCode::Failure(outcome) => end(outcome, outcome.code()),
        ResultCode::Unknown => end(Outcome::UnknownCode, "the result code is not in the table"),
    }
}

/// R000-143: success needs success and accepted; declined needs declined, and the action may be missing.
fn action(callback: &Callback<'_>, code: ResultCode) -> Finding {
    let action = match callback.result.read("UserAction") {
        Seen::Text(text) => Some(Codes::action(text)),
        Seen::Absent => None,
        Seen::Odd => Some(UserAction::Unknown),
    };
    match (code, action) {
        (ResultCode::Authenticated, Some(UserAction::Accepted)) => pass("accepted"),
        (ResultCode::Declined, Some(UserAction::Declined) | None) => end(Outcome::DeclinedByUser, "declined"),
        (ResultCode::Authenticated, Some(UserAction::Declined)) => end(
            Outcome::InconsistentAnswer,
            "success was reported and the person declined",
        ),
        (ResultCode::Declined, Some(UserAction::Accepted)) => end(
            Outcome::InconsistentAnswer,
            "declined was reported and the person accepted",
        ),
        _ => end(Outcome::UnknownCode, "the user action is not in the table"),
    }
}

/// The one person that an approval has to name in every place: the one asked, or, where anybody could scan a code, the one
/// who says to have approved.
fn approver(callback: &Callback<'_>, asked: Option<&CivilNo>) -> Option<CivilNo> {
    match (asked, callback.result.read("UserCivilNo")) {
        (Some(asked), _) => Some(asked.clone()),
        (None, Seen::Text(text)) => CivilNo::parse(text).ok(),
        (None, Seen::Absent | Seen::Odd) => None,
    }
}

/// Who was asked, who the request was for, who approved, and whose data came are one person. A request that named nobody
/// is for whoever scanned it; the authority may then leave its `CivilNo` empty.
fn same_person(callback: &Callback<'_>, named: Option<&CivilNo>, expected: &Expected<'_>) -> Finding {
    let Some(asked) = named else {
        return end(
            Outcome::VerificationFailed,
            "the answer names nobody who approved",
        );
    };
    let by_code = expected.capability == Capability::AuthQr;
    let is_asked = |seen: Seen<'_>| match seen {
        Seen::Text(text) => CivilNo::parse(text)
            .is_ok_and(|number| number.expose(Purpose::Compare) == asked.expose(Purpose::Compare)),
        Seen::Absent | Seen::Odd => false,
    };
    let request = callback.request.read("CivilNo");
    if !(is_asked(request) || by_code && request == Seen::Absent) {
        return end(Outcome::WrongPerson, "the request was for somebody else");
    }
    if !is_asked(callback.result.read("UserCivilNo")) {
        return end(Outcome::WrongPerson, "somebody else approved");
    }
    match callback.personal.read("CivilID") {
        Seen::Absent if expected.civil_no.is_none() => {
            pass("whoever scanned the code has approved; no personal data names anybody")
        }
        Seen::Absent => pass("who approved is who was asked; no personal data names anybody"),
        seen if is_asked(seen) && expected.civil_no.is_none() => {
            pass("whoever scanned the code has approved, and the data is theirs")
        }
        seen if is_asked(seen) => pass("who approved is who was asked, and the data is theirs"),
        _ => end(Outcome::WrongPerson, "the personal data is somebody else's"),
    }
}

fn certificate_finding(certificate: &Certificate<'_>, asked: &CivilNo, expected: &Expected<'_>) -> Finding {
    let certificate = match certificate {
        Certificate::Read(certificate) => certificate,
        Certificate::NotRequired => return pass("absent; the settings allow that"),
        Certificate::Missing => {
            return end(Outcome::VerificationFailed, "the person's certificate is missing");
        }
        Certificate::Unreadable => {
            return end(
                Outcome::VerificationFailed,
                "the person's certificate can't be read",
            );
        }
    };
    if !certificate.belongs_to(asked) {
        end(Outcome::WrongPerson, "the certificate is somebody else's")
    } else if certificate.has_expired(expected.received_at) {
        end(
            Outcome::CertificateExpired,
            "the person's certificate has expired",
        )
    } else if !certificate.has_begun(expected.received_at) {
        end(
            Outcome::VerificationFailed,
            "the person's certificate is not valid yet",
        )
    } else {
        pass("valid, and the person's")
    }
}

/// R000-169: what the authority's lists and its responder say of the person's certificate.
fn revocation(known: &Revocation, certificate: &Certificate<'_>, expected: &Expected<'_>) -> Finding {
    let Certificate::Read(certificate) = certificate else {
        return pass("no certificate came; the settings allow that");
    };
    match known.standing(&certificate.named, expected.received_at) {
        Standing::Usable(why) => pass(why),
        Standing::Revoked(at) => end(
            Outcome::CertificateRevoked,
            format!("the person's certificate was revoked on {at}"),
        ),
        Standing::Unknown(why) => end(Outcome::VerificationFailed, why),
    }
}

/// The person's signature over what was shown (law 11).
fn signature_made(
    callback: &Callback<'_>,
    signature: &Blob<'_>,
    certificate: &Certificate<'_>,
    expected: &Expected<'_>,
) -> Result<MadeSignature, (Outcome, String)> {
    let Certificate::Read(certificate) = certificate else {
        let why = "no certificate came to verify it with";
        return Err((Outcome::SignatureInvalid, why.to_owned()));
    };
    let Some(digest) = expected.signing else {
        return Err((Outcome::WrongDocument, "nothing was sent to be signed".to_owned()));
    };
    signature::verify(callback, signature, certificate.der, digest)
}

/// Ids are GUIDs, whose letters some writers make large; anything else must be equal to the letter.
fn same_id(one: &str, other: &str) -> bool {
    match (uuid::Uuid::try_parse(one), uuid::Uuid::try_parse(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

pub(super) fn pass(detail: impl Into<Cow<'static, str>>) -> Finding {
    Ok(detail.into())
}

fn reject(detail: impl Into<Cow<'static, str>>) -> Finding {
    Err(Failure {
        conclusion: Conclusion::Rejected,
        detail: detail.into(),
    })
}

pub(super) fn end(outcome: Outcome, detail: impl Into<Cow<'static, str>>) -> Finding {
    Err(Failure {
        conclusion: Conclusion::Ended(outcome),
        detail: detail.into(),
    })
}

pub(super) fn passed(name: &'static str, detail: impl Into<Cow<'static, str>>) -> Check {
    Check {
        name,
        passed: true,
        detail: detail.into(),
    }
}

pub(super) fn failed(name: &'static str, detail: impl Into<Cow<'static, str>>) -> Check {
    Check {
        name,
        passed: false,
        detail: detail.into(),
    }
}
