//! Keys that wrap the key ring: a file, a token of a hardware security module (SoftHSM), an age identity, and the way from
//! one to the other.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use serde_json::Value;
use serde_json::json;

use crate::support::config;

// R000-064: the key that opens everything leaves the machine for a module, and nothing has to be sealed anew.
#[test]
fn the_ring_moves_from_a_file_to_a_token_and_back() {
    let node = Node::new();
    node.good(&["keys", "new", "--config", "file.yaml"]);
    node.good(&["keys", "rotate", "--config", "file.yaml", "--by", "Aisha"]);
    let by_file = node.wrappers("file.yaml");
    assert!(
        by_file.iter().all(|name| name.starts_with("file:")),
        "{by_file:?}"
    );

    let missing = node.refused(&["keys", "rotate", "--config", "token.yaml", "--by", "Aisha"]);
    assert!(missing.contains("holds no AES key `ring`"), "{missing}");
    let made = node.good(&["keys", "new", "--config", "token.yaml"]);
    assert!(
        made.contains("made pkcs11:midflow/ring; it can't be read out"),
        "{made}"
    );
    let again = node.refused(&["keys", "new", "--config", "token.yaml"]);
    assert!(again.contains("never made anew"), "{again}");
    let other = node.refused(&["keys", "rotate", "--config", "token.yaml", "--by", "Aisha"]);
    assert!(
        other.contains("was wrapped with the key `file:") && other.contains("keys move"),
        "{other}"
    );

    let moved = node.good(&[
        "keys",
        "move",
        "--config",
        "token.yaml",
        "--from",
        "file.yaml",
        "--by",
        "Basma",
    ]);
    assert!(
        moved.contains("2 keys of the ring are wrapped with pkcs11:midflow/ring now"),
        "{moved}"
    );
    assert_eq!(node.wrappers("token.yaml"), ["pkcs11:midflow/ring"; 2]);
    node.good(&["keys", "rotate", "--config", "token.yaml", "--by", "Basma"]);
    let old = node.refused(&["keys", "rotate", "--config", "file.yaml", "--by", "Aisha"]);
    assert!(
        old.contains("was wrapped with the key `pkcs11:midflow/ring`"),
        "{old}"
    );
    let nothing = node.refused(&[
        "keys",
        "move",
        "--config",
        "token.yaml",
        "--from",
        "token.yaml",
        "--by",
        "Basma",
    ]);
    assert!(nothing.contains("nothing to move"), "{nothing}");

    node.good(&[
        "keys",
        "move",
        "--config",
        "file.yaml",
        "--from",
        "token.yaml",
        "--by",
        "Aisha",
    ]);
    node.good(&["keys", "rotate", "--config", "file.yaml", "--by", "Aisha"]);
    node.good(&["subject", "holds", "--config", "file.yaml"]);
}

// The same with an age identity, which opens nothing but its own.
#[test]
fn the_ring_moves_to_an_age_identity() {
    let node = Node::new();
    node.good(&["keys", "new", "--config", "file.yaml"]);
    node.good(&["keys", "rotate", "--config", "file.yaml", "--by", "Aisha"]);
    let (mine, other) = (node.identity("mine.txt"), node.identity("other.txt"));
    let age =
        |identity: &str, recipient: &str| json!({ "age": { "identity": identity, "recipient": recipient } });
    node.write_config("age.yaml", &age("mine.txt", &mine));
    node.write_config("mixed.yaml", &age("mine.txt", &other));
    node.write_config("other.yaml", &age("other.txt", &other));

    let made = node.refused(&["keys", "new", "--config", "age.yaml"]);
    assert!(made.contains("age-keygen -o"), "{made}");
    let mixed = node.refused(&[
        "keys",
        "move",
        "--config",
        "mixed.yaml",
        "--from",
        "file.yaml",
        "--by",
        "Basma",
    ]);
    assert!(mixed.contains("does not open what is sealed for"), "{mixed}");
    node.good(&[
        "keys",
        "move",
        "--config",
        "age.yaml",
        "--from",
        "file.yaml",
        "--by",
        "Basma",
    ]);
    assert_eq!(
        node.wrappers("age.yaml"),
        [format!("age:{mine}"), format!("age:{mine}")]
    );
    node.good(&["keys", "rotate", "--config", "age.yaml", "--by", "Basma"]);
    let other = node.refused(&["keys", "rotate", "--config", "other.yaml", "--by", "Basma"]);
    assert!(
        other.contains(&format!("was wrapped with the key `age:{mine}`")),
        "{other}"
    );
}

