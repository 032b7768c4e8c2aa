use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use uuid::Uuid;

use super::settings::Settings;
use crate::cli::failure::Failure;
use crate::connector::IDLE_CONNECTION;
use crate::connector::kuwait::AuthenticateRequest;
use crate::words::Challenge;

/// The authority, over mutual TLS; connections are kept.
pub(super) struct Bridge {
    client: reqwest::Client,
    /// Of the one operation.
    url: String,
    service_provider_id: String,
    callback: SocketAddr,
}

/// Whom the e-service asks, and about which licence.
pub(super) struct Asked<'a> {
    pub(super) civil_no: &'a str,
    pub(super) licence: &'a str,
}

/// What chance gives a request.
pub(super) struct Chance {
    pub(super) challenge: Challenge,
    additional_data: String,
}

impl Chance {
    /// `None` where the system has no chance to give.
    pub(super) fn draw() -> Option<Self> {
        let (mut digits, mut correlation) = ([0; 8], [0; 16]);
        aws_lc_rs::rand::fill(&mut digits).ok()?;
        aws_lc_rs::rand::fill(&mut correlation).ok()?;
        Some(Self {
            challenge: Challenge::from_random(digits),
            additional_data: hex::encode(correlation),
        })
    }
}

impl Bridge {
    /// Nothing is connected yet.
    pub(super) fn new(settings: &Settings, callback: SocketAddr) -> Result<Self, Failure> {
        let roots =
            reqwest::Certificate::from_pem_bundle(settings.server_ca.as_bytes()).map_err(Failure::new)?;
        let pair = format!("{}\n{}", settings.client.key, settings.client.certificate);
        let client = reqwest::Client::builder()
            .tls_backend_rustls()
            .tls_certs_only(roots)
            .identity(reqwest::Identity::from_pem(pair.as_bytes()).map_err(Failure::new)?)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_idle_timeout(IDLE_CONNECTION)
            // A request that may have arrived is never repeated.
            .retry(reqwest::retry::never())
            .timeout(REPLY_TIME)
            .build()
            .map_err(Failure::new)?;
        Ok(Self {
            client,
            url: format!("{}/InitiateAuthRequestPNWithAssuranceLevel", settings.bridge_url),
            service_provider_id: settings.service_provider_id.clone(),
            callback,
        })
    }

    /// The exact bytes of the request: the same members, in the same order, as the connector sends for the licence renewal.
    pub(super) fn request(
        &self,
        flow: Uuid,
        asked: &Asked<'_>,
        chance: &Chance,
    ) -> serde_json::Result<String> {
        let Asked { civil_no, licence } = asked;
        let challenge = chance.challenge.as_str();
        let shown = chance.challenge.grouped();
        let unbroken = shown.replace(' ', "\u{a0}");
        serde_json::to_string(&AuthenticateRequest {
            service_provider_id: self.service_provider_id.as_str().into(),
            service_description_en: NAME_EN.into(),
            service_description_ar: NAME_AR.into(),
            authentication_reason_en: format!("{REASON_EN} {licence}. Code to compare: {shown}").into(),
            authentication_reason_ar: format!("{REASON_AR} {licence}. رمز المطابقة: {unbroken}").into(),
            request_user_details: true,
            sp_callback_url: format!("https://{}/cb/v1/{}", self.callback, flow.simple()).into(),
            person_civil_no: Some((*civil_no).into()),
            additional_data: chance.additional_data.as_str().into(),
            challenge: challenge.into(),
            assurance_level: MEDIUM,
        })
    }

    /// Sends a request; gives the authority's name for it, or `None` where it was not taken.
    pub(super) async fn send(&self, request: String) -> reqwest::Result<Option<String>> {
        let reply: Reply = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(request)
            .send()
            .await?
            .json()
            .await?;
        Ok(reply.data)
    }
}

#[derive(Deserialize)]
struct Reply {
    #[serde(rename = "Data")]
    data: Option<String>,
}

const NAME_AR: &str = "تجديد رخصة القيادة";
const NAME_EN: &str = "Driving licence renewal";
const REASON_AR: &str = "الدخول لتجديد رخصة القيادة رقم";
const REASON_EN: &str = "Sign in to renew driving licence";
const MEDIUM: u8 = 20;
const REPLY_TIME: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::cli::bench::bare::settings::Pair;
    use crate::cli::bench::bare::settings::StoreSettings;
    use crate::connector::Connector as _;
    use crate::connector::Matter;
    use crate::connector::Request;
    use crate::engine::Clock as _;
    use crate::engine::SystemClock;
    use crate::sandbox::Authority;
    use crate::sandbox::SandboxOptions;
    use crate::words::Assurance;
    use crate::words::Capability;
    use crate::words::CivilNo;
    use crate::words::FlowId;
    use crate::words::Text;

    // A control that sends less than the node would be none.
    #[tokio::test]
    async fn the_request_is_the_one_that_the_connector_sends() {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Authority::start(SandboxOptions::new(folder.path()))
            .await
            .unwrap();
        let sp = sandbox.handle().sp_settings();
        let pair = |identity: &crate::sandbox::Identity| Pair {
            certificate: identity.chain_pem().to_owned(),
            key: identity.key_pem().to_owned(),
        };
        let settings = Settings {
            api_key: String::new(),
            bridge_url: sp.bridge_url.clone(),
            service_provider_id: sp.service_provider_id.clone(),
            server_ca: sp.authority_pem.clone(),
            client: pair(&sp.client),
            callback: pair(&sp.callback_server),
            stamp_signer: sp.stamp_signer_pem.clone(),
            store: StoreSettings::Sqlite(folder.path().join("bare.db")),
        };
        let callback = SocketAddr::from((Ipv4Addr::LOCALHOST, 8_443));
        let chance = Chance::draw().unwrap();
        let flow = Uuid::now_v7();
        let asked = Asked {
            civil_no: "399123100017",
            licence: "1234567",
        };
        let bare = Bridge::new(&settings, callback)
            .unwrap()
            .request(flow, &asked, &chance)
            .unwrap();
        let now = SystemClock.now();
        let request = Request {
            flow: FlowId::from_parts(now, [0; 10]),
            attempt: 1,
            capability: Capability::AuthPush,
            assurance: Assurance::Medium,
            civil_no: Some(CivilNo::parse(asked.civil_no).unwrap()),
            description: Text::new(NAME_AR, NAME_EN),
            reason: Text::new(format!("{REASON_AR} 1234567"), format!("{REASON_EN} 1234567")),
            wants_person: true,
            callback_url: format!("https://{callback}/cb/v1/{}", flow.simple()),
            additional_data: chance.additional_data.clone(),
            challenge: chance.challenge.clone(),
            matter: Matter::Nothing,
        };
        let connector = sp.connector(now).unwrap();
        let sent = connector.prepare(&request).ok().unwrap();
        assert!(
            sent.body == bare.as_bytes(),
            "{} bytes, not {}",
            bare.len(),
            sent.body.len()
        );
        sandbox.shutdown().await;
    }

    #[test]
    fn the_texts_are_those_of_the_service() {
        let service = include_str!("../../../../policies/services/licence-renewal.yaml");
        for text in [NAME_AR, NAME_EN, REASON_AR, REASON_EN] {
            assert!(service.contains(text), "{text}");
        }
    }
}
