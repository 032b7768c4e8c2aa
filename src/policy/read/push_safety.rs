use std::num::NonZeroU32;
use std::time::Duration;

use super::map::Map;
use super::reader::Reader;
use crate::diagnostics::codes;
use crate::policy::CoolOff;
use crate::policy::PushRules;
use crate::policy::PushSafety;
use crate::policy::format_duration;
use crate::policy::language;
use crate::policy::yaml::Entry;

/// Reads how people are protected from requests that they did not ask for.
pub(super) fn push_safety(reader: &mut Reader<'_>, entry: &Entry) -> Option<PushSafety> {
    let map = reader.map(&entry.node, "push_safety", entry.key_span, language::PUSH_SAFETY)?;
    let per_person = match map.get("per_person") {
        None => Some(None),
        Some(entry) => reader.limit(entry, &map.path_of("per_person"), "10/1h").map(Some),
    };
    let cool_off = cool_off(reader, &map);
    let not_me = between(reader, &map, "not_me", HOUR, PushRules::LONGEST_STOP);
    Some(PushSafety {
        per_person: per_person?,
        cool_off: cool_off?,
        not_me: not_me?,
    })
}

/// Whoever writes one of its three values means a cool-off; what is left out of it has its usual meaning.
fn cool_off(reader: &mut Reader<'_>, map: &Map<'_>) -> Option<Option<CoolOff>> {
    let usual = CoolOff::SAFE;
    let first = between(reader, map, "cool_off", Duration::from_secs(1), usual.longest)?;
    let least = first.unwrap_or(usual.first);
    let longest = between(reader, map, "longest_cool_off", least, usual.longest)?;
    let declines = match map.get("declines") {
        None => None,
        Some(entry) => Some(reader.integer(&entry.node, &map.path_of("declines"), 1, 10)?),
    };
    if first.is_none() && longest.is_none() && declines.is_none() {
        return Some(None);
    }
    let declines = declines.and_then(|count| NonZeroU32::new(u32::try_from(count).ok()?));
    Some(Some(CoolOff {
        declines: declines.unwrap_or(usual.declines),
        first: least,
        longest: longest.unwrap_or(usual.longest),
    }))
}

/// A duration within bounds; `Some(None)` where none is written.
fn between(
    reader: &mut Reader<'_>,
    map: &Map<'_>,
    key: &str,
    least: Duration,
    most: Duration,
) -> Option<Option<Duration>> {
    let Some(entry) = map.get(key) else {
        return Some(None);
    };
    let path = map.path_of(key);
    let time = reader.duration(entry, &path, "1d")?;
    if (least..=most).contains(&time) {
        return Some(Some(time));
    }
    reader.error(
        codes::BAD_PUSH_SAFETY,
        format!("`{path}` is out of range"),
        entry.node.span,
        format!(
            "write a time from `{}` to `{}`",
            format_duration(least),
            format_duration(most)
        ),
    );
    None
}

const HOUR: Duration = Duration::from_secs(3_600);
