use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midflow::words::Assurance;
use midflow::words::CivilNo;
use midflow::words::Timestamp;
use rcgen::KeyPair;
use rcgen::SigningKey as _;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;

use crate::support::dice::Dice;
use crate::support::full_node::digits;
use crate::support::notary::Draft;
use crate::support::notary::Notary;
use crate::support::notary::body;
use crate::support::notary::in_kuwait;
use crate::support::witness::Asked;

/// Makes callbacks that must not approve the flow they are sent to.
pub(super) struct Forger {
    notary: Notary,
    impostor: KeyPair,
    rsa: Option<aws_lc_rs::rsa::KeyPair>,
    stranger: CivilNo,
}

/// A genuine answer to one request: what a forger may have got hold of.
pub(super) struct Genuine {
    pub(super) asked: Asked,
    pub(super) draft: Draft,
    pub(super) body: String,
}

/// How a callback is wrong. The first `FORGED` kinds carry no valid stamp of the authority for this flow.
pub(super) const KINDS: [&str; 18] = [
    "bits flipped",
    "bytes edited",
    "a member dropped",
    "a member renamed",
    "a member of another type",
    "another code",
    "another person",
    "another level",
    "a spoiled stamp",
    "another key",
    "other bytes stamped",
    "the stamp of another flow",
    "the answer to another flow",
    "a member of another flow",
    "a doubled member",
    "no callback at all",
    // From here on with the authority's own stamp: it says something else than approval of this request.
    "stamped: no success",
    "stamped: another request",
];

/// How many kinds have no valid stamp.
pub(super) const FORGED: usize = 16;

impl Forger {
    pub(super) fn new(notary: Notary, stranger: CivilNo) -> Self {
        let pem = notary.stamp_key_pem();
        let key: rustls::pki_types::PrivateKeyDer<'_> =
            rustls::pki_types::pem::PemObject::from_pem_slice(pem.as_bytes()).unwrap();
        Self {
            rsa: aws_lc_rs::rsa::KeyPair::from_pkcs8(key.secret_der()).ok(),
            impostor: KeyPair::generate().unwrap(),
            notary,
            stranger,
        }
    }

    /// The honest answer to a request.
    pub(super) fn genuine(&self, asked: Asked, at: Timestamp) -> Genuine {
        let draft = self.notary.approval(&asked, at);
        let body = self.notary.stamped(&draft);
        Genuine { asked, draft, body }
    }

    /// A callback of this kind for the flow of `genuine`; `other` answers another flow.
    pub(super) fn forge(
        &self,
        kind: usize,
        genuine: &Genuine,
        other: &Genuine,
        at: Timestamp,
        dice: &mut Dice,
    ) -> Vec<u8> {
        loop {
            let made = self.attempt(kind, genuine, other, at, dice);
            // What says the same under the same stamp is no forgery.
            if !says_the_same(genuine.body.as_bytes(), &made) {
                return made;
            }
        }
    }

    fn attempt(
        &self,
        kind: usize,
        genuine: &Genuine,
        other: &Genuine,
        at: Timestamp,
        dice: &mut Dice,
    ) -> Vec<u8> {
        let stamp_of = |answer: &Genuine| signature(&answer.body);
        let certificate = self.notary.certificate();
        let forged = |draft: &Draft| body(&draft.members(), &stamp_of(genuine), certificate).into_bytes();
        match kind {
            0 => flipped(genuine.body.as_bytes(), dice),
            1 => edited(genuine.body.as_bytes(), dice),
            2..=5 => {
                let mut draft = genuine.draft.clone();
                let part = part(&mut draft, dice);
                match kind {
                    2 => drop_one(part, dice),
                    3 => rename_one(part, dice),
                    4 => retype_one(part, dice),
                    _ => {
                        draft.result.insert("ResultCode".to_owned(), odd_code(dice));
                    }
                }
                forged(&draft)
            }
            6 => {
                let mut draft = genuine.draft.clone();
                self.put_stranger(&mut draft, dice);
                forged(&draft)
            }
            7 => {
                let mut draft = genuine.draft.clone();
                draft.result.insert(
                    "UserCertificate".to_owned(),
                    self.other_certificate(genuine, dice),
                );
                forged(&draft)
            }
            8 => {
                let stamp = spoiled(&stamp_of(genuine), dice);
                body(&genuine.draft.members(), &stamp, certificate).into_bytes()
            }
            9 => self.by_another_key(genuine, dice),
            10 => self.over_other_bytes(genuine, dice),
            11 => body(&genuine.draft.members(), &stamp_of(other), certificate).into_bytes(),
            12 => other.body.clone().into_bytes(),
            13 => {
                let mut members = genuine.draft.members();
                let at = dice.below(3);
                members[at] = other.draft.members()[at].clone();
                let from = if dice.one_in(2) { genuine } else { other };
                body(&members, &stamp_of(from), certificate).into_bytes()
            }
            14 => doubled(genuine, other, dice),
            15 => rubbish(genuine, dice),
            16 => self.notary.stamped(&self.no_success(genuine, dice)).into_bytes(),
            _ => self
                .notary
                .stamped(&self.another_request(genuine, other, at, dice))
                .into_bytes(),
        }
    }

