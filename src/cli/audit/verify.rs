use super::node::Which;
use super::node::log_of;
use crate::cli::arguments::Common;
use crate::cli::arguments::Format;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::sealing::sealed;
use crate::engine::log::Contents;
use crate::engine::log::Verification;
use crate::engine::log::verify;
use crate::store::Store as _;

/// `midflow audit verify`: derives the whole log again, beside a node that runs or on a copy.
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    which: Which,
}

impl Verify {
    pub(super) async fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let log = self.which.find(common)?;
        let promises = log.promises().await?;
        let store = log.store.open_to_read().await?;
        let verified = match &log.place {
            Some(place) => {
                let store = sealed(store, &place.keys, place.environment).await?;
                let verified = verify(&store, &log.key, promises, Contents::Open).await;
                store.close().await;
                verified
            }
            None => {
                let verified = verify(log_of(store.as_ref())?, &log.key, promises, Contents::Sealed).await;
                store.close().await;
                verified
            }
        };
        let verified = verified.map_err(Failure::new)?;
        match common.format {
            Format::Json => output::print(&serde_json::to_string_pretty(&verified).unwrap_or_default()),
            Format::Text => output::print(&in_words(&verified)),
        }
        Ok(if verified.is_clean() {
            Ending::Good
        } else {
            Ending::Problems
        })
    }
}

fn in_words(verified: &Verification) -> String {
    let mut lines = vec![
        format!("log          {}", verified.origin),
        format!("records      {}, each derived again from its row", verified.records),
        format!("root         {}", verified.root),
        format!("checkpoints  {} in the store", verified.checkpoints),
        match verified.anchored {
            0 => "outside      no checkpoint: who can write to the store and has the log's key could have rewritten all of it"
                .to_owned(),
            count => format!(
                "outside      {count}; the newest vouches for the first {} records",
                verified.anchored_records
            ),
        },
        format!("compared     {} other rows with what records say of them", verified.compared),
        String::new(),
    ];
    if verified.contents == Contents::Sealed {
        lines.insert(
            lines.len() - 1,
            "sealed       messages, ended flows and notices were not opened: the key is with the node"
                .to_owned(),
        );
    }
    if verified.is_clean() {
        lines.push("good: everything is as the log has promised it".to_owned());
    } else {
        lines.extend(
            verified
                .findings
                .iter()
                .map(|finding| format!("{}: {}", finding.place, finding.what)),
        );
        let shown = u64::try_from(verified.findings.len()).unwrap_or(u64::MAX);
        if shown < verified.problems {
            lines.push(format!("… and {} more", verified.problems - shown));
        }
        lines.push(format!("\n{} problems", verified.problems));
    }
    lines.join("\n")
}
