use std::collections::BTreeMap;
use std::time::Duration;

use super::map::Map;
use super::notify::notify;
use super::reader::Reader;
use super::sign::sign;
use super::sign::unsigned;
use super::texts::TextRules;
use crate::diagnostics::codes;
use crate::policy::CapabilitySettings;
use crate::policy::FirstContact;
use crate::policy::Input;
use crate::policy::OwnSettings;
use crate::policy::Sensitivity;
use crate::policy::language;
use crate::policy::yaml::Entry;
use crate::policy::yaml::shown;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::InputName;

/// Reads what a service may ask for.
pub(super) fn capabilities(
    reader: &mut Reader<'_>,
    entry: &Entry,
    inputs: &BTreeMap<InputName, Input>,
    sensitivity: Sensitivity,
) -> Option<BTreeMap<Capability, CapabilitySettings>> {
    let entries = reader.entries(&entry.node, "capabilities", entry.key_span)?;
    if entries.is_empty() {
        reader.error(
            codes::NO_CAPABILITY,
            "the service has no capability",
            entry.key_span,
            "declare one, such as `auth_push: { assurance: medium, reason: { ar: …, en: … } }`",
        );
        return None;
    }
    let mut read = BTreeMap::new();
    let mut good = true;
    let offers_code = entries.iter().any(|one| one.key == Capability::AuthQr.as_str());
    for one in entries {
        let Some(capability) = capability(reader, one) else {
            good = false;
            continue;
        };
        match settings(reader, one, capability, inputs, (sensitivity, offers_code)) {
            Some(settings) => {
                read.insert(capability, settings);
            }
            None => good = false,
        }
    }
    good.then_some(read)
}

/// Checks settings that services share; none of them has to be there.
pub(super) fn shared_capabilities(reader: &mut Reader<'_>, entry: &Entry) {
    let path = "defaults.capabilities";
    let Some(map) = reader.map(&entry.node, path, entry.key_span, language::SHARED_CAPABILITIES) else {
        return;
    };
    for capability in [Capability::AuthQr, Capability::AuthPush, Capability::Sign] {
        let Some(entry) = map.get(capability.as_str()) else {
            continue;
        };
        let path = map.path_of(capability.as_str());
        let keys = match capability {
            Capability::Sign => language::SHARED_SIGN,
            Capability::AuthPush => language::SHARED_AUTH_PUSH,
            _ => language::SHARED_AUTH,
        };
        let Some(map) = reader.map(&entry.node, &path, entry.key_span, keys) else {
            continue;
        };
        if let Some(entry) = map.get("expires_in") {
            expires_in(reader, entry, &map.path_of("expires_in"));
        }
        if capability == Capability::AuthPush
            && let Some(entry) = map.get("first_contact")
        {
            first_contact_word(reader, entry, &map.path_of("first_contact"));
        }
        if capability == Capability::Sign {
            unsigned(reader, &map);
        } else if let Some(entry) = map.get("assurance") {
            let path = map.path_of("assurance");
            assurance(reader, entry, &path, capability, Sensitivity::Normal);
        }
    }
}

fn capability(reader: &mut Reader<'_>, entry: &Entry) -> Option<Capability> {
    let capability = Capability::from_name(&entry.key);
    if capability.is_none() {
        let known = Capability::ALL.map(Capability::as_str);
        let message = format!("unknown capability `{}`", shown(&entry.key));
        reader.misspelt(
            codes::UNKNOWN_CAPABILITY,
            message,
            entry.key_span,
            &entry.key,
            &known,
        );
    }
    capability
}