    fn put_stranger(&self, draft: &mut Draft, dice: &mut Dice) {
        let stranger = json!(digits(&self.stranger));
        match dice.below(4) {
            0 => drop(draft.request.insert("CivilNo".to_owned(), stranger)),
            1 => drop(draft.result.insert("UserCivilNo".to_owned(), stranger)),
            2 => draft.personal["CivilID"] = stranger,
            _ => draft.personal["FullNameAr"] = json!(format!("شخص آخر {}", dice.below(1_000_000))),
        }
    }

    fn other_certificate(&self, genuine: &Genuine, dice: &mut Dice) -> Value {
        let own = genuine.asked.request.civil_no.as_ref().unwrap();
        match dice.below(4) {
            0 => json!(self.notary.certificate_of(own, Assurance::Low)),
            1 => json!(self.notary.certificate_of(&self.stranger, Assurance::High)),
            2 => json!(self.notary.certificate()),
            _ => Value::Null,
        }
    }

    /// Stamped by a key that nobody certified, under whatever name.
    fn by_another_key(&self, genuine: &Genuine, dice: &mut Dice) -> Vec<u8> {
        let members = genuine.draft.members();
        let signature = STANDARD.encode(self.impostor.sign(members.join("\n").as_bytes()).unwrap());
        let own = genuine.asked.request.civil_no.as_ref().unwrap();
        let certificate = match dice.below(4) {
            0 => self.notary.certificate().to_owned(),
            1 => String::new(),
            2 => self.notary.certificate_of(own, Assurance::High),
            _ => STANDARD.encode(dice.roll().to_le_bytes()),
        };
        body(&members, &signature, &certificate).into_bytes()
    }

    /// The right key over something else than the members as they stand.
    fn over_other_bytes(&self, genuine: &Genuine, dice: &mut Dice) -> Vec<u8> {
        let members = genuine.draft.members();
        let [request, result, personal] = &members;
        let covered = match dice.below(7) {
            0 => members.concat(),
            1 => members.join("\r\n"),
            2 => format!("{personal}\n{result}\n{request}"),
            3 => format!("{request}\n{result}\n"),
            4 => format!("{request}\n{result}\nnull"),
            5 => midflow::words::Digest::of(members.join("\n").as_bytes()).to_string(),
            _ => return self.by_another_padding(&members),
        };
        body(
            &members,
            &self.notary.sign(covered.as_bytes()),
            self.notary.certificate(),
        )
        .into_bytes()
    }

    /// PSS, where PKCS#1 v1.5 alone is accepted.
    fn by_another_padding(&self, members: &[String; 3]) -> Vec<u8> {
        let Some(key) = &self.rsa else {
            return body(members, &self.notary.sign(b""), self.notary.certificate()).into_bytes();
        };
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(
            &aws_lc_rs::signature::RSA_PSS_SHA256,
            &aws_lc_rs::rand::SystemRandom::new(),
            members.join("\n").as_bytes(),
            &mut signature,
        )
        .unwrap();
        body(members, &STANDARD.encode(signature), self.notary.certificate()).into_bytes()
    }

