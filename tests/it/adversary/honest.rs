use std::time::Duration;
use std::time::Instant;

use midflow::connector::Conclusion;
use midflow::connector::Connector as _;
use midflow::sandbox::Scenario;
use midflow::sandbox::StampAlgorithm;
use midflow::words::Field;
use midflow::words::Outcome;
use midflow::words::Timestamp;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::support::dice::Dice;
use crate::support::dice::is_soak;
use crate::support::full_node::FullNode;
use crate::support::notary::Draft;
use crate::support::notary::Notary;
use crate::support::notary::in_kuwait;
use crate::support::witness::Asked;

// Protocol notes 4.3: ten thousand honest answers with every quirk that has been seen, in any combination. Each is
// believed, approvals and refusals alike: a strict reader must not lock citizens out.
#[tokio::test(flavor = "multi_thread")]
async fn every_honest_callback_is_believed_whatever_its_quirks() {
    let begun = Instant::now();
    let node = FullNode::start(PEOPLE, StampAlgorithm::EcdsaP256).await;
    let notary = node.notary(PEOPLE, StampAlgorithm::EcdsaP256);
    let at = node.clock.now();
    let people: Vec<_> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    let mut asked = Vec::new();
    for person in &people {
        node.authority.arm(Scenario::Timeout, Some(person), None).unwrap();
        let flow = node.ask(person).await.view.flow;
        asked.push(node.connector.replied(flow).await);
    }
    let fields = [
        Field::parse("civil_no").unwrap(),
        Field::parse("name_ar").unwrap(),
    ];
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let callbacks = if is_soak() { 100_000 } else { 10_000 };
    let mut declined = 0;
    for number in 0..callbacks {
        let asked = &asked[dice.below(asked.len())];
        let received = at.plus(Duration::from_secs(dice.below(299) as u64));
        let declines = dice.one_in(8);
        let body = quirky(&notary, asked, received, declines, &mut dice);
        let verdict = node
            .connector
            .examine(body.as_bytes(), &asked.expected(&fields, at, received));
        let believed = match &verdict.conclusion {
            Conclusion::Approved(_) => !declines,
            Conclusion::Ended(outcome) => declines && *outcome == Outcome::DeclinedByUser,
            Conclusion::Rejected => false,
        };
        assert!(
            believed,
            "number {number} of seed {seed}: {:?}: {body}",
            verdict.checks
        );
        declined += usize::from(declines);
    }
    println!(
        "{callbacks} honest callbacks, 0 refused ({declined} said no), in {:?}",
        begun.elapsed()
    );
    node.shutdown().await;
}

/// An honest answer in one of the many forms that clients of the authority have seen.
fn quirky(notary: &Notary, asked: &Asked, at: Timestamp, declines: bool, dice: &mut Dice) -> String {
    let mut draft = notary.approval(asked, at);
    codes(&mut draft, declines, dice);
    request(&mut draft, asked, dice);
    draft.result.insert("TransactionDate".to_owned(), date(at, dice));
    if declines {
        draft.personal = Value::Null;
        for name in [
            "UserCertificate",
            "SignatureData",
            "HashAlgorithm",
            "SigningDatatype",
        ] {
            draft.result.insert(name.to_owned(), Value::Null);
        }
    } else {
        personal(&mut draft, dice);
    }
    for part in [&mut draft.request, &mut draft.result] {
        strangers(part, dice);
        spaced_keys(part, dice);
    }
    if let Some(part) = draft.personal.as_object_mut() {
        strangers(part, dice);
        spaced_keys(part, dice);
    }
    let mut members = draft.members();
    for member in &mut members {
        *member = written(member, dice);
    }
    assembled(notary, &members, dice)
}

/// Numbers as texts, texts as numbers, and names.
fn codes(draft: &mut Draft, declines: bool, dice: &mut Dice) {
    let result = if declines {
        [json!("4"), json!(4), json!("Declined"), json!(" 4 ")]
    } else {
        [json!("1"), json!(1), json!("Authenticated"), json!(" 1")]
    };
    let action = if declines {
        [json!("2"), json!(2), json!("Declined"), Value::Null]
    } else {
        [json!("1"), json!(1), json!("Accepted"), json!("1 ")]
    };
    let kind = [json!("1"), json!(1), json!("Authentication"), json!("1")];
    draft
        .result
        .insert("ResultCode".to_owned(), result[dice.below(4)].clone());
    draft
        .result
        .insert("UserAction".to_owned(), action[dice.below(4)].clone());
    draft
        .request
        .insert("RequestType".to_owned(), kind[dice.below(4)].clone());
}

fn request(draft: &mut Draft, asked: &Asked, dice: &mut Dice) {
    let (request, challenge) = (&mut draft.request, &asked.request.challenge);
    let provider = request["ServiceProviderId"].clone();
    let forms = [
        json!(challenge.as_str()),
        json!(challenge.grouped()),
        json!({ "ServiceProviderID": provider, "Datetime": "2026-02-03T10:15:42", "Prompt": challenge.as_str() }),
        json!({ "ServiceProviderID": null, "Datetime": null, "Prompt": challenge.as_str() }),
        json!({ "Prompt ": challenge.grouped() }),
    ];
    request.insert("Challenge".to_owned(), forms[dice.below(forms.len())].clone());
    if dice.one_in(3) {
        let id = request["RequestID"].as_str().unwrap().to_uppercase();
        request.insert("RequestID".to_owned(), json!(id));
    }
    match dice.below(4) {
        0 => drop(request.remove("AdditionalData")),
        1 => drop(request.insert("AdditionalData".to_owned(), Value::Null)),
        _ => {}
    }
}