fn settings(
    reader: &mut Reader<'_>,
    entry: &Entry,
    capability: Capability,
    inputs: &BTreeMap<InputName, Input>,
    (sensitivity, offers_code): (Sensitivity, bool),
) -> Option<CapabilitySettings> {
    let path = format!("capabilities.{capability}");
    let keys = match capability {
        Capability::VerifyQr => language::VERIFY_QR,
        Capability::AuthQr => language::AUTH,
        Capability::AuthPush => language::AUTH_PUSH,
        Capability::Sign => language::SIGN,
        Capability::Notify => language::NOTIFY,
    };
    let map = reader.map(&entry.node, &path, entry.key_span, keys)?;
    let assurance = match capability {
        Capability::AuthQr | Capability::AuthPush => reader
            .required(&map, "assurance", "medium")
            .and_then(|entry| assurance(reader, entry, &map.path_of("assurance"), capability, sensitivity)),
        Capability::Sign => match map.get("assurance") {
            None => Some(Assurance::High),
            Some(entry) => assurance(reader, entry, &map.path_of("assurance"), capability, sensitivity),
        },
        Capability::VerifyQr | Capability::Notify => Some(Assurance::Low),
    };
    let rules = TextRules {
        max: REASON_LENGTH - CHALLENGE_SENTENCE,
        inputs: Some(inputs),
    };
    let reason = reader
        .required(&map, "reason", "{ ar: \"…\", en: \"…\" }")
        .and_then(|entry| reader.text(entry, &map.path_of("reason"), rules));
    let expires_in = match capability {
        Capability::VerifyQr | Capability::Notify => Some(DEFAULT_EXPIRY),
        _ => match map.get("expires_in") {
            None => Some(DEFAULT_EXPIRY),
            Some(entry) => expires_in(reader, entry, &map.path_of("expires_in")),
        },
    };
    let own = match capability {
        Capability::Sign => sign(reader, &map, inputs).map(OwnSettings::Sign),
        Capability::Notify => notify(reader, &map, inputs).map(OwnSettings::Notify),
        Capability::AuthPush => first_contact(reader, &map, assurance, offers_code).map(OwnSettings::Push),
        Capability::VerifyQr | Capability::AuthQr => Some(OwnSettings::Nothing),
    };
    Some(CapabilitySettings {
        assurance: assurance?,
        reason: reason?,
        expires_in: expires_in?,
        own: own?,
        place: reader.place(entry.key_span),
    })
}

/// How somebody begins whom nobody has authenticated before. Where nothing is written, a push at high assurance is not the
/// way, if the service offers another.
fn first_contact(
    reader: &mut Reader<'_>,
    map: &Map<'_>,
    assurance: Option<Assurance>,
    offers_code: bool,
) -> Option<FirstContact> {
    let Some(entry) = map.get("first_contact") else {
        let by_code = offers_code && assurance == Some(Assurance::High);
        return Some(if by_code {
            FirstContact::Qr
        } else {
            FirstContact::Push
        });
    };
    let way = first_contact_word(reader, entry, &map.path_of("first_contact"))?;
    if way == FirstContact::Qr && !offers_code {
        reader.warning(
            codes::FIRST_CONTACT_WITHOUT_QR,
            "a first contact needs a code here, and the service offers no `auth_qr`",
            entry.node.span,
            "declare `auth_qr` beside `auth_push`, or let `other.first_contact` say where people scan a code",
        );
    }
    Some(way)
}

fn first_contact_word(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<FirstContact> {
    reader.word(
        &entry.node,
        path,
        codes::UNKNOWN_WORD,
        language::FIRST_CONTACTS,
        FirstContact::from_name,
    )
}

fn assurance(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    capability: Capability,
    sensitivity: Sensitivity,
) -> Option<Assurance> {
    let known = Assurance::ALL.map(Assurance::as_str);
    let level = reader.word(
        &entry.node,
        path,
        codes::UNKNOWN_ASSURANCE,
        &known,
        Assurance::from_name,
    )?;
    if capability == Capability::Sign && level != Assurance::High {
        let fix = reader.instead(entry.node.span, level.as_str(), "high", false);
        reader.error_fixed(
            codes::SIGN_NEEDS_HIGH,
            format!("`sign` asks for `{level}` assurance; the authority signs only at `high`"),
            entry.node.span,
            "write `assurance: high`",
            fix,
        );
        return None;
    }
    if sensitivity == Sensitivity::Critical && level < Assurance::High {
        reader.warning(
            codes::CRITICAL_BELOW_HIGH,
            format!("a critical service asks for `{level}` assurance only"),
            entry.node.span,
            "write `assurance: high`, or keep a note of why a lower level is enough",
        );
    }
    Some(level)
}

fn expires_in(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<Duration> {
    let time = reader.duration(entry, path, "5m")?;
    let good = (SHORTEST_EXPIRY..=LONGEST_EXPIRY).contains(&time);
    if !good {
        reader.error(
            codes::BAD_EXPIRY,
            format!("`{path}` is out of range"),
            entry.node.span,
            "write a time from `30s` to `10m`",
        );
    }
    good.then_some(time)
}

/// What fits into the reason on the phone (R000-079).
const REASON_LENGTH: usize = 250;
/// Kept free for the sentence that repeats the challenge.
const CHALLENGE_SENTENCE: usize = 30;
const DEFAULT_EXPIRY: Duration = Duration::from_secs(5 * 60);
const SHORTEST_EXPIRY: Duration = Duration::from_secs(30);
const LONGEST_EXPIRY: Duration = Duration::from_secs(10 * 60);
