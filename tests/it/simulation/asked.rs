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

/// One request of an e-service.
#[derive(Clone)]
pub struct Wish {
    pub service: &'static str,
    pub capability: Capability,
    pub channel: Channel,
    pub inputs: serde_json::Map<String, Value>,
}

/// The service whose script fails on every approval: nothing of it may ever be approved (law 5).
pub const FAILING: &str = "bank-account-opening";

/// Loads the policies, with one script made to fail.
pub fn catalog() -> Catalog {
    let script = "fn approved(flow) {\n    let none = [];\n    if flow.person.age_over_21 == true { return none[3]; }\n    throw \"broken\";\n}\n";
    let sources = Sources::read(&served_policies()).unwrap();
    let sources = sources.with_texts([("scripts/bank-account-opening.rhai", script)]);
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
    let (service, capability, channels, inputs): (_, _, &[Channel], _) = match dice.below(11) {
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
        _ => (
            "appointment-reminders",
            Notify,
            &[Web],
            json!({ "appointment": "1234567", "hour": "09:30" }),
        ),
    };
    Wish {
        service,
        capability,
        channel: channels[dice.below(channels.len())],
        inputs: inputs.as_object().unwrap().clone(),
    }
}
