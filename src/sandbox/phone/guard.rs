use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;

/// Lets in what comes from this machine and this origin alone, and puts the same headers on every answer.
///
/// Another site's page in the same browser can send a form here, and can point a name of its own at loopback;
/// neither may tap on the phone.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let refused = refusal(request.method(), request.uri(), request.headers());
    let mut response = match refused {
        Some(reason) => (StatusCode::FORBIDDEN, reason).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    let cached = response.headers().contains_key(header::CACHE_CONTROL);
    if !cached {
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn refusal(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    let named = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    // HTTP/2 names the host in the request line.
    let host = named
        .or_else(|| uri.authority().map(Authority::as_str))
        .unwrap_or_default();
    if !is_loopback(host) {
        return Some("the phone answers to loopback names only; open it as http://127.0.0.1");
    }
    if method == Method::GET || method == Method::HEAD {
        return None;
    }
    // `Sec-Fetch-Site` decides where it is there: no page can forge it, and `Origin` is `null` in odd places.
    let own = match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(site) => matches!(site, b"same-origin" | b"none"),
        None => {
            let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
            let expected = format!("http://{host}");
            origin.is_none_or(|origin| origin == expected.as_bytes())
        }
    };
    (!own).then_some("the phone takes taps from its own pages only")
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address = name.parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

const HEADERS: [(header::HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: under that a browser sends `Origin: null` with the phone's own forms, and they are refused.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        header::HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        header::HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| {
                (
                    header::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn names_that_only_point_here_are_refused() {
        for host in [
            "localhost:1",
            "127.0.0.1:80",
            "[::1]:80",
            "127.9.9.9",
            "LOCALHOST",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "evil.example:1",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "",
            "[::2]",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    // Fault: under `no-referrer` Chromium sends `Origin: null` with the phone's own forms, and no tap was taken.
    #[test]
    fn browsers_are_told_to_name_the_phone_to_itself() {
        let policy = HEADERS
            .into_iter()
            .find(|(name, _)| *name == header::REFERRER_POLICY);
        assert_eq!(policy.map(|(_, value)| value), Some("same-origin"));
    }

    #[test]
    fn a_request_that_names_no_host_is_refused_and_one_of_http_2_is_not() {
        let nothing = HeaderMap::new();
        assert!(refusal(&Method::GET, &Uri::from_static("/"), &nothing).is_some());
        let named = Uri::from_static("http://127.0.0.1:5/");
        assert!(refusal(&Method::GET, &named, &nothing).is_none());
    }

    #[test]
    fn a_tap_from_another_site_is_refused() {
        let host = ("host", "127.0.0.1:5");
        for good in [
            vec![host],
            vec![
                host,
                ("origin", "http://127.0.0.1:5"),
                ("sec-fetch-site", "same-origin"),
            ],
            // What a browser sends with a form of a page that tells no referrer.
            vec![host, ("origin", "null"), ("sec-fetch-site", "same-origin")],
            vec![host, ("origin", "http://127.0.0.1:5")],
        ] {
            assert_eq!(
                refusal(&Method::POST, &Uri::from_static("/"), &headers(&good)),
                None
            );
        }
        for bad in [
            vec![host, ("origin", "http://evil.example")],
            vec![host, ("origin", "null"), ("sec-fetch-site", "cross-site")],
            vec![host, ("origin", "http://127.0.0.1:6")],
            vec![host, ("origin", "null")],
            vec![host, ("sec-fetch-site", "cross-site")],
            vec![host, ("sec-fetch-site", "same-site")],
        ] {
            assert!(refusal(&Method::POST, &Uri::from_static("/"), &headers(&bad)).is_some());
        }
    }
}
