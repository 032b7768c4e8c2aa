//! Personal data where it must not be: a thousand flows of people whose data can be told from everything else, and a
//! search for it in all that a node writes, in every form in which it could hide (laws 7 and 13).
//!
//! The flows run in a process of their own, so that everything it traces and prints can be read.

mod node;
mod scanner;

use std::fs;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use scanner::Kept;
use scanner::Scanner;

// Laws 7 and 13, R000-027, threat B-15: no canary in logs, errors, metrics, pages, events or records; and of what a
// service did not declare, none in its answers, notices and stored flows either.
#[test]
fn no_personal_data_where_it_must_not_be() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return node::run(Path::new(&folder));
    }
    let begun = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| File::create(folder.path().join(name)).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args([
            "canary::no_personal_data_where_it_must_not_be",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(FOLDER, folder.path())
        .env_remove("RUST_LOG")
        .stdout(file("stdout"))
        .stderr(file("stderr"))
        .status()
        .unwrap();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(status.success(), "{}", tail(&read("stderr"), &read("stdout")));
    let scanner = Scanner::new();
    let mut leaked = Vec::new();

    for sink in [
        "stderr", "stdout", "problems", "metrics", "console", "events", "audit", "debug",
    ] {
        let text = read(sink);
        assert!(
            contains(&text, CONTROL),
            "{sink}: the control was not captured, so nothing is proven"
        );
        println!("{sink}: {} bytes", text.len());
        leaked.extend(
            scanner
                .hits(&text, Kept::Nothing)
                .into_iter()
                .map(|hit| format!("{sink}: {hit}")),
        );
        check_scanner(&scanner, sink, &text, Kept::Nothing);
    }
    assert!(
        contains(&read("stderr"), "TRACE") && read("stderr").len() > 100_000,
        "traced as finely as can be"
    );
    // Here the declared fields belong, and nothing else.
    for sink in ["answers", "notices", "details"] {
        let text = read(sink);
        println!("{sink}: {} bytes", text.len());
        assert!(
            contains(&text, node::NAME_AR),
            "{sink}: what was declared is there"
        );
        leaked.extend(
            scanner
                .hits(&text, Kept::Declared)
                .into_iter()
                .map(|hit| format!("{sink}: {hit}")),
        );
        check_scanner(&scanner, sink, &text, Kept::Declared);
    }
    // R000-151, threat B-30: the database, its log and its free pages hold a person only sealed.
    let disk = read("disk");
    println!("disk: {} bytes", disk.len());
    assert!(
        disk.len() > 1_000_000 && contains(&disk, "licence-renewal"),
        "disk: the database was not captured, so nothing is proven"
    );
    leaked.extend(
        scanner
            .hits(&disk, Kept::Nothing)
            .into_iter()
            .map(|hit| format!("disk: {hit}")),
    );
    check_scanner(&scanner, "disk", &disk, Kept::Nothing);
    assert!(leaked.is_empty(), "{}", leaked.join("\n"));
    println!("canaries: 0 hits in {:?}", begun.elapsed());
}

/// The control: each canary in each form, planted into this sink, is found.
fn check_scanner(scanner: &Scanner, sink: &str, text: &[u8], kept: Kept) {
    let middle = text.len() / 2;
    // The surroundings are enough: what is searched for lies nowhere else.
    let (before, after) = (
        &text[middle.saturating_sub(50)..middle],
        &text[middle..text.len().min(middle + 50)],
    );
    for (name, leak) in scanner.leaks(kept) {
        let planted = [before, &leak, after].concat();
        assert!(
            !scanner.hits(&planted, kept).is_empty(),
            "{sink}: {name} is not found"
        );
    }
}

fn contains(text: &[u8], part: &str) -> bool {
    regex::bytes::Regex::new(&regex::escape(part))
        .unwrap()
        .is_match(text)
}

fn tail(stderr: &[u8], stdout: &[u8]) -> String {
    let end = |text: &[u8]| String::from_utf8_lossy(&text[text.len().saturating_sub(3_000)..]).into_owned();
    format!("{}\n{}", end(stderr), end(stdout))
}

const FOLDER: &str = "MIDFLOW_CANARY_FOLDER";
/// Written into every sink on purpose.
const CONTROL: &str = "control-of-the-capture";
