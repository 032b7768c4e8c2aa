use serde::Serialize;

use crate::engine::Problem;
use crate::engine::ProblemCode;
use crate::engine::StartFlow;
use crate::engine::StartJourney;
use crate::http::members::Member;
use crate::http::members::Members;
use crate::http::problem::ApiProblem;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Locale;

/// Reads the body of `POST /v1/flows`, strictly: nothing unknown, nothing twice, everything of its type.
pub(super) fn read(
    body: &[u8],
    client: String,
    idempotency_key: Option<String>,
    http_allowed: bool,
) -> Result<StartFlow, ApiProblem> {
    let members = Members::read(body)?;
    members.only(&MEMBERS)?;
    // In the order of the reference: what is missing first is told first.
    members.required("service")?.text()?;
    let capability = members
        .required("capability")?
        .word(&Capability::ALL.map(Capability::as_str), Capability::from_name)?;
    let ask = read_common(&members, body, client, idempotency_key, http_allowed)?;
    Ok(StartFlow {
        retry_of: members.optional("retry_of").map(|m| read_flow(&m)).transpose()?,
        qr_data: read_text(&members, "qr_data", MOST_QR)?,
        document: ask.document.clone(),
        template: read_text(&members, "template", MOST_NAME)?,
        ..ask.into_flow(capability)
    })
}

/// Reads the body of `POST /v1/journeys`, as strictly.
pub(super) fn read_journey(
    body: &[u8],
    client: String,
    idempotency_key: Option<String>,
    http_allowed: bool,
) -> Result<StartJourney, ApiProblem> {
    let members = Members::read(body)?;
    members.only(&JOURNEY_MEMBERS)?;
    read_common(&members, body, client, idempotency_key, http_allowed)
}

/// What both begin with: all that a journey has.
fn read_common(
    members: &Members<'_>,
    body: &[u8],
    client: String,
    idempotency_key: Option<String>,
    http_allowed: bool,
) -> Result<StartJourney, ApiProblem> {
    let url = |name: &str| {
        members
            .optional(name)
            .map(|member| read_url(&member, http_allowed))
            .transpose()
    };
    let locale = match members.optional("locale") {
        Some(member) => member.word(&Locale::ALL.map(Locale::as_str), Locale::from_name)?,
        None => Locale::default(),
    };
    Ok(StartJourney {
        client,
        idempotency_key,
        request_digest: Digest::of(body),
        service: members.required("service")?.text()?,
        channel: members
            .required("channel")?
            .word(&Channel::ALL.map(Channel::as_str), Channel::from_name)?,
        locale,
        civil_no: read_person(members)?,
        inputs: read_inputs(members)?,
        return_url: url("return_url")?,
        notify_url: url("notify_url")?,
        document: read_text(members, "document", MOST_TOKEN)?,
    })
}

fn read_person(members: &Members<'_>) -> Result<Option<CivilNo>, ApiProblem> {
    let Some(person) = members.optional("person") else {
        return Ok(None);
    };
    let person = person.object()?;
    person.only(&["civil_no"])?;
    let member = person.required("civil_no")?;
    let number = CivilNo::parse(&member.text()?).map_err(|error| {
        member.point(ApiProblem::from(Problem {
            code: ProblemCode::InvalidCivilNo,
            detail: error.to_string(),
            retry_after: None,
        }))
    })?;
    Ok(Some(number))
}

/// A text that is not empty, not longer than that many characters, and without control characters.
fn read_text(members: &Members<'_>, name: &str, most: usize) -> Result<Option<String>, ApiProblem> {
    let Some(member) = members.optional(name) else {
        return Ok(None);
    };
    let text = member.text()?;
    let length = text.chars().count();
    if length == 0 || length > most || text.chars().any(char::is_control) {
        return Err(member.refuse(format!(
            "a text of 1 to {most} characters without control characters is expected here"
        )));
    }
    Ok(Some(text))
}

fn read_inputs(members: &Members<'_>) -> Result<serde_json::Map<String, serde_json::Value>, ApiProblem> {
    let Some(inputs) = members.optional("inputs") else {
        return Ok(serde_json::Map::new());
    };
    let inputs = inputs.object()?;
    inputs
        .iter()
        .map(|(name, member)| Ok((name.to_owned(), member.scalar()?)))
        .collect()
}

