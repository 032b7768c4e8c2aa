use std::os::unix::fs::symlink;
use std::time::Duration;
use std::time::SystemTime;

use proptest::prelude::*;

use super::*;

fn folder() -> (tempfile::TempDir, Folder) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("policies/services")).unwrap();
    fs::create_dir_all(dir.path().join("scripts/lib")).unwrap();
    for file in FILES {
        fs::write(dir.path().join(file), file).unwrap();
    }
    let folder = Folder::new(dir.path());
    (dir, folder)
}

fn texts(sources: &Sources) -> Vec<(String, String)> {
    let texts = sources.iter();
    texts
        .map(|(path, text)| (path.to_owned(), text.to_string()))
        .collect()
}

/// The paths as a watch names them.
fn only(dir: &tempfile::TempDir, paths: &[&str]) -> Look {
    let root = dir.path().canonicalize().unwrap();
    Look::Only(paths.iter().map(|path| root.join(path)).collect())
}

const FILES: [&str; 4] = [
    "policies/organization.yaml",
    "policies/services/a.yaml",
    "scripts/a.rhai",
    "scripts/lib/b.rhai",
];

#[test]
fn a_named_file_is_read_and_the_rest_is_shared() {
    let (dir, mut folder) = folder();
    let before = folder.read(&Look::Everything).unwrap();
    fs::write(dir.path().join(FILES[1]), "another").unwrap();
    fs::write(dir.path().join(FILES[2]), "nobody named this one").unwrap();
    let after = folder
        .read(&only(&dir, &[FILES[1], "policies/services/x.yaml~"]))
        .unwrap();
    assert_eq!(&**after.text(FILES[1]).unwrap(), "another");
    for shared in [FILES[0], FILES[2], FILES[3]] {
        let texts = [before.text(shared).unwrap(), after.text(shared).unwrap()];
        assert!(Arc::ptr_eq(texts[0], texts[1]), "{shared}");
    }
    // The slow look finds what the watch has missed.
    let later = folder.read(&Look::Stamps).unwrap();
    assert_eq!(&**later.text(FILES[2]).unwrap(), "nobody named this one");
}

#[test]
fn a_name_is_only_a_hint() {
    let (dir, mut folder) = folder();
    let before = folder.read(&Look::Everything).unwrap();
    let look = only(
        &dir,
        &[
            FILES[0],
            "policies/none.yaml",
            "scripts/.hidden.rhai",
            "var/x.yaml",
        ],
    );
    assert_eq!(folder.read(&look).unwrap(), before);
    // Written again with the same content: the text stays shared.
    fs::write(dir.path().join(FILES[0]), FILES[0]).unwrap();
    let after = folder.read(&look).unwrap();
    assert!(Arc::ptr_eq(
        before.text(FILES[0]).unwrap(),
        after.text(FILES[0]).unwrap()
    ));
}

// A file whose stamp says nothing is read: two writes within one tick of the clock look like one.
#[test]
fn what_was_written_just_now_is_read_again_whatever_its_stamp() {
    let (dir, mut folder) = folder();
    folder.read(&Look::Everything).unwrap();
    let path = dir.path().join(FILES[0]);
    let stamp = folder.files.get(FILES[0]).unwrap().stamp;
    fs::write(&path, &"same length, another text"[..FILES[0].len().min(25)]).unwrap();
    // Whatever the file system says, as if the stamps were equal.
    let metadata = fs::metadata(&path).unwrap();
    let mut walk = Walk {
        shown: dir.path(),
        root: dir.path(),
        found: Vec::new(),
        has_links: false,
    };
    walk.file(FILES[0].to_owned(), path, &metadata).unwrap();
    folder.files.get_mut(FILES[0]).unwrap().stamp = walk.found[0].stamp;
    assert_ne!(stamp, walk.found[0].stamp);
    let after = folder.read(&Look::Stamps).unwrap();
    assert!(after.text(FILES[0]).unwrap().starts_with("same length"));
}

