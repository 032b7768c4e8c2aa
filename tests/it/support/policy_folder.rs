use std::fs;
use std::path::Path;

use midflow::words::Timestamp;
use tempfile::TempDir;

use super::node::served_policies;

/// The served policies and scripts in a folder of its own, whose limits are so wide that tests don't meet them, and without quiet hours.
pub fn with_wide_limits() -> TempDir {
    let folder = copy_of_the_policies();
    for entry in fs::read_dir(folder.path().join("policies/services")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        // A test means the same at night.
        let day = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("quiet_hours:"));
        let lines = day.map(|line| match line.strip_prefix("limits:") {
            Some(_) => "limits: { per_person: 1000000/1d, per_service: 1000000/s }",
            None => line,
        });
        let widened: Vec<&str> = lines.collect();
        fs::write(&path, widened.join("\n") + "\n").unwrap();
    }
    folder
}

/// The served policies, their tests and scripts in a folder that a test may spoil.
pub fn copy_of_the_policies() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["policies", "scripts"] {
        copy(&served_policies().join(name), &folder.path().join(name));
    }
    folder
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The same, with these quiet hours of the reminders: minutes from this moment, and what becomes of a notification.
pub fn with_quiet_hours(now: Timestamp, from: i64, to: i64, then: &str) -> TempDir {
    let folder = with_wide_limits();
    let path = folder.path().join("policies/services/appointment-reminders.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let clock = |minutes: i64| {
        let moment = Timestamp::from_micros(now.as_micros() + minutes * 60_000_000).in_kuwait();
        format!("{:02}:{:02}", moment.hour, moment.minute)
    };
    let hours = format!(
        "    links: [services.example]\n    quiet_hours: {{ from: \"{}\", to: \"{}\", then: {then} }}\n",
        clock(from),
        clock(to)
    );
    let changed = text.replace("    links: [services.example]\n", &hours);
    assert_ne!(changed, text);
    fs::write(&path, changed).unwrap();
    folder
}
