//! The face `soap`: the vendor's wrapper, as WCF would host it. It is strict where WCF is, and loses what WCF loses.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::post;
use quick_xml::escape::escape;
use serde_json::Map;
use serde_json::Value;

use super::Refusal;
use super::desk::Call;
use super::desk::Desk;
use super::desk::Served;
use super::operations::operation;
use crate::connector::kuwait::Element;
use crate::connector::kuwait::root_part;
use crate::words::Assurance;

/// The wrapper's one address.
pub(super) fn router() -> Router<Desk> {
    Router::new().route("/soap/MIDWrapper.svc", post(serve))
}

async fn serve(
    Shared(desk): Shared<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let provider = match desk.provider(peer) {
        Ok(provider) => provider,
        Err(status) => return status.into_response(),
    };
    match desk.login(&provider) {
        Ok(login) if login.has_basic(&headers) => {}
        _ => return StatusCode::UNAUTHORIZED.into_response(),
    }
    let multipart = text_of(&headers, CONTENT_TYPE.as_str()).starts_with("multipart/related;");
    let Some((name, parameters)) = read(&headers, &body) else {
        return fault("s:Client", "the request can't be read", "", multipart);
    };
    let Some(operation) = operation(&name) else {
        return fault(
            "a:ActionNotSupported",
            "there is no such operation",
            "",
            multipart,
        );
    };
    let call = Call {
        peer,
        provider: &provider,
        operation,
        body: &body,
        polled: false,
        members: members(&parameters, &provider),
    };
    let result = match desk.serve(call).await.bare() {
        Ok(response) => return response,
        Err(Served::Data(data)) => format!("{}<a:Error i:nil=\"true\"/>", data_element(&data)),
        // Some of the authority's errors are declared as faults, others stand in the answer.
        Err(Served::Refused(Refusal::Synthetic)) => {
            let error = format!(
                "<CuError xmlns=\"{ENTITIES}\">{}</CuError>",
                error_members(Refusal::Synthetic, "")
            );
            return fault(
                "s:Server",
                "the authority answered with an error",
                &error,
                multipart,
            );
        }
        Err(Served::Refused(refusal)) => {
            let error = error_members(refusal, "a:");
            format!("<a:Data i:nil=\"true\"/><a:Error>{error}</a:Error>")
        }
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    let content = format!(
        "<{operation}Response xmlns=\"{SERVICE}\"><{operation}Result xmlns:a=\"{ENTITIES}\" \
         xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">{result}</{operation}Result></{operation}Response>"
    );
    document(StatusCode::OK, &content, multipart)
}

/// The operation and its parameters; `None` if the message is none, or its action names another operation.
fn read(headers: &HeaderMap, body: &[u8]) -> Option<(String, Vec<Element>)> {
    let root = Element::parse(root_part(body)?).ok()?;
    let body = root.children().iter().find(|child| child.is(ENVELOPE, "Body"))?;
    let [called] = body.children() else { return None };
    let action = format!("\"{SERVICE}IMIDWrapper/{}\"", called.name());
    let fits = root.is(ENVELOPE, "Envelope")
        && called.is(SERVICE, called.name())
        && text_of(headers, "soapaction") == action;
    fits.then(|| (called.name().to_owned(), called.children().to_vec()))
}

/// The members of the contract. As WCF does, a member out of ordinal order or of another namespace is lost.
fn members(parameters: &[Element], service_provider_id: &str) -> Result<Map<String, Value>, Refusal> {
    let mut members = Map::new();
    members.insert("ServiceProviderId".to_owned(), service_provider_id.into());
    for parameter in parameters {
        match parameter.name() {
            "authRequestData" | "request" => {
                let mut last = "";
                for member in parameter.children() {
                    if member.name().as_bytes() > last.as_bytes() && member.is(CONTRACTS, member.name()) {
                        last = member.name();
                        members.insert(last.to_owned(), value(member));
                    }
                }
            }
            "assuranceLevel" => {
                let level = match parameter.text() {
                    "Medium" => Assurance::Medium,
                    "High" => Assurance::High,
                    _ => return Err(Refusal::Invalid("assuranceLevel")),
                };
                members.insert("AssuranceLevel".to_owned(), level.wire_level().into());
            }
            "civilNo" => {
                members.insert("CivilNo".to_owned(), parameter.text().into());
            }
            "requestId" => {
                members.insert("RequestId".to_owned(), parameter.text().into());
            }
            _ => {}
        }
    }
    Ok(members)
}

fn value(member: &Element) -> Value {
    match (member.name(), member.text()) {
        _ if member.is_nil() => Value::Null,
        ("RequestUserDetails", "true" | "1") => Value::Bool(true),
        ("RequestUserDetails", "false" | "0") => Value::Bool(false),
        (_, text) => text.into(),
    }
}

/// `Data`: a text, or an object with its members in ordinal order; a picture goes into a part of its own under MTOM.
fn data_element(data: &Value) -> String {
    match data {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_bytes());
            let inner: String = sorted
                .into_iter()
                .map(|(name, value)| match value {
                    Value::Null => format!("<a:{name} i:nil=\"true\"/>"),
                    Value::String(text) => format!("<a:{name}>{}</a:{name}>", escape(text)),
                    other => format!("<a:{name}>{}</a:{name}>", escape(other.to_string())),
                })
                .collect();
            format!("<a:Data>{inner}</a:Data>")
        }
        Value::String(text) => format!("<a:Data>{}</a:Data>", escape(text)),
        Value::Null => "<a:Data i:nil=\"true\"/>".to_owned(),
        other => format!("<a:Data>{}</a:Data>", escape(other.to_string())),
    }
}

