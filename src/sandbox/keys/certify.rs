use std::sync::Arc;
use std::time::Duration;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertificateRevocationListParams;
use rcgen::CidrSubnet;
use rcgen::CustomExtension;
use rcgen::DistinguishedName;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::GeneralSubtree;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyIdMethod;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::NameConstraints;
use rcgen::RevocationReason;
use rcgen::RevokedCertParams;
use rcgen::RsaKeySize;
use rcgen::SerialNumber;

use super::Identity;
use super::KeysError;
use super::StampAlgorithm;
use super::oid::CITIZEN_PURPOSE;
use super::oid::EXTENDED_KEY_USAGE_OID;
use super::oid::NO_CHECK_OID;
use super::oid::NULL;
use super::oid::POLICIES_OID;
use super::oid::STAMP_PURPOSE;
use super::oid::TIME_STAMPING;
use super::oid::policy_extension;
use crate::sandbox::draws::Draws;
use crate::words::Assurance;
use crate::words::Digest;
use crate::words::Timestamp;

/// The sandbox's certificate authority: signs, and does nothing else.
///
/// Its certificate permits loopback names only, so even a browser or a service that trusted it by mistake
/// could not be deceived about any other host (threat B-20).
pub(super) struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    identity: Identity,
    draws: Arc<Draws>,
}

/// What a certificate is for.
pub(super) enum Profile<'a> {
    /// A TLS server on this machine.
    Server { name: &'a str },
    /// A service provider towards the bridge.
    ServiceProvider { id: &'a str },
    /// The response data stamp.
    Stamp { algorithm: StampAlgorithm },
    /// A response data stamp whose time is over.
    EndedStamp,
    /// The one who says which certificates are revoked.
    Responder,
    /// The one who says when something was there.
    TimeStamper,
    /// A citizen's digital card.
    Citizen {
        civil_no: &'a str,
        name: &'a str,
        assurance: Assurance,
        kind: CertificateKind,
    },
}

/// The condition of a citizen's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateKind {
    /// In force, at this level.
    Valid(Assurance),
    /// Its validity has ended.
    Expired,
    /// On the sandbox's revocation list.
    Revoked,
}

impl CertificateAuthority {
    /// Makes a new authority that stands for [`AUTHORITY_DAYS`].
    pub(super) fn create(draws: Arc<Draws>, now: Timestamp) -> Result<Self, KeysError> {
        let key = draws.key_named(OWN)?;
        let mut params = authority_params();
        set_validity(&mut params, now.minus(days(1)), now.plus(days(AUTHORITY_DAYS)));
        params.serial_number = Some(serial(&draws, OWN));
        let certificate = params.self_signed(&key)?;
        let identity = Identity::new(
            &certificate.pem(),
            "",
            key.serialize_pem(),
            certificate.der().to_vec(),
        );
        Ok(Self {
            issuer: Issuer::new(params, key),
            identity,
            draws,
        })
    }

    /// Takes up the work of an authority made earlier; `None` if its key can't be read.
    pub(super) fn resume(identity: Identity, draws: Arc<Draws>) -> Option<Self> {
        let key = KeyPair::from_pem(identity.key_pem()).ok()?;
        Some(Self {
            issuer: Issuer::new(authority_params(), key),
            identity,
            draws,
        })
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Makes a key and a certificate for it; the name tells it from all others where chance comes from a seed.
    pub(super) fn issue(
        &self,
        profile: &Profile<'_>,
        name: &str,
        now: Timestamp,
    ) -> Result<Identity, KeysError> {
        let key = profile.generate_key(&self.draws, name)?;
        let params = profile.params(serial(&self.draws, name), now)?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Identity::new(
            &certificate.pem(),
            self.identity.chain_pem(),
            key.serialize_pem(),
            certificate.der().to_vec(),
        ))
    }

