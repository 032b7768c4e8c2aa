//! `InitiateSignRequest`: not known publicly, so this form is ours until the authority's guide is at hand. Nothing outside
//! this file knows it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::model::AuthenticateRequest;
use crate::connector::Preview;
use crate::connector::Signing;

/// A request to sign: all that a request to authenticate has, and what is signed.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SignRequest<'r> {
    #[serde(flatten)]
    asks: AuthenticateRequest<'r>,
    /// The digest of what is signed, base64.
    data_hash: String,
    hash_algorithm: &'static str,
    /// 1 for PKCS#7, 2 for PKCS#1. Either is taken in the answer, as long as it verifies.
    signing_datatype: &'static str,
    file_name: &'r str,
    /// The document itself, base64; its digest is `DataHash`.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview_data: Option<String>,
    /// A text that says what is signed, both languages, Arabic first.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview_text: Option<String>,
}

impl<'r> SignRequest<'r> {
    pub(super) fn new(asks: AuthenticateRequest<'r>, signing: &'r Signing) -> Self {
        let (preview_data, preview_text) = match &signing.preview {
            Preview::Document(bytes) => (Some(STANDARD.encode(bytes)), None),
            Preview::Text(text) => (None, Some(format!("{}\n{}", text.ar, text.en))),
        };
        Self {
            asks,
            data_hash: STANDARD.encode(signing.digest.as_bytes()),
            hash_algorithm: "SHA256",
            signing_datatype: "2",
            file_name: &signing.file_name,
            preview_data,
            preview_text,
        }
    }
}
