use crate::audit::CallbackRecord;
use crate::audit::CheckRecord;
use crate::audit::ConsentRecord;
use crate::audit::DeliveryRecord;
use crate::audit::DocumentRecord;
use crate::audit::EndingRecord;
use crate::audit::Event;
use crate::audit::ReplyRecord;
use crate::audit::RequestRecord;
use crate::audit::VerdictRecord;
use crate::engine::TimelineEntry;
use crate::http::shown;
use crate::http::ui::Ui;
use crate::words::Digest;
use crate::words::OutcomeClass;
use crate::words::Timestamp;

/// One record of a timeline, with what it says in each lane. Holds no personal data, and no text that may
/// hold some, such as the reason with its inputs.
pub(super) struct Row {
    pub(super) seq: u64,
    pub(super) at: String,
    pub(super) since: String,
    pub(super) kind: &'static str,
    /// Digest of the exact bytes, where the record has some.
    pub(super) digest: Option<Digest>,
    pub(super) cells: Vec<Cell>,
}

/// What a record says in one lane.
pub(super) struct Cell {
    pub(super) lane: Lane,
    pub(super) title: &'static str,
    /// Good, bad or neither; a word or a mark says so too.
    pub(super) tone: Tone,
    /// What it is about, in one line.
    pub(super) gist: String,
    pub(super) facts: Vec<Fact>,
    pub(super) checks: Vec<CheckRecord>,
}

/// A named detail.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// The lanes, in reading order; the log is in every row and has no cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    EService,
    Policy,
    Authority,
    Delivery,
}

/// How a cell is toned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Bad,
}

/// The rows of a timeline.
pub(super) fn rows(entries: &[TimelineEntry], ui: &'static Ui) -> Vec<Row> {
    let start = entries.first().map_or(Timestamp::EPOCH, |entry| entry.at);
    entries.iter().map(|entry| row(entry, start, ui)).collect()
}

impl Row {
    /// What the record says in a lane.
    pub(super) fn cell(&self, lane: &Lane) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.lane == *lane)
    }
}

impl Lane {
    pub(super) const fn name(self, ui: &'static Ui) -> &'static str {
        match self {
            Self::EService => ui.lane_eservice,
            Self::Policy => ui.lane_policy,
            Self::Authority => ui.lane_authority,
            Self::Delivery => ui.lane_delivery,
        }
    }

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::EService => "eservice",
            Self::Policy => "policy",
            Self::Authority => "authority",
            Self::Delivery => "delivery",
        }
    }
}

