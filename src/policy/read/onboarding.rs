use super::map::Map;
use super::reader::Reader;
use crate::diagnostics::codes;
use crate::policy::Approval;
use crate::policy::ApprovalState;
use crate::policy::Approved;
use crate::policy::Certification;
use crate::policy::LegalBasis;
use crate::policy::Onboarding;
use crate::policy::Signed;
use crate::policy::Waiver;
use crate::policy::language;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::words::Day;

/// Reads how far the subscription has come.
pub(super) fn onboarding(reader: &mut Reader<'_>, entry: Option<&Entry>) -> Option<Onboarding> {
    let latest = language::REVISIONS.last().copied().unwrap_or_default();
    let Some(entry) = entry else {
        return Some(Onboarding {
            requirements: latest.to_owned(),
            request: None,
            agreement: None,
            declaration: None,
        });
    };
    let map = reader.map(&entry.node, "onboarding", entry.key_span, language::ONBOARDING)?;
    let requirements = match map.get("requirements") {
        None => Some(latest),
        Some(entry) => reader.one_of(&entry.node, "onboarding.requirements", language::REVISIONS),
    };
    let request = optional(&map, "request", |entry, path| signed(reader, entry, path));
    let agreement = optional(&map, "agreement", |entry, path| signed(reader, entry, path));
    let declaration = optional(&map, "declaration", |entry, path| {
        declaration(reader, entry, path)
    });
    Some(Onboarding {
        requirements: requirements?.to_owned(),
        request: request?,
        agreement: agreement?,
        declaration: declaration?,
    })
}