/// With or without zone and fraction, and as .NET once wrote it.
fn date(at: Timestamp, dice: &mut Dice) -> Value {
    let local = in_kuwait(at);
    let utc = at.to_string();
    let seconds = &local[.."2026-02-03T10:15:42".len()];
    match dice.below(8) {
        0 => json!(seconds),
        1 => json!(format!("{local}0000")),
        2 => json!(format!("{local}+03:00")),
        3 => json!(utc),
        4 => json!(format!("/Date({})/", at.as_micros() / 1_000)),
        5 => json!(format!("/Date({}+0300)/", at.as_micros() / 1_000)),
        6 => json!(local.replace('T', " ")),
        _ => json!(local),
    }
}

fn personal(draft: &mut Draft, dice: &mut Dice) {
    if dice.one_in(10) {
        draft.personal = Value::Null;
        return;
    }
    let personal = draft.personal.as_object_mut().unwrap();
    let births = [
        json!("1990-05-17T00:00:00"),
        json!("1990-05-17"),
        json!("1990-05-17T00:00:00+03:00"),
        json!("0001-01-01T00:00:00"),
        json!("/Date(642891600000)/"),
        Value::Null,
    ];
    personal.insert("BirthDate".to_owned(), births[dice.below(births.len())].clone());
    for name in [
        "GovData",
        "Address",
        "Photo",
        "CardExpiryDate",
        "Gender",
        "CivilID",
        "FullNameEn",
    ] {
        match dice.below(8) {
            0 => drop(personal.remove(name)),
            1 => drop(personal.insert(name.to_owned(), Value::Null)),
            _ => {}
        }
    }
    if dice.one_in(4) {
        personal.insert(
            "GovData".to_owned(),
            json!({ "MOIReference ": "x", "SponsorName": null }),
        );
    }
    if dice.one_in(4) {
        personal.insert(
            "Address".to_owned(),
            json!({ "Governorate": "حولي", "Governerate": "حولي" }),
        );
    }
    if dice.one_in(4) {
        personal.insert("CardSerial".to_owned(), json!(dice.below(1 << 40)));
    }
    if dice.one_in(500) {
        personal.insert("Photo".to_owned(), json!("A".repeat(1024 * 1024)));
    }
}

/// Members that nobody knows yet.
fn strangers(part: &mut Map<String, Value>, dice: &mut Dice) {
    for _ in 0..dice.below(3) {
        let name = format!("New{}", dice.below(1_000));
        let value = [json!(1), json!({ "a": [null, true] }), json!("نص"), json!(-1.5e3)];
        part.insert(name, value[dice.below(4)].clone());
    }
}

/// A space at the end of keys, as one real payload has it.
fn spaced_keys(part: &mut Map<String, Value>, dice: &mut Dice) {
    let keys: Vec<String> = part.keys().cloned().collect();
    for key in keys {
        if dice.one_in(12) && !key.ends_with(' ') {
            let value = part.remove(&key).unwrap();
            part.insert(format!("{key} "), value);
        }
    }
}

/// The same value in another form: with escapes, or spread over lines.
fn written(member: &str, dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => {
            let value: Value = serde_json::from_str(member).unwrap();
            serde_json::to_string_pretty(&value).unwrap()
        }
        1 => {
            let mut escaped = String::new();
            for letter in member.chars() {
                if letter.is_ascii() {
                    escaped.push(letter);
                } else {
                    let mut units = [0; 2];
                    for unit in letter.encode_utf16(&mut units) {
                        escaped.push_str(&format!("\\u{unit:04x}"));
                    }
                }
            }
            escaped
        }
        _ => member.to_owned(),
    }
}

/// The members in any order, with any white space and any form of the stamp.
fn assembled(notary: &Notary, members: &[String; 3], dice: &mut Dice) -> String {
    let mut covered = members.to_vec();
    let left_out = covered[2] == "null" && dice.one_in(2);
    if left_out {
        covered[2].clear();
    }
    let mut stamp = notary.sign(covered.join("\n").as_bytes());
    if dice.one_in(4) {
        // .NET can break lines after 76 characters.
        stamp.insert_str(76, "\\r\\n");
    }
    let certificate = match dice.below(4) {
        0 => String::new(),
        1 => ",\"SigningCertificate\":null".to_owned(),
        _ => format!(",\"SigningCertificate\":\"{}\"", notary.certificate()),
    };
    let [request, result, personal] = members;
    let mut parts = vec![
        format!("\"RequestDetails\":{request}"),
        format!("\"ResultDetails\":{result}"),
        format!("\"Signature\":{{\"SignatureData\":\"{stamp}\"{certificate}}}"),
    ];
    if !left_out {
        parts.push(format!("\"PersonalData\":{personal}"));
    }
    if dice.one_in(4) {
        parts.push("\"Version\":2".to_owned());
    }
    for at in (1..parts.len()).rev() {
        parts.swap(at, dice.below(at + 1));
    }
    let between = dice.pick(&[",", ", ", ",\r\n  ", "\t,"]);
    let end = dice.pick(&["", "\n", "  "]);
    format!("{{\"MIDAuthSignResponse\":{{{}}}}}{end}", parts.join(between))
}

const PEOPLE: usize = 20;
