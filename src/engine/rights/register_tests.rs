use super::*;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// Noon of a day in Kuwait.
fn noon(text: &str) -> Timestamp {
    Timestamp::parse(&format!("{text}T09:00:00Z")).unwrap()
}

/// A log of applications in virtual time.
#[derive(Default)]
struct Log(Vec<StoredRecord>);

impl Log {
    fn opened(kind: ApplicationKind) -> Self {
        let mut log = Self::default();
        log.open(
            kind,
            1,
            (kind == ApplicationKind::Representative).then(|| "poa 5".to_owned()),
        );
        log
    }

    fn open(&mut self, kind: ApplicationKind, paper: u8, proof: Option<String>) {
        let step = ApplicationStep::Opened {
            kind,
            day: day("2026-11-01"),
            digest: Digest::of(b"paper"),
            proof,
        };
        self.write(paper, "2026-11-01", "Aisha", step);
    }

    fn write(&mut self, paper: u8, on: &str, by: &str, step: ApplicationStep) {
        let seq = u64::try_from(self.0.len()).unwrap() + 1;
        self.0.push(StoredRecord {
            seq,
            at: noon(on),
            flow: None,
            event: Event::Application(Box::new(ApplicationRecord {
                application: ExchangeId::from_parts(noon("2026-11-01"), [paper; 10]),
                step,
                by: by.to_owned(),
            })),
        });
    }

    fn check(&mut self, check: RequiredCheck, passed: bool) {
        let finding = "looked at".to_owned();
        let step = ApplicationStep::Checked {
            check,
            passed,
            finding,
        };
        self.write(1, "2026-11-02", "Aisha", step);
    }

    fn decide(&mut self, on: &str, by: &str, granted: bool) {
        self.write(1, on, by, decided(on, granted));
    }

    fn complain(&mut self, on: &str) {
        self.write(1, on, "Aisha", ApplicationStep::Complained { day: day(on) });
    }

    /// What the nightly run writes down.
    fn night(&mut self, on: &str) -> Vec<bool> {
        let silences = self.one().silences(day(on));
        for finally in &silences {
            self.write(1, on, "clock", ApplicationStep::Lapsed { finally: *finally });
        }
        silences
    }

    fn one(&self) -> Registered {
        register(&self.0).remove(0)
    }

    fn state(&self, on: &str) -> Standpoint {
        self.one().on(day(on)).state
    }
}

fn decided(on: &str, granted: bool) -> ApplicationStep {
    ApplicationStep::Decided {
        granted,
        day: day(on),
        reason: "as it is".to_owned(),
    }
}

// R003-68: a third party gets nothing before all four checks are passed; without one it can't be granted.
#[test]
fn a_third_party_needs_every_check() {
    for left_out in RequiredCheck::ALL {
        let mut log = Log::opened(ApplicationKind::ThirdParty);
        for check in RequiredCheck::ALL {
            if check != left_out {
                log.check(check, true);
            }
        }
        let why = log
            .one()
            .allows(&decided("2026-11-03", true), "Bader", day("2026-11-03"));
        assert!(why.is_err_and(|why| why.ends_with(left_out.as_str())));
        // Written past the check all the same: it changes nothing.
        log.decide("2026-11-03", "Bader", true);
        assert_eq!(log.state("2026-11-03"), Standpoint::Open);
        assert!(!log.one().steps.last().unwrap().counts);
        log.check(left_out, false);
        log.decide("2026-11-04", "Bader", true);
        assert_eq!(log.state("2026-11-04"), Standpoint::Open);
        log.check(left_out, true);
        log.decide("2026-11-05", "Bader", true);
        assert_eq!(log.state("2026-11-05"), Standpoint::Granted);
    }
}

// R003-68: a refusal needs no check.
#[test]
fn a_third_party_is_refused_at_once() {
    let mut log = Log::opened(ApplicationKind::ThirdParty);
    log.decide("2026-11-03", "Bader", false);
    assert_eq!(log.state("2026-11-03"), Standpoint::Refused);
}

// R003-67: without a proof there is no application of a representative.
#[test]
fn a_representative_proves_it() {
    let today = day("2026-11-01");
    assert!(may_open(ApplicationKind::Representative, None, today, today).is_err());
    let mut log = Log::default();
    log.open(ApplicationKind::Representative, 1, None);
    assert!(register(&log.0).is_empty());
    let mut log = Log::opened(ApplicationKind::Representative);
    log.decide("2026-11-02", "Bader", true);
    assert_eq!(log.state("2026-11-02"), Standpoint::Granted);
}

