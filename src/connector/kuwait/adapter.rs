use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use x509_parser::prelude::FromDer as _;
use x509_parser::prelude::X509Certificate;

use super::approval::ApprovalRule;
use super::codes::Codes;
use super::material::Material;
use super::material::first_certificate;
use super::material::pins;
use super::prepare::prepare;
use super::revocation::Revocation;
use super::settings::AssuranceRule;
use super::settings::KuwaitSettings;
use super::settings::SettingsError;
use super::settings::StampSettings;
use super::stamp::Stamp;
use super::transport::Transport;
use super::transport::open;
use crate::audit::Recorded;
use crate::connector::AppLink;
use crate::connector::Connector;
use crate::connector::Expected;
use crate::connector::Outbound;
use crate::connector::Polled;
use crate::connector::Polling;
use crate::connector::PrepareError;
use crate::connector::Reply;
use crate::connector::Request;
use crate::connector::Verdict;
use crate::words::QrCode;
use crate::words::RequestId;
use crate::words::Timestamp;

/// Kuwait Mobile ID, reached through the transport of the settings.
pub struct Kuwait {
    pub(super) approval: ApprovalRule,
    transport: Box<dyn Transport>,
    client_expires_at: Option<Timestamp>,
    /// The template of links that open the app.
    app_link: Option<String>,
}

/// A certificate that somebody has to renew in time (threat B-06).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateExpiry {
    /// Which one, for the operator.
    pub name: String,
    /// Its last moment.
    pub expires_at: Timestamp,
}

impl Kuwait {
    /// Reads keys and certificates from where the settings say, and checks everything.
    ///
    /// # Errors
    /// Names the setting that can't be used, why, and the remedy.
    pub fn open(settings: &KuwaitSettings, now: Timestamp) -> Result<Self, SettingsError> {
        Self::new(settings, &Material::load(settings)?, now)
    }

    /// Checks settings with keys and certificates that are in memory already.
    ///
    /// # Errors
    /// Names the setting that can't be used, why, and the remedy.
    pub fn new(
        settings: &KuwaitSettings,
        material: &Material,
        now: Timestamp,
    ) -> Result<Self, SettingsError> {
        if uuid::Uuid::try_parse(&settings.service_provider_id).is_err() {
            return Err(SettingsError::new(
                "kuwait.service_provider_id",
                "it is no GUID",
                "take it from the authority's letter",
            ));
        }
        times(settings)?;
        app_link(settings)?;
        Ok(Self {
            app_link: settings.app_link.clone(),
            approval: approval_rule(settings, &material.signers, list_issuers(settings, material))?,
            client_expires_at: match &material.client {
                Some(client) => Some(client_expiry(&client.certificate, now)?),
                None => None,
            },
            transport: open(settings, material)?,
        })
    }

    /// Certificates that run out, for alarms: the SP client certificate and the pinned signers.
    pub fn expiries(&self) -> Vec<CertificateExpiry> {
        let client = self.client_expires_at.map(|expires_at| CertificateExpiry {
            name: "SP client certificate".to_owned(),
            expires_at,
        });
        let signers = self.approval.stamp.pins().iter().filter_map(|pin| {
            let signer = pin.signer()?;
            Some(CertificateExpiry {
                name: format!("stamp signer {}", signer.fingerprint.short()),
                expires_at: signer.not_after,
            })
        });
        client.into_iter().chain(signers).collect()
    }
}

#[async_trait]
impl Connector for Kuwait {
    fn name(&self) -> &str {
        self.transport.name()
    }

    fn prepare(&self, request: &Request) -> Result<Outbound, PrepareError> {
        let asked = prepare(request, &self.approval.service_provider_id)?;
        self.transport.write(asked, request)
    }

    async fn send(&self, outbound: Recorded<Outbound>) -> Reply {
        self.transport
            .send(outbound.into_inner(), &self.approval.codes)
            .await
    }

    fn polling(&self) -> Option<Polling> {
        self.transport.polling()
    }

    async fn poll(&self, request_id: &RequestId) -> Polled {
        self.transport.poll(request_id).await
    }

    async fn look_up(&self, body: &[u8], now: Timestamp) {
        let asking = async {
            match self.transport.polled_rule() {
                Some(rule) => {
                    if let Some(callback) = rule.stamped(body, self.approval.keys) {
                        self.approval.look_up(&callback, now).await;
                    }
                }
                None => self.approval.look_up(body, now).await,
            }
        };
        // Others may be waiting for the same responder; what it has not said by then is not known.
        if tokio::time::timeout(LONGEST_LOOK_UP, asking).await.is_err() {
            tracing::warn!("the responder did not answer in time about the certificates of an answer");
        }
    }

    fn examine(&self, body: &[u8], expected: &Expected<'_>) -> Verdict {
        self.approval.examine(body, expected)
    }

    fn examine_reply(&self, body: &[u8], expected: &Expected<'_>) -> Verdict {
        if let Some(rule) = self.transport.polled_rule() {
            return rule.examine(body, &self.approval, expected);
        }
        match self.transport.in_bridge_form(body) {
            Some(body) => self.approval.examine_reply(&body, expected),
            None => Verdict::unreadable("the reply can't be read"),
        }
    }

    fn app_link(&self, qr: &QrCode) -> Option<AppLink> {
        let template = self.app_link.as_ref()?;
        Some(AppLink::new(template, qr.text()))
    }

    fn knows_error(&self, code: i64) -> bool {
        self.approval.codes.knows_error(code)
    }

    fn opens_app(&self) -> bool {
        self.app_link.is_some()
    }
}

