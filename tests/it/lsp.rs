//! `midflow lsp` as an editor speaks with it: a real process, over standard input and output.

use std::fs;
use std::io::BufReader;
use std::io::Write as _;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::support::policy_folder::copy_of_the_policies;

/// An editor with one folder.
struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    requests: i64,
    version: i32,
    folder: tempfile::TempDir,
    capabilities: Value,
}

/// Longer than anything takes on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

const SERVICE: &str = "policies/services/licence-renewal.yaml";
const SCRIPT: &str = "scripts/licence-renewal.rhai";
const TESTS: &str = "policies/services/licence-renewal.test.yaml";

impl Editor {
    /// Starts the server on a copy of the served policies.
    fn start(encodings: &[&str]) -> Self {
        Self::start_in(copy_of_the_policies(), encodings)
    }

    fn start_in(folder: tempfile::TempDir, encodings: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_midflow"))
            .arg("lsp")
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (sender, messages) = mpsc::channel();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut editor = Self {
            input: child.stdin.take(),
            child,
            messages,
            requests: 0,
            version: 1,
            folder,
            capabilities: Value::Null,
        };
        let root = editor.uri("");
        let answer = editor.ask(
            "initialize",
            &json!({
                "processId": null,
                "rootUri": root.trim_end_matches('/'),
                "capabilities": {
                    "general": { "positionEncodings": encodings },
                    "workspace": { "workspaceEdit": { "documentChanges": true } },
                    "textDocument": { "documentSymbol": { "hierarchicalDocumentSymbolSupport": true } },
                },
            }),
        );
        editor.capabilities = answer["result"]["capabilities"].clone();
        editor.tell("initialized", &json!({}));
        editor
    }

    fn uri(&self, file: &str) -> String {
        format!("file://{}", self.folder.path().join(file).display())
    }

    fn on_disk(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.send_raw(&format!("Content-Length: {}\r\n\r\n{text}", text.len()));
    }

    fn send_raw(&mut self, bytes: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request and waits for its answer; what else comes meanwhile is passed over.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.until(|message| message["id"] == id && message.get("method").is_none())
    }

    fn until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let message = self.messages.recv_timeout(left).expect("the server answers");
            if wanted(&message) {
                return message;
            }
        }
    }

    /// Waits until what is wrong with a file is as wanted.
    fn faults(&self, file: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let uri = self.uri(file);
        let message = self.until(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri.as_str()
                && wanted(message["params"]["diagnostics"].as_array().unwrap())
        });
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    fn open(&mut self, file: &str, text: &str) {
        let uri = self.uri(file);
        self.tell(
            "textDocument/didOpen",
            &json!({ "textDocument": { "uri": uri, "languageId": "x", "version": 1, "text": text } }),
        );
    }

    /// Changes the whole text of an open file.
    fn write(&mut self, file: &str, text: &str) {
        self.change(file, &json!([{ "text": text }]));
    }

    fn change(&mut self, file: &str, changes: &Value) {
        self.version += 1;
        let uri = self.uri(file);
        let version = self.version;
        self.tell(
            "textDocument/didChange",
            &json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": changes }),
        );
    }

    fn at(&self, file: &str, place: &Value) -> Value {
        json!({ "textDocument": { "uri": self.uri(file) }, "position": place })
    }

    fn goes_to(&mut self, file: &str, place: &Value) -> Vec<(String, u64)> {
        let params = self.at(file, place);
        let answer = self.ask("textDocument/definition", &params);
        let root = self.uri("");
        let places = answer["result"].as_array().unwrap();
        places
            .iter()
            .map(|place| {
                let uri = place["uri"].as_str().unwrap();
                let line = place["range"]["start"]["line"].as_u64().unwrap();
                (uri.strip_prefix(&root).unwrap().to_owned(), line)
            })
            .collect()
    }

    /// Says goodbye; the exit code.
    fn stop(mut self) -> Option<i32> {
        assert_eq!(self.ask("shutdown", &Value::Null)["result"], Value::Null);
        self.tell("exit", &Value::Null);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(output: &mut impl std::io::BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// Where a word of a text begins, in units of UTF-16.
fn place(text: &str, word: &str) -> Value {
    let byte = text.find(word).unwrap_or_else(|| panic!("{word}"));
    let before = &text[..byte];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |last| last + 1);
    json!({ "line": line, "character": before[start..].encode_utf16().count() })
}

/// A text after the edits that an answer brings, in units of UTF-16.
fn edited(text: &str, edits: &[Value]) -> String {
    let byte = |place: &Value| {
        let line = usize::try_from(place["line"].as_u64().unwrap()).unwrap();
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = place["character"].as_u64().unwrap();
        let rest = text[start..].char_indices();
        let mut at = start;
        for (byte, letter) in rest {
            at = start + byte;
            if units == 0 {
                break;
            }
            units -= u64::try_from(letter.len_utf16()).unwrap();
        }
        at
    };
    let mut all: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            (
                byte(&range["start"]),
                byte(&range["end"]),
                edit["newText"].as_str().unwrap(),
            )
        })
        .collect();
    all.sort_unstable_by_key(|(start, ..)| std::cmp::Reverse(*start));
    let mut out = text.to_owned();
    for (start, end, new) in all {
        out.replace_range(start..end, new);
    }
    out
}

