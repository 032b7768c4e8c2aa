use std::ops::Range;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::escape;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;

use super::json_text::replaced;
use super::leaf::Leaf;
use super::leaf::LeafKind;
use super::stand_in::is_plain_key;
use crate::connector::kuwait::root_part;

/// A message in XML, with or without binary parts beside it (MTOM), with other texts where `change` gives some; every byte
/// between them stays, but for the binary parts, which only say that they were there, and the ids and headers of parts. `None` if
/// it is no such message, or holds something whose bytes are nobody's to keep: an attribute, a name or a comment that may say
/// anything.
pub(super) fn rewrite(body: &[u8], change: &mut dyn FnMut(&Leaf<'_>) -> Option<String>) -> Option<String> {
    let (head, document, tail, mut ids) = divided(body)?;
    let mut changes = Vec::new();
    let tags = leaves(document, &mut ids, &mut |_, leaf, span| {
        if let Some(other) = change(leaf).filter(|other| other != leaf.text) {
            changes.push((span, escape(other.as_str()).into_owned()));
        }
    })?;
    changes.extend(tags);
    changes.sort_by_key(|(span, _)| span.start);
    Some(format!("{head}{}{tail}", replaced(document, &changes)))
}

/// Each text of a message in XML with its path; `None` as in [`rewrite`].
pub(super) fn read(body: &[u8], tell: &mut dyn FnMut(String, &Leaf<'_>)) -> Option<()> {
    let (_, document, _, mut ids) = divided(body)?;
    leaves(document, &mut ids, &mut |path, leaf, _| tell(path, leaf))?;
    Some(())
}

/// The ids of a message's parts. One may say anything, so each becomes its running number, in its part and where it is named.
#[derive(Default)]
struct Ids(Vec<String>);

impl Ids {
    fn stand_in(&mut self, id: &str) -> String {
        let known = self.0.iter().position(|known| known == id);
        let number = known.unwrap_or_else(|| {
            self.0.push(id.to_owned());
            self.0.len() - 1
        });
        // How the vendor's wrapper names its parts.
        let common = if id.starts_with(COMMON_ID) { COMMON_ID } else { "" };
        format!("{common}{number}")
    }
}

/// What stands before the document, the document, and what stands after it without its binary contents; with the parts' ids.
fn divided(body: &[u8]) -> Option<(String, &str, String, Ids)> {
    let mut ids = Ids::default();
    let document = root_part(body)?;
    if !std::str::from_utf8(document).ok()?.trim_start().starts_with('<') {
        return None;
    }
    if document.len() == body.len() {
        return Some((String::new(), std::str::from_utf8(body).ok()?, String::new(), ids));
    }
    let start = body
        .windows(document.len())
        .position(|window| window == document)?;
    let (head, rest) = body.split_at_checked(start)?;
    let (document, tail) = rest.split_at_checked(document.len())?;
    let head = std::str::from_utf8(head).ok()?;
    let boundary = head.trim_start().lines().next()?;
    let (before, block) = head.split_once(boundary)?;
    let kept = format!("{before}{boundary}{}", harmless_headers(block, &mut ids));
    let tail = without_contents(tail, &format!("\r\n{boundary}"), &mut ids)?;
    Some((kept, std::str::from_utf8(document).ok()?, tail, ids))
}

/// The parts behind the document, each with a word in place of its content; nothing of what stands behind the last.
fn without_contents(tail: &[u8], delimiter: &str, ids: &mut Ids) -> Option<String> {
    let mut out = String::new();
    let mut rest = tail.strip_prefix(delimiter.as_bytes())?;
    out.push_str(delimiter);
    while !rest.starts_with(b"--") {
        let end = find(rest, b"\r\n\r\n")? + 4;
        out.push_str(&harmless_headers(
            std::str::from_utf8(rest.get(..end)?).ok()?,
            ids,
        ));
        out.push_str("stand-in");
        let next = find(rest, delimiter.as_bytes())?;
        rest = rest.get(next + delimiter.len()..)?;
        out.push_str(delimiter);
    }
    out.push_str(if rest.starts_with(b"--\r\n") {
        "--\r\n"
    } else {
        "--"
    });
    Some(out)
}

/// The headers of a part, from behind its boundary to its content, as far as they tell of its form alone.
fn harmless_headers(block: &str, ids: &mut Ids) -> String {
    let mut out = "\r\n".to_owned();
    for line in block.split("\r\n") {
        if let Some(kept) = harmless_header(line, ids) {
            out.push_str(&kept);
            out.push_str("\r\n");
        }
    }
    out.push_str("\r\n");
    out
}

fn harmless_header(line: &str, ids: &mut Ids) -> Option<String> {
    let (name, value) = line.split_once(':')?;
    match name.to_ascii_lowercase().as_str() {
        "content-id" => {
            let id = value.trim().trim_start_matches('<').trim_end_matches('>');
            Some(format!("{name}: <{}>", ids.stand_in(id)))
        }
        "content-transfer-encoding" => {
            let encoding = value.trim().to_ascii_lowercase();
            ENCODINGS.contains(&encoding.as_str()).then(|| line.to_owned())
        }
        "content-type" => {
            let (kind, parameters) = value.split_once(';').unwrap_or((value, ""));
            let kept = parameters.split(';').filter(|parameter| {
                // Any other may be the name of a file.
                parameter.split_once('=').is_some_and(|(name, value)| {
                    let name = name.trim().to_ascii_lowercase();
                    PARAMETERS.contains(&name.as_str()) && is_type(value.trim().trim_matches('"'))
                })
            });
            let pieces: Vec<&str> = std::iter::once(kind).chain(kept).collect();
            is_type(kind.trim()).then(|| format!("{name}:{}", pieces.join(";")))
        }
        _ => None,
    }
}

/// Whether a text can be the type of a part, or its character set.
fn is_type(text: &str) -> bool {
    let is_sign = |letter: char| letter.is_ascii_alphanumeric() || "/+.-".contains(letter);
    text.len() <= LONGEST_TYPE && text.chars().all(is_sign) && is_name(text)
}

/// Whether a name holds no number that could be somebody's.
fn is_name(text: &str) -> bool {
    text.chars().filter(|letter| letter.is_numeric()).count() <= MOST_DIGITS
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// An element that is open.
struct Open {
    name: String,
    /// Where its content begins.
    from: usize,
    text: String,
    is_leaf: bool,
}

type Tell<'t> = dyn FnMut(String, &Leaf<'_>, Range<usize>) + 't;

/// Tells each text; gives every tag that begins an element as it is to be written.
fn leaves(document: &str, ids: &mut Ids, tell: &mut Tell<'_>) -> Option<Vec<(Range<usize>, String)>> {
    let mut tags = Vec::new();
    let mut reader = Reader::from_str(document);
    let mut open: Vec<Open> = Vec::new();
    let mut before = 0;
    loop {
        let event = reader.read_event().ok()?;
        let after = usize::try_from(reader.buffer_position()).ok()?;
        match event {
            Event::Start(start) => {
                if open.len() >= DEEPEST {
                    return None;
                }
                let raw = document.get(before..after)?;
                tags.push((before..after, harmless_tag(&start, raw, ids)?));
                if let Some(parent) = open.last_mut() {
                    parent.is_leaf = false;
                }
                open.push(Open {
                    name: start.local_name().as_ref().to_owned(),
                    from: after,
                    text: String::new(),
                    is_leaf: true,
                });
            }
            Event::Empty(start) => {
                let raw = document.get(before..after)?;
                tags.push((before..after, harmless_tag(&start, raw, ids)?));
                if let Some(parent) = open.last_mut() {
                    parent.is_leaf = false;
                }
            }
            Event::Text(text) => add(&mut open, &text.xml_content(XmlVersion::Implicit1_0))?,
            Event::CData(text) => add(&mut open, &text.xml_content(XmlVersion::Implicit1_0))?,
            Event::GeneralRef(reference) => {
                let letter = match reference.resolve_char_ref().ok()? {
                    Some(letter) => letter,
                    None => predefined(&reference)?,
                };
                add(&mut open, letter.encode_utf8(&mut [0; 4]))?;
            }
            Event::End(_) => {
                let path: Vec<&str> = open.iter().map(|element| element.name.as_str()).collect();
                let path = path.join("/");
                let done = open.pop()?;
                if !done.is_leaf && !done.text.trim().is_empty() {
                    return None;
                }
                if done.is_leaf && !done.text.trim().is_empty() {
                    let leaf = Leaf {
                        kind: LeafKind::Text,
                        name: &done.name,
                        text: &done.text,
                    };
                    tell(path, &leaf, done.from..before);
                }
            }
            Event::Decl(_) if is_plain_declaration(document.get(before..after)?) => {}
            Event::Decl(_) | Event::DocType(_) | Event::PI(_) | Event::Comment(_) => return None,
            Event::Eof => break,
        }
        before = after;
    }
    open.is_empty().then_some(tags)
}

fn add(open: &mut [Open], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

/// A tag with stand-ins for the parts that it names; `None` unless its name and every attribute tell of the form alone.
fn harmless_tag(start: &BytesStart<'_>, raw: &str, ids: &mut Ids) -> Option<String> {
    if !is_plain_key(start.name().as_ref()) {
        return None;
    }
    let mut tag = raw.to_owned();
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let name = attribute.key.as_ref();
        let value: &str = &attribute.value;
        if !is_plain_key(name) {
            return None;
        }
        if name == "xmlns" || name.starts_with("xmlns:") {
            // A name space has years and months, and no number that could be somebody's.
            if !value.is_ascii()
                || value
                    .split(|letter: char| !letter.is_ascii_digit())
                    .any(|run| run.len() > 6)
            {
                return None;
            }
            continue;
        }
        let harmless = match name.rsplit(':').next().unwrap_or_default() {
            "nil" => matches!(value, "true" | "false" | "1" | "0"),
            "lang" => {
                value.len() <= 8
                    && value
                        .bytes()
                        .all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
            }
            "href" if value.starts_with('#') => is_anchor(value),
            "href" => {
                let other = format!("cid:{}", named_part(value.strip_prefix("cid:")?, ids)?);
                let (was, is) = ['"', '\'']
                    .map(|quote| {
                        (
                            format!("{name}={quote}{value}{quote}"),
                            format!("{name}={quote}{other}{quote}"),
                        )
                    })
                    .into_iter()
                    .find(|(was, _)| tag.contains(was.as_str()))?;
                tag = tag.replace(&was, &is);
                true
            }
            _ => false,
        };
        if !harmless {
            return None;
        }
    }
    Some(tag)
}

/// Whether `<?xml …?>` says nothing but what it has to say of a text in UTF-8.
fn is_plain_declaration(raw: &str) -> bool {
    let said = raw.to_ascii_lowercase().replace(['"', '\''], "");
    let said = said
        .strip_prefix("<?xml")
        .and_then(|rest| rest.strip_suffix("?>"));
    said.is_some_and(|said| said.split_ascii_whitespace().all(|word| DECLARED.contains(&word)))
}

fn is_anchor(value: &str) -> bool {
    let is_sign = |letter: char| letter.is_ascii_alphanumeric() || "#_-.".contains(letter);
    value.len() <= LONGEST_ANCHOR && value.chars().all(is_sign) && is_name(value)
}

/// The stand-in of a part's id, as an address writes it.
fn named_part(written: &str, ids: &mut Ids) -> Option<String> {
    let other = ids.stand_in(&without_percents(written)?);
    Some(if written.contains('%') {
        other.replace(':', "%3A").replace('/', "%2F")
    } else {
        other
    })
}

fn without_percents(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut out = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (number, rest) = piece.split_at_checked(2)?;
        out.push(u8::from_str_radix(number, 16).ok()?);
        out.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(out).ok()
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

const DEEPEST: usize = 32;
const DECLARED: [&str; 6] = [
    "version=1.0",
    "version=1.1",
    "encoding=utf-8",
    "encoding=us-ascii",
    "standalone=yes",
    "standalone=no",
];
const COMMON_ID: &str = "http://tempuri.org/";
const ENCODINGS: [&str; 5] = ["7bit", "8bit", "binary", "base64", "quoted-printable"];
/// What a type of a part says beside itself.
const PARAMETERS: [&str; 3] = ["charset", "type", "start-info"];
const LONGEST_TYPE: usize = 60;
const LONGEST_ANCHOR: usize = 16;
/// A name with more numeric signs than this could be a number of somebody.
const MOST_DIGITS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn upper(body: &str) -> Option<String> {
        rewrite(body.as_bytes(), &mut |leaf| {
            Some(format!("{}={}", leaf.name, leaf.text.to_uppercase()))
        })
    }

    #[test]
    fn only_texts_are_written_anew() {
        assert_eq!(
            upper(
                "<?xml version=\"1.0\"?>\n<s:a xmlns:s=\"urn:s\"> <g:b>x &amp; y</g:b>\n<c/><d></d></s:a>\n"
            )
            .unwrap(),
            "<?xml version=\"1.0\"?>\n<s:a xmlns:s=\"urn:s\"> <g:b>b=X &amp; Y</g:b>\n<c/><d></d></s:a>\n"
        );
    }

    #[test]
    fn binary_parts_only_say_that_they_were_there() {
        let body = "\r\n--uuid:6a\r\nContent-ID: <0>\r\n\r\n<a><b>x</b></a>\r\n--uuid:6a\r\nContent-ID: <1>\r\n\r\n\u{1}\u{2}\r\n\
                    --uuid:6a--\r\n";
        assert_eq!(
            upper(body).unwrap(),
            "\r\n--uuid:6a\r\nContent-ID: <0>\r\n\r\n<a><b>b=X</b></a>\r\n--uuid:6a\r\nContent-ID: <1>\r\n\r\nstand-in\r\n\
             --uuid:6a--\r\n"
        );
    }

    // Law 13: what may say anything is not kept as it stands.
    #[test]
    fn attributes_and_comments_are_not_taken_over() {
        for text in [
            "<a b=\"399123100017\"/>",
            "<a><!-- Mariam --></a>",
            "<a>Mariam<b/></a>",
            "<a>",
            "<a399123100017/>",
            "<?xml version=\"1.0\" encoding=\"Mariam\"?><a/>",
            "<a nil=\"Mariam\"/>",
            "<a xml:lang=\"399123100017\"/>",
            "<a href=\"#399123100017\"/>",
            "<a href=\"https://mariam.example\"/>",
            "<a xmlnsx=\"Mariam\"/>",
            "<a xmlns:x=\"urn:399123100017\"/>",
            "<مريم/>",
            "{}",
            "",
        ] {
            assert_eq!(upper(text), None, "{text}");
        }
    }

    // Law 13: headers, ids and what stands behind the last part were kept as they stood.
    #[test]
    fn parts_say_nothing_of_anybody() {
        let body = "--b\r\nContent-ID: <http://tempuri.org/Mariam>\r\nX-Person: Mariam\r\n\
                    Content-Type: text/xml; charset=utf-8; name=\"Mariam.xml\"\r\n Mariam\r\n\r\n\
                    <a><i href=\"cid:http%3A%2F%2Ftempuri.org%2FSalem\"/><b>x</b><i href='cid:Mariam@x'/></a>\r\n--b\r\n\
                    Content-ID: <http://tempuri.org/Salem>\r\nContent-Transfer-Encoding: binary\r\n\r\n\u{1}\r\n--b\r\n\
                    content-id: <Mariam@x>\r\n\r\n\u{1}\r\n--b--\r\nMariam";
        assert_eq!(
            upper(body).unwrap(),
            "--b\r\nContent-ID: <http://tempuri.org/0>\r\nContent-Type: text/xml; charset=utf-8\r\n\r\n\
             <a><i href=\"cid:http%3A%2F%2Ftempuri.org%2F1\"/><b>b=X</b><i href='cid:2'/></a>\r\n--b\r\n\
             Content-ID: <http://tempuri.org/1>\r\nContent-Transfer-Encoding: binary\r\n\r\nstand-in\r\n--b\r\n\
             content-id: <2>\r\n\r\nstand-in\r\n--b--\r\n"
        );
    }

    #[test]
    fn each_text_has_its_path() {
        let mut paths = Vec::new();
        read(
            b"<s:a xmlns:s=\"urn:s\"><b>x</b><c><d>y</d></c></s:a>",
            &mut |path, leaf| {
                paths.push(format!("{path}={}", leaf.text));
            },
        )
        .unwrap();
        assert_eq!(paths, ["a/b=x", "a/c/d=y"]);
    }
}
