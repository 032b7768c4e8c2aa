use std::ops::Range;

use super::complete::about_key;
use super::outline::Function;
use super::outline::Outline;
use super::spot::Spot;
use super::spot::chain_before;
use super::spot::spot;
use crate::catalog::Sources;
use crate::lsp::yaml::Declared;
use crate::script::Hook;
use crate::script::Piece;
use crate::script::Word;
use crate::script::constructor_keys;
use crate::script::constructors;
use crate::script::functions;
use crate::script::members;
use crate::script::pieces;
use crate::words::Field;

/// What a byte of a script means, in Markdown, with the bytes that it is about.
pub(in crate::lsp) fn explain(sources: &Sources, file: &str, byte: usize) -> Option<(Range<usize>, String)> {
    let text = sources.text(file)?;
    let word = Named::at(text, byte)?;
    let outline = Outline::of(text);
    let about = about(sources, file, text, &outline, &word)?;
    Some((word.at, about))
}

/// A word with what stands before it.
pub(super) struct Named<'t> {
    pub(super) name: &'t str,
    pub(super) at: Range<usize>,
    /// The names before it, joined by points.
    pub(super) chain: Vec<String>,
    /// The module before it.
    pub(super) alias: Option<&'t str>,
    /// Whether `fn` stands before it.
    pub(super) is_definition: bool,
    /// Whether it is a text in quotes.
    pub(super) is_text: bool,
}

impl<'t> Named<'t> {
    /// The word or text at a byte.
    pub(super) fn at(text: &'t str, byte: usize) -> Option<Self> {
        let all: Vec<Piece<'t>> = pieces(text).filter(|piece| !piece.is_comment()).collect();
        let holds = |piece: &Piece<'_>| {
            piece.start <= byte && byte <= piece.end() && (piece.is_word() || piece.is_text())
        };
        let index = all.iter().position(holds)?;
        let piece = all.get(index)?;
        let before = all.get(..index)?;
        let texts: Vec<&str> = before.iter().rev().take(2).map(|piece| piece.text).collect();
        let chain = match texts.first() {
            Some(&".") => chain_before(before.get(..index - 1)?),
            _ => Vec::new(),
        };
        let alias = match texts.as_slice() {
            [":", ":"] => before.get(index.checked_sub(3)?).map(|piece| piece.text),
            _ => None,
        };
        Some(Self {
            name: piece.text,
            at: piece.start..piece.end(),
            chain,
            alias,
            is_definition: texts.first() == Some(&"fn"),
            is_text: piece.is_text(),
        })
    }
}

fn about(
    sources: &Sources,
    file: &str,
    text: &str,
    outline: &Outline<'_>,
    word: &Named<'_>,
) -> Option<String> {
    if word.is_text {
        return None;
    }
    let chain: Vec<&str> = word.chain.iter().map(String::as_str).collect();
    match chain.as_slice() {
        ["flow", "person"] => return of_field(sources, file, word.name),
        ["flow", "inputs"] => return of_input(sources, file, word.name),
        ["flow"] => return find(&members("flow"), word.name),
        [.., "now"] => return find(&members("flow.now"), word.name),
        [] => {}
        _ => return functions().iter().find(|known| known.name == word.name).map(told),
    }
    if let Some(alias) = word.alias {
        let library = outline.library(alias)?;
        let other = sources.text(&format!("scripts/{library}.rhai"))?;
        let other = Outline::of(other);
        let found = other
            .functions
            .iter()
            .find(|function| function.name == word.name)?;
        return Some(of_function(found, Some(library)));
    }
    if word.is_definition
        && let Some(hook) = Hook::from_name(word.name)
    {
        return Some(of_hook(hook));
    }
    if let Some(Spot::MapKey { function, .. }) = text.get(..word.at.end).and_then(spot)
        && constructor_keys(&function).contains(&word.name)
    {
        return Some(format!("**`{}`** {}", word.name, about_key(word.name)));
    }
    if let Some(found) = outline
        .functions
        .iter()
        .find(|function| function.name == word.name)
    {
        return Some(of_function(found, None));
    }
    if word.name == "flow" {
        let all: Vec<String> = members("flow")
            .iter()
            .map(|member| format!("- `{}` {}", member.name, member.about))
            .collect();
        return Some(format!("**`flow`**, read only\n\n{}", all.join("\n")));
    }
    find(&constructors(), word.name)
        .or_else(|| functions().iter().find(|known| known.name == word.name).map(told))
}

fn find(words: &[Word], name: &str) -> Option<String> {
    words.iter().find(|word| word.name == name).map(told)
}

fn told(word: &Word) -> String {
    format!("```rhai\n{}\n```\n\n{}", word.signature, word.about)
}

