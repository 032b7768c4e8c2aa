//! What direct replies answer: the identity behind a scanned QR code, and that a notification was taken.

use super::approval::ApprovalRule;
use super::approval::Finding;
use super::approval::end;
use super::approval::failed;
use super::approval::pass;
use super::approval::passed;
use super::callback::Part;
use super::callback::Seen;
use super::date::means_none;
use super::date::moment;
use super::json::Node;
use super::json::Value;
use super::person;
use super::settings::Presence;
use crate::connector::Claims;
use crate::connector::Conclusion;
use crate::connector::Expected;
use crate::connector::Verdict;
use crate::words::Capability;
use crate::words::CivilNo;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::Purpose;

impl ApprovalRule {
    /// Examines a reply that is the answer itself. It came over the connection that we made, so whatever is wrong with it
    /// ends the flow: nobody else could have sent it, and nothing else comes.
    pub(super) fn examine_reply(&self, body: &[u8], expected: &Expected<'_>) -> Verdict {
        let data = match self.data(body) {
            Ok(data) => data,
            Err(why) => return Verdict::unreadable(why),
        };
        match expected.capability {
            Capability::VerifyQr => self.identity(body, &data, expected),
            Capability::Notify => taken(),
            _ => Verdict::unreadable("this capability is not answered by a reply"),
        }
    }