impl std::fmt::Debug for Kuwait {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Kuwait")
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

/// The approval rule of the settings, with the certificates that `stamp.signers` names.
pub(super) fn approval_rule(
    settings: &KuwaitSettings,
    signers: &[Vec<u8>],
    list_issuers: &[Vec<u8>],
) -> Result<ApprovalRule, SettingsError> {
    let revocation = match &settings.revocation {
        Some(revocation) => Some(Arc::new(Revocation::new(revocation, list_issuers)?)),
        None => None,
    };
    Ok(ApprovalRule {
        revocation: revocation.clone(),
        service_provider_id: settings.service_provider_id.clone(),
        stamp: stamp(settings.stamp.as_ref(), signers, revocation)?,
        codes: Codes::new(settings.codes.clone())
            .map_err(|problem| SettingsError::new("kuwait.codes", problem, "take the addition out"))?,
        assurance: assurance(settings.assurance.as_ref())?,
        challenge: settings.challenge,
        additional_data: settings.additional_data,
        transaction_date: settings.transaction_date,
        user_certificate: settings.user_certificate,
        clock_skew: Duration::from_secs(settings.clock_skew_seconds.into()),
        identity_qr_age: Duration::from_secs(settings.identity_qr_age_seconds.into()),
        keys: settings.keys,
    })
}

fn times(settings: &KuwaitSettings) -> Result<(), SettingsError> {
    let (connect, reply) = (settings.connect_timeout_seconds, settings.reply_timeout_seconds);
    if connect == 0 || reply <= connect {
        return Err(SettingsError::new(
            "kuwait.reply_timeout_seconds",
            format!("a reply within {reply} s can't follow a connection within {connect} s"),
            "give the connection at least 1 s and the reply more than the connection",
        ));
    }
    if settings.clock_skew_seconds > MAX_SKEW_SECONDS {
        return Err(SettingsError::new(
            "kuwait.clock_skew_seconds",
            format!("more than {MAX_SKEW_SECONDS} s would let old answers pass for new"),
            "set the clocks right instead",
        ));
    }
    Ok(())
}

fn app_link(settings: &KuwaitSettings) -> Result<(), SettingsError> {
    match &settings.app_link {
        Some(template) if !AppLink::is_template(template) => Err(SettingsError::new(
            "kuwait.app_link",
            "it is no template of a link",
            "write the authority's URL scheme with `{qr}` where the text of the code stands, and `{return_url}` where \
             the way back does",
        )),
        _ => Ok(()),
    }
}

/// Who signs lists: those who are named, or else the authority of the server.
fn list_issuers<'m>(settings: &KuwaitSettings, material: &'m Material) -> &'m [Vec<u8>] {
    let named = settings
        .revocation
        .as_ref()
        .is_some_and(|revocation| !revocation.issuers.is_empty());
    if named {
        &material.list_issuers
    } else {
        std::slice::from_ref(&material.server_ca)
    }
}

fn stamp(
    settings: Option<&StampSettings>,
    signers: &[Vec<u8>],
    revocation: Option<Arc<Revocation>>,
) -> Result<Stamp, SettingsError> {
    const REMEDY: &str = "set `rule`, `formats` and `signers` from the authority's integration guide; there is no \
                          default, because an unverified answer can be anybody's";
    let missing = |setting, problem| SettingsError::new(setting, problem, REMEDY);
    let settings = settings.ok_or_else(|| missing("kuwait.stamp", "it is not set"))?;
    if settings.formats.is_empty() {
        return Err(missing("kuwait.stamp.formats", "no format is accepted"));
    }
    if settings.signers.is_empty() {
        return Err(missing("kuwait.stamp.signers", "nobody is pinned"));
    }
    let pins = pins(&settings.signers, signers)?;
    Ok(Stamp::new(settings.rule, settings.formats.clone(), pins).limited(settings.until.clone(), revocation))
}

fn assurance(rule: Option<&AssuranceRule>) -> Result<AssuranceRule, SettingsError> {
    const REMEDY: &str = "set `as_requested` if the authority enforces the level it is asked for, or \
                          `certificate_policy` with its policy identifiers; its integration guide says which";
    match rule {
        None => Err(SettingsError::new("kuwait.assurance", "it is not set", REMEDY)),
        Some(AssuranceRule::CertificatePolicy(levels)) if levels.is_empty() => Err(SettingsError::new(
            "kuwait.assurance.certificate_policy",
            "it names no policy",
            REMEDY,
        )),
        Some(rule) => Ok(rule.clone()),
    }
}

/// When the SP client certificate runs out. One that is not valid now is refused: requests with it would fail
/// one by one, each after a person was told to wait.
fn client_expiry(pem: &[u8], now: Timestamp) -> Result<Timestamp, SettingsError> {
    const SETTING: &str = "kuwait.client.certificate";
    let der = first_certificate(pem).unwrap_or_default();
    let (_, certificate) = X509Certificate::from_der(&der)
        .map_err(|_| SettingsError::new(SETTING, "it is no certificate", "give the certificate as PEM"))?;
    let moment = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
    let begins = moment(certificate.validity().not_before.timestamp());
    let expires = moment(certificate.validity().not_after.timestamp());
    if now > expires {
        return Err(SettingsError::new(
            SETTING,
            format!("it expired on {expires}"),
            "have the authority issue a new one",
        ));
    }
    if now < begins {
        return Err(SettingsError::new(
            SETTING,
            format!("it is valid from {begins} only"),
            "wait until then, or check the clock of this machine",
        ));
    }
    Ok(expires)
}

/// What a flow waits for at most before its answer is examined.
const LONGEST_LOOK_UP: Duration = Duration::from_secs(10);

/// Ten minutes. Twice the usual life of a flow is more than any clock should need.
const MAX_SKEW_SECONDS: u16 = 600;
