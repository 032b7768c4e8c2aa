use std::path::Path;

fn templates() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/http");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        found.push((name, std::fs::read_to_string(path).unwrap()));
    }
    found.sort();
    assert!(found.len() > 10);
    found
}

// Threat B-19: nothing that a strict Content-Security-Policy would have to be loosened for.
#[test]
fn no_template_has_inline_code_or_style_or_unescaped_values() {
    let handlers = regex::Regex::new(r#"\son[a-z]+\s*="#).unwrap();
    for (name, text) in templates() {
        // The one frame shows a document of this site, whose own policy lets nothing run in it.
        let frame = r#"<iframe class="paper" src="{{ confirm.path }}/document""#;
        let flat = text.to_ascii_lowercase().replace(frame, "");
        for bad in [
            " style=",
            "<style",
            "javascript:",
            "|safe",
            "| safe",
            "srcdoc",
            "<iframe",
            "http://",
            "https://",
        ] {
            let allowed = bad == "http://" && !flat.replace("http://www.w3.org", "").contains(bad);
            assert!(allowed || !flat.contains(bad), "{name}: {bad}");
        }
        assert!(!handlers.is_match(&flat), "{name}: an event handler");
        for script in flat.split("<script").skip(1) {
            let (head, rest) = script.split_once('>').unwrap();
            assert!(
                head.contains("src=") && rest.starts_with("</script>"),
                "{name}: {head}"
            );
        }
    }
}

/// A value from outside may be of either direction: it stands in `<bdi>`, in an attribute, or in an `<option>`,
/// which isolates by itself. The fixed texts of the page need nothing.
#[test]
fn every_inserted_value_is_isolated() {
    let value = regex::Regex::new(r"\{\{\s*([^}]*?)\s*\}\}").unwrap();
    for (name, text) in templates() {
        for found in value.captures_iter(&text) {
            let expression = &found[1];
            let before = &text[..found.get(0).unwrap().start()];
            let in_tag = before.rfind('<') > before.rfind('>');
            let isolated = |open: &str, close: &str| before.rfind(open) > before.rfind(close);
            let fixed = OWN_TEXTS.iter().any(|own| expression.starts_with(own));
            let good = in_tag
                || fixed
                || isolated("<bdi", "</bdi>")
                || isolated("<option", "</option>")
                || isolated("<title", "</title>");
            assert!(good, "{name}: {{{{ {expression} }}}} stands outside <bdi>");
        }
    }
}

#[test]
fn direction_is_never_physical() {
    for (name, text) in templates() {
        for bad in ["align=\"left\"", "align=\"right\"", "&lrm;", "&rlm;", "<bdo"] {
            assert!(!text.contains(bad), "{name}: {bad}");
        }
    }
}

#[test]
fn scripts_are_small_and_make_no_markup_but_the_servers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    for name in ["live.js", "waiting.js"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(text.len() < 5_000, "{name}");
        for bad in [
            "innerHTML",
            "outerHTML",
            "eval(",
            "Function(",
            "document.write",
            "insertAdjacentHTML",
            "localStorage",
            "sessionStorage",
            "document.cookie",
        ] {
            assert!(!text.contains(bad), "{name}: {bad}");
        }
    }
}

/// Texts of the page itself, in its own language.
const OWN_TEXTS: [&str; 16] = [
    "waiting.heading(",
    "waiting.over(",
    "waiting.status(",
    // Drawn here, from numbers only.
    "waiting.picture()",
    "form.start(",
    "super()",
    "page.ui.",
    "page.site_title()",
    "shown::class(",
    "shown::then(",
    "self::sensitivity(",
    "self::again(page.ui",
    "outcome.heading",
    "cell.title",
    "fact.name",
    "lane.name(",
];
