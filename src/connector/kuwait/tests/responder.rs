//! What an answer of a responder (OCSP) proves. Answers are written here, element by element, and not by the sandbox.

use std::time::Duration;

use aws_lc_rs::digest;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CustomExtension;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::SigningKey as _;
use x509_parser::prelude::FromDer as _;
use x509_parser::prelude::X509Certificate;

use super::fixture::*;
use crate::connector::kuwait::Presence;
use crate::connector::kuwait::revocation::Judge;
use crate::connector::kuwait::revocation::Listed;
use crate::connector::kuwait::revocation::Named;
use crate::connector::kuwait::revocation::Question;
use crate::connector::kuwait::revocation::Status;
use crate::connector::kuwait::revocation::Told;
use crate::connector::kuwait::stamp::Signer;
use crate::words::Timestamp;

/// An issuer of certificates, and whoever answers for it.
pub(super) struct Authority {
    pub(super) issuer: Issuer<'static, KeyPair>,
    pub(super) der: Vec<u8>,
}

/// A certificate with its key.
struct Held {
    der: Vec<u8>,
    key: KeyPair,
}

/// How an answer is made.
pub(super) struct Made<'m> {
    signer: &'m KeyPair,
    /// Whom it says to be from: the certificate whose subject stands in it.
    named: &'m [u8],
    certificates: Vec<&'m [u8]>,
    serial: Vec<u8>,
    status: Vec<u8>,
    this_update: &'static str,
    next_update: Option<&'static str>,
    nonce: Option<[u8; 32]>,
    critical: bool,
    twice: bool,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            issuer: Issuer::new(params, key),
            der,
        }
    }

    fn responder(&self, change: impl FnOnce(&mut CertificateParams)) -> Held {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "A responder");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.custom_extensions = vec![no_check()];
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &self.issuer).unwrap().der().to_vec();
        Held { der, key }
    }

    pub(super) fn signer(&self) -> Signer {
        Signer::from_der(&self.der).ok().unwrap()
    }
}

fn no_check() -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], vec![5, 0])
}

impl<'m> Made<'m> {
    fn by(held: &'m Held) -> Self {
        Self {
            signer: &held.key,
            named: &held.der,
            certificates: vec![&held.der],
            serial: SERIAL.to_vec(),
            status: GOOD.to_vec(),
            this_update: "20260203071500Z",
            next_update: Some("20260203081500Z"),
            nonce: Some(NONCE),
            critical: false,
            twice: false,
        }
    }

    /// As the issuer itself answers.
    pub(super) fn by_issuer(authority: &'m Authority) -> Self {
        Self {
            signer: authority.issuer.key(),
            named: &authority.der,
            certificates: Vec::new(),
            serial: SERIAL.to_vec(),
            status: GOOD.to_vec(),
            this_update: "20260203071500Z",
            next_update: Some("20260203081500Z"),
            nonce: Some(NONCE),
            critical: false,
            twice: false,
        }
    }

    /// The same with another word, to whoever has sent this nonce.
    pub(super) fn saying(self, status: Vec<u8>, nonce: Option<[u8; 32]>) -> Self {
        Self {
            status,
            nonce,
            ..self
        }
    }

