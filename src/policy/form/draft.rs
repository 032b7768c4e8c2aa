use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use super::Form;
use super::FormService;
use super::texts;
use crate::policy::language;
use crate::policy::write::inline;
use crate::policy::write::yaml;
use crate::words::Capability;
use crate::words::Field;
use crate::words::Text;

/// Policy files made from a form. They pass every check that a form can pass, and wait for their authors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    /// `policies/organization.yaml`.
    pub organization: String,
    /// For each service its name and its file.
    pub services: Vec<(String, String)>,
}

impl Form {
    /// Makes policy files. What the form does not ask gets first texts, true of any service.
    ///
    /// `schema` is where the files find their schemas, relative to `policies/`, such as `.schema`.
    pub fn draft(&self, schema: &str) -> Drafted {
        let services = self
            .services
            .iter()
            .map(|service| {
                let text = service.draft(&self.organization.name, &format!("../{schema}"), None);
                (service.id.to_string(), text)
            })
            .collect();
        Drafted {
            organization: self.organization_file(schema),
            services,
        }
    }

    /// The organization file of the form.
    pub fn organization_file(&self, schema: &str) -> String {
        let form = self.to_json();
        let part = |key: &str| form.get(key).cloned().unwrap_or_default();
        let whole = json!({
            "midflow": 1,
            "organization": part("organization"),
            "environments": part("environments"),
        });
        format!(
            "# yaml-language-server: $schema={schema}/organization.json\n#\n# Who asks: the part of the subscription form that is the same for every e-service.\n{}",
            yaml(&whole, Some(language::ORGANIZATION_FILE))
        )
    }
}

impl FormService {
    /// The service file of this row. `script` names a script to go with it.
    pub fn draft(&self, organization: &Text, schema: &str, script: Option<&str>) -> String {
        let mut out = format!("# yaml-language-server: $schema={schema}/service.json\n#\n");
        out.push_str("# Texts that end in a full stop are first texts: make them yours. `midflow check` says what is missing.\n");
        let _ = writeln!(out, "midflow: 1\nservice: {}\n", self.id);
        text(&mut out, 0, "name", &self.name);
        if let Some(description) = &self.description {
            text(&mut out, 0, "description", description);
        }
        text(&mut out, 0, "purpose", &self.purpose);
        out.push_str("audience:\n");
        text(&mut out, 1, "who", &self.audience.who);
        let _ = writeln!(out, "  size: {}", self.audience.size);
        let _ = writeln!(out, "sensitivity: {}", self.sensitivity.as_str());
        let channels: Vec<&str> = self.channels.iter().map(|channel| channel.as_str()).collect();
        let _ = writeln!(out, "channels: [{}]\n", channels.join(", "));
        out.push_str("capabilities:\n");
        for (capability, level) in &self.capabilities {
            let _ = writeln!(out, "  {capability}:");
            if let Some(level) = level {
                let _ = writeln!(out, "    assurance: {}", level.as_str());
            }
            text(&mut out, 2, "reason", &texts::reason(*capability, self));
            own_settings(&mut out, *capability, self);
        }
        out.push_str(
            "\n# The only data of the person that this service ever sees, each with its reason.\nfields:\n",
        );
        for declared in &self.fields {
            let _ = writeln!(out, "  {}:", declared.field.name());
            if !matches!(declared.field, Field::Plain(_)) {
                let _ = writeln!(out, "    from: {}", declared.field.source().as_str());
            }
            text(&mut out, 2, "reason", &declared.reason);
        }
        out.push_str("\n# All five classes are required, in both languages; a leaf code may have its own answer.\noutcomes:\n");
        for (name, then, say) in texts::outcomes() {
            let _ = writeln!(out, "  {name}:\n    {then}");
            text(&mut out, 2, "say", &say);
        }
        out.push_str("\n# What the person is told before anything is sent to the phone.\nnotices:\n");
        text(&mut out, 1, "data_use", &texts::data_use(self));
        text(&mut out, 1, "liability", &texts::liability());
        steps(&mut out, "steps", &texts::steps(organization));
        if self.capabilities.contains_key(&Capability::Sign) {
            steps(&mut out, "sign_steps", &texts::sign_steps(organization));
        }
        text(&mut out, 1, "enrol", &texts::enrol());
        out.push_str("  enrol_url: https://www.paci.gov.kw/\n\n");
        if let Some(script) = script {
            let _ = writeln!(out, "script: {script}\n");
        }
        out.push_str("retention: { evidence: 10y, personal_data: 90d }\nlimits: { per_person: 3/10m, per_service: 50/s }\n");
        out
    }
}

fn own_settings(out: &mut String, capability: Capability, service: &FormService) {
    match capability {
        Capability::VerifyQr => {}
        Capability::AuthQr => out.push_str("    expires_in: 2m\n"),
        Capability::AuthPush => out.push_str("    expires_in: 5m\n"),
        Capability::Sign => out.push_str(
            "    expires_in: 10m\n    document: application      # the kind of paper; see the reference page\n    preview: document          # what the phone shows before it signs\n",
        ),
        Capability::Notify => {
            out.push_str("    templates:\n      news:\n");
            let title = Text::new("خبر جديد", "News for you");
            text(out, 4, "title", &title);
            let body = Text::new(
                format!("يوجد جديد في خدمة {}.", service.name.ar),
                format!("There is news of {}.", service.name.en),
            );
            text(out, 4, "text", &body);
        }
    }
}

fn text(out: &mut String, depth: usize, key: &str, text: &Text) {
    let indent = "  ".repeat(depth);
    let line = |text: &str| inline(&Value::from(text));
    let _ = writeln!(
        out,
        "{indent}{key}:\n{indent}  ar: {}\n{indent}  en: {}",
        line(&text.ar),
        line(&text.en)
    );
}

fn steps(out: &mut String, key: &str, steps: &[Text]) {
    let _ = writeln!(out, "  {key}:");
    for step in steps {
        let line = |text: &str| inline(&Value::from(text));
        let _ = writeln!(out, "    - ar: {}\n      en: {}", line(&step.ar), line(&step.en));
    }
}
