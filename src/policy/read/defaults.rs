use std::collections::BTreeMap;

use super::capabilities::shared_capabilities;
use super::onboarding::legal_basis;
use super::outcomes::shared_outcomes;
use super::reader::Reader;
use super::service;
use crate::policy::language;
use crate::policy::yaml::Node;
use crate::policy::yaml::Span;

/// Checks the defaults by themselves, as far as that goes: a part may be incomplete here, and what a service makes
/// of it is checked with the service.
pub(super) fn defaults(reader: &mut Reader<'_>, root: &Node) {
    reader.allow_missing();
    let Some(file) = reader.map(root, "", Span::default_first(), language::DEFAULTS_FILE) else {
        return;
    };
    super::format_version(reader, &file);
    let Some(entry) = file.get("defaults") else {
        return;
    };
    let Some(map) = reader.map(&entry.node, "defaults", entry.key_span, language::DEFAULTS) else {
        return;
    };
    if let Some(entry) = map.get("sensitivity") {
        service::sensitivity(reader, entry);
    }
    if let Some(entry) = map.get("legal_basis") {
        legal_basis(reader, entry);
    }
    if let Some(entry) = map.get("channels") {
        service::channels(reader, &entry.node);
    }
    if let Some(entry) = map.get("capabilities") {
        shared_capabilities(reader, entry);
    }
    if let Some(entry) = map.get("outcomes") {
        shared_outcomes(reader, entry, &BTreeMap::new());
    }
    if let Some(entry) = map.get("notices") {
        service::notices(reader, entry, false);
    }
    if let Some(entry) = map.get("retention") {
        service::retention(reader, entry);
    }
    if let Some(entry) = map.get("limits") {
        service::limits(reader, entry);
    }
}
