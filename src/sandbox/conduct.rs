use std::time::Duration;

use super::citizen::Ending;
use super::faces::Refusal;
use super::flaw::Edit;
use super::flaw::NO_MOMENT;
use super::flaw::Shape;
use super::keys::CertificateKind;
use super::raw_reply::RawReply;
use super::request::Asked;
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
    /// Something that is no reply of the contract; nobody is asked.
    Raw(RawReply),
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
    /// Stamped under a certificate whose time is over.
    StampByEnded,
    /// Stamped with the key that was the stamp's before a change of keys; a true stamp as long as there was none.
    StampByFormer,
    StampCut,
    StampNoBase64,
    /// The stamp covers other bytes.
    StampElsewhere,
    /// The stamp comes without its certificate.
    SignerUnnamed,
    CertificateOfAnother,
    /// Letters beyond ASCII as escapes.
    Escaped,
    /// A member differs, under a true stamp.
    Edited(Edit),
    /// The body differs, around parts with a true stamp.
    Shaped(Shape),
    /// The person's signature, where a document is signed.
    SignatureSpoiled,
    /// Signs another document.
    OtherDocument,
}

impl Flaw {
    /// Whether an approval of this request with it is one all the same: odd, and true.
    pub(super) fn is_harmless(self, asked: &Asked) -> bool {
        let signing = asked.signing.is_some();
        match self {
            Self::None
            | Self::CodeAsInteger
            | Self::SpacedKey
            | Self::ChallengeAsObject
            | Self::NullDates
            | Self::HugePhoto
            | Self::SlowBody
            | Self::SignerUnnamed
            | Self::StampByFormer
            | Self::Escaped => true,
            Self::SignatureSpoiled | Self::OtherDocument => !signing,
            Self::Edited(edit) => edit.is_harmless(signing),
            Self::Certificate(CertificateKind::Valid(level)) => {
                asked.assurance.is_none_or(|wanted| level >= wanted)
            }
            Self::Shaped(shape) => matches!(shape, Shape::Reordered | Shape::Spaced),
            _ => false,
        }
    }
}

