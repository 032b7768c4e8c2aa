use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use super::CertificateKind;
use super::Identity;
use super::certify::CertificateAuthority;
use super::certify::Profile;
use super::certify::revoked_serial;
use super::files::CITIZENS;
use super::files::KeyFolder;
use super::identity::subject_number;
use crate::sandbox::citizen::Citizen;
use crate::sandbox::citizen::Ending;
use crate::sandbox::draws::Draws;
use crate::words::Purpose;
use crate::words::Timestamp;

/// Everything the sandbox signs with, made at the first start and kept in a folder.
pub struct Keys {
    authority: CertificateAuthority,
    server: Identity,
    callback: Identity,
    /// Of the provider that the sandbox is for.
    first_provider: Identity,
    /// By the id that the provider is registered under, the first one too.
    service_providers: BTreeMap<String, Identity>,
    stamp: Identity,
    impostor: Identity,
    ended_stamp: Identity,
    next_stamp: Identity,
    responder: Identity,
    time_stamper: Identity,
    civil_nos: Vec<String>,
    /// What was revoked since the start, by serial number.
    revoked: Mutex<BTreeSet<Vec<u8>>>,
    citizens: Mutex<HashMap<(String, CertificateKind), Arc<Identity>>>,
    opened_at: Timestamp,
}

/// Which key stamps the callbacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StampAlgorithm {
    /// RSA with 2048 bits, PKCS #1 v1.5, SHA-256: the likeliest reading of the authority's stamp.
    #[default]
    Rsa2048,
    /// ECDSA on P-256 with SHA-256; about ten times cheaper, for load.
    EcdsaP256,
}

/// Why the keys can't be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The folder or a file in it can't be used.
    #[error("the sandbox's keys at {}: {fault}; make the folder writable, or name another one", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        fault: std::io::Error,
    },
    /// A key or certificate can't be made.
    #[error("a key or certificate of the sandbox can't be made: {0}")]
    Make(#[from] rcgen::Error),
}

impl Keys {
    /// Opens the keys in a folder; makes what is missing, broken or near its end. Blocks on the disk, and on
    /// the first start on the making of an RSA key.
    ///
    /// # Errors
    /// When the folder can't be read or written.
    pub fn open(
        path: &Path,
        service_provider_id: &str,
        algorithm: StampAlgorithm,
        citizens: &[Citizen],
        now: Timestamp,
    ) -> Result<Self, KeysError> {
        let draws = Arc::new(Draws::default());
        Self::open_for(
            path,
            (service_provider_id, &[]),
            algorithm,
            citizens,
            (now, draws),
        )
    }

