use serde::Deserialize;
use serde::Serialize;

use crate::connector::kuwait::Source;

/// Where it is known which certificates are revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationSettings {
    /// The lists (RFC 5280, section 5), each with its place.
    pub lists: Vec<ListSource>,
    /// The certificates of those who sign the lists, PEM or DER; the one of `server_ca` where none is named.
    #[serde(default)]
    pub issuers: Vec<Source>,
    /// What follows where no list says anything about a certificate.
    #[serde(default)]
    pub when_unknown: WhenUnknown,
    /// How often lists are looked at again, in seconds; sooner where one runs out.
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

/// What follows where nothing is known: no list of the certificate's issuer is at hand, or all have run out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenUnknown {
    /// The answer is not believed.
    #[default]
    Refuse,
    /// The answer counts; that nothing was known is recorded with it.
    Allow,
}

const fn default_refresh() -> u32 {
    300
}
