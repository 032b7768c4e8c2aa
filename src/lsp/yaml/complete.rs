use std::ops::Range;

use super::declared::Declared;
use super::shape::Takes;
use super::shape::document_of;
use super::shape::takes;
use super::sketch::Sketch;
use super::sketch::Spot;
use super::sketch::Step;
use crate::catalog::Sources;
use crate::lsp::offer::Kind;
use crate::lsp::offer::Offer;
use crate::policy::AnswerName;
use crate::policy::Document;
use crate::policy::Key;
use crate::policy::Names;
use crate::policy::Need;
use crate::policy::Shape;
use crate::policy::describe;
use crate::policy::need;
use crate::policy::shipped;
use crate::script::Hook;
use crate::script::Library;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::FieldSource;
use crate::words::Outcome;
use crate::words::OutcomeClass;

/// What can be written at a byte of a policy file.
pub(in crate::lsp) fn complete(sources: &Sources, file: &str, byte: usize) -> Vec<Offer> {
    let (Some(document), Some(text)) = (document_of(file), sources.text(file)) else {
        return Vec::new();
    };
    let (sketch, Some(spot)) = Sketch::before(text, byte) else {
        return Vec::new();
    };
    let place = Place {
        sources,
        file,
        text,
        document,
        sketch,
        byte,
    };
    match spot {
        Spot::Key {
            parent,
            typed,
            in_flow,
        } => place.keys(parent, &typed, in_flow),
        Spot::Value { node, typed, in_text } => place.values(node, typed, in_text),
        Spot::Entry { parent, typed } => place.entries(parent, typed),
    }
}

struct Place<'a> {
    sources: &'a Sources,
    file: &'a str,
    text: &'a str,
    document: Document,
    /// Of all that is before the cursor.
    sketch: Sketch,
    byte: usize,
}

