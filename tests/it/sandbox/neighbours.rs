use std::time::Duration;

use midflow::connector::kuwait::WhenUnknown;
use midflow::sandbox::Face;
use midflow::sandbox::ProviderOptions;
use midflow::words::Text;
use midflow::words::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::provider::APPROVES;
use super::provider::NEVER;
use super::provider::Neighbour;
use super::provider::World;
use super::provider::number;

const OTHER: &str = "00000000-0000-4000-8000-00000000b002";
const PUSH: &str = "InitiateAuthRequestPNWithAssuranceLevel";

async fn both() -> (World, Neighbour) {
    let world = World::with(|options| {
        options.further_providers = vec![ProviderOptions {
            id: OTHER.to_owned(),
            name: Text::new("جهة مجاورة", "A neighbour"),
        }];
    })
    .await;
    let neighbour = Neighbour::of(&world, OTHER).await;
    (world, neighbour)
}

async fn post(client: &reqwest::Client, url: String, body: &Value) -> Value {
    let sent = client.post(url).body(body.to_string()).send().await.unwrap();
    sent.error_for_status().unwrap().json().await.unwrap()
}

// R000-064: whoever asks in the name of another provider is refused, whichever certificate of the two they hold; each is
// called back at its own base, and at no other.
#[tokio::test]
async fn each_provider_asks_and_is_answered_for_itself() {
    let (world, other) = both().await;
    let base = world.settings.bridge_url.clone();
    let url = |operation: &str| format!("{base}/{operation}");
    let ours = world.request(APPROVES);
    let theirs = |callback: &str| {
        let mut request = world.request(APPROVES);
        request["ServiceProviderId"] = OTHER.into();
        request["SPCallbackURL"] = format!("{callback}/token").into();
        request
    };

    // The one's id with the other's certificate, both ways, for every kind of request.
    for (client, request) in [
        (&other.client, ours.clone()),
        (&world.client, theirs(&other.callback_base)),
    ] {
        assert_eq!(post(client, url(PUSH), &request).await["Error"]["Code"], 1005);
        assert_eq!(
            post(client, url("InitiateAuthRequestQR"), &request).await["Error"]["Code"],
            1005
        );
        let notice = json!({
            "ServiceProviderId": request["ServiceProviderId"], "PersonCivilNo": APPROVES,
            "NotificationSubjectAr": "تنبيه", "NotificationSubjectEn": "A notice",
            "NotificationMessageAr": "تنبيه", "NotificationMessageEn": "A notice",
        });
        assert_eq!(
            post(client, url("NotifyPerson"), &notice).await["Error"]["Code"],
            1005
        );
        let card = world.sandbox.handle().card(&number(APPROVES)).unwrap();
        let scanned = json!({ "ServiceProviderId": request["ServiceProviderId"], "QRData": card.text() });
        assert_eq!(
            post(client, url("VerifyMobileIdQRData"), &scanned).await["Error"]["Code"],
            1005
        );
    }
    // Its own id, and a callback base that is the other's.
    let astray = theirs(&world.callback_base);
    assert_eq!(
        post(&other.client, url(PUSH), &astray).await["Error"]["Code"],
        1006
    );

    // Nobody was asked by any of this, and each is answered where it is at home.
    let taken = post(&other.client, url(PUSH), &theirs(&other.callback_base)).await;
    let id = taken["Data"].as_str().unwrap().to_owned();
    let body: Value = serde_json::from_slice(&other.callbacks(1).await[0]).unwrap();
    let told = &body["MIDAuthSignResponse"]["RequestDetails"];
    assert_eq!(
        (told["RequestID"].as_str(), told["ServiceProviderId"].as_str()),
        (Some(id.as_str()), Some(OTHER))
    );
    assert_eq!(world.received(), 0);
    world.ask(APPROVES).await.unwrap();
    world.callbacks(1).await;
    assert_eq!((world.received(), other.received()), (1, 1));

    // Nor can one look into what the other has asked.
    let question = json!({ "RequestId": id, "RefId": null });
    assert_eq!(
        post(&world.client, url("GetRequestStatus"), &question).await["Error"]["Code"],
        1007
    );
    assert!(post(&other.client, url("GetRequestStatus"), &question).await["Error"].is_null());
    let ledger = |client: reqwest::Client| {
        let url = url("ledger");
        async move {
            let text = client.get(url).send().await.unwrap().text().await.unwrap();
            (text.contains(OTHER), text.contains(&id))
        }
    };
    assert_eq!(ledger(world.client.clone()).await, (false, false));
}

