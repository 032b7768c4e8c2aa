use serde_json::Value;
use serde_json::json;

use super::FlowView;
use crate::policy::Decision;
use crate::words::FieldValue;
use crate::words::Person;
use crate::words::Purpose;

impl FlowView {
    /// The flow as JSON, as the API answers it and as outcome notices carry it (contracts, section 2).
    ///
    /// Holds the declared fields of the person in clear: for the client that asked, and nobody else.
    pub fn to_json(&self) -> Value {
        json!({
            "flow": self.flow,
            "service": self.service,
            "capability": self.capability,
            "state": if self.ended { "ended" } else { "waiting" },
            "created_at": self.created_at.to_string(),
            "expires_at": self.expires_at.to_string(),
            "challenge": self.challenge.as_str(),
            "held": self.held,
            "sends_at": self.sends_at.map(|at| at.to_string()),
            "step": self.step.as_ref().map(|step| json!({
                "journey": step.journey,
                "name": step.name,
                "number": step.number,
                "of": step.of,
            })),
            "superseded_by": self.superseded_by,
            "reported_at": self.reported_at.map(|at| at.to_string()),
            // A notice is about a flow that has ended, and then there is nothing to scan or to open any more.
            "qr": null,
            "app_link": null,
            "catalog": self.catalog,
            "outcome": self.outcome.map(|outcome| json!({
                "class": outcome.class().as_str(),
                "code": outcome.code(),
                "retryable": outcome.retryable(),
                "say": self.decision.as_ref().map_or_else(|| outcome.text(), |decision| decision.say.clone()),
            })),
            "decision": self.decision.as_ref().map(decision_json),
            "person": self.person.as_ref().map(person_json),
            "signature": self.signature,
            "receipt": self.receipt,
        })
    }
}

fn decision_json(decision: &Decision) -> Value {
    json!({
        "then": decision.then.as_str(),
        "attempts": decision.then.attempts(),
        "refusal": decision.refusal,
        "say": decision.say,
        "rule": decision.rule.to_string(),
    })
}

pub(super) fn person_json(person: &Person) -> Value {
    let fields = person.fields().map(|(name, value)| {
        let value = value_json(value.expose(Purpose::Deliver));
        (name.as_str().to_owned(), value)
    });
    Value::Object(fields.collect())
}

/// One value as it is delivered.
pub(super) fn value_json(value: &FieldValue) -> Value {
    match value {
        FieldValue::Text(text) | FieldValue::Date(text) => Value::from(text.as_str()),
        FieldValue::Flag(flag) => Value::from(*flag),
    }
}
