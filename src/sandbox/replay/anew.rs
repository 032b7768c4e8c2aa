use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::sandbox::callback::signed;
use crate::sandbox::cassette::CertificateFound;
use crate::sandbox::cassette::Found;
use crate::sandbox::cassette::JsonText;
use crate::sandbox::cassette::Piece;
use crate::sandbox::cassette::replaced;
use crate::sandbox::citizen::Citizen;
use crate::sandbox::citizen::Ending;
use crate::sandbox::conduct::Flaw;
use crate::sandbox::keys::CertificateKind;
use crate::sandbox::keys::Identity;
use crate::sandbox::state::State;
use crate::words::Assurance;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Purpose;
use crate::words::Text;

/// Makes the signatures of a recorded answer anew, with the sandbox's keys: what was believed then is believed again, and what
/// was not is left as it is, with stand-ins that nobody can believe.
pub(super) struct Anew<'a> {
    pub(super) state: &'a State,
    /// What the node had found of the recorded ones.
    pub(super) found: Found,
    /// What is to be signed in this run.
    pub(super) digest: Option<Digest>,
}

impl Anew<'_> {
    /// The answer with its person's certificate and signature, and its stamp, each over what it covers.
    pub(super) fn finish(&self, text: String) -> String {
        let text = self.by_person(text);
        self.stamped(text)
    }

    fn by_person(&self, text: String) -> String {
        let json = JsonText::read(&text);
        let result = json
            .root()
            .and_then(|root| json.member(root, ANSWER))
            .and_then(|answer| json.member(answer, "ResultDetails"));
        let Some(result) = result else { return text };
        let certificate = filled(&json, result, "UserCertificate");
        let approver = json
            .member(result, "UserCivilNo")
            .and_then(|piece| json.said(piece))
            .and_then(|number| CivilNo::parse(&number).ok());
        let (Some(certificate), Some(approver)) = (certificate, approver) else {
            return text;
        };
        let Some(identity) = self.identity(&approver) else {
            return text;
        };
        let mut changes = vec![(certificate, quoted(identity.certificate()))];
        let believed = self.found.signature != Some(false);
        if let (Some(digest), Some(span), true) =
            (self.digest, filled(&json, result, "SignatureData"), believed)
            && let Ok(signature) = signed(&identity, digest, Flaw::None)
        {
            changes.push((span, quoted(&signature)));
        }
        with(&text, changes)
    }

    /// The certificate of whoever approves, as it was found to be; `None` where it was none.
    fn identity(&self, approver: &CivilNo) -> Option<Arc<Identity>> {
        let keys = &self.state.keys;
        let number = approver.expose(Purpose::Compare);
        let own = self
            .state
            .citizen(number)
            .cloned()
            .unwrap_or_else(|| nobody(approver.clone()));
        let (holder, kind) = match self.found.certificate {
            Some(CertificateFound::Unreadable) => return None,
            Some(CertificateFound::Level(level)) => (own, CertificateKind::Valid(level)),
            Some(CertificateFound::Expired) => (own, CertificateKind::Expired),
            Some(CertificateFound::Revoked) => (own, CertificateKind::Revoked),
            Some(CertificateFound::Foreign) => (
                self.state.stranger_to(number)?.clone(),
                CertificateKind::Valid(Assurance::High),
            ),
            None => (own, CertificateKind::Valid(Assurance::High)),
        };
        let identity = keys.citizen(&holder, kind).ok()?;
        if kind == CertificateKind::Revoked {
            keys.revoke(&identity);
        }
        Some(identity)
    }

    fn stamped(&self, text: String) -> String {
        if self.found.stamp == Some(false) {
            return text;
        }
        let json = JsonText::read(&text);
        let Some(root) = json.root() else { return text };
        let changes = if let Some(answer) = json.member(root, ANSWER) {
            let covered = COVERED.map(|name| json.member(answer, name).map_or("", |piece| json.exact(piece)));
            let signature = json.member(answer, "Signature");
            signature.map(|of| {
                self.stamp(
                    &json,
                    of,
                    &covered.join("\n"),
                    ["SignatureData", "SigningCertificate"],
                )
            })
        } else {
            let data = json.member(root, "Data");
            data.and_then(|data| Some((data, json.member(data, "PersonIdentityData")?)))
                .map(|(data, identity)| {
                    // Where the data is written as a text, it is the text that is stamped.
                    let said = JsonText::is_text(identity).then(|| json.said(identity)).flatten();
                    let covered = said.unwrap_or_else(|| json.exact(identity).into());
                    self.stamp(&json, data, &covered, ["DataSignature", "DataSigningCertificate"])
                })
        };
        match changes {
            Some(changes) => with(&text, changes),
            None => text,
        }
    }

    /// The changes that put a stamp over `covered` into the two members of `of`, where they say something.
    fn stamp(
        &self,
        json: &JsonText<'_>,
        of: &Piece,
        covered: &str,
        names: [&str; 2],
    ) -> Vec<(Range<usize>, String)> {
        let signer = self.state.signers.stamp();
        let [signature, certificate] = names.map(|name| filled(json, of, name));
        let mut changes = Vec::new();
        if let (Some(span), Ok(made)) = (signature, signer.sign_bytes(covered.as_bytes())) {
            changes.push((span, quoted(&made)));
        }
        if let Some(span) = certificate {
            changes.push((span, format!("\"{}\"", signer.certificate())));
        }
        changes
    }
}

/// Where a member stands that holds a text.
fn filled(json: &JsonText<'_>, of: &Piece, name: &str) -> Option<Range<usize>> {
    let piece = json.member(of, name).filter(|piece| JsonText::is_text(piece))?;
    json.said(piece)
        .is_some_and(|said| !said.is_empty())
        .then(|| JsonText::span(piece))
}

fn with(text: &str, mut changes: Vec<(Range<usize>, String)>) -> String {
    changes.sort_by_key(|(span, _)| span.start);
    replaced(text, &changes)
}

fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", STANDARD.encode(bytes))
}

/// Somebody who stands in a cassette and is no citizen of the sandbox.
fn nobody(civil_no: CivilNo) -> Citizen {
    Citizen {
        civil_no,
        name: Text::new("بديل في تسجيل", "Stand-in of a recording"),
        about: Text::new("", ""),
        assurance: Assurance::High,
        ending: Ending::Approves,
        birth_date: String::new(),
        gender: "M",
        of_the_crowd: true,
    }
}

const ANSWER: &str = "MIDAuthSignResponse";
/// What the stamp covers, in its order.
const COVERED: [&str; 3] = ["RequestDetails", "ResultDetails", "PersonalData"];
