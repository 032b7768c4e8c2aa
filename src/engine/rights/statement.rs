//! The official statement that a person gets of what is kept of them (law 20/2014, article 33; R003-66), as a page that
//! prints. It says the same as the signed statement it is made from, but for the exact bytes.

use std::fmt::Write as _;

use serde_json::Value;

use crate::engine::paper::FOOT;
use crate::engine::paper::bdi;
use crate::engine::paper::both;
use crate::engine::paper::escape;
use crate::engine::paper::head;
use crate::engine::paper::ltr;
use crate::engine::paper::moment;
use crate::words::Field;
use crate::words::Outcome;
use crate::words::Text;
use crate::words::Timestamp;

/// The page of a statement as `midflow subject export` gives it. Holds personal data.
pub fn statement_page(answer: &Value) -> String {
    let mut page = head(&Text::new(
        "بيان بالبيانات الشخصية المحفوظة",
        "Statement of personal data kept",
    ));
    let statement = &answer["statement"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    section(&mut page, "البيان", "The statement");
    if let Some(name) = text_of(&statement["organization"]) {
        row(&mut page, "الجهة", "Provider", &both(&name));
    }
    row(
        &mut page,
        "حُرر في (بتوقيت الكويت)",
        "Made at (Kuwait time)",
        &when(&statement["made_at"]),
    );
    row(&mut page, "حرره", "Made by", &bdi(&word(&statement["by"])));
    row(
        &mut page,
        "المرجع",
        "Reference",
        &bdi(&word(&statement["reference"])),
    );
    if let Some(purpose) = text_of(&statement["purpose"]) {
        row(&mut page, "الغرض", "Purpose", &both(&purpose));
    }
    end(&mut page);
    let flows = statement["flows"].as_array().map_or(&[][..], Vec::as_slice);
    if flows.is_empty() {
        let nothing = Text::new(
            "لا توجد لدينا بيانات شخصية محفوظة من طلبات الهوية الرقمية.",
            "We keep no personal data from requests for the mobile identity.",
        );
        let _ = writeln!(page, "<p>{}</p>", both(&nothing));
    }
    for flow in flows {
        flow_part(&mut page, flow);
    }
    for application in statement["applications"].as_array().into_iter().flatten() {
        application_part(&mut page, application);
    }
    section(&mut page, "التوقيع الإلكتروني", "Electronic signature");
    let signature = &answer["signature"];
    row(
        &mut page,
        "الخوارزمية",
        "Algorithm",
        &ltr(&word(&signature["algorithm"])),
    );
    row(
        &mut page,
        "المفتاح العام",
        "Public key",
        &ltr(&word(&signature["public_key"])),
    );
    row(
        &mut page,
        "التوقيع",
        "Signature",
        &ltr(&word(&signature["value"])),
    );
    end(&mut page);
    let note = Text::new(
        "هذه الصفحة نسخة مقروءة من البيان الموقّع إلكترونياً المسلَّم معها، والتوقيع على البيان نفسه.",
        "This page is a readable copy of the electronically signed statement that comes with it; the signature is over that statement.",
    );
    let _ = writeln!(page, "<p>{}</p>", both(&note));
    page.push_str(FOOT);
    page
}

fn flow_part(page: &mut String, flow: &Value) {
    let word = |name: &str| flow[name].as_str().unwrap_or_default();
    section(page, "طلب هوية رقمية", "A request for the mobile identity");
    row(page, "رقم الطلب", "Flow", &ltr(word("flow")));
    row(page, "الخدمة", "Service", &ltr(word("service")));
    row(page, "بدأ", "Began", &when(&flow["began"]));
    if let Some(outcome) = Outcome::from_code(word("outcome")) {
        row(page, "النتيجة", "Outcome", &both(&outcome.text()));
    }
    let said = flow["person"]["civil_no"].as_str();
    if let Some(number) = flow["civil_no"].as_str().filter(|number| said != Some(*number)) {
        row(page, "الرقم المدني", "Civil number", &ltr(number));
    }
    for (name, value) in flow["person"].as_object().into_iter().flatten() {
        field_row(page, name, &shown(value));
    }
    for (name, value) in flow["inputs"].as_object().into_iter().flatten() {
        let label = Text::new(
            format!("مما قدمته الخدمة: {name}"),
            format!("From the service: {name}"),
        );
        row(page, &escape(&label.ar), &escape(&label.en), &shown(value));
    }
    for correction in flow["corrections"].as_array().into_iter().flatten() {
        for (name, change) in correction["fields"].as_object().into_iter().flatten() {
            let (was, is) = (shown(&change["was"]), shown(&change["is"]));
            let says = format!(
                "<span class=\"ar\">صُحّح: كان {was}، والصحيح {is}</span>\
                 <span class=\"en\" lang=\"en\" dir=\"ltr\">put right: was {was}, is {is}</span>"
            );
            field_row(page, name, &says);
        }
    }
    let count = |name: &str| flow[name].as_array().map_or(0, Vec::len).to_string();
    row(
        page,
        "رسائل محفوظة بنصها",
        "Messages kept as they came",
        &ltr(&count("messages")),
    );
    row(page, "سجلات", "Records", &ltr(&count("records")));
    end(page);
}

fn application_part(page: &mut String, application: &Value) {
    let told = &application["application"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    section(page, "طلب يخص بياناتكم", "An application about your data");
    row(page, "رقمه", "Number", &ltr(&told["application"].to_string()));
    row(page, "ورد في", "Received", &ltr(&word(&told["received"])));
    if let (Some(applicant), Some(address)) =
        (application["applicant"].as_str(), application["address"].as_str())
    {
        row(page, "مقدمه", "Applicant", &bdi(applicant));
        row(page, "عنوانه", "Address", &bdi(address));
    }
    if let Some(wants) = application["wants"].as_str() {
        row(page, "موضوعه", "It asks for", &bdi(wants));
    }
    row(page, "حالته", "State", &both(&state(&word(&told["state"]))));
    end(page);
}

fn state(name: &str) -> Text {
    match name {
        "open" => Text::new("قيد النظر", "waits for an answer"),
        "granted" => Text::new("تمت الموافقة عليه", "granted"),
        "refused" => Text::new("مرفوض، ويجوز التظلّم من الرفض", "refused; a complaint is possible"),
        "complained" => Text::new("التظلّم قيد النظر", "the complaint waits for a decision"),
        _ => Text::new("مرفوض نهائياً", "refused for good"),
    }
}

/// Date and time in Kuwait; what is no moment is left out.
fn when(text: &Value) -> String {
    let at = text.as_str().and_then(Timestamp::parse);
    at.map_or_else(String::new, |at| ltr(&moment(at)))
}

fn field_row(page: &mut String, name: &str, value: &str) {
    let label = Field::parse(name).map_or_else(|_| Text::new(name, name), |field| field.label());
    row(page, &escape(&label.ar), &escape(&label.en), value);
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(true) => both(&Text::new("نعم", "yes")),
        Value::Bool(false) => both(&Text::new("لا", "no")),
        Value::String(text) if text.len() > LONGEST => {
            both(&Text::new("محفوظة في البيان الموقّع", "in the signed statement"))
        }
        Value::String(text) => bdi(text),
        other => ltr(&other.to_string()),
    }
}

fn text_of(value: &Value) -> Option<Text> {
    Some(Text::new(value["ar"].as_str()?, value["en"].as_str()?))
}

fn section(page: &mut String, ar: &str, en: &str) {
    let _ = writeln!(
        page,
        "<section><h2>{ar} <span class=\"en\" lang=\"en\" dir=\"ltr\">{en}</span></h2>\n<table><tbody>"
    );
}

/// The labels and the value are HTML.
fn row(page: &mut String, ar: &str, en: &str, value: &str) {
    let _ = writeln!(
        page,
        "<tr><th>{ar}<br><span class=\"en\" lang=\"en\" dir=\"ltr\">{en}</span></th><td>{value}</td></tr>"
    );
}

fn end(page: &mut String) {
    page.push_str("</tbody></table></section>\n");
}

/// A photo is no text to be read.
const LONGEST: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // R003-66: whoever reads the page sees what is kept, what was put right, and nothing of it is markup.
    #[test]
    fn the_page_shows_what_the_statement_says() {
        let answer = json!({
            "statement": {
                "organization": { "ar": "بلدية", "en": "A municipality" },
                "made_at": "2026-11-27T09:00:00Z", "by": "Aisha", "reference": "application 1",
                "flows": [{
                    "flow": "0193", "service": "licence-renewal", "outcome": "approved", "civil_no": "299123100017",
                    "person": { "name_ar": "<b>فهد</b>", "age_over_18": true, "photo": "A".repeat(900) },
                    "inputs": { "licence": "1234567" },
                    "corrections": [{ "fields": { "name_ar": { "was": "فهد", "is": "فهد ناصر" } } }],
                    "messages": [1, 2], "records": [1],
                }],
                "applications": [{
                    "application": { "application": 7, "received": "2026-11-01", "state": "open" },
                    "applicant": "سالم", "address": "الكويت", "wants": "كل ما يخصني",
                }],
            },
            "signature": { "algorithm": "Ed25519", "public_key": "cHVi", "value": "c2ln" },
        });
        let page = statement_page(&answer);
        for part in [
            "بلدية",
            "&lt;b&gt;فهد&lt;/b&gt;",
            "بلوغ سن 18 سنة",
            "كان <bdi>فهد</bdi>، والصحيح <bdi>فهد ناصر</bdi>",
            "in the signed statement",
            "كل ما يخصني",
            "c2ln",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("<b>فهد"));
        let empty = statement_page(&json!({}));
        assert!(empty.contains("We keep no personal data"));
    }
}