/// Reads a signed paper.
pub(super) fn signed(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<Signed> {
    let map = reader.map(&entry.node, path, entry.key_span, language::SIGNED)?;
    let signed_on = day(reader, &map, "signed_on");
    let signed_by = line(reader, &map, "signed_by");
    let reference = optional(&map, "reference", |entry, path| {
        reader.line(entry, path, language::LINE_LENGTH)
    });
    let sha256 = optional(&map, "sha256", |entry, path| reader.sha256(entry, path));
    Some(Signed {
        signed_on: signed_on?,
        signed_by: signed_by?,
        reference: reference?,
        sha256: sha256?,
    })
}

fn declaration(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<(String, Day)> {
    let map = reader.map(&entry.node, path, entry.key_span, language::DECLARATION)?;
    let by = line(reader, &map, "by");
    let on = day(reader, &map, "on");
    by.zip(on)
}

/// Reads what entitles the provider.
pub(super) fn legal_basis(reader: &mut Reader<'_>, entry: &Entry) -> Option<LegalBasis> {
    let map = reader.map(&entry.node, "legal_basis", entry.key_span, language::LEGAL_BASIS)?;
    let basis = reader
        .required(&map, "basis", "consent")
        .and_then(|entry| reader.one_of(&entry.node, "legal_basis.basis", language::BASES));
    let domain = reader
        .required(&map, "domain", "administrative")
        .and_then(|entry| {
            reader.one_of(
                &entry.node,
                "legal_basis.domain",
                &["civil", "commercial", "administrative"],
            )
        });
    let reference = optional(&map, "reference", |entry, path| {
        reader.text(entry, path, super::texts::TextRules::fixed(300))
    });
    Some(LegalBasis {
        basis: basis?,
        domain: domain?,
        reference: reference?,
    })
}

/// Reads who approved what.
pub(super) fn approvals(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Approval>> {
    let example = "[ { of: service, by: …, on: 2026-03-01 } ]";
    let items = reader.list(node, "approvals", example)?;
    let read: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(index, item)| approval(reader, item, &format!("approvals[{}]", index + 1)))
        .collect();
    read.into_iter().collect()
}

fn approval(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<Approval> {
    let map = reader.map(node, path, node.span, language::APPROVAL)?;
    let of = match map.get("of") {
        None => Some(Approved::Service),
        Some(entry) => reader
            .one_of(&entry.node, &map.path_of("of"), language::APPROVED_THINGS)
            .and_then(Approved::from_name),
    };
    let state = match map.get("state") {
        None => Some(ApprovalState::Approved),
        Some(entry) => reader
            .one_of(&entry.node, &map.path_of("state"), language::APPROVAL_STATES)
            .and_then(ApprovalState::from_name),
    };
    let by_authority = match map.get("for") {
        None => Some(true),
        Some(entry) => reader
            .one_of(&entry.node, &map.path_of("for"), &["authority", "organization"])
            .map(|word| word == "authority"),
    };
    let by = line(reader, &map, "by");
    let on = day(reader, &map, "on");
    let reference = optional(&map, "reference", |entry, path| {
        reader.line(entry, path, language::LINE_LENGTH)
    });
    Some(Approval {
        of: of?,
        state: state?,
        by: by?,
        by_authority: by_authority?,
        on: on?,
        reference: reference?,
        place: reader.place(node.span),
    })
}

/// Reads the certification test that was passed.
pub(super) fn certification(reader: &mut Reader<'_>, entry: &Entry) -> Option<Certification> {
    let map = reader.map(
        &entry.node,
        "certification",
        entry.key_span,
        language::CERTIFICATION,
    )?;
    let passed_on = day(reader, &map, "passed_on");
    let by = line(reader, &map, "by");
    let reference = optional(&map, "reference", |entry, path| {
        reader.line(entry, path, language::LINE_LENGTH)
    });
    let pack_sha256 = optional(&map, "pack_sha256", |entry, path| reader.sha256(entry, path));
    Some(Certification {
        passed_on: passed_on?,
        by: by?,
        reference: reference?,
        pack_sha256: pack_sha256?,
    })
}

/// Reads the rules that are broken for the time being. Whether they exist is known when all rulebooks are.
pub(super) fn waivers(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Waiver>> {
    let example = "[ { of: R000-039, by: …, on: 2026-03-01, until: 2026-09-01, why: … } ]";
    let items = reader.list(node, "waivers", example)?;
    let read: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(index, item)| waiver(reader, item, &format!("waivers[{}]", index + 1)))
        .collect();
    read.into_iter().collect()
}

fn waiver(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<Waiver> {
    let map = reader.map(node, path, node.span, language::WAIVER)?;
    let of = line(reader, &map, "of");
    let by = line(reader, &map, "by");
    let on = day(reader, &map, "on");
    let until = day(reader, &map, "until");
    let why = reader
        .required(&map, "why", "…")
        .and_then(|entry| reader.line(entry, &map.path_of("why"), 500));
    let (on, until) = (on?, until?);
    if until < on || on.plus_years(LONGEST_WAIVER) < until {
        let at = map.get("until").map_or(map.at, |entry| entry.node.span);
        reader.error(
            codes::BAD_WAIVER,
            format!("`{path}` holds from {on} until {until}"),
            at,
            format!("name a day after {on}, at most {LONGEST_WAIVER} years later"),
        );
        return None;
    }
    Some(Waiver {
        of: of?,
        by: by?,
        on,
        until,
        why: why?,
        place: reader.place(map.get("of").map_or(node.span, |entry| entry.node.span)),
    })
}

fn line(reader: &mut Reader<'_>, map: &Map<'_>, key: &str) -> Option<String> {
    let entry = reader.required(map, key, "…")?;
    reader.line(entry, &map.path_of(key), language::LINE_LENGTH)
}

fn day(reader: &mut Reader<'_>, map: &Map<'_>, key: &str) -> Option<Day> {
    let entry = reader.required(map, key, "2026-03-01")?;
    reader.day(entry, &map.path_of(key))
}

/// What may be absent but not wrong.
pub(super) fn optional<T>(
    map: &Map<'_>,
    key: &str,
    read: impl FnOnce(&Entry, &str) -> Option<T>,
) -> Option<Option<T>> {
    match map.get(key) {
        None => Some(None),
        Some(entry) => read(entry, &map.path_of(key)).map(Some),
    }
}

const LONGEST_WAIVER: i16 = 2;
