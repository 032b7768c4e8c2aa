//! The declared fields of the person, and nothing else (law 7).

use jiff::civil::Date;

use super::callback::Part;
use super::callback::Seen;
use super::callback::recordable_name;
use super::date::calendar_date;
use crate::connector::Drift;
use crate::words::CivilNo;
use crate::words::Field;
use crate::words::FieldName;
use crate::words::FieldSource;
use crate::words::FieldValue;
use crate::words::Person;
use crate::words::Pii;
use crate::words::Purpose;
use crate::words::Timestamp;

/// The declared fields that came. The civil number is the verified one, whatever `PersonalData` holds; a
/// derived claim is made here, so that its source goes no further.
pub(super) fn declared(personal: &Part<'_>, fields: &[Field], civil_no: &CivilNo, at: Timestamp) -> Person {
    Person::new(fields.iter().filter_map(|field| {
        let value = value(personal, field, civil_no, at)?;
        Some((field.name(), Pii::new(value)))
    }))
}

/// Names of the declared fields that could be made from what came. Holds no value.
pub(super) fn kept_names(person: &Person) -> Vec<FieldName> {
    person.fields().map(|(name, _)| name.clone()).collect()
}

/// Names of the members that came although no declared field is made from them (R000-146).
pub(super) fn undeclared_names(personal: &Part<'_>, fields: &[Field]) -> Vec<String> {
    personal
        .present_names()
        .filter(|name| {
            !fields.iter().any(|field| {
                members(field.source())
                    .iter()
                    .any(|known| personal.same_name(known, name))
            })
        })
        .map(recordable_name)
        .collect()
}

/// The members that midflow has never heard of.
pub(super) fn strange(personal: &Part<'_>) -> Vec<Drift> {
    let known: Vec<&str> = FieldSource::ALL
        .into_iter()
        .flat_map(members)
        .chain(OTHERS)
        .copied()
        .collect();
    personal.strange(&known, "PersonalData")
}

fn value(personal: &Part<'_>, field: &Field, civil_no: &CivilNo, at: Timestamp) -> Option<FieldValue> {
    match field {
        Field::Plain(FieldSource::CivilNo) => {
            Some(FieldValue::Text(civil_no.expose(Purpose::Deliver).to_owned()))
        }
        Field::Plain(FieldSource::BirthDate) => Some(FieldValue::Date(birth_date(personal)?.to_string())),
        Field::Plain(FieldSource::CardExpiry) => Some(FieldValue::Date(card_expiry(personal)?.to_string())),
        Field::Plain(FieldSource::Address) => address(personal).map(FieldValue::Text),
        Field::Plain(source) => {
            let name = members(*source).first()?;
            text(personal.read(name)).map(|text| FieldValue::Text(text.to_owned()))
        }
        Field::AgeOver(years) => {
            let old_enough = has_reached(birth_date(personal)?, *years, kuwait_date(at)?);
            Some(FieldValue::Flag(old_enough))
        }
        Field::CardValid => Some(FieldValue::Flag(card_expiry(personal)? >= kuwait_date(at)?)),
        Field::ValidFor(days) => {
            let last = kuwait_date(at)?
                .checked_add(jiff::Span::new().days(i64::from(*days)))
                .ok()?;
            Some(FieldValue::Flag(card_expiry(personal)? >= last))
        }
        Field::IsKuwaiti => Some(FieldValue::Flag(is_kuwaiti(personal)?)),
        Field::Resident => Some(FieldValue::Flag(!is_kuwaiti(personal)?)),
    }
}

fn is_kuwaiti(personal: &Part<'_>) -> Option<bool> {
    let nationality = text(personal.read("NationalityEn"))?;
    Some(KUWAITI.iter().any(|name| nationality.eq_ignore_ascii_case(name)))
}

/// Whether somebody born on `birth` has had the birthday by `today`. Who was born on 29 February has it on
/// 1 March in other years.
fn has_reached(birth: Date, years: u8, today: Date) -> bool {
    let birthday = (
        birth.year().saturating_add(i16::from(years)),
        birth.month(),
        birth.day(),
    );
    birthday <= (today.year(), today.month(), today.day())
}

fn kuwait_date(at: Timestamp) -> Option<Date> {
    let local = at.in_kuwait();
    Date::new(local.year, local.month, local.day).ok()
}

fn birth_date(personal: &Part<'_>) -> Option<Date> {
    calendar_date(text(personal.read("BirthDate"))?)
}

fn card_expiry(personal: &Part<'_>) -> Option<Date> {
    let own = text(personal.read("CardExpiryDate")).and_then(calendar_date);
    own.or_else(|| calendar_date(text(personal.read_in("GovData", "CivilIdExpiryDate"))?))
}

