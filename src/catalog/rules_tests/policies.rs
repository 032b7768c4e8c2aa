//! The policies that keep every rule, and how they are judged.

use crate::catalog::Catalog;
use crate::catalog::Setting;
use crate::catalog::Sources;
use crate::diagnostics::Diagnostics;
use crate::words::Day;
use crate::words::Digest;
use crate::words::Environment;

pub(super) const SERVICE: &str = include_str!("../../policy/read/fixtures/everything.yaml");
pub(super) const ORGANIZATION: &str = include_str!("../../policy/read/fixtures/everything-organization.yaml");
pub(super) const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><circle r=\"4\"/></svg>";
pub(super) const SERVICE_FILE: &str = "policies/services/everything.yaml";
pub(super) const ORGANIZATION_FILE: &str = "policies/organization.yaml";
pub(super) const SCRIPT: &str = "fn approved(flow) { if flow.person.name_ar == () { return refuse(\"nameless\", #{ ar: \"الاسم ناقص\", en: \"The name is missing\" }); } }";

pub(super) fn setting(environment: Environment) -> Setting {
    Setting {
        environment: Some(environment),
        today: Day::parse("2026-11-22"),
    }
}

pub(super) fn organization() -> String {
    let digest = Digest::of(LOGO.as_bytes()).to_string();
    let digest = digest.trim_start_matches("sha256:");
    ORGANIZATION.replace(
        "da40ca65c5e9f3c7c2bc0e3e8a8f7a0f0d66a1ebd5b41ff9e7c2ee0a1f6e5a11",
        digest,
    )
}

pub(super) fn sources(changes: &[(&str, String)]) -> Sources {
    let mut files = vec![
        (ORGANIZATION_FILE, organization()),
        (SERVICE_FILE, SERVICE.to_owned()),
        ("policies/logo.svg", LOGO.to_owned()),
        ("scripts/everything.rhai", SCRIPT.to_owned()),
    ];
    files.extend(changes.iter().map(|(path, text)| (*path, text.clone())));
    let kept = files.into_iter().filter(|(_, text)| text != GONE);
    let mut last: std::collections::BTreeMap<&str, String> = std::collections::BTreeMap::new();
    last.extend(kept);
    for (path, text) in changes {
        if text == GONE {
            last.remove(path);
        }
    }
    Sources::from_texts(last)
}

pub(super) fn judged(changes: &[(&str, String)], environment: Environment) -> (Option<Catalog>, Diagnostics) {
    Catalog::load_for(&sources(changes), None, setting(environment))
}

pub(super) const GONE: &str = "(gone)";
pub(super) const S: &str = SERVICE_FILE;
pub(super) const O: &str = ORGANIZATION_FILE;

pub(super) fn text_of(file: &str) -> String {
    match file {
        SERVICE_FILE => SERVICE.to_owned(),
        ORGANIZATION_FILE => organization(),
        "policies/logo.svg" => LOGO.to_owned(),
        _ => SCRIPT.to_owned(),
    }
}
