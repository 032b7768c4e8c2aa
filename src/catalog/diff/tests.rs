use std::path::Path;
use std::sync::LazyLock;

use super::*;
use crate::catalog::Catalog;
use crate::catalog::Sources;

static OWN: LazyLock<Sources> =
    LazyLock::new(|| Sources::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap());

fn load(sources: &Sources) -> Catalog {
    let (catalog, found) = Catalog::load(sources, None);
    catalog.unwrap_or_else(|| panic!("{found:#?}"))
}

/// The differences after replacing texts in files.
fn after(edits: &[(&str, &str, &str)]) -> CatalogDiff {
    let texts = OWN.iter().map(|(path, text)| {
        let mut text = text.to_string();
        for (_, from, to) in edits.iter().filter(|(file, ..)| *file == path) {
            assert!(text.contains(from), "{path} has no {from:?}");
            text = text.replacen(from, to, 1);
        }
        (path.to_owned(), text)
    });
    CatalogDiff::between(&load(&OWN), &load(&Sources::from_texts(texts)))
}

const RENEWAL: &str = "policies/services/licence-renewal.yaml";

#[test]
fn equal_catalogs_have_no_difference() {
    let diff = after(&[]);
    assert!(diff.is_empty() && diff.to_text().is_empty());
    assert_eq!(diff.from, diff.to);
}

#[test]
fn differences_are_said_in_plain_words() {
    let diff = after(&[
        (RENEWAL, "assurance: medium", "assurance: high"),
        (
            RENEWAL,
            "fields:\n",
            "fields:\n  nationality_en: { reason: { ar: \"جنسية مقدم الطلب\", en: \"Nationality of the applicant\" } }\n",
        ),
    ]);
    assert_eq!(
        diff.to_text(),
        "licence-renewal: assurance medium to high; one field added: nationality_en"
    );
    assert_eq!(diff.parts[0].changes[0].path, "capabilities.auth_push.assurance");
}

#[test]
fn scripts_and_what_they_import_are_told() {
    let diff = after(&[("scripts/licence-renewal.rhai", "amount > 500.0", "amount > 600.0")]);
    let text = diff.to_text();
    assert!(
        text.starts_with("licence-renewal: script licence-renewal.rhai (line "),
        "{text}"
    );
    let hours = OWN.text("scripts/lib/hours.rhai").unwrap();
    let first = hours.lines().next().unwrap();
    let diff = after(&[("scripts/lib/hours.rhai", first, &format!("{first} //"))]);
    let parts: Vec<&str> = diff.parts.iter().map(|part| part.part.as_str()).collect();
    assert_eq!(
        parts,
        [
            "sim-replacement",
            "university-transcript",
            "scripts/lib/hours.rhai"
        ]
    );
}

#[test]
fn a_comment_changes_no_meaning() {
    let diff = after(&[(RENEWAL, "midflow: 1", "midflow: 1 # the first version")]);
    assert_eq!(
        diff.to_text(),
        "licence-renewal: no meaning changed in licence-renewal.yaml (line 7)"
    );
}

// Law 13: the contacts of the organization are people.
#[test]
fn contacts_are_not_told() {
    let organization = OWN.text("policies/organization.yaml").unwrap();
    let email = organization.lines().find(|line| line.contains("email:")).unwrap();
    let start = email.find("email:").unwrap();
    let name = email[start..]
        .split_once(": ")
        .unwrap()
        .1
        .split([',', ' ', '}'])
        .next()
        .unwrap();
    let diff = after(&[("policies/organization.yaml", name, "someone.else@example.gov.kw")]);
    assert_eq!(diff.to_text(), "organization: primary contact changed");
    let json = serde_json::to_string(&diff).unwrap();
    assert!(!json.contains("someone.else"), "{json}");
}

#[test]
fn services_come_and_go() {
    let without = |name: &str| {
        Sources::from_texts(
            OWN.iter()
                .filter(|(path, _)| !path.contains(name))
                .map(|(path, text)| (path.to_owned(), text.clone())),
        )
    };
    let less = load(&without("lab-results"));
    let all = load(&OWN);
    let gone = CatalogDiff::between(&all, &less).to_text();
    assert!(gone.contains("lab-results: removed"), "{gone}");
    let new = CatalogDiff::between(&less, &all).to_text();
    assert!(new.contains("lab-results: added (auth_push on "), "{new}");
}