fn code_of(fault: &Value) -> &str {
    fault["code"].as_str().unwrap()
}

#[test]
fn a_mistake_is_told_mended_by_its_quick_fix_and_gone() {
    let mut editor = Editor::start(&["utf-16"]);
    assert_eq!(editor.capabilities["positionEncoding"], "utf-16");
    let good = editor.on_disk(SERVICE);
    editor.open(SERVICE, &good);
    // Typed, letter by letter as editors tell it, and not saved.
    let mut at = place(&good, "sensitivity: normal");
    at["character"] = json!(8);
    let end = json!({ "line": at["line"], "character": 9 });
    editor.change(
        SERVICE,
        &json!([{ "range": { "start": at, "end": end }, "text": "" }]),
    );
    let bad = good.replacen("sensitivity: normal", "sensitivty: normal", 1);
    let faults = editor.faults(SERVICE, |faults| {
        faults.iter().any(|fault| code_of(fault) == "E0009")
    });
    let fault = faults.iter().find(|fault| code_of(fault) == "E0009").unwrap();
    assert_eq!(fault["range"]["start"], place(&bad, "sensitivty"));
    assert_eq!(fault["severity"], 1);
    assert!(
        fault["message"].as_str().unwrap().contains("sensitivity"),
        "{fault}"
    );
    let uri = editor.uri(SERVICE);
    let answer = editor.ask("textDocument/codeAction", &json!({ "textDocument": { "uri": uri }, "range": fault["range"], "context": { "diagnostics": [fault] } }),
    );
    let action = &answer["result"][0];
    assert_eq!(action["isPreferred"], true, "{answer}");
    let change = &action["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"]["uri"], uri.as_str());
    let mended = edited(&bad, change["edits"].as_array().unwrap());
    assert_eq!(mended, good);
    editor.write(SERVICE, &mended);
    editor.faults(SERVICE, <[Value]>::is_empty);
    assert_eq!(editor.on_disk(SERVICE), good, "nothing was written");
    assert_eq!(editor.stop(), Some(0));
}

// A change in one file is a mistake in another, whether or not that one is open.
#[test]
fn files_are_checked_together() {
    let mut editor = Editor::start(&[]);
    let service = editor.on_disk(SERVICE);
    editor.open(SERVICE, &service);
    editor.write(SERVICE, &service.replacen("  age_over_18:", "  age_over_21:", 1));
    let faults = editor.faults(SCRIPT, |faults| !faults.is_empty());
    assert_eq!(code_of(&faults[0]), "E3006", "{faults:?}");
    editor.write(SERVICE, &service);
    editor.faults(SCRIPT, <[Value]>::is_empty);
    // The other way round: the script of an unsaved buffer, and what names it.
    editor.write(
        SERVICE,
        &service.replacen("script: licence-renewal.rhai", "script: licence-renewl.rhai", 1),
    );
    let faults = editor.faults(SERVICE, |faults| {
        faults.iter().any(|fault| code_of(fault) == "E3012")
    });
    assert!(!faults.is_empty());
    editor.open("scripts/licence-renewl.rhai", "fn plan(flow) { }\n");
    editor.faults(SERVICE, |faults| {
        faults.iter().all(|fault| code_of(fault) != "E3012")
    });
    // Test files too.
    editor.write(SERVICE, &service);
    let tests = editor.on_disk(TESTS);
    editor.open(TESTS, &tests);
    editor.write(TESTS, &tests.replacen("answers: approved", "answers: aproved", 1));
    let faults = editor.faults(TESTS, |faults| !faults.is_empty());
    assert_eq!(code_of(&faults[0]), "E6002", "{faults:?}");
    editor.write(TESTS, &tests);
    editor.faults(TESTS, <[Value]>::is_empty);
    assert_eq!(editor.stop(), Some(0));
}

