use super::secrets::SecretsError;
use super::secrets::random;
use crate::words::CallbackToken;
use crate::words::Challenge;
use crate::words::FlowId;
use crate::words::Timestamp;

/// What a flow is given by chance.
pub(super) struct Seed {
    pub(super) flow: FlowId,
    pub(super) token: CallbackToken,
    pub(super) challenge: Challenge,
    pub(super) additional_data: String,
    pub(super) blinding: String,
}

impl Seed {
    pub(super) fn draw(now: Timestamp, id: Option<FlowId>) -> Result<Self, SecretsError> {
        Ok(Self {
            flow: match id {
                Some(id) => id,
                None => FlowId::from_parts(now, random()?),
            },
            token: CallbackToken::from_random(random()?),
            challenge: Challenge::from_random(random()?),
            // Not the flow's id: the authority learns nothing that is used elsewhere.
            additional_data: hex::encode(random::<16>()?),
            blinding: hex::encode(random::<32>()?),
        })
    }
}
