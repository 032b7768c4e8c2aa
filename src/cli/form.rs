use std::fs;
use std::io;
use std::path::PathBuf;

use clap::Subcommand;

use super::arguments::Common;
use super::arguments::Format;
use super::failure::Ending;
use super::failure::Failure;
use super::form_page;
use super::output;
use super::scaffold;
use crate::catalog::Catalog;
use crate::catalog::Sources;
use crate::diagnostics::render_text;
use crate::policy;

/// `midflow form`: the subscription form, to policy files and back.
#[derive(Debug, clap::Args)]
pub(crate) struct Form {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make organization and service files from a form, YAML or JSON
    Import {
        /// The filled form
        file: PathBuf,
    },
    /// Write the form that the policies describe; unfilled cells are named
    Export {
        /// As a page to print, in Arabic and English
        #[arg(long)]
        html: bool,
        /// To this file instead of the terminal
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

impl Form {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        match &self.what {
            What::Import { file } => import(common, file),
            What::Export { html, output } => export(common, *html, output.as_ref()),
        }
    }
}

fn unreadable(name: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            format!("there is no file {name}; `midflow form export` writes one to begin with")
        }
        io::ErrorKind::InvalidData => {
            format!(
                "{name} is no text in UTF-8; a form is YAML or JSON, so save it as text and not as a document"
            )
        }
        _ => format!("can't read {name}: {error}"),
    }
}

/// All or nothing: a form with an unfilled cell writes no file.
fn import(common: &Common, file: &PathBuf) -> Result<Ending, Failure> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| Failure::new(unreadable(&name, &error)))?;
    let (form, found) = policy::read_form(&name, &text);
    let Some(form) = form else {
        let told = render_text(&found, &|_| Some(&text), output::wants_colour());
        output::print(&format!("{}\nnothing was written", told.trim_end()));
        return Ok(Ending::Problems);
    };
    let drafted = form.draft(".schema");
    let mut files = vec![("policies/organization.yaml".to_owned(), drafted.organization)];
    for (service, text) in drafted.services {
        files.push((format!("policies/services/{service}.yaml"), text));
    }
    files.extend(policy::Document::ALL.map(|document| {
        (
            format!("policies/.schema/{}.json", document.as_str()),
            policy::json_schema(document),
        )
    }));
    let schema_or_new = |path: &str| path.contains("/.schema/") || !common.dir.join(path).exists();
    if let Some((path, _)) = files.iter().find(|(path, _)| !schema_or_new(path)) {
        return Err(
            Failure::new(format!("{path} is there already; nothing was written"))
                .remedy("import into an empty folder with --dir, and take over what you need"),
        );
    }
    for (path, text) in &files {
        let full = common.dir.join(path);
        if !full.exists() {
            scaffold::write_new(&full, text)?;
            if !path.contains("/.schema/") {
                output::print(&format!("wrote {path}"));
            }
        }
    }
    if let Some(logo) = &form.organization.logo
        && !common.dir.join("policies").join(&logo.file).exists()
    {
        output::print(&format!(
            "put the logo into policies/{}; a form can't carry it",
            logo.file
        ));
    }
    Ok(Ending::Good)
}

fn export(common: &Common, html: bool, to: Option<&PathBuf>) -> Result<Ending, Failure> {
    let sources = Sources::read(&common.dir).map_err(Failure::new)?;
    let (catalog, found) = Catalog::load(&sources, None);
    let Some(catalog) = catalog else {
        let told = render_text(
            &found,
            &|file| sources.text(file).map(|text| &**text),
            output::wants_colour(),
        );
        output::print(&format!(
            "{}\nthe form is made from policies without errors",
            told.trim_end()
        ));
        return Ok(Ending::Problems);
    };
    let services = catalog.services().map(|loaded| &*loaded.service);
    let form = policy::Form::of(catalog.organization(), services);
    let text = if html {
        let logo = form.organization.logo.as_ref().and_then(|logo| {
            Some((
                logo.file.as_str(),
                &**sources.text(&format!("policies/{}", logo.file))?,
            ))
        });
        form_page::page(&form, logo)
    } else if common.format == Format::Json {
        serde_json::to_string_pretty(&form.to_json()).map_err(Failure::new)?
    } else {
        form.to_yaml()
    };
    match to {
        None => output::print(&text),
        Some(file) => super::fmt::write_whole(file, &text)?,
    }
    let unfilled = form.unfilled();
    for cell in &unfilled {
        eprintln!("not filled: {cell}");
    }
    Ok(if unfilled.is_empty() {
        Ending::Good
    } else {
        Ending::Problems
    })
}
