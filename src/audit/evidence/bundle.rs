use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::archive::Member;
use super::archive::pack;
use crate::audit::log::LogKey;
use crate::audit::log::Note;
use crate::words::Digest;
use crate::words::FlowId;

/// Puts the members of a flow's evidence into an archive: a manifest with the digest of each, a note over the manifest
/// signed by the key of the log, then the members in the order of their names. `None` if a name has no place in it.
pub fn seal(flow: FlowId, mut members: Vec<Member>, key: &LogKey) -> Option<Vec<u8>> {
    members.sort_by(|one, other| one.name.cmp(&other.name));
    let manifest = manifest(&flow.to_string(), &members);
    let note = Note::sign(note_text(&flow.to_string(), &manifest), key).to_string();
    let first = [(MANIFEST, manifest), (MANIFEST_NOTE, note)].map(|(name, text)| Member {
        name: name.to_owned(),
        bytes: text.into_bytes(),
    });
    pack(&[first.to_vec(), members].concat())
}

/// The name of a record's files in `log/`, without what says which of them.
pub fn record_stem(seq: u64) -> String {
    format!("log/{seq:012}")
}

/// What each member is, as JSON with the members in the order of their names.
pub(super) fn manifest(flow: &str, members: &[Member]) -> String {
    let sorted: BTreeMap<&str, &Member> = members
        .iter()
        .map(|member| (member.name.as_str(), member))
        .collect();
    let mut out = format!("{{\"flow\":\"{flow}\",\"format\":\"{FORMAT}\",\"members\":{{");
    for (index, (name, member)) in sorted.into_iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let digest = hex::encode(Digest::of(&member.bytes).as_bytes());
        let size = member.bytes.len();
        let _ = write!(
            out,
            "{comma}\"{name}\":{{\"sha256\":\"{digest}\",\"size\":{size}}}"
        );
    }
    out.push_str("}}\n");
    out
}

/// What is signed. It can't be taken for a checkpoint, whose second line is a number.
pub(super) fn note_text(flow: &str, manifest: &str) -> String {
    format!("{FORMAT}\n{flow}\n{}\n", Digest::of(manifest.as_bytes()))
}

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const MANIFEST_NOTE: &str = "manifest.note";
pub(super) const FORMAT: &str = "midflow-evidence-1";
