use std::collections::BTreeMap;

use super::Cassette;
use super::MessageKind;
use super::sample::SampleError;
use super::sample::sample;
use super::shape::Shape;
use crate::sandbox::SandboxOptions;
use crate::words::Capability;

/// One way in which recorded messages differ from the sandbox's.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// What was asked of the authority.
    pub capability: Capability,
    /// Which messages.
    pub message: MessageKind,
    /// The member, as a path.
    pub member: String,
    /// How it differs.
    #[serde(flatten)]
    pub kind: DifferenceKind,
}

/// How a member differs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "differs")]
pub enum DifferenceKind {
    /// The sandbox has no such member.
    UnknownMember {
        /// What its values look like.
        formats: Vec<&'static str>,
    },
    /// The sandbox always has it, and the recording never.
    MissingMember,
    /// Its values look different.
    Format {
        /// In the recording.
        recorded: Vec<&'static str>,
        /// In the sandbox.
        sandbox: Vec<&'static str>,
    },
    /// A code that the sandbox never gives.
    UnknownCode {
        /// The code.
        code: String,
    },
    /// The sandbox knows no messages of this kind for this capability.
    UnknownMessage,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (capability, message, member) = (self.capability, self.message.as_str(), &self.member);
        write!(out, "{capability} {message} {member}: ")?;
        match &self.kind {
            DifferenceKind::UnknownMember { formats } => {
                write!(
                    out,
                    "a member that the sandbox does not have ({})",
                    formats.join(" or ")
                )
            }
            DifferenceKind::MissingMember => {
                out.write_str("the sandbox always has it, and the recording never")
            }
            DifferenceKind::Format { recorded, sandbox } => {
                let (recorded, sandbox) = (recorded.join(" or "), sandbox.join(" or "));
                write!(out, "recorded as {recorded}; in the sandbox it is {sandbox}")
            }
            DifferenceKind::UnknownCode { code } => {
                write!(out, "the code `{code}`, which the sandbox never gives")
            }
            DifferenceKind::UnknownMessage => out.write_str("the sandbox sends none of these"),
        }
    }
}

/// Compares what was recorded with what the sandbox says in its place; names each difference once. `options` says how the
/// sandbox is set up, its keys above all.
///
/// # Errors
/// When the sandbox can't be set up.
pub fn drift(cassette: &Cassette, options: SandboxOptions) -> Result<Vec<Difference>, SampleError> {
    let mut recorded: BTreeMap<(Capability, MessageKind), Shape> = BTreeMap::new();
    for message in &cassette.messages {
        // What we send ourselves is in our own hands.
        let said = (message.kind != MessageKind::Request).then(|| message.tree());
        if let Some(tree) = said.flatten() {
            recorded
                .entry((message.capability, message.kind))
                .or_default()
                .add(&tree);
        }
    }
    let known = sample(options)?;
    let mut found = Vec::new();
    for ((capability, message), shape) in &recorded {
        let mut tell = |member: &str, kind| {
            found.push(Difference {
                capability: *capability,
                message: *message,
                member: member.to_owned(),
                kind,
            });
        };
        match known.get(&(*capability, *message)) {
            Some(sandbox) => compare(shape, sandbox, &mut tell),
            None => tell("", DifferenceKind::UnknownMessage),
        }
    }
    Ok(found)
}