impl Tone {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

fn row(entry: &TimelineEntry, start: Timestamp, ui: &'static Ui) -> Row {
    let (digest, cells) = match &entry.event {
        Event::Request(request) => (Some(request.digest), request_cells(request, ui)),
        Event::Reply(reply) => (reply.digest, vec![reply_cell(reply, ui)]),
        Event::Callback(callback) => (Some(callback.digest), vec![callback_cell(callback, ui)]),
        Event::Verdict(verdict) => (None, vec![verdict_cell(verdict, ui)]),
        Event::Document(document) => (Some(document.digest), vec![document_cell(document, ui)]),
        Event::Consent(consent) => (consent.document, vec![consent_cell(consent, ui)]),
        Event::Browser(_) => {
            let cell = Cell::new(Lane::EService, ui.ev_browser, String::new());
            (None, vec![cell])
        }
        Event::Step(step) => {
            let cell = Cell::new(Lane::Policy, ui.ev_step, step.step.clone());
            (None, vec![cell.facts(vec![Fact::new(ui.journey, step.journey)])])
        }
        Event::NotMe(report) => {
            let until = report
                .stops_until
                .map(|until| Fact::new(ui.stops_until, shown::date_and_time(until)));
            let cell = Cell::new(Lane::EService, ui.ev_not_me, report.by.clone()).toned(Tone::Bad);
            (None, vec![cell.facts(until.into_iter().collect())])
        }
        Event::Ending(ending) => (None, ending_cells(ending, ui)),
        Event::Refusal(refusal) => {
            let facts = vec![Fact::new(ui.detail, refusal.detail.clone())];
            let cell = Cell::new(Lane::Policy, ui.ev_refused, refusal.code.clone()).toned(Tone::Bad);
            (None, vec![cell.facts(facts)])
        }
        Event::Notice(notice) => {
            let facts = vec![Fact::new(ui.webhook_id, &notice.webhook_id)];
            let cell = Cell::new(Lane::Delivery, ui.ev_notice, String::new()).facts(facts);
            (Some(notice.body), vec![cell])
        }
        Event::Delivery(delivery) => (None, vec![delivery_cell(delivery, ui)]),
        Event::Correction(correction) => {
            let fields: Vec<_> = correction.fields.iter().map(ToString::to_string).collect();
            let facts = vec![
                Fact::new(ui.corrects, correction.corrects.to_string()),
                Fact::new(
                    ui.detail,
                    format!("{}; {}", correction.basis, correction.reference),
                ),
                Fact::new(
                    ui.two_persons,
                    format!("{}, {}", correction.by, correction.approved_by),
                ),
            ];
            let cell = Cell::new(Lane::Policy, ui.ev_correction, fields.join(", ")).facts(facts);
            (Some(correction.digest), vec![cell])
        }
        Event::Application(application) => {
            let cell = Cell::new(
                Lane::Policy,
                ui.ev_application,
                application.step.as_str().to_owned(),
            );
            (None, vec![cell])
        }
        Event::Admin(admin) => {
            let facts = vec![Fact::new(ui.detail, admin.detail.clone())];
            let cell = Cell::new(Lane::Policy, ui.ev_admin, admin.act.clone());
            (None, vec![cell.facts(facts)])
        }
    };
    Row {
        seq: entry.seq,
        at: shown::time_of_day(entry.at),
        since: shown::since(start, entry.at),
        kind: entry.event.kind(),
        digest,
        cells,
    }
}

fn request_cells(request: &RequestRecord, ui: &'static Ui) -> Vec<Cell> {
    vec![
        Cell::new(Lane::EService, ui.ev_asked, request.service.to_string()).facts(vec![
            Fact::new(ui.capability, request.capability),
            Fact::new(ui.channel, request.channel),
            Fact::new(ui.language, request.locale),
        ]),
        Cell::new(
            Lane::Policy,
            ui.ev_plan,
            format!("{}: {}", ui.assurance, request.assurance),
        )
        .facts(vec![
            Fact::new(ui.deadline, shown::time_of_day(request.expires_at)),
            Fact::new(ui.catalog, request.catalog.short()),
        ]),
        Cell::new(Lane::Authority, ui.ev_sent, request.connector.clone()).facts(vec![
            Fact::new(ui.operation, &request.operation),
            Fact::new(ui.attempt, request.attempt),
        ]),
    ]
}

fn reply_cell(reply: &ReplyRecord, ui: &'static Ui) -> Cell {
    let tone = match reply.meaning.as_str() {
        "accepted" | "shown" | "answered" => Tone::Good,
        "refused" | "not_sent" => Tone::Bad,
        _ => Tone::Plain,
    };
    let facts = [
        reply.request_id.as_ref().map(|id| Fact::new(ui.request_id, id)),
        reply
            .authority_code
            .map(|code| Fact::new(ui.authority_code, code)),
        (!reply.detail.is_empty()).then(|| Fact::new(ui.detail, &reply.detail)),
        (reply.attempt > 1).then(|| Fact::new(ui.attempt, reply.attempt)),
    ];
    Cell::new(Lane::Authority, ui.ev_reply, reply.meaning.clone())
        .toned(tone)
        .facts(facts.into_iter().flatten().collect())
}

fn callback_cell(callback: &CallbackRecord, ui: &'static Ui) -> Cell {
    Cell::new(
        Lane::Authority,
        ui.ev_callback,
        format!("{}: {}", ui.placed, callback.placed),
    )
    .facts(vec![
        Fact::new(ui.size, callback.size),
        Fact::new(ui.source, &callback.source),
    ])
}

fn verdict_cell(verdict: &VerdictRecord, ui: &'static Ui) -> Cell {
    let (title, tone) = match verdict.conclusion.as_str() {
        "approved" => (ui.ev_verdict_approved, Tone::Good),
        "ended" => (ui.ev_verdict_ended, Tone::Plain),
        _ => (ui.ev_verdict_rejected, Tone::Bad),
    };
    let names = |names: Vec<String>| {
        if names.is_empty() {
            ui.none.to_owned()
        } else {
            names.join(", ")
        }
    };
    let facts = [
        verdict
            .result_code
            .as_ref()
            .map(|code| Fact::new(ui.authority_code, code)),
        Some(Fact::new(
            ui.kept_fields,
            names(verdict.kept_fields.iter().map(ToString::to_string).collect()),
        )),
        Some(Fact::new(
            ui.dropped_fields,
            names(verdict.dropped_fields.clone()),
        )),
    ];
    let mut gist = verdict
        .outcome
        .map(|outcome| outcome.code().to_owned())
        .unwrap_or_default();
    if verdict.late {
        gist = format!("{gist} ({})", ui.late);
    }
    let mut cell = Cell::new(Lane::Authority, title, gist)
        .toned(tone)
        .facts(facts.into_iter().flatten().collect());
    cell.checks.clone_from(&verdict.checks);
    cell
}

fn document_cell(document: &DocumentRecord, ui: &'static Ui) -> Cell {
    Cell::new(Lane::EService, ui.ev_document, document.media_type.clone())
        .facts(vec![Fact::new(ui.size, document.size)])
}

fn consent_cell(consent: &ConsentRecord, ui: &'static Ui) -> Cell {
    let items = consent.items.iter().map(|item| CheckRecord {
        name: item.name.clone().into(),
        passed: item.given,
        detail: "".into(),
    });
    let mut cell = Cell::new(Lane::EService, ui.ev_consent, String::new())
        .toned(Tone::Good)
        .facts(vec![Fact::new(ui.language, consent.locale)]);
    cell.checks = items.collect();
    cell
}

fn ending_cells(ending: &EndingRecord, ui: &'static Ui) -> Vec<Cell> {
    let tone = match ending.outcome.class() {
        OutcomeClass::Approved => Tone::Good,
        OutcomeClass::Declined | OutcomeClass::Timeout => Tone::Plain,
        OutcomeClass::Error | OutcomeClass::Other => Tone::Bad,
    };
    let facts = [
        ending.rule.as_ref().map(|rule| Fact::new(ui.decided_by, rule)),
        ending
            .script_fault
            .as_ref()
            .map(|fault| Fact::new(ui.script_fault, fault)),
    ];
    vec![
        Cell::new(Lane::EService, ui.ev_ended, ending.outcome.code().to_owned()).toned(tone),
        Cell::new(Lane::Policy, ui.ev_decided, next(&ending.decision, ui))
            .facts(facts.into_iter().flatten().collect()),
    ]
}

/// What happens next, from the decision as delivered.
fn next(decision: &serde_json::Value, ui: &'static Ui) -> String {
    let then = decision.get("then").unwrap_or(decision);
    let word = then.as_str().or_else(|| {
        then.as_object()
            .and_then(|object| object.keys().next())
            .map(String::as_str)
    });
    match word {
        Some("continue") => ui.then_continue.to_owned(),
        Some("retry") => ui.then_retry.to_owned(),
        Some("step_up") => ui.then_step_up.to_owned(),
        Some("stop") => ui.then_stop.to_owned(),
        _ => ui.none.to_owned(),
    }
}

fn delivery_cell(delivery: &DeliveryRecord, ui: &'static Ui) -> Cell {
    let tone = match delivery.result.as_str() {
        "delivered" => Tone::Good,
        "parked" => Tone::Bad,
        _ => Tone::Plain,
    };
    let facts = [
        Some(Fact::new(ui.attempt, delivery.attempt)),
        delivery.status.map(|status| Fact::new(ui.status, status)),
    ];
    Cell::new(Lane::Delivery, ui.ev_delivery, delivery.result.clone())
        .toned(tone)
        .facts(facts.into_iter().flatten().collect())
}

impl Cell {
    fn new(lane: Lane, title: &'static str, gist: String) -> Self {
        Self {
            lane,
            title,
            tone: Tone::Plain,
            gist,
            facts: Vec::new(),
            checks: Vec::new(),
        }
    }

    fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    fn facts(mut self, facts: Vec<Fact>) -> Self {
        self.facts = facts;
        self
    }
}

impl Fact {
    fn new(name: &'static str, value: impl std::fmt::Display) -> Self {
        Self {
            name,
            value: value.to_string(),
        }
    }
}

/// The lanes that have cells, in reading order, on both sides of the log.
pub(super) const BEFORE_LOG: [Lane; 2] = [Lane::EService, Lane::Policy];
/// The lanes after the log.
pub(super) const AFTER_LOG: [Lane; 2] = [Lane::Authority, Lane::Delivery];