    /// The same for several providers, the one that the sandbox is for first, with keys drawn from a seed if there is one.
    ///
    /// # Errors
    /// When the folder can't be read or written.
    pub(in crate::sandbox) fn open_for(
        path: &Path,
        (first_provider, further_providers): (&str, &[&str]),
        algorithm: StampAlgorithm,
        citizens: &[Citizen],
        (now, draws): (Timestamp, Arc<Draws>),
    ) -> Result<Self, KeysError> {
        let algorithm = match draws.seed() {
            Some(_) => StampAlgorithm::EcdsaP256,
            None => algorithm,
        };
        let folder = KeyFolder::open(path, draws.seed())?;
        let authority = authority(&folder, draws, now)?;
        let stamp_file = match algorithm {
            StampAlgorithm::Rsa2048 => "stamp-rsa.pem",
            StampAlgorithm::EcdsaP256 => "stamp-p256.pem",
        };
        let kept = |name: &str, profile: &Profile<'_>| {
            if let Some(found) = folder.load(name, now.plus(RENEW_BEFORE))? {
                return Ok(found);
            }
            let made = authority.issue(profile, name, now)?;
            folder.save(name, &made)?;
            Ok::<_, KeysError>(made)
        };
        let server = kept(
            "bridge.pem",
            &Profile::Server {
                name: "midflow sandbox bridge",
            },
        )?;
        let callback = kept(
            "callback.pem",
            &Profile::Server {
                name: "midflow callback listener",
            },
        )?;
        let provider = |id: &str| kept(&format!("sp-{id}.pem"), &Profile::ServiceProvider { id });
        let of_first = provider(first_provider)?;
        let mut service_providers = BTreeMap::from([(first_provider.to_owned(), of_first.clone())]);
        for id in further_providers {
            service_providers.insert((*id).to_owned(), provider(id)?);
        }
        let stamp = kept(stamp_file, &Profile::Stamp { algorithm })?;
        // The key that takes the place of the stamp's in a change of keys; cheap to make, whatever the first one is.
        let next_stamp = kept(
            "stamp-next.pem",
            &Profile::Stamp {
                algorithm: StampAlgorithm::EcdsaP256,
            },
        )?;
        let responder = kept("responder.pem", &Profile::Responder)?;
        let time_stamper = kept("time-stamper.pem", &Profile::TimeStamper)?;
        folder.write("authority.crt", authority.identity().chain_pem())?;
        folder.write("stamp.crt", &pem_of("CERTIFICATE", stamp.certificate()))?;
        let civil_nos = citizens
            .iter()
            .map(|citizen| citizen.civil_no.expose(Purpose::Wire).to_owned())
            .collect();
        let impostor = authority.impostor(now)?;
        let ended_stamp = authority.issue(&Profile::EndedStamp, "ended stamp", now)?;
        let keys = Self {
            authority,
            server,
            callback,
            first_provider: of_first,
            service_providers,
            stamp,
            impostor,
            ended_stamp,
            next_stamp,
            responder,
            time_stamper,
            civil_nos,
            revoked: Mutex::default(),
            citizens: Mutex::default(),
            opened_at: now,
        };
        keys.open_citizens(&folder, citizens)?;
        Ok(keys)
    }

    /// The authority's own certificate, as PEM: what every side of the sandbox trusts.
    pub fn authority_pem(&self) -> &str {
        self.authority.identity().chain_pem()
    }

    /// For the bridge's TLS listener.
    pub fn server(&self) -> &Identity {
        &self.server
    }

    /// For the provider's callback listener, under the same authority.
    pub fn callback(&self) -> &Identity {
        &self.callback
    }

    /// For the TLS client of the provider that the sandbox is for.
    pub(in crate::sandbox) fn first_provider(&self) -> &Identity {
        &self.first_provider
    }

    /// For the TLS client of the provider with this id.
    pub fn service_provider(&self, id: &str) -> Option<&Identity> {
        self.service_providers.get(id)
    }

    /// The id of the provider whose certificate this is, DER. Its subject names it, whichever of its certificates it is.
    pub(in crate::sandbox) fn provider_of(&self, certificate: &[u8]) -> Option<&str> {
        let named = subject_number(certificate)?;
        self.service_providers
            .get_key_value(&named)
            .map(|(id, _)| id.as_str())
    }

    /// For the stamp.
    pub fn stamp(&self) -> &Identity {
        &self.stamp
    }

    /// A signer with the stamp's name that nobody certified.
    pub fn impostor(&self) -> &Identity {
        &self.impostor
    }

    /// A signer that the authority certified, for a time that is over.
    pub fn ended_stamp(&self) -> &Identity {
        &self.ended_stamp
    }

    /// For the stamp after a change of keys.
    pub fn next_stamp(&self) -> &Identity {
        &self.next_stamp
    }

    /// For the responder's answers.
    pub(in crate::sandbox) fn responder(&self) -> &Identity {
        &self.responder
    }

    /// For time-stamps.
    pub(in crate::sandbox) fn time_stamper(&self) -> &Identity {
        &self.time_stamper
    }

    /// The authority's own key and certificate.
    pub(in crate::sandbox) fn authority(&self) -> &Identity {
        self.authority.identity()
    }

    /// Whether the certificate of this serial number is revoked.
    pub(in crate::sandbox) fn is_revoked(&self, serial: &[u8]) -> bool {
        let by_nature = self
            .civil_nos
            .iter()
            .any(|civil_no| revoked_serial(civil_no).to_bytes() == serial);
        by_nature || self.revoked().contains(serial)
    }

    /// The list of revoked certificates as it stands now, DER: those of citizens who are so by nature, and what was revoked since.
    ///
    /// # Errors
    /// When it can't be signed.
    pub(in crate::sandbox) fn revocation_list(&self, now: Timestamp) -> Result<Vec<u8>, KeysError> {
        let besides = self.revoked().clone();
        let civil_nos = self.civil_nos.iter().map(String::as_str);
        self.authority
            .revocation_list(civil_nos, besides.into_iter(), now)
    }

    /// Puts a certificate on the list; `false` if it can't be read.
    pub(in crate::sandbox) fn revoke(&self, identity: &Identity) -> bool {
        let serial = identity.serial();
        let readable = serial.is_some();
        self.revoked().extend(serial);
        readable
    }

    fn revoked(&self) -> std::sync::MutexGuard<'_, BTreeSet<Vec<u8>>> {
        self.revoked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A citizen's key and certificate in a condition; made when first needed.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn citizen(&self, citizen: &Citizen, kind: CertificateKind) -> Result<Arc<Identity>, KeysError> {
        let index = (citizen.civil_no.expose(Purpose::Wire).to_owned(), kind);
        if let Some(found) = self.cache().get(&index) {
            return Ok(found.clone());
        }
        let made = Arc::new(self.issue(citizen, kind)?);
        // Two callers may have made one each: the first one stays, so that a citizen has one certificate.
        Ok(self.cache().entry(index).or_insert(made).clone())
    }

    /// Reads or makes the certificates that citizens carry by themselves.
    fn open_citizens(&self, folder: &KeyFolder, citizens: &[Citizen]) -> Result<(), KeysError> {
        for citizen in citizens.iter().filter(|citizen| !citizen.of_the_crowd) {
            let kind = own_kind(citizen);
            let civil_no = citizen.civil_no.expose(Purpose::Wire);
            let name = format!("{CITIZENS}/{civil_no}.pem");
            let found = match kind {
                CertificateKind::Expired => folder.load_whatever_its_age(&name)?,
                _ => folder.load(&name, self.opened_at.plus(RENEW_BEFORE))?,
            };
            let identity = match found {
                Some(identity) => identity,
                None => {
                    let made = self.issue(citizen, kind)?;
                    folder.save(&name, &made)?;
                    made
                }
            };
            self.cache()
                .insert((civil_no.to_owned(), kind), Arc::new(identity));
        }
        Ok(())
    }

    fn issue(&self, citizen: &Citizen, kind: CertificateKind) -> Result<Identity, KeysError> {
        let assurance = match kind {
            CertificateKind::Valid(level) => level,
            CertificateKind::Expired | CertificateKind::Revoked => citizen.assurance,
        };
        let profile = Profile::Citizen {
            civil_no: citizen.civil_no.expose(Purpose::Wire),
            name: &citizen.certificate_name(),
            assurance,
            kind,
        };
        let name = format!("citizen {} {kind:?}", citizen.civil_no.expose(Purpose::Wire));
        self.authority.issue(&profile, &name, self.opened_at)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<(String, CertificateKind), Arc<Identity>>> {
        self.citizens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hides everything.
impl std::fmt::Debug for Keys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Keys(…)")
    }
}

