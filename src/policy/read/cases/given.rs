use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use serde_json::Value as Json;

use crate::diagnostics::codes;
use crate::diagnostics::suggest;
use crate::policy::Citizen;
use crate::policy::Given;
use crate::policy::Service;
use crate::policy::duration::parse_duration;
use crate::policy::language;
use crate::policy::read::reader::Reader;
use crate::policy::read::reader::did_you_mean;
use crate::policy::read::reader::words;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Scalar;
use crate::policy::yaml::Value;
use crate::policy::yaml::shown;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::CivilNo;
use crate::words::FieldSource;
use crate::words::Locale;
use crate::words::Pii;
use crate::words::Timestamp;

/// What is written under `given`; what is missing comes from the file's own `given`, or is the usual.
#[derive(Clone, Default)]
pub(super) struct Written {
    now: Option<Timestamp>,
    capabilities: Option<Vec<Capability>>,
    channels: Option<Vec<Channel>>,
    locales: Option<Vec<Locale>>,
    attempt: Option<u8>,
    inputs: BTreeMap<String, Option<Json>>,
    civil_no: Option<CivilNo>,
    age: Option<u8>,
    assurance: Option<Assurance>,
    fields: BTreeMap<FieldSource, Option<Pii<String>>>,
    earlier: Option<Vec<Duration>>,
    elsewhere: Option<Vec<Duration>>,
    declines: Option<Vec<Duration>>,
    reported: Option<Duration>,
    known: Option<bool>,
    others: Option<(u32, Duration)>,
}

impl Written {
    /// This with what stands closer to the case laid over it.
    pub(super) fn under(&self, closer: &Self) -> Self {
        let mut both = self.clone();
        both.now = closer.now.or(both.now);
        both.capabilities = closer.capabilities.clone().or(both.capabilities);
        both.channels = closer.channels.clone().or(both.channels);
        both.locales = closer.locales.clone().or(both.locales);
        both.attempt = closer.attempt.or(both.attempt);
        both.inputs.extend(closer.inputs.clone());
        both.civil_no = closer.civil_no.clone().or(both.civil_no);
        both.age = closer.age.or(both.age);
        both.assurance = closer.assurance.or(both.assurance);
        both.fields.extend(closer.fields.clone());
        both.earlier = closer.earlier.clone().or(both.earlier);
        both.elsewhere = closer.elsewhere.clone().or(both.elsewhere);
        both.declines = closer.declines.clone().or(both.declines);
        both.reported = closer.reported.or(both.reported);
        both.known = closer.known.or(both.known);
        both.others = closer.others.or(both.others);
        both
    }

    /// One `Given` for each combination of channel, capability and language, with what tells them apart.
    pub(super) fn combinations(&self, service: &Service) -> Vec<(String, Given)> {
        let now = self.now.unwrap_or_else(usual_now);
        let citizen = self.citizen(now);
        let inputs = self
            .inputs
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
            .collect::<serde_json::Map<_, _>>();
        let capabilities = self
            .capabilities
            .clone()
            .unwrap_or_else(|| usual_capability(service));
        let channels = self
            .channels
            .clone()
            .unwrap_or_else(|| service.channels.iter().take(1).copied().collect());
        let locales = self.locales.clone().unwrap_or_else(|| vec![Locale::Ar]);
        let several = |count: usize, text: &str| (count > 1).then(|| text.to_owned());
        let mut all = Vec::new();
        for capability in &capabilities {
            for channel in &channels {
                for locale in &locales {
                    let told: Vec<String> = [
                        several(capabilities.len(), capability.as_str()),
                        several(channels.len(), channel.as_str()),
                        several(locales.len(), locale.as_str()),
                    ]
                    .into_iter()
                    .flatten()
                    .collect();
                    let given = Given {
                        now,
                        capability: *capability,
                        channel: *channel,
                        locale: *locale,
                        attempt: self.attempt.unwrap_or(1),
                        inputs: inputs.clone(),
                        citizen: citizen.clone(),
                        earlier: self.earlier.clone().unwrap_or_default(),
                        elsewhere: self.elsewhere.clone().unwrap_or_default(),
                        declines: self.declines.clone().unwrap_or_default(),
                        reported: self.reported,
                        known: self.known.unwrap_or(true),
                        others: self.others,
                    };
                    all.push((told.join(", "), given));
                }
            }
        }
        all
    }

