use super::ask::JSON;
use super::ask::KEY;
use super::ask::START;
use super::ask::api;
use super::ask::request;
use super::ask::send;
use crate::engine::ProblemCode;
use crate::http::fake::Fake;
use crate::http::fake::problem;

#[tokio::test]
async fn each_problem_is_told_as_rfc_9457_says() {
    let fake = Fake::new();
    let router = api(&fake);
    let (large, long) = ("x".repeat(65_537), format!("/v1/flows/{}", "0".repeat(64)));
    let asks: &[Ask<'_>] = &[
        ("GET", "/nowhere", &[], ""),
        ("GET", "/v1/flows", &[KEY], ""),
        ("DELETE", "/v1/flows/1", &[KEY], ""),
        ("PUT", "/healthz", &[], ""),
        ("POST", "/v1/flows", &[JSON], START),
        (
            "POST",
            "/v1/flows",
            &[JSON, ("authorization", "Bearer wrong")],
            START,
        ),
        (
            "POST",
            "/v1/flows",
            &[JSON, ("authorization", "Basic cG9ydGFsLWtleQ==")],
            START,
        ),
        ("POST", "/v1/flows", &[JSON, KEY, KEY], START),
        ("POST", "/v1/flows", &[KEY], START),
        ("POST", "/v1/flows", &[KEY, ("content-type", "text/plain")], START),
        (
            "POST",
            "/v1/flows",
            &[KEY, ("content-type", "application/json; charset=latin1")],
            START,
        ),
        ("POST", "/v1/flows", &[KEY, JSON], &large),
        (
            "POST",
            "/v1/flows",
            &[KEY, JSON],
            "{\n  \"service\": \"a\",\n  \"service\": \"b\"\n}",
        ),
        (
            "POST",
            "/v1/flows",
            &[KEY, JSON],
            "{\n  \"servise\": \"licence-renewal\"\n}",
        ),
        (
            "POST",
            "/v1/flows",
            &[KEY, JSON, ("idempotency-key", "a b")],
            START,
        ),
        ("GET", &long, &[KEY], ""),
        ("GET", "/v1/flows/1?wait=soon", &[KEY], ""),
        ("GET", "/v1/flows/1?wiat=1", &[KEY], ""),
    ];
    let mut told = Vec::new();
    for (method, path, headers, body) in asks {
        let answer = send(&router, request(method, path, headers, body)).await;
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{method} {path}"
        );
        assert_eq!(answer.json()["status"], answer.status.as_u16());
        assert_eq!(
            answer.json()["instance"],
            format!("urn:uuid:{}", answer.header("x-request-id"))
        );
        told.push(shown(method, path, &answer));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn each_refusal_of_the_engine_has_its_status() {
    let fake = Fake::new();
    let router = api(&fake);
    let mut told = Vec::new();
    for code in CODES {
        fake.inner.lock().unwrap().refuse = Some(problem(code, "as the engine says it"));
        let answer = send(&router, request("POST", "/v1/flows", &[KEY, JSON], START)).await;
        assert_eq!(answer.json()["code"], code.as_str());
        told.push(shown("POST", "/v1/flows", &answer));
    }
    insta::assert_snapshot!(told.join("\n"));
}

fn shown(method: &str, path: &str, answer: &super::ask::Answer) -> String {
    let mut problem = answer.json();
    problem.as_object_mut().unwrap().remove("instance");
    let extra = ["allow", "retry-after", "www-authenticate"]
        .map(|name| (name, answer.header(name)))
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("\n    {name}: {value}"));
    let path: String = path.chars().take(40).collect();
    format!("{method} {path}\n    {problem}{}", extra.collect::<String>())
}

/// Method, path, headers and body.
type Ask<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

const CODES: [ProblemCode; 15] = [
    ProblemCode::UnknownService,
    ProblemCode::CapabilityNotDeclared,
    ProblemCode::ChannelNotDeclared,
    ProblemCode::InvalidCivilNo,
    ProblemCode::InvalidInput,
    ProblemCode::InvalidRequest,
    ProblemCode::TooManyRequests,
    ProblemCode::IdempotencyConflict,
    ProblemCode::UnknownFlow,
    ProblemCode::FlowEnded,
    ProblemCode::RetryNotAllowed,
    ProblemCode::ReportTooLate,
    ProblemCode::StoreUnavailable,
    ProblemCode::ShuttingDown,
    ProblemCode::Internal,
];
