//! What e-services ask for: the services of this repository, and one whose script fails.

use midflow::catalog::Catalog;
use midflow::catalog::Sources;
use midflow::words::Capability;
use midflow::words::Channel;
use midflow::words::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::support::dice::Dice;
use crate::support::node::served_policies;

/// One request of an e-service, or one step of what it asked for.
#[derive(Clone)]
pub struct Wish {
    pub service: &'static str,
    pub capability: Capability,
    pub channel: Channel,
    pub inputs: serde_json::Map<String, Value>,
}

/// The service whose script fails on every approval: nothing of it may ever be approved (law 5).
pub const FAILING: &str = "bank-account-opening";

/// A journey that begins with a code, so that nobody knows whom until its first step has been approved, and holds a consent
/// open with a step that asks.
const BY_CODE: &str = include_str!("loan-by-code.yaml");

/// Loads the policies, with one script made to fail.
pub fn catalog() -> Catalog {
    let script = "fn approved(flow) {\n    let none = [];\n    if flow.person.age_over_21 == true { return none[3]; }\n    throw \"broken\";\n}\n";
    let sources = Sources::read(&served_policies()).unwrap();
    let sources = sources.with_texts([
        ("scripts/bank-account-opening.rhai", script),
        ("policies/services/loan-by-code.yaml", BY_CODE),
    ]);
    let (catalog, found) = Catalog::load(&sources, None);
    catalog.unwrap_or_else(|| panic!("{found:?}"))
}

/// When the first simulated world begins: a working day, in the morning in Kuwait.
pub fn beginning() -> Timestamp {
    Timestamp::parse("2026-11-29T07:00:00Z").unwrap()
}

pub fn draw(dice: &mut Dice) -> Wish {
    use Capability::*;
    use Channel::*;
    let (service, capability, channels, inputs): (_, _, &[Channel], _) = match dice.below(15) {
        0 | 1 => {
            let amount = if dice.one_in(3) { 700.5 } else { 20.0 };
            let inputs = json!({ "licence": "1234567", "amount": amount });
            ("licence-renewal", AuthPush, &[Web, MobileWeb][..], inputs)
        }
        2 => (
            FAILING,
            AuthPush,
            &[Web],
            json!({ "application": "12345678", "product": "current" }),
        ),
        3 => (
            "lab-results",
            AuthPush,
            &[Web, Kiosk],
            json!({ "report": "1234567" }),
        ),
        4 => (
            "sim-replacement",
            AuthPush,
            &[Web, Counter],
            json!({ "line": "4567" }),
        ),
        5 => {
            let language = if dice.one_in(2) { "arabic" } else { "english" };
            let inputs = json!({ "student": "20191234", "language": language });
            ("university-transcript", AuthPush, &[Web], inputs)
        }
        6 | 7 => (
            "rental-contract",
            Sign,
            &[Web],
            json!({ "contract": "2026001", "rent": 350.5 }),
        ),
        8 => ("commercial-register", AuthQr, &[Web, Kiosk], json!({})),
        9 => (
            "clinic-check-in",
            VerifyQr,
            &[Counter],
            json!({ "appointment": "1234567" }),
        ),
        10 => (
            "appointment-reminders",
            Notify,
            &[Web],
            json!({ "appointment": "1234567", "hour": "09:30" }),
        ),
        // Journeys: the capability is that of the first step.
        11 | 12 => {
            let amount = if dice.one_in(2) { 8_000.0 } else { 900.0 };
            let inputs = json!({ "application": "2026001", "amount": amount });
            ("loan-agreement", AuthPush, &[Web, MobileWeb], inputs)
        }
        _ => (
            "loan-by-code",
            AuthQr,
            &[Web],
            json!({ "application": "2026001", "again": dice.one_in(2) }),
        ),
    };
    Wish {
        service,
        capability,
        channel: channels[dice.below(channels.len())],
        inputs: inputs.as_object().unwrap().clone(),
    }
}
