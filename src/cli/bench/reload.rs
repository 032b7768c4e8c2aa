use std::fs;
use std::path::Path;
use std::time::Instant;

use super::folder::many_services;
use super::table::Row;
use super::table::median;
use super::table::millis;
use super::table::times;
use crate::catalog::Catalog;
use crate::catalog::Sources;
use crate::cli::failure::Failure;

/// Cold loads and reloads after one edit, beside the bare cost of parsing the same YAML and compiling the same
/// Rhai.
pub(super) fn measure(folder: &Path, scratch: &Path, sizes: &[usize]) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for size in sizes {
        let many = scratch.join(format!("services-{size}"));
        many_services(folder, &many, *size)?;
        let start = Instant::now();
        let sources = Sources::read(&many).map_err(Failure::new)?;
        let (catalog, _) = Catalog::load(&sources, None);
        let cold = start.elapsed().as_secs_f64();
        let catalog = catalog.ok_or_else(|| Failure::new("the copied policies do not load"))?;
        let bare = bare(&sources);
        rows.push(Row::new(
            format!("cold load of {size} services (bare parse and compile)"),
            millis(cold),
            millis(bare),
            times(cold / bare),
        ));
        let edits = (0..3).map(|edit| edited(&many, &catalog, edit));
        let edits = edits.collect::<Result<Vec<f64>, Failure>>()?;
        rows.push(Row::new(
            format!("reload of {size} services after one edit (cold load)"),
            millis(median(edits.clone())),
            millis(cold),
            times(median(edits) / cold),
        ));
    }
    Ok(rows)
}

/// From the saved file to the loaded catalog.
fn edited(folder: &Path, catalog: &Catalog, edit: usize) -> Result<f64, Failure> {
    let path = folder.join("scripts/service-0.rhai");
    let text = fs::read_to_string(&path).map_err(Failure::new)?;
    fs::write(&path, format!("{text}\n// edit {edit}\n")).map_err(Failure::new)?;
    let start = Instant::now();
    let sources = Sources::read(folder).map_err(Failure::new)?;
    let (loaded, _) = Catalog::load(&sources, Some(catalog));
    let time = start.elapsed().as_secs_f64();
    loaded
        .map(|_| time)
        .ok_or_else(|| Failure::new("the edited policies do not load"))
}

/// Parses every YAML file into nothing in particular and compiles every script, and no more.
fn bare(sources: &Sources) -> f64 {
    let engine = rhai::Engine::new_raw();
    let start = Instant::now();
    for (path, text) in sources.iter() {
        if path.ends_with(".rhai") {
            let _ = std::hint::black_box(engine.compile(&**text));
        } else {
            let _ = std::hint::black_box(serde_saphyr::from_str::<serde_json::Value>(text));
        }
    }
    start.elapsed().as_secs_f64()
}
