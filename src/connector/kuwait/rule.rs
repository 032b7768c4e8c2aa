use super::adapter::approval_rule;
use super::approval::ApprovalRule;
use super::prepare::Shape;
use super::settings::KuwaitSettings;
use super::settings::SettingsError;
use super::transport::bridge_meaning;
use crate::connector::Expected;
use crate::connector::ReplyMeaning;
use crate::connector::Verdict;
use crate::words::Capability;

/// What the connector believes, without a transport: the same rule that judges answers in production, for whoever makes
/// answers up, such as the tests of policies. It can't send anything.
pub struct KuwaitRule(ApprovalRule);

impl KuwaitRule {
    /// Takes the rule from settings; `signers` are the certificates that `stamp.signers` names, in its order. It fetches
    /// no lists, so it takes no settings that ask for some.
    ///
    /// # Errors
    /// Names the setting that can't be used, why, and the remedy.
    pub fn new(settings: &KuwaitSettings, signers: &[Vec<u8>]) -> Result<Self, SettingsError> {
        approval_rule(settings, signers, &[]).map(Self)
    }

    /// Examines the exact bytes of a callback against what was asked (law 4).
    pub fn examine(&self, body: &[u8], expected: &Expected<'_>) -> Verdict {
        self.0.examine(body, expected)
    }

    /// Examines the exact bytes of a reply that is the answer itself (law 4).
    pub fn examine_reply(&self, body: &[u8], expected: &Expected<'_>) -> Verdict {
        self.0.examine_reply(body, expected)
    }

    /// What a complete reply to a request for a capability means; `status` is that of HTTP.
    pub fn reply(&self, capability: Capability, status: u16, body: &[u8]) -> ReplyMeaning {
        let shape = Shape::of_capability(capability);
        match reqwest::StatusCode::from_u16(status) {
            Ok(status) => bridge_meaning(status, body, shape, &self.0.codes, self.0.keys),
            Err(_) => ReplyMeaning::Unknown {
                detail: "the status is none of HTTP".to_owned(),
            },
        }
    }
}

impl std::fmt::Debug for KuwaitRule {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("KuwaitRule")
    }
}