    /// What the authority may say of this very request, and what is no approval.
    fn no_success(&self, genuine: &Genuine, dice: &mut Dice) -> Draft {
        let mut draft = genuine.draft.clone();
        let result = &mut draft.result;
        match dice.below(8) {
            0 => drop(result.insert("ResultCode".to_owned(), odd_code(dice))),
            1 => {
                let odd = [
                    json!("2"),
                    json!(0),
                    json!("11"),
                    Value::Null,
                    json!(true),
                    json!(["1"]),
                    json!({}),
                ];
                result.insert("UserAction".to_owned(), odd[dice.below(odd.len())].clone());
            }
            2 => drop(result.remove("UserAction")),
            3 => drop(result.remove("ResultCode")),
            4 => drop(result.remove("UserCivilNo")),
            5 => {
                let stranger = json!(digits(&self.stranger));
                match dice.below(3) {
                    0 => drop(draft.request.insert("CivilNo".to_owned(), stranger)),
                    1 => drop(result.insert("UserCivilNo".to_owned(), stranger)),
                    _ => draft.personal["CivilID"] = stranger,
                }
            }
            6 => drop(result.insert(
                "UserCertificate".to_owned(),
                self.other_certificate(genuine, dice),
            )),
            _ => {
                let odd = [json!("2"), json!("Signing"), json!("x"), Value::Null];
                draft
                    .request
                    .insert("RequestType".to_owned(), odd[dice.below(odd.len())].clone());
            }
        }
        draft
    }

    /// What the authority may say of another request, provider or time.
    fn another_request(&self, genuine: &Genuine, other: &Genuine, at: Timestamp, dice: &mut Dice) -> Draft {
        let mut draft = genuine.draft.clone();
        let request = &mut draft.request;
        let minutes = |count: u64| std::time::Duration::from_secs(60 * count);
        match dice.below(8) {
            0 => drop(request.insert("RequestID".to_owned(), other.draft.request["RequestID"].clone())),
            1 => drop(request.remove("RequestID")),
            2 => drop(request.insert(
                "AdditionalData".to_owned(),
                other.draft.request["AdditionalData"].clone(),
            )),
            3 => {
                let own = genuine.asked.request.challenge.as_str();
                let odd = format!("{own}{}", dice.below(10));
                request.insert("Challenge".to_owned(), json!(odd));
            }
            4 => drop(request.remove("Challenge")),
            5 => {
                let provider = format!("00000000-0000-4000-8000-{:012x}", dice.below(1 << 40));
                request.insert("ServiceProviderId".to_owned(), json!(provider));
            }
            6 => {
                let early = at.minus(minutes(2 + dice.below(100_000) as u64));
                draft
                    .result
                    .insert("TransactionDate".to_owned(), json!(in_kuwait(early)));
            }
            _ => {
                let late = at.plus(minutes(2 + dice.below(100_000) as u64));
                draft
                    .result
                    .insert("TransactionDate".to_owned(), json!(in_kuwait(late)));
            }
        }
        draft
    }
}

/// An independent reading: do both carry the same three members, byte for byte, under the same stamp?
fn says_the_same(genuine: &[u8], made: &[u8]) -> bool {
    let covered = |bytes: &[u8]| -> Option<([Option<String>; 3], String)> {
        let text = std::str::from_utf8(bytes).ok()?;
        let members = |text: &str| -> Option<BTreeMap<String, String>> {
            let raw: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            Some(
                raw.into_iter()
                    .map(|(key, value)| (key.trim().to_owned(), value.get().to_owned()))
                    .collect(),
            )
        };
        let root = members(text)?;
        let parts = members(root.get("MIDAuthSignResponse")?)?;
        let stamp = members(parts.get("Signature")?)?;
        let stamp: String = serde_json::from_str(stamp.get("SignatureData")?).ok()?;
        let kept = ["RequestDetails", "ResultDetails", "PersonalData"].map(|name| parts.get(name).cloned());
        Some((kept, stamp.split_whitespace().collect()))
    };
    let wanted = covered(genuine);
    wanted.is_some() && wanted == covered(made)
}

fn signature(body: &str) -> String {
    let parsed: Value = serde_json::from_str(body).unwrap();
    let stamp = &parsed["MIDAuthSignResponse"]["Signature"]["SignatureData"];
    stamp.as_str().unwrap().to_owned()
}

fn flipped(genuine: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut made = genuine.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(made.len());
        made[at] ^= 1 << dice.below(8);
    }
    made
}

fn edited(genuine: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut made = genuine.to_vec();
    for _ in 0..=dice.below(4) {
        if made.is_empty() {
            break;
        }
        let (one, two) = (dice.below(made.len()), dice.below(made.len()));
        let (low, high) = (one.min(two), one.max(two).min(one.min(two) + 200));
        match dice.below(6) {
            0 => made[one] = dice.byte(),
            1 => made.insert(one, dice.byte()),
            2 => drop(made.remove(one)),
            3 => made.truncate(one),
            4 => made.swap(one, two),
            _ => {
                let piece = made[low..high].to_vec();
                made.splice(low..low, piece);
            }
        }
    }
    made
}

