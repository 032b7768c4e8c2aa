use serde::Deserialize;
use serde::Serialize;

use crate::connector::kuwait::Presence;
use crate::connector::kuwait::Source;

/// Where it is known which certificates are revoked: lists, a responder, or both. Where both are named, either may say that
/// a certificate is revoked, and either is enough to say that it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationSettings {
    /// The lists (RFC 5280, section 5), each with its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<ListSource>,
    /// The address of the responder (OCSP, RFC 6960) that is asked about each certificate, `http` or `https`: its answers are
    /// signed, so nothing depends on the way they took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responder: Option<String>,
    /// Whether the responder's answers must repeat our nonce. One that comes must always be ours. A responder that hands out
    /// answers made beforehand repeats none; then an answer is as fresh as its `thisUpdate` says.
    #[serde(default = "required")]
    pub nonce: Presence,
    /// The certificates of those who sign the lists and who have issued what the responder is asked about, PEM or DER; the
    /// one of `server_ca` where none is named.
    #[serde(default)]
    pub issuers: Vec<Source>,
    /// What follows where no list says anything about a certificate.
    #[serde(default)]
    pub when_unknown: WhenUnknown,
    /// How often lists are looked at again, and how long an answer of the responder is not asked for again, in seconds; sooner
    /// where one runs out.
    #[serde(default = "default_refresh")]
    pub refresh_seconds: u32,
}

/// Where a list is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListSource {
    /// At an address, `http` or `https`: the list is signed, so nothing depends on the way it took.
    Url(String),
    /// In a file, PEM or DER, that somebody else keeps fresh.
    File(Source),
}

/// What follows where nothing is known: no list of the certificate's issuer is at hand or all have run out, and no answer of
/// the responder counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenUnknown {
    /// The answer is not believed.
    #[default]
    Refuse,
    /// The answer counts; that nothing was known is recorded with it.
    Allow,
}

const fn required() -> Presence {
    Presence::Required
}

const fn default_refresh() -> u32 {
    300
}