fn compare(recorded: &Shape, sandbox: &Shape, tell: &mut impl FnMut(&str, DifferenceKind)) {
    for (path, member) in &recorded.members {
        let Some(known) = sandbox.members.get(path) else {
            // Of a whole branch that nobody knows, its root is enough.
            let root = path
                .rsplit_once('/')
                .is_some_and(|(above, _)| above.is_empty() || sandbox.members.contains_key(above));
            if root {
                let formats = member.formats.iter().copied().collect();
                tell(path, DifferenceKind::UnknownMember { formats });
            }
            continue;
        };
        let other = member.formats.difference(&known.formats).next().is_some();
        if other && !known.formats.is_empty() {
            tell(
                path,
                DifferenceKind::Format {
                    recorded: member.formats.iter().copied().collect(),
                    sandbox: known.formats.iter().copied().collect(),
                },
            );
        }
        for code in member.codes.difference(&known.codes) {
            tell(path, DifferenceKind::UnknownCode { code: code.clone() });
        }
    }
    for (path, known) in &sandbox.members {
        let always = known.seen == sandbox.messages;
        if always && !recorded.members.contains_key(path) {
            tell(path, DifferenceKind::MissingMember);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::sandbox::StampAlgorithm;
    use crate::sandbox::cassette::Found;
    use crate::sandbox::cassette::Message;
    use crate::sandbox::cassette::Recorder;
    use crate::sandbox::cassette::ReplySeen;
    use crate::sandbox::cassette::StandIns;
    use crate::sandbox::cassette::sample::messages;

    fn options(folder: &std::path::Path) -> SandboxOptions {
        let mut options = SandboxOptions::new(folder);
        options.stamp = StampAlgorithm::EcdsaP256;
        options
    }

    /// What the sandbox itself says, recorded like a real authority's.
    fn recorded(folder: &std::path::Path) -> Cassette {
        let mut recorder = Recorder::new(None, StandIns::new([3; 32]));
        let at = options(folder).clock.now();
        for (capability, kind, bytes) in messages(options(folder)).unwrap() {
            match kind {
                MessageKind::Request => {
                    recorder.flow(capability);
                    recorder.request(at, "asked", &bytes);
                }
                MessageKind::Reply => recorder.reply(
                    at,
                    &ReplySeen {
                        bytes: Some(&bytes),
                        ..ReplySeen::default()
                    },
                ),
                MessageKind::Callback => recorder.callback(at, false, Found::default(), &bytes),
            }
        }
        recorder.finish()
    }

    fn change(message: &mut Message, how: impl Fn(&mut Value)) {
        let mut tree = message.tree().unwrap();
        how(&mut tree);
        message.body = Some(tree.to_string());
    }

    // F88: a recording of the sandbox does not differ from the sandbox, whatever its stand-ins are, and is read back.
    #[test]
    fn the_sandbox_does_not_differ_from_itself() {
        let folder = tempfile::tempdir().unwrap();
        let cassette = recorded(folder.path());
        assert!(cassette.messages.len() > 20);
        let read = Cassette::parse(&cassette.to_text()).unwrap();
        assert_eq!(read, cassette);
        let found = drift(&read, options(folder.path())).unwrap();
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{told:#?}");
    }

    // Each recording of a node showed a difference that was none: the authority only gives back what the node had written.
    #[test]
    fn what_the_authority_gives_back_is_as_nodes_write_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut cassette = recorded(folder.path());
        let callbacks = cassette.messages.iter_mut();
        for callback in callbacks.filter(|message| message.kind == MessageKind::Callback) {
            change(callback, |tree| {
                let given_back = &mut tree["MIDAuthSignResponse"]["RequestDetails"]["AdditionalData"];
                *given_back = json!("b99cd495-0ba4-4ef9-9826-d245cc09275f");
            });
        }
        assert!(drift(&cassette, options(folder.path())).unwrap().is_empty());
    }

    // F54: a new member, a member that is gone, another format, a new code: each is named, and nothing else.
    #[test]
    fn each_difference_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut cassette = recorded(folder.path());
        for message in &mut cassette.messages {
            let callback =
                (message.capability, message.kind) == (Capability::AuthPush, MessageKind::Callback);
            if !callback {
                continue;
            }
            change(message, |tree| {
                let answer = &mut tree["MIDAuthSignResponse"];
                answer["ResultDetails"]["DeviceModel"] = json!({ "maker": "x", "year": 2026 });
                answer["ResultDetails"]["TransactionDate"] = json!("2099-12-31T12:00:00+03:00");
                answer["ResultDetails"]["ResultCode"] = json!("9");
                if let Some(request) = answer["RequestDetails"].as_object_mut() {
                    request.remove("Challenge");
                }
            });
        }
        let found = drift(&cassette, options(folder.path())).unwrap();
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "auth_push callback /MIDAuthSignResponse/ResultDetails/DeviceModel: a member that the sandbox does not have \
                 (object)",
                "auth_push callback /MIDAuthSignResponse/ResultDetails/ResultCode: the code `9`, which the sandbox never \
                 gives",
                "auth_push callback /MIDAuthSignResponse/ResultDetails/TransactionDate: recorded as moment with a zone; in \
                 the sandbox it is moment without a zone",
                "auth_push callback /MIDAuthSignResponse/RequestDetails/Challenge: the sandbox always has it, and the \
                 recording never",
            ]
        );
    }
}
