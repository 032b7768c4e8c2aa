//! The pages of flows, route by route: reading and confirming, the document, the way back from the app, renewing.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;

use super::ask::Answer;
use super::ask::api;
use super::ask::request;
use super::ask::send;
use crate::connector::AppLink;
use crate::engine::ShownDocument;
use crate::engine::StepPlace;
use crate::http::PageKey;
use crate::http::fake::Fake;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Locale;
use crate::words::Outcome;

const PAPER: &[u8] = "عقد إيجار\nRental contract <b>&</b>\n".as_bytes();

/// The browser that opens the pages: each belongs to the first that does.
const BROWSER: &str = "midflow-browser=0123456789abcdef0123456789abcdef";

struct Pages {
    fake: Arc<Fake>,
    router: Router,
    flow: FlowId,
    path: String,
}

impl Pages {
    fn of(service: &str) -> Self {
        let fake = Fake::new();
        let flow = fake.begin(1, service).flow;
        Self {
            router: api(&fake),
            path: Self::path(flow),
            fake,
            flow,
        }
    }

    /// A flow to sign, whose document waits to be read.
    fn to_sign() -> Self {
        let pages = Self::of("rental-contract");
        pages.fake.inner.lock().unwrap().document = Some(ShownDocument {
            name: "contract.txt".to_owned(),
            media_type: "text/plain; charset=utf-8".to_owned(),
            digest: Digest::of(PAPER),
            bytes: Bytes::from_static(PAPER),
        });
        pages.fake.change(pages.flow, |view| view.held = true);
        pages
    }

    fn path(flow: FlowId) -> String {
        format!("/f/{}", PageKey::new(&[7; 32]).handle("portal", flow))
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        let cookies = format!("{BROWSER}; {cookie}");
        send(&self.router, request("GET", path, &[("cookie", &cookies)], "")).await
    }

    async fn post(&self, path: &str, body: &str, site: &str) -> Answer {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", site),
            ("cookie", BROWSER),
        ];
        send(&self.router, request("POST", path, &headers, body)).await
    }

    fn confirmed(&self) -> usize {
        self.fake.inner.lock().unwrap().confirmed.len()
    }
}

// R000-086 to R000-089: the whole document is shown, nothing is ticked beforehand, and one confirmation is none.
#[tokio::test]
async fn a_document_is_confirmed_twice_or_not_at_all() {
    let pages = Pages::to_sign();
    let page = pages.get(&format!("{}?lang=en", pages.path), "").await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("Rental contract &#60;b&#62;&#38;&#60;/b&#62;"),
        "{}",
        page.body
    );
    assert!(!page.body.contains(" checked"), "something is ticked beforehand");
    let digest = hex::encode(Digest::of(PAPER).as_bytes());
    assert!(page.body.contains(&digest));
    let confirm = format!("{}/confirm", pages.path);
    for typed in [
        "",
        "reviewed=yes",
        "accepts=yes",
        "reviewed=on&accepts=yes",
        "copied=yes",
    ] {
        let answer = pages
            .post(&confirm, &format!("document={digest}&{typed}"), "same-origin")
            .await;
        assert_eq!(answer.status, 422, "{typed}");
        assert!(answer.body.contains("role=\"alert\""), "{typed}");
        assert_eq!(pages.confirmed(), 0, "{typed}");
    }
    let kept = pages.post(&confirm, "reviewed=yes", "same-origin").await;
    assert!(
        kept.body.contains("value=\"yes\" required checked"),
        "what was ticked is gone"
    );
    let body = format!("document={digest}&reviewed=yes&accepts=yes");
    let answer = pages.post(&confirm, &body, "same-origin").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, pages.path.as_str())
    );
    let inner = pages.fake.inner.lock().unwrap();
    let confirmation = inner.confirmed.first().unwrap();
    assert_eq!(confirmation.document, Some(Digest::of(PAPER)));
    assert!(confirmation.reviewed_entire.0 && confirmation.accepts_to_sign.0 && !confirmation.copy_before.0);
}

// Threat B-13: no other site confirms, withdraws or renews in somebody's name.
#[tokio::test]
async fn another_site_can_do_nothing() {
    let pages = Pages::to_sign();
    for act in ["confirm", "withdraw", "renew"] {
        for site in ["cross-site", "same-site"] {
            let path = format!("{}/{act}", pages.path);
            let answer = pages.post(&path, "reviewed=yes&accepts=yes", site).await;
            assert_eq!(answer.status, 403, "{act} {site}");
        }
    }
    assert_eq!(pages.confirmed(), 0);
    assert!(!pages.fake.inner.lock().unwrap().flows[0].ended);
}

