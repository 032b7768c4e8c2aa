use std::time::Duration;

use super::citizen::Ending;
use super::faces::Refusal;
use super::keys::CertificateKind;
use super::scenario::Scenario;
use crate::words::Assurance;

/// How a request is treated, from the reply to the last answer. Pure: nothing here waits or sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conduct {
    pub(super) reply: ReplyConduct,
    /// The answers that follow, one after another.
    pub(super) answers: Vec<Answer>,
}

/// How the reply to the request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReplyConduct {
    /// At once.
    Accept,
    /// After the first answer was sent.
    AcceptAfterAnswer,
    /// Refused; nobody is asked.
    Refuse(Refusal),
    /// The connection breaks; the person is asked all the same.
    Drop,
    /// HTTP 500; nobody is asked.
    ServerError,
}

/// One callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The pause before it.
    pub(super) after: Duration,
    pub(super) choice: Choice,
    pub(super) flaw: Flaw,
    /// How often the same bytes are sent.
    pub(super) copies: u8,
    /// Sent only if nobody has answered by then: what a person does, as opposed to a fault.
    pub(super) only_if_open: bool,
}

/// What the authority found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Approve,
    Decline,
    Revoked,
    VerificationFailed,
    Expired,
}

/// What is wrong with, or odd about, a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    StampSpoiled,
    StampByImpostor,
    StampMissing,
    TamperedPerson,
    Replay,
    WrongPerson,
    WrongRequestId,
    Certificate(CertificateKind),
    ResultCode(&'static str),
    ActionContradiction,
    CodeAsInteger,
    SpacedKey,
    ChallengeAsObject,
    NullDates,
    HugePhoto,
    SlowBody,
}

/// How long things take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Before a citizen approves or declines at once.
    pub at_once: Duration,
    /// Before a slow citizen approves.
    pub slowly: Duration,
    /// Before a late answer, unless the trigger names its own delay: longer than any flow waits.
    pub late: Duration,
    /// Between two answers to one request.
    pub between: Duration,
    /// Between two pieces of a trickling body.
    pub trickle: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            at_once: Duration::ZERO,
            slowly: Duration::from_secs(8),
            late: Duration::from_secs(310),
            between: Duration::from_millis(200),
            trickle: Duration::from_millis(250),
        }
    }
}

impl Conduct {
    /// What a citizen does by nature.
    pub(super) fn of_ending(ending: Ending, pace: &Pace) -> Self {
        let choice = match ending {
            Ending::Approves | Ending::ApprovesSlowly | Ending::Minor | Ending::LowAssurance => {
                Choice::Approve
            }
            Ending::Declines => Choice::Decline,
            Ending::Revoked => Choice::Revoked,
            Ending::Expired => Choice::Expired,
            Ending::VerificationFailed => Choice::VerificationFailed,
            Ending::NeverAnswers | Ending::NotEnrolled | Ending::Free => {
                return Self {
                    reply: ReplyConduct::Accept,
                    answers: Vec::new(),
                };
            }
        };
        let after = if ending == Ending::ApprovesSlowly {
            pace.slowly
        } else {
            pace.at_once
        };
        let answer = Answer {
            after,
            only_if_open: true,
            ..Answer::of(choice, Flaw::None)
        };
        Self {
            reply: ReplyConduct::Accept,
            answers: vec![answer],
        }
    }

