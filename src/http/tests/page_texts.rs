use super::ask::console;
use super::demo_journey::Browser;
use super::pictures::told;
use crate::http::fake::Fake;

#[tokio::test]
async fn the_console_shows_the_timeline_and_no_personal_data() {
    let fake = Fake::new();
    let flow = told(&fake);
    let mut browser = Browser::new(console(&fake));
    let page = browser.get(&format!("/flows/{flow}?lang=en")).await.body;
    for part in [
        "#41",
        "+0 ms",
        "licence-renewal",
        "policies/services/licence-renewal.yaml:",
        "stamp",
        "passed",
        "sha256:",
        "photo",
        "delivered",
        "is-approved",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Law 13: the reason carries inputs, so it is not shown; nor is anything of the person.
    for absent in ["123456", "399123100017", "سارة"] {
        assert!(!page.contains(absent), "{absent}");
    }
    let list = browser.get("/?lang=en").await.body;
    assert!(
        list.contains(&flow.to_string()) && list.contains("Driving licence renewal"),
        "{list}"
    );
    let unknown = browser.get("/flows/0193a5a8-8d5e-7c32-8b42-1b1f3c9d6a55").await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn a_refused_catalog_is_told_on_every_console_page() {
    let fake = Fake::new();
    let diagnostics = "error[E0301]: `outcomes` has no `timeout`\n --> policies/services/x.yaml:3:1 <script>";
    fake.inner.lock().unwrap().failure = Some(diagnostics.to_owned());
    let mut browser = Browser::new(console(&fake));
    for path in ["/", "/services"] {
        let page = browser.get(path).await.body;
        assert!(
            page.contains("E0301") && page.contains("&#60;script&#62;"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_services_are_shown_as_loaded() {
    let fake = Fake::new();
    let page = Browser::new(console(&fake)).get("/services?lang=en").await.body;
    for loaded in crate::http::Flows::catalog(&*fake).services() {
        let service = &loaded.service;
        assert!(page.contains(service.id.as_str()) && page.contains(&service.file));
        for declared in &service.fields {
            assert!(page.contains(declared.field.name().as_str()));
        }
    }
}