/// The certificate a citizen carries when no scenario says otherwise.
pub(in crate::sandbox) fn own_kind(citizen: &Citizen) -> CertificateKind {
    match citizen.ending {
        Ending::Expired => CertificateKind::Expired,
        Ending::Revoked => CertificateKind::Revoked,
        _ => CertificateKind::Valid(citizen.assurance),
    }
}

/// One DER element as PEM.
pub(in crate::sandbox) fn pem_of(label: &str, der: &[u8]) -> String {
    use base64::Engine;

    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// The authority of the folder; a new one, and nothing else in the folder, when there is none that serves.
fn authority(
    folder: &KeyFolder,
    draws: Arc<Draws>,
    now: Timestamp,
) -> Result<CertificateAuthority, KeysError> {
    let needed_until = now.plus(RENEW_AUTHORITY_BEFORE);
    let found = folder.load(AUTHORITY_FILE, needed_until)?;
    if let Some(authority) = found.and_then(|found| CertificateAuthority::resume(found, draws.clone())) {
        return Ok(authority);
    }
    // First the certificates of the old one go, so that a crash in between leaves no mixture.
    folder.clear()?;
    let made = CertificateAuthority::create(draws, now)?;
    folder.save(AUTHORITY_FILE, made.identity())?;
    Ok(made)
}

const AUTHORITY_FILE: &str = "authority.pem";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A certificate with less left than this is renewed at the next start.
const RENEW_BEFORE: Duration = DAY.saturating_mul(30);
/// The authority must outlive every certificate it issues.
const RENEW_AUTHORITY_BEFORE: Duration = DAY.saturating_mul(400);

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
