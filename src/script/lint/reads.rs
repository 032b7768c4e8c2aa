use super::kind::Kind;
use super::kind::Words;
use super::spelling::Misspelt;
use super::walk::Frame;
use super::walk::Walk;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::script::constructors::CONSTRUCTORS;
use crate::script::foreign;
use crate::script::foreign::Foreign;
use crate::script::syntax::Node;
use crate::script::syntax::What;
use crate::script::view;
use crate::words::InputName;

impl Walk<'_> {
    /// Checks `of.name` and says what is known of its value.
    pub(super) fn read(&mut self, frame: &Frame<'_>, of: Kind, name: &str, at: Position) -> Kind {
        match of {
            Kind::Flow => return self.read_flow(frame, name, at),
            Kind::Inputs => {
                self.read_input(frame, name, at);
                return self
                    .service
                    .map_or(Kind::Other, |service| Kind::of_input(service, name));
            }
            Kind::Person => {
                self.read_field(frame, name, at);
                return Kind::of_field(name);
            }
            Kind::Now if view::NOW.contains(&name) => return Kind::Whole,
            Kind::Now => self.unknown_property(frame, "flow.now", &view::NOW, name, at),
            Kind::Text | Kind::Word(_) | Kind::List => self.foreign_property(frame, of, name, at),
            _ => {}
        }
        Kind::Other
    }

    /// Checks `of[index]`: only written out names can be checked, so only those are taken.
    pub(super) fn read_by_index(&mut self, frame: &Frame<'_>, of: Kind, index: &Node, at: Position) -> Kind {
        match (of, &index.what) {
            (Kind::Inputs | Kind::Person, What::Text(name)) => self.read(frame, of, name, index.at),
            (Kind::Flow | Kind::Inputs | Kind::Person | Kind::Now, _) => {
                let (code, what) = match of {
                    Kind::Inputs => (codes::SCRIPT_UNDECLARED_INPUT, "an input"),
                    Kind::Person => (codes::SCRIPT_UNDECLARED_FIELD, "a field"),
                    _ => (codes::SCRIPT_UNKNOWN_FLOW_PROPERTY, "a property of `flow`"),
                };
                let message = format!("the name of {what} is not written out");
                self.error(
                    code,
                    frame,
                    at,
                    1,
                    &message,
                    "write it with a dot, as in `flow.inputs.amount`",
                );
                Kind::Other
            }
            _ => Kind::Other,
        }
    }

    /// Checks the left side of an assignment: `flow` and its parts are read only.
    pub(super) fn assign(&mut self, frame: &mut Frame<'_>, target: &Node) {
        if let What::Member { of, .. } | What::Index { of, .. } = &target.what
            && matches!(
                self.node(frame, of),
                Kind::Flow | Kind::Inputs | Kind::Person | Kind::Now
            )
        {
            let message = "`flow` is read only";
            let help = "keep the value in a variable of your own: `let amount = flow.inputs.amount;`";
            self.error(
                codes::SCRIPT_UNKNOWN_FLOW_PROPERTY,
                frame,
                target.at,
                1,
                message,
                help,
            );
        }
    }

    fn read_flow(&mut self, frame: &Frame<'_>, name: &str, at: Position) -> Kind {
        let hook = frame.hook;
        match name {
            "inputs" => Kind::Inputs,
            "now" => Kind::Now,
            "person" => {
                if let Some(hook) = hook.filter(|hook| !hook.has_person()) {
                    let message = format!("`flow.person` is not there in `fn {}`", hook.name());
                    let help = "only `fn approved(flow)` can read the person: nobody else has answered";
                    self.error(
                        codes::SCRIPT_UNDECLARED_FIELD,
                        frame,
                        at,
                        name.len(),
                        &message,
                        help,
                    );
                    return Kind::Other;
                }
                Kind::Person
            }
            "outcome" => {
                if hook.is_some_and(|hook| !hook.has_outcome()) {
                    let message = "`flow.outcome` is not there in `fn plan`";
                    let help = "nothing has been sent yet; read it in the hooks after an outcome";
                    self.error(
                        codes::SCRIPT_UNKNOWN_FLOW_PROPERTY,
                        frame,
                        at,
                        name.len(),
                        message,
                        help,
                    );
                }
                Kind::Word(Words::Outcome)
            }
            "earlier" => Kind::Person,
            "step" => Kind::Word(Words::Step),
            "channel" => Kind::Word(Words::Channel),
            "capability" => Kind::Word(Words::Capability),
            "locale" => Kind::Word(Words::Locale),
            "attempt" => Kind::Whole,
            _ => {
                self.unknown_property(frame, "flow", &view::FLOW, name, at);
                Kind::Other
            }
        }
    }

    /// `text.length`, which other languages have.
    fn foreign_property(&mut self, frame: &Frame<'_>, of: Kind, name: &str, at: Position) {
        let Some(Foreign::Ours(ours)) = foreign::function(name) else {
            return;
        };
        if self.known.arities(name).is_some() || CONSTRUCTORS.iter().any(|(one, _)| *one == ours) {
            return;
        }
        let message = format!("{} has no `{name}`", of.words().unwrap_or("this"));
        let help = format!("write `.{ours}()`");
        self.error(
            codes::SCRIPT_UNKNOWN_FLOW_PROPERTY,
            frame,
            at,
            name.len(),
            &message,
            &help,
        );
    }

    fn unknown_property(&mut self, frame: &Frame<'_>, of: &str, known: &[&str], name: &str, at: Position) {
        let found = Misspelt {
            code: codes::SCRIPT_UNKNOWN_FLOW_PROPERTY,
            message: format!("`{of}` has no `{name}`"),
            word: name,
            around: (&format!("{of}."), ""),
            otherwise: self
                .elsewhere(of, name)
                .unwrap_or_else(|| format!("it has {}", ticked(known.iter().copied()))),
        };
        self.misspelt(frame, at, &found, known.iter().copied());
    }

    /// Where a name of `flow` really is.
    fn elsewhere(&self, of: &str, name: &str) -> Option<String> {
        let service = self.service.filter(|_| of == "flow")?;
        let is_input = service
            .inputs
            .iter()
            .flatten()
            .any(|input| input.as_str() == name);
        let is_field = || {
            service
                .fields
                .iter()
                .flatten()
                .any(|field| field.name().to_string() == name)
        };
        if is_input {
            return Some(format!("write `flow.inputs.{name}`"));
        }
        if is_field() {
            return Some(format!("write `flow.person.{name}`, in `fn approved(flow)`"));
        }
        let (ours, _) = OTHERS.iter().find(|(_, others)| others.contains(&name))?;
        Some(format!("write `flow.{ours}`"))
    }

    fn read_input(&mut self, frame: &Frame<'_>, name: &str, at: Position) {
        let Some(service) = self.service.filter(|service| service.lacks_input(name)) else {
            return;
        };
        let declared: Vec<&str> = service.inputs.iter().flatten().map(InputName::as_str).collect();
        let found = Misspelt {
            code: codes::SCRIPT_UNDECLARED_INPUT,
            message: format!("the service `{}` declares no input `{name}`", service.service),
            word: name,
            around: ("flow.inputs.", ""),
            otherwise: format!(
                "declare it under `inputs`; declared are {}",
                ticked(declared.iter().copied())
            ),
        };
        self.misspelt(frame, at, &found, declared.iter().copied());
    }

    fn read_field(&mut self, frame: &Frame<'_>, name: &str, at: Position) {
        let Some((service, fields)) = self
            .service
            .zip(self.service.and_then(|known| known.fields.as_ref()))
        else {
            return;
        };
        let declared: Vec<String> = fields.iter().map(|field| field.name().to_string()).collect();
        if declared.iter().any(|field| field == name) {
            return;
        }
        let found = Misspelt {
            code: codes::SCRIPT_UNDECLARED_FIELD,
            message: format!(
                "the service `{}` does not declare the field `{name}`",
                service.service
            ),
            word: name,
            around: ("flow.person.", ""),
            otherwise: format!(
                "declare it under `fields` with its reason; declared are {}",
                ticked(declared.iter().map(String::as_str))
            ),
        };
        self.misspelt(frame, at, &found, declared.iter().map(String::as_str));
    }
}

/// What others call the parts of `flow`.
const OTHERS: [(&str, &[&str]); 5] = [
    ("locale", &["lang", "language"]),
    ("attempt", &["attempts", "retry", "retries", "count"]),
    ("outcome", &["result", "status", "code", "response"]),
    ("now", &["time", "date", "timestamp", "today"]),
    ("person", &["user", "citizen", "claims"]),
];

fn ticked<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
