//! SOAP 1.1 as the wrapper's binding has it: data contracts with members in ordinal order, and what comes back.

use quick_xml::escape::escape;
use serde_json::Map;
use serde_json::Value;

use super::multipart::root_part;
use super::xml::Element;
use crate::connector::kuwait::model::Answer;
use crate::words::QrCode;

/// An operation of the wrapper with its parameters.
pub(super) struct Call<'c> {
    pub(super) operation: &'static str,
    /// The parameters in the order of the wrapper's signature.
    pub(super) parameters: Vec<Parameter<'c>>,
}

/// A parameter of an operation.
pub(super) enum Parameter<'c> {
    /// A data contract.
    Contract(&'static str, &'c Map<String, Value>),
    /// A simple value.
    Text(&'static str, &'c str),
}

/// What a document says.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// An answer of the contract.
    Answer(Answer),
    /// A fault that blames the request: it was not carried out.
    RequestFault,
    /// Any other fault; the request may have been carried out.
    Fault,
}

impl Call<'_> {
    /// The document; `None` if XML has no way to write one of its texts.
    pub(super) fn write(&self) -> Option<String> {
        let mut out = format!(
            "<s:Envelope xmlns:s=\"{ENVELOPE}\"><s:Body><{} xmlns=\"{SERVICE}\">",
            self.operation
        );
        for parameter in &self.parameters {
            match parameter {
                Parameter::Text(name, text) => out.push_str(&element(name, text)?),
                Parameter::Contract(name, members) => {
                    out.push_str(&format!("<{name} xmlns:g=\"{CONTRACTS}\">"));
                    // WCF loses members that are out of ordinal order, and says nothing.
                    let mut sorted: Vec<_> = members.iter().collect();
                    sorted.sort_by_key(|(name, _)| name.as_bytes());
                    for (name, value) in sorted {
                        let text = match value {
                            Value::Null => continue,
                            Value::String(text) => text.clone(),
                            Value::Bool(_) | Value::Number(_) => value.to_string(),
                            Value::Array(_) | Value::Object(_) => return None,
                        };
                        out.push_str(&element(&format!("g:{name}"), &text)?);
                    }
                    out.push_str(&format!("</{name}>"));
                }
            }
        }
        out.push_str(&format!("</{}></s:Body></s:Envelope>", self.operation));
        Some(out)
    }
}

/// The `SOAPAction` of an operation.
pub(super) fn action(operation: &str) -> String {
    format!("\"{SERVICE}IMIDWrapper/{operation}\"")
}

/// Reads a reply, with or without MTOM. The message of an error is left where it is: it may hold personal data.
pub(super) fn read(body: &[u8]) -> Said {
    let unreadable = |why| Said::Answer(Answer::Unreadable(why));
    let Some(document) = root_part(body) else {
        return unreadable("the parts of the reply are broken");
    };
    let Ok(root) = Element::parse(document) else {
        return unreadable("the reply is no XML that can be taken");
    };
    if !root.is(ENVELOPE, "Envelope") {
        return unreadable("the reply is no SOAP 1.1 envelope");
    }
    let body = root.children().iter().find(|child| child.is(ENVELOPE, "Body"));
    let Some([content]) = body.map(Element::children) else {
        return unreadable("the reply has no body with one element");
    };
    if content.is(ENVELOPE, "Fault") {
        return fault(content);
    }
    let Some([result]) = Some(content.children()).filter(|_| content.name().ends_with("Response")) else {
        return unreadable("the reply is no response with one result");
    };
    if !result.name().ends_with("Result") {
        return unreadable("the reply is no response with one result");
    }
    let (data, error) = (result.child("Data"), result.child("Error"));
    Said::Answer(match (data, error) {
        (Some(data), None) => answered(content.name(), data),
        (None, Some(error)) => Answer::Error(code(error)),
        (Some(_), Some(_)) => Answer::Unreadable("the reply has both `Data` and `Error`"),
        (None, None) => Answer::Unreadable("the reply has neither `Data` nor `Error`"),
    })
}

/// What `Data` is depends on the operation. The picture of a code is not looked at.
fn answered(response: &str, data: &Element) -> Answer {
    match response {
        "InitiateAuthRequestQRResponse" | "InitiateAuthRequestQRWithAssuranceLevelResponse" => data
            .child("QRCode")
            .and_then(|code| QrCode::new(code.text()))
            .map_or(
                Answer::Unreadable("`QRCode` of the reply is no text of a code"),
                Answer::Shown,
            ),
        "NotifyPersonResponse" => Answer::Answered,
        _ => Answer::request_id(data.text())
            .unwrap_or(Answer::Unreadable("`Data` of the reply is no request id")),
    }
}

/// A declared fault carries the authority's own error; of the others only those that blame the request are clear.
fn fault(fault: &Element) -> Said {
    let error = fault.child("detail").and_then(|detail| detail.child("CuError"));
    if let Some(error) = error {
        return Said::Answer(Answer::Error(code(error)));
    }
    let code = fault.child("faultcode").map(Element::text).unwrap_or_default();
    let code = code.rsplit(':').next().unwrap_or_default();
    if code == "Client" || code.starts_with("Client.") {
        Said::RequestFault
    } else {
        Said::Fault
    }
}

fn code(error: &Element) -> Option<i64> {
    error.child("Code").and_then(|code| code.text().parse().ok())
}

