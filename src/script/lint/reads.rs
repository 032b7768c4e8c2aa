use super::walk::Frame;
use super::walk::Kind;
use super::walk::Walk;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::diagnostics::suggest;
use crate::script::syntax::Node;
use crate::script::syntax::What;
use crate::script::view;
use crate::words::InputName;

impl Walk<'_> {
    /// Checks `of.name` and says what is known of its value.
    pub(super) fn read(&mut self, frame: &Frame<'_>, of: Kind, name: &str, at: Position) -> Kind {
        match of {
            Kind::Flow => return self.read_flow(frame, name, at),
            Kind::Inputs => self.read_input(frame, name, at),
            Kind::Person => self.read_field(frame, name, at),
            Kind::Now if !view::NOW.contains(&name) => {
                self.unknown_property(frame, "flow.now", &view::NOW, name, at);
            }
            Kind::Now | Kind::Other => {}
        }
        Kind::Other
    }

    /// Checks `of[index]`: only written out names can be checked, so only those are taken.
    pub(super) fn read_by_index(&mut self, frame: &Frame<'_>, of: Kind, index: &Node, at: Position) -> Kind {
        match (of, &index.what) {
            (Kind::Inputs | Kind::Person, What::Text(name)) => self.read(frame, of, name, index.at),
            (Kind::Other, _) => Kind::Other,
            (of, _) => {
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
        }
    }

    /// Checks the left side of an assignment: `flow` and its parts are read only.
    pub(super) fn assign(&mut self, frame: &mut Frame<'_>, target: &Node) {
        if let What::Member { of, .. } | What::Index { of, .. } = &target.what
            && self.node(frame, of) != Kind::Other
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
                Kind::Other
            }
            known if view::FLOW.contains(&known) => Kind::Other,
            _ => {
                self.unknown_property(frame, "flow", &view::FLOW, name, at);
                Kind::Other
            }
        }
    }

    fn unknown_property(&mut self, frame: &Frame<'_>, of: &str, known: &[&str], name: &str, at: Position) {
        let message = format!("`{of}` has no `{name}`");
        let help = match suggest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{of}.{near}`?"),
            None => format!("it has {}", ticked(known.iter().copied())),
        };
        self.error(
            codes::SCRIPT_UNKNOWN_FLOW_PROPERTY,
            frame,
            at,
            name.chars().count(),
            &message,
            &help,
        );
    }

    fn read_input(&mut self, frame: &Frame<'_>, name: &str, at: Position) {
        let Some(service) = self.service.filter(|service| service.lacks_input(name)) else {
            return;
        };
        let message = format!("the service `{}` declares no input `{name}`", service.service);
        let declared = || service.inputs.iter().flatten().map(InputName::as_str);
        let help = match suggest(name, declared()) {
            Some(near) => format!("did you mean `flow.inputs.{near}`?"),
            None => format!("declare it under `inputs`; declared are {}", ticked(declared())),
        };
        self.error(
            codes::SCRIPT_UNDECLARED_INPUT,
            frame,
            at,
            name.chars().count(),
            &message,
            &help,
        );
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
        let message = format!(
            "the service `{}` does not declare the field `{name}`",
            service.service
        );
        let help = match suggest(name, declared.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `flow.person.{near}`?"),
            None => format!(
                "declare it under `fields` with its reason; declared are {}",
                ticked(declared.iter().map(String::as_str))
            ),
        };
        self.error(
            codes::SCRIPT_UNDECLARED_FIELD,
            frame,
            at,
            name.chars().count(),
            &message,
            &help,
        );
    }
}

fn ticked<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
