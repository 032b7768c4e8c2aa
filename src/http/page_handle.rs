use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::words::FlowId;

/// The key that makes the addresses of citizen pages unguessable.
///
/// An address carries the flow's id and 128 bits of HMAC-SHA-256 over id and client, so that nothing has to
/// be kept for it, and every replica with the key knows every address.
#[derive(Clone)]
pub struct PageKey(hmac::Key);

impl PageKey {
    /// Wraps 32 secret bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The last part of the address of a flow's page.
    pub(super) fn handle(&self, client: &str, flow: FlowId) -> String {
        let mut bytes = flow.as_uuid().as_bytes().to_vec();
        bytes.extend_from_slice(&self.proof(client, flow));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The flow and its client, if the handle was made with this key for one of these clients.
    pub(super) fn open<'c>(
        &self,
        handle: &str,
        clients: impl Iterator<Item = &'c str>,
    ) -> Option<(&'c str, FlowId)> {
        let bytes = URL_SAFE_NO_PAD.decode(handle).ok()?;
        let bytes: [u8; 32] = bytes.try_into().ok()?;
        let (id, proof) = bytes.split_at(16);
        let flow = FlowId::from_uuid(uuid::Uuid::from_slice(id).ok()?);
        let mut found = None;
        for client in clients {
            if bool::from(self.proof(client, flow).ct_eq(proof)) {
                found = Some((client, flow));
            }
        }
        found
    }

    /// The proof that the way back from the app belongs to a browser: over the page and the value of its cookie.
    pub(super) fn way_back(&self, handle: &str, value: &str) -> String {
        let message = format!("midflow way back\0{handle}\0{value}");
        let tag = hmac::sign(&self.0, message.as_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref())
    }

    /// Whether a proof is that of this page and this value.
    pub(super) fn is_way_back(&self, handle: &str, value: &str, proof: &str) -> bool {
        bool::from(self.way_back(handle, value).as_bytes().ct_eq(proof.as_bytes()))
    }

    fn proof(&self, client: &str, flow: FlowId) -> Vec<u8> {
        let mut message = b"midflow citizen page\0".to_vec();
        message.extend_from_slice(flow.as_uuid().as_bytes());
        message.extend_from_slice(client.as_bytes());
        let tag = hmac::sign(&self.0, &message);
        tag.as_ref().iter().copied().take(16).collect()
    }
}

impl std::fmt::Debug for PageKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("PageKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Timestamp;

    // Threat B-15: a page is found by its whole handle only.
    #[test]
    fn a_handle_opens_its_own_flow_only() {
        let key = PageKey::new(&[7; 32]);
        let flow = FlowId::from_parts(Timestamp::from_micros(1_000_000), [9; 10]);
        let handle = key.handle("portal", flow);
        let clients = || ["other", "portal"].into_iter();
        assert_eq!(key.open(&handle, clients()), Some(("portal", flow)));
        assert_eq!(key.open(&handle, ["other"].into_iter()), None);
        assert_eq!(PageKey::new(&[8; 32]).open(&handle, clients()), None);
        for at in 0..handle.len() {
            let mut changed = handle.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(key.open(&changed, clients()), None, "{at}");
        }
        for bad in ["", "f", "%", &handle[1..], &format!("{handle}A")] {
            assert_eq!(key.open(bad, clients()), None, "{bad}");
        }
    }
}
