use std::collections::BTreeSet;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::leaf::Leaf;
use super::leaf::LeafKind;
use super::message_text::rewrite;
use super::moment;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Purpose;
use crate::words::Timestamp;

/// Stand-ins for what is personal: the same value always gets the same one, different values different ones, in the same
/// format; and nobody who does not have the salt can tell what it stood for.
///
/// Only members that are known to say nothing about anybody are kept; what nobody has heard of is replaced like the rest.
pub struct StandIns {
    salt: [u8; 32],
    /// Members that this authority answers codes in, beside the known ones.
    kept: BTreeSet<String>,
    numbers: HashMap<String, String>,
    /// The serial of the next made-up civil number.
    next: u16,
    /// What each short stand-in stands for, as a digest.
    taken: HashMap<String, [u8; 32]>,
}

impl StandIns {
    /// Stand-ins that hang on this salt, which is drawn for one recording and thrown away with it.
    pub fn new(salt: [u8; 32]) -> Self {
        Self {
            salt,
            kept: BTreeSet::new(),
            numbers: HashMap::new(),
            next: 0,
            taken: HashMap::new(),
        }
    }

    /// Keeps the values of these members, where they look like codes.
    pub fn keep(&mut self, members: impl IntoIterator<Item = String>) {
        self.kept.extend(members);
    }

    /// A message of `at` with stand-ins; every byte between the values stays.
    pub fn replace(&mut self, body: &[u8], at: Timestamp) -> String {
        rewrite(body, &mut |leaf| self.leaf(leaf, at), &|done| done)
    }

    /// A text of the same format, as [`StandIns::replace`] puts it under a name that nobody has heard of.
    pub fn text(&mut self, text: &str) -> String {
        self.named("", text, Timestamp::EPOCH)
    }

    fn leaf(&mut self, leaf: &Leaf<'_>, at: Timestamp) -> Option<String> {
        match leaf.kind {
            // A key that holds a number or a name is a value in the wrong place.
            LeafKind::Key if !is_plain_key(leaf.text) => Some(self.named("", leaf.text, at)),
            LeafKind::Key => None,
            _ if matches!(leaf.text, "true" | "false" | "null") => None,
            _ if fixed(leaf).is_some() => fixed(leaf).map(str::to_owned),
            _ if self.is_harmless(leaf) => None,
            LeafKind::Number => Some(self.number(leaf.text)),
            LeafKind::Word => Some(self.letters(leaf.text)),
            LeafKind::Text => Some(self.named(leaf.name, leaf.text, at)),
        }
    }

    /// Whether a member is known to say nothing about anybody, and its value looks as it should.
    fn is_harmless(&self, leaf: &Leaf<'_>) -> bool {
        let name = leaf.name.trim();
        let is_sign = |letter: char| letter.is_ascii_alphanumeric() || "-_#.:".contains(letter);
        let short_code = leaf.text.len() <= LONGEST_CODE && leaf.text.chars().all(is_sign);
        let known = HARMLESS.contains(&name) || self.kept.contains(name);
        known && short_code && digits_in(leaf.text) < 6
    }

    /// A text of the same format.
    fn named(&mut self, name: &str, text: &str, at: Timestamp) -> String {
        if text.is_empty() {
            return String::new();
        }
        if let Ok(number) = CivilNo::parse(text) {
            return self.civil_no(number.expose(Purpose::Compare), text);
        }
        if let Some(moment) = moment::stand_in(name, text, at) {
            return moment;
        }
        if uuid::Uuid::try_parse(text).is_ok() {
            let uuid = uuid::Builder::from_random_bytes(first_16(&self.digest(text, 0))).into_uuid();
            return uuid.to_string();
        }
        if let Some(bytes) = long_base64(text) {
            // The first bytes tell a kind; where they don't, they are part of a value, and drawn ones tell two digests apart.
            let [first, second, ..] = self.digest(text, 0);
            let known = KINDS.into_iter().find(|kind| bytes.starts_with(kind));
            let kind = known.unwrap_or([first, second]).into_iter();
            let made: Vec<u8> = kind.chain(std::iter::repeat(0)).take(bytes.len()).collect();
            return STANDARD.encode(made);
        }
        if let Some((scheme, _)) = text.split_once("://").filter(|(scheme, _)| {
            // Anything may stand before these signs.
            scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
        }) {
            let path = &Digest::from_bytes(self.digest(text, 0)).to_string()[7..23];
            return format!("{scheme}://stand-in.invalid/{path}");
        }
        self.letters(text)
    }

