//! The policies that the first command serves: they load without a word, speak both languages well, tell the truth
//! about data, and their scripts decide as their comments say.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use midflow::catalog::Catalog;
use midflow::catalog::DecideAsk;
use midflow::catalog::Decided;
use midflow::catalog::PlanAnswer;
use midflow::catalog::PlanAsk;
use midflow::catalog::Sources;
use midflow::policy::InputValue;
use midflow::policy::Plan;
use midflow::policy::Service;
use midflow::policy::Then;
use midflow::words::Assurance;
use midflow::words::Capability;
use midflow::words::Channel;
use midflow::words::Field;
use midflow::words::FieldValue;
use midflow::words::InputName;
use midflow::words::Locale;
use midflow::words::Outcome;
use midflow::words::OutcomeClass;
use midflow::words::Person;
use midflow::words::Pii;
use midflow::words::Text;
use midflow::words::Timestamp;
use serde_json::json;

#[test]
fn the_services_load_without_a_word() {
    let names: Vec<_> = CATALOG
        .services()
        .map(|loaded| loaded.service.id.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "appointment-reminders",
            "bank-account-opening",
            "clinic-check-in",
            "commercial-register",
            "lab-results",
            "licence-renewal",
            "loan-agreement",
            "rental-contract",
            "sim-replacement",
            "university-transcript",
        ]
    );
}

// R000-081 to R000-085: each service answers each way a flow can end, in both languages, and only an approval goes on.
#[test]
fn every_outcome_of_every_service_is_answered_in_both_languages() {
    for service in services() {
        for outcome in Outcome::ALL {
            let response = service.response(outcome);
            assert_speaks(&response.say, &format!("{} {outcome}", service.id));
            let goes_on = response.then == Then::Continue;
            assert_eq!(
                goes_on,
                outcome.class() == OutcomeClass::Approved,
                "{} {outcome}",
                service.id
            );
        }
    }
}

// R000-085, R002-18: a person is told what to do, so no answer is another one copied.
#[test]
fn no_two_answers_of_a_service_are_the_same() {
    for service in services() {
        for locale in Locale::ALL {
            let mut seen = BTreeMap::new();
            for outcome in Outcome::ALL {
                let response = service.response(outcome);
                let at = (response.place.line, response.place.column);
                let text = response.say.in_locale(locale);
                let first = *seen.entry(text.to_owned()).or_insert(at);
                assert_eq!(first, at, "{}: {text}", service.id);
            }
        }
    }
}

// R000-040 to R000-042, R000-070: what the person can mend has a remedy of its own.
#[test]
fn enrolment_has_its_own_remedy_everywhere() {
    for service in services() {
        let own = service.response(Outcome::NotEnrolled);
        assert_ne!(
            own.say,
            service.outcomes.of_class(OutcomeClass::Other).say,
            "{}",
            service.id
        );
        assert_eq!(own.then, Then::Stop, "{}", service.id);
    }
}

// R000-018, R000-036, R000-070 to R000-079: every text is there in both languages.
#[test]
fn every_other_text_is_there_in_both_languages() {
    for service in services() {
        let notices = &service.notices;
        let mut texts = vec![
            &service.name,
            &service.purpose,
            &service.audience.who,
            &notices.data_use,
            &notices.liability,
            &notices.enrol,
        ];
        texts.extend(&notices.steps);
        texts.extend(service.fields.iter().map(|declared| &declared.reason));
        texts.extend(service.capabilities.values().map(|settings| &settings.reason));
        for text in texts {
            assert_speaks(text, service.id.as_str());
        }
        assert!((3..=5).contains(&notices.steps.len()), "{}", service.id);
    }
}

// R000-073: the notice about data names every declared field and how long it is kept, and no field besides.
#[test]
fn the_notice_about_data_is_true() {
    for service in services() {
        let notice = &service.notices.data_use;
        for declared in &service.fields {
            let label = declared.field.label();
            // "Is 18 years old or older" stands in a sentence as "whether you are 18 years old or older".
            let english = label.en.trim_start_matches("Is ").to_lowercase();
            // The Arabic names of fields say which nationality it is; the English ones need not.
            assert!(notice.ar.contains(&label.ar), "{}: {}", service.id, label.ar);
            assert!(
                notice.en.to_lowercase().contains(&english),
                "{}: {english}",
                service.id
            );
        }
        let personal = service.retention.personal_data.as_secs() / DAY;
        let evidence = service.retention.evidence.as_secs() / (365 * DAY);
        for text in [&notice.ar, &notice.en] {
            let numbers = numbers(text);
            assert!(numbers.contains(&personal), "{}: {personal} days", service.id);
            assert!(numbers.contains(&evidence), "{}: {evidence} years", service.id);
        }
    }
}