fn read_flow(member: &Member<'_>) -> Result<FlowId, ApiProblem> {
    FlowId::parse(&member.text()?).ok_or_else(|| member.refuse("the id of a flow is expected here"))
}

/// An address of the e-service: `https`, or plain `http` on this machine in development.
fn read_url(member: &Member<'_>, http_allowed: bool) -> Result<String, ApiProblem> {
    let text = member.text()?;
    if text.len() > 2_048 {
        return Err(member.refuse("an address has at most 2048 characters"));
    }
    let url = reqwest::Url::parse(&text)
        .map_err(|_| member.refuse("a whole `https://` address is expected here"))?;
    let secure = url.scheme() == "https" || (http_allowed && url.scheme() == "http" && is_loopback(&url));
    if !secure {
        return Err(member.refuse(if http_allowed {
            "the address has to be `https`, or `http` on a loopback host"
        } else {
            "the address has to be `https`"
        }));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(member.refuse("the address holds a user name or a password; leave them out"));
    }
    if url.fragment().is_some() {
        return Err(member.refuse("the address has a `#` part; leave it out"));
    }
    Ok(url.into())
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The body of `POST /v1/flows`, for the API's description. [`read`] is the reader.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowRequest {
    /// The name of the service.
    #[schema(example = "licence-renewal", pattern = "^[a-z][a-z0-9-]{0,63}$")]
    service: String,
    /// What to ask of Mobile ID; the service has to declare it.
    #[schema(example = "auth_push")]
    capability: super::answer::CapabilityName,
    /// Where the person is; the service has to declare it.
    #[schema(example = "web")]
    channel: super::answer::ChannelName,
    /// The person's language; Arabic unless told otherwise.
    #[schema(default = "ar")]
    locale: Option<super::answer::LocaleName>,
    /// The person to ask; needed for `auth_push`, `sign` and `notify`. For `auth_qr` and `verify_qr` the one expected, if
    /// somebody in particular is; anybody else then ends the flow as `other.wrong_person`.
    person: Option<PersonRequest>,
    /// What the service declares as inputs: texts, numbers, truth values.
    #[schema(value_type = Option<std::collections::BTreeMap<String, serde_json::Value>>, example = json!({"licence": "123456"}))]
    inputs: Option<serde_json::Map<String, serde_json::Value>>,
    /// Where the person goes afterwards; `https`.
    #[schema(format = "uri", max_length = 2048)]
    return_url: Option<String>,
    /// Where the outcome notice goes; `https`.
    #[schema(format = "uri", max_length = 2048)]
    notify_url: Option<String>,
    /// The flow that this one tries again.
    #[schema(format = "uuid")]
    retry_of: Option<String>,
    /// For `verify_qr`: the text of the code that the person's card shows, as the scanner reads it.
    #[schema(max_length = 4096)]
    qr_data: Option<String>,
    /// For `sign`: the preview token that `POST /v1/documents` answered.
    #[schema(max_length = 4096)]
    document: Option<String>,
    /// For `notify`: the name of a template of the service.
    #[schema(max_length = 64)]
    template: Option<String>,
}

/// The body of `POST /v1/journeys`, for the API's description. [`read_journey`] is the reader.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JourneyRequest {
    /// The name of a service that has steps.
    #[schema(example = "loan-agreement", pattern = "^[a-z][a-z0-9-]{0,63}$")]
    service: String,
    /// Where the person is; the service has to declare it.
    #[schema(example = "web")]
    channel: super::answer::ChannelName,
    /// The person's language; Arabic unless told otherwise.
    #[schema(default = "ar")]
    locale: Option<super::answer::LocaleName>,
    /// The person to ask; may be left out where the first step shows a code.
    person: Option<PersonRequest>,
    /// What the service declares as inputs: texts, numbers, truth values.
    #[schema(value_type = Option<std::collections::BTreeMap<String, serde_json::Value>>, example = json!({"amount": 4500}))]
    inputs: Option<serde_json::Map<String, serde_json::Value>>,
    /// Where the person goes afterwards; `https`.
    #[schema(format = "uri", max_length = 2048)]
    return_url: Option<String>,
    /// Where the notice of the outcome goes, `journey.ended`; `https`.
    #[schema(format = "uri", max_length = 2048)]
    notify_url: Option<String>,
    /// Where a step signs: the preview token that `POST /v1/documents` answered.
    #[schema(max_length = 4096)]
    document: Option<String>,
}

