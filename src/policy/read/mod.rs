//! From YAML to meaning: every problem of a file in one run.
//!
//! [`reader`] knows how to complain, [`map`] and [`scalar`] how to ask for a kind of value; the other files know what
//! each part of a policy means. A part that can't be read is `None` and has been reported; reading goes on with the rest.

mod capabilities;
mod cases;
mod defaults;
mod fields;
mod fixes;
mod form;
mod inputs;
mod map;
mod notify;
mod onboarding;
mod organization;
mod outcomes;
mod outline;
mod places;
mod push_safety;
mod reader;
mod rulebook;
mod scalar;
mod service;
mod sign;
mod steps;
mod texts;
mod values;

#[cfg(test)]
mod tests;

use map::Map;
pub use places::Places;
use reader::Reader;

use super::Defaults;
use super::Form;
use super::Organization;
use super::Outline;
use super::Rulebook;
use super::Service;
use super::TestFile;
use super::yaml::Node;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::codes;

/// Reads a service file. The service is there only if nothing prevents loading; warnings do not.
///
/// `file` is the path that messages show, relative to the folder that holds `policies/`; the name of the
/// service must be the name of the file.
pub fn read_service(file: &str, text: &str) -> (Option<Service>, Diagnostics) {
    read_service_with(file, text, None)
}

/// The same with what services share. A value that comes from there has its place there, and so has a problem
/// with it.
pub fn read_service_with(
    file: &str,
    text: &str,
    defaults: Option<&Defaults>,
) -> (Option<Service>, Diagnostics) {
    let (mut reader, mut root) = Reader::open(file, text);
    if let (Some(root), Some(defaults)) = (&mut root, defaults) {
        reader.inherit(root, defaults);
    }
    let service = root
        .as_ref()
        .and_then(|root| service::service(&mut reader, file, root));
    close(reader, service, root.as_ref())
}

/// Reads what services share. It is there as far as it can be read at all, so that services which need it are
/// not reported too.
pub fn read_defaults(file: &str, text: &str) -> (Option<Defaults>, Diagnostics) {
    let (mut reader, root) = Reader::open(file, text);
    if let Some(root) = &root {
        defaults::defaults(&mut reader, root);
    }
    let defaults = root.as_ref().and_then(|root| Defaults::new(file, text, root));
    (defaults, reader.finish(root.as_ref()))
}

/// Reads a subscription form, as YAML or JSON. It is there only if every cell is filled and nothing is wrong.
pub fn read_form(file: &str, text: &str) -> (Option<Form>, Diagnostics) {
    let (mut reader, root) = Reader::open(file, text);
    let form = root.as_ref().and_then(|root| form::form(&mut reader, root));
    close(reader, form, root.as_ref())
}

/// Reads a rulebook. `shipped` is for the one that comes with midflow, which may speak of the language itself.
pub fn read_rulebook(file: &str, text: &str, shipped: bool) -> (Option<Rulebook>, Diagnostics) {
    let (mut reader, root) = Reader::open(file, text);
    let rulebook = root
        .as_ref()
        .and_then(|root| rulebook::rulebook(&mut reader, file, root, shipped));
    // The rules that faults are looked up in are made here, so they can't be asked for.
    let rulebook = rulebook.filter(|_| !reader.has_errors());
    (rulebook, reader.finish_plain())
}

/// The same as [`read_service_with`]; of a file with mistakes it tells what its script has to know, as far as that can be seen.
///
/// # Errors
/// With the outline of a service that does not load; without one if the file can't be taken apart at all.
pub fn read_service_or_outline(
    file: &str,
    text: &str,
    defaults: Option<&Defaults>,
) -> (Result<Box<Service>, Option<Outline>>, Diagnostics) {
    let (mut reader, mut root) = Reader::open(file, text);
    if let (Some(root), Some(defaults)) = (&mut root, defaults) {
        reader.inherit(root, defaults);
    }
    let service = root
        .as_ref()
        .and_then(|root| service::service(&mut reader, file, root))
        .filter(|_| !reader.has_errors());
    let read = service.map(Box::new).ok_or_else(|| {
        root.as_ref()
            .map(|root| outline::outline(&reader, service::stem(file), root))
    });
    (read, reader.finish(root.as_ref()))
}

/// Reads the organization file. The organization is there only if nothing prevents loading; warnings do not.
pub fn read_organization(file: &str, text: &str) -> (Option<Organization>, Diagnostics) {
    let (mut reader, root) = Reader::open(file, text);
    let organization = root
        .as_ref()
        .and_then(|root| organization::organization(&mut reader, root));
    close(reader, organization, root.as_ref())
}

/// Reads the test file of a service. The tests are there only if nothing found is an error.
///
/// `service` is the one that the file stands beside, and what its names are looked up in.
pub fn read_tests(file: &str, text: &str, service: &Service) -> (Option<TestFile>, Diagnostics) {
    cases::read_tests(file, text, service)
}

fn close<T>(reader: Reader<'_>, value: Option<T>, root: Option<&Node>) -> (Option<T>, Diagnostics) {
    let value = value.filter(|_| !reader.has_errors());
    (value, reader.finish(root))
}

/// Whether a text is a lowercase letter, then lowercase letters, digits and hyphens.
fn is_slug(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    (1..=64).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(plain)
}

/// The first key of every policy file.
fn format_version(reader: &mut Reader<'_>, file: &Map<'_>) {
    let Some(entry) = file.get("midflow") else {
        let fix = reader.first_key("midflow: 1");
        let message = "the file has no `midflow`";
        reader.error_fixed(codes::MISSING_KEY, message, file.at, "add `midflow: 1`", fix);
        return;
    };
    if reader.integer(&entry.node, "midflow", 0, i64::MAX) == Some(1) || reader.has_error_at(entry.node.span)
    {
        return;
    }
    reader.error(
        codes::FORMAT_VERSION,
        "the file is written for another version of the format",
        entry.node.span,
        "write `midflow: 1`, the version that this midflow reads",
    );
}
