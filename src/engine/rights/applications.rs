use std::collections::HashSet;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::ask::RightsError;
use super::ask::Who;
use super::filed::Filed;
use super::letter::letter;
use super::register::Registered;
use super::register::may_open;
use super::register::register;
use super::service::Rights;
use super::service::failed;
use crate::audit::ApplicationKind;
use crate::audit::ApplicationRecord;
use crate::audit::ApplicationStep;
use crate::audit::Event;
use crate::audit::ExchangeDirection;
use crate::audit::ExchangeRow;
use crate::audit::Record;
use crate::audit::RequiredCheck;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::audit::recordable;
use crate::engine::secrets::random;
use crate::store::ErasableFlow;
use crate::words::Day;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Purpose;

/// What is asked of the register of applications. May name a person, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ApplicationAsk {
    /// To take in an application.
    Open(OpenApplication),
    /// To write down one of the checks that a third party's application needs.
    Check {
        /// The application.
        number: u64,
        /// Which check.
        check: RequiredCheck,
        /// Whether it speaks for the applicant.
        passed: bool,
        /// What was found.
        finding: String,
        /// Who made it.
        by: String,
    },
    /// To decide on it, or on the complaint.
    Decide {
        /// The application.
        number: u64,
        /// Whether it is granted.
        granted: bool,
        /// Why, as the applicant is told.
        reason: String,
        /// The day on which the applicant was told; today without it.
        on: Option<Day>,
        /// Who decides.
        by: String,
    },
    /// To take in a complaint about a refusal.
    Complain {
        /// The application.
        number: u64,
        /// The day on which it came in; today without it.
        on: Option<Day>,
        /// Who takes it in.
        by: String,
    },
    /// Where the applications stand.
    List {
        /// Those that are closed, too.
        all: bool,
    },
    /// The letter to the applicant about where it stands.
    Letter {
        /// The application.
        number: u64,
        /// Who makes it.
        by: String,
    },
    /// To write down what silence has decided.
    Clocks {
        /// Who does it; the node itself names itself `clock`.
        by: String,
    },
}

/// An application as it comes in. Names people, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenApplication {
    /// What is applied for.
    pub kind: ApplicationKind,
    /// Whose data it is about.
    pub about: Who,
    /// Who applies.
    pub applicant: String,
    /// Where letters go.
    pub address: String,
    /// What is asked for.
    pub wants: String,
    /// The number of the paper that proves a representative's authority.
    pub proof: Option<String>,
    /// The day on which it came in; today without it.
    pub on: Option<Day>,
    /// Who takes it in.
    pub by: String,
}

impl Rights {
    pub(super) async fn application(&self, ask: ApplicationAsk) -> Result<Value, RightsError> {
        match ask {
            ApplicationAsk::Open(open) => self.open_application(open).await,
            ApplicationAsk::Check {
                number,
                check,
                passed,
                finding,
                by,
            } => {
                let finding = recordable("what was found", &finding)?;
                let step = ApplicationStep::Checked {
                    check,
                    passed,
                    finding,
                };
                self.take_step(number, step, &by).await
            }
            ApplicationAsk::Decide {
                number,
                granted,
                reason,
                on,
                by,
            } => {
                let reason = recordable("the reason", &reason)?;
                let day = on.unwrap_or_else(|| self.today());
                let step = ApplicationStep::Decided { granted, day, reason };
                self.take_step(number, step, &by).await
            }
            ApplicationAsk::Complain { number, on, by } => {
                let day = on.unwrap_or_else(|| self.today());
                self.take_step(number, ApplicationStep::Complained { day }, &by)
                    .await
            }
            ApplicationAsk::List { all } => self.list_applications(all).await,
            ApplicationAsk::Letter { number, by } => self.letter(number, &by).await,
            ApplicationAsk::Clocks { by } => self.clocks(&by).await,
        }
    }

