use clap::Subcommand;

use super::arguments::Common;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::scaffold;
use crate::catalog::Sources;
use crate::policy;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Text;

/// `midflow new`: one more of something, in the folder that is there.
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A service file, its script and its test
    Service(Service),
}

#[derive(Debug, clap::Args)]
struct Service {
    /// The name in the API: lowercase letters, digits and hyphens
    name: String,
    /// What it may ask of Mobile ID; may be given several times
    #[arg(long, value_name = "CAPABILITY", default_value = "auth_push")]
    capability: Vec<String>,
    /// Where it is offered; may be given several times
    #[arg(long, value_name = "CHANNEL", default_value = "web")]
    channel: Vec<String>,
    /// The name that citizens read, in Arabic; a first one without it
    #[arg(long, value_name = "TEXT")]
    name_ar: Option<String>,
    /// The name that citizens read, in English; a first one without it
    #[arg(long, value_name = "TEXT")]
    name_en: Option<String>,
}

impl New {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let What::Service(wanted) = &self.what;
        let capabilities = each(
            &wanted.capability,
            "capability",
            Capability::from_name,
            &Capability::ALL.map(Capability::as_str),
        )?;
        let channels = each(
            &wanted.channel,
            "channel",
            Channel::from_name,
            &Channel::ALL.map(Channel::as_str),
        )?;
        let organization = organization(common)?;
        let mut row = scaffold::row(&wanted.name, capabilities, channels).map_err(Failure::new)?;
        if let Some(name) = &wanted.name_ar {
            row.name.ar.clone_from(name);
        }
        if let Some(name) = &wanted.name_en {
            row.name.en.clone_from(name);
        }
        let has_schemas = common.dir.join("policies/.schema/service.json").exists();
        let schema = if has_schemas {
            "../.schema"
        } else {
            "../../docs/schema"
        };
        let files = scaffold::service_files(&row, &organization, schema);
        let taken = files.iter().find(|(path, _)| common.dir.join(path).exists());
        if let Some((path, _)) = taken {
            return Err(Failure::new(format!("{path} is there already"))
                .remedy("choose another name, or change the service that is there"));
        }
        for (path, text) in &files {
            scaffold::write_new(&common.dir.join(path), text)?;
        }
        let list: Vec<String> = files.iter().map(|(path, _)| format!("wrote {path}")).collect();
        output::print(&format!(
            "{}\nthe texts are first texts: make them yours, then run `midflow check`",
            list.join("\n")
        ));
        Ok(Ending::Good)
    }
}

fn organization(common: &Common) -> Result<Text, Failure> {
    let sources = Sources::read(&common.dir).map_err(Failure::new)?;
    let text = sources.text(ORGANIZATION).ok_or_else(|| {
        Failure::new(format!("there is no {ORGANIZATION}")).remedy("begin with `midflow init DIR`")
    })?;
    let (organization, _) = policy::read_organization(ORGANIZATION, text);
    organization.map(|organization| organization.name).ok_or_else(|| {
        Failure::new(format!("{ORGANIZATION} has mistakes")).remedy("run `midflow check` first")
    })
}

fn each<T>(
    words: &[String],
    what: &str,
    read: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<Vec<T>, Failure> {
    words
        .iter()
        .map(|word| {
            read(word).ok_or_else(|| {
                Failure::new(format!("`{word}` is no {what}"))
                    .remedy(format!("name one of {}", known.join(", ")))
            })
        })
        .collect()
}

const ORGANIZATION: &str = "policies/organization.yaml";