    pub(super) fn bytes(&self, issuer: &Signer) -> Vec<u8> {
        let (_, named) = X509Certificate::from_der(self.named).unwrap();
        let hash = |bytes: &[u8]| {
            let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
            element(4, digest.as_ref())
        };
        // Without the parameters that the question has: some responders leave them out.
        let algorithm = element(0x30, &[6, 5, 0x2b, 0x0e, 3, 2, 0x1a]);
        let id = [
            algorithm,
            hash(&issuer.subject),
            hash(&issuer.key_bits),
            element(2, &self.serial),
        ];
        let mut single = element(0x30, &id.concat());
        single.extend(&self.status);
        single.extend(element(0x18, self.this_update.as_bytes()));
        if let Some(next) = self.next_update {
            single.extend(element(0xa0, &element(0x18, next.as_bytes())));
        }
        let single = element(0x30, &single);
        let times = if self.twice { 2 } else { 1 };
        let mut extensions = Vec::new();
        if let Some(nonce) = self.nonce {
            let oid = [6, 9, 0x2b, 6, 1, 5, 5, 7, 48, 1, 2];
            extensions.extend(element(
                0x30,
                &[&oid[..], &element(4, &element(4, &nonce))].concat(),
            ));
        }
        if self.critical {
            extensions.extend(element(0x30, &[6, 3, 0x2a, 3, 4, 1, 1, 0xff, 4, 2, 5, 0]));
        }
        let mut data = element(0xa1, named.subject().as_raw());
        data.extend(element(0x18, b"20260203071500Z"));
        data.extend(element(0x30, &single.repeat(times)));
        if !extensions.is_empty() {
            data.extend(element(0xa1, &element(0x30, &extensions)));
        }
        let data = element(0x30, &data);
        let signature = self.signer.sign(&data).unwrap();
        let mut basic = data;
        basic.extend(element(0x30, &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
        basic.extend(element(3, &[&[0], signature.as_slice()].concat()));
        if !self.certificates.is_empty() {
            basic.extend(element(0xa0, &element(0x30, &self.certificates.concat())));
        }
        let oid = [6, 9, 0x2b, 6, 1, 5, 5, 7, 48, 1, 1];
        let inner = [&oid[..], &element(4, &element(0x30, &basic))].concat();
        let response = [element(10, &[0]), element(0xa0, &element(0x30, &inner))];
        element(0x30, &response.concat())
    }

    fn read(&self, authority: &Authority) -> Result<Told, String> {
        read(authority, &self.bytes(&authority.signer()))
    }
}

fn read(authority: &Authority, bytes: &[u8]) -> Result<Told, String> {
    read_as(authority, bytes, Presence::Required, Listed::Unknown)
}

fn read_as(authority: &Authority, bytes: &[u8], nonce: Presence, listed: Listed) -> Result<Told, String> {
    let issuer = authority.signer();
    let listed = |_: &Named| listed;
    let judge = Judge {
        issuer: &issuer,
        nonce,
        counts_for: Duration::from_secs(60),
        listed: &listed,
        now: now(),
    };
    Question::new(&issuer, SERIAL, NONCE).unwrap().read(bytes, &judge)
}

pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let byte = |number: usize| u8::try_from(number & 0xff).unwrap();
    let mut bytes = vec![tag];
    match length {
        0..128 => bytes.push(byte(length)),
        128..256 => bytes.extend([0x81, byte(length)]),
        _ => bytes.extend([0x82, byte(length >> 8), byte(length)]),
    }
    bytes.extend(content);
    bytes
}

pub(super) fn now() -> Timestamp {
    Timestamp::parse(RECEIVED).unwrap()
}

// R000-169: the issuer itself, and whoever it has named, say what is so.
#[test]
fn whoever_may_answer_is_believed() {
    let authority = Authority::new("An authority");
    let responder = authority.responder(|_| {});
    let told = Made::by(&responder).read(&authority).unwrap();
    assert_eq!(told.status, Status::Good);
    assert_eq!(told.this_update.to_string(), "2026-02-03T07:15:00.000000Z");
    assert_eq!(told.until.to_string(), "2026-02-03T08:15:00.000000Z");
    let own = Made::by_issuer(&authority);
    assert_eq!(own.read(&authority).unwrap().status, Status::Good);
    let revoked = Made {
        status: element(0xa1, &element(0x18, b"20260101000000Z")),
        ..Made::by(&responder)
    };
    let since = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    assert_eq!(revoked.read(&authority).unwrap().status, Status::Revoked(since));
    let unknown = Made {
        status: vec![0x82, 0],
        ..Made::by(&responder)
    };
    assert_eq!(unknown.read(&authority).unwrap().status, Status::Unknown);
    // An answer that names no end counts as long as answers are not asked for again.
    let open = Made {
        next_update: None,
        ..Made::by(&responder)
    };
    let told = open.read(&authority).unwrap();
    assert_eq!(told.until, told.this_update.plus(Duration::from_secs(60)));
}

// R000-169: everything else proves nothing, whoever sends it.
#[test]
fn an_answer_that_proves_nothing_is_not_taken() {
    let authority = Authority::new("An authority");
    let responder = authority.responder(|_| {});
    let namesake = Authority::new("An authority").responder(|_| {});
    let stranger = Authority::new("Somebody else").responder(|_| {});
    let no_purpose = authority.responder(|params| params.extended_key_usages.clear());
    let for_servers = authority.responder(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    let for_encryption = authority.responder(|params| {
        params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    });
    let ended = authority.responder(|params| params.not_after = rcgen::date_time_ymd(2026, 2, 1));
    let checked = authority.responder(|params| params.custom_extensions.clear());
    let usual = || Made::by(&responder);
    for (made, why) in [
        (Made::by(&namesake), "not by the certificate's issuer"),
        (Made::by(&stranger), "not by the certificate's issuer"),
        (Made::by(&no_purpose), "not for responders"),
        (Made::by(&for_servers), "not for responders"),
        (Made::by(&for_encryption), "not for signatures"),
        (Made::by(&ended), "valid from"),
        (Made::by(&checked), "no list that counts"),
        (
            Made {
                signer: &stranger.key,
                ..usual()
            },
            "signature does not verify",
        ),
        (
            Made {
                certificates: Vec::new(),
                ..usual()
            },
            "neither the certificate's issuer",
        ),
        (
            Made {
                named: &authority.der,
                ..usual()
            },
            "neither the certificate's issuer",
        ),
        (
            Made {
                serial: vec![9],
                ..usual()
            },
            "does not speak of the certificate",
        ),
        (
            Made {
                twice: true,
                ..usual()
            },
            "or twice",
        ),
        (
            Made {
                critical: true,
                ..usual()
            },
            "not understood",
        ),
        (
            Made {
                nonce: None,
                ..usual()
            },
            "does not repeat our nonce",
        ),
        (
            Made {
                nonce: Some([8; 32]),
                ..usual()
            },
            "another question",
        ),
        (
            Made {
                next_update: Some("20260203071530Z"),
                ..usual()
            },
            "it counted until",
        ),
        (
            Made {
                this_update: "20260203074500Z",
                ..usual()
            },
            "it counts from",
        ),
        (
            Made {
                this_update: "20260203061500Z",
                next_update: None,
                ..usual()
            },
            "it counted until",
        ),
    ] {
        let told = made.read(&authority).unwrap_err();
        assert!(told.contains(why), "{told}, and not: {why}");
    }
}

#[test]
fn what_is_no_answer_is_told_apart() {
    let authority = Authority::new("An authority");
    let responder = authority.responder(|_| {});
    let good = Made::by(&responder).bytes(&authority.signer());
    let busy = element(0x30, &[10, 1, 3]);
    for (bytes, why) in [
        (b"<html>".to_vec(), "no answer"),
        (Vec::new(), "no answer"),
        ([good.as_slice(), &[0]].concat(), "no answer"),
        (good[..good.len() - 1].to_vec(), "no answer"),
        (busy, "TryLater"),
        (element(0x30, &[10, 1, 0]), "holds nothing"),
    ] {
        let told = read(&authority, &bytes).unwrap_err();
        assert!(told.contains(why), "{told}");
    }
    // No byte of it can be another without its showing, but where the certificate that comes along is not looked at.
    let mut believed = 0;
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        match read(&authority, &bytes) {
            Ok(told) => {
                believed += 1;
                assert_eq!(told.status, Status::Good);
            }
            Err(why) => assert!(!why.is_empty()),
        }
    }
    // The algorithms that it names: they follow from the keys.
    assert!(believed <= 40, "{believed} changes were not noticed");
}

// A responder's own certificate is good where it says that nobody need ask, or where a list does; a list's no is final.
#[test]
fn lists_judge_the_responder() {
    let authority = Authority::new("An authority");
    let checked = authority.responder(|params| params.custom_extensions.clear());
    let unchecked = authority.responder(|_| {});
    let read = |held: &Held, listed| {
        let bytes = Made::by(held).bytes(&authority.signer());
        read_as(&authority, &bytes, Presence::Required, listed).is_ok()
    };
    assert!(read(&unchecked, Listed::Unknown) && !read(&checked, Listed::Unknown));
    assert!(read(&unchecked, Listed::Absent(now())) && read(&checked, Listed::Absent(now())));
    assert!(!read(&unchecked, Listed::Revoked(now())) && !read(&checked, Listed::Revoked(now())));
}

// A responder that hands out answers made beforehand repeats no nonce; one that comes must be ours all the same.
#[test]
fn a_nonce_may_be_left_out_where_the_settings_say_so() {
    let authority = Authority::new("An authority");
    let responder = authority.responder(|_| {});
    let read = |nonce| {
        let made = Made {
            nonce,
            ..Made::by(&responder)
        };
        let bytes = made.bytes(&authority.signer());
        read_as(&authority, &bytes, Presence::WhenPresent, Listed::Unknown).is_ok()
    };
    assert!(read(None) && read(Some(NONCE)) && !read(Some([8; 32])));
}

pub(super) const SERIAL: &[u8] = &[0x4d, 1, 2, 3];
const NONCE: [u8; 32] = [7; 32];
pub(super) const GOOD: &[u8] = &[0x80, 0];