// R002-52: both languages say the same; at the least they name the same numbers and inputs.
#[test]
fn both_languages_name_the_same_numbers_and_inputs() {
    for service in services() {
        let notices = &service.notices;
        let mut texts: Vec<&Text> = vec![&notices.data_use, &notices.liability];
        texts.extend(&notices.steps);
        texts.extend(service.capabilities.values().map(|settings| &settings.reason));
        texts.extend(Outcome::ALL.map(|outcome| &service.response(outcome).say));
        for text in texts {
            assert_eq!(
                numbers(&text.ar),
                numbers(&text.en),
                "{}: {}",
                service.id,
                text.en
            );
            assert_eq!(inputs_of(&text.ar), inputs_of(&text.en), "{}", text.en);
        }
    }
}

// R000-078: people are told to compare the name of the organization, as it is registered.
#[test]
fn the_steps_name_the_organization_as_registered() {
    let name = &CATALOG.organization().name;
    for service in services() {
        for locale in Locale::ALL {
            let steps: Vec<_> = service
                .notices
                .steps
                .iter()
                .map(|step| step.in_locale(locale))
                .collect();
            assert!(
                steps.iter().any(|step| step.contains(name.in_locale(locale))),
                "{}: {steps:?}",
                service.id
            );
        }
    }
}

// A text that invites another attempt must not be followed by a refusal for too many.
#[test]
fn a_retry_that_is_offered_is_within_the_limit() {
    for service in services() {
        for outcome in Outcome::ALL {
            if let Then::Retry { attempts } = service.response(outcome).then {
                let allowed = service.limits.per_person.count.get();
                assert!(
                    u32::from(attempts) <= allowed,
                    "{} {outcome}: {attempts} attempts, {allowed} allowed",
                    service.id
                );
            }
        }
    }
}

#[test]
fn assurance_is_as_each_service_needs() {
    let planned = |service: &str| {
        let settings = service_named(service).capability(Capability::AuthPush).unwrap();
        settings.assurance
    };
    assert_eq!(planned("licence-renewal"), Assurance::Medium);
    assert_eq!(planned("bank-account-opening"), Assurance::High);
    assert_eq!(planned("lab-results"), Assurance::Medium);
    assert_eq!(planned("sim-replacement"), Assurance::High);
    assert_eq!(planned("university-transcript"), Assurance::Low);
}

// R000-038: licence-renewal.rhai asks for high assurance above 500 dinars, and not at 500.
#[test]
fn a_large_amount_asks_for_high_assurance() {
    let level = |inputs| go(&Ask::new("licence-renewal", inputs)).assurance;
    assert_eq!(level(json!({ "licence": "123456" })), Assurance::Medium);
    assert_eq!(
        level(json!({ "licence": "123456", "amount": 500 })),
        Assurance::Medium
    );
    assert_eq!(
        level(json!({ "licence": "123456", "amount": 500.001 })),
        Assurance::High
    );
    assert_eq!(
        level(json!({ "licence": "123456", "amount": 10000 })),
        Assurance::High
    );
}

// R000-032, law 7: the date of birth is never a field, and without a proof of age there is no approval.
#[test]
fn minors_and_people_without_proof_of_age_are_refused() {
    for (service, claim, inputs) in [
        ("licence-renewal", "age_over_18", json!({ "licence": "123456" })),
        ("bank-account-opening", "age_over_21", bank()),
    ] {
        assert!(!service_named(service).declares(&Field::parse("birth_date").unwrap()));
        for (proof, code) in [
            (Some(true), None),
            (Some(false), Some("minor")),
            (None, Some("minor")),
        ] {
            let mut flags = vec![("card_valid", true)];
            flags.extend(proof.map(|value| (claim, value)));
            let decided = approve(&Ask::new(service, inputs.clone()), &flags);
            assert_refusal(&decided, code, &format!("{service} {proof:?}"));
        }
    }
}

#[test]
fn an_expired_card_opens_no_account_and_gets_no_sim() {
    for (service, inputs) in [
        ("bank-account-opening", bank()),
        ("sim-replacement", json!({ "line": "4711" })),
    ] {
        let ask = Ask::new(service, inputs);
        let expired = approve(&ask, &[("age_over_21", true), ("card_valid", false)]);
        assert_refusal(&expired, Some("card_expired"), service);
        let valid = approve(&ask, &[("age_over_21", true), ("card_valid", true)]);
        assert_refusal(&valid, None, service);
    }
}

