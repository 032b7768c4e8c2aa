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
        // All at once: a draw has a price of its own, whatever its length.
        Self::of(random()?, now, id)
    }

    fn of(drawn: [u8; BYTES], now: Timestamp, id: Option<FlowId>) -> Result<Self, SecretsError> {
        let mut rest = drawn.as_slice();
        let new = FlowId::from_parts(now, take(&mut rest)?);
        Ok(Self {
            flow: id.unwrap_or(new),
            token: CallbackToken::from_random(take(&mut rest)?),
            challenge: Challenge::from_random(take(&mut rest)?),
            // Not the flow's id: the authority learns nothing that is used elsewhere.
            additional_data: hex::encode(take::<16>(&mut rest)?),
            blinding: hex::encode(take::<32>(&mut rest)?),
        })
    }
}

/// The next bytes, each of which is used once.
fn take<const N: usize>(from: &mut &[u8]) -> Result<[u8; N], SecretsError> {
    let (taken, rest) = from.split_first_chunk().ok_or(SecretsError::Random)?;
    *from = rest;
    Ok(*taken)
}

/// Flow, token, challenge, additional data, blinding.
const BYTES: usize = 10 + 16 + 8 + 16 + 32;

#[cfg(test)]
mod tests {
    use super::*;

    // No part may tell anything of another: each byte is used, and for one of them only.
    #[test]
    fn each_byte_is_used_once() {
        let of = |bytes| Seed::of(bytes, Timestamp::from_micros(0), None).unwrap();
        let drawn: [u8; BYTES] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let seed = of(drawn);
        for at in 0..BYTES {
            let mut other = drawn;
            other[at] ^= 0xff;
            let other = of(other);
            let changed = [
                other.flow != seed.flow,
                other.token.digest() != seed.token.digest(),
                other.challenge.as_str() != seed.challenge.as_str(),
                other.additional_data != seed.additional_data,
                other.blinding != seed.blinding,
            ];
            assert_eq!(changed.iter().filter(|changed| **changed).count(), 1, "byte {at}");
        }
    }

    #[test]
    fn a_flow_that_has_an_id_keeps_it() {
        let now = Timestamp::from_micros(0);
        let drawn = Seed::draw(now, None).unwrap();
        let kept = Seed::draw(now, Some(drawn.flow)).unwrap();
        assert_eq!(kept.flow, drawn.flow);
        assert_ne!(kept.additional_data, drawn.additional_data);
        assert_ne!(kept.blinding, drawn.blinding);
        assert_eq!((kept.additional_data.len(), kept.blinding.len()), (32, 64));
    }
}
