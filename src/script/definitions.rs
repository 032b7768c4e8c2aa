use super::constructors::CONSTRUCTORS;
use super::constructors::TIGHTEN_KEYS;
use super::hook::Hook;
use super::view::FLOW;
use super::view::NOW;
use crate::words::OutcomeClass;

/// What scripts can call and read, as a Rhai definition file for editors. Ends with a line break.
pub fn definitions() -> String {
    let mut out = String::from(HEAD);
    out.push_str("\n// The hooks that a script may define; each takes the read-only `flow`.\n//\n");
    for hook in Hook::ALL {
        out.push_str(&format!("//   fn {}(flow)   {}\n", hook.name(), returns(hook)));
    }
    out.push_str("\n// What a hook may return. A hook that returns nothing has no objection.\n");
    for (name, _) in CONSTRUCTORS {
        out.push_str(&format!("\n{}\n", constructor(name)));
    }
    out.push_str("\n// The properties of `flow`.\n");
    for property in FLOW {
        out.push_str(&format!(
            "\n/// {}\nfn get {property}(flow: flow) -> {};\n",
            about(property),
            kind(property)
        ));
    }
    out.push_str("\n// The properties of `flow.now`: the time in Kuwait at which the flow is decided.\n");
    for property in NOW {
        out.push_str(&format!(
            "\n/// {}\nfn get {property}(now: flow.now) -> int;\n",
            about(property)
        ));
    }
    out.push_str(TAIL);
    out
}

const fn returns(hook: Hook) -> &'static str {
    match hook {
        Hook::Plan => "before anything is sent: tighten, refuse",
        Hook::Ending(OutcomeClass::Approved) => "after a verified approval: refuse, say",
        Hook::Ending(_) => "after that ending: stop, say",
    }
}

pub(super) fn constructor(name: &str) -> String {
    match name {
        "tighten" => format!(
            "/// More certainty, fewer fields, less time. Keys, each optional: `{}`.\n/// Asking for less certainty or more time changes nothing.\nfn tighten(settings: map) -> answer;",
            TIGHTEN_KEYS.join("`, `")
        ),
        "refuse" => "/// The flow ends as `other.refused`, with a code of your own and a text `#{ ar: \"…\", en: \"…\" }`.\nfn refuse(code: string, say: map) -> answer;".to_owned(),
        "stop" => "/// No retry, with a text `#{ ar: \"…\", en: \"…\" }`.\nfn stop(say: map) -> answer;".to_owned(),
        _ => "/// Another text, `#{ ar: \"…\", en: \"…\" }`; the same next step.\nfn say(say: map) -> answer;".to_owned(),
    }
}

pub(super) fn kind(property: &str) -> &'static str {
    match property {
        "inputs" => "flow.inputs",
        "person" => "flow.person",
        "earlier" => "flow.earlier",
        "now" => "flow.now",
        "attempt" => "int",
        _ => "string",
    }
}

pub(super) fn about(property: &str) -> &'static str {
    match property {
        "inputs" => "The declared inputs by name; `()` for an optional one that was not passed.",
        "person" => {
            "The declared fields by name, in `approved` only; `()` for one that the authority did not send."
        }
        "earlier" => {
            "The declared fields by name that earlier steps of a journey brought; `()` for what none has brought yet."
        }
        "step" => "The step of a journey by its name; empty where the service has no steps.",
        "now" => "The time in Kuwait at which the flow is decided.",
        "channel" => {
            "Where the person is: `web`, `mobile_web`, `native_app`, `kiosk`, `call_center`, `counter`."
        }
        "capability" => "What is asked of Mobile ID: `auth_push`, ….",
        "locale" => "The person's language: `ar` or `en`.",
        "attempt" => "1 for the first flow, one more for each retry.",
        "outcome" => "The leaf code, such as `other.not_enrolled`; not in `plan`.",
        "year" => "The Gregorian year.",
        "month" => "The month, 1 to 12.",
        "day" => "The day of the month, 1 to 31.",
        "hour" => "The hour, 0 to 23.",
        "minute" => "The minute, 0 to 59.",
        "weekday" => "The day of the week: 1 is Monday, 7 is Sunday.",
        _ => "",
    }
}

const HEAD: &str = "\
module static;

// What midflow scripts can call and read. Written by `midflow definitions`; docs/scripts.md explains it.
// Numbers, texts, lists, maps and ranges have the usual Rhai functions; there is no clock, no file and no network.
";
const TAIL: &str = "
// `flow.inputs.<name>`, `flow.person.<name>` and `flow.earlier.<name>` are what the service declares; an undeclared name does not load.
";

#[cfg(test)]
mod tests {
    use super::*;

    /// The committed copy. `make generate` writes it again.
    #[test]
    fn generated_definitions_are_current() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/definitions/midflow.d.rhai");
        if std::env::var_os("MIDFLOW_GENERATE").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, definitions()).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == definitions(),
            "{} is not current: run `make generate`",
            path.display()
        );
    }

    #[test]
    fn everything_is_described() {
        let text = definitions();
        for property in FLOW.into_iter().chain(NOW) {
            assert!(!about(property).is_empty(), "{property}");
            assert!(text.contains(&format!("fn get {property}(")), "{property}");
        }
        for (name, arguments) in CONSTRUCTORS {
            let line = text
                .lines()
                .find(|line| line.starts_with(&format!("fn {name}(")))
                .unwrap();
            assert_eq!(line.matches(": ").count(), arguments, "{line}");
        }
        for hook in Hook::ALL {
            assert!(text.contains(&format!("fn {}(flow)", hook.name())));
        }
    }
}