    fn data<'b>(&self, body: &'b [u8]) -> Result<Node<'b>, String> {
        let root = Node::parse(body, self.keys).map_err(|error| format!("the reply is no JSON: {error}"))?;
        let Value::Object(members) = root.value else {
            return Err("the reply is no object".to_owned());
        };
        members
            .into_iter()
            .find(|member| self.keys.same(&member.key, "Data"))
            .map(|member| member.node)
            .filter(|node| !node.is_null())
            .ok_or_else(|| "the reply has no `Data`".to_owned())
    }

    /// R000-114, R000-115: the stamp covers `PersonIdentityData`, by the rule of callbacks with one member: its exact
    /// bytes, or its canonical form under `jcs`. Where the data is written as a text, it is the text that is stamped.
    fn identity(&self, body: &[u8], data: &Node<'_>, expected: &Expected<'_>) -> Verdict {
        let Some(members) = data.members() else {
            return Verdict::unreadable("`Data` is no object");
        };
        let answer = Part::of(members.to_vec(), self.keys);
        let Some(identity) = members
            .iter()
            .find(|member| self.keys.same(&member.key, "PersonIdentityData"))
            .map(|member| &member.node)
            .filter(|node| !node.is_null())
        else {
            return Verdict::unreadable("`Data` has no `PersonIdentityData`");
        };
        let stamped = match &identity.value {
            Value::Text(text) => text.as_bytes(),
            _ => body.get(identity.span.clone()).unwrap_or_default(),
        };
        let mut verdict = Verdict {
            checks: vec![passed("readable", "an identity")],
            conclusion: Conclusion::Ended(Outcome::StampInvalid),
            approver: None,
            signature: None,
            claims: Claims::default(),
        };
        match self.stamp.verify_value(
            stamped,
            answer.read("DataSignature"),
            answer.read("DataSigningCertificate"),
            expected.received_at,
        ) {
            Ok(found) => {
                verdict.claims.stamp = Some(found.stamp);
                verdict.claims.stamp_signer = Some(found.signer);
                let detail = format!("{:?} by {}", found.format, found.signer.short());
                verdict.checks.push(passed("stamp", detail));
            }
            Err(why) => {
                verdict.checks.push(failed("stamp", why));
                return verdict;
            }
        }
        // Only now is it read: what nobody stamped has no meaning.
        let read = match &identity.value {
            Value::Text(text) => Node::parse(text.as_bytes(), self.keys).ok(),
            _ => Some(identity.clone()),
        };
        let Some(Value::Object(members)) = read.map(|node| node.value) else {
            verdict
                .checks
                .push(failed("identity", "the stamped data is no object"));
            verdict.conclusion = Conclusion::Ended(Outcome::UnknownCode);
            return verdict;
        };
        let personal = Part::of(members, self.keys);
        verdict.claims.drift = person::strange(&personal);
        verdict.claims.dropped_fields = person::undeclared_names(&personal, expected.fields);
        verdict.claims.claimed_at = match personal.read(MOMENT) {
            Seen::Text(text) => moment(text),
            Seen::Absent | Seen::Odd => None,
        };
        match self.identity_checks(&personal, expected, &mut verdict) {
            Ok((person, number)) => {
                verdict.claims.kept_fields = person::kept_names(&person);
                verdict.approver = Some(number);
                verdict.conclusion = Conclusion::Approved(person);
            }
            Err(conclusion) => verdict.conclusion = conclusion,
        }
        verdict
    }

    fn identity_checks(
        &self,
        personal: &Part<'_>,
        expected: &Expected<'_>,
        verdict: &mut Verdict,
    ) -> Result<(Person, CivilNo), Conclusion> {
        let mut check = |name: &'static str, finding: Finding| match finding {
            Ok(detail) => {
                verdict.checks.push(passed(name, detail));
                Ok(())
            }
            Err(failure) => {
                verdict.checks.push(failed(name, failure.detail));
                Err(failure.conclusion)
            }
        };
        check("fresh", self.shown_just_now(personal, expected))?;
        let number = match personal.read("CivilID") {
            Seen::Text(text) => CivilNo::parse(text).ok(),
            Seen::Absent | Seen::Odd => None,
        };
        check("person", holder(number.as_ref(), expected.civil_no))?;
        let Some(number) = number else {
            return Err(Conclusion::Ended(Outcome::VerificationFailed));
        };
        let person = person::declared(personal, expected.fields, &number, expected.received_at);
        Ok((person, number))
    }

    /// The moment at which the card showed the code lies a short while back, clocks apart.
    fn shown_just_now(&self, personal: &Part<'_>, expected: &Expected<'_>) -> Finding {
        let shown = match personal.read(MOMENT) {
            Seen::Text(text) if !means_none(text) => moment(text),
            Seen::Text(_) | Seen::Absent if self.transaction_date == Presence::WhenPresent => {
                return pass("no moment is told; the settings allow that");
            }
            Seen::Text(_) | Seen::Absent | Seen::Odd => None,
        };
        let Some(shown) = shown else {
            return end(
                Outcome::StaleQr,
                "the moment of the code is not told or can't be read",
            );
        };
        if shown
            < expected
                .requested_at
                .minus(self.identity_qr_age)
                .minus(self.clock_skew)
        {
            end(Outcome::StaleQr, "the code was made too long ago")
        } else if shown > expected.received_at.plus(self.clock_skew) {
            end(Outcome::StaleQr, "the code lies in the future")
        } else {
            pass("made a moment ago")
        }
    }
}

/// The reply to a notification carries no stamp and proves nothing about anybody: R000-115 does not apply to it. That it
/// came over mutual TLS, without an error, is all there is.
fn taken() -> Verdict {
    Verdict {
        checks: vec![
            passed("readable", "a reply"),
            passed("taken", "the authority has taken the notification"),
        ],
        conclusion: Conclusion::Approved(Person::default()),
        approver: None,
        signature: None,
        claims: Claims::default(),
    }
}

fn holder(number: Option<&CivilNo>, expected: Option<&CivilNo>) -> Finding {
    let Some(number) = number else {
        return end(Outcome::VerificationFailed, "the identity has no civil number");
    };
    match expected {
        None => pass("the holder of the card"),
        Some(expected) if expected.expose(Purpose::Compare) == number.expose(Purpose::Compare) => {
            pass("the holder of the card is the person expected")
        }
        Some(_) => end(Outcome::WrongPerson, "the card is somebody else's"),
    }
}

/// The member that tells when the card showed the code.
const MOMENT: &str = "TransactionDate";
