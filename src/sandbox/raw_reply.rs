use std::borrow::Cow;

/// A reply to a request that is none of the contract; nobody was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RawReply {
    Unauthorized,
    BadGateway,
    Unavailable,
    Redirected,
    Page,
    Empty,
    Cut,
    Double,
    Huge,
}

impl RawReply {
    /// The status of HTTP.
    pub(super) const fn status(self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::BadGateway => 502,
            Self::Unavailable => 503,
            Self::Redirected => 307,
            Self::Page | Self::Empty | Self::Cut | Self::Double | Self::Huge => 200,
        }
    }

    /// Where it leads, if it leads elsewhere: an address at which nobody listens.
    pub(super) const fn location(self) -> Option<&'static str> {
        match self {
            Self::Redirected => Some("https://127.0.0.1:9/elsewhere"),
            _ => None,
        }
    }

    /// The body.
    pub(super) fn body(self) -> Cow<'static, str> {
        match self {
            Self::Unauthorized | Self::Unavailable | Self::Redirected | Self::Empty => Cow::Borrowed(""),
            Self::BadGateway | Self::Page => {
                Cow::Borrowed("<!doctype html><title>Gateway</title><p>Try again later.")
            }
            Self::Cut => Cow::Borrowed(r#"{"Data":"5b0e7c1a-2f64-4f0e-9a5"#),
            Self::Double => Cow::Borrowed(
                r#"{"Data":"5b0e7c1a-2f64-4f0e-9a55-3d2b8c6f1e90","Error":{"Code":1099,"Message":"x"}}"#,
            ),
            Self::Huge => Cow::Owned(" ".repeat(HUGE)),
        }
    }
}

const HUGE: usize = 1024 * 1024;