impl Place<'_> {
    fn keys(&self, parent: Option<usize>, typed: &Range<usize>, in_flow: bool) -> Vec<Offer> {
        let steps = parent.map(|parent| self.sketch.steps(parent)).unwrap_or_default();
        let Some(found) = takes(self.document, &steps) else {
            return Vec::new();
        };
        let at = self.whole_word(typed);
        let path = parent.map(|parent| self.sketch.path(parent)).unwrap_or_default();
        let taken = self.keys_around(parent, &at);
        let mut offers: Vec<Offer> = match found {
            Takes::Keys(keys) => keys
                .iter()
                .map(|key| self.key(key, &path, &at, in_flow))
                .collect(),
            Takes::Names(names, shape) => self.names(names, shape, &path, &at, in_flow),
            Takes::Languages(_) => [("ar", "The Arabic text."), ("en", "The English text.")]
                .into_iter()
                .map(|(name, about)| {
                    let offer = Offer::new(name, Kind::Key, at.clone()).about(about).needed(true);
                    self.with_colon(offer, &Shape::Line { max: 0 }, in_flow)
                })
                .collect(),
            Takes::List(shape) if !in_flow => {
                let dashed = |mut offer: Offer| {
                    offer.insert = format!("- {}", offer.insert);
                    offer
                };
                let words = self.words(&keys_of(&steps), shape, at);
                return words.into_iter().map(dashed).collect();
            }
            Takes::Value(shape) => return self.words(&keys_of(&steps), shape, at),
            Takes::List(_) | Takes::Language(_) => Vec::new(),
        };
        offers.retain(|offer| !taken.contains(&offer.label));
        offers
    }

    /// The keys that are there beside the one that is being typed, before and behind it.
    fn keys_around(&self, parent: Option<usize>, typed: &Range<usize>) -> Vec<String> {
        let whole = Sketch::of(self.text);
        let around = match parent {
            None => None,
            Some(parent) => {
                let at = self.sketch.node(parent).map(|node| node.at.clone());
                let same = (0..).map_while(|index| Some((index, whole.node(index)?)));
                match same.into_iter().find(|(_, node)| Some(&node.at) == at.as_ref()) {
                    Some((index, _)) => Some(index),
                    None => return Vec::new(),
                }
            }
        };
        whole
            .below(around)
            .filter(|(_, node)| node.at.start != typed.start)
            .filter_map(|(_, node)| node.key().map(str::to_owned))
            .collect()
    }

    fn key(&self, key: &'static Key, path: &str, at: &Range<usize>, in_flow: bool) -> Offer {
        let path = match path {
            "" => key.name.to_owned(),
            path => format!("{path}.{}", key.name),
        };
        let needed = key.need == Need::Required;
        let detail = need(self.document, &path).unwrap_or_default();
        let about = describe(self.document, &path).unwrap_or_else(|| key.about.to_owned());
        let offer = Offer::new(key.name, Kind::Key, at.clone())
            .detail(detail)
            .about(about)
            .needed(needed);
        self.with_colon(offer, &key.shape, in_flow)
    }

    /// A key with its colon and the beginning of its value, unless it has one.
    fn with_colon(&self, offer: Offer, shape: &Shape, in_flow: bool) -> Offer {
        let after = self.text.get(offer.at.end..).unwrap_or_default();
        let line = after.lines().next().unwrap_or_default();
        if line.trim_start().starts_with(':') {
            return offer;
        }
        let name = offer.label.clone();
        match shape {
            Shape::Text { .. } if in_flow => offer.snippet(
                format!("{name}: {{ ar: \"$1\", en: \"$2\" }}"),
                format!("{name}: "),
            ),
            Shape::Text { .. } => offer.snippet(format!("{name}:\n  ar: $1\n  en: $2"), format!("{name}:")),
            Shape::Map(_) | Shape::Named(..) if in_flow => {
                offer.snippet(format!("{name}: {{ $0 }}"), format!("{name}: "))
            }
            Shape::Map(_) | Shape::Named(..) => offer.snippet(format!("{name}:\n  $0"), format!("{name}:")),
            Shape::List(_) => offer.snippet(format!("{name}: [$0]"), format!("{name}: ")),
            _ => offer.insert(format!("{name}: ")),
        }
    }

    fn names(
        &self,
        names: Names,
        shape: &'static Shape,
        path: &str,
        at: &Range<usize>,
        in_flow: bool,
    ) -> Vec<Offer> {
        let offer = |name: &str, detail: String, needed: bool| {
            let offer = Offer::new(name, Kind::Name, at.clone())
                .detail(detail)
                .needed(needed);
            self.with_colon(offer, shape, in_flow)
        };
        match names {
            Names::Fields => {
                let sources = FieldSource::ALL.iter().map(|source| {
                    let (ar, en) = source.label();
                    offer(
                        source.as_str(),
                        format!("{en} · {ar}"),
                        *source == FieldSource::CivilNo,
                    )
                });
                let claims = CLAIMS
                    .iter()
                    .map(|(name, about)| offer(name, (*about).to_owned(), false));
                sources.chain(claims).collect()
            }
            Names::Outcomes => {
                let classes = OutcomeClass::ALL
                    .iter()
                    .map(|class| offer(class.as_str(), "every ending of this class".to_owned(), true));
                let leaves = Outcome::ALL
                    .iter()
                    .filter(|leaf| leaf.code().contains('.'))
                    .map(|leaf| offer(leaf.code(), leaf.text().en, false));
                classes.chain(leaves).collect()
            }
            Names::Inputs if path.ends_with("inputs") && self.document == Document::Test => self
                .declared("inputs")
                .into_iter()
                .map(|name| offer(&name, "declared input".to_owned(), false))
                .collect(),
            Names::Inputs if path.ends_with("person") => {
                let sources = FieldSource::ALL.iter().map(|source| {
                    let (ar, en) = source.label();
                    offer(source.as_str(), format!("{en} · {ar}"), false)
                });
                let others = [
                    ("age", "how old the person is"),
                    ("assurance", "the level of their Mobile ID"),
                ];
                let others = others
                    .into_iter()
                    .map(|(name, about)| offer(name, about.to_owned(), false));
                sources.chain(others).collect()
            }
            Names::Inputs | Names::Slugs | Names::Any => Vec::new(),
        }
    }

    fn values(&self, node: usize, typed: Range<usize>, in_text: bool) -> Vec<Offer> {
        let steps = self.sketch.steps(node);
        match takes(self.document, &steps) {
            Some(Takes::Language(true)) => self.placeholders(typed),
            Some(Takes::Language(false) | Takes::Languages(_)) | None => Vec::new(),
            Some(Takes::Value(shape)) => {
                let at = if in_text { typed } else { self.whole_word(&typed) };
                self.spaced(self.words(&keys_of(&steps), shape, at))
            }
            Some(Takes::List(shape)) => {
                let bracketed = |mut offer: Offer| {
                    offer.insert = format!("[{}]", offer.insert);
                    offer
                };
                let words = self.words(&keys_of(&steps), shape, typed);
                self.spaced(words.into_iter().map(bracketed).collect())
            }
            Some(Takes::Keys(_)) if keys_of(&steps).ends_with(".plan") => {
                vec![Offer::new("none", Kind::Value, typed).detail("nothing is sent")]
            }
            Some(Takes::Keys(_) | Takes::Names(..)) => Vec::new(),
        }
    }

    fn entries(&self, parent: usize, typed: Range<usize>) -> Vec<Offer> {
        let steps = self.sketch.steps(parent);
        let Some(Takes::List(shape) | Takes::Value(shape)) = takes(self.document, &steps) else {
            return Vec::new();
        };
        let at = self.whole_word(&typed);
        let mut offers = self.words(&keys_of(&steps), shape, at);
        let there: Vec<&str> = self
            .sketch
            .below(Some(parent))
            .filter(|(_, node)| node.value.as_ref() != Some(&typed))
            .filter_map(|(_, node)| node.scalar(self.text))
            .collect();
        offers.retain(|offer| !there.contains(&offer.label.as_str()));
        offers
    }

    /// YAML wants a blank between a colon and its value.
    fn spaced(&self, mut offers: Vec<Offer>) -> Vec<Offer> {
        for offer in &mut offers {
            let before = self.text.get(..offer.at.start).unwrap_or_default();
            if before.ends_with(':') {
                offer.insert.insert(0, ' ');
            }
        }
        offers
    }

    /// The declared inputs, where a brace is open in a text.
    fn placeholders(&self, typed: Range<usize>) -> Vec<Offer> {
        let written = self.text.get(typed.clone()).unwrap_or_default();
        let Some(brace) = written.rfind('{').filter(|at| {
            let after = written.get(at + 1..).unwrap_or_default();
            after
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        }) else {
            return Vec::new();
        };
        let at = self.whole_word(&(typed.start + brace + 1..typed.end));
        let is_closed = self
            .text
            .get(at.end..)
            .is_some_and(|after| after.trim_start_matches(' ').starts_with('}'));
        let Some(service) = Declared::beside(self.sources, self.file) else {
            return Vec::new();
        };
        service
            .names("inputs")
            .into_iter()
            .map(|input| {
                let written = service.written(&["inputs", input.name]).unwrap_or_default();
                let closing = if is_closed { "" } else { "}" };
                Offer::new(input.name, Kind::Name, at.clone())
                    .detail("declared input")
                    .about(format!("```yaml\n{written}\n```"))
                    .insert(format!("{}{closing}", input.name))
            })
            .collect()
    }

    /// The words that a place takes.
    fn words(&self, path: &str, shape: &Shape, at: Range<usize>) -> Vec<Offer> {
        let offer =
            |word: &str, detail: String, kind: Kind| Offer::new(word, kind, at.clone()).detail(detail);
        let plain = |words: &[&str]| -> Vec<Offer> {
            words
                .iter()
                .map(|word| offer(word, String::new(), Kind::Value))
                .collect()
        };
        let own = |part: &str, also: &[&str]| -> Vec<Offer> {
            let declared = self.declared(part);
            let also = also.iter().map(|word| (*word).to_owned());
            declared
                .into_iter()
                .chain(also)
                .map(|word| offer(&word, String::new(), Kind::Name))
                .collect()
        };
        let last = path.rsplit('.').next().unwrap_or_default();
        match (self.document, last) {
            (Document::Service, "script") => self
                .sources
                .iter()
                .filter(|(file, _)| Library::name_of(file).is_none())
                .filter_map(|(file, _)| file.strip_prefix("scripts/"))
                .map(|name| offer(name, "script".to_owned(), Kind::File))
                .collect(),
            (Document::Service, "service") | (Document::Test, "tests") => {
                let name = self.file.rsplit('/').next().unwrap_or_default();
                let name = name.strip_suffix(".yaml").unwrap_or(name);
                let name = name.strip_suffix(".test").unwrap_or(name);
                vec![offer(name, "the name of the file".to_owned(), Kind::File)]
            }
            (Document::Service, "of") if path == "waivers.of" => {
                let rules = shipped().rules.iter().filter(|rule| rule.can_be_waived());
                rules
                    .flat_map(|rule| {
                        let about = rule.message.en.clone();
                        rule.ids().into_iter().map(move |id| (id, about.clone()))
                    })
                    .map(|(id, about)| offer(&id, about, Kind::Value))
                    .collect()
            }
            (Document::Test, "channel") => own("channels", &["all"]),
            (Document::Test, "capability") => own("capabilities", &["all"]),
            (Document::Test, "locale") => plain(&["ar", "en", "all"]),
            (Document::Test, "answers") => AnswerName::ALL
                .iter()
                .map(|answer| offer(answer.as_str(), "answer".to_owned(), Kind::Value))
                .collect(),
            (Document::Test, "outcome") => {
                let classes = OutcomeClass::ALL.iter().map(|class| class.as_str());
                let leaves = Outcome::ALL.iter().map(|leaf| leaf.code());
                let mut words: Vec<&str> = classes.chain(leaves).collect();
                words.dedup();
                words.sort_unstable();
                words.dedup();
                plain(&words)
            }
            (Document::Test, "then") => plain(&["continue", "retry", "step_up", "stop"]),
            (Document::Test, "assurance") => plain(&Assurance::ALL.map(Assurance::as_str)),
            (Document::Test, "fields") => own("fields", &[]),
            (Document::Test, "person") => own("fields", &["none"]),
            (Document::Test, "why") => {
                let rules = ["capabilities", "outcomes"].into_iter().flat_map(|part| {
                    self.declared(part)
                        .into_iter()
                        .map(move |name| format!("{part}.{name}"))
                });
                let hooks = Hook::ALL.iter().map(|hook| format!("fn {}", hook.name()));
                rules
                    .chain(hooks)
                    .map(|rule| offer(&rule, "rule".to_owned(), Kind::Value))
                    .collect()
            }
            _ => match shape {
                Shape::Word(words) => plain(words),
                Shape::Boolean => plain(&["true", "false"]),
                Shape::Duration => plain(&["30s", "5m", "2h", "90d", "10y"]),
                Shape::Limit => plain(&["3/10m", "200/s"]),
                Shape::Form(_, example) => {
                    vec![offer(
                        example.trim_matches('"'),
                        "an example".to_owned(),
                        Kind::Value,
                    )]
                }
                _ => Vec::new(),
            },
        }
    }

    /// The names that the service of this file declares; where it declares no channels, what the language has.
    fn declared(&self, part: &str) -> Vec<String> {
        let service = Declared::beside(self.sources, self.file);
        let names: Vec<String> = service
            .iter()
            .flat_map(|service| service.names(part))
            .map(|name| name.name.to_owned())
            .collect();
        match part {
            "channels" if names.is_empty() => Channel::ALL.map(|channel| channel.as_str().to_owned()).into(),
            "capabilities" if names.is_empty() => Capability::ALL
                .map(|capability| capability.as_str().to_owned())
                .into(),
            _ => names,
        }
    }

    /// What is typed with the rest of its word behind the cursor.
    fn whole_word(&self, typed: &Range<usize>) -> Range<usize> {
        let after = self.text.get(self.byte..).unwrap_or_default();
        let rest = after
            .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '-')
            .unwrap_or(after.len());
        typed.start..self.byte + rest
    }
}

