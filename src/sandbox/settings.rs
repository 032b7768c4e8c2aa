use std::net::SocketAddr;

use super::faces::Logins;
use super::keys::Identity;
use super::keys::assurance_policies;
use super::keys::pem_of;
use super::state::State;
use crate::words::Assurance;

/// All that a service provider needs to use the sandbox as its authority.
#[derive(Clone, PartialEq, Eq)]
pub struct SpSettings {
    /// The bridge: `https://127.0.0.1:…`, without a slash at its end.
    pub bridge_url: String,
    /// The link that opens the phone on the same device, as a template of the connector.
    pub app_link: String,
    /// The authority's certificate as PEM: the only root for the bridge, and for citizens' certificates.
    pub authority_pem: String,
    /// The provider's certificate chain and key.
    pub client: Identity,
    /// The name and password of the faces that have a login.
    pub login: (String, String),
    /// The id the provider is registered under.
    pub service_provider_id: String,
    /// The stamp's certificate as DER, to be pinned.
    pub stamp_signer: Vec<u8>,
    /// The same as PEM.
    pub stamp_signer_pem: String,
    /// The certificate that takes its place when the authority changes its key, as PEM; to be pinned beside it.
    pub next_stamp_signer_pem: String,
    /// What the stamp covers.
    pub stamp_rule: &'static str,
    /// Which certificate policy (dotted OID) stands for which level.
    pub assurance_policies: Vec<(String, Assurance)>,
    /// Where the list of revoked certificates is.
    pub revocation_list_url: String,
    /// Where the responder (OCSP) is, which says of each certificate whether it is revoked.
    pub responder_url: String,
    /// Where the time-stamper (RFC 3161) is, which says when something was there.
    pub time_stamper_url: String,
    /// Its certificate as PEM, to be pinned.
    pub time_stamper_pem: String,
    /// A certificate and key for the provider's callback listener, for loopback names.
    pub callback_server: Identity,
}

impl SpSettings {
    /// For the provider that the sandbox is for.
    pub(super) fn of(state: &State, bridge: SocketAddr, phone: SocketAddr) -> Self {
        let id = &state.options.service_provider_id;
        Self::with(
            state,
            (id, state.keys.first_provider(), &state.login),
            bridge,
            phone,
        )
    }

    /// For the provider with this id; `None` if nobody is registered under it.
    pub(super) fn of_provider(
        state: &State,
        id: &str,
        bridge: SocketAddr,
        phone: SocketAddr,
    ) -> Option<Self> {
        let provider = (
            id,
            state.keys.service_provider(id)?,
            state.logins.get(id)?.as_ref(),
        );
        Some(Self::with(state, provider, bridge, phone))
    }

    fn with(
        state: &State,
        (service_provider_id, client, login): (&str, &Identity, &Logins),
        bridge: SocketAddr,
        phone: SocketAddr,
    ) -> Self {
        let stamp_signer = state.keys.stamp().certificate().to_vec();
        Self {
            bridge_url: format!("https://{bridge}"),
            app_link: format!("http://{phone}/app?code={{qr}}&back={{return_url}}"),
            authority_pem: state.keys.authority_pem().to_owned(),
            client: client.clone(),
            login: (login.name.clone(), login.password.clone()),
            service_provider_id: service_provider_id.to_owned(),
            stamp_signer_pem: pem_of("CERTIFICATE", &stamp_signer),
            stamp_signer,
            next_stamp_signer_pem: pem_of("CERTIFICATE", state.keys.next_stamp().certificate()),
            stamp_rule: "raw-members",
            assurance_policies: assurance_policies(),
            revocation_list_url: format!("http://{phone}/authority.crl"),
            responder_url: format!("http://{phone}/ocsp"),
            time_stamper_url: format!("http://{phone}/time-stamp"),
            time_stamper_pem: pem_of("CERTIFICATE", state.keys.time_stamper().certificate()),
            callback_server: state.keys.callback().clone(),
        }
    }
}

/// Shows where and who, never keys.
impl std::fmt::Debug for SpSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SpSettings")
            .field("bridge_url", &self.bridge_url)
            .field("service_provider_id", &self.service_provider_id)
            .field("stamp_rule", &self.stamp_rule)
            .finish_non_exhaustive()
    }
}