// R003-69, R003-70: nobody does anything, and night after night the clocks end it, each silence once.
#[test]
fn silence_walks_the_whole_way() {
    let mut log = Log::opened(ApplicationKind::Access);
    for quiet in ["2026-11-02", "2026-11-30", "2026-12-01"] {
        assert!(log.night(quiet).is_empty(), "{quiet}");
        assert_eq!(log.state(quiet), Standpoint::Open);
    }
    assert_eq!(log.night("2026-12-02"), [false]);
    assert_eq!(log.state("2026-12-02"), Standpoint::Refused);
    assert!(log.night("2026-12-03").is_empty(), "once");
    assert!(log.night("2027-01-30").is_empty());
    assert_eq!(log.night("2027-01-31"), [true]);
    assert_eq!(log.state("2027-01-31"), Standpoint::RefusedFinally);
    assert!(log.night("2027-06-01").is_empty());
    // Nights that were missed are made up for at once.
    let mut log = Log::opened(ApplicationKind::Access);
    assert_eq!(log.night("2027-06-01"), [false, true]);
}

// R003-70: a complaint has 30 days, then silence refuses for good.
#[test]
fn silence_on_a_complaint_is_final() {
    let mut log = Log::opened(ApplicationKind::Access);
    log.night("2026-12-02");
    log.complain("2027-01-30");
    assert_eq!(log.state("2027-03-01"), Standpoint::Complained);
    assert!(log.night("2027-03-01").is_empty());
    assert_eq!(log.night("2027-03-02"), [true]);
    log.decide("2027-03-02", "Head", true);
    assert_eq!(log.state("2027-03-02"), Standpoint::RefusedFinally);
}

// R003-70: the head decides on the complaint, and not who refused.
#[test]
fn who_refused_does_not_decide_on_the_complaint() {
    let mut log = Log::opened(ApplicationKind::Access);
    log.decide("2026-11-10", "Bader", false);
    assert!(
        log.one()
            .allows(&decided("2026-11-11", true), "Aisha", day("2026-11-11"))
            .is_err()
    );
    log.complain("2026-12-01");
    log.decide("2026-12-05", "bader", true);
    assert_eq!(log.state("2026-12-05"), Standpoint::Complained);
    log.decide("2026-12-05", "Head", true);
    assert_eq!(log.state("2026-12-05"), Standpoint::Granted);
    let one = log.one();
    assert_eq!(
        (one.answer.unwrap().by.as_str(), one.decision.unwrap().by.as_str()),
        ("Bader", "Head")
    );
}

#[test]
fn no_date_undoes_a_silence_that_is_on_record() {
    let mut log = Log::opened(ApplicationKind::Access);
    // A letter of 20 November that is written down late still counts, as long as nobody was told of a silence.
    assert!(
        log.one()
            .allows(&decided("2026-11-20", false), "Bader", day("2026-12-05"))
            .is_ok()
    );
    log.night("2026-12-02");
    let late = log
        .one()
        .allows(&decided("2026-11-20", false), "Bader", day("2026-12-05"));
    assert!(late.is_err());
    // To grant what silence has refused is always open, until it is final.
    log.decide("2026-12-05", "Bader", true);
    assert_eq!(log.state("2026-12-05"), Standpoint::Granted);
}

#[test]
fn steps_come_in_their_order_and_not_from_the_future() {
    let log = Log::opened(ApplicationKind::Access);
    let one = log.one();
    let today = day("2026-11-10");
    for wrong in ["2026-10-31", "2026-11-11"] {
        assert!(
            one.allows(&decided(wrong, true), "Bader", today).is_err(),
            "{wrong}"
        );
    }
    let complaint = ApplicationStep::Complained { day: today };
    assert!(
        one.allows(&complaint, "Aisha", today).is_err(),
        "nothing to complain about"
    );
    let check = ApplicationStep::Checked {
        check: RequiredCheck::Nature,
        passed: true,
        finding: String::new(),
    };
    assert!(one.allows(&check, "Aisha", today).is_err(), "not a third party's");
    assert!(may_open(ApplicationKind::Access, None, day("2026-11-11"), today).is_err());
}

// Two nodes may write the same step at once; the second changes nothing, and both are shown.
#[test]
fn a_step_that_comes_too_late_is_kept_and_changes_nothing() {
    let mut log = Log::opened(ApplicationKind::Access);
    log.open(ApplicationKind::Erasure, 2, None);
    log.decide("2026-11-10", "Bader", true);
    log.decide("2026-11-10", "Salem", false);
    assert_eq!(log.state("2026-11-10"), Standpoint::Granted);
    let counted: Vec<_> = log.one().steps.iter().map(|step| step.counts).collect();
    assert_eq!(counted, [true, true, false]);
    let numbers: Vec<_> = register(&log.0)
        .iter()
        .map(|one| (one.number, one.kind))
        .collect();
    assert_eq!(
        numbers,
        [(1, ApplicationKind::Access), (2, ApplicationKind::Erasure)]
    );
}