/// The address on one line, from the large to the small. Bare numbers get the word that says what they count.
fn address(personal: &Part<'_>) -> Option<String> {
    let read = |name: &str| text(personal.read_in("Address", name));
    let governorate = read("Governerate").or_else(|| read("Governorate"));
    let mut line: Vec<String> = governorate.into_iter().map(str::to_owned).collect();
    for (label, name) in ADDRESS {
        if let Some(text) = read(name) {
            let bare = text.starts_with(|first: char| first.is_numeric());
            line.push(if bare && !label.is_empty() {
                format!("{label} {text}")
            } else {
                text.to_owned()
            });
        }
    }
    (!line.is_empty()).then(|| line.join("، "))
}

const fn text(seen: Seen<'_>) -> Option<&str> {
    match seen {
        Seen::Text(text) => Some(text),
        Seen::Absent | Seen::Odd => None,
    }
}

/// The members of `PersonalData` that a field is made from.
const fn members(source: FieldSource) -> &'static [&'static str] {
    match source {
        FieldSource::CivilNo => &["CivilID"],
        FieldSource::NameAr => &["FullNameAr"],
        FieldSource::NameEn => &["FullNameEn"],
        FieldSource::NationalityAr => &["NationalityAr"],
        FieldSource::NationalityEn => &["NationalityEn"],
        FieldSource::BirthDate => &["BirthDate"],
        FieldSource::Gender => &["Gender"],
        FieldSource::MobileNumber => &["MobileNumber"],
        FieldSource::EmailAddress => &["EmailAddress"],
        FieldSource::BloodGroup => &["BloodGroup"],
        FieldSource::Photo => &["Photo"],
        FieldSource::CardSerial => &["CardSerial"],
        FieldSource::CardExpiry => &["CardExpiryDate"],
        FieldSource::DocumentNumber => &["DocumentNumber"],
        FieldSource::PassportNumber => &["PassportNumber"],
        FieldSource::Address => &["Address"],
    }
}

/// Members that are known and that no field is made from.
const OTHERS: &[&str] = &["NationalityFlag", "GovData", "BusinessData", "TransactionDate"];
const ADDRESS: [(&str, &str); 7] = [
    ("", "Area"),
    ("قطعة", "BlockNumber"),
    ("شارع", "StreetName"),
    ("مبنى", "BuildingNumber"),
    ("دور", "FloorNumber"),
    ("وحدة", "UnitNumber"),
    ("الرقم الآلي", "PaciBuildingNumber"),
];

