use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::OnceLock;

use super::StampFormat;
use super::StampRule;
use super::cms::Detached;
use super::cms::NO_MESSAGE;
use super::cms::OTHER_SIGNER;
use super::signer::Signer;
use crate::connector::kuwait::base64::Blob;
use crate::connector::kuwait::callback::Callback;
use crate::connector::kuwait::callback::Seen;
use crate::connector::kuwait::revocation::Named;
use crate::connector::kuwait::revocation::Revocation;
use crate::connector::kuwait::revocation::Standing;
use crate::words::Digest;
use crate::words::Timestamp;

/// Verifies stamps under one rule, the accepted formats and the pinned signers.
pub(in crate::connector::kuwait) struct Stamp {
    rule: StampRule,
    formats: Vec<StampFormat>,
    pins: Vec<Pin>,
    /// Signers that count up to a moment only.
    until: BTreeMap<Digest, Timestamp>,
    revocation: Option<Arc<Revocation>>,
}

/// A pinned signer: its certificate, or only its fingerprint until a message brings the certificate.
pub(in crate::connector::kuwait) struct Pin {
    fingerprint: Digest,
    signer: OnceLock<Option<Arc<Signer>>>,
}

/// What a stamp consists of, as it came.
pub(in crate::connector::kuwait) struct StampBlobs<'n> {
    /// The signature.
    pub(in crate::connector::kuwait) signature: Blob<'n>,
    /// The certificate of whoever is said to have signed.
    pub(in crate::connector::kuwait) certificate: Blob<'n>,
}

/// A stamp that verified.
pub(in crate::connector::kuwait) struct Stamped {
    /// SHA-256 of the stamp itself.
    pub(in crate::connector::kuwait) stamp: Digest,
    /// The certificate that stamped.
    pub(in crate::connector::kuwait) signer: Digest,
    /// How.
    pub(in crate::connector::kuwait) format: StampFormat,
}

impl<'n> StampBlobs<'n> {
    /// The stamp of a callback.
    pub(in crate::connector::kuwait) fn of(callback: &'n Callback<'_>) -> Self {
        Self {
            signature: Blob::read(callback.signature.read("SignatureData")),
            certificate: Blob::read(callback.signature.read("SigningCertificate")),
        }
    }
}

impl Pin {
    /// Pins a certificate.
    pub(in crate::connector::kuwait) fn certificate(signer: Signer) -> Self {
        Self {
            fingerprint: signer.fingerprint,
            signer: OnceLock::from(Some(Arc::new(signer))),
        }
    }

    /// Pins whatever certificate has this SHA-256.
    pub(in crate::connector::kuwait) const fn fingerprint(fingerprint: Digest) -> Self {
        Self {
            fingerprint,
            signer: OnceLock::new(),
        }
    }

    /// The certificate, if it is known.
    pub(in crate::connector::kuwait) fn signer(&self) -> Option<&Arc<Signer>> {
        self.signer.get().and_then(Option::as_ref)
    }

    /// Learns the certificate from its own bytes. Whoever brings it, the digest decides.
    fn learn(&self, der: &[u8]) {
        if self.signer.get().is_none() && Digest::of(der) == self.fingerprint {
            self.signer
                .get_or_init(|| Signer::from_der(der).ok().map(Arc::new));
        }
    }
}

impl Stamp {
    /// Puts rule, formats and pins together. The settings see to it that none is empty.
    pub(in crate::connector::kuwait) const fn new(
        rule: StampRule,
        formats: Vec<StampFormat>,
        pins: Vec<Pin>,
    ) -> Self {
        Self {
            rule,
            formats,
            pins,
            until: BTreeMap::new(),
            revocation: None,
        }
    }

    /// The same with signers that count up to a moment only, and with what is known of revoked ones.
    pub(in crate::connector::kuwait) fn limited(
        self,
        until: BTreeMap<Digest, Timestamp>,
        revocation: Option<Arc<Revocation>>,
    ) -> Self {
        Self {
            until,
            revocation,
            ..self
        }
    }

    /// The pinned signers.
    pub(in crate::connector::kuwait) fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// The pinned signers whose certificates are known; a pin by fingerprint learns its certificate from this callback.
    pub(in crate::connector::kuwait) fn signers_of(&self, callback: &Callback<'_>) -> Vec<Arc<Signer>> {
        let certificate = Blob::read(callback.signature.read("SigningCertificate"));
        self.candidates(&certificate, None).unwrap_or_default()
    }

    /// Verifies the stamp of one value, such as the identity behind a scanned code, as of its arrival.
    ///
    /// # Errors
    /// Says what is wrong, without quoting the value.
    pub(in crate::connector::kuwait) fn verify_value(
        &self,
        value: &[u8],
        signature: Seen<'_>,
        certificate: Seen<'_>,
        received_at: Timestamp,
    ) -> Result<Stamped, String> {
        let covered = || self.rule.covered_value(value);
        let blobs = StampBlobs {
            signature: Blob::read(signature),
            certificate: Blob::read(certificate),
        };
        self.verify_blobs(covered, &blobs, received_at)
    }

