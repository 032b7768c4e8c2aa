use std::ops::Range;

use super::outline::Outline;
use super::spot::Spot;
use super::spot::spot;
use crate::catalog::Sources;
use crate::lsp::offer::Kind;
use crate::lsp::offer::Offer;
use crate::lsp::yaml::Declared;
use crate::script::Hook;
use crate::script::Library;
use crate::script::Word;
use crate::script::constructor_keys;
use crate::script::constructors;
use crate::script::functions;
use crate::script::members;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Outcome;

/// What can be written at a byte of a script.
pub(in crate::lsp) fn complete(sources: &Sources, file: &str, byte: usize) -> Vec<Offer> {
    let Some(text) = sources.text(file) else {
        return Vec::new();
    };
    let Some(found) = text.get(..byte).and_then(spot) else {
        return Vec::new();
    };
    let place = Place {
        sources,
        file,
        text,
        outline: Outline::of(text),
        byte,
    };
    match found {
        Spot::Import(typed) => place.imports(&typed),
        Spot::Member { chain, typed } => place.members(&chain, &typed),
        Spot::Module { alias, typed } => place.module(&alias, &typed),
        Spot::MapKey {
            function,
            taken,
            typed,
        } => place.map_keys(&function, &taken, &typed),
        Spot::MapText { function, key, typed } => place.map_texts(&function, &key, &typed),
        Spot::Compared { chain, typed } => place.compared(&chain, &typed),
        Spot::FunctionName(typed) => place.hooks(&typed),
        Spot::Code(typed) => place.code(&typed),
    }
}

struct Place<'a> {
    sources: &'a Sources,
    file: &'a str,
    text: &'a str,
    outline: Outline<'a>,
    byte: usize,
}