    fn civil_no(&mut self, number: &str, written: &str) -> String {
        if let Some(known) = self.numbers.get(number) {
            return known.clone();
        }
        let made = loop {
            let made = (0..=9).find_map(|check| {
                let made = format!("3991231{:04}{check}", self.next % 10_000);
                CivilNo::parse(&made).ok().map(|_| made)
            });
            self.next = self.next.wrapping_add(1);
            // Some serials have no number; with all of them used, they begin again.
            if let Some(made) = made.filter(|made| made != written) {
                break made;
            }
        };
        self.numbers.insert(number.to_owned(), made.clone());
        made
    }

    /// A number of the same length, still one.
    fn number(&mut self, text: &str) -> String {
        if let Ok(number) = CivilNo::parse(text) {
            return self.civil_no(number.expose(Purpose::Compare), text);
        }
        let other = self.letters(&text.replace(['e', 'E'], "_"));
        let mut leads = true;
        let drawn = text.chars().zip(other.chars()).map(|(was, is)| match was {
            // No number begins with a zero and goes on.
            '1'..='9' if leads && is == '0' => {
                leads = false;
                '1'
            }
            '0'..='9' if leads => {
                leads = false;
                if was == '0' { was } else { is }
            }
            '0'..='9' => is,
            other => other,
        });
        drawn.collect()
    }

    /// Digits for digits, letters for letters of the same script and case; anything else stays.
    fn letters(&mut self, text: &str) -> String {
        let own = self.digest(text, 0);
        for turn in 0..=TURNS {
            let made = self.drawn(text, turn);
            if text.len() > LONGEST_REMEMBERED {
                return made;
            }
            if *self.taken.entry(made.clone()).or_insert(own) == own {
                return made;
            }
        }
        // So many short texts of one format that two of them share a stand-in.
        self.drawn(text, 0)
    }

    fn drawn(&self, text: &str, turn: u8) -> String {
        let mut block = self.digest(text, turn);
        let mut drawn = Vec::new();
        text.chars()
            .map(|letter| {
                if drawn.is_empty() {
                    drawn = block.to_vec();
                    block = *Digest::of(&block).as_bytes();
                }
                let chance = u32::from(drawn.pop().unwrap_or_default());
                let among = |first: char, count: u32| {
                    char::from_u32(u32::from(first) + chance % count).unwrap_or(first)
                };
                match letter {
                    '0'..='9' => among('0', 10),
                    'a'..='z' => among('a', 26),
                    'A'..='Z' => among('A', 26),
                    '٠'..='٩' => among('٠', 10),
                    'ء'..='غ' | 'ف'..='ي' => among('ف', 10),
                    other if other.is_alphanumeric() => 'x',
                    other => other,
                }
            })
            .collect()
    }

    fn digest(&self, text: &str, turn: u8) -> [u8; 32] {
        let turn: &[u8] = if turn == 0 { &[] } else { &[turn] };
        let salted = [&self.salt, text.as_bytes(), turn].concat();
        *Digest::of(&salted).as_bytes()
    }
}

/// Hides the salt and everybody.
impl std::fmt::Debug for StandIns {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("StandIns(…)")
    }
}

fn digits_in(text: &str) -> usize {
    text.chars().filter(|letter| letter.is_numeric()).count()
}

/// Whether a key is one of a contract, by its signs.
pub(super) fn is_plain_key(key: &str) -> bool {
    let is_sign = |letter: char| letter.is_ascii_alphanumeric() || "_-.:".contains(letter);
    key.trim_matches(' ').chars().all(is_sign) && digits_in(key) <= 4
}

/// The one stand-in that a member has: a drawn one would be no value of its kind, and the value itself tells of somebody.
fn fixed(leaf: &Leaf<'_>) -> Option<&'static str> {
    let name = leaf.name.trim();
    if leaf.text.is_empty() || leaf.kind == LeafKind::Word {
        return None;
    }
    if leaf.kind == LeafKind::Text && name.eq_ignore_ascii_case("BloodGroup") {
        return Some("O+");
    }
    if !name.eq_ignore_ascii_case("Gender") {
        return None;
    }
    Some(
        if leaf.text.chars().all(char::is_numeric) || leaf.kind == LeafKind::Number {
            "1"
        } else if leaf.text.chars().count() == 1 {
            "M"
        } else {
            "Male"
        },
    )
}

fn long_base64(text: &str) -> Option<Vec<u8>> {
    // A long number or a digest in hexadecimal digits only looks like it.
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!is_hex && text.len() >= SHORTEST_BASE64 && text.len().is_multiple_of(4))
        .then(|| STANDARD.decode(text).ok())
        .flatten()
}

fn first_16(digest: &[u8; 32]) -> [u8; 16] {
    let mut first = [0; 16];
    for (to, from) in first.iter_mut().zip(digest) {
        *to = *from;
    }
    first
}