// What is wrong with a token is told with its place and remedy, and never with the PIN.
#[test]
fn a_token_that_cannot_be_used_is_told_and_its_pin_is_not() {
    let node = Node::new();
    let rotate = |name: &str| node.refused(&["keys", "rotate", "--config", name, "--by", "Aisha"]);
    for (name, part, value, expected) in [
        (
            "module.yaml",
            "module",
            "/nowhere/libhsm.so",
            "can't load the PKCS #11 library /nowhere/libhsm.so",
        ),
        ("relative.yaml", "module", "libhsm.so", "has to be absolute"),
        (
            "label.yaml",
            "token",
            "elsewhere",
            "there is no token `elsewhere`",
        ),
        ("pin.yaml", "pin", "nowhere.pin", "nowhere.pin"),
        ("wrong.yaml", "pin", "wrong.pin", "does not accept the PIN in"),
        ("open.yaml", "pin", "open.pin", "chmod 400"),
    ] {
        let mut keys = node.token();
        keys[part] = value.into();
        node.write_config(name, &json!({ "pkcs11": keys }));
        node.write("wrong.pin", "9999\n", 0o400);
        node.write("open.pin", PIN, 0o644);
        let said = rotate(name);
        assert!(said.contains(expected), "{name}: {said}");
        assert!(!said.contains(PIN) && !said.contains("9999"), "{name}: {said}");
    }
}

/// The folder of a node that does not run, with a token of its own.
struct Node {
    folder: tempfile::TempDir,
}

impl Node {
    fn new() -> Self {
        let node = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let tokens = node.path("tokens");
        fs::create_dir(&tokens).unwrap();
        node.write(
            "softhsm.conf",
            &format!(
                "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
                tokens.display()
            ),
            0o600,
        );
        node.write("token.pin", &format!("{PIN}\n"), 0o400);
        let made = Command::new("softhsm2-util")
            .args([
                "--init-token",
                "--free",
                "--label",
                "midflow",
                "--so-pin",
                "so-secret",
                "--pin",
                PIN,
            ])
            .env("SOFTHSM2_CONF", node.path("softhsm.conf"))
            .output()
            .expect("softhsm2-util is there: `make system` installs softhsm2");
        assert!(made.status.success(), "{}", said(&made));
        node.write_config("file.yaml", &json!({ "file": "midflow.key" }));
        node.write_config("token.yaml", &json!({ "pkcs11": node.token() }));
        node
    }

    fn token(&self) -> Value {
        json!({ "module": softhsm(), "token": "midflow", "key": "ring", "pin": "token.pin" })
    }

    /// Makes an age identity; gives its public key.
    fn identity(&self, name: &str) -> String {
        let made = Command::new("age-keygen")
            .arg("-o")
            .arg(self.path(name))
            .output()
            .expect("age-keygen is there: `make system` installs age");
        assert!(made.status.success(), "{}", said(&made));
        let text = fs::read_to_string(self.path(name)).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("# public key: "));
        line.unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.path(name);
        if !path.exists() {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    fn write_config(&self, name: &str, keys: &Value) {
        let store = json!({ "sqlite": "store/midflow.db" });
        fs::create_dir_all(self.path("store")).unwrap();
        config::write(self.folder.path(), name, &config::of_node_at_rest(&store, keys));
    }

    fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        said(&output)
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        said(&output)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_midflow"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("SOFTHSM2_CONF", self.path("softhsm.conf"))
            .output()
            .unwrap()
    }

    fn wrappers(&self, config: &str) -> Vec<String> {
        let listed = self.good(&["keys", "list", "--format", "json", "--config", config]);
        let rows: Vec<Value> = serde_json::from_str(&listed).unwrap();
        rows.iter()
            .map(|row| row["wrapper"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Where Debian puts the library.
fn softhsm() -> PathBuf {
    let places = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/pkcs11/libsofthsm2.so",
    ];
    let found = places.iter().map(Path::new).find(|path| path.is_file());
    found
        .expect("SoftHSM is there: `make system` installs softhsm2")
        .to_path_buf()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

const PIN: &str = "token-pin-4711";
