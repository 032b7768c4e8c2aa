//! The settings of the connector, as they stand in the file that describes how a node runs.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use super::codes::CodeAdditions;
use super::json::KeyMatching;
use super::source::Source;
use super::stamp::StampFormat;
use super::stamp::StampRule;
use super::transport::TransportSettings;
use crate::words::Assurance;
use crate::words::Digest;

/// How to reach Kuwait Mobile ID and what to believe of its answers.
///
/// What the authority's public documents leave open has no default here: `stamp` and `assurance` must be set
/// from its integration guide (or from [`KuwaitSettings::for_sandbox`] in the sandbox).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KuwaitSettings {
    /// Where the authority or its wrapper listens: `https://…`, to which each operation's path is added.
    pub base_url: String,
    /// How it is spoken to.
    #[serde(default)]
    pub transport: TransportSettings,
    /// The GUID that the authority gave this SP.
    pub service_provider_id: String,
    /// The SP client certificate for mutual TLS. The bridge needs it; a wrapper may go without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientIdentity>,
    /// The one certificate authority that the server's certificate must come from, PEM.
    pub server_ca: Source,
    /// What the authority's stamp covers and who makes it.
    pub stamp: Option<StampSettings>,
    /// How the assurance of an answer is known.
    pub assurance: Option<AssuranceRule>,
    /// Codes that the authority uses beyond the published ones.
    #[serde(default)]
    pub codes: CodeAdditions,
    /// How keys of callbacks and replies are compared.
    #[serde(default)]
    pub keys: KeyMatching,
    /// Whether callbacks must echo the challenge. One that comes must always be ours.
    #[serde(default = "required")]
    pub challenge: Presence,
    /// Whether callbacks must echo the additional data. One that comes must always be ours, and a callback
    /// without it counts only when the request id is known already. Not required by default: declined answers
    /// have been seen without it.
    #[serde(default = "when_present")]
    pub additional_data: Presence,
    /// Whether callbacks must tell the moment of the answer. One that comes must lie within the flow's life.
    /// Not required by default: null dates have been seen, and it is the request id, the challenge and the
    /// deadline that prove an answer to be new.
    #[serde(default = "when_present")]
    pub transaction_date: Presence,
    /// Whether an approval must carry the person's certificate. One that comes must be the person's and valid.
    #[serde(default = "required")]
    pub user_certificate: Presence,
    /// How old the code of a person's card may be when it is verified, in seconds.
    #[serde(default = "default_qr_age")]
    pub identity_qr_age_seconds: u16,
    /// The link that opens the app on the same device (R000-075), with `{qr}` for the text of the code and `{return_url}`
    /// for the way back. The authority's URL scheme is not public, so there is no default; without it, no sign-in by QR
    /// begins on a mobile channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_link: Option<String>,
    /// How far the authority's clock may be from ours, in seconds.
    #[serde(default = "default_skew")]
    pub clock_skew_seconds: u16,
    /// How long a connection may take, in seconds.
    #[serde(default = "default_connect")]
    pub connect_timeout_seconds: u16,
    /// How long a reply may take, in seconds, connection included.
    #[serde(default = "default_reply")]
    pub reply_timeout_seconds: u16,
}

/// The SP client certificate (R000-064).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientIdentity {
    /// The certificate and its intermediates, PEM, the certificate first.
    pub certificate: Source,
    /// The private key, PEM. A file must be readable by its owner only.
    pub key: Source,
}

/// What the authority's stamp covers and who makes it (R000-114 to R000-116).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StampSettings {
    /// Which bytes are covered.
    pub rule: StampRule,
    /// The accepted formats.
    pub formats: Vec<StampFormat>,
    /// The certificates that may stamp.
    pub signers: Vec<SignerPin>,
}

/// A certificate that may stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignerPin {
    /// The certificate itself, PEM or DER.
    Certificate(Source),
    /// SHA-256 of its DER; the certificate must then come with each callback.
    Fingerprint(Digest),
}

/// How the assurance of an answer is known; the answer itself carries no level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssuranceRule {
    /// The authority only lets a person answer who has the level that the request asked for, and its stamped
    /// answer to that very request proves it.
    AsRequested,
    /// A certificate policy of the person's certificate tells the level: object identifier to level. The
    /// highest of several counts; a certificate without any proves nothing.
    CertificatePolicy(BTreeMap<String, Assurance>),
}

/// Whether a member of a callback may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It must come.
    Required,
    /// It may be missing; if it comes, it is checked.
    WhenPresent,
}

/// A setting that can't be used: which, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}`: {problem}; {remedy}")]
pub struct SettingsError {
    /// The setting, such as `kuwait.stamp`.
    pub setting: &'static str,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub remedy: &'static str,
}

impl KuwaitSettings {
    /// What fits midflow's own sandbox, and only that.
    pub fn for_sandbox(
        base_url: String,
        service_provider_id: String,
        client: ClientIdentity,
        server_ca: Source,
        signer: SignerPin,
    ) -> Self {
        Self {
            base_url,
            transport: TransportSettings::Bridge,
            service_provider_id,
            client: Some(client),
            server_ca,
            stamp: Some(StampSettings {
                rule: StampRule::RawMembers,
                formats: StampFormat::ALL.to_vec(),
                signers: vec![signer],
            }),
            assurance: Some(AssuranceRule::AsRequested),
            codes: CodeAdditions::sandbox(),
            keys: KeyMatching::Exact,
            challenge: Presence::Required,
            additional_data: Presence::WhenPresent,
            transaction_date: Presence::WhenPresent,
            user_certificate: Presence::Required,
            identity_qr_age_seconds: default_qr_age(),
            app_link: None,
            clock_skew_seconds: default_skew(),
            connect_timeout_seconds: default_connect(),
            reply_timeout_seconds: default_reply(),
        }
    }
}

impl KuwaitSettings {
    /// Makes every `file:` count from a folder: that of the file which holds the settings.
    pub fn count_from(&mut self, folder: &Path) {
        let client = self.client.iter_mut();
        let client = client.flat_map(|client| [&mut client.certificate, &mut client.key]);
        let signers = self.stamp.iter_mut().flat_map(|stamp| &mut stamp.signers);
        let signers = signers.filter_map(|signer| match signer {
            SignerPin::Certificate(source) => Some(source),
            SignerPin::Fingerprint(_) => None,
        });
        let login = self.transport.login_mut().into_iter();
        let login = login.flat_map(|login| [&mut login.name, &mut login.password]);
        let all = [&mut self.server_ca]
            .into_iter()
            .chain(client)
            .chain(signers)
            .chain(login);
        all.for_each(|source| source.count_from(folder));
    }
}

impl SettingsError {
    pub(super) fn new(setting: &'static str, problem: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            setting,
            problem: problem.into(),
            remedy,
        }
    }
}

const fn required() -> Presence {
    Presence::Required
}

const fn when_present() -> Presence {
    Presence::WhenPresent
}

const fn default_skew() -> u16 {
    60
}

const fn default_qr_age() -> u16 {
    120
}

const fn default_connect() -> u16 {
    5
}

const fn default_reply() -> u16 {
    30
}
