use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use super::ask::Answer;
use super::ask::api;
use super::ask::request;
use super::ask::send;
use crate::http::DemoSettings;
use crate::http::PageClock;
use crate::http::fake::Fake;
use crate::words::Outcome;

/// The demo with the API at an address.
pub(super) fn demo(fake: &Arc<Fake>, api_base: &str) -> Router {
    let settings = DemoSettings {
        api_base: api_base.to_owned(),
        key: "portal-key".to_owned().into(),
        public_base: "http://localhost:8080".to_owned(),
        phone_url: Some("http://localhost:8081".to_owned()),
        console_url: Some("http://localhost:8082".to_owned()),
        example_civil_no: Some("399123100017".to_owned()),
        clock: PageClock::new(Fake::now),
    };
    crate::http::demo(fake.clone(), settings).unwrap()
}

/// The API of a fake, on a port of its own.
pub(super) async fn listening(fake: &Arc<Fake>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = api(fake);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A browser that keeps its cookie and fills forms.
pub(super) struct Browser {
    router: Router,
    cookie: String,
}

impl Browser {
    pub(super) const fn new(router: Router) -> Self {
        Self {
            router,
            cookie: String::new(),
        }
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        let cookie = self.cookie.clone();
        let answer = send(&self.router, request("GET", path, &[("cookie", &cookie)], "")).await;
        self.keep(&answer);
        answer
    }

    pub(super) async fn post(&mut self, path: &str, body: &str) -> Answer {
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        let answer = send(&self.router, request("POST", path, &headers, body)).await;
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for value in answer.headers.get_all("set-cookie") {
            let value = value.to_str().unwrap();
            if value.starts_with("midflow-demo=") {
                assert!(
                    value.contains("HttpOnly") && value.contains("SameSite=Lax"),
                    "{value}"
                );
                self.cookie = value.split(';').next().unwrap().to_owned();
            }
        }
    }
}

/// The value of a hidden field.
pub(super) fn hidden(page: &str, name: &str) -> String {
    let from = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    from.split('"').next().unwrap().to_owned()
}

async fn began(fake: &Arc<Fake>) -> (Browser, String, String) {
    let mut browser = Browser::new(demo(fake, &format!("http://{}", listening(fake).await)));
    let form = browser.get("/services/licence-renewal").await.body;
    let (token, once) = (hidden(&form, "token"), hidden(&form, "once"));
    let body = format!("token={token}&once={once}&civil_no=399123100017&input-licence=123456&read=yes");
    let answer = browser.post("/services/licence-renewal", &body).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let path = answer.header("location").to_owned();
    (browser, path, body)
}

// R000-070 to R000-073, R000-076 to R000-079: everything is said before the button.
#[tokio::test]
async fn the_notices_stand_before_the_button_in_both_languages() {
    let fake = Fake::new();
    let mut browser = Browser::new(demo(&fake, "http://127.0.0.1:9"));
    for (locale, query) in [
        (crate::words::Locale::Ar, ""),
        (crate::words::Locale::En, "?lang=en"),
    ] {
        for loaded in crate::http::Flows::catalog(&*fake).services() {
            let service = &loaded.service;
            let page = browser
                .get(&format!("/services/{}{query}", service.id))
                .await
                .body;
            let page = page
                .replace("&#39;", "'")
                .replace("&#38;", "&")
                .replace("&#34;", "\"");
            let notices = &service.notices;
            let mut said = vec![
                &notices.data_use,
                &notices.liability,
                &notices.enrol,
                &service.purpose,
            ];
            said.extend(notices.steps.iter());
            said.extend(service.fields.iter().map(|declared| &declared.reason));
            let button = page.find("type=\"submit\"").unwrap();
            for text in said {
                let text = text.in_locale(locale);
                assert!(page.contains(text), "{}: {text}", service.id);
            }
            assert!(page.find(notices.liability.in_locale(locale)).unwrap() < button);
            assert!(page.contains(&notices.enrol_url));
            assert!(
                !page.contains("id=\"read\" name=\"read\" type=\"checkbox\" value=\"yes\" required checked")
            );
        }
    }
}

// R000-078, R000-080, R000-081: the wait with name and number, then the outcome with the declared fields.
#[tokio::test]
async fn a_person_goes_from_the_form_to_the_outcome() {
    let fake = Fake::new();
    let (mut browser, path, body) = began(&fake).await;
    let waiting = browser.get(&path).await.body;
    for part in [
        ">83<",
        ">52<",
        "http-equiv=\"refresh\"",
        "data-waiting",
        "role=\"status\"",
        "/cancel",
    ] {
        assert!(waiting.contains(part), "{part}");
    }
    // The same form sent twice begins one flow.
    assert_eq!(
        browser
            .post("/services/licence-renewal", &body)
            .await
            .header("location"),
        path
    );
    assert_eq!(fake.inner.lock().unwrap().flows.len(), 1);

    let flow = fake.inner.lock().unwrap().flows[0].flow;
    fake.end(flow, Outcome::Approved);
    let ended = browser.get(&path).await.body;
    for part in ["is-approved", "399123100017", "سارة خالد", "الاسم بالعربية"] {
        assert!(ended.contains(part), "{part}");
    }
    assert!(!ended.contains("http-equiv"));
}

// Threat B-15: another browser that knows the address sees nothing.
#[tokio::test]
async fn a_flow_is_shown_to_the_browser_that_began_it_only() {
    let fake = Fake::new();
    let (browser, path, _) = began(&fake).await;
    let mut thief = Browser::new(browser.router.clone());
    let flow = fake.inner.lock().unwrap().flows[0].flow;
    fake.end(flow, Outcome::Approved);
    for address in [path.clone(), format!("{path}/events")] {
        let stolen = thief.get(&address).await;
        assert_eq!(stolen.status, 404);
        assert!(!stolen.body.contains("399123100017"));
    }
    let cancelled = thief.post(&format!("{path}/cancel"), "token=x").await;
    assert_eq!(cancelled.status, 404);
}

#[tokio::test]
async fn nothing_begins_without_token_notices_and_good_entries() {
    let fake = Fake::new();
    let mut browser = Browser::new(demo(&fake, &format!("http://{}", listening(&fake).await)));
    let form = browser.get("/services/licence-renewal").await.body;
    let token = hidden(&form, "token");
    for (body, fault) in [
        (
            "civil_no=399123100017&input-licence=123456&read=yes".to_owned(),
            "role=\"alert\"",
        ),
        (
            "token=wrong&civil_no=399123100017&input-licence=123456&read=yes".to_owned(),
            "role=\"alert\"",
        ),
        (
            format!("token={token}&civil_no=399123100017&input-licence=123456"),
            "read-error",
        ),
        (
            format!("token={token}&civil_no=399123100018&input-licence=123456&read=yes"),
            "civil_no-error",
        ),
        (
            format!("token={token}&civil_no=399123100017&input-licence=12x&read=yes"),
            "input-licence-error",
        ),
        (
            format!("token={token}&civil_no=399123100017&read=yes"),
            "input-licence-error",
        ),
        (
            format!("token={token}&civil_no=399123100017&input-licence=%3Cscript%3E&read=yes"),
            "&#60;script",
        ),
    ] {
        let answer = browser.post("/services/licence-renewal", &body).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(answer.body.contains(fault), "{body}");
    }
    assert!(fake.inner.lock().unwrap().started.is_empty());
}

#[tokio::test]
async fn the_person_may_try_again_where_the_policy_says_so() {
    let fake = Fake::new();
    let (mut browser, path, _) = began(&fake).await;
    let first = fake.inner.lock().unwrap().flows[0].flow;
    fake.end(first, Outcome::TimeoutNoAnswer);
    let page = browser.get(&path).await.body;
    assert!(page.contains("/retry"), "{page}");
    let answer = browser
        .post(
            &format!("{path}/retry"),
            &format!("token={}", hidden(&page, "token")),
        )
        .await;
    assert_eq!(answer.status, 303);
    assert_eq!(fake.inner.lock().unwrap().started[1].retry_of, Some(first));
    let second = fake.inner.lock().unwrap().flows[1].flow;
    fake.end(second, Outcome::TimeoutNoAnswer);
    let page = browser.get(&format!("/flows/{second}")).await.body;
    assert!(!page.contains("/retry"), "two attempts in all");
}

#[tokio::test]
async fn the_person_may_cancel() {
    let fake = Fake::new();
    let (mut browser, path, _) = began(&fake).await;
    let page = browser.get(&path).await.body;
    let token = hidden(&page, "token");
    assert_eq!(
        browser
            .post(&format!("{path}/cancel"), "token=wrong")
            .await
            .status,
        404
    );
    assert_eq!(
        browser
            .post(&format!("{path}/cancel"), &format!("token={token}"))
            .await
            .status,
        303
    );
    assert!(browser.get(&path).await.body.contains("is-other"));
}

#[tokio::test]
async fn an_api_that_is_away_is_told_to_the_person() {
    let fake = Fake::new();
    let mut browser = Browser::new(demo(&fake, "http://127.0.0.1:9"));
    let form = browser.get("/services/licence-renewal?lang=en").await.body;
    let body = format!(
        "token={}&civil_no=399123100017&input-licence=123456&read=yes",
        hidden(&form, "token")
    );
    let answer = browser.post("/services/licence-renewal", &body).await;
    assert_eq!(answer.status, 422);
    assert!(
        answer
            .body
            .contains(crate::http::ui::Ui::of(crate::words::Locale::Ar).error_unavailable)
    );
}