// R000-106: whoever does not want to sign is told that nothing has been signed.
#[tokio::test]
async fn what_is_not_signed_says_so() {
    let pages = Pages::to_sign();
    let answer = pages
        .post(&format!("{}/withdraw", pages.path), "", "same-origin")
        .await;
    assert_eq!(answer.status, 303);
    for (lang, says) in [("en", "No signature has been made."), ("ar", "لم يتم أي توقيع.")] {
        let page = pages.get(&format!("{}?lang={lang}", pages.path), "").await.body;
        assert!(page.contains(says) && page.contains("is-declined"), "{page}");
    }
    let signed = Pages::of("rental-contract");
    signed.fake.end(signed.flow, Outcome::Approved);
    let page = signed.get(&format!("{}?lang=en", signed.path), "").await.body;
    assert!(
        page.contains("<h1>Signed</h1>") && !page.contains("No signature"),
        "{page}"
    );
}

// Law 11: what is framed and what is kept are the bytes themselves, and nothing in them runs.
#[tokio::test]
async fn the_document_is_served_byte_for_byte() {
    let pages = Pages::to_sign();
    let framed = pages.get(&format!("{}/document", pages.path), "").await;
    assert_eq!(framed.body.as_bytes(), PAPER);
    assert_eq!(framed.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(framed.header("x-content-type-options"), "nosniff");
    assert_eq!(framed.header("x-frame-options"), "SAMEORIGIN");
    assert!(
        framed
            .header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    let copy = pages.get(&format!("{}/document?copy=yes", pages.path), "").await;
    assert!(
        copy.header("content-disposition").starts_with("attachment"),
        "{}",
        copy.header("content-disposition")
    );
    assert_eq!(copy.body.as_bytes(), PAPER);
}

// R000-075: the way back works in the browser that left, once; what another browser is told names nobody.
#[tokio::test]
async fn the_way_back_belongs_to_one_browser() {
    let pages = Pages::of("commercial-register");
    pages.fake.change(pages.flow, |view| {
        view.expires_at = crate::words::Timestamp::from_micros(i64::MAX / 4);
        view.app_link = Some(AppLink::new("app://open?code={qr}&back={return_url}", "code"));
    });
    let page = pages.get(&pages.path, "").await;
    let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(page.header("set-cookie").contains("HttpOnly; SameSite=Lax"));
    let escaped = page
        .body
        .split("back=")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let back = escaped.replace("%3A", ":").replace("%2F", "/");
    let back = back
        .strip_prefix("http://localhost:8080")
        .unwrap_or(&back)
        .to_owned();
    assert!(back.starts_with(&format!("{}/back/", pages.path)), "{back}");
    for stranger in ["", "midflow-back-x=00000000000000000000000000000000"] {
        let refused = pages.get(&back, stranger).await;
        assert_eq!(refused.status, 403);
        assert!(!refused.body.contains("challenge"));
    }
    let arrived = pages.get(&back, &cookie).await;
    assert_eq!(
        (arrived.status.as_u16(), arrived.header("location")),
        (303, pages.path.as_str())
    );
    assert!(
        arrived.header("set-cookie").contains("Max-Age=0"),
        "the cookie stays"
    );
}

#[tokio::test]
async fn a_renewed_code_leads_to_its_own_page_and_the_old_one_leads_on() {
    let pages = Pages::of("commercial-register");
    let renew = format!("{}/renew", pages.path);
    let answer = pages.post(&renew, "", "same-origin").await;
    let newer = answer.header("location").to_owned();
    assert_eq!(answer.status, 303);
    assert_ne!(newer, pages.path);
    let old = pages.get(&pages.path, "").await.body;
    assert!(old.contains(&format!("href=\"{newer}\"")), "{old}");
    // Somebody presses twice: the page says how things stand.
    let again = pages.post(&renew, "", "same-origin").await;
    assert_eq!(again.header("location"), pages.path);
}

#[tokio::test]
async fn an_address_that_nobody_was_given_leads_nowhere() {
    let pages = Pages::to_sign();
    let strange = format!("/f/{}", PageKey::new(&[8; 32]).handle("portal", pages.flow));
    for (method, act) in [
        ("GET", ""),
        ("GET", "/document"),
        ("GET", "/events"),
        ("GET", "/back/x"),
        ("POST", "/confirm"),
        ("POST", "/withdraw"),
        ("POST", "/renew"),
    ] {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let asked = request(method, &format!("{strange}{act}"), &headers, "");
        assert_eq!(send(&pages.router, asked).await.status, 404, "{method} {act}");
    }
}

/// A flow that is the second of three steps.
fn second_step(goes_on: bool) -> Pages {
    let pages = Pages::of("licence-renewal");
    pages.fake.change(pages.flow, |view| {
        view.step = Some(StepPlace {
            journey: view.flow,
            name: "second".to_owned(),
            number: 2,
            of: 3,
            goes_on,
        });
    });
    pages
}

// A step was approved before the page that showed it had its stream, which then waited for the end of the step after: the page
// stood still (found by a browser journey on a slow machine).
#[tokio::test(start_paused = true)]
async fn a_page_of_a_step_that_is_past_is_told_at_once() {
    let pages = second_step(false);
    // The part first: once a browser has opened the page itself, the part only leads there.
    for address in [format!("{}/part", pages.path), pages.path.clone()] {
        let shown = pages.get(&address, "").await.body;
        let events = format!("{address}/events?step=2");
        assert!(
            shown.contains(&format!("{events}\"")),
            "{events} is not in {shown}"
        );
        let past = pages.get(&format!("{address}/events?step=1"), "").await;
        assert!(past.body.contains("event: ended"), "{}", past.body);
        let now = tokio::time::timeout(Duration::from_secs(100), pages.get(&events, ""));
        assert!(now.await.is_err(), "a step that waits was told to be over");
    }
    pages.fake.end(pages.flow, Outcome::DeclinedByUser);
    let over = pages.get(&format!("{}/events?step=2", pages.path), "").await;
    assert!(over.body.contains("event: ended"), "{}", over.body);
    let nonsense = pages.get(&format!("{}/events?step=x", pages.path), "").await;
    assert_eq!(nonsense.status, 400);
}

// While the step that is owed could not be written, the page called the journey complete.
#[tokio::test]
async fn a_page_between_two_steps_tells_no_ending() {
    for (lang, heading) in [("ar", "تمت هذه الخطوة"), ("en", "This step is done")] {
        let pages = second_step(true);
        pages.fake.end(pages.flow, Outcome::Approved);
        for address in [&pages.path, &format!("{}/part", pages.path)] {
            let shown = pages.get(&format!("{address}?lang={lang}"), "").await.body;
            assert!(shown.contains(&format!("<h1>{heading}</h1>")), "{shown}");
            assert!(
                shown.contains("data-waiting="),
                "nobody tells it that there is more"
            );
            assert!(
                !shown.contains("class=\"challenge\"") && !shown.contains("outcome"),
                "{shown}"
            );
        }
    }
}

// A page whose flow could not be read for a moment said that there was no such page, and its stream gave up for good.
#[tokio::test]
async fn a_page_that_is_away_for_a_moment_comes_again() {
    let pages = Pages::of("licence-renewal");
    pages.fake.inner.lock().unwrap().store_down = true;
    for (lang, said) in [("ar", "تُفتح هذه الصفحة من جديد"), ("en", "opens again by itself")]
    {
        let page = pages.get(&format!("{}?lang={lang}", pages.path), "").await;
        assert_eq!(page.status, 503);
        assert!(page.body.contains(said), "{}", page.body);
        assert_eq!(page.header("refresh"), format!("5; url={}", pages.path));
        assert_eq!(page.header("retry-after"), "5");
    }
    let part = format!("{}/part", pages.path);
    let away = pages.get(&part, "").await;
    assert_eq!(
        (away.status.as_u16(), away.header("access-control-allow-origin")),
        (503, "*")
    );
    for address in [pages.path.clone(), part] {
        let events = pages.get(&format!("{address}/events"), "").await;
        assert_eq!((events.status.as_u16(), events.body.as_str()), (200, ""));
        assert_eq!(events.header("content-type"), "text/event-stream");
        // Of another origin a browser would take it for a refusal otherwise, and never ask again.
        if address.ends_with("/part") {
            assert_eq!(events.header("access-control-allow-origin"), "*");
        }
    }
    let again = format!("5; url={}", pages.path);
    let back = pages.get(&format!("{}/back/x", pages.path), "").await;
    assert_eq!(
        (back.status.as_u16(), back.header("refresh")),
        (503, again.as_str())
    );
    for act in ["confirm", "withdraw", "renew", "not-me"] {
        let answer = pages
            .post(&format!("{}/{act}", pages.path), "", "same-origin")
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("refresh")),
            (503, again.as_str()),
            "{act}"
        );
    }
}