fn error_members(refusal: Refusal, prefix: &str) -> String {
    format!(
        "<{prefix}Code>{}</{prefix}Code><{prefix}Message>{}</{prefix}Message>",
        refusal.code(),
        escape(refusal.message())
    )
}

fn fault(code: &str, text: &str, detail: &str, multipart: bool) -> Response {
    let detail = if detail.is_empty() {
        String::new()
    } else {
        format!("<detail>{detail}</detail>")
    };
    let content = format!(
        "<s:Fault><faultcode xmlns:a=\"http://schemas.microsoft.com/ws/2005/05/addressing/none\">{code}</faultcode>\
         <faultstring xml:lang=\"en\">{text}</faultstring>{detail}</s:Fault>"
    );
    document(StatusCode::INTERNAL_SERVER_ERROR, &content, multipart)
}

/// The whole document, in the encoding that the caller used. Under MTOM a picture leaves the document (XOP).
fn document(status: StatusCode, content: &str, multipart: bool) -> Response {
    let document = format!("<s:Envelope xmlns:s=\"{ENVELOPE}\"><s:Body>{content}</s:Body></s:Envelope>");
    if !multipart {
        return (status, [(CONTENT_TYPE, "text/xml; charset=utf-8")], document).into_response();
    }
    let (document, picture) = without_picture(&document);
    let mut body = format!(
        "\r\n--{BOUNDARY}\r\nContent-ID: <http://tempuri.org/0>\r\nContent-Transfer-Encoding: 8bit\r\n\
         Content-Type: application/xop+xml;charset=utf-8;type=\"text/xml\"\r\n\r\n{document}\r\n--{BOUNDARY}"
    )
    .into_bytes();
    if let Some(picture) = picture {
        body.extend_from_slice(
            b"\r\nContent-ID: <http://tempuri.org/1>\r\nContent-Transfer-Encoding: binary\r\n\
              Content-Type: application/octet-stream\r\n\r\n",
        );
        body.extend_from_slice(&picture);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}").as_bytes());
    }
    body.extend_from_slice(b"--\r\n");
    let kind = format!(
        "multipart/related; type=\"application/xop+xml\"; start=\"<http://tempuri.org/0>\"; boundary=\"{BOUNDARY}\"; \
         start-info=\"text/xml\""
    );
    (status, [(CONTENT_TYPE, kind)], body).into_response()
}

fn without_picture(document: &str) -> (String, Option<Vec<u8>>) {
    use base64::Engine;

    let (begin, end) = ("<a:QRCodeImage>", "</a:QRCodeImage>");
    let found = document.split_once(begin).and_then(|(before, rest)| {
        let (text, after) = rest.split_once(end)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
        let include = "<xop:Include href=\"cid:http%3A%2F%2Ftempuri.org%2F1\" \
                       xmlns:xop=\"http://www.w3.org/2004/08/xop/include\"/>";
        Some((format!("{before}{begin}{include}{end}{after}"), Some(bytes)))
    });
    found.unwrap_or_else(|| (document.to_owned(), None))
}

fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SERVICE: &str = "http://tempuri.org/";
/// Types of the wrapper, and of the authority.
const CONTRACTS: &str = "http://schemas.datacontract.org/2004/07/GeneralContract.Entites";
const ENTITIES: &str = "http://schemas.datacontract.org/2004/07/MIDAuthSignContract.Entities";
const BOUNDARY: &str = "uuid:00000000-0000-4000-8000-00000000e001+id=1";

#[cfg(test)]
mod tests {
    use super::*;

    // A client that writes members out of order loses them here as it would there.
    #[test]
    fn members_out_of_ordinal_order_are_lost() {
        let parameter = format!(
            "<authRequestData xmlns:g=\"{CONTRACTS}\"><g:Challenge>8352</g:Challenge><g:AdditionalData>x</g:AdditionalData>\
             <g:RequestUserDetails>true</g:RequestUserDetails><RefId>r</RefId></authRequestData>"
        );
        let element = Element::parse(parameter.as_bytes()).ok().unwrap();
        let members = members(&[element], "sp").ok().unwrap();
        assert_eq!(members.get("Challenge"), Some(&"8352".into()));
        assert_eq!(members.get("RequestUserDetails"), Some(&true.into()));
        assert_eq!(members.get("ServiceProviderId"), Some(&"sp".into()));
        assert!(!members.contains_key("AdditionalData") && !members.contains_key("RefId"));
    }

    #[test]
    fn a_picture_leaves_the_document() {
        let (document, picture) =
            without_picture("<a:QRCode>x</a:QRCode><a:QRCodeImage>/9j/</a:QRCodeImage>");
        assert!(document.contains("xop:Include") && !document.contains("/9j/"));
        assert_eq!(picture.as_deref(), Some(&[0xff, 0xd8, 0xff][..]));
    }
}
