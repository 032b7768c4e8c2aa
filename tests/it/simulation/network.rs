//! Between midflow and the authority: requests leave, or don't; replies come, or don't; answers come early, late, twice and
//! in any order, and are sent again as long as nobody takes them.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use midflow::connector;
use midflow::connector::Connector as _;
use midflow::connector::Expected;
use midflow::connector::Matter;
use midflow::connector::Notification;
use midflow::connector::Preview;
use midflow::connector::ReplyMeaning;
use midflow::connector::Request;
use midflow::connector::Signing;
use midflow::connector::Verdict;
use midflow::flow::Conclusion;
use midflow::flow::Event;
use midflow::flow::ReplyKind;
use midflow::sandbox::DueAnswer;
use midflow::sandbox::Scenario;
use midflow::words::Capability;
use midflow::words::Digest;
use midflow::words::ExchangeId;
use midflow::words::Field;
use midflow::words::FieldSource;
use midflow::words::Person;
use midflow::words::Text;

use super::bug::Bug;
use super::driver::Cause;
use super::laws;
use super::store::Row;
use super::world::By;
use super::world::CALLBACKS;
use super::world::Happening;
use super::world::World;

impl World<'_> {
    /// The transport takes a recorded request: it leaves and reaches the authority, or no byte of it does.
    pub fn leave(&mut self, by: By, flow: usize, attempt: u8) {
        if self.dice.one_in(20) {
            self.count("requests that never left");
            let meaning = ReplyMeaning::NotSent {
                detail: String::new(),
            };
            let pause = self.up_to(300);
            return self.after(pause, Happening::Heard(by, flow, meaning, Bytes::new()));
        }
        if let Some(violation) = laws::before_sending(self, flow, attempt) {
            self.broken = Some(violation);
            return;
        }
        let row = self.store.rows[&flow].clone();
        let request = self.request(flow, &row, attempt);
        let outbound = self.ground.connector.prepare(&request).unwrap();
        let scenario = self.flows[flow].scenario;
        let by_code = request.capability == Capability::AuthQr;
        let armed_for = (!by_code).then_some(&self.flows[flow].citizen);
        let at_once = scenario.filter(|_| !by_code);
        self.ground.authority.arm_only(at_once, armed_for);
        let reaction = self.ground.authority.ask(outbound.operation, &outbound.body);
        self.note(flow, format_args!("asks, {}", reaction.asks_somebody));
        if reaction.asks_somebody {
            self.flows[flow].prompts += 1;
            if let Some(violation) = laws::after_sending(self, flow) {
                self.broken = Some(violation);
                return;
            }
        }
        let mut answers: VecDeque<DueAnswer> = reaction.answers.into();
        let expires_at = row.state.expires_at;
        if scenario == Some(Scenario::Late)
            && let Some(first) = answers.front_mut()
        {
            first.after = expires_at.since(self.now) + self.up_to(20_000);
        }
        let first = answers.front().map(|answer| answer.after);
        if let Some(after) = first {
            let on_the_way = self.up_to(400);
            self.after(after + on_the_way, Happening::Answer(flow, answers));
        }
        let meaning_and_body = match reaction.reply {
            Some((status, body)) if !self.dice.one_in(25) => {
                let meaning = self.ground.rule.reply(request.capability, status, &body);
                (meaning, body)
            }
            // Lost on its way back, or never sent.
            _ => {
                let detail = String::new();
                (ReplyMeaning::Unknown { detail }, Bytes::new())
            }
        };
        let (meaning, body) = meaning_and_body;
        if meaning == ReplyMeaning::Answered {
            // The reply to a notification proves nothing about anybody, so nothing can be wrong with it.
            let proves = request.capability == Capability::VerifyQr;
            let true_answer = !proves || scenario.is_none_or(|scenario| !spoils_an_identity(scenario));
            self.flows[flow].truths.insert(Digest::of(&body), true_answer);
            self.flows[flow].prompts += 1;
        }
        let mut pause = self.up_to(600);
        if reaction.answers_first {
            pause += first.unwrap_or_default() + Duration::from_secs(1);
        }
        self.after(pause, Happening::Heard(by, flow, meaning, body));
    }

    /// The reply has come, or is given up.
    pub fn heard(&mut self, node: usize, flow: usize, meaning: ReplyMeaning, body: Bytes) {
        let mut cause = Cause::of(Event::Reply(ReplyKind::Unknown));
        cause.event = Event::Reply(match meaning {
            ReplyMeaning::Accepted { request_id } => ReplyKind::Accepted(request_id),
            ReplyMeaning::Shown(code) => {
                let pause = self.up_to(90_000);
                self.after(pause, Happening::Scan(flow, code.text().to_owned()));
                ReplyKind::Accepted(None)
            }
            ReplyMeaning::Answered => {
                let exchange = self.exchange();
                let digest = Digest::of(&body);
                cause.bytes = Some((exchange, self.now, body));
                ReplyKind::Answered { exchange, digest }
            }
            ReplyMeaning::Refused { outcome, .. } => ReplyKind::Refused(outcome),
            ReplyMeaning::NotSent { .. } => ReplyKind::NotSent,
            ReplyMeaning::Unknown { .. } => ReplyKind::Unknown,
        });
        self.feed(node, flow, cause);
    }

    /// Somebody scans the code, and then answers as they are, or as the scenario says.
    pub fn scan(&mut self, flow: usize, text: &str) {
        let citizen = self.flows[flow].citizen.clone();
        self.ground
            .authority
            .arm_only(self.flows[flow].scenario, Some(&citizen));
        if let Some(answers) = self.ground.authority.scan(text, &citizen) {
            let answers: VecDeque<DueAnswer> = answers.into();
            if let Some(first) = answers.front().map(|answer| answer.after) {
                self.after(first, Happening::Answer(flow, answers));
            }
        }
        self.ground.authority.arm_only(None, Some(&citizen));
    }

    /// The authority sends its next answer.
    pub fn answer(&mut self, flow: usize, mut due: VecDeque<DueAnswer>) {
        let Some(answer) = due.pop_front() else { return };
        if let Some(told) = self.ground.authority.answer(&answer) {
            let digest = Digest::of(&told.body);
            self.flows[flow].truths.insert(digest, told.approved);
            let again = u8::from(self.dice.one_in(10));
            for _ in 0..answer.copies + again {
                let pause = self.up_to(2_000);
                self.after(pause, Happening::Arrive(flow, told.body.clone(), 0));
            }
        }
        if let Some(next) = due.front().map(|answer| answer.after) {
            let on_the_way = self.up_to(2_000);
            self.after(next + on_the_way, Happening::Answer(flow, due));
        }
    }

    /// A callback arrives at a node, if one answers.
    pub fn arrive(&mut self, flow: usize, body: Bytes, tries: u8) {
        self.count("callbacks");
        self.after(PATIENCE, Happening::Unacknowledged(flow, body.clone(), tries));
        let Some(node) = self.some_node() else { return };
        let (exchange, digest) = (self.exchange(), Digest::of(&body));
        let cause = Cause {
            bytes: Some((exchange, self.now, body)),
            acknowledges: Some(digest),
            ..Cause::of(Event::Callback { exchange, digest })
        };
        self.feed(node, flow, cause);
    }

    /// The authority sends again what nobody has taken, three times.
    pub fn unacknowledged(&mut self, flow: usize, body: Bytes, tries: u8) {
        if tries < 3 && !self.flows[flow].acknowledged.contains(&Digest::of(&body)) {
            self.after(Duration::from_secs(1), Happening::Arrive(flow, body, tries + 1));
        }
    }

    pub fn examine(&mut self, node: usize, flow: usize, exchange: ExchangeId) {
        let row = self.store.rows[&flow].clone();
        let Some((received_at, body)) = row.exchanges.get(&exchange) else {
            return;
        };
        // Whoever does not know the authority's number of the request knows it by the data that was sent with it, and by the
        // challenge: another number is then no sign of another request.
        if self.flows[flow].scenario == Some(Scenario::WrongRequestId) && row.state.request_id.is_none() {
            self.flows[flow].truths.insert(Digest::of(body), true);
        }
        let verdict = self.verdict(flow, &row, body, *received_at);
        let (conclusion, person) = match verdict.conclusion {
            connector::Conclusion::Approved(person) => (Conclusion::Approved, Some(person)),
            connector::Conclusion::Ended(outcome) => (Conclusion::Ended(outcome), None),
            connector::Conclusion::Rejected => (Conclusion::Rejected, None),
        };
        let cause = Cause {
            person,
            approver: verdict.approver,
            ..Cause::of(Event::Examined { exchange, conclusion })
        };
        self.feed(node, flow, cause);
    }

    /// What the connector of production believes; or a broken one.
    fn verdict(
        &self,
        flow: usize,
        row: &Row,
        body: &[u8],
        received_at: midflow::words::Timestamp,
    ) -> Verdict {
        let outside = &self.flows[flow];
        let capability = outside.wish.capability;
        let plan = row.plan.as_ref();
        let mut fields = plan.map(|plan| plan.fields.clone()).unwrap_or_default();
        if self.has(Bug::KeepsUndeclared) {
            fields.extend(FieldSource::ALL.map(Field::Plain));
        }
        let expected = Expected {
            flow: Self::id(flow),
            capability,
            request_id: row.state.request_id.as_ref(),
            civil_no: match capability {
                Capability::AuthQr | Capability::VerifyQr => None,
                _ => Some(&outside.citizen),
            },
            signing: (capability == Capability::Sign).then(|| Digest::of(DOCUMENT)),
            assurance: plan.map_or(midflow::words::Assurance::High, |plan| plan.assurance),
            challenge: &row.challenge,
            additional_data: &row.additional_data,
            requested_at: row.begun_at,
            expires_at: row.state.expires_at,
            received_at,
            fields: &fields,
        };
        let mut verdict = match capability {
            Capability::VerifyQr | Capability::Notify => self.ground.rule.examine_reply(body, &expected),
            _ => self.ground.rule.examine(body, &expected),
        };
        let failed = verdict.checks.iter().find(|check| !check.passed);
        let overlooked = match self.bug {
            Some(Bug::Ignores(check)) => failed.is_some_and(|failed| failed.name == check),
            Some(Bug::FirstDigitOfCode) => {
                let body = String::from_utf8_lossy(body);
                failed.is_some_and(|failed| failed.name == "code") && body.contains(r#""ResultCode":"10""#)
            }
            _ => false,
        };
        if overlooked {
            verdict.conclusion = connector::Conclusion::Approved(Person::default());
        }
        verdict
    }

    fn request(&mut self, flow: usize, row: &Row, attempt: u8) -> Request {
        let outside = &self.flows[flow];
        let capability = outside.wish.capability;
        let service = &self.ground.catalog.service(outside.wish.service).unwrap().service;
        let plan = row.plan.as_ref().unwrap();
        Request {
            flow: Self::id(flow),
            attempt,
            capability,
            assurance: plan.assurance,
            civil_no: (capability != Capability::AuthQr && capability != Capability::VerifyQr)
                .then(|| outside.citizen.clone()),
            description: service.name.clone(),
            reason: plan.reason.clone(),
            wants_person: plan
                .fields
                .iter()
                .any(|field| field.source() != FieldSource::CivilNo),
            callback_url: format!("{CALLBACKS}/cb/v1/{flow}"),
            additional_data: row.additional_data.clone(),
            challenge: row.challenge.clone(),
            matter: match capability {
                Capability::AuthPush | Capability::AuthQr => Matter::Nothing,
                Capability::VerifyQr => {
                    let card = self.ground.authority.card(&outside.citizen);
                    Matter::IdentityQr(
                        card.map_or_else(|| "no card".to_owned(), |card| card.text().to_owned()),
                    )
                }
                Capability::Sign => Matter::Signing(Box::new(Signing {
                    digest: Digest::of(DOCUMENT),
                    file_name: "contract.txt".to_owned(),
                    preview: Preview::Text(Text::new("عقد", "A contract")),
                })),
                Capability::Notify => Matter::Notification(Notification {
                    template: "reminder".to_owned(),
                    title: Text::new("موعد", "Appointment"),
                    text: Text::new("موعدك غدا", "Your appointment is tomorrow"),
                }),
            },
        }
    }

    fn exchange(&mut self) -> ExchangeId {
        let random = u128::from(self.dice.roll()) << 64 | u128::from(self.dice.roll());
        ExchangeId::from_uuid(uuid::Uuid::from_u128(random))
    }
}

/// Which scenarios make an identity one that must not be believed.
const fn spoils_an_identity(scenario: Scenario) -> bool {
    matches!(
        scenario,
        Scenario::Replay
            | Scenario::Late
            | Scenario::ForgedSigner
            | Scenario::Unstamped
            | Scenario::Forged
            | Scenario::TamperedPerson
    )
}

const DOCUMENT: &[u8] = b"A document of the simulation.";
/// How long the authority waits for its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(15);