#[test]
fn a_savings_account_does_not_ask_for_the_latin_name() {
    let name_en = Field::parse("name_en").unwrap();
    for (product, asked) in [("savings", false), ("current", true), ("salary", true)] {
        let mut inputs = bank();
        inputs["product"] = json!(product);
        let plan = go(&Ask::new("bank-account-opening", inputs));
        assert_eq!(plan.fields.contains(&name_en), asked, "{product}");
    }
}

#[test]
fn a_sim_request_at_night_lasts_half_as_long() {
    for (now, minutes) in [
        ("2026-11-22T19:59:00Z", 2), // 22:59 in Kuwait
        ("2026-11-22T20:00:00Z", 1), // 23:00
        ("2026-11-23T02:59:00Z", 1), // 05:59
        ("2026-11-23T03:00:00Z", 2), // 06:00
    ] {
        let plan = go(&Ask::new("sim-replacement", json!({ "line": "4711" })).at(now));
        assert_eq!(plan.expires_in, Duration::from_secs(60 * minutes), "{now}");
    }
}

#[test]
fn the_fourth_sim_within_a_year_is_given_at_a_counter_only() {
    let ask = |count: i64, channel| {
        Ask::new(
            "sim-replacement",
            json!({ "line": "4711", "replaced_last_year": count }),
        )
        .on(channel)
    };
    go(&ask(2, Channel::Web));
    go(&ask(3, Channel::Counter));
    assert_eq!(refusal(&ask(3, Channel::Web)), "too_many_replacements");
}

// One attempt a day: neither the YAML nor the limit leaves another.
#[test]
fn a_sim_request_is_made_once_a_day() {
    let service = service_named("sim-replacement");
    let limit = service.limits.per_person;
    assert_eq!((limit.count.get(), limit.window), (1, Duration::from_secs(DAY)));
    for outcome in Outcome::ALL {
        assert!(!matches!(service.response(outcome).then, Then::Retry { .. }));
    }
}

#[test]
fn an_esim_has_its_own_text_and_the_same_next_step() {
    let card = approve(
        &Ask::new("sim-replacement", json!({ "line": "4711" })),
        &[("card_valid", true)],
    );
    let esim = approve(
        &Ask::new("sim-replacement", json!({ "line": "4711", "esim": true })),
        &[("card_valid", true)],
    );
    assert_eq!(esim.decision.then, card.decision.then);
    assert_ne!(esim.decision.say, card.decision.say);
    assert_speaks(&esim.decision.say, "esim");
}

// Sunday to Thursday, 08:00 to 20:00 in Kuwait.
#[test]
fn transcripts_are_ordered_in_working_hours() {
    let ask = |now| Ask::new("university-transcript", json!({ "student": "20261234" })).at(now);
    for open in [
        "2026-11-22T05:00:00Z", // Sunday 08:00
        "2026-11-22T16:59:00Z", // Sunday 19:59
        "2026-11-26T10:00:00Z", // Thursday 13:00
    ] {
        go(&ask(open));
    }
    for closed in [
        "2026-11-22T04:59:00Z", // Sunday 07:59
        "2026-11-22T17:00:00Z", // Sunday 20:00
        "2026-11-27T10:00:00Z", // Friday
        "2026-11-28T10:00:00Z", // Saturday
        "2026-11-21T22:30:00Z", // Sunday 01:30
    ] {
        assert_eq!(refusal(&ask(closed)), "closed", "{closed}");
    }
}

#[test]
fn a_transcript_order_is_not_tried_again_after_closing_time() {
    let ask = |now| Ask::new("university-transcript", json!({ "student": "20261234" })).at(now);
    let in_time = decide(&ask("2026-11-22T10:00:00Z"), Outcome::TimeoutNoAnswer, None);
    assert_eq!(in_time.decision.then, Then::Retry { attempts: 3 });
    let late = decide(&ask("2026-11-22T17:03:00Z"), Outcome::TimeoutNoAnswer, None);
    assert_eq!(late.decision.then, Then::Stop);
    assert_eq!(late.outcome, Outcome::TimeoutNoAnswer);
}

#[test]
fn an_arabic_transcript_does_not_ask_for_the_latin_name() {
    let name_en = Field::parse("name_en").unwrap();
    for (language, asked) in [(json!("arabic"), false), (json!("english"), true)] {
        let inputs = json!({ "student": "20261234", "language": language });
        let plan = go(&Ask::new("university-transcript", inputs).at("2026-11-22T10:00:00Z"));
        assert_eq!(plan.fields.contains(&name_en), asked, "{language}");
    }
}