    /// A stamp signer that the authority never certified, with the right name on it: for forged stamps.
    pub(super) fn impostor(&self, now: Timestamp) -> Result<Identity, KeysError> {
        let profile = Profile::Stamp {
            algorithm: StampAlgorithm::EcdsaP256,
        };
        let key = profile.generate_key(&self.draws, IMPOSTOR)?;
        let params = profile.params(serial(&self.draws, IMPOSTOR), now)?;
        let certificate = params.self_signed(&key)?;
        Ok(Identity::new(
            &certificate.pem(),
            "",
            key.serialize_pem(),
            certificate.der().to_vec(),
        ))
    }

    /// The revocation list, DER: the certificate of kind `Revoked` of each of these citizens, and what was revoked besides, by
    /// serial number.
    pub(super) fn revocation_list<'a>(
        &self,
        civil_nos: impl Iterator<Item = &'a str>,
        besides: impl Iterator<Item = Vec<u8>>,
        now: Timestamp,
    ) -> Result<Vec<u8>, KeysError> {
        let this_update = rcgen::date_time_ymd(1970, 1, 1) + since_1970(now.minus(LIST_BEGINS));
        let besides = besides.map(|serial| SerialNumber::from_slice(&serial));
        let revoked_certs = civil_nos
            .map(revoked_serial)
            .chain(besides)
            .map(|serial_number| RevokedCertParams {
                serial_number,
                revocation_time: this_update,
                reason_code: Some(RevocationReason::KeyCompromise),
                invalidity_date: None,
            })
            .collect();
        let list = CertificateRevocationListParams {
            this_update,
            next_update: rcgen::date_time_ymd(1970, 1, 1) + since_1970(now.plus(LIST_COUNTS)),
            crl_number: SerialNumber::from_slice(&now.as_micros().max(0).to_be_bytes()),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.issuer)?.der().to_vec())
    }
}

impl Profile<'_> {
    fn generate_key(&self, draws: &Draws, name: &str) -> Result<KeyPair, KeysError> {
        let key = match self {
            Self::Stamp {
                algorithm: StampAlgorithm::Rsa2048,
            } => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048)?,
            _ => draws.key_named(name)?,
        };
        Ok(key)
    }

    fn params(&self, serial: SerialNumber, now: Timestamp) -> Result<CertificateParams, KeysError> {
        let mut params = CertificateParams::default();
        params.serial_number = Some(serial);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // From yesterday, against clocks that are a little behind.
        set_validity(&mut params, now.minus(days(1)), now.plus(days(LEAF_DAYS)));
        match self {
            Self::Server { name } => {
                params.subject_alt_names =
                    CertificateParams::new(LOOPBACK.map(String::from))?.subject_alt_names;
                params.distinguished_name = named(name);
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }
            Self::ServiceProvider { id } => {
                params.distinguished_name = named("midflow sandbox service provider");
                params.distinguished_name.push(serial_number_attribute(), *id);
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }
            Self::Stamp { .. } => {
                params.distinguished_name = named("midflow SANDBOX response stamp");
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(STAMP_PURPOSE.to_vec())];
            }
            Self::EndedStamp => {
                params.distinguished_name = named("midflow SANDBOX response stamp");
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(STAMP_PURPOSE.to_vec())];
                let past = now.minus(days(EXPIRED_DAYS));
                set_validity(&mut params, past.minus(days(LEAF_DAYS)), past);
            }
            Self::Responder => {
                params.distinguished_name = named("midflow SANDBOX responder");
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
                // Nobody can be asked about the one who answers.
                params.custom_extensions =
                    vec![CustomExtension::from_oid_content(NO_CHECK_OID, NULL.to_vec())];
            }
            Self::TimeStamper => {
                params.distinguished_name = named("midflow SANDBOX time-stamper");
                params.custom_extensions = vec![time_stamping_only()];
            }
            Self::Citizen {
                civil_no,
                name,
                assurance,
                kind,
            } => {
                params.distinguished_name = named(name);
                params.distinguished_name.push(DnType::CountryName, "KW");
                params
                    .distinguished_name
                    .push(serial_number_attribute(), *civil_no);
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(CITIZEN_PURPOSE.to_vec())];
                params.key_usages.push(KeyUsagePurpose::ContentCommitment);
                params.custom_extensions = vec![CustomExtension::from_oid_content(
                    POLICIES_OID,
                    policy_extension(*assurance),
                )];
                match kind {
                    CertificateKind::Valid(_) => {}
                    CertificateKind::Expired => {
                        let past = now.minus(days(EXPIRED_DAYS));
                        set_validity(&mut params, past.minus(days(LEAF_DAYS)), past);
                    }
                    CertificateKind::Revoked => params.serial_number = Some(revoked_serial(civil_no)),
                }
            }
        }
        Ok(params)
    }
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("midflow SANDBOX authority, trust it nowhere");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::V4([127, 0, 0, 0], [255, 0, 0, 0])),
            GeneralSubtree::IpAddress(CidrSubnet::V6(std::net::Ipv6Addr::LOCALHOST.octets(), [0xff; 16])),
        ],
        excluded_subtrees: Vec::new(),
    });
    params
}