fn of_hook(hook: Hook) -> String {
    let when = match hook {
        Hook::Plan => "Called before anything is sent.".to_owned(),
        Hook::Ending(class) => {
            format!("Called after an outcome of the class `{class}`, before the decision is delivered.")
        }
    };
    let person = if hook.has_person() {
        " `flow.person` has the declared fields."
    } else {
        ""
    };
    let constructors = hook.constructors().join("`, `");
    format!(
        "**`fn {}(flow)`** {when}{person}\n\nReturns nothing, or an answer of `{constructors}`.",
        hook.name()
    )
}

fn of_function(function: &Function<'_>, library: Option<&str>) -> String {
    let parameters = function.parameters.join(", ");
    let origin = library.map_or(String::new(), |library| format!("\n\nFrom `{library}`."));
    format!(
        "```rhai\nfn {}({parameters})\n```\n\n{}{origin}",
        function.name, function.about
    )
}

/// A field, with the reason that each service declares for it.
fn of_field(sources: &Sources, file: &str, name: &str) -> Option<String> {
    let label = Field::parse(name).ok()?.label();
    let mut parts = vec![format!("**`flow.person.{name}`** {} · {}", label.en, label.ar)];
    for user in Declared::users_of(sources, file) {
        if user.place(&["fields", name]).is_none() {
            parts.push(format!("{} does not declare it.", user.file));
            continue;
        }
        let reason = |language| {
            user.text(&["fields", name, "reason", language])
                .unwrap_or_default()
        };
        parts.push(format!("{}\n\n{}\n\n{}", user.file, reason("ar"), reason("en")));
    }
    Some(parts.join("\n\n"))
}

fn of_input(sources: &Sources, file: &str, name: &str) -> Option<String> {
    let mut parts = vec![format!("**`flow.inputs.{name}`** is what the e-service passes.")];
    for user in Declared::users_of(sources, file) {
        match user.written(&["inputs", name]) {
            Some(written) => parts.push(format!("{}\n\n```yaml\n{written}\n```", user.file)),
            None => parts.push(format!("{} does not declare it.", user.file)),
        }
    }
    Some(parts.join("\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hover(text: &str) -> Option<(String, String)> {
        let byte = text.find('¦').unwrap();
        let text = text.replace('¦', "");
        let service = "service: a\ninputs:\n  licence: { type: string }\nfields:\n  name_ar:\n    reason:\n      ar: لطباعة الاسم\n      en: To print the name\nscript: a.rhai\n";
        let sources = Sources::from_texts([
            ("policies/services/a.yaml", service),
            (
                "scripts/lib/hours.rhai",
                "// Whether it is night.\nfn at_night(now) { now.hour < 6 }",
            ),
            ("scripts/a.rhai", text.as_str()),
        ]);
        let (at, about) = explain(&sources, "scripts/a.rhai", byte)?;
        Some((text[at].to_owned(), about))
    }

    #[test]
    fn names_of_a_script_are_explained() {
        for (text, at, wanted) in [
            (
                "fn approved(flow) { flow.person.name¦_ar }",
                "name_ar",
                "To print the name",
            ),
            (
                "fn approved(flow) { flow.person.name¦_ar }",
                "name_ar",
                "لطباعة الاسم",
            ),
            (
                "fn approved(flow) { flow.person.gend¦er }",
                "gender",
                "does not declare it",
            ),
            (
                "fn plan(flow) { flow.inputs.lic¦ence }",
                "licence",
                "{ type: string }",
            ),
            ("fn plan(flow) { flow.now.ho¦ur }", "hour", "0 to 23"),
            ("fn plan(flow) { flow.chan¦nel }", "channel", "`kiosk`"),
            ("fn plan(flow) { fl¦ow }", "flow", "read only"),
            ("fn pl¦an(flow) {}", "plan", "before anything is sent"),
            ("fn plan(flow) { ti¦ghten(#{}) }", "tighten", "More certainty"),
            (
                "fn plan(flow) { tighten(#{ dr¦op: [] }) }",
                "drop",
                "not asked for",
            ),
            (
                "import \"lib/hours\" as hours; fn plan(flow) { hours::at_n¦ight(1) }",
                "at_night",
                "Whether it is night.",
            ),
            (
                "// Doubles.\nfn twice(x) { x }\nfn plan(flow) { twi¦ce(1) }",
                "twice",
                "Doubles.",
            ),
            (
                "fn plan(flow) { \"a\".cont¦ains(\"b\") }",
                "contains",
                "contains(",
            ),
        ] {
            let (marked, about) = hover(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(marked, at, "{text}");
            assert!(about.contains(wanted), "{text}\n{about}");
        }
    }

    #[test]
    fn what_means_nothing_is_not_explained() {
        for text in [
            "¦",
            "// fl¦ow",
            "let a = \"fl¦ow\";",
            "fn plan(flow) { unkn¦own }",
        ] {
            assert_eq!(hover(text), None, "{text}");
        }
    }
}