const MOST_QR: usize = 4_096;
const MOST_TOKEN: usize = 4_096;
const MOST_NAME: usize = 64;

/// The person to ask.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonRequest {
    /// The civil number, twelve digits; both digit alphabets are read.
    #[schema(example = "399123100017")]
    civil_no: String,
}

const MEMBERS: [&str; 12] = [
    "service",
    "capability",
    "channel",
    "locale",
    "person",
    "inputs",
    "return_url",
    "notify_url",
    "retry_of",
    "qr_data",
    "document",
    "template",
];

const JOURNEY_MEMBERS: [&str; 8] = [
    "service",
    "channel",
    "locale",
    "person",
    "inputs",
    "return_url",
    "notify_url",
    "document",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words::Purpose;

    const GOOD: &str = r#"{"service":"licence-renewal","capability":"auth_push","channel":"web",
        "person":{"civil_no":"٣٩٩١٢٣١٠٠٠١٧"},"inputs":{"licence":"123456","amount":1.5,"fast":true}}"#;

    fn refused(body: &str) -> String {
        let problem = read(body.as_bytes(), "portal".into(), None, false).err().unwrap();
        let mut shown = serde_json::to_value(&problem).unwrap();
        let shown = shown.as_object_mut().unwrap();
        let part = |name: &str| shown.get(name).map(ToString::to_string).unwrap_or_default();
        format!(
            "{} {}:{} {} {}",
            problem.code(),
            part("line"),
            part("column"),
            part("member"),
            part("detail")
        )
    }

    #[test]
    fn a_good_request_is_read() {
        let request = read(GOOD.as_bytes(), "portal".into(), None, false).ok().unwrap();
        assert_eq!(request.service, "licence-renewal");
        assert_eq!(request.locale, Locale::Ar);
        let number = request.civil_no.unwrap();
        assert_eq!(number.expose(Purpose::Compare), "399123100017");
        assert_eq!(request.inputs.len(), 3);
    }

    // The members that are described are those that are taken: three of them once were not, and no e-service could begin a
    // flow to verify a card, to sign or to notify.
    #[test]
    fn every_member_of_the_description_is_taken() {
        use utoipa::PartialSchema as _;
        let schema = serde_json::to_value(FlowRequest::schema()).unwrap();
        let mut described: Vec<&str> = schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut taken = MEMBERS.to_vec();
        described.sort_unstable();
        taken.sort_unstable();
        assert_eq!(described, taken);
        for (capability, member) in [
            ("verify_qr", "qr_data"),
            ("sign", "document"),
            ("notify", "template"),
        ] {
            let body =
                format!(r#"{{"service":"a","capability":"{capability}","channel":"web","{member}":"x"}}"#);
            let read = read(body.as_bytes(), "portal".into(), None, false).ok().unwrap();
            let given = read.qr_data.or(read.document).or(read.template);
            assert_eq!(given.as_deref(), Some("x"), "{member}");
        }
    }

    #[test]
    fn every_member_of_a_journey_is_taken() {
        use utoipa::PartialSchema as _;
        let schema = serde_json::to_value(JourneyRequest::schema()).unwrap();
        let described = schema["properties"].as_object().unwrap();
        let mut described: Vec<&str> = described.keys().map(String::as_str).collect();
        let mut taken = JOURNEY_MEMBERS.to_vec();
        described.sort_unstable();
        taken.sort_unstable();
        assert_eq!(described, taken);
        let body = r#"{"service":"a","channel":"web","document":"x","inputs":{"amount":4500}}"#;
        let read = read_journey(body.as_bytes(), "portal".into(), None, false)
            .ok()
            .unwrap();
        assert_eq!((read.document.as_deref(), read.inputs.len()), (Some("x"), 1));
        let one_flow = r#"{"service":"a","channel":"web","capability":"sign"}"#;
        assert!(read_journey(one_flow.as_bytes(), "portal".into(), None, false).is_err());
    }

    #[test]
    fn each_fault_is_told_with_its_place() {
        let faults = [
            "",
            "[]",
            "{",
            "{\"service\": 5}",
            "{\n  \"servce\": \"x\"}",
            "{\"service\":\"a\",\"service\":\"b\"}",
            "{\"service\":\"a\"} trailing",
            "{\"service\":\"a\"}",
            "{\"service\":\"a\",\"capability\":\"auth_pusch\",\"channel\":\"web\"}",
            "{\"service\":\"a\",\"capability\":\"auth_push\",\"channel\":\"fax\"}",
            "{\"service\":\"a\",\"capability\":\"auth_push\",\"channel\":\"web\",\"person\":{\"civil_no\":399123100017}}",
            "{\"service\":\"a\",\"capability\":\"auth_push\",\"channel\":\"web\",\"person\":{\"civil_no\":\"399123100018\"}}",
            "{\"service\":\"a\",\"capability\":\"auth_push\",\"channel\":\"web\",\"person\":{\"name\":\"x\"}}",
            "{\"service\":\"a\",\"capability\":\"auth_push\",\"channel\":\"web\",\"inputs\":{\"a\":{}}}",
            "{\"service\":\"a\",\"capability\":\"auth_push\",\"channel\":\"web\",\n \"inputs\":{\"a\":1,\n\"a\":2}}",
            "{\"service\":\"a\",\"capability\":\"auth_push\",\"channel\":\"web\",\"notify_url\":\"http://127.0.0.1/x\"}",
            "{\"service\":\"a\",\"capability\":\"auth_push\",\"channel\":\"web\",\"notify_url\":\"https://u:p@x.test/\"}",
            "{\"service\":\"a\",\"capability\":\"auth_push\",\"channel\":\"web\",\"return_url\":\"javascript:alert(1)\"}",
            "{\"service\":\"a\",\"capability\":\"auth_push\",\"channel\":\"web\",\"retry_of\":\"1\"}",
            "{\"399123100017\": 1}",
        ];
        let told: Vec<String> = faults
            .iter()
            .map(|fault| format!("{fault}\n  -> {}", refused(fault)))
            .collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    // Law 13: what a client sent is not repeated, for it may be personal.
    #[test]
    fn no_fault_repeats_a_value() {
        for body in [
            r#"{"service":"a","capability":"auth_push","channel":"web","person":{"civil_no":299123100018}}"#,
            r#"{"service":"a","capability":"auth_push","channel":"web","person":"299123100018"}"#,
            r#"{"service":299123100018}"#,
            r#"{"299123100018":1}"#,
            r#"{"service":"a","capability":"299123100018","channel":"web"}"#,
        ] {
            assert!(!refused(body).contains("299123100018"), "{body}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_in_development() {
        let body = |url: &str| {
            format!(r#"{{"service":"a","capability":"auth_push","channel":"web","notify_url":"{url}"}}"#)
        };
        for (url, good) in [
            ("http://127.0.0.1:9/x", true),
            ("http://localhost/x", true),
            ("http://[::1]:80/", true),
            ("http://localhost.example.test/", false),
            ("http://127.0.0.1.example.test/", false),
            ("http://10.0.0.1/", false),
            ("ftp://127.0.0.1/", false),
            ("https://example.test/x", true),
        ] {
            let read = read(body(url).as_bytes(), "c".into(), None, true);
            assert_eq!(read.is_ok(), good, "{url}");
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body, "c".into(), None, false);
        }

        #[test]
        fn no_cut_and_no_changed_byte_makes_the_reader_panic(cut in 0usize..200, byte in any::<u8>()) {
            let mut body = GOOD.as_bytes().to_vec();
            let cut = cut.min(body.len() - 1);
            body[cut] = byte;
            let _ = read(&body, "c".into(), None, false);
            body.truncate(cut);
            prop_assert!(read(&body, "c".into(), None, false).is_err());
        }
    }
}