/// The keys of a path, without the numbers of entries.
fn keys_of(steps: &[&Step]) -> String {
    let keys: Vec<&str> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Entry(_) => None,
        })
        .collect();
    keys.join(".")
}

/// Claims that are derived from a field, as examples where they hold a number.
const CLAIMS: [(&str, &str); 6] = [
    ("age_over_18", "from: birth_date"),
    ("age_over_21", "from: birth_date"),
    ("card_valid", "from: card_expiry"),
    ("valid_for_90d", "from: card_expiry"),
    ("is_kuwaiti", "from: nationality_en"),
    ("resident", "from: nationality_en"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: &str = "policies/services/a.yaml";

    /// What is offered at the `¦` of a file, and what becomes of the text with the first offer of a label.
    fn offers(file: &str, text: &str) -> (Vec<Offer>, String) {
        let byte = text.find('¦').unwrap();
        let text = text.replace('¦', "");
        let service = "service: a\nchannels: [web, kiosk]\ncapabilities: { auth_push: {} }\ninputs:\n  licence: { type: string }\nfields: { civil_no: {}, name_ar: {} }\noutcomes: { approved: {} }\n";
        let sources = Sources::from_texts([
            (SERVICE, service),
            ("scripts/a.rhai", ""),
            ("scripts/lib/h.rhai", ""),
        ])
        .with_texts([(file, text.clone())]);
        (complete(&sources, file, byte), text)
    }

    fn labels(file: &str, text: &str) -> Vec<String> {
        let (offers, _) = offers(file, text);
        offers.into_iter().map(|offer| offer.label).collect()
    }

    fn written(file: &str, text: &str, label: &str) -> String {
        let (offers, text) = offers(file, text);
        let offer = offers.iter().find(|offer| offer.label == label).unwrap();
        format!(
            "{}{}{}",
            &text[..offer.at.start],
            offer.insert,
            &text[offer.at.end..]
        )
    }

    #[test]
    fn keys_are_offered_by_place_and_once() {
        let top = labels(SERVICE, "midflow: 1\nser¦\nname:\n  ar: x\n");
        assert!(top.contains(&"service".to_owned()) && top.contains(&"purpose".to_owned()));
        assert!(!top.contains(&"midflow".to_owned()) && !top.contains(&"name".to_owned()));
        assert_eq!(labels(SERVICE, "name:\n  ar: x\n  ¦"), ["en"]);
        assert_eq!(labels(SERVICE, "limits: { per_person: 1/s, ¦ }"), ["per_service"]);
        assert_eq!(
            labels(SERVICE, "capabilities:\n  auth_push:\n    assurance: high\n    ¦"),
            ["reason", "expires_in", "first_contact"]
        );
        assert!(labels(SERVICE, "unknown:\n  ¦").is_empty());
    }

    #[test]
    fn keys_come_with_their_colon_unless_they_have_one() {
        assert_eq!(written(SERVICE, "sens¦", "sensitivity"), "sensitivity: ");
        assert_eq!(
            written(SERVICE, "sens¦: normal", "sensitivity"),
            "sensitivity: normal"
        );
        assert_eq!(written(SERVICE, "na¦", "name"), "name:\n  ar: $1\n  en: $2");
        assert_eq!(written(SERVICE, "chan¦", "channels"), "channels: [$0]");
    }

    #[test]
    fn values_are_those_of_the_language() {
        assert_eq!(
            labels(SERVICE, "sensitivity: ¦"),
            ["normal", "sensitive", "critical"]
        );
        assert_eq!(
            written(SERVICE, "sensitivity:¦", "critical"),
            "sensitivity: critical"
        );
        assert_eq!(
            written(SERVICE, "sensitivity: no¦rm", "normal"),
            "sensitivity: normal"
        );
        let channels = labels(SERVICE, "channels: [web, ¦]");
        assert!(!channels.contains(&"web".to_owned()) && channels.contains(&"kiosk".to_owned()));
        assert_eq!(labels(SERVICE, "channels:\n  - ki¦").len(), 6);
        assert_eq!(written(SERVICE, "channels:\n  ¦", "web"), "channels:\n  - web");
        assert_eq!(labels(SERVICE, "script: ¦"), ["a.rhai"]);
        assert_eq!(labels(SERVICE, "service: ¦"), ["a"]);
        assert!(
            labels(SERVICE, "waivers:\n  - of: ¦")
                .iter()
                .any(|id| id.starts_with("R000-"))
        );
    }

    #[test]
    fn fields_and_outcomes_are_offered_by_name() {
        let fields = labels(SERVICE, "fields:\n  civil_no: {}\n  na¦");
        assert!(fields.contains(&"name_ar".to_owned()) && fields.contains(&"age_over_18".to_owned()));
        assert!(!fields.contains(&"civil_no".to_owned()));
        let outcomes = labels(SERVICE, "outcomes:\n  ¦");
        assert!(
            outcomes.contains(&"timeout".to_owned()) && outcomes.contains(&"other.not_enrolled".to_owned())
        );
    }

    // An Arabic line: the bytes are those of the text, whatever the editor counts in.
    #[test]
    fn inputs_are_offered_inside_of_arabic_texts() {
        let text = "inputs: { licence: { type: string }, amount: { type: decimal } }\ncapabilities:\n  auth_push:\n    reason:\n      ar: \"الدخول لتجديد رخصة القيادة رقم {li¦\"\n";
        assert_eq!(labels(SERVICE, text), ["licence", "amount"]);
        assert!(written(SERVICE, text, "licence").contains("رقم {licence}\"\n"));
        let closed = text.replace("{li¦", "{¦}");
        assert!(written(SERVICE, &closed, "licence").contains("رقم {licence}\"\n"));
        assert!(
            labels(SERVICE, "name:\n  ar: \"نص {¦").is_empty(),
            "the name takes no inputs"
        );
    }

    #[test]
    fn tests_are_completed_from_the_service_beside_them() {
        let test = "policies/services/a.test.yaml";
        assert_eq!(labels(test, "tests: ¦"), ["a"]);
        assert_eq!(labels(test, "given:\n  channel: ¦"), ["web", "kiosk", "all"]);
        assert_eq!(labels(test, "given:\n  inputs:\n    ¦"), ["licence"]);
        assert!(labels(test, "cases:\n  x:\n    answers: [late, ¦]").contains(&"forged".to_owned()));
        assert_eq!(
            labels(test, "cases:\n  x:\n    expect: { plan: { fields: [¦ } }"),
            ["civil_no", "name_ar"]
        );
        let why = labels(test, "cases:\n  x:\n    expect:\n      why: ¦");
        assert!(why.contains(&"outcomes.approved".to_owned()) && why.contains(&"fn plan".to_owned()));
    }

    #[test]
    fn nothing_is_offered_where_nothing_fits() {
        for text in [
            "# ¦",
            "name:\n  ar: نص¦",
            "purpose: { ar: \"x¦\" }",
            "midflow: 1 # ¦",
        ] {
            assert!(labels(SERVICE, text).is_empty(), "{text}");
        }
        let sources = Sources::from_texts([("policies/other.yaml", "a")]);
        assert!(complete(&sources, "policies/other.yaml", 1).is_empty());
        assert!(complete(&sources, "policies/gone.yaml", 0).is_empty());
        assert!(complete(&sources, "policies/other.yaml", 99).is_empty());
    }
}