    fn citizen(&self, now: Timestamp) -> Citizen {
        let mut fields: BTreeMap<FieldSource, Pii<String>> = USUAL_PERSON
            .iter()
            .map(|(source, text)| (*source, Pii::new((*text).to_owned())))
            .collect();
        if let Some(born) = self.age.and_then(|age| birthday_of(age, now)) {
            fields.insert(FieldSource::BirthDate, Pii::new(born.to_string()));
        }
        for (source, value) in &self.fields {
            match value {
                Some(value) => fields.insert(*source, value.clone()),
                None => fields.remove(source),
            };
        }
        Citizen {
            civil_no: self.civil_no.clone().unwrap_or_else(usual_number),
            fields,
            assurance: self.assurance.unwrap_or(Assurance::High),
        }
    }
}

/// Reads what stands under `given`.
pub(super) fn given(reader: &mut Reader<'_>, entry: &Entry, path: &str, service: &Service) -> Written {
    let mut written = Written::default();
    let Some(map) = reader.map(&entry.node, path, entry.key_span, language::GIVEN) else {
        return written;
    };
    let at = |key: &str| map.path_of(key);
    if let Some(entry) = map.get("now") {
        written.now = now(reader, entry, &at("now"));
    }
    if let Some(entry) = map.get("channel") {
        let declared: Vec<_> = service.channels.iter().copied().collect();
        written.channels = several(
            reader,
            &entry.node,
            &at("channel"),
            &Channel::ALL.map(Channel::as_str),
            Channel::from_name,
            &declared,
        );
    }
    if let (Some(entry), Some(_)) = (map.get("capability"), &service.journey) {
        reader.error(
            codes::CASE_UNDECLARED,
            format!(
                "`{}` says nothing of a journey, whose steps have each its own",
                at("capability")
            ),
            entry.key_span,
            "remove it; `answers` and `expect.at` name the steps",
        );
    } else if let Some(entry) = map.get("capability") {
        let declared: Vec<_> = service.capabilities.keys().copied().collect();
        written.capabilities = several(
            reader,
            &entry.node,
            &at("capability"),
            &Capability::ALL.map(Capability::as_str),
            Capability::from_name,
            &declared,
        );
    }
    if let Some(entry) = map.get("locale") {
        written.locales = several(
            reader,
            &entry.node,
            &at("locale"),
            &Locale::ALL.map(Locale::as_str),
            Locale::from_name,
            &Locale::ALL,
        );
    }
    if let Some(entry) = map.get("attempt") {
        let number = reader.integer(&entry.node, &at("attempt"), 1, 10);
        written.attempt = number.and_then(|number| u8::try_from(number).ok());
    }
    if let Some(entry) = map.get("inputs") {
        written.inputs = inputs(reader, entry, &at("inputs"));
    }
    if let Some(entry) = map.get("person") {
        person(reader, entry, &at("person"), &mut written);
    }
    if let Some(entry) = map.get("earlier") {
        written.earlier = moments(reader, entry, &at("earlier"));
    }
    if let Some(entry) = map.get("elsewhere") {
        written.elsewhere = moments(reader, entry, &at("elsewhere"));
    }
    if let Some(entry) = map.get("declines") {
        written.declines = moments(reader, entry, &at("declines"));
    }
    if let Some(entry) = map.get("reported") {
        written.reported = ago(reader, &entry.node, &at("reported"));
    }
    if let Some(entry) = map.get("known") {
        written.known = reader.boolean(&entry.node, &at("known"));
    }
    if let Some(entry) = map.get("others") {
        written.others = others(reader, entry, &at("others"));
    }
    written
}