    /// Verifies the stamp of a callback as of its arrival.
    ///
    /// # Errors
    /// Says what is wrong, without quoting the callback.
    pub(in crate::connector::kuwait) fn verify(
        &self,
        callback: &Callback<'_>,
        blobs: &StampBlobs<'_>,
        received_at: Timestamp,
    ) -> Result<Stamped, String> {
        let covered = || self.rule.covered(callback);
        self.verify_blobs(covered, blobs, received_at)
    }

    fn verify_blobs<'a>(
        &self,
        covered: impl FnOnce() -> Result<Cow<'a, [u8]>, &'static str>,
        blobs: &StampBlobs<'_>,
        received_at: Timestamp,
    ) -> Result<Stamped, String> {
        let stamp = match &blobs.signature {
            Blob::Absent => return Err("there is no stamp".to_owned()),
            Blob::Odd => return Err("the stamp is no text".to_owned()),
            Blob::Text(text) => text,
        };
        let signature = stamp.bytes(MAX_SIGNATURE).ok_or("the stamp is no base64")?;
        let detached = if self.formats.contains(&StampFormat::Cms) {
            Detached::from_der(signature)
        } else {
            Err("CMS is not among the accepted formats")
        };
        let candidates = self.candidates(&blobs.certificate, detached.as_ref().ok())?;
        let covered = covered()?;

        let mut fault = NOTHING_FITS.to_owned();
        for signer in candidates {
            if !signer.is_valid_at(received_at) {
                fault = format!(
                    "the signer's certificate is valid from {} to {} only",
                    signer.not_before, signer.not_after
                );
                continue;
            }
            if let Some(until) = self.until.get(&signer.fingerprint)
                && received_at >= *until
            {
                fault = format!("the signer counts until {until} only");
                continue;
            }
            if let Some(why) = self.revoked(&signer, received_at) {
                fault = why;
                continue;
            }
            for format in &self.formats {
                let verified = match (format.algorithm(), &detached) {
                    (Some(algorithm), _) => signer.verifies(algorithm, &covered, signature),
                    (None, Ok(detached)) => match detached.verify(&covered, &signer) {
                        Ok(()) => true,
                        Err(why) => {
                            // What the named signer's key says tells more than that another was not named.
                            if why != OTHER_SIGNER || fault == NOTHING_FITS {
                                why.clone_into(&mut fault);
                            }
                            false
                        }
                    },
                    (None, Err(why)) => {
                        if *why != NO_MESSAGE {
                            (*why).clone_into(&mut fault);
                        }
                        false
                    }
                };
                if verified {
                    return Ok(Stamped {
                        stamp: stamp.digest(),
                        signer: signer.fingerprint,
                        format: *format,
                    });
                }
            }
        }
        Err(fault)
    }

    /// Why a signer does not count any more, if so.
    fn revoked(&self, signer: &Signer, now: Timestamp) -> Option<String> {
        let known = self.revocation.as_ref()?;
        match known.standing(&Named::of(signer), now) {
            Standing::Usable(_) => None,
            Standing::Revoked(at) => Some(format!("the signer's certificate was revoked on {at}")),
            Standing::Unknown(why) => Some(format!("of the signer's certificate, {why}")),
        }
    }

    /// The pinned signers that may have stamped: the one named, or all of them where none is named.
    fn candidates(
        &self,
        certificate: &Blob<'_>,
        detached: Option<&Detached>,
    ) -> Result<Vec<Arc<Signer>>, String> {
        let named = match certificate {
            Blob::Absent => None,
            Blob::Odd => return Err("the signer's certificate is no text".to_owned()),
            Blob::Text(text) => {
                let der = text.bytes(MAX_CERTIFICATE);
                Some((der.ok_or("the signer's certificate is no base64")?, text.digest()))
            }
        };
        let with_message = detached.into_iter().flat_map(|message| &message.certificates);
        let brought = named
            .map(|(der, _)| der)
            .into_iter()
            .chain(with_message.map(Vec::as_slice));
        for der in brought.take(MAX_BROUGHT) {
            self.pins.iter().for_each(|pin| pin.learn(der));
        }
        let found: Vec<_> = self
            .pins
            .iter()
            .filter(|pin| named.is_none_or(|(_, fingerprint)| fingerprint == pin.fingerprint))
            .filter_map(|pin| pin.signer().cloned())
            .collect();
        if found.is_empty() {
            return Err("its certificate is not pinned, or can't be used".to_owned());
        }
        Ok(found)
    }
}

const NOTHING_FITS: &str = "no accepted format verifies it";
const MAX_SIGNATURE: usize = 64 * 1024;
const MAX_CERTIFICATE: usize = 16 * 1024;
/// How many certificates of one message are looked at.
const MAX_BROUGHT: usize = 8;
