//! What the sandbox says, capability by capability: the other side of a comparison.

use std::collections::BTreeMap;

use super::MessageKind;
use super::shape::Shape;
use crate::connector::Connector as _;
use crate::connector::Matter;
use crate::connector::Notification;
use crate::connector::PrepareError;
use crate::connector::Preview;
use crate::connector::Request;
use crate::connector::Signing;
use crate::connector::kuwait::SettingsError;
use crate::sandbox::Citizen;
use crate::sandbox::Ending;
use crate::sandbox::OfflineAuthority;
use crate::sandbox::SandboxError;
use crate::sandbox::SandboxOptions;
use crate::sandbox::Scenario;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Text;

/// Why the sandbox can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// It can't be set up.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// Its settings don't serve.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A request can't be made.
    #[error(transparent)]
    Request(#[from] PrepareError),
    /// Nobody is there to be asked.
    #[error("the sandbox has no citizen who approves")]
    Nobody,
}

type Kinds = BTreeMap<(Capability, MessageKind), Shape>;

/// The shapes of all that the sandbox says.
pub(super) fn sample(options: SandboxOptions) -> Result<Kinds, SampleError> {
    let mut shapes = Kinds::new();
    for (capability, kind, bytes) in messages(options)? {
        if let Ok(body) = serde_json::from_slice(&bytes) {
            shapes.entry((capability, kind)).or_default().add(&body);
        }
    }
    Ok(shapes)
}

/// Messages of every capability, and of every way in which the authority ends a request.
pub(super) fn messages(
    options: SandboxOptions,
) -> Result<Vec<(Capability, MessageKind, Vec<u8>)>, SampleError> {
    let now = options.clock.now();
    let authority = OfflineAuthority::open(SandboxOptions {
        open_per_person: None,
        ..options
    })?;
    // The base is an https address, which is all that is asked of it.
    let _ = authority.register_callback_base(CALLBACKS);
    let connector = authority.sp_settings().connector(now)?;
    let citizen = authority
        .citizens()
        .iter()
        .find(|citizen| citizen.ending == Ending::Approves && citizen.assurance == Assurance::High)
        .cloned()
        .ok_or(SampleError::Nobody)?;
    let mut told = Vec::new();
    for capability in Capability::ALL {
        for scenario in WAYS {
            let request = request(capability, &citizen, &authority, FlowId::from_parts(now, [1; 10]));
            let outbound = connector.prepare(&request)?;
            told.push((capability, MessageKind::Request, outbound.body.to_vec()));
            let by_code = capability == Capability::AuthQr;
            authority.arm_only(Some(scenario), Some(&citizen.civil_no));
            let reaction = authority.ask(outbound.operation, &outbound.body);
            let mut answers = reaction.answers;
            if let Some((_, body)) = &reaction.reply {
                told.push((capability, MessageKind::Reply, body.to_vec()));
                if by_code && let Some(code) = code(body) {
                    answers = authority.scan(&code, &citizen.civil_no).unwrap_or_default();
                }
            }
            for answer in &answers {
                if let Some(answer) = authority.answer(answer) {
                    told.push((capability, MessageKind::Callback, answer.body.to_vec()));
                }
            }
        }
    }
    Ok(told)
}

fn code(body: &[u8]) -> Option<String> {
    let reply: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(reply.get("Data")?.get("QRCode")?.as_str()?.to_owned())
}

fn request(capability: Capability, citizen: &Citizen, authority: &OfflineAuthority, flow: FlowId) -> Request {
    let named = !matches!(capability, Capability::AuthQr | Capability::VerifyQr);
    Request {
        flow,
        attempt: 1,
        capability,
        assurance: Assurance::Medium,
        civil_no: named.then(|| citizen.civil_no.clone()),
        description: Text::new("خدمة", "A service"),
        reason: Text::new("للمقارنة", "To compare"),
        wants_person: true,
        callback_url: format!("{CALLBACKS}/cb"),
        // As a node writes it; the authority only gives it back.
        additional_data: uuid::Uuid::from_bytes([7; 16]).to_string(),
        challenge: Challenge::from_random([0; 8]),
        matter: match capability {
            Capability::AuthPush | Capability::AuthQr => Matter::Nothing,
            Capability::VerifyQr => {
                let card = authority.card(&citizen.civil_no);
                Matter::IdentityQr(card.map(|card| card.text().to_owned()).unwrap_or_default())
            }
            Capability::Sign => Matter::Signing(Box::new(Signing {
                digest: Digest::of(b"A document"),
                file_name: "document.txt".to_owned(),
                preview: Preview::Text(Text::new("وثيقة", "A document")),
            })),
            Capability::Notify => Matter::Notification(Notification {
                template: "sample".to_owned(),
                title: Text::new("تنبيه", "A notice"),
                text: Text::new("للمقارنة", "To compare"),
            }),
        },
    }
}

const CALLBACKS: &str = "https://127.0.0.1:9";
/// Every ending that the authority's published codes have, and every refusal.
const WAYS: [Scenario; 11] = [
    Scenario::Approved,
    Scenario::Declined,
    Scenario::Revoked,
    Scenario::VerificationFailed,
    Scenario::Expired,
    Scenario::ErrorReply,
    Scenario::NotEnrolled,
    Scenario::LevelTooLow,
    Scenario::TooManyRequests,
    Scenario::InvalidRequest,
    Scenario::UnknownProvider,
];
