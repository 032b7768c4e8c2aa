use std::collections::BTreeMap;

use super::Logo;
use super::Onboarding;
use super::PushSafety;
use super::ThirdParty;
use crate::words::Environment;
use crate::words::Text;

/// The service provider itself, from the subscription form (R000-010 to R000-013, R000-020 to R000-025).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// The name, exactly as registered; shown on the phone and the pages.
    pub name: Text,
    /// Government or private.
    pub kind: OrganizationKind,
    /// The postal address.
    pub address: Option<Text>,
    /// The public web site.
    pub website: Option<String>,
    /// The logo as registered.
    pub logo: Option<Logo>,
    /// Who answers for the subscription.
    pub primary_contact: Contact,
    /// Who answers for the integration.
    pub technical_contact: Contact,
    /// Who answers for personal data.
    pub data_protection_contact: Option<Contact>,
    /// Who answers citizens who complain.
    pub complaints_contact: Option<Contact>,
    /// The vendor that does integration work; `None` where the form says none.
    pub third_party: Option<ThirdParty>,
    /// The declared environments; production and test are always there.
    pub environments: BTreeMap<Environment, EnvironmentSettings>,
    /// How far the subscription has come.
    pub onboarding: Onboarding,
    /// How people are protected from requests that they did not ask for.
    pub push_safety: PushSafety,
}

/// The kind of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganizationKind {
    /// A ministry or public authority.
    Government,
    /// A company or other private body.
    Private,
}

/// A contact of the subscription form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The full name.
    pub name: String,
    /// The job title.
    pub title: String,
    /// The e-mail address.
    pub email: String,
    /// The mobile number, `+965` and eight digits.
    pub mobile: String,
}

/// One declared environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentSettings {
    /// Base of every callback URL of this environment; `https`, no query.
    pub callback_base_url: String,
    /// Public addresses and ranges that requests leave from, CIDR.
    pub public_ips: Vec<String>,
    /// The nodes, where there is more than one (R000-022).
    pub nodes: Vec<String>,
    /// The fingerprint of the client certificate, 64 hexadecimal digits (R000-003).
    pub client_certificate: Option<String>,
}
