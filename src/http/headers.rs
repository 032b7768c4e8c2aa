use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;

use super::answer_headers::AnswerHeaders;

/// What a site of pages is reached as.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// Host and port of its public base; other hosts are refused, which stops DNS rebinding. `None` serves
    /// every loopback name.
    authority: Option<String>,
    /// Whether it is reached by TLS.
    https: bool,
}

impl Site {
    /// Reads a public base such as `https://console.example.test`.
    pub(super) fn of_base(base: &str) -> Self {
        let (scheme, rest) = base.split_once("://").unwrap_or(("", base));
        Self {
            authority: Some(rest.split('/').next().unwrap_or_default().to_ascii_lowercase()),
            https: scheme == "https",
        }
    }

    /// A site on this machine, whatever its port.
    pub(super) const fn loopback() -> Self {
        Self {
            authority: None,
            https: false,
        }
    }

    /// Whether cookies can be `Secure`.
    pub(super) const fn is_https(&self) -> bool {
        self.https
    }

    /// Whether a request came under the name of this site, or under a loopback name with the same port.
    fn serves(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let port = |authority: &str| authority.rsplit_once(':').map(|(_, port)| port.to_owned());
        let name = |authority: &str| {
            authority
                .rsplit_once(':')
                .map_or(authority, |(name, _)| name)
                .to_owned()
        };
        let loopback = |authority: &str| LOOPBACK.contains(&name(authority).as_str());
        match &self.authority {
            None => loopback(&host),
            Some(own) => host == *own || loopback(&host) && loopback(own) && port(&host) == port(own),
        }
    }
}

/// Refuses other hosts, refuses writes that come from other sites, and adds the headers of pages.
pub(super) async fn page_headers(State(site): State<Site>, request: Request, next: Next) -> Response {
    let host = host(&request);
    if !host.is_some_and(|host| site.serves(host)) {
        return bare(
            StatusCode::MISDIRECTED_REQUEST,
            "this host name is not served here\n",
        );
    }
    if !request.method().is_safe() && is_cross_site(request.headers(), &site) {
        return bare(StatusCode::FORBIDDEN, "this request came from another site\n");
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // A page that takes in something of another origin says so itself.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        set(headers, header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    }
    set(headers, PERMISSIONS_POLICY, PERMISSIONS);
    common(headers);
    if site.https {
        set(headers, header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

/// Adds the headers of API answers.
pub(super) const fn api_headers() -> AnswerHeaders {
    AnswerHeaders::new(|headers| {
        common(headers);
        set(headers, header::CONTENT_SECURITY_POLICY, API_POLICY);
    })
}

/// Adds the headers of a document that a page of this site shows in a frame: nothing in it runs or loads anything, and no
/// other site may frame it.
pub(super) const fn document_headers() -> AnswerHeaders {
    AnswerHeaders::new(|headers| {
        set(headers, header::CONTENT_SECURITY_POLICY, DOCUMENT_POLICY);
        common(headers);
        set(headers, header::X_FRAME_OPTIONS, "SAMEORIGIN");
    })
}

fn common(headers: &mut HeaderMap) {
    // In one go: a map that grows puts all its headers in place again each time.
    headers.reserve(MOST_ADDED);
    if !headers.contains_key(header::CACHE_CONTROL) || !is_immutable(headers) {
        set(headers, header::CACHE_CONTROL, "no-store");
    }
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::X_FRAME_OPTIONS, "DENY");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    set(
        headers,
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        headers,
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
}

/// Assets are named by their content, and may be kept.
fn is_immutable(headers: &HeaderMap) -> bool {
    headers
        .get(header::CACHE_CONTROL)
        .is_some_and(|value| value.as_bytes().ends_with(b"immutable"))
}

fn host(request: &Request) -> Option<&str> {
    let named = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    named.or_else(|| request.uri().authority().map(|authority| authority.as_str()))
}

/// A browser says where a request comes from, by `Sec-Fetch-Site` or at least by `Origin`. The token of the
/// form is checked besides.
fn is_cross_site(headers: &HeaderMap, site: &Site) -> bool {
    if let Some(from) = headers.get("sec-fetch-site") {
        return from != "same-origin" && from != "none";
    }
    match headers.get(header::ORIGIN).map(HeaderValue::to_str) {
        Some(Ok(origin)) => !origin
            .split_once("://")
            .is_some_and(|(_, authority)| site.serves(authority)),
        Some(Err(_)) => true,
        None => false,
    }
}

fn bare(status: StatusCode, text: &'static str) -> Response {
    let mut response = (status, text).into_response();
    set(
        response.headers_mut(),
        header::CONTENT_SECURITY_POLICY,
        API_POLICY,
    );
    common(response.headers_mut());
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

/// How many headers may come to those of a handler, here and in the server.
const MOST_ADDED: usize = 12;
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types midflow";
const DOCUMENT_POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
const API_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), \
    publickey-credentials-get=(), usb=()";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const HSTS: &str = "max-age=31536000; includeSubDomains";
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

#[cfg(test)]
mod tests {
    use super::*;

    // Threat B-19: a page of another site that gets its name to point here reaches nothing.
    #[test]
    fn only_its_own_names_are_served() {
        let site = Site::of_base("http://localhost:8080");
        for (host, served) in [
            ("localhost:8080", true),
            ("LOCALHOST:8080", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("localhost:8081", false),
            ("localhost", false),
            ("evil.example:8080", false),
            ("localhost.evil.example:8080", false),
            ("", false),
        ] {
            assert_eq!(site.serves(host), served, "{host}");
        }
        let public = Site::of_base("https://console.example.test/x");
        assert!(public.serves("console.example.test") && !public.serves("127.0.0.1"));
    }
}