fn now(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<Timestamp> {
    let text = reader.string(&entry.node, path, "2026-11-22 10:00")?;
    let read = text.split_once(' ').and_then(|(date, time)| {
        let time = if time.len() == "10:00".len() {
            format!("{time}:00")
        } else {
            time.to_owned()
        };
        Timestamp::parse(&format!("{date}T{time}+03:00"))
    });
    if read.is_none() {
        reader.error(
            codes::CASE_BAD_TIME,
            format!("`{path}` can't be read as a date and a time: `{}`", shown(text)),
            entry.node.span,
            "write the date and the time in Kuwait, such as `2026-11-22 10:00`",
        );
    }
    read
}

/// One word, a list of words, or `all` that the service declares.
fn several<T: Copy>(
    reader: &mut Reader<'_>,
    node: &Node,
    path: &str,
    known: &[&str],
    read: impl Fn(&str) -> Option<T> + Copy,
    declared: &[T],
) -> Option<Vec<T>> {
    if matches!(&node.value, Value::Scalar(scalar) if scalar.text == "all") {
        return Some(declared.to_vec());
    }
    match &node.value {
        Value::List(_) => {
            let first = known.first().copied().unwrap_or_default();
            let items = reader.list(node, path, &format!("[{first}]"))?;
            items
                .iter()
                .map(|item| reader.word(item, path, codes::UNKNOWN_WORD, known, read))
                .collect()
        }
        _ => reader
            .word(node, path, codes::UNKNOWN_WORD, known, read)
            .map(|one| vec![one]),
    }
}

/// What the e-service passes is not checked here: the service does that, and a case may be about it.
fn inputs(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> BTreeMap<String, Option<Json>> {
    let mut read = BTreeMap::new();
    for one in reader
        .entries(&entry.node, path, entry.key_span)
        .unwrap_or_default()
    {
        let name = format!("{path}.{}", one.key);
        match &one.node.value {
            Value::Scalar(scalar) if is_missing(scalar) => {
                read.insert(one.key.clone(), None);
            }
            Value::Scalar(scalar) => {
                read.insert(one.key.clone(), Some(json(scalar)));
            }
            _ => reader.wrong_type(
                &one.node,
                &name,
                "one value",
                one.node.span,
                "write `name: value`; a text that looks like a number goes into quotes",
            ),
        }
    }
    read
}

fn json(scalar: &Scalar) -> Json {
    if scalar.quoted {
        return Json::String(scalar.text.clone());
    }
    match scalar.text.as_str() {
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        text => match serde_json::from_str::<serde_json::Number>(text) {
            Ok(number) => Json::Number(number),
            Err(_) => Json::String(text.to_owned()),
        },
    }
}

fn person(reader: &mut Reader<'_>, entry: &Entry, path: &str, written: &mut Written) {
    for one in reader
        .entries(&entry.node, path, entry.key_span)
        .unwrap_or_default()
    {
        let name = format!("{path}.{}", one.key);
        match one.key.as_str() {
            "civil_no" => written.civil_no = civil_no(reader, one, &name),
            "age" => {
                let years = reader.integer(&one.node, &name, 0, 120);
                written.age = years.and_then(|years| u8::try_from(years).ok());
            }
            "assurance" => {
                let known = Assurance::ALL.map(Assurance::as_str);
                let code = codes::UNKNOWN_ASSURANCE;
                written.assurance = reader.word(&one.node, &name, code, &known, Assurance::from_name);
            }
            key => match FieldSource::from_name(key) {
                Some(source) => {
                    if let Some(value) = field(reader, one, &name, source) {
                        written.fields.insert(source, value);
                    }
                }
                None => unknown_field(reader, one),
            },
        }
    }
}

fn civil_no(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<CivilNo> {
    let text = reader.string(&entry.node, path, "\"399123100017\"")?;
    match CivilNo::parse(text) {
        Ok(number) => Some(number),
        Err(why) => {
            reader.error(
                codes::CASE_BAD_PERSON,
                format!("`{path}` is no civil number: {why}"),
                entry.node.span,
                "use a made-up number of the sandbox, such as \"399123100017\"",
            );
            None
        }
    }
}

/// A field of the person; the inner `None` is one that the authority does not send.
fn field(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    source: FieldSource,
) -> Option<Option<Pii<String>>> {
    if matches!(&entry.node.value, Value::Scalar(scalar) if is_missing(scalar)) {
        return Some(None);
    }
    let text = match &entry.node.value {
        Value::Scalar(scalar) if !scalar.text.is_empty() => scalar.text.clone(),
        _ => reader.string(&entry.node, path, "…")?.to_owned(),
    };
    let is_date = matches!(source, FieldSource::BirthDate | FieldSource::CardExpiry);
    if is_date && text.parse::<Date>().is_err() {
        reader.error(
            codes::CASE_BAD_PERSON,
            format!("`{path}` is no date of the calendar"),
            entry.node.span,
            "write year, month and day, such as `1990-05-17`, or `missing`",
        );
        return None;
    }
    Some(Some(Pii::new(text)))
}

fn unknown_field(reader: &mut Reader<'_>, entry: &Entry) {
    let mut known: Vec<&str> = FieldSource::ALL.iter().map(|source| source.as_str()).collect();
    known.extend(["age", "assurance"]);
    let derived = entry.key.starts_with("age_over_") || matches!(&*entry.key, "card_valid" | "is_kuwaiti");
    let help = if derived {
        "a derived claim follows from what the authority sends: write `age`, `birth_date`, `card_expiry` or \
         `nationality_en`"
            .to_owned()
    } else {
        did_you_mean(&entry.key, &known)
    };
    let fix = reader
        .spelling(entry.key_span, &entry.key, &known)
        .filter(|_| !derived);
    reader.error_fixed(
        codes::CASE_BAD_PERSON,
        format!(
            "`{}` is nothing that the authority sends of a person",
            shown(&entry.key)
        ),
        entry.key_span,
        help,
        fix,
    );
}

fn moments(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<Vec<Duration>> {
    let items = reader.list(&entry.node, path, "[1m, 5m]")?;
    items.iter().map(|item| ago(reader, item, path)).collect()
}

fn others(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<(u32, Duration)> {
    let map = reader.map(&entry.node, path, entry.key_span, &["count", "ago"])?;
    let count = reader
        .required(&map, "count", "200")
        .and_then(|entry| reader.integer(&entry.node, &map.path_of("count"), 0, 100_000));
    let ago = reader
        .required(&map, "ago", "1s")
        .and_then(|entry| self::ago(reader, &entry.node, &map.path_of("ago")));
    Some((u32::try_from(count?).ok()?, ago?))
}

/// How long ago; unlike elsewhere it may be no time at all.
fn ago(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<Duration> {
    let text = match &node.value {
        Value::Scalar(scalar) => scalar.text.as_str(),
        _ => "",
    };
    if text == "0s" {
        return Some(Duration::ZERO);
    }
    let read = parse_duration(text);
    if read.is_none() {
        reader.error(
            codes::BAD_DURATION,
            format!("`{path}` can't be read as a duration: `{}`", shown(text)),
            node.span,
            "write a whole number and one of `s`, `m`, `h`, `d`, such as `5m`, or `0s`",
        );
    }
    read
}

/// The word for what does not come.
fn is_missing(scalar: &Scalar) -> bool {
    !scalar.quoted && scalar.text == "missing"
}

fn usual_capability(service: &Service) -> Vec<Capability> {
    if let Some(journey) = &service.journey {
        let first = journey.steps.iter().find_map(|step| step.as_ask());
        return first.map(|ask| ask.capability).into_iter().collect();
    }
    let push = Capability::AuthPush;
    let first = service.capabilities.keys().next().copied();
    let usual = if service.capabilities.contains_key(&push) {
        Some(push)
    } else {
        first
    };
    usual.into_iter().collect()
}

/// Somebody who has the birthday today.
fn birthday_of(age: u8, now: Timestamp) -> Option<Date> {
    let today = now.in_kuwait();
    let year = today.year.checked_sub(i16::from(age))?;
    // Nobody is born on 29 February of an ordinary year.
    Date::new(year, today.month, today.day)
        .or_else(|_| Date::new(year, today.month, 28))
        .ok()
}

fn usual_now() -> Timestamp {
    Timestamp::parse(USUAL_NOW).unwrap_or(Timestamp::EPOCH)
}

/// The synthetic number of the sandbox's first citizen.
fn usual_number() -> CivilNo {
    match CivilNo::parse(USUAL_NUMBER) {
        Ok(number) => number,
        Err(_) => unreachable!("a constant with a test"),
    }
}

/// The name nearest to a word, as a remedy.
pub(super) fn meant(word: &str, known: &[&str]) -> String {
    match suggest(word, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("write one of {}", words(known)),
    }
}

/// Sunday, 22 November 2026, 10:00 in Kuwait.
const USUAL_NOW: &str = "2026-11-22T07:00:00Z";
const USUAL_NUMBER: &str = "399123100017";
/// A made-up grown-up with a valid card, of whom the authority knows everything.
const USUAL_PERSON: [(FieldSource, &str); 15] = [
    (FieldSource::NameAr, "مريم سالم الاصطناعي"),
    (FieldSource::NameEn, "Mariam Salem Synthetic"),
    (FieldSource::NationalityAr, "الكويت"),
    (FieldSource::NationalityEn, "KWT"),
    (FieldSource::BirthDate, "1990-05-17"),
    (FieldSource::Gender, "F"),
    (FieldSource::MobileNumber, "00000000"),
    (FieldSource::EmailAddress, "test@example.invalid"),
    (FieldSource::BloodGroup, "O+"),
    (FieldSource::Photo, "/9j/"),
    (FieldSource::CardSerial, "S10001"),
    (FieldSource::CardExpiry, "2030-12-31"),
    (FieldSource::DocumentNumber, "D0000001"),
    (FieldSource::PassportNumber, "P0000000"),
    (FieldSource::Address, "العاصمة"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Purpose;

    #[test]
    fn the_usual_number_is_a_civil_number_and_the_usual_moment_a_sunday_morning() {
        assert_eq!(usual_number().expose(Purpose::Compare), USUAL_NUMBER);
        let local = usual_now().in_kuwait();
        assert_eq!((local.hour, local.weekday), (10, 7));
    }

    #[test]
    fn an_age_is_reached_on_the_day() {
        let leap = Timestamp::parse("2028-02-29T07:00:00Z").unwrap();
        assert_eq!(birthday_of(18, leap).unwrap().to_string(), "2010-02-28");
        assert_eq!(birthday_of(18, usual_now()).unwrap().to_string(), "2008-11-22");
    }
}