/// How a certificate, a JPEG, a PNG and a PDF begin.
const KINDS: [[u8; 2]; 4] = [[0x30, 0x82], [0xff, 0xd8], [0x89, 0x50], [0x25, 0x50]];
const SHORTEST_BASE64: usize = 40;
const LONGEST_CODE: usize = 24;
const LONGEST_REMEMBERED: usize = 40;
const TURNS: u8 = 20;
/// Members whose values are codes, levels and names of algorithms.
const HARMLESS: [&str; 23] = [
    "AssuranceLevel",
    "Code",
    "HTTPStatus",
    "HasMobileId",
    "HashAlgorithm",
    "RequestStatus",
    "RequestStatusId",
    "RequestType",
    "RequestUserDetails",
    "ResultCode",
    "ResultCodeId",
    "SigningDatatype",
    "UserAction",
    "UserActionId",
    "assuranceLevel",
    "errorCode",
    "faultcode",
    "isUsed",
    "requestStatus",
    "requestType",
    "requestUserDetails",
    "status",
    "statusCode",
];

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;

    fn at() -> Timestamp {
        Timestamp::parse("2026-02-03T07:15:42Z").unwrap()
    }

    fn replaced(value: &Value) -> Value {
        let text = StandIns::new([7; 32]).replace(value.to_string().as_bytes(), at());
        serde_json::from_str(&text).unwrap()
    }

    // Law 13: nothing personal survives, whatever the member is called.
    #[test]
    fn nothing_of_a_person_is_left() {
        let certificate = STANDARD.encode(
            [
                &[0x30, 0x82][..],
                b"CN=SYNTHETIC TEST PERSON 399123100017 and more",
            ]
            .concat(),
        );
        let answer = json!({ "MIDAuthSignResponse": {
            "RequestDetails": { "CivilNo": "399123100017", "399123100017": 1, "Challenge": "8352" },
            "ResultDetails": {
                "UserCivilNo": 399_123_100_017_u64,
                "ResultCode": "399123100017",
                "UserCertificate": certificate,
                "TransactionDate": "2026-02-03T10:15:42.117",
            },
            "PersonalData": {
                "FullNameEn": "Mariam Salem Synthetic", "FullNameAr": "مريم سالم",
                "BirthDate": "1990-05-17T00:00:00", "MobileNumber": "98765432",
                "Nickname of tomorrow": ["Mimi", { "since": 1990 }],
                "EmailAddress": "mariam@example.kw",
            },
        }});
        let shown = replaced(&answer).to_string();
        for personal in [
            "399123100017",
            "8352",
            "Mariam",
            "Salem",
            "مريم",
            "سالم",
            "1990",
            "05-17",
            "98765432",
            "Mimi",
            "mariam",
            "10:15:42",
            "U1lOVEhFVElD",
        ] {
            assert!(!shown.contains(personal), "{personal} in {shown}");
        }
    }

    #[test]
    fn formats_are_kept_and_so_is_who_is_who() {
        let made = replaced(&json!({
            "CivilNo": "399123100017", "UserCivilNo": "399123100017", "Other": "399123100025",
            "RequestID": "5b0e7c1a-2f64-4f0e-9a55-3d2b8c6f1e90",
            "BirthDate": "1990-05-17T00:00:00", "TransactionDate": "2026-02-03T10:15:42.117+03:00",
            "Null": "0001-01-01T00:00:00", "Old": "/Date(1770102942117)/",
            "Name": "Fahad-Al 7", "NameAr": "فهد", "SPCallbackURL": "https://mid.example.gov.kw/cb/v1/8f2c",
            "ResultCode": "1", "UserAction": 2, "Gender": "F", "Nothing": null, "Empty": "",
        }));
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        assert!(CivilNo::parse(&text("CivilNo")).is_ok());
        assert_eq!(text("CivilNo"), text("UserCivilNo"));
        assert_ne!(text("CivilNo"), text("Other"));
        assert!(text("CivilNo").starts_with("3991231"));
        assert!(uuid::Uuid::try_parse(&text("RequestID")).is_ok());
        assert_eq!(text("BirthDate"), "2060-01-10T00:00:00");
        assert_eq!(text("TransactionDate"), "2099-12-31T12:00:00.117+03:00");
        assert_eq!(text("Null"), "0001-01-01T00:00:00");
        assert_eq!(text("Old"), "/Date(4102401600117)/");
        let name = text("Name");
        assert!(
            name.len() == 10 && name.as_bytes()[5] == b'-' && name.as_bytes()[0].is_ascii_uppercase(),
            "{name}"
        );
        assert_eq!(text("NameAr").chars().count(), 3);
        assert!(text("SPCallbackURL").starts_with("https://stand-in.invalid/"));
        assert_eq!(
            (made["ResultCode"].clone(), made["UserAction"].clone()),
            (json!("1"), json!(2))
        );
        assert_eq!(
            (made["Gender"].clone(), made["Nothing"].clone()),
            (json!("M"), Value::Null)
        );
        assert_eq!(text("Empty"), "");
    }

    // Law 13: each of these was kept as it stood.
    #[test]
    fn what_looks_harmless_is_not_kept() {
        let mut people = StandIns::new([7; 32]);
        let mut made = |body: &str| people.replace(body.as_bytes(), at());
        assert_eq!(
            made(r#"{"bloodGroup ":"AB-","BloodGroup":"","Gender":"Female","gender":2}"#),
            r#"{"bloodGroup ":"O+","BloodGroup":"","Gender":"Male","gender":1}"#
        );
        for key in ["Mariam Salem", "مريم", "٢٨٥٠٥", "mariam@example"] {
            let body = format!("{{\"{key}\":null}}");
            assert_ne!(made(&body), body);
        }
        for key in ["soap:Body ", "user_id-2.x", ""] {
            let body = format!("{{\"{key}\":null}}");
            assert_eq!(made(&body), body);
        }
        assert!(!made(r#"{"x":"mariam://285051712345"}"#).contains("mariam"));
        let hex = "a1".repeat(24);
        let stood: String = made(&format!(r#"{{"x":"{hex}"}}"#));
        assert!(!stood.contains(&hex) && !stood.contains("AAAA"), "{stood}");
        let value = STANDARD.encode([&b"Mariam "[..], &[1; 32]].concat());
        let stood = made(&format!(r#"{{"x":"{value}"}}"#));
        assert!(stood.contains("AAAAAAAA") && !stood.contains("TWFy"), "{stood}");
    }

    #[test]
    fn another_salt_means_other_stand_ins() {
        let name = br#"{ "FullNameEn": "Mariam Salem Synthetic" }"#;
        let made = |salt| StandIns::new([salt; 32]).replace(name, at());
        assert_ne!(made(1), made(2));
        assert_eq!(made(1), made(1));
    }

    // A wrong challenge got the stand-in of the right one, once in ten thousand recordings, and was right in the replay.
    #[test]
    fn different_values_have_different_stand_ins() {
        let mut people = StandIns::new([7; 32]);
        let all: BTreeSet<String> = (0..90)
            .map(|number| people.text(&format!("{number:02}")))
            .collect();
        assert_eq!(all.len(), 90);
        assert_eq!(people.text("17"), people.text("17"));
    }

    #[test]
    fn numbers_stay_numbers() {
        let mut people = StandIns::new([9; 32]);
        for number in ["0", "-12.50", "1e10", "100000", "399123100017", "7"] {
            for _ in 0..3 {
                let made = people.number(number);
                assert!(
                    serde_json::from_str::<serde_json::Number>(&made).is_ok(),
                    "{made}"
                );
                assert_eq!(made.len(), number.len());
            }
        }
    }

    #[test]
    fn every_byte_between_the_values_stays() {
        let mut people = StandIns::new([7; 32]);
        let made = people.replace(b"{ \"a\" :\"x1\",\n\"a\": null ,\"ResultCode\":\"1\" }\n", at());
        let (head, tail) = made.split_at(8);
        assert_eq!(head, "{ \"a\" :\"");
        assert_eq!(&tail[2..], "\",\n\"a\": null ,\"ResultCode\":\"1\" }\n");
        let xml = people.replace(
            b"<a xmlns=\"urn:x\"><b>Mariam</b><faultcode>s:Client</faultcode></a>",
            at(),
        );
        assert!(
            xml.starts_with("<a xmlns=\"urn:x\"><b>") && !xml.contains("Mariam"),
            "{xml}"
        );
        assert!(xml.ends_with("</b><faultcode>s:Client</faultcode></a>"), "{xml}");
    }

    // Law 13: what is no JSON holds as much of a person as what is.
    #[test]
    fn what_is_no_json_says_nothing_either() {
        let mut people = StandIns::new([7; 32]);
        for body in [
            "{\"CivilNo\":\"399123100017\",\"FullNameEn\":\"Mariam Sal",
            "Mariam 399123100017",
            "<p class=\"x\">Mariam 399123100017</p>",
            "<p><!-- Mariam 399123100017 --></p>",
        ] {
            let made = people.replace(body.as_bytes(), at());
            assert!(
                !made.contains("Mariam") && !made.contains("399123100017"),
                "{made}"
            );
        }
    }
}