// Where the document could not be read, the page of a flow that waits to be confirmed said to look at the phone. Whoever opened
// the page meanwhile keeps it.
#[tokio::test]
async fn without_its_document_a_page_does_not_look_as_if_the_phone_was_asked() {
    let pages = Pages::to_sign();
    pages.fake.inner.lock().unwrap().documents_down = true;
    let away = send(&pages.router, request("GET", &pages.path, &[], "")).await;
    assert_eq!(away.status, 503);
    assert!(!away.body.contains("class=\"challenge\""), "{}", away.body);
    let cookie = away.header("set-cookie").split(';').next().unwrap().to_owned();
    let with_cookie = |method: &str, act: &str| {
        let headers = [
            ("cookie", cookie.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        request(method, &format!("{}{act}", pages.path), &headers, "")
    };
    for (method, act) in [("POST", "/confirm"), ("GET", "/document")] {
        let answer = send(&pages.router, with_cookie(method, act)).await;
        assert_eq!(answer.status, 503, "{act}");
        assert!(!answer.body.contains("class=\"challenge\""), "{}", answer.body);
    }
    pages.fake.inner.lock().unwrap().documents_down = false;
    let back = send(&pages.router, with_cookie("GET", "?lang=en")).await;
    assert!(
        back.status == 200 && back.body.contains("The whole document"),
        "{}",
        back.body
    );
    // One that is gone for good is not waited for.
    pages.fake.inner.lock().unwrap().document = None;
    let spoiled = send(&pages.router, with_cookie("GET", "?lang=en")).await;
    assert_eq!(spoiled.status, 404);
    assert!(
        spoiled.body.contains("The document can&#39;t be shown"),
        "{}",
        spoiled.body
    );
    assert!(!spoiled.headers.contains_key("refresh"));
}

// The next step was about to reach the phone, and another browser was told that the request is over.
#[tokio::test]
async fn another_browser_is_not_told_that_a_journey_between_two_steps_is_over() {
    let pages = second_step(true);
    pages.get(&pages.path, "").await;
    pages.fake.end(pages.flow, Outcome::Approved);
    let other = send(
        &pages.router,
        request("GET", &format!("{}?lang=en", pages.path), &[], ""),
    )
    .await;
    assert_eq!(other.status, 403);
    assert!(
        other.body.contains("/not-me") && !other.body.contains("This request is over"),
        "{}",
        other.body
    );
}

// The e-service tells which language the person reads; what the person has chosen goes before it.
#[tokio::test]
async fn a_page_speaks_the_language_of_its_flow() {
    let pages = Pages::of("licence-renewal");
    pages.fake.change(pages.flow, |view| view.locale = Locale::En);
    let first = pages.get(&pages.path, "").await.body;
    assert!(first.contains("<html lang=\"en\" dir=\"ltr\">"), "{first}");
    let chosen = pages.get(&pages.path, "midflow-lang=ar").await.body;
    assert!(chosen.contains("<html lang=\"ar\" dir=\"rtl\">"));
}

// R000-078: the logo stands where the person compares, under an address that names the picture.
#[tokio::test]
async fn the_logo_is_shown_and_served() {
    let pages = Pages::of("licence-renewal");
    let page = pages.get(&pages.path, "").await.body;
    let at = page
        .split("<img class=\"logo\" src=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let logo = pages.get(at, "").await;
    assert_eq!(
        (logo.status.as_u16(), logo.header("content-type")),
        (200, "image/svg+xml")
    );
    assert!(logo.body.starts_with("<svg"));
    assert_eq!(pages.get("/brand/000000000000", "").await.status, 404);
}

// Where nobody looks at a phone, no page tells anybody to, and an approval is called by what it is.
#[tokio::test]
async fn a_page_says_what_its_capability_is_about() {
    for (service, waiting, approved) in [
        ("licence-renewal", "Look at your phone", "Approved"),
        (
            "clinic-check-in",
            "The card is being verified",
            "The card is verified",
        ),
        (
            "appointment-reminders",
            "The notification is being sent",
            "The notification is handed over",
        ),
        ("rental-contract", "Sign on your phone", "Signed"),
    ] {
        let pages = Pages::of(service);
        let path = format!("{}?lang=en", pages.path);
        let page = pages.get(&path, "").await.body;
        assert!(page.contains(&format!("<h1>{waiting}</h1>")), "{service}: {page}");
        let compares = matches!(service, "licence-renewal" | "rental-contract");
        assert_eq!(page.contains("class=\"challenge\""), compares, "{service}");
        pages.fake.end(pages.flow, Outcome::Approved);
        let page = pages.get(&path, "").await.body;
        assert!(
            page.contains(&format!("<h1>{approved}</h1>")),
            "{service}: {page}"
        );
    }
}

// R002-21: what was put off says until when.
#[tokio::test]
async fn a_notification_that_was_put_off_says_when_it_leaves() {
    let pages = Pages::of("appointment-reminders");
    let sends_at = crate::words::Timestamp::parse("2031-05-06T04:00:00Z");
    pages.fake.change(pages.flow, |view| view.sends_at = sends_at);
    for lang in ["ar", "en"] {
        let page = pages.get(&format!("{}?lang={lang}", pages.path), "").await.body;
        assert!(
            page.contains("put-off") && page.contains("2031-05-06") && page.contains("07:00"),
            "{page}"
        );
        assert!(!page.contains("class=\"challenge\""));
    }
}