#[test]
fn what_is_long_settled_is_not_read_again() {
    let (dir, mut folder) = folder();
    let path = dir.path().join(FILES[0]);
    folder.read(&Look::Everything).unwrap();
    assert!(!folder.files.get(FILES[0]).unwrap().settled);
    // The file system does not let its own time of change be set, so this is as if it were long past.
    for seen in folder.files.values_mut() {
        seen.settled = true;
    }
    let text = folder.sources.text(FILES[0]).unwrap().clone();
    folder.read(&Look::Stamps).unwrap();
    assert!(folder.files.get(FILES[0]).unwrap().settled, "it was read again");
    // A changed time is reason enough to look.
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(100))
        .unwrap();
    let after = folder.read(&Look::Stamps).unwrap();
    assert!(!folder.files.get(FILES[0]).unwrap().settled);
    assert!(Arc::ptr_eq(&text, after.text(FILES[0]).unwrap()));
}

// Rule R16: hash, load, hash.
#[test]
fn what_changes_during_the_load_is_noticed() {
    for look in [Look::Everything, Look::Stamps] {
        let (dir, mut folder) = folder();
        let path = dir.path().join(FILES[1]);
        let mut loads = Vec::new();
        let read = folder
            .still(&look, |sources| {
                loads.push(sources.digest());
                if loads.len() < 3 {
                    fs::write(&path, format!("moving {}", loads.len())).unwrap();
                }
                sources.text(FILES[1]).unwrap().to_string()
            })
            .unwrap();
        assert_eq!((read.as_str(), loads.len()), ("moving 2", 3));
    }
    let (dir, mut folder) = folder();
    folder.read(&Look::Everything).unwrap();
    let mut loads = 0;
    let look = only(&dir, &[FILES[1]]);
    let moving = folder.still(&look, |_| {
        loads += 1;
        fs::write(dir.path().join(FILES[1]), format!("{loads}")).unwrap();
    });
    assert!(matches!(moving, Err(SourcesError::Moving(_))), "{moving:?}");
}

#[test]
fn folders_and_links_are_looked_at_as_a_whole() {
    let (dir, mut folder) = folder();
    folder.read(&Look::Everything).unwrap();
    fs::create_dir(dir.path().join("policies/more")).unwrap();
    fs::write(dir.path().join("policies/more/c.yaml"), "c").unwrap();
    let after = folder.read(&only(&dir, &["policies/more"])).unwrap();
    assert!(after.text("policies/more/c.yaml").is_some());
    fs::remove_dir_all(dir.path().join("policies/more")).unwrap();
    let after = folder.read(&only(&dir, &["policies/more"])).unwrap();
    // With the rulebook that comes with midflow.
    assert_eq!(after.len(), FILES.len() + 1);
    symlink("a.rhai", dir.path().join("scripts/l.rhai")).unwrap();
    let after = folder.read(&only(&dir, &["scripts/l.rhai"])).unwrap();
    assert_eq!(&**after.text("scripts/l.rhai").unwrap(), FILES[2]);
    // From now on one name can change what another one reads.
    fs::write(dir.path().join(FILES[2]), "behind the link").unwrap();
    let after = folder.read(&only(&dir, &[FILES[2]])).unwrap();
    assert_eq!(&**after.text("scripts/l.rhai").unwrap(), "behind the link");
}

#[test]
fn after_an_error_everything_is_looked_at() {
    let (dir, mut folder) = folder();
    folder.read(&Look::Everything).unwrap();
    fs::write(dir.path().join(FILES[2]), [0xff]).unwrap();
    assert!(folder.read(&only(&dir, &[FILES[2]])).is_err());
    fs::write(dir.path().join(FILES[2]), "good").unwrap();
    let after = folder.read(&only(&dir, &[FILES[0]])).unwrap();
    assert_eq!(&**after.text(FILES[2]).unwrap(), "good");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    // However it is looked at, the folder is what a first look would see.
    #[test]
    fn every_look_sees_what_is_there(
        steps in prop::collection::vec(
            (
                prop::sample::select(vec![FILES[0], FILES[1], FILES[2], "policies/services/n.yaml", "scripts/n.rhai"]),
                prop::option::of("[a-c]{0,2}"),
                0usize..3,
            ),
            1..12,
        )
    ) {
        let (dir, mut folder) = folder();
        for (file, text, look) in steps {
            match text {
                Some(text) => fs::write(dir.path().join(file), text).unwrap(),
                None => drop(fs::remove_file(dir.path().join(file))),
            }
            let look = [Look::Everything, Look::Stamps, only(&dir, &[file])][look].clone();
            let seen = folder.read(&look).unwrap();
            let first = Folder::new(dir.path()).read(&Look::Everything).unwrap();
            prop_assert_eq!(texts(&seen), texts(&first));
            prop_assert_eq!(seen.digest(), first.digest());
        }
    }
}
