use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::KeyPair as _;
use aws_lc_rs::signature::ParsedPublicKey;
use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use bytes::Bytes;
use serde_json::Value;

use super::table::Row;
use super::table::micros;
use super::table::per_second;
use super::table::rate;
use super::table::times;
use crate::cli::failure::Failure;
use crate::connector::Conclusion;
use crate::connector::Connector;
use crate::connector::Expected;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::CivilNo;
use crate::words::Field;
use crate::words::FieldSource;
use crate::words::FlowId;
use crate::words::RequestId;
use crate::words::Timestamp;

/// A callback as the sandbox sent it, and the moments around it.
pub(super) struct Sample {
    pub(super) body: Bytes,
    pub(super) requested_at: Timestamp,
    pub(super) received_at: Timestamp,
}

/// The whole examination of a callback, beside the cipher alone.
pub(super) fn measure(connector: &dyn Connector, sample: &Sample, time: Duration) -> Result<Row, Failure> {
    let claims =
        Claimed::of(&sample.body).ok_or_else(|| Failure::new("the sandbox's callback can't be read"))?;
    let fields = [
        Field::Plain(FieldSource::CivilNo),
        Field::Plain(FieldSource::NameAr),
        Field::AgeOver(18),
    ];
    let expected = Expected {
        capability: Capability::AuthPush,
        signing: None,
        flow: FlowId::from_parts(sample.requested_at, [0; 10]),
        request_id: Some(&claims.request_id),
        civil_no: Some(&claims.civil_no),
        assurance: Assurance::Medium,
        challenge: &claims.challenge,
        additional_data: &claims.additional_data,
        requested_at: sample.requested_at,
        expires_at: sample.received_at.plus(Duration::from_secs(60)),
        received_at: sample.received_at,
        fields: &fields,
    };
    if !matches!(
        connector.examine(&sample.body, &expected).conclusion,
        Conclusion::Approved(_)
    ) {
        return Err(Failure::new(
            "the sandbox's callback is not approved, so there is nothing to measure",
        ));
    }
    let whole = rate(time, || {
        drop(black_box(connector.examine(&sample.body, &expected)))
    });
    let cipher = cipher(time)?;
    Ok(Row::new(
        "callback verification (bare RSA-2048 verify)",
        format!("{} = {}", per_second(whole), micros(whole)),
        format!("{} = {}", per_second(cipher), micros(cipher)),
        times(whole / cipher),
    ))
}

/// What the callback says, which is what was asked.
struct Claimed {
    request_id: RequestId,
    civil_no: CivilNo,
    challenge: Challenge,
    additional_data: String,
}

impl Claimed {
    fn of(body: &[u8]) -> Option<Self> {
        let whole: Value = serde_json::from_slice(body).ok()?;
        let details = &whole["MIDAuthSignResponse"]["RequestDetails"];
        Some(Self {
            request_id: RequestId::new(details["RequestID"].as_str()?),
            civil_no: CivilNo::parse(details["CivilNo"].as_str()?).ok()?,
            challenge: serde_json::from_value(details["Challenge"].clone()).ok()?,
            additional_data: details["AdditionalData"].as_str()?.to_owned(),
        })
    }
}

fn cipher(time: Duration) -> Result<f64, Failure> {
    let fault = |_| Failure::new("the cipher can't be measured");
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(fault)?;
    let message = [0x5a; 2_048];
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature)
        .map_err(fault)?;
    let public = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())
        .map_err(|_| Failure::new("the cipher can't be measured"))?;
    Ok(rate(time, || {
        let _ = black_box(public.verify_sig(&message, &signature));
    }))
}
