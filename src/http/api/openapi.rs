use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use utoipa::OpenApi;
use utoipa::openapi::security::Http;
use utoipa::openapi::security::HttpAuthScheme;
use utoipa::openapi::security::SecurityScheme;

/// The description of the API, OpenAPI 3.1, as JSON that ends with a line feed.
pub fn openapi() -> String {
    let mut text = Description::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Answers with the description.
pub(super) async fn serve() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi()).into_response()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "midflow",
        description = "Mobile ID flows for e-services. Errors are `application/problem+json` (RFC 9457) with a stable `code`; programs decide by the code.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
        contact(),
    ),
    paths(
        super::flows::start,
        super::flows::read,
        super::flows::cancel,
        super::flows::renew,
        super::flows::not_me,
        super::journeys::start,
        super::journeys::read,
        super::journeys::cancel,
        super::documents::keep,
        super::events::follow,
        super::operation::webhook_key,
        super::operation::healthz,
        super::operation::readyz,
        super::operation::metrics,
    ),
    modifiers(&Keys),
    tags(
        (name = "flows", description = "Ask a person, and learn how it ended"),
        (name = "journeys", description = "Take a person through several steps"),
        (name = "notices", description = "Outcome notices to `notify_url`"),
        (name = "operation", description = "For whoever runs the server"),
    ),
)]
struct Description;

struct Keys;

impl utoipa::Modify for Keys {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Write the committed copy again with `UPDATE_OPENAPI=1 cargo test openapi`.
    #[test]
    fn the_committed_description_is_current() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, openapi()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert_eq!(committed, openapi(), "run UPDATE_OPENAPI=1 cargo test openapi");
    }

    #[test]
    fn it_is_openapi_3_1_and_every_operation_tells_its_problems() {
        let description: serde_json::Value = serde_json::from_str(&openapi()).unwrap();
        assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
        for (path, item) in description["paths"].as_object().unwrap() {
            for (_, operation) in item.as_object().unwrap() {
                let responses = operation["responses"].as_object().unwrap();
                let protected = operation.get("security").is_some();
                assert_eq!(protected, responses.contains_key("401"), "{path}");
                assert!(operation["summary"].as_str().unwrap().len() > 5, "{path}");
            }
        }
    }
}