// The gateway's login and answers belong to one provider as well.
#[tokio::test]
async fn a_login_is_of_one_provider() {
    let (world, other) = both().await;
    let base = format!("{}/gateway", world.settings.bridge_url);
    assert_ne!(world.settings.login.1, other.settings.login.1);
    let login = |client: &reqwest::Client, (name, password): &(String, String)| {
        let body = json!({ "username": name, "password": password });
        client
            .post(format!("{base}/paci/login"))
            .body(body.to_string())
            .send()
    };
    let refused = login(&other.client, &world.settings.login).await.unwrap();
    assert_eq!(refused.status().as_u16(), 401);
    let granted = login(&world.client, &world.settings.login).await.unwrap();
    let granted: Value = granted.json().await.unwrap();
    let token = granted["accessToken"].as_str().unwrap();
    let call = json!({
        "requestType": 1, "civilId": NEVER, "assuranceLevel": 20, "subjectEn": "A", "subjectAr": "أ",
        "authenticationReasonEn": "A", "authenticationReasonAr": "أ", "requestUserDetails": false,
    });
    let ask = |client: &reqwest::Client| {
        let sent = client.post(format!("{base}/mobile-id/call")).bearer_auth(token);
        sent.body(call.to_string()).send()
    };
    assert_eq!(ask(&other.client).await.unwrap().status().as_u16(), 401);
    let taken: Value = ask(&world.client).await.unwrap().json().await.unwrap();
    assert_eq!(taken["statusCode"], 900, "{taken}");
}

// R000-064: the connector of production, set up for the one provider, does not believe what is meant for the other.
#[tokio::test]
async fn an_answer_to_the_neighbour_is_not_believed() {
    use midflow::connector::Conclusion;
    use midflow::connector::Connector as _;
    use midflow::connector::Expected;
    use midflow::words::Assurance;
    use midflow::words::Capability;
    use midflow::words::Challenge;
    use midflow::words::FlowId;
    use midflow::words::RequestId;

    let (world, other) = both().await;
    let now: Timestamp = midflow::sandbox::SandboxClock::now(&midflow::sandbox::SystemClock);
    let mut request = world.request(APPROVES);
    request["ServiceProviderId"] = OTHER.into();
    request["SPCallbackURL"] = format!("{}/token", other.callback_base).into();
    let taken = post(
        &other.client,
        format!("{}/{PUSH}", world.settings.bridge_url),
        &request,
    )
    .await;
    let id = RequestId::new(taken["Data"].as_str().unwrap());
    let body = other.callbacks(1).await.remove(0);
    let civil_no = number(APPROVES);
    let challenge = Challenge::from_random(8352_u64.to_be_bytes());
    let judged = |settings: &midflow::sandbox::SpSettings| {
        let connector = settings
            .connector_with_responder(Face::Bridge, WhenUnknown::Allow, now)
            .unwrap();
        let expected = Expected {
            capability: Capability::AuthPush,
            signing: None,
            flow: FlowId::from_parts(now, [7; 10]),
            request_id: Some(&id),
            civil_no: Some(&civil_no),
            assurance: Assurance::Medium,
            challenge: &challenge,
            additional_data: "ours",
            requested_at: now.minus(Duration::from_secs(5)),
            expires_at: now.plus(Duration::from_secs(300)),
            received_at: now.plus(Duration::from_secs(1)),
            fields: &[],
        };
        connector.examine(&body, &expected)
    };
    let wrong = judged(&world.settings);
    assert!(matches!(wrong.conclusion, Conclusion::Rejected));
    let failed = wrong.checks.last().unwrap();
    assert_eq!((failed.name, failed.passed), ("request", false));
    // The control: to whom it is meant, it is an approval.
    let right = judged(&other.settings);
    assert!(
        matches!(right.conclusion, Conclusion::Approved(_)),
        "{:?}",
        right.checks
    );
}