/// RFC 3161, 2.3: the key serves for time-stamps and nothing else, and whoever does not know that must not use it.
fn time_stamping_only() -> CustomExtension {
    let mut only = CustomExtension::from_oid_content(EXTENDED_KEY_USAGE_OID, TIME_STAMPING.to_vec());
    only.set_criticality(true);
    only
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// `serialNumber` of a subject (X.520): the identifier of the subject, not of the certificate.
fn serial_number_attribute() -> DnType {
    DnType::CustomDnType(vec![2, 5, 4, 5])
}

fn serial(draws: &Draws, name: &str) -> SerialNumber {
    positive_serial(draws.id_named(name).as_bytes())
}

/// Known before the certificate exists, so that the list can name it.
pub(super) fn revoked_serial(civil_no: &str) -> SerialNumber {
    let digest = Digest::of(format!("sandbox revoked {civil_no}").as_bytes());
    let bytes = hex::decode(digest.to_string().trim_start_matches("sha256:")).unwrap_or_default();
    positive_serial(bytes.get(..16).unwrap_or(&[1]))
}

/// Serial numbers are positive and without leading zeros (RFC 5280, 4.1.2.2).
fn positive_serial(bytes: &[u8]) -> SerialNumber {
    let mut bytes = bytes.to_vec();
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x3f) | 0x40;
    }
    SerialNumber::from_slice(&bytes)
}

fn set_validity(params: &mut CertificateParams, from: Timestamp, until: Timestamp) {
    let (year, month, day) = date(from);
    params.not_before = rcgen::date_time_ymd(year, month, day);
    let (year, month, day) = date(until);
    params.not_after = rcgen::date_time_ymd(year, month, day);
}

fn date(moment: Timestamp) -> (i32, u8, u8) {
    let local = moment.in_kuwait();
    let month = u8::try_from(local.month).unwrap_or(1);
    let day = u8::try_from(local.day).unwrap_or(1);
    (i32::from(local.year), month, day)
}

/// The seconds of a moment since 1970, which is how far it is from `rcgen`'s own beginning of 1970.
fn since_1970(at: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(at.as_micros().max(0) / 1_000_000).unwrap_or_default())
}

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}

/// Under which the authority's own key is drawn, and the impostor's.
const OWN: &str = "authority";
const IMPOSTOR: &str = "impostor";
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const AUTHORITY_DAYS: u64 = 3650;
const LEAF_DAYS: u64 = 397;
const EXPIRED_DAYS: u64 = 30;
/// A list is dated a little back, against clocks that are behind.
const LIST_BEGINS: Duration = Duration::from_secs(60);
/// How long a list counts.
const LIST_COUNTS: Duration = days(7);