    async fn open_application(&self, ask: OpenApplication) -> Result<Value, RightsError> {
        let by = recordable("the name", &ask.by)?;
        let proof = ask.proof.as_deref();
        let proof = proof.map(|proof| recordable("the proof", proof)).transpose()?;
        let day = ask.on.unwrap_or_else(|| self.today());
        may_open(ask.kind, proof.as_deref(), day, self.today()).map_err(RightsError::Refused)?;
        let about = self.filed_under(ask.about).await?;
        let bytes = Filed::new(about, &ask.applicant, &ask.address, &ask.wants)?.to_bytes();
        let at = self.clock.now();
        let paper = ExchangeId::from_parts(at, random().map_err(failed)?);
        let step = ApplicationStep::Opened {
            kind: ask.kind,
            day,
            digest: Digest::of(&bytes),
            proof,
        };
        let mut unit = self.step(paper, step, by);
        unit.exchanges.push(ExchangeRow {
            id: paper,
            flow: None,
            direction: ExchangeDirection::Document,
            at,
            bytes: bytes.into(),
        });
        // One moment for the record and for what it names.
        unit.records.iter_mut().for_each(|record| record.at = at);
        self.record(vec![unit]).await?;
        let opened = self.register().await?.into_iter().find(|one| one.paper == paper);
        opened.map_or_else(
            || Err(failed("the application that was just opened is not in the log")),
            |one| Ok(self.told(&one)),
        )
    }

    /// Whose data it is about, and in which flow: a flow that is of somebody is that person's, who asks by the civil number.
    async fn filed_under(&self, about: Who) -> Result<(Who, Option<FlowId>), RightsError> {
        let Who::Flow(flow) = about else {
            return Ok((about, None));
        };
        let Some(row) = self.store.flow(flow).await.map_err(failed)? else {
            return Err(RightsError::Refused(format!(
                "there is no flow {flow}, or it was erased; name the person with `--civil-no`"
            )));
        };
        Ok(row.subject.map_or((about, None), |person| {
            let person = person.expose(Purpose::Store).to_owned();
            (Who::CivilNo(person), Some(flow))
        }))
    }

    async fn take_step(&self, number: u64, step: ApplicationStep, by: &str) -> Result<Value, RightsError> {
        let by = recordable("the name", by)?;
        let application = self.registered(number).await?;
        application
            .allows(&step, &by, self.today())
            .map_err(|why| RightsError::Refused(format!("application {number}: {why}")))?;
        let unit = self.step(application.paper, step.clone(), by.clone());
        let at = unit.records.first().map(|record| record.at);
        self.record(vec![unit]).await?;
        // Somebody else may have come first between the look and the record.
        let application = self.registered(number).await?;
        if !application.has_taken(&step, &by, at) {
            return Err(RightsError::Refused(format!(
                "application {number}: another step came first"
            )));
        }
        Ok(self.told(&application))
    }

    async fn list_applications(&self, all: bool) -> Result<Value, RightsError> {
        let today = self.today();
        let register = self.register().await?;
        let shown = register
            .iter()
            .filter(|one| all || !one.on(today).state.is_final());
        Ok(Value::from_iter(shown.map(|one| self.told(one))))
    }

    /// The page names the applicant, so that it was made is on record before anybody has it.
    async fn letter(&self, number: u64, by: &str) -> Result<Value, RightsError> {
        let by = recordable("the name", by)?;
        let application = self.registered(number).await?;
        let Some(filed) = self.filed(&application).await? else {
            return Err(RightsError::Refused(format!(
                "what was filed with application {number} was erased, so nobody can be written to"
            )));
        };
        let detail = format!("application {number}");
        self.record(vec![self.record_of("letter_made", &by, None, detail)])
            .await?;
        let organization = self.catalog.as_ref().map(|catalog| &catalog.organization().name);
        let page = letter(&application, &filed, organization, self.today());
        Ok(json!({ "application": self.told(&application), "letter": page }))
    }