/// How the authority and its clients write Kuwait's nationality.
const KUWAITI: [&str; 4] = ["KWT", "KW", "Kuwait", "Kuwaiti"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::kuwait::callback::Callback;
    use crate::connector::kuwait::json::KeyMatching;

    const PERSON: &str = r#"{"CivilID":"399123100017","FullNameAr":"شخص اصطناعي","FullNameEn":"",
        "NationalityEn":"KWT","BirthDate":"2008-02-29T00:00:00","Gender":"M","CardSerial":12345678,
        "CardExpiryDate":"0001-01-01T00:00:00","GovData":{"CivilIdExpiryDate":"2026-03-01","MOIReference ":"r"},
        "Photo":"/9j/","Odd Name":1,"Address":{"Governerate":"العاصمة","Area":"الدسمة","BlockNumber":"1",
        "StreetName":"شارع الخليج","UnitNumber":"","FloorNumber":"0"}}"#;

    fn body(personal: &str) -> String {
        format!(
            r#"{{"MIDAuthSignResponse":{{"RequestDetails":{{"a":1}},"ResultDetails":{{"b":1}},"PersonalData":{personal}}}}}"#
        )
    }

    fn read(personal: &str, names: &[&str], at: &str) -> (Person, Vec<String>) {
        let body = body(personal);
        let callback = Callback::parse(body.as_bytes(), KeyMatching::Exact).ok().unwrap();
        let fields: Vec<_> = names.iter().map(|name| Field::parse(name).unwrap()).collect();
        let civil_no = CivilNo::parse("399123100025").unwrap();
        let at = Timestamp::parse(at).unwrap();
        (
            declared(&callback.personal, &fields, &civil_no, at),
            undeclared_names(&callback.personal, &fields),
        )
    }

    fn field(personal: &str, name: &str, at: &str) -> Option<FieldValue> {
        let (person, _) = read(personal, &[name], at);
        person
            .field(name)
            .map(|value| value.expose(Purpose::Compare).clone())
    }

    const NOON: &str = "2026-02-28T09:00:00Z";

    // R000-027, law 7: what is not declared does not exist; only its name is recorded (R000-146).
    #[test]
    fn undeclared_fields_are_dropped_and_named() {
        let (person, dropped) = read(
            PERSON,
            &["civil_no", "name_ar", "name_en", "photo", "age_over_18"],
            NOON,
        );
        assert_eq!(
            format!("{person:?}"),
            r#"{FieldName("age_over_18"), FieldName("civil_no"), FieldName("name_ar"), FieldName("photo")}"#
        );
        assert_eq!(
            dropped,
            [
                "NationalityEn",
                "Gender",
                "CardSerial",
                "CardExpiryDate",
                "GovData",
                "?",
                "Address"
            ]
        );
    }

    #[test]
    fn the_civil_number_is_the_verified_one() {
        let value = field(PERSON, "civil_no", NOON);
        assert!(value == Some(FieldValue::Text("399123100025".to_owned())));
        assert!(field("null", "civil_no", NOON).is_some());
    }

    #[test]
    fn dates_are_calendar_dates() {
        assert!(field(PERSON, "birth_date", NOON) == Some(FieldValue::Date("2008-02-29".to_owned())));
        assert!(field(PERSON, "card_expiry", NOON) == Some(FieldValue::Date("2026-03-01".to_owned())));
    }

    #[test]
    fn an_age_counts_in_kuwait_and_a_leap_birthday_waits_for_march() {
        let over = |at| field(PERSON, "age_over_18", at);
        assert!(over("2026-02-28T20:59:59Z") == Some(FieldValue::Flag(false)));
        // Midnight in Kuwait is 21:00 UTC.
        assert!(over("2026-02-28T21:00:00Z") == Some(FieldValue::Flag(true)));
        let born = |date: &str| format!(r#"{{"BirthDate":"{date}"}}"#);
        assert!(field(&born("2099-12-31"), "age_over_1", NOON) == Some(FieldValue::Flag(false)));
        assert!(field(&born("2005-02-28"), "age_over_21", NOON) == Some(FieldValue::Flag(true)));
        assert!(field(&born("2005-03-01"), "age_over_21", NOON) == Some(FieldValue::Flag(false)));
        assert!(field(&born("0001-01-01T00:00:00"), "age_over_21", NOON).is_none());
        assert!(field(&born("soon"), "age_over_21", NOON).is_none());
    }

    #[test]
    fn a_card_is_valid_through_its_last_day() {
        assert!(field(PERSON, "card_valid", "2026-03-01T20:59:59Z") == Some(FieldValue::Flag(true)));
        assert!(field(PERSON, "card_valid", "2026-03-01T21:00:00Z") == Some(FieldValue::Flag(false)));
        assert!(field("{}", "card_valid", NOON).is_none());
    }

    // R000-029, law 7: how long the card is valid is answered, and the date stays unseen.
    #[test]
    fn a_card_is_valid_for_so_many_days() {
        let at = "2026-02-27T09:00:00Z";
        assert!(field(PERSON, "valid_for_2d", at) == Some(FieldValue::Flag(true)));
        assert!(field(PERSON, "valid_for_3d", at) == Some(FieldValue::Flag(false)));
        assert!(field("{}", "valid_for_2d", at).is_none());
    }

    #[test]
    fn nationality_is_named_or_not() {
        let from = |name: &str| field(&format!(r#"{{"NationalityEn":"{name}"}}"#), "is_kuwaiti", NOON);
        for name in ["KWT", "kw", "Kuwait", "KUWAITI"] {
            assert!(from(name) == Some(FieldValue::Flag(true)), "{name}");
        }
        for name in ["SAU", "Non-Kuwaiti", "Kuwait resident"] {
            assert!(from(name) == Some(FieldValue::Flag(false)), "{name}");
        }
        let resident = |name: &str| field(&format!(r#"{{"NationalityEn":"{name}"}}"#), "resident", NOON);
        assert!(resident("SAU") == Some(FieldValue::Flag(true)));
        assert!(resident("KWT") == Some(FieldValue::Flag(false)));
        assert!(resident("").is_none());
        assert!(from("").is_none());
    }

    #[test]
    fn the_address_is_one_line() {
        let line = "العاصمة، الدسمة، قطعة 1، شارع الخليج، دور 0";
        assert!(field(PERSON, "address", NOON) == Some(FieldValue::Text(line.to_owned())));
        assert!(field(r#"{"Address":{}}"#, "address", NOON).is_none());
        assert!(field(r#"{"Address":"x"}"#, "address", NOON).is_none());
    }

    #[test]
    fn odd_shapes_are_absent() {
        assert!(field(r#"{"FullNameAr":{"a":1}}"#, "name_ar", NOON).is_none());
        assert!(
            field(r#"{"CardSerial":17}"#, "card_serial", NOON) == Some(FieldValue::Text("17".to_owned()))
        );
    }
}
