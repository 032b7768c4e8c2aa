//! Capability by channel by way of ending by transport: no cell is empty but those that a rule forbids. Capability, channel
//! and ending are proved by whole flows in virtual time; what a transport carries is proved by its own codec.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use midflow::cases::Suite;
use midflow::catalog::Catalog;
use midflow::catalog::Sources;
use midflow::connector::Connector as _;
use midflow::connector::PrepareError;
use midflow::sandbox::Face;
use midflow::words::Capability;
use midflow::words::Channel;

use crate::sandbox::provider::World;
use crate::support::policy_folder::copy_of_the_policies;
use crate::transports::forbidden;
use crate::transports::request;

/// An answer of the authority and the leaf code it leads to, one of each class and of each family below `other`.
const ENDINGS: [(&str, &str); 14] = [
    ("approved", "approved"),
    ("declined", "declined.by_user"),
    ("timeout", "timeout.no_answer"),
    ("error-reply", "error.authority"),
    ("unreachable", "error.network"),
    ("not-enrolled", "other.not_enrolled"),
    ("too-many-requests", "other.too_many_requests"),
    ("revoked", "other.certificate_revoked"),
    ("expired", "other.certificate_expired"),
    ("verification-failed", "other.verification_failed"),
    ("wrong-person", "other.wrong_person"),
    ("action-contradiction", "other.inconsistent_answer"),
    ("unknown-code", "other.unknown_code"),
    ("cancelled", "other.cancelled"),
];

/// Why a capability can't end so; `None` if it can.
fn rule_against(capability: Capability, answer: &str) -> Option<&'static str> {
    let asks_nobody = matches!(capability, Capability::VerifyQr | Capability::Notify);
    match answer {
        "approved" | "timeout" | "error-reply" | "unreachable" | "not-enrolled" | "too-many-requests" => None,
        "cancelled" if asks_nobody => Some("the reply is the answer, so there is nothing to give up"),
        "wrong-person" if capability == Capability::VerifyQr || capability == Capability::AuthQr => {
            Some("whoever shows or scans a code is the person")
        }
        _ if asks_nobody => Some("nobody is asked on a phone, so no code of a person comes"),
        _ => None,
    }
}

/// Why a capability is not asked from a channel; `None` if it is.
const fn rule_of_channel(capability: Capability, channel: Channel) -> Option<&'static str> {
    match (capability, channel) {
        (Capability::AuthQr, Channel::MobileWeb | Channel::NativeApp) => {
            Some("R000-075: the app is opened by a link, in the place of the code")
        }
        (Capability::AuthQr, Channel::CallCenter) => Some("a code can't be shown over the telephone"),
        (Capability::VerifyQr, Channel::CallCenter) => Some("a card can't be scanned over the telephone"),
        _ => None,
    }
}

/// The service of the cells; no other service or case is called so.
const CELLS: &str = "every-cell";

fn tests() -> (String, usize) {
    let mut text =
        "midflow: 1\ntests: every-cell\n\ngiven:\n  inputs: { number: \"1234567\", amount: 25 }\n\ncases:\n"
            .to_owned();
    let mut count = 0;
    for capability in Capability::ALL {
        for channel in Channel::ALL {
            for (answer, outcome) in ENDINGS {
                if rule_against(capability, answer).is_some() {
                    continue;
                }
                count += 1;
                let _ = write!(
                    text,
                    "  {capability} {channel} {answer}:\n    given: {{ capability: {capability}, channel: {channel} }}\n    \
                     answers: {answer}\n    expect: {{ outcome: {outcome} }}\n"
                );
            }
        }
    }
    (text, count)
}

#[tokio::test]
async fn no_cell_is_empty_but_those_that_a_rule_forbids() {
    let (text, count) = tests();
    let folder = copy_of_the_policies();
    let services = folder.path().join("policies/services");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy/read/fixtures");
    let service = fs::read_to_string(fixtures.join("everything.yaml")).unwrap();
    let service: String = service
        .lines()
        .filter(|line| !line.starts_with("script:"))
        .map(|line| format!("{line}\n"))
        .collect();
    let service = service.replace("service: everything", &format!("service: {CELLS}"));
    fs::write(services.join(format!("{CELLS}.yaml")), service).unwrap();
    fs::write(services.join(format!("{CELLS}.test.yaml")), text).unwrap();
    let (catalog, found) = Catalog::load(&Sources::read(folder.path()).unwrap(), None);
    let catalog = catalog.unwrap_or_else(|| panic!("{found:#?}"));
    let (suite, found) = Suite::read(&catalog).unwrap();
    assert!(found.is_empty(), "{found:#?}");
    let report = suite.run(&catalog, Some(CELLS));
    assert_eq!(
        (report.passed, report.failures.len()),
        (count, 0),
        "{:#?}",
        report.failures
    );
    println!("{}", table(&carried().await));
}

/// What each transport says to each capability, by its own codec.
async fn carried() -> BTreeMap<(&'static str, &'static str), Option<&'static str>> {
    let world = World::new().await;
    let now = midflow::sandbox::SandboxClock::now(&midflow::sandbox::SystemClock);
    let mut carried = BTreeMap::new();
    for face in Face::ALL {
        let connector = world.settings.connector_over(face, now).unwrap();
        for capability in Capability::ALL {
            let rule = forbidden(face, capability);
            match (connector.prepare(&request(capability, now)), rule) {
                (Ok(_), None) | (Err(PrepareError::Unsupported { .. }), Some(_)) => {}
                (prepared, _) => panic!("{} {capability}: {prepared:?}", face.as_str()),
            }
            carried.insert((face.as_str(), capability.as_str()), rule);
        }
    }
    carried
}

fn table(carried: &BTreeMap<(&'static str, &'static str), Option<&'static str>>) -> String {
    let mut out = String::new();
    let mut rules: Vec<&'static str> = Vec::new();
    let mut cell = |rule: Option<&'static str>| match rule {
        None => "yes".to_owned(),
        Some(rule) => {
            let at = rules.iter().position(|known| *known == rule).unwrap_or_else(|| {
                rules.push(rule);
                rules.len() - 1
            });
            format!("({})", at + 1)
        }
    };
    let heads: Vec<&str> = Face::ALL.iter().map(|face| face.as_str()).collect();
    let _ = writeln!(
        out,
        "{:10} {:12} {:22} {}",
        "capability",
        "channel",
        "ending",
        heads.join("  ")
    );
    for capability in Capability::ALL {
        for channel in Channel::ALL {
            for (answer, outcome) in ENDINGS {
                let own = rule_of_channel(capability, channel).or_else(|| rule_against(capability, answer));
                let faces: Vec<String> = heads
                    .iter()
                    .map(|face| {
                        let rule = own.or(carried[&(*face, capability.as_str())]);
                        format!("{:width$}", cell(rule), width = face.len())
                    })
                    .collect();
                let _ = writeln!(
                    out,
                    "{capability:10} {channel:12} {outcome:22} {}",
                    faces.join("  ")
                );
            }
        }
    }
    for (at, rule) in rules.iter().enumerate() {
        let _ = writeln!(out, "({}) {rule}", at + 1);
    }
    out
}
