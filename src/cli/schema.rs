use super::arguments::Common;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use crate::policy::Document;
use crate::policy::json_schema;

/// `midflow schema`: the JSON Schema of a kind of policy file, for editors.
#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// organization, defaults, service, rulebook or test; without it they are listed
    document: Option<String>,
}

impl Schema {
    pub(crate) fn run(&self, _: &Common) -> Result<Ending, Failure> {
        let names = Document::ALL.map(Document::as_str);
        let Some(name) = &self.document else {
            output::print(&names.join("\n"));
            return Ok(Ending::Good);
        };
        let found = Document::ALL
            .into_iter()
            .find(|document| document.as_str() == name);
        let Some(document) = found else {
            return Err(Failure::new(format!("there is no schema `{name}`"))
                .remedy(format!("name one of {}", names.join(", "))));
        };
        output::print(&json_schema(document));
        Ok(Ending::Good)
    }
}