impl Place<'_> {
    fn imports(&self, typed: &Range<usize>) -> Vec<Offer> {
        let at = self.whole(typed, |letter| letter != '"' && letter != '\n');
        self.sources
            .iter()
            .filter(|(file, _)| *file != self.file)
            .filter_map(|(file, _)| Library::name_of(file))
            .map(|name| Offer::new(name, Kind::File, at.clone()).detail("library"))
            .collect()
    }

    fn members(&self, chain: &[String], typed: &Range<usize>) -> Vec<Offer> {
        let at = self.whole(typed, is_word);
        let chain: Vec<&str> = chain.iter().map(String::as_str).collect();
        match chain.as_slice() {
            ["flow"] => {
                let hook = self.hook();
                members("flow")
                    .into_iter()
                    .filter(|word| match (word.name.as_str(), hook) {
                        ("person", Some(hook)) => hook.has_person(),
                        ("outcome", Some(hook)) => hook.has_outcome(),
                        _ => true,
                    })
                    .map(|word| of_word(word, Kind::Member, &at))
                    .collect()
            }
            [.., "now"] => members("flow.now")
                .into_iter()
                .map(|word| of_word(word, Kind::Member, &at))
                .collect(),
            ["flow", part @ ("inputs" | "person")] => self.declared(part, &at),
            _ => functions()
                .iter()
                .map(|word| {
                    of_word(word.clone(), Kind::Function, &at)
                        .snippet(format!("{}($0)", word.name), format!("{}(", word.name))
                })
                .collect(),
        }
    }

    /// The inputs or fields that the services of the script declare.
    fn declared(&self, part: &str, at: &Range<usize>) -> Vec<Offer> {
        let key = if part == "person" { "fields" } else { "inputs" };
        let users = Declared::users_of(self.sources, self.file);
        let mut offers: Vec<Offer> = Vec::new();
        for user in &users {
            for name in user.names(key) {
                if offers.iter().any(|offer| offer.label == name.name) {
                    continue;
                }
                let written = user.written(&[key, name.name]).unwrap_or_default();
                offers.push(
                    Offer::new(name.name, Kind::Member, at.clone())
                        .detail(format!("declared in {}", user.file))
                        .about(format!("```yaml\n{written}\n```")),
                );
            }
        }
        offers
    }

    fn module(&self, alias: &str, typed: &Range<usize>) -> Vec<Offer> {
        let at = self.whole(typed, is_word);
        let file = self
            .outline
            .library(alias)
            .map(|path| format!("scripts/{path}.rhai"));
        let Some(text) = file.as_ref().and_then(|file| self.sources.text(file)) else {
            return Vec::new();
        };
        let library = Outline::of(text);
        library
            .functions
            .iter()
            .map(|function| own_function(function, &at))
            .collect()
    }

    fn map_keys(&self, function: &str, taken: &[String], typed: &Range<usize>) -> Vec<Offer> {
        let at = self.whole(typed, is_word);
        let after = self.text.get(at.end..).unwrap_or_default();
        let has_colon = after.trim_start_matches(' ').starts_with(':');
        constructor_keys(function)
            .iter()
            .filter(|key| !taken.iter().any(|known| known == *key))
            .map(|key| {
                let offer = Offer::new(*key, Kind::Key, at.clone())
                    .about(about_key(key))
                    .needed(true);
                match *key {
                    _ if has_colon => offer,
                    "drop" => offer.snippet("drop: [\"$1\"]", "drop: "),
                    key => offer.snippet(format!("{key}: \"$1\""), format!("{key}: ")),
                }
            })
            .collect()
    }

    fn map_texts(&self, function: &str, key: &str, typed: &Range<usize>) -> Vec<Offer> {
        let at = self.whole(typed, |letter| letter != '"' && letter != '\n');
        match (function, key) {
            ("tighten", "assurance") => words(&Assurance::ALL.map(Assurance::as_str), &at),
            ("tighten", "expires_in") => words(&["30s", "1m", "2m", "3m"], &at),
            ("tighten", "drop") => self.declared("person", &at),
            _ => Vec::new(),
        }
    }

    fn compared(&self, chain: &[String], typed: &Range<usize>) -> Vec<Offer> {
        let at = self.whole(typed, |letter| letter != '"' && letter != '\n');
        let chain: Vec<&str> = chain.iter().map(String::as_str).collect();
        match chain.as_slice() {
            ["flow", "channel"] => self.of_services("channels", &Channel::ALL.map(Channel::as_str), &at),
            ["flow", "capability"] => {
                self.of_services("capabilities", &Capability::ALL.map(Capability::as_str), &at)
            }
            ["flow", "locale"] => words(&["ar", "en"], &at),
            ["flow", "outcome"] => {
                let class = self.hook().map(Hook::name);
                let leaves: Vec<&str> = Outcome::ALL
                    .iter()
                    .filter(|leaf| class.is_none_or(|class| leaf.class().as_str() == class))
                    .map(|leaf| leaf.code())
                    .collect();
                words(&leaves, &at)
            }
            ["flow", "inputs", name] => {
                let users = Declared::users_of(self.sources, self.file);
                let choices: Vec<String> = users.iter().flat_map(|user| user.choices(name)).collect();
                let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
                words(&choices, &at)
            }
            _ => Vec::new(),
        }
    }

    /// What the services of the script declare, or all that there is.
    fn of_services(&self, part: &str, all: &[&str], at: &Range<usize>) -> Vec<Offer> {
        let users = Declared::users_of(self.sources, self.file);
        let mut names: Vec<&str> = users
            .iter()
            .flat_map(|user| user.names(part))
            .map(|name| name.name)
            .filter_map(|name| all.iter().find(|known| **known == name).copied())
            .collect();
        names.sort_unstable();
        names.dedup();
        words(if names.is_empty() { all } else { &names }, at)
    }

    fn hooks(&self, typed: &Range<usize>) -> Vec<Offer> {
        let at = self.whole(typed, is_word);
        let has_body = self
            .text
            .get(at.end..)
            .is_some_and(|after| after.trim_start().starts_with('('));
        Hook::ALL
            .iter()
            .filter(|hook| {
                !self
                    .outline
                    .functions
                    .iter()
                    .any(|known| known.name == hook.name() && known.at != at)
            })
            .map(|hook| {
                let offer = Offer::new(hook.name(), Kind::Function, at.clone())
                    .detail(format!("may return {}", hook.constructors().join(", ")));
                if has_body {
                    return offer;
                }
                offer.snippet(
                    format!("{}(flow) {{\n    $0\n}}", hook.name()),
                    format!("{}(flow)", hook.name()),
                )
            })
            .collect()
    }

    fn code(&self, typed: &Range<usize>) -> Vec<Offer> {
        let at = self.whole(typed, is_word);
        let Some(around) = self.outline.function_at(self.byte) else {
            return ["fn", "import", "const"]
                .map(|word| Offer::new(word, Kind::Keyword, at.clone()))
                .into();
        };
        let hook = self.hook();
        let answers = constructors().into_iter().map(|word| {
            let fits = hook.is_none_or(|hook| hook.constructors().contains(&word.name.as_str()));
            let (name, offer) = (word.name.clone(), of_word(word, Kind::Function, &at).needed(fits));
            match name.as_str() {
                "tighten" => offer.snippet("tighten(#{ $0 })", "tighten(#{ "),
                "refuse" => offer.snippet(
                    "refuse(\"$1\", #{\n    ar: \"$2\",\n    en: \"$3\"\n})",
                    "refuse(",
                ),
                name => offer.snippet(
                    format!("{name}(#{{\n    ar: \"$1\",\n    en: \"$2\"\n}})"),
                    format!("{name}(#{{ "),
                ),
            }
        });
        let parameters = around
            .parameters
            .iter()
            .map(|name| Offer::new(*name, Kind::Name, at.clone()).detail("parameter"));
        let names = self
            .outline
            .names
            .iter()
            .filter(|(_, place)| place.end < self.byte)
            .map(|(name, _)| Offer::new(*name, Kind::Name, at.clone()));
        let own = self
            .outline
            .functions
            .iter()
            .filter(|function| Hook::from_name(function.name).is_none())
            .map(|function| own_function(function, &at));
        let modules = self
            .outline
            .imports
            .iter()
            .filter(|import| !import.alias.is_empty())
            .map(|import| Offer::new(import.alias, Kind::Name, at.clone()).detail(import.path));
        let keywords = KEYWORDS.map(|word| Offer::new(word, Kind::Keyword, at.clone()));
        let all = answers
            .chain(parameters)
            .chain(names)
            .chain(own)
            .chain(modules)
            .chain(keywords)
            .chain(functions().iter().map(|word| {
                of_word(word.clone(), Kind::Function, &at)
                    .snippet(format!("{}($0)", word.name), format!("{}(", word.name))
            }));
        let mut offers: Vec<Offer> = Vec::new();
        for offer in all {
            if !offers.iter().any(|known| known.label == offer.label) {
                offers.push(offer);
            }
        }
        offers
    }

    /// The hook that the cursor stands in.
    fn hook(&self) -> Option<Hook> {
        Hook::from_name(self.outline.function_at(self.byte)?.name)
    }

    /// What is typed, with the rest of it behind the cursor.
    fn whole(&self, typed: &Range<usize>, belongs: impl Fn(char) -> bool) -> Range<usize> {
        let after = self.text.get(self.byte..).unwrap_or_default();
        let rest = after.find(|letter| !belongs(letter)).unwrap_or(after.len());
        // A text that is never closed ends here.
        let is_closed = after.get(rest..).is_some_and(|after| after.starts_with('"'));
        let rest = if belongs(' ') && !is_closed { 0 } else { rest };
        typed.start..self.byte + rest
    }
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn of_word(word: Word, kind: Kind, at: &Range<usize>) -> Offer {
    let detail = word.signature.lines().next().unwrap_or_default().to_owned();
    Offer::new(word.name, kind, at.clone())
        .detail(detail)
        .about(word.about)
}

