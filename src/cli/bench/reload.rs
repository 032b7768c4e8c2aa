use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::folder::many_services;
use super::live_reload;
use super::table::Row;
use super::table::median;
use super::table::millis;
use super::table::times;
use crate::catalog::Catalog;
use crate::catalog::Folder;
use crate::catalog::Look;
use crate::catalog::Sources;
use crate::cli::failure::Failure;

/// Cold loads beside the bare cost of parsing the same YAML and compiling the same Rhai; reloads after one edit, from
/// the saved file to the loaded catalog and to the active one; and decisions while reloads go on.
pub(super) async fn measure(folder: &Path, scratch: &Path, sizes: &[usize]) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for size in sizes {
        let many = scratch.join(format!("services-{size}"));
        many_services(folder, &many, *size)?;
        let (row, cold) = cold(&many, *size)?;
        rows.push(row);
        rows.push(after_an_edit(&many, *size, cold)?);
        rows.extend(live_reload::measure(&many, &scratch.join(format!("state-{size}")), *size, cold).await?);
    }
    Ok(rows)
}

/// Everything from the disk to the catalog, as a node does at its start. The two take turns, so that a busy machine
/// slows both.
fn cold(many: &Path, size: usize) -> Result<(Row, f64), Failure> {
    let (mut loads, mut bares) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let reading = Folder::new(many).load(&Look::Everything, None, &[]);
        loads.push(start.elapsed().as_secs_f64());
        let reading = reading.map_err(Failure::new)?;
        bares.push(bare(&reading.sources));
        let loaded = reading.loaded.and_then(|(catalog, _)| catalog);
        loaded.ok_or_else(|| Failure::new("the copied policies do not load"))?;
    }
    let (load, bare) = (median(loads), median(bares));
    let row = Row::new(
        format!("cold load of {size} services (bare parse and compile)"),
        millis(load),
        millis(bare),
        times(load / bare),
    );
    Ok((row, load))
}

/// What a reload does after the watch has named a file.
fn after_an_edit(many: &Path, size: usize, cold: f64) -> Result<Row, Failure> {
    let mut folder = Folder::new(many);
    let first = folder.load(&Look::Everything, None, &[]).map_err(Failure::new)?;
    let mut active = catalog_of(first.loaded)?;
    let mut edits = Vec::new();
    for edit in 0..ROUNDS {
        let path = save(many, edit)?;
        let look = Look::Only(BTreeSet::from([path]));
        let start = Instant::now();
        let reading = folder.load(&look, Some(&active), &[active.digest()]);
        edits.push(start.elapsed().as_secs_f64());
        active = catalog_of(reading.map_err(Failure::new)?.loaded)?;
    }
    let edit = median(edits);
    Ok(Row::new(
        format!("load of {size} services after one edit (cold load)"),
        millis(edit),
        millis(cold),
        times(edit / cold),
    ))
}

fn catalog_of(
    loaded: Option<(Option<Catalog>, crate::diagnostics::Diagnostics)>,
) -> Result<Arc<Catalog>, Failure> {
    loaded
        .and_then(|(catalog, _)| catalog)
        .map(Arc::new)
        .ok_or_else(|| Failure::new("the edited policies do not load"))
}

/// Saves another text of one script, as editors do: in one rename. Answers with its path as a watch names it.
pub(super) fn save(many: &Path, edit: usize) -> Result<PathBuf, Failure> {
    let path = many.join("scripts/service-0.rhai");
    let text = fs::read_to_string(&path).map_err(Failure::new)?;
    let text = text.split("\n// edit").next().unwrap_or_default();
    let temporary = many.join("scripts/.service-0.rhai.swp");
    fs::write(&temporary, format!("{text}\n// edit {edit}\n")).map_err(Failure::new)?;
    fs::rename(&temporary, &path).map_err(Failure::new)?;
    path.canonicalize().map_err(Failure::new)
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

const ROUNDS: usize = 3;
