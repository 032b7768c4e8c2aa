use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::escape;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;

use super::json_text::replaced;
use super::leaf::Leaf;
use super::leaf::LeafKind;
use crate::connector::kuwait::root_part;

/// A message in XML, with or without binary parts beside it (MTOM), with other texts where `change` gives some; every byte
/// between them stays, but for the binary parts, which only say that they were there. `None` if it is no such message, or holds
/// something whose bytes are nobody's to keep: an attribute or a comment that may say anything.
pub(super) fn rewrite(body: &[u8], change: &mut dyn FnMut(&Leaf<'_>) -> Option<String>) -> Option<String> {
    let (head, document, tail) = divided(body)?;
    let mut changes = Vec::new();
    leaves(document, &mut |_, leaf, span| {
        if let Some(other) = change(leaf).filter(|other| other != leaf.text) {
            changes.push((span, escape(other.as_str()).into_owned()));
        }
    })?;
    Some(format!("{head}{}{tail}", replaced(document, &changes)))
}

/// Each text of a message in XML with its path; `None` as in [`rewrite`].
pub(super) fn read(body: &[u8], tell: &mut dyn FnMut(String, &Leaf<'_>)) -> Option<()> {
    let (_, document, _) = divided(body)?;
    leaves(document, &mut |path, leaf, _| tell(path, leaf))
}

/// What stands before the document, the document, and what stands after it without its binary contents.
fn divided(body: &[u8]) -> Option<(&str, &str, String)> {
    let document = root_part(body)?;
    if !std::str::from_utf8(document).ok()?.trim_start().starts_with('<') {
        return None;
    }
    if document.len() == body.len() {
        return Some(("", std::str::from_utf8(body).ok()?, String::new()));
    }
    let start = body
        .windows(document.len())
        .position(|window| window == document)?;
    let (head, rest) = body.split_at_checked(start)?;
    let (document, tail) = rest.split_at_checked(document.len())?;
    let head = std::str::from_utf8(head).ok()?;
    let boundary = head.trim_start().lines().next()?;
    let tail = without_contents(tail, &format!("\r\n{boundary}"))?;
    Some((head, std::str::from_utf8(document).ok()?, tail))
}

/// The parts behind the document, each with its headers and a word in place of its content.
fn without_contents(tail: &[u8], delimiter: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = tail.strip_prefix(delimiter.as_bytes())?;
    out.push_str(delimiter);
    while !rest.starts_with(b"--") {
        let end = find(rest, b"\r\n\r\n")? + 4;
        out.push_str(std::str::from_utf8(rest.get(..end)?).ok()?);
        out.push_str("stand-in");
        let next = find(rest, delimiter.as_bytes())?;
        rest = rest.get(next + delimiter.len()..)?;
        out.push_str(delimiter);
    }
    out.push_str(std::str::from_utf8(rest).ok()?);
    Some(out)
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

type Tell<'t> = dyn FnMut(String, &Leaf<'_>, std::ops::Range<usize>) + 't;

fn leaves(document: &str, tell: &mut Tell<'_>) -> Option<()> {
    let mut reader = Reader::from_str(document);
    let mut open: Vec<Open> = Vec::new();
    let mut before = 0;
    loop {
        let event = reader.read_event().ok()?;
        let after = usize::try_from(reader.buffer_position()).ok()?;
        match event {
            Event::Start(start) => {
                if open.len() >= DEEPEST || !says_nothing(&start) {
                    return None;
                }
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
                if !says_nothing(&start) {
                    return None;
                }
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
            Event::Decl(_) => {}
            Event::DocType(_) | Event::PI(_) | Event::Comment(_) => return None,
            Event::Eof => break,
        }
        before = after;
    }
    open.is_empty().then_some(())
}

fn add(open: &mut [Open], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

/// Whether every attribute is of those that tell of the form alone.
fn says_nothing(start: &BytesStart<'_>) -> bool {
    start.attributes().all(|attribute| {
        attribute.is_ok_and(|attribute| {
            let name = attribute.key.as_ref().to_owned();
            let local = name.rsplit(':').next().unwrap_or_default().to_owned();
            name.starts_with("xmlns") || matches!(local.as_str(), "nil" | "lang" | "href")
        })
    })
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
            "{}",
            "",
        ] {
            assert_eq!(upper(text), None, "{text}");
        }
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
