//! What a sketch knows of whole files, and of files that somebody types in.

use super::Sketch;
use super::Spot;

fn paths(text: &str) -> Vec<String> {
    let sketch = Sketch::of(text);
    (0..sketch.nodes.len()).map(|node| sketch.path(node)).collect()
}

/// What stands at the `|` of a text: the path around, and what is typed.
fn spot(text: &str) -> (String, String) {
    let byte = text.find('¦').unwrap();
    let text = text.replace('¦', "");
    let (sketch, spot) = Sketch::before(&text, byte);
    let path = |node: Option<usize>| node.map_or(String::new(), |node| sketch.path(node));
    match spot {
        None => ("-".to_owned(), String::new()),
        Some(Spot::Key { parent, typed, .. }) => (format!("{}.?", path(parent)), text[typed].to_owned()),
        Some(Spot::Value { node, typed, .. }) => (format!("{}:", path(Some(node))), text[typed].to_owned()),
        Some(Spot::Entry { parent, typed }) => (format!("{}[]", path(Some(parent))), text[typed].to_owned()),
    }
}

#[test]
fn keys_entries_and_values_are_found_with_their_places() {
    let text = "midflow: 1 # one\nname:\n  ar: خدمة\n  en: \"A: b\"\nchannels: [web, kiosk]\nsteps:\n- ar: أ\n  en: a\n- ar: ب\n  en: b\nlimits: { per_person: 3/10m, x: {\n  y: 'z' } }\ntext: |\n  not: a key\nlast: x\n";
    assert_eq!(
        paths(text),
        [
            "midflow",
            "name",
            "name.ar",
            "name.en",
            "channels",
            "channels[1]",
            "channels[2]",
            "steps",
            "steps[1]",
            "steps[1].ar",
            "steps[1].en",
            "steps[2]",
            "steps[2].ar",
            "steps[2].en",
            "limits",
            "limits.per_person",
            "limits.x",
            "limits.x.y",
            "text",
            "last"
        ]
    );
    let sketch = Sketch::of(text);
    let scalar = |keys: &[&str]| sketch.find(keys).and_then(|node| sketch.node(node)?.scalar(text));
    assert_eq!(scalar(&["midflow"]), Some("1"));
    assert_eq!(scalar(&["name", "ar"]), Some("خدمة"));
    assert_eq!(scalar(&["name", "en"]), Some("A: b"));
    assert_eq!(scalar(&["limits", "per_person"]), Some("3/10m"));
    assert_eq!(scalar(&["limits", "x", "y"]), Some("z"));
    assert_eq!(
        sketch.path(sketch.at(text.find("kiosk").unwrap()).unwrap()),
        "channels[2]"
    );
    assert_eq!(
        sketch.path(sketch.at(text.find("a key").unwrap()).unwrap()),
        "text"
    );
}

#[test]
fn a_place_is_known_by_what_is_before_it() {
    for (text, at, typed) in [
        ("¦", ".?", ""),
        ("midflow: 1\nser¦", ".?", "ser"),
        ("name:\n  ¦", "name.?", ""),
        ("name:\n  ar: x\n  e¦", "name.?", "e"),
        ("name:\n  ar: x\n¦", ".?", ""),
        ("a:\n  b:\n    c: 1\n  ¦", "a.?", ""),
        ("sensitivity: no¦", "sensitivity:", "no"),
        ("sensitivity: ¦", "sensitivity:", ""),
        ("channels: [web, ki¦", "channels[]", "ki"),
        ("channels: [¦]", "channels[]", ""),
        ("channels:\n  - we¦", "channels[1].?", "we"),
        ("steps:\n- ar: x\n  e¦", "steps[1].?", "e"),
        ("limits: { ¦ }", "limits.?", ""),
        ("limits: { per_person: 1/s, pe¦", "limits.?", "pe"),
        (
            "fields:\n  name_ar: { reason: { ar: \"سبب\", e¦",
            "fields.name_ar.reason.?",
            "e",
        ),
        ("c:\n  sign: { assurance: hi¦ }", "c.sign.assurance:", "hi"),
        ("r:\n  ar: \"الدخول رقم {lic¦", "r.ar:", "الدخول رقم {lic"),
        ("r:\n  ar: الدخول رقم {lic¦", "r.ar:", "الدخول رقم {lic"),
        ("r: >\n  نص {¦", "r:", "  نص {"),
        ("a: b # com¦", "-", ""),
        ("# com¦", "-", ""),
    ] {
        assert_eq!(spot(text), (at.to_owned(), typed.to_owned()), "{text}");
    }
}

// Mid-typing: what is not closed above ends where the next key of its level begins.
#[test]
fn what_is_never_closed_does_not_swallow_the_rest() {
    for text in [
        "a: { b: 1\nname:\n  ¦",
        "a: \"never closed\nname:\n  ¦",
        "a: [x, {y: 1\nname:\n  ¦",
        "a:\n\tb c d\nwithout colon\nname:\n  ¦",
    ] {
        assert_eq!(spot(text).0, "name.?", "{text}");
    }
    assert_eq!(paths("a: \"open\n  still: open\nb: 1\n"), ["a", "b"]);
}

// R1: whatever is typed, the sketch is made and every place is inside of the text.
#[test]
fn any_text_has_a_sketch() {
    use proptest::prelude::*;
    proptest!(|(text in "[ab:{}\\[\\],\"'#|>\\- \n\r\tسم\\\\]{0,60}")| {
        let sketch = Sketch::of(&text);
        for node in &sketch.nodes {
            prop_assert!(text.get(node.at.clone()).is_some() && node.end <= text.len());
            prop_assert!(node.value.clone().is_none_or(|value| text.get(value).is_some()));
        }
        for (byte, _) in text.char_indices() {
            let (_, spot) = Sketch::before(&text, byte);
            if let Some(Spot::Key { typed, .. } | Spot::Value { typed, .. } | Spot::Entry { typed, .. }) = spot {
                prop_assert!(text.get(typed).is_some());
            }
        }
    });
}
