use std::fs;
use std::path::Path;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::Value;
use serde_json::json;

use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::evidence::read_key;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use crate::audit::Receipt as Read;
use crate::audit::anchored;
use crate::audit::evidence::verify;
use crate::audit::log::Checkpoint;
use crate::audit::log::VerifierKey;
use crate::engine::log::Anchor as _;
use crate::engine::log::AnchorFolder;

/// `midflow receipt`: what an e-service was promised of an outcome.
#[derive(Debug, clap::Args)]
pub(crate) struct Receipt {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Verify a receipt; it needs nothing of the node
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// The file with the receipt, or with the answer or the notice that it came in; `-` is the standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The public key of the provider's log, or the file that holds it: without it only the parts are compared with each
    /// other
    #[arg(long, value_name = "KEY|FILE")]
    key: Option<String>,

    /// The evidence of the flow: shows that the record which was promised is in the log
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,

    /// A folder of checkpoints outside of the provider's reach, to be compared with the evidence; may be given more than
    /// once
    #[arg(long, value_name = "DIR", requires = "evidence")]
    anchor: Vec<PathBuf>,
}

/// What came of it.
struct Verdict {
    receipt: Read,
    key: Option<VerifierKey>,
    /// The head of the log that the record was proved against, and how many checkpoints from outside agree.
    proved: Option<(Checkpoint, usize)>,
    problems: Vec<String>,
}

impl Receipt {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let Action::Verify(verify) = &self.action;
        let verdict = verify.judge()?;
        output::print(&match common.format {
            Format::Json => verdict.told(verify.key.is_some()).to_string(),
            Format::Text => verdict.in_words(verify.key.is_some()),
        });
        Ok(if verdict.problems.is_empty() {
            Ending::Good
        } else {
            Ending::Problems
        })
    }
}

impl Verify {
    fn judge(&self) -> Result<Verdict, Failure> {
        let text = self.text()?;
        let trusted = self.key.as_deref().map(read_key).transpose()?;
        let receipt = Read::parse(&text).map_err(Failure::new)?;
        let mut verdict = Verdict {
            receipt,
            key: None,
            proved: None,
            problems: Vec::new(),
        };
        match verdict.receipt.verify(trusted.as_ref()) {
            Ok(key) => verdict.key = Some(key),
            Err(error) => verdict.problems.push(error.to_string()),
        }
        if let (Some(path), Some(key)) = (&self.evidence, verdict.key.clone()) {
            let archive = read(path)?;
            let evidence = verify(&archive, Some(&key));
            let bad = evidence.problems.iter().map(|why| format!("the evidence: {why}"));
            verdict.problems.extend(bad);
            if let (true, Some(head)) = (evidence.is_good(), evidence.checkpoint.clone()) {
                verdict.problems.extend(verdict.receipt.contradictions(&evidence));
                self.compare(&mut verdict, head, &key)?;
            }
        }
        Ok(verdict)
    }

    fn compare(&self, verdict: &mut Verdict, head: Checkpoint, key: &VerifierKey) -> Result<(), Failure> {
        let outside = runtime()?.block_on(outside(&self.anchor, key))?;
        match anchored(&head, &outside) {
            Ok(0) if !self.anchor.is_empty() => verdict.problems.push(format!(
                "no anchor that was named has a checkpoint of {} records, so none says anything of this evidence; export it \
                 anew, once the anchor has a newer one",
                head.size
            )),
            Ok(agree) => verdict.proved = Some((head, agree)),
            Err(why) => verdict.problems.push(why),
        }
        Ok(())
    }

    /// The receipt alone, or as the member of what it came in.
    fn text(&self) -> Result<String, Failure> {
        let bytes = if self.file == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes)
                .map_err(|error| Failure::new(format!("can't read the standard input: {error}")))?;
            bytes
        } else {
            read(&self.file)?
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::new(format!("{} is no text", self.file.display())))?;
        if !text.trim_start().starts_with('{') {
            return Ok(text);
        }
        let answer: Value = serde_json::from_str(&text)
            .map_err(|error| Failure::new(format!("{} is no JSON: {error}", self.file.display())))?;
        let found = answer["receipt"].as_str();
        found.map(str::to_owned).ok_or_else(|| {
            Failure::new(format!("{} has no member `receipt`", self.file.display())).remedy(
                "give the answer of `GET /v1/flows/{flow}` once it has ended, or the notice of the outcome",
            )
        })
    }
}

impl Verdict {
    fn told(&self, key_compared: bool) -> Value {
        json!({
            "good": self.problems.is_empty(),
            "promise": self.receipt.promise,
            "key": self.key.as_ref().map(ToString::to_string),
            "key_compared": key_compared,
            "in_log": self.proved.is_some() && self.problems.is_empty(),
            "size": self.proved.as_ref().map(|(head, _)| head.size),
            "anchors": self.proved.as_ref().map(|(_, agree)| *agree),
            "problems": self.problems,
        })
    }

    fn in_words(&self, key_compared: bool) -> String {
        if !self.problems.is_empty() {
            let lines = self.problems.iter().map(|why| format!("not good: {why}"));
            return lines.collect::<Vec<_>>().join("\n");
        }
        let promise = &self.receipt.promise;
        let compare = if key_compared {
            ""
        } else {
            "   (compare it with the key that the provider publishes, or name it with --key)"
        };
        let log = match &self.proved {
            None => {
                "log:  not looked at; the evidence of the flow shows that the log kept it: --evidence FILE"
                    .to_owned()
            }
            Some((head, agree)) => {
                let outside = match agree {
                    0 => "no anchor was named".to_owned(),
                    count => format!("{count} checkpoints outside agree"),
                };
                format!(
                    "log:  the record that was promised is among the first {}; {outside}",
                    head.size
                )
            }
        };
        format!(
            "good: flow {} ended as {} at {}\nkey:  {}{compare}\n{log}",
            promise.flow,
            promise.outcome.code(),
            promise.ended_at,
            promise.log
        )
    }
}

/// Every checkpoint of the log in these folders.
async fn outside(folders: &[PathBuf], key: &VerifierKey) -> Result<Vec<(String, Checkpoint)>, Failure> {
    let mut found = Vec::new();
    for folder in folders {
        for promise in AnchorFolder::new(folder).all(key).await.map_err(Failure::new)? {
            if let Ok((checkpoint, _)) = Checkpoint::open(&promise.note, key) {
                found.push((promise.place, checkpoint));
            }
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::new(format!("can't read {}: {error}", path.display())))
}