fn own_function(function: &super::outline::Function<'_>, at: &Range<usize>) -> Offer {
    let parameters = function.parameters.join(", ");
    Offer::new(function.name, Kind::Function, at.clone())
        .detail(format!("fn {}({parameters})", function.name))
        .about(function.about.clone())
        .snippet(format!("{}($0)", function.name), format!("{}(", function.name))
}

fn words(words: &[&str], at: &Range<usize>) -> Vec<Offer> {
    words
        .iter()
        .map(|word| Offer::new(*word, Kind::Value, at.clone()))
        .collect()
}

/// What a key of a constructor's map means.
pub(super) fn about_key(key: &str) -> &'static str {
    match key {
        "assurance" => {
            "How sure the authority has to be: `low`, `medium`, `high`. Asking for less changes nothing."
        }
        "drop" => "Fields that this flow does not need; they are not asked for.",
        "expires_in" => "How long the person has to answer: `30s`, `5m`. Asking for longer changes nothing.",
        "ar" => "The Arabic text that the person reads.",
        "en" => "The English text that the person reads.",
        _ => "",
    }
}

const KEYWORDS: [&str; 12] = [
    "return", "if", "else", "let", "for", "while", "switch", "true", "false", "in", "break", "continue",
];

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: &str = "service: a\nchannels: [web, kiosk]\ninputs:\n  licence: { type: string }\n  kind: { type: choice, of: [new, old] }\nfields:\n  civil_no: {}\n  name_ar: {}\nscript: a.rhai\n";

    fn offers(text: &str) -> (Vec<Offer>, String) {
        let byte = text.find('¦').unwrap();
        let text = text.replace('¦', "");
        let sources = Sources::from_texts([
            ("policies/services/a.yaml", SERVICE),
            (
                "scripts/lib/hours.rhai",
                "// Whether it is night.\nfn at_night(now) { now.hour < 6 }",
            ),
            ("scripts/a.rhai", text.as_str()),
        ]);
        (complete(&sources, "scripts/a.rhai", byte), text)
    }

    fn labels(text: &str) -> Vec<String> {
        let (offers, _) = offers(text);
        offers.into_iter().map(|offer| offer.label).collect()
    }

    #[test]
    fn flow_offers_what_the_hook_can_read() {
        let plan = labels("fn plan(flow) { if flow.¦ }");
        assert!(plan.contains(&"inputs".to_owned()) && plan.contains(&"now".to_owned()));
        assert!(!plan.contains(&"person".to_owned()) && !plan.contains(&"outcome".to_owned()));
        assert!(labels("fn approved(flow) { flow.¦ }").contains(&"person".to_owned()));
        assert_eq!(
            labels("fn approved(flow) { flow.person.¦ }"),
            ["civil_no", "name_ar"]
        );
        assert_eq!(labels("fn plan(flow) { flow.inputs.¦"), ["licence", "kind"]);
        assert!(labels("fn plan(flow) { flow.now.¦").contains(&"hour".to_owned()));
    }

    #[test]
    fn constructors_come_with_their_keys_and_values() {
        let code = labels("fn plan(flow) { return ¦ }");
        for wanted in ["tighten", "refuse", "flow", "contains", "if"] {
            assert!(code.contains(&wanted.to_owned()), "{wanted}");
        }
        assert_eq!(
            labels("fn plan(flow) { tighten(#{ ¦ }) }"),
            ["assurance", "drop", "expires_in"]
        );
        assert_eq!(
            labels("fn plan(flow) { tighten(#{ drop: [], a¦ }) }"),
            ["assurance", "expires_in"]
        );
        assert_eq!(
            labels("fn plan(flow) { tighten(#{ assurance: \"¦\" }) }"),
            ["low", "medium", "high"]
        );
        assert_eq!(
            labels("fn plan(flow) { tighten(#{ drop: [\"¦"),
            ["civil_no", "name_ar"]
        );
        assert_eq!(labels("fn plan(flow) { refuse(\"a\", #{ ar: \"نص\", ¦"), ["en"]);
    }

    // The byte is in an Arabic line; what is replaced is the word and nothing of the text around it.
    #[test]
    fn a_word_behind_arabic_is_replaced_exactly() {
        let (offers, text) =
            offers("fn approved(flow) {\n    let نص = \"تجديد\"; if flow.person.na¦me != () {} }");
        let offer = offers.iter().find(|offer| offer.label == "name_ar").unwrap();
        assert_eq!(&text[offer.at.clone()], "name");
    }

    #[test]
    fn comparisons_imports_and_modules_are_completed() {
        assert_eq!(
            labels("fn plan(flow) { if flow.channel == \"¦\" {} }"),
            ["kiosk", "web"]
        );
        assert_eq!(
            labels("fn plan(flow) { if flow.inputs.kind == \"¦"),
            ["new", "old"]
        );
        assert!(labels("fn other(flow) { if flow.outcome == \"¦").contains(&"other.not_enrolled".to_owned()));
        assert_eq!(labels("import \"¦"), ["lib/hours"]);
        let module = offers("import \"lib/hours\" as hours;\nfn plan(flow) { hours::¦ }").0;
        assert_eq!(
            (module[0].label.as_str(), module[0].about.as_str()),
            ("at_night", "Whether it is night.")
        );
    }

    #[test]
    fn hooks_that_are_missing_are_offered() {
        let hooks = labels("fn plan(flow) {}\nfn ¦");
        assert!(hooks.contains(&"approved".to_owned()) && !hooks.contains(&"plan".to_owned()));
        assert_eq!(labels("¦"), ["fn", "import", "const"]);
        assert!(labels("fn plan(flow) { // flow.¦").is_empty());
        assert!(labels("fn plan(flow) { let a = \"some ¦").is_empty());
    }
}
