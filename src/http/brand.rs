use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;

use crate::catalog::Catalog;
use crate::words::Digest;

/// Where the logo of the organization is served; `None` where it has none that can be shown. The address names the picture,
/// so that a new logo is never mixed up with a kept one.
pub(super) fn address(catalog: &Catalog) -> Option<String> {
    let (_, bytes) = catalog.logo()?;
    Some(format!("/brand/{}", Digest::of(&bytes).short()))
}

/// Serves the logo under its own address, and nothing under any other.
pub(super) fn serve(catalog: &Catalog, name: &str) -> Response {
    match catalog.logo() {
        Some((kind, bytes)) if Digest::of(&bytes).short() == name => (
            [
                (header::CONTENT_TYPE, kind),
                (header::CACHE_CONTROL, "public, max-age=86400, immutable"),
            ],
            bytes.into_owned(),
        )
            .into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