#[test]
fn completion_knows_the_place_in_an_arabic_line_that_does_not_parse() {
    let mut editor = Editor::start(&["utf-16"]);
    let good = editor.on_disk(SERVICE);
    let bad = good.replacen("رخصة القيادة رقم {licence}\"", "رخصة القيادة رقم {lic", 1);
    assert_ne!(bad, good);
    editor.open(SERVICE, &bad);
    let mut at = place(&bad, "رقم {lic");
    at["character"] = json!(at["character"].as_u64().unwrap() + 8);
    let params = editor.at(SERVICE, &at);
    let answer = editor.ask("textDocument/completion", &params);
    let items = answer["result"].as_array().unwrap();
    let labels: Vec<&str> = items.iter().map(|item| item["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["licence", "amount"]);
    let written = edited(&bad, std::slice::from_ref(&items[0]["textEdit"]));
    assert!(written.contains("رخصة القيادة رقم {licence}\n"), "{written}");
    assert_eq!(editor.stop(), Some(0));
}

#[test]
fn columns_are_bytes_where_both_sides_want_it() {
    let mut editor = Editor::start(&["utf-16", "utf-8"]);
    assert_eq!(editor.capabilities["positionEncoding"], "utf-8");
    let script = "fn approved(flow) {\n    let نص = \"\"; flow.person.x\n}\n".replace("نص", "a");
    let script = script.replace("\"\"", "\"تجديد\"");
    editor.open(SCRIPT, &script);
    let line = script.lines().nth(1).unwrap();
    let params = editor.at(SCRIPT, &json!({ "line": 1, "character": line.len() }));
    let answer = editor.ask("textDocument/completion", &params);
    let items = answer["result"].as_array().unwrap();
    assert!(
        items.iter().any(|item| item["label"] == "age_over_18"),
        "{answer}"
    );
    let start = &items[0]["textEdit"]["range"]["start"]["character"];
    assert_eq!(*start, json!(line.len() - 1));
    assert_eq!(editor.stop(), Some(0));
}

#[test]
fn hover_and_definition_join_services_scripts_and_tests() {
    let mut editor = Editor::start(&["utf-16"]);
    let (service, script, tests) = (
        editor.on_disk(SERVICE),
        editor.on_disk(SCRIPT),
        editor.on_disk(TESTS),
    );
    let hover = |editor: &mut Editor, file: &str, place: &Value| {
        let params = editor.at(file, place);
        let answer = editor.ask("textDocument/hover", &params);
        answer["result"]["contents"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    // Nothing is open: what is on disk will do.
    let about = hover(&mut editor, SERVICE, &place(&service, "audience:"));
    assert!(about.contains("R000-"), "{about}");
    let about = hover(&mut editor, SCRIPT, &place(&script, "age_over_18"));
    assert!(about.contains("not renewed for anyone under eighteen"), "{about}");
    let about = hover(&mut editor, SCRIPT, &place(&script, "tighten(#{"));
    assert!(about.contains("Asking for less certainty"), "{about}");

    let line = |text: &str, word: &str| place(text, word)["line"].as_u64().unwrap();
    assert_eq!(
        editor.goes_to(SERVICE, &place(&service, "licence-renewal.rhai")),
        [(SCRIPT.to_owned(), 0)]
    );
    assert_eq!(
        editor.goes_to(SERVICE, &place(&service, "approved:")),
        [(SCRIPT.to_owned(), line(&script, "fn approved"))]
    );
    let hook = place(&script, "approved(flow)");
    assert_eq!(
        editor.goes_to(SCRIPT, &hook),
        [(SERVICE.to_owned(), line(&service, "  approved:"))]
    );
    assert_eq!(
        editor.goes_to(SCRIPT, &place(&script, "age_over_18")),
        [(SERVICE.to_owned(), line(&service, "  age_over_18:"))]
    );
    assert_eq!(
        editor.goes_to(
            "scripts/sim-replacement.rhai",
            &json!({ "line": 2, "character": 10 })
        ),
        [("scripts/lib/hours.rhai".to_owned(), 0)]
    );
    assert_eq!(editor.goes_to(TESTS, &place(&tests, "tests:"))[0].0, SERVICE);
    assert_eq!(editor.stop(), Some(0));
}

#[test]
fn outlines_and_the_usual_form_are_given() {
    let mut editor = Editor::start(&[]);
    let service = editor.on_disk(SERVICE);
    let loose = service.replacen("channels: [web, mobile_web]", "channels:   [web,mobile_web]", 1);
    editor.open(SERVICE, &loose);
    let uri = editor.uri(SERVICE);
    let answer = editor.ask(
        "textDocument/documentSymbol",
        &json!({ "textDocument": { "uri": uri } }),
    );
    let names: Vec<&str> = answer["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|symbol| symbol["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"fields") && names.contains(&"outcomes"),
        "{names:?}"
    );
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let answer = editor.ask(
        "textDocument/formatting",
        &json!({ "textDocument": { "uri": uri }, "options": options }),
    );
    let formatted = edited(&loose, answer["result"].as_array().unwrap());
    assert!(formatted.contains("[web, mobile_web]"), "{answer}");
    assert_eq!(editor.stop(), Some(0));
}

// Whatever an editor sends, the server answers or passes over it, and goes on.
#[test]
fn what_is_wrong_or_foreign_ends_nothing() {
    let mut editor = Editor::start(&[]);
    let error = |answer: &Value| answer["error"]["code"].as_i64();
    let answer = editor.ask("no/such/method", &json!({}));
    assert_eq!(error(&answer), Some(-32601));
    let answer = editor.ask("textDocument/hover", &json!({ "textDocument": 7 }));
    assert_eq!(error(&answer), Some(-32602));
    let answer = editor.ask("initialize", &json!({ "capabilities": {} }));
    assert_eq!(error(&answer), Some(-32600));
    editor.send_raw("Content-Length: 9\r\n\r\n{not json");
    let answer = editor.until(|message| message["error"]["code"] == -32700);
    assert_eq!(answer["id"], Value::Null);
    editor.send_raw("Content-Length: 6\r\n\r\n[1, 2]");
    editor.until(|message| message["error"]["code"] == -32600);
    // A file that was never opened, one outside of the folder, one that is no file.
    editor.change("policies/services/never.yaml", &json!([{ "text": "x" }]));
    for uri in ["file:///etc/passwd", "untitled:Untitled-1", "file:///%zz"] {
        let answer = editor.ask(
            "textDocument/hover",
            &json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 0 } }),
        );
        assert!(
            answer.get("result") == Some(&Value::Null) || error(&answer) == Some(-32602),
            "{answer}"
        );
    }
    // Places that are none, and a file that is far too large.
    let huge = "x: 1\n".repeat(400_000);
    editor.open(SERVICE, &huge);
    let faults = editor.faults(SERVICE, |faults| !faults.is_empty());
    assert_eq!(code_of(&faults[0]), "E0005", "{faults:?}");
    editor.write(SERVICE, "a: {");
    let params = editor.at(SERVICE, &json!({ "line": 99, "character": 4_000_000_000_u32 }));
    let answer = editor.ask("textDocument/completion", &params);
    assert!(answer["result"].is_array(), "{answer}");
    let answer = editor.ask("shutdown", &Value::Null);
    assert_eq!(answer["result"], Value::Null);
    let answer = editor.ask("textDocument/hover", &json!({}));
    assert_eq!(error(&answer), Some(-32600), "after the shutdown nothing is done");
    editor.tell("exit", &Value::Null);
    assert_eq!(editor.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_client_that_dies_ends_the_server() {
    let mut editor = Editor::start(&[]);
    editor.open(SERVICE, "midflow: 1\n");
    editor.input = None;
    assert_eq!(editor.child.wait().unwrap().code(), Some(1));
    // Without a goodbye the end is no good one.
    let mut editor = Editor::start(&[]);
    editor.tell("exit", &Value::Null);
    assert_eq!(editor.child.wait().unwrap().code(), Some(1));
}

/// Two hundred services in an open folder: how long an edit takes until its mistake is told.
#[test]
fn an_edit_among_two_hundred_services_is_told_at_once() {
    let folder = copy_of_the_policies();
    let original = fs::read_to_string(folder.path().join(SERVICE)).unwrap();
    let tests = fs::read_to_string(folder.path().join(TESTS)).unwrap();
    for number in 0..200 {
        let named = |text: &str| text.replace("licence-renewal\n", &format!("copy-{number}\n"));
        let service = named(&original.replace("service: licence-renewal ", "service: licence-renewal\n#"));
        let path = folder.path().join(format!("policies/services/copy-{number}"));
        fs::write(path.with_extension("yaml"), service).unwrap();
        fs::write(path.with_extension("test.yaml"), named(&tests)).unwrap();
    }
    let mut editor = Editor::start_in(folder, &[]);
    let file = "policies/services/copy-7.yaml";
    let good = editor.on_disk(file);
    editor.open(file, &good);
    let bad = good.replacen("sensitivity: normal", "sensitivity: nomral", 1);
    editor.write(file, &bad);
    editor.faults(file, |faults| !faults.is_empty());
    let mut slowest = Duration::ZERO;
    for _ in 0..5 {
        let begun = Instant::now();
        editor.write(file, &good);
        editor.faults(file, <[Value]>::is_empty);
        slowest = slowest.max(begun.elapsed());
        let begun = Instant::now();
        editor.write(file, &bad);
        editor.faults(file, |faults| !faults.is_empty());
        slowest = slowest.max(begun.elapsed());
    }
    println!(
        "an edit among 200 services and their tests was told within {slowest:?}, 60 ms of pause included"
    );
    // Far above what it takes, so that a busy machine does not fail it; a load of everything takes longer still.
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert_eq!(editor.stop(), Some(0));
}