fn element(name: &str, text: &str) -> Option<String> {
    let writable = |letter: char| {
        matches!(letter, '\t' | '\n') || (letter >= ' ' && !matches!(letter, '\u{fffe}' | '\u{ffff}'))
    };
    text.chars()
        .all(writable)
        .then(|| format!("<{name}>{}</{name}>", escape(text)))
}

/// SOAP 1.1.
pub(super) const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SERVICE: &str = "http://tempuri.org/";
/// The wrapper's own types; the spelling is theirs.
const CONTRACTS: &str = "http://schemas.datacontract.org/2004/07/GeneralContract.Entites";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(content: &str) -> String {
        format!("<s:Envelope xmlns:s=\"{ENVELOPE}\"><s:Body>{content}</s:Body></s:Envelope>")
    }

    fn answer(result: &str) -> Said {
        let namespaces = "xmlns:a=\"http://schemas.datacontract.org/2004/07/MIDAuthSignContract.Entities\" \
                          xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"";
        read(
            reply(&format!(
                "<InitiateAuthRequestPNResponse xmlns=\"{SERVICE}\"><InitiateAuthRequestPNResult {namespaces}>{result}\
                 </InitiateAuthRequestPNResult></InitiateAuthRequestPNResponse>"
            ))
            .as_bytes(),
        )
    }

    // WCF reads data contracts in ordinal order and drops what comes out of it.
    #[test]
    fn members_are_written_in_ordinal_order_and_escaped() {
        let members = json!({
            "ServiceDescriptionEN": "a<b>&\"c\"", "SPCallbackURL": "https://h/x?y=1", "RefId": "r", "Challenge": null,
            "RequestUserDetails": true, "AdditionalData": "ف",
        });
        let call = Call {
            operation: "InitiateAuthRequestPN",
            parameters: vec![
                Parameter::Contract("authRequestData", members.as_object().unwrap()),
                Parameter::Text("assuranceLevel", "High"),
            ],
        };
        assert_eq!(
            call.write().unwrap(),
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
             <InitiateAuthRequestPN xmlns=\"http://tempuri.org/\"><authRequestData \
             xmlns:g=\"http://schemas.datacontract.org/2004/07/GeneralContract.Entites\">\
             <g:AdditionalData>ف</g:AdditionalData><g:RefId>r</g:RefId><g:RequestUserDetails>true</g:RequestUserDetails>\
             <g:SPCallbackURL>https://h/x?y=1</g:SPCallbackURL>\
             <g:ServiceDescriptionEN>a&lt;b&gt;&amp;&quot;c&quot;</g:ServiceDescriptionEN></authRequestData>\
             <assuranceLevel>High</assuranceLevel></InitiateAuthRequestPN></s:Body></s:Envelope>"
        );
        let unwritable = json!({ "AdditionalData": "a\u{7}" });
        let call = Call {
            operation: "NotifyPerson",
            parameters: vec![Parameter::Contract("request", unwritable.as_object().unwrap())],
        };
        assert_eq!(call.write(), None);
    }

    #[test]
    fn data_error_and_faults_are_told_apart() {
        assert!(
            answer("<a:Data>5b0e</a:Data><a:Error i:nil=\"true\"/>")
                == Said::Answer(Answer::Accepted("5b0e".to_owned()))
        );
        let error =
            "<a:Data i:nil=\"true\"/><a:Error><a:Code>1003</a:Code><a:Message>x</a:Message></a:Error>";
        assert!(answer(error) == Said::Answer(Answer::Error(Some(1003))));
        assert!(answer("<a:Error><a:Message>x</a:Message></a:Error>") == Said::Answer(Answer::Error(None)));
        for unclear in [
            "",
            "<a:Data/>",
            "<a:Data>a b</a:Data>",
            "<a:Data><a:x/></a:Data>",
            "<a:Data>x</a:Data><a:Error><a:Code>1</a:Code></a:Error>",
        ] {
            assert!(
                matches!(answer(unclear), Said::Answer(Answer::Unreadable(_))),
                "{unclear}"
            );
        }
        let fault = |code: &str, detail: &str| {
            read(
                reply(&format!(
                    "<s:Fault><faultcode>{code}</faultcode><faultstring>x</faultstring>{detail}</s:Fault>"
                ))
                .as_bytes(),
            )
        };
        let declared = "<detail><CuError xmlns=\"urn:x\"><Code>1001</Code></CuError></detail>";
        assert!(fault("s:Server", declared) == Said::Answer(Answer::Error(Some(1001))));
        assert!(fault("s:Client", "") == Said::RequestFault);
        assert!(fault("a:InternalServiceFault", "") == Said::Fault);
        assert!(fault("s:Server", "") == Said::Fault);
    }

    #[test]
    fn what_is_no_answer_is_unreadable() {
        for bad in [
            "",
            "{}",
            "<a/>",
            "<Envelope><Body/></Envelope>",
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body/></s:Envelope>",
            "--b\r\nbroken",
        ] {
            assert!(
                matches!(read(bad.as_bytes()), Said::Answer(Answer::Unreadable(_))),
                "{bad}"
            );
        }
        for content in ["", "<a/>", "<aResponse/>", "<aResponse><b/></aResponse>"] {
            let bad = reply(content);
            assert!(
                matches!(read(bad.as_bytes()), Said::Answer(Answer::Unreadable(_))),
                "{content}"
            );
        }
    }
}
