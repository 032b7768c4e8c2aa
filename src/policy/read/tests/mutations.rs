use proptest::prelude::*;

use super::*;
use crate::diagnostics::render_json;
use crate::diagnostics::render_text;
use crate::policy::read_organization;
use crate::policy::read_service;

/// Reads a text as both kinds of file, and renders what was found. Whatever is read without an error must
/// also be usable.
fn survive(text: &str) {
    let (service, diagnostics) = read_service(SERVICE_FILE, text);
    assert_eq!(service.is_none(), diagnostics.has_errors(), "{diagnostics:?}");
    for diagnostic in diagnostics.iter() {
        assert!(
            !diagnostic.labels.is_empty() && !diagnostic.help.is_empty(),
            "{diagnostic:?}"
        );
        assert!(
            crate::diagnostics::codes::explain(diagnostic.code).is_some(),
            "{}",
            diagnostic.code
        );
    }
    let rendered = render_text(&diagnostics, &|_| Some(text), false);
    assert_eq!(rendered.is_empty(), diagnostics.is_empty());
    assert!(render_json(&diagnostics).ends_with("}\n"));
    let (organization, diagnostics) = read_organization(ORGANIZATION_FILE, text);
    assert_eq!(
        organization.is_none(),
        diagnostics.has_errors(),
        "{diagnostics:?}"
    );
}

/// Cuts at the nearest place between two characters.
fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn good_file() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(SERVICE), Just(ORGANIZATION)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}") {
        survive(&text);
    }

    #[test]
    fn any_yaml_like_text_is_survived(text in "([a-z&*!%@`|>'\"#:,\\[\\]{}?<\\-~ \t\r\n\u{0}\u{202E}\u{FEFF}0-9.]|midflow: 1\n|service: |ar: |: |  ){0,120}") {
        survive(&text);
    }

    #[test]
    fn a_good_file_with_pieces_replaced_is_survived(
        good in good_file(),
        edits in proptest::collection::vec((0_usize..5_000, 0_usize..40, "[a-z&*!%@|>'\"#:,\\[\\]{}?<\\-~ \t\n\u{202E}0-9]{0,6}"), 1..4),
    ) {
        let mut text = good.to_owned();
        for (at, length, new) in edits {
            let from = floor(&text, at % (text.len() + 1));
            let to = floor(&text, from + length).max(from);
            text.replace_range(from..to, &new);
        }
        survive(&text);
    }

    #[test]
    fn a_good_file_with_lines_moved_is_survived(
        good in good_file(),
        edits in proptest::collection::vec((0_usize..60, 0_usize..60, 0_usize..4, 0_usize..6), 1..6),
    ) {
        let mut lines: Vec<String> = good.lines().map(str::to_owned).collect();
        for (from, to, what, indent) in edits {
            if lines.is_empty() {
                break;
            }
            let (from, to) = (from % lines.len(), to % lines.len());
            match what {
                0 => { lines.remove(from); }
                1 => lines.swap(from, to),
                2 => { let line = lines[from].clone(); lines.insert(to, line); }
                _ => lines[from] = format!("{}{}", " ".repeat(indent), lines[from].trim_start()),
            }
        }
        survive(&lines.join("\n"));
    }

    #[test]
    fn a_cut_off_file_never_loads_as_something_else(good in good_file(), at in 0_usize..5_000) {
        survive(&good[..floor(good, at)]);
    }
}