    /// Writes down what silence has decided, and tells what has to be answered soon. Whoever comes too late changes nothing.
    async fn clocks(&self, by: &str) -> Result<Value, RightsError> {
        let by = recordable("the name", by)?;
        let today = self.today();
        let (mut lapsed, mut due_soon) = (Vec::new(), Vec::new());
        for one in self.register().await? {
            let silences = one.silences(today);
            for finally in &silences {
                let step = ApplicationStep::Lapsed { finally: *finally };
                self.record(vec![self.step(one.paper, step, by.clone())]).await?;
            }
            if !silences.is_empty() {
                lapsed.push(one.number);
            }
            let standing = one.on(today);
            let ours = standing.state.waits_for_us();
            if ours && standing.until.is_some_and(|until| until <= today.plus_days(SOON)) {
                due_soon.push(json!({ "application": one.number, "until": standing.until }));
            }
        }
        Ok(json!({ "lapsed": lapsed, "due_soon": due_soon }))
    }

    /// The applications about somebody, whose flows these are, each with what was filed; those whose paper was erased are
    /// not found.
    pub(super) async fn applications_about(
        &self,
        who: &Who,
        flows: &[ErasableFlow],
    ) -> Result<Vec<(Registered, Filed)>, RightsError> {
        let mut found = Vec::new();
        for one in self.register().await? {
            let filed = self.filed(&one).await?;
            if let Some(filed) = filed.filter(|filed| filed.is_about(who, flows)) {
                found.push((one, filed));
            }
        }
        Ok(found)
    }

    /// The papers that were filed with applications.
    pub(super) async fn papers(&self) -> Result<HashSet<ExchangeId>, RightsError> {
        let register = self.register().await?;
        Ok(register.into_iter().map(|one| one.paper).collect())
    }

    pub(super) fn today(&self) -> Day {
        Day::in_kuwait(self.clock.now())
    }

    /// Where an application stands, without anything that names somebody.
    pub(super) fn told(&self, one: &Registered) -> Value {
        let standing = one.on(self.today());
        let checks: serde_json::Map<String, Value> = one
            .checks
            .iter()
            .map(|(check, (passed, finding))| {
                let found = json!({ "passed": passed, "finding": finding });
                (check.as_str().to_owned(), found)
            })
            .collect();
        json!({
            "application": one.number, "kind": one.kind, "received": one.received(), "state": standing.state,
            "by_silence": standing.by_silence, "until": standing.until, "proof": one.proof, "checks": checks,
            "paper": one.digest,
            "steps": one.steps.iter().map(|step| json!({
                "seq": step.seq, "at": step.at.to_string(), "by": step.by, "step": step.step, "counts": step.counts,
            })).collect::<Vec<_>>(),
        })
    }

    async fn register(&self) -> Result<Vec<Registered>, RightsError> {
        let records = self.store.application_records().await.map_err(failed)?;
        Ok(register(&records))
    }

    async fn registered(&self, number: u64) -> Result<Registered, RightsError> {
        let found = self
            .register()
            .await?
            .into_iter()
            .find(|one| one.number == number);
        found.ok_or_else(|| {
            RightsError::Refused(format!(
                "there is no application {number}; `midflow subject request list --all` shows every one"
            ))
        })
    }

    /// What was filed; `None` once it was erased.
    async fn filed(&self, one: &Registered) -> Result<Option<Filed>, RightsError> {
        let Some(row) = self.store.exchange(one.paper).await.map_err(failed)? else {
            return Ok(None);
        };
        if Digest::of(&row.bytes) != one.digest {
            return Err(failed(format!(
                "what was filed with application {} is not what was recorded; run `midflow audit verify`",
                one.number
            )));
        }
        Ok(Filed::from_bytes(&row.bytes))
    }

    fn step(&self, application: ExchangeId, step: ApplicationStep, by: String) -> Unit {
        let record = Record {
            at: self.clock.now(),
            flow: None,
            subject: Subject::Nobody,
            event: Event::Application(Box::new(ApplicationRecord {
                application,
                step,
                by,
            })),
        };
        Unit {
            records: vec![record],
            ..Unit::default()
        }
    }
}

/// So many days before a period ends, whoever runs the node is told each night.
const SOON: u16 = 5;
