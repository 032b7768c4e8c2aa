use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;

/// One of the files that the pages use; all are within the binary.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let found = ASSETS.iter().find(|(known, _, _)| *known == name);
    match found {
        Some((_, kind, bytes)) => served(kind, bytes),
        None => (StatusCode::NOT_FOUND, "no such file").into_response(),
    }
}

/// Browsers ask for it unbidden.
pub(super) async fn favicon() -> Response {
    served("image/svg+xml", ICON)
}

fn served(kind: &'static str, bytes: &'static [u8]) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        // Short, since the next build may bring another file under the same name.
        (header::CACHE_CONTROL, "max-age=60"),
    ];
    (headers, bytes).into_response()
}

const ICON: &[u8] = include_bytes!("../../../assets/sandbox/icon.svg");
const ASSETS: &[(&str, &str, &[u8])] = &[
    (
        "phone.css",
        "text/css; charset=utf-8",
        include_bytes!("../../../assets/sandbox/phone.css"),
    ),
    (
        "phone.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../../assets/sandbox/phone.js"),
    ),
    ("icon.svg", "image/svg+xml", ICON),
    (
        "plex-arabic-400.woff2",
        "font/woff2",
        include_bytes!("../../../assets/fonts/ibm-plex-sans-arabic-arabic-400.woff2"),
    ),
    (
        "plex-arabic-700.woff2",
        "font/woff2",
        include_bytes!("../../../assets/fonts/ibm-plex-sans-arabic-arabic-700.woff2"),
    ),
    (
        "plex-latin-400.woff2",
        "font/woff2",
        include_bytes!("../../../assets/fonts/ibm-plex-sans-arabic-latin-400.woff2"),
    ),
    (
        "plex-latin-700.woff2",
        "font/woff2",
        include_bytes!("../../../assets/fonts/ibm-plex-sans-arabic-latin-700.woff2"),
    ),
];
