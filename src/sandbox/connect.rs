use secrecy::SecretString;

use super::faces::Face;
use super::settings::SpSettings;
use crate::connector::kuwait::AssuranceRule;
use crate::connector::kuwait::ClientIdentity;
use crate::connector::kuwait::ClientMaterial;
use crate::connector::kuwait::Credentials;
use crate::connector::kuwait::Kuwait;
use crate::connector::kuwait::KuwaitRule;
use crate::connector::kuwait::KuwaitSettings;
use crate::connector::kuwait::ListSource;
use crate::connector::kuwait::Material;
use crate::connector::kuwait::Presence;
use crate::connector::kuwait::RevocationSettings;
use crate::connector::kuwait::SettingsError;
use crate::connector::kuwait::SignerPin;
use crate::connector::kuwait::Source;
use crate::connector::kuwait::WhenUnknown;
use crate::words::Timestamp;

impl SpSettings {
    /// The connector of production, pointed at the sandbox, with its keys in memory.
    ///
    /// # Errors
    /// When the sandbox's keys do not serve at `now`, as after a long pause.
    pub fn connector(&self, now: Timestamp) -> Result<Kuwait, SettingsError> {
        self.connector_over(Face::Bridge, now)
    }

    /// Likewise, over the transport that fits a face.
    ///
    /// # Errors
    /// When the sandbox's keys do not serve at `now`, as after a long pause.
    pub fn connector_over(&self, face: Face, now: Timestamp) -> Result<Kuwait, SettingsError> {
        self.connector_with(&self.settings_of(face), now)
    }

    /// The connector over the transport that fits a face, which asks the sandbox's list of revoked certificates and its responder
    /// (OCSP): either may say that a certificate is revoked, and either is enough to say that it is not. Without a word that
    /// counts, it does as it is told. [`Kuwait::keep_lists_fresh`] fetches the list.
    ///
    /// # Errors
    /// When the sandbox's keys do not serve at `now`, as after a long pause.
    pub fn connector_with_lists_and_responder(
        &self,
        face: Face,
        when_unknown: WhenUnknown,
        now: Timestamp,
    ) -> Result<Kuwait, SettingsError> {
        let lists = vec![ListSource::Url(self.revocation_list_url.clone())];
        let responder = Some(self.responder_url.clone());
        self.connector_that_asks(face, lists, responder, when_unknown, now)
    }

    /// The connector over the bridge, which asks the sandbox's list of revoked certificates; without a list that counts, it
    /// does as it is told. [`Kuwait::keep_lists_fresh`] fetches it.
    ///
    /// # Errors
    /// When the sandbox's keys do not serve at `now`, as after a long pause.
    pub fn connector_with_lists(
        &self,
        when_unknown: WhenUnknown,
        now: Timestamp,
    ) -> Result<Kuwait, SettingsError> {
        let lists = vec![ListSource::Url(self.revocation_list_url.clone())];
        self.connector_that_asks(Face::Bridge, lists, None, when_unknown, now)
    }

    /// The connector over the transport that fits a face, which asks the sandbox's responder (OCSP) about each certificate;
    /// without an answer that counts, it does as it is told.
    ///
    /// # Errors
    /// When the sandbox's keys do not serve at `now`, as after a long pause.
    pub fn connector_with_responder(
        &self,
        face: Face,
        when_unknown: WhenUnknown,
        now: Timestamp,
    ) -> Result<Kuwait, SettingsError> {
        let responder = Some(self.responder_url.clone());
        self.connector_that_asks(face, Vec::new(), responder, when_unknown, now)
    }

    fn connector_that_asks(
        &self,
        face: Face,
        lists: Vec<ListSource>,
        responder: Option<String>,
        when_unknown: WhenUnknown,
        now: Timestamp,
    ) -> Result<Kuwait, SettingsError> {
        let mut settings = self.settings_of(face);
        settings.revocation = Some(RevocationSettings {
            lists,
            responder,
            nonce: Presence::Required,
            issuers: Vec::new(),
            when_unknown,
            // Somebody has just revoked something and wants to see it.
            refresh_seconds: 2,
        });
        self.connector_with(&settings, now)
    }

    fn connector_with(&self, settings: &KuwaitSettings, now: Timestamp) -> Result<Kuwait, SettingsError> {
        let material = Material {
            client: Some(ClientMaterial {
                certificate: self.client.chain_pem().as_bytes().to_vec(),
                key: SecretString::from(self.client.key_pem().to_owned()),
            }),
            login: settings.transport.has_login().then(|| Credentials {
                name: self.login.0.clone().into(),
                password: self.login.1.clone().into(),
            }),
            server_ca: self.authority_pem.clone().into_bytes(),
            signers: self.signers(),
            list_issuers: Vec::new(),
        };
        Kuwait::new(settings, &material, now)
    }

    /// What the connector of production believes of the sandbox's answers, without a transport.
    ///
    /// # Errors
    /// When the stamp's certificate can't be used.
    pub fn rule(&self) -> Result<KuwaitRule, SettingsError> {
        KuwaitRule::new(&self.settings_of(Face::Bridge), &self.signers())
    }

    pub(super) fn settings_of(&self, face: Face) -> KuwaitSettings {
        // The references are never followed: the material is at hand.
        let unused = || Source::Env("SANDBOX".to_owned());
        let client = ClientIdentity {
            certificate: unused(),
            key: unused(),
        };
        let mut settings = KuwaitSettings::for_sandbox(
            format!("{}{}", self.bridge_url, face.path()),
            self.service_provider_id.clone(),
            client,
            unused(),
            SignerPin::Certificate(unused()),
        );
        if let Some(stamp) = &mut settings.stamp {
            stamp.signers.push(SignerPin::Certificate(unused()));
        }
        settings.transport = face.transport();
        let policies = self.assurance_policies.iter().cloned().collect();
        settings.assurance = Some(AssuranceRule::CertificatePolicy(policies));
        match face {
            // The gateway takes no challenge that an answer could echo.
            Face::Gateway => settings.challenge = Presence::WhenPresent,
            // And without a stamp there is no certificate to tell the level.
            Face::GatewayUnstamped => settings.assurance = Some(AssuranceRule::AsRequested),
            _ => {}
        }
        settings.app_link = Some(self.app_link.clone());
        settings
    }

    fn signers(&self) -> Vec<Vec<u8>> {
        let pinned = [&self.stamp_signer_pem, &self.next_stamp_signer_pem];
        pinned.map(|pem| pem.clone().into_bytes()).to_vec()
    }
}
