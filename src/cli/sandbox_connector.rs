use secrecy::SecretString;

use super::failure::Failure;
use crate::connector::kuwait::AssuranceRule;
use crate::connector::kuwait::ClientIdentity;
use crate::connector::kuwait::Kuwait;
use crate::connector::kuwait::KuwaitSettings;
use crate::connector::kuwait::Material;
use crate::connector::kuwait::SignerPin;
use crate::connector::kuwait::Source;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::sandbox::SpSettings;

/// The same connector as in production, pointed at the sandbox; its keys are in memory.
pub(crate) fn connector(sandbox: &SpSettings) -> Result<Kuwait, Failure> {
    let unused = || Source::Env("SANDBOX".to_owned());
    let mut settings = KuwaitSettings::for_sandbox(
        sandbox.bridge_url.clone(),
        sandbox.service_provider_id.clone(),
        ClientIdentity {
            certificate: unused(),
            key: unused(),
        },
        unused(),
        SignerPin::Certificate(unused()),
    );
    settings.assurance = Some(AssuranceRule::CertificatePolicy(
        sandbox.assurance_policies.iter().cloned().collect(),
    ));
    let material = Material {
        client_certificate: sandbox.client.chain_pem().as_bytes().to_vec(),
        client_key: SecretString::from(sandbox.client.key_pem().to_owned()),
        server_ca: sandbox.authority_pem.clone().into_bytes(),
        signers: vec![sandbox.stamp_signer_pem.clone().into_bytes()],
    };
    Kuwait::new(&settings, &material, SystemClock.now()).map_err(Failure::new)
}
