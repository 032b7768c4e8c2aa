use std::collections::BTreeMap;

use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::connector::kuwait::material::der_of;
use crate::connector::kuwait::stamp::Signer;
use crate::words::Timestamp;

/// A list of revoked certificates whose signature was verified.
pub(super) struct List {
    /// The name of its issuer, DER.
    pub(super) issuer: Vec<u8>,
    /// When it was made.
    pub(super) this_update: Timestamp,
    /// Until when it counts.
    pub(super) next_update: Timestamp,
    /// Serial numbers as they stand in certificates, and when they were revoked.
    revoked: BTreeMap<Vec<u8>, Timestamp>,
}

impl List {
    /// Reads a list, PEM or DER, and verifies that one of the issuers has signed it.
    ///
    /// # Errors
    /// Says why the list can't be believed.
    pub(super) fn read(bytes: &[u8], issuers: &[Signer]) -> Result<Self, String> {
        let der = der_of(bytes, LABEL).ok_or("it holds no list")?;
        let (rest, list) =
            CertificateRevocationList::from_der(&der).map_err(|_| "it is no list of revoked certificates")?;
        if !rest.is_empty() {
            return Err("something follows the list".to_owned());
        }
        // Parts of lists and changes to lists say so in an extension that a reader has to understand.
        if list.extensions().iter().any(|extension| extension.critical) {
            return Err("it is only a part of a list, or of a kind that is not understood".to_owned());
        }
        let issuer = list.issuer().as_raw().to_vec();
        let signed = list.tbs_cert_list.as_ref();
        let signature = list.signature_value.data.as_ref();
        let named: Vec<&Signer> = issuers.iter().filter(|known| known.subject == issuer).collect();
        if named.is_empty() {
            return Err("its issuer is none of those that the settings name".to_owned());
        }
        if !named.iter().any(|known| known.has_signed(signed, signature)) {
            return Err("its signature does not verify".to_owned());
        }
        let moment = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        let next_update = list.next_update().ok_or("it does not say until when it counts")?;
        Ok(Self {
            this_update: moment(list.last_update().timestamp()),
            next_update: moment(next_update.timestamp()),
            revoked: list
                .iter_revoked_certificates()
                .map(|revoked| {
                    let serial = revoked.raw_serial().to_vec();
                    (serial, moment(revoked.revocation_date.timestamp()))
                })
                .collect(),
            issuer,
        })
    }

    /// When a certificate of the list's issuer was revoked.
    pub(super) fn revoked_at(&self, serial: &[u8]) -> Option<Timestamp> {
        self.revoked.get(serial).copied()
    }
}

const LABEL: &str = "X509 CRL";