/// How long things take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Before a citizen approves or declines at once.
    pub at_once: Duration,
    /// Before one of the crowd approves, more or less: between half of it and half as much again.
    pub think: Duration,
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
            think: Duration::ZERO,
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

    /// The same by somebody of the crowd, who takes their time: `chance` says how much of it.
    pub(super) fn after_thinking(mut self, think: Duration, chance: u64) -> Self {
        if let Some(first) = self.answers.first_mut() {
            let share = u32::try_from(chance % 1_001).unwrap_or_default();
            first.after += think / 2 + think * share / 1_000;
        }
        self
    }

    /// What a scenario makes happen instead. `delay` is the pause before the first answer.
    pub(super) fn of_scenario(
        scenario: Scenario,
        ending: Ending,
        delay: Option<Duration>,
        pace: &Pace,
    ) -> Self {
        let answers = answers(scenario, ending, pace);
        let reply = reply(scenario);
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

/// Whether a scenario is about the reply to a request, whoever it asks.
pub(super) fn is_about_reply(scenario: Scenario) -> bool {
    !matches!(
        reply(scenario),
        ReplyConduct::Accept | ReplyConduct::AcceptAfterAnswer
    )
}

/// How the reply to the request goes.
fn reply(scenario: Scenario) -> ReplyConduct {
    match scenario {
        Scenario::Early => ReplyConduct::AcceptAfterAnswer,
        Scenario::ErrorReply => ReplyConduct::Refuse(Refusal::Synthetic),
        Scenario::NotEnrolled => ReplyConduct::Refuse(Refusal::NoMobileId),
        Scenario::LevelTooLow => ReplyConduct::Refuse(Refusal::LevelTooLow),
        Scenario::TooManyRequests => ReplyConduct::Refuse(Refusal::TooManyRequests),
        Scenario::InvalidRequest => ReplyConduct::Refuse(Refusal::Invalid("AuthenticationReasonEn")),
        Scenario::UnknownProvider => ReplyConduct::Refuse(Refusal::UnknownServiceProvider),
        Scenario::CallbackRefused => ReplyConduct::Refuse(Refusal::CallbackUrl),
        Scenario::NewErrorCode => ReplyConduct::Refuse(Refusal::New),
        Scenario::NoReply => ReplyConduct::Drop,
        Scenario::ServerError => ReplyConduct::ServerError,
        Scenario::Unauthorized => ReplyConduct::Raw(RawReply::Unauthorized),
        Scenario::BadGateway => ReplyConduct::Raw(RawReply::BadGateway),
        Scenario::Unavailable => ReplyConduct::Raw(RawReply::Unavailable),
        Scenario::Redirected => ReplyConduct::Raw(RawReply::Redirected),
        Scenario::PageReply => ReplyConduct::Raw(RawReply::Page),
        Scenario::EmptyReply => ReplyConduct::Raw(RawReply::Empty),
        Scenario::CutReply => ReplyConduct::Raw(RawReply::Cut),
        Scenario::DoubleReply => ReplyConduct::Raw(RawReply::Double),
        Scenario::HugeReply => ReplyConduct::Raw(RawReply::Huge),
        _ => ReplyConduct::Accept,
    }
}

/// The answers that follow.
fn answers(scenario: Scenario, ending: Ending, pace: &Pace) -> Vec<Answer> {
    match scenario {
        Scenario::Timeout => Vec::new(),
        // The request has arrived, so its citizen answers as ever: the provider can't know.
        Scenario::NoReply => Conduct::of_ending(ending, pace).answers,
        scenario if !reply(scenario).asks_somebody() => Vec::new(),
        Scenario::Declined => vec![Answer::of(Choice::Decline, Flaw::None)],
        Scenario::VerificationFailed => vec![Answer::of(Choice::VerificationFailed, Flaw::None)],
        Scenario::Revoked => vec![Answer::of(
            Choice::Revoked,
            Flaw::Certificate(CertificateKind::Revoked),
        )],
        Scenario::Expired => vec![Answer::of(
            Choice::Expired,
            Flaw::Certificate(CertificateKind::Expired),
        )],
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
        Scenario::ForgedFirst => vec![
            Answer::of(Choice::Approve, Flaw::StampSpoiled),
            Answer {
                after: pace.between,
                ..Answer::of(Choice::Approve, Flaw::None)
            },
        ],
        scenario => vec![Answer::of(Choice::Approve, flaw(scenario))],
    }
}

/// What is wrong with, or odd about, the one approval of a scenario.
fn flaw(scenario: Scenario) -> Flaw {
    let request = |name, value| Flaw::Edited(Edit::Request(name, value));
    let result = |name, value| Flaw::Edited(Edit::Result(name, value));
    match scenario {
        Scenario::Forged => Flaw::StampSpoiled,
        Scenario::ForgedSigner => Flaw::StampByImpostor,
        Scenario::ExpiredSigner => Flaw::StampByEnded,
        Scenario::FormerSigner => Flaw::StampByFormer,
        Scenario::Unstamped => Flaw::StampMissing,
        Scenario::StampCut => Flaw::StampCut,
        Scenario::StampNoBase64 => Flaw::StampNoBase64,
        Scenario::StampElsewhere => Flaw::StampElsewhere,
        Scenario::SignerUnnamed => Flaw::SignerUnnamed,
        Scenario::TamperedPerson => Flaw::TamperedPerson,
        Scenario::Replay => Flaw::Replay,
        Scenario::WrongPerson => Flaw::WrongPerson,
        Scenario::ForAnother => Flaw::Edited(Edit::ForAnother),
        Scenario::DataOfAnother => Flaw::Edited(Edit::DataOfAnother),
        Scenario::CertificateOfAnother => Flaw::CertificateOfAnother,
        Scenario::WrongRequestId => Flaw::WrongRequestId,
        Scenario::NoRequestId => request("RequestID", None),
        Scenario::WrongProvider => request("ServiceProviderId", Some(OTHER_PROVIDER)),
        Scenario::NoProvider => request("ServiceProviderId", None),
        Scenario::WrongChallenge => request("Challenge", Some("no digits of ours")),
        Scenario::NoChallenge => request("Challenge", None),
        Scenario::WrongData => request("AdditionalData", Some("another flow")),
        Scenario::SigningType => request("RequestType", Some("2")),
        Scenario::UnknownType => request("RequestType", Some("7")),
        Scenario::NoType => request("RequestType", None),
        Scenario::LowAssurance => Flaw::Certificate(CertificateKind::Valid(Assurance::Low)),
        Scenario::EndedCertificate => Flaw::Certificate(CertificateKind::Expired),
        Scenario::NoCertificate => result("UserCertificate", None),
        Scenario::BrokenCertificate => result("UserCertificate", Some("AAAA")),
        Scenario::UnknownCode => Flaw::ResultCode("99"),
        Scenario::CodeTen => Flaw::ResultCode("10"),
        Scenario::NoCode => result("ResultCode", None),
        Scenario::DeclineContradiction => Flaw::ResultCode("4"),
        Scenario::UnknownAction => result("UserAction", Some("9")),
        Scenario::NoAction => result("UserAction", None),
        Scenario::ActionContradiction => Flaw::ActionContradiction,
        Scenario::OldAnswer => Flaw::Edited(Edit::Moment(-3_600)),
        Scenario::FutureAnswer => Flaw::Edited(Edit::Moment(600)),
        Scenario::UnreadableDate => result("TransactionDate", Some("yesterday")),
        Scenario::ZeroDate => result("TransactionDate", Some(NO_MOMENT)),
        Scenario::ZonedDate => Flaw::Edited(Edit::ZonedMoment),
        Scenario::NoPerson => Flaw::Edited(Edit::NoPerson),
        Scenario::CodeAsInteger => Flaw::CodeAsInteger,
        Scenario::CodeAsName => Flaw::Edited(Edit::NamedCodes),
        Scenario::NewMembers => Flaw::Edited(Edit::NewMembers),
        Scenario::SpacedKey => Flaw::SpacedKey,
        Scenario::ChallengeAsObject => Flaw::ChallengeAsObject,
        Scenario::NullDates => Flaw::NullDates,
        Scenario::HugePhoto => Flaw::HugePhoto,
        Scenario::Escaped => Flaw::Escaped,
        Scenario::NotJson => Flaw::Shaped(Shape::NotJson),
        Scenario::CutBody => Flaw::Shaped(Shape::Cut),
        Scenario::EmptyBody => Flaw::Shaped(Shape::Empty),
        Scenario::WrongRoot => Flaw::Shaped(Shape::WrongRoot),
        Scenario::SmallKeys => Flaw::Shaped(Shape::SmallKeys),
        Scenario::DeepBody => Flaw::Shaped(Shape::Deep),
        Scenario::DuplicateKey => Flaw::Shaped(Shape::DuplicateKey),
        Scenario::Reordered => Flaw::Shaped(Shape::Reordered),
        Scenario::Spaced => Flaw::Shaped(Shape::Spaced),
        Scenario::SlowBody => Flaw::SlowBody,
        Scenario::SignatureForged => Flaw::SignatureSpoiled,
        Scenario::OtherDocument => Flaw::OtherDocument,
        _ => Flaw::None,
    }
}

impl ReplyConduct {
    /// Whether the request reaches its person.
    pub(super) const fn asks_somebody(self) -> bool {
        matches!(self, Self::Accept | Self::AcceptAfterAnswer | Self::Drop)
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

const OTHER_PROVIDER: &str = "00000000-0000-4000-8000-0000000000ff";

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
    fn the_crowd_takes_its_time() {
        let pace = Pace::default();
        let think = Duration::from_secs(4);
        for (chance, seconds) in [(0, 2), (500, 4), (1_000, 6), (1_001, 2)] {
            let conduct = Conduct::of_ending(Ending::Approves, &pace).after_thinking(think, chance);
            assert_eq!(conduct.answers[0].after, Duration::from_secs(seconds), "{chance}");
        }
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
