use serde::Deserialize;
use serde::Serialize;

use super::ask::RightsError;
use super::ask::Who;
use super::service::failed;
use crate::engine::secrets::random;
use crate::store::ErasableFlow;
use crate::words::FlowId;

/// What was filed with an application: everything in it that names somebody. Kept as exact bytes, sealed under a key of its
/// own; the record holds its digest. Holds personal data, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Filed {
    /// 256 random bits, so that the digest tells nothing.
    blinding: String,
    /// Whose data it is about: a person's, or that of a flow which is of nobody.
    pub(super) about: Who,
    /// The flow that was named; one that is of somebody is filed under the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) flow: Option<FlowId>,
    /// Who applies.
    pub(super) applicant: String,
    /// Where letters go.
    pub(super) address: String,
    /// What is asked for, in the words of the applicant.
    pub(super) wants: String,
}

impl Filed {
    /// Reads what was typed.
    pub(super) fn new(
        (about, flow): (Who, Option<FlowId>),
        applicant: &str,
        address: &str,
        wants: &str,
    ) -> Result<Self, RightsError> {
        if let Who::CivilNo(text) = &about {
            Who::civil_no(text)?;
        }
        Ok(Self {
            blinding: hex::encode(random::<32>().map_err(failed)?),
            about,
            flow,
            applicant: line("the name of the applicant", applicant)?,
            address: line("the address", address)?,
            wants: line("what is asked for", wants)?,
        })
    }

    /// The flow that it is about, where one was named.
    pub(super) const fn flow(&self) -> Option<FlowId> {
        match self.about {
            Who::Flow(flow) => Some(flow),
            Who::CivilNo(_) => self.flow,
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads the stored form; `None` if it is damaged.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Whether it is about the same as another question, whose flows these are.
    pub(super) fn is_about(&self, who: &Who, flows: &[ErasableFlow]) -> bool {
        match (&self.about, who) {
            (Who::CivilNo(one), Who::CivilNo(other)) => {
                matches!((Who::civil_no(one), Who::civil_no(other)), (Ok(one), Ok(other)) if one == other)
            }
            // Nobody knew yet whose flow it is when it was filed.
            (Who::Flow(one), Who::CivilNo(_)) => flows.iter().any(|flow| flow.id == *one),
            (_, Who::Flow(other)) => self.flow() == Some(*other),
        }
    }
}

/// It lies sealed and can be erased, so it may name whoever it wants.
fn line(what: &str, text: &str) -> Result<String, RightsError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(RightsError::Refused(format!("{what} is missing")));
    }
    if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
        return Err(RightsError::Refused(format!(
            "{what} is one line of at most {LONGEST} characters"
        )));
    }
    Ok(text.to_owned())
}

const LONGEST: usize = 500;
