use super::explain::Named;
use super::outline::Outline;
use super::outline::function_in;
use crate::catalog::Sources;
use crate::lsp::target::Target;
use crate::lsp::yaml::Declared;
use crate::script::Hook;

/// Where a byte of a script leads to: a function, a library, a declaration, and from a hook to the services.
pub(in crate::lsp) fn define(sources: &Sources, file: &str, byte: usize) -> Vec<Target> {
    leads_to(sources, file, byte).unwrap_or_default()
}

fn leads_to(sources: &Sources, file: &str, byte: usize) -> Option<Vec<Target>> {
    let text = sources.text(file)?;
    let word = Named::at(text, byte)?;
    let outline = Outline::of(text);
    if let Some(import) = outline
        .imports
        .iter()
        .find(|import| import.path_at == word.at || (import.alias == word.name && word.chain.is_empty()))
    {
        return Some(vec![Target::file(
            sources,
            &format!("scripts/{}.rhai", import.path),
        )?]);
    }
    if word.is_text {
        return None;
    }
    if let Some(alias) = word.alias {
        let library = format!("scripts/{}.rhai", outline.library(alias)?);
        let at = function_in(sources.text(&library)?, word.name)?;
        return Some(vec![Target::new(library, at)]);
    }
    let chain: Vec<&str> = word.chain.iter().map(String::as_str).collect();
    match chain.as_slice() {
        ["flow", "person"] => return Some(declared(sources, file, &["fields", word.name])),
        ["flow", "inputs"] => return Some(declared(sources, file, &["inputs", word.name])),
        [] => {}
        _ => return None,
    }
    if word.is_definition
        && let Some(hook) = Hook::from_name(word.name)
    {
        return Some(match hook {
            Hook::Plan => declared(sources, file, &["capabilities"]),
            Hook::Ending(class) => declared(sources, file, &["outcomes", class.as_str()]),
        });
    }
    let own = outline
        .functions
        .iter()
        .find(|function| function.name == word.name)?;
    Some(vec![Target::new(file, own.at.clone())])
}

/// Where the services of a script declare something.
fn declared(sources: &Sources, file: &str, keys: &[&str]) -> Vec<Target> {
    Declared::users_of(sources, file)
        .iter()
        .filter_map(|user| Some(Target::new(user.file, user.place(keys)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "import \"lib/hours\" as hours;\nfn plan(flow) {\n    helper(flow.inputs.licence);\n    hours::at_night(flow.now)\n}\nfn approved(flow) { flow.person.name_ar }\nfn helper(x) { x }\n";

    /// The files and marked texts of what a `needle` leads to.
    fn goto(needle: &str) -> Vec<(String, String)> {
        let service = |name: &str| {
            format!(
                "service: {name}\ncapabilities: {{ auth_push: {{}} }}\ninputs:\n  licence: {{}}\nfields:\n  name_ar: {{}}\noutcomes:\n  approved: {{}}\nscript: a.rhai\n"
            )
        };
        let sources = Sources::from_texts([
            ("policies/services/a.yaml", service("a")),
            ("policies/services/b.yaml", service("b")),
            ("scripts/lib/hours.rhai", "fn at_night(now) {}".to_owned()),
            ("scripts/a.rhai", SCRIPT.to_owned()),
        ]);
        let byte = SCRIPT.find(needle).unwrap() + 1;
        define(&sources, "scripts/a.rhai", byte)
            .into_iter()
            .map(|target| {
                let marked = sources.text(&target.file).unwrap()[target.bytes].to_owned();
                (target.file, marked)
            })
            .collect()
    }

    #[test]
    fn a_script_leads_to_declarations_libraries_and_services() {
        let both = |marked: &str| {
            ["a", "b"].map(|name| (format!("policies/services/{name}.yaml"), marked.to_owned()))
        };
        assert_eq!(goto("licence"), both("licence"));
        assert_eq!(goto("name_ar"), both("name_ar"));
        assert_eq!(goto("plan"), both("capabilities"));
        assert_eq!(goto("approved"), both("approved"));
        let library = |marked: &str| [("scripts/lib/hours.rhai".to_owned(), marked.to_owned())];
        assert_eq!(goto("\"lib/hours\""), library(""));
        assert_eq!(goto("hours::"), library(""));
        assert_eq!(goto("at_night"), library("at_night"));
        assert_eq!(
            goto("helper(flow"),
            [("scripts/a.rhai".to_owned(), "helper".to_owned())]
        );
        assert!(goto("import").is_empty());
        assert!(goto("now)").is_empty());
    }
}
