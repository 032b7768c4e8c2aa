use std::fs;
use std::io;
use std::path::Path;

use regex::Regex;

use crate::cli::failure::Failure;

/// Copies the policies of `from` to `to`, for load: no limits, and callbacks to this machine.
pub(super) fn copy_for_load(from: &Path, to: &Path, callback_base_url: &str) -> Result<(), Failure> {
    let fault =
        |error: io::Error| Failure::new(format!("can't copy the policies of {}: {error}", from.display()));
    copy(&from.join("scripts"), &to.join("scripts")).map_err(fault)?;
    copy(&from.join("policies"), &to.join("policies")).map_err(fault)?;
    let limits = Regex::new(r"(?m)^limits:.*(\n  .*)*").map_err(Failure::new)?;
    let services = to.join("policies/services");
    for entry in fs::read_dir(&services).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let text = fs::read_to_string(&path).map_err(fault)?;
        let open = limits.replace(&text, "limits: { per_person: 1000000/s, per_service: 1000000/s }");
        fs::write(&path, open.as_bytes()).map_err(fault)?;
    }
    let organization = to.join("policies/organization.yaml");
    let text = fs::read_to_string(&organization).map_err(fault)?;
    let development = Regex::new(r"(?m)^  development:.*(\n    .*)*").map_err(Failure::new)?;
    let text = development.replace(&text, "");
    let here = format!(
        "  development: {{ callback_base_url: \"{callback_base_url}\", public_ips: [ \"127.0.0.1/32\" ] }}"
    );
    fs::write(&organization, format!("{}\n{here}\n", text.trim_end())).map_err(fault)
}

/// A folder of so many services: the licence renewal under other names, each with a script of its own.
pub(super) fn many_services(from: &Path, to: &Path, count: usize) -> Result<(), Failure> {
    let fault = |error: io::Error| Failure::new(format!("can't write {}: {error}", to.display()));
    let service = fs::read_to_string(from.join("policies/services/licence-renewal.yaml")).map_err(fault)?;
    let script = fs::read_to_string(from.join("scripts/licence-renewal.rhai")).map_err(fault)?;
    for folder in ["policies/services", "scripts"] {
        fs::create_dir_all(to.join(folder)).map_err(fault)?;
    }
    fs::copy(
        from.join("policies/organization.yaml"),
        to.join("policies/organization.yaml"),
    )
    .map_err(fault)?;
    for number in 0..count {
        let name = format!("service-{number}");
        let text = service
            .replace("service: licence-renewal", &format!("service: {name}"))
            .replace("licence-renewal.rhai", &format!("{name}.rhai"));
        fs::write(to.join(format!("policies/services/{name}.yaml")), text).map_err(fault)?;
        fs::write(to.join(format!("scripts/{name}.rhai")), &script).map_err(fault)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