    /// What a scenario makes happen instead. `delay` is the pause before the first answer.
    pub(super) fn of_scenario(
        scenario: Scenario,
        ending: Ending,
        delay: Option<Duration>,
        pace: &Pace,
    ) -> Self {
        let approve = |flaw| vec![Answer::of(Choice::Approve, flaw)];
        let answers = match scenario {
            Scenario::Approved | Scenario::Early | Scenario::Late => approve(Flaw::None),
            Scenario::Declined => vec![Answer::of(Choice::Decline, Flaw::None)],
            Scenario::Timeout | Scenario::ErrorReply | Scenario::ServerError => Vec::new(),
            Scenario::Duplicate => vec![Answer {
                copies: 2,
                ..Answer::of(Choice::Approve, Flaw::None)
            }],
            Scenario::Conflicting => vec![
                Answer::of(Choice::Approve, Flaw::None),
                Answer {
                    after: pace.between,
                    ..Answer::of(Choice::Decline, Flaw::None)
                },
            ],
            Scenario::Forged => approve(Flaw::StampSpoiled),
            Scenario::ForgedSigner => approve(Flaw::StampByImpostor),
            Scenario::Unstamped => approve(Flaw::StampMissing),
            Scenario::TamperedPerson => approve(Flaw::TamperedPerson),
            Scenario::Replay => approve(Flaw::Replay),
            Scenario::WrongPerson => approve(Flaw::WrongPerson),
            Scenario::WrongRequestId => approve(Flaw::WrongRequestId),
            Scenario::LowAssurance => approve(Flaw::Certificate(CertificateKind::Valid(Assurance::Low))),
            Scenario::Revoked => vec![Answer::of(
                Choice::Revoked,
                Flaw::Certificate(CertificateKind::Revoked),
            )],
            Scenario::Expired => vec![Answer::of(
                Choice::Expired,
                Flaw::Certificate(CertificateKind::Expired),
            )],
            Scenario::VerificationFailed => vec![Answer::of(Choice::VerificationFailed, Flaw::None)],
            Scenario::UnknownCode => approve(Flaw::ResultCode("99")),
            Scenario::CodeTen => approve(Flaw::ResultCode("10")),
            Scenario::ActionContradiction => approve(Flaw::ActionContradiction),
            Scenario::CodeAsInteger => approve(Flaw::CodeAsInteger),
            Scenario::SpacedKey => approve(Flaw::SpacedKey),
            Scenario::ChallengeAsObject => approve(Flaw::ChallengeAsObject),
            Scenario::NullDates => approve(Flaw::NullDates),
            Scenario::HugePhoto => approve(Flaw::HugePhoto),
            Scenario::SlowBody => approve(Flaw::SlowBody),
            // The request has arrived, so its citizen answers as ever: the provider can't know.
            Scenario::NoReply => Self::of_ending(ending, pace).answers,
        };
        let reply = match scenario {
            Scenario::Early => ReplyConduct::AcceptAfterAnswer,
            Scenario::ErrorReply => ReplyConduct::Refuse(Refusal::Synthetic),
            Scenario::NoReply => ReplyConduct::Drop,
            Scenario::ServerError => ReplyConduct::ServerError,
            _ => ReplyConduct::Accept,
        };
        let mut conduct = Self { reply, answers };
        let standard = match scenario {
            Scenario::Late => Some(pace.late),
            Scenario::Early => Some(Duration::ZERO),
            Scenario::NoReply => None,
            _ => Some(pace.at_once),
        };
        if let (Some(first), Some(after)) = (conduct.answers.first_mut(), delay.or(standard)) {
            first.after = after;
        }
        conduct
    }
}

impl Answer {
    /// A callback at once, whatever has happened meanwhile.
    pub(super) const fn of(choice: Choice, flaw: Flaw) -> Self {
        Self {
            after: Duration::ZERO,
            choice,
            flaw,
            copies: 1,
            only_if_open: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_answers_whatever_the_citizen_is_like() {
        let pace = Pace::default();
        for scenario in Scenario::ALL {
            if scenario == Scenario::NoReply {
                continue;
            }
            let first = Conduct::of_scenario(scenario, Ending::NeverAnswers, None, &pace);
            for ending in Ending::ALL {
                assert_eq!(Conduct::of_scenario(scenario, ending, None, &pace), first);
            }
        }
    }

    #[test]
    fn after_a_broken_connection_the_citizen_answers_as_ever() {
        let pace = Pace::default();
        for ending in Ending::ALL {
            let conduct = Conduct::of_scenario(Scenario::NoReply, ending, None, &pace);
            assert_eq!(conduct.answers, Conduct::of_ending(ending, &pace).answers);
            assert_eq!(conduct.reply, ReplyConduct::Drop);
        }
    }

    #[test]
    fn a_late_answer_comes_after_the_longest_usual_wait_or_when_told() {
        let pace = Pace::default();
        let conduct = Conduct::of_scenario(Scenario::Late, Ending::Free, None, &pace);
        assert!(conduct.answers[0].after > Duration::from_secs(300));
        let told = Some(Duration::from_secs(2));
        let conduct = Conduct::of_scenario(Scenario::Late, Ending::Free, told, &pace);
        assert_eq!(conduct.answers[0].after, Duration::from_secs(2));
    }

    #[test]
    fn duplicates_and_conflicts_have_two_callbacks() {
        let pace = Pace::default();
        let duplicate = Conduct::of_scenario(Scenario::Duplicate, Ending::Free, None, &pace);
        assert_eq!((duplicate.answers.len(), duplicate.answers[0].copies), (1, 2));
        let conflict = Conduct::of_scenario(Scenario::Conflicting, Ending::Free, None, &pace);
        let choices: Vec<_> = conflict.answers.iter().map(|answer| answer.choice).collect();
        assert_eq!(choices, [Choice::Approve, Choice::Decline]);
    }

    #[test]
    fn a_person_answers_only_while_the_request_is_open_and_a_fault_does_not_care() {
        let pace = Pace::default();
        let person = Conduct::of_ending(Ending::ApprovesSlowly, &pace);
        assert!(person.answers[0].only_if_open);
        assert_eq!(person.answers[0].after, pace.slowly);
        let fault = Conduct::of_scenario(Scenario::Forged, Ending::Approves, None, &pace);
        assert!(!fault.answers[0].only_if_open);
    }
}
