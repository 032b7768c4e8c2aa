use super::declared::Declared;
use super::declared::is_service;
use super::explain::placeholder_at;
use super::shape::document_of;
use super::sketch::Sketch;
use crate::catalog::Sources;
use crate::lsp::rhai;
use crate::lsp::target::Target;
use crate::policy::Document;
use crate::words::Outcome;
use crate::words::OutcomeClass;

/// Where a byte of a policy file leads to: a script and its hooks, the declaration of an input, a service.
pub(in crate::lsp) fn define(sources: &Sources, file: &str, byte: usize) -> Vec<Target> {
    leads_to(sources, file, byte).unwrap_or_default()
}

fn leads_to(sources: &Sources, file: &str, byte: usize) -> Option<Vec<Target>> {
    let document = document_of(file)?;
    let text = sources.text(file)?;
    let sketch = Sketch::of(text);
    let index = sketch.at(byte)?;
    let node = sketch.node(index)?;
    let service = Declared::beside(sources, file).filter(|service| is_service(service.file));
    if let Some(value) = node.value.clone()
        && let Some(name) = placeholder_at(text, value, byte)
    {
        return input(service.as_ref()?, text.get(name)?);
    }
    let path = sketch.path(index);
    let parts: Vec<&str> = path.split('.').collect();
    let value = node.scalar(text);
    match (document, parts.as_slice()) {
        (Document::Service, ["script"]) => {
            Target::file(sources, &format!("scripts/{}", value?)).map(|target| vec![target])
        }
        (Document::Service, ["capabilities", ..]) => hook(sources, service.as_ref()?, "plan"),
        (Document::Service, ["outcomes", class, ..]) => hook(
            sources,
            service.as_ref()?,
            OutcomeClass::from_name(class)?.as_str(),
        ),
        (Document::Test, ["tests"]) => Some(vec![Target::file(sources, service?.file)?]),
        (Document::Test, [.., "inputs", name]) => input(service.as_ref()?, name),
        (Document::Test, [.., "why"]) => rule(sources, service.as_ref()?, value?),
        (Document::Test, [.., "outcome"]) => {
            let service = service.as_ref()?;
            let class = Outcome::from_code(value?).map(|leaf| leaf.class().as_str());
            place(service, &["outcomes", value?]).or_else(|| place(service, &["outcomes", class?]))
        }
        (Document::Test, [.., last]) if last.starts_with("fields") || last.starts_with("person") => {
            place(service.as_ref()?, &["fields", value?])
        }
        _ => None,
    }
}

fn input(service: &Declared<'_>, name: &str) -> Option<Vec<Target>> {
    place(service, &["inputs", name])
}

fn place(service: &Declared<'_>, keys: &[&str]) -> Option<Vec<Target>> {
    Some(vec![Target::new(service.file, service.place(keys)?)])
}

/// A hook of the script of a service.
fn hook(sources: &Sources, service: &Declared<'_>, name: &str) -> Option<Vec<Target>> {
    let script = format!("scripts/{}", service.script()?.name);
    let text = sources.text(&script)?;
    let at = rhai::function_in(text, name)?;
    Some(vec![Target::new(script, at)])
}

/// The rule that a test expects to decide: a key, `fn plan`, a file, or `file:line`.
fn rule(sources: &Sources, service: &Declared<'_>, rule: &str) -> Option<Vec<Target>> {
    if let Some(name) = rule.strip_prefix("fn ") {
        return hook(sources, service, name);
    }
    if let Some((part @ ("outcomes" | "capabilities"), name)) = rule.split_once('.') {
        return place(service, &[part, name]);
    }
    let (name, line) = match rule.rsplit_once(':') {
        Some((name, line)) => (name, line.parse().ok()?),
        None => (rule, 1),
    };
    let known = sources
        .iter()
        .map(|(file, _)| file)
        .find(|file| *file == name || file.rsplit('/').next() == Some(name))?;
    Some(vec![Target::line(sources, known, line)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: &str = "service: a\ncapabilities:\n  auth_push:\n    reason: { ar: \"رقم {licence}\" }\ninputs:\n  licence: { type: string }\nfields:\n  name_ar: {}\noutcomes:\n  approved: {}\n  other: {}\nscript: a.rhai\n";
    const SCRIPT: &str = "// fn approved\nfn plan(flow) {}\nfn approved(flow) {\n}\n";

    /// What the marked text of what the first `needle` leads to.
    fn goto(file: &str, text: &str, needle: &str) -> Option<(String, String)> {
        let sources = Sources::from_texts([
            ("policies/services/a.yaml", SERVICE),
            ("scripts/a.rhai", SCRIPT),
            (file, text),
        ]);
        let byte = text.find(needle).unwrap() + 1;
        let target = define(&sources, file, byte).into_iter().next()?;
        let marked = sources.text(&target.file)?.get(target.bytes)?.to_owned();
        Some((target.file, marked))
    }

    #[test]
    fn a_service_leads_to_its_script_and_hooks() {
        let service = |needle| goto("policies/services/a.yaml", SERVICE, needle);
        let in_script = |marked: &str| Some(("scripts/a.rhai".to_owned(), marked.to_owned()));
        assert_eq!(service("a.rhai"), in_script(""));
        assert_eq!(service("auth_push"), in_script("plan"));
        assert_eq!(service("approved"), in_script("approved"));
        assert_eq!(service("other"), None, "the script has no such hook");
        let here = Some(("policies/services/a.yaml".to_owned(), "licence".to_owned()));
        assert_eq!(service("licence}"), here);
    }

    #[test]
    fn a_test_leads_to_what_it_speaks_of() {
        let text = "tests: a\ngiven:\n  inputs: { licence: 1 }\ncases:\n  one:\n    expect:\n      outcome: other.not_enrolled\n      why: fn approved\n      plan: { fields: [name_ar], why: outcomes.other }\n  two:\n    expect: { why: a.rhai:2 }\n";
        let test = |needle| goto("policies/services/a.test.yaml", text, needle);
        let service = |marked: &str| Some(("policies/services/a.yaml".to_owned(), marked.to_owned()));
        assert_eq!(test("tests"), service(""));
        assert_eq!(test("licence"), service("licence"));
        assert_eq!(test("other.not_enrolled"), service("other"));
        assert_eq!(
            test("fn approved"),
            Some(("scripts/a.rhai".to_owned(), "approved".to_owned()))
        );
        assert_eq!(test("name_ar"), service("name_ar"));
        assert_eq!(test("outcomes.other"), service("other"));
        assert_eq!(
            test("a.rhai:2"),
            Some(("scripts/a.rhai".to_owned(), "fn plan(flow) {}".to_owned()))
        );
    }
}
