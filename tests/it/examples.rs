//! The examples run: what they show is true.

use reqwest::header::COOKIE;
use reqwest::header::SET_COOKIE;

#[expect(dead_code, reason = "its `main` is for `cargo run --example embed`")]
#[path = "../../examples/embed.rs"]
mod embed;

#[expect(dead_code, reason = "its `main` is for `cargo run --example login`")]
#[path = "../../examples/login.rs"]
mod login;

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_engine_signs_a_citizen_in() {
    let state = tempfile::tempdir().unwrap();
    let view = embed::sign_in(state.path()).await.unwrap();
    let json = view.to_json();
    assert_eq!(json["outcome"]["code"], "approved");
    assert_eq!(json["person"]["age_over_18"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_site_knows_who_signed_in() {
    let state = tempfile::tempdir().unwrap();
    let (engine, authority) = login::engine(state.path()).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(axum::serve(listener, login::site(engine.clone())).into_future());

    let approved = sign_in(&site, "399123100017").await;
    assert!(approved.contains("Welcome, <bdi>مريم"), "{approved}");
    let declined = sign_in(&site, "399123100033").await;
    assert!(
        declined.contains("You declined") && declined.contains("<form"),
        "{declined}"
    );
    let stranger = reqwest::get(&site).await.unwrap().text().await.unwrap();
    assert!(
        stranger.contains("<form") && !stranger.contains("Welcome"),
        "{stranger}"
    );

    serving.abort();
    engine.shutdown().await;
    authority.shutdown().await;
}

/// What the browser shows once the waiting page is gone.
async fn sign_in(site: &str, civil_no: &str) -> String {
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let login = browser
        .post(format!("{site}/login"))
        .body(format!("civil_no={civil_no}"));
    let login = login
        .header("content-type", "application/x-www-form-urlencoded")
        .send()
        .await
        .unwrap();
    let cookie = login.headers()[SET_COOKIE]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let looking = async {
        loop {
            let home = browser
                .get(format!("{site}/"))
                .header(COOKIE, &cookie)
                .send()
                .await
                .unwrap();
            let shown = home.text().await.unwrap();
            if !shown.contains("Compare this number") {
                return shown;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), looking)
        .await
        .unwrap()
}

// Scenario files are read by `midflow trigger --file`, and mean the same every time.
#[test]
fn the_scenario_files_are_good() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/scenarios");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let file = midflow::sandbox::ScenarioFile::parse(&text);
        let planned = file.and_then(|file| file.plan());
        assert!(
            planned.is_ok_and(|planned| !planned.is_empty()),
            "{}",
            path.display()
        );
        count += 1;
    }
    assert!(count >= 2);
}
