use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::constructors::CONSTRUCTORS;
use super::constructors::TEXT_KEYS;
use super::constructors::TIGHTEN_KEYS;
use super::definitions;
use super::engine;
use super::engine::FORBIDDEN;
use super::view::FLOW;
use super::view::NOW;

/// Something that a script can call or read, as an editor shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The name.
    pub name: String,
    /// How it is written, with what it takes and gives.
    pub signature: String,
    /// What it does.
    pub about: String,
}

/// The constructors: all that a hook may return.
pub fn constructors() -> Vec<Word> {
    CONSTRUCTORS
        .iter()
        .map(|(name, _)| {
            let definition = definitions::constructor(name);
            let (comments, signature): (Vec<&str>, Vec<&str>) =
                definition.lines().partition(|line| line.starts_with("///"));
            let about: Vec<&str> = comments
                .iter()
                .map(|line| line.trim_start_matches("///").trim())
                .collect();
            Word {
                name: (*name).to_owned(),
                signature: signature.concat().trim_end_matches(';').to_owned(),
                about: about.join("\n"),
            }
        })
        .collect()
}

/// The keys that the map of a constructor takes; none for what is no constructor.
pub fn constructor_keys(name: &str) -> &'static [&'static str] {
    match name {
        "tighten" => &TIGHTEN_KEYS,
        "refuse" | "stop" | "say" => &TEXT_KEYS,
        _ => &[],
    }
}

/// The properties of `flow` or of `flow.now`; none for anything else.
pub fn members(of: &str) -> Vec<Word> {
    let properties: &[&str] = match of {
        "flow" => &FLOW,
        "flow.now" => &NOW,
        _ => &[],
    };
    properties
        .iter()
        .map(|name| {
            let kind = if of == "flow.now" {
                "int"
            } else {
                definitions::kind(name)
            };
            Word {
                name: (*name).to_owned(),
                signature: format!("{of}.{name}: {kind}"),
                about: definitions::about(name).to_owned(),
            }
        })
        .collect()
}

/// The functions of the language that scripts may call, each name once with every way to call it.
pub fn functions() -> &'static [Word] {
    static ALL: LazyLock<Vec<Word>> = LazyLock::new(of_engine);
    &ALL
}

fn of_engine() -> Vec<Word> {
    let found = engine::build().collect_fn_metadata(
        None,
        |function| {
            let metadata = function.metadata;
            let about: Vec<&str> = metadata
                .comments
                .iter()
                .flat_map(|comment| comment.lines())
                .map(|line| {
                    line.trim()
                        .trim_start_matches("///")
                        .trim_start_matches("/**")
                        .trim_end_matches("*/")
                })
                .map(|line| line.strip_prefix(' ').unwrap_or(line))
                .collect();
            Some((
                metadata.name.to_string(),
                metadata.gen_signature(std::convert::Into::into),
                about.join("\n").trim().to_owned(),
            ))
        },
        true,
    );
    let mut words: BTreeMap<String, Word> = BTreeMap::new();
    for (name, signature, about) in found {
        let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_constructor = CONSTRUCTORS.iter().any(|(known, _)| *known == name);
        if !is_name || is_constructor || FORBIDDEN.contains(&name.as_str()) {
            continue;
        }
        let word = words.entry(name.clone()).or_insert_with(|| Word {
            name,
            signature: String::new(),
            about: String::new(),
        });
        if !word.signature.contains(&signature) {
            if !word.signature.is_empty() {
                word.signature.push('\n');
            }
            word.signature.push_str(&signature);
        }
        if word.about.is_empty() {
            word.about = about;
        }
    }
    words.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constructors_have_their_signature_and_meaning() {
        let words = constructors();
        assert_eq!(words.len(), CONSTRUCTORS.len());
        let tighten = &words[0];
        assert_eq!(tighten.signature, "fn tighten(settings: map) -> answer");
        assert!(tighten.about.contains("`expires_in`"), "{}", tighten.about);
        for word in &words {
            assert!(!constructor_keys(&word.name).is_empty(), "{}", word.name);
        }
    }

    #[test]
    fn members_are_those_of_the_view() {
        assert_eq!(members("flow").len(), FLOW.len());
        assert!(
            members("flow.now")
                .iter()
                .all(|word| word.signature.ends_with(": int"))
        );
        assert!(members("flow.person").is_empty());
    }

    #[test]
    fn functions_are_those_that_scripts_may_call() {
        let find = |name: &str| functions().iter().find(|word| word.name == name);
        let contains = find("contains").unwrap();
        assert!(contains.signature.lines().count() > 1, "{contains:?}");
        assert!(!contains.about.is_empty(), "{contains:?}");
        for absent in ["eval", "print", "sleep", "timestamp", "tighten"] {
            assert!(find(absent).is_none(), "{absent}");
        }
    }
}
