use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;

use super::assets::ASSETS;
use super::assets::Assets;
use super::ui::Ui;
use crate::words::Locale;
use crate::words::Text;

/// What every page needs.
pub(super) struct Page {
    pub(super) locale: Locale,
    pub(super) ui: &'static Ui,
    pub(super) assets: &'static Assets,
    /// The title, without the name of the site.
    pub(super) title: String,
    /// The path of the page; the language switch leads back to it.
    pub(super) path: String,
    /// Which site it belongs to.
    pub(super) site: SiteName,
}

/// The sites, each with its own head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SiteName {
    Citizen,
    Console,
    Demo,
}

/// Who looks at a page, as far as it matters: the language and the path.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) locale: Locale,
    pub(super) path: String,
    /// Whether the language was chosen just now, and has to be kept.
    chosen: bool,
    /// Whether this browser has said which language it wants, now or earlier.
    decided: bool,
}

impl Page {
    pub(super) fn new(visitor: &Visitor, site: SiteName, title: impl Into<String>) -> Self {
        Self {
            locale: visitor.locale,
            ui: Ui::of(visitor.locale),
            assets: &ASSETS,
            title: title.into(),
            path: visitor.path.clone(),
            site,
        }
    }

    /// A text in the language of the page.
    pub(super) fn say<'t>(&self, text: &'t Text) -> &'t str {
        text.in_locale(self.locale)
    }

    /// The name of the site, for the title.
    pub(super) const fn site_title(&self) -> &'static str {
        match self.site {
            SiteName::Citizen => self.ui.mobile_id,
            SiteName::Console => self.ui.console,
            SiteName::Demo => self.ui.demo_site,
        }
    }

    pub(super) fn is_console(&self) -> bool {
        self.site == SiteName::Console
    }

    pub(super) fn is_demo(&self) -> bool {
        self.site == SiteName::Demo
    }
}

impl Visitor {
    pub(super) const fn ui(&self) -> &'static Ui {
        Ui::of(self.locale)
    }

    /// The same visitor, in this language unless they have chosen one.
    pub(super) fn in_language(self, locale: Locale) -> Self {
        if self.decided {
            self
        } else {
            Self { locale, ..self }
        }
    }

    /// The page as an answer, which also keeps a language that was chosen.
    pub(super) fn show(&self, status: StatusCode, page: &impl Template) -> Response {
        match page.render() {
            Ok(text) => self.keep_language((status, Html(text)).into_response()),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }

    fn keep_language(&self, mut response: Response) -> Response {
        if self.chosen {
            let cookie = format!(
                "{LANGUAGE}={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
                self.locale
            );
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
        response
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let chosen = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("lang="))
            .and_then(Locale::from_name);
        let kept = cookie(&parts.headers, LANGUAGE).and_then(|value| Locale::from_name(&value));
        Ok(Self {
            decided: chosen.or(kept).is_some(),
            locale: chosen.or(kept).unwrap_or_default(),
            path: parts.uri.path().to_owned(),
            chosen: chosen.is_some(),
        })
    }
}

/// The value of a cookie.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned())
}

const LANGUAGE: &str = "midflow-lang";