fn part<'d>(draft: &'d mut Draft, dice: &mut Dice) -> &'d mut Map<String, Value> {
    match dice.below(3) {
        0 => &mut draft.request,
        1 => &mut draft.result,
        _ => draft.personal.as_object_mut().unwrap(),
    }
}

fn key(part: &Map<String, Value>, dice: &mut Dice) -> String {
    part.keys().nth(dice.below(part.len())).unwrap().clone()
}

fn drop_one(part: &mut Map<String, Value>, dice: &mut Dice) {
    part.remove(&key(part, dice));
}

fn rename_one(part: &mut Map<String, Value>, dice: &mut Dice) {
    let old = key(part, dice);
    let value = part.remove(&old).unwrap();
    let name = match dice.below(4) {
        0 => old.to_lowercase(),
        1 => format!("{old} "),
        2 => format!("{old}\u{0}"),
        _ => format!("X{old}"),
    };
    part.insert(name, value);
}

fn retype_one(part: &mut Map<String, Value>, dice: &mut Dice) {
    let name = key(part, dice);
    let old = part[&name].clone();
    let new = match dice.below(5) {
        0 => json!([old]),
        1 => json!({ "Value": old }),
        2 => json!(dice.below(1 << 50)),
        3 => json!(dice.one_in(2)),
        _ => json!(format!("{}", dice.roll())),
    };
    part.insert(name, new);
}

fn odd_code(dice: &mut Dice) -> Value {
    let codes = [
        json!("0"),
        json!("2"),
        json!("3"),
        json!("4"),
        json!("5"),
        json!("01"),
        json!("10"),
        json!("1.0"),
        json!("+1"),
        json!("١"),
        json!("authenticated"),
        json!(10),
        json!(1.5),
        json!(-1),
        json!(true),
        json!(["1"]),
        json!({ "1": "1" }),
        Value::Null,
    ];
    codes[dice.below(codes.len())].clone()
}

fn spoiled(stamp: &str, dice: &mut Dice) -> String {
    let mut bytes = STANDARD.decode(stamp).unwrap();
    match dice.below(7) {
        0 => bytes.truncate(dice.below(bytes.len())),
        1 => bytes.push(dice.byte()),
        2 => bytes.clear(),
        3 => bytes.reverse(),
        4 => bytes.fill(0),
        5 => bytes.fill(0xff),
        _ => {
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
        }
    }
    STANDARD.encode(bytes)
}

/// A second copy of a member, before or behind the honest one.
fn doubled(genuine: &Genuine, other: &Genuine, dice: &mut Dice) -> Vec<u8> {
    let names = ["RequestDetails", "ResultDetails", "PersonalData", "Signature"];
    let at = dice.below(names.len());
    let extra = other
        .draft
        .members()
        .get(at)
        .cloned()
        .unwrap_or_else(|| "null".to_owned());
    let space = if dice.one_in(3) { " " } else { "" };
    let second = format!("\"{}{space}\":{extra}", names[at]);
    let text = &genuine.body;
    let made = if dice.one_in(2) {
        text.replacen(
            "{\"RequestDetails\"",
            &format!("{{{second},\"RequestDetails\""),
            1,
        )
    } else {
        let end = text.len() - 2;
        format!("{},{second}{}", &text[..end], &text[end..])
    };
    made.into_bytes()
}

fn rubbish(genuine: &Genuine, dice: &mut Dice) -> Vec<u8> {
    let text = &genuine.body;
    match dice.below(10) {
        0 => Vec::new(),
        1 => (0..dice.below(5_000)).map(|_| dice.byte()).collect(),
        2 => format!("{text}{text}").into_bytes(),
        3 => format!("\u{feff}{text}").into_bytes(),
        4 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        5 => "[".repeat(1 + dice.below(5_000)).into_bytes(),
        6 => format!("[{text}]").into_bytes(),
        7 => text
            .replacen("MIDAuthSignResponse", "midAuthSignResponse", 1)
            .into_bytes(),
        8 => format!("{{\"x{}\":1}}", dice.roll()).into_bytes(),
        _ => serde_json::to_vec(text).unwrap(),
    }
}