struct Ask {
    service: &'static str,
    inputs: BTreeMap<InputName, InputValue>,
    channel: Channel,
    now: Timestamp,
}

impl Ask {
    fn new(service: &'static str, inputs: serde_json::Value) -> Self {
        let serde_json::Value::Object(inputs) = inputs else {
            panic!("inputs are an object");
        };
        Self {
            service,
            inputs: service_named(service).check_inputs(&inputs).unwrap(),
            channel: Channel::Web,
            now: Timestamp::parse("2026-11-22T10:00:00Z").unwrap(),
        }
    }

    fn at(mut self, now: &str) -> Self {
        self.now = Timestamp::parse(now).unwrap();
        self
    }

    fn on(mut self, channel: Channel) -> Self {
        self.channel = channel;
        self
    }

    fn plan(&self) -> PlanAsk<'_> {
        PlanAsk {
            service: self.service,
            capability: Capability::AuthPush,
            channel: self.channel,
            locale: Locale::Ar,
            inputs: &self.inputs,
            now: self.now,
            attempt: 1,
            step: None,
        }
    }
}

fn go(ask: &Ask) -> Plan {
    match CATALOG.plan(&ask.plan()) {
        PlanAnswer::Go(plan, _) => plan,
        other => panic!("{}: {other:?}", ask.service),
    }
}

fn refusal(ask: &Ask) -> String {
    match CATALOG.plan(&ask.plan()) {
        PlanAnswer::Refuse {
            outcome: Outcome::Refused,
            decision,
            fault: None,
        } => {
            assert_eq!(decision.then, Then::Stop);
            assert_speaks(&decision.say, ask.service);
            decision.refusal.unwrap()
        }
        other => panic!("{}: {other:?}", ask.service),
    }
}

fn decide(ask: &Ask, outcome: Outcome, person: Option<&Person>) -> Decided {
    let decided = CATALOG.decide(&DecideAsk {
        plan: ask.plan(),
        outcome,
        person,
    });
    assert_eq!(decided.fault, None, "{}", ask.service);
    decided
}

fn approve(ask: &Ask, flags: &[(&str, bool)]) -> Decided {
    let service = service_named(ask.service);
    let person = Person::new(flags.iter().filter_map(|(name, value)| {
        let field = Field::parse(name).unwrap();
        service
            .declares(&field)
            .then(|| (field.name(), Pii::new(FieldValue::Flag(*value))))
    }));
    decide(ask, Outcome::Approved, Some(&person))
}

fn assert_refusal(decided: &Decided, code: Option<&str>, what: &str) {
    assert_eq!(decided.decision.refusal.as_deref(), code, "{what}");
    let (outcome, then) = match code {
        Some(_) => (Outcome::Refused, Then::Stop),
        None => (Outcome::Approved, Then::Continue),
    };
    assert_eq!(
        (decided.outcome, decided.decision.then),
        (outcome, then),
        "{what}"
    );
    assert_speaks(&decided.decision.say, what);
}

/// Arabic in the Arabic text, English in the English one, and no foreign letters but names in quotes.
fn assert_speaks(text: &Text, what: &str) {
    let arabic = text.ar.chars().filter(|c| ('ء'..='ي').contains(c)).count();
    let latin = text.ar.chars().filter(char::is_ascii_alphabetic).count();
    let placeholders: usize = inputs_of(&text.ar).iter().map(String::len).sum();
    assert!(arabic > 5 && latin == placeholders, "{what}: {}", text.ar);
    assert!(text.en.is_ascii() && text.en.len() > 5, "{what}: {}", text.en);
    for (language, text) in [("ar", &text.ar), ("en", &text.en)] {
        assert_eq!(text.trim(), text, "{what} {language}");
        assert!(!text.contains("  "), "{what} {language}: {text}");
    }
}

fn numbers(text: &str) -> BTreeSet<u64> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

fn inputs_of(text: &str) -> BTreeSet<String> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn bank() -> serde_json::Value {
    json!({ "application": "20260001", "product": "current" })
}

fn services() -> impl Iterator<Item = &'static Service> {
    CATALOG.services().map(|loaded| &*loaded.service)
}

fn service_named(name: &str) -> &'static Service {
    &CATALOG.service(name).unwrap().service
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let sources = Sources::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (catalog, diagnostics) = Catalog::load(&sources, None);
    let found: Vec<_> = diagnostics
        .iter()
        .map(|found| {
            format!(
                "{} {}: {:?} {:?}",
                found.code, found.message, found.labels, found.help
            )
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    catalog.unwrap()
});

const DAY: u64 = 24 * 60 * 60;
