use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;

use super::headers::api_headers;
use crate::words::Digest;

/// The addresses of what pages load; each is named by its content.
#[derive(Debug)]
pub(super) struct Assets {
    pub(super) stylesheet: String,
    pub(super) favicon: String,
    pub(super) live_script: String,
    pub(super) waiting_script: String,
    /// The two faces that the first picture needs.
    pub(super) early_fonts: [String; 2],
    files: Vec<Asset>,
}

#[derive(Debug)]
struct Asset {
    name: String,
    kind: &'static str,
    bytes: Vec<u8>,
}

/// Serves `/assets/…` and `/favicon.ico`, from the binary itself.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/assets/{name}", get(asset))
        .route(
            "/favicon.ico",
            get(|| async { serve(&ASSETS.favicon.replacen("/assets/", "", 1)) }),
        )
        .layer(api_headers())
}

/// The custom element for pages of e-services, one small file.
pub(super) static EMBED_SCRIPT: LazyLock<String> =
    LazyLock::new(|| [COUNTDOWN, include_str!("../../assets/embed.js")].concat());

/// The style sheet of the pages for a shadow root, where no font can be declared.
pub(super) static EMBED_STYLE: LazyLock<String> = LazyLock::new(|| {
    let lines = STYLESHEET.lines().filter(|line| !line.starts_with("@font-face"));
    lines.flat_map(|line| [line, "\n"]).collect()
});

/// The addresses.
pub(super) static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::embedded);

async fn asset(Path(name): Path<String>) -> Response {
    serve(&name)
}

fn serve(name: &str) -> Response {
    match ASSETS.files.iter().find(|asset| asset.name == name) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.kind),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ],
            asset.bytes.clone(),
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Assets {
    fn embedded() -> Self {
        let mut files = Vec::new();
        let mut add = |stem: &str, ending: &str, kind: &'static str, bytes: &[u8]| {
            let name = format!("{stem}-{}.{ending}", Digest::of(bytes).short());
            files.push(Asset {
                name: name.clone(),
                kind,
                bytes: bytes.to_vec(),
            });
            format!("/assets/{name}")
        };
        let mut stylesheet = STYLESHEET.to_owned();
        let mut fonts = Vec::new();
        for (stem, bytes) in FONTS {
            let address = add(stem, "woff2", "font/woff2", bytes);
            stylesheet = stylesheet.replace(&format!("{{{{{stem}}}}}"), &address);
            fonts.push(address);
        }
        let early_fonts = [
            fonts.first().cloned().unwrap_or_default(),
            fonts.get(2).cloned().unwrap_or_default(),
        ];
        Self {
            stylesheet: add("midflow", "css", "text/css; charset=utf-8", stylesheet.as_bytes()),
            favicon: add("favicon", "svg", "image/svg+xml", FAVICON),
            live_script: add("live", "js", SCRIPT, LIVE),
            waiting_script: add("waiting", "js", SCRIPT, [COUNTDOWN, WAITING].concat().as_bytes()),
            early_fonts,
            files,
        }
    }
}

pub(super) const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLESHEET: &str = include_str!("../../assets/midflow.css");
const FAVICON: &[u8] = include_bytes!("../../assets/favicon.svg");
const LIVE: &[u8] = include_bytes!("../../assets/live.js");
const WAITING: &str = include_str!("../../assets/waiting.js");
/// What the page and the custom element share.
const COUNTDOWN: &str = include_str!("../../assets/countdown.js");
const FONTS: [(&str, &[u8]); 4] = [
    (
        "plex-arabic-400",
        include_bytes!("../../assets/fonts/ibm-plex-sans-arabic-arabic-400.woff2"),
    ),
    (
        "plex-arabic-700",
        include_bytes!("../../assets/fonts/ibm-plex-sans-arabic-arabic-700.woff2"),
    ),
    (
        "plex-latin-400",
        include_bytes!("../../assets/fonts/ibm-plex-sans-arabic-latin-400.woff2"),
    ),
    (
        "plex-latin-700",
        include_bytes!("../../assets/fonts/ibm-plex-sans-arabic-latin-700.woff2"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    // U9: a citizen page with its fonts weighs at most 120 KB at first load; the stylesheet at most 30.
    #[test]
    fn pages_stay_light() {
        let sheet = STYLESHEET.len();
        assert!(sheet < 30_000, "{sheet}");
        let arabic_page =
            sheet + FONTS[0].1.len() + FONTS[1].1.len() + LIVE.len() + COUNTDOWN.len() + WAITING.len();
        assert!(arabic_page < 120_000, "{arabic_page}");
    }

    #[test]
    fn the_stylesheet_asks_nobody_else_and_knows_no_left_and_right() {
        let sheet = ASSETS
            .files
            .iter()
            .find(|asset| asset.kind.starts_with("text/css"))
            .unwrap();
        let text = String::from_utf8(sheet.bytes.clone()).unwrap();
        assert!(!text.contains("{{") && !text.contains("//") && !text.contains("@import"));
        assert_eq!(
            text.matches("url(").count(),
            text.matches("url(\"/assets/").count()
        );
        for line in text.lines() {
            for physical in [
                "margin-left",
                "margin-right",
                "padding-left",
                "padding-right",
                "border-left",
                "border-right",
                "text-align: left",
                "text-align: right",
                "float:",
                "left:",
                "right:",
                "letter-spacing",
                "font-style: italic",
                "text-transform",
            ] {
                assert!(!line.trim_start().starts_with(physical), "{line}");
            }
        }
    }
}
